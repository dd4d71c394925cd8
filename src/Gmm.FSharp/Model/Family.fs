namespace Gmm

open System

/// The definition of one kind of component, as in a textbook: density, statistics and M-step of all K components
/// together. Prior and regularisation are already inside; the weights belong to the mixture.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("family {Name}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Family<'θ> =
    {
        /// The family's name: "gaussian" …
        Name: string
        /// ln p(xₙ|θₖ) (n×K) for the rows of a block (n×D).
        LogDensity: 'θ -> Tensor -> Tensor
        /// The family's sums over a block (n×D), weighted by responsibilities times sample weights (n×K).
        Sums: 'θ -> Tensor -> Tensor -> Tensor list
        /// The number of values in each of these sums, which are stored row by row.
        SumLengths: 'θ -> int[]
        /// The parameters that maximise Q + ln prior, from the statistics under the current parameters.
        Maximise: 'θ -> Statistics -> Result<'θ, GmmError>
        /// Moves statistics about the means of some parameters to the means of others: `Recentre from target
        /// statistics`.
        Recentre: 'θ -> 'θ -> Statistics -> Statistics
        /// ln of the prior's density at the parameters, without its constant; 0 without a prior.
        LogPrior: 'θ -> float
        /// The form of `LogDensity` and `Sums` at these parameters, for the kernels. If it is None, the E-step runs the
        /// two functions themselves. All three must agree.
        Form: 'θ -> Form option
        /// An error for the first number of a block that is outside the family's domain, or None.
        Misfit: 'θ -> Block -> GmmError option
        /// Draws a row (D) from component k. Partial application to parameters and component prepares what all draws
        /// share.
        Sample: 'θ -> int -> Random -> float[]
        /// The means that are used to compare components (K×M): those of the features, or of their statistics.
        Means: 'θ -> float[,]
        /// The number of features of the components, D.
        Features: 'θ -> int
        /// The number of free parameters of the components.
        FreeParameters: 'θ -> int
        /// Moves every tensor of the parameters, for example to another engine.
        Move: (Tensor -> Tensor) -> 'θ -> 'θ
        /// The parameters as free coordinates.
        Coordinates: Coordinates<'θ>
        /// The noise component, if mixtures of the family have one: a constant density with a weight of its own, after
        /// those of the K components. `Noise.wrap` sets it.
        Noise: Noise option
        /// Converts parameters and settings to plain data and back.
        Storage: Storage<'θ>
        /// The family's treatment of missing cells; None if it has none, so that NaN in the data is always an error.
        Missing: IncompleteRows<'θ> option
    }

/// The parameters of K components as one vector of free coordinates, as many as there are free parameters. Each
/// coordinate can change independently of the others. For Gaussians any finite numbers are valid; the natural
/// parameters of exponential families may have a domain, such as η < 0.
and [<NoEquality; NoComparison>] Coordinates<'θ> =
    {
        /// The meaning of each coordinate: "mean[0,1]" …, counting from 0.
        Names: 'θ -> string[]
        /// The coordinates of parameters. They are infinite where the parameters are on the edge of their domain, such
        /// as a probability of 0.
        OfParameters: 'θ -> float[]
        /// A step in each coordinate that changes a component's density by a similar amount: a standard deviation for a
        /// mean, 1 for a logarithm. Lengths of steps are measured in these units, so that they don't depend on the
        /// units of the data.
        Units: 'θ -> float[]
        /// The parameters with given coordinates, laid out like the given parameters. Error where numbers overflow or
        /// leave the domain.
        ToParameters: 'θ -> float[] -> Result<'θ, GmmError>
        /// The parameters that users report, by name: "mean[0,1]", "rate[0,2]" … They are functions of the coordinates,
        /// of which there may be fewer.
        Parameters: 'θ -> (string * float)[]
    }

/// Converts the parameters of a family, and its settings such as its prior, to named arrays of numbers and back, to the
/// last bit. An error names the array that is missing or wrong.
and [<NoEquality; NoComparison>] Storage<'θ> =
    {
        /// The parameters as arrays.
        Parameters: 'θ -> State
        /// The parameters that these arrays store.
        OfParameters: State -> Result<'θ, GmmError>
        /// The family's settings as arrays, in the layout that such parameters need.
        Settings: 'θ -> State
        /// The family with these settings, for such parameters.
        OfSettings: 'θ -> State -> Result<Family<'θ>, GmmError>
    }

/// A family's treatment of incomplete rows, which miss some cells. `o` is a pattern: the numbers of the observed
/// columns, ascending. Rows of one pattern are complete rows of |o| columns for the same family with restricted
/// parameters.
and [<NoEquality; NoComparison>] IncompleteRows<'θ> =
    {
        /// The parameters of the distribution of the observed columns, at least one: `Restrict o θ`. `LogDensity`,
        /// `Sums`, `SumLengths` and `Form` must hold for them.
        Restrict: int[] -> 'θ -> 'θ
        /// The statistics of all columns under θ, from those of the observed columns of rows of one pattern under the
        /// restricted parameters: `Lift o θ statistics`. In place of a missing cell, the sums have their expectation
        /// under each component, given the observed cells of the row. Weight, log-likelihood and counts don't change.
        /// Without an observed column, the given sums are empty.
        Lift: int[] -> 'θ -> Statistics -> Statistics
        /// The row (D) with the mean E(x|xₒ, k) in every missing cell, from the numbers of its observed cells:
        /// `Complete o θ k observed`. Partial application to a pattern, parameters and component prepares what all rows
        /// share.
        Complete: int[] -> 'θ -> int -> float[] -> float[]
    }

/// Functions on families.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Family =
    /// Returns the number of components of a mixture, K: the number of its weights, without that of the noise.
    let components (family: Family<'θ>) (mixture: Mixture<'θ>) : int =
        mixture.Components - (if family.Noise.IsSome then 1 else 0)

    /// Returns a mixture as plain data: the parameters and the log-weights.
    let internal mixtureState (family: Family<'θ>) (mixture: Mixture<'θ>) : State =
        family.Storage.Parameters mixture.Parameters |> Map.add "logWeights" mixture.LogWeights
