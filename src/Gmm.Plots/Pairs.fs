namespace Gmm.Plots

open Gmm

/// Every pair of features as a small picture.
module internal Pairs =
    let figure (options: PlotOptions) (fit: Fit<Gaussian>) (source: Source) : Result<Figure, GmmError> =
        let isWanted count = count >= 2 && count <= 8

        result {
            do! Sketch.checkFit options isWanted "two to eight different features" fit source

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

            let axes row column =
                let marks = Scatter.marks options [] sketch sample look id (columns[column], columns[row])
                let whole = Scatter.axes options sample [ sketch ] (columns[column], columns[row]) marks
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
                      for column in 0..row -> axes row column ]
                |> Scatter.figure options caption look.Legend look.Bar

            return
                { figure with
                    Height = max options.Height (9 * options.Width / 10)
                    Columns = Array.create size (1.0 / float size) }
        }
