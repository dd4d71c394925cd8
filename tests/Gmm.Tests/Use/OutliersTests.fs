/// Outliers: the rows of lowest density, and the threshold that marks a share of them.
module Gmm.Tests.OutliersTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// One component N(0, 1): the density falls with |x|.
let private standard =
    Fit.ofMixture Gaussian.family (mixtureOf Full [| 1.0 |] (array2D [ [ 0.0 ] ]) (Tensor.scalar 1.0))

let private column (values: float list) = sourceOf [| for x in values -> [| x |] |]

/// A share, data with weights, and their mixture; half of the cases have rows that occur several times.
let private cases =
    gen {
        let! case = weightedData.Generator
        let! seed = Gen.choose (0, 1 <<< 20)
        let random = Random seed
        let share = [| 0.001; 0.01; 0.05; 0.1; 0.25; 0.5; 0.9; random.NextDouble() |][random.Next 8]
        let isTied = random.Next 2 = 0
        let rows = case.Rows |> Array.mapi (fun n row -> if isTied then case.Rows[n - n % 4] else row)
        return (if share = 0.0 then 0.5 else share), { case with Rows = rows }
    }
    |> Arb.fromGen

let private fitOfCase (case: DataCase) = Fit.ofMixture Gaussian.family case.Origin.Mixture

