/// Standard errors of fits by the shape of the likelihood.
module Gmm.Tests.UncertaintyTests

open System
open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.FormulaTest
open Gmm.Tests.Support

let private json = lazy (oracle "standard-errors-faithful.json")

/// The oracle's cases, by the names of their structures.
let cases: Lazy<(string * JsonElement) list> =
    lazy [ for case in (json.Value |> field "cases").EnumerateArray() -> (case |> field "model").GetString(), case ]

/// The library's names of the oracle's parameters: "cov 0,1,0" is covariance[0,1,0], covariance[1,0] where components share it, and
/// "cov 0,1,1" is variance[0,1] of a diagonal matrix.
let namesOf (model: string) (case: JsonElement) : string[] =
    [| for name in (case |> field "parameters").EnumerateArray() do
           let word, indices = (let parts = name.GetString().Split ' ' in parts[0], parts[1])

           match word with
           | "cov" when model = "EEE" -> $"covariance[{indices[2..]}]"
           | "cov" when model = "VVI" -> $"variance[{indices[..2]}]"
           | "cov" -> $"covariance[{indices}]"
           | word -> $"{word}[{indices}]" |]

/// The fit of Old Faithful from its two groups, at the maximum.
let fitFaithful structure (tolerance: float) =
    let data = DataSet.faithful ()

    data.Source
    |> Gmm.fit
        { Gmm.defaults with
            Components = 2
            Family.Structure = structure
            Start = Start.Labels data.Labels
            Tolerance = tolerance
            MaxIterations = 300
            Execution = oneThread }
    |> ok

/// Numbers by the names of an oracle's parameters.
let pick (names: string[]) (wanted: string[]) (numbers: float[]) =
    wanted |> Array.map (fun name -> numbers[Array.IndexOf(names, name)])

let private errorsOf information fit source = Uncertainty.standardErrors information fit source |> ok

let private informations = [ Information.Observed; Information.Sandwich; Information.OuterProduct ]

// ── Fits of every kind ──────────────────────────────────────────────────────────────────────────────────────────────

/// A fit of some kind that is not at its maximum, and its data: what the tests do with them.
type private Use =
    abstract On: name: string * fit: Fit<'θ> * source: Source -> unit

let private short components kind =
    { exactly 3 components Start.KMeans kind with
        Execution = oneThread }

let private mixedRows =
    lazy
        (let random = RandomStream.ofSeed 7

         Array.init 90 (fun n ->
             let high, uniform = n % 2, random.NextDouble

             [| float (if uniform () < 0.3 + 0.4 * float high then 1 else 0)
                floor (uniform () * (3.0 + 4.0 * float high))
                floor (uniform () * 3.0)
                floor (uniform () * uniform () * (8.0 + 20.0 * float high))
                (0.1 + uniform ()) * uniform () * (1.0 + 3.0 * float high)
                uniform () + uniform () + 2.0 * float high
                uniform () - uniform () |]))

let private withGaps (rows: float[][]) =
    rows |> Array.mapi (fun n row -> row |> Array.mapi (fun j x -> if (7 * n + 3 * j) % 5 = 0 then nan else x))

let private parts =
    [ Part.create [| 0 |] Bernoulli.family
      Part.create [| 1 |] (Binomial.family 6)
      Part.create [| 2 |] (Categorical.family 3)
      Part.create [| 3 |] Poisson.family
      Part.create [| 4 |] Exponential.family
      Part.create [| 6; 5 |] GaussianKind.defaults ]

