namespace Gmm

open System
open System.IO
open System.Text
open Gmm.Plots

/// Figures as SVG, HTML and JSON, and side by side. The same figure gives the same text.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Figure =
    /// The figure as SVG: text that any browser shows, in light and in dark surroundings, and that refers to nothing outside
    /// itself. An animation plays for ever; whoever prefers less motion sees its last frame.
    let svg (figure: Figure) : string = SvgFigure.write false figure

    /// The figure as a page of HTML that needs no network; an animation has a slider and a button that stops it.
    let html (figure: Figure) : string = Html.write figure

    /// The figure as JSON for Plotly, {"data": […], "layout": {…}}, with "frames" for an animation, in the colours of light
    /// surroundings.
    let plotly (figure: Figure) : string = Plotly.write figure

    /// Writes the figure to a file, as `svg`, `html` or `plotly` have it: its name ends in .svg, .html or .json. The folder
    /// is made if need be. The file is complete or untouched: the text goes to another file beside it, which then takes its
    /// name. Error when the name ends otherwise, or when the file can't be written.
    let save (path: string) (figure: Figure) : Result<unit, GmmError> =
        let write (text: string) =
            Files.write path (fun stream -> stream.Write(ReadOnlySpan(Encoding.UTF8.GetBytes text)))

        match Path.GetExtension(path).ToLowerInvariant() with
        | ".svg" -> write (svg figure)
        | ".html" -> write (html figure)
        | ".json" -> write (plotly figure)
        | _ -> Error(InvalidOption("Path", "a name that ends in .svg, .html or .json", path))

    /// One frame of an animation, counted from 0, as a still picture whose title names it. Error when there is no such frame.
    let frame (number: int) (figure: Figure) : Result<Figure, GmmError> =
        let still mark =
            match mark with
            | Moving states -> states[number]
            | other -> other

        let isFrame = number >= 0 && number < figure.Frames

        let rule =
            if figure.Frames = 0 then
                "asked of an animation"
            else
                $"between 0 and {figure.Frames - 1}"

        GmmError.requireAll [ isFrame, "Frame", rule, string number ]
        |> Result.map (fun () ->
            { figure with
                Names = [||]
                Title = $"{figure.Title} {figure.Names[number]}".Trim()
                Panels =
                    figure.Panels
                    |> List.map (fun panel ->
                        { panel with
                            Marks = List.map still panel.Marks }) })

    // ── Side by side ────────────────────────────────────────────────────────────────────────────────────────────────

    /// The widest picture that figures side by side make.
    let private widest = 1200

    /// Axes of the same title on the same scale; texts of vertical axes only where those before in the row have others.
    let private alike (panels: Panel list) =
        let share (axisOf: Panel -> Axis) (panel: Panel) =
            let axis = axisOf panel

            let others =
                panels
                |> List.map axisOf
                |> List.filter (fun other -> other.Title = axis.Title && other.Ticks = axis.Ticks)

            { axis with
                Low = others |> List.map _.Low |> List.min
                High = others |> List.map _.High |> List.max }

        let shared =
            panels
            |> List.map (fun panel ->
                if panel.IsImage then
                    panel
                else
                    { panel with
                        Horizontal = share _.Horizontal panel
                        Vertical = share _.Vertical panel })

        let isRepeated (panel: Panel) =
            panel.Vertical.Ticks = Round
            && shared
               |> List.exists (fun before ->
                   before.Row = panel.Row && before.Column = panel.Column - 1 && before.Vertical = panel.Vertical)

        shared
        |> List.map (fun panel ->
            if isRepeated panel then
                { panel with
                    Vertical = { panel.Vertical with Ticks = Mute } }
            else
                panel)

    /// The legends of figures, once when all are the same, and otherwise each under the title of its figure.
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

    /// Figures side by side, the title of each above it, at most three in a row; axes of the same title have the same scale.
    /// Error when there is no figure, or one is an animation (see `frame`) or
    /// has more panels than one.
    let beside (title: string) (figures: Figure list) : Result<Figure, GmmError> =
        let isStill (figure: Figure) = figure.Frames = 0 && figure.Panels.Length = 1

        GmmError.requireAll
            [ not figures.IsEmpty, "Figures", "at least one", "none"
              List.forall isStill figures, "Figures", "still pictures of one panel", "another among them" ]
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
