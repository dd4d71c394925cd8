/// DiffSharp's tensors as an engine: the laws of engines, whole fits, conversions, errors.
module Gmm.DiffSharp.Tests.EngineTests

open System
open Expecto
open Gmm
open Gmm.Laws
open Gmm.Tests
open Gmm.Tests.Support
open Gmm.DiffSharp.Tests.Cases

/// `DiffSharp.Device` is also the name of a union case.
type private Devices = DiffSharp.Device

let private dtypes = [ Dtype.Float64; Dtype.Float32 ]

let dtypeNames = List.map string dtypes

// ── Laws ────────────────────────────────────────────────────────────────────────────────────────────────────────────

let lawsAndTypes =
    [ for law in Laws.engine do
          for dtype in dtypes -> (law.Name, string dtype) ]

[<Tests>]
let lawsTests =
    testList
        "Engine: laws"
        [ testTheory "DiffSharp obeys the laws of engines" lawsAndTypes (fun (law: string, dtype: string) ->
              let numbers = dtypes |> List.find (fun each -> string each = dtype)

              let report =
                  Laws.engine |> List.find (fun each -> each.Name = law) |> EngineLaw.run numbers (engineOf dtype)

              Assert.True((report.Outcome = Passed 1), string report)) ]

// ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Fifteen iterations, by an engine of DiffSharp and by the processor's own code.
let private fits (family: Family<'θ>) start source =
    let model =
        { Model.ofFamily family with
            Execution = oneThread }

    let fit model = EM.iterates model source start |> Fit.ofIterates model 0 15 (fun _ _ -> false) |> ok

    fit model,
    fit
        { model with
            Backend = Textbook.backend (engineOf "Float64") }

[<Tests>]
let fitsTests =
    testList
        "Engine: fits"
        [ testCase "whole fits agree with those of the processor's own code" (fun () ->
              let source = DataSet.faithful().Source

              for structure in structures do
                  let start =
                      mixtureOf structure [| 0.5; 0.5 |] (array2D [ [ 2.0; 50.0 ]; [ 4.5; 80.0 ] ]) (Tensor.scalar 1.0)

                  let expected, actual = fits Gaussian.family start source
                  nearAll 1e-10 "trace" expected.Trace actual.Trace
                  nearAll 1e-8 "parameters" (parameters expected.Mixture) (parameters actual.Mixture)

                  Assert.Equal(
                      "textbook on diffsharp:reference:cpu:float64",
                      (Textbook.backend (engineOf "Float64")).Name
                  )

                  Assert.Equal<int[]>(Predict.labels expected source |> ok, Predict.labels actual source |> ok))
          testCase "whole fits of exponential families agree with those of the processor's own code" (fun () ->
              for family, _, mixture, row in exponentials do
                  let source = sourceOf (drawn 200 row)
                  let expected, actual = fits (ExponentialFamily.components family) mixture source
                  nearAll 1e-10 family.Name expected.Trace actual.Trace) ]

// ── Conversions ─────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let conversions =
    testList
        "Engine: conversions"
        [ testTheory "tensors and data come back as they went" dtypeNames (fun (dtype: string) ->
              let place = placeOf dtype
              let numbers = array2D [ [ 1.0; -2.5; 0.125 ]; [ 4.0; 5.0; 1024.0 ] ]
              let there = DiffSharpTensor.toDiffSharp place (Tensor.matrix numbers)
              Assert.Equal(dtype, string there.dtype)
              Assert.Equal<int[]>([| 2; 3 |], there.shape)
              Assert.Equal(Tensor.matrix numbers, DiffSharpTensor.ofDiffSharp there)
              Assert.Equal(Tensor.matrix numbers, Reference.engine.Move(DiffSharpTensor.ofDiffSharp there))
              Assert.Equal(Tensor.matrix numbers, (engineOf dtype).Move(Tensor.matrix numbers))
              Assert.Same(there, DiffSharpTensor.ofDiffSharp there |> DiffSharpTensor.toDiffSharp place)
              let scalar = DiffSharpTensor.toDiffSharp place (Tensor.scalar 2.0)
              Assert.Equal(0, scalar.dim)
              Assert.Equal<float[]>([| 2.0 |], (DiffSharpTensor.ofDiffSharp scalar).toArray())

              let rows = drawn 500 (fun random -> Array.init 3 (fun _ -> float (random.Next 100)))
              let all = DiffSharpTensor.ofSource place (sourceIn 64 false 3 rows)
              Assert.Equal<int[]>([| 500; 3 |], all.shape)
              let back = DiffSharpTensor.toSource all |> ok

              Assert.Equal<float[]>(
                  Array.concat rows,
                  Source.collect oneThread (fun block -> block.Values.ToArray()) back
              )) ]

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let errors =
    testList
        "Engine: errors"
        [ testCase "numbers of another type are an error" (fun () ->
              let integers =
                  { float64 with
                      Dtype = DiffSharp.Dtype.Int32 }

              Assert.Equal(
                  "Dtype must be Float32 or Float64, but is Int32.",
                  (error (DiffSharpTensor.engine integers)).Message
              )

              let wrapped =
                  Assert.Throws<GmmException>(fun () ->
                      DiffSharp.dsharp.tensor ([| 1; 2 |], dtype = DiffSharp.Dtype.Int32)
                      |> DiffSharpTensor.ofDiffSharp
                      |> ignore)

              Assert.Equal("Dtype must be Float32 or Float64, but is Int32.", wrapped.Message))
          testCase "a backend or device that isn't there is an error" (fun () ->
              let torch =
                  (error (
                      DiffSharpTensor.engine
                          { float64 with
                              Backend = DiffSharp.Backend.Torch }
                  ))
                      .Message

              Assert.StartsWith("The backend diffsharp:torch:cpu:float64 can't be used: Couldn't find assembly", torch)

              Assert.EndsWith(
                  "Reference the package of that backend in the program, or choose another backend or device.",
                  torch
              )

              let cuda = { float64 with Device = Devices.GPU }

              Assert.Contains(
                  "CUDA is not supported by the reference backend",
                  (error (DiffSharpTensor.engine cuda)).Message
              ))
          testCase "a tensor that is no matrix is no data" (fun () ->
              let cube = DiffSharpTensor.toDiffSharp float64 (Tensor.create [| 1; 1; 1 |] [| 0.0 |])

              Assert.Equal(
                  "The data must have two dimensions (N×D), but the tensor has 3.",
                  (error (DiffSharpTensor.toSource cube)).Message
              )) ]
