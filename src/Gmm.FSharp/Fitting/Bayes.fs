namespace Gmm

open System

/// The result of variational Bayes.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type BayesFit =
    {
        /// The fit: the posterior of the parameters, iterations, trace, and the reason why it stopped. Its
        /// responsibilities are those of variational Bayes. Its objective is the evidence lower bound / Σₙ wₙ, and its
        /// `LowerBound` isn't that of this record. Its log-density of a row is
        ///   ln Σₖ exp(E ln πₖ + E ln N(x|μₖ, Λₖ⁻¹)).
        /// The exponential integrates to less than 1: it lies below the predictive density E Σₖ πₖN(x|μₖ, Λₖ⁻¹) of
        /// `Bayes.predictive`, and isn't the density of `PlugIn`. For densities, `Predict.score` and `Predict.icl`, use
        /// one of these two.
        Fit: Fit<NormalWishart>
    }

    /// The posterior of the parameters.
    member found.Posterior: NormalWishart = found.Fit.Parameters

    /// The evidence lower bound, at most ln p(X) under the prior: fits of the same data can be compared by it, whatever
    /// their structure and prior.
    ///
    /// Under a Dirichlet distribution of the weights and one m₀ and V₀ for all, the K! orders of the components are
    /// equivalent, and the bound counts one of them. To compare different K, add ln K! (Bishop, PRML, 2006, §10.2.4),
    /// or ln(K!/m!) if m components have no rows: they all equal the prior, so that their order makes no difference.
    /// Add nothing under a Dirichlet process, the default, whose orders aren't equivalent.
    member found.LowerBound: float = found.Fit.Objective * found.Fit.Statistics.Weight

    /// E πₖ (K), summing to 1.
    member found.Weights: float[] = WeightDistribution.expected found.Posterior.Weights

    /// mₖ = E μₖ (K×D).
    member found.Means: float[,] = found.Posterior.Gaussian.Means.toArray2D ()

    /// Vₖ/νₖ = (E Λₖ)⁻¹, in the shape of the structure.
    member found.Covariances: Tensor = found.Posterior.Gaussian.Covariances

    /// The number of components with Nₖ ≥ 1, at least the weight of one row. The others are close to the prior.
    member found.EffectiveComponents: int =
        found.Fit.Statistics.Counts |> Seq.filter (fun count -> count >= 1.0) |> Seq.length

    /// The Gaussian mixture with the expected weights E πₖ, means mₖ and covariances Vₖ/νₖ, for all functions of fits.
    /// Its iterations and trace are those of the posterior. Its log-likelihood is −∞, because no E-step has computed
    /// it: `Predict.score` does.
    member found.PlugIn: Fit<Gaussian> =
        let fit = found.Fit

        let expected (mixture: Mixture<NormalWishart>) =
            { LogWeights = mixture.Parameters.Weights |> WeightDistribution.expected |> Array.map log |> Tensor.vector
              Parameters = mixture.Parameters.Gaussian }

        { Model =
            { Model.ofFamily Gaussian.family with
                Execution = fit.Model.Execution }
          Start = expected fit.Start
          Mixture = expected fit.Mixture
          Statistics =
            { fit.Statistics with
                LogLikelihood = -infinity }
          Trace = fit.Trace
          Passes = fit.Passes
          Remaining = fit.Remaining
          Stop = fit.Stop
          Seed = fit.Seed
          History = fit.History |> Array.map expected
          Failures = fit.Failures
          Irregular = fit.Irregular
          PassedOver = fit.PassedOver
          LightRows = fit.LightRows }

    member internal found.Display =
        let components = Display.count found.Fit.Components "component"
        let ended = if found.Fit.Converged then "converged" else "stopped without converging"

        $"variational Bayes with {components}, {found.EffectiveComponents} of them with rows, {ended} after "
        + FormattableString.Invariant
            $"""{Display.count found.Fit.Iterations "iteration"}: lower bound {found.LowerBound:G9}, seed {found.Fit.Seed}"""

