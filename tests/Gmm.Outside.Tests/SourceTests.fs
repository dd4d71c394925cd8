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

                  sameBits (fit array) (fit (Formula.source rows 3 number)))

          testCase "runs divide the blocks in order; huge data have more of them" (fun () ->
              for rows, count in
                  [ 1L, 1; 10_000L, 2; 300_000L, 64; 1L <<< 26, 64; 1_000_000_000L, 953; 10_000_000_000L, 4096 ] do
                  let source = Formula.source rows 16 (fun _ _ -> 0.0)
                  let runs = Source.runs source
                  Expect.equal runs.Length count "runs"
                  let struct (first, _), struct (_, last) = runs[0], runs[count - 1]
                  Expect.equal (first, last) (0L, source.Blocks - 1L) "all blocks"

                  for struct (_, last), struct (first, _) in Seq.pairwise runs do
                      Expect.equal first (last + 1L) "in order") ]
