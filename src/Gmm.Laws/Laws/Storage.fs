namespace Gmm.Laws

open Gmm

/// The law of saved fits.
module internal StorageLaws =
    let private bits (numbers: float[]) = numbers |> Array.map System.BitConverter.DoubleToInt64Bits

    /// A fit of an iteration, soft or hard, under a prior.
    let private fit (subject: Subject<'θ>) (case: Case<'θ>) =
        let model =
            { Expectation.model (subject.Believed case.Seed case.Parameters) with
                Weights = Dirichlet(case.Weights |> Array.map (fun weight -> 1.0 + weight))
                Assignment = if case.Seed % 2 = 0 then Soft else Hard }

        EM.iterates model (Expectation.source case) case.Mixture
        |> Fit.ofIterates model case.Seed 1 (fun _ _ -> false)

    let isReversible<'θ> : Law<'θ> =
        Law.ofAll "a saved fit comes back to the last bit" (fun subject case ->
            let densities (parameters: 'θ) =
                (subject.Family.LogDensity parameters (Expectation.rows case)).toArray() |> bits

            let differs (before: State) (after: State) =
                Map.toSeq before
                |> Seq.tryFind (fun (name, numbers: Tensor) ->
                    match Map.tryFind name after with
                    | Some again -> bits (again.toArray ()) <> bits (numbers.toArray ())
                    | None -> true)
                |> Option.map (fun (name, _) -> $"{name} is another when it comes back.")

            match fit subject case with
            | Error _ -> Beside
            | Ok fit ->
                let state = Persist.toState fit

                match Persist.ofState subject.Family state with
                | Error error -> Broken error.Message
                | Ok again ->
                    seq {
                        differs state (Persist.toState again)

                        if densities again.Parameters <> densities fit.Parameters then
                            Some "The parameters that come back have other densities."
                    }
                    |> Law.firstBroken)
