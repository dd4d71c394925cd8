namespace Gmm.Plots

open System
open Gmm

/// Fits of the same data side by side.
module internal Compared =
    let figure (options: PlotOptions) (fits: (string * Fit<'θ>) list) (source: Source) : Result<Figure, GmmError> =
        result {
            do! GmmError.requireAll [ not fits.IsEmpty, "Fits", "at least one", "none" ]
            let first = snd fits.Head
            do! Sketch.requirePlane source

            let columns = Sketch.pairOf options source (Sketch.ofFit first)

            /// Returns, for every component of a fit, the number of its match in the first fit; components without a
            /// match get later numbers.
            let numbers (fit: Fit<'θ>) =
                Comparison.ofFits first fit
                |> Result.map (fun comparison ->
                    let matched = dict [ for pair in comparison.Pairs -> pair.Second, pair.First ]

                    let others = dict [ for i, k in Array.indexed comparison.OnlySecond -> k, first.Components + i ]

                    Array.init fit.Components (fun k -> if matched.ContainsKey k then matched[k] else others[k]))

            let draw (name, fit: Fit<'θ>) =
                result {
                    do! Sketch.checkFit options ((=) 2) Sketch.pairWords fit source
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
                                | BySeries series ->
                                    series |> Array.map (fun k -> if k = Noise.Label then k else numbers[k]) |> BySeries
                                | other -> other
                            Scatter.Look.ColourOf = Array.get numbers >> Series }

                    let marks = Scatter.marks options [] sketch sample look (Array.get numbers) columns
                    let axes = Scatter.axes options sample [ sketch ] columns marks
                    let caption = Scatter.caption { options with StartMeans = false } sketch sample []

                    return
                        Array.map (fun k -> numbers[k], sketch.Weights[k]) [| 0 .. sketch.Components - 1 |]
                        |> Map.ofArray,
                        Scatter.figure { options with Title = name } caption [] None [ axes ]
                }

            let! drawn = GmmError.traverse draw fits
            let weights = List.map fst drawn
            let! beside = Figure.beside options.Title (List.map snd drawn)

            let legend =
                [ for k in weights |> List.collect (Map.keys >> List.ofSeq) |> List.distinct |> List.sort ->
                      let shares =
                          weights |> List.map (Map.tryFind k >> Option.map Sketch.percent >> Option.defaultValue "–")

                      Scatter.entry (Dot(Series k)) $"""component {k}: {String.Join(", ", shares)}""" ]

            let words = "each component has the number of its match in the first fit, by distance of means"

            return
                { beside with
                    Caption = if fits.Length > 1 then $"{beside.Caption}; {words}" else beside.Caption
                    Legend = if options.Legend then legend else [] }
        }
