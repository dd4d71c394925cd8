(**
---
title: k-means as the hard limit
category: Examples
categoryindex: 2
index: 5
---

# k-means as the hard limit

Give every component of a Gaussian mixture the same covariance εI and the same weight. The responsibilities then depend
only on the squared distances to the means,

```text
rₙₖ = exp(−‖xₙ−μₖ‖² / 2ε) / Σⱼ exp(−‖xₙ−μⱼ‖² / 2ε),
```

and as ε goes to 0, each row goes entirely to its nearest mean: EM becomes k-means (Bishop, *Pattern Recognition and
Machine Learning*, 2006, §9.3.2). This page shows it on Old Faithful, with each column divided by its standard
deviation. Run it with `dotnet fsi docs/kmeans-limit.fsx` after `dotnet fsi build.fsx build`.

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

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let raw = table.Values |> Array.chunkBySize table.Columns

let standardised =
    let column j =
        let x = raw |> Array.map (fun row -> row[j])
        let mean = Array.average x
        let deviation = sqrt (x |> Array.averageBy (fun x -> (x - mean) ** 2.0))
        x |> Array.map (fun x -> (x - mean) / deviation)

    Array.map2 (fun a b -> [| a; b |]) (column 0) (column 1)

let data = Source.ofRows standardised |> GmmError.get
(**
## Hardening responsibilities

k-means returns the means and, for every row, the number of the nearest one:
*)
let clusters = KMeans.fit { KMeans.defaults with Components = 2 } data |> GmmError.get

let labels = KMeans.predict clusters data |> GmmError.get
let distances = KMeans.transform clusters data |> GmmError.get
printfn $"inertia %.4f{clusters.Inertia} with %d{clusters.Fit.Iterations} iterations"
printfn $"centres {clusters.Fit.Parameters.Centres}"
(*** include-output ***)
(**
`shares` computes the responsibilities of the mixture with those means, for a given ε. It is the textbook's E-step:
log-densities of all rows under all components, which `Assignment.soft` turns into shares. (All weights are the same, so
they cancel.)
*)
let shares epsilon =
    let mixture = Gaussian.create TiedSpherical clusters.Centres (Tensor.scalar epsilon) |> GmmError.get
    let logDensities = Gaussian.family.LogDensity mixture (Tensor.matrix (array2D standardised))
    (snd (Assignment.soft logDensities)).toArray2D()
(**
The table shows the share of cluster 0 in three ordinary rows, and in the five rows closest to the border between the
clusters:
*)
let border =
    [| 0 .. raw.Length - 1 |]
    |> Array.sortBy (fun n -> abs (distances[n, 0] - distances[n, 1]))
    |> Array.truncate 5

let epsilons = [ 1.0; 0.1; 0.01; 0.001 ]
let all = epsilons |> List.map shares

printfn "row  min  wait     ε=1    0.1   0.01  0.001  k-means"

for n in Array.append [| 0; 1; 2 |] border do
    let row = all |> List.map (fun r -> sprintf "%.4f" r[n, 0]) |> String.concat " "
    printfn $"%3d{n} %4.2f{raw[n][0]}  %4.0f{raw[n][1]}  {row}  %7d{labels[n]}"
(*** include-output ***)
(**
Near the border a share is close to 0 or 1 only when ε is small compared with the difference of the squared distances.
Over all rows, how much of the data is not yet with its nearest mean?
*)
let elsewhere (r: float[,]) = labels |> Array.mapi (fun n label -> 1.0 - r[n, label]) |> Array.sum

for epsilon in [ 1.0; 0.1; 0.01; 0.001; 1e-4; 1e-5 ] do
    printfn $"ε = %-7g{epsilon} %12.6f{elsewhere (shares epsilon)} of %d{raw.Length} rows"
(*** include-output ***)
(**
## The same loop

The library's k-means is not a separate algorithm: it is the same loop with `Hard` assignment. A Gaussian mixture with a
shared spherical covariance, hard assignment and fixed equal weights therefore takes exactly the same steps. Here both
start from the first two rows:
*)
let means = array2D standardised[..1]

let hard =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Family.Structure = TiedSpherical
            Start = Start.Means means
            Assignment = Hard
            WeightPrior = Fixed }
        data
    |> GmmError.get

let lloyd =
    KMeans.fit
        { KMeans.defaults with
            Components = 2
            Start = Start.Means means
            Tolerance = 0.0 }
        data
    |> GmmError.get

let differing =
    Array.zip (Predict.labels hard data |> GmmError.get) (KMeans.predict lloyd data |> GmmError.get)
    |> Array.filter (fun (a, b) -> a <> b)

printfn $"means of the mixture {hard.Parameters.Means}"
printfn $"centres of k-means {lloyd.Fit.Parameters.Centres}"
printfn $"%d{differing.Length} rows have different labels"
(*** include-output ***)
