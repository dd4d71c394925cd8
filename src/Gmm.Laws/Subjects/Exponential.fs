namespace Gmm.Laws

open System
open FsCheck.FSharp
open Gmm

/// Exponential families as subjects.
module internal ExponentialSubject =
    /// The parameters with these mean parameters (K×D×S): the M-step from one row for each component, which has exactly these
    /// statistics. (`ExponentialFamily.create` refuses a definition with wrong maps, which the laws must be able to try.)
    let private ofTensor (family: ExponentialFamily) (means: Tensor) : Result<ExponentialParameters, GmmError> =
        let components = means.shape[0]

        let shaped =
            { Family = family.Name
              Means = means
              Natural = means
              LogPartitions = Tensor.vector (Array.zeroCreate components) }

        ExponentialFamily.maximise
            { family with
                Prior = ConjugatePrior.flat family.Statistics }
            shaped
            { Weight = float components
              LogLikelihood = 0.0
              Counts = Array.create components 1.0
              Sums = [| means.toArray () |] }

    let private ofMeans (family: ExponentialFamily) (means: float[][][]) =
        let shape = [| means.Length; means[0].Length; family.Statistics |]
        Tensor.create shape (means |> Array.collect Array.concat) |> ofTensor family |> GmmError.get

    /// Mean parameters as K arrays of D arrays of S.
    let private meansOf (parameters: ExponentialParameters) : float[][][] =
        let means = parameters.Means
        means.toArray () |> Array.chunkBySize means.shape[2] |> Array.chunkBySize means.shape[1]

    /// Computes ln p(x) of numbers with these mean parameters, by the family's own definition.
    let logDensity (family: ExponentialFamily) (means: float[]) (x: float[]) : float[] =
        let parameters = ofMeans family [| [| means |] |]
        (ExponentialFamily.logDensity family parameters (Tensor.create [| x.Length; 1 |] x)).toArray()

    /// A prior of pseudo-data: ν numbers, the average of whose statistics are possible mean parameters.
    let private believed (column: Column) seed (parameters: ExponentialParameters) =
        let random = Subject.random seed
        let means = meansOf parameters |> Array.concat
        let centre = means[random.Next means.Length]
        let count = 0.1 + 5.0 * random.NextDouble()

        { column.Definition with
            Prior =
                { Sums = centre |> Array.map (fun mean -> count * mean)
                  Count = count } }
        |> ExponentialFamily.components

    let private simpler (column: Column) (parameters: ExponentialParameters) =
        let means = meansOf parameters

        seq {
            for k in 0 .. means.Length - 1 do
                for j in 0 .. means[k].Length - 1 do
                    for simple in column.Means.Shrinker(means[k][j]) do
                        Array.updateAt k (Array.updateAt j simple means[k]) means
        }
        |> Seq.map (ofMeans column.Definition)

    let private edge (column: Column) seed (parameters: ExponentialParameters) =
        let random = Subject.random seed
        let edges = Array.ofList column.Edges

        meansOf parameters
        |> Array.map (Array.map (fun inside -> if random.Next 2 = 0 then inside else edges[random.Next edges.Length]))
        |> ofMeans column.Definition

    let private nodes (column: Column) (parameters: ExponentialParameters) k =
        (meansOf parameters)[k]
        |> List.ofArray
        |> List.map (logDensity column.Definition >> Support.nodes column.Support)
        |> Subject.grid

    /// Makes a subject of an exponential family, with 1 to 3 columns of the same kind. All laws apply, except those whose part of
    /// `column` is None or empty.
    let create (column: Column) : Subject<ExponentialParameters> =
        let family = column.Definition

        { Name = family.Name
          Family =
            ExponentialFamily.components
                { family with
                    Prior = ConjugatePrior.flat family.Statistics }
          Believed = believed column
          MStep = Maximises
          Columns = 1, 3
          Draw =
            fun components columns ->
                column.Means.Generator
                |> Gen.arrayOfLength columns
                |> Gen.arrayOfLength components
                |> Gen.map (ofMeans family)
          Simpler = simpler column
          Choose =
            Some(fun components columns parameters ->
                let means = meansOf parameters
                components |> Array.map (fun k -> columns |> Array.map (fun j -> means[k][j])) |> ofMeans family)
          Row = fun random parameters k -> (meansOf parameters)[k] |> Array.map (family.Sample random)
          Show =
            fun parameters ->
                [ for k, means in Array.indexed (meansOf parameters) do
                      let means = means |> Array.map Numbers.showAll |> String.concat ", "
                      $"component {k}: mean parameters {means}" ]
          Textbook =
            column.Textbook
            |> Option.map (fun logDensity parameters k row ->
                let means = (meansOf parameters)[k]
                Array.map2 logDensity means row |> Array.sum)
          Nodes = Some(nodes column)
          Edge = if column.Edges.IsEmpty then None else Some(edge column)
          Marginals =
            Some(fun parameters k ->
                (meansOf parameters)[k]
                |> Array.mapi (fun j means ->
                    { Name = $"column {j}, mean parameters {Numbers.showAll means}"
                      Of = fun row -> row[j]
                      Support = column.Support
                      LogDensity = logDensity family means })
                |> List.ofArray)
          Exponential = Some(fun parameters -> [ for means in Array.concat (meansOf parameters) -> column, means ]) }
