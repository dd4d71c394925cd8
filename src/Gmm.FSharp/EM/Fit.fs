namespace Gmm

open System

/// A fitted mixture, how it came about, and why the fit stopped.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Summary}")>]
type Fit<'θ> =
    {
        /// What was estimated, and how; no longer bound to the cancellation of the fit.
        Model: Model<'θ>
        /// Where the fit started.
        Start: Mixture<'θ>
        /// The fitted mixture.
        Mixture: Mixture<'θ>
        /// The statistics of the data under the fitted mixture.
        Statistics: Statistics
        /// The objective of every iterate: the start, then the mixture after each iteration.
        Trace: float[]
        /// Why it stopped.
        Stop: Stop
        /// The seed of the run, the best one of several restarts.
        Seed: int
        /// The mixture of every iterate, the start first, if it was asked for; otherwise none.
        History: Mixture<'θ>[]
        /// The seeds of runs that failed, and why; they were left out.
        Failures: (int * GmmError) list
    }

    /// πₖ (K).
    member fit.Weights = fit.Mixture.Weights
    /// The parameters of all components.
    member fit.Parameters = fit.Mixture.Parameters
    /// How many iterations (M-steps) were made.
    member fit.Iterations = fit.Trace.Length - 1
    /// Whether the rule of convergence held.
    member fit.Converged = (fit.Stop = Converged)
    /// The final objective: (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ, with maxₖ ln ρₙₖ for ln p(xₙ) in classification EM.
    member fit.Objective = Array.last fit.Trace
    /// Σₙ wₙ ln p(xₙ), the log-likelihood of the data the mixture was fitted to.
    member fit.LogLikelihood = fit.Statistics.LogLikelihood

    /// ln of the prior's density at the fitted parameters and weights, without its constant; 0 without a prior.
    member fit.LogPrior =
        fit.Model.Family.LogPrior fit.Parameters
        + WeightPrior.logDensity fit.Model.Weights (fit.Mixture.LogWeights.toArray1D ())

    /// The mean log-likelihood per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.
    member fit.LowerBound = fit.LogLikelihood / fit.Statistics.Weight

    /// How many parameters are free: the family's and K − 1 weights.
    member fit.FreeParameters =
        fit.Model.Family.FreeParameters fit.Parameters
        + match fit.Model.Weights with
          | Fixed -> 0
          | Flat
          | Dirichlet _ -> fit.Mixture.Components - 1

    /// The Bayesian information criterion −2 ln L + p ln n with n = Σₙ wₙ; lower is better (Schwarz 1978). mclust's has
    /// the opposite sign.
    member fit.Bic = -2.0 * fit.LogLikelihood + float fit.FreeParameters * log fit.Statistics.Weight
    /// Akaike's information criterion −2 ln L + 2p; lower is better (Akaike 1974).
    member fit.Aic = -2.0 * fit.LogLikelihood + 2.0 * float fit.FreeParameters

    /// What the user should see: that the fit hasn't converged, components of nearly no weight, runs left out.
    member fit.Warnings: FitWarning list =
        let share = 0.01 / float fit.Mixture.Components

        [ if fit.Stop = IterationLimit && fit.Iterations > 0 then
              NotConverged(fit.Iterations, fit.Trace[fit.Iterations] - fit.Trace[fit.Iterations - 1])

          for k, weight in Seq.indexed fit.Weights do
              if weight < share then
                  NearlyEmpty(k, weight)

          for failure in fit.Failures do
              FailedRun failure ]

    /// The fit as one line: family, components, how it ended.
    member fit.Summary =
        let ended =
            match fit.Stop with
            | Converged -> "converged"
            | IterationLimit -> "stopped without converging"

        FormattableString.Invariant
            $"{fit.Model.Family.Name} mixture of {fit.Mixture.Components}, {ended} after {fit.Iterations} iterations: objective {fit.Objective:G9}, seed {fit.Seed}"

