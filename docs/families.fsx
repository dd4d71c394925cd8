(**
---
title: Families
category: Examples
categoryindex: 2
index: 3
---

# Families

Any exponential family can be the component of a mixture. An exponential family is a distribution of one number with
density

```text
p(x|η) = h(x) exp(η·T(x) − A(η)),
```

where T(x) are its sufficient statistics, η its natural parameters and A the log-partition function (Bishop, *Pattern
Recognition and Machine Learning*, 2006, §2.4). A row of D columns is D such numbers, each with parameters of its own,
independent given the component. The same E-step and M-step serve all families: the M-step's new mean parameters m = E
T(x) are the average of the statistics, with each row weighted by its responsibility.

## Five built-in families

| definition | a number in the data | T(x) | η | A(η) | h(x) |
|---|---|---|---|---|---|
| `Bernoulli.family` | 0 or 1, P(1) = p | (x, 1−x) | (ln p, ln(1−p)) | ln(e^η₁ + e^η₂) | 1 |
| `Binomial.family n` | successes out of n, each with probability p | (x, n−x) | (ln p, ln(1−p)) | n ln(e^η₁ + e^η₂) | C(n, x) |
| `Categorical.family L` | one of the levels 0 … L−1, with probabilities p | one-hot of x | ln p | ln Σ e^ηₗ | 1 |
| `Poisson.family` | a count 0, 1, 2 …, rate λ | x | ln λ | e^η | 1/x! |
| `Exponential.family` | a waiting time of 0 or more, rate λ | x | −λ | −ln(−η) | 1 |

[More families](more-families.html) has gamma, log-normal, beta, geometric, negative binomial,
multinomial and von Mises–Fisher components.

Bernoulli and Binomial keep both statistics, so a probability of 0 or 1 and a rate of 0 are ordinary values: 0·ln 0 is
0, and a row that is impossible under a component has density 0 there. A number outside the domain is an error that
names its row, column and value.

An `ExponentialFamily` treats columns as independent. Other kinds of component don't: Gaussians
([structures](structures.html)), also with a posterior in place of estimates
([variational Bayes](variational-bayes.html)), and Student's t distributions ([Student's t](student-t.html)).

A conjugate prior expresses what you believe about the parameters of every column before seeing the data. It counts as
additional rows, and the fit is the mode of the posterior. In the table N is the sum of the responsibilities, and Σx the
sum of responsibilities times numbers:

| prior | given as | mode |
|---|---|---|
| p ~ Beta(a, b), a, b ≥ 1 | `Bernoulli.beta a b` | (Σx + a − 1) / (N + a + b − 2) |
| p ~ Beta(a, b), a, b ≥ 1 | `Binomial.beta n a b` | (Σx + a − 1) / (nN + a + b − 2) |
| p ~ Dirichlet(α), αₗ ≥ 1 | `Categorical.dirichlet alpha` | (Nₗ + αₗ − 1) / (N + Σα − L) |
| λ ~ Gamma(a, b), a ≥ 1 | `Poisson.gamma a b` | (Σx + a − 1) / (N + b) |
| λ ~ Gamma(a, b), a ≥ 1 | `Exponential.gamma a b` | (N + a − 1) / (Σx + b) |

Put a prior into the definition: `{ Poisson.family with Prior = Poisson.gamma 2.0 1.0 }`.

The starts are those of Gaussian mixtures:

- `Start.Auto` (the default) compares the next one with the best of ten short runs from random rows.
- `Start.KMeans` clusters the statistics T(x) and places a component at each centre.
- `Start.KPlusPlus` and `Start.Points` put components between rows of the data and the overall mean, where no row is
  impossible.
- `Start.RandomResponsibilities`, `Start.Labels` and `Start.Responsibilities` take the M-step of random or given
  responsibilities.
- `Start.Means` and `Start.Mixture` use the given values.

With several `Restarts` the run with the best final objective wins.

