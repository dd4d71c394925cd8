/// A tensor engine that this assembly defines runs the textbook of every family.
module Gmm.Outside.EngineTests

open Expecto
open Gmm
open Gmm.Tests
open Gmm.Outside
open Gmm.Outside.Data

[<Tests>]
let tests =
    testList
        "Engine"
        [ testCase "fits on the engine are those of the reference" (fun () ->
              for structure in Structure.all do
                  let fit engine =
                      Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Family.Structure = structure
                              MaxIterations = 5
                              Backend = Textbook.backend engine }
                          source
                      |> ok

                  let mutable created = 0

                  let counting =
                      { Plain.engine with
                          Create =
                              fun shape values ->
                                  created <- created + 1
                                  Plain.engine.Create shape values }

                  let expected, actual = fit Reference.engine, fit counting
                  Assert.True(created > 0, "the engine did nothing")
                  Assert.True(abs (actual.Objective - expected.Objective) <= 1e-10 * abs expected.Objective)) ]
