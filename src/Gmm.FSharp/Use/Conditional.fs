namespace Gmm

open System

/// The distribution of some features y of a Gaussian mixture given others x:
/// p(y|x) = Σₖ πₖ(x) N(y | μₖ,y + Gₖ(x − μₖ,x), Σₖ,y|x) with πₖ(x) ∝ πₖ N(x|μₖ,x, Σₖ,xx). See `Conditional.create`.
[<NoEquality; NoComparison>]
type Conditional =
    internal
        {
            /// p(x): the mixture of the given features.
            OfGiven: Mixture<Gaussian>
            /// Gₖ = Σₖ,yx Σₖ,xx⁻¹ (y by x, row by row), one per covariance matrix.
            Gains: float[][]
            /// The distribution of y in every component when x is its mean: N(μₖ,y, Σₖ,y|x), Σₖ,y|x = Σₖ,yy − GₖΣₖ,xy.
            Residual: Gaussian
        }

/// The prediction of features y by a Gaussian mixture, for every row of given features x.
[<NoEquality; NoComparison>]
type Regression =
    {
        /// E(y|xₙ) (N×d).
        Means: float[,]
        /// Cov(y|xₙ) (N×d×d).
        Covariances: float[,,]
        /// The conditional weights πₖ(xₙ) (N×K); every row sums to 1.
        Weights: float[,]
    }

