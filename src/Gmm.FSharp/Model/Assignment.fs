namespace Gmm

open System

/// How the joint log-densities ln ρₙₖ = ln πₖ + ln p(xₙ|θₖ) become responsibilities rₙₖ.
[<NoEquality; NoComparison>]
type Assignment =
    /// rₙₖ = ρₙₖ / Σⱼ ρₙⱼ: EM (Dempster, Laird and Rubin 1977).
    | Soft
    /// rₙₖ = 1 for the largest ρₙₖ, ties to the lower k: classification EM (Celeux and Govaert 1992) and k-means.
    | Hard
    /// Whatever a function of the block says (n×K, row by row), the densities unseen: starts from labels.
    | Given of (Block -> float[])

/// The textbook of the E-step's second half, over tensors.
module Assignment =
    // Stands for −∞, which has no difference from itself: families write −1e300 for ln 0, and no possible row of numbers
    // below 1e150 comes near.
    let private lowest = -1e290

    let private columns (row: Tensor) = row.unsqueeze 1

    /// Evidence ln Σₖ ρₙₖ (n) and responsibilities (n×K) of joint log-densities (n×K). The largest of each row is
    /// subtracted before exp, so that rows far apart don't underflow together. A row of density 0 under every component
    /// has evidence −∞ and equal responsibilities.
    let soft (logJoint: Tensor) : Tensor * Tensor =
        let joint = logJoint.clamp lowest
        let largest = joint.max 1
        let shifted = (joint - columns largest).exp()
        let total = shifted.sum 1
        // 1 for a possible row and 0 for an impossible one, whose logarithms are 0 and −∞.
        let possible = logJoint.like([| 1 |], [| lowest |]).expand(largest.shape).lt largest
        largest + total.log () + possible.log (), shifted / columns total

    /// The largest joint log-density of each row (n) and its one-hot responsibilities (n×K).
    let hard (logJoint: Tensor) : Tensor * Tensor =
        let components = logJoint.shape[1]
        let index = logJoint.like ([| components |], Array.init components float)
        let winner = columns (logJoint.argmax 1)
        logJoint.max 1, winner.expand(logJoint.shape).eq(index.expand logJoint.shape)
