namespace Gmm.Laws

open FsCheck.FSharp
open Gmm

/// One part of a product on trial: so many columns of a subject.
[<NoEquality; NoComparison>]
type SubjectPart =
    internal
        { Width: int
          Subject: Subject<PartParameters> }

/// Products of subjects.
module internal ProductSubject =
    /// Makes a part of a subject of any kind, with so many columns.
    let part width (subject: Subject<'θ>) : SubjectPart =
        let wrap (parameters: 'θ) = PartParameters<'θ> parameters :> PartParameters
        let unwrap (part: PartParameters) = part.As<'θ>()

        { Width = width
          Subject =
            { Name = subject.Name
              Family = Product.part subject.Family
              Believed = fun seed -> unwrap >> subject.Believed seed >> Product.part
              MStep = subject.MStep
              Columns = subject.Columns
              Draw = fun components columns -> subject.Draw components columns |> Gen.map wrap
              Simpler = unwrap >> subject.Simpler >> Seq.map wrap
              Choose =
                subject.Choose
                |> Option.map (fun choose components columns -> unwrap >> choose components columns >> wrap)
              Row = fun random -> unwrap >> subject.Row random
              Show = unwrap >> subject.Show
              Textbook = subject.Textbook |> Option.map (fun textbook -> unwrap >> textbook)
              Nodes = subject.Nodes |> Option.map (fun nodes -> unwrap >> nodes)
              Edge = subject.Edge |> Option.map (fun edge seed -> unwrap >> edge seed >> wrap)
              Marginals = subject.Marginals |> Option.map (fun marginals -> unwrap >> marginals)
              Exponential = subject.Exponential |> Option.map (fun columns -> unwrap >> columns) } }

    /// Makes a subject of parts side by side, each with its columns.
    let create (parts: SubjectPart list) : Subject<Product> =
        let subjects = parts |> List.map _.Subject

        let columns =
            (0, parts)
            ||> List.mapFold (fun first part -> [| first .. first + part.Width - 1 |], first + part.Width)
            |> fst

        let width = parts |> List.sumBy _.Width
        let product (parameters: PartParameters list) : Product = { Parts = List.zip columns parameters }

        /// Applies a function to every part.
        let onParts (f: Subject<PartParameters> -> PartParameters -> 'T) (product: Product) : 'T list =
            List.map2 (fun subject (_, parameters) -> f subject parameters) subjects product.Parts

        /// Returns the optional functions of all subjects, if every subject has one.
        let onAll (choose: Subject<PartParameters> -> 'F option) : 'F list option =
            let found = subjects |> List.choose choose
            if found.Length = subjects.Length then Some found else None

        let select (row: float[]) (columns: int[]) = columns |> Array.map (fun j -> row[j])

        let simpler (whole: Product) =
            seq {
                for i in 0 .. subjects.Length - 1 do
                    for simple in subjects[i].Simpler(snd whole.Parts[i]) do
                        { Parts = whole.Parts |> List.updateAt i (columns[i], simple) }
            }

        let nodes (each: (PartParameters -> int -> (float[] * float)[] option) list) (whole: Product) k =
            let found = List.map2 (fun nodes (_, parameters) -> nodes parameters k) each whole.Parts

            if List.contains None found then
                None
            else
                // A grid joins numbers, not rows: it joins the places of the parts' rows, which then lie side by side.
                let rows = found |> List.map Option.get

                rows
                |> List.map (Array.mapi (fun i (_, weight) -> float i, weight))
                |> Subject.grid
                |> Option.map (
                    Array.map (fun (chosen, weight) ->
                        rows |> List.mapi (fun part nodes -> fst nodes[int chosen[part]]) |> Array.concat, weight)
                )

        { Name = subjects |> List.map _.Name |> String.concat " × "
          Family = subjects |> List.map _.Family |> Product.family
          Believed = fun seed -> onParts (fun subject -> subject.Believed seed) >> Product.family
          MStep =
            if subjects |> List.forall (fun subject -> subject.MStep = Maximises) then
                Maximises
            else
                Increases
          Columns = width, width
          Draw =
            fun components _ ->
                parts
                |> List.map (fun part -> part.Subject.Draw components part.Width)
                |> Gen.sequenceToList
                |> Gen.map product
          Simpler = simpler
          Choose =
            onAll _.Choose
            |> Option.map (fun each components _ whole ->
                List.map2
                    (fun choose (columns: int[], parameters) ->
                        choose components [| 0 .. columns.Length - 1 |] parameters)
                    each
                    whole.Parts
                |> product)
          Row =
            fun random whole k ->
                whole |> onParts (fun subject parameters -> subject.Row random parameters k) |> Array.concat
          Show =
            onParts (fun subject parameters ->
                subject.Show parameters |> List.map (fun line -> $"{subject.Name}: {line}"))
            >> List.concat
          Textbook =
            onAll _.Textbook
            |> Option.map (fun textbooks whole k row ->
                List.map3
                    (fun textbook (_, parameters) columns -> textbook parameters k (select row columns))
                    textbooks
                    whole.Parts
                    columns
                |> List.sum)
          Nodes = onAll _.Nodes |> Option.map nodes
          Edge =
            onAll _.Edge
            |> Option.map (fun edges seed whole ->
                List.map2 (fun edge (_, parameters) -> edge seed parameters) edges whole.Parts |> product)
          Marginals =
            onAll _.Marginals
            |> Option.map (fun each whole k ->
                List.zip each whole.Parts
                |> List.mapi (fun i (marginals, (columns, parameters)) ->
                    marginals parameters k
                    |> List.map (fun marginal ->
                        { marginal with
                            Name = $"{subjects[i].Name}: {marginal.Name}"
                            Of = fun row -> marginal.Of(select row columns) }))
                |> List.concat)
          Exponential =
            Some(fun whole ->
                whole
                |> onParts (fun subject parameters ->
                    subject.Exponential |> Option.map (fun columns -> columns parameters) |> Option.defaultValue [])
                |> List.concat) }
