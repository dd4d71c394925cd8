namespace Gmm

open System
open System.IO
open System.Text
open Gmm.Plots

/// Writes figures as SVG and HTML, shows them, and puts them side by side. The same figure gives the same text.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Figure =
    /// Writes the figure as SVG: text that any browser shows, on light and dark backgrounds, and that refers to nothing
    /// outside itself. An animation plays for ever; browsers set to reduce motion show its last frame.
    let svg (figure: Figure) : string = SvgFigure.write false figure

    /// Writes the figure as an HTML page that needs no network; an animation has a slider and a button that stops it.
    let html (figure: Figure) : string = Html.write figure

    /// Writes the figure to a file whose name ends in .svg or .html, with the text of `svg` or `html`. It creates the folder
    /// if it is missing. The text goes to a temporary file in the same folder, which is then renamed, so the file is complete
    /// or untouched. Error when the name has another ending, or when the file can't be written.
    let save (path: string) (figure: Figure) : Result<unit, GmmError> =
        let write (text: string) =
            Files.write path (fun stream -> stream.Write(ReadOnlySpan(Encoding.UTF8.GetBytes text)))

        match Path.GetExtension(path).ToLowerInvariant() with
        | ".svg" -> write (svg figure)
        | ".html" -> write (html figure)
        | _ -> Error(InvalidOption("Path", "a name that ends in .svg or .html", path))

    /// Shows the figure in the browser: writes `html` into the folder for temporary files, opens the file, and returns its
    /// path. Error when the file can't be written, or when no browser can be opened; the error names the file, which stays.
    /// A browser without a window makes a PNG of an SVG file:
    /// `chromium --headless --screenshot=x.png --window-size=720,480 x.svg`.
    let show (figure: Figure) : Result<string, GmmError> = html figure |> Browser.show Browser.openFile

    /// Returns one frame of an animation, counted from 0, as a still picture whose title names the frame. Error when
    /// there is no such frame.
    let frame (number: int) (figure: Figure) : Result<Figure, GmmError> =
        let still mark =
            match mark with
            | Moving states -> states[number]
            | other -> other

        let isFrame = number >= 0 && number < figure.Frames

        let rule =
            if figure.Frames = 0 then
                "a frame of an animation"
            else
                $"between 0 and {figure.Frames - 1}"

        GmmError.requireAll [ isFrame, "Frame", rule, string number ]
        |> Result.map (fun () ->
            { figure with
                Names = [||]
                Title = $"{figure.Title} {figure.Names[number]}".Trim()
                Panels =
                    figure.Panels
                    |> List.map (fun axes ->
                        { axes with
                            Marks = List.map still axes.Marks }) })

    // ── Side by side ────────────────────────────────────────────────────────────────────────────────────────────────

    /// The largest width of figures side by side.
    let private widest = 1200

    /// Gives axes of the same title the same scale, and removes the texts of a vertical axis that repeats the one
    /// before it in the row.
    let private alike (panels: Axes list) =
        let share (axisOf: Axes -> Axis) (axes: Axes) =
            let axis = axisOf axes

            let others =
                panels
                |> List.map axisOf
                |> List.filter (fun other -> other.Title = axis.Title && other.Ticks = axis.Ticks)

            { axis with
                Low = others |> List.map _.Low |> List.min
                High = others |> List.map _.High |> List.max }

        let shared =
            panels
            |> List.map (fun axes ->
                if axes.IsImage then
                    axes
                else
                    { axes with
                        Horizontal = share _.Horizontal axes
                        Vertical = share _.Vertical axes })

        let isRepeated (axes: Axes) =
            axes.Vertical.Ticks = Round
            && shared
               |> List.exists (fun before ->
                   before.Row = axes.Row && before.Column = axes.Column - 1 && before.Vertical = axes.Vertical)

        shared
        |> List.map (fun axes ->
            if isRepeated axes then
                { axes with
                    Vertical = { axes.Vertical with Ticks = Mute } }
            else
                axes)

    /// Joins the legends of figures: one legend when all are the same, otherwise each under the title of its figure.
    let private legend (figures: Figure list) : Entry list =
        let entry key text : Entry =
            { Key = key
              Text = text
              Height = None }

        let ofFigure (figure: Figure) = figure.Legend |> List.map (fun item -> entry item.Key item.Text)

        match figures |> List.map ofFigure |> List.distinct with
        | [ same ] -> same
        | _ ->
            [ for figure in figures do
                  if not figure.Legend.IsEmpty then
                      entry Heading figure.Title
                      yield! ofFigure figure ]

    /// Puts figures side by side, at most three in a row, each under its title; axes of the same title have the same
    /// scale. Error when there is no figure, or when one is an animation (see `frame`) or has more than one panel.
    let beside (title: string) (figures: Figure list) : Result<Figure, GmmError> =
        let isStill (figure: Figure) = figure.Frames = 0 && figure.Panels.Length = 1

        GmmError.requireAll
            [ not figures.IsEmpty, "Figures", "at least one", "none"
              List.forall isStill figures, "Figures", "still pictures of one panel", "of another kind" ]
        |> Result.map (fun () ->
            let columns = min 3 figures.Length
            let rows = (figures.Length + columns - 1) / columns
            let captions = figures |> List.map _.Caption |> List.distinct |> List.filter ((<>) "")

            let panels =
                figures
                |> List.mapi (fun i figure ->
                    { figure.Panels.Head with
                        Title = figure.Title
                        Row = i / columns
                        Column = i % columns })
                |> alike

            { Title = title
              Caption = String.Join("; ", captions)
              Width = min widest (figures |> List.take columns |> List.sumBy _.Width)
              Height = (figures |> List.map _.Height |> List.max) * rows
              Panels = panels
              Columns = Array.create columns (1.0 / float columns)
              Legend = legend figures
              Bar = figures |> List.tryPick _.Bar
              Names = [||] })
