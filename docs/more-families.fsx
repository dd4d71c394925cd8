(**
---
title: More families
category: Guides
categoryindex: 3
index: 14
---

# More families

[Families](families.html) explains mixtures of counts, levels and waiting times. This page has the families for
positive numbers, shares, counts of failures or with more dispersion than Poisson counts, rows of counts, and
directions. Like every kind, each has options, starts, selection and saving, and can be a part of a product.

| definition | a number in the data | density | read by |
|---|---|---|---|
| `Gamma.family` | above 0 | β^α x^(α−1) e^(−βx) / Γ(α) | `Gamma.shapes`, `rates`, `scales` |
| `LogNormal.family` | above 0 | N(ln x; μ, σ²) / x | `LogNormal.logMeans`, `logDeviations` |
| `Beta.family` | above 0 and below 1 | x^(α−1) (1−x)^(β−1) / B(α, β) | `Beta.alphas`, `betas` |
| `Geometric.family` | failures before a success, 0, 1, 2 … | p (1−p)^x | `Geometric.probabilities` |
| `NegativeBinomialKind.defaults` | a count | Γ(x+r)/(Γ(r) x!) r^r μ^x / (r+μ)^(r+x) | `NegativeBinomial.means`, `sizes` |
| `MultinomialKind.defaults` | a row of counts of total n | n!/Πⱼxⱼ! Πⱼ pⱼ^xⱼ | `Multinomial.probabilities` |
| `VonMisesFisherKind.defaults` | a row of length 1 | C_D(κ) e^(κ μ·x) | `VonMisesFisher.directions`, `concentrations` |

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
(**
## Multinomial: rows of counts

A row is a bag of n things of D kinds, such as the words of a text; n may differ between rows. The M-step is the
share of each kind in all counts of the component, with a prior p ~ Dirichlet(α) as αⱼ − 1 extra counts. The total
of a row says nothing about its component. Draws from a fit have the mean total of the data, rounded.
*)
let bag p total =
    let parameters = Multinomial.create total (array2D [ p ]) |> GmmError.get
    Multinomial.sample parameters 0

let texts =
    let random = RandomStream.ofSeed 5
    let sports, politics = bag [ 0.6; 0.2; 0.1; 0.1 ], bag [ 0.1; 0.1; 0.3; 0.5 ]
    Array.init 200 (fun n -> if n % 4 = 0 then sports 12.0 random else politics 20.0 random)

let ofTexts =
    two
        { MultinomialKind.defaults with
            Prior = Some [| 1.5 |] }
        texts

let words = Multinomial.probabilities ofTexts.Parameters

for k in byWeight ofTexts do
    let shares = words[k, *] |> Array.map (sprintf "%.2f") |> String.concat " "
    printfn $"texts      weight %.3f{ofTexts.Weights[k]}, p {shares}"
(*** include-output ***)
(**
## Von Mises–Fisher: directions

Rows of length 1 are directions, such as wind, or texts as vectors of words divided by their length:
`VonMisesFisher.normalise` divides rows by their lengths. The M-step is the direction of the mean vector m of a
component, and its concentration κ from the length of m (Banerjee, Dhillon, Ghosh and Sra, "Clustering on the unit
hypersphere using von Mises-Fisher distributions", *Journal of Machine Learning Research* 6 (2005) 1345–1382):

    [lang=text]
    μ = m/‖m‖,     A_D(κ) = ‖m‖,     A_D(κ) = I_{D/2}(κ) / I_{D/2−1}(κ)

The likelihood of equal rows is unbounded, so κ is at most 1e8; a component there is a warning.
*)
let around direction kappa =
    let parameters = VonMisesFisher.create (array2D [ direction ]) [| kappa |] |> GmmError.get
    VonMisesFisher.sample parameters 0

let winds =
    let random = RandomStream.ofSeed 6
    let west, north = around [ -1.0; 0.2 ] 6.0, around [ 0.1; 1.0 ] 20.0
    Array.init 500 (fun n -> if n % 5 < 3 then west random else north random)

let ofWinds = two VonMisesFisherKind.defaults winds

let directions, kappas =
    VonMisesFisher.directions ofWinds.Parameters, VonMisesFisher.concentrations ofWinds.Parameters

for k in byWeight ofWinds do
    let east, north = directions[k, 0], directions[k, 1]
    printfn $"winds      weight %.3f{ofWinds.Weights[k]}, to (%.2f{east}, %.2f{north}), concentration %.1f{kappas[k]}"
(*** include-output ***)
