namespace Gmm.Plotly

open System.Runtime.CompilerServices
open Gmm
open Plotly.NET

/// Turns figures into charts of Plotly.NET.
[<AbstractClass; Sealed; Extension>]
type FigureCharts =
    /// Turns a figure into a chart with the same panels, marks, legend and texts, in the colours for light backgrounds. An
    /// animation becomes a chart with a slider.
    [<Extension>]
    static member ToChart(figure: Gmm.Figure) : GenericChart = Traces.chart figure

/// Adds mixtures to `Chart`: each member draws a figure of `Plot` as a chart, which can be combined, styled, saved and shown
/// like any other. Instead of returning an error, a member throws `GmmException`.
[<AutoOpen>]
module ChartExtensions =
    let private draw options plot : GenericChart =
        options |> Option.defaultValue Plot.defaults |> plot |> GmmError.get |> Traces.chart

    type Chart with

        /// Turns a figure into a chart with the same panels, marks, legend and texts, in the colours for light backgrounds.
        /// An animation becomes a chart with a slider.
        static member ofFigure(figure: Gmm.Figure) : GenericChart = Traces.chart figure

        // ── Features and rows ───────────────────────────────────────────────────────────────────────────────────────

        /// Draws a fit with its data, as `Plot.scatter` does: `fit |> Chart.ofFit data`.
        static member ofFit(data: Source, ?Options: PlotOptions) =
            fun (fit: Fit<'θ>) -> draw Options (fun options -> Plot.scatter options fit data)

        /// Draws the density of one feature over a histogram of the data, as `Plot.density` does.
        static member densityOfFit(data: Source, ?Options: PlotOptions) =
            fun (fit: Fit<Gaussian>) -> draw Options (fun options -> Plot.density options fit data)

        /// Draws every pair of features, as `Plot.pairs` does.
        static member pairsOfFit(data: Source, ?Options: PlotOptions) =
            fun (fit: Fit<Gaussian>) -> draw Options (fun options -> Plot.pairs options fit data)

        /// Draws several fits side by side, each under its name, as `Plot.compare` does.
        static member ofFits(data: Source, ?Options: PlotOptions) =
            fun (fits: (string * Fit<'θ>) list) -> draw Options (fun options -> Plot.compare options fits data)

        /// Draws rows in the colours of any labels (N), as `Plot.labelled` does.
        static member ofLabels(data: Source, ?Options: PlotOptions) =
            fun (labels: 'L[]) -> draw Options (fun options -> Plot.labelled options data labels)

        // ── Iterations ──────────────────────────────────────────────────────────────────────────────────────────────

        /// Draws the weights of a fit over its iterations, as `Plot.weights` does.
        static member weightsOfFit(?Options: PlotOptions) =
            fun (fit: Fit<'θ>) -> draw Options (fun options -> Plot.weights options fit)

        /// Draws the objective of a fit over its iterations, as `Plot.objective` does.
        static member objectiveOfFit(?Options: PlotOptions) =
            fun (fit: Fit<'θ>) -> draw Options (fun options -> Plot.objective options fit)

        /// Draws every iterate of a fit, as `Plot.animation` does, with a slider.
        static member iterationsOfFit(data: Source, ?Options: PlotOptions) =
            fun (fit: Fit<'θ>) -> draw Options (fun options -> Plot.animation options fit data)

        // ── Lines and selection ─────────────────────────────────────────────────────────────────────────────────────

        /// Draws the criteria of a selection, as `Plot.criteria` does.
        static member ofSelection(?Options: PlotOptions) =
            fun (selection: Selection<'θ>) -> draw Options (fun options -> Plot.criteria options selection)

        /// Draws lines with their names over axes with these titles, as `Plot.curves` does.
        static member ofCurves(horizontal: string, vertical: string, ?Options: PlotOptions) =
            fun (lines: (string * (float * float)[]) list) ->
                draw Options (fun options -> Plot.curves options horizontal vertical lines)

        // ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────

        /// Draws rows of numbers as images so many pixels wide, each with its name, as `Plot.images` does.
        static member ofImages(width: int, names: string[], ?Options: PlotOptions) =
            fun (values: float[,]) -> draw Options (fun options -> Plot.images options width names values)

        /// Draws the means of components as images so many pixels wide, as `Plot.meanImages` does.
        static member meanImagesOfFit(width: int, ?Options: PlotOptions) =
            fun (fit: Fit<'θ>) -> draw Options (fun options -> Plot.meanImages options width fit)
