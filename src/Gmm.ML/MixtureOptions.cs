using Gmm.CSharp;

namespace Gmm.ML;

/// <summary>Which columns a mixture reads and writes, and how it reads the rows to fit.</summary>
public sealed class MixtureOptions
{
    /// <summary>
    /// The columns of the features, one after another: numbers or vectors of known size, all Single or all Double;
    /// "Features" unless set.
    /// </summary>
    public IReadOnlyList<string> FeatureColumnNames { get; init; } = ["Features"];

    /// <summary>
    /// The column of the weights wₙ ≥ 0, Single or Double; a weight of m counts as m copies of the row. Without weights
    /// unless set.
    /// </summary>
    public string? ExampleWeightColumnName { get; init; }

    /// <summary>The column of the likeliest component, a key; "PredictedLabel" unless set.</summary>
    public string PredictedLabelColumnName { get; init; } = "PredictedLabel";

    /// <summary>
    /// The column of the distances −ln rₙₖ, a vector of K Singles, which are finite; "Score" unless set.
    /// </summary>
    public string ScoreColumnName { get; init; } = "Score";

    /// <summary>
    /// The column of the responsibilities rₙₖ, a vector of K Singles, with noise K + 1; "Responsibilities" unless set.
    /// </summary>
    public string ResponsibilitiesColumnName { get; init; } = "Responsibilities";

    /// <summary>The column of the log-density ln p(xₙ), a Double; "LogDensity" unless set.</summary>
    public string LogDensityColumnName { get; init; } = "LogDensity";

    /// <summary>
    /// The column that says whether the log-density is below the threshold, a Boolean; "IsOutlier" unless set.
    /// </summary>
    public string IsOutlierColumnName { get; init; } = "IsOutlier";

    /// <summary>
    /// The share of the fitted rows that are outliers, above 0 and below 1: 0.01 for one in a hundred. Unless set, no
    /// row is an outlier.
    /// </summary>
    /// <remarks>
    /// It sets the threshold, <see cref="MixtureTransformer{TModel}.DensityThreshold"/>, by three more passes over the
    /// rows.
    /// </remarks>
    public double? OutlierShare { get; init; }

    /// <summary>
    /// Whether the fit reads the view again for every pass over the rows instead of copying them once; false unless
    /// set.
    /// </summary>
    /// <remarks>
    /// Both ways give the same bits. A copy takes 4 bytes for each Single and 8 for each Double. A view that is read
    /// again must have the same rows in the same order each time, as files, lists and <c>ShuffleRows</c> have. The fit
    /// makes dozens of passes, each of which computes the view again.
    /// </remarks>
    public bool StreamRows { get; init; }

    /// <summary>Receives every iteration of every run, from one thread at a time.</summary>
    public IProgress<FitProgress>? Progress { get; init; }

    /// <summary>Stops a fit between two blocks of rows.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>The names of the five columns that a mixture writes.</summary>
    internal string[] OutputColumnNames =>
    [
        PredictedLabelColumnName,
        ScoreColumnName,
        ResponsibilitiesColumnName,
        LogDensityColumnName,
        IsOutlierColumnName,
    ];
}
