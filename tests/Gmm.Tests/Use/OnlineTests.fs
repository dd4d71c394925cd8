/// Online EM: what an update does for every kind of component, and what it refuses.
module Gmm.Tests.OnlineTests

open System
open Expecto
open Gmm
open Gmm.Tests.Support

let private iris = lazy (DataSet.iris ())

let private irisFit structure =
    Gmm.fit
        { Gmm.defaults with
            Components = 3
            Family.Structure = structure
            Execution = oneThread }
        iris.Value.Source
    |> ok

/// A third of the rows of iris, every third row.
let private third i =
    iris.Value.Rows |> Array.indexed |> Array.filter (fun (n, _) -> n % 3 = i) |> Array.map snd |> sourceOf

let private learned gamma batch online = Online.update gamma batch online |> ok

let private numbersOf (family: Family<'θ>) (mixture: Mixture<'θ>) =
    State.join [ family.Storage.Parameters mixture.Parameters; Map [ "weights", mixture.LogWeights ] ]
    |> Map.toArray
    |> Array.collect (fun (_, tensor) -> tensor.toArray ())

/// With γ = 1 and all rows, an update is one step of EM, to the last bit.
let private isStepOfEM tolerance (fit: Fit<'θ>) source =
    let step = EM.step fit.Model source fit.Mixture |> ok
    let online = Online.ofFit fit |> learned 1.0 source
    let family = fit.Model.Family
    Assert.Equal<int64[]>(bits (numbersOf family step), bits (numbersOf family online.Mixture))

    // The statistics are about the new means: another step from them, without rows, stays where it is. (VVE and EVE still turn.)
    let again = EM.mStep fit.Model online.Mixture online.Statistics |> ok
    nearAll tolerance "the M-step of the statistics kept" (numbersOf family online.Mixture) (numbersOf family again)

let private noisy =
    lazy
        (Gmm.fit
            { Gmm.defaults with
                Components = 2
                Noise = Some NoiseVolume.Hypervolume
                Execution = oneThread }
            iris.Value.Source
         |> ok)

let private counts = lazy (sourceOf [| for n in 0..59 -> [| float (n % 7); float (n * n % 5) |] |])

[<Tests>]
let ``one step`` =
    testList
        "Online: one step"
        [ testTheory "γ = 1 with all rows is a step of EM: Gaussians" Structure.all (fun structure ->
              isStepOfEM
                  (if Structure.isPlanewise structure then 1e-12 else 1e-6)
                  (irisFit structure)
                  iris.Value.Source)

          testCase "γ = 1 with all rows is a step of EM: counts, products, noise" (fun () ->
              let ofCounts kind =
                  Gmm.fit
                      { Gmm.defaultsOf kind with
                          Components = 2
                          Execution = oneThread }
                      counts.Value
                  |> ok

              isStepOfEM 1e-12 (ofCounts Poisson.family) counts.Value

              let parts = [ Part.create [| 0 |] Poisson.family; Part.create [| 1 |] GaussianKind.defaults ]

              isStepOfEM 1e-12 (ofCounts (ProductKind.ofParts parts)) counts.Value
              isStepOfEM 1e-12 noisy.Value iris.Value.Source

              let student =
                  Gmm.fit
                      { Gmm.defaultsOf StudentTKind.defaults with
                          Components = 2
                          Execution = oneThread }
                      iris.Value.Source
                  |> ok

              let step = EM.step student.Model iris.Value.Source student.Mixture |> ok
              let online = Online.ofFit student |> learned 1.0 iris.Value.Source

              Assert.Equal<int64[]>(
                  bits (numbersOf student.Model.Family step),
                  bits (numbersOf student.Model.Family online.Mixture)
              ))

          testCase "the share 1 − γ of the statistics stays" (fun () ->
              let fit = irisFit Full
              let gamma = 0.25
              let batch = third 1
              let online = Online.ofFit fit |> learned gamma batch
              let found = EM.eStep fit.Model batch fit.Mixture

              let expected =
                  Statistics.scale (1.0 - gamma) fit.Statistics + Statistics.scale (gamma * 150.0 / 50.0) found
                  |> EM.mStep fit.Model fit.Mixture
                  |> ok

              nearAll 1e-13 "parameters" (parameters expected) (parameters online.Mixture)
              near 1e-13 "weight" 150.0 online.Statistics.Weight
              near 1e-13 "score" (found.LogLikelihood / 50.0) online.Score
              Assert.Equal(1L, online.Updates))

          testCase "sample weights count within the batch" (fun () ->
              let fit = irisFit Full
              let twice = third 0 |> Source.weighted (Array.create 50 2.0) |> ok
              let once = Online.ofFit fit |> learned 0.3 (third 0)

              nearAll
                  1e-13
                  "parameters"
                  (parameters once.Mixture)
                  (parameters (Online.ofFit fit |> learned 0.3 twice).Mixture))

          testCase "the update is pure: the same value learns the same again" (fun () ->
              let before = Online.ofFit (irisFit Diag)
              let first = learned 0.4 (third 0) before
              let second = learned 0.4 (third 0) before
              Assert.Equal<int64[]>(bits (parameters first.Mixture), bits (parameters second.Mixture)))

          testCase "far from 0 nothing cancels" (fun () ->
              let fit (shift: float) =
                  let moved = iris.Value.Rows |> Array.map (Array.map (fun x -> x + shift))
                  let model = Model.ofFamily Gaussian.family

                  let start =
                      mixtureOf Full [| 1.0; 1.0 |] (array2D [ moved[0]; moved[100] ]) (Tensor.scalar 1.0)
                      |> Online.start model 150.0
                      |> ok

                  (start, Seq.init 20 (fun t -> sourceOf moved[t % 5 * 30 .. t % 5 * 30 + 29]))
                  ||> Seq.fold (fun online batch -> learned 0.5 batch online)

              // 2²⁰ + x has x to 2⁻³³.
              let near0, far = fit 0.0, fit 1048576.0
              let covariances (online: Online<Gaussian>) = online.Parameters.Covariances.toArray ()
              nearAll 1e-7 "covariances" (covariances near0) (covariances far)) ]

[<Tests>]
let ``streams`` =
    testList
        "Online: streams"
        [ testForAll
              20
              "a stream of draws leads near the mixture that it comes from"
              (FsCheck.FSharp.ArbMap.defaults |> FsCheck.FSharp.ArbMap.arbitrary<int>)
              (fun seed ->
                  let truth =
                      mixtureOf
                          Spherical
                          [| 0.3; 0.7 |]
                          (array2D [ [ -4.0; 0.0 ]; [ 4.0; 1.0 ] ])
                          (Tensor.vector [| 1.0; 2.0 |])

                  let stream =
                      Sample.ofMixture
                          Gaussian.family
                          { Sample.defaults with
                              Seed = seed &&& 0xFFFF }
                          20_000
                          truth
                      |> ok

                  let row n = Array.init 2 (fun j -> stream.Rows[n, j])
                  let batches = Seq.init 200 (fun t -> sourceOf (Array.init 100 (fun i -> row (100 * t + i))))

                  let last =
                      mixtureOf Spherical [| 1.0; 1.0 |] (array2D [ [ -1.0; 0.0 ]; [ 1.0; 0.0 ] ]) (Tensor.scalar 9.0)
                      |> Online.start (Model.ofFamily Gaussian.family) 1000.0
                      |> ok
                      |> Online.updates (Online.stepSize 0.7) batches
                      |> Seq.last
                      |> ok

                  let means = last.Parameters.Means.toArray2D ()

                  abs (last.Weights[0] - 0.3) < 0.03 && abs (means[0, 0] + 4.0) < 0.2 && abs (means[1, 0] - 4.0) < 0.2)

          testCase "missing cells count as in a fit" (fun () ->
              let rows =
                  iris.Value.Rows
                  |> Array.mapi (fun n row -> row |> Array.mapi (fun j x -> if (n + j) % 5 = 0 then nan else x))

              let fit =
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Missing = Missing.Fit
                          Execution = oneThread }
                      (sourceOf rows)
                  |> ok

              isStepOfEM 1e-12 fit (sourceOf rows))

          testCase "a saved stream goes on with the same bits" (fun () ->
              inFolder (fun folder ->
                  let path = IO.Path.Combine(folder, "stream.json")
                  let online = Online.ofFit (irisFit Full) |> learned 0.5 (third 0)
                  Persist.save path (Online.toFit online) |> ok
                  let loaded: Fit<Gaussian> = Persist.load path |> ok
                  let here = learned 0.4 (third 1) online
                  let there = Online.ofFit loaded |> learned 0.4 (third 1)
                  Assert.Equal<int64[]>(bits (parameters here.Mixture), bits (parameters there.Mixture))))

          testCase "a fit of a stream has no warning, and says what it is" (fun () ->
              let fit = Online.ofFit (irisFit Full) |> learned 0.5 (third 0) |> Online.toFit
              Assert.Empty fit.Warnings
              Assert.Equal(0, fit.Iterations)
              Assert.True(Double.IsFinite fit.Objective && Double.IsFinite fit.Bic))

          testCase "a fit of a stream keeps the irregular components of the fit that it began from" (fun () ->
              let rows = Array.append iris.Value.Rows (Array.replicate 12 iris.Value.Rows[0])

              let fit =
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Start = Start.Labels(Array.init rows.Length (fun n -> if n < 150 then 0 else 1)) }
                      (sourceOf rows)
                  |> ok

              Assert.Equal<int option list>([ Some 1 ], fit.Irregular.OnFloor)
              let online = Online.ofFit fit
              Assert.Equal(fit.Irregular, (Online.toFit online).Irregular)
              Assert.Equal(fit.Irregular, (online |> learned 0.1 (third 0) |> Online.toFit).Irregular)) ]

