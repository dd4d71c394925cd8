// Fits a mixture of two Gaussians to the eruptions of Old Faithful, asks it about a new one, and draws a picture:
//
//     dotnet run --project samples/Gmm.CSharp.Sample -- data/faithful.csv
using Gmm.CSharp;

var path = args.Length > 0 ? args[0] : "data/faithful.csv";
var picture = args.Length > 1 ? args[1] : Path.Combine(Path.GetTempPath(), "faithful.svg");

try
{
    var file = CsvData.Read(path);
    var model = new GaussianMixture(components: 2) { CovarianceType = CovarianceType.Full, RandomState = 42, Restarts = 10 };
    model.Fit(file.Rows);

    Console.WriteLine($"log-likelihood {model.LogLikelihood:F2}, BIC {model.Bic():F2}, {model.Iterations} iterations");

    for (var k = 0; k < model.Components; k++)
    {
        Console.WriteLine($"component {k}: weight {model.Weights[k]:F4}, mean ({model.Means[k, 0]:F3} min, {model.Means[k, 1]:F2} min)");
    }

    Rows eruption = [[3.6, 79]];
    var component = model.Predict(eruption)[0];
    Console.WriteLine($"3.6 min after waiting 79 min: component {component}, probability {model.PredictProba(eruption)[0, component]:F6}");

    Plot.Scatter(model, file.Rows, new() { Title = "Old Faithful", ColumnNames = file.ColumnNames }).Save(picture);
    Console.WriteLine($"picture: {picture}");
    return 0;
}
catch (Exception error) when (error is ArgumentException or IOException or MixtureFitException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
