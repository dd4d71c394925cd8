namespace Gmm

open System
open MathNet.Numerics

/// The parameters of K components with Student's t distribution.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type StudentT =
    {
        /// Locations μ and scale matrices Σ, of any of the fourteen structures: the components N(μₖ, Σₖ) of rows with
        /// the latent precision u = 1.
        Gaussian: Gaussian
        /// ν > 0 (K); ∞ for Gaussian components.
        DegreesOfFreedom: float[]
    }

    /// The number of components, K.
    member t.Components = t.Gaussian.Components
    /// The number of features, D.
    member t.Features = t.Gaussian.Features

    member internal t.Display =
        let components, features = Display.count t.Components "component", Display.count t.Features "feature"
        let locations = t.Gaussian.Means.toArray2D ()

        let line k =
            $"location {Display.numbers locations[k, *]}, scales {Display.numbers (t.Gaussian.Deviations k)}, "
            + $"ν = {Display.number t.DegreesOfFreedom[k]}"

        let title = $"student_t, {components} of {features}, scale matrices {Structure.name t.Gaussian.Structure}"

        Display.components title t.Components line

/// How the degrees of freedom of Student's t components are found.
[<RequireQualifiedAccess>]
type DegreesOfFreedom =
    /// Estimated for each component.
    | Estimated
    /// Estimated, the same for all components.
    | Equal
    /// The same given number for all components; ∞ makes them Gaussian.
    | Given of float

/// The degrees of freedom as parameters.
module internal DegreesOfFreedom =
    /// The fewest degrees of freedom that components can have.
    let fewest = 0.1

    /// The most degrees of freedom that components can have, but for ∞.
    let most = 1e6

    /// The smallest estimate, that of a Cauchy distribution. With fewer degrees a few equal rows make the likelihood
    /// unbounded: a share of ν/(ν+D) in one point is enough (Kent and Tyler 1991).
    let smallest = 1.0

    /// The largest estimate. A t distribution of more degrees can hardly be told from a Gaussian one.
    let largest = 200.0

    /// The degrees of freedom that estimates start from. Tails that are heavy from the start keep far rows from drawing
    /// a component to themselves: from 10 or more, fits of data with outliers often end in a lower maximum.
    let start = 4.0

    /// Returns whether components can have a number of degrees of freedom.
    let isAllowed (nu: float) = nu >= fewest && nu <= most || nu = infinity

    /// Returns an error unless components can have these degrees of freedom.
    let require name (degrees: float[]) : Result<unit, GmmError> =
        match degrees |> Array.tryFind (isAllowed >> not) with
        | Some nu -> Error(InvalidOption(name, $"from {fewest} to {most}, or ∞", string nu))
        | None -> Ok()

    /// Returns the degrees of freedom ν, between the smallest and the largest estimate, that maximise the expected ln
    /// p(u|ν) of latent precisions u from the gamma distribution of shape ν/2 and rate ν/2: the root of
    ///   ln(ν/2) − ψ(ν/2) + 1 + E(ln u − u) = 0 (Peel and McLachlan 2000, eq. 27),
    /// whose left side falls in ν. `expected` is E(ln u − u) ≤ −1.
    let ofExpected (expected: float) : float =
        let target = -1.0 - expected

        /// ln(ν/2) − ψ(ν/2), which is close to 1/ν.
        let spread logNu =
            let half = exp logNu / 2.0
            log half - GammaFunction.digamma half

        let low, high = log smallest, log largest

        if not (target < spread low) then
            smallest
        elif not (target > spread high) then
            largest
        else
            // Nearly a straight line.
            GaussianEstimators.root 1e-14 0.0 (fun logNu -> log target - log (spread logNu)) low high |> exp

