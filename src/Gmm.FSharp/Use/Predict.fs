namespace Gmm

/// Using a fitted mixture on data, those it was fitted to or new ones. All functions return an error when the data have
/// another number of features than the mixture, no rows, or a number that isn't finite.
module Predict =
    /// What is wrong with data that a mixture can't have, if anything.
    let private check (model: Model<'θ>) (mixture: Mixture<'θ>) (source: Source) =
        result {
            do! Source.requireColumns (model.Family.Features mixture.Parameters) source
            do! Source.validate model.Execution source
            do! source |> Source.requireAll model.Execution (model.Family.Misfit mixture.Parameters)
        }

    /// What a function makes of every block of data that a mixture can have, all blocks one after another.
    let private onBlocks (model: Model<'θ>) mixture (ofBlock: Block -> float[]) (source: Source) =
        check model mixture source |> Result.map (fun () -> Source.collect model.Execution ofBlock source)

    /// A function of tensors on the joint log-densities (n×K) of a block.
    let private ofBlockJoint (compute: Tensor -> Tensor) (model: Model<'θ>) mixture : Block -> float[] =
        let logJoint = model.Backend.LogJoint mixture
        fun block -> (compute (Tensor.create [| block.Rows; mixture.Components |] (logJoint block))).toArray()

    /// What a function of tensors makes of the joint log-densities (n×K) of every block, all blocks one after another.
    let private ofJointOf (compute: Tensor -> Tensor) (model: Model<'θ>) mixture source : Result<float[], GmmError> =
        onBlocks model mixture (ofBlockJoint compute model mixture) source

    let private ofJoint (compute: Tensor -> Tensor) (fit: Fit<'θ>) (source: Source) : Result<float[], GmmError> =
        ofJointOf compute fit.Model fit.Mixture source

    /// N·K numbers, row by row, as a matrix.
    let private byComponent components (all: float[]) =
        Array2D.init (all.Length / components) components (fun n k -> all[n * components + k])

    /// The component with the largest joint density for every row (N), ties to the lower one.
    let labels (fit: Fit<'θ>) (source: Source) : Result<int[], GmmError> =
        ofJoint Assignment.likeliest fit source |> Result.map (Array.map int)

    /// The responsibilities rₙₖ (N×K): every row sums to 1.
    let responsibilities (fit: Fit<'θ>) (source: Source) : Result<float[,], GmmError> =
        ofJoint (Assignment.soft >> snd) fit source |> Result.map (byComponent fit.Mixture.Components)

    /// The log-density ln p(xₙ) of every row (N) under a mixture, as a model computes it.
    let logDensitiesOf (model: Model<'θ>) (mixture: Mixture<'θ>) (source: Source) : Result<float[], GmmError> =
        ofJointOf (Assignment.soft >> fst) model mixture source

    /// The log-density ln p(xₙ) of every row (N).
    let logDensities (fit: Fit<'θ>) (source: Source) : Result<float[], GmmError> =
        ofJoint (Assignment.soft >> fst) fit source

    /// Σₙ wₙvₙ and Σₙ wₙ of what a function of tensors makes of the joint log-densities, of which only those of a block
    /// are held.
    let private weightedSum
        (compute: Tensor -> Tensor)
        (fit: Fit<'θ>)
        (source: Source)
        : Result<float * float, GmmError> =
        let ofBlock = ofBlockJoint compute fit.Model fit.Mixture
        let weighted (block: Block) = block.WeightedSum(ofBlock block), Seq.sum (Seq.init block.Rows block.Weight)
        let add (a, b) (c, d) = a + c, b + d

        check fit.Model fit.Mixture source
        |> Result.map (fun () -> source |> Source.reduce fit.Model.Execution add weighted)

    /// Σₙ wₙ ln p(xₙ) and Σₙ wₙ.
    let internal logLikelihood (fit: Fit<'θ>) (source: Source) : Result<float * float, GmmError> =
        weightedSum (Assignment.soft >> fst) fit source

    /// The mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.
    let score (fit: Fit<'θ>) (source: Source) : Result<float, GmmError> =
        logLikelihood fit source |> Result.map (fun (sum, weight) -> sum / weight)

    /// The integrated complete likelihood of the fit on data, as a criterion of which lower is better:
    /// −2 Σₙ wₙ (ln p(xₙ) + ln maxₖ rₙₖ) + p ln n with n = Σₙ wₙ, that is BIC + 2 Σₙ wₙ (−ln maxₖ rₙₖ): components that overlap
    /// cost (Biernacki, Celeux and Govaert 2000). mclust's has the opposite sign.
    let icl (fit: Fit<'θ>) (source: Source) : Result<float, GmmError> =
        let complete joint =
            let evidence, responsibilities = Assignment.soft joint
            evidence + (responsibilities.max 1).log()

        weightedSum complete fit source
        |> Result.map (fun (sum, weight) -> -2.0 * sum + float fit.FreeParameters * log weight)

    /// The Mahalanobis distance √((xₙ−μₖ)ᵀΣₖ⁻¹(xₙ−μₖ)) of every row to every component (N×K) (Bishop, PRML, 2006, eq. 2.44).
    let mahalanobis (fit: Fit<Gaussian>) (source: Source) : Result<float[,], GmmError> =
        let ofBlock (block: Block) =
            Reference.engine.Create [| block.Rows; block.Columns |] block.Values
            |> Gaussian.squaredMahalanobis fit.Parameters
            |> _.toArray()
            |> Array.map sqrt

        onBlocks fit.Model fit.Mixture ofBlock source |> Result.map (byComponent fit.Mixture.Components)