Run this page with `dotnet fsi docs/families.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
open Gmm
(**
## Bernoulli with sample weights: three readers

Three readers looked at 1692 chest radiographs for pleural thickening, and each wrote down 0 or 1. Only eight different
rows are possible, so the data are eight rows with their counts as sample weights. Two latent classes explain how far
the readers agree.
*)
let findings = Array.init 8 (fun i -> [| float (i / 4); float (i / 2 % 2); float (i % 2) |])

let films =
    Source.ofRows findings
    |> Result.bind (Source.weighted [| 1513.0; 23.0; 59.0; 12.0; 21.0; 19.0; 11.0; 34.0 |])
    |> GmmError.get

let readers =
    Gmm.fit
        { Gmm.defaultsOf Bernoulli.family with
            Components = 2
            Restarts = 5
            Tolerance = 0.0
            MaxIterations = 1000 }
        films
    |> GmmError.get

let positive = Bernoulli.probabilities readers.Parameters
let classes = [| 0; 1 |] |> Array.sortByDescending (fun k -> readers.Weights[k])
printfn $"log-likelihood %.6f{readers.LogLikelihood}, %d{readers.FreeParameters} free parameters"

for k in classes do
    let negative = Array.init 3 (fun j -> sprintf "%.6f" (1.0 - positive[k, j])) |> String.concat "  "
    printfn $"class of %.5f{readers.Weights[k]}: P(0) = {negative}"
(*** include-output ***)
(**
The small class has thickening, which each reader finds in two thirds to three quarters of the films; in the large class
a positive reading is rare. How probable is thickening, given what the readers wrote?
*)
let shares = Predict.responsibilities readers films |> GmmError.get

for i in 0..7 do
    printfn $"%.0f{findings[i][0]} %.0f{findings[i][1]} %.0f{findings[i][2]}   %.4f{shares[i, classes[1]]}"
(*** include-output ***)
(**
## Poisson: deaths in the London Times

On each of 1096 days from 1910 to 1912, how many deaths of women of 80 years and over did *The Times* of London report?
The tails of a single Poisson distribution are too narrow; two distributions fit (V. Hasselblad, "Estimation of finite
mixtures of distributions from the exponential family", *Journal of the American Statistical Association* 64 (1969)
1459–1471).
*)
let days = [| 162.0; 267.0; 271.0; 185.0; 111.0; 61.0; 27.0; 8.0; 3.0; 1.0 |]

let deaths =
    Array.init 10 (fun count -> [| float count |])
    |> Source.ofRows
    |> Result.bind (Source.weighted days)
    |> GmmError.get

let fit components =
    Gmm.fit
        { Gmm.defaultsOf Poisson.family with
            Components = components
            Tolerance = 1e-12
            MaxIterations = 20000 }
        deaths
    |> GmmError.get

let fits = [ for components in 1..3 -> fit components ]

for fit in fits do
    let rates = Poisson.rates fit.Parameters |> Seq.cast<float> |> Seq.map (sprintf "%.4f") |> String.concat "  "
    let weights = fit.Weights |> Seq.map (sprintf "%.4f") |> String.concat "  "
    printfn $"K = {fit.Mixture.Components}: log-likelihood %.4f{fit.LogLikelihood}, BIC %.2f{fit.Bic}"
    printfn $"       weights {weights}, rates {rates}"
(*** include-output ***)
(**
By BIC two components are better than one. A third, for a few more days without deaths, isn't worth its parameters. The
table compares the observed days with those that one and two Poissons expect:
*)
let expected (fit: Fit<ExponentialParameters>) =
    Predict.logDensities fit deaths |> GmmError.get |> Array.map (fun density -> 1096.0 * exp density)

let one, two = expected fits[0], expected fits[1]
printfn "deaths   days      one      two"

for count in 0..9 do
    printfn $"%6d{count} %6.0f{days[count]} %8.1f{one[count]} %8.1f{two[count]}"
(*** include-output ***)
(**
EM is slow here because the two rates are close. This is the result after exactly ten iterations from the paper's start,
weight .3 with rate 1 and weight .7 with rate 2.5:
*)
let start =
    Poisson.ofRates (array2D [ [ 1.0 ]; [ 2.5 ] ]) |> Result.bind (Mixture.create [| 0.3; 0.7 |]) |> GmmError.get

let ten =
    Gmm.fit
        { Gmm.defaultsOf Poisson.family with
            Components = 2
            Start = Start.Mixture start
            Acceleration = Acceleration.None
            Tolerance = 0.0
            MaxIterations = 10 }
        deaths
    |> GmmError.get

let rates = Poisson.rates ten.Parameters
printfn $"weight %.14f{ten.Weights[0]}, rates %.13f{rates[0, 0]} and %.13f{rates[1, 0]}"

printfn
    $"log-likelihood %.10f{ten.LogLikelihood}; at the end %.10f{fits[1].LogLikelihood} after %d{fits[1].Iterations} iterations"
(*** include-output ***)
