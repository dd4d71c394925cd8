namespace Gmm

open System

/// K rows of the data to start from. They are rows themselves, so that moments about them don't cancel.
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
