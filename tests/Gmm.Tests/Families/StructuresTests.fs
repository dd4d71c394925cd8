/// The structures whose components share a part of their covariances, VEI … EVV: maxima, monotone fits, the floor, membership.
module Gmm.Tests.StructuresTests

open System
open System.IO
open Expecto
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// The structures whose covariances are estimated together.
let private together = [ VEI; EVI; VEE; EVE; VVE; EEV; VEV; EVV ]

let private names = together |> List.map Structure.name

let private structureOf name = Structure.parse name |> ok

/// The objective of a mixture: log-likelihood and log-prior.
let private objective (family: Family<Gaussian>) (rows: Tensor) (mixture: Mixture<Gaussian>) =
    let logs = family.LogDensity mixture.Parameters rows + mixture.LogWeights
    Array.sum ((fst (Assignment.soft logs)).toArray()) + family.LogPrior mixture.Parameters

/// Statistics of K planes with such counts, about the current means.
let private statisticsOf (counts: float[]) features (scatter: float[][]) : Statistics =
    { Weight = Array.sum counts
      LogLikelihood = 0.0
      Counts = counts
      Sums = [| Array.zeroCreate (counts.Length * features); Array.concat scatter |] }

/// Gaussians at 0 with covariances I.
let private standard structure components features =
    Gaussian.create structure (Array2D.zeroCreate components features) (Tensor.scalar 1.0) |> ok

/// D×D scatter matrices of `rows` draws each, as planes of a structure.
let private scatterOf structure features rows (random: Random) =
    let draws = Array.init rows (fun _ -> Draw.standardNormals random features)
    let scale = Array.init features (fun _ -> exp (normal random))

    Array2D.init features features (fun i j ->
        draws |> Array.sumBy (fun draw -> draw[i] * draw[j] * scale[i] * scale[j]))
    |> Layout.ofMatrix (Structure.layout structure)

// ── Maxima ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private priors: (string * MeanPrior option * CovariancePrior option) list =
    let onMeans: MeanPrior =
        { Mean = Tensor.vector [| 5.5; 3.0; 4.0 |]
          Precision = 0.3 }

    let onCovariances: CovariancePrior =
        { Scale = Tensor.create [| 3; 3 |] [| 0.5; 0.1; 0.2; 0.1; 0.3; 0.0; 0.2; 0.0; 0.8 |]
          Degrees = 6.0 }

    [ "no prior", None, None
      "a prior on the means", Some onMeans, None
      "a prior on the covariances", None, Some onCovariances
      "both priors", Some onMeans, Some onCovariances ]

[<Tests>]
let maxima =
    testList
        "Structures: maxima"
        [ formulas
              [ "MAP within a structure: Sₖ + Ψ₀ and Nₖ + ν₀ + D + 1 in the place of Sₖ and Nₖ",
                "Fraley and Raftery 2007, §3" ]
          <| testTheory
              "where EM comes to rest, no free coordinate of any structure changes the objective"
              [ for structure in Structure.all do
                    for name, _, _ in priors -> (Structure.name structure, name) ]
              (fun (structure: string, name: string) ->
                  let structure = structureOf structure
                  let _, onMeans, onCovariances = priors |> List.find (fun (other, _, _) -> other = name)
                  let data = DataSet.iris ()
                  let rows = data.Rows |> Array.map (Array.take 3)

                  // The prior's scale in the layout of the structure.
                  let onCovariances =
                      onCovariances
                      |> Option.map (fun prior ->
                          { prior with
                              Scale =
                                  Tensor.create
                                      (Layout.planeShape 3 (Structure.layout structure))
                                      (Layout.ofMatrix (Structure.layout structure) (prior.Scale.toArray2D ())) })

                  let fit =
                      Support.sourceOf rows
                      |> Gmm.fit
                          { plain 3 structure with
                              Start = Start.Labels data.Labels
                              Family.MeanPrior = onMeans
                              Family.CovariancePrior = onCovariances
                              Tolerance = 0.0
                              MaxIterations = 600 }
                      |> ok

                  let family, x = fit.Model.Family, Tensor.matrix (array2D rows)
                  let at = Coordinates.ofMixture family fit.Mixture |> ok

                  for i, coordinate in Array.indexed (Coordinates.names family fit.Mixture) do
                      let moved step =
                          at
                          |> Array.updateAt i (at[i] + step)
                          |> Coordinates.toMixture family fit.Mixture
                          |> ok
                          |> objective family x

                      let slope = (moved 1e-5 - moved -1e-5) / 2e-5
                      near 2e-3 $"{structure}, {name}: slope along {coordinate}" 0.0 slope)
          testTheory "with one component the structures are Diag or Full" names (fun (name: string) ->
              let structure = structureOf name
              let plain = if (Structure.layout structure).Shape = Shape.Diag then Diag else Full
              let random = Random 5

              for features in 1..4 do
                  let scatter = [| scatterOf structure features 12 random |]

                  let estimate structure =
                      let start = standard structure 1 features

                      (Gaussian.family.Maximise start (statisticsOf [| 12.0 |] features scatter) |> ok)
                          .Covariances.toArray()

                  nearAll 1e-9 $"{features} features" (estimate plain) (estimate structure)) ]

