namespace Gmm

open System

/// Determines how the joint log-densities ln ρₙₖ = ln πₖ + ln p(xₙ|θₖ) become responsibilities rₙₖ.
type Assignment =
    /// rₙₖ = ρₙₖ / Σⱼ ρₙⱼ: EM (Dempster, Laird and Rubin 1977).
    | Soft
    /// rₙₖ = 1 for the component with the largest ρₙₖ (ties go to the lower k), 0 for the others: classification EM
    /// (Celeux and Govaert 1992) and k-means.
    | Hard

/// The second half of the E-step, as textbook expressions over tensors.
module Assignment =
    let private bounded (logJoint: Tensor) = logJoint.clamp Limits.zeroDensity

    let private column (row: Tensor) = row.unsqueeze 1

    /// Returns the evidence ln Σₖ ρₙₖ (n) and the responsibilities (n×K) of joint log-densities (n×K). It subtracts the
    /// largest value of each row before exp, so that a row far from every component doesn't underflow. A row with
    /// density 0 under every component has evidence −∞ and equal responsibilities.
    let soft (logJoint: Tensor) : Tensor * Tensor =
        let joint = bounded logJoint
        let largest = joint.max 1
        let shifted = (joint - column largest).exp()
        let total = shifted.sum 1
        // 1 for a possible row and 0 for an impossible one. Their logarithms are 0 and −∞.
        let possible = logJoint.like([| 1 |], [| Limits.zeroDensity |]).expand(largest.shape).lt largest
        largest + total.log () + possible.log (), shifted / column total

    /// Returns the component with the largest joint log-density for each row (n); ties go to the lower k.
    let likeliest (logJoint: Tensor) : Tensor = (bounded logJoint).argmax 1

    /// Returns the largest joint log-density of each row (n) and its one-hot responsibilities (n×K).
    let hard (logJoint: Tensor) : Tensor * Tensor =
        let components = logJoint.shape[1]
        let index = logJoint.like ([| components |], Array.init components float)
        logJoint.max 1, (column (likeliest logJoint)).expand(logJoint.shape).eq(index.expand logJoint.shape)

    // ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────
    // The same functions on plain numbers, row by row. Predictions use them, because they need no other engine.

    /// Subtracts the largest joint log-density of a row (K) from all, and returns it.
    let internal lower (row: Span<float>) : float =
        let mutable largest = Limits.zeroDensity

        for k in 0 .. row.Length - 1 do
            largest <- max largest row[k]

        for k in 0 .. row.Length - 1 do
            row[k] <- max row[k] Limits.zeroDensity - largest

        largest

    /// Returns the sum of the numbers of a row (K).
    let internal total (row: ReadOnlySpan<float>) : float =
        let mutable total = 0.0

        for k in 0 .. row.Length - 1 do
            total <- total + row[k]

        total

    /// Divides the numbers of a row (K) by their sum.
    let internal share (row: Span<float>) : unit =
        let total = total (Span.op_Implicit row)

        for k in 0 .. row.Length - 1 do
            row[k] <- row[k] / total

    /// Returns the evidence of a row from its largest joint log-density and the logarithm of the sum of the others'
    /// ratios to it.
    let internal evidence (largest: float) (logTotal: float) : float =
        if largest > Limits.zeroDensity then largest + logTotal else -infinity

    /// Returns the evidence of every row (n) and overwrites the joint log-densities (n×K) with the responsibilities, as
    /// `soft` computes both.
    let internal softRows components (joint: float[]) : float[] =
        let rows = joint.Length / components
        let largest, totals = Array.zeroCreate rows, Array.zeroCreate rows

        for n in 0 .. rows - 1 do
            largest[n] <- lower (Span(joint, n * components, components))

        Elementary.expEach (Span joint)

        for n in 0 .. rows - 1 do
            totals[n] <- total (ReadOnlySpan(joint, n * components, components))
            share (Span(joint, n * components, components))

        Elementary.logEach (Span totals)
        Array.map2 evidence largest totals

    /// Whether a row is possible under a component, from its joint log-densities (K).
    let internal isPossible (row: ReadOnlySpan<float>) : bool =
        System.Numerics.Tensors.TensorPrimitives.Max row > Limits.zeroDensity

    /// Returns the component with the largest joint log-density of a row (K); ties go to the lower k.
    let internal likeliestOf (row: ReadOnlySpan<float>) : int =
        let mutable likeliest = 0

        for k in 1 .. row.Length - 1 do
            if row[k] > row[likeliest] then
                likeliest <- k

        if row[likeliest] > Limits.zeroDensity then likeliest else 0

    /// Returns the component with the largest joint log-density (n×K) for every row (n), as `likeliest` does; ties go
    /// to the lower k.
    let internal likeliestRows components (joint: float[]) : int[] =
        Array.init (joint.Length / components) (fun n -> likeliestOf (ReadOnlySpan(joint, n * components, components)))

    /// Overwrites joint log-densities (n×K) with the one-hot responsibilities that `hard` computes.
    let internal hardRows components (joint: float[]) : float[] =
        let winners = likeliestRows components joint
        Array.Clear joint
        winners |> Array.iteri (fun n winner -> joint[n * components + winner] <- 1.0)
        joint
