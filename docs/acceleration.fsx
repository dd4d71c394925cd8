(**
---
title: Fewer E-steps
category: Background
categoryindex: 4
index: 4
---

# Fewer E-steps

EM climbs fast at first and slowly at the end, where components overlap most. Each step then moves the mixture by a
nearly constant share of the distance that remains. SQUAREM uses this: from two EM steps it extrapolates the way ahead
(Varadhan and Roland 2008). It is the default, `Acceleration = Acceleration.Squarem`. Run this page with
`dotnet fsi docs/acceleration.fsx` after `dotnet fsi build.fsx build`.

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
(**
## The rule

Let x₀ be the free coordinates of a mixture, and x₁, x₂ those after one and two EM steps: log-odds of the weights,
means, inverse factors of covariances or natural parameters. With r = x₁ − x₀ and v = (x₂ − x₁) − r, one cycle goes to

    [lang=text]
    x₀ + 2ar + a²v,   a = ‖r‖/‖v‖

For a = 1 this is x₂. EM that keeps a share ρ of the distance in each step has a = 1/(1 − ρ), and the cycle ends close
to the limit. Each coordinate is measured in a natural unit, such as the standard deviation for a mean, so that the
units of the data don't matter.

Three safeguards make every limit one of EM:

1. An extrapolated mixture counts only if its objective is at least that of the EM step before it. Otherwise the cycle
   ends with x₂. The objective never falls.
2. The length a is limited, first to 1. The limit grows fourfold when an extrapolation at the limit succeeds, and
   shrinks when one fails.
3. A fit stops after plain EM steps whose gains are steady, so that Aitken's estimate of the remaining gain can be
   trusted.

From a start between two maxima, an accelerated fit may end at another one than plain EM.

The E-step at an extrapolated mixture also begins the next cycle, so a cycle of two iterations takes two E-steps. A
rejected extrapolation costs one more. `Fit.Passes` counts the E-steps.

## What it saves

The table counts the E-steps of plain EM and of SQUAREM from the same start, until the remaining gain is below 1e-9 per
row:
*)
let read name = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data", name)) |> GmmError.get |> Csv.source
let iris = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/iris.csv")) |> GmmError.get |> Csv.source
let faithful = read "faithful.csv"
let random = System.Random 7

let normal () = sqrt (-2.0 * log (1.0 - random.NextDouble())) * cos (2.0 * System.Math.PI * random.NextDouble())

let overlapping rows columns =
    Array.init rows (fun n -> Array.init columns (fun j -> normal () + (if j = 0 && n % 4 > 0 then 1.5 else 0.0)))
    |> Source.ofRows
    |> GmmError.get

let deaths =
    Seq.zip [ 0..9 ] [ 162; 267; 271; 185; 111; 61; 27; 8; 3; 1 ]
    |> Seq.collect (fun (count, days) -> Seq.replicate days [| float count |])
    |> Array.ofSeq
    |> Source.ofRows
    |> GmmError.get

let gaussian components structure =
    { Gmm.defaults with
        Components = components
        Family.Structure = structure
        Start = Start.KMeans
        Tolerance = 1e-9
        MaxIterations = 100_000 }

let poisson =
    { Gmm.defaultsOf Poisson.family with
        Components = 2
        Start = Start.KMeans
        Tolerance = 1e-9
        MaxIterations = 100_000 }

let compare name options data =
    let by acceleration =
        Gmm.fit
            { options with
                Acceleration = acceleration }
            data
        |> GmmError.get

    let plain, fast = by Acceleration.None, by Acceleration.Squarem
    let ratio = float plain.Passes / float fast.Passes
    printfn $"%-26s{name} %7d{plain.Passes} %9d{fast.Passes} %8.1f{ratio}   %.9f{plain.Objective}  %.9f{fast.Objective}"

printfn "%-26s %7s %9s %8s   %s" "" "EM" "SQUAREM" "ratio" "objectives"
compare "two overlapping, 1 column" (gaussian 2 Full) (overlapping 2000 1)
compare "two overlapping, 2 columns" (gaussian 2 Full) (overlapping 5000 2)
compare "Poisson, deaths" poisson deaths
compare "faithful, 3 full" (gaussian 3 Full) faithful
compare "faithful, 2 full" (gaussian 2 Full) faithful
compare "iris, 3 full" (gaussian 3 Full) iris
compare "iris, 4 diag" (gaussian 4 Diag) iris
compare "iris, 5 tied full" (gaussian 5 TiedFull) iris
(*** include-output ***)
(**
SQUAREM cuts the E-steps of slow fits by a factor of 8 to 25, and those of others by up to 3. The objectives agree
within the tolerance; one of the two may be closer to the limit. Where EM is fast, nothing is extrapolated and the two
are the same.

## When a fit is not accelerated

- Classification EM and k-means change labels in jumps, which can't be extrapolated.
- A fit with `History` shows the iterates of EM.
- `RegCovar = Absolute` adds to covariances after the M-step. The sum doesn't maximise the objective, by which
  extrapolations are judged.
- A mixture on an edge of its domain, such as a probability or a weight of 0, has infinite coordinates. The cycle then
  ends with x₂.

`Acceleration.None` switches to plain EM. `EM.iterates` and `EM.step` are always plain EM.
*)
