namespace Gmm

/// The reason why a fit stopped.
type Stop =
    /// The convergence rule was satisfied.
    | Converged
    /// The fit reached its limit of iterations.
    | IterationLimit

/// Convergence rules: predicates on two consecutive iterates.
module Stopping =
    /// Tests whether |change of the objective| < tolerance. The test never succeeds for a tolerance of 0.
    let objectiveWithin tolerance (previous: Iterate<'θ>) (current: Iterate<'θ>) =
        abs (current.Objective - previous.Objective) < tolerance

/// The rule that leads a fit from one iterate to the next and decides when it has converged.
[<NoEquality; NoComparison>]
type Rule<'θ> =
    {
        /// Whether the rule is that of k-means: hard assignment, and equal, fixed weights.
        IsHardLimit: bool
        /// The mixture that follows an iterate.
        Next: Model<'θ> -> Iterate<'θ> -> Result<Mixture<'θ>, GmmError>
        /// Whether the fit has converged, from the tolerance and two consecutive iterates.
        HasConverged: float -> Iterate<'θ> -> Iterate<'θ> -> bool
    }

/// Rules.
module Rule =
    /// The rule of EM: the M-step, until the objective changes by less than the tolerance.
    let em<'θ> : Rule<'θ> =
        { IsHardLimit = false
          Next = fun model iterate -> EM.mStep model iterate.Mixture iterate.Statistics
          HasConverged = Stopping.objectiveWithin }
