namespace Gmm

open System
open System.Globalization

/// Describes a fit as a text: its components, how well it describes the data, and its warnings.
module Summary =
    /// The width that a line may have.
    [<Literal>]
    let private LineWidth = 100

    /// The largest number of components, or of rows of a section, that the text shows.
    [<Literal>]
    let private Most = 100

    /// The largest number of features of which the text shows whole covariance matrices.
    [<Literal>]
    let private MostOfMatrix = 10

    /// Numbers of all components under a title: a line for each name, with a number for each component.
    type private Section =
        { Title: string
          Lines: (string * float[]) list }

    let private text (number: float) = number.ToString("G6", CultureInfo.InvariantCulture)
    let private precise (number: float) = number.ToString("G10", CultureInfo.InvariantCulture)

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a section of a matrix (K×columns).
    let private ofMatrix title (names: string[]) (numbers: float[,]) : Section =
        { Title = title
          Lines = [ for j in 0 .. names.Length - 1 -> names[j], numbers[*, j] ] }

    let private ofGaussian (names: string[]) (gaussian: Gaussian) : Section list =
        let deviations = Array.init gaussian.Components gaussian.Deviations

        [ ofMatrix "mean" names (gaussian.Means.toArray2D ())
          ofMatrix "standard deviation" names (array2D deviations) ]

    let private ofStudentT (names: string[]) (t: StudentT) : Section list =
        let scales = Array.init t.Components t.Gaussian.Deviations

        [ ofMatrix "location" names (StudentT.locations t)
          ofMatrix "scale" names (array2D scales)
          { Title = ""
            Lines = [ "degrees of freedom", t.DegreesOfFreedom ] } ]

    let private ofExponential (names: string[]) (parameters: ExponentialParameters) : Section list =
        let family, size = parameters.Family, parameters.Means.shape[2]

        /// Returns a section of all S mean parameters of every column.
        let all title (lineOf: string -> int -> string) =
            let means = parameters.Means.toArray3D ()

            { Title = title
              Lines =
                [ for j in 0 .. names.Length - 1 do
                      for s in 0 .. size - 1 -> lineOf names[j] s, means[*, j, s] ] }

        [ if family = Bernoulli.family.Name then
              ofMatrix "probability of 1" names (Bernoulli.probabilities parameters)
          elif family = Geometric.family.Name then
              ofMatrix "probability of a success" names (Geometric.probabilities parameters)
          elif family = Gamma.family.Name then
              ofMatrix "shape" names (Gamma.shapes parameters)
              ofMatrix "rate" names (Gamma.rates parameters)
          elif family = LogNormal.family.Name then
              ofMatrix "mean of the logarithm" names (LogNormal.logMeans parameters)
              ofMatrix "standard deviation of the logarithm" names (LogNormal.logDeviations parameters)
          elif family = Beta.family.Name then
              ofMatrix "alpha" names (Beta.alphas parameters)
              ofMatrix "beta" names (Beta.betas parameters)
          elif family = (Binomial.family 1).Name then
              let trials = Binomial.trials parameters
              ofMatrix $"probability of a success in {trials} trials" names (Binomial.probabilities trials parameters)
          elif family = (Categorical.family 1).Name then
              all "probability of a level" (fun name level -> $"{name} = {level}")
          elif family = Poisson.family.Name then
              ofMatrix "rate" names (Poisson.rates parameters)
          elif family = Exponential.family.Name then
              ofMatrix "rate" names (Exponential.rates parameters)
          else
              all "mean of the statistics" (fun name s -> if size = 1 then name else $"{name}, {s}") ]

    let private ofVonMisesFisher (names: string[]) (parameters: VonMisesFisher) : Section list =
        [ ofMatrix "mean direction" names (VonMisesFisher.directions parameters)
          { Title = "concentration"
            Lines = [ "all columns", VonMisesFisher.concentrations parameters ] } ]

    /// Returns the sections of parameters of a built-in kind; None for other kinds.
    let rec private ofBuiltIn (names: string[]) (parameters: PartParameters) : Section list option =
        let sections (ofKind: 'φ -> Section list) () = parameters.TryAs<'φ>() |> Option.map ofKind

        sections (ofGaussian names) ()
        |> Option.orElseWith (sections (ofStudentT names))
        |> Option.orElseWith (sections (ofExponential names))
        |> Option.orElseWith (
            sections (fun fitted ->
                [ ofMatrix "mean" names (NegativeBinomial.means fitted)
                  ofMatrix "size" names (NegativeBinomial.sizes fitted) ])
        )
        |> Option.orElseWith (
            sections (fun fitted -> [ ofMatrix "probability of a column" names (Multinomial.probabilities fitted) ])
        )
        |> Option.orElseWith (sections (ofVonMisesFisher names))
        |> Option.orElseWith (
            sections (fun (centroid: Centroid) -> [ ofMatrix "centre" names (centroid.Centres.toArray2D ()) ])
        )
        |> Option.orElseWith (sections (fun (posterior: NormalWishart) -> ofGaussian names posterior.Gaussian))
        |> Option.orElseWith (fun () -> parameters.TryAs<Product>() |> Option.bind (ofProduct names))

    and private ofProduct (names: string[]) (product: Product) : Section list option =
        let parts =
            product.Parts |> List.map (fun (columns, part) -> ofBuiltIn (columns |> Array.map (Array.get names)) part)

        if parts |> List.forall Option.isSome then
            Some(parts |> List.collect Option.get)
        else
            None

    /// Returns the name of the matrices of Gaussian or Student's t components, and the Gaussian that has them: of a
    /// posterior, that of the expected parameters.
    let private gaussianOf (parameters: 'θ) : (string * string * Gaussian) option =
        match box parameters with
        | :? Gaussian as gaussian -> Some("covariance", "covariances", gaussian)
        | :? NormalWishart as posterior -> Some("covariance", "covariances", posterior.Gaussian)
        | :? StudentT as t -> Some("scale matrix", "scale matrices", t.Gaussian)
        | _ -> None

    /// Returns the sections of any parameters: the built-in ones as their users know them, others by their means.
    let private sections (family: Family<'θ>) (names: string[]) (parameters: 'θ) : Section list =
        ofBuiltIn names (PartParameters<'θ> parameters)
        |> Option.defaultWith (fun () ->
            let means = family.Means parameters
            let width = Array2D.length2 means
            let names = if names.Length = width then names else Array.init width string
            [ ofMatrix "mean" names means ])

    // ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns lines of aligned cells: names at the left, the other cells at the right of their columns.
    let private aligned (lines: (string * string list) list) : string list =
        let nameWidth = lines |> List.map (fst >> _.Length) |> List.max
        let width = lines |> List.collect snd |> List.fold (fun most cell -> max most cell.Length) 0

        lines
        |> List.map (fun (name, cells) ->
            let cells = cells |> List.map (fun cell -> "  " + cell.PadLeft width) |> String.concat ""
            (name.PadRight nameWidth + cells).TrimEnd())

    /// Returns a table with a column for each component, broken into tables of lines that are short enough.
    let private table components (sections: Section list) : string list =
        let shown = min components Most

        let lines =
            [ for section in sections do
                  if section.Title <> "" then
                      section.Title, [||]

                  let indent = if section.Title = "" then "" else "  "

                  for name, numbers in List.truncate Most section.Lines do
                      indent + name, Array.map text numbers

                  if section.Lines.Length > Most then
                      $"{indent}… and {section.Lines.Length - Most} more", [||] ]

        let nameWidth = "component" :: List.map fst lines |> List.map _.Length |> List.max
        let width = lines |> Seq.collect snd |> Seq.fold (fun most cell -> max most cell.Length) 0
        let columns = max 1 ((LineWidth - nameWidth) / (width + 2))

        [ for group in [ 0 .. shown - 1 ] |> List.chunkBySize columns do
              yield ""

              yield!
                  ("component", group |> List.map string)
                  :: [ for name, cells in lines ->
                           name, (if cells.Length = 0 then [] else group |> List.map (Array.get cells)) ]
                  |> aligned

          if components > shown then
              yield $"… and {components - shown} more components" ]

    /// Returns the matrices of Gaussian or Student's t components, if they have entries off their diagonals and are
    /// small.
    let private matrices (names: string[]) (parameters: 'θ) : string list =
        match gaussianOf parameters with
        | Some(one, _, gaussian) when
            gaussian.Layout.Shape = Shape.Full && gaussian.Features > 1 && gaussian.Features <= MostOfMatrix
            ->
            [ for plane in 0 .. min Most (Layout.planes gaussian.Components gaussian.Layout) - 1 do
                  let covariance = Gaussian.covariance gaussian plane
                  let owner = if gaussian.Layout.IsTied then "all components" else $"component {plane}"
                  yield ""

                  yield!
                      ($"{one} of {owner}", List.ofArray names)
                      :: [ for i in 0 .. names.Length - 1 ->
                               "  " + names[i], [ for j in 0 .. names.Length - 1 -> text covariance[i, j] ] ]
                      |> aligned ]
        | _ -> []

    let private title (fit: Fit<'θ>) =
        let components =
            Display.count fit.Components "component" + (if fit.Model.Family.Noise.IsSome then " and noise" else "")

        let structure =
            match gaussianOf fit.Parameters with
            | Some(_, many, gaussian) -> $", {many} {Structure.name gaussian.Structure}"
            | None -> ""

        match box fit with
        | :? Fit<Centroid> -> "k-means of " + Display.count fit.Components "cluster"
        | _ -> $"{fit.Model.Family.Name} mixture of {components}{structure}"

    let private outcome (fit: Fit<'θ>) =
        match fit.Stop with
        | Converged -> $"""converged after {Display.count fit.Iterations "iteration"}, seed {fit.Seed}"""
        | IterationLimit ->
            $"""stopped without converging after {Display.count fit.Iterations "iteration"}, seed {fit.Seed}"""

    let private namesOf (columnNames: string[]) (fit: Fit<'θ>) : Result<string[], GmmError> =
        let columns = fit.Model.Family.Features fit.Parameters

        if columnNames.Length = 0 then
            Ok(Array.init columns (fun j -> $"column {j + 1}"))
        else
            GmmError.requireAll
                [ columnNames.Length = columns,
                  "ColumnNames",
                  $"""one for {Display.each columns "column"}, or none""",
                  Display.count columnNames.Length "name" ]
            |> Result.map (fun () ->
                columnNames |> Array.mapi (fun j name -> if name = "" then $"column {j + 1}" else name))

    /// Returns the weights of the components, and what a fit optimises in place of a likelihood, by name; None for fits
    /// that have a likelihood. Weights are the expected ones of a posterior, and None for k-means, which has none.
    let private weightsAndAim (fit: Fit<'θ>) : float[] option * (string * string) list option =
        match box fit with
        | :? Fit<Centroid> as fit -> None, Some [ "inertia", precise (KMeans.ofFit fit).Inertia ]
        | :? Fit<NormalWishart> as fit ->
            let found = Bayes.ofFit fit

            Some found.Weights,
            Some
                [ "lower bound of ln p(data)", precise found.LowerBound
                  "components with rows", string found.EffectiveComponents ]
        | _ -> Some(Array.truncate fit.Components fit.Weights), None

    /// Writes a summary, with what is known from data only: the ICL, and the number of rows of every component.
    let private write (names: string[]) (fit: Fit<'θ>) (known: (float option * float[] * int) option) : string =
        let components = fit.Components
        // A mixture that was wrapped as a fit has no training data.
        let isFitted = fit.LogLikelihood > -infinity
        let weights, aim = weightsAndAim fit

        let criteria =
            [ if isFitted then
                  yield! defaultArg aim [ "log-likelihood", precise fit.LogLikelihood ]
                  "n, the sum of the weights", precise fit.Statistics.Weight
              if aim.IsNone then
                  "free parameters (df)", string fit.FreeParameters
              match fit.Model.Family.Noise with
              | Some noise ->
                  "weight of the noise", text (Array.last fit.Weights)
                  "volume of the noise", text (exp -noise.LogDensity)

                  match known with
                  | Some(_, _, rows) -> "rows labelled noise", string rows
                  | None -> ()
              | None -> ()
              if isFitted && aim.IsNone then
                  "BIC", precise fit.Bic
                  "AIC", precise fit.Aic
              match known with
              | Some(Some icl, _, _) when isFitted -> "ICL", precise icl
              | _ -> () ]

        let sizes =
            { Title = ""
              Lines =
                [ for weights in Option.toList weights do
                      "weight", weights
                  if isFitted then
                      "rows, expected", Array.truncate components fit.Statistics.Counts
                  match known with
                  | Some(_, counts, _) -> "rows, labelled", counts
                  | None -> () ] }

        [ yield title fit
          yield (if isFitted then outcome fit else "without training data")
          yield ""
          yield! criteria |> List.map (fun (name, value) -> name, [ value ]) |> aligned
          yield! table components (sizes :: sections fit.Model.Family names fit.Parameters)
          yield! matrices names fit.Parameters

          if isFitted && not fit.Warnings.IsEmpty then
              yield ""

              for warning in fit.Warnings do
                  yield $"warning: {warning.Message}" ]
        |> String.concat "\n"

    /// Returns a summary of a fit, like that of mclust: how it ended; log-likelihood, n = Σₙ wₙ, the number of free
    /// parameters (df), BIC and AIC, of which lower is better; for every component its weight πₖ, the expected number
    /// of its rows Nₖ = Σₙ wₙrₙₖ and its parameters; warnings. k-means and variational Bayes maximise no likelihood: in
    /// place of it and of the criteria, the text has the inertia or the lower bound. A posterior has the expected
    /// weights and parameters of its components. Gaussian components have means and standard deviations,
    /// and whole covariance matrices if these are full and D ≤ 10; Student's t components have locations, scales (the
    /// roots of the scale matrices' diagonals), degrees of freedom, and such scale matrices; other families have the
    /// parameters that their modules read (`Poisson.rates` …), families from other assemblies their means. Parameters
    /// have six digits, criteria ten. The text shows at most 100 components, and 100 rows of a table. Error unless the
    /// names are those of all D columns, such as `Table.Names`, or none, for "column 1" …
    let ofFit (columnNames: string[]) (fit: Fit<'θ>) : Result<string, GmmError> =
        namesOf columnNames fit |> Result.map (fun names -> write names fit None)

    /// Returns a line for each parameter, with its estimate, its standard error and its interval.
    let private ofIntervals (level: float) (errors: StandardErrors) (intervals: (float * float)[]) : string =
        let share = (100.0 * level).ToString("G4", CultureInfo.InvariantCulture)

        let line i =
            let low, high = intervals[i]
            errors.Names[i], List.map text [ errors.Estimates[i]; sqrt errors.Covariance[i, i]; low; high ]

        let shown = min Most errors.Names.Length

        [ yield!
              ("parameter", [ "estimate"; "standard error"; $"{share} %% from"; "to" ]) :: List.init shown line
              |> aligned
          if errors.Names.Length > shown then
              yield $"… and {errors.Names.Length - shown} more" ]
        |> String.concat "\n"

    /// Returns a table of standard errors: a line for each parameter, with its estimate, its standard error and the
    /// normal interval that contains it with a probability near `level`. The text shows at most 100 parameters. Error
    /// unless the level is between 0 and 1.
    let ofErrors (level: float) (errors: StandardErrors) : Result<string, GmmError> =
        StandardErrors.intervals level errors |> Result.map (ofIntervals level errors)

    /// Returns the table of `ofErrors` for a bootstrap, with the intervals of `Bootstrap.intervals`. Error unless the
    /// level is between 0 and 1.
    let ofBootstrap (level: float) (bootstrap: Bootstrap) : Result<string, GmmError> =
        Bootstrap.intervals level bootstrap |> Result.map (ofIntervals level bootstrap.StandardErrors)

    /// Returns the integrated complete likelihood on data; None for a fit that has no likelihood.
    let private iclOf (fit: Fit<'θ>) (source: Source) : Result<float option, GmmError> =
        match weightsAndAim fit with
        | _, None -> Predict.icl fit source |> Result.map Some
        | _, Some _ -> Ok None

    /// Returns a summary of a fit with what only data can show, usually the data of the fit: the integrated complete
    /// likelihood (`Predict.icl`), and for every component the number of rows that `Predict.labels` gives to it, as in
    /// mclust's clustering table. It counts every row once, whatever its weight. Errors as `ofFit` and
    /// `Predict.labels`.
    let onData (columnNames: string[]) (fit: Fit<'θ>) (source: Source) : Result<string, GmmError> =
        result {
            let! names = namesOf columnNames fit
            let! labels = Predict.labels fit source
            let! icl = iclOf fit source
            let counts = Array.zeroCreate fit.Components

            labels
            |> Array.iter (fun label ->
                if label <> Noise.Label then
                    counts[label] <- counts[label] + 1.0)

            let noise = labels |> Array.filter ((=) Noise.Label) |> Array.length
            return write names fit (Some(icl, counts, noise))
        }
