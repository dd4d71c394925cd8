(**
---
title: More families
category: Guides
categoryindex: 3
index: 12
---

# More families

[Families](families.html) explains mixtures of counts, levels and waiting times. This page has the families for
positive numbers, shares, and counts of failures or with more dispersion than Poisson counts. Each has options,
starts, selection, saving and parts of products as every kind has.

| definition | a number in the data | density | read by |
|---|---|---|---|
| `Gamma.family` | above 0 | β^α x^(α−1) e^(−βx) / Γ(α) | `Gamma.shapes`, `rates`, `scales` |
| `LogNormal.family` | above 0 | N(ln x; μ, σ²) / x | `LogNormal.logMeans`, `logDeviations` |
| `Beta.family` | above 0 and below 1 | x^(α−1) (1−x)^(β−1) / B(α, β) | `Beta.alphas`, `betas` |
| `Geometric.family` | failures before a success, 0, 1, 2 … | p (1−p)^x | `Geometric.probabilities` |
| `NegativeBinomialKind.defaults` | a count | Γ(x+r)/(Γ(r) x!) r^r μ^x / (r+μ)^(r+x) | `NegativeBinomial.means`, `sizes` |

Run this page with `dotnet fsi docs/more-families.fsx` after `dotnet fsi build.fsx build`. A script of your own
loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
open Gmm

let draws seed (parts: (int * (System.Random -> float)) list) =
    let random = RandomStream.ofSeed seed

    [| for count, draw in parts do
           for _ in 1..count -> [| draw random |] |]

let two kind rows =
    Source.ofRows rows
    |> Result.bind (
        Gmm.fit
            { Gmm.defaultsOf kind with
                Components = 2
                Tolerance = 1e-9 }
    )
    |> GmmError.get
(**
## Gamma: positive numbers

The M-step solves ln α − ψ(α) = ln x̄ − mean of ln x by Newton's method, with ψ the digamma function, and β = α/x̄.
The data here are two groups of durations, of shape 2 and mean 4, and of shape 30 and mean 15:
*)
let gamma shape mean = Gamma.family.Mean [| shape; -shape / mean |] |> fun m random -> Gamma.family.Sample random m

let durations = draws 1 [ 600, gamma 2.0 4.0; 400, gamma 30.0 15.0 ]
let ofDurations = two Gamma.family durations

let byWeight (fit: Fit<'θ>) = [ 0..1 ] |> List.sortByDescending (fun k -> fit.Weights[k])

for k in byWeight ofDurations do
    let shape, rate = (Gamma.shapes ofDurations.Parameters)[k, 0], (Gamma.rates ofDurations.Parameters)[k, 0]
    printfn $"gamma      weight %.3f{ofDurations.Weights[k]}, shape %.2f{shape}, mean %.2f{shape / rate}"
(*** include-output ***)
(**
## Log-normal: positive numbers whose logarithm is normal

In one dimension this is a Gaussian mixture of ln x. The likelihoods differ by the factor 1/x, so only those of this
family may be compared with others of x:
*)
let ofLogs = two LogNormal.family durations

let gaussian =
    durations
    |> Array.map (Array.map log)
    |> two
        { GaussianKind.defaults with
            Structure = Diag }

let logs = durations |> Array.sumBy (fun row -> log row[0])
let difference = ofLogs.LogLikelihood - (gaussian.LogLikelihood - logs)
printfn $"log-normal BIC %.1f{ofLogs.Bic}, gamma BIC %.1f{ofDurations.Bic}"
printfn $"the same as a Gaussian mixture of ln x: {abs difference < 1e-4}"
(*** include-output ***)
(**
## Beta: shares

The M-step solves ψ(α) − ψ(α+β) = mean of ln x and ψ(β) − ψ(α+β) = mean of ln(1−x) by Newton's method. A 0 or a 1
has no density: move such shares inside first, as in (x(n − 1) + ½)/n.
*)
let beta alpha beta = Beta.family.Mean [| alpha; beta |] |> fun m random -> Beta.family.Sample random m
let ofShares = draws 2 [ 600, beta 2.0 9.0; 400, beta 20.0 8.0 ] |> two Beta.family

for k in byWeight ofShares do
    let alpha, beta = (Beta.alphas ofShares.Parameters)[k, 0], (Beta.betas ofShares.Parameters)[k, 0]
    printfn $"beta       weight %.3f{ofShares.Weights[k]}, alpha %.2f{alpha}, beta %.2f{beta}"
(*** include-output ***)
(**
## The smallest dispersion

The likelihood of these three families is unbounded, as that of Gaussians is: a component on a few equal values
becomes a spike of any height. A component's standard deviation is therefore at least a ten-thousandth of its mean:
the shape of a gamma component is at most 1e8, the smaller of the α and β of a beta component too, and σ of a
log-normal component is at least 1e-4. The M-step is the exact maximum under this limit, so the objective never
falls. As with the floor of covariances, a component on the limit is a warning, it wins no comparison of runs by its
height, and `Select` avoids it:
*)
let heap = Array.append durations (Array.create 20 [| 12.0 |])
let labels = Array.init heap.Length (fun n -> if n < durations.Length then 0 else 1)

let spike =
    Source.ofRows heap
    |> Result.bind (
        Gmm.fit
            { Gmm.defaultsOf Gamma.family with
                Components = 2
                Start = Start.Labels labels }
    )
    |> GmmError.get

let auto = two Gamma.family heap
printfn $"on the limit: from labels %A{spike.Irregular.OnFloor}, from the default start %A{auto.Irregular.OnFloor}"
(*** include-output ***)
(**
A prior on these families acts like extra numbers of a distribution: `Gamma.prior count shape rate`,
`LogNormal.prior count mu sigma`, `Beta.prior count alpha beta`.

## Geometric: failures before a success

With p ~ Beta(a, b) as prior, the M-step is p = (N + a − 1) / (N + Σx + a + b − 2).
*)
let geometric p random = Geometric.family.Sample random [| (1.0 - p) / p |]
let ofFailures = draws 3 [ 600, geometric 0.6; 400, geometric 0.05 ] |> two Geometric.family

for k in byWeight ofFailures do
    let p = (Geometric.probabilities ofFailures.Parameters)[k, 0]
    printfn $"geometric  weight %.3f{ofFailures.Weights[k]}, p %.3f{p}"
(*** include-output ***)
(**
## Negative binomial: overdispersed counts

A Poisson count whose rate is itself a gamma draw has the variance μ + μ²/r. Mean and size r are estimated for every
component and column. The mean is that of the counts; the size maximises a lower bound that touches the likelihood
at the current size r₀ (Zhou and Lange, "MM algorithms for some discrete multivariate distributions", *Journal of
Computational and Graphical Statistics* 19 (2010) 645–665), so the objective never falls:

    [lang=text]
    r ln(1 + μ/r) = Σₙ rₙₖ r₀ (ψ(xₙ + r₀) − ψ(r₀)) / Nₖ

Counts that are less dispersed than Poisson counts have the largest size, 1e8, which stands for a Poisson
distribution.
*)
let counts mean size =
    let parameters = NegativeBinomial.create (array2D [ [ mean ] ]) (array2D [ [ size ] ]) |> GmmError.get
    fun random -> (NegativeBinomial.sample parameters 0 random)[0]

let visits = draws 4 [ 600, counts 4.0 2.0; 400, counts 40.0 10.0 ]
let ofVisits = two NegativeBinomialKind.defaults visits
let poisson = two Poisson.family visits

for k in byWeight ofVisits do
    let mean = (NegativeBinomial.means ofVisits.Parameters)[k, 0]
    let size = (NegativeBinomial.sizes ofVisits.Parameters)[k, 0]
    printfn $"counts     weight %.3f{ofVisits.Weights[k]}, mean %.2f{mean}, size %.2f{size}"

printfn $"BIC %.1f{ofVisits.Bic}; with two Poisson components %.1f{poisson.Bic}"
(*** include-output ***)
