/// From joint log-densities to responsibilities.
module Gmm.Tests.AssignmentTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private soft (rows: float list list) =
    let evidence, responsibilities = Assignment.soft (Tensor.matrix (array2D rows))
    evidence.toArray1D (), responsibilities.toArray2D ()

/// Rows of joint log-densities, anywhere from −1e6 to 1e3, some −∞.
let private joints =
    Arb.fromGen (
        drawing (fun size random ->
            let components = 1 + random.Next 5
            let level () = [| 0.0; 1e3; -1e3; -2e4; -1e6 |][random.Next(1 + 4 * size / 100)]

            array2D
                [ for _ in 0 .. size / 5 ->
                      let level = level ()

                      [ for k in 0 .. components - 1 ->
                            if k > 0 && random.Next 6 = 0 then -infinity else level + 20.0 * normal random ] ])
    )

[<Tests>]
let tests =
    testList
        "Assignment"
        [ formulas
              [ "rₙₖ = ρₙₖ / Σⱼ ρₙⱼ with ρₙₖ = πₖ p(xₙ|θₖ)", "Bishop, PRML, 2006, eq. 9.13"
                "ln p(xₙ) = ln Σₖ ρₙₖ", "Bishop, PRML, 2006, eq. 9.14" ]
          <| testForAll
              200
              "soft responsibilities are the shares of the densities and the evidence is their sum"
              joints
              (fun joint ->
                  let evidence, responsibilities = Assignment.soft (Tensor.matrix joint)
                  let evidence, r = evidence.toArray1D (), responsibilities.toArray2D ()

                  Seq.forall
                      (fun n ->
                          let row = joint[n, *]
                          let total = Formulas.logSumExp row
                          let expected = row |> Array.map (fun j -> exp (j - total))

                          abs (evidence[n] - total) <= 1e-13 * (1.0 + abs total)
                          // A number of magnitude |total| has a rounding error of |total|·1e-16, which exp turns into a relative one.
                          && allWithin (1e-13 + 4e-16 * abs total) 1.0 expected r[n, *])
                      (seq { 0 .. evidence.Length - 1 }))
          formulas [ "Σₖ rₙₖ = 1", "Bishop, PRML, 2006, §9.2" ]
          <| testForAll 200 "soft responsibilities of every row sum to 1" joints (fun joint ->
              let _, responsibilities = Assignment.soft (Tensor.matrix joint)
              let sums = (responsibilities.sum 1).toArray()
              allWithin 1e-14 1.0 (Array.create sums.Length 1.0) sums)
          testCase "rows below where exp underflows keep their responsibilities" (fun () ->
              let evidence, r = soft [ [ -20000.0; -20001.0 ]; [ -1e6; -1e6 ]; [ -1e100; -2e100 ] ]
              near 1e-11 "evidence" (-20000.0 + log (1.0 + exp -1.0)) evidence[0]
              near 1e-14 "responsibility" (1.0 / (1.0 + exp -1.0)) r[0, 0]
              Assert.Equal(0.5, r[1, 0])
              Assert.Equal(1.0, r[2, 0])
              Assert.Equal(-1e100, evidence[2]))
          testCase "rows far apart do not disturb one another" (fun () ->
              let evidence, r = soft [ [ 700.0; 699.0 ]; [ -1e8; -1e8 - 1.0 ]; [ 0.0; -1.0 ] ]
              Assert.True(allFinite evidence)
              let share = 1.0 / (1.0 + exp -1.0)
              // At −1e8 a joint density is held to 1.5e-8.
              for n, tolerance in [ 0, 1e-12; 1, 1e-7; 2, 1e-15 ] do
                  near tolerance "responsibility" share r[n, 0])
          testCase
              "a row of density zero under every component has evidence minus infinity and equal responsibilities"
              (fun () ->
                  let evidence, r = soft [ [ -infinity; -infinity; -infinity ]; [ 0.0; -infinity; -infinity ] ]
                  Assert.Equal<float[]>([| -infinity; 0.0 |], evidence)
                  let third = 1.0 / 3.0
                  Assert.True(allWithin 1e-15 1.0 [| third; third; third |] r[0, *])
                  Assert.Equal<float[]>([| 1.0; 0.0; 0.0 |], r[1, *]))
          formulas [ "rₙₖ = 1 for k = argmaxⱼ ρₙⱼ, else 0", "Celeux and Govaert 1992" ]
          <| testForAll
              200
              "hard responsibilities are one where the density is largest and zero elsewhere"
              joints
              (fun joint ->
                  let largest, responsibilities = Assignment.hard (Tensor.matrix joint)
                  let r = responsibilities.toArray2D ()

                  largest.toArray1D ()
                  |> Array.mapi (fun n most ->
                      let winner = Array.findIndex ((=) most) joint[n, *]

                      most = Array.max joint[n, *]
                      && r[n, *] = Array.init (Array2D.length2 joint) (fun k -> if k = winner then 1.0 else 0.0))
                  |> Array.forall id)
          testCase "hard assignment breaks ties to the lower component" (fun () ->
              let _, responsibilities =
                  Assignment.hard (
                      Tensor.matrix (
                          array2D [ [ 1.0; 1.0; 0.0 ]; [ 0.0; 2.0; 2.0 ]; [ -infinity; -infinity; -infinity ] ]
                      )
                  )

              Assert.Equal<float[]>([| 1.0; 0.0; 0.0; 0.0; 1.0; 0.0; 1.0; 0.0; 0.0 |], responsibilities.toArray ()))
          testCase "an impossible row is predicted without a NaN" (fun () ->
              // (1e140/1e-10)² has no float64: the row has density zero.
              let rows = [| [| 0.0 |]; [| 1e-10 |]; [| -1e-10 |]; [| 2e-10 |] |]
              let fit = sourceOf rows |> Gmm.fit (plain 1 Full) |> ok
              let far = sourceOf [| [| 1e140 |]; [| -1e149 |] |]
              let densities = Predict.logDensities fit far |> ok
              Assert.All(densities, fun density -> Assert.True(density < -1e200, string density))
              let responsibilities = Predict.responsibilities fit far |> ok
              Assert.Equal<float[]>([| 1.0; 1.0 |], responsibilities[*, 0])
              Assert.Equal<int[]>([| 0; 0 |], Predict.labels fit far |> ok))
          testForAll 200 "rows of plain numbers are assigned as tensors are" joints (fun joint ->
              let joint = Array2D.mapi (fun n k value -> if n % 5 = 4 then -infinity else value) joint
              let components = Array2D.length2 joint
              let tensor = Tensor.matrix joint
              let evidence, responsibilities = Assignment.soft tensor
              let rows = tensor.toArray ()
              let ofRows = Assignment.softRows components rows

              let close (expected: float[]) (actual: float[]) =
                  Array.forall2 (fun a b -> a = b || abs (a - b) <= 1e-14 * (1.0 + abs a)) expected actual

              close (evidence.toArray ()) ofRows
              && close (responsibilities.toArray ()) rows
              && (Assignment.likeliest tensor).toArray() =
                  Array.map float (Assignment.likeliestRows components (tensor.toArray ()))) ]
