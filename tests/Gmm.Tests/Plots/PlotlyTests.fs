/// Figures as charts of Plotly.NET.
module Gmm.Tests.PlotlyTests

open System
open System.IO
open System.Text.Json
open Expecto
open MathNet.Numerics.LinearAlgebra
open Gmm
open Gmm.Plotly
open Plotly.NET

let private faithful =
    lazy (Csv.read (Path.Combine(AppContext.BaseDirectory, "data", "faithful.csv")) |> GmmError.get)

let private source = lazy (Csv.source faithful.Value)

let private fit =
    lazy
        (Gmm.fit
            { Gmm.defaults with
                Components = 2
                History = true }
            source.Value
         |> GmmError.get)

let private jsonOf (chart: GenericChart) = JsonDocument.Parse(GenericChart.toFigureJson chart).RootElement

let private tracesOf chart = ((jsonOf chart).GetProperty "data").EnumerateArray() |> List.ofSeq

let private nameOf (trace: JsonElement) = (trace.GetProperty "name").GetString()

let private numbers (name: string) (trace: JsonElement) =
    (trace.GetProperty name).EnumerateArray() |> Seq.map _.GetDouble() |> Array.ofSeq

let private isSeen (trace: JsonElement) =
    match trace.TryGetProperty "visible" with
    | true, visible -> visible.GetBoolean()
    | false, _ -> true

