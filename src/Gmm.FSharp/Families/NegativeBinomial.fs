namespace Gmm

open System

/// The parameters of K negative binomial components of D independent columns.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type NegativeBinomial =
    {
        /// The means μ (K×D).
        Means: Tensor
        /// The sizes r (K×D): the variance is μ + μ²/r.
        Sizes: Tensor
    }

    member internal parameters.Display =
        let shape = parameters.Means.shape
        let means, sizes = parameters.Means.toArray2D (), parameters.Sizes.toArray2D ()
        let components, columns = Display.count shape[0] "component", Display.count shape[1] "column"

        Display.components $"negative_binomial, {components} of {columns}" shape[0] (fun k ->
            $"means {Display.numbers means[k, *]}, sizes {Display.numbers sizes[k, *]}")

/// Counts with mean μ and size r, more dispersed than Poisson counts: p(x) = Γ(x+r)/(Γ(r) x!) (r/(r+μ))^r (μ/(r+μ))^x, the
/// distribution of a Poisson count whose rate is drawn from a gamma distribution of shape r and mean μ (Johnson, Kemp and
/// Kotz, Univariate Discrete Distributions, 2005, §5.1). Both parameters are estimated, for every component and column.
module NegativeBinomial =
    /// The largest size. A negative binomial distribution of a larger size is a Poisson distribution for all purposes, and the
    /// estimate for counts that are less dispersed than Poisson counts would be ∞.
    let private largestSize = 1e8

    let private name = "negative_binomial"

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    let private isMean mean = mean >= 0.0 && mean < infinity
    let private isSize size = size > 0.0 && size <= largestSize

    /// Returns the parameters with means μ and sizes r (K×D). Error unless both have the same shape, every mean is 0 or more
    /// and finite, and every size is above 0 and at most 1e8.
    let create (means: float[,]) (sizes: float[,]) : Result<NegativeBinomial, GmmError> =
        let shape (numbers: float[,]) = [| Array2D.length1 numbers; Array2D.length2 numbers |]
        let all = Seq.cast<float>

        let first isGood numbers =
            all numbers |> Seq.tryFind (isGood >> not) |> Option.map string |> Option.defaultValue ""

        GmmError.requireAll
            [ shape sizes = shape means,
              "Sizes",
              $"of the shape of Means, {Tensor.Show(shape means)}",
              Tensor.Show(shape sizes)
              Seq.forall isMean (all means), "Means", "0 or more, and finite", first isMean means
              Seq.forall isSize (all sizes), "Sizes", "above 0 and at most 1e8", first isSize sizes ]
        |> Result.map (fun () ->
            { Means = Tensor.matrix means
              Sizes = Tensor.matrix sizes })

    /// Returns the means μ (K×D).
    let means (parameters: NegativeBinomial) : float[,] = parameters.Means.toArray2D ()

    /// Returns the sizes r (K×D).
    let sizes (parameters: NegativeBinomial) : float[,] = parameters.Sizes.toArray2D ()

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns ln p(x) of a count.
    let private logDensityOf (mean: float) (size: float) (x: float) : float =
        if mean = 0.0 then
            if x = 0.0 then 0.0 else Limits.minusInfinity
        else
            // ln Γ(x+r) − ln Γ(r) − ln x!, as the difference of the two that are closest, so that nothing cancels.
            let choices =
                if x > size then
                    GammaFunction.logRise size x - log x - GammaFunction.logGamma size
                else
                    GammaFunction.logRise x size - Special.logFactorial x

            choices - size * Special.log1p (mean / size) - x * Special.log1p (size / mean)

    /// Returns r(ψ(x+r) − ψ(r)) of a count.
    let private gainOf (size: float) (x: float) : float = size * GammaFunction.digammaRise x size

    /// Calls `add n k value` for the values f k j x of every cell of x (n×D) and every component; each f is computed once for
    /// equal counts of a column.
    let private forCells
        components
        (x: Tensor)
        (f: int -> int -> float -> float)
        (add: int -> int -> int -> float -> unit)
        =
        let rows, columns, numbers = x.shape[0], x.shape[1], x.toArray ()

        for j in 0 .. columns - 1 do
            let places = Collections.Generic.Dictionary<float, int>()

            let of' =
                Array.init rows (fun n ->
                    let x = numbers[n * columns + j]

                    match places.TryGetValue x with
                    | true, place -> place
                    | false, _ ->
                        places[x] <- places.Count
                        places.Count - 1)

            let counts = Array.ofSeq places.Keys

            for k in 0 .. components - 1 do
                let values = counts |> Array.map (f k j)

                for n in 0 .. rows - 1 do
                    add n k j values[of'[n]]

    /// Returns ln p(xₙ|θₖ) (n×K) for the rows of a block x (n×D).
    let logDensity (parameters: NegativeBinomial) (x: Tensor) : Tensor =
        let components = parameters.Means.shape[0]
        let means, sizes = parameters.Means.toArray2D (), parameters.Sizes.toArray2D ()
        let densities = Array.zeroCreate (x.shape[0] * components)

        forCells components x (fun k j -> logDensityOf means[k, j] sizes[k, j]) (fun n k _ value ->
            densities[n * components + k] <- densities[n * components + k] + value)

        x.like ([| x.shape[0]; components |], densities)

    // ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns Σₙ rₙₖ xₙ and Σₙ rₙₖ r(ψ(xₙ+r) − ψ(r)) (K×D each) of a block x (n×D) under responsibilities (n×K).
    let sums (parameters: NegativeBinomial) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        let shape = parameters.Means.shape
        let sizes, shares = parameters.Sizes.toArray2D (), responsibilities.toArray ()
        let gains = Array.zeroCreate (shape[0] * shape[1])

        forCells shape[0] x (fun k j -> gainOf sizes[k, j]) (fun n k j value ->
            let place = k * shape[1] + j
            gains[place] <- gains[place] + shares[n * shape[0] + k] * value)

        [ (responsibilities.transpose (0, 1)).matmul x; x.like (shape, gains) ]

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the size r for which r ln(1 + μ/r) is g, at most the largest: with u = μ/r, Newton steps for
    /// ln(1+u) = (g/μ) u, from above, where the difference is concave.
    let private sizeOf (mean: float) (gain: float) : float =
        let q = gain / mean

        let rec descend u remaining =
            let next = u - (Special.log1p u - q * u) / (1.0 / (1.0 + u) - q)
            if remaining = 0 || not (next < u) then u else descend next (remaining - 1)

        if not (q < 1.0) then
            largestSize
        else
            let above = -2.0 / q * log q + 2.0 * (1.0 / q - 1.0)
            let u = descend above 200
            min largestSize (mean / u)

    /// Runs the M-step: μ = Σₙ rₙₖxₙ/Nₖ, and r solves r ln(1 + μ/r) = Σₙ rₙₖ r₀(ψ(xₙ+r₀) − ψ(r₀))/Nₖ, with r₀ the current
    /// size: the maximum of a function below Q that touches it at the current parameters, so that the likelihood never falls
    /// (Zhou and Lange, MM algorithms for some discrete multivariate distributions, 2010). Unlike EM with the gamma rates as
    /// latent variables, it finds the exact mean at once.
    let maximise (parameters: NegativeBinomial) (statistics: Statistics) : Result<NegativeBinomial, GmmError> =
        match statistics |> Statistics.firstEmpty statistics.Counts with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let shape = parameters.Means.shape
            let average (sums: float[]) = sums |> Array.mapi (fun i sum -> sum / statistics.Counts[i / shape[1]])
            let means, gains = average statistics.Sums[0], average statistics.Sums[1]

            let sizes =
                Array.map3
                    (fun mean gain size -> if mean > 0.0 then sizeOf mean gain else size)
                    means
                    gains
                    (parameters.Sizes.toArray ())

            Ok
                { Means = Tensor.create shape means
                  Sizes = Tensor.create shape sizes }

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws a row (D) from component k: Poisson counts whose rates are gamma draws.
    let sample (parameters: NegativeBinomial) (k: int) : Random -> float[] =
        let means, sizes = (means parameters)[k, *], (sizes parameters)[k, *]

        fun random ->
            Array.map2 (fun mean size -> Draw.poisson random (Draw.gamma random size * mean / size)) means sizes

    // ── Coordinates, storage, missing cells ─────────────────────────────────────────────────────────────────────────

    let private coordinates: Coordinates<NegativeBinomial> =
        { Names =
            fun parameters ->
                [| for name in [ "ln mean"; "ln size" ] do
                       for k in 0 .. parameters.Means.shape[0] - 1 do
                           for j in 0 .. parameters.Means.shape[1] - 1 -> $"{name}[{k},{j}]" |]
          OfParameters =
            fun parameters -> Array.append (parameters.Means.toArray ()) (parameters.Sizes.toArray ()) |> Array.map log
          Units = fun parameters -> Array.create (2 * parameters.Means.toArray().Length) 1.0
          ToParameters =
            fun like numbers ->
                let means, sizes = numbers |> Array.map exp |> Array.splitAt (numbers.Length / 2)
                // The exponential of a logarithm may be a last digit more.
                let sizes =
                    sizes
                    |> Array.map (fun size ->
                        if size <= largestSize * (1.0 + 1e-12) then min largestSize size else size)

                if Array.forall isMean means && Array.forall isSize sizes then
                    Ok
                        { Means = Tensor.create like.Means.shape means
                          Sizes = Tensor.create like.Means.shape sizes }
                else
                    Error(InvalidOption("Coordinates", $"within the domain of {name}", "outside it"))
          Parameters =
            fun parameters ->
                [| for name, numbers in [ "mean", parameters.Means; "size", parameters.Sizes ] do
                       let numbers = numbers.toArray2D ()

                       for k in 0 .. Array2D.length1 numbers - 1 do
                           for j in 0 .. Array2D.length2 numbers - 1 -> $"{name}[{k},{j}]", numbers[k, j] |] }

    let private ofState (state: State) : Result<NegativeBinomial, GmmError> =
        result {
            let! means = State.matrix "means" state
            let! sizes = State.ofShape means.shape "sizes" state
            return! create (means.toArray2D ()) (sizes.toArray2D ())
        }

    let private restrict (columns: int[]) (parameters: NegativeBinomial) =
        let select (numbers: Tensor) =
            let all = numbers.toArray2D ()
            Array2D.init (Array2D.length1 all) columns.Length (fun k i -> all[k, columns[i]]) |> Tensor.matrix

        { Means = select parameters.Means
          Sizes = select parameters.Sizes }

    /// Returns the statistics of all columns. A missing cell has its expected statistics, μ and r ln(1 + μ/r).
    let private lift (columns: int[]) (parameters: NegativeBinomial) (statistics: Statistics) =
        let width = parameters.Means.shape[1]
        let means, sizes = parameters.Means.toArray (), parameters.Sizes.toArray ()

        let lifted sum (expected: int -> float) =
            Array.init means.Length (fun i ->
                match Array.IndexOf(columns, i % width) with
                | -1 -> statistics.Counts[i / width] * expected i
                | place -> statistics.Sums[sum][i / width * columns.Length + place])

        { statistics with
            Sums =
                [| lifted 0 (fun i -> means[i]); lifted 1 (fun i -> sizes[i] * Special.log1p (means[i] / sizes[i])) |] }

    let private missing: IncompleteRows<NegativeBinomial> =
        { Restrict = restrict
          Lift = lift
          Complete =
            fun columns parameters k ->
                let expected = (means parameters)[k, *]

                fun numbers ->
                    let row = Array.copy expected
                    Array.iter2 (fun column number -> row[column] <- number) columns numbers
                    row }

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    let private isCount x = x >= 0.0 && x = floor x

    /// Returns an error for the first number of a block that isn't a count, or None.
    let internal misfit (block: Block) : GmmError option =
        block.Numbers.TryFindIndex(fun x -> not (isCount x))
        |> Option.map (fun i ->
            let row, column = i / block.Columns, i % block.Columns
            OutsideDomain(name, "a whole number from 0 upward", block.FirstRow + int64 row, column, block[row, column]))

    /// The family of negative binomial components.
    let rec family: Family<NegativeBinomial> =
        { Name = name
          LogDensity = logDensity
          Sums = sums
          SumLengths = fun parameters -> Array.create 2 (Array.fold (*) 1 parameters.Means.shape)
          Maximise = maximise
          Recentre = fun _ _ -> id
          LogPrior = fun _ -> 0.0
          Form = fun _ -> None
          Misfit =
            fun _ -> misfit
            |> NumberwiseMisfit.withTests (
                Some(fun parameters -> Array.create parameters.Means.shape[1] (ColumnTest isCount))
            )
          Sample = sample
          Means = means
          Features = fun parameters -> parameters.Means.shape[1]
          FreeParameters = fun parameters -> 2 * Array.fold (*) 1 parameters.Means.shape
          Move =
            fun move parameters ->
                { Means = move parameters.Means
                  Sizes = move parameters.Sizes }
          Coordinates = coordinates
          Noise = None
          Storage =
            { Parameters = fun parameters -> Map [ "means", parameters.Means; "sizes", parameters.Sizes ]
              OfParameters = ofState
              Settings = fun _ -> Map.empty
              OfSettings = fun _ _ -> Ok family }
          Missing = Some missing }

/// Negative binomial components. They have no settings.
[<Sealed>]
type NegativeBinomialKind() =
    interface Kind<NegativeBinomial> with
        member _.Name = NegativeBinomial.family.Name

        member _.Check(components, columns, start) =
            let describe (components: int, columns: int, ()) =
                $"""{Display.count components "component"} of {Display.count columns "column"}"""

            match start with
            | Some start ->
                Kind.requireStart describe (components, columns, ()) (start.Means.shape[0], start.Means.shape[1], ())
            | None -> Ok()

        member _.Misfit block = NegativeBinomial.misfit block

        /// Components start halfway between a centre and the mean of the data, with the size that the mean and the variance of
        /// the data have.
        member _.Measure(_, source, execution) =
            let data = source |> DataCovariance.ofSource execution (Layout.own Shape.Diag)

            let size =
                Array.mapi
                    (fun j variance ->
                        let mean = data.Mean[0, j]

                        if variance > mean then
                            mean * mean / (variance - mean) |> max 1e-3 |> min 1e8
                        else
                            1e8)
                    data.Covariance

            let at (means: float[,]) = NegativeBinomial.create means (means |> Array2D.mapi (fun _ j _ -> size[j]))

            let atMeans (means: float[,]) =
                match
                    Seq.tryFind (fun k -> Result.isError (at means[k..k, *])) (seq { 0 .. Array2D.length1 means - 1 })
                with
                | Some k ->
                    let numbers = string (Tensor.vector means[k, *])

                    Error(
                        InvalidOption($"Start means[{k}]", $"possible means of {NegativeBinomial.family.Name}", numbers)
                    )
                | None -> at means

            Ok
                { Measured.ofFamily NegativeBinomial.family source.Columns (fun centres ->
                      at (centres |> Array2D.mapi (fun _ j centre -> 0.5 * (centre + data.Mean[0, j])))) with
                    AtMeans = atMeans
                    HasEdges = true
                    IsBounded = true }

/// Makes the kind of negative binomial components.
module NegativeBinomialKind =
    /// The kind, which has no settings.
    let defaults = NegativeBinomialKind()
