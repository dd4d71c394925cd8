/// Mixtures of exponential families against numbers from other programs, from print and worked out by hand; see
/// Oracles/README.md.
module Gmm.Tests.FamilyOracleTests

open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.Support

/// Components with these mean parameters (K of D·S), S statistics a column.
let private parametersOf (family: ExponentialFamily) (means: float[][]) =
    let columns = means[0].Length / family.Statistics

    Tensor.create [| means.Length; columns; family.Statistics |] (Array.concat means)
    |> ExponentialFamily.create family
    |> ok

/// A mixture of Bernoullis with probabilities P(1) (K of D).
let private bernoulliMixture (weights: float[]) (probabilities: float[][]) =
    probabilities
    |> Array.map (Array.collect (fun p -> [| p; 1.0 - p |]))
    |> parametersOf Bernoulli.family
    |> Mixture.create weights
    |> ok

// ── Bernoulli: the binarised digits ─────────────────────────────────────────────────────────────────────────────────

let private digitsOracle: Lazy<JsonElement> = lazy (oracle "bernoulli-digits.json")

let private betaPrior =
    { Bernoulli.family with
        Prior = Bernoulli.beta 2.0 2.0 }

/// A pixel is 1 where it is brighter than 7 of 16.
let private binarised =
    lazy
        (let data = DataSet.digits ()

         { data with
             Rows = data.Rows |> Array.map (Array.map (fun pixel -> if pixel > 7.0 then 1.0 else 0.0)) })

let private digitsStart =
    lazy
        (digitsOracle.Value
         |> field "start"
         |> field "rows"
         |> integers
         |> Array.map (fun row -> binarised.Value.Rows[row] |> Array.map (fun pixel -> 0.25 + 0.5 * pixel))
         |> bernoulliMixture (Array.create 10 1.0))

let private digitsFit =
    lazy
        (let iterations = (digitsOracle.Value |> field "iterations").GetInt32()
         Gmm.fit (exactly iterations 10 (Start.Mixture digitsStart.Value) betaPrior) binarised.Value.Source |> ok)

[<Tests>]
let ``bernoulli: the binarised digits`` =
    testList
        "FamilyOracle: bernoulli: the binarised digits"
        [ formulas [ "L = Σₙ ln Σₖ πₖ Πⱼ μₖⱼ^xₙⱼ (1−μₖⱼ)^(1−xₙⱼ)", "Bishop, PRML, 2006, §9.3.3" ]
          <| testCase "digits: the mean log-likelihood of every E-step is the oracle's" (fun () ->
              let expected = digitsOracle.Value |> field "mean_log_likelihood_per_e_step" |> numbers

              let model =
                  { Model.ofFamily (ExponentialFamily.components betaPrior) with
                      Execution = oneThread }

              let iterates =
                  EM.iterates model binarised.Value.Source digitsStart.Value
                  |> Seq.take expected.Length
                  |> Seq.map ok
                  |> Array.ofSeq

              iterates
              |> Array.map (fun iterate -> iterate.Statistics.LogLikelihood / iterate.Statistics.Weight)
              |> relativelyNear Tolerance.oracle "mean log-likelihood" expected

              // A fit walks along the same iterates.
              let objectives = iterates |> Array.map _.Objective
              Assert.Equal<int64[]>(bits objectives, bits digitsFit.Value.Trace[.. expected.Length - 1]))
          formulas
              [ "μₖⱼ = (Σₙ rₙₖxₙⱼ + a − 1) / (Nₖ + a + b − 2) under Beta(a, b)", "Bishop, PRML, 2006, §2.1.1 and §9.3.3" ]
          <| testCase "digits: weights and probabilities after 25 iterations are the oracle's" (fun () ->
              let fit = digitsFit.Value
              Assert.Equal(25, fit.Iterations)
              relativelyNear Tolerance.oracle "weights" (digitsOracle.Value |> field "weights" |> numbers) fit.Weights

              relativelyNear
                  Tolerance.oracle
                  "probabilities"
                  (digitsOracle.Value |> field "probabilities" |> numbers)
                  (flat (Bernoulli.probabilities fit.Parameters)))
          testCase
              "digits: the final likelihood, the labels and their agreement with the digits are the oracle's"
              (fun () ->
                  let fit, source = digitsFit.Value, binarised.Value.Source
                  let final = (digitsOracle.Value |> field "final_mean_log_likelihood").GetDouble()
                  relativelyNear Tolerance.oracle "lower bound" [| final |] [| fit.LowerBound |]
                  relativelyNear Tolerance.oracle "score" [| final |] [| Predict.score fit source |> ok |]

                  let labels = Predict.labels fit source |> ok
                  Assert.Equal<int[]>(digitsOracle.Value |> field "labels" |> integers, labels)
                  let agreement = (digitsOracle.Value |> field "adjusted_rand_score_vs_digit").GetDouble()

                  near
                      Tolerance.oracle
                      "adjusted Rand"
                      agreement
                      (Metrics.adjustedRand binarised.Value.Labels labels |> ok)) ]

