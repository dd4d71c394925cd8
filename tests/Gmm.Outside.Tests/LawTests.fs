/// A family that this assembly defines obeys the laws of families, and its engine those of engines.
module Gmm.Outside.LawTests

open System
open Expecto
open Gmm
open Gmm.Tests
open Gmm.Laws
open Gmm.Outside

/// Returns everything that the laws need to know of a family that is not an exponential one.
let private ofCauchy =
    Subject.create "cauchy" Cauchy.family (fun components columns random ->
        let numbers low high =
            Array.init (components * columns) (fun _ -> low + (high - low) * random.NextDouble())
            |> Tensor.create [| components; columns |]

        { Locations = numbers -5.0 5.0
          Scales = numbers 0.2 3.0 })

[<Tests>]
let tests =
    testList
        "Law"
        [ LawTests.ofSubject ofCauchy
          LawTests.ofEngine Dtype.Float64 Plain.engine
          testCase "a family from outside obeys the laws beside a family of the library" (fun () ->
              let poisson =
                  Laws.ofExponentialFamily
                      { Definition = Poisson.family
                        Support = Counts
                        Means = MeanParameters.positive 0.1 20.0
                        Textbook = None
                        Edges = [] }

              let product = Laws.ofProduct [ Laws.part 1 ofCauchy; Laws.part 1 poisson ]
              product |> Laws.check Laws.defaults)
          testCase "a family from outside obeys more laws where more is known of it" (fun () ->
              let number (tensor: Tensor) k j = (tensor.toArray2D ())[k, j]

              let logDensity (cauchy: Cauchy) k j x =
                  let scale = number cauchy.Scales k j
                  log (scale / Math.PI / ((x - number cauchy.Locations k j) ** 2.0 + scale * scale))

              let subject =
                  { ofCauchy with
                      Columns = 1, 1
                      Textbook = Some(fun cauchy k -> Array.mapi (logDensity cauchy k) >> Array.sum)
                      // x = m + s tan φ, whose angles φ are equally likely.
                      Nodes =
                          Some(fun cauchy k ->
                              let location, scale = number cauchy.Locations k 0, number cauchy.Scales k 0
                              let step = Math.PI / 100.0

                              Array.init 100 (fun i -> step * (float i + 0.5) - Math.PI / 2.0)
                              |> Array.map (fun angle ->
                                  [| location + scale * tan angle |], step * scale / cos angle ** 2.0)
                              |> Some)
                      Marginals =
                          Some(fun cauchy k ->
                              let angle x = atan ((x - number cauchy.Locations k 0) / number cauchy.Scales k 0)

                              [ { Name = "angle"
                                  Of = fun row -> angle row[0]
                                  Support = Between(-Math.PI / 2.0, Math.PI / 2.0)
                                  LogDensity = Array.map (fun _ -> -log Math.PI) } ]) }

              let reports = Laws.run Laws.defaults subject

              for law in [ Laws.densityIsNormalised; Laws.densityIsTextbook; Laws.samplerFollowsDensity ] do
                  let report = reports |> List.find (fun report -> report.Law = law.Name)
                  Assert.True((report.Outcome = Passed 50), string report)) ]
