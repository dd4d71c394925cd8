namespace Gmm

open System

/// The information criteria. Lower is better.
module InformationCriterion =
    /// Computes −2 ln L + p ln n for p free parameters and n rows, or their total weight (Schwarz 1978).
    let bic (freeParameters: int) (rows: float) (logLikelihood: float) =
        -2.0 * logLikelihood + float freeParameters * log rows

    /// Computes −2 ln L + 2p for p free parameters (Akaike 1974).
    let aic (freeParameters: int) (logLikelihood: float) = -2.0 * logLikelihood + 2.0 * float freeParameters

/// A fitted mixture, the steps that led to it, and the reason why the fit stopped.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Summary}");
  Notebooks.TypeFormatterSource("Gmm.Notebooks.FitFormatterSource, Gmm.FSharp")>]
type Fit<'θ> =
    {
        /// The model of the fit, with the default backend and without the fit's cancellation.
        Model: Model<'θ>
        /// The mixture from which the fit started.
        Start: Mixture<'θ>
        /// The fitted mixture.
        Mixture: Mixture<'θ>
        /// The statistics of the data under the fitted mixture.
        Statistics: Statistics
        /// The objective of every iterate: the start, then the mixture after each iteration.
        Trace: float[]
        /// The number of E-steps over all rows of the run that led to the fit. It exceeds the number of iterations by
        /// 1, for the start, and by the extrapolations that were rejected.
        Passes: int
        /// The estimate of the remaining gain of the objective (`Iterate.Remaining`); ∞ at an extrapolation.
        Remaining: float
        /// The reason why the fit stopped.
        Stop: Stop
        /// The seed of the run; with several restarts, that of the best run.
        Seed: int
        /// The mixture of every iterate, the start first, if the options asked for it; otherwise empty.
        History: Mixture<'θ>[]
        /// The seeds of failed runs and their errors. These runs were left out. The start `Auto` makes several runs for
        /// each seed, so the seed of the best run may be among them.
        Failures: (int * GmmError) list
        /// The components whose likelihood may be spurious.
        Irregular: Irregular
        /// The seed and the objective of the run with the highest objective, if it was passed over because of irregular
        /// components.
        PassedOver: (int * float) option
        /// The number of rows of positive weight, if the weights sum to less than half of it; otherwise None.
        LightRows: int64 option
    }

    /// The number of components, K, without the noise.
    member fit.Components = Model.components fit.Model fit.Mixture
    /// πₖ (K); with noise its weight π₀ follows (K + 1).
    member fit.Weights = fit.Mixture.Weights
    /// The parameters of all components.
    member fit.Parameters = fit.Mixture.Parameters
    /// The number of iterations (M-steps).
    member fit.Iterations = fit.Trace.Length - 1
    /// Whether the convergence rule was satisfied.
    member fit.Converged = (fit.Stop = Converged)
    /// The final objective: (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ. Classification EM has maxₖ ln ρₙₖ in place of ln
    /// p(xₙ).
    member fit.Objective = Array.last fit.Trace

    /// The change of the objective in the last iteration; ∞ without an iteration.
    member fit.Change =
        match fit.Iterations with
        | 0 -> infinity
        | last -> fit.Trace[last] - fit.Trace[last - 1]

    /// Σₙ wₙ ln p(xₙ), the log-likelihood of the data to which the mixture was fitted.
    member fit.LogLikelihood = fit.Statistics.LogLikelihood

    /// ln of the prior's density at the fitted parameters and weights, without its constant; 0 without a prior.
    member fit.LogPrior = Model.logPrior fit.Model fit.Mixture

    /// The mean log-likelihood per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.
    member fit.LowerBound = fit.LogLikelihood / fit.Statistics.Weight

    /// The number of free parameters: the family's, K − 1 weights, and with noise another weight and the volume if it
    /// was measured.
    member fit.FreeParameters = Model.freeParameters fit.Model fit.Mixture

    /// The Bayesian information criterion −2 ln L + p ln n with n = Σₙ wₙ; lower is better (Schwarz 1978). mclust's
    /// criterion has the opposite sign.
    member fit.Bic = InformationCriterion.bic fit.FreeParameters fit.Statistics.Weight fit.LogLikelihood
    /// Akaike's information criterion −2 ln L + 2p; lower is better (Akaike 1974).
    member fit.Aic = InformationCriterion.aic fit.FreeParameters fit.LogLikelihood

    /// The iteration in which the objective fell most, and the fall; None when no fall
    /// exceeds rounding, also that of float32.
    member private fit.LargestFall =
        let falls = fit.Trace |> Array.pairwise |> Array.map (fun (before, after) -> before - after)
        let isReal i = falls[i] > 1e-6 * max 1.0 (abs fit.Trace[i])

        match [ 0 .. falls.Length - 1 ] |> List.filter isReal with
        | [] -> None
        | real ->
            let worst = real |> List.maxBy (fun i -> falls[i])
            Some(worst + 1, falls[worst])

    /// Warnings for the user: the fit hasn't converged, its objective fell, components are irregular or have almost no
    /// weight, runs were left out, the sample weights are too light for the criteria.
    member fit.Warnings: FitWarning list =
        let share = 0.01 / float fit.Components

        [ if fit.Stop = IterationLimit && fit.Iterations > 0 then
              NotConverged(fit.Iterations, fit.Change, fit.Remaining)

          match fit.LargestFall with
          | Some fall -> ObjectiveFell fall
          | None -> ()

          for owner in fit.Irregular.OnFloor do
              OnFloor owner

          for few in fit.Irregular.FewRows do
              FewRows few

          if not fit.Model.Weights.IsFixed then
              for k, weight in Seq.indexed (Seq.truncate fit.Components fit.Weights) do
                  if weight < share then
                      NearlyEmpty(k, weight)

          match fit.PassedOver with
          | Some run -> PassedOver run
          | None -> ()

          for failure in fit.Failures do
              FailedRun failure

          for rows in Option.toList fit.LightRows do
              LightWeights(fit.Statistics.Weight, rows) ]

    /// The fit as one line: the family, the number of components, and how the fit ended.
    member fit.Summary =
        let ended =
            match fit.Stop with
            | Converged -> "converged"
            | IterationLimit -> "stopped without converging"

        let noise = if fit.Model.Family.Noise.IsSome then " and noise" else ""

        FormattableString.Invariant
            $"""{fit.Model.Family.Name} mixture of {fit.Components}{noise}, {ended} after {Display.count fit.Iterations "iteration"}: objective {fit.Objective:G9}, seed {fit.Seed}"""

