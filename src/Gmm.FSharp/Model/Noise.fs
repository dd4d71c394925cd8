namespace Gmm

/// The volume of the region in which noise is uniform.
[<RequireQualifiedAccess>]
type NoiseVolume =
    /// A known volume V > 0, in the product of the columns' units. It is not a free parameter.
    | Given of volume: float
    /// The volume of the data: the product of the columns' ranges or, if every column is real-valued, the smaller of
    /// this and the product of the ranges of the principal components' scores (`hypvol` of mclust). A direction in
    /// which the data don't vary, as in collinear columns, is left to the columns' ranges. A column of whole numbers
    /// has as many values as lie between its smallest and its largest. The volume counts as one free parameter.
    | Hypervolume

/// A noise component: rows that belong to no component have the constant density 1/V (Banfield and Raftery 1993).
type Noise =
    {
        /// ln 1/V.
        LogDensity: float
        /// Whether V was measured on the data.
        IsMeasured: bool
        /// The smallest number of every column of the data (D). Draws of noise lie between the smallest and the
        /// largest.
        Low: float[]
        /// The largest number of every column (D).
        High: float[]
        /// Whether a column takes whole numbers only (D).
        IsWhole: bool[]
    }
