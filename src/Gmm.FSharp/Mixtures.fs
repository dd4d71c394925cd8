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

    /// What is wrong with the first number of a block that is outside the domain of its part's family, if any.
    let internal misfit part (block: Block) : GmmError option =
        match part with
        | Part.Gaussian _ -> None
        | Part.Exponential(columns, family) ->
            let ascending = Array.sort columns
            ExponentialFamily.misfit family (block.Select ascending) |> Option.map (GmmError.ofColumns ascending)

    /// Family and columns in words.
    let internal describe components part =
        match part with
        | Part.Gaussian(columns, options) -> Product.describePart columns (Structure.name options.Structure) components
        | Part.Exponential(columns, family) -> Product.describePart columns family.Name components

/// The front door for mixtures of exponential families: Bernoulli, Binomial, Categorical, Poisson, Exponential, or one of
/// your own.
module Mixtures =
    /// One component; k-means start (on the statistics) from seed 0; EM until the objective changes by less than 1e-6, at
    /// most 1000 iterations; no prior on the weights; all cores.
    let defaults<'θ> : MixtureOptions<'θ> =
        { Components = 1
          Start = Start.KMeans
          StartWeights = None
          Restarts = 1
          Seed = 0
          Assignment = Soft
          Tolerance = 1e-6
          MaxIterations = 1000
          WeightPrior = Flat
          Progress = ignore
          Verbose = false
          VerboseInterval = 10
          History = false
          Execution = Execution.Default
          Device = Device.Cpu }

    /// A family whose prior is checked; what is left is to check and measure the data. Components start halfway between a
    /// centre and the mean of all data, in the space of mean parameters: a convex set, so that they are inside it even where
    /// a row, as a 0 or a 1, is on its edge. Given means are taken as they are.
    let private prepare execution (family: ExponentialFamily) =
        let width columns = columns * family.Statistics

        let statistics rows columns values =
            (family.Statistic(Reference.engine.Create [| rows; columns |] values)).toArray()

        let features (block: Block) =
            { block with
                Columns = width block.Columns
                Numbers = Numbers.Float64(ReadOnlyMemory(statistics block.Rows block.Columns block.Values)) }

        let atMeans (means: float[,]) =
            let parameters (means: float[,]) =
                let rows, columns = Array2D.length1 means, Array2D.length2 means

                statistics rows columns (ReadOnlyMemory((Tensor.matrix means).toArray()))
                |> Tensor.create [| rows; columns; family.Statistics |]
                |> ExponentialFamily.create family

            let isImpossible k = Result.isError (parameters means[k..k, *])

            match Seq.tryFind isImpossible (seq { 0 .. Array2D.length1 means - 1 }) with
            | Some k ->
                let numbers = string (Tensor.vector means[k, *])
                Error(InvalidOption($"Start means[{k}]", $"possible means of {family.Name}", numbers))
            | None -> parameters means

        let measure (source: Source) : Result<Prepared<ExponentialParameters>, GmmError> =
            result {
                do! source |> Source.requireAll execution (ExponentialFamily.misfit family)

                let all =
                    source
                    |> Source.map (width source.Columns) features
                    |> Start.averages execution 1 (fun block -> Array.create block.Rows 1.0)

                let around (centres: float[,]) =
                    let means = centres |> Array2D.mapi (fun _ i centre -> 0.5 * (centre + all[0, i])) |> Tensor.matrix

                    means.view [| means.shape[0]; source.Columns; family.Statistics |]
                    |> ExponentialFamily.ofMeans family

                return
                    { Family = ExponentialFamily.components family
                      Surroundings =
                        { Width = width
                          Features = features
                          AtMeans = atMeans
                          Around = around
                          Provisional = around
                          HasEdges = true
                          Revise = fun _ -> Ok
                          IsRandom = false } }
            }

        ExponentialFamily.checkPrior family |> Result.map (fun () -> measure)

    let private describe (family: ExponentialFamily) components columns =
        $"{family.Name} with {components} components of {columns} columns"

    /// A start in words, as `describe` has them when it is one of the family.
    let private describeStart (family: ExponentialFamily) (start: ExponentialParameters) =
        let components, columns = start.Means.shape[0], start.Means.shape[1]

        if start.Family = family.Name && Result.isError (ExponentialFamily.create family start.Means) then
            $"{family.Name} of other parameters (trials, levels)"
        else
            describe { family with Name = start.Family } components columns

    /// Fits a mixture of an exponential family: EM from every seed, the best objective wins. Errors as `Gmm.fit`, that of a
    /// number outside the family's domain, and that of a component whose likelihood is unbounded.
    let fit
        (family: ExponentialFamily)
        (options: MixtureOptions<ExponentialParameters>)
        (source: Source)
        : Result<Fit<ExponentialParameters>, GmmError> =
        let expected = describe family options.Components source.Columns

        let start =
            match options.Start with
            | Start.Mixture { Parameters = start } -> describeStart family start
            | _ -> expected

        result {
            do! GmmError.requireAll [ start = expected, "Start mixture", expected, start ]
            do! Training.check options source
            let! measure = prepare options.Execution family
            do! Source.validate options.Execution source
            let! prepared = measure source
            return! Verbose.run options (fun options -> Training.run prepared options source)
        }

    // ── Products ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// A part of a product, checked; what is left is to measure the whole data.
    let private preparePart components execution part =
        let columns = Part.columns part

        let ofWhole measure family wrap unwrap (source: Source) : Result<Prepared<PartParameters>, GmmError> =
            source
            |> Source.map columns.Length _.Select(columns)
            |> measure
            |> Result.mapError (GmmError.ofColumns columns)
            |> Result.map (fun (prepared: Prepared<'θ>) ->
                let chosen (means: float[,]) =
                    Array2D.init (Array2D.length1 means) columns.Length (fun k i -> means[k, columns[i]])

                let wrapped = Result.map wrap >> Result.mapError (GmmError.ofColumns columns)

                { Family = family prepared.Family
                  Surroundings =
                    { Width = prepared.Surroundings.Width
                      Features = fun block -> prepared.Surroundings.Features(block.Select columns)
                      AtMeans = chosen >> prepared.Surroundings.AtMeans >> wrapped
                      Around = prepared.Surroundings.Around >> wrapped
                      Provisional = prepared.Surroundings.Provisional >> wrapped
                      HasEdges = prepared.Surroundings.HasEdges
                      Revise = fun seed -> unwrap >> prepared.Surroundings.Revise seed >> wrapped
                      IsRandom = prepared.Surroundings.IsRandom } })

        match part with
        | Part.Gaussian(_, options) ->
            Gmm.prepare components columns.Length execution options
            |> Result.map (fun measure -> ofWhole measure Product.gaussian GaussianPart Product.asGaussian)
        | Part.Exponential(_, family) ->
            prepare execution family
            |> Result.map (fun measure -> ofWhole measure Product.exponential ExponentialPart Product.asExponential)

    /// Parts side by side. A start's features are those of the parts, each divided by its standard deviation over the data,
    /// so that k-means weighs them alike.
    let private measureProduct execution columns measures (source: Source) : Result<Prepared<Product>, GmmError> =
        result {
            let! prepared = measures |> GmmError.traverse (fun measure -> measure source)
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
                    Numbers =
                        Array.concat
                            [ for i in 0 .. block.Rows - 1 do
                                  for part in blocks -> part.Row(i).ToArray() ]
                        |> ReadOnlyMemory
                        |> Numbers.Float64 }

            let! spread = source |> Source.map width concatenated |> Spread.ofSource execution Diag
            let scales = spread.Covariance |> Array.map (fun variance -> if variance > 0.0 then sqrt variance else 1.0)

            let features (block: Block) =
                let raw = concatenated block
                let scaled = raw.Values.ToArray() |> Array.mapi (fun i x -> x / scales[i % width])

                { raw with
                    Numbers = Numbers.Float64(ReadOnlyMemory scaled) }

            let product parameters = { Parts = List.zip columns parameters }

            let atMeans means = surroundings |> GmmError.traverse (fun part -> part.AtMeans means) |> Result.map product

            /// What a function of each part makes of its share of the centres.
            let ofShares f (centres: float[,]) =
                let unscaled = centres |> Array2D.mapi (fun _ i x -> x * scales[i])
                let slices = List.zip (List.scan (+) 0 widths |> List.truncate widths.Length) widths

                List.zip surroundings slices
                |> GmmError.traverse (fun (part, (first, width)) -> f part unscaled[*, first .. first + width - 1])
                |> Result.map product

            return
                { Family = prepared |> List.map _.Family |> Product.family
                  Surroundings =
                    { Width = fun _ -> width
                      Features = features
                      AtMeans = atMeans
                      Around = ofShares _.Around
                      Provisional = ofShares _.Provisional
                      HasEdges = surroundings |> List.exists _.HasEdges
                      Revise =
                        fun seed product ->
                            List.zip surroundings product.Parts
                            |> GmmError.traverse (fun (part, (columns, parameters)) ->
                                part.Revise seed parameters |> Result.map (fun revised -> columns, revised))
                            |> Result.map (fun parts -> { Parts = parts })
                      IsRandom = surroundings |> List.exists _.IsRandom } }
        }

    /// Fits a product: the columns of each part have their own family, and one set of responsibilities joins them. Every
    /// column belongs to exactly one part. Errors as `fit`.
    let fitProduct
        (parts: Part list)
        (options: MixtureOptions<Product>)
        (source: Source)
        : Result<Fit<Product>, GmmError> =
        let misfit block = parts |> List.choose (fun part -> Part.misfit part block) |> GmmError.firstCell

        let covered = parts |> Seq.collect Part.columns |> Seq.sort |> List.ofSeq
        let text columns = "[" + String.Join("; ", Seq.map string columns) + "]"
        let expected = parts |> List.map (Part.describe options.Components) |> String.concat ", "

        let start =
            match options.Start with
            | Start.Mixture { Parameters = start } ->
                let isOf part (_, parameters) =
                    match part, parameters with
                    | Part.Exponential(_, family), ExponentialPart start ->
                        Result.isOk (ExponentialFamily.create family start.Means)
                    | _ -> true

                let isMatching = Product.describe start = expected && List.forall2 isOf parts start.Parts
                if isMatching then expected else Product.describe start + " of other parameters"
            | _ -> expected

        result {
            do!
                GmmError.requireAll
                    [ parts |> List.forall (fun part -> (Part.columns part).Length > 0),
                      "Columns of a part",
                      "at least one",
                      "none"
                      covered = [ 0 .. source.Columns - 1 ],
                      "Columns of the parts",
                      $"each of 0 to {source.Columns - 1} once",
                      text covered
                      start = expected, "Start mixture", expected, start ]

            do! Training.check options source
            let! measures = parts |> GmmError.traverse (preparePart options.Components options.Execution)
            do! Source.validate options.Execution source
            do! source |> Source.requireAll options.Execution misfit
            let! prepared = measureProduct options.Execution (List.map Part.columns parts) measures source
            return! Verbose.run options (fun options -> Training.run prepared options source)
        }
