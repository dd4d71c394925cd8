/// The noise component: independent numbers, the loop, predictions, samples, files.
module Gmm.Tests.NoiseTests

open System
open System.Text.Json
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Support
open Gmm.Tests.Generators
open Gmm.Tests.FormulaTest

let private json = lazy (oracle "noise.json")

/// The rows of the oracle, and their labels: 2 stands for noise there.
let private rows = lazy ((matrixOf (json.Value |> field "data" |> field "rows")))

let private source = lazy (ok (Source.ofArray2D rows.Value))

let private withNoise (labels: int[]) = labels |> Array.map (fun label -> if label = 2 then Noise.Label else label)

let private labels = lazy (json.Value |> field "data" |> field "labels" |> integers |> withNoise)

let private options structure volume =
    { plain 2 structure with
        Start = Start.Labels labels.Value
        Noise = Some volume
        Tolerance = 1e-12
        MaxIterations = 10_000 }

let private automatic =
    { Gmm.defaults with
        Components = 2
        Noise = Some NoiseVolume.Hypervolume
        Execution = oneThread }

[<Tests>]
let ``an independent program`` =
    testList
        "Noise: an independent program"
        [ formulas [ "f(x) = Σₖ πₖ N(x|μₖ, Σₖ) + π₀/V", "Banfield and Raftery 1993; Fraley and Raftery 1998" ]
          <| testCase "every structure reaches the maximum, with a given volume and with the data's" (fun () ->
              let cases = (json.Value |> field "cases").EnumerateArray() |> Array.ofSeq
              Assert.Equal(28, cases.Length)

              for case in cases do
                  let model = (case |> field "model").GetString()
                  let structure = ok (Structure.parse model)
                  let known = (case |> field "volume").GetDouble()

                  let volume = if known = 400.0 then NoiseVolume.Given known else NoiseVolume.Hypervolume

                  let fit = source.Value |> Gmm.fit (options structure volume) |> ok
                  relativelyNear 1e-12 "volume" [| known |] [| exp -fit.Model.Family.Noise.Value.LogDensity |]

                  relativelyNear
                      1e-9
                      $"{model}: ln L"
                      [| (case |> field "loglik").GetDouble() |]
                      [| fit.LogLikelihood |]

                  let covariances = Array.init 2 (Gaussian.covariance fit.Parameters >> flat) |> Array.concat
                  nearAll 1e-5 $"{model}: covariances" (numbers (case |> field "covariances")) covariances
                  nearAll 1e-5 $"{model}: means" (numbers (case |> field "means")) (fit.Parameters.Means.toArray ())
                  nearAll 1e-5 $"{model}: weights" (numbers (case |> field "weights_then_noise")) fit.Weights
                  // The oracle counts π₀ alone, the volume as given.
                  let measured = if volume.IsHypervolume then 1 else 0
                  Assert.Equal((case |> field "df").GetInt32() + measured, fit.FreeParameters)
                  let expected = integers (case |> field "labels") |> withNoise
                  Assert.Equal<int[]>(expected, Predict.labels fit source.Value |> ok)
                  let shares = Predict.responsibilities fit source.Value |> ok
                  let head = numbers (case |> field "noise_probability_head")
                  nearAll 1e-5 $"{model}: noise" head shares[0 .. head.Length - 1, 2])
          testCase "the default start finds the noise, too" (fun () ->
              let fit = source.Value |> Gmm.fit automatic |> ok
              near 1e-4 "ln L" -1262.6885675 fit.LogLikelihood
              near 1e-3 "weight of the noise" 0.20499 (Array.last fit.Weights)) ]

