namespace Gmm

open System.Globalization

/// Counts the rows of each class under each label.
type Confusion<'A, 'B> =
    {
        /// The classes, ascending.
        Classes: 'A[]
        /// The predicted labels, ascending.
        Labels: 'B[]
        /// The number of rows of each class (down) under each label (across).
        Counts: int64[,]
    }

/// Scores one class by the label matched to it.
type ClassScores<'A, 'B> =
    {
        /// The class.
        Class: 'A
        /// The label matched to it; None when there are fewer labels than classes and none is left for this class.
        Label: 'B option
        /// The share of the label's rows that belong to the class; 0 without a label.
        Precision: float
        /// The share of the class's rows that have the label.
        Recall: float
        /// The harmonic mean of precision and recall, 2·hits / (rows of the class + rows of the label).
        F1: float
        /// The number of rows of the class.
        Support: int64
    }

/// Scores a clustering against the classes, each of which has a label matched to it.
type ClassificationReport<'A, 'B> =
    {
        /// The scores of the classes, ascending.
        Classes: ClassScores<'A, 'B>[]
        /// The share of rows with the label of their class.
        Accuracy: float
    }

    /// Averages a score over the classes.
    member private report.Mean(score: ClassScores<'A, 'B> -> float) = report.Classes |> Array.averageBy score

    /// Averages a score over the rows.
    member private report.RowMean(score: ClassScores<'A, 'B> -> float) =
        let rows = report.Classes |> Array.sumBy _.Support
        (report.Classes |> Array.sumBy (fun scores -> float scores.Support * score scores)) / float rows

    /// The mean precision of the classes.
    member report.MacroPrecision = report.Mean _.Precision
    /// The mean recall of the classes.
    member report.MacroRecall = report.Mean _.Recall
    /// The mean F₁ of the classes.
    member report.MacroF1 = report.Mean _.F1
    /// The mean precision, classes weighted by their rows.
    member report.WeightedPrecision = report.RowMean _.Precision
    /// The mean recall, classes weighted by their rows; it equals the accuracy.
    member report.WeightedRecall = report.RowMean _.Recall
    /// The mean F₁, classes weighted by their rows.
    member report.WeightedF1 = report.RowMean _.F1

    /// Returns a table: a line for every class, then accuracy and means.
    override report.ToString() =
        let rows = report.Classes |> Array.sumBy _.Support
        let share (x: float) = x.ToString("0.0000", CultureInfo.InvariantCulture)

        let scores name label precision recall f1 (support: int64) =
            [ name; label; share precision; share recall; share f1; string support ]

        let lines =
            [ [ "class"; "label"; "precision"; "recall"; "F1"; "rows" ]
              for c in report.Classes do
                  let label = c.Label |> Option.map string |> Option.defaultValue "-"
                  scores (string c.Class) label c.Precision c.Recall c.F1 c.Support
              [ "accuracy"; ""; ""; ""; share report.Accuracy; string rows ]
              scores "mean" "" report.MacroPrecision report.MacroRecall report.MacroF1 rows
              scores "weighted mean" "" report.WeightedPrecision report.WeightedRecall report.WeightedF1 rows ]

        let width = lines |> List.map (List.head >> _.Length) |> List.max

        let line (cells: string list) =
            let numbers = cells.Tail |> List.map (fun cell -> cell.PadLeft 10) |> String.concat " "
            cells.Head.PadRight width + " " + numbers

        lines |> List.map line |> String.concat "\n"

/// Classes, and the labels that stand for them.
module internal Classification =
    let purity (table: Contingency) =
        let largest = Array.zeroCreate<int64> table.Predicted.Length

        for _, label, count in table.Cells do
            largest[label] <- max largest[label] count

        float (Array.sum largest) / float table.Rows

    let confusion (truth: 'A[]) (predicted: 'B[]) : Result<Confusion<'A, 'B>, GmmError> =
        Labels.requireSameLength truth.Length predicted.Length
        |> Result.map (fun () ->
            let classes, labels = Labels.ascending truth, Labels.ascending predicted
            let places names = names |> Array.mapi (fun i name -> name, i) |> dict
            let rowOf, columnOf = places classes, places labels
            let counts = Array2D.zeroCreate<int64> classes.Length labels.Length

            for n in 0 .. truth.Length - 1 do
                let i, j = rowOf[truth[n]], columnOf[predicted[n]]
                counts[i, j] <- counts[i, j] + 1L

            { Classes = classes
              Labels = labels
              Counts = counts })

    let report (truth: 'A[]) (predicted: 'B[]) : Result<ClassificationReport<'A, 'B>, GmmError> =
        result {
            let! confusion = confusion truth predicted
            let counts = confusion.Counts
            let! pairs = counts |> Array2D.map (fun count -> -(float count)) |> Matching.cheapest
            let labelOf = dict pairs

            let scores i name =
                let support = Array.sum counts[i, *]

                match labelOf.TryGetValue i with
                | true, j ->
                    let hits, predicted = float counts[i, j], float (Array.sum counts[*, j])

                    { Class = name
                      Label = Some confusion.Labels[j]
                      Precision = hits / predicted
                      Recall = hits / float support
                      F1 = 2.0 * hits / (float support + predicted)
                      Support = support }
                | false, _ ->
                    { Class = name
                      Label = None
                      Precision = 0.0
                      Recall = 0.0
                      F1 = 0.0
                      Support = support }

            return
                { Classes = confusion.Classes |> Array.mapi scores
                  Accuracy = float (pairs |> Array.sumBy (fun (i, j) -> counts[i, j])) / float truth.Length }
        }
