namespace Gmm.Plots

/// The colour of a mark.
type internal Colour =
    /// The colour of a component, a class or a line, counted from 0.
    | Series of int
    /// The colour of text.
    | Ink
    /// A quiet grey.
    | Quiet

/// The colours of points.
type internal Paint =
    /// A series for every point.
    | BySeries of int[]
    /// One colour for all points.
    | Plain of Colour
    /// A level between 0 and 1 on the colour scale for every point.
    | ByLevel of float[]

/// Something drawn, in the coordinates of the axes.
type internal Mark =
    /// Points, one per row.
    | Points of Points
    /// Straight lines from point to point.
    | Curve of Curve
    /// The ellipses of one component.
    | Ellipses of Ellipses
    /// A cross at a mean, or a ring where it started.
    | Mean of Mean
    /// A histogram.
    | Bars of Bars
    /// An image.
    | Pixels of Pixels
    /// The same mark in every frame of an animation; its kind and its number of points stay the same.
    | Moving of Mark[]

/// Points, one per row.
and internal Points =
    {
        X: float[]
        Y: float[]
        Paint: Paint
        /// The shape of every point; empty for circles.
        Shapes: int[]
        /// The radius in pixels.
        Radius: float
        Opacity: float
        /// Whether the points are rings, drawn around other points.
        Hollow: bool
    }

/// Straight lines from point to point.
and internal Curve =
    {
        Name: string
        X: float[]
        Y: float[]
        Colour: Colour
        /// Whether the points are marked.
        Dotted: bool
        /// Whether the area below is tinted.
        Filled: bool
    }

/// The ellipses (x−μ)ᵀΣ⁻¹(x−μ) = σ² of one component.
and internal Ellipses =
    {
        Name: string
        Colour: Colour
        /// μ.
        Centre: float * float
        /// Σ as Σ₁₁, Σ₁₂ and Σ₂₂.
        Covariance: float * float * float
        Sigmas: float[]
        /// The opacity of lines and tint together.
        Opacity: float
        /// The opacity of the tint alone.
        Fill: float
    }

/// A cross at a mean, or a ring where it started.
and internal Mean =
    {
        Name: string
        /// The text beside it.
        Label: string
        At: float * float
        /// Half of its length in pixels.
        Radius: float
        /// Whether it marks where a mean started.
        IsStart: bool
    }

/// A histogram.
and internal Bars =
    {
        /// The left end of the first bar.
        Low: float
        /// The width of every bar.
        Width: float
        Heights: float[]
    }

/// An image of pixels, each a unit square; pixel (0, 0) has its upper left corner at (0, height).
and internal Pixels =
    {
        Name: string
        /// Levels from 0, the background, to 1, the ink.
        Levels: float[,]
    }

/// The ticks of an axis.
type internal Ticks =
    /// Round numbers.
    | Round
    /// Whole numbers.
    | Whole
    /// The lines of round numbers without their texts, which another panel in the row or the column shows.
    | Mute
    /// No ticks.
    | Bare

/// One axis of a panel.
type internal Axis =
    { Title: string
      Low: float
      High: float
      Ticks: Ticks }

/// A panel of a figure: two axes with the marks between them, in a row and a column of the figure.
type internal Axes =
    {
        Title: string
        Row: int
        Column: int
        Horizontal: Axis
        Vertical: Axis
        /// Whether the panel is an image: a unit has the same length on both axes, and the axes are hidden.
        IsImage: bool
        Marks: Mark list
    }

/// The symbol of a legend entry.
type internal Key =
    | Dot of Colour
    | Stroke of Colour
    | Shape of int
    | Ring
    /// No symbol: the text is the heading of the next entries.
    | Heading

/// A legend entry: a symbol and its meaning. An entry with a height stands beside that height of the last panel.
type internal Entry =
    { Key: Key
      Text: string
      Height: float option }

/// The bar that explains the colour levels.
type internal Bar =
    {
        Title: string
        Low: float
        High: float
        /// Whether the levels belong to pixels.
        IsGrey: bool
    }

namespace Gmm

open Gmm.Plots

/// A picture as a value: panels of axes and marks, with legend and caption. `Plot` makes figures; `Figure` writes them
/// as SVG or as an HTML page, shows them, and puts them side by side.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource("Gmm.Notebooks.FigureFormatterSource, Gmm.Plots")>]
type Figure =
    internal
        {
            Title: string
            Caption: string
            Width: int
            Height: int
            Panels: Axes list
            /// The share of every column of panels in the width.
            Columns: float[]
            Legend: Entry list
            Bar: Bar option
            /// The names of the frames of an animation; empty for a still picture.
            Names: string[]
        }

    /// The number of frames of an animation; 0 for a still picture.
    member figure.Frames = figure.Names.Length

    member internal figure.Display =
        let panels = Display.count figure.Panels.Length "panel"
        $"figure \"{figure.Title}\" of {panels}, {figure.Width}×{figure.Height} pixels"