[<Tests>]
let ``the loop`` =
    testList
        "Noise: the loop"
        [ testForAll 250 "the objective never falls, for any structure, with default options" weightedData (fun case ->
              [ for structure in Structure.all do
                    for acceleration in [ Acceleration.None; Acceleration.Squarem ] do
                        let fit =
                            case.Source
                            |> Gmm.fit
                                { Gmm.defaults with
                                    Components = case.Origin.Components
                                    Family.Structure = structure
                                    Noise = Some NoiseVolume.Hypervolume
                                    Start = Start.KMeans
                                    Acceleration = acceleration
                                    MaxIterations = 15
                                    Execution = oneThread }

                        match fit with
                        | Ok fit ->
                            largestFall fit <= Tolerance.monotone
                            && abs (Array.sum fit.Weights - 1.0) < 1e-12
                            && allFinite fit.Trace
                        | Error(SingularCovariance _ | CollapsedComponent _ | ConstantColumn _ | TooFewDistinctRows _) ->
                            true
                        | Error error -> failwith error.Message ]
              |> List.forall id)
          testCase
              "the kernels equal the textbook, at every width, in float32, with hard and soft assignment"
              (fun () ->
                  let narrow = rows.Value |> Array2D.map float32 |> Source.ofFloat32Array2D |> ok

                  for structure in Structure.all do
                      let fit =
                          source.Value
                          |> Gmm.fit
                              { options structure NoiseVolume.Hypervolume with
                                  MaxIterations = 3 }
                          |> ok

                      for assignment in [ Soft; Hard ] do
                          for source, tolerance in [ source.Value, 1e-11; narrow, 1e-4 ] do
                              let on backend = statisticsOn backend fit.Model.Family assignment fit.Mixture source
                              let expected = on (Textbook.backend Reference.engine) |> Statistics.pack

                              for width in [ Width.Bits128; Width.Bits256; Width.Bits512 ] do
                                  nearAll
                                      tolerance
                                      $"{structure}, {assignment}"
                                      expected
                                      (on (Kernel.backendOf width) |> Statistics.pack))
          testCase "threads change no bit, and weights stand for copies" (fun () ->
              let one = source.Value |> Gmm.fit automatic |> ok

              let many =
                  source.Value
                  |> Gmm.fit
                      { automatic with
                          Execution = { Execution.Default with Threads = 4 } }
                  |> ok

              Assert.Equal<int64[]>(bits (parameters one.Mixture), bits (parameters many.Mixture))
              let weighted = source.Value |> Source.weighted (Array.create 300 2.0) |> ok
              let twice = weighted |> Gmm.fit automatic |> ok
              nearAll 1e-6 "weights" one.Weights twice.Weights
              near 1e-6 "ln L" (2.0 * one.LogLikelihood) twice.LogLikelihood)
          testCase "a fit goes on from its own mixture, and from starting weights" (fun () ->
              let fit = source.Value |> Gmm.fit automatic |> ok

              let again =
                  source.Value
                  |> Gmm.fit
                      { automatic with
                          Start = Start.Mixture fit.Mixture }
                  |> ok

              Assert.InRange(again.Iterations, 1, 2)

              let started =
                  source.Value
                  |> Gmm.fit
                      { automatic with
                          Start = Start.KMeans
                          StartWeights = Some [| 1.0; 1.0; 2.0 |]
                          MaxIterations = 1 }
                  |> ok

              nearAll 1e-12 "weights" [| 0.25; 0.25; 0.5 |] started.Start.Weights)
          testCase "the noise may vanish" (fun () ->
              let fit = (DataSet.iris ()).Source |> Gmm.fit { automatic with Components = 3 } |> ok
              Assert.True(allFinite fit.Weights)
              Assert.InRange(Array.last fit.Weights, 0.0, 0.2)) ]

[<Tests>]
let ``families`` =
    testList
        "Noise: families"
        [ testCase "counts, trials, lifetimes and products have noise, too" (fun () ->
              let random = RandomStream.ofSeed 3
              let poisson rate = Poisson.family.Sample random [| rate |]

              let counts =
                  Array.init 400 (fun n ->
                      [| if n % 8 = 0 then
                             float (random.Next 101)
                         else
                             poisson (if n % 2 = 0 then 3.0 else 30.0) |])

              let fit =
                  sourceOf counts
                  |> Gmm.fit
                      { Gmm.defaultsOf Poisson.family with
                          Components = 2
                          Noise = Some NoiseVolume.Hypervolume }
                  |> ok

              // 0 to 100 are 101 counts.
              near
                  1.0
                  "volume"
                  (counts |> Array.map Array.head |> Array.max |> (+) 1.0)
                  (exp -fit.Model.Family.Noise.Value.LogDensity)

              near 0.04 "weight of the noise" 0.125 (Array.last fit.Weights)

              let drawn =
                  fit
                  |> Sample.draw
                      { Sample.defaults with
                          Component = Some Noise.Label }
                      50
                  |> ok

              Assert.True(drawn.Rows |> flat |> Array.forall (fun x -> x = floor x && x >= 0.0))

              let pairs = counts |> Array.map (fun row -> [| row[0]; 5.0 * random.NextDouble() |])

              let product =
                  ProductKind.ofParts [ Part.create [| 0 |] Poisson.family; Part.create [| 1 |] Exponential.family ]

              let fit =
                  sourceOf pairs
                  |> Gmm.fit
                      { Gmm.defaultsOf product with
                          Components = 2
                          Noise = Some NoiseVolume.Hypervolume }
                  |> ok

              Assert.True(largestFall fit <= Tolerance.monotone)
              Assert.Equal<bool[]>([| true; false |], fit.Model.Family.Noise.Value.IsWhole)) ]

