namespace Gmm.Plots

open System
open System.Globalization
open Gmm

/// What can be drawn of a mixture, whatever its family: means and covariances of Gaussian components, means of centroids.
type internal Sketch =
    {
        /// πₖ (K); all equal where weights are not estimated.
        Weights: float[]
        /// Whether weights are estimated.
        HasWeights: bool
        /// μ (K×D).
        Means: float[,] option
        /// Σₖ (K of D×D).
        Covariances: float[,][] option
    }

    member sketch.Components = sketch.Weights.Length

/// Some rows of the data, chosen to be drawn.
[<NoEquality; NoComparison>]
type internal Drawn =
    {
        /// The numbers of the rows (M), ascending.
        Numbers: int64[]
        /// Their values (M×D).
        Values: float[,]
        /// How many rows the data have, N.
        Rows: int64
    }

    member sample.Count = sample.Numbers.Length

/// What all pictures of mixtures need: what a fit shows, the rows to draw, words and numbers, and checks.
module internal Sketch =
    let ofMixture weights (mixture: Mixture<'θ>) : Sketch =
        let means, covariances =
            match box mixture.Parameters with
            | :? Gaussian as gaussian ->
                Some(gaussian.Means.toArray2D ()), Some(Array.init gaussian.Components (Gaussian.covariance gaussian))
            | :? Centroid as centroid -> Some(centroid.Centres.toArray2D ()), None
            | _ -> None, None

        { Weights = mixture.Weights
          HasWeights = (weights <> Fixed)
          Means = means
          Covariances = covariances }

    let ofFit (fit: Fit<'θ>) = ofMixture fit.Model.Weights fit.Mixture

    // ── Words and numbers ───────────────────────────────────────────────────────────────────────────────────────────

    let invariant (format: string) (value: float) = value.ToString(format, CultureInfo.InvariantCulture)

    let short = invariant "G5"

    let brief = invariant "G3"

    let count (rows: int64) = rows.ToString("N0", CultureInfo.InvariantCulture)

    let percent (share: float) = invariant "0.0" (100.0 * share) + " %"

    let nameOf (options: PlotOptions) j =
        if options.ColumnNames.Length = 0 || options.ColumnNames[j] = "" then
            $"column {j + 1}"
        else
            options.ColumnNames[j]

    let componentName (sketch: Sketch) k =
        if sketch.HasWeights then
            $"component {k}: {percent sketch.Weights[k]}"
        else
            $"component {k}"

    /// The rows drawn, in words.
    let rowsOf (sample: Drawn) =
        if int64 sample.Count = sample.Rows then
            $"{count sample.Rows} rows"
        else
            $"{count (int64 sample.Count)} of {count sample.Rows} rows, chosen at random"

    // ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// All rows, or `most` chosen at random, always the same ones.
    let sample most (source: Source) : Drawn =
        let numbers =
            if source.Rows <= int64 most then
                [| 0L .. source.Rows - 1L |]
            else
                RandomStream.distinct (RandomStream.ofSeed 0) most source.Rows |> Array.sort

        { Numbers = numbers
          Values = Source.rows numbers source
          Rows = source.Rows }

    /// What the sampled rows have of something that all rows have.
    let ofRows (sample: Drawn) (all: 'T[]) : 'T[] = sample.Numbers |> Array.map (fun row -> all[int row])

    // ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────────

    let private shareOf (x: float) = x >= 0.0 && x <= 1.0

    /// What is wrong with the options of any picture.
    let checkOptions (options: PlotOptions) =
        let isPositive x = x > 0.0 && x < infinity

        GmmError.requireAll
            [ options.Width >= 240, "Width", "at least 240", string options.Width
              options.Height >= 240, "Height", "at least 240", string options.Height
              options.MaxPoints >= 1, "MaxPoints", "at least 1", string options.MaxPoints
              Option.forall isPositive options.PointSize,
              "PointSize",
              "above 0 and finite",
              string (Option.defaultValue 0.0 options.PointSize)
              options.PointOpacity > 0.0 && options.PointOpacity <= 1.0,
              "PointOpacity",
              "above 0 and at most 1",
              string options.PointOpacity
              shareOf options.EllipseFill, "EllipseFill", "between 0 and 1", string options.EllipseFill
              Array.forall isPositive options.Sigmas,
              "Sigmas",
              "above 0 and finite",
              string (Tensor.vector options.Sigmas) ]

    /// What is wrong with options and data; the features chosen are `wanted` when there are any.
    let check (options: PlotOptions) (wanted: int -> bool) (words: string) execution (source: Source) =
        let features = source.Columns
        let names = options.ColumnNames.Length
        let columns = options.Columns
        let classes = options.Classes |> Option.map (fun classes -> int64 classes.Length)
        let isFeature j = j >= 0 && j < features
        let isChoice = Array.forall isFeature columns && Array.distinct columns = columns

        result {
            do! checkOptions options

            do!
                GmmError.requireAll
                    [ names = 0 || names = features, "ColumnNames", $"empty or {features} names", $"{names} names"
                      classes |> Option.forall ((=) source.Rows),
                      "Classes",
                      $"one for each of the {source.Rows} rows",
                      string (Option.defaultValue 0L classes)
                      columns.Length = 0 || isChoice && wanted columns.Length,
                      "Columns",
                      $"empty or {words} between 0 and {features - 1}",
                      String.Join(", ", columns)
                      options.Colour <> PointColour.Class || Option.isSome options.Classes,
                      "Classes",
                      "given, for points in the colours of their classes",
                      "none" ]

            do! Source.validate execution source
        }

    // ── Intervals ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// The interval of the data, larger by at most two fifths on each side to show what reaches beyond it.
    let interval (data: float * float) (reach: (float * float)[]) =
        let low, high = Scale.widen data
        let most = 0.4 * (high - low)

        Scale.padded (
            max (low - most) (reach |> Array.map fst |> Array.fold min low),
            min (high + most) (reach |> Array.map snd |> Array.fold max high)
        )

    /// The interval of a feature, with all sampled rows, all means, and the components as far as `sigma`.
    let intervalOf (sample: Drawn) (sketches: Sketch list) sigma feature =
        let means = sketches |> List.choose _.Means |> List.map (fun means -> means[*, feature])
        let data = Array.concat (sample.Values[*, feature] :: means)

        let reach =
            [| for sketch in sketches do
                   match sketch.Means, sketch.Covariances with
                   | Some means, Some covariances ->
                       for k in 0 .. sketch.Components - 1 do
                           let reach = sigma * sqrt (covariances[k][feature, feature])
                           means[k, feature] - reach, means[k, feature] + reach
                   | _ -> () |]

        interval (Array.min data, Array.max data) reach

    let axis title ticks (low, high) : Axis =
        { Title = title
          Low = low
          High = high
          Ticks = ticks }

    // ── The best features ───────────────────────────────────────────────────────────────────────────────────────────

    /// The features that separate the components best: see `Plot.bestColumns`; of centroids, the first ones.
    let bestColumns wanted features (sketch: Sketch) : int[] =
        match sketch.Means, sketch.Covariances with
        | Some means, Some all when features > wanted ->
            let sum term = Seq.sum (Seq.mapi term sketch.Weights)
            let centre = Array.init features (fun j -> sum (fun k weight -> weight * means[k, j]))
            let within i j = sum (fun k weight -> weight * all[k][i, j])
            let deviations = Array.init features (fun j -> sqrt (within j j))

            // Features in units of their deviation within, so that W is a correlation matrix.
            let offsets = Array2D.init sketch.Components features (fun k j -> (means[k, j] - centre[j]) / deviations[j])

            let between i j = sum (fun k weight -> weight * offsets[k, i] * offsets[k, j])

            let separation (i, j) =
                let r = within i j / (deviations[i] * deviations[j])
                (between i i + between j j - 2.0 * r * between i j) / max 1e-12 (1.0 - r * r)

            if wanted = 1 then
                [| Seq.maxBy (fun j -> between j j) (seq { 0 .. features - 1 }) |]
            else
                let i, j =
                    seq {
                        for i in 0 .. features - 2 do
                            for j in i + 1 .. features - 1 -> i, j
                    }
                    |> Seq.maxBy separation

                [| i; j |]
        | _ -> [| 0 .. min wanted features - 1 |]
