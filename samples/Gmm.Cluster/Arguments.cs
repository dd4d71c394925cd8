using System.Globalization;

namespace Gmm.Cluster;

/// <summary>The arguments of a command line: a role, then names with values.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> values = [];

    private Arguments(string role) => Role = role;

    public string Role { get; }

    public static Arguments Parse(string[] args)
    {
        var arguments = new Arguments(args.Length > 0 ? args[0] : "");

        for (var i = 1; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length)
                throw new ArgumentException($"An argument must be a name, such as --rows, and a value; it is {args[i]}.");

            arguments.values[args[i][2..]] = args[i + 1];
        }

        return arguments;
    }

    public string? Text(string name) => values.GetValueOrDefault(name);

    public string Required(string name) =>
        Text(name) ?? throw new ArgumentException($"The argument --{name} must be given.");

    public int Number(string name, int otherwise) =>
        Text(name) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new ArgumentException($"--{name} must be a whole number, but is {text}.");
}
