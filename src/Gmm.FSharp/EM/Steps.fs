namespace Gmm

/// One element of the sequence that EM computes.
[<NoEquality; NoComparison>]
type Iterate<'θ> =
    {
        /// The number of M-steps that led to this iterate; 0 for the start.
        Iteration: int
        /// The mixture.
        Mixture: Mixture<'θ>
        /// The statistics of the data under this mixture.
        Statistics: Statistics
        /// (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ of this mixture; hard assignment has maxₖ ln ρₙₖ in place of ln p(xₙ).
        Objective: float
        /// The change of the objective since the previous iterate; ∞ at the start.
        Change: float
        /// Aitken's estimate of the remaining gain of the objective (`Convergence.remaining`); ∞ at the start and after
        /// the first M-step, unless the objective no longer changes, and in accelerated fits where too few EM steps
        /// follow one another.
        Remaining: float
        /// Whether the iterate is an extrapolation, and not the M-step of the one before.
        IsExtrapolated: bool
        /// The number of E-steps that led to this iterate, including its own and those of rejected extrapolations.
        Passes: int
    }

/// Estimates how far a sequence of objectives is from its limit.
module Convergence =
    /// The largest ratio of two consecutive changes that counts. Rounding makes ratios of 1 and more.
    let private slowest = 0.9999

    /// Returns Aitken's estimate of the remaining gain of the objective, from its last two changes: with a = Δₜ/Δₜ₋₁,
    /// it is a/(1−a) · Δₜ, as if the changes went on as a geometric series. The ratio a is limited to 0 … 0.9999. The
    /// estimate is 0 when Δₜ is 0, and ∞ when there is no earlier change.
    let remaining (previousChange: float) (change: float) : float =
        if change = 0.0 then
            0.0
        elif previousChange = infinity then
            infinity
        else
            let ratio = change / previousChange |> max 0.0 |> min slowest
            abs (ratio / (1.0 - ratio) * change)

    /// Returns the estimate at the end of a trace of objectives of plain EM.
    let internal remainingAfter (trace: float[]) : float =
        match trace.Length - 1 with
        | 0 -> infinity
        | 1 -> remaining infinity (trace[1] - trace[0])
        | last -> remaining (trace[last - 1] - trace[last - 2]) (trace[last] - trace[last - 1])

/// The expectation–maximisation algorithm as pure functions (Dempster, Laird and Rubin 1977; Bishop, PRML, 2006, §9.4).
module EM =
    /// Runs the E-step: returns the statistics of the data under a mixture. Throws `GmmException` when the model's
    /// backend can't be used.
    let eStep (model: Model<'θ>) (source: Source) (mixture: Mixture<'θ>) : Statistics =
        use pass = Model.openPass model source |> GmmError.get
        pass.Expect(model.Assignment, mixture)

    /// Runs the M-step: returns the mixture that maximises Q + ln prior, from the statistics under the current mixture.
    /// Error when a component has no rows left or a covariance is singular.
    let mStep (model: Model<'θ>) (current: Mixture<'θ>) (statistics: Statistics) : Result<Mixture<'θ>, GmmError> =
        model.Family.Maximise current.Parameters statistics
        |> Result.map (fun parameters ->
            let logWeights = current.LogWeights.toArray1D ()

            { LogWeights = WeightPrior.maximise model.Weights logWeights statistics.Counts |> Tensor.vector
              Parameters = parameters })

    /// Runs one EM step: returns the mixture after an E-step and an M-step.
    let step (model: Model<'θ>) (source: Source) (mixture: Mixture<'θ>) : Result<Mixture<'θ>, GmmError> =
        eStep model source mixture |> mStep model mixture

    /// Computes the objective (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ of a mixture, from the statistics of the data under
    /// it.
    let objective (model: Model<'θ>) (mixture: Mixture<'θ>) (statistics: Statistics) =
        (statistics.LogLikelihood + Model.logPrior model mixture) / statistics.Weight

    /// Runs the E-step of a mixture that follows another iterate, or is the start.
    let internal iterate
        (pass: Pass<'θ>)
        (model: Model<'θ>)
        (previous: Iterate<'θ> option)
        (mixture: Mixture<'θ>)
        : Iterate<'θ> =
        let statistics = pass.Expect(model.Assignment, mixture)
        let objective = objective model mixture statistics

        match previous with
        | None ->
            { Iteration = 0
              Mixture = mixture
              Statistics = statistics
              Objective = objective
              Change = infinity
              Remaining = infinity
              IsExtrapolated = false
              Passes = 1 }
        | Some previous ->
            let change = objective - previous.Objective

            { Iteration = previous.Iteration + 1
              Mixture = mixture
              Statistics = statistics
              Objective = objective
              Change = change
              Remaining = Convergence.remaining previous.Change change
              IsExtrapolated = false
              Passes = previous.Passes + 1 }

    /// Returns the iterates from a start, with the E-steps of an open pass; `next` gives the mixture after each
    /// iterate. The sequence is lazy: an E-step runs only when its iterate is requested. The first error is the last
    /// element of the sequence.
    let iteratesOn
        (pass: Pass<'θ>)
        (next: Iterate<'θ> -> Result<Mixture<'θ>, GmmError>)
        (model: Model<'θ>)
        (start: Mixture<'θ>)
        : seq<Result<Iterate<'θ>, GmmError>> =
        let rec after previous =
            seq {
                match next previous with
                | Error error -> Error(GmmError.atIteration (previous.Iteration + 1) error)
                | Ok mixture ->
                    let current = iterate pass model (Some previous) mixture
                    Ok current
                    yield! after current
            }

        seq {
            let first = iterate pass model None start
            Ok first
            yield! after first
        }

    /// Returns the same sequence as `iteratesOn`, with a pass over the rows of a source, which is open while the
    /// sequence is enumerated.
    let iteratesBy
        (next: Iterate<'θ> -> Result<Mixture<'θ>, GmmError>)
        (model: Model<'θ>)
        (source: Source)
        (start: Mixture<'θ>)
        : seq<Result<Iterate<'θ>, GmmError>> =
        seq {
            match Model.openPass model source with
            | Error error -> Error error
            | Ok pass ->
                use pass = pass
                yield! iteratesOn pass next model start
        }

    /// Returns the iterates of EM from a start: the start itself, then the mixture after one EM step, after two, …
    let iterates (model: Model<'θ>) (source: Source) (start: Mixture<'θ>) : seq<Result<Iterate<'θ>, GmmError>> =
        iteratesBy (fun current -> mStep model current.Mixture current.Statistics) model source start
