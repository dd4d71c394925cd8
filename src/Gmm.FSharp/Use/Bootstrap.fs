namespace Gmm

open System

/// How the data of a replicate follow from those of a fit. Below, n = Σₙ wₙ counts rows with their copies: a sample
/// weight is a number of copies.
[<RequireQualifiedAccess>]
type Resampling =
    /// n rows of the data, drawn with replacement (Efron 1979). The copies of a row are its weight.
    | Nonparametric
    /// n rows drawn from the fitted mixture. A cell that is missing in the data is missing in the draw.
    | Parametric
    /// The data with random weights: each copy of a row has the weight of a uniform point of the simplex, n times
    /// (Newton and Raftery 1994; for mixtures O'Hagan, Murphy, Scrucca and Gormley 2019). No row gets the weight 0, so
    /// that small components stay.
    | WeightedLikelihood
    /// The data without one row, for every row in turn.
    | Jackknife

/// The options of a bootstrap; begin with `Bootstrap.defaults`.
type BootstrapOptions =
    {
        /// How replicates are made.
        Resampling: Resampling
        /// The number of replicates, at least 2. The jackknife has one for every row instead.
        Replicates: int
        /// The seed. Every replicate has its own stream of random numbers.
        Seed: int
    }

/// The parameters of fits to resampled data.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Bootstrap =
    {
        /// How the replicates were made.
        Resampling: Resampling
        /// The names of the P parameters: "weight[0]", "mean[0,1]" …, as `Coordinates.parameters` gives them.
        Names: string[]
        /// The parameters of the fit (P).
        Estimates: float[]
        /// The parameters of every replicate that has a fit (B×P), in the order of the replicates.
        Replicates: float[,]
        /// The numbers of the other replicates, and their errors.
        Failures: (int * GmmError) list
    }

    member private bootstrap.Means =
        Array.init bootstrap.Names.Length (fun i -> Array.average bootstrap.Replicates[*, i])

    /// The standard errors: the standard deviations of the replicates, with their covariance. Those of the jackknife,
    /// whose B replicates hardly differ, have the covariance (B−1)/B Σ (θ₍ᵢ₎−θ̄)(θ₍ᵢ₎−θ̄)ᵀ (Tukey 1958).
    member bootstrap.StandardErrors: StandardErrors =
        let count, means = Array2D.length1 bootstrap.Replicates, bootstrap.Means

        let factor =
            match bootstrap.Resampling with
            | Resampling.Nonparametric
            | Resampling.Parametric
            | Resampling.WeightedLikelihood -> 1.0 / float (count - 1)
            | Resampling.Jackknife -> float (count - 1) / float count

        let covariance i j =
            let mutable sum = 0.0

            for b in 0 .. count - 1 do
                sum <- sum + (bootstrap.Replicates[b, i] - means[i]) * (bootstrap.Replicates[b, j] - means[j])

            factor * sum

        { Names = bootstrap.Names
          Estimates = bootstrap.Estimates
          Covariance = Array2D.init means.Length means.Length covariance }

    /// The estimated bias of the estimates (P): the mean of the replicates less the estimate; for the jackknife B − 1
    /// times that.
    member bootstrap.Bias: float[] =
        let factor =
            match bootstrap.Resampling with
            | Resampling.Nonparametric
            | Resampling.Parametric
            | Resampling.WeightedLikelihood -> 1.0
            | Resampling.Jackknife -> float (Array2D.length1 bootstrap.Replicates - 1)

        Array.map2 (fun mean estimate -> factor * (mean - estimate)) bootstrap.Means bootstrap.Estimates

    member internal bootstrap.Display =
        let count = Display.count (Array2D.length1 bootstrap.Replicates) "replicate"
        $"%A{bootstrap.Resampling} of {count}, {bootstrap.Failures.Length} failed\n{bootstrap.StandardErrors.Display}"

