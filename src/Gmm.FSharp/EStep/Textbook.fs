namespace Gmm

open System

/// The source of a row's responsibilities: the assignment of its joint log-densities, or a function of its block that
/// gives them (n×K, row by row), for the starts from labels and responsibilities. The function may reuse its array for
/// the next block on the same thread.
[<RequireQualifiedAccess>]
type internal Responsibility =
    | Assigned of Assignment
    | Given of (Block -> float[])

/// The E-step as tensor expressions that read like the equations. They run on every engine.
module Textbook =
    let private tensorOf (engine: Engine) (block: Block) = engine.Create [| block.Rows; block.Columns |] block.Values

    /// Cuts a block into parts with so few rows that K×n×D numbers fit the engine.
    let private parts (engine: Engine) components (block: Block) =
        let rows = engine.Capacity / (components * block.Columns) |> max 8
        [ for first in 0..rows .. max 0 (block.Rows - 1) -> block.Slice(first, min rows (block.Rows - first)) ]

    /// Applies a function of tensors to a part, and frees the tensors that the function computed.
    let private onPart engine work part =
        let x = tensorOf engine part

        try
            x.Within(fun x -> work x part)
        finally
            x.free ()

    /// Moves the mixture to the engine of x, where it is freed with everything computed from x.
    let private place (family: Family<'θ>) (x: Tensor) (mixture: Mixture<'θ>) =
        let move (tensor: Tensor) = x.like (tensor.shape, tensor.toArray ())

        { LogWeights = move mixture.LogWeights
          Parameters = family.Move move mixture.Parameters }

    /// Returns ln ρₙₖ = ln πₖ + ln p(xₙ|θₖ) (n×K) of rows x (n×D).
    let private joint (family: Family<'θ>) (mixture: Mixture<'θ>) x =
        family.LogDensity mixture.Parameters x + mixture.LogWeights

    /// Returns the statistics under a mixture of a block with rows x: responsibilities, and sums weighted by wₙrₙₖ
    /// (Bishop, PRML, 2006, §9.2.2).
    let internal ofRows (family: Family<'θ>) responsibility mixture (x: Tensor) (block: Block) : Statistics =
        let mixture = place family x mixture

        let evidence, responsibilities =
            match responsibility with
            | Responsibility.Assigned Soft -> Assignment.soft (joint family mixture x)
            | Responsibility.Assigned Hard -> Assignment.hard (joint family mixture x)
            | Responsibility.Given responsibilities ->
                x.like ([| block.Rows |], Array.zeroCreate block.Rows),
                x.like ([| block.Rows; mixture.Components |], responsibilities block)

        let weights = Array.init block.Rows block.Weight
        let weighted = responsibilities * x.like ([| block.Rows; 1 |], weights)

        { Weight = Array.sum weights
          LogLikelihood = block.WeightedSum(evidence.toArray ())
          Counts = (weighted.sum 0).toArray()
          Sums = [| for sum in family.Sums mixture.Parameters x weighted -> sum.toArray () |] }

    /// Returns the statistics of some blocks together, at least one.
    let internal expect
        (engine: Engine)
        (family: Family<'θ>)
        responsibility
        (mixture: Mixture<'θ>)
        : Block seq -> Statistics =
        let ofPart = onPart engine (ofRows family responsibility mixture)
        Seq.map (parts engine mixture.Components >> List.map ofPart >> List.reduce (+)) >> Seq.reduce (+)

    /// Returns the statistics of neighbouring blocks under a mixture, computed on an engine one block after another.
    let statistics
        (engine: Engine)
        (family: Family<'θ>)
        (assignment: Assignment)
        (mixture: Mixture<'θ>)
        : Block seq -> Statistics =
        expect engine family (Responsibility.Assigned assignment) mixture

    /// Returns the joint log-densities ln ρₙₖ of a block (n×K, row by row) under a mixture.
    let logJoint (engine: Engine) (family: Family<'θ>) (mixture: Mixture<'θ>) : Block -> float[] =
        let ofPart x (_: Block) = (joint family (place family x mixture) x).toArray()
        parts engine mixture.Components >> List.map (onPart engine ofPart) >> Array.concat

    /// Runs an E-step on an engine. Turns a failure of the engine into the error `UnavailableBackend`.
    let internal guarded (engine: Engine) (eStep: unit -> 'T) : 'T =
        let fail (failure: exn) =
            let remedy = "Choose another backend, or free its memory if that is full"
            raise (GmmException(UnavailableBackend(engine.Name, failure.Message, remedy)))

        try
            eStep ()
        with
        | :? EngineException as failure -> fail failure
        | :? InsufficientMemoryException as failure -> fail failure

    /// Returns a backend that runs the tensor expressions of a family on an engine.
    let backend (engine: Engine) : Backend =
        { new Backend with
            member _.Name = $"textbook on {engine.Name}"

            member _.Open(family, source, execution) =
                Ok
                    { new Pass<_> with
                        member _.Expect(assignment, mixture) =
                            guarded engine (fun () ->
                                source |> Source.reduceRuns execution (+) (statistics engine family assignment mixture))

                        member _.Dispose() = () } }
