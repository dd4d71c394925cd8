namespace Gmm

/// The components of a fit whose maximum may be spurious: a high likelihood that says nothing about the data.
type Irregular =
    {
        /// The components whose covariance lies on its floor; None when all components share that covariance.
        OnFloor: int option list
        /// The components with fewer rows than their parameters need.
        FewRows: int list
    }

    /// No irregular component.
    static member None = { OnFloor = []; FewRows = [] }

    /// Whether there is no irregular component.
    member irregular.IsEmpty = irregular.OnFloor.IsEmpty && irregular.FewRows.IsEmpty

/// Finds irregular components, and makes parameters by which runs are compared. Both functions take the number of rows
/// that each component has, Nₖ · N / Σₙ wₙ.
[<NoEquality; NoComparison>]
type Regularity<'θ> =
    {
        /// The irregular components.
        Irregular: float[] -> 'θ -> Irregular
        /// The parameters with the irregular components made as wide as the data, so that no spike on a few equal values
        /// wins a comparison.
        Widened: float[] -> 'θ -> Result<'θ, GmmError>
    }

/// Makes the regularity of families.
module Regularity =
    /// Returns the regularity of a family whose likelihood is bounded: no component is irregular.
    let bounded<'θ> : Regularity<'θ> =
        { Irregular = fun _ _ -> Irregular.None
          Widened = fun _ parameters -> Ok parameters }
