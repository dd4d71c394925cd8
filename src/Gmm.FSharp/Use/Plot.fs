namespace Gmm

open System
open System.Globalization
open System.IO
open System.Xml.Linq

/// How to draw a picture; start from `Plot.defaults`.
type PlotOptions =
    {
        /// Above the picture; empty for none.
        Title: string
        /// The two features to draw, counted from 0, first the horizontal one; None for the pair that separates the
        /// components best (see `Plot.bestColumns`).
        Columns: (int * int) option
        /// The names of all D features, as a `Table` has them; empty for "column 1" …
        ColumnNames: string[]
        /// The true class of every row (N), drawn as the shape of its mark.
        Classes: string[] option
        /// Pixels, at least 240.
        Width: int
        /// Pixels, at least 240.
        Height: int
        /// How many standard deviations from the mean the ellipses lie.
        Sigmas: float[]
        /// How many points are drawn at most; of more rows this many are chosen at random, always the same ones.
        MaxPoints: int
    }

/// Pictures of fitted mixtures as SVG: text that any browser shows, in light and in dark surroundings, and that refers to
/// nothing outside itself. The same fit and data give the same text.
module Plot =
    /// 720×480, ellipses at 1, 2 and 3 σ, at most 5,000 points, no title; the pair of features that separates best.
    let defaults =
        { Title = ""
          Columns = None
          ColumnNames = [||]
          Classes = None
          Width = 720
          Height = 480
          Sigmas = [| 1.0; 2.0; 3.0 |]
          MaxPoints = 5000 }

    // ── Frame: title, axes, legend, caption ─────────────────────────────────────────────────────────────────────────

    let private titleSize, private axisSize, private tickSize, private captionSize = 16.0, 13.0, 11.5, 11.0

    /// What is written around the marks.
    type private Labels =
        {
            Title: string
            Horizontal: string
            Vertical: string
            Caption: string
            /// A mark about (x, y), and what it means.
            Legend: ((float * float -> XElement) * string) list
        }

    /// Where the legend goes: its font size, the entries in each of its columns, and the width of a column.
    let private legendLayout width height (entries: string list) =
        let layout size =
            let rows = max 1 (int (height / (1.6 * size)))
            let columns = (entries.Length + rows - 1) / rows
            let longest = entries |> List.map (Svg.textWidth size) |> List.fold max 0.0
            size, rows, columns, min (longest + 3.0 * size) (0.4 * width)

        // Smaller text where many components would take more than two fifths of the picture.
        [ 12.0; 10.0; 8.0; 6.0; 4.0 ]
        |> List.map layout
        |> fun layouts ->
            layouts
            |> List.tryFind (fun (_, _, columns, column) -> float columns * column <= 0.4 * width)
            |> Option.defaultValue (List.last layouts)

    let private legend
        (x: float)
        (y: float)
        (size, rows, _, column)
        (entries: ((float * float -> XElement) * string) list)
        =
        entries
        |> List.mapi (fun i (mark, text) ->
            let x, y = x + column * float (i / rows), y + 1.6 * size * (float (i % rows) + 0.5)

            Svg.group
                "gmm-legend"
                [ mark (x + 0.7 * size, y)
                  Svg.text
                      "gmm-ink"
                      "start"
                      size
                      (x + 1.8 * size, y + 0.35 * size)
                      (Svg.fitText size (column - 2.0 * size) text) ])
        |> Svg.group ""

    /// The whole picture: axes for two intervals, marks drawn on their scales, and what is written around them.
    let private assemble
        (options: PlotOptions)
        (labels: Labels)
        horizontal
        vertical
        (marks: Scale -> Scale -> XElement list)
        =
        let width, height = float options.Width, float options.Height
        let top = if labels.Title = "" then 14.0 else 40.0
        let bottom = height - 72.0

        let yStep, yTicks = Scale.ticks (max 2 (int ((bottom - top) / 42.0))) vertical
        let yTexts = Scale.labels yStep yTicks
        let left = 36.0 + (yTexts |> Array.map (Svg.textWidth tickSize) |> Array.max)

        let legendTexts = labels.Legend |> List.map snd
        let size, rows, columns, column = legendLayout width (bottom - top) legendTexts
        let right = width - 22.0 - float columns * column

        // As many horizontal ticks as their texts leave room for.
        let xStep, xTicks, xTexts =
            [ 10; 8; 6; 5; 4; 3; 2 ]
            |> List.map (fun count ->
                let step, ticks = Scale.ticks count horizontal
                step, ticks, Scale.labels step ticks)
            |> fun choices ->
                choices
                |> List.tryFind (fun (_, _, texts) ->
                    Array.sumBy (fun text -> Svg.textWidth tickSize text + 20.0) texts <= right - left)
                |> Option.defaultValue (List.last choices)

        let x =
            { Low = fst horizontal
              High = snd horizontal
              First = left
              Last = right }

        let y =
            { Low = fst vertical
              High = snd vertical
              First = bottom
              Last = top }

        let xTick (value: float) text =
            Svg.group
                "gmm-tick"
                [ Svg.line "gmm-grid" (x.At value, top) (x.At value, bottom)
                  Svg.text "gmm-soft" "middle" tickSize (x.At value, bottom + 18.0) text ]

        let yTick (value: float) text =
            Svg.group
                "gmm-tick"
                [ Svg.line "gmm-grid" (left, y.At value) (right, y.At value)
                  Svg.text "gmm-soft" "end" tickSize (left - 7.0, y.At value + 0.35 * tickSize) text ]

        let verticalTitle =
            let title =
                Svg.text "gmm-ink" "middle" axisSize (0.0, 0.0) (Svg.fitText axisSize (bottom - top) labels.Vertical)

            title.SetAttributeValue(
                XName.Get "transform",
                $"translate(18 {Svg.number ((top + bottom) / 2.0)}) rotate(-90)"
            )

            title

        [ Svg.group "gmm-ticks" [ yield! Seq.map2 xTick xTicks xTexts; yield! Seq.map2 yTick yTicks yTexts ]
          Svg.window left top (right - left) (bottom - top) (marks x y)
          Svg.line "gmm-axis" (left, bottom) (right, bottom)
          Svg.line "gmm-axis" (left, top) (left, bottom)
          Svg.text
              "gmm-ink"
              "middle"
              axisSize
              ((left + right) / 2.0, bottom + 40.0)
              (Svg.fitText axisSize (right - left) labels.Horizontal)
          verticalTitle
          if labels.Title <> "" then
              Svg.text
                  "gmm-ink"
                  "start"
                  titleSize
                  (left, 26.0)
                  (Svg.fitText titleSize (width - left - 10.0) labels.Title)
          legend (right + 12.0) top (size, rows, columns, column) labels.Legend
          Svg.text
              "gmm-soft"
              "start"
              captionSize
              (left, height - 10.0)
              (Svg.fitText captionSize (width - left - 10.0) labels.Caption) ]
        |> Svg.picture width height (if labels.Title = "" then "Gaussian mixture" else labels.Title)

    // ── What both pictures say ──────────────────────────────────────────────────────────────────────────────────────

    let private invariant (format: string) (value: float) = value.ToString(format, CultureInfo.InvariantCulture)

    let private nameOf (options: PlotOptions) j =
        if options.ColumnNames.Length = 0 || options.ColumnNames[j] = "" then
            $"column {j + 1}"
        else
            options.ColumnNames[j]

    let private short = invariant "G5"

    let private count (rows: int64) = rows.ToString("N0", CultureInfo.InvariantCulture)

    let private percent (weight: float) = invariant "0.0" (100.0 * weight) + " %"

    /// How opaque component k is drawn: the largest weight fully, none less than a quarter.
    let private opacity (weights: float[]) k = 0.25 + 0.75 * weights[k] / Array.max weights

    let private componentLegend (weights: float[]) =
        weights
        |> Array.toList
        |> List.mapi (fun k weight ->
            (fun place -> Svg.group $"gmm-point {Svg.colour k}" [ Svg.mark "" 0 5.0 place ]),
            $"component {k}: {percent weight}")

    /// A cross at a mean, readable on any background, with the number of its component.
    let private meanMark name k (x: float, y: float) =
        let cross ``class`` =
            Svg.element
                "path"
                [ "class", ``class``
                  "d", $"M{Svg.number (x - 5.0)} {Svg.number y}h10M{Svg.number x} {Svg.number (y - 5.0)}v10" ]
                []

        Svg.group
            "gmm-mean"
            [ cross "gmm-halo"
              cross "gmm-line"
              Svg.text "gmm-ink gmm-halo" "start" 12.0 (x + 7.0, y - 6.0) (string k) ]
        |> Svg.hint name

    let private covariances (gaussian: Gaussian) = Array.init gaussian.Components (Gaussian.covariance gaussian)

    let private check (options: PlotOptions) (fit: Fit<Gaussian>) (source: Source) =
        let features = fit.Parameters.Features
        let isFeature j = j >= 0 && j < features
        let names = options.ColumnNames.Length

        let classes =
            options.Classes |> Option.map (fun classes -> int64 classes.Length) |> Option.defaultValue source.Rows

        result {
            do! Source.requireColumns features source

            do!
                GmmError.requireAll
                    [ options.Width >= 240, "Width", "at least 240", string options.Width
                      options.Height >= 240, "Height", "at least 240", string options.Height
                      options.MaxPoints >= 1, "MaxPoints", "at least 1", string options.MaxPoints
                      options.Sigmas |> Array.forall (fun sigma -> sigma > 0.0 && sigma < infinity),
                      "Sigmas",
                      "above 0 and finite",
                      string (Tensor.vector options.Sigmas)
                      names = 0 || names = features, "ColumnNames", $"empty or {features} names", $"{names} names"
                      classes = source.Rows, "Classes", $"one for each of the {source.Rows} rows", $"{classes}"
                      options.Columns
                      |> Option.forall (fun (i, j) -> isFeature i && isFeature j && (i <> j || features = 1)),
                      "Columns",
                      $"two features between 0 and {features - 1}",
                      options.Columns |> Option.map (fun (i, j) -> $"{i} and {j}") |> Option.defaultValue "" ]

            do! Source.validate fit.Model.Execution source
        }

    /// An interval with a little room on both sides.
    let private padded (low, high) =
        let low, high = Scale.widen (low, high)
        let room = 0.03 * (high - low)
        low - room, high + room

    /// The interval of the data, larger by at most two fifths on each side to show what reaches beyond it.
    let private interval (data: float * float) (reach: (float * float)[]) =
        let low, high = Scale.widen data
        let most = 0.4 * (high - low)

        padded (
            max (low - most) (reach |> Array.map fst |> Array.fold min low),
            min (high + most) (reach |> Array.map snd |> Array.fold max high)
        )

    // ── Density of one feature ──────────────────────────────────────────────────────────────────────────────────────

    let private range (a, b) (c, d) : float * float = min a c, max b d

    /// The smallest and the largest number of a feature.
    let private rangeOf feature (fit: Fit<Gaussian>) (source: Source) =
        source
        |> Source.reduce fit.Model.Execution range (fun block ->
            Seq.init block.Rows (fun i -> let x = block.Row(i)[feature] in x, x) |> Seq.reduce range)

    /// The weight of the rows in each of some bins of equal width.
    let private histogram feature bins (low: float, high: float) (fit: Fit<Gaussian>) (source: Source) : float[] =
        source
        |> Source.reduce fit.Model.Execution (Array.map2 (+)) (fun block ->
            let counts = Array.zeroCreate<float> bins

            for i in 0 .. block.Rows - 1 do
                let bin = int (float bins * (block.Row(i)[feature] - low) / (high - low))
                let bin = min bin (bins - 1)
                counts[bin] <- counts[bin] + block.Weight i

            counts)

    /// The density Σₖ πₖ N(x|μₖⱼ, Σₖⱼⱼ) of one feature j, counted from 0, and that of every component, over a histogram of
    /// all rows (2 ∛N bins of equal width, at most 80). Error when options, data and fit don't belong together.
    let density (options: PlotOptions) (feature: int) (fit: Fit<Gaussian>) (source: Source) : Result<string, GmmError> =
        result {
            do! check options fit source
            let isFeature = feature >= 0 && feature < source.Columns
            do! GmmError.requireAll [ isFeature, "Feature", $"between 0 and {source.Columns - 1}", string feature ]

            let weights, means = fit.Weights, fit.Parameters.Means.toArray2D ()
            let components = weights.Length

            let deviations =
                covariances fit.Parameters |> Array.map (fun covariance -> sqrt covariance[feature, feature])

            let low, high = Scale.widen (rangeOf feature fit source)

            let value k (x: float) =
                let z = (x - means[k, feature]) / deviations[k]
                weights[k] * exp (-0.5 * z * z) / (deviations[k] * sqrt (2.0 * Math.PI))

            let total x = Seq.sum (seq { for k in 0 .. components - 1 -> value k x })

            let reach =
                Array.init components (fun k ->
                    means[k, feature] - 3.0 * deviations[k], means[k, feature] + 3.0 * deviations[k])

            let horizontal = interval (low, high) reach

            // Close enough everywhere, and around every mean, where a narrow component has its peak.
            let places =
                [| for i in 0..240 -> fst horizontal + (snd horizontal - fst horizontal) * float i / 240.0
                   for k in 0 .. components - 1 do
                       for i in -20 .. 20 -> means[k, feature] + deviations[k] * float i / 5.0 |]
                |> Array.filter (fun x -> x >= fst horizontal && x <= snd horizontal)
                |> Array.sort

            let bins = int (ceil (2.0 * Math.Cbrt(float source.Rows))) |> min 80
            let width = (high - low) / float bins

            let counts = histogram feature bins (low, high) fit source
            let bars = counts |> Array.map (fun count -> count / (Array.sum counts * width))

            let largest = max (Array.max bars) (places |> Array.map total |> Array.max)

            let marks (x: Scale) (y: Scale) =
                let points value = places |> Seq.map (fun place -> x.At place, y.At(value place))

                let bar i density =
                    let left = low + width * float i
                    Svg.rectangle "gmm-bar" (x.At left) (y.At density) (x.Factor * width) (y.At 0.0 - y.At density)

                [ Svg.group "" [ for i in 0 .. bins - 1 -> bar i bars[i] ]
                  for k in 0 .. components - 1 do
                      Svg.curve $"gmm-curve {Svg.colour k}" (points (value k))
                  Svg.curve "gmm-line" (points total)
                  for k in 0 .. components - 1 do
                      let mean = means[k, feature]
                      meanMark $"mean of component {k}: {short mean}" k (x.At mean, y.At(value k mean)) ]

            return
                assemble
                    options
                    { Title = options.Title
                      Horizontal = nameOf options feature
                      Vertical = "density"
                      Caption =
                        $"Density of the mixture and its components; histogram of {count source.Rows} rows; percentages are the weights"
                      Legend = componentLegend weights }
                    horizontal
                    (0.0, 1.05 * largest)
                    marks
        }

    // ── Scatter of two features ─────────────────────────────────────────────────────────────────────────────────────

    /// The two features i < j that separate the components best: those with the largest tr(W⁻¹B), where W = Σₖ πₖ Σₖ is the
    /// covariance within the components and B = Σₖ πₖ (μₖ−μ)(μₖ−μ)ᵀ that between them, both of the two features alone (the
    /// Lawley–Hotelling trace). Of equals the first pair; both features are 0 where there is only one.
    let bestColumns (fit: Fit<Gaussian>) : int * int =
        let weights, means, features = fit.Weights, fit.Parameters.Means.toArray2D (), fit.Parameters.Features
        let all = covariances fit.Parameters
        let sum term = Seq.sum (Seq.mapi term weights)
        let centre = Array.init features (fun j -> sum (fun k weight -> weight * means[k, j]))
        let within i j = sum (fun k weight -> weight * all[k][i, j])
        let deviations = Array.init features (fun j -> sqrt (within j j))

        // Features in units of their deviation within, so that W is a correlation matrix.
        let offsets = Array2D.init weights.Length features (fun k j -> (means[k, j] - centre[j]) / deviations[j])
        let between i j = sum (fun k weight -> weight * offsets[k, i] * offsets[k, j])

        let separation (i, j) =
            let r = within i j / (deviations[i] * deviations[j])
            (between i i + between j j - 2.0 * r * between i j) / max 1e-12 (1.0 - r * r)

        if features = 1 then
            0, 0
        else
            seq {
                for i in 0 .. features - 2 do
                    for j in i + 1 .. features - 1 -> i, j
            }
            |> Seq.maxBy separation

    /// The principal axes of a 2×2 covariance ((a, b), (b, c)): the standard deviations along both, the larger first, and the
    /// angle of the first in degrees from the first coordinate to the second.
    let private principalAxes (a: float) (b: float) (c: float) =
        let middle, radius = (a + c) / 2.0, Double.Hypot((a - c) / 2.0, b)
        (sqrt (middle + radius), sqrt (max 0.0 (middle - radius))), Math.Atan2(2.0 * b, a - c) / 2.0 * 180.0 / Math.PI

    /// The numbers of the rows to draw: all of them, or `most` chosen at random.
    let private thinned most (rows: int64) =
        if rows <= int64 most then
            [| 0L .. rows - 1L |]
        else
            RandomStream.distinct (RandomStream.ofSeed 0) most rows |> Array.sort

    let private checkLabels components (source: Source) (labels: int[]) =
        let isComponent k = k >= 0 && k < components
        let bad = labels |> Array.tryFind (isComponent >> not) |> Option.map string |> Option.defaultValue ""
        let each = $"one for each of the {source.Rows} rows"

        GmmError.requireAll
            [ labels.LongLength = source.Rows, "Labels", each, $"{labels.Length} labels"
              bad = "", "Labels", $"between 0 and {components - 1}", bad ]

    /// The ellipses at some σ of a covariance about a mean, both of two features, on two scales. In pixels the covariance is
    /// another one, because the scales differ; its axes are those of the ellipses.
    let private ellipses
        (x: Scale)
        (y: Scale)
        sigmas
        (a: float, b: float)
        (variance: float, shared: float, other: float)
        =
        let (first, second), degrees =
            principalAxes (variance * x.Factor * x.Factor) (shared * x.Factor * y.Factor) (other * y.Factor * y.Factor)

        [ for sigma in Array.sortDescending sigmas ->
              Svg.ellipse "" (x.At a, y.At b) (sigma * first, sigma * second) degrees ]

    let private draw
        (options: PlotOptions)
        (fit: Fit<Gaussian>)
        (source: Source)
        numbers
        (points: float[,])
        (labels: int[])
        =
        let weights, means = fit.Weights, fit.Parameters.Means.toArray2D ()
        let components = weights.Length
        let i, j = options.Columns |> Option.defaultWith (fun () -> bestColumns fit)
        let all = covariances fit.Parameters
        let farthest = Array.fold max 0.0 options.Sigmas

        let intervalOf feature =
            let data = Array.append points[*, feature] means[*, feature]

            Array.init components (fun k ->
                let reach = farthest * sqrt (all[k][feature, feature])
                means[k, feature] - reach, means[k, feature] + reach)
            |> interval (Array.min data, Array.max data)

        let classes = options.Classes |> Option.map (fun classes -> numbers |> Array.map (fun row -> classes[int row]))
        let kinds = options.Classes |> Option.map Array.distinct |> Option.defaultValue [||]
        let shapeOf = dict (kinds |> Seq.mapi (fun shape kind -> kind, shape))
        let radius = if labels.Length <= 1000 then 3.0 else 2.0

        let shape n =
            match classes with
            | Some classes -> shapeOf[classes[n]]
            | None -> 0

        let marks (x: Scale) (y: Scale) =
            let place (a, b) = x.At a, y.At b

            let componentOf k =
                let shape =
                    (all[k][i, i], all[k][i, j], all[k][j, j])
                    |> ellipses x y options.Sigmas (means[k, i], means[k, j])
                    |> Svg.group $"gmm-ellipse {Svg.colour k}"

                shape.SetAttributeValue(XName.Get "opacity", invariant "0.##" (opacity weights k))
                shape |> Svg.hint $"component {k}: {percent weights[k]}"

            let pointsOf k =
                [ for n in 0 .. labels.Length - 1 do
                      if labels[n] = k then
                          Svg.mark "" (shape n) radius (place (points[n, i], points[n, j])) ]

            [ for k in 0 .. components - 1 do
                  componentOf k
              for k in 0 .. components - 1 do
                  Svg.group $"gmm-point {Svg.colour k}" (pointsOf k)
              for k in 0 .. components - 1 do
                  let a, b = means[k, i], means[k, j]
                  meanMark $"mean of component {k}: {short a}, {short b}" k (place (a, b)) ]

        let sigmas = options.Sigmas |> Array.sort |> Array.map (invariant "0.##") |> String.concat ", "

        let rows =
            if int64 labels.Length = source.Rows then
                $"{count source.Rows} rows"
            else
                $"{count labels.LongLength} of {count source.Rows} rows, chosen at random"

        let classLegend =
            [ for shape, kind in Seq.indexed kinds do
                  (fun place -> Svg.mark "gmm-shape" shape 4.0 place), kind ]

        assemble
            options
            { Title = options.Title
              Horizontal = nameOf options i
              Vertical = nameOf options j
              Caption =
                if options.Sigmas.Length = 0 then
                    rows
                else
                    $"{rows}; ellipses at {sigmas} σ, the more opaque the larger the weight"
              Legend = componentLegend weights @ classLegend }
            (intervalOf i)
            (intervalOf j)
            marks

    /// The rows as points in the plane of two features, with every component's mean and its ellipses
    /// (x−μₖ)ᵀΣₖ⁻¹(x−μₖ) = σ² of the marginal 2×2 covariance, the more opaque the larger its weight; for data with one feature
    /// its `density` instead. The points have the colours of the components that `labels` (N) says, as from `Predict.labels`.
    /// Error when options, labels, data and fit don't belong together.
    let scatter
        (options: PlotOptions)
        (fit: Fit<Gaussian>)
        (source: Source)
        (labels: int[])
        : Result<string, GmmError> =
        result {
            do! check options fit source
            do! checkLabels fit.Mixture.Components source labels

            if source.Columns = 1 then
                return! density options 0 fit source
            else
                let numbers = thinned options.MaxPoints source.Rows
                let drawn = numbers |> Array.map (fun row -> labels[int row])
                return draw options fit source numbers (Source.rows numbers source) drawn
        }

    // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Writes a picture to a file, whose folder is made if need be. The file is complete or untouched: the text goes to
    /// another file beside it, which then takes its name. Error when it can't be written.
    let save (path: string) (picture: string) : Result<unit, GmmError> =
        Files.write path (fun stream -> stream.Write(ReadOnlySpan(Text.Encoding.UTF8.GetBytes picture)))
