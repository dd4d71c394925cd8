(**
---
title: Anomalies and cut points
category: Guides
categoryindex: 3
index: 10
---

# Anomalies and cut points

A mixture gives every row a density p(x) = Σₖ πₖ p(x|θₖ). Rows of low density are unlike all the rows that the mixture
was fitted to (Bishop 1994). This page finds such rows in Old Faithful, then tests new rows. At the end it computes the
waiting times that separate short eruptions from long ones. Run it with `dotnet fsi docs/anomalies.fsx` after
`dotnet fsi build.fsx build`.

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
open Gmm

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table
let fit = Gmm.fit { Gmm.defaults with Components = 2 } data |> GmmError.get
(**
## The most unusual rows

`Outliers.find` marks a share of the rows, those of lowest density. Here it marks 2 % of the 272 eruptions, so
⌊0.02 · 272⌋ = 5. The result has the threshold, the log-density of every row, a mark for every row, and the numbers of
the marked rows, the most unusual one first:
*)
let found = Outliers.find 0.02 fit data |> GmmError.get
printfn $"threshold %.4f{found.Threshold}: %d{found.Rows.Length} outliers"

for row in found.Rows do
    let numbers = (data |> Source.rows [| int64 row |])[0, *]
    printfn $"row %3d{row}: %.3f{numbers[0]} minutes after %.0f{numbers[1]}, ln p = %.3f{found.LogDensities[row]}"
(*** include-output ***)
(**
The picture colours the eruptions by density. The outliers lie at the lower end of the colour bar:
*)
(*** hide ***)
Plot.scatter
    { Plot.defaults with
        Title = "ln p(x)"
        ColumnNames = table.Names
        Colour = PointColour.Density }
    fit
    data
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
The share is your choice: it says how many alarms you accept, not how many rows are wrong. The threshold t is the
share's quantile of the log-densities, by definition 2 of Hyndman and Fan (1996): the rows with ln p(x) < t weigh at
most the share of the whole, and rows of equal density are either all marked or all unmarked. Sample weights count as
copies of their rows.

Rescaling a feature moves all log-densities by the same amount, and the threshold with them. The outliers remain the
same. This is why a threshold taken from the data is better than a fixed one.

## New rows

Take the threshold from the training data once, and save it with the fit. `Outliers.below` then tests any new rows, one
or many:
*)
let threshold = Outliers.threshold 0.02 fit data |> GmmError.get

let arrivals = [| [| 2.0; 55.0 |]; [| 4.4; 82.0 |]; [| 4.4; 50.0 |]; [| 2.9; 66.0 |] |]

let isUnusual = Source.ofRows arrivals |> Result.bind (Outliers.below threshold fit) |> GmmError.get

for row, isUnusual in Array.zip arrivals isUnusual do
    printfn $"%.1f{row[0]} minutes after %.0f{row[1]}: unusual %b{isUnusual}"
(*** include-output ***)
(**
An eruption of 4.4 minutes is common, and so is a wait of 50 minutes, but not both together. The mixture finds this
because it describes the features jointly.

Three points for practice:

- Anomalies in the training data influence the fit. A component may settle on a few of them and give them a high
  density; they are then not marked. Read `fit.Warnings`, and look at components with a weight below the share. A
  prior helps ([priors](priors.html)). Declare codes such as −99999 as missing (`MissingWords`, see
  [files](files.html)).
- Choose the number of components by BIC ([selection](selection.html)). With too few components, the gaps between groups
  look likely; with too many, single rows get components of their own.
- `Predict.mahalanobis` measures the distance from each Gaussian component instead, in standard deviations. The density
  also works for counts, levels and mixed data: `Outliers` takes a fit of any family.

## Cut points

In one dimension, the most probable component changes at points that you can compute. `CutPoints.ofFit` returns them in
ascending order, with the components on both sides. Two normal components meet at the roots of

```text
ln(π₁/σ₁) − ½((x−μ₁)/σ₁)² = ln(π₂/σ₂) − ½((x−μ₂)/σ₂)²,
```

a quadratic equation, so a wider component can win on both sides of a narrower one:
*)
let waiting = data |> Source.map 1 _.Select([| 1 |])
let alone = Gmm.fit { Gmm.defaults with Components = 2 } waiting |> GmmError.get

for cut in CutPoints.ofFit alone |> GmmError.get do
    printfn $"component %d{cut.Below} below %.3f{cut.X} minutes, component %d{cut.Above} above"
(*** include-output ***)
(**
The second point lies far from all data: the second component is a little narrower, so the first one must win again
somewhere. Components of equal variance (a tied structure) meet only once.

For one feature of a fit in several dimensions, take the cut points of its marginal distribution:
*)
let marginal = Conditional.marginal [| 1 |] fit.Mixture |> GmmError.get

for cut in CutPoints.ofMixture marginal |> GmmError.get do
    printfn $"component %d{cut.Below} below %.3f{cut.X} minutes, component %d{cut.Above} above"
(*** include-output ***)
