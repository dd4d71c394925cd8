namespace Gmm

open System

/// The parameters of one part of a product, of any kind. `part.As<Gaussian>()` returns them as parameters of one kind.
[<AbstractClass>]
type PartParameters internal () =
    /// Returns the parameters as 'θ, if they have that type.
    abstract TryAs<'θ> : unit -> 'θ option

    /// Returns the parameters as 'θ. Throws InvalidOperationException when they have another type.
    member part.As<'θ>() : 'θ =
        match part.TryAs<'θ>() with
        | Some parameters -> parameters
        | None -> invalidOp $"The part's parameters are {part}, not {typeof<'θ>.Name}."

/// The parameters of one part of a product, of one kind.
[<Sealed; StructuredFormatDisplay("{Parameters}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type PartParameters<'φ>(parameters: 'φ) =
    inherit PartParameters()

    /// The parameters.
    member _.Parameters = parameters

    override part.TryAs<'θ>() : 'θ option =
        match part :> PartParameters with
        | :? PartParameters<'θ> as same -> Some same.Parameters
        | _ -> None

    override _.Equals other =
        match other with
        | :? PartParameters<'φ> as other -> Unchecked.equals parameters other.Parameters
        | _ -> false

    override _.GetHashCode() = Unchecked.hash parameters
    override _.ToString() = typeof<'φ>.Name

/// The parameters of K components whose columns belong to different kinds.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Product =
    {
        /// The columns of every part, and its parameters.
        Parts: (int[] * PartParameters) list
    }

    member internal product.Display =
        let part (columns: int[], parameters: PartParameters) =
            let text = $"%A{parameters}"
            $"columns {Display.numbers (Seq.map float columns)}: " + text.Replace("\n", "\n  ")

        Display.count product.Parts.Length "part" :: List.map part product.Parts |> String.concat "\n"

/// Components whose columns belong to different families, independent given the component:
/// ln p(x|θₖ) = Σ over parts of ln p(x of its columns|θₖ). One set of responsibilities joins them.
module Product =
    /// Returns the parameters of part i as 'θ. Throws InvalidOperationException when they have another type.
    let parameters<'θ> (i: int) (product: Product) : 'θ = (snd product.Parts[i]).As<'θ>()

    /// Returns some columns (n×d) of a block x (n×D).
    let private select (columns: int[]) (x: Tensor) =
        let features = x.shape[1]

        let chosen =
            Array.init (features * columns.Length) (fun i ->
                if columns[i % columns.Length] = i / columns.Length then 1.0 else 0.0)

        x.matmul (x.like ([| features; columns.Length |], chosen))

    let private wrap (parameters: 'θ) = PartParameters<'θ> parameters :> PartParameters
    let private unwrap (part: PartParameters) : 'θ = part.As<'θ>()

    /// Returns a family as one that a part of a product can have.
    let rec part (family: Family<'θ>) : Family<PartParameters> =
        { Name = family.Name
          LogDensity = unwrap >> family.LogDensity
          Sums = unwrap >> family.Sums
          SumLengths = unwrap >> family.SumLengths
          Maximise = fun parameters statistics -> family.Maximise (unwrap parameters) statistics |> Result.map wrap
          Recentre = fun from target -> family.Recentre (unwrap from) (unwrap target)
          LogPrior = unwrap >> family.LogPrior
          Form = unwrap >> family.Form
          Misfit =
            unwrap
            >> family.Misfit
            |> NumberwiseMisfit.withTests (
                NumberwiseMisfit.tests family.Misfit |> Option.map (fun tests -> unwrap >> tests)
            )
          Sample = unwrap >> family.Sample
          Means = unwrap >> family.Means
          Features = unwrap >> family.Features
          FreeParameters = unwrap >> family.FreeParameters
          Move = fun move -> unwrap >> family.Move move >> wrap
          Coordinates =
            { Names = unwrap >> family.Coordinates.Names
              OfParameters = unwrap >> family.Coordinates.OfParameters
              Units = unwrap >> family.Coordinates.Units
              ToParameters = fun like -> family.Coordinates.ToParameters(unwrap like) >> Result.map wrap
              Parameters = unwrap >> family.Coordinates.Parameters }
          Noise = None
          Storage =
            { Parameters = unwrap >> family.Storage.Parameters
              OfParameters = family.Storage.OfParameters >> Result.map wrap
              Settings = unwrap >> family.Storage.Settings
              OfSettings = fun parameters -> family.Storage.OfSettings(unwrap parameters) >> Result.map part }
          Missing =
            family.Missing
            |> Option.map (fun cells ->
                { Restrict = fun observed -> unwrap >> cells.Restrict observed >> wrap
                  Lift = fun observed -> unwrap >> cells.Lift observed
                  Complete = fun observed -> unwrap >> cells.Complete observed }) }

    // ── Storage ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the prefix of a part's entries.
    let internal partName (i: int) = $"part{i}"

    /// Joins the entries that a function returns for every part.
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
        /// Returns the columns of a part. There are no more columns than entries to hold them.
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
                            [ columns.Length = features,
                              "columns",
                              Display.count features "number",
                              string columns.Length ]

                    return columns, parameters
                })

        let components (family: Family<PartParameters>) (_, parameters) = Array2D.length1 (family.Means parameters)

        result {
            let! found = List.indexed parts |> GmmError.traverse part
            let all = found |> Seq.collect fst |> Array.ofSeq
            let counts = List.map2 components parts found |> List.distinct
            let text = all |> Array.map float |> Tensor.vector |> string

            do!
                GmmError.requireAll
                    [ Array.sort all = [| 0 .. all.Length - 1 |],
                      "columns of the parts",
                      $"0 to {all.Length - 1}, each once",
                      text
                      counts.Length = 1, "parts", "parts with equal numbers of components", $"{counts}" ]

            return { Parts = found }
        }

    // ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

    [<Literal>]
    let private Separator = " × "

    /// The name of a product: those of its parts, joined; a product among them stands in parentheses.
    let private nameOf (parts: string list) =
        parts
        |> List.map (fun name -> if name.Contains Separator then $"({name})" else name)
        |> String.concat Separator

    /// The names of the parts of a product.
    let internal partNames (name: string) : string list =
        /// Joins what was split within parentheses.
        let rec join (pieces: string list) =
            match pieces with
            | [] -> []
            | piece :: rest ->
                let depth =
                    Seq.sumBy
                        (fun c ->
                            if c = '(' then 1
                            elif c = ')' then -1
                            else 0)
                        piece

                match rest with
                | next :: others when depth > 0 -> join ($"{piece}{Separator}{next}" :: others)
                | _ -> piece :: join rest

        name.Split Separator
        |> List.ofArray
        |> join
        |> List.map (fun part ->
            if part.StartsWith '(' && part.EndsWith ')' && part.Contains Separator then
                part[1 .. part.Length - 2]
            else
                part)

    // ── Missing cells ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the places of the observed ones among the columns of a part.
    let private observedOf (observed: int[]) (columns: int[]) : int[] =
        Array.init columns.Length id |> Array.filter (fun i -> Array.contains columns[i] observed)

    /// Returns the treatment of missing cells, if every part has one. Parts are independent given the component, so
    /// each treats its own columns. A part without an observed column stays in the restricted product, with no columns.
    let private missingCells (parts: Family<PartParameters> list) : IncompleteRows<Product> option =
        let treatments = parts |> List.choose _.Missing

        let restrict (observed: int[]) (product: Product) =
            let ofPart (cells: IncompleteRows<PartParameters>) (columns, parameters) =
                match observedOf observed columns with
                | [||] -> [||], parameters
                | own -> own |> Array.map (fun i -> Array.IndexOf(observed, columns[i])), cells.Restrict own parameters

            { Parts = List.map2 ofPart treatments product.Parts }

        let lift (observed: int[]) (product: Product) (statistics: Statistics) =
            /// Lifts the sums of one part, which are the first of the remaining ones; returns the others.
            let ofPart
                rest
                ((part: Family<PartParameters>, cells: IncompleteRows<PartParameters>), (columns, parameters))
                =
                let own = observedOf observed columns
                let count = if own.Length = 0 then 0 else (part.SumLengths parameters).Length
                let sums, others = Array.splitAt count rest
                (cells.Lift own parameters { statistics with Sums = sums }).Sums, others

            let lifted, _ = List.zip (List.zip parts treatments) product.Parts |> List.mapFold ofPart statistics.Sums

            { statistics with
                Sums = Array.concat lifted }

        let complete (observed: int[]) (product: Product) k =
            let prepare (cells: IncompleteRows<PartParameters>) (columns: int[], parameters) =
                let own = observedOf observed columns
                let places = own |> Array.map (fun i -> Array.IndexOf(observed, columns[i]))
                columns, places, cells.Complete own parameters k

            let ofParts = List.map2 prepare treatments product.Parts

            fun (numbers: float[]) ->
                let row = ofParts |> List.sumBy (fun (columns, _, _) -> columns.Length) |> Array.zeroCreate

                for columns, places, complete in ofParts do
                    let completed = places |> Array.map (fun place -> numbers[place]) |> complete
                    Array.iter2 (fun column number -> row[column] <- number) columns completed

                row

        if treatments.Length = parts.Length then
            Some
                { Restrict = restrict
                  Lift = lift
                  Complete = complete }
        else
            None

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the product of families, in the order of a `Product`'s parts: see `Product.part`.
    let rec family (parts: Family<PartParameters> list) : Family<Product> =
        /// Applies a function to every part that has columns: without observed cells, a part has none.
        let onParts (f: Family<PartParameters> -> int[] -> PartParameters -> 'T) (product: Product) : 'T list =
            List.zip parts product.Parts
            |> List.filter (fun (_, (columns, _)) -> columns.Length > 0)
            |> List.map (fun (part, (columns, parameters)) -> f part columns parameters)

        /// Cuts numbers into those of the parts, which lie one after another.
        let shares
            (lengthOf: Family<PartParameters> -> PartParameters -> int)
            (product: Product)
            (numbers: 'T[])
            : 'T[] list =
            let lengths = product |> onParts (fun part _ -> lengthOf part)
            let starts = List.scan (+) 0 lengths
            List.map2 (fun start length -> Array.sub numbers start length) (List.truncate lengths.Length starts) lengths

        let sharesOfSums = shares (fun part parameters -> (part.SumLengths parameters).Length)

        let besides (left: float[,]) (right: float[,]) =
            let width = Array2D.length2 left

            Array2D.init (Array2D.length1 left) (width + Array2D.length2 right) (fun k i ->
                if i < width then left[k, i] else right[k, i - width])

        let maximise (product: Product) (statistics: Statistics) =
            List.zip3 parts product.Parts (sharesOfSums product statistics.Sums)
            |> GmmError.traverse (fun (part, (columns, parameters), sums) ->
                part.Maximise parameters { statistics with Sums = sums }
                |> Result.map (fun maximised -> columns, maximised)
                |> Result.mapError (GmmError.ofColumns columns))
            |> Result.map (fun parts -> { Parts = parts })

        let recentre (from: Product) (target: Product) (statistics: Statistics) =
            let ofPart (part: Family<PartParameters>) ((_, from), (_, target)) sums =
                (part.Recentre from target { statistics with Sums = sums }).Sums

            { statistics with
                Sums =
                    List.map3 ofPart parts (List.zip from.Parts target.Parts) (sharesOfSums from statistics.Sums)
                    |> Array.concat }

        /// Returns the forms of the parts, if each part has one.
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

        let toParameters (like: Product) (numbers: float[]) =
            shares (fun part -> part.FreeParameters) like numbers
            |> List.zip3 parts like.Parts
            |> GmmError.traverse (fun (part, (columns, parameters), numbers) ->
                part.Coordinates.ToParameters parameters numbers |> Result.map (fun found -> columns, found))
            |> Result.map (fun parts -> { Parts = parts })

        let nameIn i name = $"{partName i}.{name}"

        let misfit (product: Product) (block: Block) =
            product
            |> onParts (fun part columns parameters ->
                let ascending = Array.sort columns
                part.Misfit parameters (block.Select ascending) |> Option.map (GmmError.ofColumns ascending))
            |> List.choose id
            |> GmmError.firstCell

        /// Returns the tests of the columns, if every part has them.
        let tests =
            let ofParts = parts |> List.map (fun part -> NumberwiseMisfit.tests part.Misfit)

            if ofParts |> List.forall Option.isSome then
                Some(fun (product: Product) ->
                    let all: ColumnTest[] = Array.zeroCreate (features product)

                    for tests, (columns, parameters) in List.zip ofParts product.Parts do
                        Array.iter2 (fun column test -> all[column] <- test) columns (tests.Value parameters)

                    all)
            else
                None

        { Name = parts |> List.map _.Name |> nameOf
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
          SumLengths = onParts (fun part _ -> part.SumLengths) >> Array.concat
          Maximise = maximise
          Recentre = recentre
          LogPrior = onParts (fun part _ -> part.LogPrior) >> List.sum
          Form = form
          Misfit = misfit |> NumberwiseMisfit.withTests tests
          Sample = sample
          Means = onParts (fun part _ -> part.Means) >> List.reduce besides
          Features = features
          FreeParameters = onParts (fun part _ -> part.FreeParameters) >> List.sum
          Move =
            fun move product ->
                { Parts =
                    List.map2 (fun part (columns, parameters) -> columns, part.Move move parameters) parts product.Parts }
          Coordinates =
            { Names =
                onParts (fun part _ -> part.Coordinates.Names)
                >> List.mapi (fun i -> Array.map (nameIn i))
                >> Array.concat
              OfParameters = onParts (fun part _ -> part.Coordinates.OfParameters) >> Array.concat
              Units = onParts (fun part _ -> part.Coordinates.Units) >> Array.concat
              ToParameters = toParameters
              Parameters =
                onParts (fun part _ -> part.Coordinates.Parameters)
                >> List.mapi (fun i -> Array.map (fun (name, value) -> nameIn i name, value))
                >> Array.concat }
          Noise = None
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
                    |> Result.map family }
          Missing = missingCells parts }
