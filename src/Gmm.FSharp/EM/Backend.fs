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

    /// The tensor expressions of a family on a tensor engine, as the textbook has them:
    /// ln ρₙₖ = ln πₖ + ln p(xₙ|θₖ), responsibilities by assignment, sums weighted by wₙrₙₖ (Bishop, PRML, 2006, §9.2.2).
    let textbook (engine: Engine) (family: Family<'θ>) : Backend<'θ> =
        let place (mixture: Mixture<'θ>) =
            { LogWeights = engine.Move mixture.LogWeights
              Parameters = family.Move engine.Move mixture.Parameters }

        let logJoint (mixture: Mixture<'θ>) x = family.LogDensity mixture.Parameters x + mixture.LogWeights

        let expect assignment mixture =
            let mixture = place mixture

            let expectPart (block: Block) =
                let x = tensorOf engine block

                let evidence, responsibilities =
                    match assignment with
                    | Soft -> Assignment.soft (logJoint mixture x)
                    | Hard -> Assignment.hard (logJoint mixture x)
                    | Given responsibilities ->
                        x.like ([| block.Rows |], Array.zeroCreate block.Rows),
                        x.like ([| block.Rows; mixture.Components |], responsibilities block)

                let weights = Array.init block.Rows block.Weight
                let weighted = responsibilities * x.like ([| block.Rows; 1 |], weights)

                { Weight = Array.sum weights
                  LogLikelihood = block.WeightedSum(evidence.toArray ())
                  Counts = (weighted.sum 0).toArray()
                  Sums = [| for sum in family.Sums mixture.Parameters x weighted -> sum.toArray () |] }

            Seq.map (parts engine mixture.Components >> List.map expectPart >> List.reduce (+)) >> Seq.reduce (+)

        { Name = $"textbook on {engine.Name}"
          Expect = expect
          LogJoint =
            fun mixture ->
                let mixture = place mixture

                parts engine mixture.Components
                >> List.map (fun part -> (logJoint mixture (tensorOf engine part)).toArray())
                >> Array.concat }
