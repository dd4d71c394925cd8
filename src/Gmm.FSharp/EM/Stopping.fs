namespace Gmm

/// Why a fit stopped.
type Stop =
    /// The rule of convergence held.
    | Converged
    /// It took as many iterations as it may.
    | IterationLimit

/// Rules of convergence: predicates on two neighbours of the sequence of iterates.
module Stopping =
    /// |change of the objective| < tolerance. A tolerance of 0 never holds.
    let objectiveWithin tolerance (previous: Iterate<'θ>) (current: Iterate<'θ>) =
        abs (current.Objective - previous.Objective) < tolerance
