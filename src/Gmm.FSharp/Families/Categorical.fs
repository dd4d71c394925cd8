namespace Gmm

/// One of L levels 0 … L−1 with probabilities p: η = ln p, T the one-hot vector of x (Bishop, PRML, 2006,
/// §2.2).
module Categorical =
    /// Returns the definition for L levels. Throws ArgumentException unless L ≥ 1.
    let family (levels: int) =
        if levels < 1 then
            invalidArg (nameof levels) $"The number of levels must be at least 1, but is {levels}."

        { Name = "categorical"
          Domain = $"a whole number from 0 to {levels - 1}"
          IsInDomain = fun x -> x >= 0.0 && x < float levels && x = floor x
          Statistics = levels
          Statistic = NumberwiseStatistic.oneHot levels
          LogBase = fun _ -> 0.0
          Mean = Special.softmax
          Natural = Array.map log
          LogPartition = Special.logSumExp
          Free = levels - 1
          Dispersion = None
          Prior = ConjugatePrior.flat levels
          Sample = fun random means -> float (RandomStream.index random means)
          Reported = [ "probability", id ] }

    /// Returns the prior p ~ Dirichlet(α), which acts like αₗ − 1 extra numbers of level l. Throws ArgumentException
    /// unless every αₗ ≥ 1.
    let dirichlet (concentration: float[]) =
        concentration |> Array.iter (ConjugatePrior.require (nameof concentration) 1.0)

        let sums = concentration |> Array.map (fun alpha -> alpha - 1.0)
        { Sums = sums; Count = Array.sum sums }

    /// Returns the parameters with level probabilities p (K×D×L). Error unless they are 0 or more and sum to 1 over the
    /// levels.
    let ofProbabilities (probabilities: float[,,]) : Result<ExponentialParameters, GmmError> =
        Tensor.matrices probabilities |> ExponentialFamily.create (family (Array3D.length3 probabilities))

    /// Returns p (K×D×L).
    let probabilities (parameters: ExponentialParameters) : float[,,] = parameters.Means.toArray3D ()

    /// Returns the family for the settings saved with a fit.
    let internal ofSettings (settings: State) : Result<ExponentialFamily, GmmError> =
        ExponentialFamily.originOf settings |> Result.map (fun origin -> family origin.Length)
