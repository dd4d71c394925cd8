namespace Gmm

/// The parameters of one part of a product: of some columns.
type PartParameters =
    /// Gaussian columns.
    | GaussianPart of Gaussian
    /// Independent columns of an exponential family.
    | ExponentialPart of ExponentialParameters

/// The parameters of K components whose columns belong to different families.
type Product =
    {
        /// The columns of every part, and its parameters.
        Parts: (int[] * PartParameters) list
    }

/// Components whose columns belong to different families, independent given the component:
/// ln p(x|θₖ) = Σ over parts of ln p(x of its columns|θₖ). One set of responsibilities joins them.
module Product =
    /// Some columns (n×d) of a block x (n×D).
    let private select (columns: int[]) (x: Tensor) =
        let features = x.shape[1]

        let chosen =
            Array.init (features * columns.Length) (fun i ->
                if columns[i % columns.Length] = i / columns.Length then 1.0 else 0.0)

        x.matmul (x.like ([| features; columns.Length |], chosen))

    /// A part in words.
    let internal describePart (columns: int[]) name components =
        let numbers = columns |> Array.map string |> String.concat "; "
        $"{components} {name} on [{numbers}]"

    /// Families and columns in words.
    let internal describe (product: Product) =
        product.Parts
        |> List.map (fun (columns, parameters) ->
            match parameters with
            | GaussianPart gaussian -> describePart columns (Structure.name gaussian.Structure) gaussian.Components
            | ExponentialPart parameters -> describePart columns parameters.Family parameters.Means.shape[0])
        |> String.concat ", "

    /// How many sums the statistics of a part have.
    let private sumsOf parameters =
        match parameters with
        | GaussianPart _ -> 2
        | ExponentialPart _ -> 1

    /// The family of one part as one of any part.
    let rec private embed
        (wrap: 'θ -> PartParameters)
        (unwrap: PartParameters -> 'θ)
        (family: Family<'θ>)
        : Family<PartParameters> =
        { Name = family.Name
          LogDensity = unwrap >> family.LogDensity
          Sums = unwrap >> family.Sums
          Maximise = fun parameters statistics -> family.Maximise (unwrap parameters) statistics |> Result.map wrap
          LogPrior = unwrap >> family.LogPrior
          Form = unwrap >> family.Form
          Misfit = unwrap >> family.Misfit
          Sample = unwrap >> family.Sample
          Means = unwrap >> family.Means
          Features = unwrap >> family.Features
          FreeParameters = unwrap >> family.FreeParameters
          Move = fun move -> unwrap >> family.Move move >> wrap
          Storage =
            { Parameters = unwrap >> family.Storage.Parameters
              OfParameters = family.Storage.OfParameters >> Result.map wrap
              Settings = unwrap >> family.Storage.Settings
              OfSettings =
                fun parameters -> family.Storage.OfSettings(unwrap parameters) >> Result.map (embed wrap unwrap) } }

    let private foreign () = invalidOp "A product's parameters are not of its families."

    /// The parameters of a part that is Gaussian.
    let internal asGaussian part =
        match part with
        | GaussianPart gaussian -> gaussian
        | ExponentialPart _ -> foreign ()

    /// The parameters of a part that is of an exponential family.
    let internal asExponential part =
        match part with
        | ExponentialPart parameters -> parameters
        | GaussianPart _ -> foreign ()

    /// Gaussian columns as a part.
    let gaussian (family: Family<Gaussian>) = family |> embed GaussianPart asGaussian

    /// Columns of an exponential family as a part.
    let exponential (family: Family<ExponentialParameters>) = family |> embed ExponentialPart asExponential

    // ── Storage ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The name of a part's entries.
    let private partName (i: int) = $"part{i}"

    /// What a function makes of the number of every part, its family, columns and parameters, as entries of the part.
    let private partStates (f: Family<PartParameters> -> int[] -> PartParameters -> State) parts (product: Product) =
        List.zip parts product.Parts
        |> List.mapi (fun i (part, (columns, parameters)) -> f part columns parameters |> State.under (partName i))
        |> State.join

    let private toState (parts: Family<PartParameters> list) : Product -> State =
        partStates
            (fun part columns parameters ->
                part.Storage.Parameters parameters |> Map.add "columns" (Tensor.vector (Array.map float columns)))
            parts

    let private ofState (parts: Family<PartParameters> list) (state: State) : Result<Product, GmmError> =
        /// The columns of a part, not more than there are entries to hold them.
        let columns (state: State) =
            result {
                let! numbers = State.vector "columns" state
                let isColumn number = number >= 0.0 && number < 1e9 && number = floor number

                do!
                    GmmError.requireAll
                        [ numbers.toArray () |> Array.forall isColumn, "columns", "whole numbers from 0", string numbers ]

                return numbers.toArray () |> Array.map int
            }

        let part (i, family: Family<PartParameters>) =
            state
            |> State.readPart (partName i) (fun state ->
                result {
                    let! columns = columns state
                    let! parameters = family.Storage.OfParameters state
                    let features = family.Features parameters

                    do!
                        GmmError.requireAll
                            [ columns.Length = features, "columns", $"{features} numbers", string columns.Length ]

                    return columns, parameters
                })

        let components parameters =
            match parameters with
            | GaussianPart gaussian -> gaussian.Components
            | ExponentialPart parameters -> parameters.Means.shape[0]

        result {
            let! parts = List.indexed parts |> GmmError.traverse part
            let all = parts |> Seq.collect fst |> Array.ofSeq
            let counts = parts |> List.map (snd >> components) |> List.distinct
            let text = all |> Array.map float |> Tensor.vector |> string

            do!
                GmmError.requireAll
                    [ Array.sort all = [| 0 .. all.Length - 1 |],
                      "columns of the parts",
                      $"each of 0 to {all.Length - 1} once",
                      text
                      counts.Length = 1, "parts", "of one number of components", $"{counts}" ]

            return { Parts = parts }
        }

    /// The family whose parts are these, in the order of a `Product`'s parts.
    let rec family (parts: Family<PartParameters> list) : Family<Product> =
        let onParts (f: Family<PartParameters> -> int[] -> PartParameters -> 'T) (product: Product) =
            List.map2 (fun part (columns, parameters) -> f part columns parameters) parts product.Parts

        let besides (left: float[,]) (right: float[,]) =
            let width = Array2D.length2 left

            Array2D.init (Array2D.length1 left) (width + Array2D.length2 right) (fun k i ->
                if i < width then left[k, i] else right[k, i - width])

        let maximise (product: Product) (statistics: Statistics) =
            let counts = product.Parts |> List.map (snd >> sumsOf)
            let starts = counts |> List.scan (+) 0

            List.zip3 parts product.Parts (List.pairwise starts)
            |> GmmError.traverse (fun (part, (columns, parameters), (first, next)) ->
                part.Maximise
                    parameters
                    { statistics with
                        Sums = statistics.Sums[first .. next - 1] }
                |> Result.map (fun maximised -> columns, maximised)
                |> Result.mapError (GmmError.ofColumns columns))
            |> Result.map (fun parts -> { Parts = parts })

        /// The forms of the parts, if each has one.
        let form (product: Product) =
            let forms = product |> onParts (fun part columns parameters -> columns, part.Form parameters)

            if forms |> List.forall (snd >> Option.isSome) then
                Some(Form.Product(forms |> List.map (fun (columns, form) -> columns, form.Value)))
            else
                None

        let features (product: Product) = product.Parts |> List.sumBy (fun (columns, _) -> columns.Length)

        let sample product k =
            let draws = product |> onParts (fun part columns parameters -> columns, part.Sample parameters k)

            fun random ->
                let row = Array.zeroCreate (features product)

                for columns, draw in draws do
                    Array.iter2 (fun column number -> row[column] <- number) columns (draw random)

                row

        { Name = parts |> List.map _.Name |> String.concat " × "
          LogDensity =
            fun product x ->
                product
                |> onParts (fun part columns parameters -> part.LogDensity parameters (select columns x))
                |> List.reduce (+)
          Sums =
            fun product x responsibilities ->
                product
                |> onParts (fun part columns parameters -> part.Sums parameters (select columns x) responsibilities)
                |> List.concat
          Maximise = maximise
          LogPrior = onParts (fun part _ -> part.LogPrior) >> List.sum
          Form = form
          Misfit =
            fun product block ->
                product
                |> onParts (fun part columns parameters ->
                    let ascending = Array.sort columns
                    part.Misfit parameters (block.Select ascending) |> Option.map (GmmError.ofColumns ascending))
                |> List.choose id
                |> GmmError.firstCell
          Sample = sample
          Means = onParts (fun part _ -> part.Means) >> List.reduce besides
          Features = features
          FreeParameters = onParts (fun part _ -> part.FreeParameters) >> List.sum
          Move =
            fun move product ->
                { Parts = product |> onParts (fun part columns parameters -> columns, part.Move move parameters) }
          Storage =
            { Parameters = toState parts
              OfParameters = ofState parts
              Settings = partStates (fun part _ -> part.Storage.Settings) parts
              OfSettings =
                fun product state ->
                    List.zip parts product.Parts
                    |> List.indexed
                    |> GmmError.traverse (fun (i, (part, (_, parameters))) ->
                        state |> State.readPart (partName i) (part.Storage.OfSettings parameters))
                    |> Result.map family } }
