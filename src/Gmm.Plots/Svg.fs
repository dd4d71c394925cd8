namespace Gmm.Plots

open System
open System.Globalization
open System.Text
open System.Xml
open System.Xml.Linq

/// The parts of pictures as SVG: numbers, text, elements and marks.
module internal Svg =
    let private xmlns = XNamespace.Get "http://www.w3.org/2000/svg"

    // ── Numbers and text ────────────────────────────────────────────────────────────────────────────────────────────

    /// Writes a length in the picture, to a hundredth of a pixel. Adding 0 turns −0 into 0.
    let number (value: float) = (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture)

    /// Estimates the width of a text in pixels.
    let textWidth (size: float) (text: string) = 0.58 * size * float text.Length

    /// Removes the characters that XML forbids.
    let sound (text: string) =
        text.EnumerateRunes()
        |> Seq.filter (fun rune ->
            not (Rune.IsControl rune) && (rune.Value > 0xffff || XmlConvert.IsXmlChar(char rune.Value)))
        |> String.Concat

    /// Shortens a text to about this width in pixels.
    let fitText (size: float) (width: float) (text: string) =
        let most = max 2 (int (width / (0.58 * size)))

        if text.Length <= most then
            text
        else
            // Don't cut between the two halves of a character.
            let cut = if Char.IsHighSurrogate text[most - 2] then most - 2 else most - 1
            text.Substring(0, cut) + "…"

    /// Breaks a text between words into lines of about this width in pixels.
    let wrapText (size: float) (width: float) (text: string) : string list =
        let most = max 2 (int (width / (0.58 * size)))

        let add lines (word: string) =
            match lines with
            | (line: string) :: earlier when line.Length + 1 + word.Length <= most -> $"{line} {word}" :: earlier
            | _ -> word :: lines

        text.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> Array.fold add [] |> List.rev

    // ── Elements ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Makes an element with its attributes, and leaves out empty ones.
    let element name (attributes: (string * string) list) (children: XElement list) =
        let node = XElement(xmlns + name)

        for key, value in attributes do
            if value <> "" then
                node.SetAttributeValue(XName.Get key, value)

        for child in children do
            node.Add child

        node

    let group ``class`` children = element "g" [ "class", ``class`` ] children

    /// Gives an element a style, unless the style is empty.
    let styled (style: string) (node: XElement) =
        if style <> "" then
            node.SetAttributeValue(XName.Get "style", style)

        node

    let withText (text: string) (node: XElement) =
        node.Add(sound text)
        node

    /// Makes a text that starts at (x, y), ends there or has its centre there: anchor "start", "end" or "middle".
    let text ``class`` anchor (size: float) (x: float, y: float) (content: string) =
        element
            "text"
            [ "class", ``class``; "x", number x; "y", number y; "font-size", number size; "text-anchor", anchor ]
            []
        |> withText content

    /// Adds a name that browsers show when the pointer rests on the mark.
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

    /// Joins points by straight lines.
    let private corners (points: seq<float * float>) =
        points |> Seq.map (fun (x, y) -> $"{number x} {number y}") |> String.concat "L"

    let curve ``class`` points = element "path" [ "class", ``class``; "d", "M" + corners points ] []

    let polygon ``class`` points = element "path" [ "class", ``class``; "d", "M" + corners points + "Z" ] []

    let circle ``class`` (r: float) (x: float, y: float) =
        element "circle" [ "class", ``class``; "cx", number x; "cy", number y; "r", number r ] []

    /// Makes an ellipse about (x, y), with its first axis turned clockwise on the screen by these degrees.
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

    /// The number of shapes of `mark`.
    let shapes = 5

    /// Makes a mark of radius r about (x, y): circle, square, triangle, diamond or inverted triangle, all of about the
    /// same size.
    let mark ``class`` shape (r: float) (x: float, y: float) =
        let around corners = polygon ``class`` (corners |> List.map (fun (a, b) -> x + r * a, y + r * b))

        match shape % shapes with
        | 0 -> circle ``class`` r (x, y)
        | 1 -> rectangle ``class`` (x - 0.9 * r) (y - 0.9 * r) (1.8 * r) (1.8 * r)
        | 2 -> around [ 0.0, -1.3; 1.15, 0.8; -1.15, 0.8 ]
        | 3 -> around [ 0.0, -1.35; 1.35, 0.0; 0.0, 1.35; -1.35, 0.0 ]
        | _ -> around [ 0.0, 1.3; 1.15, -0.8; -1.15, -0.8 ]

    // ── The whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Makes a part of the picture that hides everything outside its rectangle.
    let window (x: float) (y: float) (width: float) (height: float) children =
        element
            "svg"
            [ "x", number x
              "y", number y
              "width", number width
              "height", number height
              "viewBox", $"{number x} {number y} {number width} {number height}" ]
            children

    /// Writes the whole picture with its style, name and description, as the text of a file that refers to nothing
    /// outside itself.
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
