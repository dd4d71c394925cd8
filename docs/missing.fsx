(**
---
title: Missing cells
category: Guides
categoryindex: 3
index: 11
---

# Missing cells

With `Missing = Missing.Fit`, NaN in the data is a missing cell. A row counts with the cells that it has: nothing is
filled in and no row is dropped. The fit maximises the likelihood of the observed cells. Run this page with
`dotnet fsi docs/missing.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Plots"
*)
(*** hide ***)
#I "../src/Gmm.Plots/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Plots.dll"
(**
## From a file with empty cells

The file `iris-missing.csv` has the measurements of 150 irises. One cell in six is empty; only 71 rows are complete.
`Missing = Keep` makes the reader keep all rows, with NaN for an empty cell, and `Missing = Missing.Fit` makes the fit
take them.
*)
open System.IO
open Gmm

let path = Path.Combine(__SOURCE_DIRECTORY__, "../data/iris-missing.csv")
let table = Csv.readWith { Csv.defaults with Missing = Keep } path |> GmmError.get
let data = Csv.source table

let fit =
    Gmm.fit
        { Gmm.defaults with
            Components = 3
            Missing = Missing.Fit }
        data
    |> GmmError.get

let completed = Impute.means fit data |> GmmError.get

printfn $"{table.Report.Summary}"
printfn $"{fit.Summary}"
printfn $"first row: %A{table.Values[..3]}"
printfn $"completed: %A{completed[0, *]}"
(*** include-output ***)
(**
The labels in the file weren't used. Do the components of the flowers agree with their species?
*)
let species = Array.distinct table.Labels.Value
let truth = table.Labels.Value |> Array.map (fun name -> System.Array.IndexOf(species, name))
let found = Predict.labels fit data |> GmmError.get
printfn $"adjusted Rand index %.3f{Metrics.adjustedRand truth found |> GmmError.get}"
(*** include-output ***)
(**
## The cost of dropping rows

Leaving out the incomplete rows loses more than half of the flowers here. With 20 % of the cells missing in each of ten
columns, one row in ten would be left. The means below are those of the component with the smallest petals: from all
data before any cell was deleted, from all rows with their observed cells, and from the complete rows only.
*)
let meansOf source missing =
    let fit =
        Gmm.fit
            { Gmm.defaults with
                Components = 3
                Missing = missing }
            source
        |> GmmError.get

    let means = fit.Parameters.Means.toArray2D ()
    let smallest = Seq.minBy (fun k -> means[k, 2]) [ 0..2 ]
    means[smallest, *] |> Array.map (sprintf "%.3f") |> String.concat "  "

let whole = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/iris.csv")) |> GmmError.get |> Csv.source
let complete = Csv.readWith { Csv.defaults with Missing = DropRows } path |> GmmError.get |> Csv.source

printfn $"no cell missing:    {meansOf whole Missing.Reject}"
printfn $"observed cells:     {meansOf data Missing.Fit}"
printfn $"complete rows only: {meansOf complete Missing.Reject}"
(*** include-output ***)
(**
## A picture

The picture shows the completed data, with the ellipses of the fit. `Impute.draws` puts a draw from the fitted
distribution into every missing cell, given the observed cells of its row, so that the cloud has the right spread:
*)
(*** hide ***)
Plot.pairs
    { Plot.defaults with
        Title = "Irises with one cell in six drawn from the fit"
        ColumnNames = table.Names }
    fit
    (Impute.draws fit 1 data |> GmmError.get |> Source.ofArray2D |> GmmError.get)
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## The method

Row n sees the columns o and misses the columns m. Under component k, with z = xₒ − μₖₒ:

    [lang=text]
    ln ρₙₖ = ln πₖ + ln N(xₒ | μₖₒ, Σₖₒₒ)
    E(xₘ | xₒ, k) = μₖₘ + Gₖz,     Gₖ = Σₖₘₒ Σₖₒₒ⁻¹
    Cov(xₘ | xₒ, k) = Cₖ = Σₖₘₘ − Gₖ Σₖₒₘ

The M-step is the usual one, with E(x) in place of x, and with E(xxᵀ), which includes Cₖ, in place of xxᵀ (Ghahramani
and Jordan 1994; Little and Rubin, *Statistical Analysis with Missing Data*, 2019, chapter 11). This is exact maximum
likelihood, or with priors the exact posterior mode: the objective never falls. With one component, it gives the numbers
of R's package `norm`. Columns of counts, rates and categories are independent given the component, so a missing cell of
theirs adds nothing to the density, and its statistics are the component's expected ones.

The conditional mean is linear in z, and Cₖ is the same for all rows with the same missing columns. The library
therefore sorts the rows by their pattern of missing cells once, runs the ordinary E-step on the observed columns of
each pattern, and transforms the sums: with A = [I; Gₖ], first moments f become A f, and second moments Q become
A Q Aᵀ + NₖCₖ. Every backend and every covariance structure works.

- **Cost.** An iteration costs as much as one on complete rows, and for each pattern and component about |m|·D²
  operations more. With a different pattern in every row, that is |m|·D² operations for each row and component, and most
  of the work.
- **Memory.** The observed cells of all rows are copied once and kept in memory, even if the data are in a file. The
  statistics of the patterns are added up in groups.
- **Speed of convergence.** The share of missing cells slows EM down, mildly at 20 %.

## What to know

- **Missing at random.** The likelihood of the observed cells is right if cells are missing at random: whether a cell is
  missing may depend on the observed cells of its row, but not on the missing value itself. Incomes that the rich don't
  report are not missing at random.
- **Rows without any cell** don't count in a fit, nor in the n of BIC. Their responsibilities are the weights πₖ, and
  their log-density is ln 1 = 0. A column without any cell is an error.
- **Starts** work on filled data: a missing cell takes the value of the nearest row that has it, out of at most 1,000.
  EM itself uses the cells as they are.
- **Predictions** of a fit with `Missing.Fit` take rows with missing cells, even one row at a time (`RowPredictor`).
  Their densities are those of the observed cells, so compare them only between rows with the same missing cells.
- **Many parameters.** Missing cells leave fewer numbers to determine a full covariance: with 13 columns and 20 %
  missing, three components collapsed to a singular covariance. The floor, the default regularisation, keeps such a fit
  finite, and `Fit.Warnings` names the component. Choose fewer components, a structure with fewer parameters, or a
  `CovariancePrior`.
- **Noise** can't be combined with missing cells.
- **k-means**, **variational Bayes** and rows on a [cluster](cluster.html) don't take missing cells. Impute first.
*)
(**
## Imputation

`Impute.means` puts the conditional mean of the mixture into every missing cell. That is the best guess for a cell, but
completed data vary less than the data would. To carry the uncertainty on into another analysis, make several data sets
by `Impute.draws` with different seeds, analyse each, and combine the results by Rubin's rules (Rubin 1987). Here this
is done for the correlation of two columns:
*)
let correlation (rows: float[,]) =
    let a, b = rows[*, 1], rows[*, 3]
    let mean (x: float[]) = Array.average x
    let product x y = Array.fold2 (fun sum u v -> sum + (u - mean x) * (v - mean y)) 0.0 x y
    product a b / sqrt (product a a * product b b)

let ofDraws = [ for seed in 1..5 -> Impute.draws fit seed data |> GmmError.get |> correlation ]

printfn $"from all cells, before any was deleted: %.3f{correlation (whole |> Source.rows [| 0L .. 149L |])}"
printfn $"from draws: %.3f{List.average ofDraws}, each %A{ofDraws |> List.map (fun r -> System.Math.Round(r, 3))}"
printfn $"from means: %.3f{correlation completed}"
(*** include-output ***)
(**
The parameters are those of the fitted mixture in every draw: for few rows, fit bootstrap samples to include their
uncertainty. The distribution of the missing cells of one row is a mixture, too:
*)
let cells = Conditional.ofRow [| 6.0; nan; 4.5; nan |] fit.Mixture |> GmmError.get
printfn $"{cells}"
(*** include-output ***)
