/// The structures: names, covariances, counts of parameters; and priors on the weights.
module Gmm.Tests.StructureTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

let names = List.map Structure.name Structure.all

/// A D×D covariance of 2D + 2 rows of standard normal numbers, flat; with D' < D columns, the others are sums of two of these.
let private scatterOf features independent =
    let random = RandomStream.ofSeed (100 * features + independent)
    let drawn = Array.init (2 * features + 2) (fun _ -> Draw.standardNormals random independent)

    let column (row: float[]) j =
        if j < independent then
            row[j]
        else
            row[j % independent] + row[(j + 1) % independent]

    let entry i j = drawn |> Array.averageBy (fun row -> column row i * column row j)
    Array.init (features * features) (fun index -> entry (index / features) (index % features))

/// The M-step of one component that has as many rows as a scatter matrix S of theirs says: first moments (D), and S (D×D).
let private mStepOf (first: float[]) (scatter: float[]) : Result<Gaussian, GmmError> =
    let start = Gaussian.create Full (Array2D.zeroCreate 1 first.Length) (Tensor.scalar 1.0) |> ok

    Gaussian.family.Maximise
        start
        { Weight = 3.0
          LogLikelihood = 0.0
          Counts = [| 3.0 |]
          Sums = [| first; scatter |> Array.map (fun entry -> 3.0 * entry) |] }