[<Tests>]
let tests =
    testList
        "Outliers"
        [ testForAll
              300
              "the rows below the threshold weigh at most the share, and with the next rows of equal density more"
              cases
              (fun (share, case) ->
                  let found = Outliers.find share (fitOfCase case) case.Source |> ok
                  let wanted = share * Array.sum case.Weights

                  let weightWhere holds =
                      Array.sum
                          [| for n in 0 .. case.Rows.Length - 1 ->
                                 if holds found.LogDensities[n] then case.Weights[n] else 0.0 |]

                  let isWeighted n = case.Weights[n] > 0.0 && not found.IsOutlier[n]

                  let next =
                      seq { 0 .. case.Rows.Length - 1 }
                      |> Seq.filter isWeighted
                      |> Seq.map (fun n -> found.LogDensities[n])
                      |> Seq.min

                  weightWhere (fun density -> density < found.Threshold) <= wanted * (1.0 + 1e-12)
                  && weightWhere (fun density -> density <= next) > wanted * (1.0 + 1e-12)
                  && found.Threshold <= next)
          testCase "without weights and ties, the share of the rows is marked, rounded down" (fun () ->
              let random = Random 3
              let source = column [ for _ in 1..100 -> normal random ]

              for share, count in [ 0.29, 29; 0.01, 1; 0.999, 99; 0.005, 0; 0.1, 10; 0.07, 7 ] do
                  let found = Outliers.find share standard source |> ok
                  Assert.Equal(count, found.Rows.Length))
          // Hyndman and Fan's definition 2, by its formula: the mean of x₍ₘ₎ and x₍ₘ₊₁₎ where m = sN is whole, else x₍⌈sN⌉₎.
          formulas
              [ "Q₂(s) = ½(x₍ₘ₎ + x₍ₘ₊₁₎) if m = sN is whole, x₍⌈sN⌉₎ otherwise", "Hyndman and Fan 1996, definition 2" ]
          <| testCase "the threshold is a quantile by definition 2 of Hyndman and Fan" (fun () ->
              let values = [ 0.5; -3.0; 1.0; 2.0; -1.5; 0.25; 4.0; -0.75 ]
              let source = column values
              let sorted = Predict.logDensities standard source |> ok |> Array.sort

              for share in [ 0.125; 0.25; 0.3; 0.5; 0.51; 0.875; 0.99 ] do
                  let m = share * 8.0

                  let expected =
                      if m = floor m then
                          (sorted[int m - 1] + sorted[int m]) / 2.0
                      else
                          sorted[int (ceil m) - 1]

                  near 1e-15 $"quantile {share}" expected (Outliers.threshold share standard source |> ok))
          testCase
              "a weight of m acts as m copies of the row, and a common factor of the weights does nothing"
              (fun () ->
                  let values, weights = [| 0.0; 1.0; -2.0; 3.0; 3.0; 0.5 |], [| 3.0; 1.0; 2.0; 1.0; 0.0; 5.0 |]
                  let rows = values |> Array.map Array.singleton

                  let copies =
                      Array.map2 (fun row weight -> Array.replicate (int weight) row) rows weights |> Array.concat

                  for share in [ 0.05; 1.0 / 12.0; 0.1; 0.25; 0.3; 0.5; 0.75; 0.95 ] do
                      let expected = Outliers.threshold share standard (sourceOf copies) |> ok

                      for factor in [ 1.0; 0.1; 1e-200; 1e200; 3.0 ] do
                          let weighted = sourceOf rows |> Source.weighted (weights |> Array.map ((*) factor)) |> ok
                          Assert.Equal(expected, Outliers.threshold share standard weighted |> ok))
          testCase "outliers are listed from the lowest density" (fun () ->
              let found = Outliers.find 0.5 standard (column [ 1.0; -5.0; 0.0; 2.0; 9.0; 0.1 ]) |> ok
              Assert.Equal<int[]>([| 4; 1; 3 |], found.Rows)
              Assert.Equal<bool[]>([| false; true; false; true; true; false |], found.IsOutlier))
          testCase "a threshold from the training data marks the same of them, and any number of new rows" (fun () ->
              forAll 100 cases (fun (share, case) ->
                  let fit = fitOfCase case
                  let found = Outliers.find share fit case.Source |> ok
                  let threshold = Outliers.threshold share fit case.Source |> ok
                  threshold = found.Threshold && Outliers.below threshold fit case.Source |> ok = found.IsOutlier)

              let source = column [ 100.0; 0.0; -50.0; 3.0 ]
              Assert.Equal<bool[]>([| true; false; true; false |], Outliers.below -6.0 standard source |> ok)
              Assert.Equal<bool[]>(Array.create 4 true, Outliers.below infinity standard source |> ok)
              Assert.Equal<bool[]>(Array.create 4 false, Outliers.below -infinity standard source |> ok))
          // The fits differ by rounding only, by 1e-7 at most; a row within that of the threshold may change sides.
          testCase "rescaled and moved data have the same outliers" (fun () ->
              let property (case: DataCase) =
                  let moved = case.Rows |> Array.map (Array.mapi (fun j x -> 370.0 * x + float j))

                  let options =
                      { Gmm.defaults with
                          Components = case.Origin.Components
                          Execution = oneThread }

                  let outliers rows =
                      sourceOf rows
                      |> fun source -> Gmm.fit options source |> Result.bind (fun fit -> Outliers.find 0.1 fit source)

                  whenBothOk (outliers case.Rows) (outliers moved) (fun a b ->
                      let isClear n = abs (a.LogDensities[n] - a.Threshold) > 1e-3

                      Seq.forall
                          (fun n -> not (isClear n) || a.IsOutlier[n] = b.IsOutlier[n])
                          (seq { 0 .. case.Rows.Length - 1 }))

              checkTimes 50 (Prop.forAll data property))
          testCase "rows of density 0 lie below every finite threshold" (fun () ->
              let fit =
                  Poisson.ofRates (array2D [ [ 0.0 ]; [ 0.0 ] ])
                  |> Result.map (Mixture.uniform 2 >> Fit.ofMixture (ExponentialFamily.components Poisson.family))
                  |> ok

              let source = column [ 0.0; 0.0; 0.0; 5.0 ]
              let found = Outliers.find 0.25 fit source |> ok
              near 1e-15 "threshold" 0.0 found.Threshold
              Assert.Equal<int[]>([| 3 |], found.Rows)
              // Half of the rows are impossible, so no threshold marks a quarter of them.
              Assert.Equal(-infinity, Outliers.threshold 0.25 fit (column [ 0.0; 1.0; 5.0; 0.0 ]) |> ok))
          testCase "wrong shares, thresholds and data are errors" (fun () ->
              let source = column [ 0.0; 1.0 ]

              for share in [ 0.0; 1.0; -0.1; 2.0; nan; infinity ] do
                  let message = (Outliers.find share standard source |> error).Message
                  Assert.Equal($"Share must be above 0 and below 1, but is {share}.", message)
                  Assert.Equal(message, (Outliers.threshold share standard source |> error).Message)

              Assert.Equal(
                  "Threshold must be a number, as log-densities are, but is NaN.",
                  (Outliers.below nan standard source |> error).Message
              )

              let wide = sourceOf [| [| 1.0; 2.0 |] |]
              let message = (Predict.logDensities standard wide |> error).Message
              Assert.Equal(message, (Outliers.find 0.5 standard wide |> error).Message)
              Assert.Equal(message, (Outliers.below 0.5 standard wide |> error).Message)) ]
