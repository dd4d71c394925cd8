(**
---
title: From scikit-learn in ten minutes
category: Start
categoryindex: 1
index: 5
---

# From scikit-learn in ten minutes

Ten things that people do with scikit-learn's `GaussianMixture`, in Python, F# and C#. A comment under the Python code
shows what it prints; the F# and the C# code print the same lines. Tests run all three. For a name that is missing here,
see [names you may know](mapping.html). The packages are `#r "nuget: Gmm.FSharp"` in an F# script and
`dotnet add package Gmm.CSharp` in a C# project.
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"

System.IO.Directory.SetCurrentDirectory(System.IO.Path.Combine(__SOURCE_DIRECTORY__, ".."))
(**
## 1. Fit

```python
import numpy as np
from sklearn.mixture import GaussianMixture

X = np.loadtxt("data/faithful.csv", delimiter=",", skiprows=1)
model = GaussianMixture(2, tol=1e-9, max_iter=1000, random_state=0).fit(X)

print(f"log-likelihood {model.score(X) * len(X):.4f}")
# log-likelihood -1130.2640
```

In F#, options are a record, and a fit is a value. `GmmError.get` turns an error into an exception.
*)
open Gmm

let X = Csv.read "data/faithful.csv" |> GmmError.get |> Csv.source

let fit =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Tolerance = 1e-9 }
        X
    |> GmmError.get

printfn $"log-likelihood %.4f{fit.LogLikelihood}"
(**
In C#, settings are properties of the model, and so are the results.

```csharp
using Gmm.CSharp;

var X = CsvData.Read("data/faithful.csv").Rows;
var model = new GaussianMixture(components: 2) { Tolerance = 1e-9 }.Fit(X);

Console.WriteLine($"log-likelihood {model.LogLikelihood:F4}");
```

## 2. Read the parameters

Components have no order, so all three programs sort them by weight.

```python
for k in np.argsort(model.weights_):
    print(f"weight {model.weights_[k]:.4f}, mean {model.means_[k, 0]:.4f} {model.means_[k, 1]:.3f}, "
          f"variance {model.covariances_[k, 0, 0]:.4f}")
# weight 0.3559, mean 2.0364 54.479, variance 0.0692
# weight 0.6441, mean 4.2897 79.968, variance 0.1700
```
*)
let means = fit.Parameters.Means.toArray2D ()

for k in [ 0; 1 ] |> List.sortBy (fun k -> fit.Weights[k]) do
    let variance = (Gaussian.covariance fit.Parameters k)[0, 0]
    printfn $"weight %.4f{fit.Weights[k]}, mean %.4f{means[k, 0]} %.3f{means[k, 1]}, variance %.4f{variance}"
(**
```csharp
foreach (int k in Enumerable.Range(0, 2).OrderBy(k => model.Weights[k]))
{
    Console.WriteLine($"weight {model.Weights[k]:F4}, mean {model.Means[k, 0]:F4} {model.Means[k, 1]:F3}, variance {model.Covariances[k][0, 0]:F4}");
}
```

## 3. Label rows

```python
labels = model.predict(X)
print(f"{min(np.bincount(labels))} rows in the smaller component")
print(f"largest responsibility {model.predict_proba([[2.9, 66]]).max():.4f}")
# 97 rows in the smaller component
# largest responsibility 0.5459
```
*)
let labels = Predict.labels fit X |> GmmError.get
let between = Source.ofRows [| [| 2.9; 66.0 |] |] |> Result.bind (Predict.responsibilities fit) |> GmmError.get

printfn $"{labels |> Array.countBy id |> Array.map snd |> Array.min} rows in the smaller component"
printfn $"largest responsibility %.4f{max between[0, 0] between[0, 1]}"
(**
```csharp
int[] labels = model.Predict(X);
double[,] between = model.PredictProba([[2.9, 66]]);

Console.WriteLine($"{labels.GroupBy(label => label).Min(group => group.Count())} rows in the smaller component");
Console.WriteLine($"largest responsibility {Math.Max(between[0, 0], between[0, 1]):F4}");
```

## 4. Score rows and fits

```python
print(f"ln p {model.score_samples([[4.4, 50]])[0]:.3f}, mean {model.score(X):.6f}")
print(f"BIC {model.bic(X):.3f}, AIC {model.aic(X):.3f}")
# ln p -18.301, mean -4.155382
# BIC 2322.192, AIC 2282.528
```
*)
let odd = Source.ofRows [| [| 4.4; 50.0 |] |] |> Result.bind (Predict.logDensities fit) |> GmmError.get

