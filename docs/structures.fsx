(**
---
title: Covariance structures
category: Guides
categoryindex: 3
index: 2
---

# Covariance structures

The covariance Σₖ of a component describes how wide its blob is, in which direction it points, and whether features vary
together. A structure determines how many of these numbers are free; there are fourteen structures. Run this page with
`dotnet fsi docs/structures.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Plots"
*)
(*** hide ***)
#I "../src/Gmm.Plots/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Plots.dll"
(** *)
open System
open System.IO
open Gmm
(**
## The six basic structures

There are three shapes. Each shape has either a separate covariance for every component, or one tied covariance for all
of them. The last column gives mclust's names (Fraley and Raftery, "Model-based clustering, discriminant analysis, and
density estimation", *Journal of the American Statistical Association* 97 (2002) 611–631).

| Structure | Σₖ | Blobs | Free numbers | mclust |
|---|---|---|---|---|
| `Full` | any Σₖ | ellipsoids of any shape and direction | K·D(D+1)/2 | VVV |
| `TiedFull` | one Σ for all | the same ellipsoid everywhere | D(D+1)/2 | EEE |
| `Diag` | diag(σ²ₖ₁ … σ²ₖD) | ellipsoids along the axes | K·D | VVI |
| `TiedDiag` | diag(σ²₁ … σ²D) for all | the same ellipsoid along the axes | D | EEI |
| `Spherical` | σ²ₖ I | spheres of different sizes | K | VII |
| `TiedSpherical` | σ² I for all | spheres of one size | 1 | EII |

Means and weights add K·D and K − 1 free numbers. `Fit.FreeParameters` is the total, which BIC uses:
*)
let free components features structure =
    Structure.freeParameters components features structure + components * features + components - 1

printfn "K = 5             D = 2   D = 10   D = 50   D = 200"

let six = [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical ]

for structure in six do
    let counts = [ 2; 10; 50; 200 ] |> List.map (fun features -> sprintf "%8d" (free 5 features structure))
    printfn "%-14s %s" (Structure.name structure) (String.concat "" counts)
(*** include-output ***)
(**
A full covariance of 200 features has 20,100 free numbers. It is regular only if its component has more than D rows, and
a good estimate needs many more. Diagonal and spherical covariances need few rows.

## What each structure can draw

The data are three blobs: one long and sloping, one long and parallel to an axis, one round. Each structure fits them as
well as it can.
*)
let truth =
    Tensor.create [| 3; 2; 2 |] [| 3.0; 2.4; 2.4; 2.4; 0.3; 0.0; 0.0; 3.0; 0.4; 0.0; 0.0; 0.4 |]
    |> Gaussian.create Full (array2D [ [ -3.0; -2.0 ]; [ 3.0; 0.0 ]; [ -2.0; 3.0 ] ])
    |> Result.bind (Mixture.create [| 0.4; 0.35; 0.25 |])
    |> GmmError.get

let blobs = Sample.ofMixture Gaussian.family Sample.defaults 500 truth |> GmmError.get
let data = Source.ofArray2D blobs.Rows |> GmmError.get

let fitWith structure components data =
    Gmm.fit
        { Gmm.defaults with
            Components = components
            Family.Structure = structure
            Restarts = 5 }
        data
    |> GmmError.get

let fits = [ for structure in six -> structure, fitWith structure 3 data ]

printfn "structure      covariances   free parameters   log-likelihood       BIC"

for structure, fit in fits do
    let shape = fit.Parameters.Covariances.shape |> Array.map string |> String.concat "×"
    let shape = if shape = "" then "a number" else shape

    printfn
        "%-14s %-13s %15d %16.2f %9.2f"
        (Structure.name structure)
        shape
        fit.FreeParameters
        fit.LogLikelihood
        fit.Bic
(*** include-output ***)
(*** hide ***)
[ for structure, fit in fits ->
      Plot.scatter
          { Plot.defaults with
              Title = $"{Structure.name structure}: {fit.FreeParameters} free parameters"
              Width = 400
              Height = 330
              Legend = false }
          fit
          data
      |> GmmError.get ]
|> Figure.beside "The same rows, six structures"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
`Full` has all that the blobs need, and the lowest BIC, although it pays for 17 parameters. The others compromise:
`Diag` draws the sloping blob as an upright ellipse, and the tied structures, which can't have a round and a long
component at once, settle for something between.

The table shows the sloping component's covariance under each structure, as a D×D matrix (`Gaussian.covariance`); the
true one is (3 2.4; 2.4 2.4).
*)
let showMatrix (c: float[,]) = sprintf "(%6.3f %6.3f; %6.3f %6.3f)" c[0, 0] c[0, 1] c[1, 0] c[1, 1]

for structure, fit in fits do
    let means = fit.Parameters.Means.toArray2D ()
    let sloping = [| 0..2 |] |> Array.minBy (fun k -> (means[k, 0] + 3.0) ** 2.0 + (means[k, 1] + 2.0) ** 2.0)
    let c = Gaussian.covariance fit.Parameters sloping
    printfn "%-14s %s" (Structure.name structure) (showMatrix c)
(*** include-output ***)
(**
## The M-steps

The M-steps of these six use the same sums Sₖ = Σₙ rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ, and find the maximum of Q within the structure
(Celeux and Govaert, "Gaussian parsimonious clustering models", *Pattern Recognition* 28 (1995) 781–793):

```text
Full             Σₖ = Sₖ / Nₖ
TiedFull         Σ  = Σₖ Sₖ / N
Diag             the diagonal of Sₖ / Nₖ
TiedDiag         the diagonal of Σₖ Sₖ / N
Spherical        σ²ₖ = tr Sₖ / (D Nₖ)
TiedSpherical    σ²  = Σₖ tr Sₖ / (D N).
```

With one component the six structures become three, and each keeps its part of the same matrix:
*)
for structure, tied in [ Full, TiedFull; Diag, TiedDiag; Spherical, TiedSpherical ] do
    let alone, shared = fitWith structure 1 data, fitWith tied 1 data
    let c, other = Gaussian.covariance alone.Parameters 0, Gaussian.covariance shared.Parameters 0
    printfn "%-10s %s   tied the same: %b" (Structure.name structure) (showMatrix c) (c = other)
(*** include-output ***)
(**
## Which one?

BIC weighs the likelihood against the number of free parameters; lower is better. `Select.gaussian` tries structures and
numbers of components together. The example uses the 150 irises, with four features and three species:
*)
let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/iris.csv")) |> GmmError.get
let iris = Csv.source table
let species = Option.get table.Labels
let irises = [ for structure in six -> structure, fitWith structure 3 iris ]

printfn "structure      free parameters   log-likelihood      BIC   adjusted Rand"

for structure, fit in irises do
    let labels = Predict.labels fit iris |> GmmError.get
    let rand = Metrics.adjustedRand species labels |> GmmError.get

    printfn
        "%-14s %15d %16.3f %8.2f %15.4f"
        (Structure.name structure)
        fit.FreeParameters
        fit.LogLikelihood
        fit.Bic
        rand
(*** include-output ***)
(*** hide ***)
[ for structure, fit in irises ->
      Plot.scatter
          { Plot.defaults with
              Title = Structure.name structure
              Columns = [| 0; 1 |]
              ColumnNames = table.Names
              Width = 400
              Height = 330
              Legend = false }
          fit
          iris
      |> GmmError.get ]
|> Figure.beside "Irises, by six structures"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
BIC chooses `full`. `tied_full`, with 20 parameters fewer, recovers the species best, and `full` comes next. BIC judges
how well the density is described, not whether components are classes.

As a rule of thumb:

- `Full` if there are many more rows than free numbers;
- `TiedFull` if the groups have similar shapes;
- `Diag` if D is large, or if features are independent within a group;
- `Spherical` if features have the same unit and blobs are round;
- `TiedSpherical` for something close to [k-means](kmeans-limit.html).

With few rows, [priors](priors.html) help too.

## All fourteen

Every covariance is Σₖ = λₖ Dₖ Aₖ Dₖᵀ: a volume λₖ = |Σₖ|^(1/D), a shape Aₖ (a diagonal matrix of determinant 1), and an
orientation Dₖ (the eigenvectors). Each of the three is the same in all components or not. mclust's names have a letter
for each: E for equal, V for variable, I for the identity: a sphere if it is the shape, the axes if it is the
orientation. Six of the combinations are the structures above; the other eight have mclust's names here, too.
*)
printfn "structure       mclust  K = 3, D = 4"

for structure in Structure.all do
    printfn
        "%-15s %-7s %12d  %s"
        (Structure.name structure)
        (Structure.mclustName structure)
        (Structure.freeParameters 3 4 structure)
        (Structure.words structure)
(*** include-output ***)
(**
`Structure.parse` reads all of these names. The other eight estimate all covariances together, from the same Sₖ
and Nₖ. VEI, VEE and VEV update the volumes and the common part in turn. EVI, EEV and EVV have a closed form. EVE and
VVE search for the common eigenvectors D by rotations in the planes of two axes (after Flury and Gautschi 1986).

One call tries all structures with 1 to 9 components. `Selection.Grid` is the table that mclust's users know, with the
opposite sign: lower is better. A dash stands where there is no fit or a component on the [floor](priors.html).
*)
let selection = Select.gaussian Criterion.Bic ignore [ 1..9 ] Structure.all Gmm.defaults iris |> GmmError.get
printfn $"{selection.Grid}"
printfn $"best: {selection.Best.Name} with {selection.Best.Components} components, BIC {selection.Fit.Bic:F3}"
(*** include-output ***)
(*** hide ***)
Plot.criteria
    { Plot.defaults with
        Title = "Irises, fourteen structures" }
    selection
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## mclust's VVE is not the maximum

In mclust 6.0.0 the search for the orientation of VVE leaves out the factor 1/λₖ of each component. Its M-step is
therefore not the maximum, and EM from the class labels ends below ours:
*)
let geyser = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get

let long =
    geyser.Values |> Array.chunkBySize geyser.Names.Length |> Array.map (fun row -> if row[0] > 3.0 then 1 else 0)

let classes = Array.distinct species
let kinds = species |> Array.map (fun name -> Array.IndexOf(classes, name))

for name, data, labels, ofMclust in
    [ "iris", iris, kinds, -215.240870; "Old Faithful", Csv.source geyser, long, -1132.187446 ] do
    let fit =
        data
        |> Gmm.fit
            { Gmm.defaults with
                Components = 1 + Array.max labels
                Family.Structure = VVE
                Start = Start.Labels labels
                Tolerance = 1e-12 }
        |> GmmError.get

    printfn "%-13s log-likelihood %.6f, mclust %.6f" name fit.LogLikelihood ofMclust
(*** include-output ***)
(**
The expected log-likelihood Q after one M-step from the same responsibilities is −529.096929 for the irises and
−1446.412520 for Old Faithful; mclust's orientation gives −529.112087 and −1446.415975. At our fits the derivative of
the likelihood with respect to every free coordinate is 0. The other structures agree with mclust.

## Priors and the floor

An inverse Wishart [prior](priors.html) on the covariances works with every structure: its density is the product over
the components, at the covariances of the structure. It adds Ψ₀ to every Sₖ and ν₀ + D + 1 to every Nₖ, and the same
M-step finds the mode.

In these eight structures the covariances depend on one another, so none can be raised to the floor alone. Their
constraint is ε Σₖ tr(VΣₖ⁻¹) ≤ 1, which implies Σₖ ⪰ εV for each. The maximum under it is the estimate from Sₖ + τεV,
with the one τ that meets it.
*)
