namespace Gmm.Laws

open System
open Gmm

/// Laws of free coordinates.
module internal CoordinatesLaws =
    /// Describes the first log-density of a row that differs between two mixtures by more than 1e-9.
    let private densityDiffers (family: Family<'θ>) (case: Case<'θ>) (before: Mixture<'θ>) (after: Mixture<'θ>) =
        let densities (mixture: Mixture<'θ>) = (family.LogDensity mixture.Parameters (Expectation.rows case)).toArray()

        Seq.zip (densities before) (densities after)
        |> Seq.tryPick (fun (before, after) ->
            if after = before || abs (after - before) <= 1e-9 * (1.0 + abs before) then
                None
            else
                let before, after = Numbers.brief before, Numbers.brief after
                Some $"A log-density is {before}, but {after} after parameters became coordinates.")

    /// Describes the first coordinate of a mixture that differs from the expected one by more than 1e-9, unless both
    /// are coordinates of the same mixture: eigenvectors have two signs and many orders.
    let private differs
        (family: Family<'θ>)
        (case: Case<'θ>)
        (expected: float[])
        (mixture: Mixture<'θ>)
        : string option =
        let isFar (a: float) (b: float) = not (abs (a - b) <= 1e-9 * (1.0 + abs a))

        match Coordinates.ofMixture family mixture with
        | Error error -> Some $"Numbers make a mixture that has no coordinates: {error.Message}"
        | Ok actual ->
            Seq.zip3 (Coordinates.names family case.Mixture) expected actual
            |> Seq.tryFind (fun (_, expected, actual) -> isFar expected actual)
            |> Option.bind (fun (name, expected, number) ->
                match Coordinates.toMixture family case.Mixture actual with
                | Ok again when (densityDiffers family case mixture again).IsNone -> None
                | Ok _
                | Error _ -> Some $"{name} comes back as {Numbers.show number}, but was {Numbers.show expected}.")

    let comeBack<'θ> : Law<'θ> =
        Law.ofAll "a mixture comes back from its free coordinates" (fun subject case ->
            let family, mixture = subject.Family, case.Mixture

            match Coordinates.ofMixture family mixture with
            | Error _ -> Beside
            | Ok numbers ->
                let names = Coordinates.names family mixture
                let free = Model.freeParameters (Model.ofFamily family) mixture

                if names.Length <> free || numbers.Length <> free then
                    Broken
                        $"{free} parameters are free, but there are {names.Length} names and {numbers.Length} coordinates."
                elif (Array.distinct names).Length < names.Length then
                    let repeated = names |> Array.countBy id |> Array.find (fun (_, count) -> count > 1) |> fst
                    Broken $"Several coordinates have the name {repeated}."
                elif
                    Coordinates.parameters family mixture
                    |> Seq.countBy fst
                    |> Seq.exists (fun (_, count) -> count > 1)
                then
                    Broken "Several parameters have the same name."
                else
                    match Coordinates.toMixture family mixture numbers with
                    | Error error ->
                        Broken $"The coordinates {Numbers.showAll numbers} make no mixture: {error.Message}"
                    | Ok again ->
                        seq {
                            differs family case numbers again

                            densityDiffers family case mixture again
                        }
                        |> Law.firstBroken)

    let areFree<'θ> : Law<'θ> =
        Law.ofAll "numbers near the free coordinates make a mixture" (fun subject case ->
            let family, random = subject.Family, Subject.random case.Seed

            match Coordinates.ofMixture family case.Mixture with
            | Error _ -> Beside
            | Ok numbers ->
                let near = Expectation.near random numbers
                let anywhere = numbers |> Array.map (fun _ -> 6.0 * random.NextDouble() - 3.0)

                seq {
                    match Coordinates.toMixture family case.Mixture near with
                    | Error error -> Some $"The coordinates {Numbers.showAll near} make no mixture: {error.Message}"
                    | Ok mixture -> differs family case near mixture

                    // Natural parameters may have bounds, so that an error is right here, but no other mixture.
                    match Coordinates.toMixture family case.Mixture anywhere with
                    | Error _ -> None
                    | Ok mixture -> differs family case anywhere mixture
                }
                |> Law.firstBroken)
