namespace Gmm.Plots

open System
open System.Globalization
open Gmm

/// The parts of a mixture of any family that can be drawn: means and covariances of Gaussian components, locations and
/// scale matrices of Student's t components, means of centroids.
type internal Sketch =
    {
        /// πₖ (K); all equal when the fit doesn't estimate weights.
        Weights: float[]
        /// The weight of the noise, if there is noise.
        Noise: float option
        /// Whether the fit estimates weights.
        HasWeights: bool
        /// μ (K×D).
        Means: float[,] option
        /// Σₖ (K of D×D).
        Covariances: float[,][] option
    }

    member sketch.Components = sketch.Weights.Length

/// The rows of the data to draw.
[<NoEquality; NoComparison>]
type internal Drawn =
    {
        /// The numbers of the rows (M), ascending.
        Numbers: int64[]
        /// The values of these rows (M×D).
        Values: float[,]
        /// The number of rows of the data, N.
        Rows: int64
    }

    member sample.Count = sample.Numbers.Length

/// What all pictures of mixtures share: the drawable parts of a fit, the rows to draw, words and numbers, and checks.
module internal Sketch =
    let ofMixture (model: Model<'θ>) (mixture: Mixture<'θ>) : Sketch =
        let weights = mixture.Weights

        let means, covariances =
            match box mixture.Parameters with
            | :? Gaussian as gaussian ->
                Some(gaussian.Means.toArray2D ()), Some(Array.init gaussian.Components (Gaussian.covariance gaussian))
            | :? StudentT as t -> Some(StudentT.locations t), Some(Array.init t.Components (StudentT.scaleMatrix t))
            | :? Centroid as centroid -> Some(centroid.Centres.toArray2D ()), None
            | _ -> None, None

        { Weights = Array.truncate (Model.components model mixture) weights
          Noise = if model.Family.Noise.IsSome then Some(Array.last weights) else None
          HasWeights = (model.Weights <> Fixed)
          Means = means
          Covariances = covariances }

    let ofFit (fit: Fit<'θ>) = ofMixture fit.Model fit.Mixture

    // ── Words and numbers ───────────────────────────────────────────────────────────────────────────────────────────

    let invariant (format: string) (value: float) = value.ToString(format, CultureInfo.InvariantCulture)

    let short = invariant "G5"

    let brief = invariant "G3"

    let private count (rows: int64) = rows.ToString("N0", CultureInfo.InvariantCulture)

    /// Returns "1 row", "2 rows", "1,000 rows" …
    let rows (number: int64) = count number + (if number = 1L then " row" else " rows")

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

    let noiseName (share: float) = $"noise: {percent share}"

    /// Says in words which rows the picture shows.
    let rowsOf (sample: Drawn) =
        if int64 sample.Count = sample.Rows then
            rows sample.Rows
        else
            $"{count (int64 sample.Count)} of {rows sample.Rows}, chosen at random"

    // ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns all rows, or a random choice of `most` of them, which is always the same.
    let sample most (source: Source) : Drawn =
        let numbers =
            if source.Rows <= int64 most then
                [| 0L .. source.Rows - 1L |]
            else
                RandomStream.distinct (RandomStream.ofSeed 0) most source.Rows |> Array.sort

        { Numbers = numbers
          Values = Source.rows numbers source
          Rows = source.Rows }

    /// Picks the values of the sampled rows from those of all rows.
    let ofRows (sample: Drawn) (all: 'T[]) : 'T[] = sample.Numbers |> Array.map (fun row -> all[int row])

    // ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────────

    let private shareOf (x: float) = x >= 0.0 && x <= 1.0

    /// Checks the options that all pictures share.
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

    /// Checks options and data. If the options choose features, `wanted` must hold for their number.
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
                    [ names = 0 || names = features,
                      "ColumnNames",
                      $"""empty or {Display.count features "name"}""",
                      Display.count names "name"
                      classes |> Option.forall ((=) source.Rows),
                      "Classes",
                      $"""one for {Display.each source.Rows "row"}""",
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

    /// Checks options, fit and data; the data must have the features of the fit.
    let checkFit (options: PlotOptions) wanted words (fit: Fit<'θ>) (source: Source) =
        result {
            do! Source.requireColumns (fit.Model.Family.Features fit.Parameters) source
            do! check options wanted words fit.Model.Execution source
        }

    /// Says which features a picture of a plane takes.
    let pairWords = "two different features"

    let requirePlane (source: Source) =
        if source.Columns > 1 then
            Ok()
        else
            Error(InvalidData("at least two features to be drawn in a plane", "there is one"))

    let requireHistory (fit: Fit<'θ>) =
        GmmError.requireAll [ fit.History.Length > 0, "History", "true in the options of the fit", "false" ]

    // ── Intervals ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the interval of the data, extended on each side by at most two fifths to show what reaches beyond it.
    let interval (data: float * float) (reach: (float * float)[]) =
        let low, high = Scale.widen data
        let most = 0.4 * (high - low)

        Scale.padded (
            max (low - most) (reach |> Array.map fst |> Array.fold min low),
            min (high + most) (reach |> Array.map snd |> Array.fold max high)
        )

    /// Returns the interval of a feature that shows all sampled rows, all means, and the components as far as `sigma`.
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

    let ends (values: float seq) = Seq.min values, Seq.max values

    let axis title ticks (low, high) : Axis =
        { Title = title
          Low = low
          High = high
          Ticks = ticks }

    /// Lengthens an axis a little at both ends, so that the first point is drawn whole.
    let roomy (axis: Axis) =
        let room = 0.02 * (axis.High - axis.Low)

        { axis with
            Low = axis.Low - room
            High = axis.High + room }

    // ── The best features ───────────────────────────────────────────────────────────────────────────────────────────

    /// Finds the features that separate the components best: see `Plot.bestColumns`. For centroids it takes the first
    /// ones.
    let bestColumns wanted features (sketch: Sketch) : int[] =
        match sketch.Means, sketch.Covariances with
        | Some means, Some all when features > wanted ->
            let sum term = Seq.sum (Seq.mapi term sketch.Weights)
            let centre = Array.init features (fun j -> sum (fun k weight -> weight * means[k, j]))
            let within i j = sum (fun k weight -> weight * all[k][i, j])
            let deviations = Array.init features (fun j -> sqrt (within j j))

            // Features in units of their deviation within components, so that W is a correlation matrix.
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

    /// Returns the two features to draw: those of the options, or those that separate the components best.
    let pairOf (options: PlotOptions) (source: Source) sketch =
        let columns =
            if options.Columns.Length = 2 then
                options.Columns
            else
                bestColumns 2 source.Columns sketch

        columns[0], columns[1]
