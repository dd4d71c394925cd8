/// Variational Bayes for Gaussian mixtures, against NumPy (Oracles/README.md), closed forms, and against what must
/// hold.
module Gmm.Tests.BayesTests

open System
open System.IO
open System.Text.Json
open Expecto
open Gmm
open Gmm.Laws
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private options components structure concentration =
    { Bayes.defaults with
        Components = components
        Family.Structure = structure
        Family.WeightConcentration = concentration
        Execution = oneThread }

/// The priors on the weights of these tests: the default and one of each kind.
let private concentrations =
    [ None; Some(WeightConcentration.DirichletProcess 2.0); Some(WeightConcentration.DirichletDistribution 0.3) ]

let private combinations =
    [ for structure in independent do
          for concentration in concentrations do
              Structure.name structure, concentration ]

/// All numbers that a fit has.
let private everything (fit: Fit<NormalWishart>) =
    let posterior = fit.Parameters

    Array.concat
        [ fit.Trace
          fit.Mixture.LogWeights.toArray ()
          posterior.Gaussian.Means.toArray ()
          posterior.Gaussian.Covariances.toArray ()
          posterior.MeanPrecisions
          posterior.DegreesOfFreedom
          WeightDistribution.expected posterior.Weights
          Statistics.pack fit.Statistics ]

// ── Reference numbers ───────────────────────────────────────────────────────────────────────────────────────────────

let private iris = lazy DataSet.iris ()

/// The responsibilities from which the references start.
let private start =
    lazy
        (let labels = iris.Value.Labels

         let entries =
             Array2D.init labels.Length 5 (fun n k ->
                 let isFavoured = labels[n] = k || (k >= 3 && (n + k) % 4 = 0)
                 float (1 + (7 * n + 3 * k) % 11 + (if isFavoured then 10 else 0)))

         entries |> Array2D.mapi (fun n _ entry -> entry / Array.sum entries[n, *]))

let private concentrationOf (entry: JsonElement) number =
    match (entry |> field "weight_prior").GetString() with
    | "dirichlet_process" -> WeightConcentration.DirichletProcess number
    | _ -> WeightConcentration.DirichletDistribution number

/// Compares a fit of as many iterations as the reference has with it.
let private compare (entry: JsonElement) fitOptions (source: Source) =
    let found =
        source
        |> Bayes.fit
            { fitOptions with
                Start = Start.Responsibilities start.Value
                Tolerance = 0.0 }
        |> ok

    let bounds = entry |> field "elbo_after_each_e_step" |> numbers
    let trace = found.Fit.Trace |> Array.map (fun bound -> bound * found.Fit.Statistics.Weight)
    relativelyNear 1e-12 "lower bound" bounds (Array.truncate bounds.Length trace)
    nearAll 1e-10 "weights" (entry |> field "weights" |> numbers) found.Weights
    nearAll 1e-11 "means" (entry |> field "means" |> numbers) (flat found.Means)
    nearAll 1e-10 "covariances" (entry |> field "covariances" |> numbers) (found.Covariances.toArray ())
    nearAll 1e-11 "β" (entry |> field "mean_precision" |> numbers) found.Posterior.MeanPrecisions
    nearAll 1e-11 "ν" (entry |> field "degrees_of_freedom" |> numbers) found.Posterior.DegreesOfFreedom
    let a = entry |> field "weight_a" |> numbers

    match found.Posterior.Weights with
    | WeightDistribution.Dirichlet alpha -> nearAll 1e-11 "α" a alpha
    | WeightDistribution.Sticks(ofSticks, b) ->
        nearAll 1e-11 "a" a ofSticks
        nearAll 1e-11 "b" (entry |> field "weight_b" |> numbers) b

let private casesOf name =
    [ for entry in (oracle name |> field "cases").EnumerateArray() ->
          let isWeighted =
              match entry.TryGetProperty "sample_weights" with
              | true, weights -> weights.ValueKind = JsonValueKind.String
              | false, _ -> false

          (entry |> field "covariance_type").GetString(), (entry |> field "weight_prior").GetString(), isWeighted ]

let private caseOf name (structure: string, prior: string, isWeighted: bool) =
    let place = casesOf name |> List.findIndex ((=) (structure, prior, isWeighted))
    (oracle name |> field "cases")[place]

