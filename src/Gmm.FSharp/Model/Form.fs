namespace Gmm

/// What the kernels have to know of the parameters of K components: the form of the log-density, as numbers. Constants
/// are those that don't depend on the row.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Form =
    /// ln p(x|θₖ) = cₖ − ½‖Wₖ(x−μₖ)‖², with sums Σₙ rₙₖ(xₙ−μₖ) (K×D) and Σₙ rₙₖ(xₙ−μₖ)(xₙ−μₖ)ᵀ in the structure's layout:
    /// means (K×D), factors W (planes) and a constant for each plane.
    | Quadratic of structure: Structure * means: Tensor * factors: Tensor * constants: float[]
    /// ln p(x|θₖ) = −½‖x−μₖ‖², with sums Σₙ rₙₖ(xₙ−μₖ) (K×D): centres μ (K×D).
    | Distance of centres: Tensor
    /// ln p(x|θₖ) = η ₖ·T(x) + cₖ + Σⱼ ln h(xⱼ), with sums Σₙ rₙₖT(xₙ) (K×F): T as one row of F numbers for each row of a block,
    /// ln h, η (K×F) and the constants (K).
    | Linear of statistic: (Tensor -> Tensor) * logBase: (float -> float) * natural: Tensor * constants: float[]
    /// The sum of forms, each of some columns; the sums of one after those of another.
    | Product of (int[] * Form) list
