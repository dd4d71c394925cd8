using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.FSharp.Core;

namespace Gmm.Orleans;

/// <summary>The rows of a table as a silo sees them: all of its files, or the blocks that were sent.</summary>
internal sealed class SiloTable : IDisposable
{
    private readonly List<Part> parts;
    private readonly Part? weights;

    private SiloTable(Table table, List<Part> parts, Part? weights, Func<long, Block> read)
    {
        (this.parts, this.weights) = (parts, weights);
        Source = SourceOf(table, read);
    }

    /// <summary>The rows of the whole table.</summary>
    public Source Source { get; }

    /// <summary>Returns the shape of a table with a function that reads a block.</summary>
    public static Source SourceOf(Table table, Func<long, Block> read) =>
        new(table.Rows.Sum(), table.Columns, SourceModule.blockRows(table.Columns), FuncConvert.FromFunc(read));

    /// <summary>Returns a file's numbers of rows and columns, and the digest of its numbers.</summary>
    public static Reply Describe(string name, GmmSiloOptions options)
    {
        using var file = Open(name, options, out var length);
        var source = file.Source;
        return new() { Counts = [source.Rows, source.Columns], Digest = DigestOf(source, length) };
    }

    /// <summary>Opens files, each when a row of it is first read.</summary>
    public static SiloTable OfFiles(Table table, GmmSiloOptions options)
    {
        var files = table.Files.Select((name, i) => (Name: name, Rows: table.Rows[i], table.Columns));
        var ofWeights = table.Weights is { } name ? new[] { (Name: name, Rows: table.Rows.Sum(), Columns: 1) } : [];
        var parts = files.Concat(ofWeights)
            .Select((file, i) => new Part(file.Name, file.Rows, file.Columns, table.Digests[i], options))
            .ToList();
        var weights = table.Weights is null ? null : parts[^1];
        var starts = table.Rows.Aggregate(new List<long> { 0 }, (list, rows) => [.. list, list[^1] + rows]);
        var blockRows = SourceModule.blockRows(table.Columns);

        Block Read(long index)
        {
            var first = index * blockRows;
            var count = (int)Math.Min(blockRows, starts[^1] - first);
            var pieces = new List<Numbers>();

            for (var i = 0; i < table.Files.Length; i++)
            {
                var from = Math.Max(first, starts[i]);
                var to = Math.Min(first + count, starts[i + 1]);

                if (from < to)
                    pieces.AddRange(parts[i].Rows(from - starts[i], (int)(to - from)));
            }

            return Block(first, count, table.Columns, Join(pieces), WeightsOf(weights, first, count));
        }

        return new(table, parts, weights, Read);
    }

    /// <summary>Holds blocks that were sent; <paramref name="blocks"/> has them by their numbers.</summary>
    public static SiloTable OfSent(Table table, ConcurrentDictionary<long, Block> blocks) =>
        new(table, [], null, index => blocks.TryGetValue(index, out var block)
            ? block
            : throw Translation.Failure(
                Translation.Unavailable($"block {index} of the rows was not sent", "Send the rows again")));

    public static Block Block(
        long first, int count, int columns, Numbers numbers, FSharpOption<ReadOnlyMemory<double>>? weights) =>
        new(first, count, columns, numbers, weights);

    /// <summary>Weights as a block has them. (C# itself would take null for no numbers.)</summary>
    public static FSharpOption<ReadOnlyMemory<double>>? Option(double[]? weights) =>
        weights is null ? null : FSharpOption<ReadOnlyMemory<double>>.Some(weights);

    /// <summary>Returns the sum of the weights of neighbouring blocks; throws if one breaks the rule.</summary>
    public double SumWeights(long firstBlock, long lastBlock)
    {
        var sum = 0.0;

        for (var index = firstBlock; weights is not null && index <= lastBlock; index++)
        {
            var first = index * Source.BlockRows;
            var values = WeightsOf(weights, first, (int)Math.Min(Source.BlockRows, Source.Rows - first))!.Value.Span;
            sum += SumWeights(values, first);
        }

        return sum;
    }

