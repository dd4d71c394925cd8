namespace Gmm

open System
open MathNet.Numerics
open MathNet.Numerics.LinearAlgebra

/// A regularisation in the units of the data: how an M-step keeps covariances from becoming singular.
type CovarianceRegularisation =
    /// These variances (D) are added to the diagonal of every covariance.
    | Added of float[]
    /// No covariance is smaller than the diagonal matrix F of these variances (D): Σ ⪰ F, so that Σ − F is positive
    /// semidefinite.
    | Bounded of float[]

/// The constraint Σ ⪰ F on covariances, for a diagonal matrix F of positive variances.
///
/// Among the covariances that satisfy it, the maximiser of −½ (ln|Σ| + tr(SΣ⁻¹)) is F^½ U max(Λ, 1) Uᵀ F^½, where U Λ Uᵀ
/// are the eigenvectors and eigenvalues of F^−½ S F^−½. In these coordinates the objective is −½ Σᵢ (ln σᵢ + λᵢ/σᵢ), which
/// falls in σᵢ beyond λᵢ. For diagonal and spherical matrices the same rule holds for the variances themselves.
module internal CovarianceFloor =
    /// The eigenvalues of F^−½ΣF^−½, ascending, its eigenvectors, and the level to which each eigenvalue is raised: 1, or
    /// more where rounding hides 1.
    type private Spectrum =
        { Values: float[]
          Vectors: float[][]
          Levels: float[] }

    /// Returns the spectrum; None when a number isn't finite.
    let private spectrum (floor: float[]) (plane: ReadOnlySpan<float>) : Spectrum option =
        let features = floor.Length
        let matrix = Array.zeroCreate (features * features)
        let mutable largest = 0.0

        for i in 0 .. features - 1 do
            for j in 0..i do
                let value = plane[i * features + j] / sqrt floor[i] / sqrt floor[j]
                matrix[i * features + j] <- value
                matrix[j * features + i] <- value
                // Math.Max keeps NaN.
                largest <- Math.Max(largest, abs value)

        if not (largest < infinity) then
            None
        else
            let values, vectors = LinearAlgebra.eigen features matrix
            let rounding = 16.0 * float features * Precision.DoublePrecision

            /// Returns the rounding of an eigenvalue: that of the variances whose difference it is.
            let resolution (vector: float[]) =
                let mutable sum = 0.0

                for j in 0 .. features - 1 do
                    sum <- sum + vector[j] * vector[j] * abs matrix[j * features + j]

                rounding * sum

            Some
                { Values = values
                  Vectors = vectors
                  Levels = vectors |> Array.map (fun vector -> max 1.0 (resolution vector)) }

    /// Tests whether all eigenvalues of F^−½ΣF^−½ are surely at least `limit`, for a covariance with the inverse factor W:
    /// the largest eigenvalue of F^½Σ⁻¹F^½ is at most its trace Σᵢⱼ wᵢⱼ² fⱼ.
    let private surelyAbove limit (floor: float[]) (factor: ReadOnlySpan<float>) =
        let features = floor.Length
        let mutable trace = 0.0

        for i in 0 .. features - 1 do
            for j in 0..i do
                let w = factor[i * features + j]
                trace <- trace + w * w * floor[j]

        trace * limit <= 1.0

    /// Writes the lower triangular W with WᵀW = (F^½ U Λ Uᵀ F^½)⁻¹, from Λ and U. It decomposes Λ^−½Uᵀ, whose largest rows
    /// come first, so small eigenvalues keep their digits beside large ones (Golub and Van Loan, Matrix Computations §5.2).
    let private factorOf (floor: float[]) (eigenvalues: float[]) (vectors: float[][]) (factor: Span<float>) =
        let features = floor.Length
        let order = Array.init features id |> Array.sortBy (fun i -> eigenvalues[i])

        // With its columns reversed, the upper triangular factor becomes a lower triangular one.
        let rows =
            Matrix<float>
                .Build.Dense(
                    features,
                    features,
                    fun i j -> vectors[order[i]][features - 1 - j] / sqrt eigenvalues[order[i]]
                )

        let upper = rows.QR().R

        for i in 0 .. features - 1 do
            let reversed = features - 1 - i
            let sign = if upper[reversed, reversed] < 0.0 then -1.0 else 1.0

            for j in 0 .. features - 1 do
                factor[i * features + j] <-
                    if j <= i then sign * upper[reversed, features - 1 - j] / sqrt floor[j] else 0.0

    /// Raises one covariance to the floor, in place, and writes its inverse factor W. A covariance above the floor keeps
    /// its bits. Returns false when a number isn't finite.
    let raise (layout: Layout) (floor: float[]) (plane: Span<float>) (factor: Span<float>) : bool =
        let features = floor.Length

        match layout.Shape with
        | Shape.Full ->
            let isDefinite = GaussianParameters.inverseFactor features layout (Span.op_Implicit plane) factor

            if isDefinite && surelyAbove 1.0 floor (Span.op_Implicit factor) then
                true
            else
                match spectrum floor (Span.op_Implicit plane) with
                | None -> false
                | Some spectrum ->
                    let isLow e = spectrum.Values[e] < spectrum.Levels[e]

                    if not isDefinite || Seq.exists isLow (seq { 0 .. features - 1 }) then
                        for e in 0 .. features - 1 do
                            if isLow e then
                                let direction = Array.init features (fun j -> spectrum.Vectors[e][j] * sqrt floor[j])
                                let missing = spectrum.Levels[e] - spectrum.Values[e]
                                LinearAlgebra.addOuter missing (ReadOnlySpan direction) plane

                        factorOf floor (Array.map2 max spectrum.Values spectrum.Levels) spectrum.Vectors factor

                    true
        | Shape.Diag ->
            for j in 0 .. features - 1 do
                plane[j] <- Math.Max(plane[j], floor[j])

            GaussianParameters.inverseFactor features layout (Span.op_Implicit plane) factor
        | Shape.Spherical ->
            plane[0] <- Math.Max(plane[0], Array.max floor)
            GaussianParameters.inverseFactor features layout (Span.op_Implicit plane) factor

    /// Tests whether the smallest eigenvalue of F^−½ΣF^−½ is at most `limit`, for a covariance with the inverse factor W.
    let reaches
        (limit: float)
        (layout: Layout)
        (floor: float[])
        (plane: ReadOnlySpan<float>)
        (factor: ReadOnlySpan<float>)
        : bool =
        match layout.Shape with
        | Shape.Full ->
            not (surelyAbove limit floor factor)
            && match spectrum floor plane with
               | None -> true
               | Some spectrum ->
                   Array.exists2 (fun value level -> value <= level * limit) spectrum.Values spectrum.Levels
        | Shape.Diag ->
            let mutable found = false

            for j in 0 .. floor.Length - 1 do
                found <- found || plane[j] <= floor[j] * limit

            found
        | Shape.Spherical -> plane[0] <= Array.max floor * limit
