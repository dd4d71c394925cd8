namespace Gmm

/// Counts the rows of two labellings in a contingency table that holds only the cells above 0.
type internal Contingency =
    {
        /// The number of rows, N.
        Rows: int64
        /// A label of each labelling, and the number of rows with both.
        Cells: (int * int * int64)[]
        /// The number of rows under each true label.
        True: int64[]
        /// The number of rows under each predicted label.
        Predicted: int64[]
    }

    /// Whether both labellings divide the rows alike.
    member table.IsSame = table.Cells.Length = table.True.Length && table.Cells.Length = table.Predicted.Length

/// Makes contingency tables.
module internal Contingency =
    /// Counts the rows under every pair of labels. Error when the labellings differ in length or are empty.
    let ofLabels (truth: 'A[]) (predicted: 'B[]) : Result<Contingency, GmmError> =
        Labels.requireSameLength truth.Length predicted.Length
        |> Result.map (fun () ->
            let classes, a = Labels.numbered truth
            let labels, b = Labels.numbered predicted

            let totals count (numbers: int[]) =
                let totals = Array.zeroCreate<int64> count

                for number in numbers do
                    totals[number] <- totals[number] + 1L

                totals

            { Rows = int64 truth.Length
              Cells =
                Array.map2 (fun a b -> struct (a, b)) a b
                |> Array.countBy id
                |> Array.map (fun (struct (a, b), count) -> a, b, int64 count)
              True = totals classes.Length a
              Predicted = totals labels.Length b })