/// Fits from sequences of iterates.
module Fit =
    /// The statistics of no rows under a mixture, which have the layout of any others.
    let internal noRows (family: Family<'θ>) (mixture: Mixture<'θ>) : Statistics =
        let zeros columns = Tensor.create [| 1; columns |] (Array.zeroCreate columns)
        let row = zeros (family.Features mixture.Parameters)
        let sums = family.Sums mixture.Parameters row (zeros mixture.Components)

        { Weight = 0.0
          LogLikelihood = 0.0
          Counts = Array.zeroCreate mixture.Components
          Sums = [| for sum in sums -> Array.zeroCreate (Array.fold (*) 1 sum.shape) |] }

    /// A mixture that was made elsewhere as a fit, to predict and to score with. Nothing is known of data that it was fitted to:
    /// the log-likelihood is −∞ of a weight of 1, so that it is the worst by every criterion.
    let ofMixture (family: Family<'θ>) (mixture: Mixture<'θ>) : Fit<'θ> =
        { Model = Model.ofFamily family
          Start = mixture
          Mixture = mixture
          Statistics =
            { noRows family mixture with
                Weight = 1.0
                LogLikelihood = -infinity }
          Trace = [| -infinity |]
          Stop = IterationLimit
          Seed = 0
          History = [||]
          Failures = [] }

    /// Walks along iterates until `hasConverged previous current`, or until `maxIterations` M-steps are made or the sequence
    /// ends. The fit has the last iterate reached; its objective is that of its own mixture. Error when an iterate is one,
    /// or when there is none.
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
                      Stop = stop
                      Seed = seed
                      History = [||]
                      Failures = [] }

            if previous |> Option.exists (fun previous -> hasConverged previous current) then
                fit Converged
            elif current.Iteration >= maxIterations || not (iterates.MoveNext()) then
                fit IterationLimit
            else
                iterates.Current |> Result.bind (walk start (Some current))

        if iterates.MoveNext() then
            iterates.Current |> Result.bind (fun first -> walk first.Mixture None first)
        else
            Error(InvalidOption("Iterates", "at least one", "none"))

    let private errorOf result =
        match result with
        | Ok _ -> None
        | Error error -> Some error

    /// The best of `runs` ≥ 1 runs with seeds seed, seed+1, …: the highest score, the earliest of equals, and the seeds of
    /// the runs that failed, with their errors. When all fail, the first one's error. With `execution` of several threads
    /// the runs go side by side.
    let best
        (execution: Execution)
        (score: 'T -> float)
        (run: int -> Result<'T, GmmError>)
        seed
        runs
        : Result<'T * (int * GmmError) list, GmmError> =
        let better a b = if score b > score a || Double.IsNaN(score a) then b else a

        let results =
            [ for i, result in Seq.indexed (execution.Map(runs, fun i -> run (seed + i))) do
                  Result.mapError (fun error -> seed + i, error) result ]

        match results |> List.choose Result.toOption, results |> List.choose errorOf with
        | [], failures -> Error(snd failures.Head)
        | fits, failures -> Ok(List.reduce better fits, failures)

    /// How to share threads between runs of a fit, and each run's work on the data: side by side when the data have too few
    /// blocks to keep the threads busy. It changes no result.
    let internal sharing (execution: Execution) runs (source: Source) : Execution * Execution =
        let alone = { execution with Threads = 1 }

        if runs > 1 && source.Blocks < 8L * int64 execution.Threads then
            execution, alone
        else
            alone, execution

    /// What is wrong with the options that every kind of fit has, if anything.
    let internal check restarts maxIterations tolerance (execution: Execution) : Result<unit, GmmError> =
        let isTolerance = tolerance >= 0.0 && tolerance < infinity

        GmmError.requireAll
            [ restarts >= 1, "Restarts", "at least 1", string restarts
              maxIterations >= 1, "MaxIterations", "at least 1", string maxIterations
              isTolerance, "Tolerance", "0 or more, and finite", string tolerance
              execution.Threads >= 1, "Threads", "at least 1", string execution.Threads ]
