namespace Gmm

open System

/// Some columns of the data, and the family they belong to.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Part =
    /// Gaussian columns, of any structure.
    | Gaussian of columns: int[] * options: GaussianOptions
    /// Independent columns of an exponential family.
    | Exponential of columns: int[] * family: ExponentialFamily

/// Parts of a product.
module Part =
    /// The columns of a part.
    let columns part =
        match part with
        | Part.Gaussian(columns, _)
        | Part.Exponential(columns, _) -> columns

    /// Family and columns in words.
    let internal describe part =
        match part with
        | Part.Gaussian(columns, options) -> Product.describePart columns (Structure.name options.Structure)
        | Part.Exponential(columns, family) -> Product.describePart columns family.Name

/// The front door for mixtures of exponential families: Bernoulli, Binomial, Categorical, Poisson, Exponential, or one of
/// your own.
module Mixtures =
    /// One component; k-means start (on the statistics) from seed 0; EM until the objective changes by less than 1e-6, at
    /// most 1000 iterations; no prior on the weights; all cores.
    let defaults<'θ> : MixtureOptions<'θ> =
        { Components = 1
          Start = Start.KMeans
          Restarts = 1
          Seed = 0
          Assignment = Soft
          Tolerance = 1e-6
          MaxIterations = 1000
          WeightPrior = Flat
          Execution = Execution.Default }

    /// A family made ready for data in its domain. Components start halfway between a centre and the mean of all data, in
    /// the space of mean parameters: a convex set, so that they are inside it even where a row, as a 0 or a 1, is on its
    /// edge.
    let private prepare
        execution
        (family: ExponentialFamily)
        (source: Source)
        : Result<Prepared<ExponentialParameters>, GmmError> =
        let width columns = columns * family.Statistics

        let statistics rows columns values =
            (family.Statistic(Reference.engine.Create [| rows; columns |] values)).toArray()

        let features (block: Block) =
            { block with
                Columns = width block.Columns
                Values = ReadOnlyMemory(statistics block.Rows block.Columns block.Values) }

        let ofMeans (means: float[,]) =
            let rows, columns = Array2D.length1 means, Array2D.length2 means
            let values = statistics rows columns (ReadOnlyMemory((Tensor.matrix means).toArray()))
            (Tensor.create [| rows; width columns |] values).toArray2D()

        result {
            do! ExponentialFamily.checkPrior family
            do! source |> Source.requireAll execution (ExponentialFamily.misfit family)

            let all =
                source
                |> Source.map (width source.Columns) features
                |> Start.averages execution 1 (fun block -> Array.create block.Rows 1.0)

            let around (centres: float[,]) =
                let means = centres |> Array2D.mapi (fun _ i centre -> 0.5 * (centre + all[0, i])) |> Tensor.matrix
                ExponentialFamily.create family (means.view [| means.shape[0]; source.Columns; family.Statistics |])

            return
                { Family = ExponentialFamily.components family
                  Surroundings =
                    { Width = width
                      Features = features
                      OfMeans = ofMeans >> Ok
                      Around = around } }
        }

    /// Fits a mixture of an exponential family: EM from every seed, the best objective wins. Errors as `Gmm.fit`, that of a
    /// number outside the family's domain, and that of a component whose likelihood is unbounded.
    let fit
        (family: ExponentialFamily)
        (options: MixtureOptions<ExponentialParameters>)
        (source: Source)
        : Result<Fit<ExponentialParameters>, GmmError> =
        let describe family columns components = $"{family} with {components} components of {columns} columns"
        let expected = describe family.Name source.Columns options.Components

        let start =
            match options.Start with
            | Start.Mixture { Parameters = start } -> describe start.Family start.Means.shape[1] start.Means.shape[0]
            | _ -> expected

        result {
            do! GmmError.requireAll [ start = expected, "Start mixture", expected, start ]
            do! Training.check options source
            let! prepared = prepare options.Execution family source
            return! Training.run prepared options source
        }

    // ── Products ────────────────────────────────────────────────────────────────────────────────────────────────────

    let private preparePart components execution source part : Result<Prepared<PartParameters>, GmmError> =
        let columns = Part.columns part
        let source = source |> Source.map columns.Length _.Select(columns)

        let wrap (family: Family<PartParameters>) (parameters: 'θ -> PartParameters) (prepared: Prepared<'θ>) =
            { Family = family
              Surroundings =
                { Width = prepared.Surroundings.Width
                  Features = (fun block -> prepared.Surroundings.Features(block.Select columns))
                  OfMeans =
                    (fun means ->
                        prepared.Surroundings.OfMeans(
                            Array2D.init (Array2D.length1 means) columns.Length (fun k i -> means[k, columns[i]])
                        ))
                  Around = prepared.Surroundings.Around >> Result.map parameters } }

        match part with
        | Part.Gaussian(_, options) ->
            Gmm.prepare components execution options source
            |> Result.map (fun prepared -> wrap (Product.gaussian prepared.Family) GaussianPart prepared)
        | Part.Exponential(_, family) ->
            prepare execution family source
            |> Result.map (fun prepared -> wrap (Product.exponential prepared.Family) ExponentialPart prepared)
            |> Result.mapError (GmmError.ofColumns columns)

    /// Parts side by side. A start's features are those of the parts, each divided by its standard deviation over the data,
    /// so that k-means weighs them alike.
    let private prepareProduct
        components
        execution
        (parts: Part list)
        (source: Source)
        : Result<Prepared<Product>, GmmError> =
        let columns = parts |> List.map Part.columns

        let sideBySide (matrices: float[,] list) =
            let rows = Array2D.length1 matrices.Head
            array2D [ for i in 0 .. rows - 1 -> Array.concat [ for matrix in matrices -> matrix[i, *] ] ]

        result {
            let! prepared = parts |> GmmError.traverse (preparePart components execution source)
            let surroundings = prepared |> List.map _.Surroundings

            let widths =
                List.map2
                    (fun (columns: int[]) (part: Surroundings<_>) -> part.Width columns.Length)
                    columns
                    surroundings

            let width = List.sum widths

            let concatenated (block: Block) =
                let blocks = surroundings |> List.map (fun part -> part.Features block)

                { block with
                    Columns = width
                    Values =
                        ReadOnlyMemory(
                            Array.concat
                                [ for i in 0 .. block.Rows - 1 do
                                      for part in blocks -> part.Row(i).ToArray() ]
                        ) }

            let! spread = source |> Source.map width concatenated |> Spread.ofSource execution Diag
            let scales = spread.Covariance |> Array.map (fun variance -> if variance > 0.0 then sqrt variance else 1.0)

            let features (block: Block) =
                let raw = concatenated block

                { raw with
                    Values = ReadOnlyMemory(raw.Values.ToArray() |> Array.mapi (fun i x -> x / scales[i % width])) }

            let ofMeans means =
                surroundings
                |> GmmError.traverse (fun part -> part.OfMeans means)
                |> Result.map (sideBySide >> Array2D.mapi (fun _ i x -> x / scales[i]))

            let around (centres: float[,]) =
                let unscaled = centres |> Array2D.mapi (fun _ i x -> x * scales[i])
                let slices = List.zip (List.scan (+) 0 widths |> List.truncate widths.Length) widths

                List.zip surroundings slices
                |> GmmError.traverse (fun (part, (first, width)) -> part.Around unscaled[*, first .. first + width - 1])
                |> Result.map (fun parameters -> { Parts = List.zip columns parameters })

            return
                { Family = prepared |> List.map _.Family |> Product.family
                  Surroundings =
                    { Width = fun _ -> width
                      Features = features
                      OfMeans = ofMeans
                      Around = around } }
        }

    /// Fits a product: the columns of each part have their own family, and one set of responsibilities joins them. Every
    /// column belongs to exactly one part. Errors as `fit`.
    let fitProduct
        (parts: Part list)
        (options: MixtureOptions<Product>)
        (source: Source)
        : Result<Fit<Product>, GmmError> =
        let covered = parts |> Seq.collect Part.columns |> Seq.sort |> List.ofSeq
        let text columns = "[" + String.Join("; ", Seq.map string columns) + "]"
        let expected = parts |> List.map Part.describe |> String.concat ", "

        let start =
            match options.Start with
            | Start.Mixture { Parameters = start } -> Product.describe start
            | _ -> expected

        result {
            do! Training.check options source

            do!
                GmmError.requireAll
                    [ covered = [ 0 .. source.Columns - 1 ],
                      "Columns of the parts",
                      $"each of 0 to {source.Columns - 1} once",
                      text covered
                      start = expected, "Start mixture", expected, start ]

            let! prepared = prepareProduct options.Components options.Execution parts source
            return! Training.run prepared options source
        }
