/// The families of more-families.json, written by more-families.py with SciPy and mpmath: fits and special functions.
module Gmm.Tests.MoreFamiliesOracleTests

open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.Support

let private root: Lazy<JsonElement> = lazy (oracle "more-families.json")

let private items name (element: JsonElement) = [ for item in (field name element).EnumerateArray() -> item ]

/// The fit of a family.
let private fitOf name = root.Value |> items "fits" |> List.find (fun fit -> (field "family" fit).GetString() = name)

let private sourceOfFit (fit: JsonElement) = [| for row in items "rows" fit -> numbers row |] |> sourceOf

// ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Fits one component and two from the oracle's labels until nothing changes, and compares what `read` gives of each
/// component. EM stops where the objective rounds, at the square root of its rounding in the parameters.
let private isOracle (name: string) (kind: #Kind<'θ>) (read: 'θ -> float[][]) =
    let expected = fitOf name
    let source = sourceOfFit expected

    let fit components start =
        Gmm.fit
            { Gmm.defaultsOf kind with
                Components = components
                Start = start
                Tolerance = 0.0
                MaxIterations = 3000
                Execution = oneThread }
            source
        |> ok

    let likelihood part = (expected |> field part |> field "log_likelihood").GetDouble()
    let one, two = fit 1 Start.Points, fit 2 (Start.Labels(expected |> field "labels" |> integers))
    relativelyNear 1e-12 $"{name}, one: log-likelihood" [| likelihood "one" |] [| one.LogLikelihood |]

    relativelyNear
        1e-7
        $"{name}, one"
        (expected |> field "one" |> field "parameters" |> numbers)
        (read one.Parameters |> Array.concat)

    relativelyNear 1e-11 $"{name}, two: log-likelihood" [| likelihood "two" |] [| two.LogLikelihood |]
    relativelyNear 1e-5 $"{name}: weights" (expected |> field "two" |> field "weights" |> numbers) two.Weights

    for k, parameters in Seq.indexed (expected |> field "two" |> items "parameters") do
        nearAll 1e-5 $"{name}, component {k}" (numbers parameters) (read two.Parameters |> Array.item k)

/// The numbers of several matrices (K×1) side by side.
let private columns (readers: ('θ -> float[,]) list) (parameters: 'θ) : float[][] =
    let read = readers |> List.map (fun reader -> reader parameters)
    Array.init (Array2D.length1 read.Head) (fun k -> [| for matrix in read -> matrix[k, 0] |])

[<Tests>]
let fits =
    testList
        "MoreFamiliesOracle: fits"
        [ formulas [ "ln α − ψ(α) = ln Σₙ rₙxₙ/N − Σₙ rₙ ln xₙ/N", "Minka 2002" ]
          <| testCase "gamma fits are SciPy's" (fun () ->
              isOracle "gamma" Gamma.family (columns [ Gamma.shapes; Gamma.rates ]))
          formulas [ "σ² = Σₙ rₙ(ln xₙ − μ)²/N", "Johnson, Kotz and Balakrishnan 1994, §14.4" ]
          <| testCase "log-normal fits are SciPy's" (fun () ->
              isOracle "lognormal" LogNormal.family (columns [ LogNormal.logMeans; LogNormal.logDeviations ]))
          formulas [ "ψ(α) − ψ(α+β) = Σₙ rₙ ln xₙ/N", "Johnson, Kotz and Balakrishnan 1995, §25.4" ]
          <| testCase "beta fits are SciPy's" (fun () ->
              isOracle "beta" Beta.family (columns [ Beta.alphas; Beta.betas ]))
          formulas [ "p = N / (N + Σₙ rₙxₙ)", "Johnson, Kemp and Kotz 2005, §5.2" ]
          <| testCase "geometric fits are SciPy's" (fun () ->
              isOracle "geometric" Geometric.family (columns [ Geometric.probabilities ]))
          formulas [ "Σₙ rₙ (ψ(xₙ+r) − ψ(r)) = N ln(1 + μ/r)", "Johnson, Kemp and Kotz 2005, §5.8" ]
          <| testCase "negative binomial fits are SciPy's" (fun () ->
              isOracle
                  "negative_binomial"
                  NegativeBinomialKind.defaults
                  (columns [ NegativeBinomial.means; NegativeBinomial.sizes ]))
          formulas [ "pⱼ = Σₙ rₙxₙⱼ / Σₙⱼ rₙxₙⱼ", "Bishop, PRML, 2006, §2.2" ]
          <| testCase "multinomial fits are SciPy's" (fun () ->
              isOracle "multinomial" MultinomialKind.defaults (fun fitted ->
                  let p = Multinomial.probabilities fitted
                  Array.init (Array2D.length1 p) (fun k -> p[k, *])))
          formulas [ "A_D(κ) = ‖Σₙ rₙxₙ‖/N", "Banerjee, Dhillon, Ghosh and Sra 2005" ]
          <| testCase "von Mises–Fisher fits are SciPy's" (fun () ->
              isOracle "von_mises_fisher" VonMisesFisherKind.defaults (fun fitted ->
                  let directions, kappas = VonMisesFisher.directions fitted, VonMisesFisher.concentrations fitted
                  Array.init kappas.Length (fun k -> Array.append directions[k, *] [| kappas[k] |]))) ]

// ── Special functions ───────────────────────────────────────────────────────────────────────────────────────────────

/// The value of a field, if it has one.
let private value name (element: JsonElement) =
    match (field name element).ValueKind with
    | JsonValueKind.Null -> None
    | _ -> Some((field name element).GetDouble())

/// Fails unless a computed number is near the oracle's, relative to itself or to 1 where it passes through 0.
let private isValue tolerance least (name: string) (element: JsonElement) (actual: float) =
    match value name element with
    | Some expected -> near (tolerance * max least (abs expected)) $"{name} of {element}" expected actual
    | None -> ()

[<Tests>]
let ``special functions`` =
    testList
        "MoreFamiliesOracle: special functions"
        [ formulas
              [ "ψ(x) = ln x − 1/(2x) − 1/(12x²) + 1/(120x⁴) − …", "NIST Handbook, 2010, 5.11.2"
                "ψ′(x) = 1/x + 1/(2x²) + 1/(6x³) − …", "NIST Handbook, 2010, 5.15.8" ]
          <| testCase "the gamma function and its derivatives are mpmath's to 1e-14" (fun () ->
              for place in root.Value |> items "gamma_function" do
                  let x = (field "x" place).GetDouble()
                  isValue 1e-14 1.0 "log_gamma" place (GammaFunction.logGamma x)
                  isValue 1e-14 1.0 "digamma" place (GammaFunction.digamma x)
                  isValue 1e-14 0.0 "trigamma" place (GammaFunction.trigamma x)
                  isValue 2e-14 0.0 "log_minus_digamma" place (GammaFunction.logMinusDigamma x)
                  isValue 5e-14 0.0 "trigamma_minus_inverse" place (GammaFunction.trigammaMinusInverse x))
          testCase
              "differences of the gamma function between two places are mpmath's, however large and close"
              (fun () ->
                  for pair in root.Value |> items "rises" do
                      let a, b = (field "a" pair).GetDouble(), (field "b" pair).GetDouble()
                      isValue 1e-13 1e-3 "log_rise" pair (GammaFunction.logRise a b)
                      isValue 1e-13 0.0 "digamma_rise" pair (GammaFunction.digammaRise a b)
                      isValue 1e-12 0.0 "trigamma_fall" pair (GammaFunction.trigammaFall a b))
          formulas
              [ "C_D(κ) = κ^(D/2−1) / ((2π)^(D/2) I_{D/2−1}(κ))", "Mardia and Jupp 2000, §9.3.2"
                "A_D(κ) = I_{D/2}(κ) / I_{D/2−1}(κ)", "Mardia and Jupp 2000, §9.3.2" ]
          <| testCase
              "constants and mean resultant lengths on spheres are mpmath's, from D = 2 to 1000 and κ = 1e-8 to 1e6"
              (fun () ->
                  for sphere in root.Value |> items "spheres" do
                      let dimension, kappa = (field "dimension" sphere).GetInt32(), (field "kappa" sphere).GetDouble()
                      // ln C(κ) is about −κ.
                      isValue 1e-12 1.0 "log_constant" sphere (Sphere.logConstant dimension kappa)
                      isValue 1e-14 0.0 "resultant" sphere (Sphere.resultant dimension kappa)

                      if kappa >= 0.1 then
                          // Where A is near 1, its last digit is many of κ.
                          let r = (field "resultant" sphere).GetDouble()
                          let tolerance = 1e-13 + 2e-15 / (1.0 - r)
                          near (tolerance * kappa) $"κ of {sphere}" kappa (Sphere.concentration dimension r))
          testCase "ln B(1, b) is −ln b, and the order of a and b changes no bit" (fun () ->
              for b in [ 1e-100; 1e-8; 0.3; 1.0; 7.5; 12.0; 1e8; 1e100 ] do
                  near (1e-14 * (1.0 + abs (log b))) $"ln B(1, {b})" -(log b) (GammaFunction.logBeta 1.0 b)

                  for a in [ 1e-8; 1.0; 1e8 ] do
                      Assert.Equal(GammaFunction.logBeta a b, GammaFunction.logBeta b a))
          testCase "outside its domain the gamma function is NaN" (fun () ->
              for x in [ 0.0; -1.0; -1e9; -infinity; nan ] do
                  for f in [ GammaFunction.logGamma; GammaFunction.digamma; GammaFunction.trigamma ] do
                      Assert.True(System.Double.IsNaN(f x), $"{x}"))
          testCase "ln(1 + x) and eˣ − 1 keep their digits for small x" (fun () ->
              for x in [ 1e-300; 1e-17; 1e-9; 1e-4; 0.1 ] do
                  for x in [ x; -x ] do
                      let series = x - x * x / 2.0 + x * x * x / 3.0 - x * x * x * x / 4.0
                      let powers = x + x * x / 2.0 + x * x * x / 6.0 + x * x * x * x / 24.0
                      let rest = abs (x ** 5.0)
                      near (4e-16 * abs x + rest) $"ln(1 + {x})" series (Special.log1p x)
                      near (4e-16 * abs x + rest) $"e^{x} − 1" powers (Special.expm1 x)

              Assert.Equal<float list>([ -1.0; infinity ], [ -infinity; infinity ] |> List.map Special.expm1)) ]
