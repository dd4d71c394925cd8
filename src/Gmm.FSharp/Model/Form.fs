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
    /// ln p(x|θₖ) = cₖ − ½(νₖ+D) ln(1 + δₖ/νₖ), or cₖ − ½δₖ where νₖ = ∞, for a quadratic form −½δₖ whose constants are 0. With
    /// u = (νₖ+D)/(νₖ+δₖ), the sums are those of the quadratic form with responsibilities times u, then Σₙ rₙₖu (K) and
    /// Σₙ rₙₖ(ln u − u + sₖ) (K): degrees of freedom ν, constants c and shifts s (K each).
    | Student of quadratic: Form * degreesOfFreedom: float[] * constants: float[] * shifts: float[]
    /// The sum of several forms, each for some of the columns. Their sums follow one another.
    | Product of (int[] * Form) list
    /// A form of K components, followed by a component of constant log-density. The sums are those of the K.
    | Noise of form: Form * logDensity: float

/// Functions on forms.
module internal Form =
    let private isZero eta = eta <= Limits.zeroDensity

    /// Returns whether a form has a natural parameter that stands for ln 0.
    let rec hasZeros (form: Form) : bool =
        match form with
        | Form.Linear(_, _, natural, _) -> natural.toArray () |> Array.exists isZero
        | Form.Product parts -> parts |> List.exists (snd >> hasZeros)
        | Form.Noise(form, _) -> hasZeros form
        | Form.Quadratic _
        | Form.Distance _
        | Form.Student _ -> false

    /// Returns the form in which ln 0 is 0, which leaves what the possible statistics of a row add to its log-density.
    let rec withoutZeros (form: Form) : Form =
        match form with
        | Form.Linear(statistic, logBase, natural, constants) ->
            let finite = natural.toArray () |> Array.map (fun eta -> if isZero eta then 0.0 else eta)
            Form.Linear(statistic, logBase, natural.like (natural.shape, finite), constants)
        | Form.Product parts -> Form.Product(parts |> List.map (fun (columns, part) -> columns, withoutZeros part))
        | Form.Noise(form, logDensity) -> Form.Noise(withoutZeros form, logDensity)
        | Form.Quadratic _
        | Form.Distance _
        | Form.Student _ -> form
