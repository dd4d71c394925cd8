(**
---
title: Mixed data
category: Examples
categoryindex: 2
index: 4
---

# Mixed data

A table rarely holds numbers of one kind. In a product each column has its own family, independent of the others given the
component, and one set of responsibilities joins them. Run this page with `dotnet fsi docs/mixed-data.fsx` after
`dotnet fsi build.fsx build`.

The data are 189 births at the Baystate Medical Center, Springfield, Massachusetts, in 1986 (D. W. Hosmer and S. Lemeshow,
*Applied Logistic Regression*, 1989; `birthwt` in R's package MASS):

| column | what it says | its family here |
|---|---|---|
| `age` | the mother's age in years | Gaussian |
| `lwt` | her weight in pounds at the last menstrual period | Gaussian, of the logarithm |
| `bwt` | the child's weight at birth in grams | Gaussian |
| `smoke` | 1 if she smoked during pregnancy | Bernoulli |
| `ht` | 1 if she had a history of hypertension | Bernoulli |
| `ui` | 1 if there was uterine irritability | Bernoulli |
| `race` | 1 white, 2 black, 3 other | categorical, as 0, 1, 2 |
| `ptl` | how many earlier premature labours | Poisson |
| `ftv` | how many visits to a physician in the first three months | Poisson |

A last column, `low`, says whether the child weighed less than 2500 g. It stays out of the fit.
*)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"

open System.IO
open Gmm

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/birthwt.csv")) |> GmmError.get
let cells = table.Values |> Array.chunkBySize table.Columns
let column name = let j = Array.findIndex ((=) name) table.Names in cells |> Array.map (fun row -> row[j])

let columns =
    [| column "age"
       column "lwt" |> Array.map log
       column "bwt"
       column "smoke"
       column "ht"
       column "ui"
       column "race" |> Array.map (fun race -> race - 1.0)
       column "ptl"
       column "ftv" |]

let data = columns |> Array.transpose |> Source.ofRows |> GmmError.get
(**
## A product

A part says which columns it has, and their family. The Gaussian columns have variances of their own and no covariances.
Every column belongs to exactly one part. Starts divide all statistics by their standard deviations, so that grams don't
outweigh years. The start here is k-means++: components around rows that lie far apart.
*)
let gaussian = { Gmm.columns with Structure = Diag }

let parts =
    [ Part.Gaussian([| 0; 1; 2 |], gaussian)
      Part.Exponential([| 3; 4; 5 |], Bernoulli.family)
      Part.Exponential([| 6 |], Categorical.family 3)
      Part.Exponential([| 7; 8 |], Poisson.family) ]

let fit components =
    Mixtures.fitProduct
        parts
        { Mixtures.defaults with
            Components = components
            Start = Start.KPlusPlus
            Restarts = 10 }
        data
    |> GmmError.get

let fits = [ for components in 1..4 -> fit components ]
printfn "K  log-likelihood  parameters      BIC"

for fit in fits do
    printfn $"%d{fit.Mixture.Components}  %14.2f{fit.LogLikelihood}  %10d{fit.FreeParameters}  %7.2f{fit.Bic}"
(*** include-output ***)
(**
BIC is lowest for two components. What are they? The parameters of each part are those of its family, for all components.
*)
let best = fits |> List.minBy _.Bic

let describe k =
    [ for columns, parameters in best.Parameters.Parts do
          match columns, parameters with
          | _, GaussianPart gaussian ->
              let mean = gaussian.Means.toArray2D ()
              "age (years)", mean[k, 0]
              "weight (pounds)", exp mean[k, 1]
              "child's weight (g)", mean[k, 2]
          | [| 6 |], ExponentialPart parameters ->
              let p = Categorical.probabilities parameters
              "P(white)", p[k, 0, 0]
              "P(black)", p[k, 0, 1]
              "P(other)", p[k, 0, 2]
          | [| 7; 8 |], ExponentialPart parameters ->
              let rate = Poisson.rates parameters
              "premature labours", rate[k, 0]
              "visits", rate[k, 1]
          | _, ExponentialPart parameters ->
              let p = Bernoulli.probabilities parameters
              "P(smoked)", p[k, 0]
              "P(hypertension)", p[k, 1]
              "P(irritability)", p[k, 2] ]

/// The component of the heavier children first.
let order =
    [| 0; 1 |]
    |> Array.sortByDescending (fun k -> describe k |> List.find (fst >> (=) "child's weight (g)") |> snd)

printfn "%-20s %9.3f %9.3f" "weight" best.Weights[order[0]] best.Weights[order[1]]

for (name, first), (_, second) in List.zip (describe order[0]) (describe order[1]) do
    printfn "%-20s %9.3f %9.3f" name first second
(*** include-output ***)
(**
In one component the mothers are older and heavier, most of them are white, and they see a physician more often. In the
other they are younger and lighter, uterine irritability and earlier premature labours are several times as frequent, and the
children are lighter; yet smoking, which hardly differs, doesn't set the two apart. A component describes what occurs
together; that one column causes another it doesn't say.

The share of children below 2500 g, which the fit did not see (though it saw the weights in grams):
*)
let labels = Predict.labels best data |> GmmError.get
let low = column "low"

for k in order do
    let own = Array.zip labels low |> Array.filter (fst >> (=) k) |> Array.map snd
    printfn $"%3d{own.Length} rows, of which %.1f{100.0 * Array.average own} %% of low weight"
(*** include-output ***)
(**
The components overlap, as the responsibilities tell. How many rows are how sure?
*)
let shares = Predict.responsibilities best data |> GmmError.get
let sure = Array.init labels.Length (fun n -> shares[n, labels[n]])

for low, high in [ 0.5, 0.7; 0.7, 0.9; 0.9, 0.99; 0.99, 1.0 ] do
    let count = sure |> Array.filter (fun p -> p >= low && (p < high || high = 1.0)) |> Array.length
    printfn $"largest share from %.2f{low} to %.2f{high}: %3d{count} rows"
(*** include-output ***)
