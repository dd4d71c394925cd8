namespace Gmm

open System

/// One way to run the E-step on blocks of rows. This is the seam: threads, other engines and files larger than memory plug
/// in here, and nothing else knows of them. Applied to an assignment and a mixture, a backend may prepare what all blocks
/// share; what comes out is then called for one run of neighbouring blocks after another, from several threads at once.
[<NoEquality; NoComparison>]
type Backend<'θ> =
    {
        /// The backend's name, for reports.
        Name: string
        /// The statistics of some blocks together, at least one, under a mixture. The blocks are read as they are asked for.
        Expect: Assignment -> Mixture<'θ> -> Block seq -> Statistics
        /// Takes back statistics that it made and nobody holds any more: their arrays may serve again.
        Recycle: Statistics -> unit
        /// The joint log-densities ln ρₙₖ of a block (n×K, row by row).
        LogJoint: Mixture<'θ> -> Block -> float[]
    }

/// Backends for any family.
module Backend =
    let private tensorOf (engine: Engine) (block: Block) = engine.Create [| block.Rows; block.Columns |] block.Values

    /// The block in parts of so few rows that K×n×D numbers fit the engine.
    let private parts (engine: Engine) components (block: Block) =
        let rows = engine.Capacity / (components * block.Columns) |> max 8
        [ for first in 0..rows .. max 0 (block.Rows - 1) -> block.Slice(first, min rows (block.Rows - first)) ]

    /// What a function of tensors makes of a part; they are freed.
    let private onPart engine work part =
        let x = tensorOf engine part

        try
            x.Within(fun x -> work x part)
        finally
            x.free ()

    /// A mixture with its tensors on the engine of x, to be freed with what is computed from x.
    let private place (family: Family<'θ>) (x: Tensor) (mixture: Mixture<'θ>) =
        let move (tensor: Tensor) = x.like (tensor.shape, tensor.toArray ())

        { LogWeights = move mixture.LogWeights
          Parameters = family.Move move mixture.Parameters }

    /// ln ρₙₖ = ln πₖ + ln p(xₙ|θₖ) (n×K) of rows x (n×D).
    let private logJoint (family: Family<'θ>) (mixture: Mixture<'θ>) x =
        family.LogDensity mixture.Parameters x + mixture.LogWeights

    /// The statistics under a mixture of a block whose rows are x: responsibilities by assignment, and sums weighted by
    /// wₙrₙₖ (Bishop, PRML, 2006, §9.2.2).
    let internal statistics (family: Family<'θ>) assignment mixture (x: Tensor) (block: Block) : Statistics =
        let mixture = place family x mixture

        let evidence, responsibilities =
            match assignment with
            | Soft -> Assignment.soft (logJoint family mixture x)
            | Hard -> Assignment.hard (logJoint family mixture x)
            | Given responsibilities ->
                x.like ([| block.Rows |], Array.zeroCreate block.Rows),
                x.like ([| block.Rows; mixture.Components |], responsibilities block)

        let weights = Array.init block.Rows block.Weight
        let weighted = responsibilities * x.like ([| block.Rows; 1 |], weights)

        { Weight = Array.sum weights
          LogLikelihood = block.WeightedSum(evidence.toArray ())
          Counts = (weighted.sum 0).toArray()
          Sums = [| for sum in family.Sums mixture.Parameters x weighted -> sum.toArray () |] }

    /// The joint log-densities ln ρₙₖ under a mixture (n×K, row by row) of rows x.
    let internal logJoints (family: Family<'θ>) mixture (x: Tensor) (_: Block) : float[] =
        (logJoint family (place family x mixture) x).toArray()

    /// The tensor expressions of a family on a tensor engine, as the textbook has them.
    let textbook (engine: Engine) (family: Family<'θ>) : Backend<'θ> =
        let expect assignment mixture =
            let expectPart = onPart engine (statistics family assignment mixture)
            Seq.map (parts engine mixture.Components >> List.map expectPart >> List.reduce (+)) >> Seq.reduce (+)

        { Name = $"textbook on {engine.Name}"
          Expect = expect
          Recycle = ignore
          LogJoint =
            fun mixture ->
                parts engine mixture.Components >> List.map (onPart engine (logJoints family mixture)) >> Array.concat }
