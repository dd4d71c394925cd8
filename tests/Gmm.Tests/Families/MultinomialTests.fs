/// Multinomial components: rows of counts.
module Gmm.Tests.MultinomialTests

open System
open Expecto
open Gmm
open Gmm.Tests.Fits
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private fitOf components start kind source =
    Gmm.fit
        { Gmm.defaultsOf kind with
            Components = components
            Start = start
            Execution = oneThread }
        source

let private allNumbers (fit: Fit<Multinomial>) =
    Array.concat [ [| fit.Parameters.Total |]; fit.Weights; fit.Parameters.Probabilities.toArray (); fit.Trace[1..] ]

/// A row of so many counts.
let private draw (p: float[]) total (random: Random) =
    let parameters = Multinomial.create (float total) (array2D [ p ]) |> ok
    Multinomial.sample parameters 0 random

let private shares size (random: Random) =
    let draws = Array.init size (fun _ -> -log(1.0 - random.NextDouble()))
    draws |> Array.map (fun draw -> draw / Array.sum draws)

/// Rows with totals from 0 upward.
let private drawCase size (random: Random) : RowsCase =
    let upTo most = 1 + random.Next(1 + (most - 1) * size / 100)
    let components, columns = upTo 4, 1 + upTo 5
    let groups = Array.init components (fun _ -> shares columns random)
    let rows = 10 * components + random.Next(1 + size)
    let most = if random.Next 4 = 0 then 10_000 else 8
    let row n = draw groups[n % components] (random.Next most) random
    sometimesWeighted components (Array.init rows row) random

[<Tests>]
let fits =
    testList
        "Multinomial: fits"
        [ formulas [ "pₖⱼ ∝ Σₙ rₙₖxₙⱼ + αⱼ − 1", "Bishop, PRML, 2006, §2.2.1" ]
          <| testForAll 1000 "the objective of rows of any totals never falls" (casesOf drawCase) (fun case ->
              let prior =
                  if case.Rows.Length % 3 = 0 then
                      Some(Array.init case.Rows[0].Length (fun j -> 1.0 + float j))
                  else
                      None

              // One column is no multinomial.
              case.Rows[0].Length = 1
              || case
                 |> fitInTurn 20 Acceleration.None { Prior = prior }
                 |> holdsOrTrouble (climbs Tolerance.monotone allNumbers))
          testCase "one component has the shares of all counts, and the likelihood of the counts" (fun () ->
              let rows = [| [| 3.0; 1.0; 0.0 |]; [| 0.0; 2.0; 2.0 |]; [| 0.0; 0.0; 0.0 |] |]
              let fit = fitOf 1 Start.Points MultinomialKind.defaults (sourceOf rows) |> ok
              nearAll 1e-14 "p" [| 0.375; 0.375; 0.25 |] (fit.Parameters.Probabilities.toArray ())
              // 4!/(3! 1!) p₁³p₂ and 4!/(2! 2!) p₂²p₃²; a row without counts has the probability 1.
              let expected = log (4.0 * 0.375 ** 4.0) + log (6.0 * (0.375 * 0.25) ** 2.0)
              near 1e-12 "log-likelihood" expected fit.LogLikelihood
              Assert.Equal(2, fit.FreeParameters))
          testCase "the default start finds three groups" (fun () ->
              let random = Random 3
              let groups = [| [| 0.7; 0.1; 0.1; 0.1 |]; [| 0.1; 0.7; 0.1; 0.1 |]; [| 0.1; 0.1; 0.1; 0.7 |] |]
              let rows = Array.init 600 (fun n -> draw groups[n % 3] (10 + n % 20) random)
              let source = sourceOf rows
              let fit = fitOf 3 Start.Auto MultinomialKind.defaults source |> ok

              let agreement =
                  Metrics.agreement (Array.init 600 (fun n -> n % 3)) (Predict.labels fit source |> ok) |> ok

              Assert.True(agreement.AdjustedRand > 0.95, $"{agreement.AdjustedRand}"))
          testCase
              "a prior of one number is that number for every column, and holds the columns without counts"
              (fun () ->
                  let source = sourceOf [| [| 3.0; 1.0; 0.0 |]; [| 0.0; 2.0; 0.0 |] |]
                  let fit = fitOf 1 Start.Points { Prior = Some [| 2.0 |] } source |> ok
                  nearAll 1e-14 "p" [| 4.0 / 9.0; 4.0 / 9.0; 1.0 / 9.0 |] (fit.Parameters.Probabilities.toArray ())

                  let other = fitOf 1 Start.Points { Prior = Some [| 2.0; 2.0; 2.0 |] } source |> ok
                  Assert.Equal<int64[]>(bits (allNumbers fit), bits (allNumbers other)))
          testCase "what breaks its rule is named" (fun () ->
              let source = sourceOf [| [| 3.0; 1.0 |]; [| 0.0; 2.0 |] |]

              for prior in [ [| 0.5 |]; [| 1.0; nan |]; [| 1.0; 1.0; 1.0 |] ] do
                  match fitOf 1 Start.Points { Prior = Some prior } source |> error with
                  | InvalidOption("Prior", _, _) -> ()
                  | other -> Assert.Fail other.Message

              match fitOf 1 Start.Points MultinomialKind.defaults (sourceOf [| [| 1.0 |]; [| 2.0 |] |]) |> error with
              | InvalidOption("Columns", _, "1") -> ()
              | other -> Assert.Fail other.Message

              match fitOf 1 Start.Points MultinomialKind.defaults (sourceOf [| [| 1.0; 0.5 |] |]) |> error with
              | OutsideDomain("multinomial", _, 0L, 1, 0.5) -> ()
              | other -> Assert.Fail other.Message

              match
                  fitOf 2 (Start.Means(array2D [ [ 1.0; 1.0 ]; [ 0.0; 0.0 ] ])) MultinomialKind.defaults source
                  |> error
              with
              | InvalidOption("Start means[1]", _, _) -> ()
              | other -> Assert.Fail other.Message

              for bad in [ [ 0.5; 0.6 ]; [ -0.5; 1.5 ]; [ nan; 1.0 ]; [ 1.0 ] ] do
                  Assert.True((Multinomial.create 1.0 (array2D [ bad ])).IsError))
          testCase "threads change no bit, a saved fit is the same, single rows and draws agree" (fun () ->
              let random = Random 4
              let groups = Array.init 2 (fun _ -> shares 5 random)
              let rows = Array.init 5000 (fun n -> draw groups[n % 2] 12 random)

              let fit = rows |> sameInEveryUse allNumbers (exactly 4 2 Start.Points { Prior = Some [| 1.5 |] })
              near 1e-9 "total" 12.0 fit.Parameters.Total
              let drawn = Sample.draw Sample.defaults 20 fit |> ok
              Assert.All([ 0..19 ], (fun n -> Assert.Equal(12.0, Array.sum drawn.Rows[n, *])))) ]
