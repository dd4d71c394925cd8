namespace Gmm.Plots

open System
open Gmm

/// Lines through given points.
module internal Curves =
    let figure
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
                curves |> Seq.collect choose |> Sketch.ends |> Scale.padded |> Sketch.axis title Round

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
