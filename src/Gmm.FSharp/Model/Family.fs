namespace Gmm

open System

/// One kind of component, as the textbook has it: density, statistics and M-step of all K components together.
/// Prior and regularisation are already inside; the weights are the mixture's.
[<NoEquality; NoComparison>]
type Family<'θ> =
    {
        /// The family's name: "gaussian" …
        Name: string
        /// ln p(xₙ|θₖ) (n×K) of a block (n×D).
        LogDensity: 'θ -> Tensor -> Tensor
        /// The family's sums over a block (n×D), weighted by responsibilities times sample weights (n×K).
        Sums: 'θ -> Tensor -> Tensor -> Tensor list
        /// The parameters that maximise Q + ln prior, from the statistics under the current parameters.
        Maximise: 'θ -> Statistics -> Result<'θ, GmmError>
        /// ln of the prior's density at the parameters, without its constant; 0 without a prior.
        LogPrior: 'θ -> float
        /// The form of `LogDensity` and `Sums` at these parameters, for the kernels; None for a family that only they describe.
        /// Whoever changes either of them must change it too.
        Form: 'θ -> Form option
        /// What is wrong with the first number of a block that the family can't have, if any.
        Misfit: 'θ -> Block -> GmmError option
        /// A row (D) drawn from component k. Applied to parameters and a component it prepares what all draws share; the
        /// stream of random numbers decides the row.
        Sample: 'θ -> int -> Random -> float[]
        /// The means by which components are compared (K×M): of the features, or of their statistics.
        Means: 'θ -> float[,]
        /// How many features the components have, D.
        Features: 'θ -> int
        /// How many parameters of the components are free.
        FreeParameters: 'θ -> int
        /// The same parameters with every tensor moved, as to another engine.
        Move: (Tensor -> Tensor) -> 'θ -> 'θ
        /// How parameters and settings become plain data, and come back.
        Storage: Storage<'θ>
    }

/// How the parameters of a family and its own settings, such as its prior, become arrays of numbers by name, and come back
/// to the last bit. An error says which array is missing, or what is wrong with it.
and [<NoEquality; NoComparison>] Storage<'θ> =
    {
        /// The parameters as arrays.
        Parameters: 'θ -> State
        /// The parameters that are these arrays.
        OfParameters: State -> Result<'θ, GmmError>
        /// The family's settings as arrays, laid out for such parameters.
        Settings: 'θ -> State
        /// The family with these settings, for such parameters.
        OfSettings: 'θ -> State -> Result<Family<'θ>, GmmError>
    }