printfn $"ln p %.3f{odd[0]}, mean %.6f{Predict.score fit X |> GmmError.get}"
printfn $"BIC %.3f{fit.Bic}, AIC %.3f{fit.Aic}"
(**
```csharp
Console.WriteLine($"ln p {model.ScoreSamples([[4.4, 50]])[0]:F3}, mean {model.Score(X):F6}");
Console.WriteLine($"BIC {model.Bic():F3}, AIC {model.Aic():F3}");
```

## 5. Choose the covariance structure

```python
for form in ["full", "tied", "diag"]:
    fit = GaussianMixture(2, covariance_type=form, tol=1e-9, max_iter=1000, random_state=0).fit(X)
    print(f"{form} BIC {fit.bic(X):.2f}")
# full BIC 2322.19
# tied BIC 2325.22
# diag BIC 2346.06
```

`Structure.parse` reads scikit-learn's words; here are the names:
*)
for name, structure in [ "full", Full; "tied", TiedFull; "diag", Diag ] do
    let fit =
        Gmm.fit
            { Gmm.defaults with
                Components = 2
                Family.Structure = structure }
            X
        |> GmmError.get

    printfn $"{name} BIC %.2f{fit.Bic}"
(**
```csharp
foreach (var (name, type) in new[] { ("full", CovarianceType.Full), ("tied", CovarianceType.TiedFull), ("diag", CovarianceType.Diag) })
{
    var fit = new GaussianMixture(2) { CovarianceType = type }.Fit(X);
    Console.WriteLine($"{name} BIC {fit.Bic():F2}");
}
```

## 6. Give a start, or try several

From the same start and without regularisation, the two libraries agree to as many digits as you ask for.

```python
start = [[2, 55], [4.3, 80]]
given = GaussianMixture(2, means_init=start, reg_covar=0, tol=1e-12, max_iter=1000).fit(X)
best = GaussianMixture(2, n_init=10, init_params="random_from_data", tol=1e-9, max_iter=1000, random_state=0).fit(X)
print(f"{given.score(X) * len(X):.8f}, best of ten {best.score(X) * len(X):.4f}")
# -1130.26396018, best of ten -1130.2640
```
*)
let given =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Start = Start.Means(array2D [ [ 2.0; 55.0 ]; [ 4.3; 80.0 ] ])
            Tolerance = 1e-12 }
        X
    |> GmmError.get

let best =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Start = Start.Points
            Restarts = 10 }
        X
    |> GmmError.get

printfn $"%.8f{given.LogLikelihood}, best of ten %.4f{best.LogLikelihood}"
(**
```csharp
var given = new GaussianMixture(2) { InitMeans = new double[,] { { 2, 55 }, { 4.3, 80 } }, Tolerance = 1e-12 }.Fit(X);
var best = new GaussianMixture(2) { Init = InitMethod.Points, Restarts = 10 }.Fit(X);

Console.WriteLine($"{given.LogLikelihood:F8}, best of ten {best.LogLikelihood:F4}");
```

## 7. Choose the number of components

```python
def tied(k):
    return GaussianMixture(k, covariance_type="tied", n_init=10, tol=1e-9, max_iter=5000, random_state=0).fit(X)

chosen = min((tied(k) for k in range(1, 5)), key=lambda fit: fit.bic(X))
print(f"{chosen.n_components} components, BIC {chosen.bic(X):.2f}")
# 3 components, BIC 2314.30
```

`Select` also tries several structures at once, computes ICL, and passes over degenerate fits.
*)
let options =
    { Gmm.defaults with
        Family.Structure = TiedFull }

let selection = Select.components Criterion.Bic ignore [ 1..4 ] options X |> GmmError.get

printfn $"{selection.Best.Components} components, BIC %.2f{selection.Fit.Bic}"
(**
```csharp
var chosen = new GaussianMixture(1);
var selection = chosen.Select(X, components: [1, 2, 3, 4], covarianceTypes: [CovarianceType.TiedFull]);

Console.WriteLine($"{chosen.Components} components, BIC {selection.Best.Bic:F2}");
```

## 8. Sample

The random numbers differ between the libraries. scikit-learn returns its rows sorted by component; here they are mixed.

```python
rows, components = model.sample(1000)
print(f"{rows.shape[0]} rows of {rows.shape[1]}")
# 1000 rows of 2
```
*)
let sample = Sample.draw Sample.defaults 1000 fit |> GmmError.get

