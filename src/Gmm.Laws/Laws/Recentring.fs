namespace Gmm.Laws

open System
open Gmm

/// Laws of statistics that move to other means.
module internal RecentringLaws =
    /// Returns the rows of a case, its responsibilities and statistics, and parameters near its own, to whose means the statistics
    /// can move; None where the numbers near its coordinates make no parameters.
    let private moved (subject: Subject<'θ>) (case: Case<'θ>) =
        let family = subject.Family
        let responsibilities = Expectation.responsibilities family case

        family.Coordinates.OfParameters case.Parameters
        |> Expectation.near (Subject.random case.Seed)
        |> family.Coordinates.ToParameters case.Parameters
        |> Result.toOption
        |> Option.map (fun target ->
            let x = Expectation.rows case
            x, responsibilities, Expectation.statistics family case.Parameters x responsibilities, target)

    let private describe (expected, actual) = $"{Numbers.brief actual}, not {Numbers.brief expected}"

    let areThose<'θ> : Law<'θ> =
        Law.ofThose
            "recentred statistics are those about the other means"
            (fun subject -> if subject.MStep = Maximises then Some() else None)
            (fun () subject case ->
                match moved subject case with
                | None -> Beside
                | Some(x, responsibilities, statistics, target) ->
                    let expected = Expectation.statistics subject.Family target x responsibilities
                    let actual = subject.Family.Recentre case.Parameters target statistics

                    match Expectation.difference statistics expected actual with
                    | Some numbers -> Broken $"A sum that moved to other means is {describe numbers}."
                    | None -> Holds)

    let isReversible<'θ> : Law<'θ> =
        Law.ofAll "recentring there and back changes nothing" (fun subject case ->
            match moved subject case with
            | None -> Beside
            | Some(_, _, statistics, target) ->
                let recentre = subject.Family.Recentre
                let there = statistics |> recentre case.Parameters target
                let back = there |> recentre target case.Parameters

                match Expectation.difference there statistics back with
                | Some numbers -> Broken $"A sum that moved to other means and back is {describe numbers}."
                | None -> Holds)

    let keepsMaximum<'θ> : Law<'θ> =
        Law.ofAll "the M-step is the same from recentred statistics" (fun subject case ->
            let family = subject.Family

            match moved subject case with
            | None -> Beside
            | Some(x, responsibilities, statistics, target) ->
                let q = Expectation.q family x responsibilities

                /// Describes the difference between the M-step from other statistics, about the means of `target`, and that
                /// from the statistics of all rows.
                let differs what (expected, magnitude) others =
                    match family.Maximise target others with
                    | Error error -> Some $"{what} give no parameters: {error.Message}"
                    | Ok maximum ->
                        let actual = fst (q maximum)

                        if abs (actual - expected) <= 1e-8 * (1.0 + magnitude) then
                            None
                        else
                            Some $"{what} give parameters with a Q of {describe (expected, actual)}."

                let shares = responsibilities.toArray2D ()

                /// Returns the statistics of some rows under parameters.
                let part parameters first last =
                    Expectation.statistics
                        family
                        parameters
                        (Tensor.matrix (array2D case.Rows[first..last]))
                        (Tensor.matrix shares[first..last, *])

                match family.Maximise case.Parameters statistics with
                | Error _ -> Beside
                | Ok maximum ->
                    let expected = q maximum

                    seq {
                        statistics
                        |> family.Recentre case.Parameters target
                        |> differs "Statistics that moved to other means" expected

                        if subject.MStep = Maximises && case.Rows.Length > 1 then
                            let split = 1 + case.Seed % (case.Rows.Length - 1)
                            let first = part case.Parameters 0 (split - 1) |> family.Recentre case.Parameters target

                            first + part target split (case.Rows.Length - 1)
                            |> differs "Statistics of which a part moved to the means of the other" expected
                    }
                    |> Law.firstBroken)