// ── Bernoulli: coins ────────────────────────────────────────────────────────────────────────────────────────────────

/// Five rounds of ten tosses, each with one of two coins that are taken equally often (Do and Batzoglou, "What is the
/// expectation maximization algorithm?", Nature Biotechnology 26, 2008): from .6 and .5 to .71 and .58 after one
/// iteration, .80 and .52 after ten.
let private heads = [| 5.0; 9.0; 8.0; 4.0; 7.0 |]

let private coinsStart () =
    [| [| 6.0; 4.0 |]; [| 5.0; 5.0 |] |] |> parametersOf (Binomial.family 10) |> Mixture.uniform 2

let private coinsAfter iterations =
    let options =
        { exactly iterations 2 (Start.Mixture(coinsStart ())) (Binomial.family 10) with
            WeightPrior = Fixed }

    Gmm.fit options (sourceOf (heads |> Array.map Array.singleton)) |> ok

[<Tests>]
let ``bernoulli: coins`` =
    testList
        "FamilyOracle: bernoulli: coins"
        [
          // Seven heads and three tails from coins of π = (.4, .6) and p = (.6, .3). A head has r₁ = .24/.42 = 4/7 and a tail
          // .16/.58 = 8/29, so N₁ = 4 + 24/29 = 140/29 and N₂ = 150/29 with 4 and 3 heads.
          testCase "one EM step for two coins is the one worked out by hand" (fun () ->
              let tosses = sourceOf (Array.init 10 (fun n -> [| if n < 7 then 1.0 else 0.0 |]))
              let start = bernoulliMixture [| 0.4; 0.6 |] [| [| 0.6 |]; [| 0.3 |] |]
              let fit = Gmm.fit (exactly 1 2 (Start.Mixture start) Bernoulli.family) tosses |> ok
              let probabilities = flat (Bernoulli.probabilities fit.Parameters)
              relativelyNear 1e-14 "weights" [| 14.0 / 29.0; 15.0 / 29.0 |] fit.Weights
              relativelyNear 1e-14 "probabilities" [| 29.0 / 35.0; 29.0 / 50.0 |] probabilities

              let before = 7.0 * log 0.42 + 3.0 * log 0.58
              let after = 7.0 * log 0.7 + 3.0 * log 0.3
              relativelyNear 1e-14 "objective" [| before / 10.0; after / 10.0 |] fit.Trace)
          testCase "single tosses can't tell coins apart: one step explains them as well as anything can" (fun () ->
              let tosses = sourceOf (Array.init 10 (fun n -> [| if n < 7 then 1.0 else 0.0 |]))

              for seed in 0..9 do
                  let options =
                      { exactly 50 3 Start.RandomResponsibilities Bernoulli.family with
                          Seed = seed }

                  let fit = Gmm.fit options tosses |> ok
                  relativelyNear 1e-13 "likelihood" [| 7.0 * log 0.7 + 3.0 * log 0.3 |] [| fit.LogLikelihood |])
          formulas [ "pₖ = Σₙ rₙₖhₙ / (10 Nₖ), rₙₖ ∝ pₖ^hₙ (1−pₖ)^(10−hₙ)", "Do and Batzoglou 2008" ]
          <| testCase "two coins in rounds of ten tosses come out as in print" (fun () ->
              let coins iterations = (coinsAfter iterations).Parameters |> Binomial.probabilities 10 |> flat

              Assert.All(
                  Array.zip [| 0.71; 0.58 |] (coins 1),
                  (fun (expected, p) -> near 0.005 "after one" expected p)
              )

              Assert.All(
                  Array.zip [| 0.80; 0.52 |] (coins 10),
                  (fun (expected, p) -> near 0.005 "after ten" expected p)
              )
              // The same iterations in Python.
              relativelyNear 1e-12 "after one" [| 0.7130122354005162; 0.5813393083136627 |] (coins 1)
              relativelyNear 1e-12 "after ten" [| 0.7967441494752117; 0.5196586622041124 |] (coins 10)
              Assert.Equal<float[]>([| 0.5; 0.5 |], (coinsAfter 10).Weights))
          // The tosses of a round in every rotated order, a tenth of a row each: the columns are alike then, so a Bernoulli of ten
          // columns has one probability, as the binomial has. Likelihoods differ by ln C(10, heads).
          testCase "a binomial is as many Bernoullis of one probability" (fun () ->
              let rotations =
                  [| for count in heads do
                         for shift in 0..9 ->
                             Array.init 10 (fun j -> if (j + shift) % 10 < int count then 1.0 else 0.0) |]

              let start = bernoulliMixture [| 1.0; 1.0 |] [| Array.create 10 0.6; Array.create 10 0.5 |]

              let fit =
                  sourceOf rotations
                  |> Source.weighted (Array.create rotations.Length 0.1)
                  |> ok
                  |> Gmm.fit
                      { exactly 10 2 (Start.Mixture start) Bernoulli.family with
                          WeightPrior = Fixed }
                  |> ok

              let binomial = coinsAfter 10
              let coins = flat (Binomial.probabilities 10 binomial.Parameters)
              let expected = coins |> Array.collect (Array.create 10)
              relativelyNear 1e-12 "probabilities" expected (flat (Bernoulli.probabilities fit.Parameters))
              let orders = [| 252.0; 10.0; 45.0; 210.0; 120.0 |] |> Array.sumBy log
              near 1e-11 "log-likelihood" (binomial.LogLikelihood - orders) fit.LogLikelihood)
          testCase "a binomial of one trial is a Bernoulli" (fun () ->
              let rows = binarised.Value.Rows |> Array.truncate 200 |> Array.map (Array.skip 18 >> Array.truncate 5)
              let start = Start.Labels(Array.init 200 (fun n -> n % 3))
              let one = Gmm.fit (exactly 20 3 start (Binomial.family 1)) (sourceOf rows) |> ok
              let other = Gmm.fit (exactly 20 3 start Bernoulli.family) (sourceOf rows) |> ok
              relativelyNear 1e-13 "objective" other.Trace one.Trace

              relativelyNear
                  1e-11
                  "probabilities"
                  (flat (Bernoulli.probabilities other.Parameters))
                  (flat (Binomial.probabilities 1 one.Parameters))) ]

