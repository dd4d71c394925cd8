namespace Gmm

/// The meaning of the colours of points.
[<RequireQualifiedAccess>]
type PointColour =
    /// The likeliest component.
    | Component
    /// The true class, in the colour of the component matched to it (see `Metrics.report`). Rings mark the rows in
    /// other components.
    | Class
    /// The log-density ln p(x), with a colour bar. The lowest hundredth of the points share one colour.
    | Density

/// Options for drawing a picture; start from `Plot.defaults`. A picture ignores the options that don't concern it.
type PlotOptions =
    {
        /// The text above the picture; empty for none.
        Title: string
        /// The features to draw, counted from 0: two for a scatter, the horizontal one first; one for a density; two to
        /// eight for pairs. Empty for the features that separate the components best (see `Plot.bestColumns`), or for
        /// all in pairs.
        Columns: int[]
        /// The names of all D features, such as `Table.Names`; empty for "column 1" …
        ColumnNames: string[]
        /// The true class of every row (N), shown by the shape or the colour of its mark.
        Classes: string[] option
        /// The meaning of the colours of points.
        Colour: PointColour
        /// The radius of points in pixels, above 0; None to choose it by the number of points.
        PointSize: float option
        /// The opacity of points, above 0 and at most 1.
        PointOpacity: float
        /// The largest number of points. Of more rows, the picture shows a random choice, which is always the same.
        MaxPoints: int
        /// The distances of the ellipses from the mean, in standard deviations; empty for no ellipses.
        Sigmas: float[]
        /// The opacity of the tint inside ellipses, from 0, lines only, to 1.
        EllipseFill: float
        /// Whether to mark the means.
        Means: bool
        /// Whether to mark the means at the start, with the paths to the means at the end.
        StartMeans: bool
        /// Whether components of larger weight have more opaque ellipses and larger crosses at their means.
        ByWeight: bool
        /// Whether to draw a legend.
        Legend: bool
        /// The width in pixels, at least 240.
        Width: int
        /// The height in pixels, at least 240.
        Height: int
    }
