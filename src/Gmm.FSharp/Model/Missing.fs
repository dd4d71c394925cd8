namespace Gmm

/// The meaning of NaN in the data.
[<RequireQualifiedAccess>]
type Missing =
    /// NaN is an error.
    | Reject
    /// NaN is a missing cell. Rows count with the cells that they have: the likelihood is that of the observed cells, which
    /// EM maximises exactly (Ghahramani and Jordan 1994; Little and Rubin, Statistical Analysis with Missing Data, 2019,
    /// ch. 11). It holds if cells are missing at random: whether a cell is missing may depend on the observed cells of
    /// its row, but not on its own value.
    | Fit