[<Tests>]
let references =
    testList
        "Bayes: reference numbers"
        [ formulas
              [ "ln ρₙₖ = E ln πₖ + ½ E ln|Λₖ| − ½D ln 2π − ½D/βₖ − ½νₖ(x−mₖ)ᵀWₖ(x−mₖ)",
                "Bishop, PRML, eqs. 10.46 and 10.64–10.66"
                "α = α₀+N, β = β₀+N, ν = ν₀+N, m = (β₀m₀+Nx̄)/β, W⁻¹ = W₀⁻¹ + NS + β₀N/(β₀+N)(x̄−m₀)(x̄−m₀)ᵀ",
                "Bishop, PRML, eqs. 10.58–10.63"
                "L = E ln p(X, Z, π, μ, Λ) − E ln q(Z, π, μ, Λ)", "Bishop, PRML, eqs. 10.70–10.77"
                "vₖ ~ Beta(1+Nₖ, γ + Σⱼ₍ⱼ>ₖ₎ Nⱼ)", "Blei and Jordan 2006, eqs. 18–19" ]
          <| testTheory
              "with the default priors, every bound and the posterior after 40 iterations"
              [ "full", "dirichlet_distribution", false
                "full", "dirichlet_process", false
                "diag", "dirichlet_distribution", false
                "diag", "dirichlet_process", false ]
              (fun case ->
                  let structure, _, _ = case
                  let entry = caseOf "bayes-iris.json" case

                  compare
                      entry
                      { options 5 (Structure.parse structure |> ok) (Some(concentrationOf entry 0.1)) with
                          MaxIterations = 40 }
                      iris.Value.Source)
          testTheory
              "for all structures, with sample weights and given priors, every bound and the posterior"
              (casesOf "bayes-more.json")
              (fun case ->
                  let structure, _, isWeighted = case
                  let entry = caseOf "bayes-more.json" case
                  let number name = (entry |> field name).GetDouble()
                  let concentration = number "weight_concentration_prior" |> concentrationOf entry

                  let chosen =
                      { options 5 (Structure.parse structure |> ok) (Some concentration) with
                          MaxIterations = 25
                          Family.MeanPrior = Some(entry |> field "mean_prior" |> tensorOf)
                          Family.MeanPrecisionPrior = number "mean_precision_prior"
                          Family.DegreesOfFreedomPrior = Some(number "degrees_of_freedom_prior")
                          Family.CovariancePrior = Some(entry |> field "covariance_prior" |> tensorOf) }

                  let weights = Array.init 150 (fun n -> 1.0 + 0.5 * float (n % 3))

                  if isWeighted then
                      iris.Value.Source |> Source.weighted weights |> ok |> compare entry chosen
                  else
                      compare entry chosen iris.Value.Source
                      // Without the settings the prior is the same: 1/K is not 0.1, but all others are the defaults.
                      compare
                          entry
                          { options 5 (Structure.parse structure |> ok) (Some concentration) with
                              MaxIterations = 25 }
                          iris.Value.Source) ]

// ── One component: closed forms ─────────────────────────────────────────────────────────────────────────────────────

let private lnGamma (x: float) = MathNet.Numerics.SpecialFunctions.GammaLn x

/// ln p(X) of rows under one component, whose posterior is exact: the ratio of the normalisers of posterior and prior.
/// Each of D features has `shape` gamma functions Γ((ν+1−i)/2), Γ(ν/2), or all share Γ(Dν/2).
let private logEvidence shape (beta0, nu0, m0: float[], v0: float[,]) (rows: float[][]) =
    let n, d = float rows.Length, m0.Length
    let mean = Array.init d (fun j -> rows |> Array.averageBy (fun row -> row[j]))
    let beta, nu = beta0 + n, nu0 + n

    let v =
        v0
        |> Array2D.mapi (fun i j start ->
            start
            + (rows |> Array.sumBy (fun row -> (row[i] - mean[i]) * (row[j] - mean[j])))
            + beta0 * n / beta * (mean[i] - m0[i]) * (mean[j] - m0[j]))

    let diagonal (matrix: float[,]) = Array.init d (fun j -> matrix[j, j])

    let logNormaliser nu (v: float[,]) =
        match shape with
        | Shape.Full ->
            Seq.init d (fun i -> lnGamma ((nu - float i) / 2.0))
            |> Seq.sum
            |> fun gammas -> gammas + 0.5 * nu * float d * log 2.0 - 0.5 * nu * log ((dense v).Determinant())
        | Shape.Diag -> diagonal v |> Array.sumBy (fun v -> lnGamma (nu / 2.0) - nu / 2.0 * log (v / 2.0))
        | Shape.Spherical ->
            let shape = float d * nu / 2.0
            lnGamma shape - shape * log (Array.sum (diagonal v) / 2.0)

    logNormaliser nu v - logNormaliser nu0 v0 + 0.5 * float d * (log (beta0 / beta) - n * log (2.0 * Math.PI))

let private oneComponent structure =
    let prior = 0.7, 5.5, [| 1.0; -2.0; 0.5 |], array2D [ [ 2.0; 0.3; 0.1 ]; [ 0.3; 1.0; -0.2 ]; [ 0.1; -0.2; 3.0 ] ]
    let beta0, nu0, m0, v0 = prior
    let layout = Structure.layout structure

    let chosen =
        { options 1 structure (Some(WeightConcentration.DirichletDistribution 1.0)) with
            Family.MeanPrior = Some(Tensor.vector m0)
            Family.MeanPrecisionPrior = beta0
            Family.DegreesOfFreedomPrior = Some nu0
            Family.CovariancePrior = Some(Tensor.create (Layout.planeShape 3 layout) (Layout.ofMatrix layout v0)) }

    prior, chosen

let private cloud rows features seed =
    let random = Random(seed: int)
    Array.init rows (fun _ -> Array.init features (fun j -> normal random + float j))