// ── Bernoulli with sample weights: pleural thickening ───────────────────────────────────────────────────────────────

/// Three readers' findings on 1692 chest films, a row for each of the eight possible findings with its count as weight.
let private pleural =
    lazy
        (Array.init 8 (fun finding -> [| float (finding >>> 2); float (finding >>> 1 &&& 1); float (finding &&& 1) |])
         |> sourceOf
         |> Source.weighted [| 1513.0; 23.0; 59.0; 12.0; 21.0; 19.0; 11.0; 34.0 |]
         |> ok)

let pleuralStarts =
    [ ("k-means", 0)
      ("k-means++", 2)
      ("points", 5)
      for seed in 0..4 do
          ("random responsibilities", seed) ]

[<Tests>]
let ``bernoulli with sample weights: pleural thickening`` =
    testList
        "FamilyOracle: bernoulli with sample weights: pleural thickening"
        [ testTheory
              "pleural thickening has the printed classes from every start"
              pleuralStarts
              (fun (name: string, seed: int) ->
                  let start: Start<ExponentialParameters> =
                      match name with
                      | "k-means" -> Start.KMeans
                      | "k-means++" -> Start.KPlusPlus
                      | "points" -> Start.Points
                      | _ -> Start.RandomResponsibilities

                  let options =
                      { exactly 1000 2 start Bernoulli.family with
                          Seed = seed }

                  let fit = Gmm.fit options pleural.Value |> ok
                  let classes = [| 0; 1 |] |> Array.sortByDescending (fun k -> fit.Weights[k])
                  let ones = Bernoulli.probabilities fit.Parameters
                  // Half a unit of the last printed digit.
                  near 5e-7 "log-likelihood" -891.142795 fit.LogLikelihood
                  let sizes = classes |> Array.map (fun k -> fit.Weights[k])
                  Array.iter2 (near 5e-6 "class size") [| 0.94552; 0.05448 |] sizes
                  let zeros k = Array.init 3 (fun j -> 1.0 - ones[classes[k], j])
                  Array.iter2 (near 5e-7 "P(0), large class") [| 0.990031; 0.964571; 0.989074 |] (zeros 0)
                  Array.iter2 (near 5e-7 "P(0), small class") [| 0.250919; 0.356491; 0.234975 |] (zeros 1)) ]

