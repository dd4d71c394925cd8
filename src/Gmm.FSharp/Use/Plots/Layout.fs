namespace Gmm.Plots

open Gmm

/// A panel in its place, in pixels.
[<NoEquality; NoComparison>]
type internal Placed =
    {
        Panel: Panel
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

/// An entry of the legend in its place: the left end of its sign, and the height.
[<NoEquality; NoComparison>]
type internal PlacedEntry =
    {
        Entry: Entry
        X: float
        Y: float
        /// How wide its text may be.
        Room: float
    }

/// A figure with everything in its place.
[<NoEquality; NoComparison>]
type internal Layout =
    {
        Panels: Placed list
        Entries: PlacedEntry list
        /// The size of the legend's text.
        EntrySize: float
        /// Left, top and height of the bar of colours.
        Bar: (float * float * float) option
        /// Lines of the caption with their heights.
        Caption: (float * string) list
    }

/// Where the parts of a figure go.
module internal Layout =
    let titleSize, panelSize, axisSize, tickSize, captionSize = 16.0, 13.0, 13.0, 11.5, 11.0

    /// Around everything.
    let margin = 14.0

    // ── Ticks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    let private ticksOf (axis: Axis) count =
        let least = if axis.Ticks = Whole then 1.0 else 0.0
        let step, ticks = Scale.ticks least count (axis.Low, axis.High)
        Array.zip ticks (Scale.labels step ticks)

    let private verticalTicks (axis: Axis) height =
        if axis.Ticks = Bare then [||] else ticksOf axis (max 4 (int (height / 42.0)))

    /// Whether the axis has texts.
    let hasTexts (axis: Axis) = axis.Ticks = Round || axis.Ticks = Whole

    /// As many as their texts leave room for.
    let private horizontalTicks (axis: Axis) width =
        let isRoomy ticks = ticks |> Array.sumBy (fun (_, text) -> Svg.textWidth tickSize text + 20.0) <= width
        let choices = [ 10; 8; 6; 5; 4; 3; 2 ] |> Seq.map (ticksOf axis)

        if axis.Ticks = Bare then
            [||]
        else
            choices |> Seq.tryFind isRoomy |> Option.defaultWith (fun () -> Seq.last choices)

    /// How wide the texts of ticks are.
    let widest (ticks: (float * string)[]) = ticks |> Array.map (snd >> Svg.textWidth tickSize) |> Array.fold max 0.0

    // ── Legend ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Entries one below the other in columns: the size of the text, the rows of a column, the columns and their width.
    let private grid width height (entries: Entry list) =
        let layout size =
            let rows = max 1 (int (height / (1.6 * size)))
            let columns = (entries.Length + rows - 1) / rows
            let longest = entries |> List.map (fun entry -> Svg.textWidth size entry.Text) |> List.fold max 0.0
            size, rows, columns, min (longest + 3.0 * size) (0.4 * width)

        // Smaller text where many entries would take more than two fifths of the picture.
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

    /// Entries beside the ends of their lines, moved apart as far as their texts need: first down, then up from the bottom.
    let private beside size x column (panel: Placed) (entries: Entry list) =
        let gap = 1.45 * size

        let wanted =
            entries
            |> List.map (fun entry -> panel.Y.At(Option.defaultValue 0.0 entry.Height), entry)
            |> List.sortBy fst

        let down = wanted |> List.scan (fun above (y, _) -> max (above + gap) y) -infinity |> List.tail

        let up =
            List.rev down
            |> List.scan (fun below y -> min (below - gap) y) (panel.Bottom + gap)
            |> List.tail
            |> List.rev

        List.map2 (fun (_, entry) y -> place size x y column entry) wanted up

    // ── The whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    let private maxOf least numbers = Seq.fold max least numbers

    /// The left and the right ends, or the tops and the bottoms, of cells with room before and after each.
    let private cells first (room: float) (shares: float[]) (before: float[]) (after: float[]) : (float * float)[] =
        let length = room - Array.sum before - Array.sum after

        (first, Array.indexed shares)
        ||> Array.mapFold (fun place (i, share) ->
            let low = place + before[i]
            let high = low + share * length
            (low, high), high + after[i])
        |> fst

    /// The part of a cell that has the proportions of a picture of pixels, at its upper middle.
    let private proportioned (panel: Panel) (left, right) (top, bottom) =
        let width = panel.Horizontal.High - panel.Horizontal.Low
        let height = panel.Vertical.High - panel.Vertical.Low
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
        let inRow row = figure.Panels |> List.filter (fun panel -> panel.Row = row)
        let inColumn column = figure.Panels |> List.filter (fun panel -> panel.Column = column)

        // Rows: the title above, the caption below, and between them panels with their titles and horizontal axes.
        let caption = Svg.wrapText captionSize (width - 2.0 * margin) figure.Caption
        let top = if figure.Title = "" then margin else 42.0
        let bottom = height - margin - 14.0 * float caption.Length

        let head row =
            if inRow row |> List.exists (fun panel -> panel.Title <> "") || (row = 0 && figure.Frames > 0) then
                26.0
            else
                8.0

        let foot row =
            inRow row
            |> List.map (fun panel ->
                match panel.Horizontal with
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
        let isTriangle = columns > 1 && inRow 0 |> List.forall (fun panel -> panel.Column < columns - 1)
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
        let ticks (panel: Panel) =
            let top, bottom = vertical[panel.Row]
            verticalTicks panel.Vertical (bottom - top)

        let lead column =
            inColumn column
            |> List.map (fun panel ->
                match panel.Vertical with
                | axis when not (hasTexts axis) -> 6.0
                | axis -> widest (ticks panel) + 9.0 + (if axis.Title = "" then 0.0 else 22.0))
            |> maxOf 0.0

        let horizontal =
            cells margin (right - margin) figure.Columns (Array.init columns lead) (Array.create columns 8.0)

        let panels =
            figure.Panels
            |> List.map (fun panel ->
                let (left, right), (top, bottom) =
                    if panel.IsImage then
                        proportioned panel horizontal[panel.Column] vertical[panel.Row]
                    else
                        horizontal[panel.Column], vertical[panel.Row]

                { Panel = panel
                  X = scale panel.Horizontal left right
                  Y = scale panel.Vertical bottom top
                  XTicks = horizontalTicks panel.Horizontal (right - left)
                  YTicks = ticks panel })

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