[<Tests>]
let tests =
    testList
        "Plotly"
        [ testCase "every figure is a chart whose traces lie on axes that the layout has, with its legend" (fun () ->
              for name, figure in PlotTests.gallery.Value do
                  let chart = Chart.ofFigure figure
                  let layout = (jsonOf chart).GetProperty "layout"
                  let traces = tracesOf chart
                  let shown = traces |> List.filter (fun trace -> trace.TryGetProperty "xaxis" |> fst)
                  Assert.True(shown.Length > 0, name)

                  for trace in shown do
                      for axis in [ "xaxis"; "yaxis" ] do
                          let number = (trace.GetProperty axis).GetString().Substring 1
                          Assert.True(layout.TryGetProperty(axis + number) |> fst, $"{name}: {axis}{number}")

                  let panels = layout.EnumerateObject() |> Seq.filter _.Name.StartsWith("xaxis") |> Seq.length
                  Assert.Equal(figure.Panels.Length, panels)
                  Assert.Equal(figure.Legend.Length, traces.Length - shown.Length)
                  Assert.Equal(figure.Frames > 0, layout.TryGetProperty "sliders" |> fst))
          testCase "a chart has the numbers of the data and the ellipses of the fit" (fun () ->
              let traces = fit.Value |> Chart.ofFit source.Value |> tracesOf
              let rows = traces |> List.find (nameOf >> (=) "rows")
              let values = faithful.Value.Values
              Assert.Equal<float>([| for n in 0..271 -> values[2 * n] |], numbers "x" rows)
              Assert.Equal<float>([| for n in 0..271 -> values[2 * n + 1] |], numbers "y" rows)

              // Every point of the first ellipse is three standard deviations from its mean.
              let outline = traces |> List.find (fun trace -> (nameOf trace).StartsWith "component 0")
              let parameters = fit.Value.Parameters
              let covariance = Matrix<float>.Build.DenseOfArray(Gaussian.covariance parameters 0)
              let means = parameters.Means.toArray2D ()
              let places = Array.zip (numbers "x" outline) (numbers "y" outline)
              Assert.Equal(65, places.Length)

              for x, y in places do
                  let z = Vector<float>.Build.DenseOfArray [| x - means[0, 0]; y - means[0, 1] |]
                  Assert.Equal(9.0, z * covariance.Solve z, 1e-9))
          testCase
              "every step of the slider shows the traces of one frame, and at first they are those of the last"
              (fun () ->
                  let figure = Plot.animation Plot.defaults fit.Value source.Value |> GmmError.get
                  let chart = Chart.ofFigure figure
                  let traces = tracesOf chart
                  let slider = ((jsonOf chart).GetProperty "layout").GetProperty("sliders")[0]
                  let steps = (slider.GetProperty "steps").EnumerateArray() |> List.ofSeq
                  Assert.Equal(figure.Frames, steps.Length)

                  /// The numbers of the traces that a step shows, and of those that it knows.
                  let ofStep (step: JsonElement) =
                      let args = step.GetProperty "args"

                      let visible =
                          (args[0].GetProperty "visible").EnumerateArray() |> Seq.map _.GetBoolean() |> List.ofSeq

                      let known = args[1].EnumerateArray() |> Seq.map _.GetInt32() |> List.ofSeq
                      List.zip visible known |> List.filter fst |> List.map snd, known

                  let perFrame = steps |> List.map (ofStep >> fst)
                  let all = steps.Head |> ofStep |> snd
                  // Two components with three ellipses and a mean each, the points, and the dot on the objective.
                  Assert.All(perFrame, fun shown -> Assert.Equal(2 * 3 + 2 + 1 + 1, shown.Length))
                  Assert.Equal<int list>(all, perFrame |> List.concat |> List.sort)
                  let seen = all |> List.filter (fun i -> isSeen traces[i])
                  Assert.Equal<int list>(List.last perFrame, seen))
          testCase "names with signs of HTML are texts, not tags" (fun () ->
              let options =
                  { Plot.defaults with
                      Title = "a < b & c" }

              let chart = fit.Value |> Chart.ofFit (source.Value, options)
              let title = (((jsonOf chart).GetProperty "layout").GetProperty "title").GetProperty "text"
              Assert.Equal("a &lt; b &amp; c", title.GetString()))
          testCase "charts of fits are those of their figures, and combine with other charts" (fun () ->
              let selection =
                  Select.gaussian
                      Criterion.Bic
                      ignore
                      [ 1; 2 ]
                      [ Structure.Full; Structure.Diag ]
                      Gmm.defaults
                      source.Value
                  |> GmmError.get

              let lines = [ "a", [| 0.0, 1.0; 1.0, 3.0 |] ]
              let labels = Predict.labels fit.Value source.Value |> GmmError.get
              let image = array2D [ [ 0.0; 1.0 ] ]
              let plain, data, fit = Plot.defaults, source.Value, fit.Value

              for chart, figure in
                  [ fit |> Chart.ofFit data, Plot.scatter plain fit data
                    fit |> Chart.densityOfFit data, Plot.density plain fit data
                    fit |> Chart.pairsOfFit data, Plot.pairs plain fit data
                    [ "a", fit; "b", fit ] |> Chart.ofFits data, Plot.compare plain [ "a", fit; "b", fit ] data
                    labels |> Chart.ofLabels data, Plot.labelled plain data labels
                    fit |> Chart.weightsOfFit (), Plot.weights plain fit
                    fit |> Chart.objectiveOfFit (), Plot.objective plain fit
                    fit |> Chart.iterationsOfFit data, Plot.animation plain fit data
                    selection |> Chart.ofSelection (), Plot.criteria plain selection
                    lines |> Chart.ofCurves ("x", "y"), Plot.curves plain "x" "y" lines
                    image |> Chart.ofImages (2, [| "i" |]), Plot.images plain 2 [| "i" |] image
                    fit |> Chart.meanImagesOfFit 2, Plot.meanImages plain 2 fit ] do
                  let expected = (GmmError.get figure).ToChart()
                  Assert.Equal(GenericChart.toFigureJson expected, GenericChart.toFigureJson chart)

              let both =
                  Chart.combine [ fit |> Chart.ofFit data; Chart.Point(x = [ 3.0 ], y = [ 70.0 ], Name = "mine") ]

              Assert.Contains("mine", tracesOf both |> List.map nameOf))
          testCase "a chart that can't be drawn throws the error" (fun () ->
              let wrong = { Plot.defaults with Width = 1 }

              let error =
                  Assert.Throws<GmmException>(fun () -> fit.Value |> Chart.ofFit (source.Value, wrong) |> ignore)

              Assert.Contains("Width must be at least 240", error.Message)) ]
