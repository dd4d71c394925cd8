namespace Gmm.Plots

open Gmm

/// The place of a panel, in pixels.
[<NoEquality; NoComparison>]
type internal Placed =
    {
        Axes: Axes
        X: Scale
        Y: Scale
        /// Ticks with their texts.
        XTicks: (float * string)[]
        YTicks: (float * string)[]
    }

    member placed.Left = placed.X.First
    member placed.Right = placed.X.Last
    member placed.Top = placed.Y.Last
    member placed.Bottom = placed.Y.First

/// The place of a legend entry: the left end of its symbol, and the height.
[<NoEquality; NoComparison>]
type internal PlacedEntry =
    {
        Entry: Entry
        X: float
        Y: float
        /// The largest width of its text.
        Room: float
    }

/// The places of all parts of a figure.
[<NoEquality; NoComparison>]
type internal Layout =
    {
        Panels: Placed list
        Entries: PlacedEntry list
        /// The text size of the legend.
        EntrySize: float
        /// Left, top and height of the colour bar.
        Bar: (float * float * float) option
        /// The lines of the caption with their heights.
        Caption: (float * string) list
    }

/// Finds the places of the parts of a figure.
module internal Layout =
    let titleSize, panelSize, axisSize, tickSize, captionSize = 16.0, 13.0, 13.0, 11.5, 11.0

    /// The margin around the figure.
    let margin = 14.0

    // ── Ticks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    let private ticksOf (axis: Axis) count =
        let least = if axis.Ticks = Whole then 1.0 else 0.0
        let step, ticks = Scale.ticks least count (axis.Low, axis.High)
        Array.zip ticks (Scale.labels step ticks)

    let private verticalTicks (axis: Axis) height =
        if axis.Ticks = Bare then [||] else ticksOf axis (max 4 (int (height / 42.0)))

    /// Returns whether the axis has texts.
    let hasTexts (axis: Axis) = axis.Ticks = Round || axis.Ticks = Whole

    /// Returns as many ticks as there is room for their texts.
    let private horizontalTicks (axis: Axis) width =
        let isRoomy ticks = ticks |> Array.sumBy (fun (_, text) -> Svg.textWidth tickSize text + 20.0) <= width
        let choices = [ 10; 8; 6; 5; 4; 3; 2 ] |> Seq.map (ticksOf axis)

        if axis.Ticks = Bare then
            [||]
        else
            choices |> Seq.tryFind isRoomy |> Option.defaultWith (fun () -> Seq.last choices)

    /// Returns the width of the widest text of the ticks.
    let widest (ticks: (float * string)[]) = ticks |> Array.map (snd >> Svg.textWidth tickSize) |> Array.fold max 0.0

    // ── Legend ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Arranges entries in columns: returns the text size, the rows of a column, the columns and their width.
    let private grid width height (entries: Entry list) =
        let layout size =
            let rows = max 1 (int (height / (1.6 * size)))
            let columns = (entries.Length + rows - 1) / rows
            let longest = entries |> List.map (fun entry -> Svg.textWidth size entry.Text) |> List.fold max 0.0
            size, rows, columns, min (longest + 3.0 * size) (0.4 * width)

        // Smaller text when many entries would take more than two fifths of the picture.
        let layouts = [ 12.0; 10.0; 8.0; 6.0; 4.0 ] |> List.map layout

        layouts
        |> List.tryFind (fun (_, _, columns, column) -> float columns * column <= 0.4 * width)
        |> Option.defaultValue (List.last layouts)

    let private place size x y room (entry: Entry) =
        { Entry = entry
          X = x
          Y = y
          Room = room - 2.0 * size }

    let private inGrid (size, rows, _, column) x y entries =
        entries
        |> List.mapi (fun i entry ->
            place size (x + column * float (i / rows)) (y + 1.6 * size * (float (i % rows) + 0.5)) column entry)

    /// Places entries beside the ends of their lines, and moves them apart to make room for their texts: first down,
    /// then up from the bottom.
    let private beside size x column (placed: Placed) (entries: Entry list) =
        let gap = 1.45 * size

        let wanted =
            entries
            |> List.map (fun entry -> placed.Y.At(Option.defaultValue 0.0 entry.Height), entry)
            |> List.sortBy fst

        let down = wanted |> List.scan (fun above (y, _) -> max (above + gap) y) -infinity |> List.tail

        let up =
            List.rev down
            |> List.scan (fun below y -> min (below - gap) y) (placed.Bottom + gap)
            |> List.tail
            |> List.rev

        List.map2 (fun (_, entry) y -> place size x y column entry) wanted up

    // ── The whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    let private maxOf least numbers = Seq.fold max least numbers

    /// Returns the left and right ends, or the tops and bottoms, of cells with room before and after each.
    let private cells first (room: float) (shares: float[]) (before: float[]) (after: float[]) : (float * float)[] =
        let length = room - Array.sum before - Array.sum after

        (first, Array.indexed shares)
        ||> Array.mapFold (fun place (i, share) ->
            let low = place + before[i]
            let high = low + share * length
            (low, high), high + after[i])
        |> fst

    /// Returns the part of a cell, at its upper middle, that has the proportions of an image.
    let private proportioned (axes: Axes) (left, right) (top, bottom) =
        let width = axes.Horizontal.High - axes.Horizontal.Low
        let height = axes.Vertical.High - axes.Vertical.Low
        let factor = min ((right - left) / width) ((bottom - top) / height)
        let middle = (left + right) / 2.0
        (middle - factor * width / 2.0, middle + factor * width / 2.0), (top, top + factor * height)

    let private scale (axis: Axis) first last =
        { Low = axis.Low
          High = axis.High
          First = first
          Last = last }

    let private barWidth (bar: Bar option) =
        match bar with
        | Some bar -> max (Svg.textWidth captionSize bar.Title + 4.0) 74.0
        | None -> 0.0

    let ofFigure (figure: Figure) : Layout =
        let width, height = float figure.Width, float figure.Height
        let rows = 1 + (figure.Panels |> List.map _.Row |> List.max)
        let columns = figure.Columns.Length
        let inRow row = figure.Panels |> List.filter (fun axes -> axes.Row = row)
        let inColumn column = figure.Panels |> List.filter (fun axes -> axes.Column = column)

        // Rows: the title above, the caption below, and between them panels with their titles and horizontal axes.
        let caption = Svg.wrapText captionSize (width - 2.0 * margin) figure.Caption
        let top = if figure.Title = "" then margin else 42.0
        let bottom = height - margin - 14.0 * float caption.Length

        let head row =
            if inRow row |> List.exists (fun axes -> axes.Title <> "") || (row = 0 && figure.Frames > 0) then
                26.0
            else
                8.0

        let foot row =
            inRow row
            |> List.map (fun axes ->
                match axes.Horizontal with
                | axis when not (hasTexts axis) -> 4.0
                | { Title = "" } -> 28.0
                | _ -> 50.0)
            |> maxOf 0.0

        let vertical =
            cells
                top
                (bottom - top)
                (Array.create rows (1.0 / float rows))
                (Array.init rows head)
                (Array.init rows foot)

        // The legend: at the right, or in the corner that a triangle of panels leaves free.
        let isTriangle = columns > 1 && inRow 0 |> List.forall (fun axes -> axes.Column < columns - 1)
        let legendTop = fst vertical[0]
        let last = List.last figure.Panels
        let lastBottom = snd vertical[last.Row]
        let bar = barWidth figure.Bar

        let size, legendRows, legendColumns, column =
            let height = if isTriangle then snd vertical[0] - legendTop else lastBottom - legendTop
            let room = if Option.isSome figure.Bar then 0.5 * height else height
            grid width room figure.Legend

        let legend =
            if figure.Legend.IsEmpty && bar = 0.0 then
                0.0
            else
                max (float legendColumns * column) bar + 16.0

        let right = width - margin - (if isTriangle then 0.0 else legend)

        // Columns: panels with their vertical axes.
        let ticks (axes: Axes) =
            let top, bottom = vertical[axes.Row]
            verticalTicks axes.Vertical (bottom - top)

        let lead column =
            inColumn column
            |> List.map (fun axes ->
                match axes.Vertical with
                | axis when not (hasTexts axis) -> 6.0
                | axis -> widest (ticks axes) + 9.0 + (if axis.Title = "" then 0.0 else 22.0))
            |> maxOf 0.0

        let horizontal =
            cells margin (right - margin) figure.Columns (Array.init columns lead) (Array.create columns 8.0)

        let panels =
            figure.Panels
            |> List.map (fun axes ->
                let (left, right), (top, bottom) =
                    if axes.IsImage then
                        proportioned axes horizontal[axes.Column] vertical[axes.Row]
                    else
                        horizontal[axes.Column], vertical[axes.Row]

                { Axes = axes
                  X = scale axes.Horizontal left right
                  Y = scale axes.Vertical bottom top
                  XTicks = horizontalTicks axes.Horizontal (right - left)
                  YTicks = ticks axes })

        let left = if isTriangle then fst horizontal[1] + 12.0 else right + 12.0

        let entries =
            let isBeside = figure.Legend |> List.forall (fun entry -> Option.isSome entry.Height)

            if isBeside && legendColumns = 1 then
                beside size left column (List.last panels) figure.Legend
            else
                inGrid (size, legendRows, legendColumns, column) left legendTop figure.Legend

        let barTop =
            legendTop
            + 30.0
            + (if figure.Legend.IsEmpty then
                   0.0
               else
                   1.6 * size * float (min legendRows figure.Legend.Length))

        { Panels = panels
          Entries = entries
          EntrySize = size
          Bar = figure.Bar |> Option.map (fun _ -> left, barTop, min 160.0 (lastBottom - barTop - 8.0))
          Caption =
            caption |> List.mapi (fun i line -> height - margin + 4.0 - 14.0 * float (caption.Length - 1 - i), line) }