    /// <summary>Returns the sum of weights; throws if one breaks the rule.</summary>
    public static double SumWeights(ReadOnlySpan<double> weights, long firstRow)
    {
        var sum = 0.0;

        for (var i = 0; i < weights.Length; i++)
        {
            if (!double.IsFinite(weights[i]) || weights[i] < 0)
            {
                var value = weights[i].ToString(CultureInfo.InvariantCulture);
                throw Translation.Failure(
                    GmmError.NewInvalidOption($"SampleWeights[{firstRow + i}]", "finite and not negative", value));
            }

            sum += weights[i];
        }

        return sum;
    }

    public void Dispose()
    {
        foreach (var part in parts)
            part.Dispose();
    }

    /// <summary>Opens a file, and finds its length in bytes; 0 for what is no single file.</summary>
    private static OpenFile Open(string name, GmmSiloOptions options, out long length)
    {
        var path = Folder.Resolve(options.Folder, name);
        var format = options.Formats.FirstOrDefault(each => each.Knows(Path.GetFileName(path)))
            ?? throw Unreadable(name, "The silo knows no format with such a name. See GmmSiloOptions.Formats.");
        var opened = format.Open(path);
        length = new FileInfo(path) is { Exists: true } file ? file.Length : 0;
        return opened;
    }

    private static GmmException Unreadable(string name, string reason) =>
        Translation.Failure(GmmError.NewUnreadableFile(name, 0, 0, reason));

    /// <summary>
    /// A digest of the shape, of the file's length, of the first block of every run, and of the last block.
    /// </summary>
    private static string DigestOf(Source source, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<long>([source.Rows, source.Columns, length]));

        if (source.Rows > 0)
        {
            foreach (var index in SourceModule.runs(source).Select(run => run.Item1).Append(source.Blocks - 1))
                hash.AppendData(Translation.Bytes(source.Read.Invoke(index).Numbers));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static FSharpOption<ReadOnlyMemory<double>>? WeightsOf(Part? weights, long first, int count) =>
        weights is null
            ? null
            : FSharpOption<ReadOnlyMemory<double>>.Some(Join(weights.Rows(first, count)).ToFloat64());

    /// <summary>Puts numbers together: in place if there is one piece.</summary>
    private static Numbers Join(List<Numbers> pieces)
    {
        if (pieces.Count == 1)
            return pieces[0];

        if (pieces.All(piece => piece.IsFloat32))
            return Numbers.NewFloat32(pieces.SelectMany(piece => ((Numbers.Float32)piece).Item.ToArray()).ToArray());

        var all = new double[pieces.Sum(piece => piece.ToFloat64().Length)];
        var at = 0;

        foreach (var piece in pieces)
        {
            var values = piece.ToFloat64();
            values.CopyTo(all.AsMemory(at));
            at += values.Length;
        }

        return Numbers.NewFloat64(all);
    }

    /// <summary>A file of a table, opened when a row of it is first read.</summary>
    private sealed class Part(string name, long rows, int columns, string digest, GmmSiloOptions options) : IDisposable
    {
        private readonly Lock gate = new();
        private OpenFile? file;
        private bool isDisposed;

        /// <summary>Returns neighbouring rows, in place, as pieces.</summary>
        public List<Numbers> Rows(long first, int count)
        {
            var source = Opened().Source;
            var pieces = new List<Numbers>();

            while (count > 0)
            {
                var block = source.Read.Invoke(first / source.BlockRows);
                var skipped = (int)(first - block.FirstRow);
                var taken = Math.Min(count, block.Rows - skipped);
                pieces.Add(block.Numbers.Slice(skipped * columns, taken * columns));
                first += taken;
                count -= taken;
            }

            return pieces;
        }

        public void Dispose()
        {
            lock (gate)
            {
                isDisposed = true;
                file?.Dispose();
            }
        }

        private OpenFile Opened()
        {
            lock (gate)
            {
                ObjectDisposedException.ThrowIf(isDisposed, this);

                if (file is not null)
                    return file;

                var opened = Open(name, options, out var length);
                var source = opened.Source;

                if (source.Rows != rows || source.Columns != columns || DigestOf(source, length) != digest)
                {
                    opened.Dispose();
                    throw Unreadable(name, "The file has other numbers on this silo than where it was opened first.");
                }

                return file = opened;
            }
        }
    }
}
