/// The scale of features, which sets the floor of covariances.
module Gmm.Tests.FeatureScaleTests

open System
open Expecto
open Gmm
open Gmm.Tests.Support

let private scaleOf (source: Source) =
    let layout = Layout.own Shape.Diag
    let data = source |> DataCovariance.ofSource oneThread layout
    source |> FeatureScale.ofSource oneThread (DataCovariance.variances layout source.Columns data)

let private only (scale: float[]) = scale[0]

let private column (values: float[]) = values |> Array.map Array.singleton |> sourceOf

let private normals seed count =
    let random = RandomStream.ofSeed seed
    Array.init count (fun _ -> MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0))

[<Tests>]
let tests =
    testList
        "FeatureScale"
        [ testCase "the scale of few values is 1.4826 times their median absolute deviation, squared" (fun () ->
              // The median is 5 and the deviations are 4, 1, 0, 2, 995.
              near
                  1e-12
                  "scale"
                  (pown (1.482602218505602 * 2.0) 2)
                  (column [| 1.0; 4.0; 5.0; 7.0; 1000.0 |] |> scaleOf |> only)
              // The variance is smaller: the median is 0 and the deviations are 0, 3, 3.
              near 1e-12 "scale" 6.0 (column [| -3.0; 0.0; 3.0 |] |> scaleOf |> only))
          testCase "a few far values don't move the scale, however far they are" (fun () ->
              let values = normals 1 1000
              let usual = (column values |> scaleOf |> only)

              for far in [ 1e3; 1e9; 1e140 ] do
                  let scale = (column (Array.append values (Array.create 20 far)) |> scaleOf |> only)
                  Assert.InRange(scale, 0.9 * usual, 1.2 * usual))
          testCase "where half of the values are equal, the other deviations count" (fun () ->
              near
                  1e-12
                  "scale"
                  (pown (1.482602218505602 * 2.0) 2)
                  (column [| 5.0; 5.0; 5.0; 5.0; 6.0; 7.0; 1005.0 |] |> scaleOf |> only))
          testCase "a column that doesn't vary has scale 0, even if its mean is rounded" (fun () ->
              for value in [ 0.0; 0.1; 1e-300; -1e100 ] do
                  Assert.Equal(0.0, (column (Array.create 37 value) |> scaleOf |> only)))
          testCase "weights count as repeated rows, and rows without weight don't count" (fun () ->
              let values, weights = normals 2 60, Array.init 60 (fun n -> float (n % 4))

              let repeated =
                  Array.zip values weights |> Array.collect (fun (value, weight) -> Array.create (int weight) value)

              let weighted = column values |> Source.weighted weights |> ok
              near 1e-12 "scale" (column repeated |> scaleOf |> only) (weighted |> scaleOf |> only))
          testCase "equal weights of any size change nothing, beside heaps, too" (fun () ->
              for values in [ normals 5 3000; Array.init 3000 (fun n -> float (max 0 (n % 11 - 6))) ] do
                  let usual = column values |> scaleOf |> only

                  for weight in [ 1e-3; 2.0 ] do
                      let weighted = column values |> Source.weighted (Array.create 3000 weight) |> ok
                      relativelyNear 1e-12 "scale" [| usual |] (scaleOf weighted))
          testCase "rescaled and moved data have the rescaled scale" (fun () ->
              let values = normals 3 500
              let usual = (column values |> scaleOf |> only)

              for power in [ -400; -30; 30; 400 ] do
                  let factor = 2.0 ** float power

                  relativelyNear
                      1e-12
                      "scale"
                      [| usual * factor * factor |]
                      (scaleOf (column (values |> Array.map ((*) factor))))

              relativelyNear 1e-9 "scale" [| usual |] (scaleOf (column (values |> Array.map (fun x -> x + 1e4)))))
          testCase "of many rows a sample tells the scale within a tenth, whatever their order" (fun () ->
              for values in [ normals 4 100_000; Array.sort (normals 4 100_000) ] do
                  Assert.InRange((column values |> scaleOf |> only), 0.9, 1.1))
          testCase "rounding residues around 0 are not the scale" (fun () ->
              let values = Array.init 1000 (fun n -> if n % 5 < 3 then 1e-17 * float (n % 7 - 3) else float (n % 11))
              Assert.InRange(column values |> scaleOf |> only, 1.0, 100.0))
          testCase "of large data with few weighted rows, those are measured" (fun () ->
              let values = Array.init 100_000 (fun n -> if n % 500 = 0 then float (n / 500 % 9) else 1e6)

              let source =
                  column values
                  |> Source.weighted (Array.init 100_000 (fun n -> if n % 500 = 0 then 1.0 else 0.0))
                  |> ok

              let expected = column (Array.init 200 (fun n -> float (n % 9))) |> scaleOf |> only
              near 1e-9 "scale" expected (source |> scaleOf |> only)) ]
