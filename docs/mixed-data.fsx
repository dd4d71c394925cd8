(**
---
title: Mixed data
category: Examples
categoryindex: 2
index: 4
---

# Mixed data

A table rarely holds numbers of one kind only. In a product each column has its own family; given the component, the
columns are independent, and one set of responsibilities joins them. Run this page with `dotnet fsi docs/mixed-data.fsx`
after `dotnet fsi build.fsx build`.

The data are 189 births at the Baystate Medical Center, Springfield, Massachusetts, in 1986 (D. W. Hosmer and S.
Lemeshow, *Applied Logistic Regression*, 1989; `birthwt` in R's package MASS):

| column | meaning | family here |
|---|---|---|
| `age` | the mother's age in years | Gaussian |
| `lwt` | her weight in pounds at the last menstrual period | Gaussian, of the logarithm |
| `bwt` | the child's weight at birth in grams | Gaussian |
| `smoke` | 1 if she smoked during pregnancy | Bernoulli |
| `ht` | 1 if she had a history of hypertension | Bernoulli |
| `ui` | 1 if there was uterine irritability | Bernoulli |
| `race` | 1 white, 2 black, 3 other | categorical, as 0, 1, 2 |
| `ptl` | number of earlier premature labours | Poisson |
| `ftv` | number of visits to a physician in the first three months | Poisson |

The last column, `low`, says whether the child weighed less than 2500 g. The fit does not use it.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
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

A part consists of columns and their family. Every column belongs to exactly one part. The Gaussian columns have
variances of their own and no covariances. All starts divide the statistics by their standard deviations, so that grams
don't outweigh years. The start in this example is k-means++: components around rows that lie far apart.
*)
let gaussian =
    { GaussianKind.defaults with
        Structure = Diag }

let parts =
    [ Part.create [| 0; 1; 2 |] gaussian
      Part.create [| 3; 4; 5 |] Bernoulli.family
      Part.create [| 6 |] (Categorical.family 3)
      Part.create [| 7; 8 |] Poisson.family ]

let fit components =
    Gmm.fit
        { Gmm.defaultsOf (ProductKind.ofParts parts) with
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
BIC is lowest for two components. What do they describe? The parameters of each part are those of its family, for all
components.
*)
let best = fits |> List.minBy _.Bic

let describe k =
    let gaussian: Gaussian = Product.parameters 0 best.Parameters
    let mean = gaussian.Means.toArray2D ()
    let yes = Product.parameters 1 best.Parameters |> Bernoulli.probabilities
    let race = Product.parameters 2 best.Parameters |> Categorical.probabilities
    let rate = Product.parameters 3 best.Parameters |> Poisson.rates

    [ "age (years)", mean[k, 0]
      "weight (pounds)", exp mean[k, 1]
      "child's weight (g)", mean[k, 2]
      "P(smoked)", yes[k, 0]
      "P(hypertension)", yes[k, 1]
      "P(irritability)", yes[k, 2]
      "P(white)", race[k, 0, 0]
      "P(black)", race[k, 0, 1]
      "P(other)", race[k, 0, 2]
      "premature labours", rate[k, 0]
      "visits", rate[k, 1] ]

/// The components, starting with the one that has the heavier children.
let order =
    [| 0; 1 |]
    |> Array.sortByDescending (fun k -> describe k |> List.find (fst >> (=) "child's weight (g)") |> snd)

printfn "%-20s %9.3f %9.3f" "weight" best.Weights[order[0]] best.Weights[order[1]]

for (name, first), (_, second) in List.zip (describe order[0]) (describe order[1]) do
    printfn "%-20s %9.3f %9.3f" name first second
(*** include-output ***)
(**
In one component the mothers are older and heavier, most of them are white, and they see a physician more often. In the
other they are younger and lighter, uterine irritability and earlier premature labours are several times as frequent,
and the children are lighter. Smoking hardly differs, so it does not separate the two. A component describes what occurs
together; it does not say that one column causes another.

The share of children below 2500 g in each component (the fit did not see this column, though it saw the weights in
grams):
*)
let labels = Predict.labels best data |> GmmError.get
let low = column "low"

for k in order do
    let own = Array.zip labels low |> Array.filter (fst >> (=) k) |> Array.map snd
    printfn $"%3d{own.Length} rows, of which %.1f{100.0 * Array.average own} %% of low weight"
(*** include-output ***)
(**
The components overlap, as the responsibilities show. How many rows have a clear component?
*)
let shares = Predict.responsibilities best data |> GmmError.get
let sure = Array.init labels.Length (fun n -> shares[n, labels[n]])

for low, high in [ 0.5, 0.7; 0.7, 0.9; 0.9, 0.99; 0.99, 1.0 ] do
    let count = sure |> Array.filter (fun p -> p >= low && (p < high || high = 1.0)) |> Array.length
    printfn $"largest share from %.2f{low} to %.2f{high}: %3d{count} rows"
(*** include-output ***)
