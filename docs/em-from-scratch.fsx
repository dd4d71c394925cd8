(**
---
title: EM from scratch
category: Start
categoryindex: 1
index: 4
---

# EM from scratch

This page fits a Gaussian mixture step by step, with the pure functions that the library itself is built from. Each
equation stands beside the function that computes it. Notation and equations follow Bishop, *Pattern Recognition and
Machine Learning* (2006), §9.2. At the end the result is compared with scikit-learn's. Run this page with
`dotnet fsi docs/em-from-scratch.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Plots"
*)
(*** hide ***)
#I "../src/Gmm.Plots/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Plots.dll"
(** *)
open System.IO
open System.Text.Json
open Gmm

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table

/// The rows as a tensor X (N×D).
let x = Tensor.create [| table.Values.Length / table.Columns; table.Columns |] table.Values
let rows, features = x.shape[0], x.shape[1]
printfn $"N = %d{rows} eruptions, D = %d{features} features"
(*** include-output ***)
(**
## The model

In a mixture of K Gaussians every row comes from one of K components, from component k with probability πₖ:

```text
p(x) = Σₖ πₖ N(x|μₖ, Σₖ),    πₖ ≥ 0,    Σₖ πₖ = 1.
```

`Gaussian.create` makes the μₖ and Σₖ of all components; `Mixture.create` adds the weights πₖ. EM needs a start. In this
example both components start with a deliberately wrong mean, (2.5, 80) and (4, 55), with the covariance of all data,
and with weight ½.

The covariance of all data is itself the result of an M-step: of one component to which every row belongs with
responsibility 1.
*)
let one = Gaussian.create Full (array2D [ [ 3.0; 70.0 ] ]) (Tensor.scalar 1.0) |> GmmError.get

let whole =
    { Weight = float rows
      LogLikelihood = 0.0
      Counts = [| float rows |]
      Sums =
        Tensor.create [| rows; 1 |] (Array.create rows 1.0)
        |> Gaussian.sums one x
        |> List.map _.toArray()
        |> Array.ofList }
    |> Gaussian.maximise GaussianPrior.flat None one
    |> GmmError.get

printfn $"mean of all data {whole.Means}"
printfn $"covariance of all data {whole.Covariances}"
(*** include-output ***)
let start =
    Gaussian.create Full (array2D [ [ 2.5; 80.0 ]; [ 4.0; 55.0 ] ]) (whole.Covariances.view [| 2; 2 |])
    |> Result.bind (Mixture.create [| 0.5; 0.5 |])
    |> GmmError.get
(**
## The E-step

Which component did row n come from? The log-density of row n under component k is

```text
ln N(xₙ|μₖ, Σₖ) = −½ (xₙ−μₖ)ᵀ Σₖ⁻¹ (xₙ−μₖ) − ½ ln|Σₖ| − ½ D ln 2π,
```

which `Gaussian.logDensity` computes for all rows and components at once, as an N×K tensor. The responsibility of
component k for row n is the probability that the row came from it, by Bayes' theorem (Bishop, eq. 9.13). Its
denominator is the likelihood of the row:

```text
rₙₖ = πₖ N(xₙ|μₖ, Σₖ) / Σⱼ πⱼ N(xₙ|μⱼ, Σⱼ),        ln p(xₙ) = ln Σⱼ πⱼ N(xₙ|μⱼ, Σⱼ).
```

`Assignment.soft` computes both from the joint log-densities ln πₖ + ln N(xₙ|μₖ, Σₖ). It first subtracts the largest of
each row, so that nothing underflows.
*)
let expect (mixture: Mixture<Gaussian>) =
    let logJoint = Gaussian.logDensity mixture.Parameters x + mixture.LogWeights
    Assignment.soft logJoint

let evidence, responsibilities = expect start
let shares = responsibilities.toArray2D ()
printfn "log-likelihood of the start %.6f" (Array.sum (evidence.toArray ()))

for n in 0..3 do
    let row = table.Values[n * features .. n * features + 1]
    printfn "row %d (%.3f, %.0f): %.6f %.6f" n row[0] row[1] shares[n, 0] shares[n, 1]
(*** include-output ***)
(**
The M-step needs only three sums over the data. The counts Nₖ say how many rows each component has. The moments are
taken about the current means, zₙₖ = xₙ − μₖ, where nothing cancels (`Gaussian.sums`):

```text
Nₖ = Σₙ rₙₖ,        Σₙ rₙₖ zₙₖ,        Σₙ rₙₖ zₙₖ zₙₖᵀ.
```

Together they form a `Statistics`. The statistics of two parts of the data add up, so the rows never have to be in
memory at once.
*)
let statisticsOf (mixture: Mixture<Gaussian>) : Statistics =
    let evidence, responsibilities = expect mixture

    { Weight = float rows
      LogLikelihood = Array.sum (evidence.toArray ())
      Counts = (responsibilities.sum 0).toArray()
      Sums = [| for sum in Gaussian.sums mixture.Parameters x responsibilities -> sum.toArray () |] }

let first = statisticsOf start
printfn "counts %.4f and %.4f" first.Counts[0] first.Counts[1]
(*** include-output ***)
(**
## The M-step

These parameters maximise the expected complete log-likelihood (Bishop, eqs. 9.24–9.26; the [tutorial](tutorial.html)
derives them):

```text
μₖ = (1/Nₖ) Σₙ rₙₖ xₙ
Σₖ = (1/Nₖ) Σₙ rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ
πₖ = Nₖ / N.
```

`Gaussian.maximise` computes the first two. It also takes a prior and a regularisation; this example uses neither, hence
`GaussianPrior.flat` and `None`.
*)
let maximise (mixture: Mixture<Gaussian>) (statistics: Statistics) : Mixture<Gaussian> =
    let weights = statistics.Counts |> Array.map (fun count -> count / statistics.Weight)

    Gaussian.maximise GaussianPrior.flat None mixture.Parameters statistics
    |> Result.bind (Mixture.create weights)
    |> GmmError.get

let second = maximise start first
printfn "weights after one step %.6f and %.6f" second.Weights[0] second.Weights[1]
printfn $"means after one step {second.Parameters.Means}"
(*** include-output ***)
(**
The library's `EM.eStep`, `EM.mStep` and `EM.step` are these two functions for any family, any prior and data of any
size. A `Model` says what is estimated. The default backend sums in another order, hence the small differences:
*)
let model = Model.ofFamily Gaussian.family
let statistics = EM.eStep model data start
let byLibrary = EM.mStep model start statistics |> GmmError.get
let inOne = EM.step model data start |> GmmError.get

let difference (a: Tensor) (b: Tensor) = (a - b).toArray() |> Array.map abs |> Array.max
let agrees a b = if difference a b < 1e-9 then "agree" else "differ"

printfn "counts                  %s" (agrees (Tensor.vector statistics.Counts) (Tensor.vector first.Counts))
printfn "means of EM.mStep       %s" (agrees byLibrary.Parameters.Means second.Parameters.Means)
printfn "covariances of EM.mStep %s" (agrees byLibrary.Parameters.Covariances second.Parameters.Covariances)
printfn "EM.step is both: %b" (inOne = byLibrary)
(*** include-output ***)
(**
## The fit

The fit repeats this step. The objective is the mean log-likelihood per row (`EM.objective`), and no step makes it
smaller. The loop keeps every iterate, and stops when the objective grows by less than 10⁻¹²:
*)
let objective (statistics: Statistics) = statistics.LogLikelihood / statistics.Weight

let rec walk (mixture: Mixture<Gaussian>) (statistics: Statistics) =
    [ yield mixture, objective statistics
      let next = maximise mixture statistics
      let nextStatistics = statisticsOf next

      if objective nextStatistics - objective statistics >= 1e-12 then
          yield! walk next nextStatistics
      else
          yield next, objective nextStatistics ]

let history = walk start first |> Array.ofList
let last = Array.last history |> fst

printfn "iteration   weight 0     mean of component 0     objective"

for i in [ 0; 1; 2; 5; 10; 20; 30; 35; 40; 45; 50; history.Length - 1 ] do
    let mixture, objective = history[i]
    let means = mixture.Parameters.Means.toArray2D ()
    printfn "%9d   %.6f   (%.5f, %8.5f)   %.10f" i mixture.Weights[0] means[0, 0] means[0, 1] objective

let falls = history |> Array.pairwise |> Array.filter (fun ((_, a), (_, b)) -> b < a - 1e-12)
printfn "%d steps, %d of them down" (history.Length - 1) falls.Length
(*** include-output ***)
(**
`EM.iterates` is this loop as a lazy sequence: an E-step runs only when you ask for its iterate.
*)
let sequence = EM.iterates model data start |> Seq.truncate history.Length |> Seq.map GmmError.get |> Array.ofSeq

let apart =
    Array.map2
        (fun (iterate: Iterate<Gaussian>) (_, own) -> abs (EM.objective model iterate.Mixture iterate.Statistics - own))
        sequence
        history
    |> Array.max

let closeness = if apart < 1e-10 then "agree" else "differ"
printfn $"objectives of all %d{sequence.Length} iterates: {closeness}"
(*** include-output ***)
(**
The picture shows the mixing proportions at each iteration. After the first step both means lie close to the mean of all
data, and for about thirty steps the components are nearly the same: EM is slow there, but it never goes back. Then the
components separate and settle:
*)
(*** hide ***)
let proportions k = history |> Array.mapi (fun i (mixture, _) -> float i, mixture.Weights[k])

[ "π₀", proportions 0; "π₁", proportions 1 ]
|> Plot.curves
    { Plot.defaults with
        Title = "Mixing proportions"
        Height = 360 }
    "iteration"
    "weight"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## The same fit by scikit-learn

[em-from-scratch.json](em-from-scratch.json) holds a fit of the same data by scikit-learn, written by
[em-from-scratch.py](em-from-scratch.py). It uses the same start means and no regularisation, and stops when the
objective changes by less than 10⁻⁹. scikit-learn starts with the weights and covariances of k-means clusters, so it
takes another path; only the final results can be compared.
*)
let text = File.ReadAllText(Path.Combine(__SOURCE_DIRECTORY__, "em-from-scratch.json"))
let json = JsonDocument.Parse(text).RootElement

let rec numbers (element: JsonElement) : float[] =
    match element.ValueKind with
    | JsonValueKind.Array -> element.EnumerateArray() |> Seq.collect numbers |> Array.ofSeq
    | _ -> [| element.GetDouble() |]

let field (name: string) = numbers (json.GetProperty name)
let program = json.GetProperty("program").GetString()

let reference =
    Gaussian.create
        Full
        (field "means" |> Array.chunkBySize features |> array2D)
        (Tensor.create [| 2; features; features |] (field "covariances"))
    |> Result.bind (Mixture.create (field "weights"))
    |> GmmError.get

let referenceLogLikelihood = (field "log_likelihood")[0]
printfn "%-20s log-likelihood %.6f" program referenceLogLikelihood
printfn "%-20s log-likelihood %.6f" "by hand" (float rows * snd (Array.last history))
(*** include-output ***)
(**
Components have no order, so two fits may number them differently. `Comparison` matches the components whose means are
closest:
*)
let comparison = Comparison.ofMixtures Gaussian.family reference last |> GmmError.get

for pair in comparison.Pairs do
    printfn
        "component %d there is %d here: weight difference %.8f, distance of means %.7f"
        pair.First
        pair.Second
        pair.WeightDifference
        pair.Distance

printfn "largest weight difference %.8f, mean distance %.7f" comparison.LargestWeightDifference comparison.MeanDistance
(*** include-output ***)
(**
The rows can be compared too: the adjusted Rand index of two labellings is 1 when they group the rows alike, whatever
the numbers of the groups.
*)
let fit = Fit.ofMixture Gaussian.family last
let labels = Predict.labels fit data |> GmmError.get
let agreement = field "labels" |> Array.map int |> Metrics.adjustedRand labels |> GmmError.get
printfn $"adjusted Rand index %.4f{agreement}"
(*** include-output ***)
(*** hide ***)
Plot.compare
    { Plot.defaults with
        ColumnNames = table.Names
        Width = 480
        Height = 400 }
    [ program, Fit.ofMixture Gaussian.family reference; "by hand", fit ]
    data
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
For everyday work, `Gmm.fit` does all this and finds a start by itself; see the [quickstart](quickstart.html).
*)
