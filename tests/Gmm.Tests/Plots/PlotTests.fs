module Gmm.Tests.PlotTests

open System
open System.Globalization
open System.IO
open System.Text.RegularExpressions
open System.Threading
open System.Xml.Linq
open Expecto
open MathNet.Numerics.LinearAlgebra
open Gmm

// ── Fits to draw ────────────────────────────────────────────────────────────────────────────────────────────────────

let private read name = Csv.read (Path.Combine(AppContext.BaseDirectory, "data", name)) |> GmmError.get

let private fitOf components structure source =
    Gmm.fit
        { Gmm.defaults with
            Components = components
            Family.Structure = structure }
        source
    |> GmmError.get

let private svg figure = figure |> GmmError.get |> Figure.svg

let private draw options fit source = Plot.scatter options fit source |> svg

/// Rows around the points of a grid, far enough from each other.
let private blobs count components scale offset =
    let random = RandomStream.ofSeed 7
    let noise () = random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5

    [| for n in 0 .. count - 1 ->
           let k = n % components
           [| offset + scale * (5.0 * float (k % 5) + noise ()); offset + scale * (5.0 * float (k / 5) + noise ()) |] |]
    |> Source.ofRows
    |> GmmError.get

let private faithful = lazy (read "faithful.csv" |> Csv.source)

let private faithfulFit = lazy (fitOf 2 Full faithful.Value)

let private faithfulOptions =
    { Plot.defaults with
        Title = "Old Faithful"
        ColumnNames = [| "eruptions"; "waiting" |] }

let private faithfulPicture = lazy (draw faithfulOptions faithfulFit.Value faithful.Value)

let private iris = lazy (read "iris.csv")

let private irisFit = lazy (fitOf 3 Full (Csv.source iris.Value))

/// A fit that kept its history, from a start far from its end.
let private watched =
    lazy
        (Gmm.fit
            { Gmm.defaults with
                Components = 2
                Start = Start.Random
                Seed = 3
                History = true }
            faithful.Value
         |> GmmError.get)

let private selected =
    lazy
        (Select.gaussian Criterion.Icl ignore [ 1..3 ] [ Full; Diag; TiedSpherical ] Gmm.defaults faithful.Value
         |> GmmError.get)

/// Images of 2×3 pixels, two typical ones.
let private striped =
    lazy
        (let rows =
            [| for n in 0..39 -> [| for j in 0..5 -> if (n % 2 = 0) = (j < 3) || n = 7 * j then 1.0 else 0.0 |] |]

         let family =
             { Bernoulli.family with
                 Prior = Bernoulli.beta 2.0 2.0 }

         rows
         |> Source.ofRows
         |> Result.bind (
             Gmm.fit
                 { Gmm.defaultsOf family with
                     Components = 2 }
         )
         |> GmmError.get)

/// Every kind of figure.
let gallery =
    lazy
        (let iris' = Csv.source iris.Value

         let named =
             { Plot.defaults with
                 ColumnNames = iris.Value.Names
                 Classes = iris.Value.Labels }

         let clusters = KMeans.fit { KMeans.defaults with Components = 3 } iris' |> GmmError.get

         [ "scatter", Plot.scatter faithfulOptions faithfulFit.Value faithful.Value
           "classes",
           Plot.scatter
               { named with
                   Colour = PointColour.Class }
               irisFit.Value
               iris'
           "log-densities",
           Plot.scatter
               { named with
                   Colour = PointColour.Density }
               irisFit.Value
               iris'
           "starts",
           Plot.scatter
               { faithfulOptions with
                   StartMeans = true }
               watched.Value
               faithful.Value
           "clusters", Plot.scatter { named with Columns = [| 2; 3 |] } clusters.Fit iris'
           "labelled", Plot.labelled Plot.defaults iris' iris.Value.Labels.Value
           "density", Plot.density faithfulOptions faithfulFit.Value faithful.Value
           "pairs", Plot.pairs named irisFit.Value iris'
           "compare",
           Plot.compare
               faithfulOptions
               [ "two", faithfulFit.Value; "three", fitOf 3 Diag faithful.Value ]
               faithful.Value
           "weights", Plot.weights Plot.defaults watched.Value
           "objective", Plot.objective Plot.defaults watched.Value
           "animation", Plot.animation faithfulOptions watched.Value faithful.Value
           "criteria", Plot.criteria Plot.defaults selected.Value
           "curves", Plot.curves Plot.defaults "x" "y" [ "a", [| 0.0, 1.0; 1.0, 3.0 |]; "b", [| 0.0, 2.0; 2.0, 0.0 |] ]
           "images", Plot.images Plot.defaults 2 [| "one" |] (array2D [ [ -1.0; 0.0; 3.0; 2.0 ] ])
           "means", Plot.meanImages Plot.defaults 3 striped.Value ]
         |> List.map (fun (name, figure) -> name, GmmError.get figure))

let private kind name = gallery.Value |> List.find (fst >> (=) name) |> snd

// ── Looking at pictures ─────────────────────────────────────────────────────────────────────────────────────────────

let private elements name (picture: string) =
    XDocument.Parse(picture).Descendants() |> Seq.filter (fun node -> node.Name.LocalName = name) |> Array.ofSeq

let private text name (node: XElement) =
    node.Attribute(XName.Get name) |> Option.ofObj |> Option.map _.Value |> Option.defaultValue ""

let private value name node = Double.Parse(text name node, CultureInfo.InvariantCulture)

let private classed ``class`` (picture: string) =
    XDocument.Parse(picture).Descendants()
    |> Seq.filter (fun node -> Array.contains ``class`` ((text "class" node).Split ' '))
    |> Array.ofSeq

/// The marks of the rows.
let private points picture =
    let isLegend (node: XElement) = text "class" node = "gmm-legend"
    elements "circle" picture |> Array.filter (fun circle -> not (Seq.exists isLegend (circle.Ancestors())))

/// The ellipses of every component, outermost first.
let private ellipses picture = elements "ellipse" picture |> Array.groupBy _.Parent |> Array.map snd

/// The elements of a class within one panel, counted from 0.
let private inPanel number ``class`` (picture: string) =
    let panels = elements "svg" picture |> Array.tail

    panels[number].Descendants()
    |> Seq.filter (fun node -> Array.contains ``class`` ((text "class" node).Split ' '))
    |> Array.ofSeq

/// Left, top, width and height of the part of the picture that has the marks.
let private area picture =
    let window = elements "svg" picture |> Array.last
    value "x" window, value "y" window, value "width" window, value "height" window