[<Tests>]
let tests =
    testList
        "Structure"
        [
          // The covariances' shape and free parameters for 3 components of 4 features.
          formulas
              [ "numbers of a covariance: D(D+1)/2 full, D diagonal, 1 spherical; K times unless tied",
                "Celeux and Govaert 1995" ]
          <| testTheory
              "covariances have the shape and the number of parameters of their structure"
              [ "full", "3 4 4", 30
                "diag", "3 4", 12
                "spherical", "3", 3
                "tied_full", "4 4", 10
                "tied_diag", "4", 4
                "tied_spherical", "", 1
                "VEI", "3 4", 6
                "EVI", "3 4", 10
                "VEE", "3 4 4", 12
                "EVE", "3 4 4", 16
                "VVE", "3 4 4", 18
                "EEV", "3 4 4", 22
                "VEV", "3 4 4", 24
                "EVV", "3 4 4", 28 ]
              (fun (name: string, shape: string, free: int) ->
                  let structure = Structure.parse name |> ok
                  let expected = shape.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> Array.map int
                  Assert.Equal<int[]>(expected, Layout.covarianceShape 3 4 (Structure.layout structure))
                  Assert.Equal(free, Structure.freeParameters 3 4 structure))
          testTheory "a structure's name is parsed back, in any case and with hyphens" names (fun (name: string) ->
              let structure = Structure.parse name |> ok
              Assert.Equal(name, Structure.name structure)
              Assert.Equal(structure, Structure.parse (name.ToUpperInvariant().Replace('_', '-')) |> ok)
              Assert.Equal(structure, Structure.parse $" {name} " |> ok))
          testCase "isotropic is spherical and tied is tied_full" (fun () ->
              Assert.Equal(Spherical, Structure.parse "isotropic" |> ok)
              Assert.Equal(TiedFull, Structure.parse "Tied" |> ok))
          testCase "mclust's names and words are parsed" (fun () ->
              let ofMclust =
                  [ "VVV"; "VVI"; "VII"; "EEE"; "EEI"; "EII"; "VEI"; "EVI"; "VEE"; "EVE"; "VVE"; "EEV"; "VEV"; "EVV" ]

              Assert.Equal<string list>(ofMclust, Structure.all |> List.map Structure.mclustName)

              for structure in Structure.all do
                  Assert.Equal(structure, Structure.parse (Structure.mclustName structure) |> ok)
                  Assert.Equal(structure, Structure.parse ((Structure.mclustName structure).ToLowerInvariant()) |> ok)
                  Assert.Equal(structure, Structure.parse (Structure.words structure) |> ok)

              Assert.Equal("variable volume, equal shape, variable orientation", Structure.words VEV)
              Assert.Equal("equal volume, identity shape, identity orientation", Structure.words TiedSpherical)
              Assert.Equal(TiedSpherical, Structure.parse "E" |> ok)
              Assert.Equal(Spherical, Structure.parse "v" |> ok)
              Assert.Equal((Variation.Variable, Variation.Equal, Variation.Identity), Structure.parts VEI))
          testTheory
              "an unknown structure is an error that lists the known ones"
              [ ""; "fulll"; "VVVV" ]
              (fun (text: string) ->
                  match Structure.parse text |> error with
                  | InvalidOption("Structure", rule, value) ->
                      Assert.Equal($"\"{text}\"", value)

                      for name in "isotropic" :: "tied" :: List.map Structure.name Structure.all do
                          Assert.Contains(name, rule)
                  | other -> Assert.Fail other.Message)
          testCase "the list of structures has all fourteen once" (fun () ->
              Assert.Equal(14, Structure.all |> List.distinct |> List.length))
          testForAll 150 "every component's covariance is read back as it was given" mixtures (fun case ->
              let gaussian = case.Mixture.Parameters

              Seq.forall
                  (fun k -> Gaussian.covariance gaussian k = case.Covariance k)
                  (seq { 0 .. case.Components - 1 }))
          formulas [ "WᵀW = Σ⁻¹", "Golub and Van Loan, Matrix Computations, §4.2" ]
          <| testForAll 150 "the inverse factor W of every covariance has WᵀW = Σ⁻¹" mixtures (fun case ->
              let gaussian = case.Mixture.Parameters
              let size = Layout.planeSize case.Features case.Layout
              let factors = gaussian.InverseFactors.toArray () |> Array.chunkBySize size

              Seq.forall
                  (fun k ->
                      let w =
                          factors[Layout.planeOf case.Layout k] |> Layout.matrix case.Features case.Layout |> dense

                      let identity = w.Transpose() * w * dense (case.Covariance k)
                      let expected = MathNet.Numerics.LinearAlgebra.Matrix<float>.Build.DenseIdentity(case.Features)
                      (identity - expected).InfinityNorm() <= 1e-11)
                  (seq { 0 .. case.Components - 1 }))
          // Features scaled by powers of 2, from 2⁻²⁰⁰ to 2²⁰⁰, round nothing that isn't rounded without.
          testCase "the M-step's factor W has WᵀW·Σ = I for 1 to 64 features, however they are scaled" (fun () ->
              for features in 1..64 do
                  let scatter, first = scatterOf features features, Array.init features (fun j -> 0.01 * float (j % 7))
                  let scale j = Math.ScaleB(1.0, 37 * j % 401 - 200)
                  let byRowAndColumn index = scale (index / features) * scale (index % features)

                  let plain = mStepOf first scatter |> ok

                  let scaled =
                      mStepOf
                          (first |> Array.mapi (fun j sum -> sum * scale j))
                          (scatter |> Array.mapi (fun index entry -> entry * byRowAndColumn index))
                      |> ok

                  let w = plain.InverseFactors.toArray ()
                  let factor = w |> Layout.matrix features (Structure.layout Full) |> dense
                  let identity = MathNet.Numerics.LinearAlgebra.Matrix<float>.Build.DenseIdentity features
                  let residual = factor.Transpose() * factor * dense (Gaussian.covariance plain 0) - identity
                  Assert.True(residual.InfinityNorm() <= 1e-11, $"{features} features: {residual.InfinityNorm()}")

                  Assert.True(
                      w |> Seq.indexed |> Seq.forall (fun (i, entry) -> i % features <= i / features || entry = 0.0)
                  )

                  let unscaled =
                      scaled.InverseFactors.toArray () |> Array.mapi (fun i entry -> entry * scale (i % features))

                  Assert.Equal<int64[]>(bits w, bits unscaled))
          testCase "an M-step whose features depend on each other is singular" (fun () ->
              for features in 2..64 do
                  for independent in List.distinct [ 1; (features + 1) / 2; features - 1 ] do
                      match mStepOf (Array.zeroCreate features) (scatterOf features independent) with
                      | Error(SingularCovariance(Some 0, 0)) -> ()
                      | other -> Assert.Fail $"{independent} of {features} features are independent, but got {other}")
          // Two features of variance 1 whose correlation leaves a pivot 1 − ρ² of some multiple of ε, among others.
          testTheory
              "a pivot counts as long as it is more than rounding noise beside the variance"
              [ 1e10, true; 1e4, true; 1.0, false; 0.0, false; -4.0, false ]
              (fun (multiple: float, isSound: bool) ->
                  for features in [ 2; 3; 16; 64 ] do
                      for scale in [ 1e-140; 1.0; 1e140 ] do
                          for i, j in [ 0, 1; 0, features - 1; features - 2, features - 1 ] do
                              let correlation = 1.0 - multiple * Math.ScaleB(1.0, -53)

                              let matrix =
                                  Array.init (features * features) (fun index ->
                                      match index / features, index % features with
                                      | a, b when a = b -> scale
                                      | a, b when min a b = i && max a b = j -> scale * correlation
                                      | _ -> 0.0)

                              let factor = Array.zeroCreate matrix.Length

                              Assert.Equal(
                                  isSound,
                                  LinearAlgebra.inverseFactor features (ReadOnlySpan matrix) (Span factor)
                              )

                              Assert.True(not isSound || allFinite factor))
          testTheory
              "a matrix with a variance that is none has no factor"
              [ 0.0; -1.0; Double.NaN; Double.PositiveInfinity ]
              (fun (variance: float) ->
                  for features in [ 1; 2; 7 ] do
                      for j in 0 .. features - 1 do
                          let matrix =
                              Layout.diagonal
                                  (Structure.layout Full)
                                  (Array.init features (fun i -> if i = j then variance else 1.0))

                          let factor = Array.zeroCreate matrix.Length
                          Assert.False(LinearAlgebra.inverseFactor features (ReadOnlySpan matrix) (Span factor)))
          formulas
              [ "p = (K−1) + KD + numbers of the covariances", "Celeux and Govaert 1995"
                "BIC = −2 ln L + p ln n", "Schwarz 1978"
                "AIC = −2 ln L + 2p", "Akaike 1974" ]
          <| testForAll 60 "a fit counts its free parameters: weights, means and covariances" data (fun case ->
              let k, d, structure = case.Origin.Components, case.Origin.Features, case.Origin.Structure

              match
                  Gmm.fit
                      { plain k structure with
                          Start = Start.Mixture case.Origin.Mixture
                          MaxIterations = 1 }
                      case.Source
              with
              | Error _ -> true
              | Ok fit ->
                  let free = k - 1 + k * d + Structure.freeParameters k d structure
                  let n = float case.Rows.Length

                  fit.FreeParameters = free
                  && abs (fit.Bic - (float free * log n - 2.0 * fit.LogLikelihood)) <= 1e-9 * (1.0 + abs fit.Bic)
                  && abs (fit.Aic - (2.0 * float free - 2.0 * fit.LogLikelihood)) <= 1e-9 * (1.0 + abs fit.Aic)) ]

