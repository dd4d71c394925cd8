(**
---
title: Variational Bayes
category: Guides
categoryindex: 3
index: 7
---

# Variational Bayes: as many components as the data need

Maximum likelihood uses every component that it is given, so that you have to choose the number of components beforehand
or by a criterion. A Bayesian mixture has a prior on weights, means and covariances, and its fit is a posterior
distribution of them. Components that the data don't need lose their rows and return to the prior. So K only has to be
large enough. (It can't exceed the number of different rows; with `FewerComponents`, a fit takes as many components as
there are such rows.)

A single run may stop at a solution in which several components share one group; this happens more often with many rows.
So [try several starts](#The-concentration), and compare [the bounds](#The-lower-bound) of several K.

Run this page with `dotnet fsi docs/variational-bayes.fsx` after `dotnet fsi build.fsx build`.

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
## Ten components for Old Faithful

`Bayes.fit` takes the record of options that all fits take. Old Faithful erupts in two ways; the options allow ten:
*)
open System.IO

let data = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get |> Csv.source
let options = { Bayes.defaults with Components = 10 }
let found = Bayes.fit options data |> GmmError.get

printfn $"%A{found}"
printfn "component  weight     rows"

for k in 0..3 do
    printfn $"%9d{k} %7.4f{found.Weights[k]} %8.2f{found.Fit.Statistics.Counts[k]}"
(*** include-output ***)
(**
Two components share the rows; the column shows Nₖ, the sum of their responsibilities. `EffectiveComponents` counts the
components that have at least the weight of one row, Nₖ ≥ 1. For labels and responsibilities of rows, use `found.Fit`:
*)
let labels = Predict.labels found.Fit data |> GmmError.get

for label, rows in labels |> Array.countBy id |> Array.sort do
    printfn $"component {label}: {rows} rows"
(*** include-output ***)
(**
For everything else, `found.PlugIn` is the Gaussian mixture with the weights E πₖ, the means E μₖ and the covariances
(E Λₖ)⁻¹ under the posterior: a `Fit<Gaussian>` for densities, samples, measures and pictures. Its `LogLikelihood` is −∞,
because nothing has computed it; `Predict.score` returns the mean log-density of rows. Don't take densities from
`found.Fit`: its log-densities ln Σₖ exp(E ln πₖ + E ln N(xₙ|μₖ, Λₖ⁻¹)) are terms of the bound below, whose exponentials
integrate to less than 1.

In the picture, the ellipses around the mean of all data belong to components without rows, which have returned to the
prior.
*)
(*** hide ***)
Plot.scatter
    { Plot.defaults with
        Title = "Ten components, of which two have rows" }
    found.PlugIn
    data
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## The lower bound

The posterior of a mixture has no closed form. Variational Bayes finds the best q among distributions in which labels
are independent of parameters (Bishop, *Pattern Recognition and Machine Learning*, 2006, §10.2). It maximises the
evidence lower bound

    [lang=text]
    L = E ln p(X, Z, π, μ, Λ) − E ln q(Z, π, μ, Λ)  ≤  ln p(X)

by steps like those of EM. Λₖ = Σₖ⁻¹ is the precision matrix of component k, and all means E are under q. The E-step
replaces ln πₖ + ln N(xₙ|μₖ, Σₖ) by ln ρₙₖ = E ln πₖ + E ln N(xₙ|μₖ, Λₖ⁻¹). The M-step adds the sufficient statistics to
the parameters of the prior. Except for rounding, the bound never decreases.

`LowerBound` has all constants, so you can compare fits of the same data by it, whatever their structure and prior, and,
under a Dirichlet process, the default, whatever their K. Under a Dirichlet distribution, the K! orders of the
components are equivalent, and the bound counts only one of them: add ln K! first (Bishop, §10.2.4), or ln(K!/m!) if m
components have no rows, because these all equal the prior and their order makes no difference. The table has the
default, so nothing is added:
*)
let fit structure components =
    Bayes.fit
        { options with
            Components = components
            Family.Structure = structure }
        data
    |> GmmError.get

printfn "                    K = 1      K = 2      K = 3     K = 10  with rows"

for structure in [ Full; TiedFull; Diag; TiedDiag; Spherical; TiedSpherical ] do
    let fits = [ 1; 2; 3; 10 ] |> List.map (fit structure)
    let bounds = fits |> List.map (fun fit -> $"%10.2f{fit.LowerBound}") |> String.concat " "
    printfn $"%-14s{Structure.name structure} {bounds} %10d{(List.last fits).EffectiveComponents}"

let falls = found.Fit.Trace |> Array.pairwise |> Array.filter (fun (before, after) -> after < before)
printfn $"{found.Fit.Iterations} iterations, {falls.Length} of them down"
(*** include-output ***)
(**
The bound prefers tied full covariances, as BIC does. Spherical components are too simple for these groups, and need
more of them. With one component and a Dirichlet prior on the weights, q is the exact posterior, and L is ln p(X).

## The concentration

`WeightConcentration` is the prior on the weights. `DirichletProcess γ`, the default with γ = 1/K, is the
stick-breaking prior, truncated at K (Blei and Jordan 2006):

    [lang=text]
    πₖ = vₖ (1−v₁) ⋯ (1−vₖ₋₁),   vₖ ~ Beta(1, γ)

It expects large components first, so the order of the components of a start matters a little. `DirichletDistribution
α₀` is the symmetric Dirichlet distribution of the weights, which treats all components alike. The smaller the
concentration, the fewer components get any weight. With a Dirichlet distribution of large concentration, every component
keeps rows; with a process, they don't:
*)
let withConcentration concentration =
    Bayes.fit
        { options with
            Family.WeightConcentration = Some concentration }
        data
    |> GmmError.get

