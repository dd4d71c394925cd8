/// What fits of every kind of component must do: climb on awkward data, and be the same however they run and are used.
module Gmm.Tests.Fits

open System
open System.IO
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// Data to fit.
type RowsCase =
    {
        /// K.
        Components: int
        /// N of D numbers.
        Rows: float[][]
        /// A weight for every row, some of them 0; or none.
        SampleWeights: float[] option
    }

    /// wₙ, 1 where there are none.
    member case.Weights = case.SampleWeights |> Option.defaultValue (Array.create case.Rows.Length 1.0)

    /// The library's source, with weights if there are any.
    member case.Source =
        match case.SampleWeights with
        | Some weights -> sourceOf case.Rows |> Source.weighted weights |> ok
        | None -> sourceOf case.Rows

    /// Labels that give every component rows.
    member case.Labels = Array.init case.Rows.Length (fun n -> n % case.Components)

/// A third of all cases have sample weights.
let sometimesWeighted components rows (random: Random) : RowsCase =
    { Components = components
      Rows = rows
      SampleWeights =
        if random.Next 3 = 0 then
            Some(drawSampleWeights (Array.length rows) random)
        else
            None }

/// Cases with fewer rows, without weights, with fewer components or columns.
let shrinkRows (case: RowsCase) : RowsCase seq =
    let keep count =
        { case with
            Rows = Array.truncate count case.Rows
            SampleWeights = case.SampleWeights |> Option.map (Array.truncate count) }

    seq {
        if case.Rows.Length >= 4 * case.Components then
            keep (case.Rows.Length / 2)

        if case.Rows.Length > 2 * case.Components then
            keep (case.Rows.Length - 1)

        if case.SampleWeights.IsSome then
            { case with SampleWeights = None }

        if case.Components > 1 then
            { case with
                Components = case.Components - 1 }

        if case.Rows[0].Length > 1 then
            for j in 0 .. case.Rows[0].Length - 1 do
                { case with
                    Rows = case.Rows |> Array.map (Array.removeAt j) }
    }
    |> Seq.filter (fun smaller -> smaller.Weights |> Array.exists (fun weight -> weight > 0.0))

/// Cases of a generator of a size and of random numbers.
let casesOf (draw: int -> Random -> RowsCase) : Arbitrary<RowsCase> = Arb.fromGenShrink (drawing draw, shrinkRows)

/// One of the starts that suit every kind, the next one for the next number of rows.
let startInTurn (case: RowsCase) : Start<'θ> =
    match case.Rows.Length % 7 with
    | 0 -> Start.Auto
    | 1 -> Start.KMeans
    | 2 -> Start.KPlusPlus
    | 3 -> Start.Points
    | 4 -> Start.RandomResponsibilities
    | 5 -> Start.Thorough
    | _ -> Start.Labels case.Labels

/// Whether the objective of a fit never falls, by more than a relative rounding, and these numbers are finite.
let climbs rounding (numbers: Fit<'θ> -> float[]) (fit: Fit<'θ>) =
    largestFall fit <= rounding && allFinite (numbers fit)

/// Whether an error is one that a fit of awkward data may have.
let isTrouble error =
    match error with
    | TooFewDistinctRows _
    | CollapsedComponent _ -> true
    | _ -> false

/// Whether a property holds of a fit of awkward data, which need not have one.
let holdsOrTrouble (property: Fit<'θ> -> bool) (fit: Result<Fit<'θ>, GmmError>) =
    match fit with
    | Ok fit -> property fit
    | Error error -> isTrouble error || failwith error.Message

/// Fits a case from a start in turn, in at most so many iterations.
let fitInTurn iterations acceleration (kind: 'kind :> Kind<'θ>) (case: RowsCase) : Result<Fit<'θ>, GmmError> =
    Gmm.fit
        { Gmm.defaultsOf kind with
            Components = case.Components
            Start = startInTurn case
            Acceleration = acceleration
            MaxIterations = iterations
            Execution = oneThread }
        case.Source

/// Fails unless numbers of a fit have the same bits on one thread and on three, and after saving and loading, and single rows
/// have the densities that they have together. Returns the fit.
let sameInEveryUse (numbers: Fit<'θ> -> float[]) (options: FitOptions<'kind, 'θ>) (rows: float[][]) : Fit<'θ> =
    let run threads =
        Gmm.fit
            { options with
                Execution =
                    { Execution.Default with
                        Threads = threads } }
            (sourceOf rows)
        |> ok

    let fit = run 1
    let expected = bits (numbers fit)
    Assert.Equal<int64[]>(expected, bits (numbers (run 3)))

    inFolder (fun folder ->
        let path = Path.Combine(folder, "fit.json")
        Persist.save path fit |> ok
        let again: Fit<'θ> = Persist.load path |> ok
        Assert.Equal<int64[]>(expected, bits (numbers again))
        Assert.Equal(fit.LogPrior, again.LogPrior))

    let some = rows[..20]
    let predictor = RowPredictor.ofFit fit

    (some, Predict.logDensities fit (sourceOf some) |> ok)
    ||> Array.iter2 (fun row together -> Assert.Equal(together, predictor.LogDensity(ReadOnlySpan row)))

    fit