/// Whether every number in a picture is finite, in any attribute.
let private isFinite (picture: string) = not (Regex.IsMatch(picture, "NaN|Infinity|∞"))

// ── What every picture is ───────────────────────────────────────────────────────────────────────────────────────────

let private all =
    lazy
        [ "faithful", faithfulPicture.Value
          "iris",
          draw
              { Plot.defaults with
                  Classes = iris.Value.Labels }
              irisFit.Value
              (Csv.source iris.Value)
          for structure in Structure.all do
              Structure.name structure, draw Plot.defaults (fitOf 3 structure faithful.Value) faithful.Value
          let many = blobs 600 14 1.0 0.0
          "fourteen", draw Plot.defaults (fitOf 14 Full many) many
          let far = blobs 60 3 1.0 1e8
          "far", draw Plot.defaults (fitOf 3 Full far) far
          let tiny = blobs 60 3 1e-9 0.0
          "tiny", draw Plot.defaults (fitOf 3 Full tiny) tiny
          let single = [| for n in 0..20 -> [| float (n * n) |] |] |> Source.ofRows |> GmmError.get
          "one feature", draw Plot.defaults (fitOf 2 Full single) single

          for name, figure in gallery.Value do
              name, Figure.svg figure ]

/// The numbers of the ticks of one axis of the only panel that has texts along it, with their places.
let private ticks anchor coordinate picture =
    classed "gmm-tick" picture
    |> Array.filter (fun tick -> text "text-anchor" (Seq.last (tick.Elements())) = anchor)
    |> Array.map (fun tick ->
        Double.Parse((Seq.last (tick.Elements())).Value, CultureInfo.InvariantCulture),
        value coordinate (Seq.head (tick.Elements())))

/// The same, panel by panel, without the panels that have none.
let private axes anchor coordinate picture =
    classed "gmm-ticks" picture
    |> Array.map (fun group -> ticks anchor coordinate (string group))
    |> Array.filter (fun ticks -> ticks.Length > 0)

[<Tests>]
let ``what every picture is`` =
    testList
        "Plot: what every picture is"
        [ testCase "every picture is well-formed, finite and refers to nothing outside itself" (fun () ->
              for name, picture in all.Value do
                  Assert.Equal("svg", XDocument.Parse(picture).Root.Name.LocalName)
                  Assert.True(isFinite picture, name)
                  Assert.DoesNotContain("http", picture.Replace("http://www.w3.org/2000/svg", ""))
                  Assert.DoesNotContain("url(", picture)
                  Assert.DoesNotContain("@import", picture)
                  Assert.DoesNotContain(" id=", picture))
          testCase "every point lies within the axes" (fun () ->
              let isOne picture = (elements "svg" picture).Length = 2

              for name, picture in all.Value |> List.filter (snd >> isOne) do
                  let left, top, width, height = area picture

                  for point in points picture do
                      let x, y, r = value "cx" point, value "cy" point, value "r" point
                      // A ring's or a line's mark may reach over the edge by its radius, as that of a moving dot.
                      let r = if r < 3.5 then r else 0.0

                      Assert.True(
                          x - r >= left && x + r <= left + width && y - r >= top && y + r <= top + height,
                          name
                      ))
          testCase "every text lies within the picture" (fun () ->
              for name, picture in all.Value do
                  let root = XDocument.Parse(picture).Root

                  for node in elements "text" picture do
                      // The width of the text is estimated; the vertical title is turned.
                      let size = value "font-size" node
                      let length = 0.5 * size * float node.Value.Length
                      let x = value "x" node

                      let low, high =
                          match text "text-anchor" node with
                          | "end" -> x - length, x
                          | "middle" -> x - length / 2.0, x + length / 2.0
                          | _ -> x, x + length

                      if text "transform" node = "" then
                          Assert.True(low >= 0.0 && high <= value "width" root, $"{name}: {node.Value}"))
          testCase "ticks are round, in order, and not too many" (fun () ->
              for name, picture in all.Value do
                  for axis in Array.append (axes "middle" "x1" picture) (axes "end" "y1" picture) do
                      let ticks = Array.map fst axis
                      Assert.InRange(ticks.Length, 2, 12)
                      let steps = ticks |> Array.pairwise |> Array.map (fun (a, b) -> b - a)
                      Assert.All(steps, fun step -> Assert.InRange(step / steps[0], 0.999, 1.001))
                      let mantissa = steps[0] / 10.0 ** floor (log10 steps[0] + 1e-6)

                      Assert.True(
                          [ 1.0; 2.0; 5.0; 10.0 ] |> List.exists (fun round -> abs (mantissa - round) < 1e-3),
                          $"{name}: {mantissa}"
                      ))
          testCase "the same fit and data give the same text, in any language" (fun () ->
              let before = Thread.CurrentThread.CurrentCulture

              try
                  Thread.CurrentThread.CurrentCulture <- CultureInfo.GetCultureInfo "de-DE"
                  Assert.Equal(faithfulPicture.Value, draw faithfulOptions faithfulFit.Value faithful.Value)
              finally
                  Thread.CurrentThread.CurrentCulture <- before

              Assert.DoesNotContain("\r", faithfulPicture.Value)) ]

// ── Scatter ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Pixels per unit of both axes, from two ticks of each.
let private factors picture =
    let factor (marks: (float * float)[]) =
        (snd (Array.last marks) - snd marks[0]) / (fst (Array.last marks) - fst marks[0])

    factor (ticks "middle" "x1" picture), factor (ticks "end" "y1" picture)

/// Where a place is in the picture: from ticks, which lie anywhere along the axes.
let private placeOf picture (x, y) =
    let at (marks: (float * float)[]) value =
        let (a, p), (b, q) = marks[0], Array.last marks
        p + (value - a) * (q - p) / (b - a)

    at (ticks "middle" "x1" picture) x, at (ticks "end" "y1" picture) y

