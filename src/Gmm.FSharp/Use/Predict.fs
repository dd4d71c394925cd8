namespace Gmm

open System

/// A function of rows under a mixture, as numbers for every row of a block, which machines know by its name.
[<NoEquality; NoComparison>]
type internal RowFunction<'θ> =
    { Name: string
      OfBlock: Model<'θ> -> Mixture<'θ> -> Block -> float[] }

/// The scans of functions of rows.
module internal RowScan =
    let private under (rows: RowFunction<'θ>) (family: Family<'θ>, mixture: Mixture<'θ>) =
        rows.OfBlock (Model.ofFamily family) mixture

    /// The scan that returns the numbers of all rows of a run.
    let ofRows (rows: RowFunction<'θ>) : Scan<Family<'θ> * Mixture<'θ>, float[]> =
        { Name = rows.Name
          Family = fun (family, _) -> family.Name
          State = fun (family, mixture) -> FamilyScan.state family mixture
          OfRun = fun argument -> Seq.map (under rows argument) >> Array.concat
          Merge = Array.append
          ToNumbers = id
          OfNumbers = fun _ -> id }

    let add (struct (a: float, b: float)) (struct (c: float, d: float)) = struct (a + c, b + d)

    /// Returns Σₙ wₙvₙ and Σₙ wₙ over the rows of a block.
    let sums (ofBlock: Block -> float[]) (block: Block) : struct (float * float) =
        let mutable weight = 0.0

        for i in 0 .. block.Rows - 1 do
            weight <- weight + block.Weight i

        struct (block.WeightedSum(ofBlock block), weight)

    /// The scan that returns Σₙ wₙvₙ and Σₙ wₙ.
    let ofSums (rows: RowFunction<'θ>) : Scan<Family<'θ> * Mixture<'θ>, struct (float * float)> =
        { Name = $"sum of {rows.Name}"
          Family = fun (family, _) -> family.Name
          State = fun (family, mixture) -> FamilyScan.state family mixture
          OfRun = fun argument -> Seq.map (sums (under rows argument)) >> Seq.reduce add
          Merge = add
          ToNumbers = fun (struct (sum, weight)) -> [| sum; weight |]
          OfNumbers = fun _ numbers -> struct (numbers[0], numbers[1]) }

/// Applies a fitted mixture to data: its training data or new data. All functions return an error when the data have
/// another number of features than the mixture, no rows, or a number that isn't finite. If the model of the fit treats
/// NaN as a missing cell (`Missing.Fit`), a row with missing cells has the density and the responsibilities of its
/// observed cells; those of a row without an observed cell are 1 and the weights πₖ. `RowPredictor` predicts single
/// rows faster.
module Predict =
    /// Returns an error when data don't suit a mixture.
    let internal check (model: Model<'θ>) (mixture: Mixture<'θ>) (source: Source) : Result<unit, GmmError> =
        result {
            do! Source.requireColumns (model.Family.Features mixture.Parameters) source

            match model.Missing with
            | _ when (Source.remote source).IsSome ->
                // Machines take no missing cells.
                do! source |> Survey.validate model.Execution
                do! source |> FamilyScan.requireDomain model.Family mixture model.Execution
            | Missing.Reject ->
                do! source |> Source.validateWith model.Execution (model.Family.Misfit mixture.Parameters)
            | Missing.Fit -> do! source |> IncompleteRows.validateNew model.Execution model.Family mixture.Parameters
        }

    /// Returns an error when a result of `width` numbers for every row is longer than an array can be.
    let private requireRows width (source: Source) : Result<unit, GmmError> =
        let most = int64 Array.MaxLength / int64 width

        if source.Rows <= most then
            Ok()
        else
            Error(
                InvalidData(
                    $"at most {most} rows for numbers of every row; predict parts of them",
                    $"there are {source.Rows}"
                )
            )

    /// Computes a result from data that suit the mixture. Error when they don't.
    let private onData (model: Model<'θ>) (mixture: Mixture<'θ>) (compute: Source -> 'T) (source: Source) =
        result {
            do! check model mixture source
            return compute source
        }

    /// Computes a result of `width` numbers for every row from data that suit the mixture. Error when they don't.
    let private onRows width (model: Model<'θ>) (mixture: Mixture<'θ>) (compute: Source -> 'T) (source: Source) =
        requireRows width source |> Result.bind (fun () -> onData model mixture compute source)

    /// Returns the joint log-densities ln ρₙₖ of a block (n×K, row by row), and the numbers of its rows that are
    /// impossible under every component because a probability or a rate is 0. The numbers of such a row compare the
    /// components nevertheless, as the limit of a small probability ε in place of every 0 does: the components with the
    /// fewest factors ε have ln ρₙₖ without these factors, the others −∞.
    let private comparableComplete (family: Family<'θ>) (mixture: Mixture<'θ>) : Block -> struct (float[] * int[]) =
        let components = mixture.Components
        let logJoint = Kernel.logJoint family mixture

        /// The same without the logarithms of 0, if there are any.
        let possible =
            match family.Form mixture.Parameters with
            | Some form when Form.hasZeros form ->
                let ofPossible =
                    { family with
                        Form = family.Form >> Option.map Form.withoutZeros }

                Some(lazy Kernel.logJoint ofPossible mixture)
            | Some _
            | None -> None

        /// Overwrites the numbers of impossible rows, and returns the numbers of these rows.
        let compare (possible: Lazy<Block -> float[]>) (block: Block) (joint: float[]) =
            let impossible =
                [| for n in 0 .. block.Rows - 1 do
                       let row = ReadOnlySpan(joint, n * components, components)

                       if not (Assignment.isPossible row) then
                           n |]

            if impossible.Length > 0 then
                let rest = possible.Value block

                for n in impossible do
                    // The number of factors ε; ∞ for a component of weight 0.
                    let factors =
                        Array.init components (fun k -> round (joint[n * components + k] / Limits.minusInfinity))

                    let fewest = Array.min factors

                    if fewest < infinity then
                        for k in 0 .. components - 1 do
                            let i = n * components + k
                            joint[i] <- if factors[k] = fewest then rest[i] else -infinity

            impossible

        fun block ->
            let joint = logJoint block

            match possible with
            | Some possible -> struct (joint, compare possible block joint)
            | None -> struct (joint, [||])

    /// Returns ln πₖ for each of some rows without an observed cell (n×K, row by row).
    let private ofWeights rows (mixture: Mixture<'θ>) : float[] =
        mixture.Weights |> Array.map log |> Array.replicate rows |> Array.concat

    /// Returns the same as `comparableComplete`. If NaN is a missing cell to the model, a row with missing cells has
    /// the numbers of its observed cells, under the mixture of their columns.
    let internal comparable (model: Model<'θ>) (mixture: Mixture<'θ>) : Block -> struct (float[] * int[]) =
        let complete = comparableComplete model.Family mixture

        match model.Missing, model.Family.Missing with
        | Missing.Fit, Some rows ->
            let ofPattern =
                IncompleteRows.preparing (fun observed ->
                    match observed with
                    | [||] -> fun (block: Block) -> struct (ofWeights block.Rows mixture, [||])
                    | _ -> IncompleteRows.restrict rows observed mixture |> comparableComplete model.Family)

            fun block ->
                if IncompleteRows.isIn block then
                    let impossible = ResizeArray<int>()

                    let joint =
                        block
                        |> IncompleteRows.byPattern mixture.Components (fun pattern numbers ->
                            let struct (joint, those) = ofPattern pattern pattern.Rows
                            impossible.AddRange(those |> Array.map (fun row -> numbers[row]))
                            joint)

                    struct (joint, impossible.ToArray())
                else
                    complete block
        | Missing.Fit, None
        | Missing.Reject, _ -> complete

    /// Returns the evidence of every row of a block (n), and its responsibilities (n×K, row by row).
    let internal assign (model: Model<'θ>) (mixture: Mixture<'θ>) : Block -> struct (float[] * float[]) =
        let comparable = comparable model mixture

        fun block ->
            let struct (joint, impossible) = comparable block
            let evidence = Assignment.softRows mixture.Components joint

            for n in impossible do
                evidence[n] <- -infinity

            struct (evidence, joint)

    let private evidence (model: Model<'θ>) (mixture: Mixture<'θ>) : Block -> float[] =
        let assign = assign model mixture

        fun block ->
            let struct (evidence, _) = assign block
            evidence

    // ── Functions of rows ───────────────────────────────────────────────────────────────────────────────────────────

    /// The label of every row.
    let private labelling<'θ> : RowFunction<'θ> =
        { Name = "labels"
          OfBlock =
            fun model mixture ->
                let comparable, components = comparable model mixture, Model.components model mixture

                fun block ->
                    let struct (joint, _) = comparable block

                    Assignment.likeliestRows mixture.Components joint
                    |> Array.map (fun k -> float (Noise.labelOf components k)) }

    /// The responsibilities of every row.
    let private sharing<'θ> : RowFunction<'θ> =
        { Name = "responsibilities"
          OfBlock =
            fun model mixture ->
                let assign = assign model mixture

                fun block ->
                    let struct (_, responsibilities) = assign block
                    responsibilities }

    /// The log-density of every row, ln p(xₙ).
    let private density<'θ> : RowFunction<'θ> =
        { Name = "log-densities"
          OfBlock = evidence }

    /// The complete log-likelihood of every row, ln p(xₙ) + ln maxₖ rₙₖ.
    let private completeDensity<'θ> : RowFunction<'θ> =
        { Name = "complete log-densities"
          OfBlock =
            fun model mixture ->
                let assign, components = assign model mixture, mixture.Components

                fun block ->
                    let struct (evidence, responsibilities) = assign block

                    evidence
                    |> Array.mapi (fun i likelihood ->
                        let largest =
                            System.Numerics.Tensors.TensorPrimitives.Max(
                                ReadOnlySpan(responsibilities, i * components, components)
                            )

                        likelihood + log largest) }

    /// All functions of rows, which every machine knows by their names.
    let internal functions<'θ> : RowFunction<'θ> list = [ labelling; sharing; density; completeDensity ]

    /// Returns N×K numbers from those of every block, which are stored row by row.
    let private byComponent execution components (ofBlock: Block -> float[]) (source: Source) : float[,] =
        let all = Array2D.zeroCreate (int source.Rows) components
        source |> Source.fill execution components (Contiguous.ofArray2D all) ofBlock
        all

    /// Returns one number for every row, from those of every block.
    let private byRow execution (ofBlock: Block -> 'T[]) (source: Source) : 'T[] =
        let all = Array.zeroCreate (int source.Rows)
        source |> Source.fill execution 1 (Memory all) ofBlock
        all

    /// Writes `width` numbers of a function of rows for every row into a target.
    let private fill width (target: Memory<float>) (rows: RowFunction<'θ>) (model: Model<'θ>) mixture (source: Source) =
        match Source.remote source with
        | None -> source |> Source.fill model.Execution width target (rows.OfBlock model mixture)
        | Some elsewhere ->
            let mutable place = 0

            for ofRun in
                Scan.askRows model.Execution width (RowScan.ofRows rows) (model.Family, mixture) elsewhere source do
                ofRun.CopyTo(target.Slice place)
                place <- place + ofRun.Length

    /// Returns one number of a function of rows for every row (N).
    let private numbers rows model mixture (source: Source) : float[] =
        let all = Array.zeroCreate (int source.Rows)
        source |> fill 1 (Memory all) rows model mixture
        all

    /// Returns Σₙ wₙvₙ and Σₙ wₙ over the rows with an observed cell, for a function vₙ of rows. Error when there is no
    /// such row of positive weight.
    let private weightedSums (fit: Fit<'θ>) (rows: RowFunction<'θ>) (source: Source) : Result<float * float, GmmError> =
        let sums (source: Source) =
            match Source.remote source, fit.Model.Missing with
            | Some _, _
            | None, Missing.Reject ->
                source |> Scan.run fit.Model.Execution (RowScan.ofSums rows) (fit.Model.Family, fit.Mixture)
            | None, Missing.Fit ->
                IncompleteRows.withoutEmptyRows source
                |> Source.reduce fit.Model.Execution RowScan.add (RowScan.sums (rows.OfBlock fit.Model fit.Mixture))

        source
        |> onData fit.Model fit.Mixture sums
        |> Result.bind (fun struct (sum, weight) ->
            if weight > 0.0 then
                Ok(sum, weight)
            else
                Error(InvalidData("an observed cell in a row of positive weight", "there is none")))

    // ── Predictions ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the component with the largest joint density for every row (N); ties go to the lower one. A row that is
    /// impossible under every component has the label that it has in the limit of a small probability ε in place of
    /// every 0: first the number of impossible values counts, then the density of the others. A row that is likeliest
    /// noise has the label −1.
    let labels (fit: Fit<'θ>) (source: Source) : Result<int[], GmmError> =
        source |> onRows 1 fit.Model fit.Mixture (numbers labelling fit.Model fit.Mixture >> Array.map int)

    /// Returns the responsibilities rₙₖ (N×K, or N×(K+1) with those of noise last): every row sums to 1. Those of a row
    /// that is impossible under every component are those of the limit that `labels` describes; its log-density is −∞.
    let responsibilities (fit: Fit<'θ>) (source: Source) : Result<float[,], GmmError> =
        source
        |> onRows fit.Mixture.Components fit.Model fit.Mixture (fun source ->
            let all = Array2D.zeroCreate (int source.Rows) fit.Mixture.Components
            source |> fill fit.Mixture.Components (Contiguous.ofArray2D all) sharing fit.Model fit.Mixture
            all)

    /// Returns the log-density ln p(xₙ) of every row (N) under a mixture, as a model computes it.
    let logDensitiesOf (model: Model<'θ>) (mixture: Mixture<'θ>) (source: Source) : Result<float[], GmmError> =
        source |> onRows 1 model mixture (numbers density model mixture)

    /// Returns the log-density ln p(xₙ) of every row (N).
    let logDensities (fit: Fit<'θ>) (source: Source) : Result<float[], GmmError> =
        logDensitiesOf fit.Model fit.Mixture source

    /// Returns the results of every row as columns to put beside the data, each with N values, in this order: `label`
    /// from `labels`, `logDensity` from `logDensities`, and `responsibility0`, `responsibility1` … from
    /// `responsibilities`: K columns, or with noise K + 1, the last of which is that of the noise. Errors as those of
    /// these functions.
    let columns (fit: Fit<'θ>) (source: Source) : Result<ResultColumn[], GmmError> =
        result {
            let! labels = labels fit source
            let! logDensities = logDensities fit source
            let! responsibilities = responsibilities fit source

            return
                [| ResultColumn.Of("label", labels)
                   ResultColumn.Of("logDensity", logDensities)
                   yield! ResultColumn.Of("responsibility", responsibilities) |]
        }

    /// Returns Σₙ wₙ ln p(xₙ) and Σₙ wₙ.
    let internal logLikelihood (fit: Fit<'θ>) (source: Source) : Result<float * float, GmmError> =
        source |> weightedSums fit density

    /// Returns the mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ, over the rows with an observed cell.
    let score (fit: Fit<'θ>) (source: Source) : Result<float, GmmError> =
        logLikelihood fit source |> Result.map (fun (sum, weight) -> sum / weight)

    /// Returns the integrated complete likelihood of the fit on data, as a criterion of which lower is better: −2 Σₙ wₙ
    /// (ln p(xₙ) + ln maxₖ rₙₖ) + p ln n with n = Σₙ wₙ. It equals BIC + 2 Σₙ wₙ (−ln maxₖ rₙₖ), a penalty for
    /// components that overlap (Biernacki, Celeux and Govaert 2000). mclust's criterion has the opposite sign.
    let icl (fit: Fit<'θ>) (source: Source) : Result<float, GmmError> =
        source
        |> weightedSums fit completeDensity
        |> Result.map (fun (sum, weight) -> InformationCriterion.bic fit.FreeParameters weight sum)

    /// Returns numbers of every row of a block for each component (n×K, row by row). `ofRows parameters` computes them
    /// for rows without missing cells; rows with some have those of their observed cells, under restricted parameters,
    /// and rows without an observed cell the number `ofEmpty`.
    let private ofObserved (fit: Fit<'θ>) (ofRows: 'θ -> Block -> float[]) (ofEmpty: float) : Block -> float[] =
        let components = fit.Components

        let restrict =
            match fit.Model.Family.Missing with
            | Some rows -> rows.Restrict
            | None -> fun _ -> id

        let ofPattern =
            IncompleteRows.preparing (fun observed ->
                match observed with
                | [||] -> fun (block: Block) -> Array.create (block.Rows * components) ofEmpty
                | _ -> restrict observed fit.Parameters |> ofRows)

        fun block ->
            if IncompleteRows.isIn block then
                block |> IncompleteRows.byPattern components (fun pattern _ -> ofPattern pattern pattern.Rows)
            else
                ofRows fit.Parameters block

    let private tensorOf (block: Block) = Reference.engine.Create [| block.Rows; block.Columns |] block.Values

    /// Returns the Mahalanobis distance √((xₙ−μₖ)ᵀΣₖ⁻¹(xₙ−μₖ)) of every row to every component (N×K) (Bishop, PRML,
    /// 2006, eq. 2.44). The distance of a row with missing cells is that of its observed cells, whose square has the
    /// χ² distribution with as many degrees of freedom as there are observed cells; 0 without any.
    let mahalanobis (fit: Fit<Gaussian>) (source: Source) : Result<float[,], GmmError> =
        let ofRows gaussian block = (tensorOf block |> Gaussian.squaredMahalanobis gaussian).toArray() |> Array.map sqrt

        source
        |> onData fit.Model fit.Mixture (byComponent fit.Model.Execution fit.Components (ofObserved fit ofRows 0.0))

    /// Returns the weight Σₖ rₙₖ E(u|xₙ, k) of every row (N) in the estimates of a mixture of Student's t distributions
    /// (Peel and McLachlan 2000, eq. 16): about 1 for most rows, close to 0 for a row far from all components, at most
    /// 1 + D/νₖ. Noise adds nothing. Missing cells are as in `mahalanobis`; a row without an observed cell has the
    /// weight 1.
    let robustWeights (fit: Fit<StudentT>) (source: Source) : Result<float[], GmmError> =
        let assign, components = assign fit.Model fit.Mixture, fit.Components

        let weights = ofObserved fit (fun t block -> (tensorOf block |> StudentT.weights t).toArray()) 1.0

        let ofBlock block =
            let struct (_, responsibilities) = assign block
            let weights, all = weights block, fit.Mixture.Components

            Array.init block.Rows (fun n ->
                let mutable sum = 0.0

                for k in 0 .. components - 1 do
                    sum <- sum + responsibilities[n * all + k] * weights[n * components + k]

                sum)

        source |> onData fit.Model fit.Mixture (byRow fit.Model.Execution ofBlock)
