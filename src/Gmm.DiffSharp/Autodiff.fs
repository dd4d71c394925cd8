namespace Gmm

open System
open MathNet.Numerics.LinearAlgebra

type private dsharp = DiffSharp.dsharp

/// The log-likelihood of a mixture as a function that DiffSharp differentiates, with the score, the observed information and
/// standard errors. DiffSharp counts the nesting of derivatives for the whole program, so take derivatives on
/// one thread at a time.
module Autodiff =
    let private alone = { Execution.Default with Threads = 1 }

    /// Where the first tensor of DiffSharp in a mixture lives.
    let private placeOf (family: Family<'θ>) (mixture: Mixture<'θ>) =
        let tensors = ResizeArray [ mixture.LogWeights ]

        family.Move
            (fun tensor ->
                tensors.Add tensor
                tensor)
            mixture.Parameters
        |> ignore

        match
            tensors
            |> Seq.tryPick (fun tensor ->
                match tensor with
                | :? DiffSharpTensor as t -> Some t.Tensor
                | _ -> None)
        with
        | Some tensor -> DiffSharpPlace.Of tensor
        | None ->
            invalidArg
                (nameof mixture)
                "A mixture to differentiate must have a tensor of DiffSharp, but has none; make one by DiffSharpTensor.ofDiffSharp."

    /// Error when the data don't suit components of a family.
    let private check (family: Family<'θ>) parameters (source: Source) : Result<unit, GmmError> =
        let columns = family.Features parameters

        let misfit () =
            seq { 0L .. source.Blocks - 1L }
            |> Seq.tryPick (source.Read >> family.Misfit parameters)
            |> Option.map Error
            |> Option.defaultValue (Ok())

        if source.Columns = columns then
            Source.validate alone source |> Result.bind misfit
        else
            Error(InvalidData($"{columns} columns, as the mixture has", $"there are {source.Columns}"))

    /// Σₙ wₙ ln p(xₙ) over a block, its rows of weight 0 left out: they may have density 0.
    let private ofBlock (family: Family<'θ>) (mixture: Mixture<'θ>) (place: DiffSharpPlace) (block: Block) : Tensor =
        let kept =
            [| for i in 0 .. block.Rows - 1 do
                   if block.Weight i > 0.0 then
                       i |]

        let rows = kept |> Array.collect (fun i -> block.Row(i).ToArray())
        let x = DiffSharpTensor(place.Create([| kept.Length; block.Columns |], rows))
        let weights = DiffSharpTensor(place.Create([| kept.Length |], kept |> Array.map block.Weight))
        let evidence, _ = Assignment.soft (family.LogDensity mixture.Parameters x + mixture.LogWeights)
        (evidence * weights).sum 0

    /// The log-likelihood Σₙ wₙ ln p(xₙ), a scalar, of mixture parameters among which are tensors of DiffSharp, differentiable in
    /// these; tensors of other engines are constants. Log-weights count up to a constant, as logits do. The same textbook as
    /// the E-step's (Bishop, PRML, 2006, eq. 9.14). Throws `GmmException` when the data don't fit, ArgumentException when there is
    /// no tensor of DiffSharp.
    let logLikelihood (family: Family<'θ>) (mixture: Mixture<'θ>) (source: Source) : DiffSharp.Tensor =
        check family mixture.Parameters source |> GmmError.get
        let place = placeOf family mixture
        let move (tensor: Tensor) = DiffSharpTensor.toDiffSharp place tensor |> DiffSharpTensor.ofDiffSharp
        let logits = move mixture.LogWeights
        let total, _ = Assignment.soft (logits.unsqueeze 0)

        let mixture =
            { LogWeights = logits - total
              Parameters = family.Move move mixture.Parameters }

        seq { 0L .. source.Blocks - 1L }
        |> Seq.map (source.Read >> ofBlock family mixture place)
        |> Seq.reduce (+)
        |> DiffSharpTensor.toDiffSharp place

    /// The log-likelihood at free parameters θ (m).
    let logLikelihoodAt
        (parameters: FreeParameters<'θ>)
        (source: Source)
        (vector: DiffSharp.Tensor)
        : DiffSharp.Tensor =
        let mixture = parameters.ToMixture(DiffSharpTensor.ofDiffSharp vector)
        logLikelihood parameters.Family mixture source

    /// Derives the log-likelihood of each block and sums the results, so that derivatives need the memory of one block only.
    let private sumOverBlocks (parameters: FreeParameters<'θ>) (source: Source) derive (vector: DiffSharp.Tensor) =
        let ofBlock (block: Block) : DiffSharp.Tensor =
            let one =
                { source with
                    Rows = int64 block.Rows
                    BlockRows = block.Rows
                    Read = fun _ -> block }

            derive (logLikelihoodAt parameters one) vector

        let mixture = parameters.ToMixture(DiffSharpTensor.ofDiffSharp vector)
        check parameters.Family mixture.Parameters source |> GmmError.get
        // A block of weight 0 has a constant likelihood, which DiffSharp can't differentiate.
        let hasWeight (block: Block) = Seq.exists (fun i -> block.Weight i > 0.0) (seq { 0 .. block.Rows - 1 })

        seq { 0L .. source.Blocks - 1L }
        |> Seq.map source.Read
        |> Seq.filter hasWeight
        |> Seq.map ofBlock
        |> Seq.reduce (fun a b -> a + b)

    /// The score, the gradient of the log-likelihood in the free parameters (m); 0 at a maximum.
    let score (parameters: FreeParameters<'θ>) (source: Source) (vector: DiffSharp.Tensor) : DiffSharp.Tensor =
        sumOverBlocks parameters source (fun f theta -> dsharp.grad f theta) vector

    /// The Hessian, column by column: the reverse derivative of a forward one.
    let private hessian (f: DiffSharp.Tensor -> DiffSharp.Tensor) (vector: DiffSharp.Tensor) =
        let column j =
            let direction = vector.onehotLike (vector.nelement, j)
            dsharp.jacobianTv (fun theta -> dsharp.gradv f theta direction) vector (vector.oneLike ())

        dsharp.stack (Array.init vector.nelement column, 1)

    /// The observed information −∂²/∂θ∂θᵀ Σₙ wₙ ln p(xₙ) (m×m); at a maximum its inverse estimates the covariance of the
    /// estimates θ̂ (Efron and Hinkley, Biometrika 65, 1978; McLachlan and Peel, Finite Mixture Models, 2000, §2.15).
    let observedInformation (parameters: FreeParameters<'θ>) (source: Source) (vector: DiffSharp.Tensor) =
        -(sumOverBlocks parameters source hessian vector)

    /// The standard errors of quantities (q), a differentiable function of the free parameters (m), from the information (m×m)
    /// and the estimates, by the delta method: √diag(J I⁻¹ Jᵀ) with J the quantities' Jacobian; `id` for the parameters
    /// themselves. Error when the information is not positive definite, as it is at an isolated maximum.
    let standardErrors
        (information: DiffSharp.Tensor)
        (quantities: DiffSharp.Tensor -> DiffSharp.Tensor)
        (vector: DiffSharp.Tensor)
        : Result<float[], GmmError> =
        let matrix (tensor: DiffSharp.Tensor) =
            Matrix<float>.Build.DenseOfArray((DiffSharpTensor.ofDiffSharp tensor).toArray2D())

        let information = matrix information
        let symmetric = (information + information.Transpose()) * 0.5
        let jacobian = matrix (dsharp.jacobian quantities vector)

        try
            let solved = symmetric.Cholesky().Solve(jacobian.Transpose())
            Ok(Array.init jacobian.RowCount (fun i -> sqrt (jacobian.Row i * solved.Column i)))
        with :? ArgumentException ->
            let least = symmetric.Evd(Symmetricity.Symmetric).EigenValues |> Seq.map _.Real |> Seq.min
            let rule = "positive definite, as at an isolated maximum of the likelihood; fit with a smaller Tolerance"
            Error(InvalidOption("Information", rule, $"a matrix with the eigenvalue {string least}"))
