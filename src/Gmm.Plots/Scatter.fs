namespace Gmm.Plots

open System
open Gmm

/// Panels that show rows as points, with components.
module internal Scatter =
    let private none = Array.empty<int>

    // ── Components ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a component's share of the largest weight.
    let private share (sketch: Sketch) k = sketch.Weights[k] / Array.max sketch.Weights

    let private ellipsesOf (options: PlotOptions) (sketch: Sketch) (colourOf: int -> Colour) (i, j) : Ellipses[] =
        match sketch.Means, sketch.Covariances with
        | Some means, Some covariances when options.Sigmas.Length > 0 ->
            Array.init sketch.Components (fun k ->
                let covariance = covariances[k]

                { Name = Sketch.componentName sketch k
                  Colour = colourOf k
                  Centre = (means[k, i], means[k, j])
                  Covariance = (covariance[i, i], covariance[i, j], covariance[j, j])
                  Sigmas = options.Sigmas
                  Opacity = if options.ByWeight then 0.25 + 0.75 * share sketch k else 1.0
                  Fill = options.EllipseFill })
        | _ -> [||]

    let private meansOf (options: PlotOptions) (sketch: Sketch) (numberOf: int -> int) (i, j) : Mean[] =
        match sketch.Means with
        | Some means when options.Means ->
            Array.init sketch.Components (fun k ->
                let a, b = means[k, i], means[k, j]

                { Name = $"mean of component {k}: {Sketch.short a}, {Sketch.short b}"
                  Label = string (numberOf k)
                  At = (a, b)
                  Radius =
                    if options.ByWeight && sketch.HasWeights then
                        3.0 + 3.0 * sqrt (share sketch k)
                    else
                        5.0
                  IsStart = false })
        | _ -> [||]

    /// Draws rings where the means started, with their paths over all known iterates.
    let private startsOf (options: PlotOptions) (iterates: Sketch list) (colourOf: int -> Colour) (i, j) : Mark list =
        match iterates |> List.choose _.Means with
        | start :: _ as path when options.StartMeans ->
            [ for k in 0 .. Array2D.length1 start - 1 do
                  Curve
                      { Name = $"way of the mean of component {k}"
                        X = [| for means in path -> means[k, i] |]
                        Y = [| for means in path -> means[k, j] |]
                        Colour = colourOf k
                        Dotted = false
                        Filled = false }
              for k in 0 .. Array2D.length1 start - 1 do
                  let a, b = start[k, i], start[k, j]

                  Mean
                      { Name = $"start of component {k}: {Sketch.short a}, {Sketch.short b}"
                        Label = ""
                        At = (a, b)
                        Radius = 4.0
                        IsStart = true } ]
        | _ -> []

    // ── Points ──────────────────────────────────────────────────────────────────────────────────────────────────────

    let points (options: PlotOptions) (sample: Drawn) shapes paint (i, j) : Points =
        { X = sample.Values[*, i]
          Y = sample.Values[*, j]
          Paint = paint
          Shapes = shapes
          Radius =
            options.PointSize
            |> Option.defaultValue (
                if sample.Count <= 1000 then 3.0
                elif sample.Count <= 10000 then 2.0
                else 1.2
            )
          Opacity = options.PointOpacity
          Hollow = false }

    /// The look of the points, and what the legend and the caption say about it.
    [<NoEquality; NoComparison>]
    type Look =
        {
            Paint: Paint
            Shapes: int[]
            /// Whether every row has a ring; empty for no rings.
            Ringed: bool[]
            /// The colour of component k.
            ColourOf: int -> Colour
            Legend: Entry list
            Bar: Bar option
            Caption: string list
        }

    let entry key text : Entry =
        { Key = key
          Text = text
          Height = None }

    let private componentEntries (sketch: Sketch) =
        [ for k in 0 .. sketch.Components - 1 -> entry (Dot(Series k)) (Sketch.componentName sketch k)
          for share in Option.toList sketch.Noise -> entry (Dot Quiet) (Sketch.noiseName share) ]

    /// Gives classes shapes, in order of appearance.
    let private shapesOf (options: PlotOptions) (sample: Drawn) =
        match options.Classes with
        | None -> none, []
        | Some classes ->
            let kinds = Array.distinct classes
            let shapeOf = dict (kinds |> Seq.mapi (fun shape kind -> kind, shape))

            Sketch.ofRows sample classes |> Array.map (fun kind -> shapeOf[kind]),
            [ for shape, kind in Seq.indexed kinds -> entry (Shape shape) kind ]

    let private byComponent options (sketch: Sketch) (fit: Fit<'θ>) (sample: Drawn) (sampled: Source) =
        Predict.labels fit sampled
        |> Result.map (fun labels ->
            let shapes, classes = shapesOf options sample

            { Paint = BySeries labels
              Shapes = shapes
              Ringed = [||]
              ColourOf = Series
              Legend = componentEntries sketch @ classes
              Bar = None
              Caption = [] })

    let private byClass (options: PlotOptions) (sketch: Sketch) (fit: Fit<'θ>) (sample: Drawn) (source: Source) =
        result {
            let classes = Option.get options.Classes
            let! labels = Predict.labels fit source
            let! report = Metrics.report classes labels
            let matched = report.Classes |> Array.map (fun scores -> scores.Class, scores.Label)

            /// The classes without a component, which have colours of their own.
            let others =
                matched
                |> Array.filter (snd >> Option.isNone)
                |> Array.mapi (fun i (kind, _) -> kind, sketch.Components + i)

            let seriesOf =
                Array.append
                    (matched |> Array.choose (fun (kind, label) -> label |> Option.map (fun k -> kind, k)))
                    others
                |> dict

            let isWrong = Array.map2 (fun kind label -> seriesOf[kind] <> label) classes labels
            let wrong = isWrong |> Array.filter id |> Array.length

            let classOf =
                dict
                    [ for kind, label in matched do
                          if label.IsSome then
                              label.Value, kind ]

            let name k =
                match classOf.TryGetValue k with
                | true, kind -> $"{kind} = {Sketch.componentName sketch k}"
                | _ -> Sketch.componentName sketch k

            return
                { Paint = Sketch.ofRows sample classes |> Array.map (fun kind -> seriesOf[kind]) |> BySeries
                  Shapes = none
                  Ringed = Sketch.ofRows sample isWrong
                  ColourOf = Series
                  Legend =
                    [ for k in 0 .. sketch.Components - 1 do
                          entry (Dot(Series k)) (name k)
                      for kind, series in others do
                          entry (Dot(Series series)) kind
                      if wrong > 0 then
                          entry Ring "in another component" ]
                  Bar = None
                  Caption =
                    [ $"{Sketch.rows (int64 wrong)} in a component that is not their class's: accuracy {Sketch.percent report.Accuracy}" ] }
        }

    let private byDensity options (fit: Fit<'θ>) (sample: Drawn) (sampled: Source) =
        Predict.logDensities fit sampled
        |> Result.map (fun densities ->
            let sorted = Array.sort densities
            let isCut = sorted.Length >= 100
            let low, high = Scale.widen (sorted[if isCut then sorted.Length / 100 else 0], Array.last sorted)
            let shapes, classes = shapesOf options sample

            { Paint =
                densities |> Array.map (fun density -> Math.Clamp((density - low) / (high - low), 0.0, 1.0)) |> ByLevel
              Shapes = shapes
              Ringed = [||]
              ColourOf = fun _ -> Quiet
              Legend = classes
              Bar =
                Some
                    { Title = "ln p(x)"
                      Low = low
                      High = high
                      IsGrey = false }
              Caption =
                [ if isCut then
                      $"below {Sketch.brief low} log-densities have one colour" ] })

    /// Finds the look of the sampled rows under a fit.
    let look (options: PlotOptions) (fit: Fit<'θ>) (sample: Drawn) (source: Source) : Result<Look, GmmError> =
        let sketch = Sketch.ofFit fit

        result {
            let! sampled = Source.ofArray2D sample.Values

            return!
                match options.Colour with
                | PointColour.Component -> byComponent options sketch fit sample sampled
                | PointColour.Class -> byClass options sketch fit sample source
                | PointColour.Density -> byDensity options fit sample sampled
        }

    // ── Panels ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the largest distance of the ellipses from the means, in standard deviations.
    let farthest (options: PlotOptions) = Array.fold max 0.0 options.Sigmas

    /// Draws ellipses, points, and the means on top, in the plane of two features.
    let marks
        options
        (iterates: Sketch list)
        (sketch: Sketch)
        (sample: Drawn)
        (look: Look)
        numberOf
        (i, j)
        : Mark list =
        let all = points options sample look.Shapes look.Paint (i, j)
        let ringed = look.Ringed |> Array.indexed |> Array.filter snd |> Array.map fst

        [ yield! ellipsesOf options sketch look.ColourOf (i, j) |> Array.map Ellipses
          Points all
          if ringed.Length > 0 then
              Points
                  { all with
                      X = ringed |> Array.map (fun n -> all.X[n])
                      Y = ringed |> Array.map (fun n -> all.Y[n])
                      Paint = Plain Ink
                      Shapes = none
                      Radius = all.Radius + 2.0
                      Hollow = true }
          yield! startsOf options iterates look.ColourOf (i, j)
          yield! meansOf options sketch numberOf (i, j) |> Array.map Mean ]

    let axes (options: PlotOptions) (sample: Drawn) (sketches: Sketch list) (i, j) marks : Axes =
        let axis feature =
            Sketch.intervalOf sample sketches (farthest options) feature
            |> Sketch.axis (Sketch.nameOf options feature) Round

        { Title = ""
          Row = 0
          Column = 0
          Horizontal = axis i
          Vertical = axis j
          IsImage = false
          Marks = marks }

    /// Describes the ellipses in words.
    let private ellipseWords (options: PlotOptions) (sketch: Sketch) =
        if options.Sigmas.Length = 0 || sketch.Covariances.IsNone then
            []
        else
            let sigmas = options.Sigmas |> Array.sort |> Array.map (Sketch.invariant "0.##") |> String.concat ", "
            let weights = if options.ByWeight then ", the more opaque the larger the weight" else ""
            [ $"ellipses at {sigmas} σ{weights}" ]

    let private startWords (options: PlotOptions) (sketch: Sketch) =
        if options.StartMeans && sketch.Means.IsSome then
            [ "rings where the means started" ]
        else
            []

    let caption options sketch (sample: Drawn) (more: string list) =
        [ Sketch.rowsOf sample ] @ ellipseWords options sketch @ startWords options sketch @ more
        |> String.concat "; "

    let figure (options: PlotOptions) caption legend bar panels : Figure =
        { Title = options.Title
          Caption = caption
          Width = options.Width
          Height = options.Height
          Panels = panels
          Columns = [| 1.0 |]
          Legend = if options.Legend then legend else []
          Bar = bar
          Names = [||] }

    // ── Animation ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Chooses at most 60 of the iterates: the first 30, and then others at even distances until the last.
    let frames count : int[] =
        if count <= 60 then
            [| 0 .. count - 1 |]
        else
            [| yield! [| 0..29 |]; for i in 1..30 -> 29 + int (round (float ((count - 30) * i) / 30.0)) |]

    /// Draws the marks of several mixtures, one mixture per frame.
    let moving options (sketches: Sketch[]) (sample: Drawn) (labels: int[][]) (i, j) : Mark list =
        let all = labels |> Array.map (fun labels -> points options sample none (BySeries labels) (i, j) |> Points)
        let ofComponents marksOf = sketches |> Array.map marksOf |> Array.transpose |> Array.map Moving

        [ yield! ofComponents (fun sketch -> ellipsesOf options sketch Series (i, j) |> Array.map Ellipses)
          Moving all
          yield! ofComponents (fun sketch -> meansOf options sketch id (i, j) |> Array.map Mean) ]
