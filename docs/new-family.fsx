(**
---
title: A family of your own
category: Examples
categoryindex: 2
index: 6
---

# A family of your own

Any exponential family can be a mixture's: its definition is a record of about a page, and everything the loop offers
comes with it. This page writes the geometric distribution from nothing, fits a mixture of two, and lets the laws of
`Gmm.Laws` say whether the definition is right. Run it with `dotnet fsi docs/new-family.fsx` after
`dotnet fsi build.fsx build`.
*)
#I "../src/Gmm.Laws/bin/Release/net10.0"
#r "FsCheck.dll"
#r "MathNet.Numerics.dll"
#r "Gmm.FSharp.dll"
#r "Gmm.Laws.dll"

open Gmm
open Gmm.Laws
(**
## The distribution

A geometric number counts the failures before the first success. If each attempt fails with probability $q$, then
$p(x) = q^x (1 - q)$ for $x = 0, 1, 2, \dots$ An exponential family is written

$$ p(x|\eta) = h(x) \exp(\eta \cdot T(x) - A(\eta)), $$

so here $\eta = \ln q$, $T(x) = x$, $h(x) = 1$ and $A(\eta) = -\ln(1 - q) = -\ln(1 - e^\eta)$. The mean parameter is
$m = \mathrm{E}\,T(x) = q / (1 - q)$, the average number of failures; the other way round, $q = m / (1 + m)$.

The record says just this. `Mean` and `Natural` are the two maps between $\eta$ and $m$. The M-step needs no code of its
own: the best $m$ is the average of $T(x)$. At $m = 0$, where no attempt ever fails, $\eta$ is $-\infty$, and nothing
here becomes NaN. `Prior` is pseudo-data, none here: with `Sums` $\tau$ and `Count` $\nu$ it is as if $\nu$ more numbers
had been seen that add up to $\tau$, which is a Beta prior on $q$.
*)
let failureRate mean = mean / (1.0 + mean)

let geometric =
    { Name = "geometric"
      Domain = "a whole number from 0 upward"
      IsInDomain = fun x -> x >= 0.0 && x = floor x
      Statistics = 1
      Statistic = fun x -> x.unsqueeze 2
      LogBase = fun _ -> 0.0
      Mean = Array.map (fun eta -> exp eta / (1.0 - exp eta))
      Natural = Array.map (fun mean -> log (failureRate mean))
      LogPartition = fun natural -> -log(1.0 - exp natural[0])
      Free = 1
      Prior = ConjugatePrior.flat 1
      Sample =
        fun random means ->
            if means[0] = 0.0 then
                0.0
            else
                floor (log (1.0 - random.NextDouble()) / log (failureRate means[0])) }
(**
`Statistic` works on a whole block, a tensor of rows and columns, and adds a dimension for the numbers of $T(x)$; here
there is one. A family with several, such as $(x, \ln x)$, computes them from the same tensor.

## A mixture of two

Some people give up their attempts soon, others persist. Two thirds of these data have 1 failure on average, the others
15:
*)
let random = RandomStream.ofSeed 1

let data =
    Array.init 900 (fun i -> [| geometric.Sample random [| (if i % 3 = 0 then 15.0 else 1.0) |] |])
    |> Source.ofRows
    |> GmmError.get

let fit =
    Mixtures.fit
        geometric
        { Mixtures.defaults with
            Components = 2
            Tolerance = 1e-9 }
        data
    |> GmmError.get

for k in 0..1 do
    printfn $"weight %.3f{fit.Weights[k]}, mean %.2f{fit.Parameters.Means.toArray()[k]}"
(*** include-output ***)
(**
## The laws

Whether a definition is right can be checked: its probabilities must sum to one, the gradient of $A$ must be the mean,
the M-step must have no better neighbour, the objective must never fall, and so on. `Gmm.Laws` tries 16 such laws on
mixtures and rows that FsCheck draws. It needs to know where the numbers lie and how to draw mean parameters; a formula
written down apart, and parameters on the edge of what is possible, are welcome:
*)
let column =
    { Definition = geometric
      Support = Counts
      Means = MeanParameters.positive 0.1 20.0
      Textbook =
        Some(fun mean x ->
            let q = failureRate mean[0]
            log (q ** x * (1.0 - q)))
      Edges = [ [| 0.0 |] ] }

let subject = Laws.ofExponentialFamily column

for report in Laws.run Laws.defaults subject do
    printfn $"{report}"
(*** include-output ***)
(**
In a test, `Laws.check Laws.defaults subject` throws when one of them is broken, and `Laws.properties subject` gives them
to a test runner one by one.

## A mistake in the log-partition

Mistake two signs, and $A(\eta) = \ln(1 + e^\eta)$ looks right, but is that of another family, the Bernoulli. The
probabilities no longer sum to one, and the slope of $A$ is no longer the mean. The report shows the smallest
counterexample that FsCheck could shrink the first one to:
*)
let wrong =
    Laws.ofExponentialFamily
        { column with
            Definition =
                { geometric with
                    LogPartition = fun natural -> log (1.0 + exp natural[0]) } }

printfn $"{Law.run Laws.defaults wrong Laws.densityIsNormalised}\n"
printfn $"{Law.run Laws.defaults wrong Laws.gradientIsMean}"
(*** include-output ***)
(**
## A mistake in the M-step

A family that is no exponential family has an M-step of its own, and so has room for mistakes. Here is one that divides
by a row too many, as if every component had one more, a 0. Each of its steps still looks plausible:
*)
let oneTooMany (family: Family<ExponentialParameters>) =
    { family with
        Maximise =
            fun parameters statistics ->
                family.Maximise
                    parameters
                    { statistics with
                        Counts = statistics.Counts |> Array.map (fun count -> count + 1.0) } }

let broken = subject |> Subject.mapFamily oneTooMany

for report in Laws.run Laws.defaults broken do
    if not report.IsGood then
        printfn $"{report}\n"
(*** include-output ***)