// ── Poisson: deaths in the London Times ─────────────────────────────────────────────────────────────────────────────

/// How many of 1096 days had 0, 1 … 9 deaths of women over 80 (Hasselblad, JASA 64, 1969).
let private deaths =
    lazy
        (Array.init 10 (fun count -> [| float count |])
         |> sourceOf
         |> Source.weighted [| 162.0; 267.0; 271.0; 185.0; 111.0; 61.0; 27.0; 8.0; 3.0; 1.0 |]
         |> ok)

[<Tests>]
let ``poisson: deaths in the London Times`` =
    testList
        "FamilyOracle: poisson: deaths in the London Times"
        [ formulas [ "λₖ = Σₙ wₙrₙₖxₙ / Nₖ", "Hasselblad 1969" ]
          <| testCase "the London Times deaths have the printed mixture after ten iterations" (fun () ->
              let start =
                  [| [| 1.0 |]; [| 2.5 |] |] |> parametersOf Poisson.family |> Mixture.create [| 0.3; 0.7 |] |> ok

              let fit = Gmm.fit (exactly 10 2 (Start.Mixture start) Poisson.family) deaths.Value |> ok
              Assert.Equal(10, fit.Iterations)
              let rates = flat (Poisson.rates fit.Parameters)
              // A unit of the last printed digit.
              near 1e-14 "weight" 0.28550904362246 fit.Weights[0]
              near 1e-13 "first rate" 1.1103203807742 rates[0]
              near 1e-13 "second rate" 2.5751589717362 rates[1]
              near 1e-10 "log-likelihood" -1990.0301811117 fit.LogLikelihood) ]

// ── Log-densities worked out by hand ────────────────────────────────────────────────────────────────────────────────

