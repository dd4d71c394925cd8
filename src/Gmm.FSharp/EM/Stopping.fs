namespace Gmm

/// The reason why a fit stopped.
type Stop =
    /// The convergence rule was satisfied.
    | Converged
    /// The fit reached its limit of iterations.
    | IterationLimit

/// Convergence rules on the objective of consecutive iterates. (k-means has a rule of its own.)
[<RequireQualifiedAccess>]
type Stopping =
    /// |change| < Tolerance, and Aitken's estimate of the remaining gain < Tolerance (Böhning, Dietz, Schaub,
    /// Schlattmann and Lindsay 1994). EM makes small steps long before it reaches the maximum, which this rule takes
    /// into account.
    | Aitken
    /// |change| < Tolerance, the rule of scikit-learn and most other programs.
    | Change

/// Functions on convergence rules.
module Stopping =
    /// Tests whether a rule is satisfied at a tolerance, on two consecutive iterates. The test never succeeds for a
    /// tolerance of 0, nor at an extrapolation, whose change says nothing about the steps of EM.
    let hasConverged (stopping: Stopping) (tolerance: float) (_: Iterate<'θ>) (current: Iterate<'θ>) : bool =
        not current.IsExtrapolated
        && abs current.Change < tolerance
        && match stopping with
           | Stopping.Aitken -> current.Remaining < tolerance
           | Stopping.Change -> true

/// The rule that leads a fit from one iterate to the next and decides when it has converged.
[<NoEquality; NoComparison>]
type Rule<'θ> =
    {
        /// The name of the algorithm in errors: "k-means".
        Name: string
        /// The assignment that the algorithm needs; None if both are possible.
        Assignment: Assignment option
        /// Why options don't set the weights, in words: "whose weights are equal". None if they do.
        OwnWeights: string option
        /// Whether the M-step never lowers the objective, as its exact maximum doesn't, so that extrapolations of it
        /// can be judged by the objective.
        IsExact: bool
        /// Makes the first mixture of a run from a start, which has the weights of the options.
        Begin: Mixture<'θ> -> Mixture<'θ>
        /// The mixture that follows an iterate.
        Next: Model<'θ> -> Iterate<'θ> -> Result<Mixture<'θ>, GmmError>
        /// Whether the fit has converged, from the tolerance and two consecutive iterates.
        HasConverged: float -> Iterate<'θ> -> Iterate<'θ> -> bool
    }

/// Rules.
module Rule =
    /// The rule of EM: the M-step, until a convergence rule is satisfied. `isExact` says whether the family's M-step
    /// never lowers the objective.
    let em<'θ> isExact (stopping: Stopping) : Rule<'θ> =
        { Name = "EM"
          Assignment = None
          OwnWeights = None
          IsExact = isExact
          Begin = id
          Next = fun model iterate -> EM.mStep model iterate.Mixture iterate.Statistics
          HasConverged = Stopping.hasConverged stopping }
