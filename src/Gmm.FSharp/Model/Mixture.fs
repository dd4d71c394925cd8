namespace Gmm

/// A mixture p(x) = Σₖ πₖ p(x|θₖ): the log-weights and the parameters of all K components together.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Mixture<'θ> =
    {
        /// ln πₖ (K), up to a constant that all components share; −∞ for a component of weight 0. The constant is 0,
        /// except for k-means, where all numbers are 0: beside ln 1/K, distances as small as 1e-150 would be lost.
        LogWeights: Tensor
        /// The parameters of all components, a struct of arrays.
        Parameters: 'θ
    }

    /// πₖ (K), summing to 1.
    member mixture.Weights =
        let weights = mixture.LogWeights.toArray1D () |> Array.map exp
        let total = Array.sum weights
        weights |> Array.map (fun weight -> weight / total)

    /// The number of components, K.
    member mixture.Components = mixture.LogWeights.shape[0]

    member internal mixture.Display =
        $"mixture of {mixture.Components}, weights {Display.numbers mixture.Weights}\n%A{mixture.Parameters}"

/// Makes mixtures.
module Mixture =
    /// Makes a mixture with given weights, which it divides by their sum. Error when a weight is negative or not
    /// finite, or all weights are 0.
    let create (weights: float[]) (parameters: 'θ) : Result<Mixture<'θ>, GmmError> =
        let total = Array.sum weights

        match weights |> Array.tryFindIndex (fun weight -> not (weight >= 0.0 && weight < infinity)) with
        | Some k -> Error(InvalidOption($"Weights[{k}]", "finite and not negative", string weights[k]))
        | None when not (total > 0.0 && total < infinity) ->
            Error(InvalidOption("Weights", "above 0 somewhere, with a finite sum", $"a sum of {string total}"))
        | None ->
            Ok
                { LogWeights = Tensor.vector (weights |> Array.map (fun weight -> log (weight / total)))
                  Parameters = parameters }

    /// Returns the mixture of the first K components, whose weights it divides by their sum: a mixture without its noise. A
    /// mixture of K weights keeps its bits. Components without any weight get equal weights.
    let clusters (components: int) (mixture: Mixture<'θ>) : Mixture<'θ> =
        if mixture.Components = components then
            mixture
        else
            let logWeights = mixture.LogWeights.toArray1D () |> Array.truncate components
            let largest = Array.max logWeights

            let shares =
                if largest = -infinity then
                    Array.create components 0.0
                else
                    logWeights |> Array.map (fun logWeight -> logWeight - largest)

            let logTotal = shares |> Array.sumBy exp |> log

            { mixture with
                LogWeights = shares |> Array.map (fun share -> share - logTotal) |> Tensor.vector }

    /// Makes a mixture of K components with equal weights.
    let uniform components (parameters: 'θ) : Mixture<'θ> =
        { LogWeights = Tensor.vector (Array.create components (-log(float components)))
          Parameters = parameters }