/// Family, mean parameters of one component, a row, its density.
let private densities: (ExponentialFamily * float[] * float[] * float)[] =
    [| Bernoulli.family, [| 0.3; 0.7 |], [| 1.0 |], 0.3
       Bernoulli.family, [| 0.3; 0.7 |], [| 0.0 |], 0.7
       Bernoulli.family, [| 0.3; 0.7; 0.1; 0.9; 0.5; 0.5 |], [| 1.0; 0.0; 1.0 |], 0.3 * 0.9 * 0.5
       // C(10, 4)·.3⁴·.7⁶ = 210·.0081·.117649
       Binomial.family 10, [| 3.0; 7.0 |], [| 4.0 |], 0.200120949
       Binomial.family 10, [| 3.0; 7.0 |], [| 0.0 |], 0.0282475249
       Binomial.family 2, [| 0.5; 1.5; 1.0; 1.0 |], [| 1.0; 2.0 |], 2.0 * 0.25 * 0.75 * 0.25
       Categorical.family 3, [| 0.2; 0.3; 0.5 |], [| 1.0 |], 0.3
       Categorical.family 3, [| 0.2; 0.3; 0.5; 0.6; 0.4; 0.0 |], [| 2.0; 0.0 |], 0.3
       // 2.5³/3!·exp(−2.5)
       Poisson.family, [| 2.5 |], [| 3.0 |], 2.6041666666666667 * exp -2.5
       Poisson.family, [| 1.0; 2.0 |], [| 0.0; 4.0 |], 16.0 / 24.0 * exp -3.0
       // λ exp(−λx) with λ = ½
       Exponential.family, [| 2.0 |], [| 3.0 |], 0.5 * exp -1.5
       Exponential.family, [| 2.0; 0.25 |], [| 0.0; 1.0 |], 0.5 * 4.0 * exp -4.0 |]

let densityCases =
    List.ofSeq (densities |> Seq.mapi (fun i (family, _, row, _) -> (i, $"{family.Name} {Tensor.vector row}")))

[<Tests>]
let ``log-densities worked out by hand`` =
    testList
        "FamilyOracle: log-densities worked out by hand"
        [ formulas
              [ "Bernoulli: p(x) = pˣ (1−p)¹⁻ˣ", "Bishop, PRML, 2006, eq. 2.2"
                "binomial: p(x) = C(m, x) pˣ (1−p)ᵐ⁻ˣ", "Bishop, PRML, 2006, eq. 2.9"
                "categorical: p(x) = p of its level", "Bishop, PRML, 2006, eq. 2.26"
                "Poisson: p(x) = λˣ e^−λ / x!", "Murphy, Machine Learning, 2012, §2.3.3"
                "exponential: p(x) = λ e^−λx", "Murphy, Machine Learning, 2012, §2.4.4" ]
          <| testTheory "log-densities are those worked out by hand" densityCases (fun (case: int, what: string) ->
              let family, means, row, density = densities[case]

              let logDensity =
                  ExponentialFamily.logDensity
                      family
                      (parametersOf family [| means |])
                      (Tensor.matrix (array2D [ row ]))

              near 1e-13 what (log density) (logDensity.toArray () |> Array.exactlyOne))
          // .3·Poisson(1) + .7·Poisson(2.5) at 2: .3·e⁻¹/2 + .7·3.125·e⁻²·⁵.
          formulas [ "p(x) = Σₖ πₖ p(x|θₖ)", "Bishop, PRML, 2006, eq. 9.7" ]
          <| testCase "the density of a mixture is the weighted sum" (fun () ->
              let start =
                  [| [| 1.0 |]; [| 2.5 |] |] |> parametersOf Poisson.family |> Mixture.create [| 0.3; 0.7 |] |> ok

              let model = Model.ofFamily (ExponentialFamily.components Poisson.family)
              let statistics = EM.eStep model (sourceOf [| [| 2.0 |] |]) start
              let low, high = 0.15 * exp -1.0, 2.1875 * exp -2.5
              near 1e-14 "log-density" (log (low + high)) statistics.LogLikelihood
              relativelyNear 1e-14 "responsibilities" [| low / (low + high); high / (low + high) |] statistics.Counts) ]
