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
    let private embed (wrap: 'θ -> PartParameters) (unwrap: PartParameters -> 'θ) embedFamily (subject: Subject<'θ>) =
        { Name = subject.Name
          Family = embedFamily subject.Family
          Believed = fun seed -> unwrap >> subject.Believed seed >> embedFamily
          Columns = subject.Columns
          Draw = fun components columns -> subject.Draw components columns |> Gen.map wrap
          Simpler = unwrap >> subject.Simpler >> Seq.map wrap
          Choose = fun components columns -> unwrap >> subject.Choose components columns >> wrap
          Row = fun random -> unwrap >> subject.Row random
          IsInDomain = subject.IsInDomain
          Show = unwrap >> subject.Show
          Coordinates = unwrap >> subject.Coordinates
          OfCoordinates = fun parameters -> subject.OfCoordinates(unwrap parameters) >> Option.map wrap
          Textbook = subject.Textbook |> Option.map (fun textbook -> unwrap >> textbook)
          Nodes = subject.Nodes |> Option.map (fun nodes -> unwrap >> nodes)
          Edge = subject.Edge |> Option.map (fun edge seed -> unwrap >> edge seed >> wrap)
          Marginals = subject.Marginals |> Option.map (fun marginals -> unwrap >> marginals)
          Exponential = subject.Exponential |> Option.map (fun columns -> unwrap >> columns) }

    /// So many Gaussian columns.
    let gaussian width (subject: Subject<Gaussian>) : SubjectPart =
        let unwrap parameters =
            match parameters with
            | GaussianPart gaussian -> gaussian
            | ExponentialPart _ -> invalidOp "The part is not Gaussian."

        { Width = width
          Subject = embed GaussianPart unwrap Product.gaussian subject }

    /// So many columns of an exponential family.
    let exponential width (subject: Subject<ExponentialParameters>) : SubjectPart =
        let unwrap parameters =
            match parameters with
            | ExponentialPart parameters -> parameters
            | GaussianPart _ -> invalidOp "The part is Gaussian."

        { Width = width
          Subject = embed ExponentialPart unwrap Product.exponential subject }

    /// Parts side by side, each with its columns.
    let create (parts: SubjectPart list) : Subject<Product> =
        let subjects = parts |> List.map _.Subject

        let columns =
            (0, parts)
            ||> List.mapFold (fun first part -> [| first .. first + part.Width - 1 |], first + part.Width)
            |> fst

        let width = parts |> List.sumBy _.Width
        let product (parameters: PartParameters list) = { Parts = List.zip columns parameters }

        /// What a function makes of every part.
        let onParts (f: Subject<PartParameters> -> PartParameters -> 'T) (product: Product) : 'T list =
            List.map2 (fun subject (_, parameters) -> f subject parameters) subjects product.Parts

        /// A function that every part must have.
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

        let ofCoordinates (whole: Product) numbers =
            let lengths = whole |> onParts (fun subject -> subject.Coordinates >> Array.length)
            let starts = List.scan (+) 0 lengths |> List.truncate lengths.Length

            let made =
                List.zip3 subjects whole.Parts (List.zip starts lengths)
                |> List.choose (fun (subject, (_, parameters), (start, length)) ->
                    subject.OfCoordinates parameters (Array.sub numbers start length))

            if made.Length = subjects.Length then Some(product made) else None

        let nodes (each: (PartParameters -> int -> (float[] * float)[] option) list) (whole: Product) k =
            let found = List.map2 (fun nodes (_, parameters) -> nodes parameters k) each whole.Parts

            if List.contains None found then
                None
            else
                // Rows of parts are laid side by side; grids join numbers, so join the numbers of the rows instead.
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
          Columns = width, width
          Draw =
            fun components _ ->
                parts
                |> List.map (fun part -> part.Subject.Draw components part.Width)
                |> Gen.sequenceToList
                |> Gen.map product
          Simpler = simpler
          Choose =
            fun components _ whole ->
                whole
                |> onParts (fun subject parameters ->
                    subject.Choose components [| 0 .. subject.Family.Features parameters - 1 |] parameters)
                |> product
          Row =
            fun random whole k ->
                whole |> onParts (fun subject parameters -> subject.Row random parameters k) |> Array.concat
          IsInDomain =
            fun column ->
                let part = columns |> List.findIndex (Array.contains column)
                subjects[part].IsInDomain(Array.findIndex ((=) column) columns[part])
          Show =
            fun whole k ->
                whole
                |> onParts (fun subject parameters -> $"{subject.Name}: {subject.Show parameters k}")
                |> String.concat "; "
          Coordinates = onParts _.Coordinates >> Array.concat
          OfCoordinates = ofCoordinates
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