/// Uses fits of every built-in kind, with weights, noise, missing cells and priors.
let private onEveryKind (test: Use) =
    let iris = DataSet.iris ()
    let weights = Array.init 150 (fun n -> 0.5 + float (n % 4))
    let weighted = iris.Source |> Source.weighted weights |> ok
    let mixed = sourceOf mixedRows.Value
    let column j = mixed |> Source.map 1 _.Select([| j |])

    for structure in Structure.all do
        let kind =
            { GaussianKind.defaults with
                Structure = structure }

        test.On($"{structure}", weighted |> Gmm.fit (short 2 kind) |> ok, weighted)

    test.On("one component", iris.Source |> Gmm.fit (short 1 GaussianKind.defaults) |> ok, iris.Source)

    let incomplete = sourceOf (withGaps iris.Rows)

    let missing =
        { short 2 GaussianKind.defaults with
            Missing = Missing.Fit }

    test.On("missing cells", incomplete |> Gmm.fit missing |> ok, incomplete)

    let noisy =
        { short 2 GaussianKind.defaults with
            Noise = Some NoiseVolume.Hypervolume }

    test.On("noise", weighted |> Gmm.fit noisy |> ok, weighted)

    test.On("Student's t", weighted |> Gmm.fit (short 2 StudentTKind.defaults) |> ok, weighted)

    let means, covariances = Prior.fromData Full 2 iris.Source |> ok

    let believing =
        { short
              2
              { GaussianKind.defaults with
                  MeanPrior = Some means
                  CovariancePrior = Some covariances } with
            WeightPrior = Dirichlet [| 3.0 |] }

    test.On("priors", iris.Source |> Gmm.fit believing |> ok, iris.Source)

    let fixedWeights =
        { short 2 GaussianKind.defaults with
            WeightPrior = Fixed
            StartWeights = Some [| 0.3; 0.7 |] }

    test.On("fixed weights", iris.Source |> Gmm.fit fixedWeights |> ok, iris.Source)

    let one (family: ExponentialFamily) j = test.On(family.Name, column j |> Gmm.fit (short 2 family) |> ok, column j)

    one Bernoulli.family 0
    one (Binomial.family 6) 1
    one (Categorical.family 3) 2
    one Poisson.family 3
    one Exponential.family 4
    one Families.geometric 3
    test.On("product", mixed |> Gmm.fit (short 2 (ProductKind.ofParts parts)) |> ok, mixed)

    let incomplete = sourceOf (withGaps mixedRows.Value)

    let missing =
        { short 2 (ProductKind.ofParts parts) with
            Missing = Missing.Fit }

    test.On("product with missing cells", incomplete |> Gmm.fit missing |> ok, incomplete)

