(**
---
title: Student's t
category: Guides
categoryindex: 3
index: 13
---

# Student's t: robust clusters

A few rows far from all others spoil a Gaussian mixture: a component widens until it reaches them, or leaves its group
to cover them. Components with Student's t distribution have heavier tails (Peel and McLachlan 2000):

    [lang=text]
    t(x|μ, Σ, ν) = Γ((ν+D)/2) / (Γ(ν/2) (νπ)^(D/2) |Σ|^½) · (1 + δ/ν)^−(ν+D)/2,   δ = (x−μ)ᵀΣ⁻¹(x−μ)

μ is the location, Σ the scale matrix and ν the degrees of freedom: 1 for a Cauchy distribution, ∞ for a Gaussian one.
A row of a component is Gaussian with the covariance Σ/u, where the precision u is a random number with mean 1. EM
estimates u from the distance of the row, and each row counts in the estimates of its component in proportion to it:

    [lang=text]
    E(u|x) = (ν+D)/(ν+δ)

A far row has a large δ, and therefore counts little. Run this page with `dotnet fsi docs/student-t.fsx` after
`dotnet fsi build.fsx build`.

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
## Two groups and a few far rows

The data are 120 rows of each of two groups, whose standard deviations are 1, and twelve rows far from both:
*)
let random = System.Random 2

let around x y =
    let draw () = sqrt (-2.0 * log (1.0 - random.NextDouble())) * cos (2.0 * System.Math.PI * random.NextDouble())

    [| x + draw (); y + draw () |]

let clean = Array.init 240 (fun n -> if n % 2 = 0 then around -3.0 0.0 else around 3.0 2.0)
let far = Array.init 12 (fun _ -> [| 80.0 * random.NextDouble() - 40.0; 80.0 * random.NextDouble() - 40.0 |])
let data = Source.ofRows (Array.append clean far) |> GmmError.get

let gaussian = Gmm.fit { Gmm.defaults with Components = 2 } data |> GmmError.get

let options =
    { Gmm.defaultsOf StudentTKind.defaults with
        Components = 2 }

let student = Gmm.fit options data |> GmmError.get
printfn $"%s{Summary.ofFit [||] student |> GmmError.get}"
(*** include-output ***)
(**
The Gaussian mixture needs one component for the far rows, and has one left for both groups. Student's t distributions
find the groups, although the far rows are still there:
*)
let show name (places: float[,]) (matrices: float[,][]) =
    for k in 0..1 do
        let spread j = sqrt matrices[k].[j, j]
        printfn $"%-9s{name} (%6.2f{places[k, 0]}, %6.2f{places[k, 1]})  scales %5.2f{spread 0} and %5.2f{spread 1}"

show "Gaussian" (gaussian.Parameters.Means.toArray2D ()) (Array.init 2 (Gaussian.covariance gaussian.Parameters))
show "Student" (StudentT.locations student.Parameters) (Array.init 2 (StudentT.scaleMatrix student.Parameters))
(*** include-output ***)
(*** hide ***)
Plot.scatter
    { Plot.defaults with
        Title = "Two groups and far rows" }
    student
    data
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
The ellipses are those of the scale matrices. The scale of a t distribution is smaller than its standard deviation:
`StudentT.covariance` gives the covariance, ν/(ν−2) Σ, which exists where ν > 2.

## Which rows count little

`Predict.robustWeights` returns for every row the weight Σₖ rₙₖ E(u|xₙ, k) with which it entered the estimates. The
weights average 1 (with noise, the share of rows that are not noise); those near 0 are the outliers:
*)
let weights = Predict.robustWeights student data |> GmmError.get
let light = [ 0 .. weights.Length - 1 ] |> List.filter (fun n -> weights[n] < 0.1)
printfn $"%.3f{Array.average weights} on average, %.2f{Array.min weights[..239]} at least in the groups"
let areFar = light |> List.filter (fun n -> n >= 240)
printfn $"{light.Length} rows have a weight below 0.1; {areFar.Length} of them are far"
(*** include-output ***)
(**
## Degrees of freedom

By default each component has its own degrees of freedom, estimated with everything else. `DegreesOfFreedom.Equal`
estimates one number for all, which needs fewer rows, and `DegreesOfFreedom.Given` sets it:
*)
for name, degrees in
    [ "estimated", DegreesOfFreedom.Estimated
      "equal", DegreesOfFreedom.Equal
      "given 4", DegreesOfFreedom.Given 4.0
      "Gaussian", DegreesOfFreedom.Given infinity ] do
    let fit =
        Gmm.fit
            { options with
                Family.DegreesOfFreedom = degrees }
            data
        |> GmmError.get

    let found = fit.Parameters.DegreesOfFreedom |> Array.map (sprintf "%.2f") |> String.concat " and "
    printfn $"%-10s{name} ln L = %9.3f{fit.LogLikelihood}  BIC %8.2f{fit.Bic}  ν = {found}"
(*** include-output ***)
(**
Estimates lie between 1 and 200. With fewer degrees than 1 a few equal rows make the likelihood unbounded: a share of
ν/(ν+D) of a component's rows in one point is enough (Kent and Tyler 1991). With more than 200, the distribution can
hardly be told from a Gaussian one. A given number may be between 0.1 and 1e6, or ∞.

`Family.Gaussian` has the settings of the scale matrices, which are those of Gaussian components: any of the fourteen
[structures](structures.html), the floor, [priors](priors.html). Missing cells, sample weights, selection, sampling,
saving and [noise](noise.html) work, too. Noise suits a background that is everywhere; Student's t suits heavy-tailed
groups, and data with a few gross errors.

Some functions take Gaussian mixtures only: `Predict.mahalanobis`, `Conditional`, `CutPoints`, `Plot.density` and
`Plot.pairs`. In C#, a `Part` of a `ProductMixture` can't be a Student's t distribution.

In C#, `new StudentTMixture(components: 2).Fit(data)` does the same; its settings are `GivenDegreesOfFreedom` and
`EqualDegreesOfFreedom`, and `RobustWeights(data)` returns the weights.
*)
