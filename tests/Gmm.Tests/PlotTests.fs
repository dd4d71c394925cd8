module Gmm.Tests.PlotTests

open System
open System.Globalization
open System.IO
open System.Text.RegularExpressions
open System.Threading
open System.Xml.Linq
open MathNet.Numerics.LinearAlgebra
open Gmm
open Xunit

// ── Fits to draw ────────────────────────────────────────────────────────────────────────────────────────────────────

let private read name = Csv.read (Path.Combine(AppContext.BaseDirectory, "data", name)) |> GmmError.get

let private fitOf components structure source =
    Gmm.fit
        { Gmm.defaults with
            Components = components
            Structure = structure }
        source
    |> GmmError.get

let private draw options fit source =
    Predict.labels fit source |> Result.bind (Plot.scatter options fit source) |> GmmError.get

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

// ── Looking at pictures ─────────────────────────────────────────────────────────────────────────────────────────────

let private elements name (picture: string) =
    XDocument.Parse(picture).Descendants() |> Seq.filter (fun node -> node.Name.LocalName = name) |> Array.ofSeq

let private text name (node: XElement) =
    node.Attribute(XName.Get name) |> Option.ofObj |> Option.map _.Value |> Option.defaultValue ""

let private value name node = Double.Parse(text name node, CultureInfo.InvariantCulture)

let private classed ``class`` picture =
    XDocument.Parse(picture).Descendants()
    |> Seq.filter (fun node -> Array.contains ``class`` ((text "class" node).Split ' '))
    |> Array.ofSeq

/// The marks of the rows.
let private points picture =
    let isLegend (node: XElement) = text "class" node = "gmm-legend"
    elements "circle" picture |> Array.filter (fun circle -> not (Seq.exists isLegend (circle.Ancestors())))

/// The ellipses of every component, outermost first.
let private ellipses picture = elements "ellipse" picture |> Array.groupBy _.Parent |> Array.map snd

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
          "density", draw Plot.defaults (fitOf 2 Full single) single ]

[<Fact>]
let ``every picture is well-formed, finite and refers to nothing outside itself`` () =
    for name, picture in all.Value do
        Assert.Equal("svg", XDocument.Parse(picture).Root.Name.LocalName)
        Assert.True(isFinite picture, name)
        Assert.DoesNotContain("http", picture.Replace("http://www.w3.org/2000/svg", ""))
        Assert.DoesNotContain("url(", picture)
        Assert.DoesNotContain(" id=", picture)

[<Fact>]
let ``every point lies within the axes`` () =
    for name, picture in all.Value do
        let left, top, width, height = area picture

        for point in points picture do
            let x, y, r = value "cx" point, value "cy" point, value "r" point
            Assert.True(x - r >= left && x + r <= left + width && y - r >= top && y + r <= top + height, name)

[<Fact>]
let ``every text lies within the picture`` () =
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
                Assert.True(low >= 0.0 && high <= value "width" root, $"{name}: {node.Value}")

[<Fact>]
let ``ticks are round, in order, and not too many`` () =
    for name, picture in all.Value do
        for anchor in [ "middle"; "end" ] do
            let ticks =
                classed "gmm-tick" picture
                |> Array.map (fun tick -> tick.Elements() |> Seq.last)
                |> Array.filter (fun label -> text "text-anchor" label = anchor)
                |> Array.map (fun label -> Double.Parse(label.Value, CultureInfo.InvariantCulture))

            Assert.InRange(ticks.Length, 2, 12)
            let steps = ticks |> Array.pairwise |> Array.map (fun (a, b) -> b - a)
            Assert.All(steps, fun step -> Assert.InRange(step / steps[0], 0.999, 1.001))
            let mantissa = steps[0] / 10.0 ** floor (log10 steps[0] + 1e-6)

            Assert.True(
                [ 1.0; 2.0; 5.0; 10.0 ] |> List.exists (fun round -> abs (mantissa - round) < 1e-3),
                $"{name}: {mantissa}"
            )

[<Fact>]
let ``the same fit and data give the same text, in any language`` () =
    let before = Thread.CurrentThread.CurrentCulture

    try
        Thread.CurrentThread.CurrentCulture <- CultureInfo.GetCultureInfo "de-DE"
        Assert.Equal(faithfulPicture.Value, draw faithfulOptions faithfulFit.Value faithful.Value)
    finally
        Thread.CurrentThread.CurrentCulture <- before

    Assert.DoesNotContain("\r", faithfulPicture.Value)

// ── Scatter ─────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Fact>]
let ``one point a row, three ellipses, a mean and a legend entry a component`` () =
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
        Assert.Contains(expected, texts)

