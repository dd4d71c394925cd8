namespace Gmm

open System
open System.Collections.Generic

/// Fills missing cells for starts and measurements. EM itself works on the cells as they are.
module internal Donors =
    /// The most rows that give the values of one column.
    let private most = 1000L

    /// The most differences of two cells to compute for one source.
    let private affordable = 200_000_000L

    /// Returns the rows that may give values: of those that observe a column, as many as `count` with the lowest random
    /// keys, for every column.
    let private choose (execution: Execution) seed count (source: Source) : float[][] =
        let ofBlock (block: Block) =
            let columns = Array.init block.Columns (fun _ -> PriorityQueue<int64, uint64>())

            for i in 0 .. block.Rows - 1 do
                if block.Weight i > 0.0 then
                    let row = block.FirstRow + int64 i
                    let key = UInt64.MaxValue - RandomStream.key seed row

                    for j in 0 .. block.Columns - 1 do
                        if not (Double.IsNaN block[i, j]) then
                            columns[j].Enqueue(row, key)

                            if columns[j].Count > count then
                                columns[j].Dequeue() |> ignore

            columns

        let merge (all: PriorityQueue<int64, uint64>[]) (others: PriorityQueue<int64, uint64>[]) =
            for j in 0 .. all.Length - 1 do
                for struct (row, key) in others[j].UnorderedItems do
                    all[j].Enqueue(row, key)

                while all[j].Count > count do
                    all[j].Dequeue() |> ignore

            all

        let numbers =
            source
            |> Source.reduce execution merge ofBlock
            |> Seq.collect (fun column -> column.UnorderedItems |> Seq.map (fun struct (row, _) -> row))
            |> Seq.distinct
            |> Seq.sort
            |> Array.ofSeq

        let rows = source |> Source.rows numbers
        Array.init numbers.Length (fun i -> rows[i, *])

    /// Returns 1/σ² of every column over the donors, or 1 where it doesn't vary.
    let private precisions columns (donors: float[][]) =
        Array.init columns (fun j ->
            let values = donors |> Array.map (fun donor -> donor[j]) |> Array.filter (Double.IsNaN >> not)
            let mean = Array.average values
            let variance = values |> Array.averageBy (fun value -> (value - mean) * (value - mean))
            if variance > 0.0 && variance < infinity then 1.0 / variance else 1.0)

    /// Returns the mean squared difference of the cells that both rows have, in units of the columns' variances; ∞ if there
    /// are none.
    let private distance (precisions: float[]) (row: float[]) (donor: float[]) =
        let mutable sum, shared = 0.0, 0

        for j in 0 .. row.Length - 1 do
            let difference = row[j] - donor[j]

            // False for NaN.
            if difference = difference then
                sum <- sum + difference * difference * precisions[j]
                shared <- shared + 1

        if shared = 0 then infinity else sum / float shared

    /// Returns the data with a value in every missing cell: that of the nearest row which observes it, among at most 1,000
    /// such rows, fewer for large data. The distance is the mean squared difference of the cells that both rows observe, each
    /// column divided by its standard deviation. Where no row shares a cell, the value is that of a random one. All values
    /// stay in the domain of their column. Every column must have an observed cell.
    let fill (execution: Execution) (source: Source) : Source =
        let columns, seed = source.Columns, 0
        let count = affordable / (source.Rows * int64 columns) |> max 20L |> min most
        let donors = source |> choose execution (int64 seed) (int count)
        let precisions = precisions columns donors

        let complete number (row: float[]) =
            let distances = donors |> Array.map (distance precisions row)

            Array.init columns (fun j ->
                if Double.IsNaN row[j] then
                    let mutable nearest = -1

                    for i in 0 .. donors.Length - 1 do
                        let isNearer = nearest < 0 || distances[i] < distances[nearest]

                        if isNearer && not (Double.IsNaN donors[i].[j]) then
                            nearest <- i

                    if distances[nearest] < infinity then
                        donors[nearest].[j]
                    else
                        let those = donors |> Array.filter (fun donor -> not (Double.IsNaN donor[j]))
                        let random = RandomStream.ofRow seed (number * int64 columns + int64 j)
                        those[random.Next those.Length].[j]
                else
                    row[j])

        let ofBlock (block: Block) =
            let values = block.Values.ToArray()

            if IncompleteRows.isIn block then
                for i in 0 .. block.Rows - 1 do
                    let row = Array.sub values (i * columns) columns

                    if Array.exists Double.IsNaN row then
                        Array.blit (complete (block.FirstRow + int64 i) row) 0 values (i * columns) columns

            values

        let cells = source |> Source.collect execution ofBlock
        let filled = Source.ofMemory columns (ReadOnlyMemory cells) |> GmmError.get

        { filled with
            BlockRows = source.BlockRows
            Read =
                fun index ->
                    let block = source.Read index
                    let first = int block.FirstRow * columns

                    { block with
                        Numbers = Numbers.Float64(ReadOnlyMemory(cells, first, block.Rows * columns)) } }
