namespace Gmm

open System

/// The parameters of K multinomial components.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Multinomial =
    {
        /// The probabilities p of the columns (K×D); each row sums to 1.
        Probabilities: Tensor
        /// The mean total of a row of the data, which only draws need: they have this total, rounded.
        Total: float
    }

    member internal parameters.Display =
        let shape, numbers = parameters.Probabilities.shape, parameters.Probabilities.toArray2D ()
        let components, columns = Display.count shape[0] "component", Display.count shape[1] "column"

        Display.components $"multinomial, {components} of {columns}" shape[0] (fun k ->
            $"probabilities {Display.numbers numbers[k, *]}")

/// Rows of counts, such as the words of a text: p(x) = n!/Πⱼxⱼ! Πⱼ pⱼ^xⱼ, where n is the total of the row, which may differ
/// between rows (Bishop, PRML, 2006, §2.2).
module Multinomial =
    let private name = "multinomial"

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the parameters with these probabilities (K×D) and the total of draws. Error unless there are 2 columns or more,
    /// every number is 0 or more, every row sums to 1 within 1e-6, and the total is 0 or more and finite.
    let create (total: float) (probabilities: float[,]) : Result<Multinomial, GmmError> =
        let columns = Array2D.length2 probabilities

        let isRow k =
            Array.forall (fun p -> p >= 0.0) probabilities[k, *] && abs (Array.sum probabilities[k, *] - 1.0) <= 1e-6

        let bad = seq { 0 .. Array2D.length1 probabilities - 1 } |> Seq.tryFind (isRow >> not)

        GmmError.requireAll
            [ columns >= 2, "Probabilities", "of 2 columns or more", $"of {columns}"
              bad.IsNone,
              "Probabilities",
              "0 or more with a sum of 1 over the columns",
              (match bad with
               | Some k -> string (Tensor.vector probabilities[k, *])
               | None -> "")
              total >= 0.0 && total < infinity, "Total", "0 or more, and finite", string total ]
        |> Result.map (fun () ->
            { Probabilities = Tensor.matrix probabilities
              Total = total })

    /// Returns the probabilities p (K×D).
    let probabilities (parameters: Multinomial) : float[,] = parameters.Probabilities.toArray2D ()

    /// Returns ln p (K×D), with −1e305 for ln 0.
    let private natural (parameters: Multinomial) : Tensor =
        parameters.Probabilities.toArray ()
        |> Array.map (log >> max Limits.minusInfinity)
        |> Tensor.create parameters.Probabilities.shape

    // ── Density and statistics ──────────────────────────────────────────────────────────────────────────────────────

    /// Returns T(x) = (x, ln n!) (n×(D+1)) of a block x (n×D): ln n! is a statistic whose natural parameter is 1.
    let private statistic (x: Tensor) : Tensor =
        let rows, columns = x.shape[0], x.shape[1]

        let place =
            Array.init (columns * (columns + 1)) (fun i -> if i / (columns + 1) = i % (columns + 1) then 1.0 else 0.0)

        let last = Array.init (columns + 1) (fun j -> if j = columns then 1.0 else 0.0)
        let totals = (x.sum 1).toArray() |> Array.map Special.logFactorial

        x.matmul (x.like ([| columns; columns + 1 |], place))
        + x.like ([| rows; 1 |], totals) * x.like ([| columns + 1 |], last)

    let private logBase x = -(Special.logFactorial x)

    /// Returns the natural parameters of T(x) (K×(D+1)).
    let private naturalOfStatistic (parameters: Multinomial) : Tensor =
        let eta = (natural parameters).toArray2D()
        let columns = Array2D.length2 eta

        Array2D.init (Array2D.length1 eta) (columns + 1) (fun k j -> if j = columns then 1.0 else eta[k, j])
        |> Tensor.matrix

    /// Returns ln p(xₙ|θₖ) (n×K) for the rows of a block x (n×D).
    let logDensity (parameters: Multinomial) (x: Tensor) : Tensor =
        let eta = naturalOfStatistic parameters
        let bases = x.like (x.shape, x.toArray () |> Array.map logBase)
        let across = (x.like (eta.shape, eta.toArray ())).transpose(0, 1)
        (statistic x).matmul across + (bases.sum 1).unsqueeze 1

    /// Returns Σₙ rₙₖ T(xₙ) (K×(D+1)) of a block x (n×D) under responsibilities (n×K).
    let sums (x: Tensor) (responsibilities: Tensor) : Tensor list =
        [ (responsibilities.transpose (0, 1)).matmul(statistic x) ]

    let private form (parameters: Multinomial) : Form =
        Form.Linear(
            statistic,
            logBase,
            naturalOfStatistic parameters,
            Array.zeroCreate parameters.Probabilities.shape[0]
        )

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns α of every column (D): 1 without a prior.
    let private alphaOf columns (prior: float[] option) =
        prior |> Option.defaultWith (fun () -> Array.create columns 1.0)

    /// Runs the M-step under a prior p ~ Dirichlet(α): pₖⱼ ∝ Σₙ rₙₖxₙⱼ + αⱼ − 1. A component whose rows have no counts keeps
    /// its probabilities.
    let private maximise
        (prior: float[] option)
        (parameters: Multinomial)
        (statistics: Statistics)
        : Result<Multinomial, GmmError> =
        match statistics |> Statistics.firstEmpty statistics.Counts with
        | Some k when prior.IsNone -> Error(CollapsedComponent(k, 0))
        | _ ->
            let before = parameters.Probabilities.toArray2D ()
            let columns = Array2D.length2 before
            let alpha = alphaOf columns prior

            let counts =
                Array2D.init (Array2D.length1 before) columns (fun k j -> statistics.Sums[0][k * (columns + 1) + j])

            let total = Seq.cast<float> counts |> Seq.sum

            let row k =
                let extra = Array.map2 (fun count alpha -> count + alpha - 1.0) counts[k, *] alpha
                let sum = Array.sum extra

                if sum > 0.0 then
                    extra |> Array.map (fun count -> count / sum)
                else
                    before[k, *]

            Ok
                { Probabilities = Array.init (Array2D.length1 before) row |> array2D |> Tensor.matrix
                  Total = total / Array.sum statistics.Counts }

    /// Returns Σₖⱼ (αⱼ − 1) ln pₖⱼ, the log-density of the prior without its constant.
    let private logPrior (prior: float[] option) (parameters: Multinomial) : float =
        match prior with
        | None -> 0.0
        | Some alpha ->
            let eta = (natural parameters).toArray()
            eta |> Seq.mapi (fun i eta -> (alpha[i % alpha.Length] - 1.0) * eta) |> Seq.sum

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws a row (D) from component k, whose total is that of the parameters, rounded.
    let sample (parameters: Multinomial) (k: int) : Random -> float[] =
        let p = (probabilities parameters)[k, *]
        let total = int (min 1e9 (round parameters.Total))

        fun random ->
            let row = Array.zeroCreate p.Length

            for _ in 1..total do
                let j = RandomStream.index random p
                row[j] <- row[j] + 1.0

            row

    // ── Coordinates and storage ─────────────────────────────────────────────────────────────────────────────────────

    /// The coordinates ln pₖⱼ − ln p of the last column (K·(D−1)).
    let private coordinates: Coordinates<Multinomial> =
        { Names =
            fun parameters ->
                let shape = parameters.Probabilities.shape

                [| for k in 0 .. shape[0] - 1 do
                       for j in 0 .. shape[1] - 2 -> $"ln p[{k},{j}]/p[{k},{shape[1] - 1}]" |]
          OfParameters =
            fun parameters ->
                let p = probabilities parameters

                Array.init (Array2D.length1 p) (fun k ->
                    let logs = p[k, *] |> Array.map log
                    logs[.. logs.Length - 2] |> Array.map (fun number -> number - Array.last logs))
                |> Array.concat
          Units =
            fun parameters ->
                let shape = parameters.Probabilities.shape
                Array.create (shape[0] * (shape[1] - 1)) 1.0
          ToParameters =
            fun like numbers ->
                let columns = like.Probabilities.shape[1]

                let rows =
                    numbers
                    |> Array.chunkBySize (columns - 1)
                    |> Array.map (fun logits -> Array.append logits [| 0.0 |] |> Special.softmax)

                if rows |> Array.forall (Array.forall Double.IsFinite) then
                    Ok
                        { like with
                            Probabilities = rows |> array2D |> Tensor.matrix }
                else
                    Error(InvalidOption("Coordinates", "finite", "not finite"))
          Parameters =
            fun parameters ->
                let p = probabilities parameters

                [| for k in 0 .. Array2D.length1 p - 1 do
                       for j in 0 .. Array2D.length2 p - 1 -> $"probability[{k},{j}]", p[k, j] |] }

    let private ofState (state: State) : Result<Multinomial, GmmError> =
        result {
            let! p = State.matrix "probabilities" state
            let! total = State.scalar "total" state
            return! create total (p.toArray2D ())
        }

    /// Returns an error for the first number of a block that isn't a count, or None.
    let internal misfit (block: Block) : GmmError option =
        block.Numbers.TryFindIndex(fun x -> not (x >= 0.0 && x = floor x))
        |> Option.map (fun i ->
            let row, column = i / block.Columns, i % block.Columns
            OutsideDomain(name, "a whole number from 0 upward", block.FirstRow + int64 row, column, block[row, column]))

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the family under a prior p ~ Dirichlet(α) on the probabilities of every component (D), which kinds check.
    let rec internal familyWith (prior: float[] option) : Family<Multinomial> =
        { Name = name
          LogDensity = logDensity
          Sums = fun _ -> sums
          SumLengths =
            fun parameters -> [| parameters.Probabilities.shape[0] * (parameters.Probabilities.shape[1] + 1) |]
          Maximise = maximise prior
          Recentre = fun _ _ -> id
          LogPrior = logPrior prior
          Form = form >> Some
          Misfit =
            fun _ -> misfit
            |> NumberwiseMisfit.withTests (
                Some(fun parameters ->
                    Array.create parameters.Probabilities.shape[1] (ColumnTest(fun x -> x >= 0.0 && x = floor x)))
            )
          Sample = sample
          Means = probabilities
          Features = fun parameters -> parameters.Probabilities.shape[1]
          FreeParameters = fun parameters -> parameters.Probabilities.shape[0] * (parameters.Probabilities.shape[1] - 1)
          Move =
            fun move parameters ->
                { parameters with
                    Probabilities = move parameters.Probabilities }
          Coordinates = coordinates
          Noise = None
          Storage =
            { Parameters =
                fun parameters ->
                    Map [ "probabilities", parameters.Probabilities; "total", Tensor.scalar parameters.Total ]
              OfParameters = ofState
              Settings =
                fun _ -> prior |> Option.map (fun alpha -> "prior", Tensor.vector alpha) |> Option.toList |> Map.ofList
              OfSettings = fun _ -> ofSettings }
          Missing = None }

    /// Returns the family for the settings saved with a fit.
    and internal ofSettings (state: State) : Result<Family<Multinomial>, GmmError> =
        if Map.containsKey "prior" state then
            result {
                let! prior = State.vector "prior" state
                let alpha = prior.toArray ()
                let isAlpha alpha = alpha >= 1.0 && alpha < infinity

                do!
                    GmmError.requireAll
                        [ Array.forall isAlpha alpha, "prior", "at least 1 and finite for every column", string prior ]

                return familyWith (Some alpha)
            }
        else
            Ok(familyWith None)

    /// The family of multinomial components, without a prior.
    let family: Family<Multinomial> = familyWith None

