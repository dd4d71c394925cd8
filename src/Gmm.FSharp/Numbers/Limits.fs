namespace Gmm

/// Holds the magnitudes at which float64 ends for this library, each with its reason.
module internal Limits =
    /// The largest magnitude of data, radii and prior counts: larger numbers have no square in float64.
    let largest = 1e150

    /// The log-density below which a density counts as 0. It lies above `minusInfinity`, so that weights and scales
    /// added to ln 0 still give 0. The log-densities of rows below `largest` lie above it, unless a standard deviation
    /// is below 0.05.
    let zeroDensity = -1e303

    /// The number that families write for ln 0: unlike −∞, it has a product with 0 and a difference from itself.
    let minusInfinity = -1e305