[<Tests>]
let ``use`` =
    testList
        "Noise: use"
        [ testCase "labels, densities and responsibilities include the noise, for many rows and for one" (fun () ->
              for structure in Structure.all do
                  let fit =
                      source.Value
                      |> Gmm.fit
                          { automatic with
                              Family.Structure = structure }
                      |> ok

                  let densities = Predict.logDensities fit source.Value |> ok
                  let shares = Predict.responsibilities fit source.Value |> ok
                  let labels = Predict.labels fit source.Value |> ok
                  near 1e-9 "ln L" fit.LogLikelihood (Array.sum densities)
                  let single = RowPredictor.ofFit fit
                  let target = Array.zeroCreate 3

                  for n in 0 .. labels.Length - 1 do
                      let row = rows.Value[n, *]
                      Assert.Equal(densities[n], single.Responsibilities(ReadOnlySpan row, Span target))
                      Assert.Equal<float[]>(shares[n, *], target)
                      Assert.Equal(labels[n], single.Label(ReadOnlySpan row))
                      near 1e-12 "sum of the responsibilities" 1.0 (Array.sum shares[n, *])

                  // Far from everything only the constant density is left.
                  Assert.Equal(Noise.Label, single.Label(ReadOnlySpan [| 1e6; -1e6 |]))
                  let expected = log (Array.last fit.Weights) + fit.Model.Family.Noise.Value.LogDensity
                  near 1e-12 "ln p" expected (single.LogDensity(ReadOnlySpan [| 1e6; -1e6 |])))
          testCase "draws of noise are uniform between the smallest and the largest numbers" (fun () ->
              let fit = source.Value |> Gmm.fit automatic |> ok
              let sample = fit |> Sample.draw Sample.defaults 20_000 |> ok
              let noise = sample.Components |> Array.filter ((=) Noise.Label) |> Array.length
              near 0.01 "share of the noise" (Array.last fit.Weights) (float noise / 20_000.0)

              let only =
                  fit
                  |> Sample.draw
                      { Sample.defaults with
                          Component = Some Noise.Label }
                      20_000
                  |> ok

              Assert.True(only.Components |> Array.forall ((=) Noise.Label))

              for j in 0..1 do
                  let known, drawn = rows.Value[*, j], only.Rows[*, j]
                  Assert.True(Array.min drawn >= Array.min known && Array.max drawn <= Array.max known)
                  near 0.2 "mean" (0.5 * (Array.min known + Array.max known)) (Array.average drawn))
          testCase "a saved fit comes back" (fun () ->
              let fit = source.Value |> Gmm.fit automatic |> ok

              inFolder (fun folder ->
                  let path = IO.Path.Combine(folder, "fit.json")
                  fit |> Persist.save path |> ok
                  let again: Fit<Gaussian> = Persist.load path |> ok
                  Assert.Equal<int64[]>(bits (parameters fit.Mixture), bits (parameters again.Mixture))
                  Assert.Equal(fit.Bic, again.Bic)
                  let labels fit = Predict.labels fit source.Value |> ok
                  Assert.Equal<int[]>(labels fit, labels again)
                  Assert.Equal(fit.Model.Family.Noise, again.Model.Family.Noise)))
          testCase "functions of the components alone leave the noise out" (fun () ->
              let fit = source.Value |> Gmm.fit automatic |> ok
              let marginal = Conditional.marginal [| 1 |] fit.Mixture |> ok
              Assert.Equal(2, marginal.Components)
              near 1e-12 "sum of the weights" 1.0 (Array.sum marginal.Weights)
              Conditional.create [| 0 |] [| 1 |] fit.Mixture |> ok |> ignore
              Assert.Equal(2, (Comparison.ofFits fit fit |> ok).Pairs.Length)
              let inside = fit.Mixture |> Sample.within (Region.Confidence 0.5) Sample.defaults 100 |> ok
              Assert.True(inside.Components |> Array.forall (fun k -> k >= 0))
              let summary = Summary.onData [||] fit source.Value |> ok
              Assert.Contains("2 components and noise", summary)
              Assert.Contains("weight of the noise", summary)
              let labels = Predict.labels fit source.Value |> ok
              let noise = labels |> Array.filter ((=) Noise.Label) |> Array.length
              Assert.True(Text.RegularExpressions.Regex.IsMatch(summary, $"rows labelled noise +{noise}\n"))) ]

