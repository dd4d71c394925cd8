namespace Gmm.Laws

open System
open Gmm

/// The law of parameters on the edge of their domain.
module internal BoundaryLaws =
    let isNeverNaN<'θ> : Law<'θ> =
        { Name = "parameters on the edge give densities, never NaN"
          Cases = fun subject -> subject.Edge |> Option.map (fun edge -> Case.onEdge edge subject)
          Verdict =
            fun subject case ->
                let family = subject.Family
                let x = Expectation.rows case
                let densities = (family.LogDensity case.Parameters x).toArray2D()

                let model = Expectation.model family

                seq {
                    for n in 0 .. case.Rows.Length - 1 do
                        for k in 0 .. case.Weights.Length - 1 do
                            if Double.IsNaN densities[n, k] || Double.IsPositiveInfinity densities[n, k] then
                                Some $"ln p of row {n} under component {k} is {Numbers.show densities[n, k]}."

                    if Double.IsNaN(family.LogPrior case.Parameters) then
                        Some "The prior's log-density is NaN."

                    let statistics = EM.eStep model (Expectation.source case) case.Mixture

                    if Double.IsNaN statistics.LogLikelihood || Array.exists Double.IsNaN statistics.Counts then
                        let likelihood, counts =
                            Numbers.show statistics.LogLikelihood, Numbers.showAll statistics.Counts

                        Some $"The log-likelihood is {likelihood}, the components' shares of the rows {counts}."

                    match EM.mStep model case.Mixture statistics with
                    | Ok next when
                        (family.LogDensity next.Parameters x).toArray() |> Array.exists Double.IsNaN
                        || Array.exists Double.IsNaN next.Weights
                        ->
                        Some "The M-step makes parameters that are NaN."
                    | _ -> ()
                }
                |> Law.firstBroken }
