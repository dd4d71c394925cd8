namespace Gmm

open System

/// What the best of several fits is judged by; the lowest value wins.
[<RequireQualifiedAccess>]
type Criterion =
    /// The Bayesian information criterion −2 ln L + p ln n (Schwarz 1978).
    | Bic
    /// The integrated complete likelihood: BIC plus a cost of overlapping components (Biernacki, Celeux and Govaert 2000).
    | Icl
    /// Akaike's information criterion −2 ln L + 2p (Akaike 1974).
    | Aic

/// A fit with its criteria.
[<NoEquality; NoComparison>]
type Judged<'θ> =
    {
        /// The fit.
        Fit: Fit<'θ>
        /// Its BIC on the data.
        Bic: float
        /// Its ICL on the data.
        Icl: float
        /// Its AIC on the data.
        Aic: float
    }

    /// The value of a criterion.
    member judged.Value criterion =
        match criterion with
        | Criterion.Bic -> judged.Bic
        | Criterion.Icl -> judged.Icl
        | Criterion.Aic -> judged.Aic

/// A mixture that may be chosen, and what became of it.
[<NoEquality; NoComparison>]
type Candidate<'θ> =
    {
        /// The structure, or the family.
        Name: string
        /// K.
        Components: int
        /// The fit with its criteria, or why there is none.
        Outcome: Result<Judged<'θ>, GmmError>
    }

/// All candidates, and the best of them.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Table}")>]
type Selection<'θ> =
    {
        /// What they were judged by.
        Criterion: Criterion
        /// All candidates, in the order they were asked for.
        Candidates: Candidate<'θ> list
        /// The candidate whose fit has the lowest value, the first of equals.
        Best: Candidate<'θ>
        /// Its fit.
        Fit: Fit<'θ>
    }

    /// The candidates as lines of text, the best one marked with a star.
    member selection.Table =
        let text (value: float) = FormattableString.Invariant $"{value, 14:F3}"

        let line (candidate: Candidate<'θ>) =
            let star = if obj.ReferenceEquals(candidate, selection.Best) then "*" else " "
            let head = FormattableString.Invariant $"{star} {candidate.Name, -16} {candidate.Components, 3}"

            match candidate.Outcome with
            | Error error -> $"{head}  {error.Message}"
            | Ok judged ->
                let fit = judged.Fit
                let limited = if fit.Converged then "" else "  not converged"

                FormattableString.Invariant
                    $"{head} {fit.FreeParameters, 6}{text fit.LogLikelihood}{text judged.Bic}{text judged.Icl}{text judged.Aic}{limited}"

        "  candidate          K  param         log L           BIC           ICL           AIC"
        :: List.map line selection.Candidates
        |> String.concat Environment.NewLine

/// Choosing the number of components and the structure.
module Select =
    let private judge (execution: Execution) source (fit: Fit<'θ>) =
        Predict.icl fit source
        |> Result.map (fun icl ->
            { Fit =
                { fit with
                    Model = Model.unbound { fit.Model with Execution = execution } }
              Bic = fit.Bic
              Icl = icl
              Aic = fit.Aic })

    /// Fits candidates, each given by its name, its K and what fits it with an execution, and chooses the best. Small data
    /// are fitted side by side on the threads of `execution`, which changes no bit. `report` is told of every candidate when
    /// it is done, from one thread at a time. Error when none has a fit: the first one's.
    let among
        (execution: Execution)
        (criterion: Criterion)
        (report: Candidate<'θ> -> unit)
        (candidates: (string * int * (Execution -> Result<Fit<'θ>, GmmError>)) list)
        (source: Source)
        : Result<Selection<'θ>, GmmError> =
        let candidates = Array.ofList candidates
        let ofCandidates, ofCandidate = Fit.sharing execution candidates.Length source
        let gate = obj ()

        let run i =
            let name, components, fit = candidates[i]

            let candidate =
                { Name = name
                  Components = components
                  Outcome = fit ofCandidate |> Result.bind (judge execution source) }

            lock gate (fun () -> report candidate)
            candidate

        if candidates.Length = 0 then
            Error(InvalidOption("Candidates", "at least one", "none"))
        else
            let tried = ofCandidates.Map(candidates.Length, run)

            let judged =
                tried
                |> Array.choose (fun candidate ->
                    candidate.Outcome |> Result.toOption |> Option.map (fun judged -> candidate, judged))

            match judged, tried[0].Outcome with
            | [||], Error error -> Error error
            | _ ->
                let best, itsFit = judged |> Array.minBy (fun (_, judged) -> judged.Value criterion)

                Ok
                    { Criterion = criterion
                      Candidates = List.ofArray tried
                      Best = best
                      Fit = itsFit.Fit }

    /// Fits Gaussian mixtures of every number of components with every structure, and chooses the best; everything else is as
    /// the options have it. Error when none has a fit, as the first one's; a candidate that fails is kept with its error.
    let gaussian
        (criterion: Criterion)
        (report: Candidate<Gaussian> -> unit)
        (components: int list)
        (structures: Structure list)
        (options: GmmOptions)
        (source: Source)
        : Result<Selection<Gaussian>, GmmError> =
        let options =
            { options with
                Progress = Progress.oneAtATime options.Progress }

        let candidates =
            [ for structure in structures do
                  for k in components ->
                      Structure.name structure,
                      k,
                      fun execution ->
                          source
                          |> Gmm.fit
                              { options with
                                  Components = k
                                  Structure = structure
                                  Execution = execution } ]

        among options.Execution criterion report candidates source

    let private overComponents name fit criterion report components (options: MixtureOptions<'θ>) source =
        let options =
            { options with
                Progress = Progress.oneAtATime options.Progress }

        let candidates =
            [ for k in components ->
                  name,
                  k,
                  fun execution ->
                      source
                      |> fit
                          { options with
                              MixtureOptions.Components = k
                              Execution = execution } ]

        among options.Execution criterion report candidates source

    /// Fits mixtures of an exponential family of every number of components, and chooses the best. Errors as `gaussian`.
    let family
        (criterion: Criterion)
        (report: Candidate<ExponentialParameters> -> unit)
        (components: int list)
        (family: ExponentialFamily)
        (options: MixtureOptions<ExponentialParameters>)
        (source: Source)
        : Result<Selection<ExponentialParameters>, GmmError> =
        overComponents family.Name (Mixtures.fit family) criterion report components options source

    /// Fits products of every number of components, and chooses the best. Errors as `gaussian`.
    let product
        (criterion: Criterion)
        (report: Candidate<Product> -> unit)
        (components: int list)
        (parts: Part list)
        (options: MixtureOptions<Product>)
        (source: Source)
        : Result<Selection<Product>, GmmError> =
        overComponents "product" (Mixtures.fitProduct parts) criterion report components options source