/// ln L + ln prior, in coordinates.
let private objective (fit: Fit<'θ>) (source: Source) : float[] -> float =
    use pass = Model.openPass fit.Model source |> ok

    fun numbers ->
        let mixture = Coordinates.toMixture fit.Model.Family fit.Mixture numbers |> ok
        pass.Expect(Soft, mixture).LogLikelihood + Model.logPrior fit.Model mixture

/// Whether a fit has no prior.
let private isFlat (fit: Fit<'θ>) = Model.logPrior fit.Model fit.Mixture = 0.0

/// Columns of whole numbers, for closed forms.
let private alone j kind =
    let source = sourceOf mixedRows.Value |> Source.map 1 _.Select([| j |])
    let numbers = mixedRows.Value |> Array.map (fun row -> row[j])
    source |> Gmm.fit (short 1 kind) |> ok, source, numbers

[<Tests>]
let ``an independent program`` =
    testList
        "Uncertainty: an independent program"
        [ formulas
              [ "I = −Σₙ ∂sₙ/∂θ, the observed information", "Efron and Hinkley 1978; McLachlan and Peel 2000, §2.15"
                "I⁻¹BI⁻¹ with B = Σₙ sₙsₙᵀ", "Huber 1967; White 1982" ]
          <| testTheory
              "standard errors of Old Faithful by all three informations"
              [ "VVV"; "EEE"; "VVI" ]
              (fun model ->
                  let case = cases.Value |> List.find (fst >> (=) model) |> snd
                  let fit = fitFaithful (Structure.parse model |> ok) 0.0
                  let source, names = (DataSet.faithful ()).Source, namesOf model case

                  for information, key in
                      [ Information.Observed, "se_observed_information"
                        Information.Sandwich, "se_sandwich"
                        Information.OuterProduct, "se_outer_product" ] do
                      let errors = errorsOf information fit source

                      relativelyNear
                          1e-6
                          $"{model}, {information}"
                          (case |> field key |> numbers)
                          (pick errors.Names names errors.Errors)

                      relativelyNear
                          1e-6
                          $"{model}: estimates"
                          (case |> field "estimate" |> numbers)
                          (pick errors.Names names errors.Estimates)

                  // The covariance is the inverse of the information of the parameters themselves.
                  let errors = errorsOf Information.Observed fit source
                  let expected = (case |> field "observed_information" |> matrixOf |> dense).Inverse()
                  let places = names |> Array.map (fun name -> Array.IndexOf(errors.Names, name))

                  for i in 0 .. names.Length - 1 do
                      for j in 0 .. names.Length - 1 do
                          near
                              1e-6
                              $"{model}: covariance of {names[i]} and {names[j]}, in standard errors"
                              (expected[i, j] / sqrt (expected[i, i] * expected[j, j]))
                              (errors.Covariance[places[i], places[j]] / sqrt (expected[i, i] * expected[j, j])))
          testCase
              "the default tolerance changes no standard error of Old Faithful by more than a thousandth"
              (fun () ->
                  for model in [ Full; TiedFull; Diag ] do
                      for information in informations do
                          let errors tolerance =
                              (errorsOf information (fitFaithful model tolerance) (DataSet.faithful ()).Source).Errors

                          relativelyNear 1e-3 $"{model}, {information}" (errors 0.0) (errors Gmm.defaults.Tolerance)) ]

[<Tests>]
let ``closed forms`` =
    testList
        "Uncertainty: closed forms"
        [ formulas
              [ "Var μ̂ = Σ/n, Cov(σ̂ᵢⱼ, σ̂ₖₗ) = (σᵢₖσⱼₗ + σᵢₗσⱼₖ)/n", "Anderson 2003, §3.4; Magnus and Neudecker 1979" ]
          <| testCase "one Gaussian component" (fun () ->
              let source = (DataSet.iris ()).Source
              let fit = source |> Gmm.fit Gmm.defaults |> ok
              let errors = errorsOf Information.Observed fit source
              let sigma = Gaussian.covariance fit.Parameters 0

              let expected (a: string) (b: string) =
                  let indices (name: string) = name[name.IndexOf '[' + 1 .. name.Length - 2].Split ',' |> Array.map int

                  match a.StartsWith "mean", b.StartsWith "mean", indices a, indices b with
                  | true, true, [| _; i |], [| _; j |] -> sigma[i, j] / 150.0
                  | false, false, [| _; i; j |], [| _; k; l |] ->
                      (sigma[i, k] * sigma[j, l] + sigma[i, l] * sigma[j, k]) / 150.0
                  | _ -> 0.0

              Assert.Equal("weight[0]", errors.Names[0])
              Assert.Equal(0.0, errors.Errors[0])
              let places = [ 1 .. errors.Names.Length - 1 ]
              Assert.Equal(14, places.Length)
              let scale = Array.init errors.Names.Length (fun i -> sqrt (expected errors.Names[i] errors.Names[i]))

              for i in places do
                  for j in places do
                      near
                          1e-9
                          $"{errors.Names[i]}, {errors.Names[j]}"
                          (expected errors.Names[i] errors.Names[j] / (scale[i] * scale[j]))
                          (errors.Covariance[i, j] / (scale[i] * scale[j])))
          formulas
              [ "√(p(1−p)/n) for a share, √(λ/n) for a rate of counts, λ/√n for one of waiting times",
                "Lehmann and Casella 1998, §2.5" ]
          <| testCase "one component of the exponential families" (fun () ->
              let check name kind j (expected: float -> float[] -> float) =
                  let fit, source, numbers = alone j kind
                  let errors = errorsOf Information.Observed fit source

                  for i in 1 .. errors.Names.Length - 1 do
                      relativelyNear
                          1e-9
                          $"{name}: {errors.Names[i]}"
                          [| expected errors.Estimates[i] numbers |]
                          [| errors.Errors[i] |]

              let share trials p (numbers: float[]) = sqrt (p * (1.0 - p) / (trials * float numbers.Length))

              check "Bernoulli" Bernoulli.family 0 (share 1.0)
              check "binomial" (Binomial.family 6) 1 (share 6.0)
              check "categorical" (Categorical.family 3) 2 (share 1.0)
              check "Poisson" Poisson.family 3 (fun rate numbers -> sqrt (rate / float numbers.Length))
              check "exponential" Exponential.family 4 (fun rate numbers -> rate / sqrt (float numbers.Length)))
          formulas [ "I⁻¹BI⁻¹ of a mean is s²/n for any data", "White 1982" ]
          <| testCase "the sandwich gives the error of a mean whatever the distribution" (fun () ->
              let fit, source, numbers = alone 3 Poisson.family
              let errors = errorsOf Information.Sandwich fit source
              let mean = Array.average numbers
              let variance = numbers |> Array.averageBy (fun x -> (x - mean) * (x - mean))
              relativelyNear 1e-9 "rate" [| sqrt (variance / 90.0) |] [| errors.Errors[1] |])
          testCase "a missing cell takes its information away, and no other" (fun () ->
              let rows = withGaps (DataSet.iris ()).Rows
              let source = sourceOf rows

              let fit =
                  source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Family.Structure = Diag
                          Missing = Missing.Fit
                          Tolerance = 1e-14 }
                  |> ok

              let errors = errorsOf Information.Observed fit source

              for j in 0..3 do
                  let observed = rows |> Array.filter (fun row -> not (Double.IsNaN row[j])) |> Array.length |> float
                  let variance = (Gaussian.covariance fit.Parameters 0)[j, j]
                  let at name = pick errors.Names [| name |] errors.Errors
                  relativelyNear 1e-6 "mean" [| sqrt (variance / observed) |] (at $"mean[0,{j}]")
                  relativelyNear 1e-6 "variance" [| variance * sqrt (2.0 / observed) |] (at $"variance[0,{j}]"))
          testCase "a weight of 3 counts as three rows" (fun () ->
              let data = DataSet.iris ()
              let tripled = data.Rows |> Array.collect (Array.replicate 3) |> sourceOf
              let weighted = data.Source |> Source.weighted (Array.create 150 3.0) |> ok
              let fit = data.Source |> Gmm.fit (short 2 GaussianKind.defaults) |> ok

              for information in informations do
                  let once, thrice = errorsOf information fit data.Source, errorsOf information fit weighted
                  relativelyNear 1e-8 $"{information}" (errorsOf information fit tripled).Errors thrice.Errors
                  relativelyNear 1e-8 $"{information}" once.Errors (thrice.Errors |> Array.map (fun e -> sqrt 3.0 * e)))
          testCase "intervals are estimates ± z errors" (fun () ->
              let errors =
                  { Names = [| "a" |]
                    Estimates = [| 2.0 |]
                    Covariance = array2D [ [ 4.0 ] ] }

              for level, z in [ 0.95, 1.959963984540054; 0.5, 0.6744897501960817; 0.999, 3.290526731491895 ] do
                  let low, high = (StandardErrors.intervals level errors |> ok)[0]
                  near 1e-12 "low" (2.0 - 2.0 * z) low
                  near 1e-12 "high" (2.0 + 2.0 * z) high

              for level in [ 0.0; 1.0; nan; 95.0 ] do
                  Assert.Equal(
                      $"Level must be above 0 and below 1, but is {level}.",
                      (StandardErrors.intervals level errors |> error).Message
                  )) ]

[<Tests>]
let ``every kind`` =
    testList
        "Uncertainty: every kind"
        [ formulas [ "∇ ln L(θ) = ∇Q(θ′|θ) at θ′ = θ", "Fisher's identity; Dempster, Laird and Rubin 1977, §3" ]
          <| testCase "the scores of the rows sum to the gradient, which is the slope of ln L" (fun () ->
              onEveryKind
                  { new Use with
                      member _.On(name, fit, source) =
                          let gradient = Uncertainty.gradient fit source |> ok
                          let scores = Uncertainty.scores fit source |> ok
                          let weights = source |> Source.collect oneThread (fun b -> Array.init b.Rows b.Weight)

                          let sums =
                              Array.init gradient.Length (fun i -> Array.map2 (*) weights scores[*, i] |> Array.sum)

                          let numbers = Coordinates.ofMixture fit.Model.Family fit.Mixture |> ok
                          let units = Coordinates.units fit.Model.Family fit.Mixture
                          let names = (Uncertainty.coordinateNames fit |> ok)
                          let first, objective = numbers.Length - gradient.Length, objective fit source
                          Assert.Equal(gradient.Length, names.Length)

                          for i in 0 .. gradient.Length - 1 do
                              let unit = units[first + i]
                              // One row has a slope of about 1 in these units.
                              near
                                  (1e-9 * fit.Statistics.Weight)
                                  $"{name}: {names[i]}"
                                  (unit * gradient[i])
                                  (unit * sums[i])

                              if isFlat fit then
                                  let at step =
                                      objective (Array.updateAt (first + i) (numbers[first + i] + step * unit) numbers)

                                  near
                                      (1e-6 * fit.Statistics.Weight)
                                      $"{name}: slope in {names[i]}"
                                      ((at 1e-4 - at -1e-4) / 2e-4)
                                      (unit * gradient[i]) })
          formulas [ "I = −∂²(ln L + ln prior)/∂θ∂θᵀ", "McLachlan and Peel 2000, §2.15" ]
          <| testCase "the information is that of differences of the objective" (fun () ->
              onEveryKind
                  { new Use with
                      member _.On(name, fit, source) =
                          let information = Uncertainty.observedInformation fit source |> ok
                          let numbers = Coordinates.ofMixture fit.Model.Family fit.Mixture |> ok
                          let units = Coordinates.units fit.Model.Family fit.Mixture
                          let count = Array2D.length1 information
                          let first, objective = numbers.Length - count, objective fit source

                          /// −∂² by differences of the second order.
                          let second i j h =
                              let at a b =
                                  let moved = Array.copy numbers
                                  moved[first + i] <- moved[first + i] + a * h * units[first + i]
                                  moved[first + j] <- moved[first + j] + b * h * units[first + j]
                                  objective moved

                              -(at 1.0 1.0 - at 1.0 -1.0 - at -1.0 1.0 + at -1.0 -1.0) / (4.0 * h * h)

                          let random = RandomStream.ofSeed 1

                          for _ in 1..12 do
                              let i, j = random.Next count, random.Next count

                              // Richardson's extrapolation makes them of the fourth.
                              let expected = (4.0 * second i j 2e-3 - second i j 4e-3) / 3.0
                              let inUnits = information[i, j] * units[first + i] * units[first + j]
                              let scale = max fit.Statistics.Weight (abs expected)
                              Assert.Equal(information[j, i], information[i, j])
                              near (1e-6 * scale) $"{name}: {i}, {j}" expected inUnits })
          testCase "all parameters have names of their own and finite values" (fun () ->
              onEveryKind
                  { new Use with
                      member _.On(name, fit, _) =
                          let names, values = Coordinates.parameters fit.Model.Family fit.Mixture |> Array.unzip
                          Assert.Equal(names.Length, (Array.distinct names).Length)
                          Assert.True(allFinite values, name) })
          testCase "parameters have the names of their users" (fun () ->
              let expected =
                  [ "weight[0]"; "part0.probability[0,0]"; "part1.probability[0,0]"; "part2.probability[0,0,2]" ]
                  @ [ "part3.rate[0,0]"; "part4.rate[0,0]"; "part5.mean[0,1]"; "part5.covariance[0,1,0]" ]

              let fit = sourceOf mixedRows.Value |> Gmm.fit (short 1 (ProductKind.ofParts parts)) |> ok
              let names = Coordinates.parameters fit.Model.Family fit.Mixture |> Array.map fst

              for name in expected do
                  Assert.Contains(name, names)

              let ofStructure structure =
                  Gaussian.create structure (array2D [ [ 0.0; 1.0 ]; [ 2.0; 3.0 ] ]) (Tensor.scalar 2.0)
                  |> ok
                  |> Gaussian.family.Coordinates.Parameters
                  |> Array.map fst
                  |> Array.skip 4

              Assert.Equal<string>(
                  [ "covariance[0,0,0]"; "covariance[0,1,0]"; "covariance[0,1,1]"; "covariance[1,0,0]" ],
                  ofStructure Full |> Array.truncate 4
              )

              Assert.Equal<string>([ "covariance[0,0]"; "covariance[1,0]"; "covariance[1,1]" ], ofStructure TiedFull)
              Assert.Equal<string>([ "variance[0,0]"; "variance[0,1]" ], (ofStructure Diag)[..1])
              Assert.Equal<string>([ "variance[0]"; "variance[1]" ], ofStructure TiedDiag)
              Assert.Equal<string>([ "variance[0]"; "variance[1]" ], ofStructure Spherical)
              Assert.Equal<string>([ "variance" ], ofStructure TiedSpherical)) ]

[<Tests>]
let invariance =
    testList
        "Uncertainty: invariance"
        [ testCase "rescaled data have rescaled errors" (fun () ->
              let data = DataSet.faithful ()
              let scaled = data.Rows |> Array.map (fun row -> [| 1e6 * row[0]; 1e-4 * row[1] |]) |> sourceOf
              let fit = fitFaithful Full 0.0

              let other =
                  scaled
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Start = Start.Labels data.Labels
                          Tolerance = 0.0
                          MaxIterations = 300
                          Execution = oneThread }
                  |> ok

              for information in informations do
                  let before, after = errorsOf information fit data.Source, errorsOf information other scaled
                  let factor (name: string) = if name.EndsWith ",0]" then 1e6 else 1e-4

                  before.Names
                  |> Array.iteri (fun i name ->
                      if name.StartsWith "mean" then
                          relativelyNear 1e-7 name [| factor name * before.Errors[i] |] [| after.Errors[i] |]
                      elif name.StartsWith "weight" then
                          relativelyNear 1e-7 name [| before.Errors[i] |] [| after.Errors[i] |]))
          testCase "data far from 0 have the errors of the same data near 0" (fun () ->
              let data = DataSet.faithful ()
              // Numbers with room for the shift: no digit is lost.
              let rows = data.Rows |> Array.map (Array.map (fun x -> Math.Round(1024.0 * x) / 1024.0))
              let shifted = rows |> Array.map (Array.map (fun x -> x + 1073741824.0))

              let run rows information =
                  let source = sourceOf rows

                  let fit =
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Start = Start.Labels data.Labels
                              Tolerance = 0.0
                              MaxIterations = 200
                              Execution = oneThread }
                      |> ok

                  (errorsOf information fit source).Errors

              for information in informations do
                  relativelyNear 1e-6 $"{information}" (run rows information) (run shifted information))
          testCase "the number of threads changes no bit" (fun () ->
              let random = RandomStream.ofSeed 2

              let source =
                  Array.init 9000 (fun n -> [| random.NextDouble() + float (n % 2); random.NextDouble() |]) |> sourceOf

              let run threads =
                  let execution =
                      { Execution.Default with
                          Threads = threads }

                  let fit =
                      source
                      |> Gmm.fit
                          { exactly 200 2 Start.KMeans GaussianKind.defaults with
                              Execution = execution }
                      |> ok

                  informations
                  |> List.map (fun information -> (errorsOf information fit source).Covariance |> flat |> bits)
                  |> Array.concat

              let expected = run 1

              for threads in [ 2; 5 ] do
                  Assert.Equal<int64[]>(expected, run threads))
          testCase "data of float32 have the errors of the same numbers as float64" (fun () ->
              let rows = (DataSet.iris ()).Rows |> Array.map (Array.map float32)
              let narrow, wide = Source.ofFloat32Rows rows |> ok, rows |> Array.map (Array.map float) |> sourceOf
              let fit = wide |> Gmm.fit (short 2 GaussianKind.defaults) |> ok

              for information in informations do
                  Assert.Equal<int64[]>(
                      bits (errorsOf information fit wide).Errors,
                      bits (errorsOf information fit narrow).Errors
                  ))
          testCase "fixed weights have no error, and no coordinates" (fun () ->
              let data = DataSet.faithful ()

              let fit =
                  data.Source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Start = Start.Labels data.Labels
                          WeightPrior = Fixed
                          StartWeights = Some [| 0.36; 0.64 |]
                          Execution = oneThread }
                  |> ok

              Assert.DoesNotContain((Uncertainty.coordinateNames fit |> ok), fun name -> name.Contains "π")

              for information in informations do
                  let errors = errorsOf information fit data.Source
                  Assert.Equal<float>([ 0.0; 0.0 ], errors.Errors[..1])
                  Assert.True(errors.Errors[2..] |> Array.forall (fun error -> error > 0.0))) ]

