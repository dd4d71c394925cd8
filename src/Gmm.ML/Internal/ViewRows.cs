using Gmm.CSharp;
using Microsoft.FSharp.Core;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

/// <summary>
/// The rows of a view as a source of blocks: copied once, or read again by cursors. The blocks are those of arrays in
/// memory, so that a fit has the same bits.
/// </summary>
internal abstract class ViewRows : IDisposable
{
    /// <summary>The parameter of a trainer's Fit that has the rows, for errors.</summary>
    internal const string Argument = "input";

    private protected ViewRows(IDataView view, DataViewSchema.Column features, DataViewSchema.Column? weights)
    {
        (View, Features, Weights) = (view, features, weights);
        Columns = ((VectorDataViewType)features.Type).Size;
        BlockRows = SourceModule.blockRows(Columns);
    }

    private protected IDataView View { get; }

    private protected DataViewSchema.Column Features { get; }

    private protected DataViewSchema.Column? Weights { get; }

    private protected int Columns { get; }

    private protected int BlockRows { get; }

    /// <summary>The rows, of which parts are read on several threads.</summary>
    internal abstract Rows Rows { get; }

    public abstract void Dispose();

    /// <summary>Opens the rows of a view.</summary>
    internal static ViewRows Open(
        IDataView view,
        DataViewSchema.Column features,
        DataViewSchema.Column? weights,
        bool isStreamed,
        int threads,
        CancellationToken cancellationToken) =>
        isStreamed
            ? new StreamedRows(view, features, weights, threads, cancellationToken)
            : new CopiedRows(view, features, weights, cancellationToken);

    private protected Rows OfBlocks(long rows, Func<long, Block> read) =>
        Rows.OfSource(new(rows, Columns, BlockRows, FuncConvert.FromFunc(read)));

    private protected BlockCursor OpenCursor() =>
        ((VectorDataViewType)Features.Type).ItemType == NumberDataViewType.Single
            ? BlockCursor<float>.Open(View, Features, Weights, BlockRows, Columns, Numbers.NewFloat32)
            : BlockCursor<double>.Open(View, Features, Weights, BlockRows, Columns, Numbers.NewFloat64);

    /// <summary>Returns the weight of a row, if it is one.</summary>
    private protected double CheckedWeight(double weight, long row) =>
        double.IsFinite(weight) && weight >= 0
            ? weight
            : throw new ArgumentException(
                $"Example weights must be finite and not negative, but row {row} (counting from 0) of "
                + FormattableString.Invariant($"'{Weights!.Value.Name}' has {weight}. ")
                + "Remove the row or give it weight 0.",
                Argument);

    /// <summary>Throws unless some row has a weight above 0.</summary>
    private protected void RequireSum(double sum, long rows)
    {
        if (Weights is { } weights && rows > 0 && !(sum > 0 && double.IsFinite(sum)))
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"Example weights must have a finite sum above 0, but those of '{weights.Name}' have {sum}. ")
                + "Rescale them, or fit without weights.",
                Argument);
    }
}

/// <summary>Rows copied into memory.</summary>
internal sealed class CopiedRows : ViewRows
{
    internal CopiedRows(
        IDataView view,
        DataViewSchema.Column features,
        DataViewSchema.Column? weights,
        CancellationToken cancellationToken)
        : base(view, features, weights)
    {
        using var cursor = OpenCursor();
        List<Block> blocks = [];
        var (rows, sum) = (0L, 0.0);

        while (cursor.Read() is { Rows: > 0 } block)
        {
            cancellationToken.ThrowIfCancellationRequested();

            for (var i = 0; i < block.Rows && weights is not null; i++)
                sum += CheckedWeight(block.Weight(i), rows + i);

            blocks.Add(block);
            rows += block.Rows;
        }

        RequireSum(sum, rows);
        Rows = OfBlocks(rows, index => blocks[(int)index]);
    }

    internal override Rows Rows { get; }

    public override void Dispose()
    {
    }
}

/// <summary>
/// Rows read again by cursors, which only go forward. Each idle cursor stands at the block after the last that it read.
/// A block is read by the nearest cursor before it, or by a new one. The threads of a pass take runs of blocks in
/// ascending order, so that a pass opens at most one cursor for each thread.
/// </summary>
internal sealed class StreamedRows : ViewRows
{
    private readonly List<BlockCursor> idle = [];

    /// <summary>The first row of every block as it was read first, to notice another order of the rows.</summary>
    private readonly DataViewRowId?[] firstRows;

    private readonly int most;

    private readonly CancellationToken cancellationToken;

    internal StreamedRows(
        IDataView view,
        DataViewSchema.Column features,
        DataViewSchema.Column? weights,
        int threads,
        CancellationToken cancellationToken)
        : base(view, features, weights)
    {
        (most, this.cancellationToken) = (threads, cancellationToken);
        var rows = CountRows();
        firstRows = new DataViewRowId?[(rows + BlockRows - 1) / BlockRows];
        Rows = OfBlocks(rows, Read);
    }

    internal override Rows Rows { get; }

    public override void Dispose()
    {
        lock (idle)
        {
            idle.ForEach(cursor => cursor.Dispose());
            idle.Clear();
        }
    }

    /// <summary>Counts the rows, and checks the weights.</summary>
    private long CountRows()
    {
        if (Weights is null && View.GetRowCount() is { } known)
            return known;

        using var cursor = View.GetRowCursor(Weights is { } weights ? [weights] : []);
        var weight = Weights is { } column ? BlockCursor.WeightOf(cursor, column) : null;
        var (rows, sum) = (0L, 0.0);

        for (; cursor.MoveNext(); rows++)
        {
            if (rows % BlockRows == 0)
                cancellationToken.ThrowIfCancellationRequested();

            if (weight is not null)
                sum += CheckedWeight(weight(), rows);
        }

        RequireSum(sum, rows);
        return rows;
    }

    private Block Read(long index)
    {
        var cursor = Take(index) ?? OpenCursor();

        try
        {
            cursor.SkipTo(index, cancellationToken);
            var block = cursor.Read();
            var expected = Math.Min(BlockRows, Rows.Count - index * BlockRows);

            // After the last block there is no row, unless GetRowCount said too few.
            if (block.Rows != expected
                || !cursor.FirstRow.Equals(firstRows[index] ??= cursor.FirstRow)
                || (cursor.Next == firstRows.Length && !cursor.IsAtEnd()))
                throw new InvalidOperationException(
                    "A view whose rows are streamed must have the same rows in the same order whenever it is read, but "
                    + $"this one changed near row {index * BlockRows}. Set {nameof(MixtureOptions.StreamRows)} to "
                    + "false, or cache the view.");

            Return(cursor);
            return block;
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }

    private BlockCursor? Take(long index)
    {
        lock (idle)
        {
            var nearest = idle.Where(cursor => cursor.Next <= index).MaxBy(cursor => cursor.Next);

            if (nearest is not null)
                idle.Remove(nearest);

            return nearest;
        }
    }

    private void Return(BlockCursor cursor)
    {
        lock (idle)
        {
            idle.Add(cursor);

            if (cursor.Next < firstRows.Length && idle.Count <= most)
                return;

            // A cursor at the end reads nothing more; of too many, the furthest is the least use.
            var furthest = idle.MaxBy(each => each.Next)!;
            idle.Remove(furthest);
            furthest.Dispose();
        }
    }
}
