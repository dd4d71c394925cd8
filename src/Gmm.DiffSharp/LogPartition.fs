namespace Gmm

/// The log-partition A(η) (K×D) of natural parameters η (K×D×S) as tensor expressions, so that they can be differentiated;
/// the numbers are those of `ExponentialFamily.LogPartition`.
module LogPartition =
    /// ln Σₛ exp ηₛ.
    let private logSumExp (natural: Tensor) =
        let components, columns, size = natural.shape[0], natural.shape[1], natural.shape[2]
        let evidence, _ = Assignment.soft (natural.view [| components * columns; size |])
        evidence.view [| components; columns |]

    /// ln Σₛ exp ηₛ, 0 where η = (ln p, ln(1−p)).
    let bernoulli (natural: Tensor) : Tensor = logSumExp natural

    /// n ln Σₛ exp ηₛ.
    let binomial (trials: int) (natural: Tensor) : Tensor = logSumExp natural * float trials

    /// ln Σₛ exp ηₛ, 0 where η = ln p.
    let categorical (natural: Tensor) : Tensor = logSumExp natural

    /// exp η, the rate.
    let poisson (natural: Tensor) : Tensor = natural.exp().sum 2

    /// −ln(−η).
    let exponential (natural: Tensor) : Tensor = (natural * -1.0).log().sum 2 * -1.0
