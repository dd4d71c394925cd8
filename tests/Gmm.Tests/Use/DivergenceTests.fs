/// Kullback–Leibler divergences by sampling against closed forms, and their edges.
module Gmm.Tests.DivergenceTests

open System
open Expecto
open Gmm
open Gmm.Tests.Support
open Gmm.Tests.Generators
open MathNet.Numerics.LinearAlgebra

let private ofGaussians options p q = Divergence.ofMixtures Gaussian.family options p q |> ok

/// ½ (tr Σq⁻¹Σp + (μq−μp)ᵀΣq⁻¹(μq−μp) − D + ln|Σq| − ln|Σp|).
let private closedForm (p: MixtureCase) (q: MixtureCase) =
    let sp, sq = dense (p.Covariance 0), dense (q.Covariance 0)
    let z = Vector<float>.Build.Dense(Array.map2 (-) q.Means[0] p.Means[0])
    let inverse = sq.Inverse()

    0.5
    * ((inverse * sp).Trace() + z * inverse * z - float p.Features + sq.Cholesky().DeterminantLn
       - sp.Cholesky().DeterminantLn)

[<Tests>]
let tests =
    testList
        "Divergence"
        [ formulas [ "KL = ½ (tr Σ₂⁻¹Σ₁ + (μ₂−μ₁)ᵀΣ₂⁻¹(μ₂−μ₁) − D + ln|Σ₂| − ln|Σ₁|)", "Hershey and Olsen 2007" ]
          <| testCase "the divergence of two Gaussians is the closed form's within four standard errors" (fun () ->
              for features in [ 1; 2; 5 ] do
                  for structure in Structure.all do
                      let random = Random(100 + features)

                      let p, q =
                          drawMixture structure 1 features 10.0 random, drawMixture structure 1 features 10.0 random

                      let found =
                          ofGaussians
                              { Divergence.defaults with
                                  Seed = features }
                              p.Mixture
                              q.Mixture

                      near (4.0 * found.StandardError) $"{structure} in {features}" (closedForm p q) found.Value
                      Assert.True(found.StandardError > 0.0 && found.StandardError < 0.1 * found.Value))
          testCase "the standard error is that of the mean of independent numbers" (fun () ->
              let random = Random 4
              let p, q = drawMixture Full 1 2 10.0 random, drawMixture Full 1 2 10.0 random
              let expected = closedForm p q

              let estimates =
                  [ for seed in 1..100 ->
                        ofGaussians
                            { Divergence.defaults with
                                Seed = seed
                                Rows = 500
                                Execution = oneThread }
                            p.Mixture
                            q.Mixture ]

              // Of 100 estimates, those within one standard error are 68 ± 4.7.
              let inside = estimates |> List.filter (fun found -> abs (found.Value - expected) <= found.StandardError)
              Assert.InRange(inside.Length, 68 - 20, 68 + 20))
          testForAll 30 "the divergence of equal mixtures is exactly 0" mixtures (fun case ->
              let found = ofGaussians { Divergence.defaults with Rows = 200 } case.Mixture case.Mixture
              found = { Value = 0.0; StandardError = 0.0 })
          formulas [ "KL(p‖q) = ∫ p(x) ln(p(x) / q(x)) dx", "Bishop, PRML, 2006, eq. 1.113" ]
          <| testCase "the divergence of mixtures is that of an integral" (fun () ->
              let p =
                  mixtureOf
                      Full
                      [| 0.3; 0.7 |]
                      (array2D [ [ -1.0 ]; [ 2.0 ] ])
                      (Tensor.matrices (Array3D.init 2 1 1 (fun k _ _ -> [| 0.5; 1.5 |][k])))

              let q =
                  mixtureOf
                      TiedDiag
                      [| 0.5; 0.2; 0.3 |]
                      (array2D [ [ -1.5 ]; [ 1.0 ]; [ 2.5 ] ])
                      (Tensor.vector [| 1.2 |])

              let density weights means (variances: float[]) x =
                  Seq.map3
                      (fun (w: float) (m: float) (v: float) ->
                          w * exp (-0.5 * (x - m) ** 2.0 / v) / sqrt (2.0 * Math.PI * v))
                      weights
                      means
                      variances
                  |> Seq.sum

              let expected =
                  Seq.init 4001 (fun i ->
                      let x = -20.0 + 0.01 * float i
                      let a = density [ 0.3; 0.7 ] [ -1.0; 2.0 ] [| 0.5; 1.5 |] x
                      let b = density [ 0.5; 0.2; 0.3 ] [ -1.5; 1.0; 2.5 ] [| 1.2; 1.2; 1.2 |] x
                      if a = 0.0 then 0.0 else 0.01 * a * log (a / b))
                  |> Seq.sum

              let found =
                  ofGaussians
                      { Divergence.defaults with
                          Rows = 100_000 }
                      p
                      q

              near (4.0 * found.StandardError) "divergence" expected found.Value
              Assert.True(found.StandardError < 0.02 * expected))
          testCase "fits of different families can be compared" (fun () ->
              let source = (DataSet.faithful ()).Source
              let full = Gmm.fit (plain 2 Full) source |> ok
              let same = Divergence.kullbackLeibler Divergence.defaults full full |> ok
              Assert.Equal({ Value = 0.0; StandardError = 0.0 }, same)

              let parts =
                  [ Part.create
                        [| 0 |]
                        { GaussianKind.defaults with
                            RegCovar = Absolute 0.0 }

                    Part.create
                        [| 1 |]
                        { GaussianKind.defaults with
                            RegCovar = Absolute 0.0 } ]

              let product =
                  Gmm.fit
                      { Gmm.defaultsOf (ProductKind.ofParts parts) with
                          Components = 2 }
                      source
                  |> ok

              let diag = Gmm.fit (plain 2 Diag) source |> ok
              let toProduct = Divergence.kullbackLeibler Divergence.defaults full product |> ok
              let toDiag = Divergence.kullbackLeibler Divergence.defaults full diag |> ok
              // A product of two columns is a diagonal Gaussian.
              near 1e-3 "product and diag" toDiag.Value toProduct.Value
              Assert.True(toDiag.Value > 4.0 * toDiag.StandardError))
          testCase "the divergence is infinite when q can't have a row that p has" (fun () ->
              let levels p =
                  Array3D.init 1 1 3 (fun _ _ level -> Array.get p level)
                  |> Categorical.ofProbabilities
                  |> ok
                  |> Mixture.uniform 1

              let family = ExponentialFamily.components (Categorical.family 3)
              let p, q = levels [| 0.5; 0.3; 0.2 |], levels [| 0.5; 0.5; 0.0 |]
              let found = Divergence.ofMixtures family Divergence.defaults p q |> ok

              Assert.Equal(
                  { Value = infinity
                    StandardError = 0.0 },
                  found
              )
              // The other way it is finite: Σ q ln(q/p).
              let back = Divergence.ofMixtures family Divergence.defaults q p |> ok
              near (4.0 * back.StandardError) "back" (0.5 * log (0.5 / 0.3)) back.Value)
          testCase "threads change no bit of an estimate" (fun () ->
              let p, q = (drawMixture Full 3 3 10.0 (Random 1)).Mixture, (drawMixture Diag 2 3 10.0 (Random 2)).Mixture

              let estimate threads =
                  ofGaussians
                      { Divergence.defaults with
                          Execution =
                              { Execution.Default with
                                  Threads = threads } }
                      p
                      q

              let expected = estimate 1

              for threads in [ 2; 3; 8 ] do
                  Assert.Equal(expected, estimate threads)

              Assert.NotEqual(expected, ofGaussians { Divergence.defaults with Seed = 1 } p q))
          testCase "mistakes are told with rule and value" (fun () ->
              let p, q = (drawMixture Full 2 2 10.0 (Random 1)).Mixture, (drawMixture Full 2 3 10.0 (Random 1)).Mixture
              let message options p q = (Divergence.ofMixtures Gaussian.family options p q |> error).Message

              Assert.Equal(
                  "Divergence rows must be at least 2, but is 1.",
                  message { Divergence.defaults with Rows = 1 } p p
              )

              Assert.Equal(
                  "Features of the other mixture must be 2, as in the first, but is 3.",
                  message Divergence.defaults p q
              )

              let idle =
                  { Divergence.defaults with
                      Execution = { oneThread with Threads = 0 } }

              Assert.Equal("Threads must be at least 1, but is 0.", message idle p p)) ]
