namespace Gmm

open System
open MathNet.Numerics
open MathNet.Numerics.LinearAlgebra

/// Linear algebra for the M-step, on symmetric D×D matrices in flat arrays, row by row.
module internal LinearAlgebra =
    type private Primitives = System.Numerics.Tensors.TensorPrimitives

    /// Returns a + b, element by element.
    let add (a: float[]) (b: float[]) : float[] =
        let sum = GC.AllocateUninitializedArray<float> a.Length
        Primitives.Add(ReadOnlySpan a, ReadOnlySpan b, Span sum)
        sum

    /// Divides in place: y ← y / c.
    let divide (c: float) (y: Span<float>) = Primitives.Divide(Span.op_Implicit y, c, y)

    /// Adds in place: y ← y + c·x, over the length of x.
    let inline private addMultiple (c: float) (x: ReadOnlySpan<float>) (y: Span<float>) =
        let y = y.Slice(0, x.Length)

        for j in 0 .. x.Length - 1 do
            y[j] <- y[j] + c * x[j]

    /// Adds in place: A ← A + c·xxᵀ.
    let addOuter (c: float) (x: ReadOnlySpan<float>) (a: Span<float>) =
        for i in 0 .. x.Length - 1 do
            let row = a.Slice(i * x.Length, x.Length)

            for j in 0 .. row.Length - 1 do
                row[j] <- row[j] + c * (x[i] * x[j])

    /// Replaces the upper triangle of A by its Cholesky factor R, upper triangular with A = RᵀR, row by row:
    ///   rᵢ = (aᵢ − Σₘ rₘᵢ rₘ) / √pivot
    /// The sum is over the rows m before i, and the pivot is the first number of the dividend (Golub and Van Loan,
    /// Matrix Computations §4.2). Returns false when A is not positive definite. A pivot is the part of a feature's
    /// variance that the earlier features don't explain; it counts as zero when it is rounding noise beside the
    /// variance.
    let factorise dimension (a: Span<float>) : bool =
        let noise = 8.0 * float dimension * Precision.DoublePrecision
        let mutable i = 0
        let mutable isSound = true

        while isSound && i < dimension do
            let row = a.Slice(i * dimension + i, dimension - i)
            let variance = row[0]

            for m in 0 .. i - 1 do
                addMultiple -a[m * dimension + i] (Span.op_Implicit (a.Slice(m * dimension + i, dimension - i))) row

            let pivot = row[0]
            isSound <- Double.IsFinite pivot && pivot > noise * variance
            divide (sqrt pivot) row
            i <- i + 1

        isSound

    /// Replaces an upper triangular R by the inverse W = R⁻ᵀ, lower triangular, row by row. Forward substitution gives
    /// wᵢ = (eᵢ − Σₘ rₘᵢ wₘ) / rᵢᵢ with the sum over the rows m before i (Golub and Van Loan, Matrix Computations
    /// §3.1). The rest of R stays above the diagonal until the last step clears it.
    let private invert dimension (r: Span<float>) =
        for i in 0 .. dimension - 1 do
            let row = r.Slice(i * dimension, i)
            row.Clear()

            for m in 0 .. i - 1 do
                addMultiple -r[m * dimension + i] (Span.op_Implicit (r.Slice(m * dimension, m + 1))) row

            let diagonal = r[i * dimension + i]
            divide diagonal row
            r[i * dimension + i] <- 1.0 / diagonal

        for i in 0 .. dimension - 1 do
            r.Slice(i * dimension + i + 1, dimension - i - 1).Clear()

    /// Writes the lower triangular W with WᵀW = A⁻¹, flat and row by row. Returns false when A is not positive
    /// definite.
    let inverseFactor dimension (matrix: ReadOnlySpan<float>) (inverse: Span<float>) : bool =
        matrix.CopyTo inverse
        let isDefinite = factorise dimension inverse

        if isDefinite then
            invert dimension inverse

        isDefinite

    /// Computes tr(A·WᵀW) = Σᵢ wᵢᵀA wᵢ over the rows of a lower triangular W; A and W are flat, row by row.
    let traceOfProduct dimension (matrix: ReadOnlySpan<float>) (w: ReadOnlySpan<float>) : float =
        let product = Span<float>(Array.zeroCreate dimension)
        let mutable trace = 0.0

        for i in 0 .. dimension - 1 do
            let row = w.Slice(i * dimension, i + 1)
            product.Clear()

            for j in 0..i do
                addMultiple row[j] (matrix.Slice(j * dimension, i + 1)) product

            for j in 0..i do
                trace <- trace + row[j] * product[j]

        trace

    /// Returns the rows of a matrix R with RRᵀ = A, for A positive semidefinite: with A = SCSᵀ for a diagonal S of powers
    /// of two and a C whose diagonal is from 1 to 4, it is S times the eigenvectors of C times the square roots of its
    /// eigenvalues (Golub and Van Loan, Matrix Computations §8.1). R therefore follows factors of two of every feature
    /// to the last bit, and no square overflows.
    let squareRoot dimension (matrix: float[]) : float[][] =
        let exponents =
            Array.init dimension (fun i ->
                let variance = matrix[i * dimension + i]
                if variance > 0.0 then Math.ILogB variance >>> 1 else 0)

        let scaled =
            Array.init matrix.Length (fun index ->
                let i, j = index / dimension, index % dimension
                Math.ScaleB(matrix[index], -(exponents[i] + exponents[j])))

        let eigen = Matrix<float>.Build.Dense(dimension, dimension, scaled).Evd Symmetricity.Symmetric
        let roots = eigen.EigenValues.Map(fun value -> sqrt (max 0.0 value.Real))

        (eigen.EigenVectors * Matrix<float>.Build.DiagonalOfDiagonalVector roots).ToRowArrays()
        |> Array.map2 (fun exponent -> Array.map (fun value -> Math.ScaleB(value, exponent))) exponents

    /// Solves Wx = y for x with a lower triangular W (D×D, flat, row by row), by forward substitution.
    let solveLower (w: float[]) (y: float[]) : float[] =
        let dimension = y.Length
        let x = Array.zeroCreate dimension

        for i in 0 .. dimension - 1 do
            let mutable sum = y[i]

            for j in 0 .. i - 1 do
                sum <- sum - w[i * dimension + j] * x[j]

            x[i] <- sum / w[i * dimension + i]

        x
