(**
---
title: Saving and loading
category: Guides
categoryindex: 3
index: 1
---

# Saving and loading

You can save a fit as a JSON file and load it to the last bit: the loaded fit predicts, scores and continues exactly
like the original. Run this page with `dotnet fsi docs/saving.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
open System
open System.IO
open Gmm

let faithful = Path.Combine(__SOURCE_DIRECTORY__, "..", "data", "faithful.csv") |> Csv.read |> GmmError.get
let data = Csv.source faithful
let fit = Gmm.fit { Gmm.defaults with Components = 2 } data |> GmmError.get

let folder = Directory.CreateTempSubdirectory("gmm").FullName
let path = Path.Combine(folder, "faithful.json")

Persist.save path fit |> GmmError.get
let loaded: Fit<Gaussian> = Persist.load path |> GmmError.get

printfn $"BIC {fit.Bic:R} before, {loaded.Bic:R} after"
printfn $"mean log-density {Predict.score loaded data |> GmmError.get:R}"
(*** include-output ***)
(**
The type you ask for decides what is loaded: `Fit<Gaussian>`, `Fit<StudentT>`, `Fit<ExponentialParameters>`,
`Fit<Product>` … For k-means it is `Fit<Centroid>`, and for variational Bayes `Fit<NormalWishart>`; `KMeans.ofFit` and
`Bayes.ofFit` turn these into a `KMeansFit` and a `BayesFit`. The loaded fit has the model it was estimated with,
including priors and regularisation, so EM continues from it exactly as it would have continued from the original:
*)
let further = EM.iterates loaded.Model data loaded.Mixture |> Seq.item 5 |> GmmError.get
printfn $"objective %.12f{loaded.Objective}, and %.12f{further.Objective} after five more iterations"
(*** include-output ***)
(**
## What can go wrong

The file is written under a temporary name and then renamed, so a concurrent reader sees either the old fit or the new
one. If a save is killed, the next save of the same file deletes its temporary file. A checksum covers every name and
number. If a file is missing, truncated, altered, of another family, or of a newer version of the format, loading
returns an error that says so. Loading runs no code.
*)
File.WriteAllText(path, File.ReadAllText(path).Replace("\"seed\": 0", "\"seed\": 1"))

match Persist.load<Gaussian> path with
| Error(UnreadableFile(_, _, _, reason)) -> printfn $"{reason}"
| other -> printfn $"{other}"
(*** include-output ***)
(**
## A fit as a text or as arrays

`Persist.toSaved` returns what a file holds, with named arrays of your own, of which there are none here. `Persist.toJson`
turns it into the text of the file, for a database or a message. `Persist.ofJson` and `Persist.ofSaved` lead back:
*)
let json = fit |> Persist.toSaved Map.empty |> Persist.toJson |> GmmError.get
let ofJson: Fit<Gaussian> = json |> Persist.ofJson |> Result.bind Persist.ofSaved |> GmmError.get
printfn $"the same BIC: {ofJson.Bic = fit.Bic}"
(*** include-output ***)
(**
`Persist.toState` returns the numbers of a fit as named arrays, and `Persist.ofState` turns them back into a fit:
*)
let state = Persist.toState fit

for KeyValue(name, numbers) in state do
    printfn
        "%-26s %s"
        name
        (if numbers.shape.Length = 0 then
             "a number"
         else
             String.Join(" × ", numbers.shape))

let restored = state |> Persist.ofState Gaussian.family |> GmmError.get
printfn "the same state again: %b" (Persist.toState restored = state)
(*** include-output ***)
(**
## A family of your own

A file holds the name and the numbers of a family, never its definition. The library finds built-in families by name; for a
family of your own you pass the definition: `Persist.loadWith (ExponentialFamily.components definition) path`. For a product
with parts of your own, pass their families beside the built-in ones:
`Persist.loadFrom (SavedFamily.ofFamily family :: SavedFamily.builtIn) path`. The prior is the saved one. A file also
holds the sufficient statistics of 0 and of 1, T(0) and T(1), so that two definitions with the same name, such as binomials
with different numbers of trials, are not confused.

## The file

The file is a JSON object with six properties, in any layout:

| property | content |
|---|---|
| `format` | `"gmm fit"` |
| `version` | 1: the number of this layout; a library reads its own version and all earlier ones |
| `family` | `"gaussian"`, `"bernoulli"` …; the parts of a product joined by `" × "`; `"centroid"` for k-means |
| `checksum` | the SHA-256 of the family, the state and the options, in hexadecimal |
| `state` | arrays by name, nested according to their shape; a single number for a scalar |
| `options` | anything else that was saved: the settings of the C# classes |

Each number is written with no more digits than its bits need: 0.1 and not 0.10000000000000001. Infinities are the words
`"-Infinity"` and `"Infinity"`.

| entry of the state | shape | content |
|---|---|---|
| `logWeights` | K; with noise K + 1 | ln πₖ; the last is that of the noise |
| `structure` | word | Gaussian: `full`, `diag`, `spherical`, `tied_full`, `tied_diag`, `tied_spherical`, or mclust's `VEI` … `EVV` |
| `means`, `covariances` | K×D; K×D×D, K×D, K, D×D, D or a number | Gaussian: μₖ, Σ |
| `inverseFactors` | P×D×D, P×D or P | Gaussian: W with WᵀW = Σ⁻¹, for each of the P matrices |
| `means`, `natural` | K×D×S | exponential family: E T(x), η |
| `logPartitions` | K | exponential family: Σⱼ A(ηₖⱼ) |
| `degreesOfFreedom`, `settings.degrees` | K, word | Student's t, beside the entries of a Gaussian: ν; `estimated`, `equal` or `given` |
| `means`, `sizes` | K×D | negative binomial |
| `probabilities`, `total` | K×D, number | multinomial |
| `directions`, `concentrations` | K×D, K | von Mises–Fisher |
| `centres` | K×D | k-means |
| `part0.` … | | the entries of each part of a product, and its `columns` |
| `start.` … | | all of these again, for the mixture from which the fit started |
| `settings.meanPrior`, `.meanPrecisionPrior` | K×D, number | Gaussian: m₀, κ₀, if given |
| `settings.covariancePrior`, `.degreesOfFreedomPrior` | as `covariances`, number | Gaussian: Ψ₀, ν₀, if given |
| `settings.floor` | D | Gaussian: the variances below which no covariance falls |
| `settings.regularisation` | D | Gaussian: the amount added to the variances, with `Absolute` |
| `meanPrecisions`, `degreesOfFreedom`, `concentrations` | K, P, K×1 or K×2 | variational Bayes: β, ν, and α or a and b of the weights, beside m as `means` and V/ν as `covariances`; the same under `settings.` for the prior |
| `onFloor`, `fewRows` | any | the irregular components, if there are any; −1 for a shared covariance |
| `settings.statistics`, `.priorSums`, `.priorCount` | 2×S, S, number | exponential family: T(0) and T(1); the conjugate prior |
| `weightPrior`, `weightConcentration` | word, as `logWeights` or 1 | `flat`, `dirichlet` with its α, or `fixed` |
| `assignment` | word | `soft` or `hard` |
| `missing` | word | `fit` if NaN is a missing cell; otherwise absent |
| `noise.logDensity`, `.isMeasured` | numbers | ln 1/V; 1 if V was measured, 0 if it was given; absent without noise |
| `noise.low`, `.high`, `.isWhole` | D | the range of every column; 1 if it has whole numbers only |
| `statistics.weight`, `.logLikelihood`, `.counts`, `.sums0` … | number, number, as `logWeights`, any | the results of the last E-step |
| `trace` | iterations + 1 | the objective at the start and after every iteration |
| `passes`, `remaining` | numbers | the number of E-steps; the estimate of the remaining gain |
| `stop`, `seed` | word, number | `converged` or `iteration limit`; the seed of the run |

A `State` holds numbers only: each word is stored as its index in `State.choices`, counted from 0.

The checksum covers, in this order: the family; the number of entries of the state; each entry, by name in ordinal
order, as its name, number of dimensions, dimensions and numbers; and then the options in the same way. A text is
encoded as the length of its UTF-8 bytes (four bytes, highest first) followed by these bytes. A number is encoded as its
eight bytes as float64, lowest first.

## scikit-learn models

`Npz.export` writes a Gaussian mixture as `numpy.savez` would, under scikit-learn's names:
*)
let archive = Path.Combine(folder, "faithful.npz")
Npz.export archive fit.Mixture |> GmmError.get
let again = Npz.import archive |> GmmError.get
printfn "%b" (again.Parameters = fit.Parameters)
(*** include-output ***)
(**
In Python, without pickle:

```python
saved = numpy.load("faithful.npz")
model = sklearn.mixture.GaussianMixture(len(saved["weights_"]), covariance_type=str(saved["covariance_type"]))
model.weights_, model.means_ = saved["weights_"], saved["means_"]
model.covariances_, model.precisions_cholesky_ = saved["covariances_"], saved["precisions_cholesky_"]
model.score_samples(rows)  # as Predict.logDensities, to twelve digits
```

scikit-learn has four of the fourteen structures; `tied_diag` and `tied_spherical` are exported as `tied`, with the full
matrix. VEI and EVI are exported as `diag`; VEE, EVE, VVE, EEV, VEV and EVV as `full`.

`Npz.import` checks every array that it reads against the CRC-32 in the archive, so a damaged file is an error.

In the other direction, `numpy.savez("sk.npz", weights_=m.weights_, means_=m.means_, covariances_=m.covariances_)` is
enough for `Npz.import`. If K = D, diag and tied have the same shape; `precisions_cholesky_` or `covariance_type` then
distinguishes them. `Fit.ofMixture Gaussian.family mixture` turns the imported mixture into a fit, for prediction and
scoring.
*)
(*** hide ***)
Directory.Delete(folder, recursive = true)