[<Tests>]
let ``errors`` =
    testList
        "Online: errors"
        [ testCase "step sizes" (fun () ->
              let online = Online.ofFit (irisFit Full)

              for gamma in [ 0.0; -0.1; 1.1; nan; infinity ] do
                  let found = Online.update gamma (third 0) online |> error
                  Assert.Contains("Step size must be above 0 and at most 1", found.Message)

              near 1e-15 "γ₀" (2.0 ** -0.6) (Online.stepSize 0.6 0L)
              near 1e-15 "γ₉₈" 0.01 (Online.stepSize 1.0 98L)
              Assert.Throws<ArgumentException>(fun () -> Online.stepSize 0.5 0L |> ignore) |> ignore
              Assert.Throws<ArgumentException>(fun () -> Online.stepSize 0.6 -1L |> ignore) |> ignore)

          testCase "batches that don't suit the mixture" (fun () ->
              let online = Online.ofFit (irisFit Full)
              let update rows = Online.update 0.5 (sourceOf rows) online |> error
              Assert.Contains("4", (update [| [| 1.0; 2.0 |] |]).Message)
              Assert.Contains("NaN", (update [| [| 1.0; 2.0; nan; 1.0 |] |]).Message)

              let counts =
                  Gmm.fit
                      { Gmm.defaultsOf Poisson.family with
                          Components = 2 }
                      counts.Value
                  |> ok

              let half = Online.ofFit counts |> Online.update 0.5 (sourceOf [| [| 0.5; 1.0 |] |]) |> error
              Assert.Contains("0.5", half.Message))

          testCase "a batch of equal rows without a floor is an error, and the next batch can go on" (fun () ->
              let start =
                  mixtureOf
                      Full
                      [| 1.0; 1.0 |]
                      (array2D [ iris.Value.Rows[0]; iris.Value.Rows[100] ])
                      (Tensor.scalar 1.0)
                  |> Online.start (Model.ofFamily Gaussian.family) 150.0
                  |> ok

              match Online.update 1.0 (sourceOf (Array.replicate 10 iris.Value.Rows[0])) start with
              | Error(FailedUpdate(SingularCovariance(Some 0, _)) as told) ->
                  Assert.Equal(
                      "The covariance of component 0 (counting from 0) is not positive definite after this batch, which leaves it "
                      + "too few different rows. Learn larger batches or take smaller steps, or begin from a fit with a prior or "
                      + "a floor of its covariances.",
                      told.Message
                  )
              | other -> failwith $"{other}"

              Assert.Equal(1L, (learned 0.5 (third 0) start).Updates))

          testCase "with the floor of a fit, a batch of equal rows is no error" (fun () ->
              let online =
                  Online.ofFit (irisFit Full) |> learned 0.9 (sourceOf (Array.replicate 10 iris.Value.Rows[0]))

              Assert.True(allFinite (parameters online.Mixture)))

          testCase "a mixture without statistics can't learn" (fun () ->
              let fit = irisFit Full
              let found = Fit.ofMixture fit.Model.Family fit.Mixture |> Online.ofFit |> Online.update 0.5 (third 0)
              Assert.Contains("Online.start", (error found).Message))

          testCase "a given mixture may have noise; a family without expected statistics is an error" (fun () ->
              let fit = noisy.Value
              let online = Online.start fit.Model 150.0 fit.Mixture |> ok
              nearAll 1e-12 "counts" (fit.Weights |> Array.map (fun share -> 150.0 * share)) online.Statistics.Counts
              Assert.True(allFinite (parameters (learned 0.5 (third 0) online).Mixture))

              let family = { Gaussian.family with Missing = None }
              let found = Online.start (Model.ofFamily family) 150.0 (irisFit Full).Mixture |> error
              Assert.Contains("Online.ofFit", found.Message)

              for weight in [ 0.0; nan; infinity ] do
                  Assert.Contains("Weight", (Online.start fit.Model weight fit.Mixture |> error).Message)) ]
