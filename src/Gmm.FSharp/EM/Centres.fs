namespace Gmm

open System
open MathNet.Numerics.Distributions

/// K centres to start from: rows of the data or points among them, so that moments about them don't cancel.
module Centres =
    /// What to say of data with fewer different rows than components.
    let internal tooFew components found =
        Error(
            InvalidData(
                $"at least {components} different rows of positive weight, one for each component",
                $"only {found} were found"
            )
        )

    /// ‖x − y‖².
    let internal squaredDistance (x: ReadOnlySpan<float>) (y: ReadOnlySpan<float>) =
        let mutable sum = 0.0

        for j in 0 .. x.Length - 1 do
            let difference = x[j] - y[j]
            sum <- sum + difference * difference

        sum

    let private weights execution (source: Source) =
        source |> Source.collect execution (fun block -> Array.init block.Rows block.Weight)

    /// K rows of positive weight that differ, drawn one after another among all that are left. Error when there are not so
    /// many.
    let points execution (random: Random) components (source: Source) : Result<float[,], GmmError> =
        let weights = weights execution source
        let candidates = [| 0 .. weights.Length - 1 |] |> Array.filter (fun row -> weights[row] > 0.0)

        let different =
            RandomStream.shuffle random candidates
            |> Seq.map (fun row -> (source |> Source.rows [| int64 row |])[0, *])
            |> Seq.distinct
            |> Seq.truncate components
            |> Array.ofSeq

        if different.Length < components then
            tooFew components different.Length
        else
            Ok(array2D different)

    /// K rows by greedy k-means++ (Arthur and Vassilvitskii 2007): the first with probability ∝ wₙ; each further one the
    /// best of 2 + ⌊ln K⌋ rows drawn with probability ∝ wₙ‖xₙ − nearest centre‖², where best leaves the smallest sum of
    /// these. Error when fewer than K rows differ.
    let kPlusPlus execution (random: Random) components (source: Source) : Result<float[,], GmmError> =
        let trials = 2 + int (log (float components))
        let row number = (source |> Source.rows [| int64 number |])[0, *]

        /// The smaller of the current potential and wₙ‖xₙ − c‖², for every row.
        let lowered (current: float[]) (centre: float[]) =
            source
            |> Source.collect execution (fun block ->
                Array.init block.Rows (fun i ->
                    let distance = squaredDistance (block.Row i) (ReadOnlySpan centre)
                    min current[int block.FirstRow + i] (block.Weight i * distance)))

        let rec choose (centres: float[] list) (potential: float[]) =
            if centres.Length = components then
                Ok(array2D (List.rev centres))
            elif potential |> Array.forall (fun p -> p = 0.0) then
                tooFew components centres.Length
            else
                let centre, potential =
                    List.init trials (fun _ -> row (RandomStream.index random potential))
                    |> List.map (fun centre -> centre, lowered potential centre)
                    |> List.minBy (snd >> Array.sum)

                choose (centre :: centres) potential

        let first = row (RandomStream.index random (weights execution source))
        choose [ first ] (lowered (Array.create (int source.Rows) infinity) first)

    /// K rows, each the farthest from the nearest of those before it, the first of equals; the first of all drawn with
    /// probability ∝ wₙ (farthest-first traversal, Gonzalez 1985). Error when fewer than K rows differ.
    let farthestFirst execution (random: Random) components (source: Source) : Result<float[,], GmmError> =
        let farther (a: struct (float * int64)) (b: struct (float * int64)) =
            let struct (a', _), struct (b', _) = a, b
            if b' > a' then b else a

        /// The row of a block that is farthest from the nearest centre, and its squared distance.
        let farthest (centres: float[][]) (block: Block) =
            let mutable best = struct (0.0, 0L)

            for i in 0 .. block.Rows - 1 do
                if block.Weight i > 0.0 then
                    let mutable nearest = infinity

                    for centre in centres do
                        nearest <- min nearest (squaredDistance (block.Row i) (ReadOnlySpan centre))

                    best <- farther best (struct (nearest, block.FirstRow + int64 i))

            best

        let rec choose (centres: float[] list) =
            if centres.Length = components then
                Ok(array2D (List.rev centres))
            else
                let struct (distance, row) = source |> Source.reduce execution farther (farthest (Array.ofList centres))

                if distance = 0.0 then
                    tooFew components centres.Length
                else
                    choose ((source |> Source.rows [| row |])[0, *] :: centres)

        let first = RandomStream.index random (weights execution source) |> int64
        choose [ (source |> Source.rows [| first |])[0, *] ]

    /// K draws from the normal distribution with the mean and the covariance of the data.
    let internal normal execution (random: Random) components (source: Source) : Result<float[,], GmmError> =
        Spread.ofSource execution Full source
        |> Result.map (fun spread ->
            let root = LinearAlgebra.squareRoot source.Columns spread.Covariance

            Array.init components (fun _ ->
                let z = Array.init source.Columns (fun _ -> Normal.Sample(random, 0.0, 1.0))

                Array.init source.Columns (fun j ->
                    spread.Mean[0, j] + Array.fold2 (fun sum a b -> sum + a * b) 0.0 root[j] z))
            |> array2D)
