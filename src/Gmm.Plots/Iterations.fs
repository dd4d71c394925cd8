namespace Gmm.Plots

open System
open Gmm

/// Pictures of how a fit came about, over its iterations.
module internal Iterations =
    let private iterationAxis last = Sketch.axis "iteration" Whole (0.0, float (max 1 last))

    let private iterationAxes last vertical marks : Axes =
        { Title = ""
          Row = 0
          Column = 0
          Horizontal = iterationAxis last |> Sketch.roomy
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
        | Converged -> $"""{Display.count fit.Iterations "iteration"}, converged"""
        | IterationLimit -> $"""{Display.count fit.Iterations "iteration"}, not converged"""

    let weights (options: PlotOptions) (fit: Fit<'θ>) : Result<Figure, GmmError> =
        result {
            do! Sketch.checkOptions options
            do! Sketch.requireHistory fit
            let all = fit.History |> Array.map _.Weights
            let components = fit.Components
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
                [ iterationAxes fit.Iterations (Sketch.axis "weight" Round (0.0, min 1.02 (1.05 * top))) curves ]
                |> Scatter.figure options (stopWords fit) legend None
        }

    let private objectiveAxis (trace: float[]) = Sketch.axis "objective" Round (Sketch.ends trace |> Scale.padded)

    let objective (options: PlotOptions) (fit: Fit<'θ>) : Result<Figure, GmmError> =
        let isFitted = Array.forall Double.IsFinite fit.Trace

        result {
            do! Sketch.checkOptions options
            do! GmmError.requireAll [ isFitted, "The mixture", "fitted to data, to have a trace", "made elsewhere" ]

            let caption =
                $"{stopWords fit}; objective per row from {Sketch.short fit.Trace[0]} to {Sketch.short fit.Objective}"

            let curve = line "objective" (Series 0) fit.Trace |> Curve

            return
                [ iterationAxes fit.Iterations (objectiveAxis fit.Trace) [ curve ] ]
                |> Scatter.figure options caption [] None
        }

    let animation (options: PlotOptions) (fit: Fit<'θ>) (source: Source) : Result<Figure, GmmError> =
        result {
            do! Sketch.checkFit options ((=) 2) Sketch.pairWords fit source
            do! Sketch.requireHistory fit
            do! Sketch.requirePlane source
            let sketch = Sketch.ofFit fit
            let columns = Sketch.pairOf options source sketch
            let sample = Sketch.sample (min 2000 options.MaxPoints) source
            let! sampled = Source.ofArray2D sample.Values
            let frames = Scatter.frames fit.History.Length
            let mixtures = frames |> Array.map (Array.get fit.History)

            let! labels =
                mixtures
                |> List.ofArray
                |> GmmError.traverse (fun mixture -> Predict.labels { fit with Mixture = mixture } sampled)

            let sketches = mixtures |> Array.map (Sketch.ofMixture fit.Model)
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
                { iterationAxes
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
                [ Scatter.axes options sample (List.ofArray sketches) columns marks; second ]
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
