namespace Gmm

/// Numbers 0 or 1 with P(1) = p: η = (ln p, ln(1−p)), T = (x, 1−x). Both statistics are kept, so that p = 0 and p = 1
/// are ordinary values (Bishop, PRML, 2006, §9.3.3).
module Bernoulli =
    /// The definition of the family.
    let family =
        { Name = "bernoulli"
          Domain = "0 or 1"
          IsInDomain = fun x -> x = 0.0 || x = 1.0
          Statistics = 2
          Statistic = NumberwiseStatistic.affine [| 1.0; -1.0 |] [| 0.0; 1.0 |]
          LogBase = fun _ -> 0.0
          Mean = Special.softmax
          Natural = Array.map log
          LogPartition = Special.logSumExp
          Free = 1
          Dispersion = None
          Prior = ConjugatePrior.flat 2
          Sample = fun random means -> if random.NextDouble() < means[0] then 1.0 else 0.0
          Reported = [ "probability", Array.truncate 1 ] }

    /// Returns the prior p ~ Beta(a, b), which acts like a − 1 extra ones and b − 1 extra zeros. Throws
    /// ArgumentException unless a, b ≥ 1.
    let beta a b =
        ConjugatePrior.require (nameof a) 1.0 a
        ConjugatePrior.require (nameof b) 1.0 b

        { Sums = [| a - 1.0; b - 1.0 |]
          Count = a + b - 2.0 }

    /// Returns the parameters with P(1) = p (K×D). Error unless every p is between 0 and 1.
    let ofProbabilities (probabilities: float[,]) : Result<ExponentialParameters, GmmError> =
        let rows, columns = Array2D.length1 probabilities, Array2D.length2 probabilities

        Array3D.init rows columns 2 (fun k j s -> if s = 0 then probabilities[k, j] else 1.0 - probabilities[k, j])
        |> Tensor.matrices
        |> ExponentialFamily.create family

    /// Returns P(1) (K×D).
    let probabilities (parameters: ExponentialParameters) : float[,] =
        let means = parameters.Means.toArray3D ()
        Array2D.init (Array3D.length1 means) (Array3D.length2 means) (fun k j -> means[k, j, 0])