/// The test of K components against K + 1.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type LikelihoodRatio =
    {
        /// K, the number of components under the hypothesis.
        Components: int
        /// 2(ln L(K+1) − ln L(K)) of the data.
        Statistic: float
        /// The statistic of every replicate with fits, data drawn from the mixture of K components.
        Replicates: float[]
        /// The numbers of the other replicates, and their errors.
        Failures: (int * GmmError) list
    }

    /// The p-value (1 + #{replicates ≥ Statistic}) / (B + 1). B replicates can give no less than 1/(B + 1).
    member test.PValue: float =
        let larger = test.Replicates |> Array.filter (fun statistic -> statistic >= test.Statistic) |> Array.length
        float (1 + larger) / float (1 + test.Replicates.Length)

    member internal test.Display =
        FormattableString.Invariant
            $"""{test.Components} against {test.Components + 1} components: statistic {test.Statistic:G9}, p = {test.PValue:G4} of {Display.count test.Replicates.Length "replicate"}"""

/// The uncertainty of fits by fits of resampled data. Replicates run in parallel and each has its own seed, so the
/// result doesn't depend on the number of threads.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Bootstrap =
    /// The defaults: 999 replicates of rows drawn with replacement, seed 0.
    let defaults: BootstrapOptions =
        { Resampling = Resampling.Nonparametric
          Replicates = 999
          Seed = 0 }

    // ── Data of replicates ──────────────────────────────────────────────────────────────────────────────────────────

    /// The most copies of rows.
    [<Literal>]
    let private mostCopies = 10_000_000

    /// Returns the number of the row of every copy (n). Error when a sample weight isn't a whole number.
    let private copiesOf (execution: Execution) (source: Source) : Result<int[], GmmError> =
        let weights = source |> Source.collect execution (fun block -> Array.init block.Rows block.Weight)

        match weights |> Array.tryFindIndex (fun weight -> weight <> floor weight) with
        | Some row ->
            let rule = "a whole number for a bootstrap, which counts the copies of rows"
            Error(InvalidOption($"SampleWeights[{row}]", rule, string weights[row]))
        | None ->
            GmmError.requireAll
                [ Array.sum weights <= float mostCopies,
                  "SampleWeights",
                  $"of a sum of at most {mostCopies} for a bootstrap, which keeps a number for each copy",
                  string (Array.sum weights) ]
            |> Result.map (fun () ->
                weights |> Array.mapi (fun row weight -> Array.create (int weight) row) |> Array.concat)

    let private withWeights (source: Source) (add: float[] -> unit) : Result<Source, GmmError> =
        let weights = Array.zeroCreate (int source.Rows)
        add weights
        source |> Source.weighted weights

    /// Returns as many rows as there are copies, drawn from a mixture, with the missing cells of the data.
    let private drawn (family: Family<'θ>) (mixture: Mixture<'θ>) (copies: int[]) missing (seed: int) (source: Source) =
        let options =
            { Sample.defaults with
                Seed = seed
                Execution = { Execution.Default with Threads = 1 } }

        let hide (rows: float[,]) =
            for index, places in Array.indexed copies |> Array.groupBy (fun (_, row) -> row / source.BlockRows) do
                let block = source.Read(int64 index)

                for place, row in places do
                    for j in 0 .. source.Columns - 1 do
                        if Double.IsNaN block[row - int block.FirstRow, j] then
                            rows[place, j] <- nan

        Sample.ofMixture family options copies.Length mixture
        |> Result.bind (fun sample ->
            match missing with
            | Missing.Reject -> ()
            | Missing.Fit -> hide sample.Rows

            Source.ofArray2D sample.Rows)

    let private streamOf (seed: int) (replicate: int) = RandomStream.ofRow seed (int64 replicate)

    // ── Replicates ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a fit, or an error when a component lies on the floor of its covariance: its likelihood is spurious.
    let private withoutSpikes (fit: Fit<'θ>) : Result<Fit<'θ>, GmmError> =
        match fit.Irregular.OnFloor with
        | [] -> Ok fit
        | owner :: _ -> Error(FlooredComponent(owner, fit.Iterations))

    /// Returns the results of the replicates with a fit, and the failures. Error when fewer than half have one.
    let private successes (outcomes: Result<'T, GmmError>[]) : Result<'T[] * (int * GmmError) list, GmmError> =
        let failures =
            [ for number, outcome in Array.indexed outcomes do
                  match outcome with
                  | Ok _ -> ()
                  | Error error -> number, error ]

        let found = outcomes |> Array.choose Result.toOption

        if found.Length >= 2 && 2 * found.Length >= outcomes.Length then
            Ok(found, failures)
        else
            let value =
                match failures with
                | (_, error) :: _ ->
                    $"{failures.Length} of {outcomes.Length} failed, the first one so: {error.Message.TrimEnd '.'}"
                | [] -> $"there is {found.Length}"

            Error(InvalidData("replicates of which at least half, and at least 2, have a fit", value))

    /// The options of a replicate's fit.
    let private quiet (execution: Execution) (options: FitOptions<'kind, 'θ>) =
        { options with
            Execution = execution
            Progress = ignore
            Verbose = false
            History = false }

    let private checkReplicates replicates : Result<unit, GmmError> =
        GmmError.requireAll [ replicates >= 2, "Replicates", "at least 2", string replicates ]

    /// Fits replicates of the data of a fit, which was made with the given options, and returns their parameters. Each
    /// replicate starts from the fitted mixture, so that its components keep their order and stay near the fitted ones.
    /// Priors, floors and the volume of the noise are those of the fit; they are not measured again. A replicate fails
    /// when its fit does, or when a component lies on the floor of its covariance. Error when fewer than half of the
    /// replicates have a fit, when a sample weight isn't a whole number, when the options don't suit the fit, or when
    /// options or data break a rule.
    let run
        (options: BootstrapOptions)
        (fitOptions: FitOptions<'kind, 'θ>)
        (fit: Fit<'θ>)
        (source: Source)
        : Result<Bootstrap, GmmError> when 'kind :> Kind<'θ> =
        let family, start = fit.Model.Family, fit.Mixture

        let fitOptions =
            { fitOptions with
                Components = fit.Components
                Start = Start.Mixture start
                StartWeights = None
                WeightPrior = fit.Model.Weights
                Assignment = fit.Model.Assignment
                Missing = fit.Model.Missing
                Restarts = 1 }

        result {
            do!
                match options.Resampling with
                | Resampling.Jackknife -> Ok()
                | Resampling.Nonparametric
                | Resampling.Parametric
                | Resampling.WeightedLikelihood -> checkReplicates options.Replicates

            let! source, _, measured =
                Fitting.measure fitOptions source
                |> Result.mapError (GmmError.ofOption "Start mixture" "The fit for these options")

            do! GmmError.requireAll [ measured.Rule.IsNone, "Family", "one that EM fits, for a bootstrap", family.Name ]

            let! copies = copiesOf fitOptions.Execution source
            let rule = Rule.em measured.IsExact fitOptions.Stopping

            /// The rows that the jackknife leaves out, each once.
            let leftOut = Array.distinct copies

            let count =
                match options.Resampling with
                | Resampling.Jackknife -> leftOut.Length
                | Resampling.Nonparametric
                | Resampling.Parametric
                | Resampling.WeightedLikelihood -> options.Replicates

            let ofReplicates, ofOne = source |> Source.sharing fitOptions.Execution count

            let dataOf number =
                let random = streamOf options.Seed number

                match options.Resampling with
                | Resampling.Nonparametric ->
                    withWeights source (fun weights ->
                        for _ in copies do
                            let row = copies[random.Next copies.Length]
                            weights[row] <- weights[row] + 1.0)
                | Resampling.WeightedLikelihood ->
                    let masses = copies |> Array.map (fun _ -> Draw.exponential random 1.0)
                    let scale = float copies.Length / Array.sum masses

                    withWeights source (fun weights ->
                        Array.iter2 (fun row mass -> weights[row] <- weights[row] + scale * mass) copies masses)
                | Resampling.Jackknife ->
                    withWeights source (fun weights ->
                        for row in copies do
                            weights[row] <- weights[row] + 1.0

                        weights[leftOut[number]] <- weights[leftOut[number]] - 1.0)
                | Resampling.Parametric -> drawn family start copies fitOptions.Missing (random.Next()) source

            let parametersOf (fit: Fit<'θ>) = Coordinates.parameters family fit.Mixture |> Array.map snd

            let outcomes =
                ofReplicates.Map(
                    count,
                    fun number ->
                        dataOf number
                        |> Result.bind (
                            Runs.fit (quiet ofOne fitOptions) family rule measured.Regularity (Candidates.One start)
                        )
                        |> Result.bind withoutSpikes
                        |> Result.map parametersOf
                )

            let outcomes =
                match options.Resampling with
                | Resampling.Jackknife ->
                    let numbers = leftOut |> Array.mapi (fun number row -> row, number) |> dict
                    copies |> Array.map (fun row -> outcomes[numbers[row]])
                | Resampling.Nonparametric
                | Resampling.Parametric
                | Resampling.WeightedLikelihood -> outcomes

            let! found, failures = successes outcomes
            let names, estimates = Coordinates.parameters family start |> Array.unzip

            return
                { Resampling = options.Resampling
                  Names = names
                  Estimates = estimates
                  Replicates = array2D found
                  Failures = failures }
        }

    /// Returns a quantile of ascending numbers, by definition 7 of Hyndman and Fan (1996), R's.
    let private quantile (share: float) (ascending: float[]) =
        let place = share * float (ascending.Length - 1)
        let below = min (int (floor place)) (ascending.Length - 2)
        let rest = place - float below
        (1.0 - rest) * ascending[below] + rest * ascending[below + 1]

    /// Returns an interval for every parameter (P) that contains it with a probability near `level`: the percentiles of
    /// the replicates (Efron 1979), and for the jackknife `StandardErrors.intervals`. Error unless the level is between
    /// 0 and 1.
    let intervals (level: float) (bootstrap: Bootstrap) : Result<(float * float)[], GmmError> =
        match bootstrap.Resampling with
        | Resampling.Jackknife -> StandardErrors.intervals level bootstrap.StandardErrors
        | Resampling.Nonparametric
        | Resampling.Parametric
        | Resampling.WeightedLikelihood ->
            StandardErrors.checkLevel level
            |> Result.map (fun () ->
                let tail = 0.5 * (1.0 - level)

                Array.init bootstrap.Names.Length (fun i ->
                    let ascending = Array.sort bootstrap.Replicates[*, i]
                    quantile tail ascending, quantile (1.0 - tail) ascending))

    // ── Number of components ────────────────────────────────────────────────────────────────────────────────────────

    let private statisticOf (smaller: Fit<'θ>) (larger: Fit<'θ>) = 2.0 * (larger.LogLikelihood - smaller.LogLikelihood)

    let private fitOf components (options: FitOptions<'kind, 'θ>) source : Result<Fit<'θ>, GmmError> =
        source |> Gmm.fit { options with Components = components } |> Result.bind withoutSpikes

    /// Returns an error when a start, or a setting of the kind, is given for one number of components.
    let private requireAnyNumber
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<unit, GmmError> when 'kind :> Kind<'θ> =
        let check components = options.Family.Check(components, source.Columns, None)

        result {
            do!
                GmmError.requireAll
                    [ Start.isRandom options.Start,
                      "Start",
                      "one that the data give, such as Auto, for a test of K components against K + 1",
                      "given for one K"
                      options.StartWeights.IsNone,
                      "StartWeights",
                      "None for a test of K components against K + 1, which have different numbers of weights",
                      "given" ]

            do! check options.Components
            do! check (options.Components + 1)
        }

    /// Tests the mixture of a fit of K components against that of a fit of K + 1.
    let private test replicates (options: FitOptions<'kind, 'θ>) (smaller: Fit<'θ>) (larger: Fit<'θ>) (source: Source) =
        result {
            let components = smaller.Components
            let! copies = copiesOf options.Execution source
            let ofReplicates, ofOne = source |> Source.sharing options.Execution replicates
            let ofReplicate = quiet ofOne options

            let outcomes =
                ofReplicates.Map(
                    replicates,
                    fun number ->
                        result {
                            let seed = (streamOf options.Seed number).Next()

                            let! data = source |> drawn smaller.Model.Family smaller.Mixture copies options.Missing seed

                            let! smaller =
                                data
                                |> Fitting.fitAt
                                    smaller.Mixture
                                    { ofReplicate with
                                        Components = components }
                                |> Result.bind withoutSpikes

                            let! larger = fitOf (components + 1) ofReplicate data
                            return statisticOf smaller larger
                        }
                )

            let! found, failures = successes outcomes

            return
                { Components = components
                  Statistic = statisticOf smaller larger
                  Replicates = found
                  Failures = failures }
        }

    /// Tests K components, as many as the options ask for, against K + 1, by the likelihood ratio (McLachlan 1987). Its
    /// distribution under K components is that of data drawn from their fitted mixture, `replicates` times; it is not
    /// χ². In a replicate, K components start from the mixture that it was drawn from, and K + 1 as they do in the
    /// data, by the start of the options. Let it be a good one, such as the default: if the start misses the maximum
    /// more often in replicates than it did in the data, or the reverse, the p-value is wrong. Error when the start is
    /// given for one number of components, when one of the fits fails or has a component on the floor of its
    /// covariance, when fewer than half of the replicates have fits, when a sample weight isn't a whole number, or when
    /// options or data break a rule.
    let likelihoodRatio
        (replicates: int)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<LikelihoodRatio, GmmError> when 'kind :> Kind<'θ> =
        result {
            do! checkReplicates replicates
            do! requireAnyNumber options source
            let! smaller = fitOf options.Components options source
            let! larger = fitOf (options.Components + 1) options source
            return! test replicates options smaller larger source
        }

    /// Chooses the number of components by tests of K against K + 1, from the K of the options on: the first K whose
    /// p-value is above `level`, and at most `most`. Returns it with the tests. Errors as `likelihoodRatio`, and unless
    /// the level is between 0 and 1 and `most` is at least the first K.
    let components
        (replicates: int)
        (level: float)
        (most: int)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<int * LikelihoodRatio list, GmmError> when 'kind :> Kind<'θ> =
        result {
            do! checkReplicates replicates
            do! requireAnyNumber options source
            do! StandardErrors.checkLevel level

            do!
                GmmError.requireAll
                    [ most >= options.Components, "Most", $"at least Components = {options.Components}", string most
                      float (replicates + 1) * level >= 1.0,
                      "Replicates",
                      $"at least {ceil (1.0 / level) - 1.0} for the level {string level}, as no p-value is below 1/(replicates + 1)",
                      string replicates ]

            let rec choose tests (smaller: Fit<'θ>) =
                result {
                    if smaller.Components >= most then
                        return smaller.Components, List.rev tests
                    else
                        let! larger = fitOf (smaller.Components + 1) options source
                        let! next = test replicates options smaller larger source
                        let tests = next :: tests

                        if next.PValue > level then
                            return smaller.Components, List.rev tests
                        else
                            return! choose tests larger
                }

            let! first = fitOf options.Components options source
            return! choose [] first
        }
