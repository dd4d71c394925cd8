// Mixtures of rows on a cluster. One program is a silo, a client, or a demonstration with three silos on this machine:
//
//     Gmm.Cluster silo   --membership redis=localhost:6379 --folder data --address 10.0.0.1
//     Gmm.Cluster client --membership redis=localhost:6379 --file rows.npy --components 8
//     Gmm.Cluster demo   --rows 1000000
//
// The membership may also be `postgresql=` and a connection string, or `development=` and the address of the first
// silo.
using Gmm.Cluster;
using Microsoft.Extensions.Options;

try
{
    var arguments = Arguments.Parse(args);

    switch (arguments.Role)
    {
        case "silo":
            await SiloHost.RunAsync(arguments);
            return 0;

        case "client":
            await ClientHost.RunAsync(arguments);
            return 0;

        case "demo":
            return await Demo.RunAsync(arguments) ? 0 : 1;

        default:
            Console.Error.WriteLine("The first argument must be silo, client or demo.");
            return 2;
    }
}
catch (Exception error) when (error is ArgumentException or IOException or Gmm.GmmException or OptionsValidationException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
