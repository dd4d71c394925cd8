namespace Gmm

/// Pairs the rows of a cost matrix with its columns, each at most once, at the least total cost: the linear assignment
/// problem.
module Matching =
    /// The largest magnitude of a cost: sums of larger costs might overflow.
    let private largest = 1e200

    /// Finds the column of every row of R×C costs, R ≤ C, by shortest augmenting paths in O(R²C). Rows join one after
    /// another. Potentials u and v keep every reduced cost cᵢⱼ − uᵢ − vⱼ at 0 or more, and the reduced costs of pairs
    /// at 0, which makes the pairs optimal.
    let private ofWide (costs: float[,]) : int[] =
        let rows, columns = Array2D.length1 costs, Array2D.length2 costs
        let none = -1
        let u, v = Array.zeroCreate<float> rows, Array.zeroCreate<float> columns
        let rowOf = Array.create columns none

        for newcomer in 0 .. rows - 1 do
            // The cheapest known path from the newcomer to each column, and the column before it on that path.
            let length, before = Array.create columns infinity, Array.create columns none
            let isReached = Array.create columns false

            /// Extends paths from a row, reached by its column, until one path ends at a free column.
            let rec search row column =
                let mutable next, step = none, infinity

                for j in 0 .. columns - 1 do
                    if not isReached[j] then
                        let reduced = costs[row, j] - u[row] - v[j]

                        if reduced < length[j] then
                            length[j] <- reduced
                            before[j] <- column

                        if length[j] < step then
                            next <- j
                            step <- length[j]

                u[newcomer] <- u[newcomer] + step

                for j in 0 .. columns - 1 do
                    if isReached[j] then
                        u[rowOf[j]] <- u[rowOf[j]] + step
                        v[j] <- v[j] - step
                    else
                        length[j] <- length[j] - step

                isReached[next] <- true
                if rowOf[next] = none then next else search rowOf[next] next

            /// Moves every row on the path to the path's next column.
            let rec augment column =
                if before[column] = none then
                    rowOf[column] <- newcomer
                else
                    rowOf[column] <- rowOf[before[column]]
                    augment before[column]

            augment (search newcomer none)

        let columnOf = Array.zeroCreate rows

        for j in 0 .. columns - 1 do
            if rowOf[j] <> none then
                columnOf[rowOf[j]] <- j

        columnOf

    let private transposed (matrix: float[,]) =
        Array2D.init (Array2D.length2 matrix) (Array2D.length1 matrix) (fun i j -> matrix[j, i])

    /// Finds the min(R, C) pairs of a row and a column of the costs (R×C) with the least sum of costs. Each row and
    /// each column is in at most one pair, and the pairs are in the order of the rows. The Hungarian method with
    /// potentials takes O(min(R, C)²·max(R, C)) (Kuhn 1955; Jonker and Volgenant 1987). Error when a cost is not
    /// finite, or exceeds 1e200 in magnitude.
    let cheapest (costs: float[,]) : Result<(int * int)[], GmmError> =
        let tooLarge = costs |> Seq.cast<float> |> Seq.tryFind (fun cost -> not (abs cost <= largest))

        match tooLarge with
        | Some cost -> Error(InvalidOption("Costs", "finite and at most 1e200 in magnitude", string cost))
        | None when Array2D.length1 costs <= Array2D.length2 costs -> Ok(ofWide costs |> Array.indexed)
        | None -> Ok(ofWide (transposed costs) |> Array.mapi (fun column row -> row, column) |> Array.sort)
