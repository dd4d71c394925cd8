namespace Gmm

open System
open System.Globalization
open System.Text
open System.Xml
open System.Xml.Linq

/// The pieces that pictures are made of: numbers, text, elements and marks as SVG.
module internal Svg =
    let private xmlns = XNamespace.Get "http://www.w3.org/2000/svg"

    // ── Numbers and text ────────────────────────────────────────────────────────────────────────────────────────────

    /// A length in the picture, to a hundredth of a pixel. Adding 0 makes −0 a plain 0.
    let number (value: float) = (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture)

    /// How wide a text is, about, in pixels.
    let textWidth (size: float) (text: string) = 0.58 * size * float text.Length

    /// A text without the characters that XML can't have.
    let private sound (text: string) =
        text.EnumerateRunes()
        |> Seq.filter (fun rune ->
            not (Rune.IsControl rune) && (rune.Value > 0xffff || XmlConvert.IsXmlChar(char rune.Value)))
        |> String.Concat

    /// A text cut so that it is at most so many pixels wide, about.
    let fitText (size: float) (width: float) (text: string) =
        let most = max 2 (int (width / (0.58 * size)))

        if text.Length <= most then
            text
        else
            // Not between the halves of a character that takes two.
            let cut = if Char.IsHighSurrogate text[most - 2] then most - 2 else most - 1
            text.Substring(0, cut) + "…"

    // ── Elements ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// An element with its attributes, but for empty ones.
    let element name (attributes: (string * string) list) (children: XElement list) =
        let node = XElement(xmlns + name)

        for key, value in attributes do
            if value <> "" then
                node.SetAttributeValue(XName.Get key, value)

        for child in children do
            node.Add child

        node

    let group ``class`` children = element "g" [ "class", ``class`` ] children

    let private withText (text: string) (node: XElement) =
        node.Add(sound text)
        node

    /// Text that reads from (x, y) on, ends there or is centred there: anchor "start", "end" or "middle".
    let text ``class`` anchor (size: float) (x: float, y: float) (content: string) =
        element
            "text"
            [ "class", ``class``; "x", number x; "y", number y; "font-size", number size; "text-anchor", anchor ]
            []
        |> withText content

    /// A name that browsers show when the pointer rests on the mark.
    let hint (content: string) (mark: XElement) =
        mark.AddFirst(element "title" [] [] |> withText content)
        mark

    let line ``class`` (x1: float, y1: float) (x2: float, y2: float) =
        element "line" [ "class", ``class``; "x1", number x1; "y1", number y1; "x2", number x2; "y2", number y2 ] []

    let rectangle ``class`` (x: float) (y: float) (width: float) (height: float) =
        element
            "rect"
            [ "class", ``class``; "x", number x; "y", number y; "width", number width; "height", number height ]
            []

    /// The straight lines through some points.
    let private corners (points: seq<float * float>) =
        points |> Seq.map (fun (x, y) -> $"{number x} {number y}") |> String.concat "L"

    let curve ``class`` points = element "path" [ "class", ``class``; "d", "M" + corners points ] []

    let polygon ``class`` points = element "path" [ "class", ``class``; "d", "M" + corners points + "Z" ] []

    /// An ellipse about (x, y) whose first axis is turned by so many degrees, clockwise on the screen.
    let ellipse ``class`` (x: float, y: float) (first: float, second: float) (degrees: float) =
        element
            "ellipse"
            [ "class", ``class``
              "cx", number x
              "cy", number y
              "rx", number first
              "ry", number second
              if degrees <> 0.0 then
                  "transform", $"rotate({number degrees} {number x} {number y})" ]
            []

    // ── Marks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// How many shapes `mark` has.
    let shapes = 5

    /// A mark of radius r about (x, y): circle, square, triangle, diamond, or triangle upside down, all about as large.
    let mark ``class`` shape (r: float) (x: float, y: float) =
        let around corners = polygon ``class`` (corners |> List.map (fun (a, b) -> x + r * a, y + r * b))

        match shape % shapes with
        | 0 -> element "circle" [ "class", ``class``; "cx", number x; "cy", number y; "r", number r ] []
        | 1 -> rectangle ``class`` (x - 0.9 * r) (y - 0.9 * r) (1.8 * r) (1.8 * r)
        | 2 -> around [ 0.0, -1.3; 1.15, 0.8; -1.15, 0.8 ]
        | 3 -> around [ 0.0, -1.35; 1.35, 0.0; 0.0, 1.35; -1.35, 0.0 ]
        | _ -> around [ 0.0, 1.3; 1.15, -0.8; -1.15, -0.8 ]

    // ── Colours ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Colours that the colour-blind can tell apart (Okabe and Ito 2008), without the black and the yellow, which vanish on
    /// a dark and on a white background.
    let palette = [| "#0072b2"; "#e69f00"; "#009e73"; "#d55e00"; "#56b4e9"; "#cc79a7" |]

    /// The same colours, lighter where they would be dim on a dark background.
    let private darkPalette = [| "#2f8fd0"; "#e69f00"; "#00b386"; "#e8743b"; "#8ccdf2"; "#d98bb8" |]

    /// The second cue, for what comes after the last colour: outlines are dashed and marks hollow.
    let dashes = [| "none"; "6 3"; "2 2"; "9 3 2 3" |]

    /// The classes that give a mark the colour and the outline of component k.
    let colour k = $"gmm-c{k % palette.Length} gmm-d{k / palette.Length % dashes.Length}"

    /// Colours by class, for light and dark surroundings. The names begin with gmm because a picture within a page shares
    /// its styles with the page.
    let private style =
        let rules = StringBuilder()

        let add (rule: string) = rules.Append(rule).Append('\n') |> ignore

        let surroundings paper ink soft grid =
            [ $".gmm-paper{{fill:{paper}}}"
              $".gmm-ink{{fill:{ink}}}"
              $".gmm-soft{{fill:{soft}}}"
              $".gmm-grid{{stroke:{grid}}}"
              $".gmm-axis{{stroke:{soft}}}"
              $".gmm-bar{{fill:{grid};stroke:{paper}}}"
              $".gmm-line{{stroke:{ink}}}"
              $".gmm-halo{{stroke:{paper}}}"
              $".gmm-shape{{stroke:{soft}}}" ]
            |> String.concat ""

        add ".gmm-picture{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif}"
        add ".gmm-grid,.gmm-axis{stroke-width:1}"
        add ".gmm-line{fill:none;stroke-width:2}"
        add ".gmm-shape{fill:none;stroke-width:1.3}"
        add ".gmm-point{stroke-width:1;fill-opacity:.55;stroke-opacity:.8}"
        add ".gmm-ellipse,.gmm-curve{fill-opacity:.09;stroke-width:1.5}"
        add ".gmm-halo{stroke-width:4;stroke-linejoin:round;paint-order:stroke}"
        let colours = Array.mapi (fun i colour -> $".gmm-c{i}{{fill:{colour};stroke:{colour}}}") >> String.concat ""
        add (colours palette)

        dashes
        |> Array.iteri (fun i dash ->
            if i > 0 then
                add $".gmm-ellipse.gmm-d{i},.gmm-curve.gmm-d{i}{{stroke-dasharray:{dash}}}"
                add $".gmm-point.gmm-d{i}{{fill-opacity:0}}")

        add (surroundings "#ffffff" "#1b1b1f" "#5c5f66" "#e3e5e8")
        let dark = surroundings "#16181d" "#f0f1f3" "#a9adb5" "#33363d" + colours darkPalette
        add $"@media (prefers-color-scheme:dark){{{dark}}}"
        rules.ToString().TrimEnd()

    // ── The whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// A part of the picture that hides what lies outside it.
    let window (x: float) (y: float) (width: float) (height: float) children =
        element
            "svg"
            [ "x", number x
              "y", number y
              "width", number width
              "height", number height
              "viewBox", $"{number x} {number y} {number width} {number height}" ]
            children

    /// The whole picture with its style and its name, as the text of a file. It refers to nothing outside itself.
    let picture (width: float) (height: float) (name: string) (children: XElement list) : string =
        let root =
            element
                "svg"
                [ "class", "gmm-picture"
                  "width", number width
                  "height", number height
                  "viewBox", $"0 0 {number width} {number height}"
                  "role", "img" ]
                [ element "title" [] [] |> withText name
                  element "style" [] [] |> withText style
                  rectangle "gmm-paper" 0.0 0.0 width height
                  yield! children ]

        let text = StringBuilder()

        let settings =
            XmlWriterSettings(OmitXmlDeclaration = true, Indent = true, IndentChars = " ", NewLineChars = "\n")

        using (XmlWriter.Create(text, settings)) root.Save
        text.Append('\n').ToString()

