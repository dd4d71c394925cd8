namespace Gmm.Plots

/// Which colour a mark has.
type internal Colour =
    /// That of a component, a class or a line, counted from 0.
    | Series of int
    /// That of text.
    | Ink
    /// A quiet grey.
    | Quiet

/// How points differ in colour.
type internal Paint =
    /// The series of every point.
    | BySeries of int[]
    /// All have this one.
    | Plain of Colour
    /// A level between 0 and 1 on the scale of colours for every point.
    | ByLevel of float[]

/// What is drawn, in the numbers of the axes.
type internal Mark =
    /// A mark for every row.
    | Points of Points
    /// Straight lines from point to point.
    | Curve of Curve
    /// The ellipses of one component.
    | Ellipses of Ellipses
    /// A cross at a mean, or a ring where it started.
    | Mean of Mean
    /// A histogram.
    | Bars of Bars
    /// A picture of pixels.
    | Pixels of Pixels
    /// The same mark in every frame of an animation, always of one kind and with as many points.
    | Moving of Mark[]

/// A mark for every row.
and internal Points =
    {
        X: float[]
        Y: float[]
        Paint: Paint
        /// The shape of every mark; none for circles.
        Shapes: int[]
        /// The radius in pixels.
        Radius: float
        Opacity: float
        /// Whether they are rings, drawn around other points.
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
        /// Of lines and tint together.
        Opacity: float
        /// Of the tint alone.
        Fill: float
    }

/// A cross at a mean, or a ring where it started.
and internal Mean =
    {
        Name: string
        /// Written beside it.
        Label: string
        At: float * float
        /// Half its length in pixels.
        Radius: float
        /// Whether it is where a mean started.
        IsStart: bool
    }

/// A histogram.
and internal Bars =
    {
        /// The left end of the first bar.
        Low: float
        /// Of every bar.
        Width: float
        Heights: float[]
    }

/// A picture of pixels, each a unit square; pixel (0, 0) has its upper left corner at (0, height).
and internal Pixels =
    {
        Name: string
        /// Between 0, as the background, and 1, as ink.
        Levels: float[,]
    }

/// What stands beside an axis.
type internal Ticks =
    /// Round numbers.
    | Round
    /// Whole numbers.
    | Whole
    /// The lines of round numbers, without texts: another panel in the row or the column has these.
    | Mute
    /// Nothing.
    | Bare

/// One axis of a panel.
type internal Axis =
    { Title: string
      Low: float
      High: float
      Ticks: Ticks }

/// Axes with what is drawn between them, in a row and a column of the figure.
type internal Panel =
    {
        Title: string
        Row: int
        Column: int
        Horizontal: Axis
        Vertical: Axis
        /// Whether a unit is as long on both axes, and the axes are left away.
        IsImage: bool
        Marks: Mark list
    }

/// The sign of an entry of the legend.
type internal Key =
    | Dot of Colour
    | Stroke of Colour
    | Shape of int
    | Ring
    /// No sign: the text is the heading of the entries that follow.
    | Heading

/// What a sign means; beside the height of the last panel where it belongs, if there is one.
type internal Entry =
    { Key: Key
      Text: string
      Height: float option }

/// What the levels of colours mean.
type internal Bar =
    {
        Title: string
        Low: float
        High: float
        /// Whether the levels are those of pixels.
        IsGrey: bool
    }

namespace Gmm

open Gmm.Plots

/// A picture as a value: panels of axes and marks with legend and caption. `Plot` makes figures; `Figure` writes them as SVG,
/// as a page of HTML or as JSON for Plotly, and puts them side by side.
[<NoEquality; NoComparison>]
type Figure =
    internal
        {
            Title: string
            Caption: string
            Width: int
            Height: int
            Panels: Panel list
            /// The share of the width that every column of panels has.
            Columns: float[]
            Legend: Entry list
            Bar: Bar option
            /// The names of the frames of an animation; none of a still picture.
            Names: string[]
        }

    /// How many frames an animation has; 0 for a still picture.
    member figure.Frames = figure.Names.Length
