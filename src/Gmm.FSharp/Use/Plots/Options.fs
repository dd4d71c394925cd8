namespace Gmm

/// What the colours of points say.
[<RequireQualifiedAccess>]
type PointColour =
    /// The likeliest component.
    | Component
    /// The true class, in the colour of the component that most of its rows have when every class has another one; the rows
    /// in other components are ringed.
    | Class
    /// The log-density ln p(x), with a bar of colours. The lowest hundredth has one colour.
    | Density

/// How to draw a picture; start from `Plot.defaults`. Every picture heeds what concerns it.
type PlotOptions =
    {
        /// Above the picture; empty for none.
        Title: string
        /// The features to draw, counted from 0: two for a scatter, first the horizontal one; one for a density; up to eight
        /// for pairs. Empty for the features that separate the components best (see `Plot.bestColumns`), or all for pairs.
        Columns: int[]
        /// The names of all D features, as a `Table` has them; empty for "column 1" …
        ColumnNames: string[]
        /// The true class of every row (N), drawn as the shape of its mark, or as its colour.
        Classes: string[] option
        /// What the colours of points say.
        Colour: PointColour
        /// The radius of points in pixels, above 0; None for one that suits their number.
        PointSize: float option
        /// How opaque points are, above 0 and at most 1.
        PointOpacity: float
        /// How many points are drawn at most; of more rows this many are chosen at random, always the same ones.
        MaxPoints: int
        /// How many standard deviations from the mean the ellipses lie; none for no ellipses.
        Sigmas: float[]
        /// How opaque the tint of ellipses is, from 0, lines only, to 1.
        EllipseFill: float
        /// Whether the means are marked.
        Means: bool
        /// Whether the means at the start are marked, with the ways to the means at the end.
        StartMeans: bool
        /// Whether the ellipses of heavier components are more opaque, and the crosses at their means larger.
        ByWeight: bool
        /// Whether there is a legend.
        Legend: bool
        /// Pixels, at least 240.
        Width: int
        /// Pixels, at least 240.
        Height: int
    }
