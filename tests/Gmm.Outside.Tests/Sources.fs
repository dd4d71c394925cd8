namespace Gmm.Outside

open System
open Gmm

/// Rows that a formula computes when they are read, as a database or a decoder would: row n and column j.
module Formula =
    let source (rows: int64) (columns: int) (number: int64 -> int -> float) : Source =
        // The same partition as every other source, so that sums have the same bits.
        let size = Source.blockRows columns

        { Rows = rows
          Columns = columns
          BlockRows = size
          Read =
            fun index ->
                let first = index * int64 size
                let count = int (min (int64 size) (rows - first))

                { FirstRow = first
                  Rows = count
                  Columns = columns
                  Numbers =
                    Array.init (count * columns) (fun i -> number (first + int64 (i / columns)) (i % columns))
                    |> ReadOnlyMemory
                    |> Numbers.Float64
                  Weights = None } }
