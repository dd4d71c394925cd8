using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Data;

namespace Gmm.ML;

/// <summary>What the custom mapping of a mixture writes: scalars, and the pieces of two vectors.</summary>
[SuppressMessage("Performance", "CA1819", Justification = "ML.NET reads arrays.")]
internal sealed class ScoredRow
{
    /// <summary>The pieces of the distances; the piece i has 2^i numbers. Only those that K needs are made.</summary>
    internal float[]?[] Scores { get; } = new float[]?[Steps.Pieces];

    /// <summary>The pieces of the responsibilities.</summary>
    internal float[]?[] Shares { get; } = new float[]?[Steps.Pieces];

    /// <summary>The features in double precision.</summary>
    internal double[] Numbers { get; set; } = [];

    /// <summary>The distances in double precision; with noise one more, which is not written.</summary>
    internal double[] Distances { get; set; } = [];

    /// <summary>The responsibilities in double precision.</summary>
    internal double[] Responsibilities { get; set; } = [];

    /// <summary>The likeliest component, counting from 0; −1 for noise.</summary>
    [ColumnName(Steps.Component)]
    public int Component { get; set; }

    [ColumnName(Steps.LogDensity)]
    public double LogDensity { get; set; }

    [ColumnName(Steps.IsOutlier)]
    public bool IsOutlier { get; set; }

    [ColumnName("Gmm.Score1"), VectorType(1)]
    public float[]? Score1 { get => Scores[0]; set => Scores[0] = value; }

    [ColumnName("Gmm.Score2"), VectorType(2)]
    public float[]? Score2 { get => Scores[1]; set => Scores[1] = value; }

    [ColumnName("Gmm.Score4"), VectorType(4)]
    public float[]? Score4 { get => Scores[2]; set => Scores[2] = value; }

    [ColumnName("Gmm.Score8"), VectorType(8)]
    public float[]? Score8 { get => Scores[3]; set => Scores[3] = value; }

    [ColumnName("Gmm.Score16"), VectorType(16)]
    public float[]? Score16 { get => Scores[4]; set => Scores[4] = value; }

    [ColumnName("Gmm.Score32"), VectorType(32)]
    public float[]? Score32 { get => Scores[5]; set => Scores[5] = value; }

    [ColumnName("Gmm.Score64"), VectorType(64)]
    public float[]? Score64 { get => Scores[6]; set => Scores[6] = value; }

    [ColumnName("Gmm.Score128"), VectorType(128)]
    public float[]? Score128 { get => Scores[7]; set => Scores[7] = value; }

    [ColumnName("Gmm.Score256"), VectorType(256)]
    public float[]? Score256 { get => Scores[8]; set => Scores[8] = value; }

    [ColumnName("Gmm.Score512"), VectorType(512)]
    public float[]? Score512 { get => Scores[9]; set => Scores[9] = value; }

    [ColumnName("Gmm.Score1024"), VectorType(1024)]
    public float[]? Score1024 { get => Scores[10]; set => Scores[10] = value; }

    [ColumnName("Gmm.Score2048"), VectorType(2048)]
    public float[]? Score2048 { get => Scores[11]; set => Scores[11] = value; }

    [ColumnName("Gmm.Score4096"), VectorType(4096)]
    public float[]? Score4096 { get => Scores[12]; set => Scores[12] = value; }

    [ColumnName("Gmm.Score8192"), VectorType(8192)]
    public float[]? Score8192 { get => Scores[13]; set => Scores[13] = value; }

    [ColumnName("Gmm.Share1"), VectorType(1)]
    public float[]? Share1 { get => Shares[0]; set => Shares[0] = value; }

    [ColumnName("Gmm.Share2"), VectorType(2)]
    public float[]? Share2 { get => Shares[1]; set => Shares[1] = value; }

    [ColumnName("Gmm.Share4"), VectorType(4)]
    public float[]? Share4 { get => Shares[2]; set => Shares[2] = value; }

    [ColumnName("Gmm.Share8"), VectorType(8)]
    public float[]? Share8 { get => Shares[3]; set => Shares[3] = value; }

    [ColumnName("Gmm.Share16"), VectorType(16)]
    public float[]? Share16 { get => Shares[4]; set => Shares[4] = value; }

    [ColumnName("Gmm.Share32"), VectorType(32)]
    public float[]? Share32 { get => Shares[5]; set => Shares[5] = value; }

    [ColumnName("Gmm.Share64"), VectorType(64)]
    public float[]? Share64 { get => Shares[6]; set => Shares[6] = value; }

    [ColumnName("Gmm.Share128"), VectorType(128)]
    public float[]? Share128 { get => Shares[7]; set => Shares[7] = value; }

    [ColumnName("Gmm.Share256"), VectorType(256)]
    public float[]? Share256 { get => Shares[8]; set => Shares[8] = value; }

    [ColumnName("Gmm.Share512"), VectorType(512)]
    public float[]? Share512 { get => Shares[9]; set => Shares[9] = value; }

    [ColumnName("Gmm.Share1024"), VectorType(1024)]
    public float[]? Share1024 { get => Shares[10]; set => Shares[10] = value; }

    [ColumnName("Gmm.Share2048"), VectorType(2048)]
    public float[]? Share2048 { get => Shares[11]; set => Shares[11] = value; }

    [ColumnName("Gmm.Share4096"), VectorType(4096)]
    public float[]? Share4096 { get => Shares[12]; set => Shares[12] = value; }

    [ColumnName("Gmm.Share8192"), VectorType(8192)]
    public float[]? Share8192 { get => Shares[13]; set => Shares[13] = value; }
}
