namespace Gmm

open System
open System.Threading

/// A fitted mixture, how it came about, and why the fit stopped.
[<NoEquality; NoComparison>]
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

/// Fits from sequences of iterates.
module Fit =
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
                let unbound =
                    { model.Execution with
                        Cancellation = CancellationToken.None }

                Ok
                    { Model = { model with Execution = unbound }
                      Start = start
                      Mixture = current.Mixture
                      Statistics = current.Statistics
                      Trace = trace.ToArray()
                      Stop = stop
                      Seed = seed }

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

    /// The highest-scoring of `runs` ≥ 1 runs with seeds seed, seed+1, …, the earliest of equals. Runs that fail are left
    /// out; when all fail, the first one's error.
    let best (score: 'T -> float) (run: int -> Result<'T, GmmError>) seed runs : Result<'T, GmmError> =
        Seq.init runs (fun i -> run (seed + i))
        |> Seq.reduce (fun best other ->
            match best, other with
            | Ok a, Ok b when score b > score a || Double.IsNaN(score a) -> other
            | Error _, Ok _ -> other
            | _ -> best)

    /// What is wrong with the options that every kind of fit has, if anything.
    let internal check restarts maxIterations tolerance (execution: Execution) : Result<unit, GmmError> =
        let isTolerance = tolerance >= 0.0 && tolerance < infinity

        GmmError.requireAll
            [ restarts >= 1, "Restarts", "at least 1", string restarts
              maxIterations >= 1, "MaxIterations", "at least 1", string maxIterations
              isTolerance, "Tolerance", "0 or more, and finite", string tolerance
              execution.Threads >= 1, "Threads", "at least 1", string execution.Threads ]
