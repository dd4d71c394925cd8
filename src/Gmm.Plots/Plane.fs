namespace Gmm.Plots

open Gmm

/// Pictures of rows in the plane of two features.
module internal Plane =
    let scatter (options: PlotOptions) (fit: Fit<'θ>) (source: Source) : Result<Figure, GmmError> =
        match box fit with
        | :? Fit<Gaussian> as gaussian when source.Columns = 1 -> Density.figure options gaussian source
        | _ ->
            result {
                do! Sketch.checkFit options ((=) 2) Sketch.pairWords fit source
                do! Sketch.requirePlane source
                let sketch = Sketch.ofFit fit
                let sample = Sketch.sample options.MaxPoints source
                let columns = Sketch.pairOf options source sketch
                let! look = Scatter.look options fit sample source

                let iterates =
                    [ if fit.History.Length > 0 then
                          yield! fit.History |> Seq.map (Sketch.ofMixture fit.Model)
                      else
                          Sketch.ofMixture fit.Model fit.Start
                          sketch ]

                let marks = Scatter.marks options iterates sketch sample look id columns

                /// The axes leave room for the paths of the means, but not for the earlier components.
                let ways = iterates |> List.map (fun iterate -> { iterate with Covariances = None })
                let shown = sketch :: (if options.StartMeans then ways else [])
                let axes = Scatter.axes options sample shown columns marks
                let caption = Scatter.caption options sketch sample look.Caption
                return Scatter.figure options caption look.Legend look.Bar [ axes ]
            }

    let labelled (options: PlotOptions) (source: Source) (labels: 'L[]) : Result<Figure, GmmError> =
        result {
            do!
                GmmError.requireAll
                    [ labels.LongLength = source.Rows,
                      "Labels",
                      $"""one for {Display.each source.Rows "row"}""",
                      Display.count labels.Length "label" ]

            do!
                Sketch.check
                    { options with
                        Colour = PointColour.Component }
                    ((=) 2)
                    Sketch.pairWords
                    Execution.Default
                    source

            do! Sketch.requirePlane source
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
                      Scatter.entry (Dot(Series series)) $"{kind}: {Sketch.rows (int64 rows)}" ]

            let axes = Scatter.axes plain sample [] (i, j) [ Points points ]
            return Scatter.figure options (Sketch.rowsOf sample) legend None [ axes ]
        }
