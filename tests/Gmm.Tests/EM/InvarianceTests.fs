/// What a fit must follow, and what must not change it.
module Gmm.Tests.InvarianceTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// Five iterations: from starts that differ by rounding only they stay as close as `Tolerance.iterations`.
let private optionsFor (case: DataCase) =
    { plain case.Origin.Components case.Origin.Structure with
        Tolerance = 0.0
        MaxIterations = 5 }

/// The fits of two cases, if both come through; now and then drawn data are singular for a component.
let private both
    (a: Result<Fit<Gaussian>, GmmError>)
    (b: Result<Fit<Gaussian>, GmmError>)
    (property: Fit<Gaussian> -> Fit<Gaussian> -> bool)
    =
    match a, b with
    | Ok a, Ok b -> property a b |> Prop.ofTestable
    | Error(SingularCovariance _ | CollapsedComponent _), Error(SingularCovariance _ | CollapsedComponent _) ->
        false ==> true
    | Error error, _
    | _, Error error -> failwith $"only one of the two fits: {error.Message}"

let private fit (case: DataCase) options =
    Gmm.fit
        { options with
            Start = Start.Mixture case.Origin.Mixture }
        case.Source

let private meansOf (fit: Fit<Gaussian>) = fit.Parameters.Means.toArray2D ()

/// Σₖ of all components, one after another.
let private covariancesOf (fit: Fit<Gaussian>) =
    [| for k in 0 .. fit.Parameters.Components - 1 -> Gaussian.covariance fit.Parameters k |]

let private largest (values: float[]) = values |> Array.fold (fun most value -> max most (abs value)) 0.0

let private nearly (a: float[]) (b: float[]) = allWithin Tolerance.iterations (1.0 + largest a) a b

/// Whether two fits have the same weights, means and covariances but for rounding.
let private sameFit (a: Fit<Gaussian>) (b: Fit<Gaussian>) =
    nearly a.Weights b.Weights
    && nearly (flat (meansOf a)) (flat (meansOf b))
    && Array.forall2 (fun x y -> nearly (flat x) (flat y)) (covariancesOf a) (covariancesOf b)

let private shuffled seed (length: int) =
    let order = [| 0 .. length - 1 |]
    (Random(seed: int)).Shuffle order
    order