[<Tests>]
let ``closed forms`` =
    testList
        "Bayes: closed forms"
        [ formulas
              [ "ln p(X) = ln Z(β, ν, V) − ln Z(β₀, ν₀, V₀) − ½ND ln 2π", "Murphy, Machine Learning, 2012, §5.3.2.3" ]
          <| testTheory
              "the lower bound of one component is the evidence"
              (List.map Structure.name independent)
              (fun (name: string) ->
                  let structure = Structure.parse name |> ok
                  let prior, chosen = oneComponent structure
                  let rows = cloud 25 3 1
                  let found = sourceOf rows |> Bayes.fit chosen |> ok
                  let expected = logEvidence (Structure.layout structure).Shape prior rows
                  relativelyNear 1e-13 "ln p(X)" [| expected |] [| found.LowerBound |])
          formulas
              [ "p(x̂|X) = Σₖ E πₖ St(x̂|mₖ, Lₖ, νₖ+1−D), Lₖ = (νₖ+1−D)βₖ/(1+βₖ) Wₖ", "Bishop, PRML, eqs. 10.81–10.82" ]
          <| testTheory
              "the predictive density of one component is p(X, x)/p(X)"
              [ "full"; "spherical"; "tied_full"; "tied_spherical" ]
              (fun (name: string) ->
                  let structure = Structure.parse name |> ok
                  let prior, chosen = oneComponent structure
                  let rows, next = cloud 12 3 2, [| 0.3; 1.7; -4.0 |]
                  let shape = (Structure.layout structure).Shape
                  let expected = logEvidence shape prior (Array.append rows [| next |]) - logEvidence shape prior rows
                  let predictive = sourceOf rows |> Bayes.fit chosen |> Result.bind Bayes.predictive |> ok

                  let density =
                      sourceOf [| next |] |> Predict.logDensities (Fit.ofMixture StudentT.family predictive) |> ok

                  relativelyNear 1e-12 "ln p(x|X)" [| expected |] density)
          testCase "the predictive mixture has the weights E πₖ, and ∞ degrees of freedom beyond 1e6" (fun () ->
              let found = iris.Value.Source |> Bayes.fit (options 4 TiedFull None) |> ok
              let predictive = Bayes.predictive found |> ok
              nearAll 1e-14 "weights" found.Weights predictive.Weights
              Assert.Equal(Full, predictive.Parameters.Gaussian.Structure)

              let heavy =
                  iris.Value.Source
                  |> Source.weighted (Array.create 150 1e5)
                  |> Result.bind (Bayes.fit (options 1 Full None))
                  |> Result.bind Bayes.predictive
                  |> ok

              Assert.Equal<float[]>([| infinity |], heavy.Parameters.DegreesOfFreedom))
          testCase "of one feature, all shapes are the same" (fun () ->
              let rows = DataSet.faithful().Rows |> Array.map (fun row -> [| row[1] |])

              for concentration in concentrations do
                  for one, others in [ Full, [ Diag; Spherical ]; TiedFull, [ TiedDiag; TiedSpherical ] ] do
                      let fit structure = sourceOf rows |> Bayes.fit (options 4 structure concentration) |> ok
                      let expected = fit one

                      for structure in others do
                          let found = fit structure
                          Assert.Equal(expected.Fit.Iterations, found.Fit.Iterations)
                          relativelyNear 1e-12 "bound" [| expected.LowerBound |] [| found.LowerBound |]
                          nearAll 1e-9 "all" (everything expected.Fit) (everything found.Fit)
                          let density (found: BayesFit) = Bayes.predictive found |> ok |> _.Parameters.DegreesOfFreedom
                          nearAll 1e-9 "degrees" (density expected) (density found))
          formulas
              [ "E ln πₖ = ψ(αₖ) − ψ(Σⱼ αⱼ)", "Bishop, PRML, eq. 10.66"
                "E ln vₖ = ψ(aₖ) − ψ(aₖ+bₖ), E ln (1−vₖ) = ψ(bₖ) − ψ(aₖ+bₖ)", "Blei and Jordan 2006, §3.2" ]
          <| testCase "expected weights and their logarithms, worked out by hand" (fun () ->
              // ψ(n) = Σ 1/i over i < n, less Euler's constant.
              let dirichlet = WeightDistribution.Dirichlet [| 1.0; 2.0; 3.0 |]
              nearAll 1e-15 "E π" [| 1.0 / 6.0; 2.0 / 6.0; 3.0 / 6.0 |] (WeightDistribution.expected dirichlet)
              let upTo n = Seq.init n (fun i -> 1.0 / float (i + 1)) |> Seq.sum
              let psi n = upTo (n - 1)

              nearAll
                  1e-14
                  "E ln π"
                  [| psi 1 - psi 6; psi 2 - psi 6; psi 3 - psi 6 |]
                  (WeightDistribution.expectedLogarithms dirichlet)

              let sticks = WeightDistribution.Sticks([| 3.0; 1.0 |], [| 2.0; 4.0 |])
              nearAll 1e-15 "E π" [| 0.6 / 0.68; 0.08 / 0.68 |] (WeightDistribution.expected sticks)

              nearAll
                  1e-14
                  "E ln π"
                  [| psi 3 - psi 5; psi 2 - psi 5 + psi 1 - psi 5 |]
                  (WeightDistribution.expectedLogarithms sticks))
          testCase "weights with extreme numbers have finite expectations" (fun () ->
              let extremes = [| 1e-100; 1e-8; 1.0; 1e8; 1e100 |]

              for a in extremes do
                  for b in extremes do
                      let pair = [| a; b |]

                      for weights in
                          [ WeightDistribution.Dirichlet pair; WeightDistribution.Sticks(pair, Array.rev pair) ] do
                          Assert.True(allFinite (WeightDistribution.expected weights))
                          let logarithms = WeightDistribution.expectedLogarithms weights

                          Assert.True(
                              allFinite logarithms && Array.forall (fun logarithm -> logarithm <= 0.0) logarithms
                          )

                          near 0.0 "KL of itself" 0.0 (WeightDistribution.divergence weights weights)) ]

