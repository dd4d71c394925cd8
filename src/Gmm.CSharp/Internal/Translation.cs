using Microsoft.FSharp.Core;

namespace Gmm.CSharp;

/// <summary>Between the F# core and C#: options and results one way, errors as exceptions the other.</summary>
internal static class Translation
{
    /// <summary>
    /// The core's names of options, and the usual names here; the first one that a name begins with counts.
    /// </summary>
    private static readonly (string Core, string Here)[] CommonNames =
    [
        ("SampleWeights", "sampleWeights"),
        ("WeightPrior", nameof(GaussianMixture.WeightConcentrationPrior)),
        ("MeanPrior.Mean", nameof(GaussianMixture.MeanPrior)),
        ("MeanPrior.Precision", nameof(GaussianMixture.MeanPrecisionPrior)),
        ("CovariancePrior.Scale", nameof(GaussianMixture.CovariancePrior)),
        ("CovariancePrior.Degrees", nameof(GaussianMixture.DegreesOfFreedomPrior)),
        ("DegreesOfFreedom", nameof(StudentTMixture.GivenDegreesOfFreedom)),
        ("Structure", nameof(GaussianMixture.CovarianceType)),
        ("StartWeights", nameof(GaussianMixture.InitWeights)),
        ("StartCovariances", nameof(GaussianMixture.InitCovariances)),
        ("Start labels", nameof(GaussianMixture.InitLabels)),
        ("Start responsibilities", nameof(GaussianMixture.InitResponsibilities)),
        ("Start means", nameof(GaussianMixture.InitMeans)),
        ("Means", nameof(GaussianMixture.InitMeans)),
        ("Columns of the parts", "The columns of Parts"),
        ("Candidates", "The candidates"),
        ("Weights", nameof(GaussianMixture.InitWeights)),
        ("Covariances", nameof(GaussianMixture.InitCovariances)),
        ("Sample rows", "n"),
        ("Replicates", "replicates"),
        ("Level", "level"),
        ("Most", "most"),
        ("Divergence rows", "n"),
        ("Confidence", "confidence"),
        ("StdRange", "stdRange"),
        ("Wanted features", "features"),
        ("Given features", "given"),
        ("Values", "values"),
    ];

    /// <summary>
    /// The value of a result, or the exception that says what is wrong in the words of the C# surface.
    /// </summary>
    /// <param name="result">The result of the core.</param>
    /// <param name="names">
    /// The core's names of options, and those of this estimator, where they are not the usual ones.
    /// </param>
    internal static T Get<T>(this FSharpResult<T, GmmError> result, params (string Core, string Here)[] names) =>
        result.IsOk ? result.ResultValue : throw ToException(result.ErrorValue.Known(names));

    /// <summary>The exception for a row that a predictor rejects.</summary>
    internal static ArgumentException ToRowException(this GmmException rejection) =>
        new(rejection.Message, "row", rejection);

    /// <summary>The error in the words of the C# surface.</summary>
    internal static GmmError Known(this GmmError error, params (string Core, string Here)[] names) =>
        error is GmmError.InvalidOption option
            ? GmmError.NewInvalidOption(Rename(option.name, names), option.rule, option.value)
            : error;

    /// <summary>The message of an exception, without the parameter that .NET adds.</summary>
    internal static string Reason(Exception trouble) =>
        trouble.InnerException is GmmException ? trouble.InnerException.Message : trouble.Message;

    /// <summary>The exception for an option that breaks a rule which only the C# surface has.</summary>
    internal static Exception Invalid(string name, string rule, object value) =>
        ToException(GmmError.NewInvalidOption(name, rule, $"{value}"));

    /// <summary>The exception for a number that is no value of an enumeration.</summary>
    internal static Exception UnknownValue<T>(string name, T value)
        where T : struct, Enum => Invalid(name, $"one of {string.Join(", ", Enum.GetNames<T>())}", value);

    /// <summary>The data with their sample weights.</summary>
    internal static Source ToSource(this Rows data, double[]? sampleWeights)
    {
        ArgumentNullException.ThrowIfNull(data);
        return sampleWeights is null ? data.Source : SourceModule.weighted(sampleWeights, data.Source).Get();
    }

    /// <summary>Throws when an argument that lists what to try is empty.</summary>
    internal static void RequireAny<T>(string name, T[] values)
    {
        if (values.Length == 0)
        {
            throw Invalid(name, "at least one", "none");
        }
    }

    /// <summary>An F# function of an action.</summary>
    internal static FSharpFunc<T, Unit> ToFunction<T>(Action<T> action) => FuncConvert.FromAction(action);

    /// <summary>The exception for an error, which is inside as that of the core.</summary>
    internal static Exception ToException(GmmError error) => ToException(new GmmException(error));

    private static Exception ToException(GmmException inner)
    {
        MixtureFitException Failed(int? component, int iteration) => new(inner.Message, inner, component, iteration);

        return inner.Error switch
        {
            GmmError.InvalidOption option => new ArgumentException(inner.Message, ArgumentOf(option.name), inner),
            GmmError.InvalidData or GmmError.InvalidRow or GmmError.InvalidColumn or GmmError.InvalidNumber
                or GmmError.MissingCell or GmmError.OutsideDomain or GmmError.ConstantColumn
                or GmmError.TooFewDistinctRows => new ArgumentException(inner.Message, "data", inner),
            GmmError.SingularCovariance trouble => Failed(trouble.owner?.Value, trouble.iteration),
            GmmError.FlooredComponent trouble => Failed(trouble.owner?.Value, trouble.iteration),
            GmmError.CollapsedComponent trouble => Failed(trouble.owner, trouble.iteration),
            GmmError.DegenerateComponent trouble => Failed(trouble.owner, trouble.iteration),
            GmmError.FailedUpdate failed when ToException(failed.error) is MixtureFitException trouble =>
                Failed(trouble.Component, trouble.Iteration),
            GmmError.FailedUpdate failed => ToException(failed.error),
            GmmError.UnavailableBackend => new ArgumentException(inner.Message, inner),
            _ => new IOException(inner.Message, inner),
        };
    }

    /// <summary>
    /// The name of an argument, which begins with a small letter, goes into the exception; an option, which is a
    /// property, is named in the message only.
    /// </summary>
    private static string? ArgumentOf(string name) =>
        char.IsLower(name[0]) ? string.Concat(name.TakeWhile(char.IsLetter)) : null;

    private static string Rename(string name, (string Core, string Here)[] names)
    {
        foreach (var (core, here) in names.Concat(CommonNames))
        {
            if (name.StartsWith(core, StringComparison.Ordinal))
            {
                return here + name[core.Length..];
            }
        }

        return name;
    }
}
