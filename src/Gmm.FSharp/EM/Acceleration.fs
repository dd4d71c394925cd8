namespace Gmm

/// How a fit reaches a limit of EM.
[<RequireQualifiedAccess>]
type Acceleration =
    /// Plain EM: every iterate is the M-step of the one before.
    | None
    /// Extrapolation of EM steps over free coordinates (SQUAREM, Varadhan and Roland 2008, scheme S3). An extrapolated
    /// mixture counts only if its objective is at least that of the EM steps; otherwise the fit goes on from these. The
    /// objective therefore never falls, and every limit is one of EM, though from a start between two maxima it may be
    /// another than plain EM reaches. Slow fits need only a fraction of the E-steps.
    | Squarem

/// SQUAREM: squared iterative extrapolation of EM (Varadhan and Roland 2008).
///
/// A cycle starts from a mixture with the coordinates x₀. Two EM steps give x₁ and x₂. With r = x₁ − x₀, v = (x₂ − x₁) − r
/// and the length a = ‖r‖/‖v‖, the extrapolated coordinates are x₀ + 2ar + a²v; a = 1 gives the EM step x₂. EM at the rate ρ
/// has a = 1/(1 − ρ). The length is limited by a bound, which grows when extrapolations at the bound succeed and shrinks when
/// they fail. The E-step at the extrapolated mixture gives its objective and begins the next cycle, so a cycle takes two
/// E-steps, and one more when the extrapolation fails.
module internal Squarem =
    /// A point of the sequence.
    [<NoEquality; NoComparison>]
    type private Point<'θ> =
        {
            Iterate: Iterate<'θ>
            /// The mixture to which the M-step leads.
            Next: Lazy<Result<Mixture<'θ>, GmmError>>
            /// The number of EM steps since the last extrapolation.
            Steps: int
            /// The last gain of EM as a share of the one before it; ∞ before the second EM step.
            Ratio: float
            /// Whether the gains of EM have become steady since the last extrapolation.
            IsSteady: bool
            /// The largest length a so far, also of extrapolations that were limited or rejected; 1 before the first.
            Longest: float
        }

    /// The factor by which the bound grows and shrinks.
    let private growth = 4.0

    /// The length up to which EM is too fast to be worth an extrapolation: a step leaves a third of the way or less.
    let private shortest = 1.5

    /// The fewest EM steps after an extrapolation that show how much is left to gain: one in which the fast directions settle,
    /// and two whose gains Aitken's estimate compares.
    let private settling = 3

    /// A ratio of gains that grows by more than this factor shows that fast directions still settle.
    let private steady = 1.5

    /// Returns what EM still gains after a step with a change of the objective, if it has the rate ρ = 1 − 1/length: each gain
    /// is ρ² times the one before it. Soon after an extrapolation, Aitken's estimate sees only the fast directions. The length
    /// of earlier extrapolations remembers the slow ones.
    let private remaining length change =
        let rate = 1.0 - 1.0 / length
        Convergence.remaining change (rate * rate * change)

    /// Returns the length of an extrapolation, and the coordinates of each length, from those of a mixture and of two EM steps,
    /// and from the units of the coordinates.
    let private extrapolate (units: float[]) (x0: float[]) (x1: float[]) (x2: float[]) : float * (float -> float[]) =
        let r = Array.map2 (-) x1 x0
        let v = Array.map3 (fun x2 x1 r -> x2 - x1 - r) x2 x1 r
        let norm vector = Array.map2 (/) vector units |> Array.sumBy (fun number -> number * number) |> sqrt
        let at length = Array.map3 (fun x0 r v -> x0 + length * (2.0 * r + length * v)) x0 r v
        norm r / norm v, at

    /// Returns the iterates of accelerated EM from a start, with the E-steps of an open pass. `tolerance` is that of the
    /// convergence rule. When a cycle leaves less to gain, EM steps follow until their gains are steady, so that the rule can
    /// trust `Remaining`. For other EM steps `Remaining` assumes that EM is as slow as the estimate allows, and for extrapolations
    /// it is ∞. The sequence is lazy, and the first error is its last element.
    let iteratesOn
        (pass: Pass<'θ>)
        (model: Model<'θ>)
        (tolerance: float)
        (start: Mixture<'θ>)
        : seq<Result<Iterate<'θ>, GmmError>> =
        let point longest (iterate: Iterate<'θ>) =
            { Iterate = iterate
              Next = lazy (EM.mStep model iterate.Mixture iterate.Statistics)
              Steps = 0
              Ratio = infinity
              IsSteady = false
              Longest = longest }

        /// Returns the EM step from a point. `wasted` is the number of E-steps spent on a rejected extrapolation.
        let step wasted (from: Point<'θ>) : Result<Point<'θ>, GmmError> =
            from.Next.Value
            |> Result.map (fun mixture ->
                let iterate = EM.iterate pass model (Some from.Iterate) mixture
                let steps = from.Steps + 1

                let ratio =
                    if steps = 1 || from.Iterate.Change = infinity then
                        infinity
                    else
                        iterate.Change / from.Iterate.Change

                let isSteady = steps >= settling && ratio <= steady * max 0.0 from.Ratio

                let left =
                    if isSteady then
                        max iterate.Remaining (remaining from.Longest iterate.Change)
                    else
                        remaining infinity iterate.Change

                { point
                      from.Longest
                      { iterate with
                          Passes = iterate.Passes + wasted
                          Remaining = left } with
                    Steps = steps
                    Ratio = ratio
                    IsSteady = isSteady })
            |> Result.mapError (GmmError.atIteration (from.Iterate.Iteration + 1))

        /// Returns the length of an extrapolation, and the mixture of each length if it is inside its domain. The length is NaN if
        /// a mixture is on an edge of its domain.
        let extrapolation (mixtures: Mixture<'θ> list) : float * (float -> Mixture<'θ> option) =
            match mixtures |> List.map (Coordinates.ofMixture model.Family) with
            | [ Ok x0; Ok x1; Ok x2 ] ->
                let like = mixtures.Head
                let length, coordinates = extrapolate (Coordinates.units model.Family like) x0 x1 x2

                let at length =
                    match Coordinates.toMixture model.Family like (coordinates length) with
                    | Ok mixture when model.Weights.IsFixed ->
                        Some
                            { mixture with
                                LogWeights = like.LogWeights }
                    | Ok mixture -> Some mixture
                    | Error _ -> None

                length, at
            | _ -> nan, (fun _ -> None)

        /// Returns the point at an extrapolated mixture. None if its objective is lower than that of the EM step before it, or no
        /// M-step leads on from it.
        let arrive (before: Point<'θ>) (mixture: Mixture<'θ>) : Point<'θ> option =
            let iterate = EM.iterate pass model (Some before.Iterate) mixture

            let arrived =
                point
                    before.Longest
                    { iterate with
                        IsExtrapolated = true
                        Remaining = infinity }

            if iterate.Objective >= before.Iterate.Objective && arrived.Next.Value.IsOk then
                Some arrived
            else
                None

        /// Returns the last point of a cycle, and the next cycle's bound, from its first point and the EM step from it.
        let finish bound (zero: Point<'θ>) (one: Point<'θ>) : Result<Point<'θ>, GmmError> * float =
            match one.Next.Value with
            | Error _ -> step 0 one, bound
            | Ok two ->
                let length, at = extrapolation [ zero.Iterate.Mixture; one.Iterate.Mixture; two ]

                // A length that isn't finite says nothing: no coordinate moved, or all moved evenly.
                let one =
                    { one with
                        Longest = if length < infinity then max length one.Longest else one.Longest }

                let isAtBound = length >= bound
                let larger = if isAtBound then growth * bound else bound
                let smaller = if isAtBound then max 1.0 (bound / growth) else bound

                if not (min length bound > shortest) then
                    step 0 one, larger
                else
                    let mixture = at (min length bound)

                    match mixture |> Option.bind (arrive one) with
                    | Some arrived -> Ok arrived, larger
                    | None -> step (if mixture.IsSome then 1 else 0) one, smaller

        let rec cycle bound (zero: Point<'θ>) =
            seq {
                match step 0 zero with
                | Error error -> Error error
                | Ok one ->
                    Ok one.Iterate

                    match finish bound zero one with
                    | Error error, _ -> Error error
                    | Ok last, bound ->
                        Ok last.Iterate
                        let gain = last.Iterate.Objective - zero.Iterate.Objective
                        let left = remaining last.Longest one.Iterate.Change
                        yield! if max (abs gain) left < tolerance then settle bound last else cycle bound last
            }

        /// Makes EM steps until their gains are steady.
        and settle bound (last: Point<'θ>) =
            seq {
                if last.IsSteady then
                    yield! cycle bound last
                else
                    match step 0 last with
                    | Error error -> Error error
                    | Ok next ->
                        Ok next.Iterate
                        yield! settle bound next
            }

        seq {
            let first = EM.iterate pass model None start
            Ok first
            // Nothing was extrapolated yet: the second EM step shows how much is left.
            yield!
                cycle
                    1.0
                    { point 1.0 first with
                        Steps = settling - 2 }
        }
