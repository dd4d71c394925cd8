namespace Gmm.Plotly

open System
open System.Net
open DynamicObj
open Gmm.Plots
open Plotly.NET
open Plotly.NET.LayoutObjects
open Plotly.NET.TraceObjects

/// Turns the marks of figures into traces, in the colours for light backgrounds.
module internal Traces =
    let private hex colour =
        match colour with
        | Series k when k = Gmm.Noise.Label -> Palette.lightSoft
        | Series k -> Palette.light[Palette.series k]
        | Ink -> Palette.lightInk
        | Quiet -> Palette.lightSoft

    let private colourOf colour = Color.fromHex (hex colour)

    /// Returns the colour, almost transparent.
    let private tint colour =
        let channel i = Convert.ToInt32((hex colour).Substring(1 + 2 * i, 2), 16)
        Color.fromString $"rgba({channel 0},{channel 1},{channel 2},0.09)"

    let private dashes =
        [| StyleParam.DrawingStyle.Solid
           StyleParam.DrawingStyle.Dash
           StyleParam.DrawingStyle.Dot
           StyleParam.DrawingStyle.DashDot |]

    let private dash colour =
        match colour with
        | Series k -> dashes[Palette.dash k]
        | Ink
        | Quiet -> StyleParam.DrawingStyle.Solid

    let private symbols =
        [| StyleParam.MarkerSymbol.Circle
           StyleParam.MarkerSymbol.Square
           StyleParam.MarkerSymbol.TriangleUp
           StyleParam.MarkerSymbol.Diamond
           StyleParam.MarkerSymbol.TriangleDown |]

    let private symbol shape = symbols[shape % symbols.Length]

    let private ring = StyleParam.MarkerSymbol.Modified(StyleParam.MarkerSymbol.Circle, StyleParam.SymbolStyle.Open)

    let private line colour = Line.init (Color = colourOf colour, Dash = dash colour)

    /// Encodes < and & for HTML, because Plotly would read them as tags.
    let plain (text: string) = WebUtility.HtmlEncode(Svg.sound text)

    // ── Marks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    let private levels =
        StyleParam.Colorscale.Custom
            [ for step in 0 .. Palette.levels - 1 ->
                  float step / float (Palette.levels - 1), Color.fromHex (Palette.lightLevel step) ]

    let private points (bar: Bar option) x y (points: Points) : Trace2D =
        let marker = Marker.init (Size = max 1 (int (round (2.0 * points.Radius))), Opacity = points.Opacity)

        let marker =
            if points.Hollow then
                marker |> Marker.style (Symbol = ring, Color = colourOf Ink)
            elif points.Shapes.Length > 0 then
                marker |> Marker.style (MultiSymbol = Array.map symbol points.Shapes)
            else
                marker

        let marker =
            match points.Paint, bar with
            | _ when points.Hollow -> marker
            | Plain one, _ -> marker |> Marker.style (Color = colourOf one)
            | BySeries series, _ ->
                marker |> Marker.style (Color = Color.fromColors (series |> Array.map (Series >> colourOf)))
            | ByLevel shares, None -> marker |> Marker.style (Color = Color.fromColorScaleValues shares)
            | ByLevel shares, Some bar ->
                let values = shares |> Array.map (fun share -> bar.Low + share * (bar.High - bar.Low))

                marker
                |> Marker.style (
                    Color = Color.fromColorScaleValues values,
                    CMin = bar.Low,
                    CMax = bar.High,
                    Colorscale = levels,
                    ShowScale = true,
                    ColorBar = ColorBar.init (Title = Title.init (plain bar.Title), Thickness = 14.0, Len = 0.6)
                )

        let style trace =
            trace
            |> Trace2DStyle.Scatter(
                Name = "rows",
                ShowLegend = false,
                Mode = StyleParam.Mode.Markers,
                X = points.X,
                Y = points.Y,
                XAxis = x,
                YAxis = y,
                Marker = marker
            )

        // WebGL draws many points faster.
        if points.X.Length > 2000 then
            Trace2D.initScatterGL style
        else
            Trace2D.initScatter style

    let private lines name x y (xs: float[]) (ys: float[]) mode line =
        Trace2D.initScatter (
            Trace2DStyle.Scatter(
                Name = plain name,
                ShowLegend = false,
                Mode = mode,
                X = xs,
                Y = ys,
                XAxis = x,
                YAxis = y,
                Line = line
            )
        )

    /// Draws every ellipse as a closed curve of 64 points: μ + σ L (cos t, sin t) with LLᵀ = Σ.
    let private ellipses x y (mark: Ellipses) : Trace2D list =
        let variance, shared, other = mark.Covariance
        let a, b = mark.Centre
        let first = sqrt variance
        let below = if first > 0.0 then shared / first else 0.0
        let second = sqrt (max 0.0 (other - below * below))
        let turns = [| for i in 0..64 -> 2.0 * Math.PI * float i / 64.0 |]

        [ for sigma in Array.sortDescending mark.Sigmas ->
              lines
                  mark.Name
                  x
                  y
                  (turns |> Array.map (fun t -> a + sigma * first * cos t))
                  (turns |> Array.map (fun t -> b + sigma * (below * cos t + second * sin t)))
                  StyleParam.Mode.Lines
                  (line mark.Colour |> Line.style (Width = 1.5))
              |> Trace2DStyle.Scatter(HoverInfo = StyleParam.HoverInfo.Name, Opacity = mark.Opacity) ]

    let private curve x y (curve: Curve) : Trace2D =
        let mode = if curve.Dotted then StyleParam.Mode.Lines_Markers else StyleParam.Mode.Lines

        let trace = lines curve.Name x y curve.X curve.Y mode (line curve.Colour)

        if curve.Filled && curve.Colour.IsSeries then
            trace |> Trace2DStyle.Scatter(Fill = StyleParam.Fill.ToZero_y, FillColor = tint curve.Colour)
        else
            trace

    let private mean x y (mean: Mean) : Trace2D =
        Trace2D.initScatter (
            Trace2DStyle.Scatter(
                Name = plain mean.Name,
                ShowLegend = false,
                Mode = StyleParam.Mode.Markers_Text,
                X = [ fst mean.At ],
                Y = [ snd mean.At ],
                MultiText = [ mean.Label ],
                TextPosition = StyleParam.TextPosition.TopRight,
                XAxis = x,
                YAxis = y,
                Marker =
                    Marker.init (
                        Symbol = (if mean.IsStart then ring else StyleParam.MarkerSymbol.CrossThin),
                        Size = int (round (2.0 * mean.Radius)),
                        Color = colourOf Ink,
                        Outline = Line.init (Width = 2.0, Color = colourOf Ink)
                    )
            )
        )

    let private histogram x y (bars: Bars) : Trace2D =
        Trace2D.initBar (
            Trace2DStyle.Bar(
                Name = "rows",
                ShowLegend = false,
                X = Array.init bars.Heights.Length (fun i -> bars.Low + (float i + 0.5) * bars.Width),
                Y = bars.Heights,
                Width = bars.Width,
                XAxis = x,
                YAxis = y,
                Marker = Marker.init (Color = Color.fromHex "#c8ccd2")
            )
        )

    /// Draws the rows of pixels from the top; the axis counts from the bottom.
    let private pixels x y (pixels: Pixels) : Trace2D =
        let rows, columns = Array2D.length1 pixels.Levels, Array2D.length2 pixels.Levels

        Trace2D.initHeatmap (
            Trace2DStyle.Heatmap(
                Name = plain pixels.Name,
                Z = [ for i in rows - 1 .. -1 .. 0 -> pixels.Levels[i, *] ],
                X = [ for j in 0 .. columns - 1 -> float j + 0.5 ],
                Y = [ for i in 0 .. rows - 1 -> float i + 0.5 ],
                XAxis = x,
                YAxis = y,
                ZMin = 0.0,
                ZMax = 1.0,
                ShowScale = false,
                ColorScale =
                    StyleParam.Colorscale.Custom
                        [ 0.0, Color.fromHex Palette.lightPaper; 1.0, Color.fromHex Palette.lightInk ]
            )
        )

    /// The traces of a mark. Each has the frame in which it is seen, or None when every frame shows it.
    let rec private ofMark bar x y (mark: Mark) : (Trace2D * int option) list =
        let still traces = traces |> List.map (fun trace -> trace, None)

        match mark with
        | Points all -> still [ points bar x y all ]
        | Curve line -> still [ curve x y line ]
        | Ellipses mark -> still (ellipses x y mark)
        | Mean mark -> still [ mean x y mark ]
        | Bars bars -> still [ histogram x y bars ]
        | Pixels picture -> still [ pixels x y picture ]
        | Moving states ->
            [ for frame, state in Array.indexed states do
                  for trace, _ in ofMark bar x y state -> trace, Some frame ]

    /// A legend entry: a trace without points.
    let private entry (entry: Entry) : Trace2D =
        let mode, marker, line =
            let dot symbol size colour =
                StyleParam.Mode.Markers, Some(Marker.init (Symbol = symbol, Size = size, Color = colourOf colour)), None

            match entry.Key with
            | Dot colour -> dot StyleParam.MarkerSymbol.Circle 9 colour
            | Shape shape -> dot (symbol shape) 9 Quiet
            | Ring -> dot ring 9 Ink
            | Heading -> dot StyleParam.MarkerSymbol.Circle 1 Ink
            | Stroke colour -> StyleParam.Mode.Lines, None, Some(line colour)

        // Plotly lists a trace in the legend when it has a point, which may be nowhere.
        let nowhere: string list = [ null ]

        Trace2D.initScatter (
            Trace2DStyle.Scatter(
                Name = plain entry.Text,
                ShowLegend = true,
                Mode = mode,
                X = nowhere,
                Y = nowhere,
                ?Marker = marker,
                ?Line = line
            )
        )

    // ── The whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    let private axis (axis: Axis) anchor (low: float, high: float) =
        let made =
            LinearAxis.init (
                Range = StyleParam.Range.MinMax(axis.Low, axis.High),
                Domain = StyleParam.Range.MinMax(low, high),
                Anchor = anchor,
                ZeroLine = false,
                ShowGrid = (axis.Ticks <> Bare)
            )

        if Layout.hasTexts axis then
            made |> LinearAxis.style (Title = Title.init (plain axis.Title))
        else
            made |> LinearAxis.style (ShowTickLabels = false, Ticks = StyleParam.TickOptions.Empty)

    /// A text that begins at a place, given as shares of the whole, and `above` pixels higher.
    let private annotation (text: string) (x: float) (y: float) (above: int) =
        Annotation.init (
            X = x,
            Y = y,
            Text = text,
            XRef = "paper",
            YRef = "paper",
            XAnchor = StyleParam.XAnchorPosition.Left,
            YAnchor =
                (if above < 0 then
                     StyleParam.YAnchorPosition.Top
                 else
                     StyleParam.YAnchorPosition.Bottom),
            YShift = above,
            Align = StyleParam.AnnotationAlignment.Left,
            ShowArrow = false
        )

    /// A slider whose steps show the moving traces of one frame each.
    let private slider (names: string[]) (frames: int option list) =
        let moving =
            [| for i, frame in List.indexed frames do
                   match frame with
                   | Some frame -> i, frame
                   | None -> () |]

        let step number name =
            let shown = DynamicObj()
            shown.SetProperty("visible", moving |> Array.map (fun (_, frame) -> frame = number))
            let step = SliderStep.init (Label = plain name, Method = StyleParam.Method.Restyle)
            step.SetProperty("args", [| box shown; box (Array.map fst moving) |])
            step

        Slider.init (Active = names.Length - 1, Padding = Padding.init (T = 80), Steps = Array.mapi step names)

    /// Turns a figure into a chart.
    let chart (figure: Gmm.Figure) : GenericChart =
        let panels = Array.ofList figure.Panels
        let rows = 1 + (panels |> Array.map _.Row |> Array.max)
        let starts = figure.Columns |> Array.scan (+) 0.0

        let across (axes: Axes) =
            // The texts of a vertical axis need room between two panels.
            let room = if axes.Column > 0 && Layout.hasTexts axes.Vertical then 0.2 else 0.08
            let gap = if figure.Columns.Length = 1 then 0.0 else room * figure.Columns[axes.Column]
            starts[axes.Column] + gap, starts[axes.Column + 1]

        let down (axes: Axes) =
            let room = if axes.Title = "" then 0.1 else 0.2
            let gap = if rows = 1 then 0.0 else room / float rows
            1.0 - float (axes.Row + 1) / float rows + gap, 1.0 - float axes.Row / float rows

        let traces =
            [ for i, axes in Array.indexed panels do
                  for mark in axes.Marks do
                      yield!
                          ofMark figure.Bar (StyleParam.LinearAxisId.X(i + 1)) (StyleParam.LinearAxisId.Y(i + 1)) mark ]

        for trace, frame in traces do
            if frame |> Option.exists ((<>) (figure.Frames - 1)) then
                trace.SetProperty("visible", false)

        let caption =
            Svg.wrapText Layout.captionSize (float figure.Width - 120.0) figure.Caption
            |> List.map plain
            |> String.concat "<br>"

        let annotations =
            [ for axes in panels do
                  if axes.Title <> "" then
                      annotation (plain axes.Title) (fst (across axes)) (snd (down axes)) 2
              if figure.Caption <> "" then
                  annotation caption 0.0 0.0 -56 ]

        let layout =
            Plotly.NET.Layout.init (
                Title = Title.init (plain figure.Title),
                Width = figure.Width,
                Height = figure.Height + (if figure.Frames > 0 then 80 else 0),
                Margin = Margin.init (Top = (if figure.Title = "" then 40 else 80), Bottom = 110),
                Annotations = annotations
            )

        if figure.Frames > 0 then
            layout.SetProperty("sliders", [| slider figure.Names (List.map snd traces) |])

        for i, axes in Array.indexed panels do
            let x, y = StyleParam.LinearAxisId.X(i + 1), StyleParam.LinearAxisId.Y(i + 1)

            layout
            |> Plotly.NET.Layout.setLinearAxis (StyleParam.SubPlotId.XAxis(i + 1), axis axes.Horizontal y (across axes))
            |> Plotly.NET.Layout.setLinearAxis (StyleParam.SubPlotId.YAxis(i + 1), axis axes.Vertical x (down axes))
            |> ignore

        List.map fst traces @ List.map entry figure.Legend
        |> List.map (fun trace -> trace :> Trace)
        |> GenericChart.ofTraceObjects true
        |> GenericChart.addLayout layout
