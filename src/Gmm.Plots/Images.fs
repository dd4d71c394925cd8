namespace Gmm.Plots

open Gmm

/// Images side by side.
module internal Images =
    /// Draws images in a grid: see `Plot.images`. The title belongs to the bar of levels.
    let grid (title: string) (options: PlotOptions) width (names: string[]) (values: float[,]) =
        let count, pixels = Array2D.length1 values, Array2D.length2 values

        result {
            do! Sketch.checkOptions options

            do!
                GmmError.requireAll
                    [ count > 0 && pixels > 0, "Images", "at least one, of at least one pixel", $"{count} of {pixels}"
                      width >= 1 && pixels % max 1 width = 0,
                      "Width of the images",
                      $"""a divisor of the {Display.count pixels "number"} of each""",
                      string width
                      names.Length = count,
                      "Names",
                      $"""one for {Display.each count "image"}""",
                      Display.count names.Length "name" ]

            do! GmmError.requireFinite "Images" values
            let all = values |> Seq.cast<float>
            let isShare = Seq.min all >= 0.0 && Seq.max all <= 1.0
            let low, high = if isShare then 0.0, 1.0 else Scale.widen (Seq.min all, Seq.max all)
            let height = pixels / width
            let longest = names |> Array.map (Svg.textWidth Layout.tickSize) |> Array.max
            let room = float options.Width - 2.0 * Layout.margin - (if options.Legend then 100.0 else 0.0)
            let most = max 1 (int (room / max 84.0 (longest + 10.0)))
            let rows = (count + most - 1) / most
            let columns = (count + rows - 1) / rows
            let side = min 160.0 (room / float columns - 14.0)
            let top = if options.Title = "" then Layout.margin else 42.0

            let axes k : Axes =
                let level i j = (values[k, i * width + j] - low) / (high - low)

                { Title = names[k]
                  Row = k / columns
                  Column = k % columns
                  Horizontal = Sketch.axis "" Bare (0.0, float width)
                  Vertical = Sketch.axis "" Bare (0.0, float height)
                  IsImage = true
                  Marks =
                    [ Pixels
                          { Name = names[k]
                            Levels = Array2D.init height width level } ] }

            let bar: Bar =
                { Title = title
                  Low = low
                  High = high
                  IsGrey = true }

            let figure =
                List.init count axes |> Scatter.figure options "" [] (if options.Legend then Some bar else None)

            let needed = top + float rows * (side * float height / float width + 34.0) + Layout.margin

            return
                { figure with
                    Height = max 150 (int (ceil needed))
                    Columns = Array.create columns (1.0 / float columns) }
        }

    let means (options: PlotOptions) (width: int) (fit: Fit<'θ>) : Result<Figure, GmmError> =
        let sketch = Sketch.ofFit fit

        let means =
            match box fit.Parameters with
            | :? ExponentialParameters as parameters when parameters.Family = Bernoulli.family.Name ->
                Some("P(1)", Bernoulli.probabilities parameters)
            | _ -> sketch.Means |> Option.map (fun means -> "mean", means)

        match means with
        | Some(title, means) ->
            grid title options width (Array.init sketch.Components (Sketch.componentName sketch)) means
        | None ->
            Error(
                InvalidOption(
                    "The family",
                    "Bernoulli, Gaussian or of centroids, so that its means are pixels",
                    fit.Model.Family.Name
                )
            )
