namespace Gmm

open System.Threading

/// What is estimated, and how: a family with its prior, the prior on the weights, an assignment, and who runs the E-step.
[<NoEquality; NoComparison>]
type Model<'θ> =
    {
        /// The kind of component, with its prior.
        Family: Family<'θ>
        /// The prior on the weights.
        Weights: WeightPrior
        /// Soft for EM, hard for classification EM and k-means.
        Assignment: Assignment
        /// Who runs the E-step on a block.
        Backend: Backend<'θ>
        /// On how many threads, and when to stop.
        Execution: Execution
    }

/// Models.
module Model =
    /// Maximum-likelihood EM for a family: soft assignment, no prior on the weights, the kernels of the family, all cores.
    let ofFamily (family: Family<'θ>) : Model<'θ> =
        { Family = family
          Weights = Flat
          Assignment = Soft
          Backend = Kernel.backend family
          Execution = Execution.Default }

    /// The model without the cancellation of a fit that has ended.
    let internal unbound (model: Model<'θ>) =
        { model with
            Execution =
                { model.Execution with
                    Cancellation = CancellationToken.None } }

/// One point of the sequence that EM walks through.
[<NoEquality; NoComparison>]
type Iterate<'θ> =
    {
        /// How many M-steps led here; 0 is the start.
        Iteration: int
        /// The mixture.
        Mixture: Mixture<'θ>
        /// What the E-step under this mixture found.
        Statistics: Statistics
        /// (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ of this mixture, with maxₖ ln ρₙₖ for ln p(xₙ) under hard assignment.
        Objective: float
    }

/// The expectation–maximisation algorithm as pure functions (Dempster, Laird and Rubin 1977; Bishop, PRML, 2006, §9.4).
module EM =
    /// The E-step: statistics of the data under a mixture.
    let eStep (model: Model<'θ>) (source: Source) (mixture: Mixture<'θ>) : Statistics =
        let merge total ofRun =
            let sum = Statistics.addTo total ofRun
            model.Backend.Recycle ofRun
            sum

        source |> Source.reduceRuns model.Execution merge (model.Backend.Expect model.Assignment mixture)

    /// The M-step: the mixture that maximises Q + ln prior, from the statistics under the current one. Error when a
    /// component has no rows left or a covariance is singular.
    let mStep (model: Model<'θ>) (current: Mixture<'θ>) (statistics: Statistics) : Result<Mixture<'θ>, GmmError> =
        model.Family.Maximise current.Parameters statistics
        |> Result.map (fun parameters ->
            let logWeights = current.LogWeights.toArray1D ()

            { LogWeights = WeightPrior.maximise model.Weights logWeights statistics.Counts |> Tensor.vector
              Parameters = parameters })

    /// One EM step: the mixture after an E-step and an M-step.
    let step (model: Model<'θ>) (source: Source) (mixture: Mixture<'θ>) : Result<Mixture<'θ>, GmmError> =
        eStep model source mixture |> mStep model mixture

    /// (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ, from a mixture and the statistics of the data under it.
    let objective (model: Model<'θ>) (mixture: Mixture<'θ>) (statistics: Statistics) =
        let logPrior =
            model.Family.LogPrior mixture.Parameters
            + WeightPrior.logDensity model.Weights (mixture.LogWeights.toArray ())

        (statistics.LogLikelihood + logPrior) / statistics.Weight

    /// The iterates that a rule for the next mixture makes from a start. Lazy: an E-step runs when its iterate is asked
    /// for. The first error ends the sequence as its last element.
    let iteratesBy
        (next: Iterate<'θ> -> Result<Mixture<'θ>, GmmError>)
        model
        source
        start
        : seq<Result<Iterate<'θ>, GmmError>> =
        let iterate iteration mixture =
            let statistics = eStep model source mixture

            { Iteration = iteration
              Mixture = mixture
              Statistics = statistics
              Objective = objective model mixture statistics }

        let advance previous =
            next previous
            |> Result.map (iterate (previous.Iteration + 1))
            |> Result.mapError (GmmError.atIteration (previous.Iteration + 1))

        // Each state is what to do to get the next element, so that nothing runs before it is asked for.
        Some(fun () -> Ok(iterate 0 start))
        |> Seq.unfold (
            Option.map (fun compute ->
                match compute () with
                | Ok current -> Ok current, Some(fun () -> advance current)
                | Error error -> Error error, None)
        )

    /// The iterates of EM from a start: the start itself, then the mixture after one EM step, after two, …
    let iterates (model: Model<'θ>) (source: Source) (start: Mixture<'θ>) : seq<Result<Iterate<'θ>, GmmError>> =
        iteratesBy (fun current -> mStep model current.Mixture current.Statistics) model source start
