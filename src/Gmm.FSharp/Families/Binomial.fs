namespace Gmm

/// Successes out of n trials of probability p: η = (ln p, ln(1−p)), T = (x, n−x), h(x) = C(n, x)
/// (Bishop, PRML, 2006, §2.1).
module Binomial =
    let private require trials =
        if trials < 1 then
            invalidArg (nameof trials) $"The number of trials must be at least 1, but is {trials}."

    /// Returns the definition for n trials. Throws ArgumentException unless n ≥ 1.
    let family (trials: int) =
        require trials
        let n = float trials

        { Name = "binomial"
          Domain = $"a whole number from 0 to {trials}"
          IsInDomain = fun x -> x >= 0.0 && x <= n && x = floor x
          Statistics = 2
          Statistic = NumberwiseStatistic.affine [| 1.0; -1.0 |] [| 0.0; n |]
          LogBase = fun x -> Special.logFactorial n - Special.logFactorial x - Special.logFactorial (n - x)
          Mean = Special.softmax >> Array.map (fun p -> n * p)
          Natural = Array.map (fun mean -> log (mean / n))
          LogPartition = fun natural -> n * Special.logSumExp natural
          Free = 1
          Dispersion = None
          Prior = ConjugatePrior.flat 2
          Sample = fun random means -> Draw.binomial random trials (means[0] / n)
          Reported = [ "probability", fun means -> [| means[0] / n |] ] }

    /// Returns the prior p ~ Beta(a, b), which acts like a − 1 extra successes and b − 1 extra failures, in (a + b −
    /// 2)/n extra numbers. Throws ArgumentException unless a, b ≥ 1 and n ≥ 1.
    let beta (trials: int) a b =
        require trials
        ConjugatePrior.require (nameof a) 1.0 a
        ConjugatePrior.require (nameof b) 1.0 b

        { Sums = [| a - 1.0; b - 1.0 |]
          Count = (a + b - 2.0) / float trials }

    /// Returns the parameters with success probability p (K×D). Error unless every p is between 0 and 1.
    let ofProbabilities (trials: int) (probabilities: float[,]) : Result<ExponentialParameters, GmmError> =
        let rows, columns = Array2D.length1 probabilities, Array2D.length2 probabilities
        let share k j s = if s = 0 then probabilities[k, j] else 1.0 - probabilities[k, j]

        Array3D.init rows columns 2 (fun k j s -> float trials * share k j s)
        |> Tensor.matrices
        |> ExponentialFamily.create (family trials)

    /// Returns p (K×D).
    let probabilities (trials: int) (parameters: ExponentialParameters) : float[,] =
        Bernoulli.probabilities parameters |> Array2D.map (fun successes -> successes / float trials)

    /// Returns the number of trials n, which all components share: the sum of the expected successes and failures.
    let trials (parameters: ExponentialParameters) : int =
        let means = parameters.Means.toArray ()
        int (round (means[0] + means[1]))

    /// Returns the family for the settings saved with a fit.
    let internal ofSettings (settings: State) : Result<ExponentialFamily, GmmError> =
        result {
            let! origin = ExponentialFamily.originOf settings
            let trials = Array.last origin
            let isTrials = trials >= 1.0 && trials <= float System.Int32.MaxValue && trials = floor trials

            do!
                GmmError.requireAll
                    [ isTrials, "statistics", "the statistics of a whole number of trials", string trials ]

            return family (int trials)
        }
