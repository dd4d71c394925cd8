namespace Gmm

/// The components of a fit that may be spurious: their likelihood is high only because their covariance, or their dispersion,
/// is small.
type Irregular =
    {
        /// The components whose covariance or dispersion lies on its floor; None when all components share that covariance.
        OnFloor: int option list
        /// The components with fewer rows than their covariance needs, and the number of rows of each.
        FewRows: (int * float) list
    }

    /// No irregular component.
    static member None = { OnFloor = []; FewRows = [] }

    /// Whether there is no irregular component.
    member irregular.IsEmpty = irregular.OnFloor.IsEmpty && irregular.FewRows.IsEmpty

/// Finds irregular components, and makes parameters by which runs are compared. Both functions take the number of rows
/// that each component has, Nₖ · N / Σₙ wₙ, where N counts the rows of positive weight.
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
    /// The regularity that finds no component irregular.
    let none<'θ> : Regularity<'θ> =
        { Irregular = fun _ _ -> Irregular.None
          Widened = fun _ parameters -> Ok parameters }