[<Tests>]
let tests =
    testList
        "Invariance"
        [ testCase "permuting the rows changes the fit by rounding only" (fun () ->
              let property (case: DataCase) =
                  let order = shuffled 7 case.Rows.Length

                  let permuted =
                      { case with
                          Rows = order |> Array.map (Array.get case.Rows)
                          SampleWeights =
                              case.SampleWeights |> Option.map (fun weights -> order |> Array.map (Array.get weights)) }

                  both (fit case (optionsFor case)) (fit permuted (optionsFor case)) sameFit

              checkTimes 100 (Prop.forAll weightedData property))
          testCase "relabelling the components relabels the fit" (fun () ->
              let property (case: DataCase) =
                  let origin = case.Origin
                  let order = shuffled 11 origin.Components
                  let reorder values = order |> Array.map (Array.get values)

                  let relabelled =
                      { case with
                          Origin =
                              { origin with
                                  Weights = reorder origin.Weights
                                  Means = reorder origin.Means
                                  Covariances =
                                      if origin.Layout.IsTied then origin.Covariances else reorder origin.Covariances } }

                  both (fit case (optionsFor case)) (fit relabelled (optionsFor case)) (fun a b ->
                      nearly (reorder a.Weights) b.Weights
                      && nearly (order |> Array.collect (fun k -> (meansOf a)[k, *])) (flat (meansOf b))
                      && Array.forall2
                          (fun x y -> nearly (flat x) (flat y))
                          (reorder (covariancesOf a))
                          (covariancesOf b)
                      && nearly a.Trace b.Trace)

              checkTimes 100 (Prop.forAll weightedData property))
          // At 1e8 a mean is held to 1.5e-8, and that is what the fit may lose; the shifted data themselves are exact.
          formulas [ "p(x + b|μ + b, Σ) = p(x|μ, Σ)", "Bishop, PRML, 2006, §2.3" ]
          <| testTheory "shifting the data shifts the means and nothing else" [ 1e3; -1e6; 1e8 ] (fun (by: float) ->
              let property (case: DataCase) =
                  let shift rows = rows |> Array.map (Array.map (fun x -> x + by))

                  let shifted =
                      { case with
                          Rows = shift case.Rows
                          Origin =
                              { case.Origin with
                                  Means = shift case.Origin.Means } }

                  both (fit case (optionsFor case)) (fit shifted (optionsFor case)) (fun a b ->
                      let tolerance = Tolerance.iterations + 1e-14 * abs by
                      let close (x: float[]) y = allWithin tolerance (1.0 + largest x) x y

                      close a.Weights b.Weights
                      && close (flat (meansOf a)) (flat (meansOf b) |> Array.map (fun mean -> mean - by))
                      && Array.forall2 (fun x y -> close (flat x) (flat y)) (covariancesOf a) (covariancesOf b))

              checkTimes 60 (Prop.forAll weightedData property))
          // With regularisation relative to the variances of the data; spheres, and axes that components share or own, are kept
          // under a common factor only.
          formulas [ "N(Ax|Aμ, AΣAᵀ) = N(x|μ, Σ) / |A| for a diagonal A", "Bishop, PRML, 2006, §2.3" ]
          <| testCase "rescaling the features rescales the fit" (fun () ->
              let property (case: DataCase) =
                  let factors =
                      match case.Origin.Structure with
                      | Spherical
                      | TiedSpherical
                      | EVE
                      | VVE
                      | EEV
                      | VEV -> Array.create case.Origin.Features 1000.0
                      | _ -> Array.init case.Origin.Features (fun j -> [| 1000.0; 0.001; 8.0; 1.0; 30.0 |][j])

                  let rescale (rows: float[][]) = rows |> Array.map (Array.map2 (*) factors)
                  let stretch = Array2D.mapi (fun i j x -> x * factors[i] * factors[j])
                  let shrink = Array2D.mapi (fun i j x -> x / factors[i] / factors[j])

                  let rescaled =
                      { case with
                          Rows = rescale case.Rows
                          Origin =
                              { case.Origin with
                                  Means = rescale case.Origin.Means
                                  Covariances = case.Origin.Covariances |> Array.map stretch } }

                  let options =
                      { optionsFor case with
                          Family.RegCovar = Floor 0.01 }

                  both (fit case options) (fit rescaled options) (fun a b ->
                      nearly a.Weights b.Weights
                      && nearly (flat (meansOf a)) (flat (meansOf b |> Array2D.mapi (fun _ j x -> x / factors[j])))
                      && Array.forall2
                          (fun x y -> nearly (flat x) (flat (shrink y)))
                          (covariancesOf a)
                          (covariancesOf b))

              checkTimes 100 (Prop.forAll weightedData property))
          testCase "absolute regularisation is added to every variance" (fun () ->
              let property (case: DataCase) =
                  let once =
                      { optionsFor case with
                          MaxIterations = 1 }

                  both
                      (fit case once)
                      (fit
                          case
                          { once with
                              Family.RegCovar = Absolute 0.5 })
                      (fun a b ->
                          Array.forall2
                              (fun x y ->
                                  nearly (flat (Array2D.mapi (fun i j v -> if i = j then v + 0.5 else v) x)) (flat y))
                              (covariancesOf a)
                              (covariancesOf b))

              let isIndependent (case: DataCase) = List.contains case.Origin.Structure independent
              checkTimes 60 (Prop.forAll (Arb.filter isIndependent weightedData) property))
          // Structures that a rotation keeps: full and spherical ones, own or tied.
          formulas [ "N(Rx|Rμ, RΣRᵀ) = N(x|μ, Σ) for a rotation R", "Bishop, PRML, 2006, §2.3" ]
          <| testCase "rotating the data rotates the fit" (fun () ->
              let property (case: DataCase) =
                  let origin = case.Origin
                  let q = dense (rotation origin.Features (Random 3))
                  let turn (x: float[]) = (q * MathNet.Numerics.LinearAlgebra.Vector<float>.Build.Dense x).ToArray()
                  let turnMatrix (matrix: float[,]) = (q * dense matrix * q.Transpose()).ToArray()

                  let symmetric (m: float[,]) =
                      Array2D.init origin.Features origin.Features (fun i j -> (m[i, j] + m[j, i]) / 2.0)

                  let rotated =
                      { case with
                          Rows = case.Rows |> Array.map turn
                          Origin =
                              { origin with
                                  Means = origin.Means |> Array.map turn
                                  Covariances = origin.Covariances |> Array.map (turnMatrix >> symmetric) } }

                  both (fit case (optionsFor case)) (fit rotated (optionsFor case)) (fun a b ->
                      let turned = Array.init origin.Components (fun k -> turn ((meansOf a)[k, *])) |> Array.concat

                      nearly a.Weights b.Weights
                      && nearly turned (flat (meansOf b))
                      && Array.forall2
                          (fun x y -> nearly (flat (turnMatrix x)) (flat y))
                          (covariancesOf a)
                          (covariancesOf b))

              let turnable = weightedData |> Arb.filter (fun case -> case.Origin.Layout.Shape <> Shape.Diag)
              checkTimes 80 (Prop.forAll turnable property))
          formulas [ "wₙ = m is m copies of xₙ", "definition of a sample weight" ]
          <| testCase "a weight of m is m copies of the row" (fun () ->
              let property (case: DataCase) =
                  let copies = case.Rows |> Array.mapi (fun n _ -> n % 4)

                  let weighted =
                      { case with
                          SampleWeights = Some(copies |> Array.map float) }

                  let repeated =
                      { case with
                          Rows = Array.map2 Array.create copies case.Rows |> Array.concat
                          SampleWeights = None }

                  both (fit weighted (optionsFor case)) (fit repeated (optionsFor case)) (fun a b ->
                      sameFit a b && nearly a.Trace b.Trace && abs (a.Bic - b.Bic) <= 1e-6 * (1.0 + abs a.Bic))

              checkTimes 100 (Prop.forAll data property))
          testCase "a row of weight 0 changes nothing, wherever it lies" (fun () ->
              let property (case: DataCase) =
                  let features = case.Origin.Features

                  let extended =
                      { case with
                          Rows = Array.append case.Rows [| Array.create features 1e6; Array.create features -1e140 |]
                          SampleWeights = Some(Array.append case.Weights [| 0.0; 0.0 |]) }

                  both (fit case (optionsFor case)) (fit extended (optionsFor case)) sameFit

              checkTimes 80 (Prop.forAll weightedData property))
          testForAll
              80
              "a component of weight 0 leaves densities and responsibilities finite, and gets none"
              data
              (fun case ->
                  let origin = case.Origin

                  let weights =
                      origin.Weights
                      |> Array.mapi (fun k weight -> if k = 0 && origin.Components > 1 then 0.0 else weight)

                  let mixture = Mixture.create weights origin.Mixture.Parameters |> ok
                  let statistics = EM.eStep (Model.ofFamily Gaussian.family) case.Source mixture

                  allFinite (Statistics.pack statistics) && (origin.Components = 1 || statistics.Counts[0] = 0.0))
          testCase "a component of weight 0 is held by its beliefs" (fun () ->
              let property (case: BeliefCase) =
                  let origin = case.Data.Origin

                  let weights =
                      origin.Weights
                      |> Array.mapi (fun k weight -> if k = 0 && origin.Components > 1 then 0.0 else weight)

                  let model = Model.ofFamily case.Family

                  Mixture.create weights origin.Mixture.Parameters
                  |> Result.bind (EM.step model case.Data.Source)
                  |> ok
                  |> fun next -> allFinite (parameters next)

              let held = beliefs |> Arb.filter (fun case -> case.Prior.Mean.IsSome && case.Prior.Covariance.IsSome)
              forAll 80 held property)
          // MathNet computes mean and covariance of one component apart from the library.
          formulas [ "μ = Σₙ wₙxₙ / Σₙ wₙ, Σ = Σₙ wₙ(xₙ−μ)(xₙ−μ)ᵀ / Σₙ wₙ", "Bishop, PRML, 2006, eq. 2.121 and 2.122" ]
          <| testForAll 100 "one component is the mean and the covariance of the data" data (fun case ->
              let structure, features = case.Origin.Structure, case.Origin.Features
              let fit = case.Source |> Gmm.fit (plain 1 structure) |> ok
              let column j = case.Rows |> Array.map (fun row -> row[j])
              let mean = Array.init features (fun j -> MathNet.Numerics.Statistics.Statistics.Mean(column j))

              let covariance =
                  Array2D.init features features (fun i j ->
                      MathNet.Numerics.Statistics.Statistics.PopulationCovariance(column i, column j))

              let expected =
                  match (Structure.layout structure).Shape with
                  | Shape.Full -> covariance
                  | Shape.Diag -> covariance |> Array2D.mapi (fun i j x -> if i = j then x else 0.0)
                  | Shape.Spherical ->
                      let average = Seq.average (seq { for j in 0 .. features - 1 -> covariance[j, j] })
                      Array2D.init features features (fun i j -> if i = j then average else 0.0)

              let near a b = allWithin 1e-11 (1.0 + largest a) a b

              fit.Weights = [| 1.0 |]
              && near mean (flat (meansOf fit))
              && near (flat expected) (flat (Array.head (covariancesOf fit))))
          testForAll 30 "the fit does not change the data" data (fun case ->
              let numbers = Array.concat case.Rows
              let before = Array.copy numbers
              let source = Source.ofMemory case.Origin.Features (ReadOnlyMemory numbers) |> ok

              Gmm.fit
                  { optionsFor case with
                      Family.RegCovar = Floor 1e-8 }
                  source
              |> ignore

              bits numbers = bits before)
          testForAll 40 "every way to hand over the data gives the same bits" data (fun case ->
              let run source =
                  Gmm.fit
                      { optionsFor case with
                          Family.RegCovar = Floor 1e-3
                          Start = Start.Mixture case.Origin.Mixture }
                      source
                  |> ok
                  |> fun fit -> bits (parameters fit.Mixture)

              let rows = run (sourceOf case.Rows)

              run (Source.ofArray2D (array2D case.Rows) |> ok) = rows
              && run (Source.ofMatrix (dense (array2D case.Rows)) |> ok) = rows
              && run (Source.ofMemory case.Origin.Features (ReadOnlyMemory(Array.concat case.Rows)) |> ok) = rows
              && run (sourceOf case.Rows |> Source.weighted (Array.create case.Rows.Length 1.0) |> ok) = rows) ]
