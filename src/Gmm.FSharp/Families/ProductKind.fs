namespace Gmm

open System

/// Some columns of the data and their kind of component.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Part =
    {
        /// The columns, counting from 0.
        Columns: int[]
        /// The kind of component of these columns.
        Kind: Kind<PartParameters>
    }

    member internal part.Display = $"columns {Display.numbers (Seq.map float part.Columns)}: {part.Kind.Name}"

/// Makes parts of a product.
module Part =
    let private wrap (parameters: 'θ) = PartParameters<'θ> parameters :> PartParameters

    let private measured (measured: Measured<'θ>) : Measured<PartParameters> =
        let wrapped = Result.map wrap

        { Family = Product.part measured.Family
          Width = measured.Width
          Features = measured.Features
          AtMeans = measured.AtMeans >> wrapped
          Around = measured.Around >> wrapped
          Provisional = measured.Provisional >> wrapped
          HasEdges = measured.HasEdges
          IsBounded = measured.IsBounded
          Revise = fun seed part -> measured.Revise seed (part.As<'θ>()) |> wrapped
          IsRandom = measured.IsRandom
          Rule = None
          Regularity =
            { Irregular = fun rows part -> measured.Regularity.Irregular rows (part.As<'θ>())
              Widened = fun rows part -> measured.Regularity.Widened rows (part.As<'θ>()) |> wrapped }
          IsExact = measured.IsExact }

    /// Makes a part of some columns and a kind of component: `Part.create [| 0; 2 |] { GaussianKind.defaults with
    /// Structure = Diag }`, `Part.create [| 1 |] Poisson.family`.
    let create (columns: int[]) (kind: Kind<'θ>) : Part =
        { Columns = columns
          Kind =
            { new Kind<PartParameters> with
                member _.Name = kind.Name

                member _.Check(components, columns, start) =
                    match start with
                    | None -> kind.Check(components, columns, None)
                    | Some part ->
                        match part.TryAs<'θ>() with
                        | Some start -> kind.Check(components, columns, Some start)
                        | None -> Error(InvalidOption("Start mixture", kind.Name, string part))

                member _.Misfit block = kind.Misfit block

                member _.Measure(components, source, execution) =
                    result {
                        let! found = kind.Measure(components, source, execution)

                        do!
                            GmmError.requireAll
                                [ found.Rule.IsNone,
                                  "Kind of a part",
                                  "one that EM fits",
                                  $"{kind.Name}, with a rule of its own" ]

                        return measured found
                    } } }

/// Components whose columns belong to different kinds: a list of parts. Every column of the data belongs to exactly one
/// part.
[<NoEquality; NoComparison>]
type ProductKind =
    {
        /// The parts.
        Parts: Part list
    }

    member private kind.CheckColumns columns =
        let covered = kind.Parts |> Seq.collect _.Columns |> Seq.sort |> List.ofSeq
        let text = "[" + String.Join("; ", Seq.map string covered) + "]"

        GmmError.requireAll
            [ kind.Parts |> List.forall (fun part -> part.Columns.Length > 0),
              "Columns of a part",
              "at least one",
              "none"
              covered = [ 0 .. columns - 1 ], "Columns of the parts", $"0 to {columns - 1}, each once", text ]

    member private kind.CheckStart(start: Product option) =
        let describe (columns: int[] list) =
            columns |> List.map (fun columns -> "[" + String.Join("; ", columns) + "]") |> String.concat ", "

        let expected = kind.Parts |> List.map _.Columns

        match start with
        | Some start when List.map fst start.Parts <> expected ->
            let found = List.map fst start.Parts
            Error(InvalidOption("Start mixture", $"a product with the columns {describe expected}", describe found))
        | Some _
        | None -> Ok()

    interface Kind<Product> with
        member _.Name = "product"

        member kind.Check(components, columns, start) =
            let startOf i = start |> Option.map (fun start -> snd start.Parts[i])

            result {
                do! kind.CheckColumns columns
                do! kind.CheckStart start

                return!
                    List.indexed kind.Parts
                    |> GmmError.traverse (fun (i, part) -> part.Kind.Check(components, part.Columns.Length, startOf i))
                    |> Result.map ignore
            }

        member kind.Misfit block =
            kind.Parts
            |> List.choose (fun part ->
                let ascending = Array.sort part.Columns
                part.Kind.Misfit(block.Select ascending) |> Option.map (GmmError.ofColumns ascending))
            |> GmmError.firstCell

        /// Measures the parts. The features of a start are those of the parts, each divided by its standard deviation
        /// over the data, so that k-means gives all of them the same weight.
        member kind.Measure(components, source, execution) =
            /// Measures a part on its own columns and translates the columns in its errors to those of the whole.
            let measureOne (part: Part) =
                source
                |> Source.select part.Columns
                |> fun source -> part.Kind.Measure(components, source, execution)
                |> Result.mapError (GmmError.ofColumns part.Columns)

            result {
                let! measured = kind.Parts |> GmmError.traverse measureOne
                let parts = List.zip kind.Parts measured
                let widths = measured |> List.map _.Width
                let width = List.sum widths

                let concatenated (block: Block) =
                    let blocks =
                        parts |> List.map (fun (part, measured) -> measured.Features(block.Select part.Columns))

                    { block with
                        Columns = width
                        Numbers =
                            Array.concat
                                [ for i in 0 .. block.Rows - 1 do
                                      for part in blocks -> part.Row(i).ToArray() ]
                            |> ReadOnlyMemory
                            |> Numbers.Float64 }

                let data =
                    source
                    |> Survey.forStarts components execution
                    |> Source.map width concatenated
                    |> DataCovariance.ofSource execution (Layout.own Shape.Diag)

                let scales =
                    data.Covariance |> Array.map (fun variance -> if variance > 0.0 then sqrt variance else 1.0)

                let features (block: Block) =
                    let raw = concatenated block
                    let scaled = raw.Values.ToArray() |> Array.mapi (fun i x -> x / scales[i % width])

                    { raw with
                        Numbers = Numbers.Float64(ReadOnlyMemory scaled) }

                let product parameters : Product = { Parts = List.zip (kind.Parts |> List.map _.Columns) parameters }

                /// Joins the parameters that each part makes from its columns of the given numbers.
                let ofParts make (numbers: (Part * Measured<PartParameters>) list -> float[,] list) =
                    List.zip parts (numbers parts)
                    |> GmmError.traverse (fun ((part, measured), numbers) ->
                        make measured numbers |> Result.mapError (GmmError.ofColumns part.Columns))
                    |> Result.map product

                let atMeans (means: float[,]) =
                    ofParts
                        _.AtMeans
                        (List.map (fun (part, _) ->
                            Array2D.init (Array2D.length1 means) part.Columns.Length (fun k i ->
                                means[k, part.Columns[i]])))

                let ofShares make (centres: float[,]) =
                    let unscaled = centres |> Array2D.mapi (fun _ i x -> x * scales[i])
                    let firsts = List.scan (+) 0 widths |> List.truncate widths.Length

                    ofParts make (fun _ ->
                        List.map2 (fun first width -> unscaled[*, first .. first + width - 1]) firsts widths)

                /// Changes the parameters of every part.
                let change (ofPart: Measured<PartParameters> -> PartParameters -> Result<PartParameters, GmmError>) =
                    fun (product: Product) ->
                        List.zip measured product.Parts
                        |> GmmError.traverse (fun (part, (columns, parameters)) ->
                            ofPart part parameters
                            |> Result.map (fun changed -> columns, changed)
                            |> Result.mapError (GmmError.ofColumns columns))
                        |> Result.map (fun parts -> { Parts = parts }: Product)

                let irregular rows (product: Product) =
                    let ofParts =
                        List.map2
                            (fun (part: Measured<PartParameters>) (_, parameters) ->
                                part.Regularity.Irregular rows parameters)
                            measured
                            product.Parts

                    { OnFloor = ofParts |> List.collect _.OnFloor |> List.distinct
                      FewRows = ofParts |> List.collect _.FewRows |> List.distinct }

                return
                    { Family = measured |> List.map _.Family |> Product.family
                      Width = width
                      Features = features
                      AtMeans = atMeans
                      Around = ofShares _.Around
                      Provisional = ofShares _.Provisional
                      HasEdges = measured |> List.exists _.HasEdges
                      IsBounded = measured |> List.exists _.IsBounded
                      Revise = fun seed -> change (fun part -> part.Revise seed)
                      IsRandom = measured |> List.exists _.IsRandom
                      Rule = None
                      Regularity =
                        { Irregular = irregular
                          Widened = fun rows -> change (fun part -> part.Regularity.Widened rows) }
                      IsExact = measured |> List.forall _.IsExact }
            }

/// Makes products as kinds of component.
module ProductKind =
    /// Makes a product of parts: the columns of each part have their own kind, and one set of responsibilities joins
    /// the parts. Every column belongs to exactly one part.
    let ofParts (parts: Part list) : ProductKind = { Parts = parts }
