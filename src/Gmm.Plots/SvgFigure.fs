namespace Gmm.Plots

open System
open System.Globalization
open System.Security.Cryptography
open System.Text
open System.Xml.Linq
open Gmm

/// Writes figures as SVG. It draws an animation in its last frame, with CSS animations that lead to it. A viewer
/// without animations shows the last frame, as does a browser set to reduce motion.
module internal SvgFigure =
    let private set name (value: string) (node: XElement) =
        node.SetAttributeValue(XName.Get name, value)
        node

    // ── Animation ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// The time of every frame in seconds; the last frame stays three times as long.
    let frameSeconds = 0.8

    /// The prefix of the name of every animation; the finished picture gets a unique prefix instead.
    let private prefix = "gmm-motion"

    /// The animations of a picture, as rules of its style.
    type private Motion(frames: int) =
        let rules = ResizeArray<string>()
        let slots = float (frames + 2)

        member _.Rules = List.ofSeq rules

        /// Returns the style of an element with these properties in each frame. They change at once, or smoothly on the
        /// way to the next frame.
        member _.Style(isSmooth: bool, properties: string[]) =
            let name = $"{prefix}-{rules.Count}"
            let percent (frame: float) = (100.0 * frame / slots).ToString("0.###", CultureInfo.InvariantCulture) + "%"
            let keys = StringBuilder()

            for i in 0 .. frames - 1 do
                if i = 0 || isSmooth || properties[i] <> properties[i - 1] then
                    let rest = if isSmooth && i < frames - 1 then $",{percent (float i + 0.5)}" else ""
                    keys.Append($"{percent (float i)}{rest}{{{properties[i]}}}") |> ignore

            keys.Append($"to{{{properties[frames - 1]}}}") |> ignore
            rules.Add $"@keyframes {name}{{{keys}}}"
            let timing = if isSmooth then "linear" else "step-end"
            $"animation:{name} {Svg.number (slots * frameSeconds)}s {timing} infinite"

        /// Returns the style of an element that only some frames show.
        member motion.Visible(isSeen: int -> bool) =
            let visibility i = if isSeen i then "visibility:visible" else "visibility:hidden"
            $"{visibility (frames - 1)};{motion.Style(false, Array.init frames visibility)}"

    // ── Marks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    let private place (placed: Placed) (x, y) = placed.X.At x, placed.Y.At y

    /// Converts a covariance to pixels; the scales of the axes differ.
    let private inPixels (placed: Placed) (variance, shared, other) =
        let fx, fy = placed.X.Factor, placed.Y.Factor
        variance * fx * fx, shared * fx * fy, other * fy * fy

    /// Returns the principal axes of a 2×2 covariance ((a, b), (b, c)): the standard deviations along both, the larger
    /// first, and the angle of the first axis, in degrees from the first coordinate to the second.
    let private principalAxes (a: float, b: float, c: float) =
        let middle, radius = (a + c) / 2.0, Double.Hypot((a - c) / 2.0, b)
        (sqrt (middle + radius), sqrt (max 0.0 (middle - radius))), Math.Atan2(2.0 * b, a - c) / 2.0 * 180.0 / Math.PI

    /// Returns the symmetric root ((a, b), (b, c)) of a 2×2 covariance. It is a continuous function of the covariance;
    /// the principal axes are not.
    let private root (a: float, b: float, c: float) =
        let determinant = sqrt (max 0.0 (a * c - b * b))
        let trace = sqrt (a + c + 2.0 * determinant)
        (a + determinant) / trace, b / trace, (c + determinant) / trace

    let private ellipseGroup (ellipses: Ellipses) shapes =
        Svg.group $"gmm-ellipse {Palette.ofColour ellipses.Colour}" shapes
        |> Svg.styled $"fill-opacity:{Svg.number ellipses.Fill}"
        |> set "opacity" (Svg.number ellipses.Opacity)
        |> Svg.hint ellipses.Name

    let private ellipses (placed: Placed) (mark: Ellipses) =
        let (first, second), degrees = principalAxes (inPixels placed mark.Covariance)
        let centre = place placed mark.Centre

        [ for sigma in Array.sortDescending mark.Sigmas -> Svg.ellipse "" centre (sigma * first, sigma * second) degrees ]
        |> ellipseGroup mark

    /// Draws the ellipses as circles under a matrix that changes from frame to frame.
    let private movingEllipses (motion: Motion) (placed: Placed) (states: Ellipses[]) =
        let last = Array.last states

        let transform unit (separator: string) (state: Ellipses) =
            let a, b, c = root (inPixels placed state.Covariance)
            let x, y = place placed state.Centre
            let number (value: float) = value.ToString("0.####", CultureInfo.InvariantCulture)
            let numbers = [ a; b; b; c; x; y ] |> List.map number |> String.concat separator
            $"matrix({numbers}){unit}"

        let style = motion.Style(true, states |> Array.map (fun state -> "transform:" + transform "" "," state))

        [ for sigma in Array.sortDescending last.Sigmas -> Svg.ellipse "" (0.0, 0.0) (sigma, sigma) 0.0 ]
        |> Svg.group ""
        |> set "transform" (transform "" " " last)
        |> Svg.styled style
        |> List.singleton
        |> ellipseGroup last

    let private meanMark (mark: Mean) (x: float, y: float) =
        let r = mark.Radius

        let shape ``class`` =
            if mark.IsStart then
                Svg.circle ``class`` r (x, y)
            else
                let path =
                    $"M{Svg.number (x - r)} {Svg.number y}h{Svg.number (2.0 * r)}M{Svg.number x} {Svg.number (y - r)}v{Svg.number (2.0 * r)}"

                Svg.element "path" [ "class", ``class``; "d", path ] []

        Svg.group
            (if mark.IsStart then "gmm-start" else "gmm-mean")
            [ if mark.IsStart then
                  shape "gmm-ring"
              else
                  shape "gmm-halo"
                  shape "gmm-line"
              if mark.Label <> "" then
                  Svg.text "gmm-ink gmm-halo" "start" 12.0 (x + r + 2.0, y - r - 1.0) mark.Label ]
        |> Svg.hint mark.Name

    let private movingMean (motion: Motion) (placed: Placed) (states: Mean[]) =
        let translate unit separator (state: Mean) =
            let x, y = place placed state.At
            $"translate({Svg.number x}{unit}{separator}{Svg.number y}{unit})"

        let style = motion.Style(true, states |> Array.map (fun state -> "transform:" + translate "px" "," state))

        Svg.group "" [ meanMark (Array.last states) (0.0, 0.0) ]
        |> set "transform" (translate "" " " (Array.last states))
        |> Svg.styled style

    /// Draws points that share a class.
    let private pointGroup (placed: Placed) (points: Points) ``class`` (style: string) (numbers: int[]) =
        let shape n = if points.Shapes.Length = 0 then 0 else points.Shapes[n]

        let styles =
            [ style
              if points.Opacity <> 0.55 && not points.Hollow then
                  $"fill-opacity:{Svg.number points.Opacity}" ]
            |> List.filter ((<>) "")
            |> String.concat ";"

        [ for n in numbers -> Svg.mark "" (shape n) points.Radius (place placed (points.X[n], points.Y[n])) ]
        |> Svg.group ``class``
        |> Svg.styled styles

    let private pointGroups placed (points: Points) =
        let all = [| 0 .. points.X.Length - 1 |]

        let groups (classOf: int -> string) (kinds: int[]) =
            all
            |> Array.groupBy (fun n -> kinds[n])
            |> Array.sortBy fst
            |> Array.map (fun (kind, numbers) -> pointGroup placed points $"gmm-point {classOf kind}" "" numbers)
            |> List.ofArray

        match points.Paint with
        | _ when points.Hollow -> [ pointGroup placed points "gmm-ring" "" all ]
        | BySeries series -> groups Palette.ofSeries series
        | Plain colour -> [ pointGroup placed points $"gmm-point {Palette.ofColour colour}" "" all ]
        | ByLevel levels -> levels |> Array.map Palette.step |> groups (fun step -> $"gmm-v{step}")

    /// Draws points that keep their places and change their series. Points that change alike form a group.
    let private movingPoints (motion: Motion) (placed: Placed) (points: Points) (series: int[][]) =
        [ for path, numbers in
              [| 0 .. points.X.Length - 1 |] |> Array.groupBy (fun n -> series |> Array.map (Array.item n)) do
              let colour k = $"var(--gmm-{Palette.series k})"

              let style =
                  if Array.distinct path |> Array.length = 1 then
                      ""
                  else
                      motion.Style(false, path |> Array.map (fun k -> $"fill:{colour k};stroke:{colour k}"))

              pointGroup placed points $"gmm-point {Palette.ofSeries (Array.last path)}" style numbers ]

    let private curve (placed: Placed) (curve: Curve) =
        let points = Seq.map2 (fun x y -> place placed (x, y)) curve.X curve.Y |> Array.ofSeq

        let kind =
            match curve.Colour with
            | Ink
            | Quiet -> "gmm-line"
            | Series _ -> if curve.Filled then "gmm-curve gmm-filled" else "gmm-curve"

        let colour = Palette.ofColour curve.Colour

        [ Svg.curve $"{kind} {colour}" points |> Svg.hint curve.Name
          if curve.Dotted then
              [ for point in points -> Svg.circle "" 2.6 point ] |> Svg.group $"gmm-dot {colour}" ]

    let private bars (placed: Placed) (bars: Bars) =
        bars.Heights
        |> Array.mapi (fun i height ->
            let left = bars.Low + bars.Width * float i

            Svg.rectangle
                "gmm-bar"
                (placed.X.At left)
                (placed.Y.At height)
                (placed.X.Factor * bars.Width)
                (placed.Y.At 0.0 - placed.Y.At height))
        |> List.ofArray
        |> Svg.group ""

    let private pixels (placed: Placed) (pixels: Pixels) =
        let width, height = abs placed.X.Factor, abs placed.Y.Factor

        [ for i in 0 .. Array2D.length1 pixels.Levels - 1 do
              for j in 0 .. Array2D.length2 pixels.Levels - 1 do
                  // Pixels like the background need no square.
                  if pixels.Levels[i, j] >= 0.005 then
                      Svg.rectangle "" (placed.Left + width * float j) (placed.Top + height * float i) width height
                      |> set "fill-opacity" (Svg.number pixels.Levels[i, j]) ]
        |> Svg.group "gmm-pixels gmm-ink"
        |> set "shape-rendering" "crispEdges"
        |> Svg.hint pixels.Name

    let rec private draw (motion: Motion) (placed: Placed) (mark: Mark) : XElement list =
        match mark with
        | Points points -> pointGroups placed points
        | Curve line -> curve placed line
        | Ellipses mark -> [ ellipses placed mark ]
        | Mean mark -> [ meanMark mark (place placed mark.At) ]
        | Bars histogram -> [ bars placed histogram ]
        | Pixels picture -> [ pixels placed picture ]
        | Moving states ->
            let ellipses =
                states
                |> Array.choose (fun state ->
                    match state with
                    | Ellipses mark -> Some mark
                    | _ -> None)

            let means =
                states
                |> Array.choose (fun state ->
                    match state with
                    | Mean mark -> Some mark
                    | _ -> None)

            let series =
                states
                |> Array.choose (fun state ->
                    match state with
                    | Points { Paint = BySeries series } -> Some series
                    | _ -> None)

            match Array.last states with
            | Ellipses _ -> [ movingEllipses motion placed ellipses ]
            | Mean _ -> [ movingMean motion placed means ]
            | Points({ Paint = BySeries _ } as points) when points.X.Length > 1 ->
                movingPoints motion placed points series
            | _ ->
                states
                |> Array.mapi (fun i state ->
                    draw motion placed state |> Svg.group "" |> Svg.styled (motion.Visible((=) i)))
                |> List.ofArray

    // ── Around the marks ────────────────────────────────────────────────────────────────────────────────────────────

    let private axes (placed: Placed) =
        let left, right, top, bottom = placed.Left, placed.Right, placed.Top, placed.Bottom

        let tick axis line text = if Layout.hasTexts axis then Svg.group "gmm-tick" [ line; text ] else line

        let xTick (value: float, text) =
            let x = placed.X.At value

            tick
                placed.Axes.Horizontal
                (Svg.line "gmm-grid" (x, top) (x, bottom))
                (Svg.text "gmm-soft" "middle" Layout.tickSize (x, bottom + 18.0) text)

        let yTick (value: float, text) =
            let y = placed.Y.At value

            tick
                placed.Axes.Vertical
                (Svg.line "gmm-grid" (left, y) (right, y))
                (Svg.text "gmm-soft" "end" Layout.tickSize (left - 7.0, y + 0.35 * Layout.tickSize) text)

        [ yield! Array.map xTick placed.XTicks; yield! Array.map yTick placed.YTicks ]

    let private titles (placed: Placed) =
        let axes = placed.Axes
        let left, right, top, bottom = placed.Left, placed.Right, placed.Top, placed.Bottom
        let widest = Layout.widest placed.YTicks

        [ if axes.Title <> "" then
              let size = if axes.IsImage then Layout.tickSize else Layout.panelSize
              let anchor, x = if axes.IsImage then "middle", (left + right) / 2.0 else "start", left
              Svg.text "gmm-ink" anchor size (x, top - 8.0) (Svg.fitText size (right - left + 20.0) axes.Title)
          if axes.Horizontal.Title <> "" && Layout.hasTexts axes.Horizontal then
              Svg.text
                  "gmm-ink"
                  "middle"
                  Layout.axisSize
                  ((left + right) / 2.0, bottom + 40.0)
                  (Svg.fitText Layout.axisSize (right - left) axes.Horizontal.Title)
          if axes.Vertical.Title <> "" && Layout.hasTexts axes.Vertical then
              let x, y = left - widest - 18.0, (top + bottom) / 2.0

              Svg.text
                  "gmm-ink"
                  "middle"
                  Layout.axisSize
                  (0.0, 0.0)
                  (Svg.fitText Layout.axisSize (bottom - top) axes.Vertical.Title)
              |> set "transform" $"translate({Svg.number x} {Svg.number y}) rotate(-90)" ]

    let private panel motion (placed: Placed) =
        let left, right, top, bottom = placed.Left, placed.Right, placed.Top, placed.Bottom

        [ Svg.group "gmm-ticks" (axes placed)
          Svg.window left top (right - left) (bottom - top) (List.collect (draw motion placed) placed.Axes.Marks)
          if placed.Axes.IsImage then
              Svg.rectangle "gmm-frame" left top (right - left) (bottom - top)
          else
              Svg.line "gmm-axis" (left, bottom) (right, bottom)
              Svg.line "gmm-axis" (left, top) (left, bottom)
          yield! titles placed ]

    let private key size (x: float, y: float) key =
        match key with
        | Dot colour -> [ Svg.group $"gmm-point {Palette.ofColour colour}" [ Svg.mark "" 0 (0.42 * size) (x, y) ] ]
        | Stroke colour ->
            let kind = if colour = Ink then "gmm-line" else "gmm-curve"
            [ Svg.curve $"{kind} {Palette.ofColour colour}" [ x - 0.6 * size, y; x + 0.6 * size, y ] ]
        | Shape shape -> [ Svg.mark "gmm-shape" shape (0.34 * size) (x, y) ]
        | Ring -> [ Svg.circle "gmm-ring" (0.42 * size) (x, y) ]
        | Heading -> []

    let private entry size (placed: PlacedEntry) =
        let ``class``, indent = if placed.Entry.Key = Heading then "gmm-ink gmm-bold", 0.3 else "gmm-ink", 1.8

        key size (placed.X + 0.7 * size, placed.Y) placed.Entry.Key
        @ [ Svg.text
                ``class``
                "start"
                size
                (placed.X + indent * size, placed.Y + 0.35 * size)
                (Svg.fitText size placed.Room placed.Entry.Text) ]
        |> Svg.group "gmm-legend"

    /// Draws the colour bar with its round numbers.
    let private bar (bar: Bar) (left: float, top: float, height: float) =
        let width = 14.0

        let scale =
            { Low = bar.Low
              High = bar.High
              First = top + height
              Last = top }

        let step, ticks = Scale.ticks 0.0 (max 2 (int (height / 32.0))) (bar.Low, bar.High)
        let band = height / float Palette.levels

        let colour i =
            let rectangle ``class`` = Svg.rectangle ``class`` left (top + height - band * float (i + 1)) width band

            if bar.IsGrey then
                rectangle "gmm-ink" |> set "fill-opacity" (Svg.number ((float i + 0.5) / float Palette.levels))
            else
                rectangle $"gmm-v{i}" |> Svg.styled "stroke:none"

        let tick (value: float) text =
            Svg.group
                "gmm-level"
                [ Svg.line "gmm-axis" (left + width, scale.At value) (left + width + 4.0, scale.At value)
                  Svg.text "gmm-soft" "start" Layout.tickSize (left + width + 8.0, scale.At value + 4.0) text ]

        Svg.group
            "gmm-levels"
            [ Svg.text "gmm-ink" "start" Layout.captionSize (left, top - 10.0) bar.Title
              Svg.group "" (List.init Palette.levels colour) |> set "shape-rendering" "crispEdges"
              Svg.rectangle "gmm-frame" left top width height
              yield! Seq.map2 tick ticks (Scale.labels step ticks) ]

    /// Writes the name of every frame above the first panel, and shows one at a time.
    let private frameNames (motion: Motion) (figure: Figure) (first: Placed) =
        figure.Names
        |> Array.mapi (fun i name ->
            Svg.text "gmm-ink gmm-frame-name" "start" Layout.panelSize (first.Left, first.Top - 8.0) name
            |> Svg.styled (motion.Visible((=) i)))

    // ── The whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Writes the figure as SVG. Browsers set to reduce motion don't play an animation, unless a button can stop it.
    let write (canBeStopped: bool) (figure: Figure) : string =
        let layout = Layout.ofFigure figure
        let motion = Motion figure.Frames

        let body =
            [ for placed in layout.Panels do
                  yield! panel motion placed
              yield! frameNames motion figure layout.Panels.Head
              if figure.Title <> "" then
                  Svg.text
                      "gmm-ink gmm-bold"
                      "start"
                      Layout.titleSize
                      (Layout.margin, 28.0)
                      (Svg.fitText Layout.titleSize (float figure.Width - 2.0 * Layout.margin) figure.Title)
              Svg.group "" (layout.Entries |> List.map (entry layout.EntrySize))
              match figure.Bar, layout.Bar with
              | Some colours, Some place -> bar colours place
              | _ -> ()
              for y, line in layout.Caption do
                  Svg.text "gmm-soft gmm-caption" "start" Layout.captionSize (Layout.margin, y) line ]

        let hasLevels = figure.Bar |> Option.exists (fun bar -> not bar.IsGrey)

        let still =
            if canBeStopped || figure.Frames = 0 then
                []
            else
                [ "@media (prefers-reduced-motion:reduce){.gmm-picture *{animation:none!important}}" ]

        let style = Palette.style hasLevels :: motion.Rules @ still |> String.concat "\n"
        let name = if figure.Title = "" then "Mixture model" else figure.Title
        let text = Svg.picture (float figure.Width) (float figure.Height) style name figure.Caption body

        if figure.Frames = 0 then
            text
        else
            // Two pictures in one page share their styles, so their animations need different names.
            let hash = text |> Encoding.UTF8.GetBytes |> SHA256.HashData |> Convert.ToHexStringLower
            text.Replace(prefix, $"gmm-{hash[..7]}")
