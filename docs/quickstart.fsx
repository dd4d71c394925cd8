(**
---
title: Quickstart
category: Start
categoryindex: 1
index: 1
---

# Quickstart

The geyser Old Faithful has short eruptions after short waits and long ones after long waits. A mixture of two Gaussians
finds both kinds without being told which eruption is which. Run this page with `dotnet fsi docs/quickstart.fsx` after
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

let file = Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")
let table = Csv.read file |> GmmError.get
let data = Csv.source table

(**
The reader detects the format of the file; [Data files](files.html) has its options. A fit needs the number of
components and perhaps a covariance structure:
*)
let fit =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Family.Structure = Full }
        data
    |> GmmError.get
(**
`Gmm.fit` returns a `Result`; `GmmError.get` takes the value out of it, or throws if there is an error. A fit holds the
mixture, how it was found, and how well it describes the data:
*)
printfn $"log-likelihood %.2f{fit.LogLikelihood}, BIC %.2f{fit.Bic}"
printfn $"weights %A{fit.Weights}"
printfn $"means {fit.Parameters.Means}"
(*** include-output ***)
(**
Each row has a most likely component, and responsibilities: the probability of each component.
*)
let labels = Predict.labels fit data |> GmmError.get
let shares = Predict.responsibilities fit data |> GmmError.get
printfn $"row 0: component {labels[0]}, probability %.6f{shares[0, labels[0]]}"
(*** include-output ***)
(**
A plot is a `Figure`. You can write it as SVG, which any browser opens, or as an HTML page; `Figure.show` opens it.
The package `Gmm.Plotly` turns it into an interactive chart of Plotly.NET. The ellipses lie at 1, 2 and 3 standard
deviations.
*)
let options =
    { Plot.defaults with
        Title = "Old Faithful"
        ColumnNames = table.Names }

let picture = Plot.scatter options fit data |> GmmError.get
let place = Path.Combine(Path.GetTempPath(), "faithful.svg")
Figure.save place picture |> GmmError.get
(*** hide ***)
Figure.svg picture
(*** include-it-raw ***)
