using Gmm.CSharp;
using Microsoft.FSharp.Core;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

/// <summary>Reads the rows of a view block by block, forward only.</summary>
internal abstract class BlockCursor(DataViewRowCursor cursor, DataViewSchema.Column? weights, int blockRows)
    : IDisposable
{
    private readonly Func<double>? weight = weights is { } column ? WeightOf(cursor, column) : null;

    private readonly ValueGetter<DataViewRowId> id = cursor.GetIdGetter();

    private long row;

    /// <summary>The number of the block that is read next.</summary>
    internal long Next { get; private set; }

    /// <summary>The view's name of the first row of the block that was read last.</summary>
    internal DataViewRowId FirstRow { get; private set; }

    public void Dispose() => cursor.Dispose();

    /// <summary>Reads the next block: full, or the last, which may be empty.</summary>
    internal Block Read()
    {
        Begin();
        List<double>? values = weight is null ? null : new(blockRows);
        var (first, count) = (row, 0);

        while (count < blockRows && cursor.MoveNext())
        {
            if (count == 0)
            {
                DataViewRowId name = default;
                id(ref name);
                FirstRow = name;
            }

            Add(count, row + count);
            count++;
            values?.Add(weight!());
        }

        (row, Next) = (row + count, Next + 1);
        return End(first, count, values is null ? null : FSharpOption<ReadOnlyMemory<double>>.Some(values.ToArray()));
    }

    /// <summary>Returns whether no row follows. It moves past the next row: nothing can be read after it.</summary>
    internal bool IsAtEnd() => !cursor.MoveNext();

    /// <summary>Moves to a later block.</summary>
    internal void SkipTo(long index, CancellationToken cancellationToken)
    {
        for (; Next < index; Next++)
        {
            cancellationToken.ThrowIfCancellationRequested();

            for (var i = 0; i < blockRows && cursor.MoveNext(); i++)
                row++;
        }
    }

    /// <summary>The getter of the weights, Single or Double.</summary>
    internal static Func<double> WeightOf(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        if (column.Type == NumberDataViewType.Double)
        {
            var ofDouble = cursor.GetGetter<double>(column);
            return () =>
            {
                var value = 0.0;
                ofDouble(ref value);
                return value;
            };
        }

        var ofSingle = cursor.GetGetter<float>(column);
        return () =>
        {
            var value = 0f;
            ofSingle(ref value);
            return value;
        };
    }

    private protected abstract void Begin();

    /// <summary>Adds a row of the view to the block, which has some before it.</summary>
    private protected abstract void Add(int count, long row);

    private protected abstract Block End(long first, int count, FSharpOption<ReadOnlyMemory<double>>? weights);
}

/// <summary>Reads the rows of a view whose features are numbers of a type.</summary>
internal sealed class BlockCursor<T> : BlockCursor
{
    private readonly int blockRows;

    private readonly int columns;

    private readonly Func<ReadOnlyMemory<T>, Numbers> wrap;

    private readonly ValueGetter<VBuffer<T>> features;

    private VBuffer<T> buffer;

    private T[] numbers = [];

    private BlockCursor(
        DataViewRowCursor cursor,
        DataViewSchema.Column features,
        DataViewSchema.Column? weights,
        int blockRows,
        int columns,
        Func<ReadOnlyMemory<T>, Numbers> wrap)
        : base(cursor, weights, blockRows)
    {
        (this.blockRows, this.columns, this.wrap) = (blockRows, columns, wrap);
        this.features = cursor.GetGetter<VBuffer<T>>(features);
    }

    /// <summary>Opens a cursor.</summary>
    internal static BlockCursor<T> Open(
        IDataView view,
        DataViewSchema.Column features,
        DataViewSchema.Column? weights,
        int blockRows,
        int columns,
        Func<ReadOnlyMemory<T>, Numbers> wrap)
    {
        var cursor = view.GetRowCursor(weights is { } column ? [features, column] : [features]);

        try
        {
            return new(cursor, features, weights, blockRows, columns, wrap);
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }

    private protected override void Begin() => numbers = new T[blockRows * columns];

    private protected override void Add(int count, long row)
    {
        features(ref buffer);

        if (buffer.Length != columns)
            throw new ArgumentException(
                $"Every row must have {Words.Count(columns, "feature")}, as the schema says, but row {row} (counting from 0) has "
                + $"{buffer.Length}. Correct the row, or the size in VectorType.",
                ViewRows.Argument);

        buffer.CopyTo(numbers.AsSpan(count * columns, columns));
    }

    private protected override Block End(long first, int count, FSharpOption<ReadOnlyMemory<double>>? weights)
    {
        if (count < blockRows)
            Array.Resize(ref numbers, count * columns);

        return new(first, count, columns, wrap(numbers), weights);
    }
}
