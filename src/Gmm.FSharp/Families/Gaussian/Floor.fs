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
    | AtLeast of float[]

/// The constraint Σ ⪰ F on covariances, for a diagonal matrix F of positive variances.
///
/// Among the covariances that satisfy it, the maximiser of −½ (ln|Σ| + tr(SΣ⁻¹)) is F^½ U max(Λ, 1) Uᵀ F^½, where U Λ Uᵀ
/// are the eigenvectors and eigenvalues of F^−½ S F^−½. In these coordinates the objective is −½ Σᵢ (ln σᵢ + λᵢ/σᵢ), which
/// falls in σᵢ beyond λᵢ. For diagonal and spherical matrices the same rule holds for the variances themselves.
module internal CovarianceFloor =
    /// The eigenvalues of F^−½ΣF^−½, ascending, its eigenvectors, and the rounding of each eigenvalue: that of the variances
    /// whose difference it is.
    type private Spectrum =
        { Values: float[]
          Vectors: float[][]
          Rounding: float[] }

        /// The level to which eigenvalue e is raised: 1, or more where rounding hides 1.
        member spectrum.Level e = max 1.0 spectrum.Rounding[e]

    /// Returns Σⱼ uⱼ² dⱼ, the share of a diagonal matrix in the direction u.
    let private along (direction: float[]) (diagonal: int -> float) =
        let mutable sum = 0.0

        for j in 0 .. direction.Length - 1 do
            sum <- sum + direction[j] * direction[j] * diagonal j

        sum

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
            let unit = 16.0 * float features * Precision.DoublePrecision

            Some
                { Values = values
                  Vectors = vectors
                  Rounding = vectors |> Array.map (fun u -> unit * along u (fun j -> abs matrix[j * features + j])) }

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

    /// Raises the eigenvalues of F^−½ΣF^−½ to `targets`, in place, and writes the inverse factor W.
    let private rebuild (floor: float[]) (spectrum: Spectrum) (targets: float[]) (plane: Span<float>) factor =
        for e in 0 .. floor.Length - 1 do
            if targets[e] > spectrum.Values[e] then
                let direction = Array.init floor.Length (fun j -> spectrum.Vectors[e][j] * sqrt floor[j])
                LinearAlgebra.addOuter (targets[e] - spectrum.Values[e]) (ReadOnlySpan direction) plane

        factorOf floor targets spectrum.Vectors factor

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
                    let targets = spectrum.Values |> Array.mapi (fun e value -> max value (spectrum.Level e))

                    if not isDefinite || targets <> spectrum.Values then
                        rebuild floor spectrum targets plane factor

                    true
        | Shape.Diag ->
            for j in 0 .. features - 1 do
                plane[j] <- Math.Max(plane[j], floor[j])

            GaussianParameters.inverseFactor features layout (Span.op_Implicit plane) factor
        | Shape.Spherical ->
            plane[0] <- Math.Max(plane[0], Array.max floor)
            GaussianParameters.inverseFactor features layout (Span.op_Implicit plane) factor

    /// An eigenvalue on the floor exceeds it by less than this share.
    let touching = 1.0 + 1e-6

    /// Widens one covariance, in place, and writes its inverse factor W: the eigenvalues of V^−½ΣV^−½ that are at most
    /// `touching` times the floor, or all with `isWhole`, become 1 if they are smaller. V is a diagonal matrix of variances
    /// (D). Returns false when a number isn't finite.
    let widen
        touching
        (layout: Layout)
        (floor: float[])
        (scale: float[])
        isWhole
        (plane: Span<float>)
        (factor: Span<float>)
        : bool =
        let features = floor.Length

        match layout.Shape with
        | Shape.Full ->
            match spectrum scale (Span.op_Implicit plane) with
            | None -> false
            | Some spectrum ->
                let target e value =
                    let onFloor =
                        along spectrum.Vectors[e] (fun j -> floor[j] / scale[j]) * touching + spectrum.Rounding[e]

                    if isWhole || value <= onFloor then max value (spectrum.Level e) else value

                rebuild scale spectrum (spectrum.Values |> Array.mapi target) plane factor
                true
        | Shape.Diag ->
            for j in 0 .. features - 1 do
                if isWhole || plane[j] <= floor[j] * touching then
                    plane[j] <- Math.Max(plane[j], scale[j])

            GaussianParameters.inverseFactor features layout (Span.op_Implicit plane) factor
        | Shape.Spherical ->
            if isWhole || plane[0] <= Array.max floor * touching then
                plane[0] <- Math.Max(plane[0], Array.max scale)

            GaussianParameters.inverseFactor features layout (Span.op_Implicit plane) factor

    /// A covariance below this share of the floor is below it by more than rounding.
    let below = 1.0 - 1e-12

    /// Tests whether a covariance with the inverse factor W has a direction in which it is at most `limit` times the floor.
    /// Rounding counts as on the floor for a limit above 1, and as above it for a limit below 1.
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
                   let isLow e =
                       let rounding = if limit < 1.0 then -spectrum.Rounding[e] else spectrum.Rounding[e]
                       spectrum.Values[e] <= spectrum.Level e * limit + rounding

                   Seq.exists isLow (seq { 0 .. floor.Length - 1 })
        | Shape.Diag ->
            let mutable found = false

            for j in 0 .. floor.Length - 1 do
                found <- found || plane[j] <= floor[j] * limit

            found
        | Shape.Spherical -> plane[0] <= Array.max floor * limit

