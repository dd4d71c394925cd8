namespace Gmm

open System

/// Gaussian components of rows with missing cells. With z = xₒ − μₒ, the missing cells of a row have the mean μₘ + Gz and
/// the covariance C, where G = ΣₘₒΣₒₒ⁻¹ and C = Σₘₘ − GΣₒₘ (Little and Rubin, Statistical Analysis with Missing Data, 2019,
/// §11.2; Bishop, PRML, 2006, eqs. 2.81–2.82).
module internal GaussianMissing =
    /// Returns the structure of a layout that sets no condition on the covariances. A marginal distribution need not have
    /// the structure of the whole.
    let private free (layout: Layout) : Structure =
        match layout.Shape, layout.IsTied with
        | Shape.Full, false -> Full
        | Shape.Diag, false -> Diag
        | Shape.Spherical, false -> Spherical
        | Shape.Full, true -> TiedFull
        | Shape.Diag, true -> TiedDiag
        | Shape.Spherical, true -> TiedSpherical

    let private rest features (observed: int[]) =
        let isObserved = Array.create features false
        observed |> Array.iter (fun j -> isObserved[j] <- true)
        Array.init features id |> Array.filter (fun j -> not isObserved[j])

    /// Returns √(x² + y²) without overflow.
    let private hypotenuse (x: float) (y: float) =
        let large, small = max (abs x) (abs y), min (abs x) (abs y)
        let ratio = small / large
        large * sqrt (1.0 + ratio * ratio)

    /// Returns the lower triangular factor L of LᵀL = Σ⁻¹ with the missing features behind the observed ones, from that in
    /// the given order (W, both D×D). L = [Lₒₒ 0; Lₘₒ Lₘₘ] has everything that the pattern needs: LₒₒᵀLₒₒ = Σₒₒ⁻¹,
    /// G = −Lₘₘ⁻¹Lₘₒ and C = Lₘₘ⁻¹Lₘₘ⁻ᵀ. Rotations of two rows at a time restore the triangle when a column moves (Golub
    /// and Van Loan, Matrix Computations §6.5), in O(D²) operations. They lose no digits, and never fail where Σ is close
    /// to singular.
    let private reordered features (missing: int[]) (w: float[]) : float[] =
        let a = Array.copy w

        for t in missing.Length - 1 .. -1 .. 0 do
            let source, target = missing[t], features - missing.Length + t

            for i in source .. features - 1 do
                let row = i * features
                let moved = a[row + source]
                Array.Copy(a, row + source + 1, a, row + source, target - source)
                a[row + target] <- moved

            for i in source .. target - 1 do
                let upper, lower = i * features, (i + 1) * features
                let x, y = a[upper + target], a[lower + target]
                let r = hypotenuse x y
                let cosine, sine = y / r, x / r

                for j in 0..i do
                    let u, v = a[upper + j], a[lower + j]
                    a[upper + j] <- sine * v - cosine * u
                    a[lower + j] <- sine * u + cosine * v

                a[upper + target] <- 0.0
                a[lower + target] <- r

        a

    /// Returns the consecutive planes of numbers.
    let private planesOf size (numbers: float[]) = Array.chunkBySize size numbers

    /// Returns the parameters of the observed features.
    let restrict (observed: int[]) (gaussian: Gaussian) : Gaussian =
        let layout, features, count = gaussian.Layout, gaussian.Features, observed.Length
        let missing, size = rest features observed, Layout.planeSize features layout
        let means = gaussian.Means.toArray ()
        let covariances = planesOf size (gaussian.Covariances.toArray ())
        let factors = planesOf size (gaussian.InverseFactors.toArray ())

        let covariance (plane: float[]) =
            match layout.Shape with
            | Shape.Full ->
                Array.init (count * count) (fun i -> plane[observed[i / count] * features + observed[i % count]])
            | Shape.Diag -> observed |> Array.map (fun j -> plane[j])
            | Shape.Spherical -> plane

        let factor (w: float[]) =
            match layout.Shape with
            | Shape.Full ->
                let l = reordered features missing w
                Array.init (count * count) (fun i -> l[i / count * features + i % count])
            | Shape.Diag -> observed |> Array.map (fun j -> w[j])
            | Shape.Spherical -> w

        { gaussian with
            Structure = free layout
            Means =
                Array.init (gaussian.Components * count) (fun i -> means[i / count * features + observed[i % count]])
                |> GaussianParameters.tensorOf [| gaussian.Components; count |]
            Covariances =
                Array.collect covariance covariances
                |> GaussianParameters.tensorOf (Layout.covarianceShape gaussian.Components count layout)
            InverseFactors =
                Array.collect factor factors
                |> GaussianParameters.tensorOf (Array.append [| factors.Length |] (Layout.planeShape count layout)) }

    /// Returns the rows of G and of C of one full plane, from its inverse factor.
    let private conditional features (missing: int[]) (w: float[]) : float[][] * float[][] =
        let d = missing.Length
        let o = features - d
        let l = reordered features missing w
        let lmm = Array.init (d * d) (fun i -> l[(o + i / d) * features + o + i % d])

        /// Returns the columns of Lₘₘ⁻¹B.
        let solved count (entry: int -> int -> float) =
            Array.init count (fun j -> LinearAlgebra.solveLower lmm (Array.init d (fun i -> entry i j)))

        let gains = solved o (fun i j -> -l[(o + i) * features + j])
        let roots = solved d (fun i j -> if i = j then 1.0 else 0.0)

        Array.init d (fun i -> gains |> Array.map (fun column -> column[i])),
        Array.init d (fun i -> Array.init d (fun j -> roots |> Array.sumBy (fun column -> column[i] * column[j])))

    /// Returns the second moments of all features as a full plane: Q of the observed ones, GQ, and GQGᵀ + N·C of the missing
    /// ones.
    let private liftFull features (observed: int[]) (missing: int[]) (g: float[][]) (c: float[][]) count (q: float[]) =
        let p = observed.Length
        let plane = Array.zeroCreate (features * features)

        let put i j value =
            plane[i * features + j] <- value
            plane[j * features + i] <- value

        for a in 0 .. p - 1 do
            for b in 0 .. p - 1 do
                plane[observed[a] * features + observed[b]] <- q[a * p + b]

        for i in 0 .. missing.Length - 1 do
            /// Row i of GQ.
            let gq = Array.zeroCreate p

            for a in 0 .. p - 1 do
                for b in 0 .. p - 1 do
                    gq[b] <- gq[b] + g[i].[a] * q[a * p + b]

            for b in 0 .. p - 1 do
                put missing[i] observed[b] gq[b]

            for j in 0..i do
                let mutable sum = count * c[i].[j]

                for b in 0 .. p - 1 do
                    sum <- sum + gq[b] * g[j].[b]

                put missing[i] missing[j] sum

        plane

    /// Returns the statistics of all features about the current means: first moments A f and second moments A Q Aᵀ + N·C, with
    /// A = [I; G], from the moments f and Q of the observed features. Tied moments are sums over the components.
    let lift (observed: int[]) (gaussian: Gaussian) (statistics: Statistics) : Statistics =
        let layout, features, p = gaussian.Layout, gaussian.Features, observed.Length
        let missing, counts = rest features observed, statistics.Counts
        let planes = Layout.planes counts.Length layout
        let size, sizeOfObserved = Layout.planeSize features layout, Layout.planeSize p layout

        /// The number of rows of a plane.
        let countOf plane = if layout.IsTied then Array.sum counts else counts[plane]

        let covariances = gaussian.Covariances.toArray ()

        let q plane =
            if p = 0 then
                [||]
            else
                Array.sub statistics.Sums[1] (plane * sizeOfObserved) sizeOfObserved

        let first = Array.zeroCreate (counts.Length * features)

        for k in 0 .. counts.Length - 1 do
            for i in 0 .. p - 1 do
                first[k * features + observed[i]] <- statistics.Sums[0][k * p + i]

        let second =
            match layout.Shape with
            | Shape.Full ->
                let ofPlanes =
                    gaussian.InverseFactors.toArray () |> planesOf size |> Array.map (conditional features missing)

                for k in 0 .. counts.Length - 1 do
                    let gain, _ = ofPlanes[Layout.planeOf layout k]

                    for i in 0 .. missing.Length - 1 do
                        let mutable sum = 0.0

                        for j in 0 .. p - 1 do
                            sum <- sum + gain[i].[j] * statistics.Sums[0][k * p + j]

                        first[k * features + missing[i]] <- sum

                Array.init planes (fun plane ->
                    let gain, covariance = ofPlanes[plane]
                    liftFull features observed missing gain covariance (countOf plane) (q plane))
            | Shape.Diag ->
                Array.init planes (fun plane ->
                    let lifted = Array.init features (fun j -> countOf plane * covariances[plane * size + j])
                    Array.iter2 (fun j value -> lifted[j] <- value) observed (q plane)
                    lifted)
            | Shape.Spherical ->
                // A plane holds the mean of the squares over its features.
                Array.init planes (fun plane ->
                    let observed = if p = 0 then 0.0 else float p * (q plane)[0]
                    let missing = float missing.Length * countOf plane * covariances[plane]
                    [| (observed + missing) / float features |])

        { statistics with
            Sums = [| first; Array.concat second |] }

    /// Returns a function that completes rows under component k.
    let complete (observed: int[]) (gaussian: Gaussian) (k: int) : float[] -> float[] =
        let layout, features = gaussian.Layout, gaussian.Features
        let missing = rest features observed
        let mean = (GaussianParameters.rows gaussian.Means)[k]

        let gains =
            match layout.Shape with
            | Shape.Full ->
                let size = features * features
                let w = Array.sub (gaussian.InverseFactors.toArray ()) (Layout.planeOf layout k * size) size
                fst (conditional features missing w)
            | Shape.Diag
            | Shape.Spherical -> Array.create missing.Length (Array.zeroCreate observed.Length)

        fun numbers ->
            let row = Array.copy mean
            Array.iter2 (fun j number -> row[j] <- number) observed numbers

            for i in 0 .. missing.Length - 1 do
                let mutable sum = 0.0

                for a in 0 .. observed.Length - 1 do
                    sum <- sum + gains[i].[a] * (numbers[a] - mean[observed[a]])

                row[missing[i]] <- mean[missing[i]] + sum

            row
