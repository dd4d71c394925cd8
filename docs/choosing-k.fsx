(**
---
title: Choosing K honestly
category: Guides
categoryindex: 3
index: 6
---

# Choosing K honestly

A criterion always names a best K, even where no K is right. [Choosing the number of components](selection.html) shows
how to compute BIC, ICL and AIC. This page shows how far to trust the answer. It asks five questions:

1. Do other starts reach the same likelihood?
2. Do new rows agree?
3. Would another sample have led to the same K?
4. Are the groups themselves stable?
5. Does K stay the same when the data grow?

Run this page with `dotnet fsi docs/choosing-k.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "MathNet.Numerics.dll"
(** *)
open System
open System.IO
open Gmm

let table = Csv.read (Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")) |> GmmError.get
let data = Csv.source table

let options =
    { Gmm.defaults with
        Family.Structure = TiedFull }

let fitOf components data = Gmm.fit { options with Components = components } data
(**
## Likelihood plateaus

The likelihood of a mixture has many maxima. A K is understood only if several independent starts reach the same best
maximum. Here each of twenty seeds makes a single run from random rows, and the table counts the runs that come within
0.01 of the best log-likelihood:
*)
let logLikelihoods components =
    [ for seed in 1..20 do
          let options =
              { options with
                  Components = components
                  Start = Start.Points
                  Seed = seed
                  Tolerance = 1e-9
                  MaxIterations = 5000 }

          match Gmm.fit options data with
          | Ok fit -> fit.LogLikelihood
          | Error _ -> -infinity ]

printfn "K   best log L   runs that reach it   different maxima"

for components in 1..6 do
    let found = logLikelihoods components
    let best = List.max found
    let reached = found |> List.filter (fun value -> best - value < 0.01) |> List.length
    let maxima = found |> List.filter Double.IsFinite |> List.distinctBy (fun value -> round (value * 10.0))
    printfn $"%d{components} %12.3f{best} %20d{reached} %18d{maxima.Length}"
(*** include-output ***)
(**
Where few runs reach the best maximum, as in the last line, a criterion compares starts rather than models. `Start.Auto`
and `Restarts` search harder; `Start.Thorough` searches hardest. If the best value still depends on the seed, take a
smaller K or a structure with fewer parameters. A plateau is necessary but proves nothing: the runs with five components
agree on their maximum as well.

## Held-out likelihood

More components always fit the training rows better. Rows that the fit has not seen tell whether the extra components
describe the population. Ten-fold cross-validation fits nine tenths of the rows and scores the last tenth:
*)
let rows = [| for n in 0L .. data.Rows - 1L -> (data |> Source.rows [| n |])[0, *] |]

let shuffled = rows |> Array.copy
Random(1).Shuffle shuffled

let folds = shuffled |> Array.splitInto 10

let heldOut components =
    [| for fold in folds do
           let training = folds |> Array.filter (fun other -> other <> fold) |> Array.concat |> Source.ofRows
           let fit = training |> Result.bind (fitOf components) |> GmmError.get
           yield! Source.ofRows fold |> Result.bind (Predict.logDensities fit) |> GmmError.get |]

let selection = Select.components Criterion.Bic ignore [ 1..6 ] options data |> GmmError.get
let byRow = [ for components in 1..6 -> heldOut components ]

printfn "K   training   held out   difference to K - 1"

for components, candidate in List.zip [ 1..6 ] selection.Candidates do
    let densities = byRow[components - 1]

    let training =
        match candidate.Outcome with
        | Ok judged -> judged.Fit.LowerBound
        | Error _ -> nan

    let difference =
        if components = 1 then
            ""
        else
            let gains = Array.map2 (-) densities byRow[components - 2]
            let mean = Array.average gains
            let variance = gains |> Array.averageBy (fun gain -> (gain - mean) ** 2.0)
            $"%.4f{mean} ± %.4f{sqrt (variance / float gains.Length)}"

    printfn $"%d{components} %10.4f{training} %10.4f{Array.average densities}   {difference}"
(*** include-output ***)
(**
The last column is the mean gain per held-out row, with its standard error. A gain of less than two standard errors is
no evidence for a further component: two components are certain here, and a third is not. BIC, which looks at the
training rows alone, prefers three. The training column never falls; where it doesn't rise, as at the end, the default
start missed the best maximum, as the plateaus above suggest.

## Another sample

The bootstrap draws rows with replacement, as many as there are, and chooses again. It shows how much the chosen K owes
to this particular sample:
*)
let resampled seed =
    let random = Random(seed: int)
    Array.init rows.Length (fun _ -> rows[random.Next rows.Length]) |> Source.ofRows |> GmmError.get

let chosen criterion =
    [ for seed in 1..40 do
          let selection = Select.components criterion ignore [ 1..6 ] options (resampled seed) |> GmmError.get
          selection.Best.Components ]
    |> List.countBy id
    |> List.sort

for name, criterion in [ "BIC", Criterion.Bic; "ICL", Criterion.Icl ] do
    let counts = chosen criterion |> List.map (fun (components, count) -> $"K = {components}: {count}")
    printfn "%s  %s" name (String.concat ", " counts)
(*** include-output ***)
(**
Copies of rows look like narrow groups, so the bootstrap exaggerates K somewhat. Read the counts as a range, not as
probabilities. If they spread over several values, report the range.

## Stable groups

K may be certain while the groups are not, or the other way round. Two fits group the rows alike if the adjusted Rand
index of their labels is near 1; for unrelated groupings it is near 0. Each bootstrap fit here labels the original rows,
and the table compares these labels with those of the fit to all rows:
*)
printfn "K   mean agreement   worst agreement"

for components in 2..5 do
    let labels = fitOf components data |> Result.bind (fun fit -> Predict.labels fit data) |> GmmError.get

    let agreements =
        [ for seed in 1..20 ->
              fitOf components (resampled seed)
              |> Result.bind (fun fit -> Predict.labels fit data)
              |> Result.bind (Metrics.adjustedRand labels)
              |> GmmError.get ]

    printfn $"%d{components} %16.3f{List.average agreements} %17.3f{List.min agreements}"
(*** include-output ***)
(**
Two groups of eruptions survive every resampling. A third component improves the density, but its border moves from
sample to sample: use it to estimate the density, and don't name it as a kind of eruption.

## When no K is right

A mixture of Gaussians can approximate any density. Data that are not a mixture of Gaussians therefore want more
components as they grow. Here the rows lie on a ring, which has no groups at all:
*)
let ring count =
    let random = Random 3
    let normal () = MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 0.1)

    [| for _ in 1..count ->
           let angle = 2.0 * Math.PI * random.NextDouble()
           [| cos angle + normal (); sin angle + normal () |] |]
    |> Source.ofRows
    |> GmmError.get

printfn "rows   K by BIC   K by ICL"

for count in [ 100; 400; 1600 ] do
    let best criterion = (Select.components criterion ignore [ 1..14 ] Gmm.defaults (ring count) |> GmmError.get).Best

    printfn $"%4d{count} %10d{(best Criterion.Bic).Components} %10d{(best Criterion.Icl).Components}"
(*** include-output ***)
(**
A true number of groups would stay the same. A K that grows with the rows only sets the resolution of the
approximation. Choose it by what the fit is for: held-out likelihood for densities and anomalies, and, for segments,
the smallest K that serves the purpose.

[Variational Bayes](variational-bayes.html) chooses K within one fit: components that the data don't need lose their
rows. It assumes Gaussian components, too, so that its K grows with the rows for the same reason.

Repeat the selection on halves of your data. If the halves choose a smaller K than the whole, K depends on the
number of rows: collect more, or read K as a resolution.

## Floors

The likelihood of a Gaussian component on equal values has no limit. The floor of the covariances gives it one, but the
height of that limit says nothing about the data. `Select` therefore passes over candidates with a component on the
floor; [the page on selection](selection.html) shows such a table. Values rounded to a few digits, repeated rows and
columns that are sums of others are the usual causes.

## What Gmm warns about

`Fit.Warnings` and `Selection.Warnings` are lists of values, each with a `Message` that names the remedy.

| warning | meaning for the choice of K |
|---|---|
| `NotConverged` | The likelihood is not at its maximum, so the criterion is too high. Raise `MaxIterations`. |
| `OnFloor` | The likelihood measures the floor of a covariance. Lower K, or use fewer parameters. |
| `FewRows` | A component has fewer rows than its covariance needs. It describes single rows. |
| `NearlyEmpty` | A component has almost no weight. K is too large, or these rows are outliers. |
| `PassedOver` | A run with a higher objective was left aside because of irregular components. |
| `FailedRun` | Some starts led nowhere. Compare the results of more seeds. |
| `LightWeights` | The sample weights don't count rows, so BIC and ICL penalise too little. |
| `AtEdge` | The best K is the largest or the smallest that was tried. Widen the range. |
| `BetterOnFloor`, `BestOnFloor` | Only candidates on the floor have a lower criterion, or no other candidate is left. |

No warning means that nothing irregular happened, not that K is right.

## In short

- State the criterion and the range of K, and show the whole table.
- Trust K if most starts reach the same likelihood, held-out rows agree, and the bootstrap mostly chooses it.
- If BIC and ICL disagree, the groups overlap or are not Gaussian. Say which question you ask: density or groups.
- If K grows with the rows, call it a resolution, and don't name the components.
*)
