namespace Gmm

/// The log-density of K components as numbers. The kernels know nothing else of a family. Constants are the terms that
/// don't depend on the row.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Form =
    /// ln p(x|θₖ) = cₖ − ½‖Wₖ(x−μₖ)‖², with sums Σₙ rₙₖ(xₙ−μₖ) (K×D) and Σₙ rₙₖ(xₙ−μₖ)(xₙ−μₖ)ᵀ in a layout:
    /// means (K×D), factors W (planes) and a constant for each plane.
    | Quadratic of layout: Layout * means: Tensor * factors: Tensor * constants: float[]
    /// ln p(x|θₖ) = −½‖x−μₖ‖², with sums Σₙ rₙₖ(xₙ−μₖ) (K×D): centres μ (K×D).
    | Distance of centres: Tensor
    /// ln p(x|θₖ) = ηₖ·T(x) + cₖ + Σⱼ ln h(xⱼ), with sums Σₙ rₙₖT(xₙ) (K×F): T, which gives one row of F numbers for
    /// each row of a block, ln h, η (K×F) and the constants (K).
    | Linear of statistic: (Tensor -> Tensor) * logBase: (float -> float) * natural: Tensor * constants: float[]
    /// The sum of several forms, each for some of the columns. Their sums follow one another.
    | Product of (int[] * Form) list
