(**
---
title: Saving and loading
category: Guides
categoryindex: 3
index: 1
---

# Saving and loading

A fit becomes a JSON file and comes back to the last bit: it predicts, scores and goes on as the one that was saved. Run
this page with `dotnet fsi docs/saving.fsx` after `dotnet fsi build.fsx build`.
*)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"

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
The type that is asked for says what is loaded: `Fit<Gaussian>`, `Fit<ExponentialParameters>`, `Fit<Product>`, or
`Fit<Centroid>` for k-means (`KMeans.ofFit` makes a `KMeansFit` of it). The loaded fit has the model it was estimated with,
priors and regularisation included, so EM goes on from it as it would have gone on:
*)
let further = EM.iterates loaded.Model data loaded.Mixture |> Seq.item 5 |> GmmError.get
printfn $"objective %.12f{loaded.Objective}, and %.12f{further.Objective} after five more iterations"
(*** include-output ***)
(**
## What can go wrong

The file is written beside its place and takes it when it is complete: who reads while another saves gets the old fit or
the new one. A checksum goes over every name and number. A file that is missing, cut, altered, of another family, or of a
newer version of the format is an error that says so; reading runs no code.
*)
File.WriteAllText(path, File.ReadAllText(path).Replace("\"seed\": 0", "\"seed\": 1"))

match Persist.load<Gaussian> path with
| Error(UnreadableFile(_, _, _, reason)) -> printfn $"{reason}"
| other -> printfn $"{other}"
(*** include-output ***)
(**
## The state of a fit

`Persist.toState` gives the same content as named arrays, and `Persist.ofState` takes them, for a database or a message.
*)
let state = Persist.toState fit |> GmmError.get

for KeyValue(name, numbers) in state do
    printfn
        "%-26s %s"
        name
        (if numbers.shape.Length = 0 then
             "a number"
         else
             String.Join(" × ", numbers.shape))

let restored = state |> Persist.ofState Gaussian.family |> GmmError.get
printfn "the same state again: %b" (Persist.toState restored = Ok state)
(*** include-output ***)
(**
## A family of one's own

A file has a family's name and numbers, never its definition. The built-in families are found by name; one's own is given:
`Persist.loadWith (ExponentialFamily.components definition) path`. The prior is the saved one. So that two definitions of one
name are not mixed up (binomials of other trials, say), a file has $T(0)$ and $T(1)$.

## The file

A JSON object of six properties, in any layout:

| property | what |
|---|---|
| `format` | `"gmm fit"` |
| `version` | 1: the number of this layout; a library reads its own and all before |
| `family` | `"gaussian"`, `"bernoulli"` …; the parts of a product joined by `" × "`; `"centroid"` for k-means |
| `checksum` | SHA-256, in hexadecimal, of the family, the state and the options |
| `state` | arrays by name, nested as their shape has them; a single number for a scalar |
| `options` | what else was kept: the settings of the C# classes |

Numbers are written with the fewest digits that give the same bits; `"-Infinity"` and `"Infinity"` are words.

| entry of the state | shape | what |
|---|---|---|
| `logWeights` | K | $\ln \pi_k$ |
| `structure` | word | Gaussian: `full`, `diag`, `spherical`, `tied_full`, `tied_diag`, `tied_spherical` |
| `means`, `covariances` | K×D; K×D×D, K×D, K, D×D, D or a number | Gaussian: $\mu_k$, $\Sigma$ |
| `inverseFactors` | P×D×D, P×D or P | Gaussian: $W$ with $W^\top W = \Sigma^{-1}$, for each of the $P$ matrices |
| `means`, `natural` | K×D×S | exponential family: $E\,T(x)$, $\eta$ |
| `logPartitions` | K | exponential family: $\sum_j A(\eta_{kj})$ |
| `centres` | K×D | k-means |
| `part0.` … | | the entries of each part of a product, and its `columns` |
| `start.` | | all of these once more: where the fit started |
| `settings.meanPrior`, `.meanPrecisionPrior` | K×D, number | Gaussian: $m_0$, $\kappa_0$, if given |
| `settings.covariancePrior`, `.degreesOfFreedomPrior` | as `covariances`, number | Gaussian: $\Psi_0$, $\nu_0$, if given |
| `settings.regularisation` | D | Gaussian: what is added to the variances |
| `settings.statistics`, `.priorSums`, `.priorCount` | 2×S, S, number | exponential family: $T(0)$ and $T(1)$; the conjugate prior |
| `weightPrior`, `weightConcentration` | word, K | `flat`, `dirichlet` with its $\alpha$, or `fixed` |
| `assignment` | word | `soft` or `hard` |
| `statistics.weight`, `.logLikelihood`, `.counts`, `.sums0` … | number, number, K, any | what the last E-step found |
| `trace` | iterations + 1 | the objective of the start and after every iteration |
| `stop`, `seed` | word, number | `converged` or `iteration limit`; the seed of the run |

In a `State`, which has numbers only, a word is its place in `State.choices`, from 0.

The checksum goes over, in this order: the family; the number of entries of the state and each of them, by name in ordinal
order, as name, number of dimensions, dimensions, numbers; the options likewise. A text is the length of its UTF-8 bytes
(four bytes, the highest first) and these; a number is its eight bytes as float64, the lowest first.

## Rows of NumPy

Data in a `.npy` file (float64 or float32, C order) are used where they are, page by page, so that they may be larger than
memory; float32 stay float32, and every result has the bits that the same numbers in memory give. In a function
`use file = Npy.openFile path |> GmmError.get` closes the file at the end; `Npy.source` keeps it open as long as a script runs.
`Npy.write` writes a matrix and `Npy.writeSource` any data. A file that is changed while it is in use is an error of whoever
reads on.
*)
let rows = Path.Combine(folder, "faithful.npy")
Npy.writeSource rows data |> GmmError.get
let mapped = Npy.source rows |> GmmError.get
printfn $"{mapped.Rows} rows of {mapped.Columns}, mean log-density {Predict.score fit mapped |> GmmError.get:R}"
(*** include-output ***)
(**
## Models of scikit-learn

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

scikit-learn has four of the six structures; `tied_diag` and `tied_spherical` are written as `tied`, with the matrix that they
stand for. The other way, `numpy.savez("sk.npz", weights_=m.weights_, means_=m.means_, covariances_=m.covariances_)` is enough
for `Npz.import`; where K = D, diag and tied have one shape, and `precisions_cholesky_` or `covariance_type` tells them apart.
`Fit.ofMixture Gaussian.family mixture` is the imported mixture as a fit to predict and to score with.
*)
(*** hide ***)
Directory.Delete(folder, recursive = true)
