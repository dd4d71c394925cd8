using System.Diagnostics.CodeAnalysis;

namespace Gmm.ML;

/// <summary>
/// What a mixture says of a row, for <c>PredictionEngine</c> and <c>CreateEnumerable</c>. Derive from it to add your
/// own columns.
/// </summary>
[SuppressMessage("Performance", "CA1819", Justification = "ML.NET fills arrays.")]
public class MixturePrediction
{
    /// <summary>The likeliest component, counting from 1 as keys do; 0 for noise.</summary>
    public uint PredictedLabel { get; set; }

    /// <summary>The distances −ln rₖ of the components (K): 0 if the row surely belongs to the component.</summary>
    /// <remarks>
    /// They come from joint densities, so that they are finite where rₖ underflows to 0. Where a density is 0, the
    /// distance is the largest Single.
    /// </remarks>
    public float[] Score { get; set; } = [];

    /// <summary>The responsibilities rₖ of the components (K; with noise K + 1, the last that of the noise).</summary>
    public float[] Responsibilities { get; set; } = [];

    /// <summary>The log-density ln p(x).</summary>
    public double LogDensity { get; set; }

    /// <summary>Whether the log-density is below the threshold.</summary>
    public bool IsOutlier { get; set; }
}
