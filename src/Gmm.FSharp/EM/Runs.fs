namespace Gmm

open System
open System.Diagnostics

/// What a fit begins from.
[<NoEquality; NoComparison>]
type internal Candidates<'kind, 'θ> =
    {
        /// Prepares the rows that starts see, whose memory is free again once the starts are made, and returns a
        /// function that makes the first mixtures of a seed, of which each begins a run.
        Prepare: unit -> Execution -> int -> Result<Mixture<'θ> list, GmmError>
        /// Whether different seeds make different mixtures; if not, there is only one seed.
        AreRandom: bool
        /// Fits the same kind of component to other rows, with other options; None if the result of a sample
        /// must not stand for all rows (`Lead`, `Moves`).
        Refit: (FitOptions<'kind, 'θ> -> Source -> Result<Fit<'θ>, GmmError>) option
    }

    /// One mixture, from which the fit begins.
    static member One(mixture: Mixture<'θ>) : Candidates<'kind, 'θ> =
        { Prepare = fun () _ _ -> Ok [ mixture ]
          AreRandom = false
          Refit = None }

/// Drives all fits: runs from several seeds, of which the best wins.
module Runs =
    let private errorOf result =
        match result with
        | Ok _ -> None
        | Error error -> Some error

    /// Returns the earliest run whose score is within a margin of the highest, together with the seeds and errors of
    /// the failed runs. When all runs failed, it returns the error of the first; when a file can't be read or the
    /// backend fails, it returns that error.
    let best
        (margin: float)
        (score: 'T -> float)
        (runs: (int * Result<'T, GmmError>) list)
        : Result<'T * (int * GmmError) list, GmmError> =
        let failures = runs |> List.choose (fun (seed, run) -> errorOf run |> Option.map (fun error -> seed, error))

        match runs |> List.choose (snd >> Result.toOption), failures |> List.tryFind (snd >> Race.isOfAllRuns) with
        | _, Some(_, error) -> Error error
        | [], None -> Error(snd failures.Head)
        | fits, None ->
            let highest =
                fits
                |> List.map score
                |> List.fold (fun highest score -> if score > highest then score else highest) -infinity

            let isBest fit = score fit >= highest - margin
            Ok(fits |> List.tryFind isBest |> Option.defaultValue fits.Head, failures)

    /// Returns an error when the options ask for a feature that the rule doesn't have.
    let private checkRule (options: FitOptions<'kind, 'θ>) (rule: Rule<'θ>) : Result<unit, GmmError> =
        match rule.Assignment, rule.OwnWeights with
        | Some assignment, _ when options.Assignment <> assignment ->
            Error(InvalidOption("Assignment", $"{assignment} for {rule.Name}", $"{options.Assignment}"))
        | _, Some reason when not options.WeightPrior.IsFixed ->
            Error(InvalidOption("WeightPrior", $"Fixed for {rule.Name}, {reason}", $"{options.WeightPrior}"))
        | _, Some reason when options.StartWeights.IsSome ->
            Error(InvalidOption("StartWeights", $"None for {rule.Name}, {reason}", "given"))
        | _ -> Ok()

    /// The fewest blocks of data whose first run ends before the others begin. On fewer blocks, runs side by side are
    /// quicker than runs that may stop early.
    let private fewestBlocks = 8L

    /// Returns the best fit of all seeds under a rule.
    let internal fit
        (options: FitOptions<'kind, 'θ>)
        (family: Family<'θ>)
        (rule: Rule<'θ>)
        (regularity: Regularity<'θ>)
        (candidates: Candidates<'kind, 'θ>)
        (source: Source)
        : Result<Fit<'θ>, GmmError> =
        let clock = Stopwatch.StartNew()
        let report = Progress.oneAtATime options.Progress

        /// Returns the first mixture of every run, or the error of a seed's starts.
        let makeFirsts () =
            let restarts = if candidates.AreRandom then options.Restarts else 1
            let ofSeeds, ofSeed = source |> Source.sharing options.Execution restarts
            let firstOf = candidates.Prepare()

            let ofSeedNumber i =
                let seed = options.Seed + i

                match firstOf ofSeed seed with
                | Ok mixtures -> mixtures |> List.map (fun mixture -> seed, Ok(rule.Begin mixture))
                | Error error -> [ seed, Error error ]

            ofSeeds.Map(restarts, ofSeedNumber) |> List.concat |> Array.ofList

        /// Gives the fit the statistics of soft assignment, whose log-likelihood is that of the mixture.
        let soften (pass: Pass<'θ>) (fit: Fit<'θ>) =
            { fit with
                Statistics = pass.Expect(Soft, fit.Mixture) }

        let conclude (race: Race<'kind, 'θ>) pass (outcomes: (int * Result<(Fit<'θ> * float) option, GmmError>)[]) =
            result {
                let margin = Race.marginOf race

                let runs =
                    [ for seed, outcome in outcomes do
                          match outcome with
                          | Ok(Some run) -> seed, Ok run
                          | Ok None -> ()
                          | Error error -> seed, Error error ]

                let! (best, _), failures = runs |> best margin snd

                let passedOver =
                    [ for _, run in runs do
                          match run with
                          | Ok(fit: Fit<'θ>, _) when
                              fit.Objective > best.Objective + margin && not fit.Irregular.IsEmpty
                              ->
                              fit.Seed, fit.Objective
                          | Ok _
                          | Error _ -> () ]

                let best =
                    { best with
                        Failures = failures
                        PassedOver = if passedOver.IsEmpty then None else Some(List.maxBy snd passedOver)
                        LightRows = if 2.0 * best.Statistics.Weight < float race.Rows then Some race.Rows else None }

                return
                    if options.Assignment = Soft || rule.Assignment.IsSome then
                        best
                    else
                        soften pass best
            }

        result {
            do! checkRule options rule
            let firsts = makeFirsts ()

            let race =
                { Options = options
                  Family = family
                  Rule = rule
                  Regularity = regularity
                  Refit = candidates.Refit
                  Source = source
                  Rows = source |> Survey.countWeighted options.Execution }

            let led = Lead.ofStarts race firsts
            let firsts = led |> Option.defaultValue firsts
            let watch number seed = Progress.watch report number seed clock
            let mayJoin = source.Blocks >= fewestBlocks && Race.mayJoin race firsts.Length
            let! best = Race.run watch (Moves.turn race) mayJoin race firsts (conclude race)

            if led.IsSome then
                return best
            else
                let further = best |> Moves.improve (watch firsts.Length best.Seed) race

                return
                    { further with
                        Failures = best.Failures
                        PassedOver =
                            best.PassedOver
                            |> Option.filter (fun (_, objective) -> objective > further.Objective + Race.marginOf race)
                        LightRows = best.LightRows }
        }