[<Tests>]
let errors =
    let messageOf information fit source = (Uncertainty.standardErrors information fit source |> error).Message

    testList
        "Uncertainty: errors"
        [ testCase "a probability of 0 has no standard error, and says what has" (fun () ->
              let source = sourceOf [| [| 0.0 |]; [| 0.0 |]; [| 0.0 |] |]
              let fit = source |> Gmm.fit (Gmm.defaultsOf Bernoulli.family) |> ok

              for information in informations do
                  Assert.Matches(
                      @"^η\[0,0,0\]−η\[0,0,1\] must be finite, which it isn't on an edge of its domain; set a prior, or use Bootstrap, but is -",
                      messageOf information fit source
                  )

              let believing =
                  source
                  |> Gmm.fit
                      { Gmm.defaultsOf Bernoulli.family with
                          Family.Prior = Bernoulli.beta 2.0 2.0 }
                  |> ok

              let errors = errorsOf Information.Observed believing source
              // The mode of Beta(2, 5) is 1/5; its information on the logit is n + a + b − 2 times p(1−p).
              relativelyNear 1e-8 "probability" [| sqrt (0.2 * 0.8 / 5.0) |] [| errors.Errors[1] |])
          testCase "a component on the floor of its covariance" (fun () ->
              let rows = (DataSet.iris ()).Rows |> Array.map (fun row -> [| row[0]; row[1]; row[0] + row[1] |])
              let fit = sourceOf rows |> Gmm.fit Gmm.defaults |> ok

              Assert.Equal(
                  "Covariances must be above their floor for standard errors: choose fewer components, a structure of fewer "
                  + "parameters or a CovariancePrior, but is on it (that of component 0).",
                  messageOf Information.Observed fit (sourceOf rows)
              ))
          testCase "hard assignment and k-means" (fun () ->
              let source = (DataSet.faithful ()).Source
              let options = { Gmm.defaults with Assignment = Hard }
              let fit = source |> Gmm.fit options |> ok

              Assert.StartsWith(
                  "Assignment must be Soft for standard errors",
                  messageOf Information.Sandwich fit source
              )

              let found = source |> KMeans.fit KMeans.defaults |> ok

              Assert.StartsWith(
                  "Assignment must be Soft for standard errors",
                  messageOf Information.Sandwich found.Fit source
              ))
          testCase "degrees of freedom at their limit are held, and the others have errors" (fun () ->
              // Nearly normal groups: one ν̂ is 200.
              let source = (DataSet.faithful ()).Source

              let fit =
                  source
                  |> Gmm.fit
                      { Gmm.defaultsOf StudentTKind.defaults with
                          Components = 2
                          Execution = oneThread }
                  |> ok

              Assert.Contains(200.0, fit.Parameters.DegreesOfFreedom)

              for information in [ Information.Observed; Information.Sandwich; Information.OuterProduct ] do
                  let errors = Uncertainty.standardErrors information fit source |> ok

                  for name, estimate, error in Array.zip3 errors.Names errors.Estimates errors.Errors do
                      let isHeld = name.StartsWith "degrees" && estimate = 200.0
                      Assert.True((if isHeld then error = 0.0 else error > 0.0), $"{name} ± {error}"))

          testCase "data without information on a variance, and data on a scale of 1e100" (fun () ->
              let two = sourceOf [| for n in 1..50 -> [| (if n % 2 = 0 then 1.0 else -1.0) |] |]
              let fit = two |> Gmm.fit (short 1 GaussianKind.defaults) |> ok
              let found = Uncertainty.standardErrors Information.OuterProduct fit two |> error
              Assert.Contains("positive definite", found.Message)

              let large = sourceOf [| for n in 1..50 -> [| 1e100 * float (n * n % 17) |] |]
              let fit = large |> Gmm.fit (short 1 GaussianKind.defaults) |> ok
              let found = Uncertainty.standardErrors Information.Observed fit large |> error
              Assert.Contains("squares of variances", found.Message))

          testCase "components that are alike share their information" (fun () ->
              let source = (DataSet.faithful ()).Source
              let gaussian = (source |> Gmm.fit Gmm.defaults |> ok).Parameters
              let means = gaussian.Means.toArray2D ()

              let twice =
                  mixtureOf
                      Full
                      [| 0.5; 0.5 |]
                      (Array2D.init 2 2 (fun _ j -> means[0, j]))
                      (Tensor.create [| 2; 2 |] (Gaussian.covariance gaussian 0 |> flat))

              let fit = fitOf Gaussian.family twice source

              for information in informations do
                  Assert.Matches(
                      @"^Information must be positive definite, as at an isolated maximum; fit with a smaller Tolerance, with fewer components or with a prior, but is \S+ along \S+",
                      messageOf information fit source
                  ))
          testCase "a fit that stopped far from a maximum" (fun () ->
              let data = DataSet.faithful ()
              let mislabelled = data.Labels |> Array.mapi (fun n label -> if n % 10 = 0 then 1 - label else label)

              let fitted iterations =
                  data.Source |> Gmm.fit (exactly iterations 2 (Start.Labels mislabelled) GaussianKind.defaults) |> ok

              for information in informations do
                  Assert.Matches(
                      @"^The fit must be at a maximum of the likelihood for standard errors; fit with a smaller Tolerance or a larger MaxIterations, but is \S+ standard errors from it along \S+",
                      messageOf information (fitted 2) data.Source
                  )

                  // Where EM has come to rest, it makes no difference from where.
                  relativelyNear
                      1e-6
                      $"{information}"
                      (errorsOf information (fitFaithful Full 0.0) data.Source).Errors
                      (errorsOf information (fitted 60) data.Source).Errors)
          testCase "data that don't suit the mixture" (fun () ->
              let data = DataSet.faithful ()
              let fit = fitFaithful Full 1e-6
              let narrow = data.Source |> Source.map 1 _.Select([| 0 |])
              Assert.Contains("2 columns", messageOf Information.Observed fit narrow)
              let holes = sourceOf [| [| 1.0; nan |] |]

              match Uncertainty.standardErrors Information.Observed fit holes |> error with
              | MissingCell(0L, 1, 1L) -> ()
              | other -> Assert.Fail other.Message) ]