/// Multinomial components with their settings.
[<NoEquality; NoComparison>]
type MultinomialKind =
    {
        /// The prior p ~ Dirichlet(α) on the probabilities of every component: α, at least 1, of every column (D), or one number
        /// for all; None for maximum likelihood. It acts like αⱼ − 1 extra counts in column j.
        Prior: float[] option
    }

    member private kind.Alpha columns =
        match kind.Prior with
        | Some [| alpha |] -> Some(Array.create columns alpha)
        | prior -> prior

    interface Kind<Multinomial> with
        member _.Name = "multinomial"

        member kind.Check(components, columns, start) =
            let describe (components: int, columns: int, ()) =
                $"""{Display.count components "component"} of {Display.count columns "column"}"""

            let alpha = kind.Alpha columns |> Option.defaultValue (Array.create columns 1.0)

            result {
                do!
                    GmmError.requireAll
                        [ columns >= 2, "Columns", "at least 2 for multinomial components", string columns
                          alpha.Length = columns,
                          "Prior",
                          $"""a number or one for each of {Display.count columns "column"}""",
                          Display.count alpha.Length "number"
                          alpha |> Array.forall (fun alpha -> alpha >= 1.0 && alpha < infinity),
                          "Prior",
                          "at least 1 and finite for every column",
                          string (Tensor.vector alpha) ]

                match start with
                | Some start ->
                    return!
                        (start.Probabilities.shape[0], start.Probabilities.shape[1], ())
                        |> Kind.requireStart describe (components, columns, ())
                | None -> return ()
            }

        member _.Misfit block = Multinomial.misfit block

        /// Starts see the shares of the counts in the total of their row. Components start halfway between a centre and the
        /// shares of all counts. Given means are expected counts, and used as shares of their total.
        member kind.Measure(components, source, execution) =
            let columns = source.Columns

            let features (block: Block) =
                let numbers = block.Values.ToArray()

                for i in 0 .. block.Rows - 1 do
                    let row = Span(numbers, i * columns, columns)
                    let mutable total = 0.0

                    for j in 0 .. columns - 1 do
                        total <- total + row[j]

                    for j in 0 .. columns - 1 do
                        row[j] <- if total > 0.0 then row[j] / total else 1.0 / float columns

                { block with
                    Numbers = Numbers.Float64(ReadOnlyMemory numbers) }

            let all =
                source
                |> Survey.forStarts components execution
                |> Start.averages execution 1 (fun block -> Array.create block.Rows 1.0)

            let total = Array.sum all[0, *]
            let shares = all[0, *] |> Array.map (fun mean -> if total > 0.0 then mean / total else 1.0 / float columns)

            let ofRows (rows: float[][]) =
                rows
                |> Array.map (fun row -> row |> Array.map (fun number -> number / Array.sum row))
                |> array2D
                |> Multinomial.create total

            let around (centres: float[,]) =
                Array.init (Array2D.length1 centres) (fun k ->
                    Array.map2 (fun c s -> 0.5 * (c + s)) centres[k, *] shares)
                |> ofRows

            let atMeans (means: float[,]) =
                let rows = Array.init (Array2D.length1 means) (fun k -> means[k, *])

                match rows |> Array.tryFindIndex (fun row -> Result.isError (ofRows [| row |])) with
                | Some k ->
                    let numbers = string (Tensor.vector rows[k])
                    Error(InvalidOption($"Start means[{k}]", "possible means of multinomial", numbers))
                | None -> ofRows rows

            Ok
                { Measured.ofFamily (Multinomial.familyWith (kind.Alpha columns)) columns around with
                    Features = features
                    AtMeans = atMeans
                    HasEdges = true
                    IsBounded = true }

/// Multinomial components as a kind.
module MultinomialKind =
    /// The default settings: no prior.
    let defaults: MultinomialKind = { Prior = None }
