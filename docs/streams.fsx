(**
---
title: Streams
category: Guides
categoryindex: 3
index: 15
---

# Streams

A fit reads all its rows again and again. Rows of a stream come once, in batches, and may be too many to keep. Online EM
learns from each batch and forgets its rows. It keeps only the statistics: for Gaussians the average count, sum and
second moments of every component (Cappé and Moulines 2009; Liang and Klein 2009). A batch replaces a share of them, the
step size γ:

    [lang=text]
    s ← (1 − γ) s + γ s̄(batch),     θ ← M-step of s

Here s̄ is the average over the batch in an E-step under the current θ. An update is a pure function: it returns a new
value, and the old one stays valid. Run this page with `dotnet fsi docs/streams.fsx` after
`dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
open Gmm
(**
## A stream

This stream has three groups of points in the plane. Its rows are drawn from a known mixture, 500 to a batch, so that
the result can be compared with the truth:
*)
let truth =
    Gaussian.create
        Full
        (array2D [ [ 0.0; 0.0 ]; [ 4.0; 1.0 ]; [ 1.0; 5.0 ] ])
        (Tensor.matrices (Array3D.init 3 2 2 (fun k i j -> if i = j then 1.0 else 0.6 - 0.3 * float k)))
    |> Result.bind (Mixture.create [| 0.5; 0.3; 0.2 |])
    |> GmmError.get

let batch seed =
    Sample.ofMixture Gaussian.family { Sample.defaults with Seed = seed } 500 truth
    |> Result.bind (fun sample -> Source.ofArray2D sample.Rows)
    |> GmmError.get
(**
## Learning it

The first batch gets an ordinary fit, which finds the components and the floor of their covariances. The stream goes
on from there. `Online.stepSize 0.6` gives γₜ = (t + 2)^−0.6 after t updates: every batch counts, but later ones
change less, and the parameters converge.
*)
let first = Gmm.fit { Gmm.defaults with Components = 3 } (batch 0) |> GmmError.get

let learned =
    Online.ofFit first
    |> Online.updates (Online.stepSize 0.6) (Seq.init 200 (fun t -> batch (t + 1)))
    |> Seq.map GmmError.get
    |> Seq.cache

let last = Seq.last learned

for label, mixture in [ "truth", truth; "first batch", first.Mixture; "stream", last.Mixture ] do
    let divergence = Divergence.ofMixtures Gaussian.family Divergence.defaults truth mixture |> GmmError.get

    printfn $"{label, -12}divergence from the truth {divergence.Value:F4}"
(*** include-output ***)
(**
One fit of all 100,000 rows would come closer still, but it would have to keep them.

For `Online.ofFit` the fit counts as one batch. If it saw many more rows than a batch has, begin with t near the
ratio, so that the first batches don't outweigh it: after a fit of 10,000 rows, learn batches of 500 with
`Online.updates (fun t -> Online.stepSize 0.6 (t + 20L))`.

`Score` is the mean log-density of a batch *before* the mixture learned it. It tests the mixture on rows that it has
not seen, at no cost. A falling score is a sign that the stream has changed:
*)
for t in [ 0; 9; 99; 199 ] do
    printfn $"update {t + 1, 3}: score {(Seq.item t learned).Score:F3}"
(*** include-output ***)
(**
## A stream that changes

Steps that shrink average over the whole past. A constant step size γ remembers about the last 1/γ batches instead.
Here the whole stream moves by 0.02 to the right with each batch, while it is learned with γ = 0.2 and with shrinking
steps:
*)
let moving t =
    let shift = 0.02 * float (t + 1)

    Sample.ofMixture Gaussian.family { Sample.defaults with Seed = t + 1 } 500 truth
    |> Result.map (fun sample -> sample.Rows |> Array2D.mapi (fun _ j x -> if j = 0 then x + shift else x))
    |> Result.bind Source.ofArray2D
    |> GmmError.get

let follow stepSize = Online.ofFit first |> Online.updates stepSize (Seq.init 200 moving) |> Seq.last |> GmmError.get

for label, stepSize in [ "constant 0.2", (fun _ -> 0.2); "(t + 2)^-0.6", Online.stepSize 0.6 ] do
    let online = follow stepSize
    let mean = online.Parameters.Means.toArray2D () |> fun means -> Seq.min means[*, 0]
    printfn $"{label}: first component at {mean:F2}, where the stream is at 4.00"
(*** include-output ***)
(**
## Using it, saving it

`Online.toFit` returns the current mixture as a fit, for predictions, samples, summaries and files. A file keeps the
statistics too, so that a loaded fit continues learning, bit for bit as if it had not been saved:
*)
let path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "stream.json")
Persist.save path (Online.toFit last) |> GmmError.get

let resumed: Fit<Gaussian> = Persist.load path |> GmmError.get
let next = Online.ofFit resumed |> Online.update 0.04 (batch 201) |> GmmError.get

let point = Source.ofRows [| [| 4.0; 1.0 |] |] |> GmmError.get
let label = Predict.labels (Online.toFit next) point |> GmmError.get
printfn $"label of (4, 1): {label[0]}"
(*** include-output ***)
(**
## What is supported, and what it costs

- Every kind of component learns online: Gaussians and Student's t distributions of all fourteen structures, counts,
  categories, products, mixtures with noise, and data with missing cells. The posterior of variational Bayes doesn't:
  begin with the fit's `PlugIn`, which is a Gaussian mixture.
- One update costs one E-step over the batch and one M-step. Larger batches make better use of the processor; smaller
  ones learn sooner.
- A prior counts against the weight of the statistics, which is that of the first fit's data.
- `Online.start` begins from a given mixture instead of a fit, with the statistics that the mixture expects.
- Online EM is for streams and for a first pass over large files. After six passes over the irises in batches of 30,
  it is still 0.096 per row below the limit of EM from the same start. If you can keep the data, use `Gmm.fit`.
- In C#: `model.Fit(first)`, then `model.PartialFit(batch, GaussianMixture.StepSize(t))`, whose result is the score.
*)
