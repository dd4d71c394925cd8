namespace Gmm.Plots

open System
open System.Text.Json
open System.Text.Json.Nodes
open Gmm

/// Writes figures as JSON for Plotly.
module internal Plotly =
    let private node (value: 'T) : JsonNode = JsonValue.Create value

    let private object (fields: (string * JsonNode) list) : JsonNode =
        let result = JsonObject()

        for name, value in fields do
            result.Add(name, value)

        result

    let private array (items: seq<JsonNode>) : JsonNode = JsonArray(Array.ofSeq items)

    let private numbers (values: seq<float>) = values |> Seq.map node |> array

    let private colour colour =
        match colour with
        | Series k -> Palette.light[Palette.series k]
        | Ink -> Palette.lightInk
        | Quiet -> Palette.lightSoft

    /// Returns the colour, almost transparent.
    let private tint of' =
        let channel i = Convert.ToInt32((colour of').Substring(1 + 2 * i, 2), 16)
        $"rgba({channel 0},{channel 1},{channel 2},0.09)"

    let private dashes = [| "solid"; "dash"; "dot"; "dashdot" |]

    let private dash colour =
        match colour with
        | Series k -> dashes[Palette.dash k]
        | Ink
        | Quiet -> "solid"

    let private symbols = [| "circle"; "square"; "triangle-up"; "diamond"; "triangle-down" |]

    // ── Traces ──────────────────────────────────────────────────────────────────────────────────────────────────────

    let private levels =
        array
            [ for step in 0 .. Palette.levels - 1 ->
                  array [ node (float step / float (Palette.levels - 1)); node (Palette.lightLevel step) ] ]

    let private bar (bar: Bar) =
        object [ "title", object [ "text", node bar.Title ]; "thickness", node 14; "len", node 0.6 ]

    /// Makes a trace with the fields that all traces have.
    let private trace kind name axes fields =
        object ([ "type", node kind; "name", node name; "showlegend", node false ] @ axes @ fields)

    let private points (figure: Figure) axes (points: Points) =
        let marker =
            [ "size", node (2.0 * points.Radius)
              "opacity", node points.Opacity
              if points.Shapes.Length > 0 then
                  "symbol", array (points.Shapes |> Seq.map (fun shape -> node symbols[shape % symbols.Length]))
              if points.Hollow then
                  "symbol", node "circle-open"
                  "color", node (colour Ink)
              else
                  match points.Paint, figure.Bar with
                  | Plain one, _ -> "color", node (colour one)
                  | BySeries series, _ -> "color", array (series |> Seq.map (Series >> colour >> node))
                  | ByLevel levels, Some bar ->
                      "color", numbers (levels |> Seq.map (fun level -> bar.Low + level * (bar.High - bar.Low)))
                  | ByLevel levels, None -> "color", numbers levels
              match points.Paint, figure.Bar with
              | ByLevel _, Some colours ->
                  "cmin", node colours.Low
                  "cmax", node colours.High
                  "colorscale", levels.DeepClone()
                  "showscale", node true
                  "colorbar", bar colours
              | _ -> () ]

        trace
            (if points.X.Length > 2000 then "scattergl" else "scatter")
            "rows"
            axes
            [ "mode", node "markers"; "x", numbers points.X; "y", numbers points.Y; "marker", object marker ]

    /// Draws every ellipse as a closed curve of 64 points: μ + σ L (cos t, sin t) with LLᵀ = Σ.
    let private ellipses axes (mark: Ellipses) =
        let variance, shared, other = mark.Covariance
        let a, b = fst mark.Centre, snd mark.Centre
        let first = sqrt variance
        let below = if first > 0.0 then shared / first else 0.0
        let second = sqrt (max 0.0 (other - below * below))
        let turns = [| for i in 0..64 -> 2.0 * Math.PI * float i / 64.0 |]

        [ for sigma in Array.sortDescending mark.Sigmas ->
              trace
                  "scatter"
                  mark.Name
                  axes
                  [ "mode", node "lines"
                    "hoverinfo", node "name"
                    "opacity", node mark.Opacity
                    "x", turns |> Seq.map (fun t -> a + sigma * first * cos t) |> numbers
                    "y", turns |> Seq.map (fun t -> b + sigma * (below * cos t + second * sin t)) |> numbers
                    "line",
                    object [ "color", node (colour mark.Colour); "width", node 1.5; "dash", node (dash mark.Colour) ] ] ]

    let private curve axes (curve: Curve) =
        trace
            "scatter"
            curve.Name
            axes
            [ "mode", node (if curve.Dotted then "lines+markers" else "lines")
              "x", numbers curve.X
              "y", numbers curve.Y
              "line", object [ "color", node (colour curve.Colour); "dash", node (dash curve.Colour) ]
              match curve.Colour with
              | Series _ when curve.Filled ->
                  "fill", node "tozeroy"
                  "fillcolor", node (tint curve.Colour)
              | _ -> () ]

    let private mean axes (mean: Mean) =
        trace
            "scatter"
            mean.Name
            axes
            [ "mode", node "markers+text"
              "x", numbers [ fst mean.At ]
              "y", numbers [ snd mean.At ]
              "text", array [ node mean.Label ]
              "textposition", node "top right"
              "marker",
              object
                  [ "symbol", node (if mean.IsStart then "circle-open" else "cross-thin")
                    "size", node (2.0 * mean.Radius)
                    "color", node (colour Ink)
                    "line", object [ "width", node 2; "color", node (colour Ink) ] ] ]

    let private histogram axes (bars: Bars) =
        trace
            "bar"
            "rows"
            axes
            [ "x", numbers (Seq.init bars.Heights.Length (fun i -> bars.Low + (float i + 0.5) * bars.Width))
              "y", numbers bars.Heights
              "width", node bars.Width
              "marker", object [ "color", node "#c8ccd2" ] ]

    /// Draws the rows of pixels from the top; the axis counts from the bottom.
    let private pixels axes (pixels: Pixels) =
        let rows, columns = Array2D.length1 pixels.Levels, Array2D.length2 pixels.Levels

        trace
            "heatmap"
            pixels.Name
            axes
            [ "z", array [ for i in rows - 1 .. -1 .. 0 -> numbers pixels.Levels[i, *] ]
              "x", numbers [ for j in 0 .. columns - 1 -> float j + 0.5 ]
              "y", numbers [ for i in 0 .. rows - 1 -> float i + 0.5 ]
              "zmin", node 0.0
              "zmax", node 1.0
              "showscale", node false
              "colorscale", array [ array [ node 0; node Palette.lightPaper ]; array [ node 1; node Palette.lightInk ] ] ]

    let rec private traces figure axes (frame: int) (mark: Mark) : JsonNode list =
        // A node has only one parent, so every trace needs its own axes.
        let axes = axes |> List.map (fun (name, axis: string) -> name, node axis)

        match mark with
        | Points all -> [ points figure axes all ]
        | Curve line -> [ curve axes line ]
        | Ellipses mark ->
            ellipses [] mark
            |> List.map (fun trace ->
                for name, axis in axes do
                    trace.AsObject().Add(name, axis.DeepClone())

                trace)
        | Mean mark -> [ mean axes mark ]
        | Bars bars -> [ histogram axes bars ]
        | Pixels picture -> [ pixels axes picture ]
        | Moving states ->
            traces figure (axes |> List.map (fun (name, axis) -> name, axis.GetValue<string>())) frame states[frame]

    // ── Axes, legend, frames ────────────────────────────────────────────────────────────────────────────────────────

    let private suffix i = if i = 0 then "" else string (i + 1)

    let private axis (axis: Axis) anchor (low: float, high: float) =
        object
            [ if Layout.hasTexts axis then
                  "title", object [ "text", node axis.Title ]
              "range", numbers [ axis.Low; axis.High ]
              "domain", numbers [ low; high ]
              "anchor", node (anchor: string)
              "zeroline", node false
              if not (Layout.hasTexts axis) then
                  "showticklabels", node false
                  "ticks", node ""
              if axis.Ticks = Bare then
                  "showgrid", node false ]

    /// Makes a legend entry: a trace without points.
    let private entry (entry: Entry) =
        let mode, fields =
            let marker symbol size of' =
                "markers",
                [ "marker",
                  object [ "symbol", node (symbol: string); "size", node (size: int); "color", node (of': string) ] ]

            match entry.Key with
            | Dot of' -> marker "circle" 9 (colour of')
            | Shape shape -> marker symbols[shape % symbols.Length] 9 (colour Quiet)
            | Ring -> marker "circle-open" 9 (colour Ink)
            | Heading -> marker "circle" 1 (colour Ink)
            | Stroke of' -> "lines", [ "line", object [ "color", node (colour of'); "dash", node (dash of') ] ]

        object (
            [ "type", node "scatter"
              "name", node entry.Text
              "mode", node mode
              "x", array [ null ]
              "y", array [ null ] ]
            @ fields
        )

    /// Makes a text that begins at a place, given as shares of the whole, and `above` pixels higher.
    let private annotation (text: string) (x: float) (y: float) (above: float) =
        object
            [ "text", node text
              "x", node x
              "y", node y
              "xref", node "paper"
              "yref", node "paper"
              "xanchor", node "left"
              "yanchor", node (if above < 0.0 then "top" else "bottom")
              "yshift", node above
              "align", node "left"
              "showarrow", node false ]

    /// Encodes < and & for HTML, because Plotly would read them as tags.
    let private plain (text: string) = Net.WebUtility.HtmlEncode(Svg.sound text)

    let private plainAxes (axes: Axes) =
        { axes with
            Title = plain axes.Title
            Horizontal =
                { axes.Horizontal with
                    Title = plain axes.Horizontal.Title }
            Vertical =
                { axes.Vertical with
                    Title = plain axes.Vertical.Title } }

    /// Writes {"data": […], "layout": {…}}, with "frames" for an animation.
    let write (figure: Figure) : string =
        let panels = figure.Panels |> List.map plainAxes |> Array.ofList
        let rows = 1 + (panels |> Array.map _.Row |> Array.max)
        let starts = figure.Columns |> Array.scan (+) 0.0

        let across (axes: Axes) =
            let gap = if figure.Columns.Length = 1 then 0.0 else 0.08 * figure.Columns[axes.Column]
            starts[axes.Column] + gap, starts[axes.Column + 1]

        let down (axes: Axes) =
            let room = if axes.Title = "" then 0.1 else 0.2
            let gap = if rows = 1 then 0.0 else room / float rows
            1.0 - float (axes.Row + 1) / float rows + gap, 1.0 - float axes.Row / float rows

        let ofAxes frame i (axes: Axes) =
            axes.Marks |> List.map (traces figure [ "xaxis", $"x{suffix i}"; "yaxis", $"y{suffix i}" ] frame)

        let all frame = panels |> Seq.mapi (ofAxes frame) |> Seq.concat |> Seq.concat
        let last = max 0 (figure.Frames - 1)

        let axisFields =
            [ for i, axes in Array.indexed panels do
                  $"xaxis{suffix i}", axis axes.Horizontal $"y{suffix i}" (across axes)
                  $"yaxis{suffix i}", axis axes.Vertical $"x{suffix i}" (down axes) ]

        let caption =
            Svg.wrapText Layout.captionSize (float figure.Width - 120.0) figure.Caption
            |> List.map plain
            |> String.concat "<br>"

        let annotations =
            [ for axes in panels do
                  if axes.Title <> "" then
                      annotation axes.Title (fst (across axes)) (snd (down axes)) 2.0
              if figure.Caption <> "" then
                  annotation caption 0.0 0.0 -56.0 ]

        let play =
            object
                [ "type", node "buttons"
                  "buttons",
                  array
                      [ object
                            [ "label", node "Play"
                              "method", node "animate"
                              "args",
                              array
                                  [ null
                                    object
                                        [ "frame", object [ "duration", node (int (1000.0 * SvgFigure.frameSeconds)) ] ] ] ] ] ]

        let slider =
            let step (name: string) =
                object
                    [ "label", node name
                      "method", node "animate"
                      "args", array [ array [ node name ]; object [ "mode", node "immediate" ] ] ]

            object
                [ "active", node last; "pad", object [ "t", node 80 ]; "steps", array (figure.Names |> Seq.map step) ]

        let layout =
            [ "title", object [ "text", node (plain figure.Title) ]
              "width", node figure.Width
              "height", node (figure.Height + (if figure.Frames > 0 then 80 else 0))
              "margin", object [ "b", node 110 ]
              "annotations", array annotations
              yield! axisFields
              if figure.Frames > 0 then
                  "updatemenus", array [ play ]
                  "sliders", array [ slider ] ]

        object
            [ "data",
              array (Seq.append (all last) (figure.Legend |> Seq.map (fun e -> entry { e with Text = plain e.Text })))
              "layout", object layout
              if figure.Frames > 0 then
                  "frames",
                  array
                      [ for i, name in Array.indexed figure.Names -> object [ "name", node name; "data", array (all i) ] ] ]
        |> _.ToJsonString(JsonSerializerOptions(WriteIndented = false))
