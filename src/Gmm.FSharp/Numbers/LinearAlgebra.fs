namespace Gmm

open System
open MathNet.Numerics
open MathNet.Numerics.LinearAlgebra

/// The little linear algebra an M-step needs, on symmetric D×D matrices held flat.
module internal LinearAlgebra =
    /// Cholesky's factor L with A = LLᵀ, or None where A is not positive definite. A pivot is the part of a feature's
    /// variance that the earlier features don't explain; one that is rounding noise beside the variance counts as zero.
    let private cholesky dimension (matrix: float[]) =
        let a = Matrix<float>.Build.Dense(dimension, dimension, matrix)
        let noise = 8.0 * float dimension * Precision.DoublePrecision

        try
            let factor = a.Cholesky().Factor

            let isSound j =
                let pivot = factor[j, j] * factor[j, j]
                Double.IsFinite pivot && pivot > noise * a[j, j]

            if Seq.forall isSound (seq { 0 .. dimension - 1 }) then Some factor else None
        with :? ArgumentException ->
            None

    /// The lower triangular W = L⁻¹ with WᵀW = A⁻¹, flat and row by row, by forward substitution
    /// (Golub and Van Loan, Matrix Computations §3.1); None where A is not positive definite.
    let inverseFactor dimension (matrix: float[]) : float[] option =
        cholesky dimension matrix
        |> Option.map (fun factor ->
            let inverse = Array2D.zeroCreate<float> dimension dimension

            for j in 0 .. dimension - 1 do
                inverse[j, j] <- 1.0 / factor[j, j]

                for i in j + 1 .. dimension - 1 do
                    let mutable sum = 0.0

                    for m in j .. i - 1 do
                        sum <- sum + factor[i, m] * inverse[m, j]

                    inverse[i, j] <- -sum / factor[i, i]

            inverse |> Seq.cast<float> |> Array.ofSeq)

    /// The rows of a matrix R with RRᵀ = A, for A positive semidefinite: the eigenvectors times the roots of the
    /// eigenvalues (Golub and Van Loan, Matrix Computations §8.1).
    let squareRoot dimension (matrix: float[]) : float[][] =
        let eigen = Matrix<float>.Build.Dense(dimension, dimension, matrix).Evd Symmetricity.Symmetric
        let roots = eigen.EigenValues.Map(fun value -> sqrt (max 0.0 value.Real))
        (eigen.EigenVectors * Matrix<float>.Build.DiagonalOfDiagonalVector roots).ToRowArrays()

    /// x with Wx = y for a lower triangular W (D×D, flat and row by row), by forward substitution.
    let solveLower (w: float[]) (y: float[]) : float[] =
        let dimension = y.Length
        let x = Array.zeroCreate dimension

        for i in 0 .. dimension - 1 do
            let mutable sum = y[i]

            for j in 0 .. i - 1 do
                sum <- sum - w[i * dimension + j] * x[j]

            x[i] <- sum / w[i * dimension + i]

        x
