namespace Gmm

/// Counts with rate λ: η = ln λ, T = x, A = λ, h(x) = 1/x! (Murphy, Machine Learning, 2012, §2.3.3).
module Poisson =
    /// The definition of the family.
    let family =
        { Name = "poisson"
          Domain = "a whole number from 0 upward"
          IsInDomain = fun x -> x >= 0.0 && x = floor x
          Statistics = 1
          Statistic = NumberwiseStatistic.identity
          LogBase = fun x -> -(Special.logFactorial x)
          Mean = Array.map exp
          Natural = Array.map log
          LogPartition = fun natural -> exp natural[0]
          Free = 1
          Dispersion = None
          Prior = ConjugatePrior.flat 1
          Sample = fun random means -> Draw.poisson random means[0]
          Reported = [ "rate", id ] }

    /// Returns the prior λ ~ Gamma(shape a, rate b), which acts like b extra counts with the sum a − 1. Throws
    /// ArgumentException unless a ≥ 1 and b ≥ 0.
    let gamma shape rate =
        ConjugatePrior.require (nameof shape) 1.0 shape
        ConjugatePrior.require (nameof rate) 0.0 rate

        { Sums = [| shape - 1.0 |]
          Count = rate }

    /// Returns the parameters with rates λ (K×D). Error unless every λ is 0 or more, and finite.
    let ofRates (rates: float[,]) : Result<ExponentialParameters, GmmError> =
        Array3D.init (Array2D.length1 rates) (Array2D.length2 rates) 1 (fun k j _ -> rates[k, j])
        |> Tensor.matrices
        |> ExponentialFamily.create family

    /// Returns λ (K×D).
    let rates (parameters: ExponentialParameters) : float[,] =
        let means = parameters.Means
        (means.view means.shape[..1]).toArray2D()
