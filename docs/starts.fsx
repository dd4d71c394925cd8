(**
---
title: Starting points
category: Guides
categoryindex: 3
index: 4
---

# Starting points

EM climbs to a nearby maximum, and the likelihood of a mixture has many, so the start decides which one it finds. This
page explains the default. It then plots the random starts for Old Faithful with three components, one more than the
plot suggests.
Run it with `dotnet fsi docs/starts.fsx` after `dotnet fsi build.fsx build`.

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

let options =
    { Gmm.defaults with
        Components = 3
        History = true }

let fit start = Gmm.fit { options with Start = start } data |> GmmError.get
(**
## The default: two candidates

`Start.Auto` runs EM twice and keeps the fit with the higher objective (the mean log-density of a row, plus the prior if
there is one). One run starts from the clusters of k-means. The other starts from
the best of ten short runs, each from random rows, and each stopped as soon as an iteration gains less than a hundredth
of what the run has gained (Biernacki, Celeux and Govaert, "Choosing starting values for the EM algorithm for getting
the highest likelihood in multivariate Gaussian mixture models", *Computational Statistics & Data Analysis* 41 (2003)
561–575). Short runs cost little, and random rows find maxima that k-means misses where groups are stretched or columns
have different scales. They see at most 2,000 rows, or ten for each free parameter if that is more.

Every start, k-means included, works on a sample when the data exceed 524,288 numbers (4 MiB). The sample has that size,
but at least 2,000 rows, and at least 10·K·(D+1) for K components and D columns. `Labels` and `Responsibilities` are the
only starts that use all rows. The final runs of EM use all rows, too.

Both runs may miss groups of rows. With three components or more, `Auto` therefore [moves
components](#Components-that-move) where that raises the objective.

From 40,000 rows on, or more with many parameters or small components, EM first runs [on a sample](#Large-data) from
each candidate. Both runs may climb to the same maximum. If the second [joins](#When-runs-join) the first, on the sample
or on all rows, it stops.

`Start.Thorough` takes forty short runs, and a third candidate for Gaussian components: a model-based hierarchical
clustering of at most 2,000 rows (Fraley, "Algorithms for model-based Gaussian hierarchical clustering", *SIAM Journal
on Scientific Computing* 20 (1998) 270–281).

Two long, thin groups lie side by side here. K-means cuts across both groups; the short runs don't:
*)
let stretched =
    let random = System.Random 1
    let normal () = MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0)

    [| for n in 0..399 -> [| 12.0 * normal (); normal () + (if n % 2 = 0 then 0.0 else 6.0) |] |]
    |> Source.ofRows
    |> GmmError.get

for name, start in [ "KMeans", Start.KMeans; "Auto", Start.Auto ] do
    let found =
        Gmm.fit
            { Gmm.defaults with
                Components = 2
                Family.Structure = TiedDiag
                Start = start }
            stretched
        |> GmmError.get

    printfn $"%-7s{name} objective %.4f{found.Objective}"
(*** include-output ***)
(**
## Components that move

With many components, a start often gives one component to two groups of rows, and two components to one group. EM can't
mend this, because the objective would fall on the way. `Auto` and `Thorough` look for such components once the best run
has ended. A move removes a component that adds little, and splits another one in two. To find one, they estimate what a
split of each component would gain in log-likelihood, summed over the rows. For each of the components that add least,
they estimate the loss if it merged with the component that would take most of its rows. The gain must exceed the loss
and, as Akaike's criterion asks, the number of a component's parameters, with its share of a tied covariance. EM goes on
from the moved components, and the move counts only if the objective rises. Up to three moves are tried. After one that
counts, the search begins again, at most K times. The idea is that of Ueda, Nakano, Ghahramani and Hinton ("SMEM
algorithm for mixture models", *Neural Computation* 12 (2000) 2109–2128).

From k-means, two of these sixteen groups share a component, and another group has two:
*)
let sixteen =
    let random = System.Random 3
    let normal () = MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0)
    let centres = Array.init 16 (fun _ -> Array.init 4 (fun _ -> 5.0 * normal ()))

    Array.init 3200 (fun n -> centres[n % 16] |> Array.map (fun centre -> centre + normal ()))
    |> Source.ofRows
    |> GmmError.get

let ofSixteen start =
    Gmm.fit
        { Gmm.defaults with
            Components = 16
            Start = start }
        sixteen
    |> GmmError.get

printfn $"from k-means          %.4f{(ofSixteen Start.KMeans).Objective}"
printfn $"by default            %.4f{(ofSixteen Start.Auto).Objective}"
printfn $"from the true groups  %.4f{(ofSixteen (Start.Labels(Array.init 3200 (fun n -> n % 16)))).Objective}"
(*** include-output ***)
(**
After a move, EM runs on all rows from the moved components; `Fit.Start`, `Fit.Trace` and `Fit.Iterations` describe that
run. ([Large data](#Large-data) move their components earlier, on a sample.) Moves are judged on a sample of 20 rows for
each weight and free parameter of the mixture, at least 2,000. Smaller data are used whole.

If the data have at least twice as many rows as this sample, a run that hasn't converged after 50 iterations looks for
moves, too. Such a run is often on a plateau, where EM needs hundreds of iterations. If a move gains on the sample what
Akaike's criterion asks, the run begins anew from the moved components, which become `Fit.Start`. It goes back to the
mixture after 50 iterations if it doesn't end higher than that, or ends with a component on its floor or with too few
rows. In that case this mixture is `Fit.Start`. In both cases `MaxIterations` counts anew, and `Fit.Iterations` leaves
out the first 50.

Components don't move

- in mixtures of fewer than three components, or with fixed weights;
- where the sample, or the whole of smaller data, would exceed 4,194,304 numbers;
- in fits that reach `MaxIterations` in fewer than 50 iterations;
- with a prior on means that has a row for each component, or with given starting covariances;
- in the fits that begin at their candidates, which are listed [below](#Large-data).

We compared the default with scikit-learn 1.2.1 on 192 data sets: 3, 5, 8 or 16 groups in 2, 4, 8 or 16 columns, with
small, medium and large distances between the groups. Half have stretched groups. Each has 3,000 to 6,400 rows. The
table counts the fits that end within 0.001 of the best objective known: the highest of all columns and of a fit from
the true groups. scikit-learn runs with its defaults, except `max_iter` = 1,000. `bench peers starts` repeats the
comparison.

| components | `Start.Auto` | `Start.Auto` without moves | scikit-learn | scikit-learn, `n_init` = 10 |
|--:|--:|--:|--:|--:|
| 3 | 48 of 48 | 48 | 33 | 42 |
| 5 | 47 of 48 | 45 | 21 | 30 |
| 8 | 46 of 48 | 37 | 11 | 25 |
| 16 | 39 of 48 | 23 | 6 | 13 |
| mean distance below the best objective | 0.0002 | 0.0069 | 0.1508 | 0.0399 |

On these data, moves take about a third of the time of a fit. None of these fits can end lower than without moves,
because they have too few rows to look for moves after 50 iterations, or to begin on a sample. On larger data a fit can
end lower; [below](#Large-data) we count how often.

## Random starts

All of these use a seed, and give the same start for the same seed:

- `KMeans`: the M-step of the clusters of one k-means run;
- `KPlusPlus`: components around rows chosen by greedy k-means++ (Arthur and Vassilvitskii, 2007);
- `Points`: components around random rows;
- `FarthestFirst`: components around rows, each of which is the farthest from those chosen before it;
- `Random`: components around draws from the normal distribution with the data's mean and covariance;
- `RandomResponsibilities`: the M-step of random responsibilities, which makes all components nearly alike.

In the pictures, rings mark the means at the start, and a line leads from each ring through all iterations to the final
mean.
*)
let drawn =
    [ "KMeans", Start.KMeans
      "KPlusPlus", Start.KPlusPlus
      "Points", Start.Points
      "FarthestFirst", Start.FarthestFirst
      "Random", Start.Random
      "RandomResponsibilities", Start.RandomResponsibilities ]
    |> List.map (fun (name, start) -> name, fit start)

let plot =
    { Plot.defaults with
        ColumnNames = table.Names
        StartMeans = true
        Sigmas = [| 2.0 |]
        Legend = false }

let picture (name, fit) = Plot.scatter { plot with Title = name } fit data |> GmmError.get
(*** hide ***)
drawn |> List.map picture |> Figure.beside "Six starts, three components" |> GmmError.get |> Figure.svg
(*** include-it-raw ***)
(**
How good is each start, how many iterations follow, and where do they end? The objective is the mean log-density of a
row.
*)
printfn "start                   at start  iterations    at end"

for name, fit in drawn do
    printfn $"%-22s{name} %9.4f{fit.Trace[0]}  %10d{fit.Iterations} %9.4f{fit.Objective}"
(*** include-output ***)
(**
The next picture shows the objective at each iteration. A flat stretch is not the end: EM is slow where components
overlap.
*)
let rising =
    drawn
    |> List.map (fun (name, fit) -> name, fit.Trace |> Seq.mapi (fun t objective -> float t, objective) |> Array.ofSeq)
(*** hide ***)
Plot.curves
    { Plot.defaults with
        Title = "Six ways up" }
    "iteration"
    "objective"
    rising
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## Several runs

`Restarts` runs the start from the seeds Seed, Seed + 1, … and keeps the run with the highest final objective, the
earliest of those within 1e-6 of it. A component on the floor of its covariance, or with too
few rows, can have any likelihood. A run with such a component is therefore compared by the objective that it would have
if that component were as wide as the data. A spike on equal values then rarely wins, and a far value may still have a
component of its own. If a run with a higher objective was passed over for this reason, a warning says so.

A start that is poor on its own may, with some restarts, find a maximum that no other start found:
*)
printfn "restarts  Points   RandomResponsibilities"

for restarts in [ 1; 2; 5; 20 ] do
    let best start =
        Gmm.fit
            { options with
                Start = start
                Restarts = restarts }
            data
        |> GmmError.get

    printfn $"%8d{restarts}  %.4f{(best Start.Points).Objective}  %.4f{(best Start.RandomResponsibilities).Objective}"
(*** include-output ***)
(**
## Large data

EM on a sample costs little beside EM on all rows, and leads near a maximum. On data of 40,000 rows or more, `Auto` and
`Thorough` therefore run EM on a sample from each candidate, until the objective changes by less than 1e-4, and its
estimated remaining gain is less, too (or `Tolerance`, if that is larger). The runs on all rows begin where these end;
runs that [joined](#When-runs-join) the first are dropped.

The sample has 10,000 rows, doubled until two conditions hold: it has 40 rows for each weight and free parameter of the
mixture, and the smallest component of each candidate has 10 rows for each of its parameters. No sample is used if it
would exceed a quarter of the rows, or 4,194,304 numbers.

Components of these mixtures [move](#Components-that-move) on the sample, where that raises the objective of the sample,
and not after the final run.

A run begins at the candidate itself if EM fails on the sample, or leaves a component irregular or with fewer than five
rows for each of its parameters. Its components don't move at its end if another run began on the sample.

All runs begin at their candidates

- with a start that you name or give;
- with noise, `Missing.Fit`, hard assignment or a tolerance of 0;
- for families with probabilities and rates, whose parameters might end at 0 for a value that the sample lacks;
- in variational Bayes.

Reports of progress, `Fit.Start`, `Fit.Trace`, `Fit.History`, `Fit.Passes` and `Fit.Iterations` concern the run on all
rows alone. On the sample, each run also has at most `MaxIterations` iterations.

We compared the default with the same candidates run out on all rows, without moves, on 162 data sets of 40,000 to
160,000 rows: 3, 5 or 8 groups in 2, 4 or 8 columns, otherwise like those [above](#Components-that-move). In 134 of them
both ended at the same objective, within 1.5e-6. In 23 the default ended higher, by 0.13 at most; in 5 it ended lower,
by 0.0012 at most.

## When runs join

For most families, the next mixture of EM depends on the responsibilities rₙₖ alone. A run that gives the rows nearly
the responsibilities r*ₙₖ of a finished fit therefore only repeats the last iterations that led to that fit. If the data
have at least eight blocks (`Source.Blocks`), 8,000 rows and 80 rows for each component, the first run on all rows ends
before the others begin. Another run has joined it when its objective is not higher and its
responsibilities diverge by less than 0.01 per row:

    [lang=text]
    J = mean over rows of Σₖ (r*ₙₖ − rₙₖ)(ln r*ₙₖ − ln rₙₖ)  <  0.01

This is the symmetric divergence of Kullback and Leibler (1951), on a sample of at least 2,000 rows. The components may
come in any order, unless the model tells them apart: noise is compared with noise, fixed weights must be equal, and a
run that the prior favours over the first goes on.

A run that has joined stops and is left out: it appears neither as a fit nor among the failures, and the reports of its
progress end. No run is stopped because its objective is lower: EM may pass a flat stretch before it climbs to the best
maximum. All runs go on to their end

- if the first one has not converged, may still gain more than the tolerance, or has a component on its floor or with
  too few rows;
- if a component has fewer than ten rows of the sample;
- with more than 400 components, missing cells or hard assignment, and in variational Bayes.

We ran all starts to convergence and compared the default with them, before components moved, on 400 large data sets:
overlapping, separated and stretched groups, outliers, far values, heavy tails, rounded values, tiny groups, and no
groups at all. Some fits had the wrong K. In 162 fits the second run joined the first. No fit ended at a worse maximum.
In three of the 162, the objective was lower by more than the tolerance of 1e-6, by 4.6e-6 at most, because the first
run had stopped that far below its maximum.

## Given starts

Your own means, labels 0 … K−1 or responsibilities need no seed, and run once. Labels give the same start as their
one-hot responsibilities:
*)
let means = array2D [ [ 2.0; 50.0 ]; [ 3.0; 70.0 ]; [ 4.5; 80.0 ] ]
let fromMeans = fit (Start.Means means)

let labels =
    table.Values
    |> Array.chunkBySize 2
    |> Array.map (fun row ->
        if row[1] < 60.0 then 0
        elif row[1] < 75.0 then 1
        else 2)

let fromLabels = fit (Start.Labels labels)

let oneHot = Array2D.init labels.Length 3 (fun n k -> if labels[n] = k then 1.0 else 0.0)
let fromResponsibilities = fit (Start.Responsibilities oneHot)

printfn $"from means  %.4f{fromMeans.Objective} after %d{fromMeans.Iterations} iterations"
printfn $"from labels %.4f{fromLabels.Objective} after %d{fromLabels.Iterations} iterations"
printfn $"labels and their responsibilities end alike: {fromLabels.Mixture = fromResponsibilities.Mixture}"
(*** include-output ***)
(*** hide ***)
[ "Means", fromMeans; "Labels", fromLabels ]
|> List.map picture
|> Figure.beside "Given starts"
|> GmmError.get
|> Figure.svg
(*** include-it-raw ***)
(**
## Covariances and weights

Components around given means or chosen rows start as wide as the whole data, with equal weights. `StartWeights`
replaces the weights of any start. `StartCovariances` replaces its covariances: by the data's covariance (`Empirical`),
by I (`Identity`), by a draw from a Wishart distribution around the data's covariance (`Random`), or by matrices of your
own (`Given`: one for each component, one for all, or a number σ² for σ²I).
*)
let covariances =
    [ "Empirical", CovarianceStart.Empirical
      "Identity", CovarianceStart.Identity
      "Random", CovarianceStart.Random
      "Given 4 I", CovarianceStart.Given(Tensor.scalar 4.0) ]
    |> List.map (fun (name, covariances) ->
        name,
        Gmm.fit
            { options with
                Start = Start.Means means
                StartWeights = Some [| 0.3; 0.1; 0.6 |]
                Family.StartCovariances = covariances }
            data
        |> GmmError.get)

for name, fit in covariances do
    printfn $"%-10s{name} %9.4f{fit.Trace[0]} at the start, %.4f{fit.Objective} after %d{fit.Iterations} iterations"
(*** include-output ***)
(**
The pictures show the components at the start, before any M-step:
*)
let atStart (name, fit: Fit<Gaussian>) =
    Plot.scatter
        { plot with
            Title = name
            StartMeans = false }
        (Fit.ofMixture Gaussian.family fit.Start)
        data
    |> GmmError.get
(*** hide ***)
covariances |> List.map atStart |> Figure.beside "Covariances to start from" |> GmmError.get |> Figure.svg
(*** include-it-raw ***)
(**
## Warm start

Use the mixture of a fit as the start, and the next fit continues where the first one stopped. Nothing is lost by the
pause: in plain EM, five iterations and five more equal ten, to the last bit. (These fits are plain EM because they keep
their history. [Accelerated](acceleration.html) fits begin a new cycle at the start.)
*)
let iterations count start =
    Gmm.fit
        { options with
            Start = start
            Tolerance = 0.0
            MaxIterations = count }
        data
    |> GmmError.get

let five = iterations 5 (Start.Means means)
let more = iterations 5 (Start.Mixture five.Mixture)
let ten = iterations 10 (Start.Means means)
printfn $"five and five more are ten: {more.Mixture = ten.Mixture}"
(*** include-output ***)
(**
In C# the options are `Init`, `InitMeans`, `InitWeights`, `CovarianceInit`, `InitCovariances` and `Restarts`; see the
[guide](csharp.html).
*)
