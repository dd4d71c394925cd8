(**
---
title: Noise
category: Guides
categoryindex: 3
index: 12
---

# Noise

Some rows belong to no component: measurement errors, outliers, a background. A mixture without room for them widens a
component until it reaches them. A noise component gives them room. Its density is the same everywhere, 1/V, in a region
of volume V (Banfield and Raftery 1993; Fraley and Raftery 1998):

    [lang=text]
    f(x) = Σₖ πₖ p(x|θₖ) + π₀/V

The probability that a row is noise is (π₀/V)/f(x), so rows far from every component are noise. EM estimates the weight
π₀ together with the other weights. Run this page with `dotnet fsi docs/noise.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the packages first:

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
## Two groups in a background

The data are 120 rows of each of two groups, and 60 rows that are uniform on a square:
*)
let random = System.Random 1
let uniform () = 20.0 * random.NextDouble() - 10.0

let around x y =
    let draw () = sqrt (-2.0 * log (1.0 - random.NextDouble())) * cos (2.0 * System.Math.PI * random.NextDouble())

    [| x + draw (); y + draw () |]

let rows =
    Array.init 300 (fun n ->
        match n % 5 with
        | 0
        | 1 -> around -3.0 0.0
        | 2
        | 3 -> around 3.0 2.0
        | _ -> [| uniform (); uniform () |])

let data = Source.ofRows rows |> GmmError.get

let options =
    { Gmm.defaults with
        Components = 2
        Noise = Some NoiseVolume.Hypervolume }

let fit = Gmm.fit options data |> GmmError.get
let without = Gmm.fit { options with Noise = None } data |> GmmError.get
printfn $"%s{Summary.ofFit [||] fit |> GmmError.get}"
(*** include-output ***)
(**
Noise is grey in pictures. The standard deviations of the groups are about 1, as they should be; without the noise
component they are much larger:
*)
(*** hide ***)
Plot.scatter
    { Plot.defaults with
        Title = "Two groups and noise" }
    fit
    data
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
let deviations (fit: Fit<Gaussian>) =
    [ for k in 0..1 ->
          let covariance = Gaussian.covariance fit.Parameters k
          $"%.2f{sqrt covariance[0, 0]} and %.2f{sqrt covariance[1, 1]}" ]
    |> String.concat ", "

printfn $"with noise:    {deviations fit}"
printfn $"without noise: {deviations without}"
(*** include-output ***)
(**
## Labels and weights

The label of noise is `Noise.Label`, which is −1 as in scikit-learn's DBSCAN. `Predict.labels` gives it to a row that is
more probably noise than part of any one component. The weight of noise follows those of the components, and its
responsibilities are the last column:
*)
let labels = Predict.labels fit data |> GmmError.get
printfn $"{labels |> Array.filter ((=) Noise.Label) |> Array.length} of 300 rows are noise"
printfn $"weights: %A{fit.Weights}"
let far = RowPredictor.ofFit fit
printfn $"label of (8, -8): {far.Label(System.ReadOnlySpan [| 8.0; -8.0 |])}"
(*** include-output ***)
(**
Densities, scores and criteria include the noise. `Sample` draws noise between the smallest and the largest number of
every column, and labels it −1. Functions of the components alone leave the noise out: conditional distributions, cut
points, comparisons, and exports to NumPy.

## The volume

`NoiseVolume.Hypervolume` measures V on the data, as mclust's `hypvol` does. If every column is real-valued, it takes
the smaller of two volumes: that of the box around the data, and that of the box around their principal components'
scores; otherwise it takes the first. It also takes the first if a column is a combination of others, because the second
is then 0. This volume counts as one free parameter. `NoiseVolume.Given` sets V where you know the region, such as the
frame of an image, and adds no parameter. Both give this mixture nearly the same components:
*)
let known =
    Gmm.fit
        { options with
            Noise = Some(NoiseVolume.Given 400.0) }
        data
    |> GmmError.get

let volume (fit: Fit<Gaussian>) = exp -fit.Model.Family.Noise.Value.LogDensity

for name, fit in [ "measured", fit; "given", known ] do
    printfn $"%-8s{name}  V = %.1f{volume fit}  ln L = %.3f{fit.LogLikelihood}  {fit.FreeParameters} parameters"
(*** include-output ***)
(**
## Starts

A fit with noise begins with the mixture that its start makes without noise, and with 5 % of noise. If you know some
rows of noise, label them −1 in `Start.Labels`; the fit then begins with their share. `StartWeights` has one more
number, for the noise, and so does a Dirichlet `WeightPrior` with a number for each weight.

Noise works for every kind of component: Gaussians of all structures, counts, lifetimes, products of columns. A column
of whole numbers has as many values as lie between its smallest and its largest. Data with missing cells, and
variational Bayes, can't have noise.

In C#, `model.Noise = NoiseVolume.Hypervolume` or `model.Noise = 400.0` does the same.
*)
