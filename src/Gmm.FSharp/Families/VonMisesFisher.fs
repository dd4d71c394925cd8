namespace Gmm

open System

/// The parameters of K von Mises–Fisher components on directions of D dimensions.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type VonMisesFisher =
    {
        /// The mean directions μ (K×D), each of length 1.
        Directions: Tensor
        /// The concentrations κ (K); 0 is the uniform distribution.
        Concentrations: Tensor
    }

    member internal parameters.Display =
        let directions, concentrations = parameters.Directions.toArray2D (), parameters.Concentrations.toArray ()
        let components = Display.count concentrations.Length "component"
        let dimensions = Display.count (Array2D.length2 directions) "dimension"

        Display.components $"von_mises_fisher, {components} of {dimensions}" concentrations.Length (fun k ->
            $"direction {Display.numbers directions[k, *]}, concentration {Display.numbers [ concentrations[k] ]}")

/// Directions, rows of length 1, around a mean direction μ: p(x) = C_D(κ) exp(κ μ·x) (Banerjee, Dhillon, Ghosh and Sra,
/// "Clustering on the unit hypersphere using von Mises-Fisher distributions", Journal of Machine Learning Research 6, 2005).
module VonMisesFisher =
    /// The largest concentration, at which directions lie some ten-thousandths of a radian from their mean. Without it the
    /// likelihood of a few equal rows would be unbounded.
    let internal largest = 1e8

    let private name = "von_mises_fisher"

    let private lengthOf (row: float[]) =
        let scale = row |> Array.fold (fun largest x -> max largest (abs x)) 0.0

        if scale = 0.0 then
            0.0
        else
            scale * sqrt (row |> Array.sumBy (fun x -> x / scale * (x / scale)))

    let private rowsOf (matrix: float[,]) = Array.init (Array2D.length1 matrix) (fun k -> matrix[k, *])

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns rows divided by their lengths. Error for the first row that is 0 or not finite.
    let normalise (rows: float[][]) : Result<float[][], GmmError> =
        match rows |> Array.tryFindIndex (fun row -> not (lengthOf row > 0.0 && lengthOf row < infinity)) with
        | Some i -> Error(InvalidRow("rows of a length above 0, and finite", int64 i, $"has {lengthOf rows[i]}"))
        | None ->
            rows |> Array.map (fun row -> let length = lengthOf row in row |> Array.map (fun x -> x / length)) |> Ok

    /// Returns the parameters with mean directions μ (K×D), which are normalised, and concentrations κ (K). Error unless there are
    /// 2 dimensions or more, every direction has a length above 0, there is a κ for each, and every κ is from 0 to 1e8.
    let create (directions: float[,]) (concentrations: float[]) : Result<VonMisesFisher, GmmError> =
        let components, dimensions = Array2D.length1 directions, Array2D.length2 directions
        let isConcentration kappa = kappa >= 0.0 && kappa <= largest

        result {
            do!
                GmmError.requireAll
                    [ dimensions >= 2, "Directions", "of 2 dimensions or more", $"of {dimensions}"
                      concentrations.Length = components,
                      "Concentrations",
                      $"one for each of the {components} directions",
                      Display.count concentrations.Length "number"
                      Array.forall isConcentration concentrations,
                      "Concentrations",
                      "from 0 to 1e8",
                      string (Tensor.vector concentrations) ]

            let! rows =
                normalise (rowsOf directions)
                |> Result.mapError (fun _ ->
                    InvalidOption("Directions", "of a length above 0, and finite", string (Tensor.matrix directions)))

            return
                { Directions = Tensor.matrix (array2D rows)
                  Concentrations = Tensor.vector concentrations }
        }

    /// Returns the mean directions μ (K×D).
    let directions (parameters: VonMisesFisher) : float[,] = parameters.Directions.toArray2D ()

    /// Returns the concentrations κ (K).
    let concentrations (parameters: VonMisesFisher) : float[] = parameters.Concentrations.toArray1D ()

    /// Returns the mean direction and the concentration of a mean vector (D), which has at most length 1: those of `otherwise`
    /// for a vector of length 0.
    let private ofMean (otherwise: float[]) (mean: float[]) : float[] * float =
        let length = lengthOf mean

        if length = 0.0 then
            otherwise, 0.0
        else
            let kappa =
                if length >= Sphere.resultant mean.Length largest then
                    largest
                else
                    min largest (Sphere.concentration mean.Length length)

            mean |> Array.map (fun x -> x / length), kappa

    let private ofPairs (pairs: (float[] * float)[]) : VonMisesFisher =
        { Directions = pairs |> Array.map fst |> array2D |> Tensor.matrix
          Concentrations = pairs |> Array.map snd |> Tensor.vector }

    /// Returns the parameters of mean vectors (K×D): directions of vectors of length 0 are the first axis.
    let internal ofMeans (means: float[,]) : VonMisesFisher =
        let axis = Array.init (Array2D.length2 means) (fun j -> if j = 0 then 1.0 else 0.0)
        rowsOf means |> Array.map (ofMean axis) |> ofPairs

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the natural parameters κμ (K×D).
    let private natural (parameters: VonMisesFisher) : Tensor =
        parameters.Directions * parameters.Concentrations.unsqueeze 1

    /// Returns ln C_D(κ) (K).
    let private logConstants (parameters: VonMisesFisher) : float[] =
        parameters.Concentrations.toArray () |> Array.map (Sphere.logConstant parameters.Directions.shape[1])

    /// Returns ln p(xₙ|θₖ) = ln C_D(κₖ) + κₖ μₖ·xₙ (n×K) for the rows of a block x (n×D).
    let logDensity (parameters: VonMisesFisher) (x: Tensor) : Tensor =
        let constants = logConstants parameters
        x.matmul ((natural parameters).transpose(0, 1)) + x.like ([| constants.Length |], constants)

    /// Returns Σₙ rₙₖ xₙ (K×D) of a block x (n×D) under responsibilities (n×K).
    let sums (x: Tensor) (responsibilities: Tensor) : Tensor list = [ (responsibilities.transpose (0, 1)).matmul x ]

    let private form (parameters: VonMisesFisher) : Form =
        Form.Linear(
            (NumberwiseStatistic.flat NumberwiseStatistic.identity),
            (fun _ -> 0.0),
            natural parameters,
            logConstants parameters
        )

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Runs the M-step: the mean vector m = Σₙ rₙₖxₙ/Nₖ gives μ = m/‖m‖ and A_D(κ) = ‖m‖, with κ at most 1e8: the exact maximum
    /// under this limit.
    let maximise (parameters: VonMisesFisher) (statistics: Statistics) : Result<VonMisesFisher, GmmError> =
        match statistics |> Statistics.firstEmpty statistics.Counts with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let before = directions parameters

            statistics.Sums[0]
            |> Array.chunkBySize (Array2D.length2 before)
            |> Array.mapi (fun k sum -> sum |> Array.map (fun x -> x / statistics.Counts[k]) |> ofMean before[k, *])
            |> ofPairs
            |> Ok

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws a direction (D) from component k: its cosine with μ by rejection, the rest uniformly around μ (Wood, Simulation of
    /// the von Mises Fisher distribution, 1994).
    let sample (parameters: VonMisesFisher) (k: int) : Random -> float[] =
        let mu, kappa = (directions parameters)[k, *], (concentrations parameters)[k]
        let d = float (mu.Length - 1)
        let b = d / (2.0 * kappa + sqrt (4.0 * kappa * kappa + d * d))
        let x0 = (1.0 - b) / (1.0 + b)
        // 1 − x₀².
        let rest = 4.0 * b / ((1.0 + b) * (1.0 + b))

        /// Draws 1 − w, for the cosine w.
        let rec shortfall (random: Random) =
            let first, second = Draw.gamma random (0.5 * d), Draw.gamma random (0.5 * d)
            let z = first / (first + second)
            let short = 2.0 * b * z / (1.0 - (1.0 - b) * z)
            // κ(w − x₀) + (D−1) ln((1 − x₀w)/(1 − x₀²)), whose largest value is 0.
            let gain = kappa * (2.0 * b / (1.0 + b) - short) + d * log ((2.0 * b / (1.0 + b) + x0 * short) / rest)
            if gain >= -(Draw.exponential random 1.0) then short else shortfall random

        let rec tangent (random: Random) =
            let z = Draw.standardNormals random mu.Length
            let along = Array.fold2 (fun sum z m -> sum + z * m) 0.0 z mu
            let across = Array.map2 (fun z m -> z - along * m) z mu
            let length = lengthOf across

            if length > 0.0 then
                across |> Array.map (fun x -> x / length)
            else
                tangent random

        fun random ->
            let short = shortfall random
            let sine = sqrt (max 0.0 (short * (2.0 - short)))
            let row = Array.map2 (fun m t -> (1.0 - short) * m + sine * t) mu (tangent random)
            let length = lengthOf row
            row |> Array.map (fun x -> x / length)

    // ── Coordinates and storage ─────────────────────────────────────────────────────────────────────────────────────

    /// The coordinates κμ (K·D).
    let private coordinates: Coordinates<VonMisesFisher> =
        { Names =
            fun parameters ->
                [| for k in 0 .. parameters.Directions.shape[0] - 1 do
                       for j in 0 .. parameters.Directions.shape[1] - 1 -> $"κμ[{k},{j}]" |]
          OfParameters = fun parameters -> (natural parameters).toArray()
          Units =
            fun parameters ->
                concentrations parameters
                |> Array.collect (fun kappa -> Array.create parameters.Directions.shape[1] (1.0 + kappa))
          ToParameters =
            fun like numbers ->
                let before = directions like

                let pairs =
                    numbers
                    |> Array.chunkBySize (Array2D.length2 before)
                    |> Array.mapi (fun k eta ->
                        let kappa = lengthOf eta
                        // The length of κμ may be a last digit more than κ.
                        let limited = if kappa <= largest * (1.0 + 1e-12) then min largest kappa else kappa
                        (if kappa = 0.0 then before[k, *] else eta |> Array.map (fun x -> x / kappa)), limited)

                if pairs |> Array.forall (fun (_, kappa) -> kappa <= largest) then
                    Ok(ofPairs pairs)
                else
                    Error(InvalidOption("Coordinates", $"within the domain of {name}", "outside it"))
          Parameters =
            fun parameters ->
                let directions = directions parameters

                [| for k in 0 .. Array2D.length1 directions - 1 do
                       for j in 0 .. Array2D.length2 directions - 1 -> $"direction[{k},{j}]", directions[k, j]

                   for k, kappa in Array.indexed (concentrations parameters) -> $"concentration[{k}]", kappa |] }

    let private ofState (state: State) : Result<VonMisesFisher, GmmError> =
        result {
            let! directions = State.matrix "directions" state
            do! State.requireFinite "directions" directions
            let! concentrations = State.ofShape directions.shape[..0] "concentrations" state
            let! checked' = create (directions.toArray2D ()) (concentrations.toArray ())
            let isUnit = rowsOf (directions.toArray2D ()) |> Array.forall (fun row -> abs (lengthOf row - 1.0) <= 1e-6)
            do! GmmError.requireAll [ isUnit, "directions", "of length 1", string directions ]
            // The saved directions have all their bits.
            return
                { checked' with
                    Directions = directions }
        }

    /// How far the length of a row may be from 1.
    let private tolerance = 1e-6

    /// Returns an error for the first row of a block whose length isn't 1, or None.
    let internal misfit (block: Block) : GmmError option =
        seq { 0 .. block.Rows - 1 }
        |> Seq.tryPick (fun i ->
            let length = lengthOf (block.Row(i).ToArray())

            if abs (length - 1.0) <= tolerance then
                None
            else
                let row = block.FirstRow + int64 i

                Some(
                    InvalidRow(
                        $"rows of length 1 for {name} (VonMisesFisher.normalise makes them)",
                        row,
                        $"has length {length:G6}"
                    )
                ))

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// The family of von Mises–Fisher components.
    let rec family: Family<VonMisesFisher> =
        { Name = name
          LogDensity = logDensity
          Sums = fun _ -> sums
          SumLengths = fun parameters -> [| Array.fold (*) 1 parameters.Directions.shape |]
          Maximise = maximise
          Recentre = fun _ _ -> id
          LogPrior = fun _ -> 0.0
          Form = form >> Some
          Misfit = fun _ -> misfit
          Sample = sample
          Means = directions
          Features = fun parameters -> parameters.Directions.shape[1]
          FreeParameters = fun parameters -> Array.fold (*) 1 parameters.Directions.shape
          Move =
            fun move parameters ->
                { Directions = move parameters.Directions
                  Concentrations = move parameters.Concentrations }
          Coordinates = coordinates
          Noise = None
          Storage =
            { Parameters =
                fun parameters ->
                    Map [ "directions", parameters.Directions; "concentrations", parameters.Concentrations ]
              OfParameters = ofState
              Settings = fun _ -> Map.empty
              OfSettings = fun _ _ -> Ok family }
          Missing = None }

/// Von Mises–Fisher components. They have no settings.
[<Sealed>]
type VonMisesFisherKind() =
    interface Kind<VonMisesFisher> with
        member _.Name = VonMisesFisher.family.Name

        member _.Check(components, columns, start) =
            let describe (components: int, columns: int, ()) =
                $"""{Display.count components "component"} of {Display.count columns "column"}"""

            result {
                do! GmmError.requireAll [ columns >= 2, "Columns", "at least 2 for directions", string columns ]

                match start with
                | Some start ->
                    return!
                        (start.Directions.shape[0], start.Directions.shape[1], ())
                        |> Kind.requireStart describe (components, columns, ())
                | None -> return ()
            }

        member _.Misfit block = VonMisesFisher.misfit block

        /// The mean vector of a component starts halfway between a centre and the mean of all rows. Given means, which are
        /// normalised, have the concentration of all rows.
        member _.Measure(components, source, execution) =
            let all =
                source
                |> Survey.forStarts components execution
                |> Start.averages execution 1 (fun block -> Array.create block.Rows 1.0)

            let around (centres: float[,]) =
                centres |> Array2D.mapi (fun _ j centre -> 0.5 * (centre + all[0, j])) |> VonMisesFisher.ofMeans |> Ok

            let atMeans (means: float[,]) =
                let kappa = (VonMisesFisher.ofMeans all |> VonMisesFisher.concentrations)[0]
                VonMisesFisher.create means (Array.create (Array2D.length1 means) kappa)

            let onLimit (parameters: VonMisesFisher) =
                VonMisesFisher.concentrations parameters
                |> Array.indexed
                |> Array.filter (fun (_, kappa) -> kappa >= VonMisesFisher.largest)
                |> Array.map fst

            let regularity: Regularity<VonMisesFisher> =
                { Irregular =
                    fun _ parameters ->
                        { Irregular.None with
                            OnFloor = onLimit parameters |> Array.map Some |> List.ofArray }
                  Widened =
                    fun _ parameters ->
                        let wide, narrow = VonMisesFisher.ofMeans all, onLimit parameters

                        let directions, kappas =
                            VonMisesFisher.directions parameters, VonMisesFisher.concentrations parameters

                        let isNarrow k = Array.contains k narrow

                        VonMisesFisher.create
                            (directions
                             |> Array2D.mapi (fun k j x ->
                                 if isNarrow k then (VonMisesFisher.directions wide)[0, j] else x))
                            (kappas
                             |> Array.mapi (fun k kappa ->
                                 if isNarrow k then (VonMisesFisher.concentrations wide)[0] else kappa)) }

            Ok
                { Measured.ofFamily VonMisesFisher.family source.Columns around with
                    AtMeans = atMeans
                    IsBounded = true
                    Regularity = regularity }

/// Makes the kind of von Mises–Fisher components.
module VonMisesFisherKind =
    /// The kind, which has no settings.
    let defaults = VonMisesFisherKind()
