namespace Gmm.Notebooks

open Gmm
open Gmm.Plots

/// Makes the formatter of figures, which notebooks show as SVG.
[<Sealed>]
type FigureFormatterSource() =
    /// Returns the formatter.
    member _.CreateTypeFormatters() : obj seq =
        [ HtmlFormatter(fun figure -> SvgFigure.write false (unbox<Figure> figure)) ]
