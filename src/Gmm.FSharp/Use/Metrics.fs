namespace Gmm

open System
open System.Globalization

/// How many rows of every class have every label.
type Confusion<'A, 'B> =
    {
        /// The classes, ascending.
        Classes: 'A[]
        /// The predicted labels, ascending.
        Labels: 'B[]
        /// How many rows of each class (down) have each label (across).
        Counts: int64[,]
    }

/// How well one class is found by the label it is matched to.
type ClassScores<'A, 'B> =
    {
        /// The class.
        Class: 'A
        /// The label matched to it; None when there are fewer labels than classes and this one is left over.
        Label: 'B option
        /// The share of the label's rows that are of the class; 0 without a label.
        Precision: float
        /// The share of the class's rows that have the label.
        Recall: float
        /// The harmonic mean of both, 2·hits / (rows of the class + rows of the label).
        F1: float
        /// How many rows the class has.
        Support: int64
    }

/// How well a clustering finds the classes, each by the label matched to it.
type ClassificationReport<'A, 'B> =
    {
        /// The classes, ascending.
        Classes: ClassScores<'A, 'B>[]
        /// The share of rows that have the label of their class.
        Accuracy: float
    }

    /// The mean of a score over the classes.
    member private report.Mean(score: ClassScores<'A, 'B> -> float) = report.Classes |> Array.averageBy score

    /// The mean of a score over the rows.
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
    /// The mean recall, classes weighted by their rows: the accuracy.
    member report.WeightedRecall = report.RowMean _.Recall
    /// The mean F₁, classes weighted by their rows.
    member report.WeightedF1 = report.RowMean _.F1

    /// A table: a line for every class, then accuracy and means.
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

/// The agreement of two labellings of the same rows by every measure; see the functions of `Metrics`.
type Agreement =
    {
        /// See `Metrics.rand`.
        Rand: float
        /// See `Metrics.adjustedRand`.
        AdjustedRand: float
        /// See `Metrics.mutualInformation`.
        MutualInformation: float
        /// See `Metrics.adjustedMutualInformation`.
        AdjustedMutualInformation: float
        /// See `Metrics.normalizedMutualInformation`.
        NormalizedMutualInformation: float
        /// See `Metrics.fowlkesMallows`.
        FowlkesMallows: float
        /// See `Metrics.homogeneity`.
        Homogeneity: float
        /// See `Metrics.completeness`.
        Completeness: float
        /// See `Metrics.vMeasure`.
        VMeasure: float
        /// See `Metrics.purity`.
        Purity: float
    }

/// How well labels separate the rows, by every measure; see the functions of `Metrics`.
type Separation =
    {
        /// See `Metrics.silhouette`.
        Silhouette: float
        /// See `Metrics.daviesBouldin`.
        DaviesBouldin: float
        /// See `Metrics.calinskiHarabasz`.
        CalinskiHarabasz: float
        /// See `Metrics.dunn`.
        Dunn: float
    }

/// A fitted mixture as a clustering of data, by every measure.
type Evaluation =
    {
        /// The mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.
        Score: float
        /// The Bayesian information criterion on the data; lower is better.
        Bic: float
        /// Akaike's information criterion on the data; lower is better.
        Aic: float
        /// The integrated complete likelihood on the data; lower is better.
        Icl: float
        /// How well the likeliest components separate the rows; None when all rows have the same one, or each its own.
        Separation: Separation option
        /// The agreement with true labels; None when there are none.
        Agreement: Agreement option
    }

