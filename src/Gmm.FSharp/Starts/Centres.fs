namespace Gmm

open System

/// Finds K centres to start from: rows of the data or points among the rows, so that moments about them don't cancel.
module Centres =
    /// Returns the error of data that have fewer different rows than components.
    let internal tooFew components found = Error(TooFewDistinctRows(components, found))

    /// Draws a row with probability proportional to its number. `ofBlock` gives the numbers of the rows of one block,
    /// and `sums` has the sum of these for every block. The function first draws a block, then a row of it, so that it
    /// need not keep a number for every row of the data.
    let private draw random (source: Source) (sums: float[]) (ofBlock: Block -> float[]) : float[] =
        let block = source.Read(int64 (RandomStream.index random sums))
        block.Row(RandomStream.index random (ofBlock block)).ToArray()

    let private weights (block: Block) = Array.init block.Rows block.Weight

    /// Draws a row with probability ∝ wₙ.
    let private drawByWeight execution random (source: Source) : float[] =
        let sums = source |> Source.collect execution (fun block -> [| Array.sum (weights block) |])
        draw random source sums weights

    /// Adds a row to a list of distinct rows, sorted by their keys, which keeps at most `count` rows.
    let private add count (rows: ResizeArray<struct (uint64 * float[])>) (key: uint64) (row: ReadOnlySpan<float>) =
        let mutable equal = 0
        let mutable place = 0

        while equal < rows.Count && (let struct (_, other) = rows[equal] in not (row.SequenceEqual(ReadOnlySpan other))) do
            equal <- equal + 1

        while place < rows.Count && (let struct (other, _) = rows[place] in other < key) do
            place <- place + 1

        // An equal row with a lower key also represents this row.
        if equal >= place then
            if equal < rows.Count then
                rows.RemoveAt equal

            rows.Insert(place, struct (key, row.ToArray()))

            if rows.Count > count then
                rows.RemoveAt count

    /// Draws K distinct rows of positive weight, one after another, each from all that are left. Error when the data
    /// have fewer such rows.
    let points execution (random: Random) components (source: Source) : Result<float[,], GmmError> =
        let seed = random.NextInt64()

        /// Returns the rows with the lowest keys. Every row has a random key, so the rows with the K lowest keys are K
        /// draws.
        let lowest (blocks: Block seq) =
            let rows = ResizeArray()

            for block in blocks do
                for i in 0 .. block.Rows - 1 do
                    let key = RandomStream.key seed (block.FirstRow + int64 i)

                    if
                        block.Weight i > 0.0
                        && (rows.Count < components || (let struct (highest, _) = rows[components - 1] in key < highest))
                    then
                        add components rows key (block.Row i)

            rows

        let merge (rows: ResizeArray<struct (uint64 * float[])>) (others: ResizeArray<struct (uint64 * float[])>) =
            for struct (key, row) in others do
                add components rows key (ReadOnlySpan row)

            rows

        let rows = source |> Source.reduceRuns execution merge lowest

        if rows.Count < components then
            tooFew components rows.Count
        else
            Ok(array2D [ for struct (_, row) in rows -> row ])

    /// Centres that are chosen one after another, and the distance of every row to the nearest of them.
    [<Sealed>]
    type private Choice(execution, source: Source, first: float[]) =
        let kernels = Pool(fun () -> Kernel.nearestCentreOf Width.widest)
        let centres = ResizeArray [ first ]

        // The squared distances of the first rows are kept, 8 MiB of them. Those of later rows are computed again from
        // all centres, so that memory doesn't grow with the number of rows.
        let kept = Array.create (int (min source.Rows (1L <<< 20))) infinity
        let mutable counted = 0

        let isKept (block: Block) = block.FirstRow + int64 block.Rows <= int64 kept.Length

        /// The number of centres that all distances already contain, so that no kernel needs these centres.
        let known () = if source.Rows <= int64 kept.Length then counted else 0

        /// Returns the centres from a number on.
        let centresFrom first = centres.GetRange(first, centres.Count - first).ToArray()

        /// The chosen centres.
        member _.Centres = centres

        /// Adds a centre.
        member _.Add(centre: float[]) = centres.Add centre

        /// Returns wₙ‖xₙ − nearest centre‖² for the rows of a block.
        member _.Potentials(block: Block) : float[] =
            let first, nearest =
                if isKept block then
                    counted, Array.sub kept (int block.FirstRow) block.Rows
                else
                    0, Array.create block.Rows infinity

            let further = centresFrom first

            if further.Length > 0 then
                kernels.Use(fun kernel ->
                    kernel.Prepare further
                    kernel.Lower(block, 0, further.Length, Span nearest) |> ignore)

            nearest |> Array.mapi (fun i distance -> block.Weight i * distance)

        /// Maps every block and merges the results in block order. `ofBlock` gets the block, ‖xₙ − nearest centre‖² of
        /// its rows and, for each candidate, the sum Σ wₙ‖xₙ − nearest centre‖² over the block if that candidate were
        /// the next centre.
        member _.Reduce
            (candidates: float[] list, merge, ofBlock: Block -> ReadOnlyMemory<float> -> float[] -> 'T)
            : 'T =
            let known = known ()
            let all = Array.append (centresFrom known) (Array.ofList candidates)

            let ofRun (blocks: Block seq) =
                kernels.Use(fun kernel ->
                    kernel.Prepare all
                    let mutable scratch: float[] = [||]

                    let ofBlock (block: Block) =
                        let first, nearest =
                            if isKept block then
                                counted, Memory(kept, int block.FirstRow, block.Rows)
                            else
                                if scratch.Length < block.Rows then
                                    scratch <- Array.zeroCreate block.Rows

                                scratch.AsSpan().Fill infinity
                                0, Memory(scratch, 0, block.Rows)

                        let left = kernel.Lower(block, first - known, centres.Count - known, nearest.Span)
                        ofBlock block (Memory.op_Implicit nearest) left

                    blocks |> Source.mergeBlocks merge ofBlock)

            let result = source |> Source.reduceRuns execution merge ofRun
            counted <- centres.Count
            result

        /// Returns the centres as a matrix (K×D).
        member _.ToMatrix() : float[,] = array2D centres

    /// Chooses K rows by greedy k-means++ (Arthur and Vassilvitskii 2007). The first row is drawn with probability ∝
    /// wₙ. Each further one is the best of 2 + ⌊ln K⌋ rows drawn with probability ∝ wₙ‖xₙ − nearest centre‖²; the best
    /// row leaves the smallest sum of these numbers. Error when fewer than K rows differ.
    let kPlusPlus execution (random: Random) components (source: Source) : Result<float[,], GmmError> =
        let trials = 2 + int (log (float components))
        let choice = Choice(execution, source, drawByWeight execution random source)

        /// Returns, for each candidate, the sums that it would leave, block by block.
        let left (candidates: float[] list) : float[] list =
            let sums = candidates |> List.map (fun _ -> Array.zeroCreate (int source.Blocks))

            choice.Reduce(
                candidates,
                (fun () () -> ()),
                fun block _ ofBlock ->
                    let index = int (block.FirstRow / int64 source.BlockRows)
                    sums |> List.iteri (fun i sums -> sums[index] <- ofBlock[i])
            )

            sums

        /// Chooses the next centre from the sums that are left now.
        let rec choose (sums: float[]) =
            if choice.Centres.Count = components then
                Ok(choice.ToMatrix())
            elif sums |> Array.forall ((=) 0.0) then
                tooFew components choice.Centres.Count
            else
                let candidates = List.init trials (fun _ -> draw random source sums choice.Potentials)
                let centre, sums = List.zip candidates (left candidates) |> List.minBy (snd >> Array.sum)
                choice.Add centre
                choose sums

        choose (left [ choice.Centres[0] ]).Head

    /// Chooses K rows by farthest-first traversal (Gonzalez 1985). The first row is drawn with probability ∝ wₙ. Each
    /// further one is the row farthest from its nearest predecessor, the first of equals. Error when fewer than K rows
    /// differ.
    let farthestFirst execution (random: Random) components (source: Source) : Result<float[,], GmmError> =
        let choice = Choice(execution, source, drawByWeight execution random source)

        let farther (a: struct (float * int64)) (b: struct (float * int64)) =
            let struct (a', _), struct (b', _) = a, b
            if b' > a' then b else a

        /// Returns the row of a block that is farthest from its nearest centre, and the squared distance.
        let farthest (block: Block) (nearest: ReadOnlyMemory<float>) _ =
            let nearest = nearest.Span
            let mutable row, distance = -1, 0.0

            for i in 0 .. block.Rows - 1 do
                if nearest[i] > distance && block.Weight i > 0.0 then
                    row <- i
                    distance <- nearest[i]

            struct (distance, block.FirstRow + int64 row)

        let rec choose () =
            if choice.Centres.Count = components then
                Ok(choice.ToMatrix())
            else
                let struct (distance, row) = choice.Reduce([], farther, farthest)

                if distance = 0.0 then
                    tooFew components choice.Centres.Count
                else
                    choice.Add((source |> Source.rows [| row |])[0, *])
                    choose ()

        choose ()

    /// Draws K points from the normal distribution with the mean and the covariance of the data.
    let internal normal execution (random: Random) components (source: Source) : float[,] =
        let data = source |> DataCovariance.ofSource execution (Layout.own Shape.Full)
        let root = LinearAlgebra.squareRoot source.Columns data.Covariance

        Array.init components (fun _ ->
            Draw.standardNormals random source.Columns
            |> LinearAlgebra.product root
            |> Array.mapi (fun j x -> data.Mean[0, j] + x))
        |> array2D
