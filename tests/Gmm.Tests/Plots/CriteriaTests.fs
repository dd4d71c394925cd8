/// The pictures of selections whose candidates differ widely.
module Gmm.Tests.CriteriaTests

open System
open System.IO
open Expecto
open Gmm
open Gmm.Plots

let private fit =
    lazy
        (Csv.read (Path.Combine(AppContext.BaseDirectory, "data", "faithful.csv"))
         |> Result.bind (Csv.source >> Gmm.fit { Gmm.defaults with Components = 2 })
         |> GmmError.get)

/// A candidate with the same value of all criteria, on the floor or not.
let private candidate components (value: float, isOnFloor) : Candidate<Gaussian> =
    let fit =
        { fit.Value with
            Irregular =
                { fit.Value.Irregular with
                    OnFloor = if isOnFloor then [ Some 0 ] else [] } }

    { Name = "full"
      Components = components
      Outcome =
        Ok
            { Fit = fit
              Bic = value
              Icl = value
              Aic = value } }

/// The picture of a selection with these values, of which the one with a number is the best.
let private drawn best values : Figure =
    let candidates = values |> List.mapi (fun i value -> candidate (i + 1) value)
    let best = candidates[best]

    { Criterion = Criterion.Bic
      Candidates = candidates
      Best = best
      Fit = (GmmError.get best.Outcome).Fit }
    |> Plot.criteria Plot.defaults
    |> GmmError.get

let private sound values = values |> List.map (fun value -> value, false)

/// The triangles of the first panel: shape and place.
let private triangles (figure: Figure) =
    [ for mark in figure.Panels.Head.Marks do
          match mark with
          | Points { Shapes = shapes; X = x; Y = y } when shapes.Length > 0 -> yield! Array.zip3 shapes x y
          | _ -> () ]

[<Tests>]
let tests =
    testList
        "Criteria"
        [ testCase
              "a terrible candidate doesn't stretch the axis; a triangle stands for it, and the caption says so"
              (fun () ->
                  let figure = drawn 2 (sound [ 1e6; 110.0; 100.0; 102.0; 104.0; 106.0; 108.0; 109.0 ])
                  let axis = figure.Panels.Head.Vertical
                  // The lowest value is 100, and the median 108: the axis is cut at 132.
                  Assert.InRange(axis.High, 132.0, 133.0)
                  Assert.InRange(axis.Low, 99.0, 100.0)
                  Assert.Equal<(int * float * float) list>([ 2, 1.0, 132.0 ], triangles figure)
                  Assert.Contains("triangles at the edge stand for 1 candidate above 132", figure.Caption)
                  Assert.DoesNotContain("below", figure.Caption))
          testCase "values that are close enough are all within the axis, without triangles" (fun () ->
              let figure = drawn 2 (sound [ 119.0; 110.0; 100.0; 102.0; 104.0; 106.0; 108.0; 109.0 ])
              Assert.InRange(figure.Panels.Head.Vertical.High, 119.0, 120.0)
              Assert.Empty(triangles figure)
              Assert.DoesNotContain("triangle", figure.Caption))
          testCase
              "a candidate on the floor doesn't stretch the axis down, unless the best one is there, too"
              (fun () ->
                  let values = sound [ 110.0; 108.0; 100.0; 102.0; 104.0; 106.0; 108.0 ] @ [ -1e6, true ]
                  let figure = drawn 2 values
                  // The lowest sound value is 100, and the median 106.
                  Assert.InRange(figure.Panels.Head.Vertical.Low, 93.0, 94.0)
                  Assert.Equal<(int * float * float) list>([ 4, 8.0, 94.0 ], triangles figure)
                  Assert.Contains("triangles at the edge stand for 1 candidate below 94", figure.Caption)
                  Assert.True((drawn 7 values).Panels.Head.Vertical.Low < -1e6))
          testCase "equal values are drawn, and so is a single candidate" (fun () ->
              for values in [ [ 5.0 ]; [ 5.0; 5.0; 5.0; 5.0 ] ] do
                  let axis = (drawn 0 (sound values)).Panels.Head.Vertical
                  Assert.True(axis.Low < 5.0 && axis.High > 5.0))
          testCase "half of the values take at least a quarter of the height above the lowest one" (fun () ->
              let random = Random 1

              for _ in 1..200 do
                  let values = [ for _ in 1 .. 4 + random.Next 30 -> exp (12.0 * random.NextDouble()) ]
                  let low, high = Criteria.shown values values
                  Assert.Equal(List.min values, low)
                  let isInQuarter value = value < low + 0.249 * (high - low)
                  // So at most half of them lie in the lowest quarter.
                  Assert.True(2 * (values |> List.filter isInQuarter |> List.length) <= values.Length)) ]
