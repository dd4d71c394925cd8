namespace Gmm

open MathNet.Numerics.Statistics

/// An estimate by sampling.
type Estimate =
    {
        /// The estimated value.
        Value: float
        /// The standard error of the estimate: about two thirds of estimates lie within one of the true value, 95 %
        /// within two.
        StandardError: float
    }

/// Options for estimating a divergence; start from `Divergence.defaults`.
[<NoEquality; NoComparison>]
type DivergenceOptions =
    {
        /// The number of rows to draw, at least 2.
        Rows: int
        /// The seed of the draws.
        Seed: int
        /// The threads and the cancellation; neither changes the estimate.
        Execution: Execution
    }

/// Estimates how far one mixture is from another.
module Divergence =
    /// The defaults: 10,000 rows, seed 0, all cores.
    let defaults: DivergenceOptions =
        { Rows = 10_000
          Seed = 0
          Execution = Execution.Default }

    /// A model and a mixture, reduced to what an estimate needs of them.
    [<NoEquality; NoComparison>]
    type private Distribution =
        { Features: int
          HasNoise: bool
          Draw: SampleOptions -> int -> Result<Source, GmmError>
          LogDensities: Execution -> Source -> Result<float[], GmmError> }

    let private distribution (model: Model<'θ>) (mixture: Mixture<'θ>) =
        { Features = model.Family.Features mixture.Parameters
          HasNoise = model.Family.Noise.IsSome
          Draw = fun options rows -> Sample.rowsOf model.Family options rows mixture
          LogDensities = fun execution -> Predict.logDensitiesOf { model with Execution = execution } mixture }

    let private estimate (options: DivergenceOptions) (p: Distribution) (q: Distribution) : Result<Estimate, GmmError> =
        let sampling: SampleOptions =
            { Component = None
              Seed = options.Seed
              Execution = options.Execution }

        result {
            do!
                GmmError.requireAll
                    [ not (p.HasNoise || q.HasNoise), "Divergence", "of mixtures without noise", "of one with noise"
                      options.Rows >= 2, "Divergence rows", "at least 2", string options.Rows
                      q.Features = p.Features,
                      "Features of the other mixture",
                      $"{p.Features}, as in the first",
                      string q.Features ]

            let! source = p.Draw sampling options.Rows
            let! logP = p.LogDensities options.Execution source
            let! logQ = q.LogDensities options.Execution source
            let differences = Array.map2 (-) logP logQ

            if Array.contains infinity differences then
                return
                    { Value = infinity
                      StandardError = 0.0 }
            else
                let struct (mean, deviation) = ArrayStatistics.MeanStandardDeviation differences

                return
                    { Value = mean
                      StandardError = deviation / sqrt (float options.Rows) }
        }

    /// Estimates the Kullback–Leibler divergence KL(p‖q) = E ln(p(x)/q(x)) of two fitted mixtures from rows drawn from
    /// p (Hershey and Olsen 2007). The mixtures may be of different families. The divergence is 0 when they are the
    /// same, and exactly ∞ when a row drawn from p has density 0 under q. Error when they have different numbers of
    /// features, when the options ask for fewer than 2 rows, or when a row is outside the domain of q's family. Error for a
    /// mixture with noise, of which the volume is known but not the region.
    let kullbackLeibler (options: DivergenceOptions) (p: Fit<'θ>) (q: Fit<'φ>) : Result<Estimate, GmmError> =
        estimate options (distribution p.Model p.Mixture) (distribution q.Model q.Mixture)

    /// Estimates the Kullback–Leibler divergence KL(p‖q) of two mixtures of one family, as `kullbackLeibler` does.
    let ofMixtures
        (family: Family<'θ>)
        (options: DivergenceOptions)
        (p: Mixture<'θ>)
        (q: Mixture<'θ>)
        : Result<Estimate, GmmError> =
        let of' = distribution (Model.ofFamily family)
        estimate options (of' p) (of' q)
