namespace Gmm

/// A prior on the weights of a Bayesian mixture. The concentration, above 0, is the weight of the prior in rows: the
/// smaller it is, the fewer components get any weight.
[<RequireQualifiedAccess>]
type WeightConcentration =
    /// π ~ Dirichlet(α₀, …, α₀), in which the components are alike.
    | DirichletDistribution of concentration: float
    /// The weights of a Dirichlet process, truncated to K components: πₖ = vₖ Πⱼ (1−vⱼ) over j < k, with vₖ ~ Beta(1,
    /// γ). Earlier components have more weight a priori.
    | DirichletProcess of concentration: float

/// A distribution of the weights of K components: prior or posterior.
[<RequireQualifiedAccess>]
type WeightDistribution =
    /// π ~ Dirichlet(α): α (K).
    | Dirichlet of concentrations: float[]
    /// πₖ = vₖ Πⱼ (1−vⱼ) over j < k, with vₖ ~ Beta(aₖ, bₖ): a and b (K each).
    | Sticks of a: float[] * b: float[]

/// Functions on distributions of weights (Bishop, PRML, 2006, §10.2; Blei and Jordan 2006 for sticks).
module WeightDistribution =
    /// Returns the prior of K weights.
    let ofConcentration (components: int) (concentration: WeightConcentration) : WeightDistribution =
        match concentration with
        | WeightConcentration.DirichletDistribution alpha -> WeightDistribution.Dirichlet(Array.create components alpha)
        | WeightConcentration.DirichletProcess gamma ->
            WeightDistribution.Sticks(Array.create components 1.0, Array.create components gamma)

    /// Returns the posterior under a prior, from the counts Nₖ (K): αₖ + Nₖ (Bishop, PRML, eq. 10.58), or aₖ + Nₖ and
    /// bₖ + Σⱼ Nⱼ over j > k (Blei and Jordan 2006, eqs. 18–19).
    let posterior (prior: WeightDistribution) (counts: float[]) : WeightDistribution =
        match prior with
        | WeightDistribution.Dirichlet alpha -> WeightDistribution.Dirichlet(Array.map2 (+) alpha counts)
        | WeightDistribution.Sticks(a, b) ->
            let after = Array.scanBack (+) counts 0.0 |> Array.tail
            WeightDistribution.Sticks(Array.map2 (+) a counts, Array.map2 (+) b after)

    /// Returns E ln vₖ and E ln(1−vₖ) of sticks.
    let private logarithmsOfSticks (a: float[]) (b: float[]) : (float * float)[] =
        Array.map2 (fun a b -> -GammaFunction.digammaRise b a, -GammaFunction.digammaRise a b) a b

    /// Returns E ln πₖ (K): ψ(αₖ) − ψ(Σⱼ αⱼ) (Bishop, PRML, eq. 10.66), or E ln vₖ + Σⱼ E ln(1−vⱼ) over j < k, with
    /// E ln v = ψ(a) − ψ(a+b) and E ln(1−v) = ψ(b) − ψ(a+b) (Blei and Jordan 2006, §3.2).
    let expectedLogarithms (weights: WeightDistribution) : float[] =
        match weights with
        | WeightDistribution.Dirichlet alpha ->
            let total = Array.sum alpha
            alpha |> Array.map (fun own -> -GammaFunction.digammaRise (max 0.0 (total - own)) own)
        | WeightDistribution.Sticks(a, b) ->
            let ofStick, ofRest = logarithmsOfSticks a b |> Array.unzip
            let before = Array.scan (+) 0.0 ofRest
            ofStick |> Array.mapi (fun k own -> before[k] + own)

    /// Returns E πₖ (K), divided by their sum: αₖ / Σⱼ αⱼ, or E vₖ Πⱼ E(1−vⱼ) over j < k. Sticks leave a rest to the
    /// components beyond K, which the division gives to the K.
    let expected (weights: WeightDistribution) : float[] =
        let shares =
            match weights with
            | WeightDistribution.Dirichlet alpha -> alpha
            | WeightDistribution.Sticks(a, b) ->
                let before = Array.map2 (fun a b -> b / (a + b)) a b |> Array.scan (*) 1.0
                Array.map2 (fun a b -> a / (a + b)) a b |> Array.mapi (fun k own -> before[k] * own)

        let total = Array.sum shares
        shares |> Array.map (fun share -> share / total)

    /// Returns KL(posterior‖prior) of two distributions of the same kind (Bishop, PRML, eqs. B.22 and B.6):
    ///   ln Γ(Σα) − Σₖ ln Γ(αₖ) − ln Γ(Σα₀) + Σₖ ln Γ(α₀ₖ) + Σₖ (αₖ−α₀ₖ) E ln πₖ,
    /// or for sticks Σₖ ln B(a₀ₖ, b₀ₖ) − ln B(aₖ, bₖ) + (aₖ−a₀ₖ) E ln vₖ + (bₖ−b₀ₖ) E ln(1−vₖ).
    let internal divergence (prior: WeightDistribution) (posterior: WeightDistribution) : float =
        match prior, posterior with
        | WeightDistribution.Dirichlet before, WeightDistribution.Dirichlet after ->
            let ofComponent before after logarithm =
                GammaFunction.logGamma before - GammaFunction.logGamma after + (after - before) * logarithm

            GammaFunction.logGamma (Array.sum after) - GammaFunction.logGamma (Array.sum before)
            + (Array.map3 ofComponent before after (expectedLogarithms posterior) |> Array.sum)
        | WeightDistribution.Sticks(a0, b0), WeightDistribution.Sticks(a, b) ->
            let ofStick k (ofStick, ofRest) =
                GammaFunction.logBeta a0[k] b0[k] - GammaFunction.logBeta a[k] b[k]
                + (a[k] - a0[k]) * ofStick
                + (b[k] - b0[k]) * ofRest

            logarithmsOfSticks a b |> Array.mapi ofStick |> Array.sum
        | WeightDistribution.Dirichlet _, WeightDistribution.Sticks _
        | WeightDistribution.Sticks _, WeightDistribution.Dirichlet _ ->
            invalidOp "Weights of two kinds have no divergence."

    /// Returns the numbers of a distribution as a table: α (K×1), or a and b (K×2).
    let table (weights: WeightDistribution) : float[,] =
        match weights with
        | WeightDistribution.Dirichlet alpha -> Array2D.init alpha.Length 1 (fun k _ -> alpha[k])
        | WeightDistribution.Sticks(a, b) -> Array2D.init a.Length 2 (fun k i -> if i = 0 then a[k] else b[k])

    /// Returns the distribution of such a table.
    let internal ofTable (numbers: float[,]) : WeightDistribution =
        if Array2D.length2 numbers = 1 then
            WeightDistribution.Dirichlet numbers[*, 0]
        else
            WeightDistribution.Sticks(numbers[*, 0], numbers[*, 1])

    // ── Coordinates and storage ─────────────────────────────────────────────────────────────────────────────────────

    /// Returns the numbers of a distribution: α, or a followed by b.
    let internal numbers (weights: WeightDistribution) : float[] =
        match weights with
        | WeightDistribution.Dirichlet alpha -> alpha
        | WeightDistribution.Sticks(a, b) -> Array.append a b

    /// Returns a distribution with other numbers.
    let internal ofNumbers (like: WeightDistribution) (numbers: float[]) : WeightDistribution =
        match like with
        | WeightDistribution.Dirichlet _ -> WeightDistribution.Dirichlet numbers
        | WeightDistribution.Sticks(a, _) -> Array.splitAt a.Length numbers |> WeightDistribution.Sticks

    /// Returns the names of the numbers.
    let internal names (weights: WeightDistribution) : string[] =
        let named name count = Array.init count (fun k -> $"{name}[{k}]")

        match weights with
        | WeightDistribution.Dirichlet alpha -> named "concentration" alpha.Length
        | WeightDistribution.Sticks(a, b) -> Array.append (named "stick a" a.Length) (named "stick b" b.Length)