// ── What must hold ──────────────────────────────────────────────────────────────────────────────────────────────────

/// Data that are awkward on purpose, from a seed: heaps of equal rows, a value 1e9 standard deviations away, a row 1e4
/// of them away in every column, duplicate columns, few rows, large offsets.
let private hostile (seed: int) : float[][] =
    let random = Random seed
    let features, rows = 1 + seed % 3, 8 + random.Next 40
    let scale = [| 1e-6; 1.0; 1e5 |][random.Next 3]
    let offset = [| 0.0; 0.0; 1e4 |][random.Next 3] * scale

    let drawn =
        Array.init rows (fun n ->
            Array.init features (fun _ -> offset + scale * (normal random + float (n % 3 * random.Next 6))))

    match seed % 5 with
    | 0 when seed % 2 = 0 ->
        drawn |> Array.mapi (fun n row -> if n = 0 then Array.updateAt 0 (1e9 * scale) row else row)
    | 0 -> drawn |> Array.mapi (fun n row -> if n = 0 then row |> Array.map (fun x -> x + 1e4 * scale) else row)
    | 1 -> drawn |> Array.mapi (fun n row -> if n % 2 = 0 then drawn[n % 6] else row)
    | 2 -> drawn |> Array.map (fun row -> row |> Array.map (fun x -> offset + scale * round (x / scale)))
    | 3 -> drawn |> Array.map (fun row -> Array.append row [| row[0] |])
    | _ -> drawn

let private distinct (rows: float[][]) = rows |> Array.distinct |> Array.length