[<Tests>]
let scatterTests =
    testList
        "Plot: scatter"
        [ testCase "one point a row, three ellipses, a mean and a legend entry a component" (fun () ->
              let picture = faithfulPicture.Value
              Assert.Equal(272, (points picture).Length)
              Assert.Equal<int>([| 3; 3 |], ellipses picture |> Array.map Array.length)
              Assert.Equal(2, (classed "gmm-mean" picture).Length)

              let legend = classed "gmm-legend" picture |> Array.map _.Value
              let percent k = (100.0 * faithfulFit.Value.Weights[k]).ToString("0.0", CultureInfo.InvariantCulture)
              Assert.Equal<string>([| for k in 0..1 -> $"component {k}: {percent k} %%" |], legend)

              let texts = elements "text" picture |> Array.map _.Value

              for expected in
                  [ "Old Faithful"
                    "eruptions"
                    "waiting"
                    "272 rows; ellipses at 1, 2, 3 σ, the more opaque the larger the weight" ] do
                  Assert.Contains(expected, texts))
          testCase "as many ellipses as sigmas" (fun () ->
              for sigmas in [ [||]; [| 2.0 |]; [| 0.5; 1.0; 1.5; 2.0 |] ] do
                  let picture = draw { Plot.defaults with Sigmas = sigmas } faithfulFit.Value faithful.Value
                  Assert.Equal(2 * sigmas.Length, (elements "ellipse" picture).Length))
          formulas [ "semi-axes of the s-ellipse: s √λᵢ along the eigenvectors of Σ", "Bishop, PRML, 2006, §2.3" ]
          <| testCase
              "the axes of the ellipses are those of the covariance, as an eigen-decomposition has them"
              (fun () ->
                  let picture = faithfulPicture.Value
                  let fx, fy = factors picture

                  for k in 0..1 do
                      let covariance = Gaussian.covariance faithfulFit.Value.Parameters k

                      let scaled =
                          Matrix<float>
                              .Build.Dense(2, 2, (fun i j -> covariance[i, j] * [| fx; fy |][i] * [| fx; fy |][j]))

                      let eigen = scaled.Evd(Symmetricity.Symmetric)
                      let deviations = eigen.EigenValues |> Seq.map (fun number -> sqrt number.Real) |> Array.ofSeq
                      let first = eigen.EigenVectors.Column 1
                      let angle = atan2 first[1] first[0] * 180.0 / Math.PI

                      ellipses picture
                      |> Array.item k
                      |> Array.iteri (fun n ellipse ->
                          let sigma = float (3 - n)
                          Assert.Equal(sigma * deviations[1], value "rx" ellipse, 0.05)
                          Assert.Equal(sigma * deviations[0], value "ry" ellipse, 0.05)

                          let drawn =
                              Double.Parse(
                                  Regex.Match(text "transform" ellipse, @"rotate\(([-.\d]+)").Groups[1].Value,
                                  CultureInfo.InvariantCulture
                              )
                          // An axis has no direction: half a turn is none.
                          let difference = (drawn - angle + 360.0) % 180.0
                          Assert.True(min difference (180.0 - difference) < 0.1, $"{drawn} against {angle}")))
          testCase "the heavier component is the more opaque" (fun () ->
              let opacity k =
                  value "opacity" (ellipses faithfulPicture.Value |> Array.item k |> Array.head |> _.Parent)

              let weights = faithfulFit.Value.Weights
              let heavy, light = if weights[0] > weights[1] then 0, 1 else 1, 0
              Assert.Equal(1.0, opacity heavy)
              Assert.InRange(opacity light, 0.25, 0.99))
          testCase "points have the colours of their labels and lie where the data say" (fun () ->
              let labels = Array.init 272 (fun n -> n % 2)
              let picture = Plot.labelled Plot.defaults faithful.Value labels |> svg
              let colours = points picture |> Array.countBy (fun point -> text "class" point.Parent)
              Assert.Equal<string * int>([| "gmm-point gmm-c0 gmm-d0", 136; "gmm-point gmm-c1 gmm-d0", 136 |], colours)

              let values = (read "faithful.csv").Values

              for i, point in points picture |> Array.indexed do
                  // First all rows of label 0, then all of label 1.
                  let n = if i < 136 then 2 * i else 2 * (i - 136) + 1
                  let x, y = placeOf picture (values[2 * n], values[2 * n + 1])
                  Assert.Equal(x, value "cx" point, 0.05)
                  Assert.Equal(y, value "cy" point, 0.05))
          testCase "points of a fit have the colours of their components" (fun () ->
              let labels = Predict.labels faithfulFit.Value faithful.Value |> GmmError.get
              let expected = labels |> Array.countBy id |> Array.sort |> Array.map snd
              let groups = points faithfulPicture.Value |> Array.groupBy _.Parent |> Array.map (snd >> _.Length)
              Assert.Equal<int>(expected, groups))
          testCase "true classes are shapes with their own legend" (fun () ->
              let options =
                  { Plot.defaults with
                      Classes = iris.Value.Labels }

              let picture = draw options irisFit.Value (Csv.source iris.Value)
              let legend = classed "gmm-legend" picture |> Array.map _.Value
              Assert.Equal<string>([| "setosa"; "versicolor"; "virginica" |], legend[3..])
              Assert.Equal(50, (points picture).Length))
          testCase "more components than colours have outlines of their own" (fun () ->
              let picture = all.Value |> List.find (fst >> (=) "fourteen") |> snd
              let looks = classed "gmm-ellipse" picture |> Array.map (text "class")
              Assert.Equal(14, looks.Length)
              Assert.Equal(14, (Array.distinct looks).Length))
          testCase "of many rows the stated number is drawn, and the caption says so" (fun () ->
              let source = blobs 2000 3 1.0 0.0
              let fit = fitOf 3 TiedSpherical source
              let picture = draw { Plot.defaults with MaxPoints = 500 } fit source
              Assert.Equal(500, (points picture).Length)
              Assert.Contains("500 of 2,000 rows, chosen at random", picture))
          testCase "text is escaped, and characters that XML can't have are left out" (fun () ->
              let title = "a < b & \"c\" > 'd'\u0001\u0000\uFFFF\uD800 \U0001F600"

              let options =
                  { faithfulOptions with
                      Title = title
                      ColumnNames = [| "<script>"; "&amp;" |] }

              let picture = draw options faithfulFit.Value faithful.Value
              let texts = elements "text" picture |> Array.map _.Value
              Assert.Contains(texts, fun text -> text.StartsWith "a < b & \"c\" > 'd'" && text.EndsWith "\U0001F600")
              Assert.Contains("<script>", texts)
              Assert.Contains("&amp;", texts)
              Assert.Empty(elements "script" picture))
          testCase "a title too long for the picture is cut" (fun () ->
              let picture =
                  draw
                      { Plot.defaults with
                          Title = String('x', 1000) }
                      faithfulFit.Value
                      faithful.Value

              Assert.Contains(elements "text" picture, fun text -> text.Value.EndsWith "x…" && text.Value.Length < 120))
          testCase "the features drawn may be chosen, in either order" (fun () ->
              let names = [| "a"; "b"; "c"; "d" |]

              for columns in [ [| 0; 1 |]; [| 3; 2 |] ] do
                  let options =
                      { Plot.defaults with
                          ColumnNames = names
                          Columns = columns }

                  let texts =
                      draw options irisFit.Value (Csv.source iris.Value) |> elements "text" |> Array.map _.Value

                  let titles = texts |> Array.filter (fun text -> Array.contains text names)
                  Assert.Equal<string>([| names[columns[0]]; names[columns[1]] |], titles))
          testCase "the features that separate best are those in which the means differ" (fun () ->
              let means = array2D [ [ 0.0; 0.0; 0.0; 1.0 ]; [ 0.0; 9.0; 0.1; 8.0 ]; [ 0.1; 4.0; 0.0; -9.0 ] ]
              let parameters = Gaussian.create Spherical means (Tensor.scalar 1.0) |> GmmError.get

              let fit =
                  { irisFit.Value with
                      Mixture = Mixture.uniform 3 parameters }

              Assert.Equal((1, 3), Plot.bestColumns fit))
          testCase "the scale of features does not change which separate best" (fun () ->
              let table = iris.Value
              let factors = [| 1e-6; 1.0; 1e6; 30.0 |]
              let scaled = table.Values |> Array.mapi (fun i x -> x * factors[i % 4])
              let source = Source.ofMemory 4 (ReadOnlyMemory scaled) |> GmmError.get
              let labels = Predict.labels irisFit.Value (Csv.source table) |> GmmError.get

              let fitTo source =
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 3
                          Start = Start.Labels labels }
                      source
                  |> GmmError.get

              Assert.Equal(Plot.bestColumns (fitTo (Csv.source table)), Plot.bestColumns (fitTo source)))
          testCase "data all in one place, or on a line, are drawn" (fun () ->
              for rows in
                  [ [| [| 3.0; 3.0 |]; [| 3.0; 3.0 |] |]; [| [| 1.0; 5.0 |]; [| 2.0; 5.0 |]; [| 4.0; 5.0 |] |] ] do
                  let source = Source.ofRows rows |> GmmError.get

                  let fit =
                      Gmm.fit
                          { Gmm.defaults with
                              Family.RegCovar = Absolute 1e-9 }
                          source
                      |> GmmError.get

                  let picture = draw Plot.defaults fit source
                  Assert.True(isFinite picture)
                  Assert.Equal(rows.Length, (points picture).Length)) ]

// ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let densityTests =
    testList
        "Plot: density"
        [ testCase "data of one feature give a curve for every component, the whole density and a histogram" (fun () ->
              let values = (read "faithful.csv").Values
              let waiting = Array.init 272 (fun n -> values[2 * n + 1])
              let source = Source.ofMemory 1 (ReadOnlyMemory waiting) |> GmmError.get
              let fit = fitOf 2 Full source

              let picture =
                  draw
                      { Plot.defaults with
                          ColumnNames = [| "waiting" |] }
                      fit
                      source

              Assert.Equal(2, (inPanel 0 "gmm-curve" picture).Length)

              Assert.Equal(
                  1,
                  (inPanel 0 "gmm-line" picture |> Array.filter (fun line -> line.Parent.Name.LocalName = "svg"))
                      .Length
              )

              Assert.Equal(2, (classed "gmm-mean" picture).Length)
              Assert.Equal(13, (classed "gmm-bar" picture).Length)
              Assert.Contains("density", elements "text" picture |> Array.map _.Value)

              // Bars of area 1, in units of the axes.
              let fx, fy = factors picture

              let sum =
                  classed "gmm-bar" picture
                  |> Array.sumBy (fun bar -> value "width" bar / fx * (value "height" bar / -fy))

              Assert.Equal(1.0, sum, 0.01))
          testCase "the density of one of several features is the marginal one" (fun () ->
              let one =
                  Plot.density
                      { Plot.defaults with
                          Columns = [| 2 |]
                          ColumnNames = [| "a"; "b"; "c"; "d" |] }
                      irisFit.Value
                      (Csv.source iris.Value)

              let texts = svg one |> elements "text" |> Array.map _.Value
              Assert.Contains("c", texts)) ]

// ── Colours of points ───────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``colours of points`` =
    testList
        "Plot: colours of points"
        [ testCase "rows in another component than that of their class are ringed, and counted" (fun () ->
              let picture = Figure.svg (kind "classes")

              let truth, labels =
                  iris.Value.Labels.Value, Predict.labels irisFit.Value (Csv.source iris.Value) |> GmmError.get

              let report = Metrics.report truth labels |> GmmError.get
              let wrong = 150 - int (round (150.0 * report.Accuracy))
              Assert.True(wrong > 0)

              let rings = inPanel 0 "gmm-ring" picture |> Array.collect (fun group -> group.Elements() |> Array.ofSeq)
              Assert.Equal(wrong, rings.Length)
              Assert.Contains($"{wrong} rows in a component that is not their class's", picture)

              // Every class has the colour of the component matched to it.
              let sizes =
                  points picture
                  |> Array.filter (fun point -> text "class" point.Parent <> "gmm-ring")
                  |> Array.countBy (fun point -> text "class" point.Parent)

              Assert.Equal<int>([| 50; 50; 50 |], Array.map snd sizes)

              for scores in report.Classes do
                  Assert.Contains($"{scores.Class} = component {scores.Label.Value}", picture))
          testCase "a class without a component has a colour of its own" (fun () ->
              let two = fitOf 2 Full (Csv.source iris.Value)

              let picture =
                  draw
                      { Plot.defaults with
                          Classes = iris.Value.Labels
                          Colour = PointColour.Class }
                      two
                      (Csv.source iris.Value)

              let classes = points picture |> Array.map (fun point -> text "class" point.Parent) |> Array.distinct
              Assert.Contains("gmm-point gmm-c2 gmm-d0", classes)
              Assert.Equal(2, (ellipses picture).Length))
          testCase "a log-density is a step on the bar of colours" (fun () ->
              let source = Csv.source iris.Value
              let picture = Figure.svg (kind "log-densities")
              let densities = Predict.logDensities irisFit.Value source |> GmmError.get |> Array.sort

              let steps =
                  classed "gmm-point" picture
                  |> Array.map (fun group -> Regex.Match(text "class" group, @"gmm-v(\d+)").Groups[1].Value |> int)

              Assert.Equal(0, Array.min steps)
              Assert.Equal(23, Array.max steps)

              // The lowest hundredth has the lowest step.
              let bar =
                  classed "gmm-level" picture
                  |> Array.map (fun tick ->
                      Double.Parse((Seq.last (tick.Elements())).Value, CultureInfo.InvariantCulture))

              Assert.InRange(Array.min bar, densities[1], Array.last densities)
              Assert.InRange(Array.max bar, densities[1], Array.last densities)

              Assert.Equal(
                  24,
                  (elements "rect" picture |> Array.filter (fun band -> (text "class" band).StartsWith "gmm-v")).Length
              )) ]