/// Makes fits.
module Fit =
    /// Wraps a given mixture as a fit, for prediction and scoring. The fit has no information about training data: its
    /// log-likelihood is −∞ with a weight of 1, so that it is the worst by every criterion.
    let ofMixture (family: Family<'θ>) (mixture: Mixture<'θ>) : Fit<'θ> =
        { Model = Model.ofFamily family
          Start = mixture
          Mixture = mixture
          Statistics =
            { Statistics.zero mixture.Components (family.SumLengths mixture.Parameters) with
                Weight = 1.0
                LogLikelihood = -infinity }
          Trace = [| -infinity |]
          Passes = 0
          Remaining = infinity
          Stop = IterationLimit
          Seed = 0
          History = [||]
          Failures = []
          Irregular = Irregular.None
          PassedOver = None
          LightRows = None }

    /// Follows a sequence of iterates until `hasConverged previous current`, until `maxIterations` M-steps are made, or
    /// until the sequence ends. The fit has the last iterate reached, and its objective is that of its own mixture.
    /// Error when an iterate is an error, or when there is no iterate.
    let ofIterates
        (model: Model<'θ>)
        seed
        maxIterations
        (hasConverged: Iterate<'θ> -> Iterate<'θ> -> bool)
        (iterates: seq<Result<Iterate<'θ>, GmmError>>)
        : Result<Fit<'θ>, GmmError> =
        let trace = ResizeArray<float>()
        use iterates = iterates.GetEnumerator()

        let rec walk (start: Mixture<'θ>) (previous: Iterate<'θ> option) (current: Iterate<'θ>) =
            trace.Add current.Objective

            let fit stop =
                Ok
                    { Model = Model.unbound model
                      Start = start
                      Mixture = current.Mixture
                      Statistics = current.Statistics
                      Trace = trace.ToArray()
                      Passes = current.Passes
                      Remaining = current.Remaining
                      Stop = stop
                      Seed = seed
                      History = [||]
                      Failures = []
                      Irregular = Irregular.None
                      PassedOver = None
                      LightRows = None }

            if previous |> Option.exists (fun previous -> hasConverged previous current) then
                fit Converged
            elif current.Iteration >= maxIterations || not (iterates.MoveNext()) then
                fit IterationLimit
            else
                match iterates.Current with
                | Ok next -> walk start (Some current) next
                | Error error -> Error error

        if iterates.MoveNext() then
            iterates.Current |> Result.bind (fun first -> walk first.Mixture None first)
        else
            Error(InvalidOption("Iterates", "at least one", "none"))
