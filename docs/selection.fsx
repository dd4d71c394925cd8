(**
---
title: Choosing the number of components
category: Guides
categoryindex: 3
index: 5
---

# Choosing the number of components

More components and richer structures can always fit at least as well. A criterion weighs the likelihood L against the
number p of free parameters. Lower is better for all three criteria here:

```text
BIC = −2 ln L + p ln n                       (Schwarz 1978)
ICL = BIC − 2 Σₙ ln maxₖ rₙₖ                 (Biernacki, Celeux and Govaert 2000)
AIC = −2 ln L + 2p                           (Akaike 1974)
```

Run this page with `dotnet fsi docs/selection.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Plots"
*)
(*** hide ***)
#I "../src/Gmm.Plots/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Plots.dll"
#r "MathNet.Numerics.dll"
(** *)
open System.IO
open Gmm

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table
(**
## All candidates

`Select.gaussian` fits every number of components with every structure. A candidate without a fit stays in the table
with its error. The second argument is called as each candidate finishes; `ignore` does nothing. `Structure.all` has
[fourteen structures](structures.html); six are enough here.
*)
let structures = [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical ]
let selection = Select.gaussian Criterion.Bic ignore [ 1..4 ] structures Gmm.defaults data |> GmmError.get
printfn $"{selection.Table}"
(*** include-output ***)
(**
The same table as a picture: each structure has a line, and a ring marks the best candidate.
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
The likelihood of a component on equal values, or of one with fewer rows than columns, only measures the floor of its
covariance. Such a candidate stays in the table, marked "on the floor, not available". It is chosen only if every
candidate is on the floor, and then with a warning. Here two groups of people answered three questions with a number
from 1 to 5. With many components, some of them sit on rows with equal answers:
*)
let answers =
    let random = System.Random 7

    Array.init 400 (fun n ->
        Array.init 3 (fun _ ->
            let opinion = MathNet.Numerics.Distributions.Normal.Sample(random, (if n % 2 = 0 then 2.0 else 4.2), 0.8)
            opinion |> round |> max 1.0 |> min 5.0))
    |> Source.ofRows
    |> GmmError.get

let opinions =
    Select.gaussian Criterion.Bic ignore [ 1..6 ] [ TiedDiag; Diag ] Gmm.defaults answers |> GmmError.get

printfn $"{opinions.Table}"
(*** include-output ***)
(**
`Select.evenOnFloor opinions` would choose among all of them. If the best candidate is the largest that was tried, a
larger one may be better still. `Selection.Warnings` says so:
*)
let few =
    Select.components
        Criterion.Bic
        ignore
        [ 1..2 ]
        { Gmm.defaults with
            Family.Structure = TiedFull }
        data
    |> GmmError.get

for warning in few.Warnings do
    printfn $"{warning.Message}"
(*** include-output ***)
(**
## BIC or ICL

BIC asks how many Gaussians describe the density. A group that is not Gaussian gets several overlapping ones. ICL asks
how many groups can be told apart: it penalises rows between components, whose largest responsibility is well below 1.
Every candidate is judged by all criteria, so nothing needs to be fitted again:
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
The table shows the penalty for overlap, in the structure that BIC prefers:
*)
printfn "components        BIC        ICL    overlap"

for candidate, judged in judged do
    if candidate.Name = selection.Best.Name then
        let overlap = max 0.0 (judged.Icl - judged.Bic)
        printfn $"%10d{candidate.Components} %10.2f{judged.Bic} %10.2f{judged.Icl} %10.2f{overlap}"
(*** include-output ***)
(**
## A group with wide tails

For the density, a group whose tails are wider than a Gaussian's is two components, a narrow and a wide one around the
same mean. For the eye it is one group. The data have such a group, and another group beside it.
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
Use `Select.components` for other families and products, `Select.kinds` for several kinds with the same type of
parameters, and `Select.among` for fits that you make yourself. In C#, use the model's method `Select`; see the
[guide](csharp.html).
*)
