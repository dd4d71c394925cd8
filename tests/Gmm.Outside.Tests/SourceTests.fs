/// A source that this assembly defines works like any other.
module Gmm.Outside.SourceTests

open Expecto
open Gmm
open Gmm.Outside
open Gmm.Outside.Data

[<Tests>]
let tests =
    testList
        "Source"
        [ testCase "rows that are made when they are read give the bits of an array" (fun () ->
              let number (n: int64) j = float (n * 7919L % 1009L) / 100.0 + 8.0 * float (n % 2L) * float j
              let rows = 30_000

              let array = Array2D.init rows 3 (fun n j -> number (int64 n) j) |> Source.ofArray2D |> ok

              for start in [ Start.KMeans; Start.KPlusPlus; Start.RandomResponsibilities ] do
                  let fit data =
                      Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Start = start
                              MaxIterations = 10 }
                          data
                      |> ok

                  sameBits (fit array) (fit (Formula.source rows 3 number))) ]