// ── Monotone fits ───────────────────────────────────────────────────────────────────────────────────────────────────

/// Small data that a fit may find hard: some have equal rows, a value far from the others, or a column of few values.
let private hostile (random: Random) =
    let features, rows = 1 + random.Next 4, 8 + random.Next 25
    let centres = Array.init 3 (fun _ -> Array.init features (fun _ -> 3.0 * normal random))

    let drawn = Array.init rows (fun n -> Array.init features (fun j -> onGrid (centres[n % 3].[j] + normal random)))

    match random.Next 5 with
    | 0 ->
        for n in 1..4 do
            drawn[n] <- Array.copy drawn[0]
    | 1 -> drawn[rows - 1].[0] <- 1000.0 * normal random
    | 2 ->
        for row in drawn do
            row[features - 1] <- float (random.Next 2)
    | _ -> ()

    drawn

[<Tests>]
let monotone =
    testList
        "Structures: monotone fits"
        [ testTheory
              "with default options the objective never falls in 1,000 fits of small and awkward data"
              names
              (fun (name: string) ->
                  let structure, random = structureOf name, Random 11
                  let mutable fitted = 0

                  for number in 1..1000 do
                      let rows = hostile random
                      let components = 1 + random.Next 3
                      let labels = rows |> Array.mapi (fun n _ -> if n < components then n else random.Next components)

                      let fit =
                          Support.sourceOf rows
                          |> Gmm.fit
                              { Gmm.defaults with
                                  Components = components
                                  Family.Structure = structure
                                  Start = Start.Labels labels
                                  Tolerance = 0.0
                                  MaxIterations = 6
                                  Execution = oneThread }

                      match fit with
                      | Error(CollapsedComponent _)
                      | Error(ConstantColumn _) -> ()
                      | Error error -> Assert.Fail $"{name}, fit {number}: {error.Message}"
                      | Ok fit ->
                          fitted <- fitted + 1

                          // On the floor, matrices with a common shape may have condition numbers of 10¹⁴.
                          let tolerance = if fit.Irregular.OnFloor.IsEmpty then 1e-9 else 1e-6

                          for before, after in Array.pairwise fit.Trace do
                              Assert.True(
                                  after >= before - tolerance * (1.0 + abs before),
                                  $"{name}, fit {number}: {before:R} and then {after:R}"
                              )

                  Assert.True(fitted > 900, $"only {fitted} fits")) ]

// ── The floor ───────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``the floor`` =
    testList
        "Structures: the floor"
        [ formulas [ "the maximum under Σₖ tr(FΣₖ⁻¹) ≤ 1 is the estimate from Sₖ + τF", "Everett 1963" ]
          <| testTheory
              "no covariances near an M-step's on the floor meet the constraint and are better"
              names
              (fun (name: string) ->
                  let structure, random = structureOf name, Random 23
                  let floor = [| 0.02; 0.05; 0.01 |]
                  let family = Gaussian.familyWith GaussianPrior.flat (Some(AtLeast floor))
                  let counts = [| 9.0; 3.0; 12.0 |]

                  // The second component has a single direction.
                  let scatter =
                      [| scatterOf structure 3 9 random
                         scatterOf structure 3 1 random
                         scatterOf structure 3 12 random |]
                      |> Array.map (Array.map (fun entry -> 0.001 * entry))

                  let start = standard structure 3 3
                  // EVE and VVE turn their orientation a little in each M-step.
                  let step parameters = family.Maximise parameters (statisticsOf counts 3 scatter) |> ok
                  let best = Seq.fold (fun parameters _ -> step parameters) start (seq { 1..60 })

                  let load (gaussian: Gaussian) =
                      Seq.sum (
                          seq {
                              for k in 0..2 do
                                  let inverse = (dense (Gaussian.covariance gaussian k)).Inverse()

                                  for j in 0..2 -> floor[j] * inverse[j, j]
                          }
                      )

                  let cost (gaussian: Gaussian) =
                      Seq.sum (
                          seq {
                              for k in 0..2 do
                                  let sigma = dense (Gaussian.covariance gaussian k)

                                  let s = dense (Layout.matrix 3 (Structure.layout structure) scatter[k])

                                  (s * sigma.Inverse()).Trace() + counts[k] * log (sigma.Determinant())
                          }
                      )

                  near 1e-9 $"{name}: Σₖ tr(FΣₖ⁻¹)" 1.0 (load best)
                  let at = Coordinates.ofMixture family (Mixture.uniform 3 best) |> ok
                  let firstCovariance = 2 + 9
                  let mutable tried = 0

                  for size in [ 1e-4; 1e-2; 0.3 ] do
                      for _ in 1..300 do
                          let numbers =
                              at |> Array.mapi (fun i x -> if i < firstCovariance then x else x + size * normal random)

                          // Without the floor, so that coordinates below it are no error.
                          let other = Coordinates.toMixture Gaussian.family (Mixture.uniform 3 best) numbers |> ok

                          if load other.Parameters <= 1.0 then
                              tried <- tried + 1
                              let gain = cost best - cost other.Parameters
                              Assert.True(gain <= 1e-7 * abs (cost best), $"{name}, {size}: {gain} better")

                  Assert.True(tried > 50, $"{name}: only {tried} met the constraint")) ]

