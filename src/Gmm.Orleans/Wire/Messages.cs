using Orleans;

namespace Gmm.Orleans;

/// <summary>A table of rows: what makes it, and its shape.</summary>
/// <remarks>Only text and numbers travel between client and silos, and no name of a type.</remarks>
[GenerateSerializer, Immutable, Alias("gmm.table")]
internal sealed record Table
{
    /// <summary>The files that have the rows one after another; none if the rows were sent.</summary>
    [Id(0)]
    public string[] Files { get; init; } = [];

    /// <summary>The file of the weights, N numbers; null without one.</summary>
    [Id(1)]
    public string? Weights { get; init; }

    /// <summary>The number of rows of every file, or of the rows that were sent.</summary>
    [Id(2)]
    public long[] Rows { get; init; } = [];

    /// <summary>
    /// A digest of some blocks of every file, then of the weights: machines must see the same files.
    /// </summary>
    [Id(3)]
    public string[] Digests { get; init; } = [];

    /// <summary>The number of columns, D.</summary>
    [Id(4)]
    public int Columns { get; init; }

    /// <summary>Whether the numbers that were sent are float32.</summary>
    [Id(5)]
    public bool IsSingle { get; init; }

    /// <summary>Whether the rows have weights.</summary>
    [Id(6)]
    public bool IsWeighted { get; init; }

    /// <summary>The client's version of Gmm, which the silos must have, too.</summary>
    [Id(7)]
    public string Version { get; init; } = "";
}

/// <summary>A shard of a table: some neighbouring runs of its blocks.</summary>
[GenerateSerializer, Immutable, Alias("gmm.shard")]
internal sealed record Shard
{
    [Id(0)]
    public Table Table { get; init; } = new();

    /// <summary>The first run.</summary>
    [Id(1)]
    public int FirstRun { get; init; }

    /// <summary>The number of runs.</summary>
    [Id(2)]
    public int Runs { get; init; }
}

/// <summary>A question about all rows: see <see cref="Question"/>.</summary>
[GenerateSerializer, Immutable, Alias("gmm.question")]
internal sealed record WireQuestion
{
    [Id(0)]
    public string Scan { get; init; } = "";

    [Id(1)]
    public int[] Columns { get; init; } = [];

    [Id(2)]
    public string Family { get; init; } = "";

    /// <summary>The names of the arguments.</summary>
    [Id(3)]
    public string[] Names { get; init; } = [];

    /// <summary>The shape of every argument.</summary>
    [Id(4)]
    public int[][] Shapes { get; init; } = [];

    /// <summary>The numbers of all arguments, one after another, as little-endian float64.</summary>
    [Id(5)]
    public byte[] Numbers { get; init; } = [];

    /// <summary>The length of the slice of each run of the shard; empty for most scans.</summary>
    [Id(6)]
    public int[] SliceLengths { get; init; } = [];

    /// <summary>The numbers of all slices, one after another, as little-endian float64.</summary>
    [Id(7)]
    public byte[] Slices { get; init; } = [];

    /// <summary>The number of bytes of numbers.</summary>
    internal long Bytes => (long)Numbers.Length + Slices.Length;
}

/// <summary>What came of a call.</summary>
internal enum Status
{
    /// <summary>The reply has what was asked for.</summary>
    Done,

    /// <summary>The silo still works on the question.</summary>
    Working,

    /// <summary>The grain does not know its shard: it is a new one, on another silo perhaps.</summary>
    NotOpen,

    /// <summary>The grain does not know the question.</summary>
    NotAsked,

    /// <summary>The question or the rows break a rule.</summary>
    Failed,
}

/// <summary>The reply to any call.</summary>
[GenerateSerializer, Immutable, Alias("gmm.reply")]
internal sealed record Reply
{
    [Id(0)]
    public Status Status { get; init; }

    /// <summary>Which rule is broken.</summary>
    [Id(1)]
    public WireError? Error { get; init; }

    /// <summary>Counts: the lengths of answers, or the numbers of rows and of columns of a file.</summary>
    [Id(2)]
    public long[] Counts { get; init; } = [];

    /// <summary>Numbers in their own precision, little-endian.</summary>
    [Id(3)]
    public byte[] Numbers { get; init; } = [];

    /// <summary>Whether the numbers are float32.</summary>
    [Id(4)]
    public bool IsSingle { get; init; }

    /// <summary>One weight for every row as float64, or null.</summary>
    [Id(5)]
    public byte[]? Weights { get; init; }

    /// <summary>A digest of rows; empty where none was asked for.</summary>
    [Id(6)]
    public string Digest { get; init; } = "";
}

/// <summary>A <see cref="GmmError"/> as text and numbers.</summary>
[GenerateSerializer, Immutable, Alias("gmm.error")]
internal sealed record WireError
{
    [Id(0)]
    public string Case { get; init; } = "";

    [Id(1)]
    public string[] Texts { get; init; } = [];

    [Id(2)]
    public long[] Numbers { get; init; } = [];

    [Id(3)]
    public double Value { get; init; }

    /// <summary>The error behind this one; null without one.</summary>
    [Id(4)]
    public WireError? Inner { get; init; }
}
