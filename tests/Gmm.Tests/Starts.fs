/// Where fits start.
module Gmm.Tests.Starts

open System
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support
open Xunit

/// The first mixture of a fit.
let private startOf start (case: DataCase) =
    case.Source
    |> Gmm.fit
        { plain case.Origin.Components case.Origin.Structure with
            Start = start
            RegCovar = Relative 1e-6
            MaxIterations = 1 }
    |> Result.map _.Start

let private meansOf (mixture: Mixture<Gaussian>) =
    let means = mixture.Parameters.Means.toArray2D ()
    Array.init (Array2D.length1 means) (fun k -> means[k, *])

let private isRowOfWeight (case: DataCase) (mean: float[]) =
    Array.exists2 (fun row weight -> row = mean && weight > 0.0) case.Rows case.Weights

/// Cases whose rows of positive weight are at least as many as components, all different.
let private distinctRows =
    weightedData |> Arb.filter (fun case -> (Array.distinct case.Rows).Length = case.Rows.Length)

[<Fact>]
let ``points and k-means++ start around different rows of positive weight, with equal weights`` () =
    for start in [ Start.Points; Start.KPlusPlus ] do
        let property (case: DataCase) =
            whenOk (startOf start case) (fun mixture ->
                let means = meansOf mixture

                Array.forall (isRowOfWeight case) means
                && (Array.distinct means).Length = case.Origin.Components
                && allWithin
                    1e-15
                    1.0
                    (Array.create case.Origin.Components (1.0 / float case.Origin.Components))
                    mixture.Weights)

        checkTimes 60 (Prop.forAll distinctRows property)

[<Fact>]
let ``components around given means are as wide as the data`` () =
    let property (case: DataCase) =
        let origin = case.Origin

        whenOk (startOf (Start.Means(array2D origin.Means)) case) (fun mixture ->
            let whole =
                case.Source
                |> Gmm.fit
                    { plain 1 origin.Structure with
                        RegCovar = Relative 1e-6 }
                |> ok

            let expected = Gaussian.covariance whole.Parameters 0 |> Seq.cast<float> |> Array.ofSeq

            meansOf mixture = origin.Means
            && Seq.forall
                (fun k ->
                    let actual = Gaussian.covariance mixture.Parameters k |> Seq.cast<float> |> Array.ofSeq
                    allWithin 1e-11 (1.0 + Array.max expected) expected actual)
                (seq { 0 .. origin.Components - 1 }))

    checkTimes 60 (Prop.forAll data property)

let private labelsFor (case: DataCase) = Array.init case.Rows.Length (fun n -> n % case.Origin.Components)

[<Fact>]
let ``labels start where their one-hot responsibilities start`` () =
    let property (case: DataCase) =
        let labels = labelsFor case
        let components = case.Origin.Components
        let oneHot = Array2D.init labels.Length components (fun n k -> if labels[n] = k then 1.0 else 0.0)

        whenBothOk (startOf (Start.Labels labels) case) (startOf (Start.Responsibilities oneHot) case) (fun a b ->
            bits (parameters a) = bits (parameters b))

    checkTimes 60 (Prop.forAll data property)

[<Fact>]
let ``from labels every component starts with share, mean and spread of its rows`` () =
    forAll 60 data (fun case ->
        let labels = labelsFor case

        match startOf (Start.Labels labels) case with
        | Error _ -> false
        | Ok start ->
            let means = meansOf start

            Seq.forall
                (fun k ->
                    let rows = Array.zip labels case.Rows |> Array.filter (fst >> (=) k) |> Array.map snd
                    let mean = Array.init case.Origin.Features (fun j -> rows |> Array.averageBy (fun row -> row[j]))
                    let share = float rows.Length / float case.Rows.Length
                    allWithin 1e-12 10.0 mean means[k] && abs (start.Weights[k] - share) <= 1e-14)
                (seq { 0 .. case.Origin.Components - 1 }))

[<Fact>]
let ``the k-means start is the M-step of the clusters of one k-means run`` () =
    for seed in 0..4 do
        let data = DataSet.iris ()

        let clusters =
            data.Source
            |> KMeans.fit
                { KMeans.defaults with
                    Clusters = 3
                    Restarts = 1
                    Seed = seed }
            |> ok

        let fit start =
            (data.Source
             |> Gmm.fit
                 { plain 3 Full with
                     Start = start
                     Seed = seed
                     MaxIterations = 1 }
             |> ok)
                .Start

        let expected = fit (Start.Labels(Predict.labels clusters.Fit data.Source |> ok))
        Assert.True(allWithin 1e-12 10.0 (parameters expected) (parameters (fit Start.KMeans)))

