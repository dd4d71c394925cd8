/// Measures of clusterings against scikit-learn 1.2.1, and their properties.
module Gmm.Tests.MetricsOracles

open FsCheck.FSharp
open Gmm
open Gmm.Tests.Support
open Xunit

/// Two labellings of the same rows.
let private labellings =
    let labels = Gen.choose (0, 3)
    let pair = Gen.zip labels labels

    Arb.list (Arb.fromGen pair)
    |> Arb.filter (List.isEmpty >> not)
    |> Arb.convert (List.toArray >> Array.unzip) (fun (a, b) -> Array.zip a b |> List.ofArray)

let private adjustedRand truth predicted = Metrics.adjustedRand truth predicted |> ok

[<Theory>]
[<InlineData("iris")>]
[<InlineData("digits")>]
let ``the adjusted Rand index is scikit-learn's`` (dataset: string) =
    let oracle = oracle $"metrics-{dataset}.json"
    let actual = adjustedRand (oracle |> field "labels_true" |> integers) (oracle |> field "labels_pred" |> integers)
    let expected = (oracle |> field "supervised" |> field "adjusted_rand_score").GetDouble()
    near 1e-12 "adjusted Rand" expected actual

[<Fact>]
let ``the adjusted Rand index of a labelling with itself is 1`` () =
    forAll 200 labellings (fun (labels, _) -> adjustedRand labels labels = 1.0)

[<Fact>]
let ``the adjusted Rand index is the same both ways and under other names`` () =
    forAll 200 labellings (fun (a, b) ->
        let expected = adjustedRand a b
        let renamed = b |> Array.map (fun label -> $"class {3 - label}")
        abs (adjustedRand b a - expected) <= 1e-12 && abs (adjustedRand a renamed - expected) <= 1e-12)

[<Fact>]
let ``the adjusted Rand index is at most 1`` () = forAll 200 labellings (fun (a, b) -> adjustedRand a b <= 1.0)

[<Fact>]
let ``labellings of different length are an error with both lengths`` () =
    let message = (Metrics.adjustedRand [| 0; 1; 1 |] [| 0; 1 |] |> error).Message
    Assert.Contains("3", message)
    Assert.Contains("2", message)

[<Fact>]
let ``labellings of no rows are an error`` () =
    Assert.Contains("at least one", (Metrics.adjustedRand ([||]: int[]) ([||]: int[]) |> error).Message)
