/// Data and comparisons for several tests.
module Gmm.Outside.Data

open System
open Gmm
open Gmm.Tests
open Expecto

let ok (result: Result<'T, GmmError>) : 'T = GmmError.get result

/// Two groups of 500 Cauchy rows each, without the outermost two hundredths of their tails.
let heavy =
    let random = Random 5
    let cauchy centre = centre + tan (0.98 * Math.PI * (random.NextDouble() - 0.5))

    Array.init 1000 (fun i ->
        if i % 2 = 0 then
            [| cauchy 0.0; cauchy 0.0 |]
        else
            [| cauchy 60.0; cauchy -60.0 |])

let source = Source.ofRows heavy |> ok

/// Returns the log-likelihood, the weights and the parameters of a fit, to the last bit.
let bits (fit: Fit<'θ>) =
    [| yield! fit.Trace
       yield! fit.Weights
       for KeyValue(_, numbers) in fit.Model.Family.Storage.Parameters fit.Parameters do
           yield! numbers.toArray () |]
    |> Array.map BitConverter.DoubleToInt64Bits

/// Fails unless two fits are equal to the last bit.
let sameBits (expected: Fit<'θ>) (actual: Fit<'θ>) = Assert.Equal<int64[]>(bits expected, bits actual)