/// The constraint Σₖ tr(FₖΣₖ⁻¹) ≤ 1 on the covariances of a structure that are not estimated one by one, for diagonal
/// matrices Fₖ of positive variances. It implies Σₖ ⪰ Fₖ for every k.
///
/// The maximum of −½ Σₖ [tr(SₖΣₖ⁻¹) + dₖ ln|Σₖ|] under the constraint is the estimate from Sₖ + τFₖ, with the τ ≥ 0 for which
/// it is met with equality: that estimate maximises the objective less ½τ Σₖ tr(FₖΣₖ⁻¹), so nothing else that meets the
/// constraint is better (Everett 1963). The sum falls in τ. A structure that has Σₖ has all multiples of them, so that the
/// estimate's Σₖ tr((Sₖ + τFₖ)Σₖ⁻¹) is D Σₖ dₖ, and τ is D Σₖ dₖ at most.
module internal CommonFloor =
    /// Returns tr(FΣ⁻¹) = Σᵢⱼ wᵢⱼ² fⱼ of a covariance with the inverse factor W.
    let load (layout: Layout) (floor: float[]) (factor: float[]) : float =
        match layout.Shape with
        | Shape.Full
        | Shape.Diag -> factor |> Seq.mapi (fun i w -> w * w * floor[i % floor.Length]) |> Seq.sum
        | Shape.Spherical -> factor[0] * factor[0] * Array.sum floor

    /// Covariances, their inverse factors, and Σₖ tr(FₖΣₖ⁻¹), which is ∞ when one of them isn't positive definite.
    type private Candidate =
        { Planes: float[][]
          Factors: float[][]
          Load: float }

    let private candidate layout (floors: float[][]) (planes: float[][]) : Candidate =
        let features = floors[0].Length
        let factors = planes |> Array.map (fun plane -> Array.zeroCreate plane.Length)

        let isDefinite (plane: float[]) (factor: float[]) =
            GaussianParameters.inverseFactor features layout (ReadOnlySpan plane) (Span factor)

        let load =
            if Array.forall2 isDefinite planes factors then
                Array.map2 (load layout) floors factors |> Array.sum
            else
                infinity

        { Planes = planes
          Factors = factors
          Load = if Double.IsNaN load then infinity else load }

    /// Returns Σₖ [tr(SₖΣₖ⁻¹) + dₖ ln|Σₖ|].
    let private cost layout features (degrees: float[]) (scatter: float[][]) (candidate: Candidate) =
        let ofPlane d (s: float[]) (w: float[]) =
            match layout.Shape with
            | Shape.Full ->
                let logs = Seq.sum (seq { for j in 0 .. features - 1 -> log w[j * (features + 1)] })
                LinearAlgebra.traceOfProduct features (ReadOnlySpan s) (ReadOnlySpan w) - 2.0 * d * logs
            | Shape.Diag
            | Shape.Spherical -> Array.sum (Array.map2 (fun s w -> s * w * w - 2.0 * d * log w) s w)

        Seq.sum (Seq.map3 ofPlane degrees scatter candidate.Factors)

    /// Returns the first of some values of ln τ, step by step, whose slack has the sign.
    let rec private firstWith slack (isWanted: float -> bool) step remaining logMultiplier =
        if isWanted (slack logMultiplier) then Some logMultiplier
        elif remaining = 0 then None
        else firstWith slack isWanted step (remaining - 1) (logMultiplier + step)

    /// Returns the τ with which the constraint is met: 0 if it is met anyway, otherwise the τ of equality, which is at most
    /// `most`. `loadAt` gives the sum for a τ.
    let private multiplier most (loadAt: float -> float) : float =
        if loadAt 0.0 <= 1.0 then
            0.0
        else
            // 0 where the constraint is met with equality, −∞ where a covariance is singular.
            let slack logMultiplier = -(log (loadAt (exp logMultiplier)))

            // Rounding may leave the sum a little above 1 at the largest τ.
            let high = log most |> firstWith slack (fun slack -> slack >= 0.0) 0.5 50 |> Option.defaultValue (log most)

            match high |> firstWith slack (fun slack -> slack < 0.0) -2.0 300 with
            | Some low -> exp (GaussianEstimators.root 1e-14 1e-12 slack low high)
            | None -> exp high

    /// Returns Sₖ + τFₖ.
    let private raised layout (floors: float[][]) (scatter: float[][]) multiplier : float[][] =
        let raise (floor: float[]) s =
            let sum = Array.copy s
            Layout.addDiagonal layout (floor |> Array.map (fun variance -> multiplier * variance)) (Span sum)
            sum

        Array.map2 raise floors scatter

    /// Covariances with common eigenvectors: variances vₖⱼ along the rows of a frame, and Σₖⱼ [sₖⱼ/vₖⱼ + dₖ ln vₖⱼ] for the
    /// numbers sₖⱼ of the scatter there.
    type private Oriented =
        { Frame: float[][]
          Variances: float[][]
          Cost: float }

    /// Returns the sum of a function of the component and of two numbers.
    let private sumOver (f: int -> float -> float -> float) (a: float[][]) (b: float[][]) =
        let mutable sum = 0.0

        for k in 0 .. a.Length - 1 do
            for j in 0 .. a[k].Length - 1 do
                sum <- sum + f k a[k].[j] b[k].[j]

        sum

    /// The rounds that search an orientation on the floor at most.
    let private mostRounds = 2

    /// The share of the constraint that is left for the rounding of covariances with common eigenvectors.
    let private reserve = 1e-10

    /// Returns the estimate of EVE or VVE that meets the constraint, from the orientation of previous covariances. In a given
    /// orientation the constraint is a sum over numbers. Each round turns the orientation for the τ of the one before, then
    /// finds its own τ, as long as the result is better.
    let private oriented
        layout
        (steps: GaussianEstimators.CommonOrientation)
        (floors: float[][])
        (previous: float[][])
        (degrees: float[])
        (scatter: float[][])
        : float[][] =
        let features = floors[0].Length
        let most = float features * Array.sum degrees

        let floorAlong (frame: float[][]) =
            let along (floor: float[]) (u: float[]) = Array.fold2 (fun sum u f -> sum + u * u * f) 0.0 u floor
            floors |> Array.map (fun floor -> frame |> Array.map (along floor))

        /// Returns τ, and the covariances in a frame that meet the constraint.
        let within frame =
            let floor, spreads = floorAlong frame, scatter |> Array.map (GaussianEstimators.spreadIn frame)

            let variances multiplier =
                Array.map2 (Array.map2 (fun s f -> s + multiplier * f)) spreads floor |> steps.Variances

            let load = sumOver (fun _ f v -> if v > 0.0 then f / v else infinity) floor
            let multiplier = multiplier most (fun multiplier -> load (variances multiplier) / (1.0 - reserve))
            let found = variances multiplier

            multiplier,
            { Frame = frame
              Variances = found
              Cost = sumOver (fun k s v -> s / v + degrees[k] * log v) spreads found }

        let rec search remaining (multiplier, found) =
            if remaining = 0 then
                found
            else
                let frame = steps.Turn 2 (raised layout floors scatter multiplier) found.Frame
                let next, better = within frame

                if better.Cost < found.Cost then
                    search (remaining - 1) (next, better)
                else
                    found

        let frame = GaussianEstimators.commonFrame features previous

        let loadBefore =
            previous |> Array.map (GaussianEstimators.spreadIn frame) |> sumOver (fun _ f v -> f / v) (floorAlong frame)

        // Near a singular matrix many sweeps would not settle.
        let sweeps = if loadBefore < 0.5 then GaussianEstimators.mostSweeps else 2
        let first = steps.Turn sweeps scatter frame

        let best =
            match within first with
            | 0.0, found when sweeps = GaussianEstimators.mostSweeps -> found
            | 0.0, _ -> steps.Turn GaussianEstimators.mostSweeps scatter first |> within |> snd
            | _ -> within frame |> search mostRounds

        best.Variances |> Array.map (GaussianEstimators.compose best.Frame)

    /// Returns the best covariances of a structure that meet the constraint: planes that minimise
    /// Σₖ [tr(SₖΣₖ⁻¹) + dₖ ln|Σₖ|]; iterations start from previous covariances. If these meet the constraint, the result is
    /// never worse than them.
    let estimate
        structure
        (floors: float[][])
        (previous: float[][])
        (degrees: float[])
        (scatter: float[][])
        : float[][] =
        let layout, features = Structure.layout structure, floors[0].Length
        let isFeasible found = found.Load <= 1.0

        let at start =
            let estimate = GaussianEstimators.estimate 0 structure features start degrees
            fun multiplier -> raised layout floors scatter multiplier |> estimate |> candidate layout floors

        /// Returns the estimate that meets the constraint, in the orientation of given covariances where it is common.
        let bounded start =
            let at = at start
            multiplier (float features * Array.sum degrees) (fun multiplier -> (at multiplier).Load) |> at

        let found =
            match GaussianEstimators.commonOrientation structure degrees with
            | None -> bounded previous
            | Some steps ->
                let found = oriented layout steps floors previous degrees scatter |> candidate layout floors
                // Rounding of nearly singular covariances may exceed the reserve.
                if isFeasible found then found else bounded found.Planes

        // Numbers that aren't finite have no candidate.
        match [ found; candidate layout floors previous ] |> List.filter isFeasible with
        | [] -> (at previous 0.0).Planes
        | feasible -> (feasible |> List.minBy (cost layout features degrees scatter)).Planes
