namespace Gmm.Plots

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
    let sound (text: string) =
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

    /// A text as lines of at most so many pixels, about, broken between words.
    let wrapText (size: float) (width: float) (text: string) : string list =
        let most = max 2 (int (width / (0.58 * size)))

        let add lines (word: string) =
            match lines with
            | (line: string) :: earlier when line.Length + 1 + word.Length <= most -> $"{line} {word}" :: earlier
            | _ -> word :: lines

        text.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> Array.fold add [] |> List.rev

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

    /// An element with a style of its own, unless that is empty.
    let styled (style: string) (node: XElement) =
        if style <> "" then
            node.SetAttributeValue(XName.Get "style", style)

        node

    let withText (text: string) (node: XElement) =
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

    let circle ``class`` (r: float) (x: float, y: float) =
        element "circle" [ "class", ``class``; "cx", number x; "cy", number y; "r", number r ] []

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
        | 0 -> circle ``class`` r (x, y)
        | 1 -> rectangle ``class`` (x - 0.9 * r) (y - 0.9 * r) (1.8 * r) (1.8 * r)
        | 2 -> around [ 0.0, -1.3; 1.15, 0.8; -1.15, 0.8 ]
        | 3 -> around [ 0.0, -1.35; 1.35, 0.0; 0.0, 1.35; -1.35, 0.0 ]
        | _ -> around [ 0.0, 1.3; 1.15, -0.8; -1.15, -0.8 ]

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

    /// The whole picture with its style, name and description, as the text of a file. It refers to nothing outside itself.
    let picture
        (width: float)
        (height: float)
        style
        (name: string)
        (caption: string)
        (children: XElement list)
        : string =
        let root =
            element
                "svg"
                [ "class", "gmm-picture"
                  "width", number width
                  "height", number height
                  "viewBox", $"0 0 {number width} {number height}"
                  "role", "img" ]
                [ element "title" [] [] |> withText name
                  element "desc" [] [] |> withText caption
                  element "style" [] [] |> withText style
                  rectangle "gmm-paper" 0.0 0.0 width height
                  yield! children ]

        let text = StringBuilder()

        let settings =
            XmlWriterSettings(OmitXmlDeclaration = true, Indent = true, IndentChars = " ", NewLineChars = "\n")

        using (XmlWriter.Create(text, settings)) root.Save
        text.Append('\n').ToString()