[<Fact>]
let ``as many ellipses as sigmas`` () =
    for sigmas in [ [||]; [| 2.0 |]; [| 0.5; 1.0; 1.5; 2.0 |] ] do
        let picture = draw { Plot.defaults with Sigmas = sigmas } faithfulFit.Value faithful.Value
        Assert.Equal(2 * sigmas.Length, (elements "ellipse" picture).Length)

/// Pixels per unit of both axes, from two ticks of each.
let private factors picture =
    let ticks anchor coordinate =
        classed "gmm-tick" picture
        |> Array.filter (fun tick -> text "text-anchor" (Seq.last (tick.Elements())) = anchor)
        |> Array.map (fun tick ->
            Double.Parse((Seq.last (tick.Elements())).Value, CultureInfo.InvariantCulture),
            value coordinate (Seq.head (tick.Elements())))

    let factor (marks: (float * float)[]) =
        (snd (Array.last marks) - snd marks[0]) / (fst (Array.last marks) - fst marks[0])

    factor (ticks "middle" "x1"), factor (ticks "end" "y1")

[<Fact>]
let ``the axes of the ellipses are those of the covariance, as an eigen-decomposition has them`` () =
    let picture = faithfulPicture.Value
    let fx, fy = factors picture

    for k in 0..1 do
        let covariance = Gaussian.covariance faithfulFit.Value.Parameters k
        let scaled = Matrix<float>.Build.Dense(2, 2, (fun i j -> covariance[i, j] * [| fx; fy |][i] * [| fx; fy |][j]))
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
            Assert.True(min difference (180.0 - difference) < 0.1, $"{drawn} against {angle}"))

[<Fact>]
let ``the heavier component is the more opaque`` () =
    let opacity k = value "opacity" (ellipses faithfulPicture.Value |> Array.item k |> Array.head |> _.Parent)
    let weights = faithfulFit.Value.Weights
    let heavy, light = if weights[0] > weights[1] then 0, 1 else 1, 0
    Assert.Equal(1.0, opacity heavy)
    Assert.InRange(opacity light, 0.25, 0.99)

[<Fact>]
let ``points have the colours of their labels`` () =
    let labels = Array.init 272 (fun n -> n % 2)
    let picture = Plot.scatter Plot.defaults faithfulFit.Value faithful.Value labels |> GmmError.get
    let colours = points picture |> Array.countBy (fun point -> text "class" point.Parent)
    Assert.Equal<string * int>([| "gmm-point gmm-c0 gmm-d0", 136; "gmm-point gmm-c1 gmm-d0", 136 |], colours)

[<Fact>]
let ``true classes are shapes with their own legend`` () =
    let options =
        { Plot.defaults with
            Classes = iris.Value.Labels }

    let picture = draw options irisFit.Value (Csv.source iris.Value)
    let legend = classed "gmm-legend" picture |> Array.map _.Value
    Assert.Equal<string>([| "setosa"; "versicolor"; "virginica" |], legend[3..])
    Assert.Equal(50, (points picture).Length)

[<Fact>]
let ``more components than colours have outlines of their own`` () =
    let picture = all.Value |> List.find (fst >> (=) "fourteen") |> snd
    let looks = classed "gmm-ellipse" picture |> Array.map (text "class")
    Assert.Equal(14, looks.Length)
    Assert.Equal(14, (Array.distinct looks).Length)

[<Fact>]
let ``of many rows the stated number is drawn, and the caption says so`` () =
    let source = blobs 2000 3 1.0 0.0
    let fit = fitOf 3 TiedSpherical source
    let picture = draw { Plot.defaults with MaxPoints = 500 } fit source
    Assert.Equal(500, (points picture).Length)
    Assert.Contains("500 of 2,000 rows, chosen at random", picture)

[<Fact>]
let ``text is escaped, and characters that XML can't have are left out`` () =
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
    Assert.Empty(elements "script" picture)

[<Fact>]
let ``a title too long for the picture is cut`` () =
    let picture =
        draw
            { Plot.defaults with
                Title = String('x', 1000) }
            faithfulFit.Value
            faithful.Value

    Assert.Contains(elements "text" picture, fun text -> text.Value.EndsWith "x…" && text.Value.Length < 120)

[<Fact>]
let ``the features drawn may be chosen, in either order`` () =
    let names = [| "a"; "b"; "c"; "d" |]

    for columns in [ 0, 1; 3, 2 ] do
        let options =
            { Plot.defaults with
                ColumnNames = names
                Columns = Some columns }

        let texts = draw options irisFit.Value (Csv.source iris.Value) |> elements "text" |> Array.map _.Value
        let titles = texts |> Array.filter (fun text -> Array.contains text names)
        Assert.Equal<string>([| names[fst columns]; names[snd columns] |], titles)