printfn $"{Array2D.length1 sample.Rows} rows of {Array2D.length2 sample.Rows}"
(**
```csharp
var (rows, components) = model.Sample(1000);

Console.WriteLine($"{rows.GetLength(0)} rows of {rows.GetLength(1)}");
```

## 9. Compare with k-means

```python
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

clusters = KMeans(2, n_init=10, tol=0, random_state=0).fit(X)
print(f"inertia {clusters.inertia_:.4f}")
print(f"adjusted Rand {adjusted_rand_score(labels, clusters.labels_):.4f}, silhouette {silhouette_score(X, labels):.4f}")
# inertia 8901.7687
# adjusted Rand 0.9272, silhouette 0.7096
```
*)
let clusters =
    KMeans.fit
        { KMeans.defaults with
            Components = 2
            Restarts = 10 }
        X
    |> GmmError.get

let ofClusters = KMeans.predict clusters X |> GmmError.get
let adjustedRand = Metrics.adjustedRand labels ofClusters |> GmmError.get
let silhouette = Metrics.silhouette Execution.Default labels X |> GmmError.get

printfn $"inertia %.4f{clusters.Inertia}"
printfn $"adjusted Rand %.4f{adjustedRand}, silhouette %.4f{silhouette}"
(**
```csharp
var clusters = new KMeans(clusters: 2) { Restarts = 10 }.Fit(X);

Console.WriteLine($"inertia {clusters.Inertia:F4}");
Console.WriteLine($"adjusted Rand {Metrics.AdjustedRand(labels, clusters.Predict(X)):F4}, silhouette {Metrics.Silhouette(X, labels):F4}");
```

## 10. Save, and find outliers

scikit-learn's models are pickled; a pickle runs code when it is loaded. Gmm writes JSON, and exchanges models with
scikit-learn as [`.npz` archives](saving.html). The threshold is a quantile of the log-densities.

```python
import pickle

with open("faithful.pickle", "wb") as file:
    pickle.dump(model, file)
with open("faithful.pickle", "rb") as file:
    loaded = pickle.load(file)

densities = loaded.score_samples(X)
threshold = np.quantile(densities, 0.02, method="averaged_inverted_cdf")
print(f"{np.sum(densities < threshold)} outliers below {threshold:.3f}")
# 5 outliers below -7.358
```
*)
let folder = System.IO.Directory.CreateTempSubdirectory("gmm").FullName
let file = System.IO.Path.Combine(folder, "model.json")
Persist.save file fit |> GmmError.get

let loaded: Fit<Gaussian> = Persist.load file |> GmmError.get
let outliers = Outliers.find 0.02 loaded X |> GmmError.get

printfn $"{outliers.Rows.Length} outliers below %.3f{outliers.Threshold}"
(*** hide ***)
System.IO.File.Delete file
(**
```csharp
model.Save("faithful.json");
var loaded = GaussianMixture.Load("faithful.json");

double threshold = loaded.DensityThreshold(X, share: 0.02);
int outliers = loaded.IsOutlier(X, threshold).Count(isOutlier => isOutlier);
Console.WriteLine($"{outliers} outliers below {threshold:F3}");
```

## What differs

| | scikit-learn | Gmm |
|---|---|---|
| start | one run from k-means | `Start.Auto`: k-means and the best of ten short runs, then moves of components |
| convergence | the objective changes by less than `tol` = 10⁻³ | the estimated remaining gain is also below `Tolerance` = 10⁻⁶ |
| each iteration | an EM step | an EM step, or an [extrapolation](acceleration.html) of two; plain EM with `Acceleration` = `None` |
| iterations | at most `max_iter` = 100 | at most `MaxIterations` = 1000 |
| covariances | 10⁻⁶ is added to every variance | a floor relative to the data; nothing is added above it |
| trouble | a `ConvergenceWarning`, or none | `Warnings`, a list of values; `Select` passes over fits on the floor |
| errors | exceptions | F#: `Result`; C#: exceptions |
| same result on | the same machine, library and threads | any number of threads, any width of vectors |

scikit-learn has four of the fourteen covariance structures. Its `BayesianGaussianMixture` is `Bayes.fit`, in C# a class of
the same name ([Variational Bayes](variational-bayes.html)); [priors](priors.html) give maximum-a-posteriori fits.
*)
