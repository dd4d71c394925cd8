namespace Gmm

/// Failures before the first success, each attempt failing with probability q: η = ln q, T = x, A = −ln(1−q)
/// (Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, §5.2).
module Geometric =
    /// Returns ln q of the mean q/(1−q).
    let private logFailure mean = if mean < 1.0 then log (mean / (1.0 + mean)) else -(Special.log1p (1.0 / mean))

    /// The definition of the family.
    let family =
        { Name = "geometric"
          Domain = "a whole number from 0 upward"
          IsInDomain = fun x -> x >= 0.0 && x = floor x
          Statistics = 1
          Statistic = NumberwiseStatistic.identity
          LogBase = fun _ -> 0.0
          Mean = Array.map (fun eta -> if eta < 0.0 then 1.0 / Special.expm1 -eta else nan)
          Natural = Array.map logFailure
          LogPartition = fun natural -> -(log -(Special.expm1 natural[0]))
          Free = 1
          Dispersion = None
          Prior = ConjugatePrior.flat 1
          Sample =
            fun random means ->
                if means[0] = 0.0 then
                    0.0
                else
                    floor (Draw.exponential random 1.0 / -(logFailure means[0]))
          Reported = [ "probability", Array.map (fun mean -> 1.0 / (1.0 + mean)) ] }

    /// Returns the prior p ~ Beta(a, b) on the probability p = 1 − q of a success, which acts like a − 1 extra numbers with
    /// the sum b − 1. Throws ArgumentException unless a, b ≥ 1.
    let beta a b =
        ConjugatePrior.require (nameof a) 1.0 a
        ConjugatePrior.require (nameof b) 1.0 b

        { Sums = [| b - 1.0 |]
          Count = a - 1.0 }

    /// Returns the parameters with probabilities p of a success (K×D). Error unless every p is above 0 and at most 1.
    let ofProbabilities (probabilities: float[,]) : Result<ExponentialParameters, GmmError> =
        Array3D.init (Array2D.length1 probabilities) (Array2D.length2 probabilities) 1 (fun k j _ ->
            (1.0 - probabilities[k, j]) / probabilities[k, j])
        |> Tensor.matrices
        |> ExponentialFamily.create family

    /// Returns the probabilities p of a success (K×D).
    let probabilities (parameters: ExponentialParameters) : float[,] =
        let means = parameters.Means
        (means.view means.shape[..1]).toArray2D() |> Array2D.map (fun mean -> 1.0 / (1.0 + mean))
