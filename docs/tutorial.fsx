(**
---
title: Tutorial
category: Start
categoryindex: 1
index: 3
---

# Tutorial

This tutorial leads from k-means to mixtures of Gaussians, on to expectation–maximisation in general, and back to
k-means. It follows the order of chapter 9 of Bishop, *Pattern Recognition and Machine Learning* (2006). Run this page
with `dotnet fsi docs/tutorial.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Plots"
*)
(*** hide ***)
#I "../src/Gmm.Plots/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Plots.dll"
(** *)
open Gmm
(**
## Four blobs

We start from data whose true distribution is known: 600 rows from a mixture of four Gaussians, two of them long and
close to each other.
*)
let truth =
    Tensor.create [| 4; 2; 2 |] [| 1.0; 0.0; 0.0; 1.0; 3.0; 2.2; 2.2; 2.0; 0.3; 0.0; 0.0; 0.3; 2.5; -1.8; -1.8; 1.6 |]
    |> Gaussian.create Full (array2D [ [ -5.0; -3.0 ]; [ 0.0; 3.0 ]; [ 4.5; -3.5 ]; [ 3.5; 0.5 ] ])
    |> Result.bind (Mixture.create [| 0.3; 0.3; 0.15; 0.25 |])
    |> GmmError.get

let blobs = Sample.ofMixture Gaussian.family { Sample.defaults with Seed = 1 } 600 truth |> GmmError.get
let data = Source.ofArray2D blobs.Rows |> GmmError.get
printfn "%d rows, first (%.4f, %.4f) from component %d" data.Rows blobs.Rows[0, 0] blobs.Rows[0, 1] blobs.Components[0]
(*** include-output ***)
(*** hide ***)
let small =
    { Plot.defaults with
        Width = 380
        Height = 320 }

Plot.labelled
    { Plot.defaults with
        Title = "Where the rows come from" }
    data
    blobs.Components
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## k-means

k-means looks for K centres μₖ and assigns every row to a cluster, rₙₖ ∈ {0, 1}, so that the sum of squared distances is
small (Bishop, eq. 9.1):

```text
J = Σₙ Σₖ rₙₖ ‖xₙ − μₖ‖².
```

It alternates between two steps. With fixed centres, the best cluster for a row is that of the nearest centre. With
fixed clusters, the best centre is the mean of its rows:

```text
rₙₖ = 1 for k = argminⱼ ‖xₙ − μⱼ‖², and 0 otherwise;        μₖ = Σₙ rₙₖ xₙ / Σₙ rₙₖ.
```

Neither step makes J larger, and there are finitely many ways to cluster the rows, so the algorithm ends. `EM.iterates`
steps through the iterations, here from four centres in one corner. Their objective is −½J/N, which makes k-means a case
of EM (see below).
*)
let corner = array2D [ [ -5.0; -4.0 ]; [ -5.0; -2.0 ]; [ -4.0; -3.0 ]; [ -6.0; -3.0 ] ]

let clustering = KMeans.model Execution.Default

let centres: Mixture<Centroid> =
    { LogWeights = Tensor.vector (Array.zeroCreate 4)
      Parameters = { Centres = Tensor.matrix corner } }

let lloyd = EM.iterates clustering data centres |> Seq.truncate 31 |> Seq.map GmmError.get |> Array.ofSeq
let inertia (iterate: Iterate<Centroid>) = -2.0 * iterate.Statistics.LogLikelihood

let settled = lloyd |> Array.pairwise |> Array.findIndex (fun (a, b) -> a.Mixture = b.Mixture)
printfn "settled after %d iterations" settled

for i in [ 0; 1; 2; 4; 8; settled ] do
    printfn "iteration %2d: J = %.2f" i (inertia lloyd[i])
(*** include-output ***)
(*** hide ***)
[ for i in [ 0; 1; 2; 4; 8; settled ] do
      let fit =
          { Fit.ofMixture Centroid.family lloyd[i].Mixture with
              Model = clustering }

      Plot.scatter
          { small with
              Title = if i = 0 then "start" else $"iteration {i}" }
          fit
          data
      |> GmmError.get ]
|> Figure.beside "k-means"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
The result is a local optimum and depends on the start. `KMeans.fit` therefore spreads its starts out (k-means++) and
keeps the best of ten runs:
*)
let clusters = KMeans.fit { KMeans.defaults with Components = 4 } data |> GmmError.get
let clusterLabels = KMeans.predict clusters data |> GmmError.get
let rand labels = Metrics.adjustedRand blobs.Components labels |> GmmError.get
printfn "J = %.2f from the corner, %.2f by KMeans.fit" (inertia lloyd[settled]) clusters.Inertia
printfn "adjusted Rand index with the truth %.4f" (rand clusterLabels)
(*** include-output ***)
(**
## A mixture of Gaussians

k-means knows only distances: its clusters are about equally wide in every direction. In a mixture of Gaussians,
component k has a mean, but also a weight πₖ and a covariance Σₖ (Bishop, eq. 9.7):

```text
p(x) = Σₖ πₖ N(x|μₖ, Σₖ).
```
*)
let fit =
    Gmm.fit
        { Gmm.defaults with
            Components = 4
            Restarts = 5
            History = true }
        data
    |> GmmError.get

let labels = Predict.labels fit data |> GmmError.get
printfn "log-likelihood %.4f after %d iterations" fit.LogLikelihood fit.Iterations
printfn "adjusted Rand index with the truth %.4f" (rand labels)

let comparison = Comparison.ofMixtures Gaussian.family truth fit.Mixture |> GmmError.get

for pair in comparison.Pairs do
    printfn
        "true component %d: weight %.2f, found %.4f; mean off by %.4f"
        pair.First
        truth.Weights[pair.First]
        fit.Weights[pair.Second]
        pair.Distance
(*** include-output ***)
(**
The ellipses lie at 1, 2 and 3 standard deviations.
*)
(*** hide ***)
Plot.scatter
    { Plot.defaults with
        Title = "Four blobs, four components" }
    fit
    data
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## Soft and hard clustering

k-means says which cluster a row belongs to. A mixture says how probable each component is, given the row. These
probabilities are the responsibilities (Bishop, eq. 9.13):

```text
rₙₖ = p(zₙ = k | xₙ) = πₖ N(xₙ|μₖ, Σₖ) / Σⱼ πⱼ N(xₙ|μⱼ, Σⱼ).
```

They are close to 0 or 1 inside a blob, and in between where blobs meet. The table shows the least certain rows, and the
clusters that k-means assigns to them:
*)
let shares = Predict.responsibilities fit data |> GmmError.get
let sure n = Array.max shares[n, *]
let doubtful = Array.init 600 id |> Array.sortBy sure |> Array.truncate 4

printfn "row   responsibilities                k-means   truly of component"

for n in Array.append doubtful [| 0 |] do
    let row = shares[n, *] |> Array.map (sprintf "%.4f") |> String.concat "  "
    printfn "%3d   %s  cluster %d   %d" n row clusterLabels[n] blobs.Components[n]

let unsure = Array.init 600 sure |> Array.filter (fun share -> share < 0.95) |> Array.length
printfn "%d of 600 rows have no component of probability 0.95" unsure
(*** include-output ***)
(**
Along the line from the mean of the round blob to that of the long one above it, the share of the first falls gradually
from 1 to 0. A hard assignment drops at once, where both are equally probable:
*)
(*** hide ***)
let ends =
    [| 0; 1 |] |> Array.map (fun k -> comparison.Pairs |> Array.find (fun pair -> pair.First = k) |> _.Second)

let way =
    let means = fit.Parameters.Means.toArray2D ()

    [| for i in 0..200 ->
           let t = float i / 200.0
           [| for j in 0..1 -> (1.0 - t) * means[ends[0], j] + t * means[ends[1], j] |] |]

let onTheWay assign =
    let logJoint = Gaussian.logDensity fit.Parameters (Tensor.matrix (array2D way)) + fit.Mixture.LogWeights
    let _, shares: Tensor * Tensor = assign logJoint
    shares.toArray2D()[*, ends[0]] |> Array.mapi (fun i share -> float i / 200.0, share)

[ "soft", onTheWay Assignment.soft; "hard", onTheWay Assignment.hard ]
|> Plot.curves
    { Plot.defaults with
        Title = "From one blob to another"
        Height = 340 }
    "share of the way"
    "responsibility of the first"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## Latent variables and Q

The component zₙ that row n came from is a variable that nobody saw: it is latent. If it had been seen, the
log-likelihood of the complete data would be a plain sum, which is easy to maximise (Bishop, eq. 9.36):

```text
ln p(X, Z|θ) = Σₙ Σₖ zₙₖ (ln πₖ + ln N(xₙ|μₖ, Σₖ)).
```

Without Z the sum over components is inside the logarithm, and no formula gives the maximum:

```text
ln p(X|θ) = Σₙ ln Σₖ πₖ N(xₙ|μₖ, Σₖ).
```

But given parameters θ°, Z has known probabilities: the responsibilities rₙₖ under θ°. The expectation of the complete
log-likelihood is (Bishop, eq. 9.40)

```text
Q(θ, θ°) = Σₙ Σₖ rₙₖ (ln πₖ + ln N(xₙ|μₖ, Σₖ)).
```
*)
let x = Tensor.matrix blobs.Rows
let total (tensor: Tensor) = Array.sum (tensor.toArray ())
let logJoint (mixture: Mixture<Gaussian>) = Gaussian.logDensity mixture.Parameters x + mixture.LogWeights
let logLikelihood mixture = logJoint mixture |> Assignment.soft |> fst |> total
let responsibilities mixture = logJoint mixture |> Assignment.soft |> snd

/// Q(θ, θ°), from the responsibilities under θ°.
let q (mixture: Mixture<Gaussian>) (shares: Tensor) = total (shares * logJoint mixture)

/// −Σₙ Σₖ rₙₖ ln rₙₖ, with 0·ln 0 = 0.
let entropy (shares: Tensor) = shares.toArray () |> Array.sumBy (fun r -> if r > 0.0 then -r * log r else 0.0)
(**
## Why the likelihood never falls

For any responsibilities r, the sum of Q and the entropy of r is a lower bound on the log-likelihood. The gap is the
Kullback–Leibler divergence of r from the probabilities p of Z under θ, which is never negative (Bishop, eqs.
9.70–9.72):

```text
ln p(X|θ) = [Σₙ Σₖ rₙₖ (ln πₖ + ln N(xₙ|μₖ, Σₖ)) − Σₙ Σₖ rₙₖ ln rₙₖ] + KL(r‖p),        KL ≥ 0.
```

The E-step sets r = p under the current θ°: the gap closes, and the bound touches the likelihood. The M-step then takes
the θ that maximises Q, and therefore the bound, because the entropy does not depend on θ. The likelihood is never below
the bound, so it rises by at least as much. In numbers, for the first steps of the fit above:
*)
printfn "step     ln p(X|θ°)   bound at θ°   bound at θ   ln p(X|θ)"

for i in 0..3 do
    let current, next = fit.History[i], fit.History[i + 1]
    let r = responsibilities current
    let atCurrent, atNext = q current r + entropy r, q next r + entropy r
    let before, after = logLikelihood current, logLikelihood next
    printfn "%4d   %12.4f  %12.4f %12.4f %11.4f" (i + 1) before atCurrent atNext after

let holds (current, next) =
    let r = responsibilities current
    let atCurrent, atNext = q current r + entropy r, q next r + entropy r

    abs (atCurrent - logLikelihood current) < 1e-8
    && logLikelihood next > atNext - 1e-8
    && atNext > atCurrent - 1e-6

printfn
    "the bound touches and rises, the likelihood above it, in all steps: %b"
    (fit.History |> Array.pairwise |> Array.forall holds)
(*** include-output ***)
(**
The same as a picture (after Bishop, fig. 9.14). The data are 200 numbers from two Gaussians with known weights and
variances; only one mean is unknown. The log-likelihood per row climbs from a plain to a hill. Each bound touches it at
one current value. The M-step maximises the bound, and the next bound touches at that maximum.
*)
let line mean =
    Gaussian.create Full (array2D [ [ -1.0 ]; [ mean ] ]) (Tensor.scalar 1.0)
    |> Result.bind (Mixture.create [| 0.5; 0.5 |])
    |> GmmError.get

let values =
    Sample.ofMixture Gaussian.family Sample.defaults 200 (line 3.0) |> GmmError.get |> _.Rows |> Tensor.matrix

let jointOf mean = Gaussian.logDensity (line mean).Parameters values + (line mean).LogWeights
let likelihoodOf mean = total (fst (Assignment.soft (jointOf mean))) / 200.0
let sharesOf mean = snd (Assignment.soft (jointOf mean))

/// The bound per row that touches the log-likelihood at `current`.
let boundOf current =
    let r = sharesOf current
    let constant = entropy r
    fun mean -> (total (r * jointOf mean) + constant) / 200.0

/// The M-step for the one mean: Σₙ rₙ xₙ / Σₙ rₙ.
let nextOf current =
    let r = (sharesOf current).toArray2D()[*, 1]
    Array.sum (Array.map2 (*) r (values.toArray ())) / Array.sum r

let touches = Seq.unfold (fun mean -> Some(mean, nextOf mean)) -0.75 |> Seq.truncate 7 |> Array.ofSeq

for i, mean in Array.indexed touches do
    printfn "step %d: mean %.4f, log-likelihood per row %.6f" i mean (likelihoodOf mean)
(*** include-output ***)
(*** hide ***)
let curve f = [| for i in 0..120 -> let mean = -2.5 + float i / 120.0 * 8.0 in mean, f mean |]
let near low f = curve f |> Array.filter (fun (_, y) -> y > low)
let floor = curve likelihoodOf |> Array.map snd |> Array.min

[ "log-likelihood", curve likelihoodOf
  "bound at the start", near floor (boundOf touches[0])
  "bound after step 1", near floor (boundOf touches[1])
  "bound after step 2", near floor (boundOf touches[2]) ]
|> Plot.curves
    { Plot.defaults with
        Title = "Bounds that touch the log-likelihood" }
    "mean"
    "per row"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
Here is the objective of the fit of the four blobs at each iteration. The fit keeps its history, so it is plain EM. The
objective never falls:
*)
let falls = fit.Trace |> Array.pairwise |> Array.filter (fun (before, after) -> after < before) |> Array.length
printfn "%d iterations, %d of them down" fit.Iterations falls
(*** include-output ***)
(*** hide ***)
Plot.objective
    { Plot.defaults with
        Title = "Mean log-likelihood per row"
        Height = 340 }
    fit
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
An objective that never falls need not reach the best maximum: EM ends on a hill, perhaps not the highest one. Hence
`Restarts`.

## The recipe

This is EM for any model with latent variables (Bishop, §9.3):

```text
1. Choose parameters θ to start from.
2. E-step: the probabilities of Z given X under θ, and the sums of the data that Q needs.
3. M-step: θ that maximises Q, or Q + ln p(θ) with a prior.
4. Go on with 2 until the objective no longer changes.
```

In the library a `Model` says what the steps are, and `EM.iterates model data start` is the recipe.
[EM from scratch](em-from-scratch.html) takes each step apart.

## The updates of Gaussians

Q is a sum over components, each with its own parameters. The part for component k is

```text
Σₙ rₙₖ (ln πₖ − ½ ln|Σₖ| − ½ (xₙ−μₖ)ᵀ Σₖ⁻¹ (xₙ−μₖ)) + constant.
```

*Mean.* The derivative with respect to μₖ is Σₙ rₙₖ Σₖ⁻¹ (xₙ−μₖ). It is 0 for

```text
μₖ = (1/Nₖ) Σₙ rₙₖ xₙ,        Nₖ = Σₙ rₙₖ.
```

*Covariance.* With S = Σₙ rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ and Λ = Σₖ⁻¹, the terms that contain Λ are ½ Nₖ ln|Λ| − ½ tr(SΛ). The
derivative of ln|Λ| is Λ⁻¹, so the derivative of both terms is ½ (Nₖ Σₖ − S). It is 0 for

```text
Σₖ = (1/Nₖ) Σₙ rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ.
```

*Weights.* They sum to 1, which needs a Lagrange multiplier. The derivative of Σₖ Nₖ ln πₖ + λ(1 − Σₖ πₖ) with respect
to πₖ is Nₖ/πₖ − λ. It is 0 for πₖ = Nₖ/λ. The weights sum to 1 and the counts to N, so λ = N:

```text
πₖ = Nₖ / N.
```

As a check, hold the responsibilities of a start fixed: any mean, covariance or weight other than those of the M-step
then gives a smaller Q.
*)
let model = Model.ofFamily Gaussian.family
let before = fit.History[0]
let held = responsibilities before
let after = EM.step model data before |> GmmError.get
let best = q after held

/// How much smaller Q is with other parameters.
let lessWith weights means covariances =
    let other = Gaussian.create Full means covariances |> Result.bind (Mixture.create weights) |> GmmError.get
    best - q other held

let means, covariances = after.Parameters.Means.toArray2D (), after.Parameters.Covariances

let firstBy step = after.Weights |> Array.mapi (fun k weight -> if k = 0 then weight + step else weight)

let less =
    [ for step in [ -0.01; 0.01 ] do
          $"means %+.2f{step}", lessWith after.Weights (means |> Array2D.map (fun mean -> mean + step)) covariances
          $"covariances times %.2f{1.0 + step}", lessWith after.Weights means (covariances * (1.0 + step))
          $"first weight %+.2f{step}", lessWith (firstBy step) means covariances ]

for change, amount in less do
    printfn "%-22s Q less by %.6f" change amount

printfn "less in every direction: %b" (less |> List.forall (fun (_, amount) -> amount > 0.0))
(*** include-output ***)
(**
## The updates of Bernoullis, and coins

Under component k, a row of D zeros and ones has probability Πⱼ pₖⱼ^xₙⱼ (1−pₖⱼ)^(1−xₙⱼ) (Bishop, §9.3.3). The part of Q
that contains pₖⱼ is

```text
Σₙ rₙₖ (xₙⱼ ln pₖⱼ + (1 − xₙⱼ) ln(1 − pₖⱼ)),
```

and its derivative Σₙ rₙₖ (xₙⱼ/pₖⱼ − (1−xₙⱼ)/(1−pₖⱼ)) is 0 for the share of ones among the rows of the component:

```text
pₖⱼ = (1/Nₖ) Σₙ rₙₖ xₙⱼ.
```

An example with two coins: somebody takes one of them, tosses it three times, and writes down the three results but not
the coin. The model is a mixture of two Bernoullis with the same p in all three columns. The number of heads x therefore
carries all the information, and it is binomial; the update is pₖ = Σₙ rₙₖ xₙ / 3Nₖ. By hand, and by `EM.step`:
*)
let heads = [| 3.0; 0.0; 2.0; 3.0; 1.0; 0.0; 3.0; 0.0; 2.0; 3.0 |]
let tosses = heads |> Array.map Array.singleton |> Source.ofRows |> GmmError.get
let coins = Model.ofFamily (ExponentialFamily.components (Binomial.family 3))

let byHand (weights: float[], p: float[]) =
    let shares =
        heads
        |> Array.map (fun x ->
            let joint = Array.map2 (fun w p -> w * p ** x * (1.0 - p) ** (3.0 - x)) weights p
            joint |> Array.map (fun j -> j / Array.sum joint))

    let counts = Array.init 2 (fun k -> shares |> Array.sumBy (Array.item k))
    let headsOf k = Array.map2 (fun x (share: float[]) -> share[k] * x) heads shares |> Array.sum
    counts |> Array.map (fun count -> count / 10.0), Array.init 2 (fun k -> headsOf k / (3.0 * counts[k]))

let guess =
    Binomial.ofProbabilities 3 (array2D [ [ 0.6 ]; [ 0.4 ] ])
    |> Result.bind (Mixture.create [| 0.5; 0.5 |])
    |> GmmError.get

let hands = Seq.unfold (fun state -> Some(state, byHand state)) ([| 0.5; 0.5 |], [| 0.6; 0.4 |])
let steps = EM.iterates coins tosses guess |> Seq.map GmmError.get

printfn "step   by hand: weight, p, p      EM.iterates"

for i, ((weights, p), iterate) in Seq.zip hands steps |> Seq.truncate 51 |> Seq.indexed do
    if List.contains i [ 0; 1; 2; 5; 50 ] then
        let fitted = Binomial.probabilities 3 iterate.Mixture.Parameters
        let weight = iterate.Mixture.Weights[0]
        printfn "%4d   %.6f %.6f %.6f   %.6f %.6f %.6f" i weights[0] p[0] p[1] weight fitted[0, 0] fitted[1, 0]
(*** include-output ***)
(**
For more, see [two coins](coins.html) and [handwritten digits](digits.html). The same derivation serves every
exponential family: the mean parameters E T(x) of component k become the average of the statistics T(xₙ), weighted by
its responsibilities; see [families](families.html).

## k-means as hard EM

Give all components the same weight, and the same covariance εI. Then ln ρₙₖ = −‖xₙ−μₖ‖²/2ε + constant. Assign each row
entirely to the component with the largest ρₙₖ, which is also the limit of the responsibilities as ε → 0 (Bishop,
§9.3.2). The E-step becomes the choice of the nearest centre, the M-step the mean of a cluster: k-means. In the library
it is the same loop with `Assignment = Hard`:
*)
let hard =
    Gmm.fit
        { Gmm.defaults with
            Components = 4
            Family.Structure = TiedSpherical
            Start = Start.Means corner
            Assignment = Hard
            WeightPrior = Fixed
            Tolerance = 0.0
            MaxIterations = settled + 5 }
        data
    |> GmmError.get

let fromCorner = lloyd[settled].Mixture.Parameters.Centres
let distance = (hard.Parameters.Means - fromCorner).toArray() |> Array.map abs |> Array.max
printfn "means of the hard mixture and centres of k-means agree to 1e-9: %b" (distance < 1e-9)
(*** include-output ***)
(**
[k-means as the hard limit](kmeans-limit.html) shows what happens on the way, as ε goes to 0.
*)
