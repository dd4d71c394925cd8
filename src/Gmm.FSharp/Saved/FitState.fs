namespace Gmm

open System

/// Converts fits to named arrays and back.
module internal FitState =
    let private statisticsState (statistics: Statistics) : State =
        Map
            [ "weight", Tensor.scalar statistics.Weight
              "logLikelihood", Tensor.scalar statistics.LogLikelihood
              "counts", Tensor.vector statistics.Counts
              for i in 0 .. statistics.Sums.Length - 1 do
                  $"sums{i}", Tensor.vector statistics.Sums[i] ]

    /// Returns the numbers of components as an array.
    let private numbersOf (number: 'T -> int) (components: 'T list) =
        components |> List.map (number >> float) |> Array.ofList |> Tensor.vector

    let ofFit (fit: Fit<'θ>) : State =
        let family = fit.Model.Family

        let assignment =
            match fit.Model.Assignment with
            | Soft -> "soft"
            | Hard -> "hard"

        State.join
            [ FamilyScan.state family fit.Mixture
              Family.mixtureState family fit.Start |> State.under "start"
              statisticsState fit.Statistics |> State.under "statistics"

              Map
                  [ State.choice "assignment" assignment
                    State.choice "stop" (if fit.Converged then "converged" else "iteration limit")
                    "seed", Tensor.scalar (float fit.Seed)

                    // Files without the entry are of fits that reject missing cells.
                    match fit.Model.Missing with
                    | Missing.Reject -> ()
                    | Missing.Fit -> State.choice "missing" "fit"

                    "trace", Tensor.vector fit.Trace
                    "passes", Tensor.scalar (float fit.Passes)
                    "remaining", Tensor.scalar fit.Remaining

                    // −1 is the covariance that all components share.
                    if not fit.Irregular.OnFloor.IsEmpty then
                        "onFloor", fit.Irregular.OnFloor |> numbersOf (Option.defaultValue -1)

                    if not fit.Irregular.FewRows.IsEmpty then
                        "fewRows", fit.Irregular.FewRows |> numbersOf fst
                        "rowsOfFew", fit.Irregular.FewRows |> List.map snd |> Array.ofList |> Tensor.vector

                    match fit.Model.Weights with
                    | Flat -> State.choice "weightPrior" "flat"
                    | Fixed -> State.choice "weightPrior" "fixed"
                    | Dirichlet concentration ->
                        State.choice "weightPrior" "dirichlet"
                        "weightConcentration", Tensor.vector concentration ] ]
        |> Map.map (fun _ tensor -> Reference.engine.Move tensor)

    /// Returns an error unless there are as many components in the parameters as weights; with noise there is one more weight.
    let private requireComponents (family: Family<'θ>) (mixture: Mixture<'θ>) =
        let found =
            mixture.Components - Family.components family mixture + Array2D.length1 (family.Means mixture.Parameters)

        GmmError.requireAll [ found = mixture.Components, "logWeights", $"of shape {found}", string mixture.Components ]

    let private ofMixtureState (family: Family<'θ>) (state: State) : Result<Mixture<'θ>, GmmError> =
        result {
            let! logWeights = State.vector "logWeights" state
            let numbers = logWeights.toArray ()

            do!
                GmmError.requireAll
                    [ numbers |> Array.forall (fun weight -> weight < infinity)
                      && numbers |> Array.exists Double.IsFinite,
                      "logWeights",
                      "finite or −∞, and finite somewhere",
                      string logWeights ]

            let! parameters = family.Storage.OfParameters state

            let mixture =
                { LogWeights = logWeights
                  Parameters = parameters }

            return mixture
        }

    let private ofStatisticsState (family: Family<'θ>) (mixture: Mixture<'θ>) (state: State) =
        let lengths = family.SumLengths mixture.Parameters

        result {
            let! weight = State.scalar "weight" state
            let! logLikelihood = State.scalar "logLikelihood" state
            let! counts = State.ofShape [| mixture.Components |] "counts" state
            do! State.requireFinite "counts" counts

            do!
                GmmError.requireAll
                    [ weight > 0.0 && weight < infinity, "weight", "above 0 and finite", string weight
                      logLikelihood < infinity, "logLikelihood", "finite or −∞", string logLikelihood ]

            let! sums =
                List.ofArray lengths
                |> List.indexed
                |> GmmError.traverse (fun (i, length) ->
                    result {
                        let! sum = State.ofShape [| length |] $"sums{i}" state
                        do! State.requireFinite $"sums{i}" sum
                        return sum.toArray ()
                    })

            return
                { Weight = weight
                  LogLikelihood = logLikelihood
                  Counts = counts.toArray ()
                  Sums = Array.ofList sums }
        }

    let private weightPriorOf components (state: State) =
        result {
            let! word = State.word "weightPrior" state

            let! prior =
                match word with
                | "flat" -> Ok Flat
                | "fixed" -> Ok Fixed
                | _ ->
                    State.vector "weightConcentration" state
                    |> Result.map (fun numbers -> Dirichlet(numbers.toArray ()))

            do! WeightPrior.check components prior
            return prior
        }

    /// Returns whether NaN is a missing cell.
    let private missingOf (state: State) : Result<Missing, GmmError> =
        if Map.containsKey "missing" state then
            State.word "missing" state |> Result.map (fun word -> if word = "fit" then Missing.Fit else Missing.Reject)
        else
            Ok Missing.Reject

    /// Returns the numbers of components, from `smallest` to K − 1, in an entry that may be missing.
    let private componentsOf components smallest name (state: State) : Result<int list, GmmError> =
        if Map.containsKey name state then
            result {
                let! numbers = State.vector name state
                let isComponent k = k = floor k && k >= float smallest && k < float components

                do!
                    GmmError.requireAll
                        [ Array.forall isComponent (numbers.toArray ()),
                          name,
                          $"numbers of components from {smallest} to {components - 1}",
                          string numbers ]

                return numbers.toArray () |> Array.map int |> List.ofArray
            }
        else
            Ok []

    /// Returns the numbers of rows of the components with few.
    let private rowsOf count (state: State) : Result<float list, GmmError> =
        if count = 0 then
            Ok []
        else
            result {
                let! rows = State.ofShape [| count |] "rowsOfFew" state
                do! State.requireFinite "rowsOfFew" rows
                return List.ofArray (rows.toArray ())
            }

    /// Returns an error unless the weights of a mixture that an M-step made sum to 1.
    let private requireShares (fit: Fit<'θ>) =
        let sum = fit.Mixture.LogWeights.toArray () |> Array.sumBy exp
        let isShares = fit.Iterations = 0 || fit.Model.Weights.IsFixed || abs (sum - 1.0) <= 1e-6

        GmmError.requireAll
            [ isShares, "logWeights", "logarithms of weights that sum to 1", $"of weights that sum to {string sum}" ]

    /// Returns an error unless the fit has every given entry, with the same numbers.
    let private requireEqual (given: State) (fit: Fit<'θ>) =
        let expected = ofFit fit

        match
            given |> Map.toList |> List.tryFind (fun (name, numbers) -> Map.tryFind name expected <> Some numbers)
        with
        | Some(name, _) when not (Map.containsKey name expected) ->
            Error(InvalidOption(name, $"an entry of {fit.Model.Family.Name}", "an unknown one"))
        | Some(name, numbers) -> Error(InvalidOption(name, "consistent with the other entries", string numbers))
        | None -> Ok()

    /// Returns the mixture that a state stores, with its family, which has the settings and the noise of the state.
    let toMixture (family: Family<'θ>) (state: State) : Result<Family<'θ> * Mixture<'θ>, GmmError> =
        result {
            let! mixture = ofMixtureState family state
            let! family = state |> State.readPart "settings" (family.Storage.OfSettings mixture.Parameters)

            let! noise =
                if Map.isEmpty (State.within "noise" state) then
                    Ok None
                else
                    state
                    |> State.readPart "noise" (NoiseStorage.ofState (family.Features mixture.Parameters))
                    |> Result.map Some

            let family = noise |> Option.fold (fun family noise -> Noise.wrap noise family) family
            do! requireComponents family mixture
            return family, mixture
        }

    let toFit (family: Family<'θ>) (state: State) : Result<Fit<'θ>, GmmError> =
        result {
            let! start = state |> State.readPart "start" (ofMixtureState family)
            let! family, mixture = toMixture family state
            do! requireComponents family start

            do!
                GmmError.requireAll
                    [ start.Components = mixture.Components
                      && family.Features start.Parameters = family.Features mixture.Parameters,
                      "start",
                      $"""{Display.count mixture.Components "component"} of {Display.count (family.Features mixture.Parameters) "feature"}""",
                      $"{start.Components} of {family.Features start.Parameters}" ]

            let! statistics = state |> State.readPart "statistics" (ofStatisticsState family mixture)
            let! weights = weightPriorOf mixture.Components state
            let! assignment = State.word "assignment" state
            let! missing = missingOf state
            let! stop = State.word "stop" state
            let! seed = State.whole Int32.MinValue Int32.MaxValue "seed" state
            let! trace = State.vector "trace" state
            let isTrace = trace.toArray () |> Array.forall (fun objective -> objective < infinity)
            do! GmmError.requireAll [ isTrace, "trace", "finite or −∞", string trace ]

            // Files of the first release have neither of the next two; their fits are plain EM.
            let! passes =
                if Map.containsKey "passes" state then
                    State.whole 0 Int32.MaxValue "passes" state
                else
                    Ok trace.shape[0]

            let! remaining =
                if Map.containsKey "remaining" state then
                    State.scalar "remaining" state
                else
                    Ok(Convergence.remainingAfter (trace.toArray ()))

            do! GmmError.requireAll [ remaining >= 0.0, "remaining", "0 or more, or ∞", string remaining ]

            let! onFloor = componentsOf mixture.Components -1 "onFloor" state
            let! fewRows = componentsOf mixture.Components 0 "fewRows" state
            let! rowsOfFew = rowsOf fewRows.Length state

            let fit =
                { Model =
                    { Model.ofFamily family with
                        Weights = weights
                        Assignment = if assignment = "hard" then Hard else Soft
                        Missing = missing }
                  Start = start
                  Mixture = mixture
                  Statistics = statistics
                  Trace = trace.toArray ()
                  Passes = passes
                  Remaining = remaining
                  Stop = if stop = "converged" then Converged else IterationLimit
                  Seed = seed
                  History = [||]
                  Failures = []
                  Irregular =
                    { OnFloor = onFloor |> List.map (fun k -> if k < 0 then None else Some k)
                      FewRows = List.zip fewRows rowsOfFew }
                  PassedOver = None
                  LightRows = None }

            do! requireShares fit
            do! requireEqual state fit
            return fit
        }