[<Tests>]
let properties =
    testList
        "Bayes: what must hold"
        [ testTheory
              "the lower bound never falls, and no number is NaN, on awkward data with default options"
              combinations
              (fun (structure: string, concentration) ->
                  for seed in 0..59 do
                      let rows = hostile seed
                      let components = min (1 + seed % 6) (distinct rows)
                      let structure = Structure.parse structure |> ok

                      match sourceOf rows |> Bayes.fit (options components structure concentration) with
                      | Error(ConstantColumn(column, value)) ->
                          Assert.True(
                              rows |> Array.forall (fun row -> row[column] = value),
                              $"seed {seed}: column {column} is not constant"
                          )
                      | Error other -> Assert.Fail $"seed {seed}: {other.Message}"
                      | Ok found ->
                          Assert.True(allFinite (everything found.Fit), $"seed {seed}: not finite")
                          let fall = largestFall found.Fit
                          Assert.True((fall <= Tolerance.monotone), $"seed {seed}: the bound fell by {fall}")
                          Assert.True(allFinite (Predict.logDensities found.PlugIn (sourceOf rows) |> ok)))
          testForAll 60 "rows in another order have the same posterior" data (fun case ->
              let fit (rows: float[][]) =
                  { options 3 Full None with
                      Start = Start.Means(array2D [ for k in 0..2 -> Array.create rows[0].Length (float k) ])
                      Tolerance = 0.0
                      MaxIterations = 3 }
                  |> fun chosen -> sourceOf rows |> Bayes.fit chosen

              distinct case.Rows < 4
              || match fit case.Rows, fit (Array.rev case.Rows) with
                 | Ok a, Ok b ->
                     allWithin Tolerance.iterations (1.0 + abs a.LowerBound) [| a.LowerBound |] [| b.LowerBound |]
                     && allWithin Tolerance.iterations 1.0 a.Weights b.Weights
                 | Error a, Error b -> a = b
                 | _ -> false)
          testCase
              "components of a Dirichlet distribution in another order have the same bound, those of a process don't"
          <| fun () ->
              let data = DataSet.faithful ()

              let bound concentration labels =
                  data.Source
                  |> Bayes.fit
                      { options 2 Full (Some concentration) with
                          Start = Start.Labels labels
                          Tolerance = 0.0
                          MaxIterations = 10 }
                  |> ok
                  |> _.LowerBound

              let swapped = data.Labels |> Array.map (fun label -> 1 - label)
              let distribution = WeightConcentration.DirichletDistribution 0.5
              relativelyNear 1e-12 "bound" [| bound distribution data.Labels |] [| bound distribution swapped |]
              let weightOfFirst = WeightConcentration.DirichletProcess 0.2
              // The larger component is number 1, which the process expects first.
              Assert.True(bound weightOfFirst swapped > bound weightOfFirst data.Labels + 0.1)
          testTheory "a weight of m is m copies of the row" combinations (fun (structure: string, concentration) ->
              let rows =
                  iris.Value.Rows |> Array.truncate 90 |> Array.indexed |> Array.filter (fun (n, _) -> n % 2 = 0)

              let counts = rows |> Array.map (fun (n, _) -> 1 + n % 3)
              let rows = rows |> Array.map snd
              let copies = Array.map2 (fun count row -> Array.replicate count row) counts rows |> Array.concat
              let means = array2D [ rows[1]; rows[20]; rows[40] ]

              let chosen =
                  { options 3 (Structure.parse structure |> ok) concentration with
                      Start = Start.Means means
                      Tolerance = 0.0
                      MaxIterations = 5 }

              let weighted = sourceOf rows |> Source.weighted (Array.map float counts) |> ok |> Bayes.fit chosen |> ok
              let copied = sourceOf copies |> Bayes.fit chosen |> ok
              nearAll 1e-10 "all" (everything copied.Fit) (everything weighted.Fit))
          testTheory "the number of threads changes no bit" combinations (fun (structure: string, concentration) ->
              let random = Random 3
              let rows = Array.init 9000 (fun n -> Array.init 3 (fun _ -> normal random + float (n % 3 * 4)))

              let run threads =
                  sourceOf rows
                  |> Bayes.fit
                      { options 5 (Structure.parse structure |> ok) concentration with
                          Start = Start.Points
                          MaxIterations = 3
                          Execution =
                              { Execution.Default with
                                  Threads = threads } }
                  |> ok
                  |> fun found -> bits (everything found.Fit)

              let expected = run 1

              for threads in [ 2; 5 ] do
                  Assert.Equal<int64[]>(expected, run threads))
          testCase "of ten components on Old Faithful two keep rows" (fun () ->
              let data = DataSet.faithful ()
              let found = data.Source |> Bayes.fit (options 10 Full None) |> ok
              Assert.True found.Fit.Converged
              Assert.Equal(2, found.EffectiveComponents)
              Assert.Equal<FitWarning list>([], found.Fit.Warnings)
              let labels = Predict.labels found.Fit data.Source |> ok
              Assert.Equal(2, labels |> Array.distinct |> Array.length)
              // Classes that a threshold of three minutes gives, but for rows close to it.
              let agreement = Metrics.adjustedRand data.Labels labels |> ok
              Assert.True((agreement > 0.95), $"{agreement}"))
          testCase "the run with the highest bound wins, also through Gmm.fit" (fun () ->
              let source = iris.Value.Source

              let run seed restarts =
                  { options 6 Diag None with
                      Start = Start.Points
                      Seed = seed
                      Restarts = restarts }

              let bounds = [ for seed in 3..7 -> (source |> Bayes.fit (run seed 1) |> ok).LowerBound ]
              let best = source |> Bayes.fit (run 3 5) |> ok
              Assert.True(List.max bounds - List.min bounds > 1.0)
              // Runs within the tolerance of the best count as equal.
              near (1e-6 * 150.0) "bound" (List.max bounds) best.LowerBound
              let fit = source |> Gmm.fit (run 3 5) |> ok
              Assert.Equal<int64[]>(bits (everything best.Fit), bits (everything fit)))
          testCase "a weak prior and many rows give the maximum of the likelihood" (fun () ->
              let random = Random 8

              let source =
                  Array.init 20000 (fun n -> Array.init 2 (fun j -> normal random + float (n % 2 * 8 * (1 + j))))
                  |> sourceOf

              let found =
                  source |> Bayes.fit (options 2 Full (Some(WeightConcentration.DirichletDistribution 1.0))) |> ok

              let fit =
                  source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Start = Start.Means found.Means
                          Execution = oneThread }
                  |> ok

              // The prior counts as D rows of the data's covariance, whose variances are some 70, and as one row at their mean.
              nearAll 1e-3 "means" (flat (fit.Parameters.Means.toArray2D ())) (flat found.Means)
              nearAll 0.02 "covariances" (fit.Parameters.Covariances.toArray ()) (found.Covariances.toArray ()))
          testCase
              "the mixture of expected parameters is for all functions of fits, and the texts name the outcome"
              (fun () ->
                  let data = DataSet.faithful ()
                  let found = data.Source |> Bayes.fit (options 4 Diag None) |> ok
                  let plugIn = found.PlugIn
                  Assert.Equal<float[]>(found.Covariances.toArray (), plugIn.Parameters.Covariances.toArray ())
                  nearAll 1e-14 "weights" found.Weights plugIn.Weights
                  Assert.Equal(-infinity, plugIn.LogLikelihood)
                  Assert.Equal(4 * (2 + 2) + 3, plugIn.FreeParameters)
                  Assert.True(Double.IsFinite(Predict.score plugIn data.Source |> ok))
                  let drawn = Sample.draw Sample.defaults 5 plugIn |> ok
                  Assert.Equal(5, Array2D.length1 drawn.Rows)
                  let text = sprintf "%A" found
                  Assert.StartsWith("variational Bayes with 4 components, ", text)
                  Assert.Contains("lower bound", text)

                  Assert.StartsWith(
                      "bayesian_gaussian, 4 components of 2 features, covariances diag",
                      sprintf "%A" found.Posterior
                  )) ]

