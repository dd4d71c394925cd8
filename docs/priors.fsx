(**
---
title: Priors
category: Guides
categoryindex: 3
index: 3
---

# Priors

With few rows the likelihood has bad maxima: a component may sit on a single row, with a covariance close to zero. A
prior states what you believe before seeing the data, and EM then finds the maximum a posteriori (MAP) instead of the
maximum likelihood estimate (MLE). The equations are those of Murphy, *Machine Learning* (2012), §11.4.2.8. Run this
page with `dotnet fsi docs/priors.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Plots"
*)
(*** hide ***)
#I "../src/Gmm.Plots/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Plots.dll"
(** *)
open System.IO
open Gmm
(**
## What changes

The E-step stays the same. The M-step maximises Q(θ, θ°) + ln p(θ), and the objective that never falls is (ln p(X|θ) +
ln p(θ)) / N. There are three priors, and each is optional:

| Option | Belief | Adds |
|---|---|---|
| `WeightPrior` | π ~ Dirichlet(α₁ … αK) | αₖ − 1 rows to component k |
| `MeanPrior` | μₖ given Σₖ ~ N(m₀, Σₖ/κ₀) | κ₀ rows at m₀ to every component |
| `CovariancePrior` | Σₖ ~ inverse Wishart(Ψ₀, ν₀) | ν₀ + D + 1 rows of scatter Ψ₀ to every component |

In equations, where x̄ₖ is the mean of component k and Sₖ its scatter about that mean, both weighted by
responsibilities:

```text
πₖ = (Nₖ + αₖ − 1) / Σⱼ (Nⱼ + αⱼ − 1)
μₖ = (Nₖ x̄ₖ + κ₀ m₀) / (Nₖ + κ₀)
Σₖ = (Ψ₀ + Sₖ + κ₀Nₖ/(κ₀+Nₖ) (x̄ₖ−m₀)(x̄ₖ−m₀)ᵀ) / (Nₖ + ν₀ + D + 2)
```

These equations hold with both priors, on means and on covariances. Without the prior on means, κ₀ is 0 and the last
denominator is Nₖ + ν₀ + D + 1. Without the prior on covariances, Ψ₀ is 0 and the denominator is Nₖ + 1; the 1 comes
from the prior on μₖ, whose density also contains |Σₖ|. Tied structures add the sums of all components; diagonal and
spherical structures keep only their part of each matrix.

A single component has no latent variables, so the equations give its MAP fit at once. By hand, on Old Faithful:
*)
let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table
let rows = table.Values |> Array.chunkBySize 2
let n = float rows.Length

let m0, kappa0 = [| 3.0; 60.0 |], 50.0
let psi0, nu0 = 2.0, 10.0

let mean = Array.init 2 (fun j -> rows |> Array.averageBy (Array.item j))
let mapMean = Array.map2 (fun mean belief -> (n * mean + kappa0 * belief) / (n + kappa0)) mean m0

let mapCovariance =
    Array2D.init 2 2 (fun i j ->
        let scatter = rows |> Array.sumBy (fun row -> (row[i] - mean[i]) * (row[j] - mean[j]))
        let pull = kappa0 * n / (kappa0 + n) * (mean[i] - m0[i]) * (mean[j] - m0[j])
        ((if i = j then psi0 else 0.0) + scatter + pull) / (n + nu0 + 2.0 + 2.0))

let single =
    Gmm.fit
        { Gmm.defaults with
            Family.RegCovar = Absolute 0.0
            Family.MeanPrior =
                Some
                    { Mean = Tensor.vector m0
                      Precision = kappa0 }
            Family.CovariancePrior =
                Some
                    { Scale = Tensor.scalar psi0
                      Degrees = nu0 } }
        data
    |> GmmError.get

let fitted = Gaussian.covariance single.Parameters 0
printfn "mean        by hand %.6f %.6f" mapMean[0] mapMean[1]
printfn "            fitted  %s" (single.Parameters.Means.toArray () |> Array.map (sprintf "%.6f") |> String.concat " ")
printfn "covariance  by hand %.6f %.6f %.6f" mapCovariance[0, 0] mapCovariance[0, 1] mapCovariance[1, 1]
printfn "            fitted  %.6f %.6f %.6f" fitted[0, 0] fitted[0, 1] fitted[1, 1]
printfn "log-likelihood %.4f, log-prior %.4f (without its constant)" single.LogLikelihood single.LogPrior
(*** include-output ***)
(**
## Weights: Dirichlet

αₖ = 1 has no effect. A larger αₖ counts αₖ − 1 additional rows for every component, which pulls the weights towards
each other and keeps a component from dying out. The table shows the weights of two components of Old Faithful as α
grows:
*)
let fitOf change = change { Gmm.defaults with Components = 2 }

let fit change = Gmm.fit (fitOf change) data |> GmmError.get

/// The components, ordered by their mean waiting times.
let ordered (fit: Fit<Gaussian>) =
    let means = fit.Parameters.Means.toArray2D ()
    [| 0; 1 |] |> Array.sortBy (fun k -> means[k, 1])

let withAlpha alpha =
    fit (fun options ->
        { options with
            WeightPrior = Dirichlet [| alpha |] })

printfn "α      weights"

for alpha in [ 1.0; 10.0; 100.0; 1000.0 ] do
    let found = withAlpha alpha
    let weights = ordered found |> Array.map (fun k -> sprintf "%.4f" found.Weights[k]) |> String.concat "  "
    printfn "%-5g  %s" alpha weights
(*** include-output ***)
(**
## Means: a normal distribution

κ₀ says how many rows the belief is worth. m₀ is one point for all components, or one point for each. In this example it
is the mean of the data, so the components move towards it, and widen to cover their rows:
*)
let centre = Tensor.vector mean

/// The standard deviation of the waiting times in component k.
let waitingDeviation (fit: Fit<Gaussian>) k =
    let covariance = Gaussian.covariance fit.Parameters k
    sqrt covariance[1, 1]

let withKappa kappa =
    if kappa = 0.0 then
        fit id
    else
        fit (fun options ->
            { options with
                Family.MeanPrior = Some { Mean = centre; Precision = kappa } })

printfn "κ₀       mean waiting times   standard deviations"

for kappa in [ 0.0; 10.0; 50.0; 100.0 ] do
    let found = withKappa kappa
    let means = found.Parameters.Means.toArray2D ()
    let k = ordered found
    let deviations = k |> Array.map (waitingDeviation found)
    printfn "%-5g    %.3f  %.3f       %6.3f  %6.3f" kappa means[k[0], 1] means[k[1], 1] deviations[0] deviations[1]
(*** include-output ***)
(*** hide ***)
let picture title found =
    Plot.scatter
        { Plot.defaults with
            Title = title
            ColumnNames = table.Names
            Width = 400
            Height = 340
            Legend = false }
        found
        data
    |> GmmError.get

[ for kappa in [ 0.0; 10.0; 100.0 ] -> picture $"κ₀ = %g{kappa}" (withKappa kappa) ]
|> Figure.beside "Means drawn to the centre of the data"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
At κ₀ = 100 the belief has won: both components lie at the centre of the data and describe it together.
*)
(**
## Covariances: inverse Wishart

A component without rows would get the mode of the prior, Ψ₀ / (ν₀ + D + 1). The more degrees of freedom ν₀ > D − 1, the
closer every covariance stays to this mode. In this example Ψ₀ = (ν₀ + D + 1) · diag(0.5, 100), so the mode is diag(0.5,
100) for every ν₀: wider than the blobs, and parallel to the axes.
*)
let withDegrees degrees =
    fit (fun options ->
        { options with
            Family.CovariancePrior =
                Some
                    { Scale = Tensor.create [| 2; 2 |] [| 0.5; 0.0; 0.0; 100.0 |] * (degrees + 3.0)
                      Degrees = degrees } })

printfn "ν₀     standard deviations of waiting times"

for degrees in [ 4.0; 50.0; 200.0; 1000.0 ] do
    let found = withDegrees degrees

    let deviations = ordered found |> Array.map (waitingDeviation found >> sprintf "%.3f") |> String.concat "  "

    printfn "%-5g  %s" degrees deviations
(*** include-output ***)
(*** hide ***)
[ for degrees in [ 4.0; 50.0; 200.0 ] -> picture $"ν₀ = %g{degrees}" (withDegrees degrees) ]
|> Figure.beside "Covariances drawn to diag(0.5, 100)"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## Shrinkage

The picture shows how the estimates move from the data's answer to the belief's as the prior grows from one row to many.
One curve is the distance between the two mean waiting times under the prior on means; the other is the difference of
the weights under the prior on weights. Both are relative to the MLE.
*)
(*** hide ***)
let separation (found: Fit<Gaussian>) =
    let means = found.Parameters.Means.toArray2D ()
    let k = ordered found
    means[k[1], 1] - means[k[0], 1]

let imbalance (found: Fit<Gaussian>) =
    let k = ordered found
    found.Weights[k[1]] - found.Weights[k[0]]

let mle = fit id
let strengths = [| for i in 0..12 -> 10.0 ** (float i / 4.0) |]
let against measure prior = strengths |> Array.map (fun rows -> log10 rows, measure (prior rows) / measure mle)

[ "distance of means (κ₀ rows)", against separation withKappa
  "difference of weights (α − 1 rows)", against imbalance (fun rows -> withAlpha (1.0 + rows)) ]
|> Plot.curves
    { Plot.defaults with
        Title = "Shrinkage of two estimates"
        Height = 360 }
    "log₁₀ of the rows that the prior is worth"
    "relative to maximum likelihood"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## Few rows

Draw twenty samples of twelve rows each, from three components with two features, and fit them by maximum likelihood
without a floor:
*)
let truth =
    Tensor.create [| 3; 2; 2 |] [| 1.0; 0.5; 0.5; 1.0; 1.0; -0.5; -0.5; 1.0; 1.0; 0.0; 0.0; 1.0 |]
    |> Gaussian.create Full (array2D [ [ -3.0; 0.0 ]; [ 3.0; 0.0 ]; [ 0.0; 4.0 ] ])
    |> Result.map (Mixture.uniform 3)
    |> GmmError.get

let drawn seed count =
    Sample.ofMixture Gaussian.family { Sample.defaults with Seed = seed } count truth
    |> GmmError.get
    |> _.Rows
    |> Source.ofArray2D
    |> GmmError.get

let options = { Gmm.defaults with Components = 3 }

let unregularised few =
    Gmm.fit
        { options with
            Family.RegCovar = Absolute 0.0 }
        few

let twelve = [ for seed in 0..19 -> drawn seed 12 ]
let failing = twelve |> List.filter (unregularised >> Result.isError)
let few = failing.Head
printfn "%d of 20 samples have no fit; the first such says:" failing.Length

match unregularised few with
| Ok found -> printfn "log-likelihood %.4f" found.LogLikelihood
| Error error -> printfn "%s" error.Message
(*** include-output ***)
(**
One row is a point, and two rows lie on a line. A component with so few rows has a singular covariance and an unbounded
density, so the likelihood has no maximum. By default covariances have a floor, far below the scale of the data. Then a
maximum exists, but it is arbitrary: in the picture below one component is a speck on a single row. The fit says so.
*)
let regularised few = Gmm.fit options few |> GmmError.get

for warning in (regularised few).Warnings do
    printfn "%s" warning.Message
(*** include-output ***)
(**
`Prior.fromData` derives weak beliefs from the data: m₀ is the mean, κ₀ = 0.01, ν₀ = D + 2 and Ψ₀ = S/K^(2/D), where S
is the data's unbiased covariance, the squares divided by n − 1. These are the defaults of mclust's `priorControl()`
(Fraley and Raftery, "Bayesian regularization for normal mixture estimation and model-based
clustering", *Journal of Classification* 24 (2007) 155–181).
*)
let mapOf few =
    let onMeans, onCovariances = Prior.fromData Full 3 few |> GmmError.get

    Gmm.fit
        { options with
            Family.RegCovar = Absolute 0.0
            Family.MeanPrior = Some onMeans
            Family.CovariancePrior = Some onCovariances }
        few
    |> GmmError.get

let many = drawn 1000 2000
let score source fit = Predict.score fit source |> GmmError.get

/// The smallest standard deviation in any direction of any component.
let thinnest (fit: Fit<Gaussian>) =
    [ for k in 0..2 do
          let c = Gaussian.covariance fit.Parameters k
          let half, difference = (c[0, 0] + c[1, 1]) / 2.0, (c[0, 0] - c[1, 1]) / 2.0
          sqrt (half - sqrt (difference * difference + c[0, 1] * c[0, 1])) ]
    |> List.min

printfn "log-likelihood per row of   these 12   2000 new rows   thinnest"

for name, fit in
    [ "MLE with a floor", regularised few; "MAP", mapOf few; "the truth", Fit.ofMixture Gaussian.family truth ] do
    printfn "%-24s %11.3f %15.3f %10.4f" name (score few fit) (score many fit) (thinnest fit)
(*** include-output ***)
(*** hide ***)
Plot.compare
    { Plot.defaults with
        Width = 400
        Height = 380 }
    [ "MLE with a floor", regularised few; "MAP", mapOf few; "the truth", Fit.ofMixture Gaussian.family truth ]
    few
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
One sample proves little. For all twenty samples, and for larger ones, the next table shows how many have no fit without
a floor, and the median log-likelihood per new row with the floor and with the prior.
*)
let median (numbers: float list) =
    let sorted = List.sort numbers
    (sorted[9] + sorted[10]) / 2.0

printfn "rows   without a fit   MLE with a floor      MAP"

for count in [ 12; 15; 20; 30 ] do
    let samples = [ for seed in 0..19 -> drawn seed count ]
    let fails = samples |> List.filter (unregularised >> Result.isError)
    let mle = samples |> List.map (regularised >> score many) |> median
    let map = samples |> List.map (mapOf >> score many) |> median
    printfn "%4d   %7d of 20   %16.3f %8.3f" count fails.Length mle map
(*** include-output ***)
(**
With twelve rows the prior raises the median log-likelihood by almost six per new row, with twenty by one, with thirty
by 0.2. For a component the prior is worth ν₀ + D + 1 rows, whatever N, so its influence fades as the number of rows
grows.

In C# the priors are properties of `GaussianMixture`; see [names you may know](mapping.html).
*)
