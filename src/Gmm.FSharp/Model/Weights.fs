namespace Gmm

/// A prior on the weights: π ~ Dirichlet(α).
type WeightPrior =
    /// No prior, α = 1: maximum likelihood.
    | Flat
    /// One α from 1 to 1e150 for every weight, or one number for all. With noise, its α is the last. Each acts
    /// like αₖ − 1 extra rows.
    | Dirichlet of concentration: float[]
    /// Fixed weights: they keep their starting values.
    | Fixed

/// The weights' part of the M-step and of the objective.
module WeightPrior =
    let private alphaOf (concentration: float[]) k =
        if concentration.Length = 1 then concentration[0] else concentration[k]

    /// Returns the mode of the weights, as ln πₖ: πₖ = (Nₖ + αₖ − 1) / Σⱼ(Nⱼ + αⱼ − 1) (Murphy, Machine Learning, 2012,
    /// §11.4.2.8), from the current ln πₖ and the counts Nₖ.
    let maximise prior (logWeights: float[]) (counts: float[]) : float[] =
        let logShares (counts: float[]) =
            let sum = Array.sum counts
            counts |> Array.map (fun count -> log (count / sum))

        match prior with
        | Flat -> logShares counts
        | Dirichlet concentration ->
            counts |> Array.mapi (fun k count -> count + (alphaOf concentration k - 1.0)) |> logShares
        | Fixed -> logWeights

    /// Returns Σₖ (αₖ − 1) ln πₖ, the log-density without its constant; 0·ln 0 = 0.
    let logDensity prior (logWeights: float[]) : float =
        match prior with
        | Flat
        | Fixed -> 0.0
        | Dirichlet concentration ->
            let term k logWeight =
                match alphaOf concentration k with
                | 1.0 -> 0.0
                | alpha -> (alpha - 1.0) * logWeight

            logWeights |> Array.mapi term |> Array.sum

    /// Returns an error when the prior breaks a rule for this number of weights.
    let check components prior : Result<unit, GmmError> =
        match prior with
        | Flat
        | Fixed -> Ok()
        | Dirichlet concentration ->
            let count = concentration.Length
            let expected = $"one concentration for each of the {components} weights, or one for all"
            let bad = concentration |> Array.tryFind (fun alpha -> not (alpha >= 1.0 && alpha <= Limits.largest))

            GmmError.requireAll
                [ (count = components || count = 1), "WeightPrior", expected, Display.count count "number"
                  bad.IsNone,
                  "WeightPrior",
                  "at least 1 and at most 1e150 for every component",
                  string (Option.defaultValue 1.0 bad) ]
