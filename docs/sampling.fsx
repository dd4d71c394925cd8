(**
---
title: Sampling and conditional distributions
category: Guides
categoryindex: 3
index: 8
---

# Sampling and conditional distributions

A fitted mixture is a distribution. You can draw rows from all of it or from a region, and predict some features from
others. This page shows both in pictures. Run it with `dotnet fsi docs/sampling.fsx` after `dotnet fsi build.fsx build`.

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

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table
let fit = Gmm.fit { Gmm.defaults with Components = 2 } data |> GmmError.get

let options =
    { Plot.defaults with
        ColumnNames = table.Names
        Legend = false }

let sourceOf (sample: Sample) =
    Source.ofRows [| for n in 0 .. Array2D.length1 sample.Rows - 1 -> sample.Rows[n, *] |] |> GmmError.get

let draw title sample = Plot.scatter { options with Title = title } fit (sourceOf sample) |> GmmError.get
(**
## Rows from the mixture

Sampling chooses a component k with probability πₖ, then draws a row from N(μₖ, Σₖ) (Bishop, *Pattern Recognition and
Machine Learning*, 2006, §8.1.2). The same seed gives the same rows on any number of threads, and a shorter sample is a
prefix of a longer one.
*)
let sample = Sample.draw { Sample.defaults with Seed = 1 } 272 fit |> GmmError.get
let ofFirst = sample.Components |> Array.filter ((=) 0) |> Array.length
printfn $"%d{ofFirst} of %d{sample.Components.Length} rows come from component 0, of weight %.4f{fit.Weights[0]}"
(*** include-output ***)
(*** hide ***)
let data' = Plot.scatter { options with Title = "The data" } fit data |> GmmError.get
Figure.beside "" [ data'; draw "As many rows drawn" sample ] |> GmmError.get |> Figure.svg
(*** include-it-raw ***)
(**
## Regions

The Mahalanobis distance r of a row from its component's mean, r² = (x−μₖ)ᵀΣₖ⁻¹(x−μₖ), follows the χ distribution with D
degrees of freedom. A region limits this distance: `Confidence p` is the ellipsoid that holds the probability p, and
`StdRange(low, high)` is the shell between two ellipsoids. Rows are drawn as

```text
x = μₖ + r Lₖ u,     Lₖ Lₖᵀ = Σₖ,     r = F⁻¹(F(low) + v (F(high) − F(low))),
```

with a uniform direction u and a uniform v; F is the distribution function of χ. No draw is rejected, so a region in the
far tail costs no more than any other.
*)
let within region = Sample.within region Sample.defaults 400 fit.Mixture |> GmmError.get

let regions =
    [ "half: Confidence 0.5", Region.Confidence 0.5
      "nearly all: Confidence 0.95", Region.Confidence 0.95
      "a ring: StdRange(1, 2)", Region.StdRange(1.0, 2.0)
      "the tail: StdRange(3, ∞)", Region.StdRange(3.0, infinity) ]
(*** hide ***)
regions
|> List.map (fun (name, region) -> draw name (within region))
|> Figure.beside "400 rows of four regions; ellipses at 1, 2 and 3 σ"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
In two dimensions F(r) = 1 − exp(−r²/2), so the ellipse of probability p lies at √(−2 ln(1−p)): at 1.1774 for one half.
The table shows the distances of the rows drawn, and the probability of the region among all rows of its component:
*)
let probability low high = exp (-low * low / 2.0) - exp (-high * high / 2.0)

printfn "region                        smallest   largest   probability"

for name, region in regions @ [ ("far: StdRange(8, 9)", Region.StdRange(8.0, 9.0)) ] do
    let sample = within region
    let distances = Predict.mahalanobis fit (sourceOf sample) |> GmmError.get
    let own = sample.Components |> Array.mapi (fun n k -> distances[n, k])

    let p =
        match region with
        | Region.Confidence p -> p
        | Region.StdRange(low, high) -> probability low high

    printfn $"%-28s{name} %9.4f{Array.min own} %9.4f{Array.max own}   %.4g{p}"
(*** include-output ***)
(**
Set `Component` to sample from a single component, with or without a region:
*)
let only =
    Sample.within
        (Region.Confidence 0.9)
        { Sample.defaults with
            Component = Some 1 }
        1000
        fit.Mixture
    |> GmmError.get

printfn $"components drawn from: %A{Array.distinct only.Components}"
(*** include-output ***)
(**
## Conditional distributions

How long is the wait after an eruption of x minutes? Given some features x, the distribution of the others, y, is again
a mixture (Bishop, §2.3.1):

```text
p(y|x) = Σₖ πₖ(x) N(y | μₖ,y + Σₖ,yx Σₖ,xx⁻¹ (x − μₖ,x), Σₖ,yy − Σₖ,yx Σₖ,xx⁻¹ Σₖ,xy),     πₖ(x) ∝ πₖ N(x | μₖ,x, Σₖ,xx).
```
*)
let waiting = Conditional.create [| 1 |] [| 0 |] fit.Mixture |> GmmError.get

for minutes in [ 2.0; 2.9; 3.0; 4.0 ] do
    let wait = Conditional.at [| minutes |] waiting |> GmmError.get
    let means = wait.Parameters.Means.toArray2D ()

    printfn
        $"after %.1f{minutes} minutes: %.3f{wait.Weights[0]} of N(%.1f{means[0, 0]}, …) and %.3f{wait.Weights[1]} of N(%.1f{means[1, 0]}, …)"
(*** include-output ***)
(**
Near three minutes both components contribute, and the density is wider than that of either alone; a single number would
be a poor summary. The picture shows the density for the four durations:
*)
let waits = [| 40.0..0.25..100.0 |]

let density minutes =
    let wait = Conditional.at [| minutes |] waiting |> GmmError.get
    let rows = waits |> Array.map Array.singleton |> Source.ofRows |> GmmError.get
    let logDensities = Predict.logDensities (Fit.ofMixture Gaussian.family wait) rows |> GmmError.get
    Array.zip waits (Array.map exp logDensities)
(*** hide ***)
[ for minutes in [ 2.0; 2.9; 3.0; 4.0 ] -> $"after {minutes:F1} minutes", density minutes ]
|> Plot.curves
    { Plot.defaults with
        Title = "The wait, given the eruption" }
    "waiting"
    "density"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## Regression

Gaussian mixture regression computes the mean and the variance of p(y|x) for each row. Between the components the mean
bends from the line of one to the line of the other, and the standard deviation is largest there:
*)
let eruptions = [| 1.5..0.05..5.25 |]

let regression =
    eruptions
    |> Array.map Array.singleton
    |> Source.ofRows
    |> Result.bind (Conditional.predict Execution.Default waiting)
    |> GmmError.get

let line sigma =
    eruptions |> Array.mapi (fun n x -> x, regression.Means[n, 0] + sigma * sqrt regression.Covariances[n, 0, 0])

for n in [ 0; 20; 28; 50 ] do
    printfn
        $"eruption %.2f{eruptions[n]}: wait %.2f{regression.Means[n, 0]} ± %.2f{sqrt regression.Covariances[n, 0, 0]}"
(*** include-output ***)
(*** hide ***)
Plot.curves
    { Plot.defaults with
        Title = "The expected wait, and one standard deviation around it" }
    "eruptions"
    "waiting"
    [ "mean", line 0.0; "mean + σ", line 1.0; "mean − σ", line -1.0 ]
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
