/// The points at which the most probable component of a mixture in one dimension changes.
module Gmm.Tests.CutPointsTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private mixture weights (means: float list) (variances: float list) =
    mixtureOf
        Spherical
        (Array.ofList weights)
        (array2D [ for mean in means -> [ mean ] ])
        (Tensor.vector (Array.ofList variances))

let private cuts mixture = CutPoints.ofMixture mixture |> ok

let private triples mixture = [ for cut in cuts mixture -> cut.X, cut.Below, cut.Above ]

/// The label of `Predict.labels` at one point.
let private label (mixture: Mixture<Gaussian>) (x: float) =
    Predict.labels (Fit.ofMixture Gaussian.family mixture) (sourceOf [| [| x |] |]) |> ok |> Array.head

/// Whether a component's log-density at x is the largest one but for rounding.
let private isTied (mixture: Mixture<Gaussian>) (x: float) (k: int) =
    let gaussian = mixture.Parameters

    let joint =
        Array.init gaussian.Components (fun k ->
            let deviation = sqrt (Gaussian.covariance gaussian k |> flat |> Array.head)
            let z = (x - gaussian.Means.toArray()[k]) / deviation
            log mixture.Weights[k] - log deviation - z * z / 2.0)

    let largest = Array.max joint
    joint[k] >= largest - 1e-14 * abs largest

/// Mixtures in one dimension of every structure: means and deviations over many orders of magnitude, equal ones among
/// them, and weights of 0.
let private mixtures =
    drawing (fun _ random ->
        let components = 1 + random.Next 6
        let scale = 10.0 ** float (random.Next(-100, 100))
        let isEqual, isWild = random.Next 3 = 0, random.Next 2 = 0

        let spread () =
            if isEqual then 1.0
            elif isWild then exp (6.0 * normal random)
            else exp (normal random)

        let structure = Structure.all[random.Next 6]
        let planes = Layout.planes components (Structure.layout structure)

        let means =
            Array2D.init components 1 (fun _ _ -> scale * (if random.Next 4 = 0 then 1.0 else 3.0 * normal random))

        let variances = Array.init planes (fun _ -> (scale * spread ()) ** 2.0)
        let shape = Layout.covarianceShape components 1 (Structure.layout structure)

        let weights =
            Array.init components (fun k -> if k > 0 && random.Next 5 = 0 then 0.0 else exp (2.0 * normal random))

        scale, mixtureOf structure weights means (Tensor.create shape variances))
    |> Arb.fromGen

