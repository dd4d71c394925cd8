namespace Gmm

/// What is believed of the weights before the data: π ~ Dirichlet(α).
type WeightPrior =
    /// Nothing, α = 1: maximum likelihood.
    | Flat
    /// One α ≥ 1 for every component (K): αₖ − 1 extra rows.
    | Dirichlet of concentration: float[]
    /// Everything: the weights stay as they start.
    | Fixed

/// The weights' part of the M-step and of the objective.
module WeightPrior =
    /// The mode of the weights, as ln πₖ: πₖ = (Nₖ + αₖ − 1) / Σⱼ(Nⱼ + αⱼ − 1) (Murphy, Machine Learning, 2012,
    /// §11.4.2.8), from the current ln πₖ and the counts Nₖ.
    let maximise prior (logWeights: float[]) (counts: float[]) : float[] =
        let logShares (counts: float[]) =
            let sum = Array.sum counts
            counts |> Array.map (fun count -> log (count / sum))

        match prior with
        | Flat -> logShares counts
        | Dirichlet concentration ->
            Array.map2 (fun count alpha -> count + (alpha - 1.0)) counts concentration |> logShares
        | Fixed -> logWeights

    /// Σₖ (αₖ − 1) ln πₖ, the log-density without its constant; 0·ln 0 = 0.
    let logDensity prior (logWeights: float[]) : float =
        match prior with
        | Flat
        | Fixed -> 0.0
        | Dirichlet concentration ->
            Array.fold2
                (fun sum alpha logWeight -> if alpha = 1.0 then sum else sum + (alpha - 1.0) * logWeight)
                0.0
                concentration
                logWeights

    /// What is wrong with the prior for K components, if anything.
    let check components prior : Result<unit, GmmError> =
        match prior with
        | Flat
        | Fixed -> Ok()
        | Dirichlet concentration ->
            let count, expected = concentration.Length, $"one concentration for each of the {components} components"
            let bad = concentration |> Array.tryFind (fun alpha -> not (alpha >= 1.0 && alpha < infinity))

            GmmError.requireAll
                [ count = components, "WeightPrior", expected, $"{count} numbers"
                  bad.IsNone,
                  "WeightPrior",
                  "at least 1 and finite for every component",
                  string (Option.defaultValue 1.0 bad) ]