/// A scale from the numbers of one axis to pixels, with round ticks.
type internal Scale =
    {
        /// The numbers at both ends.
        Low: float
        High: float
        /// The pixels at both ends; the vertical axis has the larger one at `Low`.
        First: float
        Last: float
    }

    /// Pixels per unit, negative on the vertical axis.
    member scale.Factor = (scale.Last - scale.First) / (scale.High - scale.Low)
    /// Where a number lies.
    member scale.At value = scale.First + (value - scale.Low) * scale.Factor

/// Making scales and ticks.
module internal Scale =
    /// The ends of an interval moved apart where they coincide or all but, so that it has a length.
    let widen (low: float, high: float) =
        let least = 1e-9 * max (abs low) (abs high)

        let missing =
            if high - low > least then 0.0
            elif least > 0.0 then 1e3 * least
            else 1.0

        low - missing / 2.0, high + missing / 2.0

    /// The round step, 1, 2 or 5 times a power of ten, that divides a length into at most `count` parts (Heckbert 1990).
    let step (count: int) (length: float) =
        let rough = length / float count
        let power = 10.0 ** floor (log10 rough)

        [ 1.0; 2.0; 5.0; 10.0 ]
        |> List.map ((*) power)
        |> List.tryFind (fun step -> step >= rough * (1.0 - 1e-9))
        |> Option.defaultValue (10.0 * power)

    /// The multiples of the round step within an interval, at most `count` + 1, and the step.
    let ticks (count: int) (low: float, high: float) : float * float[] =
        let step = step count (high - low)
        let first, last = ceil (low / step - 1e-6), floor (high / step + 1e-6)
        step, [| for i in 0 .. int (last - first) -> (first + float i) * step |]

    /// The texts of ticks: as many decimals as the step has, or powers of ten where that would be long.
    let labels (step: float) (ticks: float[]) : string[] =
        let largest = ticks |> Array.map abs |> Array.fold max step
        let power (x: float) = int (floor (log10 x + 1e-9))
        let invariant = CultureInfo.InvariantCulture

        let text (value: float) =
            // A multiple of the step that should be 0 may miss it by rounding.
            let value = if abs value < 1e-6 * step then 0.0 else value

            if power step >= -5 && power largest < 6 then
                value.ToString("F" + string (max 0 -(power step)), invariant)
            elif value = 0.0 then
                "0"
            else
                value.ToString("0." + String('0', max 0 (power largest - power step)) + "e0", invariant)

        Array.map text ticks
