namespace Gmm

open System

/// How the joint log-densities ln ρₙₖ = ln πₖ + ln p(xₙ|θₖ) become responsibilities rₙₖ.
[<NoEquality; NoComparison>]
type Assignment =
    /// rₙₖ = ρₙₖ / Σⱼ ρₙⱼ: EM (Dempster, Laird and Rubin 1977).
    | Soft
    /// rₙₖ = 1 for the largest ρₙₖ, ties to the lower k: classification EM (Celeux and Govaert 1992) and k-means.
    | Hard
    /// Whatever a function of the block says (n×K, row by row), the densities unseen: starts from labels. What it says may be
    /// gone with the same thread's next block.
    | Given of (Block -> float[])

/// The textbook of the E-step's second half, over tensors.
module Assignment =
    /// Below this a density is 0: families write −1e305 for ln 0, because −∞ has no difference from itself. The densities
    /// of rows below 1e150 are above, unless a standard deviation is below 0.05.
    let private lowest = -1e303

    let private bounded (logJoint: Tensor) = logJoint.clamp lowest

    let private column (row: Tensor) = row.unsqueeze 1

    /// Evidence ln Σₖ ρₙₖ (n) and responsibilities (n×K) of joint log-densities (n×K). The largest of each row is
    /// subtracted before exp, so that rows far apart don't underflow together. A row of density 0 under every component
    /// has evidence −∞ and equal responsibilities.
    let soft (logJoint: Tensor) : Tensor * Tensor =
        let joint = bounded logJoint
        let largest = joint.max 1
        let shifted = (joint - column largest).exp()
        let total = shifted.sum 1
        // 1 for a possible row and 0 for an impossible one, whose logarithms are 0 and −∞.
        let possible = logJoint.like([| 1 |], [| lowest |]).expand(largest.shape).lt largest
        largest + total.log () + possible.log (), shifted / column total

    /// The component of the largest joint log-density of each row (n), the lower of equals.
    let likeliest (logJoint: Tensor) : Tensor = (bounded logJoint).argmax 1

    /// The largest joint log-density of each row (n) and its one-hot responsibilities (n×K).
    let hard (logJoint: Tensor) : Tensor * Tensor =
        let components = logJoint.shape[1]
        let index = logJoint.like ([| components |], Array.init components float)
        logJoint.max 1, (column (likeliest logJoint)).expand(logJoint.shape).eq(index.expand logJoint.shape)

    // ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────
    // The same of plain numbers, row by row, for predictions, which need no other engine.

    /// The evidence of every row (n); its joint log-densities (n×K) become its responsibilities, as `soft` has them.
    let internal softRows components (joint: float[]) : float[] =
        Array.init (joint.Length / components) (fun n ->
            let row = Span(joint, n * components, components)
            let mutable largest = lowest

            for k in 0 .. components - 1 do
                largest <- max largest row[k]

            for k in 0 .. components - 1 do
                row[k] <- max row[k] lowest - largest

            System.Numerics.Tensors.TensorPrimitives.Exp(Span.op_Implicit row, row)
            let mutable total = 0.0

            for k in 0 .. components - 1 do
                total <- total + row[k]

            System.Numerics.Tensors.TensorPrimitives.Divide(Span.op_Implicit row, total, row)
            if largest > lowest then largest + log total else -infinity)

    /// The component of the largest joint log-density (n×K) of every row (n), the lower of equals, as `likeliest` has it.
    let internal likeliestRows components (joint: float[]) : int[] =
        Array.init (joint.Length / components) (fun n ->
            let row = ReadOnlySpan(joint, n * components, components)
            let largest = System.Numerics.Tensors.TensorPrimitives.Max row
            if largest > lowest then row.IndexOf largest else 0)

    /// Joint log-densities (n×K) become one-hot responsibilities, as `hard` has them.
    let internal hardRows components (joint: float[]) : float[] =
        let winners = likeliestRows components joint
        Array.Clear joint
        winners |> Array.iteri (fun n winner -> joint[n * components + winner] <- 1.0)
        joint
