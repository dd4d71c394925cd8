namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System

/// The kernel of Gaussian components with a full covariance each: computes densities by whitening.
[<Sealed; Optimised>]
type internal FullCovariance<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>
    private (x: Pinned<'E>, means: Pinned<'E>) =
    inherit CovarianceKernel<'E, 'N, 'V>(x, means)

    let z, factors, shifts = Pinned<'E>(), Pinned<'E>(), Pinned<'E>()
    let byColumn, byRow = ColumnMoments<'E, 'N, 'V>(x, means), RowMoments<'E, 'N, 'V>()
    let mutable constants: float[] = [||]
    let mutable halves: float[] = [||]
    let mutable columns = 0 // D rounded up to an even number
    let mutable factorSize = 0 // numbers in the factor of one component

    new() = FullCovariance(Pinned<'E>(), Pinned<'E>())

    override _.Lay(_, features, w, itsConstants, rests) =
        let components = itsConstants.Length
        constants <- itsConstants
        halves <- Array.zeroCreate components
        columns <- Panel.even features
        factorSize <- Whitening.packedSize columns
        z.Require(columns * 4 * 'N.Lanes)
        factors.Require(components * factorSize)
        shifts.Require(components * columns)
        shifts.Clear(components * columns)

        for k in 0 .. components - 1 do
            let matrix = w.Slice(k * features * features, features * features)
            Whitening.packTriangle<'N, 'V> matrix features ('N.At(factors.Start, k * factorSize))
            halves[k] <- Half.under<'N, 'V> matrix (features + 1)

            if 'N.IsRounded then
                for i in 0 .. features - 1 do
                    let mutable shift = 0.0

                    for j in 0..i do
                        shift <- shift - matrix[i * features + j] * rests[k * features + j]

                    'N.Put(shift, 'N.At(shifts.Start, k * columns + i))

        // With more features, the smaller sums of `RowMoments` gain more than its surplus multiply–adds cost.
        if features < 4 * 'N.Lanes then byColumn else byRow

    override _.TakesRoots = true

    override _.Score panel =
        for k in 0 .. constants.Length - 1 do
            panel.LoadPart(2 * constants.Length)
            let mean, shift = 'N.At(means.Start, k * columns), 'N.At(shifts.Start, k * columns)
            let factor, target = 'N.At(factors.Start, k * factorSize), panel.Component k
            let half, constant, z = halves[k], constants[k], z.Start
            Whitening.addWhitened<'N, 'V> x.Start mean factor shift columns half constant z target panel.Padded