/// Variational Bayes for Gaussian mixtures (Bishop, PRML, 2006, §10.2; Blei and Jordan 2006): the posterior of weights,
/// means and covariances under a prior, in place of a point estimate. Components that the data don't need lose their
/// rows, so that K only has to be large enough, and no covariance becomes singular.
module Bayes =
    /// The default options: one component, those of `Gmm.defaults` otherwise, with weights that have a prior of their
    /// own (`Family.WeightConcentration`). Set `Components` to more than you expect. Fits aren't accelerated. The start
    /// `Auto` is that of k-means.
    let defaults: FitOptions<BayesianGaussianKind, NormalWishart> =
        { FitOptions.ofKind BayesianGaussianKind.defaults with
            Acceleration = Acceleration.None
            WeightPrior = Fixed }

    /// Returns the result of variational Bayes for a fit, such as a loaded one.
    let ofFit (fit: Fit<NormalWishart>) : BayesFit = { Fit = fit }

    /// Fits the posterior: `Gmm.fit`, with the evidence lower bound. Error when an option breaks its rule, the data are
    /// not finite, a column is constant and there is no `CovariancePrior`, or fewer rows differ than there are
    /// components.
    let fit (options: FitOptions<BayesianGaussianKind, NormalWishart>) (source: Source) : Result<BayesFit, GmmError> =
        Fitting.fit options source |> Result.map ofFit

    /// Returns the iterates of variational Bayes from a mixture, such as that of a fit, under the model of a fit: the
    /// sequence of `EM.iterates`, in which every mixture has the weights exp E ln πₖ of its parameters.
    let iterates
        (model: Model<NormalWishart>)
        (source: Source)
        (start: Mixture<NormalWishart>)
        : seq<Result<Iterate<NormalWishart>, GmmError>> =
        let rule = NormalWishart.rule Stopping.Aitken
        EM.iteratesBy (rule.Next model) model source (rule.Begin start)

    /// Returns the distribution of the next row under the posterior, the mixture with weights E πₖ of
    ///   t(x|mₖ, (1+βₖ)/βₖ · Vₖ/νₖ′, νₖ′)
    /// with νₖ′ = νₖ+1−D degrees of freedom for full covariances (Bishop, PRML, eqs. 10.81–10.82), or νₖ′ = Dνₖ for
    /// spherical ones, whose scale matrices have Vₖ/νₖ; more than 1e6 count as ∞. Error for diagonal covariances of
    /// more than one feature, under which features have t distributions of their own, and for fewer than 0.1 degrees of
    /// freedom, as after a small `DegreesOfFreedomPrior`.
    let predictive (found: BayesFit) : Result<Mixture<StudentT>, GmmError> =
        let posterior = found.Posterior
        let gaussian, features = posterior.Gaussian, posterior.Features
        let layout = gaussian.Layout
        let size = Layout.planeSize features layout
        let planes = gaussian.Covariances.toArray () |> Array.chunkBySize size

        /// Returns νₖ′ and ν/νₖ′ of V/ν.
        let degrees k =
            let nu = posterior.DegreesOfFreedom[Layout.planeOf layout k]

            match layout.Shape with
            | Shape.Full
            | Shape.Diag -> nu + 1.0 - float features, nu / (nu + 1.0 - float features)
            | Shape.Spherical -> float features * nu, 1.0

        let scale k =
            let beta = posterior.MeanPrecisions[k]
            let factor = (1.0 + beta) / beta * snd (degrees k)
            planes[Layout.planeOf layout k] |> Array.map (fun entry -> factor * entry)

        // Each component has its own β, so that tied covariances make scale matrices of their own.
        let structure =
            match layout.Shape with
            | Shape.Full -> Full
            | Shape.Diag -> Diag
            | Shape.Spherical -> Spherical

        result {
            do!
                GmmError.requireAll
                    [ layout.Shape <> Shape.Diag || features = 1,
                      "Structure",
                      "full or spherical, or of one feature, so that the next row has a t distribution",
                      Structure.name gaussian.Structure ]

            let components = posterior.Components
            let ofNext = Array.init components (degrees >> fst)
            let fewest, below = DegreesOfFreedom.fewest, 1.0 - DegreesOfFreedom.fewest

            do!
                GmmError.requireAll
                    [ Array.min ofNext >= fewest,
                      "DegreesOfFreedomPrior",
                      $"at least D − {below} = {float features - below}, so that the next row has at least {fewest} "
                      + "degrees of freedom",
                      $"so small that it has {Array.min ofNext}" ]

            let! t =
                StudentT.create
                    structure
                    found.Means
                    (Array.init components scale
                     |> Array.concat
                     |> Tensor.create (Layout.covarianceShape components features (Structure.layout structure)))
                    (ofNext |> Array.map (fun nu -> if nu > DegreesOfFreedom.most then infinity else nu))

            return
                { LogWeights = found.Weights |> Array.map log |> Tensor.vector
                  Parameters = t }
        }
