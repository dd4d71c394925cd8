namespace Gmm

/// A kind measured on data: its family, and functions that place components around centres. Starts choose and average
/// centres in the space of features: the data themselves for Gaussians, their statistics T(x) for exponential families.
[<NoEquality; NoComparison>]
type Measured<'θ> =
    {
        /// The family, with prior and regularisation inside.
        Family: Family<'θ>
        /// The number of features of a row, F.
        Width: int
        /// Replaces the rows of a block by their features.
        Features: Block -> Block
        /// The parameters with given means (K×D).
        AtMeans: float[,] -> Result<'θ, GmmError>
        /// The starting parameters of components around centres (K×F).
        Around: float[,] -> Result<'θ, GmmError>
        /// Any valid parameters at centres (K×F), about which statistics are taken.
        Provisional: float[,] -> Result<'θ, GmmError>
        /// Whether the M-step of hard clusters can give parameters that EM never leaves, such as a probability of 0. If
        /// so, the start `KMeans` uses only the centres that k-means finds, not its clusters.
        HasEdges: bool
        /// Whether the features have bounds that normal draws may exceed. If so, the start `Random` is an error.
        IsBounded: bool
        /// Changes the first parameters to those that the kind's settings ask for, from a seed: other covariances, for
        /// Gaussians.
        Revise: int -> 'θ -> Result<'θ, GmmError>
        /// Whether the result of `Revise` depends on the seed.
        IsRandom: bool
        /// The rule that leads from one iterate to the next and decides when the fit has converged, for the convergence
        /// rule of the options; None for EM. A kind with its own rule can't be a part of a product.
        Rule: (Stopping -> Rule<'θ>) option
        /// Finds components whose likelihood may be spurious, for the choice of the best run.
        Regularity: Regularity<'θ>
        /// Whether the family's M-step never lowers Q + ln prior. If it may, fits aren't accelerated.
        IsExact: bool
    }

/// A kind of component with its settings, before it sees data. It checks its settings, measures the data, and gives the
/// family and everything that starts need. Built-in kinds and kinds from other assemblies enter `Gmm.fit` in the same
/// way.
[<Interface>]
type Kind<'θ> =
    /// The name of the kind in tables and errors: that of a family or a structure.
    abstract Name: string

    /// Returns an error when the settings break a rule for K components of D columns, or don't suit the starting
    /// parameters, if given.
    abstract Check: components: int * columns: int * start: 'θ option -> Result<unit, GmmError>

    /// Returns an error for the first number of a block that is outside the kind's domain, or None.
    abstract Misfit: Block -> GmmError option

    /// Measures data for which `Check` and `Misfit` found no error.
    abstract Measure: components: int * source: Source * execution: Execution -> Result<Measured<'θ>, GmmError>

/// Makes measured kinds.
module Measured =
    /// Returns a measured kind whose components can lie anywhere in the space of the data; `around` gives the
    /// parameters around centres (K×D).
    let ofFamily (family: Family<'θ>) (columns: int) (around: float[,] -> Result<'θ, GmmError>) : Measured<'θ> =
        { Family = family
          Width = columns
          Features = id
          AtMeans = around
          Around = around
          Provisional = around
          HasEdges = false
          IsBounded = false
          Revise = fun _ -> Ok
          IsRandom = false
          Rule = None
          Regularity = Regularity.none
          IsExact = true }

/// Checks that several kinds use.
module internal Kind =
    /// Returns an error unless a start has the expected K, D and settings; settings distinguish kinds of the same type.
    let requireStart describe (expected: int * int * 'S) (found: int * int * 'S) : Result<unit, GmmError> =
        GmmError.requireAll [ found = expected, "Start mixture", describe expected, describe found ]