/// Components with Student's t distribution (Peel and McLachlan 2000; McLachlan and Peel, Finite Mixture Models, 2000,
/// ch. 7), whose tails are heavier than a Gaussian's: rows far from all components pull little. A row of a component is
/// N(μₖ, Σₖ/u) with a latent precision u from the gamma distribution of shape νₖ/2 and rate νₖ/2, whose mean is 1.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module StudentT =

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    let internal ofParts (gaussian: Gaussian) (degrees: float[]) =
        { Gaussian = gaussian
          DegreesOfFreedom = degrees }

    /// Returns the parameters with locations (K×D), scale matrices in the shapes that `Gaussian.create` takes, and
    /// degrees of freedom (K). Error as `Gaussian.create`, or when the degrees of freedom aren't K numbers from 0.1 to
    /// 1e6 or ∞.
    let create
        structure
        (locations: float[,])
        (scaleMatrices: Tensor)
        (degreesOfFreedom: float[])
        : Result<StudentT, GmmError> =
        result {
            let! gaussian =
                Gaussian.create structure locations scaleMatrices
                |> Result.mapError (GmmError.ofOption "Means" "Locations")
                |> Result.mapError (GmmError.ofOption "Covariances" "ScaleMatrices")

            do!
                GmmError.requireAll
                    [ degreesOfFreedom.Length = gaussian.Components,
                      "DegreesOfFreedom",
                      $"""one for {Display.each gaussian.Components "component"}""",
                      Display.count degreesOfFreedom.Length "number" ]

            do! DegreesOfFreedom.require "DegreesOfFreedom" degreesOfFreedom
            return ofParts gaussian (Array.copy degreesOfFreedom)
        }

    /// Returns Gaussian components as those with ∞ degrees of freedom.
    let ofGaussian (gaussian: Gaussian) : StudentT = ofParts gaussian (Array.create gaussian.Components infinity)

    /// Returns the locations μ (K×D): the medians of the features, and their means where ν > 1.
    let locations (t: StudentT) : float[,] = t.Gaussian.Means.toArray2D ()

    /// Returns the scale matrix Σₖ (D×D).
    let scaleMatrix (t: StudentT) (k: int) : float[,] = Gaussian.covariance t.Gaussian k

    /// Returns the covariance νₖ/(νₖ−2) Σₖ (D×D) of component k. Error unless νₖ > 2: without that, there is none.
    let covariance (t: StudentT) (k: int) : Result<float[,], GmmError> =
        let nu = t.DegreesOfFreedom[k]

        GmmError.requireAll [ nu > 2.0, $"DegreesOfFreedom[{k}]", "above 2, so that there is a covariance", string nu ]
        |> Result.map (fun () ->
            let factor = if nu = infinity then 1.0 else nu / (nu - 2.0)
            scaleMatrix t k |> Array2D.map (fun entry -> factor * entry))

    /// Returns the components' distribution of some features, in the given order: t distributions with the same degrees
    /// of freedom (Kotz and Nadarajah, Multivariate t Distributions and Their Applications, 2004, §1.10). The structure
    /// is that of `Gaussian.marginal`. Error unless the features are different numbers from 0 to D − 1, at least one.
    let marginal (features: int[]) (t: StudentT) : Result<StudentT, GmmError> =
        Gaussian.marginal features t.Gaussian |> Result.map (fun gaussian -> { t with Gaussian = gaussian })

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a number of each component (K) as a tensor of the engine of another one.
    let private ofEach (like: Tensor) (number: float -> float) (t: StudentT) =
        like.like ([| t.Components |], t.DegreesOfFreedom |> Array.map number)

    /// Returns the squared Mahalanobis distances δₙₖ (n×K). They don't overflow: those above `StudentTails.Farthest`
    /// count as this.
    let private squaredDistances (t: StudentT) (x: Tensor) =
        (Gaussian.squaredMahalanobis t.Gaussian x * -1.0).clamp(-StudentTails.Farthest) * -1.0

    /// Returns ln t(xₙ|μₖ, Σₖ, νₖ) (n×K) of a block x (n×D), with δ = (x−μₖ)ᵀΣₖ⁻¹(x−μₖ):
    ///   ln Γ((ν+D)/2) − ln Γ(ν/2) − ½D ln νπ − ½ ln|Σ| − ½(ν+D) ln(1 + δ/ν)
    /// (Kotz and Nadarajah 2004, eq. 1.1).
    let logDensity (t: StudentT) (x: Tensor) : Tensor =
        let features, delta = t.Features, squaredDistances t x

        /// With ½D ln(ν/2) instead of ½D ln ν: the Gaussian normaliser has the rest.
        let constants =
            ofEach x (fun nu -> Special.logGammaRatio (nu / 2.0) features) t + Gaussian.normalisers t.Gaussian

        let power = ofEach x (fun nu -> if nu = infinity then 0.0 else -0.5 * (nu + float features)) t
        let logs = (delta * ofEach x (fun nu -> 1.0 / nu) t).addScalar(1.0).log()
        let tails = logs * power + constants

        if Array.contains infinity t.DegreesOfFreedom then
            tails + delta * ofEach x (fun nu -> if nu = infinity then -0.5 else 0.0) t
        else
            tails

    /// Returns E(u|xₙ, k) = (νₖ+D)/(νₖ+δₙₖ) (n×K) of a block x (n×D): the weight of row n in the estimates of component
    /// k, from 0 for a far row to 1 + D/νₖ for one at the location (Peel and McLachlan 2000, eq. 16).
    let weights (t: StudentT) (x: Tensor) : Tensor =
        let most = ofEach x (fun nu -> 1.0 + float t.Features / nu) t
        most / (squaredDistances t x * ofEach x (fun nu -> 1.0 / nu) t).addScalar 1.0

    // ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns E(ln u − u) less ln E(u) − E(u), for u from the gamma distribution of shape (ν+p)/2 (any rate):
    /// ψ((ν+p)/2) − ln((ν+p)/2), or 0 where ν = ∞.
    let private excess (p: int) (nu: float) =
        if nu = infinity then
            0.0
        else
            let shape = (nu + float p) / 2.0
            GammaFunction.digamma shape - log shape

    /// Returns the sums that the M-step needs, with u = E(u|xₙ, k) and z = x − μₖ: the first moments Σₙ rₙₖuz (K×D) and
    /// the second moments Σₙ rₙₖuzzᵀ (planes), Σₙ rₙₖu (K), and Σₙ rₙₖ E(ln u − u|xₙ, k) (K), of a block x (n×D) under
    /// responsibilities (n×K).
    let sums (t: StudentT) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        let u = weights t x
        let ru = responsibilities * u
        let logs = u.log () - u + ofEach x (excess t.Features) t
        Gaussian.sums t.Gaussian x ru @ [ ru.sum 0; (responsibilities * logs).sum 0 ]

    /// Returns `logDensity` and `sums` as a form for the kernels.
    let private form (t: StudentT) : Form =
        let gaussian, features = t.Gaussian, t.Features
        let logDeterminants = GaussianParameters.logDeterminants gaussian

        let constants =
            t.DegreesOfFreedom
            |> Array.mapi (fun k nu ->
                logDeterminants[Layout.planeOf gaussian.Layout k] - float features * Constants.Ln2PiOver2
                + Special.logGammaRatio (nu / 2.0) features)

        let none = Array.zeroCreate t.Components

        Form.Student(
            Form.Quadratic(gaussian.Layout, gaussian.Means, gaussian.InverseFactors, none),
            t.DegreesOfFreedom,
            constants,
            t.DegreesOfFreedom |> Array.map (excess features)
        )

    /// Returns the Gaussian statistics of the rows with their latent precisions as weights.
    let private weighted (statistics: Statistics) : Statistics =
        { statistics with
            Counts = statistics.Sums[2]
            Sums = Array.truncate 2 statistics.Sums }

    /// Replaces the first and second moments.
    let private withMoments (moments: Statistics) (statistics: Statistics) : Statistics =
        { statistics with
            Sums = Array.append moments.Sums statistics.Sums[2..] }

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    let private estimateDegrees degrees (t: StudentT) (statistics: Statistics) : float[] =
        let rows, sums = statistics.Counts, statistics.Sums[3]

        match degrees with
        | DegreesOfFreedom.Given nu -> Array.create t.Components nu
        | DegreesOfFreedom.Estimated ->
            Array.map3
                (fun nu sum rows ->
                    // EM never leaves ∞.
                    if nu = infinity then nu else DegreesOfFreedom.ofExpected (sum / rows))
                t.DegreesOfFreedom
                sums
                rows
        | DegreesOfFreedom.Equal when Array.contains infinity t.DegreesOfFreedom -> Array.create t.Components infinity
        | DegreesOfFreedom.Equal ->
            Array.create t.Components (DegreesOfFreedom.ofExpected (Array.sum sums / Array.sum rows))

    /// Runs the M-step of EM with latent precisions (Liu and Rubin 1995; Peel and McLachlan 2000, §3), which never
    /// lowers Q + ln prior: locations and scale matrices are those of `Gaussian.maximise` from the weighted sums,
    ///   δₖ = Σₙ rₙₖuz / Σₙ rₙₖu,  μₖ ← μₖ + δₖ,  Σₖ ← (Σₙ rₙₖuzzᵀ − (Σₙ rₙₖu) δₖδₖᵀ) / Nₖ
    /// with prior, structure and regularisation as there; degrees of freedom as their setting says, an estimate from 1
    /// to 200. An infinite number stays. Errors as `Gaussian.maximise`.
    let maximise
        (prior: GaussianPrior)
        (regularisation: CovarianceRegularisation option)
        (degrees: DegreesOfFreedom)
        (t: StudentT)
        (statistics: Statistics)
        : Result<StudentT, GmmError> =
        weighted statistics
        |> GaussianMStep.maximise prior regularisation statistics.Counts t.Gaussian
        |> Result.map (fun gaussian -> estimateDegrees degrees t statistics |> ofParts gaussian)

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws a row (D) from component k: μₖ + Wₖ⁻¹y/√u with y ~ N(0, I) and u from the gamma distribution of shape and
    /// rate νₖ/2.
    let sample (t: StudentT) (k: int) : Random -> float[] =
        let place, nu = Gaussian.unwhitened t.Gaussian k, t.DegreesOfFreedom[k]

        fun random ->
            let y = Draw.standardNormals random t.Features

            if nu = infinity then
                place y
            else
                let root = sqrt (Draw.gamma random (nu / 2.0) / (nu / 2.0))
                y |> Array.map (fun number -> number / root) |> place

    // ── Coordinates and storage ─────────────────────────────────────────────────────────────────────────────────────

    /// Returns the free coordinates: those of the Gaussian, then ln νₖ of the degrees of freedom that are estimated.
    let private coordinates (ofGaussian: Coordinates<Gaussian>) (degrees: DegreesOfFreedom) : Coordinates<StudentT> =
        let estimated (t: StudentT) =
            match degrees with
            | DegreesOfFreedom.Estimated -> t.DegreesOfFreedom
            | DegreesOfFreedom.Equal -> Array.truncate 1 t.DegreesOfFreedom
            | DegreesOfFreedom.Given _ -> [||]

        let names (t: StudentT) =
            match degrees with
            | DegreesOfFreedom.Estimated -> Array.init t.Components (fun k -> $"ln degrees of freedom[{k}]")
            | DegreesOfFreedom.Equal -> [| "ln degrees of freedom" |]
            | DegreesOfFreedom.Given _ -> [||]

        /// Returns ν of its logarithm, whose rounding may lead out of the limits.
        let ofLogarithm logNu =
            let low, high = log DegreesOfFreedom.smallest, log DegreesOfFreedom.largest

            if logNu >= low - 1e-12 && logNu <= high + 1e-12 then
                Ok(exp logNu |> max DegreesOfFreedom.smallest |> min DegreesOfFreedom.largest)
            else
                let rule =
                    $"coordinates of {DegreesOfFreedom.smallest} to {DegreesOfFreedom.largest} degrees of freedom"

                Error(InvalidOption("Coordinates", rule, string (exp logNu)))

        { Names = fun t -> Array.append (ofGaussian.Names t.Gaussian) (names t)
          OfParameters = fun t -> Array.append (ofGaussian.OfParameters t.Gaussian) (estimated t |> Array.map log)
          Units = fun t -> Array.append (ofGaussian.Units t.Gaussian) (estimated t |> Array.map (fun _ -> 1.0))
          ToParameters =
            fun like numbers ->
                let own, logarithms = Array.splitAt (numbers.Length - (estimated like).Length) numbers

                result {
                    let! gaussian = ofGaussian.ToParameters like.Gaussian own
                    let! found = logarithms |> List.ofArray |> GmmError.traverse ofLogarithm

                    return
                        match degrees, found with
                        | DegreesOfFreedom.Equal, [ nu ] -> Array.create like.Components nu
                        | DegreesOfFreedom.Given _, _ -> like.DegreesOfFreedom
                        | _ -> Array.ofList found
                        |> ofParts gaussian
                }
          Parameters =
            fun t ->
                let name k =
                    match degrees with
                    | DegreesOfFreedom.Equal -> "degrees of freedom"
                    | DegreesOfFreedom.Estimated
                    | DegreesOfFreedom.Given _ -> $"degrees of freedom[{k}]"

                Array.append
                    (GaussianCoordinates.parametersAs "location" "scale" "scale" t.Gaussian)
                    (estimated t |> Array.mapi (fun k nu -> name k, nu)) }

    let private toState (t: StudentT) : State =
        GaussianStorage.toState t.Gaussian |> Map.add "degreesOfFreedom" (Tensor.vector t.DegreesOfFreedom)

    let private ofState (state: State) : Result<StudentT, GmmError> =
        result {
            let! gaussian = GaussianStorage.ofState state
            let! degrees = State.ofShape [| gaussian.Components |] "degreesOfFreedom" state
            do! DegreesOfFreedom.require "degreesOfFreedom" (degrees.toArray ())
            return ofParts gaussian (degrees.toArray ())
        }

    let private wordOf degrees =
        match degrees with
        | DegreesOfFreedom.Estimated -> "estimated"
        | DegreesOfFreedom.Equal -> "equal"
        | DegreesOfFreedom.Given _ -> "given"

    /// Returns the setting that a word stands for; given degrees of freedom are those of the parameters.
    let private ofWord (word: string) (t: StudentT) : Result<DegreesOfFreedom, GmmError> =
        let areEqual = t.DegreesOfFreedom |> Array.forall ((=) t.DegreesOfFreedom[0])
        let text = string (Tensor.vector t.DegreesOfFreedom)

        GmmError.requireAll [ areEqual || word = "estimated", "degreesOfFreedom", "the same for all components", text ]
        |> Result.map (fun () ->
            if word = "estimated" then DegreesOfFreedom.Estimated
            elif word = "equal" then DegreesOfFreedom.Equal
            else DegreesOfFreedom.Given t.DegreesOfFreedom[0])

    // ── Missing cells ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Rows of observed columns have t distributions with the same degrees of freedom. Given the observed cells and u,
    /// the missing ones are Gaussian with the regression of `GaussianMissing` as their mean and the covariance C/u, so
    /// that E(uzzᵀ) has the term C for each row. Without an observed cell, u has its prior, with E u = 1.
    let private missing: IncompleteRows<StudentT> =
        { Restrict =
            fun observed t ->
                { t with
                    Gaussian = GaussianMissing.restrict observed t.Gaussian }
          Lift =
            fun observed t statistics ->
                let statistics =
                    if observed.Length > 0 then
                        statistics
                    else
                        let logs = t.DegreesOfFreedom |> Array.map (fun nu -> excess 0 nu - 1.0)

                        { statistics with
                            Sums = [| [||]; [||]; statistics.Counts; Array.map2 (*) statistics.Counts logs |] }

                let moments =
                    GaussianMissing.lift
                        observed
                        t.Gaussian
                        { statistics with
                            Sums = Array.truncate 2 statistics.Sums }

                withMoments moments statistics
          Complete = fun observed t -> GaussianMissing.complete observed t.Gaussian }

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the family of Student's t components under a prior on locations and scale matrices, with these
    /// regularised as in `maximise`, and the degrees of freedom found as their setting says.
    let rec familyWith
        (prior: GaussianPrior)
        (regularisation: CovarianceRegularisation option)
        (degrees: DegreesOfFreedom)
        : Family<StudentT> =
        let ofGaussian = Gaussian.familyWith prior regularisation

        { Name = "student_t"
          LogDensity = logDensity
          Sums = sums
          SumLengths = fun t -> Array.append (ofGaussian.SumLengths t.Gaussian) [| t.Components; t.Components |]
          Maximise = maximise prior regularisation degrees
          Recentre =
            fun from target statistics ->
                withMoments (weighted statistics |> ofGaussian.Recentre from.Gaussian target.Gaussian) statistics
          LogPrior = fun t -> ofGaussian.LogPrior t.Gaussian
          Form = form >> Some
          Misfit = NumberwiseMisfit.none _.Features
          Sample = sample
          Means = locations
          Features = _.Features
          FreeParameters =
            fun t ->
                ofGaussian.FreeParameters t.Gaussian
                + match degrees with
                  | DegreesOfFreedom.Estimated -> t.Components
                  | DegreesOfFreedom.Equal -> 1
                  | DegreesOfFreedom.Given _ -> 0
          Move =
            fun move t ->
                { t with
                    Gaussian = ofGaussian.Move move t.Gaussian }
          Coordinates = coordinates ofGaussian.Coordinates degrees
          Noise = None
          Storage =
            { Parameters = toState
              OfParameters = ofState
              Settings =
                fun t ->
                    GaussianStorage.settings prior regularisation t.Gaussian
                    |> Map.add "degrees" (State.choice "degrees" (wordOf degrees) |> snd)
              OfSettings =
                fun t state ->
                    result {
                        let! prior, regularisation = GaussianStorage.ofSettings t.Gaussian state
                        let! word = State.word "degrees" state
                        let! degrees = ofWord word t
                        return familyWith prior regularisation degrees
                    } }
          Missing = Some missing }

    /// The family of Student's t components by maximum likelihood, without prior or regularisation, with estimated
    /// degrees of freedom.
    let family: Family<StudentT> = familyWith GaussianPrior.flat None DegreesOfFreedom.Estimated
