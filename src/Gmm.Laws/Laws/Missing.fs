namespace Gmm.Laws

open System
open Gmm

/// Laws of the treatment of missing cells.
module internal MissingLaws =
    /// Draws which cells of the rows are missing; each row keeps one.
    let private holes (case: Case<'θ>) : bool[][] =
        let random = Subject.random case.Seed

        case.Rows
        |> Array.map (fun row ->
            let missing = row |> Array.map (fun _ -> random.NextDouble() < 0.3)
            let kept = random.Next row.Length
            missing |> Array.mapi (fun j isMissing -> isMissing && j <> kept))

    let private observed (missing: bool[]) = [| 0 .. missing.Length - 1 |] |> Array.filter (fun j -> not missing[j])

    let private sourceOf (case: Case<'θ>) =
        Array.map2 (Array.map2 (fun x isMissing -> if isMissing then nan else x)) case.Rows (holes case)
        |> Source.ofRows
        |> GmmError.get

    // ── Marginal distributions ──────────────────────────────────────────────────────────────────────────────────────

    /// What the law needs: the treatment, and the parameters of some columns by the subject.
    let private chooser (subject: Subject<'θ>) =
        match subject.Family.Missing, subject.Choose with
        | Some treatment, Some choose when fst subject.Columns < snd subject.Columns -> Some(treatment, choose)
        | _ -> None

    let marginal<'θ> : Law<'θ> =
        Law.ofThose
            "restricted parameters are those of the observed columns"
            chooser
            (fun (treatment, choose) subject case ->
                let components = [| 0 .. case.Weights.Length - 1 |]

                Seq.zip case.Rows (holes case)
                |> Seq.map (fun (row, missing) ->
                    let columns = observed missing
                    let x = Tensor.matrix (array2D [ columns |> Array.map (fun j -> row[j]) ])
                    let expected = subject.Family.LogDensity (choose components columns case.Parameters) x
                    let actual = subject.Family.LogDensity (treatment.Restrict columns case.Parameters) x

                    Seq.zip (expected.toArray ()) (actual.toArray ())
                    |> Seq.tryFind (fun (expected, actual) ->
                        not (expected = actual || abs (actual - expected) <= 1e-9 * (1.0 + abs expected)))
                    |> Option.map (fun (expected, actual) ->
                        $"ln p of columns %A{columns} is {Numbers.brief expected}, but {Numbers.brief actual} under restricted "
                        + "parameters."))
                |> Law.firstBroken)

    // ── Observed cells ──────────────────────────────────────────────────────────────────────────────────────────────

    let observedCells<'θ> : Law<'θ> =
        Law.ofThose "observed cells stay as they are" _.Family.Missing (fun treatment subject case ->
            let family, all = subject.Family, [| 0 .. case.Rows[0].Length - 1 |]

            let statistics =
                Expectation.responsibilities family case
                |> Expectation.statistics family case.Parameters (Expectation.rows case)

            seq {
                statistics
                |> treatment.Lift all case.Parameters
                |> Expectation.difference statistics statistics
                |> Option.map (fun (before, after) ->
                    $"Complete rows have the sum {Numbers.brief before}, but {Numbers.brief after} when it is lifted.")

                for row, missing in Seq.zip case.Rows (holes case) do
                    let columns = observed missing
                    let cells = columns |> Array.map (fun j -> row[j])
                    let completed = treatment.Complete columns case.Parameters 0 cells

                    if
                        completed.Length <> row.Length
                        || (columns |> Array.map (fun j -> completed[j])) <> cells
                        || not (Array.forall Double.IsFinite completed)
                    then
                        Some
                            $"Columns %A{columns} of {Numbers.showAll row} are completed to {Numbers.showAll completed}."
            }
            |> Law.firstBroken)

    // ── The objective ───────────────────────────────────────────────────────────────────────────────────────────────

    let monotone<'θ> : Law<'θ> =
        Law.ofThose "the objective of the observed cells never falls" _.Family.Missing (fun _ subject case ->
            let model family =
                { Expectation.model family with
                    Missing = Missing.Fit }

            [ model subject.Family; model (subject.Believed case.Seed case.Parameters) ]
            |> List.map (fun model -> LoopLaws.isMonotone model (sourceOf case) case.Mixture)
            |> List.reduce (fun first second ->
                match first, second with
                | Broken _, _ -> first
                | _, Broken _ -> second
                | Beside, _ -> second
                | Holds, _ -> first))
