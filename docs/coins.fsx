(**
---
title: Two coins
category: Examples
categoryindex: 2
index: 1
---

# Two coins

This is the smallest mixture there is: somebody takes one of two coins, tosses it, and writes down the result but not
the coin. How biased is each coin, and how often is it taken? Run this page with `dotnet fsi docs/coins.fsx` after
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
## EM by hand

Here is one step of expectation–maximisation, written out for rounds of `trials` tosses each. `weights` says how often
each coin is taken, `p` how often it shows heads. The E-step computes the share of each round that belongs to each coin;
the M-step counts heads in those shares.
*)
let step (trials: int) (heads: float[]) (weights: float[], p: float[]) =
    let shares =
        heads
        |> Array.map (fun x ->
            let joint = Array.map2 (fun w p -> w * p ** x * (1.0 - p) ** (float trials - x)) weights p
            joint |> Array.map (fun j -> j / Array.sum joint))

    let rounds = Array.init 2 (fun k -> shares |> Array.sumBy (fun share -> share[k]))
    let headsOf k = Array.fold2 (fun sum (share: float[]) x -> sum + share[k] * x) 0.0 shares heads

    rounds |> Array.map (fun n -> n / float heads.Length),
    rounds |> Array.mapi (fun k n -> headsOf k / (float trials * n))
(**
## Single tosses

Take ten tosses, seven of them heads. The start is two coins with probabilities .6 and .3, taken with weights .4 and .6.
By hand, a head belongs to the first coin with probability .4·.6 / (.4·.6 + .6·.3) = 4/7, and a tail with .16/.58 =
8/29. After one step the weight of this coin is therefore 14/29, and its probability 29/35.

The library's mixture of Bernoullis, with one column, gives the same.
*)
let tosses = Array.init 10 (fun n -> if n < 7 then 1.0 else 0.0)
let single = tosses |> Array.map Array.singleton |> Source.ofRows |> GmmError.get

let start =
    Bernoulli.ofProbabilities (array2D [ [ 0.6 ]; [ 0.3 ] ])
    |> Result.bind (Mixture.create [| 0.4; 0.6 |])
    |> GmmError.get

let one =
    Gmm.fit
        { Gmm.defaultsOf Bernoulli.family with
            Components = 2
            Start = Start.Mixture start
            Acceleration = Acceleration.None
            Tolerance = 0.0
            MaxIterations = 1 }
        single
    |> GmmError.get

let weights, p = step 1 tosses ([| 0.4; 0.6 |], [| 0.6; 0.3 |])
let fitted = Bernoulli.probabilities one.Parameters

printfn "coin   weight by hand   fitted    p by hand   fitted"

for k in 0..1 do
    printfn $"%4d{k}   %14.6f{weights[k]}   %.6f{one.Weights[k]}   %8.6f{p[k]}   %.6f{fitted[k, 0]}"
(*** include-output ***)
(**
At the start, the whole mixture gives a head the probability .4·.6 + .6·.3 = .42. After one step this probability equals
the share of heads in the data, and the likelihood is as large as it can get:
*)
printfn $"log-likelihood before and after: %.6f{10.0 * one.Trace[0]}, %.6f{10.0 * one.Trace[1]}"
printfn $"probability of a head: %.6f{one.Weights[0] * fitted[0, 0] + one.Weights[1] * fitted[1, 0]}"
(*** include-output ***)
(**
Single tosses can't tell two coins from one: every mixture with that share of heads explains them equally well, and EM
stays at the first such mixture it meets.

## Rounds of ten tosses

Several tosses of the same coin in a row can tell the coins apart. The data are five rounds of ten tosses, from C. B. Do
and S. Batzoglou, "What is the expectation maximization algorithm?", *Nature Biotechnology* 26 (2008) 897–899. The paper
takes both coins equally often, so the weights are held fixed: `WeightPrior = Fixed`. The number of heads in a round is
binomial.
*)
let heads = [| 5.0; 9.0; 8.0; 4.0; 7.0 |]
let rounds = heads |> Array.map Array.singleton |> Source.ofRows |> GmmError.get
let binomial = Binomial.family 10

let guess = Binomial.ofProbabilities 10 (array2D [ [ 0.6 ]; [ 0.5 ] ]) |> GmmError.get |> Mixture.uniform 2

let coinsAfter iterations =
    Gmm.fit
        { Gmm.defaultsOf binomial with
            Components = 2
            Start = Start.Mixture guess
            WeightPrior = Fixed
            Acceleration = Acceleration.None
            Tolerance = 0.0
            MaxIterations = iterations }
        rounds
    |> GmmError.get

let equal = [| 0.5; 0.5 |]

let byHand iterations = Seq.init iterations id |> Seq.fold (fun p _ -> snd (step 10 heads (equal, p))) [| 0.6; 0.5 |]

printfn "iterations   by hand            fitted"

for iterations in [ 1; 2; 5; 10 ] do
    let p, fitted = byHand iterations, Binomial.probabilities 10 (coinsAfter iterations).Parameters
    printfn $"%10d{iterations}   %.4f{p[0]}  %.4f{p[1]}     %.4f{fitted[0, 0]}  %.4f{fitted[1, 0]}"
(*** include-output ***)
(**
The paper prints .71 and .58 after one iteration, and .80 and .52 after ten. Which coin was it in each round?
*)
let shares = Predict.responsibilities (coinsAfter 10) rounds |> GmmError.get

for n in 0..4 do
    printfn $"%.0f{heads[n]} heads: first coin %.2f{shares[n, 0]}, second coin %.2f{shares[n, 1]}"
(*** include-output ***)