// ── Laws ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The family as a subject, whose prior suits any number of components and columns. Its density is none, so that only
/// some laws apply.
let private subjectOf structure isProcess : Subject<NormalWishart> =
    let gaussian = Laws.ofGaussian structure

    let weights components (number: int -> float) =
        if isProcess then
            WeightDistribution.Sticks(Array.init components number, Array.init components (fun k -> number (k + 5)))
        else
            WeightDistribution.Dirichlet(Array.init components number)

    let degrees (parameters: Gaussian) = Layout.planes parameters.Components parameters.Layout

    let drawn (parameters: Gaussian) =
        let count, nu = parameters.Components, float parameters.Features

        NormalWishart.create
            parameters
            (Array.init count (fun k -> 0.5 + float k))
            (Array.init (degrees parameters) (fun p -> nu + 1.5 * float (p + 1)))
            (weights count (fun k -> 0.3 + float k))
        |> ok

    let priorOf (like: NormalWishart) =
        let gaussian =
            Gaussian.create structure (Array2D.zeroCreate like.Components like.Features) (Tensor.scalar 2.0) |> ok

        NormalWishart.create
            gaussian
            (Array.create like.Components 0.5)
            (Array.create (degrees gaussian) (float like.Features))
            (weights like.Components (fun _ -> 0.4))
        |> ok

    let familyOf like = NormalWishart.familyWith (priorOf like)
    let any = familyOf (drawn (Gaussian.create structure (array2D [ [ 0.0 ] ]) (Tensor.scalar 1.0) |> ok))

    let family =
        { any with
            Maximise = fun parameters -> (familyOf parameters).Maximise parameters
            LogPrior = fun parameters -> (familyOf parameters).LogPrior parameters
            Storage =
                { any.Storage with
                    Settings = fun parameters -> (familyOf parameters).Storage.Settings parameters } }

    { Subject.create $"bayesian {Structure.name structure}" family (fun _ _ _ -> failwith "Drawn as Gaussians.") with
        Draw = fun components columns -> gaussian.Draw components columns |> FsCheck.FSharp.Gen.map drawn }

let private laws: Law<NormalWishart> list =
    [ Laws.statisticsAdd
      Laws.sumsHaveTheirLengths
      Laws.formIsTextbook
      Laws.recentringIsReversible
      Laws.coordinatesComeBack
      Laws.savedComesBack ]

[<Tests>]
let ``laws that hold`` =
    testList
        "Bayes: laws"
        [ for structure in independent do
              for isProcess in [ false; true ] do
                  for law in laws do
                      testCase $"{law.Name}: {Structure.name structure}, process {isProcess}" (fun () ->
                          let report = Law.run Laws.defaults (subjectOf structure isProcess) law
                          Assert.True(report.IsGood, string report)) ]

// ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let saving =
    testList
        "Bayes: saving"
        [ testTheory "a saved fit comes back to the last bit" combinations (fun (structure: string, concentration) ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "fit.json")
                  let source = iris.Value.Source
                  let found = source |> Bayes.fit (options 3 (Structure.parse structure |> ok) concentration) |> ok
                  Persist.save path found.Fit |> ok
                  let again = Persist.load<NormalWishart> path |> ok |> Bayes.ofFit
                  Assert.Equal<int64[]>(bits (everything found.Fit), bits (everything again.Fit))
                  Assert.Equal(found.LowerBound, again.LowerBound)
                  Assert.Equal(found.Fit.LogPrior, again.Fit.LogPrior)

                  Assert.Equal<float[]>(
                      Predict.responsibilities found.Fit source |> ok |> flat,
                      Predict.responsibilities again.Fit source |> ok |> flat
                  )

                  // It goes on: one more step from there.
                  let next (found: BayesFit) =
                      source
                      |> Bayes.fit
                          { options 3 (Structure.parse structure |> ok) concentration with
                              Start = Start.Mixture found.Fit.Mixture
                              Tolerance = 0.0
                              MaxIterations = 1 }
                      |> ok
                      |> fun found -> bits (everything found.Fit)

                  Assert.Equal<int64[]>(next found, next again)

                  let onward (found: BayesFit) =
                      Bayes.iterates found.Fit.Model source found.Fit.Mixture
                      |> Seq.item 2
                      |> ok
                      |> fun iterate ->
                          bits (Array.append [| iterate.Objective |] (Statistics.pack iterate.Statistics))

                  Assert.Equal<int64[]>(onward found, onward again)))
          testCase "a state whose prior is of other components is an error, and so are other parameters" (fun () ->
              let fit = (iris.Value.Source |> Bayes.fit (options 3 Full None) |> ok).Fit
              let other = (iris.Value.Source |> Bayes.fit (options 2 Full None) |> ok).Fit
              let state, otherState = Persist.toState fit, Persist.toState other

              let mixed =
                  state
                  |> Map.map (fun name numbers ->
                      if name.StartsWith("settings.", StringComparison.Ordinal) then
                          otherState[name]
                      else
                          numbers)

              let message = (Persist.ofState fit.Model.Family mixed |> error).Message
              Assert.Contains("prior must be full with 3 components", message)
              let without = state |> Map.add "meanPrecisions" (Tensor.vector [| 1.0; 0.0; 2.0 |])
              Assert.Contains("from 1e-100 to 1e100", (Persist.ofState fit.Model.Family without |> error).Message)

              inFolder (fun folder ->
                  let path = Path.Combine(folder, "fit.json")
                  Persist.save path fit |> ok

                  Assert.Contains("Gaussian", (Persist.load<Gaussian> path |> error).Message))) ]

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let errors =
    let three = options 3 Full None
    let message chosen = (iris.Value.Source |> Bayes.fit chosen |> error).Message

    testList
        "Bayes: errors"
        [ testCase "a setting that breaks its rule is named with its value" (fun () ->
              let broken =
                  [ "Structure must be one of full, diag, spherical, tied_full, tied_diag, tied_spherical for a Bayesian mixture, but is VEI.",
                    options 3 VEI None
                    "WeightConcentration must be from 1e-100 to 1e100, but is 0.",
                    options 3 Full (Some(WeightConcentration.DirichletProcess 0.0))
                    "WeightConcentration must be from 1e-100 to 1e100, but is NaN.",
                    options 3 Full (Some(WeightConcentration.DirichletDistribution nan))
                    "MeanPrecisionPrior must be from 1e-100 to 1e100, but is 0.",
                    { three with
                        Family.MeanPrecisionPrior = 0.0 }
                    "DegreesOfFreedomPrior must be above 3 for full covariances of 4 features, and at most 1e100, but is 3.",
                    { three with
                        Family.DegreesOfFreedomPrior = Some 3.0 }
                    "MeanPrior must be 4 or 3×4, but is 2.",
                    { three with
                        Family.MeanPrior = Some(Tensor.vector [| 1.0; 2.0 |]) }
                    "MeanPrior must be finite, but is NaN.",
                    { three with
                        Family.MeanPrior = Some(Tensor.vector [| 1.0; 2.0; nan; 0.0 |]) }
                    "CovariancePrior must be symmetric and positive definite",
                    { three with
                        Family.CovariancePrior = Some(Tensor.scalar -1.0) }
                    "WeightPrior must be Fixed for variational Bayes, whose weights have a prior of their own, but is Flat.",
                    { three with WeightPrior = Flat }
                    "StartWeights must be None for variational Bayes",
                    { three with
                        StartWeights = Some [| 1.0; 2.0; 3.0 |] }
                    "Assignment must be Soft for variational Bayes, but is Hard.", { three with Assignment = Hard }
                    "Noise must be None for variational Bayes",
                    { three with
                        Noise = Some NoiseVolume.Hypervolume }
                    "Missing must be Reject for bayesian_gaussian, which can't treat missing cells, but is Fit.",
                    { three with Missing = Missing.Fit } ]

              for expected, chosen in broken do
                  Assert.StartsWith(expected, message chosen))
          testCase "diagonal covariances may have any degrees of freedom above 0" (fun () ->
              let found =
                  iris.Value.Source
                  |> Bayes.fit
                      { options 3 Diag None with
                          Family.DegreesOfFreedomPrior = Some 0.5 }
                  |> ok

              Assert.True(allFinite (everything found.Fit)))
          testCase "a constant column is an error with its remedies, of which a covariance prior is one" (fun () ->
              let source = sourceOf [| for n in 0..30 -> [| float (n % 7); 5.0; float (n * n % 11) |] |]

              for structure in independent do
                  match source |> Bayes.fit (options 2 structure None), (Structure.layout structure).Shape with
                  | Ok found, Shape.Spherical -> Assert.True(allFinite (everything found.Fit))
                  | Error(ConstantColumn(1, 5.0)), (Shape.Full | Shape.Diag) -> ()
                  | other, _ -> Assert.Fail $"%A{other}"

                  let found =
                      source
                      |> Bayes.fit
                          { options 2 structure None with
                              Family.CovariancePrior = Some(Tensor.scalar 1.0) }
                      |> ok

                  Assert.True(allFinite (everything found.Fit)))
          testCase "data of less weight than one row above the first have no unbiased covariance" (fun () ->
              let light = iris.Value.Source |> Source.weighted (Array.create 150 1e-3) |> ok
              Assert.Contains("a total weight above 1", (light |> Bayes.fit three |> error).Message)

              let found =
                  light
                  |> Bayes.fit
                      { three with
                          Family.CovariancePrior = Some(Tensor.scalar 1.0) }
                  |> ok

              Assert.True(allFinite (everything found.Fit)))
          testCase "rows of diagonal covariances have no t distribution, and a start must suit the settings" (fun () ->
              let found = iris.Value.Source |> Bayes.fit (options 3 Diag None) |> ok
              Assert.StartsWith("Structure must be full or spherical", (Bayes.predictive found |> error).Message)
              let chosen = options 3 Diag (Some(WeightConcentration.DirichletDistribution 1.0))

              let text =
                  message
                      { chosen with
                          Start = Start.Mixture found.Fit.Mixture }

              Assert.Contains(
                  "Dirichlet weights, but is diag with 3 components of 4 features and stick-breaking weights",
                  text
              ))
          testCase "the next row has no t distribution of too few degrees of freedom" (fun () ->
              let found =
                  DataSet.faithful().Source
                  |> Bayes.fit
                      { options 10 Full None with
                          Family.DegreesOfFreedomPrior = Some 1.0625 }
                  |> ok

              Assert.Equal(
                  "DegreesOfFreedomPrior must be at least D − 0.9 = 1.1, so that the next row has at least 0.1 degrees of "
                  + "freedom, but is so small that it has 0.0625.",
                  (Bayes.predictive found |> error).Message
              ))
          testCase "a posterior doesn't learn online, but its mixture of expected parameters does" (fun () ->
              let source = iris.Value.Source

              for concentration in concentrations do
                  let found = source |> Bayes.fit (options 3 Full concentration) |> ok

                  let expected =
                      "Family must be one that learns online, but is bayesian_gaussian, a posterior of variational Bayes: "
                      + "begin with the fit's PlugIn, or fit all rows again."

                  Assert.Equal(expected, (Online.ofFit found.Fit |> Online.update 0.5 source |> error).Message)
                  Assert.Equal(expected, (Online.start found.Fit.Model 150.0 found.Fit.Mixture |> error).Message)

                  let learned = Online.ofFit found.PlugIn |> Online.update 0.5 source |> ok
                  Assert.NotEqual<float[]>(found.PlugIn.Weights, learned.Weights))
          testCase "a posterior has no standard errors: it measures the uncertainty itself" (fun () ->
              let source = iris.Value.Source
              let found = source |> Bayes.fit (options 3 Full None) |> ok

              let expected =
                  "Family must be one whose likelihood is maximised, for standard errors, but is bayesian_gaussian, whose "
                  + "posterior itself measures the uncertainty."

              let check result = Assert.Equal(expected, (result |> Result.map ignore |> error).Message)

              for information in [ Information.Observed; Information.Sandwich; Information.OuterProduct ] do
                  Uncertainty.standardErrors information found.Fit source |> check

              Uncertainty.scores found.Fit source |> check
              Uncertainty.gradient found.Fit source |> check)
          testCase "twelve rows of fifty columns have a posterior" (fun () ->
              let rows = cloud 12 50 4

              for structure in independent do
                  let found = sourceOf rows |> Bayes.fit (options 3 structure None) |> ok
                  Assert.True(allFinite (everything found.Fit))
                  // In 38 directions the variances of the prior are 1e-6, so that rounding counts a million times.
                  let fall = largestFall found.Fit
                  Assert.True((fall <= 1e-9), $"the bound fell by {fall}"))
          testCase "a distribution must have as many numbers as components, all positive" (fun () ->
              let gaussian = Gaussian.create Full (array2D [ [ 0.0; 1.0 ]; [ 2.0; 3.0 ] ]) (Tensor.scalar 1.0) |> ok
              let dirichlet = WeightDistribution.Dirichlet [| 1.0; 2.0 |]

              let check expected precisions degrees weights =
                  Assert.Equal(expected, (NormalWishart.create gaussian precisions degrees weights |> error).Message)

              NormalWishart.create gaussian [| 1.0; 2.0 |] [| 3.0; 1.5 |] dirichlet |> ok |> ignore
              check "MeanPrecisions must be 2 numbers, but is 1 number." [| 1.0 |] [| 3.0; 3.0 |] dirichlet
              check "DegreesOfFreedom must be 2 numbers, but is 1 number." [| 1.0; 1.0 |] [| 3.0 |] dirichlet

              check
                  "DegreesOfFreedom[1] must be above 1 for full covariances of 2 features, and at most 1e100, but is 1."
                  [| 1.0; 1.0 |]
                  [| 3.0; 1.0 |]
                  dirichlet

              for weights in
                  [ WeightDistribution.Dirichlet [| 1.0; 1.0; 1.0 |]
                    WeightDistribution.Sticks([| 1.0; 1.0 |], [| 1.0; 1.0; 1.0 |]) ] do
                  check "Weights must be 2 numbers, but is 3 numbers." [| 1.0; 1.0 |] [| 3.0; 3.0 |] weights)
          testCase "a part of a product can't be Bayesian" (fun () ->
              let product =
                  ProductKind.ofParts
                      [ Part.create [| 0; 1 |] BayesianGaussianKind.defaults
                        Part.create [| 2; 3 |] GaussianKind.defaults ]

              let text =
                  (iris.Value.Source
                   |> Gmm.fit
                       { Gmm.defaultsOf product with
                           Components = 2 }
                   |> error)
                      .Message

              Assert.Contains("one that EM fits", text)) ]