// ── Membership ──────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let membership =
    testList
        "Structures: membership"
        [ testForAll 300 "the M-step leaves covariances of the structure as they are" mixtures (fun case ->
              let again = within case.Structure case.Covariances
              Array.forall2 (fun a b -> allWithin 1e-9 (Seq.max (flat a)) (flat a) (flat b)) case.Covariances again)
          testTheory "covariances that don't belong to the structure are an error with its words" names (fun name ->
              let structure, random = structureOf name, Random 3
              let planes = Array.init 2 (fun _ -> scatterOf structure 3 20 random)

              let error =
                  Tensor.create (Layout.covarianceShape 2 3 (Structure.layout structure)) (Array.concat planes)
                  |> Gaussian.create structure (Array2D.zeroCreate 2 3)
                  |> error

              Assert.Contains(Structure.words structure, error.Message))
          testTheory "components in another order have the same covariances in that order" names (fun name ->
              let structure, random = structureOf name, Random 7
              let counts = [| 10.0; 14.0; 20.0 |]
              let planes = counts |> Array.map (fun count -> scatterOf structure 3 (int count) random)

              let estimate order =
                  let pick items = order |> Array.map (fun k -> Array.item k items)
                  let start = standard structure 3 3
                  let found = Gaussian.family.Maximise start (statisticsOf (pick counts) 3 (pick planes)) |> ok
                  Array.init 3 (fun place -> flat (Gaussian.covariance found place))

              let plain, turned = estimate [| 0; 1; 2 |], estimate [| 2; 0; 1 |]

              for place, k in List.indexed [ 2; 0; 1 ] do
                  nearAll 1e-7 $"component {k}" plain[k] turned[place])
          testTheory "a saved fit is read back to the last bit" names (fun name ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "fit.json")

                  let fit =
                      (DataSet.faithful ()).Source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Family.Structure = structureOf name
                              Start = Start.KMeans }
                      |> ok

                  Persist.save path fit |> ok
                  let again: Fit<Gaussian> = Persist.load path |> ok

                  Assert.Equal<int64[]>(
                      bits (fit.Parameters.Covariances.toArray ()),
                      bits (again.Parameters.Covariances.toArray ())
                  )

                  Assert.Equal<int64[]>(
                      bits (fit.Parameters.InverseFactors.toArray ()),
                      bits (again.Parameters.InverseFactors.toArray ())
                  )

                  Assert.Equal(fit.Parameters.Structure, again.Parameters.Structure)))
          testCase "marginals of VEI and VEE stay, those of the others are Diag or Full" (fun () ->
              let expected = [ VEI, VEI; EVI, Diag; VEE, VEE; EVE, Full; VVE, Full; EEV, Full; VEV, Full; EVV, Full ]

              for structure, ofPart in expected do
                  let case = drawMixture structure 3 3 10.0 (Random 9)
                  let gaussian = case.Mixture.Parameters
                  let part = Gaussian.marginal [| 2; 0 |] gaussian |> ok
                  Assert.Equal(ofPart, part.Structure)

                  for k in 0..2 do
                      let whole = Gaussian.covariance gaussian k

                      nearAll
                          1e-12
                          "part"
                          [| whole[2, 2]; whole[2, 0]; whole[0, 2]; whole[0, 0] |]
                          (flat (Gaussian.covariance part k))) ]