[<Fact>]
let ``a given mixture is where the fit starts, bit for bit`` () =
    let property (case: DataCase) =
        whenOk (startOf (Start.Mixture case.Origin.Mixture) case) (fun start ->
            bits (parameters start) = bits (parameters case.Origin.Mixture))

    checkTimes 40 (Prop.forAll data property)

[<Fact>]
let ``rows of weight 0 are never a start`` () =
    let rows = Array.init 50 (fun n -> [| float n |])
    let weights = Array.init 50 (fun n -> if n % 10 = 0 then 1.0 else 0.0)
    let source = sourceOf rows |> Source.weighted weights |> ok

    for seed in 0..19 do
        for start in [ Start.Points; Start.KPlusPlus ] do
            let fit =
                source
                |> Gmm.fit
                    { Gmm.defaults with
                        Components = 4
                        Start = start
                        Seed = seed
                        MaxIterations = 1 }
                |> ok

            Assert.All(meansOf fit.Start, fun mean -> Assert.Equal(0.0, mean[0] % 10.0))

[<Fact>]
let ``k-means++ starts in every one of clusters far apart`` () =
    let random = Random 4
    let rows = Array.init 200 (fun n -> [| 1000.0 * float (n % 5) + normal random; normal random |])

    for seed in 0..19 do
        let fit =
            sourceOf rows
            |> Gmm.fit
                { Gmm.defaults with
                    Components = 5
                    Start = Start.KPlusPlus
                    Seed = seed
                    MaxIterations = 1 }
            |> ok

        let found = meansOf fit.Start |> Array.map (fun mean -> int (Math.Round(mean[0] / 1000.0))) |> Array.sort
        Assert.Equal<int[]>([| 0..4 |], found)

[<Fact>]
let ``points are rows that differ in value, however many rows are equal`` () =
    let rows = Array.init 100 (fun n -> if n % 20 = 7 then [| float n; -1.0 |] else [| 1.0; 2.0 |])

    for seed in 0..49 do
        for components in [ 2; 3; 6 ] do
            let fit =
                sourceOf rows
                |> Gmm.fit
                    { Gmm.defaults with
                        Components = components
                        RegCovar = Absolute 1.0
                        Start = Start.Points
                        Seed = seed
                        MaxIterations = 1
                        Execution = oneThread }
                |> ok

            Assert.Equal(components, (Array.distinct (meansOf fit.Start)).Length)

/// Rows of weight 0 make no difference either.
[<Fact>]
let ``fewer different rows than components are an error from every start that chooses rows`` () =
    let rows =
        Array.init 100 (fun n ->
            if n % 20 = 7 then [| 5.0 |]
            elif n = 50 then [| 9.0 |]
            else [| 1.0 |])

    let source = sourceOf rows |> Source.weighted (Array.init 100 (fun n -> if n = 50 then 0.0 else 1.0)) |> ok

    for start in [ Start.Points; Start.KPlusPlus; Start.KMeans ] do
        match
            source
            |> Gmm.fit
                { Gmm.defaults with
                    Components = 3
                    RegCovar = Absolute 1.0
                    Start = start
                    Execution = oneThread }
            |> error
        with
        | InvalidData(rule, value) ->
            Assert.Contains("3 different rows", rule)
            Assert.Contains("2", value)
        | other -> Assert.Fail $"{start}: {other.Message}"

/// The more rows, the more alike are the components of random responsibilities.
[<Fact>]
let ``random responsibilities find two clusters far apart among many rows`` () =
    let rows = 100_000
    let random = Random 12
    let source = sourceOf (Array.init rows (fun n -> [| normal random + (if n % 2 = 0 then -5.0 else 5.0) |]))

    let perRow start seed restarts =
        let fit =
            source
            |> Gmm.fit
                { Gmm.defaults with
                    Components = 2
                    Start = start
                    Seed = seed
                    Restarts = restarts }
            |> ok

        fit.LogLikelihood / float rows

    let expected = perRow Start.KMeans 0 1
    near 1e-3 "log-likelihood per row" expected (perRow Start.RandomResponsibilities 0 1)

    near 1e-3 "of three runs" expected (perRow Start.RandomResponsibilities 1 3)
