(**
---
title: Choosing the number of components
category: Guides
categoryindex: 3
index: 5
---

# Choosing the number of components

More components and richer structures always fit better. A criterion weighs the likelihood L against the number p of free
parameters; of all three here, lower is better:

```text
BIC = −2 ln L + p ln n                       (Schwarz 1978)
ICL = BIC − 2 Σₙ ln maxₖ rₙₖ                 (Biernacki, Celeux and Govaert 2000)
AIC = −2 ln L + 2p                           (Akaike 1974)
```

Run this page with `dotnet fsi docs/selection.fsx` after `dotnet fsi build.fsx build`.
*)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"

open System.IO
open Gmm

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table
(**
## All candidates

`Select.gaussian` fits every number of components with every structure. A candidate without a fit stays in the table with
its error. The function in the second place is told of every candidate when it is done; `ignore` asks for none.
*)
let selection = Select.gaussian Criterion.Bic ignore [ 1..4 ] Structure.all Gmm.defaults data |> GmmError.get
printfn $"{selection.Table}"
(*** include-output ***)
(**
The same as a picture: a line for every structure, the best candidate ringed.
*)
(*** hide ***)
Plot.criteria
    { Plot.defaults with
        Title = "Old Faithful" }
    selection
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## BIC or ICL

BIC asks how many Gaussians describe the density. A group that is not Gaussian gets several of them, which overlap. ICL asks
how many groups can be told apart: rows between components, whose largest responsibility is well below 1, cost. Every
candidate has been judged by all criteria, so that nothing need be fitted again:
*)
let judged =
    selection.Candidates
    |> List.choose (fun candidate ->
        candidate.Outcome |> Result.toOption |> Option.map (fun judged -> candidate, judged))

let best criterion = judged |> List.minBy (fun (_, judged) -> judged.Value criterion)

for name, criterion in [ "BIC", Criterion.Bic; "ICL", Criterion.Icl ] do
    let candidate, judged = best criterion
    printfn $"{name}: {candidate.Name} with {candidate.Components} components, %.2f{judged.Value criterion}"
(*** include-output ***)
(*** hide ***)
[ "BIC", Criterion.Bic; "ICL", Criterion.Icl ]
|> List.map (fun (name, criterion) ->
    let candidate, judged = best criterion

    Plot.scatter
        { Plot.defaults with
            Title = $"{name}: {candidate.Name}, {candidate.Components} components"
            ColumnNames = table.Names
            Legend = false }
        judged.Fit
        data
    |> GmmError.get)
|> Figure.beside ""
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
What the overlap costs, in the structure that BIC prefers:
*)
printfn "components        BIC        ICL    overlap"

for candidate, judged in judged do
    if candidate.Name = selection.Best.Name then
        let overlap = max 0.0 (judged.Icl - judged.Bic)
        printfn $"%10d{candidate.Components} %10.2f{judged.Bic} %10.2f{judged.Icl} %10.2f{overlap}"
(*** include-output ***)
(**
## A group with wide tails

A group whose tails are wider than a Gaussian's is two components for the density, a narrow and a wide one around the same
mean, but one group for the eye. Beside it lies another one.
*)
let tails =
    let means = array2D [ [ 0.0; 0.0 ]; [ 0.0; 0.0 ]; [ 9.0; 4.0 ] ]

    Gaussian.create Spherical means (Tensor.vector [| 0.5; 2.5; 0.5 |])
    |> Result.bind (Mixture.create [| 0.35; 0.35; 0.3 |])
    |> Result.bind (Sample.ofMixture Gaussian.family Sample.defaults 600)
    |> GmmError.get

let wide = Source.ofRows [| for n in 0..599 -> tails.Rows[n, *] |] |> GmmError.get

let chosen =
    [ "BIC", Criterion.Bic; "ICL", Criterion.Icl ]
    |> List.map (fun (name, criterion) ->
        name, Select.gaussian criterion ignore [ 1..5 ] [ Spherical ] Gmm.defaults wide |> GmmError.get)

for name, selection in chosen do
    printfn $"{name}: {selection.Best.Components} components"
(*** include-output ***)
(*** hide ***)
chosen
|> List.map (fun (name, selection) ->
    Plot.scatter
        { Plot.defaults with
            Title = $"{name}: {selection.Best.Components} components"
            Legend = false }
        selection.Fit
        wide
    |> GmmError.get)
|> Figure.beside "A group with wide tails, and another one"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
Other families and products are chosen among by `Select.family` and `Select.product`, and fits of your own making by
`Select.among`. In C# the model's method `Select` does it; see the [guide](csharp.html).
*)