[<Fact>]
let ``the features that separate best are those in which the means differ`` () =
    let means = array2D [ [ 0.0; 0.0; 0.0; 1.0 ]; [ 0.0; 9.0; 0.1; 8.0 ]; [ 0.1; 4.0; 0.0; -9.0 ] ]
    let parameters = Gaussian.create Spherical means (Tensor.scalar 1.0) |> GmmError.get

    let fit =
        { irisFit.Value with
            Mixture = Mixture.uniform 3 parameters }

    Assert.Equal((1, 3), Plot.bestColumns fit)

[<Fact>]
let ``the scale of features does not change which separate best`` () =
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

    Assert.Equal(Plot.bestColumns (fitTo (Csv.source table)), Plot.bestColumns (fitTo source))

[<Fact>]
let ``data all in one place, or on a line, are drawn`` () =
    for rows in [ [| [| 3.0; 3.0 |]; [| 3.0; 3.0 |] |]; [| [| 1.0; 5.0 |]; [| 2.0; 5.0 |]; [| 4.0; 5.0 |] |] ] do
        let source = Source.ofRows rows |> GmmError.get

        let fit =
            Gmm.fit
                { Gmm.defaults with
                    RegCovar = Absolute 1e-9 }
                source
            |> GmmError.get

        let picture = draw Plot.defaults fit source
        Assert.True(isFinite picture)
        Assert.Equal(rows.Length, (points picture).Length)

// ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Fact>]
let ``data of one feature give a curve for every component, the whole density and a histogram`` () =
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

    Assert.Equal(2, (classed "gmm-curve" picture).Length)
    Assert.Equal(2, (classed "gmm-mean" picture).Length)
    Assert.Equal(13, (classed "gmm-bar" picture).Length)
    Assert.Contains("density", elements "text" picture |> Array.map _.Value)

    // Bars of area 1, in units of the axes.
    let fx, fy = factors picture

    let sum =
        classed "gmm-bar" picture |> Array.sumBy (fun bar -> value "width" bar / fx * (value "height" bar / -fy))

    Assert.Equal(1.0, sum, 0.01)

[<Fact>]
let ``the density of one of several features is the marginal one`` () =
    let one =
        Plot.density
            { Plot.defaults with
                ColumnNames = [| "a"; "b"; "c"; "d" |] }
            2
            irisFit.Value
            (Csv.source iris.Value)

    let texts = one |> GmmError.get |> elements "text" |> Array.map _.Value
    Assert.Contains("c", texts)

// ── Wrong use ───────────────────────────────────────────────────────────────────────────────────────────────────────

[<Fact>]
let ``wrong options are errors that name the option`` () =
    let labels = Array.zeroCreate 272
    let d = Plot.defaults

    let wrong =
        [ { d with Width = 10 }, labels, "Width"
          { d with Height = -1 }, labels, "Height"
          { d with MaxPoints = 0 }, labels, "MaxPoints"
          { d with Sigmas = [| 1.0; 0.0 |] }, labels, "Sigmas"
          { d with Sigmas = [| nan |] }, labels, "Sigmas"
          { d with ColumnNames = [| "one" |] }, labels, "ColumnNames"
          { d with Columns = Some(0, 2) }, labels, "Columns"
          { d with Columns = Some(1, 1) }, labels, "Columns"
          { d with Classes = Some [| "x" |] }, labels, "Classes"
          d, [| 0 |], "Labels"
          d, Array.create 272 2, "Labels"
          d, Array.create 272 -1, "Labels" ]

    for options, labels, expected in wrong do
        match Plot.scatter options faithfulFit.Value faithful.Value labels with
        | Error(InvalidOption(name, _, _)) -> Assert.Equal(expected, name)
        | other -> failwith $"{expected}: %A{other}"

    match Plot.density d 2 faithfulFit.Value faithful.Value with
    | Error(InvalidOption("Feature", _, "2")) -> ()
    | other -> failwith $"%A{other}"

    match Plot.scatter d faithfulFit.Value (Csv.source iris.Value) labels with
    | Error(InvalidData _) -> ()
    | other -> failwith $"%A{other}"

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Fact>]
let ``a picture is saved whole, its folder made, and an earlier one replaced`` () =
    let folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())
    let path = Path.Combine(folder, "deeper", "picture.svg")

    try
        for text in [ "first, a long one"; "second" ] do
            Plot.save path text |> GmmError.get
            Assert.Equal(text, File.ReadAllText path)

        Assert.Equal<string>([| path |], Directory.GetFiles(folder, "*", SearchOption.AllDirectories))

        // A folder stands where the file should go: an error, and nothing is left behind.
        match Plot.save folder "third" with
        | Error(UnreadableFile(named, 0, 0, _)) -> Assert.Equal(folder, named)
        | other -> failwith $"%A{other}"

        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName folder, Path.GetFileName folder + ".*"))
    finally
        Directory.Delete(folder, recursive = true)
