namespace Gmm

open System

/// Measures of two labellings that count the pairs of rows on which they agree.
module internal PairCounts =
    /// The number of pairs of rows: all, those with the same label in both labellings, and those with the same label in
    /// each.
    type private Pairs =
        { All: int64
          Together: int64
          True: int64
          Predicted: int64 }

    let private pairsOf (table: Contingency) : Pairs =
        let pairs (count: int64) = count * (count - 1L) / 2L

        { All = pairs table.Rows
          Together = table.Cells |> Array.sumBy (fun (_, _, count) -> pairs count)
          True = table.True |> Array.sumBy pairs
          Predicted = table.Predicted |> Array.sumBy pairs }

    let rand (table: Contingency) =
        let pairs = pairsOf table
        let apart = pairs.All - pairs.True - pairs.Predicted + pairs.Together
        if table.IsSame then 1.0 else float (pairs.Together + apart) / float pairs.All

    let adjustedRand (table: Contingency) =
        let pairs = pairsOf table
        // Whole numbers of up to 10³⁷: nothing cancels.
        let all, together = Int128.op_Implicit pairs.All, Int128.op_Implicit pairs.Together
        let withinTrue, withinPredicted = Int128.op_Implicit pairs.True, Int128.op_Implicit pairs.Predicted
        let two: Int128 = Int128.op_Implicit 2
        let expected: Int128 = withinTrue * withinPredicted
        let excess = two * (together * all - expected)
        let most = (withinTrue + withinPredicted) * all - two * expected
        if table.IsSame then 1.0 else float excess / float most

    let fowlkesMallows (table: Contingency) =
        let pairs = pairsOf table

        if table.IsSame then
            1.0
        elif pairs.Together = 0L then
            0.0
        else
            sqrt (float pairs.Together / float pairs.True * (float pairs.Together / float pairs.Predicted))
