namespace Gmm

/// Waiting times with rate λ: η = −λ, T = x, A = −ln λ (the gamma distribution of shape 1; Murphy, Machine
/// Learning, 2012, §2.4.4).
module Exponential =
    /// The definition of the family.
    let family =
        { Name = "exponential"
          Domain = "0 or more"
          IsInDomain = fun x -> x >= 0.0
          Statistics = 1
          Statistic = NumberwiseStatistic.identity
          LogBase = fun _ -> 0.0
          Mean = Array.map (fun eta -> -1.0 / eta)
          Natural = Array.map (fun mean -> -1.0 / mean)
          LogPartition = fun natural -> -log -natural[0]
          Free = 1
          Dispersion = None
          Prior = ConjugatePrior.flat 1
          Sample = fun random means -> Draw.exponential random means[0]
          Reported = [ "rate", Array.map (fun mean -> 1.0 / mean) ] }

    /// Returns the prior λ ~ Gamma(shape a, rate b), which acts like a − 1 extra waiting times with the sum b. Throws
    /// ArgumentException unless a ≥ 1 and b ≥ 0.
    let gamma shape rate =
        ConjugatePrior.require (nameof shape) 1.0 shape
        ConjugatePrior.require (nameof rate) 0.0 rate

        { Sums = [| rate |]
          Count = shape - 1.0 }

    /// Returns the parameters with rates λ (K×D). Error unless every λ is above 0 and finite.
    let ofRates (rates: float[,]) : Result<ExponentialParameters, GmmError> =
        Array3D.init (Array2D.length1 rates) (Array2D.length2 rates) 1 (fun k j _ -> 1.0 / rates[k, j])
        |> Tensor.matrices
        |> ExponentialFamily.create family

    /// Returns λ (K×D).
    let rates (parameters: ExponentialParameters) : float[,] =
        let means = parameters.Means
        (means.view means.shape[..1]).toArray2D() |> Array2D.map (fun mean -> 1.0 / mean)
