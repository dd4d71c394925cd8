(**
---
title: Handwritten digits
category: Examples
categoryindex: 2
index: 2
---

# Handwritten digits

Each black-and-white image of 8×8 pixels is a row of 64 zeros and ones. A mixture of Bernoullis describes the images by
a few typical ones: in each component every pixel has its own probability of being black (Bishop, *Pattern Recognition
and Machine Learning*, 2006, §9.3.3). Run this page with `dotnet fsi docs/digits.fsx` after
`dotnet fsi build.fsx build`.

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

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/digits.csv")) |> GmmError.get
let digits = table.Labels |> Option.get |> Array.map int

/// A pixel is 1 if it is brighter than 7 of 16.
let images = table.Values |> Array.map (fun pixel -> if pixel > 7.0 then 1.0 else 0.0) |> Array.chunkBySize 64

printfn $"%d{images.Length} images"
(**
`picture` draws images side by side as SVG: a square for every pixel, with its number as opacity.
*)
let picture (names: string[]) (images: float[][]) =
    let square k i opacity =
        $"""<rect x="%d{10 * k + i % 8}" y="%d{i / 8}" width="1" height="1" fill-opacity="%.2f{opacity}"/>"""

    let image k (name: string) (pixels: float[]) =
        $"""<g><title>{name}</title><rect x="{10 * k}" y="0" width="8" height="8" fill="none" stroke="currentColor" """
        + $"""stroke-width="0.1"/>{pixels |> Seq.mapi (square k) |> String.concat ""}<text x="{10 * k + 4}" y="10.2" """
        + $"""font-size="2" text-anchor="middle">{name}</text></g>"""

    $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.5 -0.5 {10 * images.Length - 1} 12" fill="currentColor" """
    + $"""style="max-width:{6 * images.Length}em" role="img">{Seq.map2 (fun (k, name) pixels -> image k name pixels) (Seq.indexed names) images |> String.concat ""}</svg>"""
(**
## Twos, threes and fours

This is the example in the book: only the digits 2, 3 and 4, three components, the best of eight runs. Each probability
has a Beta(2, 2) prior, which counts as one additional black and one additional white pixel. Without it, a pixel that is
white in all images of a component would get probability 0, and no image with a black pixel there could belong to that
component.
*)
let family =
    { Bernoulli.family with
        Prior = Bernoulli.beta 2.0 2.0 }

let isChosen digit = digit >= 2 && digit <= 4
let chosen = Array.zip digits images |> Array.filter (fst >> isChosen)
let some = chosen |> Array.map snd |> Source.ofRows |> GmmError.get

let fit components start data =
    Gmm.fit
        { Gmm.defaultsOf family with
            Components = components
            Start = start
            Restarts = 8
            Tolerance = 1e-3 }
        data
    |> GmmError.get

let three = fit 3 Start.KPlusPlus some

let rowsOf (matrix: float[,]) = Array.init (Array2D.length1 matrix) (fun k -> matrix[k, *])
let means (fit: Fit<ExponentialParameters>) = rowsOf (Bernoulli.probabilities fit.Parameters)
let weightsOf (fit: Fit<ExponentialParameters>) = fit.Weights |> Array.map (sprintf "%.2f")
(**
The pictures show some of the images, then the three components with their weights, and last a single component fitted
to all these images:
*)
(*** hide ***)
picture (chosen[..5] |> Array.map (fst >> string)) (chosen[..5] |> Array.map snd)
(*** include-it-raw ***)
(*** hide ***)
let single = fit 1 Start.Points some
picture (Array.append (weightsOf three) [| "all" |]) (Array.append (means three) (means single))
(*** include-it-raw ***)
(**
The fit used no labels. How many images of each digit went to each component?
*)
let count (fit: Fit<ExponentialParameters>) data (truth: int[]) =
    let labels = Predict.labels fit data |> GmmError.get
    let agreement = Metrics.adjustedRand truth labels |> GmmError.get
    let digits = Array.distinct truth |> Array.sort
    printfn "digit      %s" (digits |> Array.map (sprintf "%5d") |> String.concat "")

    for k in 0 .. fit.Mixture.Components - 1 do
        let counts =
            digits |> Array.map (fun digit -> Array.zip truth labels |> Array.filter ((=) (digit, k)) |> Array.length)

        printfn "component %d%s" k (counts |> Array.map (sprintf "%5d") |> String.concat "")

    printfn $"adjusted Rand index %.4f{agreement}"

count three some (Array.map fst chosen)
(*** include-output ***)
(**
## All ten digits

Ten components find typical shapes, not digits: a digit that people write in two ways may get two components, and two
digits that look alike may share one.
*)
let all = Source.ofRows images |> GmmError.get
let ten = fit 10 Start.KPlusPlus all
printfn $"mean log-likelihood %.4f{ten.LowerBound} after %d{ten.Iterations} iterations"
count ten all digits
(*** include-output ***)
(*** hide ***)
picture (weightsOf ten) (means ten)
(*** include-it-raw ***)