// ── Density ellipses of pairs, several fits, labels ─────────────────────────────────────────────────────────────────

[<Tests>]
let ``density ellipses of pairs, several fits, labels`` =
    testList
        "Plot: density ellipses of pairs, several fits, labels"
        [ testCase
              "pairs have a panel for every two features and one for each, the ellipses those of the marginal covariances"
              (fun () ->
                  let picture = Figure.svg (kind "pairs")
                  Assert.Equal(1 + 10, (elements "svg" picture).Length)
                  Assert.Equal(6 * 3 * 2, (elements "ellipse" picture).Length)
                  Assert.Equal(4 * 3, Array.sum [| for panel in 0..9 -> (inPanel panel "gmm-curve" picture).Length |])
                  // Of three classes with shapes of their own, one has circles.
                  Assert.Equal(6 * 50, (points picture).Length)

                  // The first panel below the diagonal is of features 0 and 1, which share no axis texts with others in their corner.
                  let covariance = Gaussian.covariance irisFit.Value.Parameters 0
                  let area = covariance[0, 0] * covariance[1, 1] - covariance[0, 1] * covariance[0, 1]
                  let yTicks = axes "end" "y1" picture |> Array.head
                  let xTicks = axes "middle" "x1" picture |> Array.head
                  let factor (marks: (float * float)[]) = (snd marks[1] - snd marks[0]) / (fst marks[1] - fst marks[0])

                  let outer =
                      inPanel 1 "gmm-ellipse" picture
                      |> Array.head
                      |> _.Elements()
                      |> Seq.find (fun node -> node.Name.LocalName = "ellipse")

                  let expected = 9.0 * sqrt area * factor xTicks * abs (factor yTicks)
                  Assert.Equal(1.0, value "rx" outer * value "ry" outer / expected, 0.01))
          testCase "of many features pairs has to be told which" (fun () ->
              let digits = Csv.source (read "digits.csv")

              let fit =
                  Gmm.fit
                      { Gmm.defaults with
                          Family.RegCovar = Absolute 1.0 }
                      digits
                  |> GmmError.get

              match Plot.pairs Plot.defaults fit digits with
              | Error(InvalidOption("Columns", rule, value)) ->
                  Assert.Contains("eight", rule)
                  Assert.Contains("64", value)
              | other -> failwith $"%A{other}"

              let chosen =
                  Plot.pairs
                      { Plot.defaults with
                          Columns = [| 20; 30; 40 |] }
                      fit
                      digits
                  |> svg

              Assert.Equal(1 + 6, (elements "svg" chosen).Length))
          testCase "fits side by side have the same axes, and matched components the same colour" (fun () ->
              let reversed =
                  let parameters = faithfulFit.Value.Parameters
                  let means = parameters.Means.toArray2D ()
                  let covariances = parameters.Covariances.toArray3D ()

                  let turned =
                      Gaussian.create
                          Full
                          (Array2D.init 2 2 (fun k j -> means[1 - k, j]))
                          (Tensor.matrices (Array3D.init 2 2 2 (fun k i j -> covariances[1 - k, i, j])))
                      |> GmmError.get

                  { faithfulFit.Value with
                      Mixture = Mixture.create (Array.rev faithfulFit.Value.Weights) turned |> GmmError.get }

              let picture = Plot.compare Plot.defaults [ "a", faithfulFit.Value; "b", reversed ] faithful.Value |> svg

              let panel number =
                  inPanel number "gmm-point" picture
                  |> Array.map (fun group -> text "class" group, Seq.length (group.Elements()))

              Assert.Equal<string * int>(panel 0, panel 1)

              // The same ellipses, but for the distance of the panels.
              let moved number =
                  let window = (elements "svg" picture)[number + 1]

                  inPanel number "gmm-ellipse" picture
                  |> Array.sortBy (text "class")
                  |> Array.collect (fun group ->
                      group.Elements() |> Seq.filter (fun node -> node.Name.LocalName = "ellipse") |> Array.ofSeq)
                  |> Array.map (fun node -> value "cx" node - value "x" window, value "cy" node, value "rx" node)

              for (x, y, r), (x', y', r') in Array.zip (moved 0) (moved 1) do
                  Assert.Equal(x, x', 0.05)
                  Assert.Equal(y, y', 0.05)
                  Assert.Equal(r, r', 0.05))
          testCase "figures side by side share scales and keep their legends apart" (fun () ->
              let source = Csv.source iris.Value

              let chosen =
                  { Plot.defaults with
                      Columns = [| 2; 3 |] }

              let truth = Plot.labelled { chosen with Title = "truth" } source iris.Value.Labels.Value |> GmmError.get
              let fit = Plot.scatter { chosen with Title = "fit" } irisFit.Value source |> GmmError.get
              let picture = Figure.beside "both" [ truth; fit ] |> svg
              Assert.Equal(300, (points picture).Length)
              let legend = classed "gmm-legend" picture |> Array.map _.Value
              Assert.Equal<string>([| "truth"; "setosa: 50 rows" |], legend[..1])
              Assert.Equal("fit", legend[4])
              // Only the first has texts beside its vertical axis.
              Assert.Equal(1, (axes "end" "y1" picture).Length)) ]

// ── Iterations ──────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let iterationsTests =
    testList
        "Plot: iterations"
        [ testCase "weights and objective are drawn where the history and the trace have them" (fun () ->
              let fit = watched.Value
              let dots picture number = inPanel 0 "gmm-dot" picture |> Array.item number |> _.Elements() |> Array.ofSeq
              let weights, objective = Figure.svg (kind "weights"), Figure.svg (kind "objective")

              for k in 0..1 do
                  for i, dot in dots weights k |> Array.indexed do
                      let x, y = placeOf weights (float i, fit.History[i].Weights[k])
                      Assert.Equal(x, value "cx" dot, 0.05)
                      Assert.Equal(y, value "cy" dot, 0.05)

              Assert.Equal(fit.Trace.Length, (dots objective 0).Length)
              let heights = dots objective 0 |> Array.map (value "cy")
              // It never falls; the picture's heights count from its top.
              Assert.All(Array.pairwise heights, fun (a, b) -> Assert.True(b <= a + 0.01))
              Assert.Contains($"{fit.Iterations} iterations, converged", objective))
          testCase "the legend of lines stands beside their ends, and never on itself" (fun () ->
              let ends = [ for k in 0..7 -> $"line {k}", [| 0.0, float k; 1.0, 0.01 * float k |] ]
              let picture = Plot.curves Plot.defaults "x" "y" ends |> svg

              let heights =
                  classed "gmm-legend" picture
                  |> Array.map (fun entry -> value "y" (Seq.last (entry.Elements())))
                  |> Array.sort

              Assert.All(Array.pairwise heights, fun (a, b) -> Assert.True(b - a >= 12.0))
              let left, top, width, height = area picture
              Assert.All(heights, fun y -> Assert.InRange(y, top, top + height + 6.0)))
          testCase "an animation has a frame for every iterate, and a state of every component in each" (fun () ->
              let fit, figure = watched.Value, kind "animation"
              Assert.Equal(fit.History.Length, figure.Frames)
              let picture = Figure.svg figure
              Assert.Equal(figure.Frames, (classed "gmm-frame-name" picture).Length)
              Assert.Contains("prefers-reduced-motion", picture)

              // What moves, moves by a rule that the style has, and every rule is used.
              let style = elements "style" picture |> Array.exactlyOne |> _.Value
              let rules = Regex.Matches(style, @"@keyframes ([\w-]+)") |> Seq.map _.Groups[1].Value |> Set.ofSeq
              let used = Regex.Matches(picture, @"animation:([\w-]+) ") |> Seq.map _.Groups[1].Value |> Set.ofSeq
              Assert.Equal<Set<string>>(rules, used)

              // Shown without motion it is the fit as it ended.
              let last = Figure.frame (figure.Frames - 1) figure |> svg

              Assert.Equal<int>(
                  ellipses faithfulPicture.Value |> Array.map Array.length,
                  ellipses last |> Array.map Array.length
              )

              Assert.DoesNotContain("animation:", last)

              // A unit circle's image under the first and the last state of a component's matrix is its ellipse then.
              let matrices =
                  Regex.Matches(style, @"transform:matrix\(([^)]+)\)")
                  |> Seq.map (fun found ->
                      found.Groups[1].Value.Split ','
                      |> Array.map (fun number -> Double.Parse(number, CultureInfo.InvariantCulture)))
                  |> Array.ofSeq

              let fx, fy =
                  let x, y = ticks "middle" "x1" picture, ticks "end" "y1" picture
                  (snd x[1] - snd x[0]) / (fst x[1] - fst x[0]), (snd y[1] - snd y[0]) / (fst y[1] - fst y[0])

              let isOf (mixture: Mixture<Gaussian>) k (m: float[]) =
                  let covariance = Gaussian.covariance mixture.Parameters k
                  let close a b = abs (a - b) < 0.01 * (1.0 + abs b)

                  close (m[0] * m[0] + m[1] * m[1]) (fx * fx * covariance[0, 0])
                  && close (m[1] * (m[0] + m[3])) (fx * fy * covariance[0, 1])
                  && close (m[1] * m[1] + m[3] * m[3]) (fy * fy * covariance[1, 1])

              for mixture in [ Array.head fit.History; Array.last fit.History ] do
                  for k in 0..1 do
                      Assert.Contains(matrices, fun matrix -> isOf mixture k matrix))
          testCase "a long history has 60 frames, the first and the last among them" (fun () ->
              let long =
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 3
                          Tolerance = 0.0
                          MaxIterations = 90
                          History = true }
                      faithful.Value
                  |> GmmError.get

              let figure = Plot.animation Plot.defaults long faithful.Value |> GmmError.get
              Assert.Equal(60, figure.Frames)
              let picture = Figure.svg figure
              Assert.Contains("60 of 91 iterates shown", picture)
              let names = classed "gmm-frame-name" picture |> Array.map _.Value
              Assert.StartsWith("start", names[0])
              Assert.StartsWith("iteration 90,", Array.last names)) ]

// ── Selection and images ────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``selection and images`` =
    testList
        "Plot: selection and images"
        [ testCase "criteria are drawn where the candidates have them, and the best is ringed" (fun () ->
              let selection, picture = selected.Value, Figure.svg (kind "criteria")

              let judged =
                  selection.Candidates |> List.map (fun candidate -> candidate, GmmError.get candidate.Outcome)

              let dots panel =
                  inPanel panel "gmm-dot" picture |> Array.collect (fun group -> group.Elements() |> Array.ofSeq)

              let yTicks = ticks "end" "y1" picture

              let height value' =
                  let (a, p), (b, q) = yTicks[0], Array.last yTicks
                  p + (value' - a) * (q - p) / (b - a)

              for panel, criterion in [ 0, Criterion.Bic; 1, Criterion.Icl ] do
                  let high = (kind "criteria").Panels[panel].Vertical.High
                  let shown = judged |> List.filter (fun (_, judged) -> judged.Value criterion <= high)
                  Assert.Equal(shown.Length, (dots panel).Length)

                  for dot, (_, judged) in Seq.zip (dots panel) shown do
                      Assert.Equal(height (judged.Value criterion), value "cy" dot, 0.05)

              let ring = inPanel 1 "gmm-ring" picture |> Array.exactlyOne |> _.Elements() |> Seq.exactlyOne
              let best = GmmError.get selection.Best.Outcome
              Assert.Equal(height best.Icl, value "cy" ring, 0.05)

              Assert.Contains(
                  $"the best by ICL: {selection.Best.Name} with {selection.Best.Components} components",
                  picture
              ))
          testCase "candidates without a fit are left out and counted" (fun () ->
              let rows = Source.ofRows [| for n in 0..9 -> [| float n; float n |] |] |> GmmError.get

              let selection =
                  Select.gaussian
                      Criterion.Bic
                      ignore
                      [ 1; 2 ]
                      [ Full; Diag ]
                      { Gmm.defaults with
                          Family.RegCovar = Absolute 0.0 }
                      rows
                  |> GmmError.get

              let picture = Plot.criteria Plot.defaults selection |> svg
              Assert.Contains("2 of 4 candidates have no fit", picture))
          testCase "pixels are as opaque as the probabilities say" (fun () ->
              let picture = Figure.svg (kind "means")
              let probabilities = Bernoulli.probabilities striped.Value.Parameters
              let images = classed "gmm-pixels" picture
              Assert.Equal(2, images.Length)

              for k in 0..1 do
                  let opacities =
                      images[k].Elements()
                      |> Seq.filter (fun node -> node.Name.LocalName = "rect")
                      |> Seq.map (value "fill-opacity")
                      |> Array.ofSeq

                  Assert.Equal(6, opacities.Length)

                  for j in 0..5 do
                      Assert.Equal(probabilities[k, j], opacities[j], 0.0051)

              // Three pixels a row, and the second row below the first.
              let places =
                  images[0].Elements()
                  |> Seq.filter (fun node -> node.Name.LocalName = "rect")
                  |> Seq.map (fun node -> value "x" node, value "y" node)
                  |> Array.ofSeq

              Assert.Equal(snd places[0], snd places[2])
              Assert.Equal(fst places[0], fst places[3])
              Assert.True(snd places[3] > snd places[0]))
          testCase "numbers not between 0 and 1 go from the smallest to the largest" (fun () ->
              let picture = Figure.svg (kind "images")

              let pixels =
                  (classed "gmm-pixels" picture |> Array.exactlyOne).Elements()
                  |> Seq.filter (fun node -> node.Name.LocalName = "rect")
                  |> Array.ofSeq
              // The smallest is as the background.
              Assert.Equal<float>([| 0.25; 1.0; 0.75 |], pixels |> Array.map (value "fill-opacity"))) ]

// ── Colours ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Red, green and blue, linear, between 0 and 1.
let private linear (colour: string) =
    [| for i in [ 1; 3; 5 ] ->
           let c = float (Convert.ToInt32(colour.Substring(i, 2), 16)) / 255.0
           if c <= 0.04045 then c / 12.92 else ((c + 0.055) / 1.055) ** 2.4 |]

let private luminance colour =
    Array.fold2 (fun sum weight c -> sum + weight * c) 0.0 [| 0.2126; 0.7152; 0.0722 |] (linear colour)

/// The contrast ratio of WCAG 2.2.
let private contrast a b =
    let a, b = luminance a + 0.05, luminance b + 0.05
    max a b / min a b

/// OKLab (Ottosson 2020) of linear red, green and blue.
let private oklab (rgb: float[]) =
    let times (matrix: float[][]) (v: float[]) =
        matrix |> Array.map (fun row -> Array.fold2 (fun sum a b -> sum + a * b) 0.0 row v)

    rgb
    |> Array.map (fun c -> Math.Clamp(c, 0.0, 1.0))
    |> times
        [| [| 0.4122214708; 0.5363325363; 0.0514459929 |]
           [| 0.2119034982; 0.6806995451; 0.1073969566 |]
           [| 0.0883024619; 0.2817188376; 0.6299787005 |] |]
    |> Array.map Math.Cbrt
    |> times
        [| [| 0.2104542553; 0.7936177850; -0.0040720468 |]
           [| 1.9779984951; -2.4285922050; 0.4505937099 |]
           [| 0.0259040371; 0.7827717662; -0.8086757660 |] |]

/// What the colour-blind see (Machado, Oliveira and Fernandes 2009, severity 1), and the others.
let private sights =
    [ "normal", [| [| 1.0; 0.0; 0.0 |]; [| 0.0; 1.0; 0.0 |]; [| 0.0; 0.0; 1.0 |] |]
      "protan",
      [| [| 0.152286; 1.052583; -0.204868 |]
         [| 0.114503; 0.786281; 0.099216 |]
         [| -0.003882; -0.048116; 1.051998 |] |]
      "deutan",
      [| [| 0.367322; 0.860646; -0.227968 |]
         [| 0.280085; 0.672501; 0.047413 |]
         [| -0.011820; 0.042940; 0.968881 |] |]
      "tritan",
      [| [| 1.255528; -0.076749; -0.178779 |]
         [| -0.078411; 0.930809; 0.147602 |]
         [| 0.004733; 0.691367; 0.303900 |] |] ]

/// The colours of a class of marks, in light and in dark surroundings.
let private colours (rule: string) =
    let style = elements "style" faithfulPicture.Value |> Array.exactlyOne |> _.Value
    let split = style.IndexOf "@media (prefers-color-scheme:dark)"
    Assert.True(split > 0)

    [ for part in [ style[.. split - 1]; style[split..] ] ->
          [| for found in Regex.Matches(part, rule) -> found.Groups[1].Value |] ]

[<Tests>]
let coloursTests =
    testList
        "Plot: colours"
        [ testCase "every colour stands out from the background, in light and in dark" (fun () ->
              let papers = colours @"\.gmm-paper\{fill:(#\w{6})" |> List.map Array.exactlyOne

              for rule, least in
                  [ @"\.gmm-c\d\{fill:(#\w{6})", 3.0
                    @"\.gmm-ink\{fill:(#\w{6})", 12.0
                    @"\.gmm-soft\{fill:(#\w{6})", 4.5 ] do
                  for paper, colours in List.zip papers (colours rule) do
                      Assert.NotEmpty colours

                      Assert.All(
                          colours,
                          fun colour -> Assert.True(contrast paper colour >= least, $"{colour} on {paper}")
                      ))
          testCase "the colour-blind tell every colour from every other" (fun () ->
              for colours in colours @"\.gmm-c\d\{fill:(#\w{6})" do
                  Assert.Equal(6, colours.Length)

                  for name, sight in sights do
                      let seen =
                          colours
                          |> Array.map (
                              linear
                              >> fun rgb ->
                                  sight
                                  |> Array.map (fun row -> Array.fold2 (fun sum a b -> sum + a * b) 0.0 row rgb)
                                  |> oklab
                          )

                      for i in 0..5 do
                          for j in 0 .. i - 1 do
                              let distance =
                                  Array.fold2 (fun sum a b -> sum + (a - b) * (a - b)) 0.0 seen[i] seen[j] |> sqrt

                              Assert.True(distance >= 0.1, $"{name}: {colours[i]} and {colours[j]}, {distance}")) ]

// ── HTML ─────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``HTML`` =
    testList
        "Plot: HTML"
        [ testCase
              "a page has the picture, its title, and for an animation a slider that reaches every frame"
              (fun () ->
                  for name, figure in gallery.Value do
                      let page = Figure.html figure
                      Assert.StartsWith("<!doctype html>", page)
                      Assert.Contains("<svg", page)
                      Assert.DoesNotContain("http", page.Replace("http://www.w3.org/2000/svg", ""))
                      Assert.Equal(figure.Frames > 0, page.Contains "<script>")

                      if figure.Frames > 0 then
                          Assert.Contains($"max=\"{figure.Frames - 1}\"", page)

                  let escaped =
                      Plot.scatter
                          { faithfulOptions with
                              Title = "a < b & c" }
                          faithfulFit.Value
                          faithful.Value
                      |> GmmError.get
                      |> Figure.html

                  Assert.Contains("<title>a &lt; b &amp; c</title>", escaped)) ]

// ── Wrong use ───────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``wrong use`` =
    testList
        "Plot: wrong use"
        [ testCase "wrong options are errors that name the option" (fun () ->
              let d = Plot.defaults

              let wrong =
                  [ { d with Width = 10 }, "Width"
                    { d with Height = -1 }, "Height"
                    { d with MaxPoints = 0 }, "MaxPoints"
                    { d with PointSize = Some 0.0 }, "PointSize"
                    { d with PointOpacity = 1.5 }, "PointOpacity"
                    { d with EllipseFill = nan }, "EllipseFill"
                    { d with Sigmas = [| 1.0; 0.0 |] }, "Sigmas"
                    { d with Sigmas = [| nan |] }, "Sigmas"
                    { d with ColumnNames = [| "one" |] }, "ColumnNames"
                    { d with Columns = [| 0; 2 |] }, "Columns"
                    { d with Columns = [| 1; 1 |] }, "Columns"
                    { d with Columns = [| 1 |] }, "Columns"
                    { d with Classes = Some [| "x" |] }, "Classes"
                    { d with Colour = PointColour.Class }, "Classes" ]

              for options, expected in wrong do
                  match Plot.scatter options faithfulFit.Value faithful.Value with
                  | Error(InvalidOption(name, _, _)) -> Assert.Equal(expected, name)
                  | other -> failwith $"{expected}: %A{other}"

              match Plot.density { d with Columns = [| 2 |] } faithfulFit.Value faithful.Value with
              | Error(InvalidOption("Columns", "empty or one feature between 0 and 1", "2")) -> ()
              | other -> failwith $"%A{other}"

              match Plot.scatter d faithfulFit.Value (Csv.source iris.Value) with
              | Error(InvalidData _) -> ()
              | other -> failwith $"%A{other}"

              match Plot.labelled d faithful.Value [| 0 |] with
              | Error(InvalidOption("Labels", _, "1 label")) -> ()
              | other -> failwith $"%A{other}")
          testCase "what can't be drawn is an error that says what is missing" (fun () ->
              let message result =
                  match result with
                  | Error(error: GmmError) -> error.Message
                  | Ok(figure: Figure) -> failwith $"drawn: {figure.Frames}"

              let d, fit, source = Plot.defaults, faithfulFit.Value, faithful.Value
              let history = "History must be true in the options of the fit, but is false."
              Assert.Equal(history, message (Plot.weights d fit))
              Assert.Equal(history, message (Plot.animation d fit source))
              let single = Source.ofRows [| for n in 0..9 -> [| float n |] |] |> GmmError.get
              let elsewhere = Fit.ofMixture Gaussian.family fit.Mixture
              Assert.StartsWith("The mixture must be fitted to data", message (Plot.objective d elsewhere))

              Assert.StartsWith(
                  "The data must have at least two features",
                  message (Plot.labelled d single (Array.create 10 0))
              )

              Assert.Contains("divisor of the 6 numbers", message (Plot.meanImages d 4 striped.Value))

              Assert.StartsWith(
                  "Names must be one for the only image",
                  message (Plot.images d 1 [||] (array2D [ [ 1.0 ] ]))
              )

              Assert.StartsWith(
                  "Images[0, 0] must be finite",
                  message (Plot.images d 1 [| "a" |] (array2D [ [ nan ] ]))
              )

              Assert.StartsWith("Lines must be", message (Plot.curves d "x" "y" []))

              Assert.StartsWith(
                  "Lines must be of finite numbers",
                  message (Plot.curves d "x" "y" [ "a", [| nan, 1.0 |] ])
              )

              Assert.StartsWith(
                  "Fits must be at least one",
                  message (Plot.compare d ([]: (string * Fit<Gaussian>) list) source)
              )

              Assert.StartsWith("Figures must be", message (Figure.beside "" []))
              Assert.StartsWith("Figures must be still", message (Figure.beside "" [ kind "animation" ]))
              Assert.StartsWith("Frame must be a frame of an animation", message (Figure.frame 0 (kind "scatter")))
              Assert.StartsWith("Frame must be between 0 and", message (Figure.frame 99 (kind "animation")))

              let counts = Source.ofRows [| for n in 0..9 -> [| float n; 1.0; 2.0; 3.0 |] |] |> GmmError.get
              let poisson = Gmm.fit (Gmm.defaultsOf Poisson.family) counts |> GmmError.get
              Assert.StartsWith("The family must be Bernoulli", message (Plot.meanImages d 2 poisson))
              // Its rows can be drawn, though its means can't.
              Assert.Equal(10, (Plot.scatter d poisson counts |> svg |> points).Length)) ]

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let files =
    testList
        "Plot: files"
        [ testCase
              "a figure is saved whole by the end of its name, its folder made, and an earlier one replaced"
              (fun () ->
                  let folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())
                  let path = Path.Combine(folder, "deeper", "picture.svg")

                  try
                      for figure in [ kind "scatter"; kind "weights" ] do
                          Figure.save path figure |> GmmError.get
                          Assert.Equal(Figure.svg figure, File.ReadAllText path)

                      Assert.Equal<string>([| path |], Directory.GetFiles(folder, "*", SearchOption.AllDirectories))

                      for ending, write in [ ".html", Figure.html; ".SVG", Figure.svg ] do
                          let other = Path.ChangeExtension(path, ending)
                          Figure.save other (kind "scatter") |> GmmError.get
                          Assert.Equal(write (kind "scatter"), File.ReadAllText other)

                      match Figure.save (Path.ChangeExtension(path, ".png")) (kind "scatter") with
                      | Error(InvalidOption("Path", "a name that ends in .svg or .html", _)) -> ()
                      | other -> failwith $"%A{other}"

                      // A folder stands where the file should go: an error, and nothing is left behind.
                      let taken = Path.Combine(folder, "taken.svg")
                      Directory.CreateDirectory taken |> ignore

                      match Figure.save taken (kind "scatter") with
                      | Error(UnreadableFile(named, 0, 0, _)) -> Assert.Equal(taken, named)
                      | other -> failwith $"%A{other}"

                      Assert.Empty(Directory.GetFiles(folder, "*.tmp"))
                  finally
                      Directory.Delete(folder, recursive = true)) ]
