namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

/// The kernel of Gaussian components with diagonal or spherical covariances, tied or not.
[<Sealed; Optimised>]
type internal DiagonalCovariance<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>
    private (x: Pinned<'E>, means: Pinned<'E>) =
    inherit CovarianceKernel<'E, 'N, 'V>(x, means)

    let factors, shifts, moments = Pinned<'E>(), Pinned<'E>(), FeatureMoments<'E, 'N, 'V>(x, means)
    let mutable layout = Layout.own Shape.Diag
    let mutable features = 0
    let mutable constants: float[] = [||]
    let mutable halves: float[] = [||]
    let mutable factorSize = 0 // numbers in the factor of one plane

    new() = DiagonalCovariance(Pinned<'E>(), Pinned<'E>())

    override _.Lay(itsLayout, itsFeatures, w, itsConstants, rests) =
        let components = itsConstants.Length
        constants <- itsConstants
        layout <- itsLayout
        features <- itsFeatures
        let planes = Layout.planes components layout
        let numbers = w.Length / planes // of a plane of w
        // With a shift for each feature, a factor for each costs nothing.
        factorSize <- if 'N.IsRounded then features else numbers
        factors.Require(planes * factorSize)
        halves <- Array.zeroCreate planes

        for p in 0 .. planes - 1 do
            halves[p] <- Half.under<'N, 'V> (w.Slice(p * numbers, numbers)) 1

            for j in 0 .. factorSize - 1 do
                'N.Put(w[p * numbers + min j (numbers - 1)], 'N.At(factors.Start, p * factorSize + j))

        if 'N.IsRounded then
            shifts.Require rests.Length

            for k in 0 .. components - 1 do
                let first = Layout.planeOf layout k * numbers

                for j in 0 .. features - 1 do
                    let place = k * features + j
                    'N.Put(-w[first + min j (numbers - 1)] * rests[place], 'N.At(shifts.Start, place))

        moments

    override _.Score panel =
        let components, rows = constants.Length, panel.Padded
        let mean k = 'N.At(means.Start, k * Panel.even features)
        let factor k = 'N.At(factors.Start, Layout.planeOf layout k * factorSize)
        let isByTwo = layout.Shape = Shape.Spherical && not 'N.IsRounded
        let mutable k = 0

        while k < components do
            panel.LoadPart(2 * components)
            let target, constant = panel.Component k, constants[k]

            if isByTwo && k + 1 < components then
                let means, factors = struct (mean k, mean (k + 1)), struct (factor k, factor (k + 1))
                let constants, targets = struct (constant, constants[k + 1]), struct (target, panel.Component(k + 1))
                Scaling.addTwoDistances<'N, 'V> x.Start means features factors constants targets rows
                k <- k + 2
            elif isByTwo then
                Scaling.addDistances<'N, 'V> x.Start (mean k) features (factor k) constant target rows
                k <- k + 1
            else
                // In float32 a sum of many squares would lose digits, so that some of them are added in float64 at a time.
                let atOnce = if 'N.IsRounded then 64 else features
                let shift, half = 'N.At(shifts.Start, k * features), halves[Layout.planeOf layout k]
                let mutable j = 0

                while j < features do
                    let x, mean, factor = 'N.At(x.Start, j * 'N.Stride), 'N.At(mean k, j), 'N.At(factor k, j)
                    let columns, c = min atOnce (features - j), (if j = 0 then constant else 0.0)
                    Scaling.addScaledDistances<'N, 'V> x mean factor ('N.At(shift, j)) columns half c target rows
                    j <- j + atOnce

                k <- k + 1
