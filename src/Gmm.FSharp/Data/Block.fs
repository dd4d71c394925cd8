namespace Gmm

open System
open System.Numerics
open System.Buffers

/// Loops over numbers of either precision.
module internal EitherPrecision =
    /// Finds the index of the first number that satisfies a predicate.
    let inline tryFindIndex ([<InlineIfLambda>] isSought: float -> bool) (values: ReadOnlyMemory<_>) : int option =
        let values = values.Span
        let mutable i = 0

        while i < values.Length && not (isSought (float values[i])) do
            i <- i + 1

        if i = values.Length then None else Some i

    /// Whether no number is NaN or has a larger magnitude than the limit.
    let inline areWithin (limit: 'T) (values: ReadOnlySpan<'T>) : bool =
        let width, limits = Vector<'T>.Count, Vector<'T> limit
        let mutable i = 0

        while i + width <= values.Length && Vector.LessThanOrEqualAll(Vector.Abs(Vector<'T>(values.Slice i)), limits) do
            i <- i + width

        while i < values.Length && abs values[i] <= limit do
            i <- i + 1

        i = values.Length

    /// Copies `length` numbers: number i of the copy comes from `place i`.
    let gather length (place: int -> int) (values: ReadOnlyMemory<'T>) : ReadOnlyMemory<'T> =
        let values = values.Span
        let gathered = GC.AllocateUninitializedArray<'T> length

        for i in 0 .. length - 1 do
            gathered[i] <- values[place i]

        ReadOnlyMemory gathered

    /// Puts columns of `rows` numbers together row by row.
    let interleave rows (columns: ReadOnlyMemory<'T>[]) : ReadOnlyMemory<'T> =
        let interleaved = GC.AllocateUninitializedArray<'T>(rows * columns.Length)

        for j in 0 .. columns.Length - 1 do
            let column = columns[j].Span

            for i in 0 .. rows - 1 do
                interleaved[i * columns.Length + j] <- column[i]

        ReadOnlyMemory interleaved

/// Consecutive numbers in memory, as float64 or, in half the space, as float32.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Numbers =
    /// Eight bytes each.
    | Float64 of ReadOnlyMemory<float>
    /// Four bytes each.
    | Float32 of ReadOnlyMemory<float32>

    /// Returns number i as float64.
    member numbers.Item(i: int) : float =
        match numbers with
        | Float64 values -> values.Span[i]
        | Float32 values -> float values.Span[i]

    /// Returns some consecutive numbers, in place.
    member numbers.Slice(first: int, length: int) : Numbers =
        match numbers with
        | Float64 values -> Float64(values.Slice(first, length))
        | Float32 values -> Float32(values.Slice(first, length))

    /// Copies numbers, starting with number `first`, into the whole target, as float64.
    member numbers.CopyTo(first: int, target: Span<float>) : unit =
        match numbers with
        | Float64 values -> values.Span.Slice(first, target.Length).CopyTo target
        | Float32 values ->
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(values.Span.Slice(first, target.Length), target)

    /// Returns all numbers as float64: in place if they are float64 already, otherwise as a copy.
    member numbers.ToFloat64() : ReadOnlyMemory<float> =
        match numbers with
        | Float64 values -> values
        | Float32 values ->
            let copy = GC.AllocateUninitializedArray<float> values.Length
            numbers.CopyTo(0, copy.AsSpan())
            ReadOnlyMemory copy

    /// The number of numbers.
    member internal numbers.Length =
        match numbers with
        | Float64 values -> values.Length
        | Float32 values -> values.Length

    /// The size of one number in bytes.
    member internal numbers.Size =
        match numbers with
        | Float64 _ -> sizeof<float>
        | Float32 _ -> sizeof<float32>

    /// Pins the memory.
    member internal numbers.Pin() : MemoryHandle =
        match numbers with
        | Float64 values -> values.Pin()
        | Float32 values -> values.Pin()

    /// Copies `length` numbers: number i of the copy comes from `place i`.
    member internal numbers.Gather(length: int, place: int -> int) : Numbers =
        match numbers with
        | Float64 values -> Float64(EitherPrecision.gather length place values)
        | Float32 values -> Float32(EitherPrecision.gather length place values)

    /// Puts columns of equal length together row by row: as float32 if all columns are float32, otherwise as float64.
    static member internal OfColumns(columns: Numbers[]) : Numbers =
        let rows = columns[0].Length

        let narrow =
            columns
            |> Array.choose (fun column ->
                match column with
                | Float32 values -> Some values
                | Float64 _ -> None)

        if narrow.Length = columns.Length then
            Float32(EitherPrecision.interleave rows narrow)
        else
            Float64(columns |> Array.map _.ToFloat64() |> EitherPrecision.interleave rows)

    /// Whether no number is NaN or has a larger magnitude than the limit.
    member internal numbers.AreWithin(limit: float) : bool =
        match numbers with
        | Float64 values -> EitherPrecision.areWithin limit values.Span
        | Float32 values when Double.IsFinite limit ->
            EitherPrecision.areWithin (float32 (min limit (float Single.MaxValue))) values.Span
        | Float32 values -> EitherPrecision.areWithin Single.PositiveInfinity values.Span

    /// Finds the index of the first number that satisfies a predicate.
    member inline internal numbers.TryFindIndex([<InlineIfLambda>] isSought: float -> bool) : int option =
        match numbers with
        | Float64 values -> EitherPrecision.tryFindIndex isSought values
        | Float32 values -> EitherPrecision.tryFindIndex isSought values

/// Consecutive rows of the data, row by row, with their sample weights.
[<NoEquality; NoComparison>]
type Block =
    {
        /// The number of the first row within the whole data.
        FirstRow: int64
        /// The number of rows.
        Rows: int
        /// The number of features, D.
        Columns: int
        /// The Rows×Columns numbers, row by row.
        Numbers: Numbers
        /// One weight wₙ ≥ 0 for every row, or None when all weights are 1.
        Weights: ReadOnlyMemory<float> option
    }

    /// The Rows×Columns numbers as float64, row by row: in place if they are float64 already, otherwise a copy.
    member block.Values: ReadOnlyMemory<float> = block.Numbers.ToFloat64()

    /// Returns the weight wₙ of row i of the block.
    member block.Weight(i: int) : float =
        match block.Weights with
        | Some weights -> weights.Span[i]
        | None -> 1.0

    /// Returns Σₙ wₙvₙ over the rows of the block. A row of weight 0 adds nothing, even where vₙ is −∞.
    member block.WeightedSum(values: float[]) =
        let mutable sum = 0.0

        for i in 0 .. block.Rows - 1 do
            let weight = block.Weight i

            if weight > 0.0 then
                sum <- sum + weight * values[i]

        sum

    /// Returns consecutive rows of the block as a block.
    member block.Slice(first, rows) =
        { block with
            FirstRow = block.FirstRow + int64 first
            Rows = rows
            Numbers = block.Numbers.Slice(first * block.Columns, rows * block.Columns)
            Weights = block.Weights |> Option.map _.Slice(first, rows) }

    /// Returns a copy of some columns of the block, in the given order.
    member block.Select(columns: int[]) =
        let place i = i / columns.Length * block.Columns + columns[i % columns.Length]

        { block with
            Columns = columns.Length
            Numbers = block.Numbers.Gather(block.Rows * columns.Length, place) }

    /// Returns the number in row i of the block and column j.
    member block.Item(i: int, j: int) : float = block.Numbers[i * block.Columns + j]

    /// Returns the D numbers of row i of the block: in place if they are float64, otherwise as a copy.
    member block.Row(i: int) : ReadOnlySpan<float> =
        match block.Numbers with
        | Numbers.Float64 values -> values.Span.Slice(i * block.Columns, block.Columns)
        | Numbers.Float32 _ ->
            let row = Array.zeroCreate block.Columns
            block.Numbers.CopyTo(i * block.Columns, row.AsSpan())
            ReadOnlySpan row