[<Tests>]
let ``errors`` =
    testList
        "Noise: errors"
        [ testCase "each error tells the rule and the value" (fun () ->
              let message options = (source.Value |> Gmm.fit options |> error).Message

              for volume in [ 0.0; -1.0; nan; infinity ] do
                  Assert.Contains(
                      "Noise must be a volume above 0, and finite",
                      message
                          { automatic with
                              Noise = Some(NoiseVolume.Given volume) }
                  )

              Assert.Contains(
                  "one number for each of the 2 components and one for the noise",
                  message
                      { automatic with
                          StartWeights = Some [| 1.0; 1.0 |] }
              )

              Assert.Contains(
                  "between 0 and 1",
                  message
                      { automatic with
                          Noise = None
                          Start = Start.Labels labels.Value }
              )

              let constant = sourceOf [| for n in 0..19 -> [| float n; 7.0 |] |]

              match
                  constant
                  |> Gmm.fit
                      { automatic with
                          Family.Structure = Spherical }
                  |> error
              with
              | ConstantColumn(1, 7.0) -> ()
              | other -> Assert.Fail other.Message

              let clustering =
                  source.Value
                  |> KMeans.fit
                      { KMeans.defaults with
                          Components = 2
                          Noise = Some NoiseVolume.Hypervolume }
                  |> error

              Assert.Contains("Noise must be None for k-means", clustering.Message))
          testCase "a column that others determine leaves the volume to the columns' ranges" (fun () ->
              let rows =
                  Array.init 60 (fun n ->
                      let x = float (n % 7) + float (n % 2 * 40)
                      [| x; x; float (n * 5 % 11) |])

              let fit = sourceOf rows |> Gmm.fit automatic |> ok
              near 1e-9 "volume" (46.0 * 46.0 * 10.0) (exp -fit.Model.Family.Noise.Value.LogDensity)
              Assert.True(allFinite fit.Trace && allFinite fit.Weights))
          testCase "a start must have the components that the options ask for" (fun () ->
              let three =
                  source.Value
                  |> Gmm.fit
                      { automatic with
                          Components = 3
                          Noise = None }
                  |> ok

              let noisy = source.Value |> Gmm.fit automatic |> ok

              for options, start in
                  [ automatic, three.Mixture
                    { automatic with
                        Components = 3
                        Noise = None },
                    noisy.Mixture ] do
                  let error =
                      source.Value
                      |> Gmm.fit
                          { options with
                              Start = Start.Mixture start }
                      |> error

                  Assert.Contains("Start mixture must be", error.Message))
          testCase "labels must have a component" (fun () ->
              let error =
                  source.Value
                  |> Gmm.fit
                      { automatic with
                          Start = Start.Labels(Array.create 300 Noise.Label) }
                  |> error

              Assert.Contains("Start labels must be of a component in at least one row", error.Message))
          testCase "what has no noise says so" (fun () ->
              let fit = source.Value |> Gmm.fit automatic |> ok
              let divergence = Divergence.kullbackLeibler Divergence.defaults fit fit |> error
              Assert.Contains("mixtures without noise", divergence.Message)
              let imputed = Impute.means fit source.Value |> error
              Assert.Contains("without noise", imputed.Message)
              let missing = source.Value |> Gmm.fit { automatic with Missing = Missing.Fit } |> error
              Assert.Contains("Missing must be Reject for a fit with noise", missing.Message)
              let drawn = Sample.ofMixture Gaussian.family Sample.defaults 10 fit.Mixture |> error
              Assert.Contains("The weights of the mixture must be 2", drawn.Message))
          testCase "components that lost their weight to the noise share it without the noise" (fun () ->
              let fit = source.Value |> Gmm.fit automatic |> ok

              let empty =
                  { fit.Mixture with
                      LogWeights = Tensor.vector [| -infinity; -infinity; 0.0 |] }

              Assert.Equal<float[]>([| 0.5; 0.5 |], (Mixture.clusters 2 empty).Weights)

              let small =
                  { fit.Mixture with
                      LogWeights = Tensor.vector [| -2000.0; -2000.0 - log 3.0; 0.0 |] }

              nearAll 1e-9 "weights" [| 0.75; 0.25 |] (Mixture.clusters 2 small).Weights) ]
