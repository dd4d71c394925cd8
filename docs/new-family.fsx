(**
---
title: A family of your own
category: Examples
categoryindex: 2
index: 6
---

# A family of your own

There are two ways to add a family, and neither touches the library:

- **An exponential family** is a record of formulas, half a page long. Density, statistics and M-step follow from it.
- **Any other kind of component** takes about a page: you write density, statistics and M-step yourself.

Either way you get every start, restarts, classification EM, warnings, selection, saving and loading, sampling,
products, and the laws that check your work. This page writes the geometric distribution the first way and the Cauchy
distribution the second way. Run it with `dotnet fsi docs/new-family.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Laws"
*)
(*** hide ***)
#I "../src/Gmm.Laws/bin/Release/net10.0"
#r "FsCheck.dll"
#r "MathNet.Numerics.dll"
#r "Gmm.FSharp.dll"
#r "Gmm.Laws.dll"
(** *)
open Gmm
open Gmm.Laws
(**
## An exponential family: the geometric distribution

A geometric number counts the failures before the first success. If each attempt fails with probability q, then
p(x) = qˣ (1 − q) for x = 0, 1, 2, … An exponential family is written

```text
p(x|η) = h(x) exp(η · T(x) − A(η)),
```

so here η = ln q, T(x) = x, h(x) = 1 and A(η) = −ln(1 − q) = −ln(1 − exp η). The mean parameter is
m = E T(x) = q / (1 − q), the average number of failures; conversely, q = m / (1 + m).

(The library has this family, too: `Geometric.family`.) The record states just this. `Mean` and `Natural` are the two
maps between η and m. The M-step needs no code: the best m is the average of T(x). At m = 0, where no attempt ever
fails, η is −∞, and nothing becomes NaN. `Dispersion` is for families in which it is a parameter of its own, as in the
[gamma distribution](more-families.html). `Prior` is pseudo-data; this example has none. With `Sums` τ and `Count` ν
it would act like ν extra numbers with the sum τ: a Beta prior on q. `Reported` names the parameters that standard
errors are for, as functions of m.
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
      Dispersion = None
      Prior = ConjugatePrior.flat 1
      Sample =
        fun random means ->
            if means[0] = 0.0 then
                0.0
            else
                floor (log (1.0 - random.NextDouble()) / log (failureRate means[0]))
      Reported = [ "mean", id ] }
(**
`Statistic` works on a whole block, a tensor of rows and columns, and adds a dimension for the numbers of T(x). This
example has one number. A family with several numbers, such as (x, ln x), computes them from the same tensor.

Some people give up soon, others persist. Two thirds of these data have 1 failure on average; the other third has 15.
The definition is a kind of component, so `Gmm.defaultsOf` makes options for it:
*)
let random = RandomStream.ofSeed 1

let data =
    Array.init 900 (fun i -> [| geometric.Sample random [| (if i % 3 = 0 then 15.0 else 1.0) |] |])
    |> Source.ofRows
    |> GmmError.get

let fit =
    Gmm.fit
        { Gmm.defaultsOf geometric with
            Components = 2
            Tolerance = 1e-9 }
        data
    |> GmmError.get

for k in 0..1 do
    printfn $"weight %.3f{fit.Weights[k]}, mean %.2f{fit.Parameters.Means.toArray()[k]}"
(*** include-output ***)
(**
## The laws

Laws test whether a definition is right: its probabilities must sum to one, the gradient of A must be the mean, the
M-step must have no better neighbour, the objective must never fall, and so on. `Gmm.Laws` tries these laws on mixtures
and rows that FsCheck draws. It needs the support of the numbers and a way to draw mean parameters. A separate formula
for the density, and parameters on the edge of their domain, are optional:
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
In a test, `Laws.check Laws.defaults subject` throws if a law is broken, and `Laws.properties subject` gives the laws
to a test runner one by one. For Expecto, `LawTests.ofSubject subject` of the package `Gmm.Laws.Expecto` is a list of
tests.

## A mistake in the log-partition

With two wrong signs, A(η) = ln(1 + exp η) looks right, but belongs to another family, the Bernoulli. The
probabilities no longer sum to one, and the slope of A is no longer the mean. FsCheck shrinks the first counterexample
to the smallest one that it finds:
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
## Another kind of component: the Cauchy distribution

The Cauchy distribution has tails so heavy that it has no mean, and it is not an exponential family. Each column has a
location m and a scale s:

```text
p(x) = 1 / (π s (1 + z²)),     z = (x − m) / s.
```

EM treats a Cauchy number as a normal number of random precision, whose expectation given x is u = 2 / (1 + z²)
(Lange, Little and Taylor 1989, with one degree of freedom). Rows in the tails therefore have little weight:

```text
m ← Σₙ rₙ uₙ xₙ / Σₙ rₙ uₙ,     s² ← Σₙ rₙ uₙ (xₙ − m)² / Σₙ rₙ.
```

The parameters are a record of tensors. Density and statistics are tensor expressions, so that they run on every engine;
a dimension of length 1 is repeated as in NumPy. The statistics are taken about the current locations: nothing cancels,
wherever the data lie.
*)
type Cauchy =
    { Locations: Tensor // m (K×D)
      Scales: Tensor } // s (K×D)

let deviations cauchy (x: Tensor) = x.unsqueeze 0 - cauchy.Locations.unsqueeze 1 // K×n×D

let spread cauchy x =
    let z = deviations cauchy x / cauchy.Scales.unsqueeze 1
    (z * z).addScalar 1.0

let logDensity cauchy x = // n×K
    let logs = (spread cauchy x).log() + (cauchy.Scales.log().unsqueeze 1).addScalar(log System.Math.PI)
    (logs.sum 2 * -1.0).transpose(0, 1)

let sums cauchy x (responsibilities: Tensor) =
    let u = responsibilities.transpose(0, 1).unsqueeze 2 * 2.0 / spread cauchy x
    let d = deviations cauchy x
    [ u.sum 1; (u * d).sum 1; (u * d * d).sum 1 ]
(**
The M-step works on the sums of all rows, as plain arrays. A component without rows, and one whose scale goes to 0, are
errors, never NaN.
*)
let maximise cauchy (statistics: Statistics) =
    let columns, counts = cauchy.Locations.shape[1], statistics.Counts
    let zeroth, first, second = statistics.Sums[0], statistics.Sums[1], statistics.Sums[2]

    match statistics |> Statistics.firstEmpty counts with
    | Some k -> Error(CollapsedComponent(k, 0))
    | None ->
        let shifts = Array.map2 (/) first zeroth
        let squares = Array.mapi (fun i s -> (second[i] - shifts[i] * first[i]) / counts[i / columns]) second

        match squares |> Array.tryFindIndex (fun square -> not (square > 0.0)) with
        | Some i -> Error(DegenerateComponent(i / columns, i % columns, "cauchy", 0))
        | None ->
            Ok
                { Locations = cauchy.Locations + Tensor.create cauchy.Locations.shape shifts
                  Scales = Tensor.create cauchy.Scales.shape (Array.map sqrt squares) }
(**
`Family` collects everything that the library needs of a kind of component. The main functions are above. The others
are: `Recentre` moves statistics about the locations of one mixture to those of another. `Form` describes the density
to the kernels; without a form the E-step runs the tensor expressions. `Sample` draws a row. `Coordinates` converts
parameters to a vector of free numbers and back, and gives a unit for each, by which fits measure their steps. `Noise`
is for mixtures with noise (`Noise.wrap` sets it). `Storage` converts them to named arrays, for files, and back.
*)
let recentre from target (statistics: Statistics) =
    let shifts = (target.Locations - from.Locations).toArray()
    let zeroth, first, second = statistics.Sums[0], statistics.Sums[1], statistics.Sums[2]
    let first' = Array.map3 (fun s0 s1 shift -> s1 - shift * s0) zeroth first shifts
    let second' = Array.mapi (fun i s2 -> s2 - shifts[i] * (first[i] + first'[i])) second

    { statistics with
        Sums = [| zeroth; first'; second' |] }

let sample cauchy k (random: System.Random) =
    let m, s = cauchy.Locations.toArray2D (), cauchy.Scales.toArray2D ()
    Array.map2 (fun m s -> m + s * tan (System.Math.PI * (random.NextDouble() - 0.5))) m[k, *] s[k, *]

let coordinates: Coordinates<Cauchy> =
    { Names =
        fun cauchy ->
            [| for name in [ "location"; "ln scale" ] do
                   for k in 0 .. cauchy.Locations.shape[0] - 1 do
                       for j in 0 .. cauchy.Locations.shape[1] - 1 -> $"{name}[{k},{j}]" |]
      OfParameters =
        fun cauchy -> Array.append (cauchy.Locations.toArray ()) (cauchy.Scales.toArray () |> Array.map log)
      Units =
        fun cauchy ->
            let scales = cauchy.Scales.toArray ()
            Array.append scales (Array.create scales.Length 1.0)
      ToParameters =
        fun like numbers ->
            let locations, logScales = Array.splitAt (numbers.Length / 2) numbers

            Ok
                { Locations = Tensor.create like.Locations.shape locations
                  Scales = Tensor.create like.Scales.shape (Array.map exp logScales) }
      Parameters =
        fun cauchy ->
            [| for name, numbers in [ "location", cauchy.Locations.toArray2D (); "scale", cauchy.Scales.toArray2D () ] do
                   yield! numbers |> Array2D.mapi (fun k j x -> $"{name}[{k},{j}]", x) |> Seq.cast<string * float> |] }

(**
With `Missing`, fits take rows with missing cells. It gives the parameters of the observed columns, and the statistics
of all columns from those of the observed ones. Here the columns are independent, so a missing cell has the expected
statistics of its component: E u = 1, E u(x − m) = 0 and E u(x − m)² = s². A completed row should have means in its
missing cells; a Cauchy distribution has none, so the median takes their place. With `Missing = None`, NaN is always
an error.
*)
let select (columns: int[]) (numbers: Tensor) =
    let all = numbers.toArray2D ()

    Array2D.init (Array2D.length1 all) columns.Length (fun k i -> all[k, columns[i]]) |> Tensor.matrix

let lift (columns: int[]) cauchy (statistics: Statistics) =
    let width, squares = cauchy.Locations.shape[1], (cauchy.Scales * cauchy.Scales).toArray()

    let lifted sum expected =
        Array.init squares.Length (fun i ->
            match System.Array.IndexOf(columns, i % width) with
            | -1 -> statistics.Counts[i / width] * expected i
            | place -> statistics.Sums[sum][i / width * columns.Length + place])

    { statistics with
        Sums = [| lifted 0 (fun _ -> 1.0); lifted 1 (fun _ -> 0.0); lifted 2 (fun i -> squares[i]) |] }

let incompleteRows: IncompleteRows<Cauchy> =
    { Restrict =
        fun columns cauchy ->
            { Locations = select columns cauchy.Locations
              Scales = select columns cauchy.Scales }
      Lift = lift
      Complete =
        fun columns cauchy k observed ->
            let row = (cauchy.Locations.toArray2D ())[k, *]
            Array.iter2 (fun column number -> row[column] <- number) columns observed
            row }

let rec cauchyFamily: Family<Cauchy> =
    { Name = "cauchy"
      LogDensity = logDensity
      Sums = sums
      SumLengths = fun cauchy -> Array.create 3 (cauchy.Locations.toArray().Length)
      Maximise = maximise
      Recentre = recentre
      LogPrior = fun _ -> 0.0
      Form = fun _ -> None
      Misfit = fun _ _ -> None
      Sample = sample
      Means = fun cauchy -> cauchy.Locations.toArray2D ()
      Features = fun cauchy -> cauchy.Locations.shape[1]
      FreeParameters = fun cauchy -> 2 * cauchy.Locations.toArray().Length
      Move =
        fun move cauchy ->
            { Locations = move cauchy.Locations
              Scales = move cauchy.Scales }
      Coordinates = coordinates
      Noise = None
      Storage =
        { Parameters = fun cauchy -> Map [ "locations", cauchy.Locations; "scales", cauchy.Scales ]
          OfParameters =
            fun state ->
                State.matrix "locations" state
                |> Result.bind (fun locations ->
                    State.ofShape locations.shape "scales" state
                    |> Result.map (fun scales ->
                        { Locations = locations
                          Scales = scales }))
          Settings = fun _ -> Map.empty
          OfSettings = fun _ _ -> Ok cauchyFamily }
      Missing = Some incompleteRows }
(**
A `Kind` is the family before it sees data: a record with the kind's settings. It checks them, measures the data, and
places components around the centres that a start finds. The one setting of this kind is the width of the first
components, as a share of the data's. `Check` also sees the parameters to start from, when a fit goes on from a mixture:
those must suit the settings.
*)
type CauchyKind =
    { FirstWidth: float }

    interface Kind<Cauchy> with
        member _.Name = cauchyFamily.Name
        member _.Misfit _ = None

        member kind.Check(_, _, _) =
            let isWidth = kind.FirstWidth > 0.0 && kind.FirstWidth < infinity
            GmmError.requireAll [ (isWidth, "FirstWidth", "above 0 and finite", string kind.FirstWidth) ]

        member kind.Measure(components, source, execution) =
            let data = source |> DataCovariance.ofSource execution (Layout.own Shape.Diag)

            let scales =
                data.Covariance |> Array.map (fun variance -> kind.FirstWidth * sqrt variance / float components)

            Measured.ofFamily cauchyFamily source.Columns (fun centres ->
                Ok
                    { Locations = Tensor.matrix centres
                      Scales = Array.create (Array2D.length1 centres) scales |> array2D |> Tensor.matrix })
            |> Ok

let cauchy = { FirstWidth = 1.0 }
(**
`Measured` has further fields for other kinds. Set `HasEdges` if the M-step of a cluster can give parameters that EM
never leaves, such as a probability of 0: the k-means start then takes only the centres. Set `IsBounded` if the data
have bounds that normal draws exceed: the start `Random` is then an error.

That is all. These data are two groups of rows with long tails:
*)
let outliers =
    let number centre = centre + tan (0.98 * System.Math.PI * (random.NextDouble() - 0.5))

    Array.init 1000 (fun i ->
        if i % 2 = 0 then
            [| number 0.0; number 0.0 |]
        else
            [| number 60.0; number -60.0 |])
    |> Source.ofRows
    |> GmmError.get

let selection =
    outliers
    |> Select.components
        Criterion.Bic
        ignore
        [ 1..3 ]
        { Gmm.defaultsOf cauchy with
            Family.FirstWidth = 0.5
            Start = Start.Points
            Restarts = 5 }
    |> GmmError.get

printfn $"{selection.Table}"
let locations = selection.Fit.Parameters.Locations.toArray2D ()

for k in 0 .. selection.Best.Components - 1 do
    printfn $"component {k}: weight %.2f{selection.Fit.Weights[k]}, at (%.1f{locations[k, 0]}, %.1f{locations[k, 1]})"
(*** include-output ***)
(**
The laws need only a way to draw parameters. Laws that need more do not apply, and the report says so: set `Textbook`,
`Nodes` or `Marginals` of the subject to check the density and the sampler, too.
*)
let drawn =
    Subject.create "cauchy" cauchyFamily (fun components columns random ->
        let numbers low high =
            Array.init (components * columns) (fun _ -> low + (high - low) * random.NextDouble())
            |> Tensor.create [| components; columns |]

        { Locations = numbers -5.0 5.0
          Scales = numbers 0.2 3.0 })

for report in Laws.run Laws.defaults drawn do
    printfn $"{report}"
(*** include-output ***)
(**
Here is a mistake whose results look plausible at every step: the M-step divides by one row too many, as if every
component had an extra row.
*)
let oneTooMany (family: Family<Cauchy>) =
    { family with
        Maximise =
            fun parameters statistics ->
                family.Maximise
                    parameters
                    { statistics with
                        Counts = statistics.Counts |> Array.map (fun count -> count + 1.0) } }

for report in drawn |> Subject.mapFamily oneTooMany |> Laws.run Laws.defaults do
    if not report.IsGood then
        printfn $"{report}\n"
(*** include-output ***)
(**
The project `tests/Gmm.Outside.Tests` tests the same kind of component, together with a backend, an engine and a source
that are also written outside the library.
*)
