/// Standard errors and numbers of components by fits of resampled data.
module Gmm.Tests.BootstrapTests

open System
open Expecto
open Gmm
open Gmm.Tests.FormulaTest
open Gmm.Tests.Support
open Gmm.Tests.UncertaintyTests

let private json = lazy (oracle "standard-errors-faithful.json")

let private faithful = lazy (DataSet.faithful ())

/// Options for two components on Old Faithful, in the order of the oracle.
let private options structure tolerance =
    { Gmm.defaults with
        Components = 2
        Family.Structure = structure
        Start = Start.Labels faithful.Value.Labels
        Tolerance = tolerance
        MaxIterations = 300 }

let private resample resampling replicates options (fit: Fit<'θ>) source =
    source
    |> Bootstrap.run
        { Bootstrap.defaults with
            Resampling = resampling
            Replicates = replicates }
        options
        fit

let private all =
    [ Resampling.Nonparametric; Resampling.Parametric; Resampling.WeightedLikelihood; Resampling.Jackknife ]

let private withThreads threads (options: FitOptions<GaussianKind, Gaussian>) =
    { options with
        Execution =
            { Execution.Default with
                Threads = threads } }

[<Tests>]
let ``an independent program`` =
    testList
        "Bootstrap: an independent program"
        [ formulas [ "(n−1)/n Σᵢ (θ₍ᵢ₎ − θ̄)², the jackknife's variance", "Tukey 1958; Efron 1979" ]
          <| testTheory "the jackknife of Old Faithful" [ "VVV"; "EEE"; "VVI" ] (fun model ->
              let case = cases.Value |> List.find (fst >> (=) model) |> snd
              let options = options (Structure.parse model |> ok) 1e-13
              let fit = faithful.Value.Source |> Gmm.fit options |> ok
              let found = faithful.Value.Source |> resample Resampling.Jackknife 2 options fit |> ok
              Assert.Equal(272, Array2D.length1 found.Replicates)

              relativelyNear
                  1e-5
                  model
                  (case |> field "se_jackknife" |> numbers)
                  (pick found.Names (namesOf model case) found.StandardErrors.Errors))
          formulas
              [ "the weighted likelihood bootstrap of mixtures", "O'Hagan, Murphy, Scrucca and Gormley 2019"
                "standard deviations of replicates", "Efron 1979" ]
          <| testTheory
              "mclust's standard errors of 999 replicates, within what chance explains"
              [ "VVV"; "EEE" ]
              (fun model ->
                  let case = cases.Value |> List.find (fst >> (=) model) |> snd

                  let theirs = case |> field "mclust_bootstrap"
                  let options = options (Structure.parse model |> ok) 1e-6
                  let fit = faithful.Value.Source |> Gmm.fit options |> ok

                  for resampling, name in
                      [ Resampling.Nonparametric, "bs"
                        Resampling.WeightedLikelihood, "wlbs"
                        Resampling.Parametric, "pb" ] do
                      let theirs = theirs |> field name
                      let found = faithful.Value.Source |> resample resampling 999 options fit |> ok
                      let ours = Array.zip found.Names found.StandardErrors.Errors |> Map
                      Assert.Empty found.Failures
                      // mclust lists the component of the long eruptions first.
                      let means, covariances =
                          [ for row in (theirs |> field "means").EnumerateArray() -> numbers row ],
                          [ for matrix in (theirs |> field "covariances").EnumerateArray() -> matrixOf matrix ]

                      // Two standard deviations of 999 draws each differ by 3 % and, for variances of long tails, by 6 %.
                      let check tolerance what expected =
                          relativelyNear tolerance $"{model}, {name}: {what}" [| expected |] [| ours[what] |]

                      check 0.1 "weight[0]" (theirs |> field "weights" |> numbers |> Array.head)

                      for k in 0..1 do
                          for j in 0..1 do
                              check 0.1 $"mean[{k},{j}]" means[1 - k].[j]

                          // The two of EEE are one.
                          let own = if model = "VVV" then $"{k}," else ""

                          for i, j in [ 0, 0; 1, 0; 1, 1 ] do
                              check 0.18 $"covariance[{own}{i},{j}]" covariances[1 - k].[i, j])
          formulas [ "p = (1 + #{replicates ≥ 2(ln L(K+1) − ln L(K))}) / (B + 1)", "McLachlan 1987" ]
          <| testTheory "the test of one component against two" [ "VVV"; "EEE"; "VVI" ] (fun model ->
              let theirs = json.Value |> field "likelihood_ratio_bootstrap" |> field model

              let test =
                  faithful.Value.Source
                  |> Bootstrap.likelihoodRatio
                      19
                      { Gmm.defaults with
                          Family.Structure = Structure.parse model |> ok
                          Start = Start.KMeans }
                  |> ok

              Assert.Equal(1, test.Components)
              // A replicate of one group may have a spike on the floor of its covariance.
              Assert.Equal(19, test.Replicates.Length + test.Failures.Length)
              Assert.True(test.Failures.Length <= 2)

              relativelyNear
                  2e-6
                  $"{model}: statistic"
                  [| (theirs |> field "lrts" |> numbers)[0] |]
                  [| test.Statistic |]
              // The least that so many replicates can give.
              Assert.Equal(1.0 / float (test.Replicates.Length + 1), test.PValue)) ]

[<Tests>]
let tests =
    testList
        "Bootstrap"
        [ testCase "the number of threads changes no bit" (fun () ->
              let fit = fitFaithful Full 1e-6

              let run threads =
                  all
                  |> List.map (fun resampling ->
                      (faithful.Value.Source
                       |> resample resampling 20 (withThreads threads (options Full 1e-6)) fit
                       |> ok)
                          .Replicates
                      |> flat
                      |> bits)
                  |> Array.concat

              let expected = run 1

              for threads in [ 2; 5 ] do
                  Assert.Equal<int64[]>(expected, run threads)

              let test threads =
                  (faithful.Value.Source
                   |> Bootstrap.likelihoodRatio
                       3
                       (withThreads
                           threads
                           { Gmm.defaults with
                               Family.Structure = Diag })
                   |> ok)
                      .Replicates
                  |> bits

              Assert.Equal<int64[]>(test 1, test 3))
          testCase "another seed has other replicates, and the jackknife has none to draw" (fun () ->
              let fit = fitFaithful Full 1e-6

              for resampling in all do
                  let run seed =
                      (faithful.Value.Source
                       |> Bootstrap.run
                           { Resampling = resampling
                             Replicates = 5
                             Seed = seed }
                           (options Full 1e-6)
                           fit
                       |> ok)
                          .Replicates

                  if resampling = Resampling.Jackknife then
                      Assert.Equal<float[,]>(run 0, run 1)
                  else
                      Assert.NotEqual<float[,]>(run 0, run 1))
          formulas [ "the standard error of a mean is s/√n: √((n−1)/n) of it by resampling", "Efron 1979, §2" ]
          <| testCase "a mean has its closed forms" (fun () ->
              let column = faithful.Value.Source |> Source.map 1 _.Select([| 0 |])

              let options =
                  { Gmm.defaults with
                      Execution = Execution.Default }

              let fit = column |> Gmm.fit options |> ok
              let error = sqrt ((Gaussian.covariance fit.Parameters 0)[0, 0] / 272.0)

              let errorOf resampling =
                  let found = column |> resample resampling 2000 options fit |> ok
                  (pick found.Names [| "mean[0,0]" |] found.StandardErrors.Errors)[0]

              // A standard deviation of 2000 draws has an error of 1.6 %.
              for resampling in [ Resampling.Nonparametric; Resampling.Parametric; Resampling.WeightedLikelihood ] do
                  relativelyNear 0.06 $"{resampling}" [| error |] [| errorOf resampling |]

              // The jackknife of a mean is s/√n itself.
              relativelyNear 1e-9 "jackknife" [| error * sqrt (272.0 / 271.0) |] [| errorOf Resampling.Jackknife |])
          formulas [ "(n−1)(θ̄ − θ̂), the jackknife's bias", "Quenouille 1956; Efron 1979" ]
          <| testCase "the jackknife finds the bias of a variance" (fun () ->
              let column = faithful.Value.Source |> Source.map 1 _.Select([| 0 |])
              let fit = column |> Gmm.fit Gmm.defaults |> ok
              let found = column |> resample Resampling.Jackknife 2 Gmm.defaults fit |> ok
              let variance = (Gaussian.covariance fit.Parameters 0)[0, 0]
              let bias = pick found.Names [| "covariance[0,0,0]" |] found.Bias
              relativelyNear 1e-8 "bias of Σ(x−x̄)²/n" [| -variance / 271.0 |] bias

              let intervals = Bootstrap.intervals 0.9 found |> ok
              Assert.Equal<(float * float)[]>(StandardErrors.intervals 0.9 found.StandardErrors |> ok, intervals))
          testCase "intervals are percentiles of the replicates" (fun () ->
              let found =
                  { Resampling = Resampling.Nonparametric
                    Names = [| "a"; "b" |]
                    Estimates = [| 3.0; 0.0 |]
                    Replicates = Array2D.init 5 2 (fun b i -> if i = 0 then float (5 - b) else float (b * b))
                    Failures = [] }

              // R: quantile(1:5, c(.25, .75)), quantile((0:4)^2, c(.05, .95)).
              Assert.Equal((2.0, 4.0), (Bootstrap.intervals 0.5 found |> ok)[0])
              let low, high = (Bootstrap.intervals 0.9 found |> ok)[1]
              near 1e-12 "low" 0.2 low
              near 1e-12 "high" 14.6 high
              Assert.Equal<float>([ 0.0; 6.0 ], found.Bias)
              relativelyNear 1e-12 "errors" [| sqrt 2.5; sqrt 43.5 |] found.StandardErrors.Errors
              near 1e-12 "covariance" -10.0 found.StandardErrors.Covariance[0, 1]
              Assert.True(Result.isError (Bootstrap.intervals 1.0 found)))
          testCase "a weight of 2 acts as two rows" (fun () ->
              let doubled = faithful.Value.Rows |> Array.collect (Array.replicate 2) |> sourceOf
              let weighted = faithful.Value.Source |> Source.weighted (Array.create 272 2.0) |> ok
              let fit = fitFaithful Full 1e-10

              let options =
                  { options Full 1e-10 with
                      Start = Start.KMeans }

              for resampling in all do
                  let run source = source |> resample resampling 4 options fit |> ok
                  let ofRows, ofWeights = run doubled, run weighted
                  Assert.Equal(Array2D.length1 ofRows.Replicates, Array2D.length1 ofWeights.Replicates)

                  relativelyNear 1e-6 $"{resampling}" (flat ofRows.Replicates) (flat ofWeights.Replicates))
          testCase "noise, missing cells and products take part" (fun () ->
              let check name options (source: Source) =
                  let fit = source |> Gmm.fit options |> ok

                  for resampling in all do
                      let found = source |> resample resampling 8 options fit |> ok
                      Assert.True(allFinite (flat found.Replicates), $"{name}, {resampling}")
                      Assert.True(Array2D.length1 found.Replicates >= 4, $"{name}, {resampling}")

              let iris = DataSet.iris ()

              check
                  "noise"
                  { Gmm.defaults with
                      Components = 2
                      Noise = Some NoiseVolume.Hypervolume
                      Start = Start.KMeans }
                  iris.Source

              let incomplete =
                  iris.Rows
                  |> Array.mapi (fun n row ->
                      row |> Array.mapi (fun j x -> if n % 7 = 0 || (n + j) % 6 = 0 then nan else x))
                  |> sourceOf

              check
                  "missing cells"
                  { Gmm.defaults with
                      Components = 2
                      Missing = Missing.Fit
                      Family.Structure = Diag }
                  incomplete

              let parts =
                  [ Part.create [| 0; 1 |] GaussianKind.defaults
                    Part.create [| 2 |] Exponential.family
                    Part.create
                        [| 3 |]
                        { GaussianKind.defaults with
                            Structure = Diag } ]

              check
                  "product"
                  { Gmm.defaultsOf (ProductKind.ofParts parts) with
                      Components = 2 }
                  iris.Source)
          testCase "draws miss the cells that the data miss" (fun () ->
              let rows = Array.init 400 (fun n -> [| float (n % 20); (if n % 4 = 0 then float (n % 13) else nan) |])

              let options =
                  { Gmm.defaults with
                      Missing = Missing.Fit
                      Family.Structure = Diag }

              let source = sourceOf rows
              let fit = source |> Gmm.fit options |> ok
              let found = source |> resample Resampling.Parametric 400 options fit |> ok
              let errors = Uncertainty.standardErrors Information.Observed fit source |> ok

              // A mean of a quarter of the rows has twice the error that all would give it.
              let names = [| "mean[0,0]"; "mean[0,1]" |]

              relativelyNear
                  0.12
                  "errors"
                  (pick errors.Names names errors.Errors)
                  (pick found.Names names found.StandardErrors.Errors))
          testCase "replicates without a fit are counted, and fewer fits than half are an error" (fun () ->
              // Of four rows in the plane, two thirds of the resamples have the three different ones that a covariance needs.
              let rows = [| [| 0.0; 0.0 |]; [| 1.0; 3.0 |]; [| 4.0; 1.0 |]; [| 5.0; 5.0 |] |]
              let fit source = source |> Gmm.fit Gmm.defaults |> ok
              let four = sourceOf rows
              let found = four |> resample Resampling.Nonparametric 300 Gmm.defaults (fit four) |> ok
              Assert.Equal(300, found.Failures.Length + Array2D.length1 found.Replicates)
              Assert.InRange(float found.Failures.Length / 300.0, 0.25, 0.43)

              for _, failure in found.Failures do
                  match failure with
                  | FlooredComponent(Some 0, _) -> ()
                  | other -> Assert.Fail other.Message

              let three = sourceOf rows[..2]
              let failure = three |> resample Resampling.Nonparametric 60 Gmm.defaults (fit three) |> error

              Assert.Matches(
                  @"^The data must have replicates of which at least half, and at least 2, have a fit, but \d+ of 60 failed, the first one so: The spread of component 0",
                  failure.Message
              ))
          testCase "options and data that a bootstrap can't have" (fun () ->
              let fit = fitFaithful Full 1e-6
              let source = faithful.Value.Source

              let message resampling replicates options source =
                  (resample resampling replicates options fit source |> error).Message

              Assert.Equal(
                  "Replicates must be at least 2, but is 1.",
                  message Resampling.Parametric 1 (options Full 1e-6) source
              )

              let halves = source |> Source.weighted (Array.create 272 0.5) |> ok

              Assert.Equal(
                  "SampleWeights[0] must be a whole number for a bootstrap, which counts the copies of rows, but is 0.5.",
                  message Resampling.Nonparametric 9 (options Full 1e-6) halves
              )

              Assert.StartsWith(
                  "The fit for these options must be tied_full with 2 components of 2 features",
                  message Resampling.Nonparametric 9 (options TiedFull 1e-6) source
              )

              let found = source |> KMeans.fit KMeans.defaults |> ok

              Assert.StartsWith(
                  "Family must be one that EM fits, for a bootstrap",
                  (source |> resample Resampling.Nonparametric 9 KMeans.defaults found.Fit |> error).Message
              )

              Assert.Equal(
                  "Replicates must be at least 2, but is 0.",
                  (source |> Bootstrap.likelihoodRatio 0 Gmm.defaults |> error).Message
              )

              Assert.Equal(
                  "Most must be at least Components = 3, but is 2.",
                  (source |> Bootstrap.components 9 0.05 2 { Gmm.defaults with Components = 3 } |> error).Message
              )

              Assert.StartsWith(
                  "Level must be",
                  (source |> Bootstrap.components 9 5.0 2 Gmm.defaults |> error).Message
              )

              for start in [ Start.Means(array2D [ [ 3.0; 70.0 ] ]); Start.Labels(Array.zeroCreate 272) ] do
                  let given = { Gmm.defaults with Start = start }

                  let rule =
                      "Start must be one that the data give, such as Auto, for a test of K components against K + 1"

                  Assert.StartsWith(rule, (source |> Bootstrap.likelihoodRatio 9 given |> error).Message)
                  Assert.StartsWith(rule, (source |> Bootstrap.components 19 0.05 2 given |> error).Message)

              let weighted =
                  { Gmm.defaults with
                      StartWeights = Some [| 1.0 |] }

              Assert.StartsWith(
                  "StartWeights must be None for a test",
                  (source |> Bootstrap.likelihoodRatio 9 weighted |> error).Message
              ))
          testCase "tests choose the number of groups" (fun () ->
              let random = RandomStream.ofSeed 11

              let source = Array.init 120 (fun n -> [| 9.0 * float (n % 3) + Draw.standardNormal random |]) |> sourceOf

              let options =
                  { Gmm.defaults with
                      Family.Structure = TiedSpherical
                      Start = Start.KMeans }

              let chosen, tests = source |> Bootstrap.components 39 0.05 6 options |> ok
              Assert.Equal(3, chosen)
              Assert.Equal<int list>([ 1; 2; 3 ], tests |> List.map _.Components)
              Assert.True(tests[0].PValue <= 0.05 && tests[1].PValue <= 0.05 && tests[2].PValue > 0.05)
              // No test is made beyond the largest number.
              let chosen, tests = source |> Bootstrap.components 39 0.05 2 options |> ok
              Assert.Equal(2, chosen)
              Assert.Equal(1, tests.Length)) ]
