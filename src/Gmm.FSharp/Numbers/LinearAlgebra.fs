namespace Gmm

open System
open MathNet.Numerics

/// Linear algebra for the M-step, on symmetric D×D matrices in flat arrays, row by row.
module internal LinearAlgebra =
    /// Returns a + b, element by element.
    let add (a: float[]) (b: float[]) : float[] =
        let sum = GC.AllocateUninitializedArray<float> a.Length
        System.Numerics.Tensors.TensorPrimitives.Add(ReadOnlySpan a, ReadOnlySpan b, Span sum)
        sum

    /// Divides in place: y ← y / c. With a plain loop the first fit compiles less than with `TensorPrimitives`.
    let divide (c: float) (y: Span<float>) =
        for j in 0 .. y.Length - 1 do
            y[j] <- y[j] / c

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

    /// Returns the rows of a lower triangular matrix R with RRᵀ = A, for A positive semidefinite: the Cholesky factor
    /// (Golub and Van Loan, Matrix Computations §4.2), with a column of zeros for each feature that the earlier
    /// features explain up to rounding.
    let squareRoot dimension (matrix: float[]) : float[][] =
        let noise = 8.0 * float dimension * Precision.DoublePrecision
        let rest, root = Array.copy matrix, Array.init dimension (fun _ -> Array.zeroCreate<float> dimension)

        for j in 0 .. dimension - 1 do
            let pivot = rest[j * dimension + j]

            if pivot > noise * matrix[j * dimension + j] then
                for i in j .. dimension - 1 do
                    root[i].[j] <- rest[i * dimension + j] / sqrt pivot

                for i in j .. dimension - 1 do
                    for m in j .. dimension - 1 do
                        rest[i * dimension + m] <- rest[i * dimension + m] - root[i].[j] * root[m].[j]

        root

    /// Returns Rz for a matrix R, given by its rows.
    let product (rows: float[][]) (z: float[]) : float[] =
        rows |> Array.map (fun row -> Array.fold2 (fun sum a b -> sum + a * b) 0.0 row z)

    /// Returns the product AB of two matrices.
    let matrixProduct (a: float[,]) (b: float[,]) : float[,] =
        let rows = Array.init (Array2D.length1 b) (fun m -> b[m, *])
        let product = Array2D.zeroCreate (Array2D.length1 a) (Array2D.length2 b)

        for i in 0 .. Array2D.length1 a - 1 do
            let row = Array.zeroCreate (Array2D.length2 b)

            for m in 0 .. rows.Length - 1 do
                addMultiple a[i, m] (ReadOnlySpan rows[m]) (Span row)

            product[i, *] <- row

        product

    /// Turns two vectors in their plane, in place: x ← cx − sy, y ← sx + cy.
    let turn cosine sine (x: Span<float>) (y: Span<float>) =
        for k in 0 .. x.Length - 1 do
            let u, v = x[k], y[k]
            x[k] <- cosine * u - sine * v
            y[k] <- sine * u + cosine * v

    /// Returns the eigenvalues of a symmetric matrix A, ascending, and its eigenvectors as the rows of a matrix, by
    /// cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations §8.5), in about 40 D³ operations. A rotation is
    /// made while
    /// |aᵢⱼ| > ε √(sᵢsⱼ), where sᵢ is the share of A's diagonal in direction i. Small eigenvalues of a positive
    /// definite matrix therefore keep their digits beside large ones if features of very different scales cause the
    /// difference (Demmel and Veselić 1992).
    let eigen dimension (matrix: float[]) : float[] * float[][] =
        let a = Array.copy matrix
        let vectors = Array.init dimension (fun i -> Array.init dimension (fun j -> if i = j then 1.0 else 0.0))
        let shares = Array.init dimension (fun i -> abs matrix[i * dimension + i])

        /// Zeroes aᵢⱼ. Returns whether it did anything.
        let rotate i j =
            let off = a[i * dimension + j]

            if abs off <= Precision.DoublePrecision * sqrt shares[i] * sqrt shares[j] then
                false
            else
                let first, second = a[i * dimension + i], a[j * dimension + j]
                let theta = (second - first) / (2.0 * off)
                let tangent = (if theta < 0.0 then -1.0 else 1.0) / (abs theta + sqrt (1.0 + theta * theta))
                let cosine = 1.0 / sqrt (1.0 + tangent * tangent)
                let sine = tangent * cosine
                turn cosine sine (Span(a, i * dimension, dimension)) (Span(a, j * dimension, dimension))
                a[i * dimension + i] <- first - tangent * off
                a[j * dimension + j] <- second + tangent * off
                a[i * dimension + j] <- 0.0
                a[j * dimension + i] <- 0.0

                for k in 0 .. dimension - 1 do
                    a[k * dimension + i] <- a[i * dimension + k]
                    a[k * dimension + j] <- a[j * dimension + k]

                turn cosine sine (Span<float> vectors[i]) (Span<float> vectors[j])
                let x, y = shares[i], shares[j]
                shares[i] <- cosine * cosine * x + sine * sine * y
                shares[j] <- sine * sine * x + cosine * cosine * y
                true

        let rec sweep remaining =
            let mutable isChanged = false

            for i in 0 .. dimension - 2 do
                for j in i + 1 .. dimension - 1 do
                    isChanged <- rotate i j || isChanged

            if isChanged && remaining > 1 then
                sweep (remaining - 1)

        sweep 50
        let order = Array.init dimension id |> Array.sortBy (fun i -> a[i * dimension + i])
        order |> Array.map (fun i -> a[i * dimension + i]), order |> Array.map (fun i -> vectors[i])

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
