(**
---
title: How sure am I?
category: Guides
categoryindex: 3
index: 16
---

# How sure am I?

A fit gives numbers: weights, means, covariances. Another sample from the same source would give somewhat different
ones. Standard errors say how different. This page finds them in two ways: from the shape of the likelihood at its
maximum, and by fits of resampled data. It also tests how many components the data need. Run this page with
`dotnet fsi docs/uncertainty.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
open Gmm

let table = Csv.read (System.IO.Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table
let options = { Gmm.defaults with Components = 2 }
let fit = Gmm.fit options data |> GmmError.get
(**
## Standard errors

`Uncertainty.standardErrors` takes a fit and the data of the fit. The parameters have names with their indices,
counting from 0: `mean[0,1]` is the mean of component 0 and column 1.
*)
let errors = Uncertainty.standardErrors Information.Observed fit data |> GmmError.get
printfn $"%s{Summary.ofErrors 0.95 errors |> GmmError.get}"
(*** include-output ***)
(**
The intervals are estimate ± z · error. About 95 of 100 such intervals contain the true parameter, if there are many
rows. `Covariance` has the covariance of all estimates, for errors of differences. Do the waits vary equally in both
groups?
*)
let place name = System.Array.IndexOf(errors.Names, name)
let first, second = place "covariance[0,1,1]", place "covariance[1,1,1]"
let difference = errors.Estimates[first] - errors.Estimates[second]

let error =
    errors.Covariance[first, first] + errors.Covariance[second, second] - 2.0 * errors.Covariance[first, second]
    |> sqrt

printfn $"difference {difference:F2} ± {error:F2}, z = {difference / error:F2}"
(*** include-output ***)
(**
A z within ±2 is no evidence against equal variances.

## Where the errors come from

The parameters are first written as free coordinates θ, such as ln π₀/π₁ (`Coordinates`), which can change
independently of each other. With sₙ = ∂ ln p(xₙ|θ)/∂θ, the score of row n, there are three estimates of the
covariance of θ̂:

    [lang=text]
    Observed      I⁻¹          I = −∂²(ln L + ln prior)/∂θ∂θᵀ, the curvature of the objective
    OuterProduct  B⁻¹          B = Σₙ wₙ sₙ sₙᵀ
    Sandwich      I⁻¹ B I⁻¹

The fit must be at a maximum. Otherwise the result is an error: a step of Newton's method from the fit must move no
coordinate by more than its standard error. The default tolerance is enough for about a million rows; more rows need a
smaller one.

The delta method carries the covariance from θ to the named parameters. If the data come from a mixture of the fitted
kind, all three estimate the same covariance. Real data never do exactly, and then only the sandwich estimates the right
one (White 1982). Old Faithful shows the difference in the variance of the short eruptions:
*)
let errorOf name (errors: StandardErrors) = errors.Errors[System.Array.IndexOf(errors.Names, name)]

let byInformation =
    [ Information.Observed; Information.OuterProduct; Information.Sandwich ]
    |> List.map (fun kind -> $"%A{kind}", Uncertainty.standardErrors kind fit data |> GmmError.get)

let byResampling =
    [ Resampling.Jackknife; Resampling.Nonparametric; Resampling.WeightedLikelihood; Resampling.Parametric ]
    |> List.map (fun resampling ->
        let replicates =
            Bootstrap.run
                { Bootstrap.defaults with
                    Resampling = resampling }
                options
                fit
                data

        $"%A{resampling}", (GmmError.get replicates).StandardErrors)

// Component 0 or 1: the one of the short eruptions.
let short = if fit.Parameters.Means.toArray()[0] < 3.0 then 0 else 1

printfn $"""{"", -20}{"mean", 9}{"variance", 10}"""

for name, errors in byInformation @ byResampling do
    let mean, variance = errorOf $"mean[{short},0]" errors, errorOf $"covariance[{short},0,0]" errors
    printfn $"{name, -20}{mean, 9:F4}{variance, 10:F4}"
(*** include-output ***)
(**
For the mean all agree. For the variance the error by the observed information is a quarter too small, and so is that
by the parametric bootstrap: both assume normal groups. The sandwich agrees with the resampling of the data. If you
report one kind of error, report the sandwich, or give it beside the other.

At the default tolerance this fit is near enough to its maximum: a tolerance of 1e-13 changes none of the errors above
by more than 0.1 %. Slow fits of overlapping components may need a smaller `Tolerance`. If the information has no
inverse, the error says so and names the coordinate.

## Fits of resampled data

`Bootstrap.run` fits replicates of the data and returns the parameters of each. It needs the options of the fit. There
are four ways to make replicates:

- `Nonparametric` draws as many rows as there are, with replacement (Efron 1979).
- `WeightedLikelihood` gives the rows random weights that sum to their number. No row gets the weight 0, so small
  components survive (O'Hagan, Murphy, Scrucca and Gormley 2019).
- `Parametric` draws rows from the fitted mixture.
- `Jackknife` leaves out one row at a time. It is deterministic and needs no seed, but it takes one fit for each row.

Replicates need not be symmetric around the estimate; `Bootstrap.intervals` returns their percentiles. Normal intervals
can extend past the bounds of a parameter: for small weights and variances, use these percentiles:
*)
let replicates = Bootstrap.run Bootstrap.defaults options fit data |> GmmError.get
let normal = StandardErrors.intervals 0.95 errors |> GmmError.get
let percentiles = Bootstrap.intervals 0.95 replicates |> GmmError.get

for i in [ 0; first; second ] do
    let (a, b), (c, d) = normal[i], percentiles[i]
    printfn $"{replicates.Names[i], -18} normal {a:F3} to {b:F3}, percentiles {c:F3} to {d:F3}"

printfn $"{replicates.Failures.Length} of 999 replicates failed"
(*** include-output ***)
(**
Every replicate starts from the fitted mixture. Components therefore keep their numbers, unless two of them overlap so
much that they can trade places; then the replicates of both spread, and no method gives useful errors. A replicate
fails if its fit does, or if a component shrinks onto a few equal rows (`Fit.Irregular`). Failures are listed, and if
more than half fail, that is an error. Replicates run in parallel, and each has a seed of its own, so the result is
the same for any number of threads.

Sample weights count copies of rows, and must be whole numbers here. Missing cells, noise, priors and every kind of
component take part. Variational Bayes needs no replicates: its posterior is a distribution of the parameters.

## How many components?

With one component more, the likelihood is always higher. How much higher must it be? The likelihood ratio
2(ln L(K+1) − ln L(K)) doesn't have a χ² distribution, because under K components the weight of the other one is 0, on
the edge of its domain. `Bootstrap.likelihoodRatio` finds its distribution by simulation: it draws data from the fit
of K components, and fits K and K + 1 to each (McLachlan 1987):
*)
let oneOrTwo = Bootstrap.likelihoodRatio 99 { options with Components = 1 } data |> GmmError.get
printfn $"%A{oneOrTwo}"
(*** include-output ***)
(**
No replicate came near, so p is the least that 99 replicates can give, 1/100. Old Faithful has more than one group.

A test is only as good as the maxima that it compares. In a replicate, K components start from the mixture that it was
drawn from, and K + 1 as in the data: by the start of the options, so that the same start finds both. This matters
most for larger K: mclust's test of two components against three with full covariances has the statistic 6.13 and the
p-value 0.62, because its hierarchical start leads three components to ln L = −1127.2. The best known maximum is
−1114.4, with a statistic of 31.6; it has a narrow component of 19 rows. A test with a start that finds such maxima in the data but
not in the replicates rejects too often. `Start.Thorough` with `Restarts` is safer than the default where a test is
close.

`Bootstrap.components` makes one test after another, and stops at the first K that is not rejected:
*)
let tied =
    { options with
        Components = 1
        Family.Structure = TiedFull
        Start = Start.KMeans }

let chosen, tests = Bootstrap.components 99 0.05 6 tied data |> GmmError.get

for test in tests do
    printfn $"%A{test}"

printfn $"{chosen} components"
(*** include-output ***)
(**
With one covariance for all, it takes three components to describe the two groups; BIC chooses the same
([model selection](selection.html)).

## What has no standard error

- A parameter on an edge of its domain, such as a probability of 0. The likelihood has no curvature there. Set a
  prior, or use the bootstrap.
- A parameter at a limit of its domain, such as 200 degrees of freedom. It is held there, and its standard error is 0.
- A fit with a component on the floor of its covariance: its likelihood measures the floor.
- Classification EM and k-means, which don't maximise a likelihood of the parameters. The bootstrap takes
  classification EM.
- Variational Bayes, whose posterior itself measures the uncertainty ([variational Bayes](variational-bayes.html)).
- Components that the data can't tell apart: the information has no inverse. Choose fewer.

With `RegCovar = Absolute`, covariances are no exact maximum, and the errors hold up to what was added. With priors,
the observed information includes theirs, and its inverse is the covariance of the posterior's normal approximation
(Laplace).

`Uncertainty.scores`, `gradient` and `observedInformation` return the parts, in the free coordinates of
`Coordinates.names`. Derivatives are computed as differences of the fourth order, which changes the standard errors on
this page by less than one millionth.
*)