/// Marginal and conditional distributions of Gaussian mixtures, which are Gaussian mixtures too (Bishop, PRML, 2006,
/// §2.3.1–2.3.2), and regression with them (Sung, Gaussian Mixture Regression and Classification, 2004).
module Conditional =
    /// Returns the distribution of some features, in the order given. It has the same weights, the means and
    /// covariances of those features, and the structure that `Gaussian.marginal` says. Noise is left out, here and
    /// below. Error unless there is at least one feature, all are different, and all are from 0 to D − 1.
    let marginal (features: int[]) (mixture: Mixture<Gaussian>) : Result<Mixture<Gaussian>, GmmError> =
        Gaussian.marginal features mixture.Parameters
        |> Result.map (fun parameters ->
            { LogWeights = (mixture |> Mixture.clusters mixture.Parameters.Components).LogWeights
              Parameters = parameters })

    let private planesOf features structure (planes: Tensor) =
        planes.toArray () |> Array.chunkBySize (Layout.planeSize features (Structure.layout structure))

    /// Prepares the distribution of the features `wanted` given the features `given`, and leaves out all others. Error
    /// unless there is at least one of each, all are different, and all are from 0 to D − 1.
    let create (wanted: int[]) (given: int[]) (mixture: Mixture<Gaussian>) : Result<Conditional, GmmError> =
        let mixture = mixture |> Mixture.clusters mixture.Parameters.Components

        result {
            let width, both = mixture.Parameters.Features, Array.filter (fun j -> Array.contains j given) wanted
            do! Gaussian.checkFeatures "Wanted features" width wanted
            do! Gaussian.checkFeatures "Given features" width given

            do!
                GmmError.requireAll
                    [ both.Length = 0,
                      "Wanted features",
                      "other than the given ones",
                      "[" + String.Join("; ", wanted) + "]" ]

            let! ofGiven = marginal given mixture
            let! joint = Gaussian.marginal (Array.append given wanted) mixture.Parameters
            let structure, features = Gaussian.structureOfPart joint.Structure, joint.Features
            let d, x = wanted.Length, given.Length
            let factors = planesOf features structure joint.InverseFactors
            let covariances = planesOf features structure joint.Covariances

            // Features are in the order x, y, so W = [Wxx 0; Wyx Wyy]. The likeliest y is μ_y − Wyy⁻¹Wyx(x − μ_x), and
            // Wyy whitens the residual (Bishop, PRML, eq. 2.73 and 2.75, with the precision WᵀW).
            let gain, residualFactor, residualCovariance =
                match (Structure.layout structure).Shape with
                | Shape.Full ->
                    let wyy (w: float[]) = Array.init (d * d) (fun i -> w[(x + i / d) * features + x + i % d])

                    /// Returns the columns of Wyy⁻¹B, as rows.
                    let solved w count (entry: int -> int -> float) =
                        Array.init count (fun j -> LinearAlgebra.solveLower w (Array.init d (fun i -> entry i j)))

                    let gain (w: float[]) =
                        let columns = solved (wyy w) x (fun i j -> -w[(x + i) * features + j])
                        Array.init (d * x) (fun i -> columns[i % x][i / x])

                    let covariance w =
                        let columns = solved (wyy w) d (fun i j -> if i = j then 1.0 else 0.0)

                        Array.init (d * d) (fun i ->
                            columns |> Array.sumBy (fun column -> column[i / d] * column[i % d]))

                    gain, wyy, fun (w, _) -> covariance w
                | Shape.Diag ->
                    (fun _ -> Array.zeroCreate (d * x)), Array.skip x, (fun (_, plane) -> Array.skip x plane)
                | Shape.Spherical -> (fun _ -> Array.zeroCreate (d * x)), id, snd

            let components = mixture.Components
            let planes = factors.Length

            return
                { OfGiven = ofGiven
                  Gains = factors |> Array.map gain
                  Residual =
                    { Structure = structure
                      Means =
                        joint.Means.toArray ()
                        |> Array.chunkBySize features
                        |> Array.collect (Array.skip x)
                        |> Tensor.create [| components; d |]
                      Covariances =
                        Array.zip factors covariances
                        |> Array.collect residualCovariance
                        |> Tensor.create (Layout.covarianceShape components d (Structure.layout structure))
                      InverseFactors =
                        factors
                        |> Array.collect residualFactor
                        |> Tensor.create (Array.append [| planes |] (Layout.planeShape d (Structure.layout structure))) } }
        }

    /// Returns a function of x that computes μₖ,y + Gₖ(x − μₖ,x) of every component.
    let private means (conditional: Conditional) : float[] -> float[][] =
        let residual, ofGiven = conditional.Residual, conditional.OfGiven.Parameters
        let centres = ofGiven.Means.toArray () |> Array.chunkBySize ofGiven.Features
        let means = residual.Means.toArray () |> Array.chunkBySize residual.Features
        let gain k = conditional.Gains[Layout.planeOf residual.Layout k]

        fun given ->
            Array.init residual.Components (fun k ->
                let deviation = Array.map2 (-) given centres[k]
                let g, x = gain k, deviation.Length

                means[k]
                |> Array.mapi (fun i mean ->
                    let mutable sum = mean

                    for j in 0 .. x - 1 do
                        sum <- sum + g[i * x + j] * deviation[j]

                    sum))

    /// Computes the conditional weights πₖ(xₙ) (n×K) for given features x (n rows).
    let private weights (conditional: Conditional) (x: Tensor) =
        Gaussian.logDensity conditional.OfGiven.Parameters x + conditional.OfGiven.LogWeights
        |> Assignment.soft
        |> snd

    let private tensorOf (block: Block) = Reference.engine.Create [| block.Rows; block.Columns |] block.Values

    /// Returns p(y|x) at the values x of the given features: a mixture with the structure of a marginal. Error when
    /// there are more or fewer values than given features, or when one is not finite or exceeds 1e150 in magnitude.
    let at (values: float[]) (conditional: Conditional) : Result<Mixture<Gaussian>, GmmError> =
        let count = conditional.OfGiven.Parameters.Features
        let isUsable = values |> Array.forall (fun x -> abs x <= Limits.largest)

        result {
            do!
                GmmError.requireAll
                    [ values.Length = count,
                      "Values",
                      $"one for each of the {count} given features",
                      Display.count values.Length "number"
                      isUsable, "Values", "finite and below 1e150 in magnitude", string (Tensor.vector values) ]

            let parameters =
                { conditional.Residual with
                    Means = means conditional values |> array2D |> Tensor.matrix }

            return! Mixture.create ((weights conditional (Tensor.create [| 1; count |] values)).toArray()) parameters
        }

    /// Returns the distribution of the missing cells of a row (D), which are NaN, given its other cells: the mixture of
    /// the missing features, in ascending order. Error when no cell is missing, when the row has another number of
    /// cells than the mixture has features, or when a cell is infinite or exceeds 1e150 in magnitude.
    let ofRow (row: float[]) (mixture: Mixture<Gaussian>) : Result<Mixture<Gaussian>, GmmError> =
        let missing, given = [| 0 .. row.Length - 1 |] |> Array.partition (fun j -> Double.IsNaN row[j])

        let features = mixture.Parameters.Features

        result {
            do!
                GmmError.requireAll
                    [ row.Length = features, "Row", $"""of {Display.count features "cell"}""", $"of {row.Length}"
                      missing.Length > 0, "Row", "one with a missing cell", "complete" ]

            if given.Length = 0 then
                return mixture
            else
                let! conditional = create missing given mixture
                return! conditional |> at (given |> Array.map (fun j -> row[j]))
        }

    /// Predicts y by Gaussian mixture regression. For every row x (N rows, one column per given feature, in the order
    /// of `create`) it computes the mean E(y|x) = Σₖ πₖ(x) mₖ and the covariance Σₖ πₖ(x) (Σₖ,y|x + (mₖ−E)(mₖ−E)ᵀ),
    /// with mₖ = μₖ,y + Gₖ(x − μₖ,x). Error when the data have more or fewer columns than given features, no rows, or a
    /// number that is not finite.
    let predict (execution: Execution) (conditional: Conditional) (source: Source) : Result<Regression, GmmError> =
        let residual, given = conditional.Residual, conditional.OfGiven.Parameters.Features
        let components, d = residual.Components, residual.Features
        let covariances = Array.init components (Gaussian.covariance residual)
        let meansAt = means conditional

        result {
            do! GmmError.requireAll [ execution.Threads >= 1, "Threads", "at least 1", string execution.Threads ]

            do!
                if source.Columns = given then
                    Ok()
                else
                    Error(
                        InvalidData(
                            $"""{Display.count given "column"}, one for each given feature""",
                            $"there are {source.Columns}"
                        )
                    )

            do! Source.validate execution source
            let rows = int source.Rows

            let regression =
                { Means = Array2D.zeroCreate rows d
                  Covariances = Array3D.zeroCreate rows d d
                  Weights = Array2D.zeroCreate rows components }

            let ofBlock (block: Block) =
                let shares = (weights conditional (tensorOf block)).toArray()

                for r in 0 .. block.Rows - 1 do
                    let n, means = int block.FirstRow + r, meansAt (block.Row(r).ToArray())

                    for k in 0 .. components - 1 do
                        let share = shares[r * components + k]
                        regression.Weights[n, k] <- share

                        for i in 0 .. d - 1 do
                            regression.Means[n, i] <- regression.Means[n, i] + share * means[k][i]

                    for k in 0 .. components - 1 do
                        let share = regression.Weights[n, k]
                        let offset = means[k] |> Array.mapi (fun i mean -> mean - regression.Means[n, i])

                        for i in 0 .. d - 1 do
                            for j in 0 .. d - 1 do
                                regression.Covariances[n, i, j] <-
                                    regression.Covariances[n, i, j]
                                    + share * (covariances[k][i, j] + offset[i] * offset[j])

            source |> Source.reduce execution (fun () () -> ()) ofBlock
            return regression
        }
