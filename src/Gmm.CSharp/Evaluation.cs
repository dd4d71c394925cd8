using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A fitted mixture as a clustering of data, by every measure: see <see cref="MixtureModel.Evaluate"/>.
/// </summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Evaluation
{
    private readonly Core.Evaluation value;

    internal Evaluation(Core.Evaluation value)
    {
        this.value = value;
        Separation = value.Separation?.Value is { } separation ? new(separation) : null;
        Agreement = value.Agreement?.Value is { } agreement ? new(agreement) : null;
    }

    /// <summary>The mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.</summary>
    public double Score => value.Score;

    /// <summary>The Bayesian information criterion on the data; lower is better.</summary>
    public double Bic => value.Bic;

    /// <summary>Akaike's information criterion on the data; lower is better.</summary>
    public double Aic => value.Aic;

    /// <summary>The integrated complete likelihood on the data; lower is better.</summary>
    public double Icl => value.Icl;

    /// <summary>
    /// How well the likeliest components separate the rows; null when all rows have the same one, or each its own.
    /// </summary>
    public Separation? Separation { get; }

    /// <summary>The agreement with true labels; null when none were given.</summary>
    public Agreement? Agreement { get; }

    /// <summary>Returns the measures, a line for each.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Words.Lines(
        [
            (nameof(Score), Score),
            (nameof(Bic), Bic),
            (nameof(Aic), Aic),
            (nameof(Icl), Icl),
            .. Separation?.Measures ?? [],
            .. Agreement?.Measures ?? [],
        ]);
}

/// <summary>How well labels separate the rows, by every measure.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Separation
{
    private readonly Core.Separation value;

    internal Separation(Core.Separation value) => this.value = value;

    /// <summary>See <see cref="Metrics.Silhouette"/>.</summary>
    public double Silhouette => value.Silhouette;

    /// <summary>See <see cref="Metrics.DaviesBouldin"/>.</summary>
    public double DaviesBouldin => value.DaviesBouldin;

    /// <summary>See <see cref="Metrics.CalinskiHarabasz"/>.</summary>
    public double CalinskiHarabasz => value.CalinskiHarabasz;

    /// <summary>See <see cref="Metrics.Dunn"/>.</summary>
    public double Dunn => value.Dunn;

    /// <summary>Returns the measures, a line for each.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Words.Lines(Measures);

    internal IEnumerable<(string Name, double Number)> Measures =>
    [
        (nameof(Silhouette), Silhouette),
        (nameof(DaviesBouldin), DaviesBouldin),
        (nameof(CalinskiHarabasz), CalinskiHarabasz),
        (nameof(Dunn), Dunn),
    ];
}

/// <summary>The agreement of two labellings of the same rows, by every measure.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Agreement
{
    private readonly Core.Agreement value;

    internal Agreement(Core.Agreement value) => this.value = value;

    /// <summary>See <see cref="Metrics.Rand"/>.</summary>
    public double Rand => value.Rand;

    /// <summary>See <see cref="Metrics.AdjustedRand"/>.</summary>
    public double AdjustedRand => value.AdjustedRand;

    /// <summary>See <see cref="Metrics.MutualInformation"/>.</summary>
    public double MutualInformation => value.MutualInformation;

    /// <summary>See <see cref="Metrics.AdjustedMutualInformation"/>.</summary>
    public double AdjustedMutualInformation => value.AdjustedMutualInformation;

    /// <summary>See <see cref="Metrics.NormalizedMutualInformation"/>.</summary>
    public double NormalizedMutualInformation => value.NormalizedMutualInformation;

    /// <summary>See <see cref="Metrics.FowlkesMallows"/>.</summary>
    public double FowlkesMallows => value.FowlkesMallows;

    /// <summary>See <see cref="Metrics.Homogeneity"/>.</summary>
    public double Homogeneity => value.Homogeneity;

    /// <summary>See <see cref="Metrics.Completeness"/>.</summary>
    public double Completeness => value.Completeness;

    /// <summary>See <see cref="Metrics.VMeasure"/>.</summary>
    public double VMeasure => value.VMeasure;

    /// <summary>See <see cref="Metrics.Purity"/>.</summary>
    public double Purity => value.Purity;

    /// <summary>Returns the measures, a line for each.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Words.Lines(Measures);

    internal IEnumerable<(string Name, double Number)> Measures =>
    [
        (nameof(Rand), Rand),
        (nameof(AdjustedRand), AdjustedRand),
        (nameof(MutualInformation), MutualInformation),
        (nameof(AdjustedMutualInformation), AdjustedMutualInformation),
        (nameof(NormalizedMutualInformation), NormalizedMutualInformation),
        (nameof(FowlkesMallows), FowlkesMallows),
        (nameof(Homogeneity), Homogeneity),
        (nameof(Completeness), Completeness),
        (nameof(VMeasure), VMeasure),
        (nameof(Purity), Purity),
    ];
}