/// Measures of clusterings. Those of two labellings take labels of any type, such as int or string; names don't matter,
/// only which rows have the same. An error says that labellings differ in length or are empty. Those of labelled rows
/// honour sample weights, a weight of m as m copies of the row.
module Metrics =
    type private Primitives = System.Numerics.Tensors.TensorPrimitives

    // ── Two labellings ──────────────────────────────────────────────────────────────────────────────────────────────

    /// All labels that occur, in order of appearance, and the number of each row's among them.
    let private numbered (labels: 'L[]) : 'L[] * int[] =
        let distinct = Array.distinct labels
        let numbers = distinct |> Array.mapi (fun i label -> label, i) |> dict
        distinct, labels |> Array.map (fun label -> numbers[label])

    /// The contingency table of two labellings, of which only cells above 0 are held.
    type private Contingency =
        {
            /// N.
            Rows: int64
            /// Label a in one, label b in the other, and how many rows have both.
            Cells: (int * int * int64)[]
            /// How many rows have each label of the one labelling.
            True: int64[]
            /// How many rows have each label of the other.
            Predicted: int64[]
        }

        /// Whether both labellings are the same partition of the rows.
        member table.IsSame = table.Cells.Length = table.True.Length && table.Cells.Length = table.Predicted.Length

    let private requireLabels (truth: int) (predicted: int) =
        GmmError.requireAll
            [ predicted = truth, "Predicted labels", $"as many as the true ones, {truth}", string predicted
              truth > 0, "True labels", "at least one", "none" ]

    let private contingency (truth: 'A[]) (predicted: 'B[]) : Result<Contingency, GmmError> =
        requireLabels truth.Length predicted.Length
        |> Result.map (fun () ->
            let classes, a = numbered truth
            let labels, b = numbered predicted

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

    let private measure (ofTable: Contingency -> float) (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        contingency truth predicted |> Result.map ofTable

    // ── Pairs of rows ───────────────────────────────────────────────────────────────────────────────────────────────

    /// How many pairs of rows there are, and how many have the same label in both labellings and in each.
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

    let private randOf (table: Contingency) =
        let pairs = pairsOf table
        let apart = pairs.All - pairs.True - pairs.Predicted + pairs.Together
        if table.IsSame then 1.0 else float (pairs.Together + apart) / float pairs.All

    let private adjustedRandOf (table: Contingency) =
        let pairs = pairsOf table
        // Whole numbers of up to 10³⁷: nothing cancels.
        let all, together = Int128.op_Implicit pairs.All, Int128.op_Implicit pairs.Together
        let withinTrue, withinPredicted = Int128.op_Implicit pairs.True, Int128.op_Implicit pairs.Predicted
        let two: Int128 = Int128.op_Implicit 2
        let expected: Int128 = withinTrue * withinPredicted
        let excess = two * (together * all - expected)
        let most = (withinTrue + withinPredicted) * all - two * expected
        if table.IsSame then 1.0 else float excess / float most

    let private fowlkesMallowsOf (table: Contingency) =
        let pairs = pairsOf table

        if table.IsSame then
            1.0
        elif pairs.Together = 0L then
            0.0
        else
            sqrt (float pairs.Together / float pairs.True * (float pairs.Together / float pairs.Predicted))

    /// The Rand index: the share of the pairs of rows on which two labellings agree, together in both or apart in both
    /// (Rand 1971). A single row has 1.
    let rand (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure randOf truth predicted

    /// The Rand index of two labellings, adjusted for chance: 1 for the same partition, about 0 for independent ones
    /// (Hubert and Arabie 1985): (pairs together in both − expected) / (mean of the pairs together in each − expected).
    /// Two partitions that are both trivial in the same way agree: 1.
    let adjustedRand (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure adjustedRandOf truth predicted

    /// The geometric mean of the shares of the pairs together in one labelling that are together in the other, too
    /// (Fowlkes and Mallows 1983). Two partitions into single rows agree: 1.
    let fowlkesMallows (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure fowlkesMallowsOf truth predicted

    // ── Information ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// n/N ln(nN / ab): what a cell of n rows adds to the mutual information.
    let private information (total: float) (n: float) (a: float) (b: float) = n / total * log (n / a * (total / b))

    let private entropy (total: int64) (counts: int64[]) =
        counts |> Array.sumBy (fun count -> float count / float total * log (float total / float count))

    let private mutualInformationOf (table: Contingency) =
        table.Cells
        |> Array.sumBy (fun (a, b, count) ->
            information (float table.Rows) (float count) (float table.True[a]) (float table.Predicted[b]))
        |> max 0.0

    /// The mean mutual information of all labellings with the same counts. The number of rows with labels a and b has the
    /// hypergeometric distribution; its probabilities are followed from the likeliest number up and down until they
    /// vanish, each from its neighbour, and divided by their sum (Vinh, Epps and Bailey 2010).
    let private expectedInformation (table: Contingency) =
        let rows = table.Rows

        let ofCell (a: int64) (b: int64) =
            let lowest, highest = max 0L (a + b - rows), min a b
            let mode = int64 (float (a + 1L) * float (b + 1L) / float (rows + 2L)) |> max lowest |> min highest

            /// The ratio of the probabilities of n + 1 and of n.
            let ratio n = float (a - n) * float (b - n) / (float (n + 1L) * float (rows - a - b + n + 1L))
            let ofCount n = if n = 0L then 0.0 else information (float rows) (float n) (float a) (float b)
            let mutable probability, sum, mean = 1.0, 1.0, ofCount mode
            let mutable n = mode

            while n < highest && probability > 1e-30 do
                probability <- probability * ratio n
                n <- n + 1L
                sum <- sum + probability
                mean <- mean + probability * ofCount n

            probability <- 1.0
            n <- mode

            while n > lowest && probability > 1e-30 do
                n <- n - 1L
                probability <- probability / ratio n
                sum <- sum + probability
                mean <- mean + probability * ofCount n

            mean / sum

        let sizes = Array.countBy id
        let others = sizes table.Predicted

        sizes table.True
        |> Array.sumBy (fun (a, times) ->
            others |> Array.sumBy (fun (b, times') -> float times * float times' * ofCell a b))

    let private shareOf entropy information = if entropy = 0.0 then 1.0 else min 1.0 (information / entropy)

    let private homogeneityOf (table: Contingency) = shareOf (entropy table.Rows table.True) (mutualInformationOf table)

    let private completenessOf (table: Contingency) =
        shareOf (entropy table.Rows table.Predicted) (mutualInformationOf table)

    let private vMeasureOf table =
        let h, c = homogeneityOf table, completenessOf table
        if h + c = 0.0 then 0.0 else 2.0 * h * c / (h + c)

    let private meanEntropy (table: Contingency) =
        (entropy table.Rows table.True + entropy table.Rows table.Predicted) / 2.0

    let private normalizedInformationOf table = shareOf (meanEntropy table) (mutualInformationOf table)

    let private adjustedInformationOf (table: Contingency) =
        if table.IsSame then
            1.0
        else
            let expected = expectedInformation table
            (mutualInformationOf table - expected) / (meanEntropy table - expected)

    /// The mutual information of two labellings in nats, Σ n/N ln(nN / ab) over the pairs of labels, with n rows that have
    /// both and a and b that have each (Cover and Thomas, Elements of Information Theory, 2006, §2.3).
    let mutualInformation (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure mutualInformationOf truth predicted

    /// The mutual information adjusted for chance, (MI − E) / (mean of both entropies − E) with the mean E over all
    /// labellings of the same counts: 1 for the same partition, about 0 for independent ones (Vinh, Epps and Bailey 2010).
    let adjustedMutualInformation (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure adjustedInformationOf truth predicted

    /// The mutual information divided by the mean of both entropies, between 0 and 1; 1 when both have one label only
    /// (Strehl and Ghosh 2002, with the arithmetic mean).
    let normalizedMutualInformation (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure normalizedInformationOf truth predicted

    /// Whether every label has rows of one class only: the mutual information divided by the entropy of the classes,
    /// between 0 and 1; 1 for a single class (Rosenberg and Hirschberg 2007).
    let homogeneity (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure homogeneityOf truth predicted

    /// Whether all rows of a class have the same label: the mutual information divided by the entropy of the labels,
    /// between 0 and 1; 1 for a single label (Rosenberg and Hirschberg 2007).
    let completeness (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure completenessOf truth predicted

    /// The harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg 2007).
    let vMeasure (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure vMeasureOf truth predicted

    // ── Classes and labels ──────────────────────────────────────────────────────────────────────────────────────────

    let private purityOf (table: Contingency) =
        let largest = Array.zeroCreate<int64> table.Predicted.Length

        for _, label, count in table.Cells do
            largest[label] <- max largest[label] count

        float (Array.sum largest) / float table.Rows

    /// The share of the rows that are of the class most frequent under their label (Manning, Raghavan and Schütze,
    /// Introduction to Information Retrieval, 2008, §16.3).
    let purity (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure purityOf truth predicted

    /// All these measures at once.
    let agreement (truth: 'A[]) (predicted: 'B[]) : Result<Agreement, GmmError> =
        contingency truth predicted
        |> Result.map (fun table ->
            { Rand = randOf table
              AdjustedRand = adjustedRandOf table
              MutualInformation = mutualInformationOf table
              AdjustedMutualInformation = adjustedInformationOf table
              NormalizedMutualInformation = normalizedInformationOf table
              FowlkesMallows = fowlkesMallowsOf table
              Homogeneity = homogeneityOf table
              Completeness = completenessOf table
              VMeasure = vMeasureOf table
              Purity = purityOf table })

    /// How many rows of every class have every label: a table with the classes down and the labels across, both ascending.
    let confusion (truth: 'A[]) (predicted: 'B[]) : Result<Confusion<'A, 'B>, GmmError> =
        requireLabels truth.Length predicted.Length
        |> Result.map (fun () ->
            let classes, labels = truth |> Array.distinct |> Array.sort, predicted |> Array.distinct |> Array.sort
            let places names = names |> Array.mapi (fun i name -> name, i) |> dict
            let rowOf, columnOf = places classes, places labels
            let counts = Array2D.zeroCreate<int64> classes.Length labels.Length

            for n in 0 .. truth.Length - 1 do
                let i, j = rowOf[truth[n]], columnOf[predicted[n]]
                counts[i, j] <- counts[i, j] + 1L

            { Classes = classes
              Labels = labels
              Counts = counts })

    /// Precision, recall and F₁ of every class, where each class has the label matched to it: of all ways to give classes
    /// different labels, the one under which most rows have the label of their class (see `Matching.cheapest`).
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

    // ── Scores ──────────────────────────────────────────────────────────────────────────────────────────────────────

    let private requireScores (truth: 'A[]) (scores: float[,]) =
        result {
            let rows = Array2D.length1 scores

            do!
                GmmError.requireAll
                    [ rows = truth.Length,
                      "Scores",
                      $"one row for each of the {truth.Length} true labels",
                      $"{rows} rows"
                      rows > 0, "True labels", "at least one", "none" ]

            do! GmmError.requireFinite "Scores" scores
        }

    /// The area under the ROC curve of a class: the share of pairs of a row of the class and another in which the former
    /// has the higher score, equal ones counted half (Mann and Whitney 1947). From ranks, doubled to be whole numbers.
    let private areaUnderCurve (isOfClass: bool[]) (scores: float[]) =
        let order = Array.init scores.Length id |> Array.sortBy (fun n -> scores[n])
        let mutable doubledRanks, first = 0L, 0

        while first < order.Length do
            let mutable last = first

            while last + 1 < order.Length && scores[order[last + 1]] = scores[order[first]] do
                last <- last + 1

            for i in first..last do
                if isOfClass[order[i]] then
                    doubledRanks <- doubledRanks + int64 (first + last + 2)

            first <- last + 1

        let inside = isOfClass |> Array.sumBy (fun isInside -> if isInside then 1L else 0L)
        let outside = int64 isOfClass.Length - inside
        float (doubledRanks - inside * (inside + 1L)) / (2.0 * float inside * float outside)

    /// The area under the ROC curve of each class against all others, averaged over the classes (Hand and Till 2001;
    /// scikit-learn's macro average of one versus rest). Column j of the scores (N×C), such as probabilities, is the class
    /// j in ascending order: see `alignColumns`. Error when there are fewer than two classes, or not one column for each,
    /// or a score is not finite.
    let rocAuc (truth: 'A[]) (scores: float[,]) : Result<float, GmmError> =
        let classes = truth |> Array.distinct |> Array.sort
        let columns = Array2D.length2 scores

        result {
            do! requireScores truth scores

            do!
                GmmError.requireAll
                    [ classes.Length >= 2, "True labels", "of at least two classes", "of 1"
                      columns = classes.Length,
                      "Scores",
                      $"one column for each of the {classes.Length} classes",
                      $"{columns} columns" ]

            return
                classes
                |> Array.mapi (fun j name -> areaUnderCurve (truth |> Array.map ((=) name)) scores[*, j])
                |> Array.average
        }

    /// The columns of responsibilities (N×K) in the ascending order of the classes (N×C), each class with the component
    /// matched to it: of all ways to give classes different components, the one with the largest sum of responsibilities
    /// of the rows for the component of their class. Components left over are left out. Error when there are fewer
    /// components than classes, or a responsibility is not finite.
    let alignColumns (truth: 'A[]) (responsibilities: float[,]) : Result<float[,], GmmError> =
        let classes = truth |> Array.distinct |> Array.sort
        let components = Array2D.length2 responsibilities

        /// −Σₙ rₙₖ over the rows of every class (C×K).
        let costs (classes: 'A[]) =
            let places = classes |> Array.mapi (fun i name -> name, i) |> dict
            let costs = Array2D.zeroCreate<float> classes.Length components

            for n in 0 .. truth.Length - 1 do
                let i = places[truth[n]]

                for k in 0 .. components - 1 do
                    costs[i, k] <- costs[i, k] - responsibilities[n, k]

            costs

        result {
            do! requireScores truth responsibilities

            do!
                GmmError.requireAll
                    [ components >= classes.Length,
                      "Scores",
                      $"at least one column for each of the {classes.Length} classes",
                      $"{components} columns" ]

            let! pairs = Matching.cheapest (costs classes)
            return Array2D.init truth.Length classes.Length (fun n i -> responsibilities[n, snd pairs[i]])
        }

    // ── Labelled rows ───────────────────────────────────────────────────────────────────────────────────────────────

    /// The clusters of rows: those that have a row of positive weight.
    type private Clusters =
        {
            /// The weight of every row (N).
            Weights: float[]
            /// The number of every row's cluster (N), −1 for rows of weight 0.
            Numbers: int[]
            /// The weight of every cluster (K).
            Totals: float[]
        }

    let private partition (labels: 'L[]) (weights: float[]) : Clusters =
        let counted = [| 0 .. labels.Length - 1 |] |> Array.filter (fun n -> weights[n] > 0.0)
        let distinct, numbersOfCounted = counted |> Array.map (fun n -> labels[n]) |> numbered
        let numbers, totals = Array.create labels.Length -1, Array.zeroCreate<float> distinct.Length

        for i in 0 .. counted.Length - 1 do
            let n, cluster = counted[i], numbersOfCounted[i]
            numbers[n] <- cluster
            totals[cluster] <- totals[cluster] + weights[n]

        { Weights = weights
          Numbers = numbers
          Totals = totals }

    let private clusters execution (labels: 'L[]) (source: Source) : Result<Clusters, GmmError> =
        result {
            do!
                GmmError.requireAll
                    [ int64 labels.Length = source.Rows,
                      "Labels",
                      $"one for each of the {source.Rows} rows",
                      $"{labels.Length} labels"
                      execution.Threads >= 1, "Threads", "at least 1", string execution.Threads ]

            do! Source.validate execution source
            let weights = source |> Source.collect execution (fun block -> Array.init block.Rows block.Weight)
            let clusters = partition labels weights
            let count, total = clusters.Totals.Length, Array.sum clusters.Totals

            let rows =
                if weights |> Array.forall ((=) 1.0) then
                    "rows"
                else
                    "the total weight of the rows"

            do!
                GmmError.requireAll
                    [ count >= 2, "Labels", "of at least two clusters", $"of {count}"
                      float count < total, "Labels", $"of fewer clusters than {rows}, {total}", $"of {count}" ]

            return clusters
        }

    // ── All pairs of rows ───────────────────────────────────────────────────────────────────────────────────────────

    /// Rows that are compared with all rows at once: few enough for what is held of them to stay in a core's cache.
    let private tileRows = 256

    let private tiles (block: Block) =
        [ for first in 0..tileRows .. block.Rows - 1 -> block.Slice(first, min tileRows (block.Rows - first)) ]

    /// Calls `visit m` for every row m of positive weight of the data, with ‖xᵢ − xₘ‖² for the rows i of a tile in
    /// `squares`. Features are added in their order, so the bits are the same on every processor.
    let private forEachRow
        (execution: Execution)
        (clusters: Clusters)
        (source: Source)
        (tile: Block)
        (squares: float[])
        (visit: int -> unit)
        =
        let columns = Array.init tile.Columns (fun j -> Array.init tile.Rows (fun i -> tile[i, j]))
        let differences = Array.zeroCreate<float> tile.Rows

        for index in 0L .. source.Blocks - 1L do
            execution.Cancellation.ThrowIfCancellationRequested()
            let block = source.Read index

            for i in 0 .. block.Rows - 1 do
                let m = int block.FirstRow + i

                if clusters.Numbers[m] >= 0 then
                    let row = block.Row i
                    Array.Clear squares

                    for j in 0 .. columns.Length - 1 do
                        Primitives.Subtract(ReadOnlySpan columns[j], row[j], differences.AsSpan())

                        Primitives.MultiplyAdd(
                            ReadOnlySpan differences,
                            ReadOnlySpan differences,
                            ReadOnlySpan squares,
                            squares.AsSpan()
                        )

                    visit m

    /// The silhouettes of the rows of a tile.
    let private silhouettesOf execution (clusters: Clusters) source (tile: Block) : float[] =
        let totals = clusters.Totals
        let distances = Array.zeroCreate<float> tile.Rows
        let sums = totals |> Array.map (fun _ -> Array.zeroCreate<float> tile.Rows)

        forEachRow execution clusters source tile distances (fun m ->
            let sum = sums[clusters.Numbers[m]]
            Primitives.Sqrt(ReadOnlySpan distances, distances.AsSpan())

            Primitives.MultiplyAdd(ReadOnlySpan distances, clusters.Weights[m], ReadOnlySpan sum, sum.AsSpan()))

        Array.init tile.Rows (fun i ->
            let own = clusters.Numbers[int tile.FirstRow + i]

            if own < 0 || totals[own] <= 1.0 then
                0.0
            else
                let within = sums[own][i] / (totals[own] - 1.0)
                let mutable nearest = infinity

                for k in 0 .. totals.Length - 1 do
                    if k <> own then
                        nearest <- min nearest (sums[k][i] / totals[k])

                let larger = max within nearest
                if larger = 0.0 then 0.0 else (nearest - within) / larger)

    let private silhouettesOfBlock execution clusters source block =
        tiles block |> List.map (silhouettesOf execution clusters source) |> Array.concat

    let private silhouetteOf execution (clusters: Clusters) source =
        let sum =
            source
            |> Source.reduce execution (+) (fun block ->
                block.WeightedSum(silhouettesOfBlock execution clusters source block))

        sum / Array.sum clusters.Totals

    /// The largest squared distance of two rows of one cluster, and the smallest of rows of different clusters.
    let private extremesOf execution (clusters: Clusters) source (tile: Block) : float * float =
        let squares = Array.zeroCreate<float> tile.Rows
        let most = clusters.Totals |> Array.map (fun _ -> Array.zeroCreate<float> tile.Rows)
        let least = clusters.Totals |> Array.map (fun _ -> Array.create tile.Rows infinity)

        forEachRow execution clusters source tile squares (fun m ->
            let most, least = most[clusters.Numbers[m]], least[clusters.Numbers[m]]
            Primitives.Max(ReadOnlySpan squares, ReadOnlySpan most, most.AsSpan())
            Primitives.Min(ReadOnlySpan squares, ReadOnlySpan least, least.AsSpan()))

        let mutable diameter, gap = 0.0, infinity

        for i in 0 .. tile.Rows - 1 do
            let own = clusters.Numbers[int tile.FirstRow + i]

            if own >= 0 then
                diameter <- max diameter (most[own][i])

                for k in 0 .. least.Length - 1 do
                    if k <> own then
                        gap <- min gap (least[k][i])

        diameter, gap

    let private dunnOf execution clusters source =
        let either (diameter, gap) (diameter', gap') = max diameter diameter', min gap gap'

        let diameter, gap =
            source
            |> Source.reduce execution either (fun block ->
                tiles block |> List.map (extremesOf execution clusters source) |> List.reduce either)

        if gap = 0.0 then 0.0 else sqrt (gap / diameter)

    // ── Centres ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// What a function adds up over all rows of positive weight: `add sums cluster weight row` changes the sums.
    let private sumRows execution (clusters: Clusters) size (add: float[] -> int -> float -> float[] -> unit) source =
        source
        |> Source.reduce execution (Array.map2 (+)) (fun block ->
            let sums = Array.zeroCreate<float> size

            for i in 0 .. block.Rows - 1 do
                let n = int block.FirstRow + i

                if clusters.Numbers[n] >= 0 then
                    add sums clusters.Numbers[n] clusters.Weights[n] (block.Row(i).ToArray())

            sums)

    /// The mean of every cluster (K of D numbers), from moments about its first row, so that nothing cancels.
    let private centres execution (clusters: Clusters) (source: Source) : float[][] =
        let features = source.Columns
        let firstRows = clusters.Totals |> Array.mapi (fun k _ -> int64 (Array.IndexOf(clusters.Numbers, k)))
        let origins = Source.rows firstRows source

        let add (sums: float[]) k weight (row: float[]) =
            for j in 0 .. features - 1 do
                sums[k * features + j] <- sums[k * features + j] + weight * (row[j] - origins[k, j])

        let sums = source |> sumRows execution clusters (clusters.Totals.Length * features) add

        Array.init clusters.Totals.Length (fun k ->
            Array.init features (fun j -> origins[k, j] + sums[k * features + j] / clusters.Totals[k]))

    /// ‖a − b‖².
    let private squaredDistance (a: float[]) (b: float[]) =
        let mutable sum = 0.0

        for j in 0 .. a.Length - 1 do
            let difference = a[j] - b[j]
            sum <- sum + difference * difference

        sum

    /// Σₙ wₙ f(‖xₙ − μₖ‖²) over the rows of every cluster (K).
    let private scatter execution (clusters: Clusters) (centres: float[][]) (f: float -> float) source =
        let add (sums: float[]) k weight (row: float[]) =
            sums[k] <- sums[k] + weight * f (squaredDistance row centres[k])

        source |> sumRows execution clusters centres.Length add

    let private daviesBouldinOf execution (clusters: Clusters) source =
        let centres = centres execution clusters source
        let spreads = source |> scatter execution clusters centres sqrt |> Array.map2 (fun w s -> s / w) clusters.Totals

        let likeness i j =
            let distance = sqrt (squaredDistance centres[i] centres[j])
            if distance = 0.0 then infinity else (spreads[i] + spreads[j]) / distance

        let others i = seq { 0 .. centres.Length - 1 } |> Seq.filter ((<>) i)
        Array.init centres.Length (fun i -> others i |> Seq.map (likeness i) |> Seq.max) |> Array.average

    let private calinskiHarabaszOf execution (clusters: Clusters) source =
        let centres = centres execution clusters source
        let totals, count, total = clusters.Totals, float clusters.Totals.Length, Array.sum clusters.Totals
        let within = source |> scatter execution clusters centres id |> Array.sum

        let mean =
            Array.init centres[0].Length (fun j ->
                let offset = Array.map2 (fun w (centre: float[]) -> w * (centre[j] - centres[0][j])) totals centres
                centres[0][j] + Array.sum offset / total)

        let between = Array.map2 (fun w centre -> w * squaredDistance centre mean) totals centres |> Array.sum

        if between = 0.0 then
            0.0
        else
            between / (count - 1.0) / (within / (total - count))

    let private ofClusters ofRows execution (labels: 'L[]) (source: Source) : Result<'T, GmmError> =
        clusters execution labels source |> Result.map (fun clusters -> ofRows execution clusters source)

    /// The silhouette of every row (N), (b − a) / max(a, b): a is the mean distance to the other rows of its cluster, b the
    /// least mean distance to those of another; 0 for a row alone in its cluster (Rousseeuw 1987). All N² distances are
    /// computed, N numbers held. Error when labels and rows differ in number, there are fewer than two clusters or as many
    /// as rows, or a number is not finite.
    let silhouettes (execution: Execution) (labels: 'L[]) (source: Source) : Result<float[], GmmError> =
        let ofRows execution clusters source =
            source |> Source.collect execution (silhouettesOfBlock execution clusters source)

        ofClusters ofRows execution labels source

    /// The mean silhouette of the rows, from −1 to 1, higher is better: see `silhouettes`.
    let silhouette (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters silhouetteOf execution labels source

    /// The mean over the clusters of maxⱼ (sᵢ + sⱼ) / dᵢⱼ, with mean distance s of the rows of a cluster to its mean and
    /// distance d of the means; lower is better (Davies and Bouldin 1979). ∞ where two means coincide. Errors as
    /// `silhouettes`.
    let daviesBouldin (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters daviesBouldinOf execution labels source

    /// The variance ratio, B/(K − 1) / (W/(N − K)): B and W are the squared distances of cluster means to the mean of all,
    /// one for each row, and of rows to the mean of their cluster; higher is better (Caliński and Harabasz 1974). ∞ where
    /// every row lies on its mean, 0 where all means coincide. Errors as `silhouettes`.
    let calinskiHarabasz (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters calinskiHarabaszOf execution labels source

    /// The smallest distance of two rows of different clusters, divided by the largest of two rows of one cluster; higher
    /// is better (Dunn 1974). All N² distances are computed, none kept. ∞ where the rows of each cluster coincide, 0 where
    /// two rows of different clusters do. Errors as `silhouettes`.
    let dunn (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters dunnOf execution labels source

    /// The four measures of labelled rows at once. Errors as `silhouettes`.
    let separation (execution: Execution) (labels: 'L[]) (source: Source) : Result<Separation, GmmError> =
        let ofRows execution clusters source =
            { Silhouette = silhouetteOf execution clusters source
              DaviesBouldin = daviesBouldinOf execution clusters source
              CalinskiHarabasz = calinskiHarabaszOf execution clusters source
              Dunn = dunnOf execution clusters source }

        ofClusters ofRows execution labels source

    // ── A fitted mixture ────────────────────────────────────────────────────────────────────────────────────────────

    /// A fitted mixture on data, with true labels if there are any: the criteria, and the measures of the clustering by
    /// likeliest components; the agreement with the labels takes no weights. All N² distances are computed, and none kept.
    /// Error as `Predict.labels`, and when labels and rows differ in number.
    let evaluate (fit: Fit<'θ>) (truth: 'A[] option) (source: Source) : Result<Evaluation, GmmError> =
        let count = truth |> Option.map (fun truth -> int64 truth.Length) |> Option.defaultValue source.Rows

        result {
            do!
                GmmError.requireAll
                    [ count = source.Rows, "True labels", $"one for each of the {source.Rows} rows", $"{count} labels" ]

            let! labels = Predict.labels fit source
            let! likelihood, weight = Predict.logLikelihood fit source
            let! icl = Predict.icl fit source
            let parameters = float fit.FreeParameters

            let! agreement =
                match truth with
                | Some truth -> agreement truth labels |> Result.map Some
                | None -> Ok None

            return
                { Score = likelihood / weight
                  Bic = -2.0 * likelihood + parameters * log weight
                  Aic = -2.0 * likelihood + 2.0 * parameters
                  Icl = icl
                  Separation = separation fit.Model.Execution labels source |> Result.toOption
                  Agreement = agreement }
        }