// ── Weights ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The weights of the M-step, from counts and weights that were equal.
let private weightsOf prior (counts: float[]) =
    let current = Array.create counts.Length (-log(float counts.Length))
    WeightPrior.maximise prior current counts |> Array.map exp

[<Tests>]
let weightsTests =
    testList
        "Structure: weights"
        [ formulas [ "πₖ = Nₖ / Σⱼ Nⱼ", "Bishop, PRML, 2006, eq. 9.26" ]
          <| testCase "without a prior the weights are the shares of the counts" (fun () ->
              Array.iter2 (near 1e-15 "weight") [| 0.25; 0.75; 0.0 |] (weightsOf Flat [| 1.0; 3.0; 0.0 |]))
          formulas [ "πₖ = (Nₖ + αₖ − 1) / Σⱼ (Nⱼ + αⱼ − 1)", "Murphy, Machine Learning, 2012, §11.4.2.8" ]
          <| testCase "a Dirichlet adds α − 1 to every count" (fun () ->
              Array.iter2
                  (near 1e-15 "weight")
                  [| 0.2; 0.4; 0.4 |]
                  (weightsOf (Dirichlet [| 2.0; 2.0; 5.0 |]) [| 1.0; 3.0; 0.0 |]))
          testCase "a Dirichlet of ones is no prior" (fun () ->
              let counts = [| 0.3; 1.9; 7.0 |]
              Assert.Equal<float[]>(weightsOf Flat counts, weightsOf (Dirichlet [| 1.0; 1.0; 1.0 |]) counts)
              Assert.Equal(0.0, WeightPrior.logDensity (Dirichlet [| 1.0; 1.0; 1.0 |]) [| -infinity; 0.0; -infinity |]))
          testCase "fixed weights stay as they are" (fun () ->
              let current = [| log 0.1; log 0.9; -infinity |]
              Assert.Equal<float[]>(current, WeightPrior.maximise Fixed current [| 9.0; 0.0; 1.0 |]))
          testForAll
              60
              "a fit keeps fixed weights, does not count them as parameters, and its objective never falls"
              weightedData
              (fun case ->
                  let k, d, structure = case.Origin.Components, case.Origin.Features, case.Origin.Structure

                  let fit =
                      case.Source
                      |> Gmm.fit
                          { plain k structure with
                              Start = Start.Mixture case.Origin.Mixture
                              WeightPrior = Fixed
                              Tolerance = 0.0
                              MaxIterations = 5 }
                      |> ok

                  bits (fit.Mixture.LogWeights.toArray ()) = bits (case.Origin.Mixture.LogWeights.toArray ())
                  && fit.FreeParameters = k * d + Structure.freeParameters k d structure
                  && fit.Trace
                     |> Array.pairwise
                     |> Array.forall (fun (before, after) -> after >= before - Tolerance.monotone * (1.0 + abs before)))
          formulas [ "π = argmax Σₖ (Nₖ + αₖ − 1) ln πₖ", "Murphy, Machine Learning, 2012, §11.4.2.8" ]
          <| testForAll
              100
              "the weights are the mode of counts and Dirichlet: no other weights have a higher density"
              weightedData
              (fun case ->
                  let random = Random case.Rows.Length
                  let prior = Array.init case.Origin.Components (fun _ -> 1.0 + 4.0 * random.NextDouble())
                  let counts = case.Origin.Weights |> Array.map (fun weight -> 10.0 * weight)
                  let mode = weightsOf (Dirichlet prior) counts

                  let density (weights: float[]) =
                      Array.fold2
                          (fun sum count (weight: float) -> sum + count * log weight)
                          (WeightPrior.logDensity (Dirichlet prior) (Array.map log weights))
                          counts
                          weights

                  let others =
                      Array.init 20 (fun _ ->
                          mode |> Array.map (fun weight -> weight * (0.9 + 0.2 * random.NextDouble())))

                  others
                  |> Array.forall (fun other ->
                      density (other |> Array.map (fun weight -> weight / Array.sum other)) <= density mode + 1e-12))
          formulas [ "ln Dir(π|α) = Σₖ (αₖ−1) ln πₖ + constant", "Bishop, PRML, 2006, eq. 2.38" ]
          <| testCase "the density of weights under a Dirichlet is the formula's" (fun () ->
              let alpha, weights = [| 1.5; 2.0; 4.0 |], [| 0.2; 0.3; 0.5 |]

              near
                  1e-14
                  "ln density"
                  (Formulas.logDirichlet alpha weights)
                  (WeightPrior.logDensity (Dirichlet alpha) (Array.map log weights))

              Assert.Equal(0.0, WeightPrior.logDensity Flat (Array.map log weights)))
          testForAll 60 "a mixture's weights are divided by their sum" mixtures (fun case ->
              let weights = case.Mixture.Weights
              let sum = Array.sum case.Weights
              allWithin 1e-15 1.0 (case.Weights |> Array.map (fun weight -> weight / sum)) weights) ]