[<Tests>]
let tests =
    testList
        "CutPoints"
        [ testForAll 2000 "the labels change at the cut points and nowhere else" mixtures (fun (scale, mixture) ->
              let cuts = cuts mixture
              let xs = cuts |> Array.map _.X
              // The points to look at: both sides of every cut, and the middle between two; far outside both ends.
              let step x = 1e-9 * (abs x + scale)
              let isClear x = xs |> Array.forall (fun cut -> abs (cut - x) >= 0.999 * step cut)
              let largest = (Array.append [| scale |] xs) |> Array.fold (fun most x -> max most (abs x)) 0.0
              let sides = xs |> Array.collect (fun x -> [| x - step x; x + step x |])
              let middles = xs |> Array.pairwise |> Array.map (fun (a, b) -> a / 2.0 + b / 2.0)

              let winner x =
                  match cuts |> Array.tryFindBack (fun cut -> cut.X <= x) with
                  | Some cut -> cut.Above
                  | None when cuts.Length > 0 -> cuts[0].Below
                  | None -> label mixture 0.0

              xs = Array.sort xs
              && cuts |> Array.pairwise |> Array.forall (fun (a, b) -> a.Above = b.Below)
              && cuts |> Array.forall (fun cut -> cut.Below <> cut.Above)
              && Array.concat [ sides; middles; [| -3.0 * largest; 3.0 * largest |] ]
                 |> Array.filter isClear
                 |> Array.forall (fun x -> label mixture x = winner x || isTied mixture x (winner x)))
          testCase "a fine grid finds no other change" (fun () ->
              let case = mixture [ 0.2; 0.5; 0.3 ] [ -1.0; 0.0; 2.5 ] [ 0.04; 4.0; 0.25 ]
              let grid = [| for i in -200_000 .. 200_000 -> float i / 10_000.0 |]

              let labels =
                  Predict.labels (Fit.ofMixture Gaussian.family case) (sourceOf (grid |> Array.map Array.singleton))
                  |> ok

              let changes =
                  [ for i in 1 .. grid.Length - 1 do
                        if labels[i] <> labels[i - 1] then
                            grid[i - 1], labels[i - 1], labels[i] ]

              let found = triples case
              Assert.Equal<(int * int) list>([ for _, a, b in changes -> a, b ], [ for _, a, b in found -> a, b ])

              for (below, _, _), (x, _, _) in List.zip changes found do
                  Assert.InRange(x, below, below + 1e-4))
          formulas [ "½((x−μ₁)²/σ₁² − (x−μ₂)²/σ₂²) = ln(π₁σ₂) − ln(π₂σ₁)", "Duda, Hart and Stork 2001, §2.6" ]
          <| testCase "known cut points" (fun () ->
              // Equal variances: halfway, moved by σ²/d · ln π₁/π₂.
              Assert.Equal<(float * int * int) list>(
                  [ 1.0, 0, 1 ],
                  triples (mixture [ 0.5; 0.5 ] [ 0.0; 2.0 ] [ 1.0; 1.0 ])
              )

              let moved = cuts (mixture [ 0.75; 0.25 ] [ 0.0; 2.0 ] [ 1.0; 1.0 ])
              near 1e-15 "weights" (1.0 + log 3.0 / 2.0) moved[0].X
              // Equal means: ±√(2 ln(σ₂/σ₁) / (1/σ₁² − 1/σ₂²)).
              let x = sqrt (2.0 * log 2.0 / (1.0 - 0.25))

              match triples (mixture [ 0.5; 0.5 ] [ 0.0; 0.0 ] [ 1.0; 4.0 ]) with
              | [ a, 1, 0; b, 0, 1 ] ->
                  near 1e-15 "low" -x a
                  near 1e-15 "high" x b
              | other -> failwith $"{other}")
          testCase "components that are never the most probable one have no cut points" (fun () ->
              Assert.Empty(cuts (mixture [ 1.0 ] [ 3.0 ] [ 1.0 ]))
              Assert.Empty(cuts (mixture [ 0.9; 0.1 ] [ 0.0; 0.0 ] [ 1.0; 1.0 ]))
              Assert.Empty(cuts (mixture [ 0.5; 0.5 ] [ 0.0; 0.0 ] [ 1.0; 1.0 ]))
              Assert.Empty(cuts (mixture [ 1.0; 0.0 ] [ 0.0; 5.0 ] [ 1.0; 1.0 ]))
              // The wide component lies below the narrow one nowhere near it, but far away it wins.
              Assert.Equal(2, (cuts (mixture [ 0.999; 0.001 ] [ 0.0; 0.0 ] [ 1.0; 4.0 ])).Length)
              // A component in the middle of weight 0.02 stays below its neighbours.
              Assert.Equal<(float * int * int) list>(
                  [ 0.0, 0, 2 ],
                  triples (mixture [ 0.49; 0.02; 0.49 ] [ -1.0; 0.0; 1.0 ] [ 1.0; 1.0; 1.0 ])
              ))
          testCase "nearly equal variances have their second cut point far away" (fun () ->
              let nearly = mixture [ 0.5; 0.5 ] [ 0.0; 2.0 ] [ 1.0; 1.0 + 1e-10 ]
              let found = cuts nearly
              Assert.Equal(2, found.Length)
              // To first order of ε the far one is 2·2/ε − …, on the side of the narrower component.
              relativelyNear 1e-5 "far" [| -4e10 |] [| found[0].X |]
              near 1e-9 "near" 1.0 found[1].X)
          testCase "means 1e100 apart and deviations of 1e-100 have exact cut points" (fun () ->
              match triples (mixture [ 0.5; 0.5 ] [ -1e100; 1e100 ] [ 1.0; 1.0 ]) with
              | [ x, 0, 1 ] -> Assert.Equal(0.0, x)
              | other -> failwith $"{other}"

              match triples (mixture [ 0.5; 0.5 ] [ 0.0; 0.0 ] [ 1e-200; 1.0 ]) with
              | [ a, 1, 0; b, 0, 1 ] ->
                  let x = 1e-100 * sqrt (2.0 * log 1e100)
                  relativelyNear 1e-14 "both" [| -x; x |] [| a; b |]
              | other -> failwith $"{other}"

              match triples (mixture [ 0.5; 0.5 ] [ 0.0; 1e100 ] [ 1e-200; 1e200 ]) with
              | [ a, 1, 0; b, 0, 1 ] ->
                  // ln σ₂/σ₁ + ½ is the difference of the peaks.
                  let x = 1e-100 * sqrt (2.0 * log 1e200 + 1.0)
                  relativelyNear 1e-14 "both" [| -x; x |] [| a; b |]
              | other -> failwith $"{other}")
          testCase "scaling the mixture scales the cut points, moving it moves them" (fun () ->
              let at scale shift =
                  cuts (
                      mixture
                          [ 0.2; 0.5; 0.3 ]
                          [ for mean in [ -1.0; 0.0; 2.5 ] -> scale * mean + shift ]
                          [ for variance in [ 0.04; 4.0; 0.25 ] -> scale * scale * variance ]
                  )

              let original = at 1.0 0.0

              for exponent in [ -300; -40; 7; 300 ] do
                  let scale = 2.0 ** float exponent

                  Assert.Equal<CutPoint[]>(
                      original |> Array.map (fun cut -> { cut with X = scale * cut.X }),
                      at scale 0.0
                  )

              nearAll 1e-12 "moved" (original |> Array.map (fun cut -> cut.X + 100.0)) (at 1.0 100.0 |> Array.map _.X))
          testCase "the cut points of a fit are those of its mixture, of every structure" (fun () ->
              let waiting = (DataSet.faithful ()).Rows |> Array.map (fun row -> [| row[1] |])

              for structure in Structure.all do
                  let fit = Gmm.fit (plain 2 structure) (sourceOf waiting) |> ok
                  let cut = CutPoints.ofFit fit |> ok |> Array.find (fun cut -> cut.X > 50.0 && cut.X < 90.0)
                  let labels = Predict.labels fit (sourceOf [| [| cut.X - 1e-6 |]; [| cut.X + 1e-6 |] |]) |> ok
                  Assert.Equal<int[]>([| cut.Below; cut.Above |], labels))
          testCase "cut points need one feature" (fun () ->
              let plane = mixtureOf Full [| 1.0 |] (array2D [ [ 0.0; 0.0 ] ]) (Tensor.scalar 1.0)

              Assert.Equal(
                  "The number of features must be 1 for cut points (take the marginal of one feature), but is 2.",
                  (CutPoints.ofMixture plane |> error).Message
              )) ]