printfn "concentration   process: with rows  bound   distribution: with rows  bound"

for number in [ 1e-3; 0.1; 1.0; 10.0; 100.0 ] do
    let ofProcess = withConcentration (WeightConcentration.DirichletProcess number)
    let ofDistribution = withConcentration (WeightConcentration.DirichletDistribution number)

    printf $"%13g{number} %17d{ofProcess.EffectiveComponents} %12.2f{ofProcess.LowerBound}"
    printfn $" %18d{ofDistribution.EffectiveComponents} %12.2f{ofDistribution.LowerBound}"
(*** include-output ***)
(**
The result depends on the prior and on the start, because the bound has several local maxima. To try several starts, set
`Restarts = 10`; the fit with the highest bound wins. With `Start = Start.Points`, the starts differ more.

## The prior on means and covariances

A priori μₖ|Λₖ ~ N(m₀, (β₀Λₖ)⁻¹) and Λₖ ~ Wishart(ν₀, V₀⁻¹). The options are `Family.MeanPrior` (m₀),
`Family.MeanPrecisionPrior` (β₀), `Family.DegreesOfFreedomPrior` (ν₀) and `Family.CovariancePrior` (V₀); in C# they are
properties of `BayesianGaussianMixture`. The defaults are those of scikit-learn: m₀ is the mean of the data, β₀ = 1,
ν₀ = D, and V₀ is the unbiased covariance of the data, so that E Λ = D V₀⁻¹. A single value far from all others makes this
prior so wide that groups are no longer found: remove the value, or set `CovariancePrior`. Without `CovariancePrior`, a
constant column is an error.

The posterior has βₖ = β₀ + Nₖ and νₖ = ν₀ + Nₖ. Given the covariance, the posterior of μₖ has the covariance Σₖ/βₖ, which
shows how well a mean is known:
*)
let posterior = found.Posterior

for k in 0..2 do
    let covariance = Gaussian.covariance posterior.Gaussian k
    let error = sqrt (covariance[1, 1] / posterior.MeanPrecisions[k])
    let beta, nu = posterior.MeanPrecisions[k], posterior.DegreesOfFreedom[k]
    printfn $"component {k}: β = %.2f{beta}, ν = %.2f{nu}, mean wait %.2f{found.Means[k, 1]} ± %.2f{error}"
(*** include-output ***)
(**
`Bayes.predictive` is the distribution of the next row under the posterior: a mixture of Student's t distributions,
whose heavier tails reflect the uncertainty of the parameters (Bishop, eqs. 10.81–10.82). It exists for full and
spherical covariances.
*)
let predictive = Bayes.predictive found |> GmmError.get
let nextRow = Source.ofRows [| [| 3.0; 65.0 |]; [| 8.0; 150.0 |] |] |> GmmError.get
let density = Predict.logDensities (Fit.ofMixture StudentT.family predictive) nextRow |> GmmError.get
let plugIn = Predict.logDensities found.PlugIn nextRow |> GmmError.get

for i, (row: string) in List.indexed [ "between the groups"; "far away" ] do
    printfn $"%-18s{row}  predictive %8.3f{density[i]}  plug-in %8.3f{plugIn[i]}"
(*** include-output ***)
(**
## What differs from scikit-learn

From the same start and with `reg_covar=0`, full covariances give the posterior of scikit-learn's
`BayesianGaussianMixture`, whose `lower_bound_` differs by a constant. Otherwise:

- Tied covariances: the shared Wishart distribution gets all N rows, so ν = ν₀ + N; in scikit-learn ν = ν₀ + N/K.
- Diagonal covariances: a diagonal of precisions has independent gamma distributions, for which E ln|Λ| = Σⱼ ψ(ν/2)
  − ln(vⱼ/2). scikit-learn takes the sum Σᵢ ψ((ν+1−i)/2) of the Wishart distribution, with which the bound of this
  prior may fall.
- Spherical covariances: all features share one precision, whose gamma distribution has the shape Dν/2. For one
  feature, full, diagonal and spherical covariances are therefore the same. scikit-learn takes the sum of the
  Wishart distribution here, too.
- `reg_covar` isn't needed: the prior keeps covariances from becoming singular.
- A fit goes on until Aitken's estimate of the remaining gain is small. Components that vanish make slow steps on
  the way.

`Bayes.fit` supports neither noise components nor missing cells. A posterior has no standard errors, because it measures
the uncertainty itself, and it doesn't learn online; the mixture `found.PlugIn` does. `Summary.ofFit` of `found.Fit`
shows the lower bound in place of BIC and AIC. In C#, the class is `BayesianGaussianMixture`, and `model.PlugIn` is a
`GaussianMixture`.
*)
