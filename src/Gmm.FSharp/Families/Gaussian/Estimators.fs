namespace Gmm

open System

/// Estimates the covariances of a structure: from scatter matrices Sₖ and degrees dₖ, the matrices Σₖ = λₖ Dₖ Aₖ Dₖᵀ
/// that minimise
///   Σₖ [tr(SₖΣₖ⁻¹) + dₖ ln|Σₖ|]
/// within the structure (Celeux and Govaert, Gaussian parsimonious clustering models, 1995). Without a prior, Sₖ = Σₙ
/// rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ and dₖ = Nₖ; an inverse Wishart prior adds Ψ₀ and ν₀ + D + 1 to them. Matrices are planes.
module internal GaussianEstimators =
    // ── Roots ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Searches the root of a function that is negative at the low end of an interval and positive at the high end, by
    /// regula falsi with the Illinois rule: the value at an end that stays twice is halved (Dowell and Jarratt 1971).
    /// Halves the interval where that leads out of it. Returns the high end, where the value is positive or 0, of an
    /// interval that is no longer than `resolution`, or where the value is at most `enough`. (Brent's method in MathNet
    /// may return either side.)
    let root (resolution: float) (enough: float) (f: float -> float) low high : float =
        let rec search remaining side (low, valueLow) (high, valueHigh) =
            if remaining = 0 || high - low <= resolution || valueHigh >= 0.0 && valueHigh <= enough && side <> 0 then
                high
            else
                let secant = low + (high - low) * (valueLow / (valueLow - valueHigh))
                let middle = if secant > low && secant < high then secant else (low + high) / 2.0
                let value = f middle

                if value >= 0.0 then
                    search (remaining - 1) 1 (low, (if side > 0 then valueLow / 2.0 else valueLow)) (middle, value)
                else
                    search (remaining - 1) -1 (middle, value) (high, (if side < 0 then valueHigh / 2.0 else valueHigh))

        search 100 0 (low, f low) (high, f high)

    // ── Volumes and shapes ──────────────────────────────────────────────────────────────────────────────────────────

    /// Returns (Πⱼ xⱼ)^(1/D), without over- or underflow.
    let private geometricMean (numbers: float[]) = exp (Array.averageBy log numbers)

    /// Returns the numbers divided by their geometric mean, so that their product is 1.
    let private ofUnitProduct (numbers: float[]) =
        let mean = geometricMean numbers
        numbers |> Array.map (fun number -> number / mean)

    /// Returns ln|A| of a full plane; NaN when it isn't positive definite.
    let private logDeterminant features (plane: float[]) =
        let root = Array.copy plane

        if LinearAlgebra.factorise features (Span root) then
            2.0 * Array.sum (Array.init features (fun j -> log root[j * (features + 1)]))
        else
            nan

    /// Returns λ = |Σ|^(1/D) of a plane that is diagonal or full.
    let volume features (shape: Shape) (plane: float[]) : float =
        match shape with
        | Shape.Full -> exp (logDeterminant features plane / float features)
        | Shape.Diag -> geometricMean plane
        | Shape.Spherical -> plane[0]

    /// Repeats a step until no number moves by more than 1e-12 of itself, at most 500 times.
    let private settle (step: float[] -> float[]) (start: float[]) : float[] =
        let rec repeat remaining numbers =
            let next = step numbers
            // NaN stays NaN.
            let isMoving = Array.exists2 (fun before after -> abs (after - before) > 1e-12 * after) numbers next
            if isMoving && remaining > 1 then repeat (remaining - 1) next else next

        repeat 500 start

    /// Estimates variances λₖaⱼ with a common shape a from variances bₖⱼ (the diagonal of Sₖ or its eigenvalues), in
    /// turns, from volumes near the solution:
    ///   aⱼ ∝ Σₖ bₖⱼ/λₖ with Πⱼ aⱼ = 1,  λₖ = Σⱼ (bₖⱼ/aⱼ) / (D dₖ).
    /// The objective is convex in ln λ and ln a.
    let private equalShape (degrees: float[]) (spreads: float[][]) (volumes: float[]) : float[][] =
        let features = spreads[0].Length

        let shapeOf (volumes: float[]) =
            Array.init features (fun j -> Array.fold2 (fun sum (b: float[]) λ -> sum + b[j] / λ) 0.0 spreads volumes)
            |> ofUnitProduct

        let volumesOf shape =
            Array.map2 (fun d b -> Array.sum (Array.map2 (/) b shape) / (float features * d)) degrees spreads

        let shape = volumes |> settle (shapeOf >> volumesOf) |> shapeOf
        volumesOf shape |> Array.map (fun λ -> shape |> Array.map (fun a -> λ * a))

    /// Estimates variances of a common product from variances bₖⱼ: λ bₖⱼ/gₖ with gₖ = (Πⱼ bₖⱼ)^(1/D) and λ = Σₖ gₖ / Σₖ
    /// dₖ.
    let private equalVolume (degrees: float[]) (spreads: float[][]) : float[][] =
        let volume = Array.averageBy geometricMean spreads / Array.average degrees
        spreads |> Array.map (ofUnitProduct >> Array.map (fun a -> volume * a))

    // ── Orientations ────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns Σⱼ vⱼ uⱼuⱼᵀ as a plane, for the rows uⱼ of a frame.
    let compose (frame: float[][]) (values: float[]) : float[] =
        let features = values.Length
        let plane = Array.zeroCreate (features * features)

        Array.iter2
            (fun value (row: float[]) -> LinearAlgebra.addOuter value (ReadOnlySpan row) (Span plane))
            values
            frame

        plane

    /// Returns Σᵢ uᵢvᵢ.
    let private dot (u: float[]) (v: float[]) = Array.fold2 (fun sum a b -> sum + a * b) 0.0 u v

    /// Returns Av.
    let private times (plane: float[]) (v: float[]) =
        Array.init v.Length (fun i ->
            let mutable sum = 0.0

            for j in 0 .. v.Length - 1 do
                sum <- sum + plane[i * v.Length + j] * v[j]

            sum)

    /// Returns uⱼᵀAuⱼ for the rows of a frame.
    let spreadIn (frame: float[][]) (plane: float[]) : float[] = frame |> Array.map (fun u -> dot u (times plane u))

    /// Returns the matrix of uᵢᵀAuⱼ for the rows of a frame, as a plane.
    let private seenIn (frame: float[][]) (plane: float[]) : float[] =
        let products = frame |> Array.map (times plane)
        frame |> Array.collect (fun u -> products |> Array.map (dot u))

    /// A function of the frame that depends on it by ℓₖ = Σⱼ ln bₖⱼ alone, with bₖⱼ = uⱼᵀSₖuⱼ: its value is the sum of
    /// those of the components, and `Slope` is ∂value/∂ℓₖ. Both take k, and ℓₖ as a sum o and a product p: ℓₖ = o + ln
    /// p.
    type private Criterion =
        { Value: int -> float -> float -> float
          Slope: int -> float -> float -> float }

    /// The sweeps of rotations that a search makes at most, unless it may stop early.
    let mostSweeps = 30

    /// Turns a frame until it minimises a criterion of full planes, by rotations in the planes of two rows at a time,
    /// cyclically (Flury and Gautschi 1986, for the criterion of VVE). By the angle φ/2 in the plane (i, j) of M =
    /// DᵀSD, the product bᵢbⱼ becomes
    ///   p(φ) = |M| + (mᵢⱼ cos φ − h sin φ)²,  h = (mᵢᵢ − mⱼⱼ)/2,
    /// where |M| is the determinant of the 2×2 part. It repeats after π, so that t = tan φ/2 from −1 to 1 are all
    /// rotations: cos φ = (1−t²)/(1+t²), sin φ = 2t/(1+t²). The first sweep refines the best t among 16 to the zero of
    /// the derivative beside it, the others refine 0. A rotation never makes the criterion worse.
    let private turned sweeps (criterion: Criterion) (scatter: float[][]) (start: float[][]) : float[][] =
        let features, components = start.Length, scatter.Length
        let frame = start |> Array.map Array.copy

        let m = scatter |> Array.map (seenIn frame)

        /// Returns ln b, for b that is 0 or less by rounding, too.
        let logOf b = log (max b Double.Epsilon)

        /// ℓₖ of every component. Rotations change them by the two bₖⱼ that they change.
        let logs = Array.zeroCreate components

        let updateLogs () =
            for k in 0 .. components - 1 do
                let matrix = m[k]
                let mutable sum = 0.0

                for j in 0 .. features - 1 do
                    sum <- sum + logOf (matrix[j * (features + 1)])

                logs[k] <- sum

        let total () = logs |> Seq.mapi (fun k log -> criterion.Value k log 1.0) |> Seq.sum

        let at (m: float[]) row column = m[row * features + column]

        /// Tests whether mᵢⱼ is rounding in every matrix.
        let isDiagonal i j = m |> Array.forall (fun m -> abs (at m i j) <= 1e-12 * sqrt (at m i i) * sqrt (at m j j))

        /// Turns rows i and j to their best angle. Returns |t|.
        let rotate isFirst i j =
            let half = m |> Array.map (fun m -> (at m i i - at m j j) / 2.0)
            let off = m |> Array.map (fun m -> at m i j)
            let determinants = m |> Array.map (fun m -> max 0.0 (at m i i * at m j j - at m i j * at m i j))
            let others = Array.map2 (fun total m -> total - logOf (at m i i) - logOf (at m j j)) logs m

            /// Returns the sum at t over the components of a function of k, of the product's derivative by φ, and of
            /// the product.
            let inline sumAt (f: int -> float -> float -> float) t =
                let cosine, sine = (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t)
                let mutable sum = 0.0

                for k in 0 .. components - 1 do
                    let left = off[k] * cosine - half[k] * sine
                    let turning = -2.0 * left * (off[k] * sine + half[k] * cosine)
                    sum <- sum + f k turning (max (determinants[k] + left * left) Double.Epsilon)

                sum

            let valueAt t = sumAt (fun k _ product -> criterion.Value k others[k] product) t

            /// Returns the derivative of the criterion by φ.
            let slopeAt t = sumAt (fun k turning product -> criterion.Slope k others[k] product * turning / product) t

            let step = 1.0 / 8.0

            // The first of several equal ones, which is 0, wins.
            let best =
                Seq.init (if isFirst then 16 else 1) (fun g -> float (if g < 9 then g else g - 16) * step)
                |> Seq.minBy valueAt

            let slope = slopeAt best

            let refined =
                if slope > 0.0 then root 1e-15 0.0 slopeAt (best - step) best
                elif slope < 0.0 then root 1e-15 0.0 slopeAt best (best + step)
                else best

            let t = if valueAt refined <= valueAt best then refined else best

            if abs t > 1e-12 && valueAt t <= valueAt 0.0 then
                let cosine = 1.0 / sqrt (1.0 + t * t)
                let sine = t * cosine
                LinearAlgebra.turn cosine -sine (Span frame[i]) (Span frame[j])

                for k in 0 .. components - 1 do
                    let m = m[k]
                    LinearAlgebra.turn cosine -sine (Span(m, i * features, features)) (Span(m, j * features, features))

                    for row in 0 .. features - 1 do
                        let x, y = at m row i, at m row j
                        m[row * features + i] <- cosine * x + sine * y
                        m[row * features + j] <- cosine * y - sine * x

                    logs[k] <- others[k] + logOf (at m i i) + logOf (at m j j)

                abs t
            else
                0.0

        let rec sweep remaining before =
            let mutable largest = 0.0

            for i in 0 .. features - 2 do
                for j in i + 1 .. features - 1 do
                    if not (isDiagonal i j) then
                        largest <- max largest (rotate (remaining = sweeps) i j)

            updateLogs ()
            let after = total ()

            if largest > 1e-12 && before - after > 1e-15 * abs after && remaining > 1 then
                sweep (remaining - 1) after

        if sweeps > 0 then
            updateLogs ()
            sweep sweeps infinity

        frame

    /// Returns planes as multiples of their mean variance, and these.
    let private scaled features (planes: float[][]) =
        let sizes =
            planes |> Array.map (fun plane -> Array.average (Array.init features (fun j -> plane[j * (features + 1)])))

        Array.map2 (fun size plane -> plane |> Array.map (fun entry -> entry / size)) sizes planes, sizes

    /// The criterion of VVE: Σₖ dₖ ℓₖ.
    let private ofOwnVolumes (degrees: float[]) =
        { Value = fun k others product -> degrees[k] * (others + log product)
          Slope = fun k _ _ -> degrees[k] }

    /// The criterion of EVE: Σₖ gₖ with gₖ = (Πⱼ bₖⱼ)^(1/D), where the planes were divided by `sizes`.
    let private ofEqualVolume features (sizes: float[]) =
        let largest = Array.max sizes
        let mean k others product = sizes[k] / largest * exp ((others + log product) / float features)

        { Value = mean
          Slope = fun k others product -> mean k others product / float features }

    /// Returns the eigenvectors that covariances have in common, as the rows of a frame: those of a sum with different
    /// weights, then turned until they diagonalise every matrix.
    let commonFrame features (planes: float[][]) : float[][] =
        let planes, _ = scaled features planes

        let sum =
            Array.init (features * features) (fun i ->
                planes |> Seq.mapi (fun k plane -> plane[i] / (1.0 + 0.618 * float k)) |> Seq.sum)

        LinearAlgebra.eigen features sum |> snd |> turned 3 (ofOwnVolumes (Array.create planes.Length 1.0)) planes

    // ── The structures ──────────────────────────────────────────────────────────────────────────────────────────────

    /// Multiples of one matrix, in turns: C ∝ Σₖ Sₖ/λₖ with |C| = 1, λₖ = tr(SₖC⁻¹) / (D dₖ). The objective is
    /// geodesically convex.
    let private multiples features (degrees: float[]) (scatter: float[][]) (volumes: float[]) : float[][] =
        let matrixOf (volumes: float[]) =
            let sum =
                Array.init (features * features) (fun i ->
                    Array.fold2 (fun sum (s: float[]) λ -> sum + s[i] / λ) 0.0 scatter volumes)

            let volume = volume features Shape.Full sum
            sum |> Array.map (fun entry -> entry / volume)

        let volumesOf (matrix: float[]) =
            let factor = Array.zeroCreate matrix.Length

            if LinearAlgebra.inverseFactor features (ReadOnlySpan matrix) (Span factor) then
                Array.map2
                    (fun d (s: float[]) ->
                        LinearAlgebra.traceOfProduct features (ReadOnlySpan s) (ReadOnlySpan factor)
                        / (float features * d))
                    degrees
                    scatter
            else
                Array.create degrees.Length nan

        let matrix = volumes |> settle (matrixOf >> volumesOf) |> matrixOf
        volumesOf matrix |> Array.map (fun λ -> matrix |> Array.map (fun entry -> λ * entry))

    /// The two steps to covariances Σₖ = D diag(vₖ) Dᵀ with common eigenvectors D and different shapes: EVE and VVE.
    type CommonOrientation =
        {
            /// Turns a frame, the rows of D, until it fits scatter matrices best, by a number of sweeps at most.
            Turn: int -> float[][] -> float[][] -> float[][]
            /// The variances vₖⱼ in a frame, from bₖⱼ = uⱼᵀSₖuⱼ.
            Variances: float[][] -> float[][]
        }

    /// The steps of EVE. (Browne and McNicholas 2014 have another search for D.)
    let private ofEve (degrees: float[]) : CommonOrientation =
        { Turn =
            fun sweeps scatter frame ->
                let planes, sizes = scaled frame.Length scatter
                turned sweeps (ofEqualVolume frame.Length sizes) planes frame
          Variances = equalVolume degrees }

    /// The steps of VVE.
    let private ofVve (degrees: float[]) : CommonOrientation =
        { Turn =
            fun sweeps scatter frame -> turned sweeps (ofOwnVolumes degrees) (fst (scaled frame.Length scatter)) frame
          Variances = Array.map2 (fun d -> Array.map (fun b -> b / d)) degrees }

    /// Returns the steps of a structure with common eigenvectors and different shapes, for given degrees; None for the
    /// others.
    let commonOrientation structure (degrees: float[]) : CommonOrientation option =
        match structure with
        | EVE -> Some(ofEve degrees)
        | VVE -> Some(ofVve degrees)
        | Full
        | Diag
        | Spherical
        | TiedFull
        | TiedDiag
        | TiedSpherical
        | VEI
        | EVI
        | VEE
        | EEV
        | VEV
        | EVV -> None

    /// Returns the estimate with common eigenvectors; the search for them starts from a frame.
    let private oriented sweeps (steps: CommonOrientation) (scatter: float[][]) (frame: float[][]) =
        let frame = steps.Turn sweeps scatter frame
        scatter |> Array.map (spreadIn frame) |> steps.Variances |> Array.map (compose frame)

    /// Matrices with their own eigenvectors Lₖ: Sₖ = LₖΩₖLₖᵀ with ascending eigenvalues, Σₖ = Lₖ diag(vₖ) Lₖᵀ, where vₖ
    /// comes from the Ωₖ.
    let private turnedEach features (variances: float[][] -> float[][]) (scatter: float[][]) =
        let eigenvalues, frames = scatter |> Array.map (LinearAlgebra.eigen features) |> Array.unzip
        Array.map2 compose frames (variances eigenvalues)

    /// Returns the covariances (planes) of K components that minimise Σₖ [tr(SₖΣₖ⁻¹) + dₖ ln|Σₖ|] within a structure.
    /// Iterations start from previous covariances, and the result is never worse than them. Where there is no minimum,
    /// some result isn't positive definite, or has NaN. Searches for a common orientation make a number of sweeps at
    /// most. Partial application to the previous covariances prepares the start.
    let estimate sweeps structure features (previous: float[][]) : float[] -> float[][] -> float[][] =
        let shape = (Structure.layout structure).Shape
        let volumes = lazy (previous |> Array.map (volume features shape))
        let frame = lazy (commonFrame features previous)

        fun degrees scatter ->
            /// Divides the numbers of each component by its degrees.
            let divided = Array.map2 (fun d -> Array.map (fun number -> number / d)) degrees

            match structure with
            | Full
            | Diag
            | Spherical
            | TiedFull
            | TiedDiag
            | TiedSpherical -> divided scatter
            | VEI -> equalShape degrees scatter volumes.Value
            | EVI -> equalVolume degrees scatter
            | VEE -> multiples features degrees scatter volumes.Value
            | EVE -> oriented sweeps (ofEve degrees) scatter frame.Value
            | VVE ->
                let isSingular plane = Double.IsNaN(logDeterminant features plane)

                if scatter |> Array.exists isSingular then
                    // An axis in a direction of variance 0 makes the objective −∞.
                    scatter |> Array.map (Array.map (fun _ -> nan))
                else
                    oriented sweeps (ofVve degrees) scatter frame.Value
            | EEV ->
                let total = Array.sum degrees

                let mean (eigenvalues: float[][]) =
                    let sums = eigenvalues |> Array.reduce (Array.map2 (+))
                    Array.create eigenvalues.Length (sums |> Array.map (fun sum -> sum / total))

                turnedEach features mean scatter
            | VEV -> turnedEach features (fun eigenvalues -> equalShape degrees eigenvalues volumes.Value) scatter
            | EVV ->
                let volumes = scatter |> Array.map (volume features Shape.Full)
                let common = Array.average volumes / Array.average degrees
                Array.map2 (fun volume -> Array.map (fun entry -> entry / volume * common)) volumes scatter

    /// Returns planes (consecutive) of covariances brought into a structure: the estimate with degrees 1 from the
    /// covariances themselves, which leaves those of the structure as they are.
    let restrict structure features (planes: float[][]) : float[][] =
        estimate mostSweeps structure features planes (Array.create planes.Length 1.0) planes

    /// Tests whether covariances with the inverse factors W belong to a structure: `restrict` changes no entry by more
    /// than 1e-6 of its variances, or by what rounding of the entries does to the determinants.
    let private isWithin structure features (planes: float[][]) (factors: float[][]) : bool =
        if Structure.isPlanewise structure then
            true
        else
            let shape = (Structure.layout structure).Shape

            let variances =
                planes
                |> Array.map (fun plane ->
                    match shape with
                    | Shape.Full -> Array.init features (fun j -> plane[j * (features + 1)])
                    | Shape.Diag
                    | Shape.Spherical -> plane)

            /// Σⱼ Σⱼⱼ(Σ⁻¹)ⱼⱼ, by which relative errors of the entries grow.
            let condition =
                Array.map2
                    (fun (variances: float[]) (factor: float[]) ->
                        match shape with
                        | Shape.Full -> factor |> Seq.mapi (fun i w -> w * w * variances[i % features]) |> Seq.sum
                        | Shape.Diag
                        | Shape.Spherical -> float features)
                    variances
                    factors
                |> Array.max

            let tolerance = max 1e-6 (16.0 * MathNet.Numerics.Precision.DoublePrecision * condition)

            Array.forall2
                (fun (variances: float[]) (before: float[], after: float[]) ->
                    let scale i =
                        match shape with
                        | Shape.Full -> sqrt variances[i / features] * sqrt variances[i % features]
                        | Shape.Diag
                        | Shape.Spherical -> variances[i]

                    Seq.forall
                        (fun i -> abs (after[i] - before[i]) <= tolerance * scale i)
                        (seq { 0 .. before.Length - 1 }))
                variances
                (Array.zip planes (restrict structure features planes))

    /// Returns an error unless the covariances of Gaussian components belong to their structure; `name` is the
    /// covariances'.
    let requireWithin name (gaussian: Gaussian) : Result<unit, GmmError> =
        let size = Layout.planeSize gaussian.Features gaussian.Layout
        let planes (tensor: Tensor) = tensor.toArray () |> Array.chunkBySize size

        if
            isWithin gaussian.Structure gaussian.Features (planes gaussian.Covariances) (planes gaussian.InverseFactors)
        then
            Ok()
        else
            let rule = $"of structure {Structure.name gaussian.Structure}: {Structure.words gaussian.Structure}"
            Error(InvalidOption(name, rule, string gaussian.Covariances))
