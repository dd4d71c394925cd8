namespace Gmm

open System

/// The criterion that chooses the best of several fits: the fit with the lowest value wins.
[<RequireQualifiedAccess>]
type Criterion =
    /// The Bayesian information criterion −2 ln L + p ln n (Schwarz 1978).
    | Bic
    /// The integrated complete likelihood: BIC plus a penalty for components that overlap (Biernacki, Celeux and
    /// Govaert 2000).
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

    /// Whether a component lies on the floor of its covariance. The likelihood then measures the floor, and no
    /// criterion can be trusted.
    member judged.IsOnFloor = not judged.Fit.Irregular.OnFloor.IsEmpty

    /// Returns the value of a criterion.
    member judged.Value criterion =
        match criterion with
        | Criterion.Bic -> judged.Bic
        | Criterion.Icl -> judged.Icl
        | Criterion.Aic -> judged.Aic

/// A candidate mixture and its outcome.
[<NoEquality; NoComparison; Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Candidate<'θ> =
    {
        /// The name of the structure or the family.
        Name: string
        /// The number of components, K.
        Components: int
        /// The fit with its criteria, or the error of the fit.
        Outcome: Result<Judged<'θ>, GmmError>
    }

    /// Returns the name, the number of components, and the criteria or the error, on one line.
    override candidate.ToString() =
        let outcome =
            match candidate.Outcome with
            | Ok judged -> FormattableString.Invariant $"BIC {judged.Bic:F3}, ICL {judged.Icl:F3}, AIC {judged.Aic:F3}"
            | Error error -> error.Message

        $"""{candidate.Name}, {Display.count candidate.Components "component"}: {outcome}"""

/// A condition of a selection that the user should know of.
[<Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type SelectionWarning =
    /// The best candidate has the largest or the smallest number of components that was tried, so that a number outside
    /// the range may be better.
    | AtEdge of components: int
    /// Some candidates have a lower value of the criterion than the best one, but a component on the floor of its
    /// covariance.
    | BetterOnFloor of count: int
    /// The best candidate has a component on the floor of its covariance, because every candidate with a fit has one or
    /// because `Select.evenOnFloor` was asked for.
    | BestOnFloor

    /// The condition and the remedy, in words.
    member warning.Message =
        match warning with
        | AtEdge components ->
            $"""The best candidate has {Display.count components "component"}, which is at the edge of the range tried. Widen the range."""
        | BetterOnFloor count ->
            let candidates, have = Display.count count "candidate", (if count = 1 then "has" else "have")

            $"{candidates} {have} a lower criterion but a component on the floor of its covariance, where the criterion only measures "
            + "the floor. Look for columns of few values and for columns that are sums of others. Select.evenOnFloor, in C# "
            + "SelectOnFloor, chooses among all."
        | BestOnFloor ->
            "The best candidate has a component on the floor of its covariance, where the criterion only measures the "
            + "floor. Try fewer components or structures with fewer parameters."

    /// Returns the message.
    override warning.ToString() = warning.Message

/// All candidates and the best of them.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Selection<'θ> =
    {
        /// The criterion.
        Criterion: Criterion
        /// All candidates, in the order in which they were given.
        Candidates: Candidate<'θ> list
        /// The candidate whose fit has the lowest value, the first of equals, among those without a component on the
        /// floor of its covariance.
        Best: Candidate<'θ>
        /// The fit of the best candidate.
        Fit: Fit<'θ>
    }

    /// Warnings for the user: the best candidate lies at the edge of the range, or on the floor.
    member selection.Warnings: SelectionWarning list =
        let tried = selection.Candidates |> List.map _.Components
        let smallest, largest, best = List.min tried, List.max tried, selection.Best.Components

        [ if smallest < largest && (best = largest || best = smallest && best > 1) then
              AtEdge best

          let value (judged: Judged<'θ>) = judged.Value selection.Criterion

          let isBetter (candidate: Candidate<'θ>) =
              match candidate.Outcome, selection.Best.Outcome with
              | Ok judged, Ok best -> judged.IsOnFloor && value judged < value best
              | _ -> false

          match selection.Candidates |> List.filter isBetter |> List.length with
          | 0 -> ()
          | count -> BetterOnFloor count

          if not selection.Fit.Irregular.OnFloor.IsEmpty then
              BestOnFloor ]

    /// The candidates as lines of text. A star marks the best one.
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
                let floored = if judged.IsOnFloor then "  on the floor, not available" else ""

                FormattableString.Invariant
                    $"{head} {fit.FreeParameters, 6}{text fit.LogLikelihood}{text judged.Bic}{text judged.Icl}{text judged.Aic}{floored}{limited}"

        "  candidate          K  param         log L           BIC           ICL           AIC"
        :: List.map line selection.Candidates
        |> String.concat Environment.NewLine

    /// The candidates, then the warnings, as a summary of a fit has them.
    member internal selection.Display =
        match selection.Warnings with
        | [] -> selection.Table
        | warnings ->
            selection.Table
            :: ""
            :: List.map (fun (warning: SelectionWarning) -> $"warning: {warning.Message}") warnings
            |> String.concat Environment.NewLine

    /// The criterion as a table like mclust's: a line for every number of components, a column for every name of a
    /// structure or family. A star marks the best candidate. A dash stands where there is no candidate, no fit, or one
    /// with a component on the floor of its covariance. With `Select.evenOnFloor`, the best candidate is shown and
    /// starred even if it is on the floor.
    member selection.Grid =
        let names = selection.Candidates |> List.map _.Name |> List.distinct
        let counts = selection.Candidates |> List.map _.Components |> List.distinct |> List.sort

        let cell components name =
            let isHere (candidate: Candidate<'θ>) = candidate.Name = name && candidate.Components = components

            match selection.Candidates |> List.tryFind isHere with
            | None -> "– "
            | Some candidate ->
                let isBest = obj.ReferenceEquals(candidate, selection.Best)

                match candidate.Outcome with
                | Ok judged when isBest || not judged.IsOnFloor ->
                    let value = judged.Value selection.Criterion
                    FormattableString.Invariant $"{value:F2}" + (if isBest then "*" else " ")
                | Ok _
                | Error _ -> "– "

        let lines =
            ("K" :: List.map (fun name -> name + " ") names)
            :: [ for components in counts -> string components :: List.map (cell components) names ]

        let widths = lines |> List.transpose |> List.map (List.map String.length >> List.max)

        lines
        |> List.map (fun line ->
            List.map2 (fun (width: int) (cell: string) -> cell.PadLeft width) widths line
            |> String.concat "  "
            |> _.TrimEnd())
        |> String.concat Environment.NewLine

/// Chooses the number of components and the structure.
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

    let private choose criterion (tried: Candidate<'θ> list) (eligible: (Candidate<'θ> * Judged<'θ>)[]) =
        let best, itsFit = eligible |> Array.minBy (fun (_, judged) -> judged.Value criterion)

        { Criterion = criterion
          Candidates = tried
          Best = best
          Fit = itsFit.Fit }

    /// Returns the candidates that have a fit, with their criteria.
    let private judgedOf (tried: Candidate<'θ> seq) =
        [| for candidate in tried do
               match candidate.Outcome with
               | Ok judged -> candidate, judged
               | Error _ -> () |]

    /// Returns the same candidates with the best of all chosen, even if a component of it lies on the floor of its
    /// covariance.
    let evenOnFloor (selection: Selection<'θ>) : Selection<'θ> =
        judgedOf selection.Candidates |> choose selection.Criterion selection.Candidates

    /// Fits candidates and chooses the best. A candidate with a component on the floor of its covariance is kept, but
    /// only chosen if every candidate has one (`evenOnFloor` chooses among all). Each candidate has a name, its K and a
    /// function that fits it with an execution. Small data are fitted in parallel on the threads of `execution`, which
    /// changes no bit. `report` is called as each candidate finishes, from one thread at a time. Error when no
    /// candidate has a fit: that of the first candidate.
    let among
        (execution: Execution)
        (criterion: Criterion)
        (report: Candidate<'θ> -> unit)
        (candidates: (string * int * (Execution -> Result<Fit<'θ>, GmmError>)) list)
        (source: Source)
        : Result<Selection<'θ>, GmmError> =
        let candidates = Array.ofList candidates
        let ofCandidates, ofCandidate = source |> Source.sharing execution candidates.Length
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

            let judged = judgedOf tried

            match judged, tried[0].Outcome with
            | [||], Error error -> Error error
            | _ ->
                let available = judged |> Array.filter (fun (_, judged) -> not judged.IsOnFloor)
                let eligible = if available.Length > 0 then available else judged
                Ok(choose criterion (List.ofArray tried) eligible)

    /// Fits mixtures of every kind with every number of components, and chooses the best; `kMeans` finds the centres of
    /// clusters for starts.
    let private kindsFrom
        (kMeans: ClusterCentres)
        (criterion: Criterion)
        (report: Candidate<'θ> -> unit)
        (components: int list)
        (kinds: 'kind list)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<Selection<'θ>, GmmError> when 'kind :> Kind<'θ> =
        let options =
            { options with
                Progress = Progress.oneAtATime options.Progress }

        let candidates =
            [ for kind in kinds do
                  for k in components ->
                      kind.Name,
                      k,
                      fun execution ->
                          source
                          |> Fitting.fitFrom
                              kMeans
                              { options with
                                  Family = kind
                                  Components = k
                                  Execution = execution } ]

        among options.Execution criterion report candidates source

    /// Fits mixtures of every kind with every number of components, and chooses the best. All other options are as
    /// given. A candidate that fails is kept with its error. Error when no candidate has a fit: that of the first
    /// candidate.
    let kinds
        (criterion: Criterion)
        (report: Candidate<'θ> -> unit)
        (components: int list)
        (kinds: 'kind list)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<Selection<'θ>, GmmError> when 'kind :> Kind<'θ> =
        kindsFrom Lloyd.run criterion report components kinds options source

    /// Fits mixtures with every number of components, and chooses the best. Errors as `kinds`.
    let components
        criterion
        report
        components
        (options: FitOptions<'kind, 'θ>)
        source
        : Result<Selection<'θ>, GmmError> when 'kind :> Kind<'θ> =
        kinds criterion report components [ options.Family ] options source

    /// Fits Gaussian mixtures of every structure with every number of components, and chooses the best. Structures
    /// share the k-means runs of their starts. Errors as `kinds`.
    let gaussian
        (criterion: Criterion)
        (report: Candidate<Gaussian> -> unit)
        (components: int list)
        (structures: Structure list)
        (options: FitOptions<GaussianKind, Gaussian>)
        (source: Source)
        : Result<Selection<Gaussian>, GmmError> =
        let withStructure structure =
            { options.Family with
                Structure = structure }

        // All structures have the data themselves as features.
        kindsFrom (Lloyd.shared ()) criterion report components (List.map withStructure structures) options source
