namespace Gmm

open System
open Gmm.Plots

/// Pictures of mixtures, of how they were fitted, and of how they were chosen. Each is a `Figure`: text as SVG, HTML or JSON for
/// Plotly, or a file. The same fit and data give the same figure.
module Plot =
    /// 720×480; ellipses at 1, 2 and 3 σ, by weight, with the means; at most 5,000 points in the colours of their
    /// components; the pair of features that separates best; no title.
    let defaults =
        { Title = ""
          Columns = [||]
          ColumnNames = [||]
          Classes = None
          Colour = PointColour.Component
          PointSize = None
          PointOpacity = 0.55
          MaxPoints = 5000
          Sigmas = [| 1.0; 2.0; 3.0 |]
          EllipseFill = 0.09
          Means = true
          StartMeans = false
          ByWeight = true
          Legend = true
          Width = 720
          Height = 480 }

    let private checkFit (options: PlotOptions) wanted words (fit: Fit<'θ>) (source: Source) =
        result {
            do! Source.requireColumns (fit.Model.Family.Features fit.Parameters) source
            do! Sketch.check options wanted words fit.Model.Execution source
        }

    let private pairWords = "two different features"

    let private requirePlane (source: Source) =
        if source.Columns > 1 then
            Ok()
        else
            Error(InvalidData("at least two features to be drawn in a plane", "there is one"))

    let private requireHistory (fit: Fit<'θ>) =
        GmmError.requireAll [ fit.History.Length > 0, "History", "true in the options of the fit", "false" ]

    /// The two features i < j that separate the components best: those with the largest tr(W⁻¹B), where W = Σₖ πₖ Σₖ is the
    /// covariance within the components and B = Σₖ πₖ (μₖ−μ)(μₖ−μ)ᵀ that between them, both of the two features alone (the
    /// Lawley–Hotelling trace). Of equals the first pair; both features are 0 where there is only one.
    let bestColumns (fit: Fit<Gaussian>) : int * int =
        match Sketch.ofFit fit |> Sketch.bestColumns 2 fit.Parameters.Features with
        | [| i; j |] -> i, j
        | _ -> 0, 0

    let private pairOf (options: PlotOptions) (source: Source) sketch =
        let columns =
            if options.Columns.Length = 2 then
                options.Columns
            else
                Sketch.bestColumns 2 source.Columns sketch

        columns[0], columns[1]

    // ── Density of one feature ──────────────────────────────────────────────────────────────────────────────────────

    /// The density Σₖ πₖ N(x|μₖⱼ, Σₖⱼⱼ) of one feature j, and that of every component, over a histogram of all rows (2 ∛N bins
    /// of equal width, at most 80). Error when options, data and fit don't belong together.
    let density (options: PlotOptions) (fit: Fit<Gaussian>) (source: Source) : Result<Figure, GmmError> =
        result {
            do! checkFit options ((=) 1) "one feature" fit source
            let sketch = Sketch.ofFit fit

            let feature =
                (if options.Columns.Length = 1 then
                     options.Columns
                 else
                     Sketch.bestColumns 1 source.Columns sketch)[0]

            let horizontal, top, marks = Density.marks options fit.Model.Execution feature sketch None source

            let caption =
                $"Histogram of {Sketch.count source.Rows} rows under the density of the mixture and those of its components; percentages are the weights"

            let legend =
                [ for k in 0 .. sketch.Components - 1 do
                      Scatter.entry (Stroke(Series k)) (Sketch.componentName sketch k)
                  Scatter.entry (Stroke Ink) "mixture" ]

            return
                Scatter.figure
                    options
                    caption
                    legend
                    None
                    [ { Title = ""
                        Row = 0
                        Column = 0
                        Horizontal = horizontal
                        Vertical = Sketch.axis "density" Round (0.0, top)
                        IsImage = false
                        Marks = marks } ]
        }

    // ── Rows in the plane of two features ───────────────────────────────────────────────────────────────────────────

    /// The rows as points in the plane of two features, with the means of the components and their ellipses
    /// (x−μₖ)ᵀΣₖ⁻¹(x−μₖ) = σ² of the marginal 2×2 covariances; for data of one feature their `density` instead. Points have
    /// the colours of their components, of their true classes or of their densities. Centroids have no ellipses, and other
    /// families no means. Error when options, data and fit don't belong together.
    let scatter (options: PlotOptions) (fit: Fit<'θ>) (source: Source) : Result<Figure, GmmError> =
        match box fit with
        | :? Fit<Gaussian> as gaussian when source.Columns = 1 -> density options gaussian source
        | _ ->
            result {
                do! checkFit options ((=) 2) pairWords fit source
                do! requirePlane source
                let sketch = Sketch.ofFit fit
                let sample = Sketch.sample options.MaxPoints source
                let columns = pairOf options source sketch
                let! look = Scatter.look options fit sample source

                let iterates =
                    [ if fit.History.Length > 0 then
                          yield! fit.History |> Seq.map (Sketch.ofMixture fit.Model.Weights)
                      else
                          Sketch.ofMixture fit.Model.Weights fit.Start
                          sketch ]

                let marks = Scatter.marks options iterates sketch sample look id columns

                /// The axes hold the ways of the means, but not the components as they were.
                let ways = iterates |> List.map (fun iterate -> { iterate with Covariances = None })
                let shown = sketch :: (if options.StartMeans then ways else [])
                let panel = Scatter.panel options sample shown columns marks
                let caption = Scatter.caption options sketch sample look.Caption
                return Scatter.figure options caption look.Legend look.Bar [ panel ]
            }

    /// The rows as points in the plane of two features, in the colours of labels (N) from anywhere: classes, clusters. Error
    /// when options, data and labels don't belong together.
    let labelled (options: PlotOptions) (source: Source) (labels: 'L[]) : Result<Figure, GmmError> =
        result {
            do!
                GmmError.requireAll
                    [ labels.LongLength = source.Rows,
                      "Labels",
                      $"one for each of the {source.Rows} rows",
                      $"{labels.Length} labels" ]

            do!
                Sketch.check
                    { options with
                        Colour = PointColour.Component }
                    ((=) 2)
                    pairWords
                    Execution.Default
                    source

            do! requirePlane source
            let kinds = labels |> Array.distinct |> Array.sort
            let seriesOf = dict (kinds |> Seq.mapi (fun series kind -> kind, series))
            let sample = Sketch.sample options.MaxPoints source
            let series = Sketch.ofRows sample labels |> Array.map (fun label -> seriesOf[label])

            let i, j =
                if options.Columns.Length = 2 then
                    options.Columns[0], options.Columns[1]
                else
                    0, 1

            let points = Scatter.points options sample [||] (BySeries series) (i, j)

            let plain = { options with Sigmas = [||] }

            let legend =
                [ for series, kind in Seq.indexed kinds ->
                      let rows = labels |> Array.filter ((=) kind) |> Array.length
                      Scatter.entry (Dot(Series series)) $"{kind}: {Sketch.count (int64 rows)} rows" ]

            let panel = Scatter.panel plain sample [] (i, j) [ Points points ]
            return Scatter.figure options (Sketch.rowsOf sample) legend None [ panel ]
        }

    /// Several fits of the same data side by side, on the same axes, with the name of each above it: components that are
    /// matched to those of the first fit (`Comparison.ofFits`) have their colours and numbers, and the legend their weights.
    /// Error as for `scatter`, and when the fits are of different families.
    let compare (options: PlotOptions) (fits: (string * Fit<'θ>) list) (source: Source) : Result<Figure, GmmError> =
        result {
            do! GmmError.requireAll [ not fits.IsEmpty, "Fits", "at least one", "none" ]
            let first = snd fits.Head
            do! requirePlane source

            let columns = pairOf options source (Sketch.ofFit first)

            /// The number in the first fit of every component of a fit; later ones for those that are not matched.
            let numbers (fit: Fit<'θ>) =
                Comparison.ofFits first fit
                |> Result.map (fun comparison ->
                    let matched = dict [ for pair in comparison.Pairs -> pair.Second, pair.First ]

                    let others =
                        dict [ for i, k in Array.indexed comparison.OnlySecond -> k, first.Mixture.Components + i ]

                    Array.init fit.Mixture.Components (fun k ->
                        if matched.ContainsKey k then matched[k] else others[k]))

            let draw (name, fit: Fit<'θ>) =
                result {
                    do! checkFit options ((=) 2) pairWords fit source
                    let! numbers = numbers fit
                    let sketch = Sketch.ofFit fit
                    let sample = Sketch.sample options.MaxPoints source

                    let! look =
                        Scatter.look
                            { options with
                                Colour = PointColour.Component
                                Classes = None }
                            fit
                            sample
                            source

                    let look =
                        { look with
                            Scatter.Look.Paint =
                                match look.Paint with
                                | BySeries series -> series |> Array.map (Array.get numbers) |> BySeries
                                | other -> other
                            Scatter.Look.ColourOf = Array.get numbers >> Series }

                    let marks = Scatter.marks options [] sketch sample look (Array.get numbers) columns
                    let panel = Scatter.panel options sample [ sketch ] columns marks
                    let caption = Scatter.caption { options with StartMeans = false } sketch sample []

                    return
                        Array.map (fun k -> numbers[k], sketch.Weights[k]) [| 0 .. sketch.Components - 1 |]
                        |> Map.ofArray,
                        Scatter.figure { options with Title = name } caption [] None [ panel ]
                }

            let! drawn = GmmError.traverse draw fits
            let weights = List.map fst drawn
            let! beside = Figure.beside options.Title (List.map snd drawn)

            let legend =
                [ for k in weights |> List.collect (Map.keys >> List.ofSeq) |> List.distinct |> List.sort ->
                      let shares =
                          weights |> List.map (Map.tryFind k >> Option.map Sketch.percent >> Option.defaultValue "–")

                      Scatter.entry (Dot(Series k)) $"""component {k}: {String.Join(", ", shares)}""" ]

            let words =
                "components have the numbers of those of the first fit that they are matched to, by distance of means"

            return
                { beside with
                    Caption = if fits.Length > 1 then $"{beside.Caption}; {words}" else beside.Caption
                    Legend = if options.Legend then legend else [] }
        }

    /// Every pair of features as a small `scatter`, and on the diagonal every feature's `density` over a histogram: all
    /// features, or those that the options choose, two to eight. Error when options, data and fit don't belong together.
    let pairs (options: PlotOptions) (fit: Fit<Gaussian>) (source: Source) : Result<Figure, GmmError> =
        let isWanted count = count >= 2 && count <= 8

        result {
            do! checkFit options isWanted "two to eight different features" fit source

            let columns =
                if options.Columns.Length > 0 then
                    options.Columns
                else
                    [| 0 .. source.Columns - 1 |]

            do!
                GmmError.requireAll
                    [ isWanted columns.Length, "Columns", "two to eight of the features", $"all {columns.Length}" ]

            let size = columns.Length

            let options =
                { options with
                    Sigmas = options.Sigmas |> Array.filter (fun sigma -> options.Sigmas.Length < 3 || sigma <> 1.0)
                    PointSize = options.PointSize |> Option.orElse (Some 1.5)
                    MaxPoints = min options.MaxPoints (max 200 (2 * options.MaxPoints / (size * (size - 1)))) }

            let sketch = Sketch.ofFit fit
            let sample = Sketch.sample options.MaxPoints source
            let! look = Scatter.look options fit sample source

            let mute (axis: Axis) = { axis with Ticks = Mute }

            let panel row column =
                let marks = Scatter.marks options [] sketch sample look id (columns[column], columns[row])
                let whole = Scatter.panel options sample [ sketch ] (columns[column], columns[row]) marks
                let isBottom, isLeft = (row = size - 1), (column = 0)

                let placed =
                    if row = column then
                        let _, top, marks =
                            Density.marks
                                { options with Means = false }
                                fit.Model.Execution
                                columns[row]
                                sketch
                                (Some whole.Horizontal)
                                source

                        { whole with
                            Vertical = Sketch.axis "" Bare (0.0, top)
                            Marks = marks }
                    else
                        { whole with
                            Vertical = if isLeft then whole.Vertical else mute whole.Vertical }

                { placed with
                    Row = row
                    Column = column
                    Horizontal = if isBottom then placed.Horizontal else mute placed.Horizontal }

            let caption =
                Scatter.caption
                    options
                    sketch
                    sample
                    (look.Caption @ [ "on the diagonal the densities over histograms of all rows" ])

            let figure =
                [ for row in 0 .. size - 1 do
                      for column in 0..row -> panel row column ]
                |> Scatter.figure options caption look.Legend look.Bar

            return
                { figure with
                    Height = max options.Height (9 * options.Width / 10)
                    Columns = Array.create size (1.0 / float size) }
        }

    // ── Iterations ──────────────────────────────────────────────────────────────────────────────────────────────────

    let private ends (values: float seq) = Seq.min values, Seq.max values

    let private iterationAxis last = Sketch.axis "iteration" Whole (0.0, float (max 1 last))

    /// An axis a little longer than from 0, so that the first point is whole.
    let private roomy (axis: Axis) =
        let room = 0.02 * (axis.High - axis.Low)

        { axis with
            Low = axis.Low - room
            High = axis.High + room }

    let private iterationPanel last vertical marks : Panel =
        { Title = ""
          Row = 0
          Column = 0
          Horizontal = iterationAxis last |> roomy
          Vertical = vertical
          IsImage = false
          Marks = marks }

    let private line name colour (values: float[]) =
        { Name = name
          X = Array.init values.Length float
          Y = values
          Colour = colour
          Dotted = values.Length <= 60
          Filled = false }

    let private stopWords (fit: Fit<'θ>) =
        match fit.Stop with
        | Converged -> $"{fit.Iterations} iterations, converged"
        | IterationLimit -> $"{fit.Iterations} iterations, not converged"

    /// The weight πₖ of every component at the start and after every iteration. Error when the fit kept no history.
    let weights (options: PlotOptions) (fit: Fit<'θ>) : Result<Figure, GmmError> =
        result {
            do! Sketch.checkOptions options
            do! requireHistory fit
            let all = fit.History |> Array.map _.Weights
            let components = fit.Mixture.Components
            let sketch = Sketch.ofFit fit
            let top = all |> Array.map Array.max |> Array.max

            let curves =
                [ for k in 0 .. components - 1 ->
                      all |> Array.map (Array.item k) |> line $"component {k}" (Series k) |> Curve ]

            let legend =
                [ for k in 0 .. components - 1 ->
                      { Key = Stroke(Series k)
                        Text = Sketch.componentName sketch k
                        Height = Some fit.Weights[k] } ]

            return
                [ iterationPanel fit.Iterations (Sketch.axis "weight" Round (0.0, min 1.02 (1.05 * top))) curves ]
                |> Scatter.figure options (stopWords fit) legend None
        }

    let private objectiveAxis (trace: float[]) = Sketch.axis "objective" Round (ends trace |> Scale.padded)

    /// The objective (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ at the start and after every iteration. It never decreases but by what
    /// RegCovar adds. Error when the options break their rule, or the mixture was made elsewhere and fitted to no data.
    let objective (options: PlotOptions) (fit: Fit<'θ>) : Result<Figure, GmmError> =
        let isFitted = Array.forall Double.IsFinite fit.Trace

        result {
            do! Sketch.checkOptions options
            do! GmmError.requireAll [ isFitted, "The mixture", "fitted to data, to have a trace", "made elsewhere" ]

            let caption =
                $"{stopWords fit}; objective per row from {Sketch.short fit.Trace[0]} to {Sketch.short fit.Objective}"

            let curve = line "objective" (Series 0) fit.Trace |> Curve

            return
                [ iterationPanel fit.Iterations (objectiveAxis fit.Trace) [ curve ] ]
                |> Scatter.figure options caption [] None
        }

    /// The `scatter` of every iterate, one frame each, beside the `objective`: at most 2,000 points and 60 frames, the first 30
    /// and then some of the others. Error as for `scatter`, and when the fit kept no history.
    let animation (options: PlotOptions) (fit: Fit<'θ>) (source: Source) : Result<Figure, GmmError> =
        result {
            do! checkFit options ((=) 2) pairWords fit source
            do! requireHistory fit
            do! requirePlane source
            let sketch = Sketch.ofFit fit
            let columns = pairOf options source sketch
            let sample = Sketch.sample (min 2000 options.MaxPoints) source
            let! sampled = Source.ofArray2D sample.Values
            let frames = Scatter.frames fit.History.Length
            let mixtures = frames |> Array.map (Array.get fit.History)

            let! labels =
                mixtures
                |> List.ofArray
                |> GmmError.traverse (fun mixture -> Predict.labels { fit with Mixture = mixture } sampled)

            let sketches = mixtures |> Array.map (Sketch.ofMixture fit.Model.Weights)
            let marks = Scatter.moving options sketches sample (Array.ofList labels) columns
            let trace = fit.Trace

            let dot frame =
                Points
                    { X = [| float frame |]
                      Y = [| trace[frame] |]
                      Paint = Plain Ink
                      Shapes = [||]
                      Radius = 5.0
                      Opacity = 1.0
                      Hollow = false }

            let second =
                { iterationPanel
                      fit.Iterations
                      (objectiveAxis trace)
                      [ Curve
                            { line "objective" Quiet trace with
                                Dotted = false }
                        Moving(Array.map dot frames) ] with
                    Column = 1 }

            let legend = [ for k in 0 .. sketch.Components - 1 -> Scatter.entry (Dot(Series k)) $"component {k}" ]

            let skipped =
                if frames.Length < fit.History.Length then
                    [ $"{frames.Length} of {fit.History.Length} iterates shown" ]
                else
                    []

            let caption = Scatter.caption { options with StartMeans = false } sketch sample (stopWords fit :: skipped)

            let figure =
                [ Scatter.panel options sample (List.ofArray sketches) columns marks; second ]
                |> Scatter.figure options caption legend None

            return
                { figure with
                    Width = 5 * options.Width / 4
                    Columns = [| 0.62; 0.38 |]
                    Names =
                        frames
                        |> Array.map (fun frame ->
                            if frame = 0 then
                                $"start, objective {Sketch.short trace[0]}"
                            else
                                $"iteration {frame}, objective {Sketch.short trace[frame]}") }
        }

    // ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Lines through points of your own, each with its name beside its end, over axes with these titles. Error when there is
    /// no line, a line has no points, or a number is not finite.
    let curves
        (options: PlotOptions)
        (horizontal: string)
        (vertical: string)
        (lines: (string * (float * float)[]) list)
        : Result<Figure, GmmError> =
        let numbers = lines |> List.collect (snd >> Array.collect (fun (x, y) -> [| x; y |]) >> List.ofArray)

        result {
            do! Sketch.checkOptions options

            do!
                GmmError.requireAll
                    [ not lines.IsEmpty, "Lines", "at least one", "none"
                      lines |> List.forall (fun (_, points) -> points.Length > 0),
                      "Lines",
                      "of at least one point each",
                      "one without points"
                      List.forall Double.IsFinite numbers, "Lines", "of finite numbers", "one with NaN or infinity" ]

            let curves =
                lines
                |> List.mapi (fun k (name, points) ->
                    { Name = name
                      X = Array.map fst points
                      Y = Array.map snd points
                      Colour = Series k
                      Dotted = points.Length <= 60
                      Filled = false })

            let legend =
                [ if lines.Length > 1 then
                      for curve in curves do
                          { Key = Stroke curve.Colour
                            Text = curve.Name
                            Height = Some(Array.last curve.Y) } ]

            let axis title (choose: Curve -> float[]) =
                curves |> Seq.collect choose |> ends |> Scale.padded |> Sketch.axis title Round

            return
                [ { Title = ""
                    Row = 0
                    Column = 0
                    Horizontal = axis horizontal _.X
                    Vertical = axis vertical _.Y
                    IsImage = false
                    Marks = List.map Curve curves } ]
                |> Scatter.figure options "" legend None
        }

    // ── Selection ───────────────────────────────────────────────────────────────────────────────────────────────────

    let private criterionName criterion =
        match criterion with
        | Criterion.Bic -> "BIC"
        | Criterion.Icl -> "ICL"
        | Criterion.Aic -> "AIC"

    /// BIC and ICL (and AIC, when it chose) of all candidates over the number of components, a line for every structure or
    /// family; the best candidate is ringed. Lower is better. Error when the options break their rule.
    let criteria (options: PlotOptions) (selection: Selection<'θ>) : Result<Figure, GmmError> =
        let criteria = List.distinct [ Criterion.Bic; Criterion.Icl; selection.Criterion ]
        let names = selection.Candidates |> List.map _.Name |> List.distinct

        let judged =
            selection.Candidates
            |> List.choose (fun candidate ->
                candidate.Outcome |> Result.toOption |> Option.map (fun judged -> candidate, judged))

        let counts = judged |> List.map (fun (candidate, _) -> float candidate.Components)

        let vertical =
            criteria
            |> List.collect (fun criterion -> judged |> List.map (fun (_, judged) -> judged.Value criterion))
            |> ends
            |> Scale.padded

        let panel column criterion : Panel =
            let points name =
                judged
                |> List.filter (fun (candidate, _) -> candidate.Name = name)
                |> List.map (fun (candidate, judged) -> float candidate.Components, judged.Value criterion)
                |> List.sortBy fst
                |> Array.ofList

            let best = judged |> List.filter (fun (candidate, _) -> obj.ReferenceEquals(candidate, selection.Best))

            { Title = criterionName criterion
              Row = 0
              Column = column
              Horizontal = ends counts |> Scale.widen |> Sketch.axis "components" Whole |> roomy
              Vertical =
                vertical
                |> Sketch.axis
                    (if column = 0 then "criterion, lower is better" else "")
                    (if column = 0 then Round else Mute)
              IsImage = false
              Marks =
                [ for k, name in List.indexed names do
                      let points = points name

                      if points.Length > 0 then
                          Curve
                              { Name = name
                                X = Array.map fst points
                                Y = Array.map snd points
                                Colour = Series k
                                Dotted = true
                                Filled = false }
                  if criterion = selection.Criterion then
                      for candidate, judged in best do
                          Points
                              { X = [| float candidate.Components |]
                                Y = [| judged.Value criterion |]
                                Paint = Plain Ink
                                Shapes = [||]
                                Radius = 7.0
                                Opacity = 1.0
                                Hollow = true } ] }

        let name = criterionName selection.Criterion
        let describe (candidate: Candidate<'θ>) = $"{candidate.Name} with {candidate.Components} components"
        let failed = selection.Candidates.Length - judged.Length

        let caption =
            [ yield $"The ring is the best by {name}: {describe selection.Best}"
              match
                  judged
                  |> List.map (fun (candidate, judged) -> judged.Value selection.Criterion, candidate)
                  |> List.sortBy fst
              with
              | (best, _) :: (next, candidate) :: _ ->
                  yield $"next, {Sketch.brief (next - best)} higher, {describe candidate}"
              | _ -> ()
              if failed > 0 then
                  yield $"{failed} of {selection.Candidates.Length} candidates have no fit" ]
            |> String.concat "; "

        Sketch.checkOptions options
        |> Result.map (fun () ->
            let figure =
                criteria
                |> List.mapi panel
                |> Scatter.figure
                    options
                    caption
                    [ for k, name in List.indexed names -> Scatter.entry (Stroke(Series k)) name ]
                    None

            { figure with
                Columns = Array.create criteria.Length (1.0 / float criteria.Length) })

    // ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Rows of numbers as images `width` pixels wide, row by row from the top, each with its name: pixels from 0, as the
    /// background, to 1, as ink, or from the smallest to the largest number of all when one is not between 0 and 1. The figure
    /// is as high as the images need. Error when `width` does not divide the numbers of a row, or a number is not finite.
    let images (options: PlotOptions) (width: int) (names: string[]) (values: float[,]) : Result<Figure, GmmError> =
        Images.grid "level" options width names values

    /// The means of the components as images `width` pixels wide, see `images`: of Bernoulli components P(1), of Gaussian ones
    /// μₖ, of clusters their centres. Error as for `images`, and for other families.
    let meanImages (options: PlotOptions) (width: int) (fit: Fit<'θ>) : Result<Figure, GmmError> =
        let sketch = Sketch.ofFit fit

        let means =
            match box fit.Parameters with
            | :? ExponentialParameters as parameters when parameters.Family = Bernoulli.family.Name ->
                Some("P(1)", Bernoulli.probabilities parameters)
            | _ -> sketch.Means |> Option.map (fun means -> "mean", means)

        match means with
        | Some(title, means) ->
            Images.grid title options width (Array.init sketch.Components (Sketch.componentName sketch)) means
        | None ->
            Error(
                InvalidOption(
                    "The family",
                    "Bernoulli, Gaussian or of centroids, so that its means are pixels",
                    fit.Model.Family.Name
                )
            )
