namespace Gmm

/// Labellings of rows: one label per row, of any type.
module internal Labels =
    /// Returns the distinct labels (K), in order of appearance, and the index of every row's label among them (N).
    let numbered (labels: 'L[]) : 'L[] * int[] =
        let distinct = Array.distinct labels
        let numbers = distinct |> Array.mapi (fun i label -> label, i) |> dict
        distinct, labels |> Array.map (fun label -> numbers[label])

    /// Returns the distinct labels in ascending order.
    let ascending (labels: 'L[]) : 'L[] = labels |> Array.distinct |> Array.sort

    /// Returns Ok when there is a predicted label for every true one and at least one of each; otherwise the first rule
    /// broken.
    let requireSameLength (truth: int) (predicted: int) =
        GmmError.requireAll
            [ predicted = truth, "Predicted labels", $"as many as the true ones, {truth}", string predicted
              truth > 0, "True labels", "at least one", "none" ]
