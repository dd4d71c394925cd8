namespace Gmm

open System

/// How covariances are kept from becoming singular.
type Regularisation =
    /// The covariances maximise the objective subject to Σₖ ⪰ share · V, where V is the diagonal matrix of
    /// `FeatureScale`: variances of the features that a few far values can't move. In the structures VEI … EVV, whose
    /// covariances depend on one another, the constraint is share · Σₖ tr(VΣₖ⁻¹) ≤ 1, which implies it. The M-step is
    /// the exact maximum, so the objective never falls but for rounding, which grows where values lie very far from the
    /// others in several columns, or in one for EVE, VVE, EEV and VEV. A fit in which no component touches this floor
    /// is the maximum-likelihood fit; with priors it is the posterior mode. The fit of rescaled data is the rescaled
    /// fit. A component on the floor is a warning. 0 sets no floor.
    | Floor of share: float
    /// This number is added to the diagonal of every covariance after each M-step, as scikit-learn and tgmm do; in the
    /// structures VEI … EVV to that of every covariance from which the M-step estimates those of the structure. The sum
    /// is no maximum of the objective, which may therefore fall: for a component of variance σ², by up to about ¼
    /// (amount/σ²)² for each of its rows and directions. `FitWarning.ObjectiveFell` says when it does. The number must
    /// suit the scale of the data. 0 adds nothing.
    | Absolute of amount: float

/// The covariances that Gaussian components start from.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type CovarianceStart =
    /// The covariances that the start gives: of the clusters that k-means finds, of given labels or responsibilities,
    /// or of the given mixture; for components around centres, the data's covariance.
    | OfStart
    /// The covariance of all data, for every component.
    | Empirical
    /// I for every component.
    | Identity
    /// A draw for every covariance matrix from the Wishart distribution of D + 2 degrees of freedom with the data's
    /// covariance as its mean; it is positive definite. VEI … EVV take the nearest covariances of the structure.
    | Random
    /// Given covariances: in the shape of the structure, as one matrix for all components, or as a single number σ² for
    /// σ²I.
    | Given of Tensor

/// Makes the starting parameters of Gaussian components.
module private GaussianStart =
    /// Returns components around centres (K×D), each as wide as the whole data: the M-step in which every component has
    /// all rows, moved so that their mean is its centre.
    let around
        structure
        prior
        (regularisation: CovarianceRegularisation option)
        (data: DataCovariance)
        (centres: float[,])
        =
        let components = Array2D.length1 centres
        let planes = Layout.planes components (Structure.layout structure)
        let rowsOfPlane = data.Weight * float (components / planes)
        let scatter = data.Covariance |> Array.map (fun variance -> rowsOfPlane * variance)

        result {
            let! provisional = Gaussian.create structure centres (Tensor.scalar 1.0)

            let statistics =
                { Weight = data.Weight
                  LogLikelihood = 0.0
                  Counts = Array.create components data.Weight
                  Sums = [| Array.zeroCreate centres.Length; Array.replicate planes scatter |> Array.concat |] }

            return! Gaussian.maximise { prior with OnMeans = None } regularisation provisional statistics
        }

    /// Returns the given parameters with the covariances that the settings require, regularised like those of an
    /// M-step.
    let revise
        structure
        start
        (regularisation: CovarianceRegularisation option)
        (data: DataCovariance)
        seed
        (gaussian: Gaussian)
        =
        let layout = Structure.layout structure
        let components, features = gaussian.Components, gaussian.Features
        let means, planes = gaussian.Means.toArray2D (), Layout.planes components layout

        /// The data's covariance with what the regularisation adds.
        let empirical =
            match regularisation with
            | Some(Added variances) -> Array.map2 (+) (Layout.diagonal layout variances) data.Covariance
            | Some(AtLeast variances) ->
                let plane = Array.copy data.Covariance
                CovarianceFloor.raise layout variances (Span plane) (Span(Array.copy plane)) |> ignore
                plane
            | None -> data.Covariance

        let withPlanes (plane: int -> float[]) =
            GaussianParameters.ofComputed
                structure
                (Array.init components (fun k -> means[k, *]))
                (Array.init planes plane)

        /// Returns a covariance drawn around the data's, as a plane.
        let drawn random =
            // The sum of the outer products of ν draws from N(0, S/ν) has the Wishart distribution of ν degrees.
            let degrees = features + 2
            let matrix = Layout.matrix features layout empirical |> Seq.cast<float> |> Array.ofSeq
            let root = LinearAlgebra.squareRoot features matrix
            let sum = Array.zeroCreate (features * features)

            for _ in 1..degrees do
                let x = LinearAlgebra.product root (Draw.standardNormals random features)
                LinearAlgebra.addOuter (1.0 / float degrees) (ReadOnlySpan x) (Span sum)

            Layout.ofMatrix layout (Array2D.init features features (fun i j -> sum[i * features + j]))

        match start with
        | CovarianceStart.OfStart -> Ok gaussian
        | CovarianceStart.Empirical -> withPlanes (fun _ -> empirical)
        | CovarianceStart.Identity -> Gaussian.create structure means (Tensor.scalar 1.0)
        | CovarianceStart.Random ->
            // A singular matrix has no draws around it.
            let draws =
                lazy
                    (Array.init planes (fun plane -> drawn (RandomStream.ofRow seed -(int64 plane + 1L)))
                     |> GaussianEstimators.restrict structure features)

            withPlanes (fun _ -> empirical) |> Result.bind (fun _ -> withPlanes (fun plane -> draws.Value[plane]))
        | CovarianceStart.Given covariances -> Gaussian.create structure means covariances
        |> Result.bind (fun start ->
            match regularisation with
            | Some(AtLeast variances) -> GaussianMStep.atLeast variances start
            | Some(Added _)
            | None -> Ok start)

/// Measures how covariances are regularised, and which components are irregular, on data.
module internal GaussianScale =
    /// The share of the scale below which a covariance counts as singular when no floor is set.
    let private smallest = 1e-8

    /// Returns a positive variance for every feature (D): its scale over the data; where a feature doesn't vary, the
    /// diagonal of the prior's scale, or the amount that is added. Error when a feature has none of them and the
    /// structure needs its variance.
    let variances structure regularisation (prior: GaussianPrior) execution (data: DataCovariance) (source: Source) =
        let layout = Structure.layout structure
        let scale = FeatureScale.ofSource execution (DataCovariance.variances layout source.Columns data) source

        let substitute =
            match prior.OnCovariances, regularisation with
            | Some(planes, _), _ ->
                let plane = Array.truncate (Layout.planeSize source.Columns layout) planes
                let matrix = Layout.matrix source.Columns layout plane
                Array.init source.Columns (fun j -> matrix[j, j])
            | None, Absolute amount -> Array.create source.Columns amount
            | None, Floor _ -> Array.zeroCreate source.Columns

        let found = Array.map2 (fun variance instead -> if variance > 0.0 then variance else instead) scale substitute

        let constant =
            match layout.Shape with
            | Shape.Spherical when Array.exists (fun variance -> variance > 0.0) found -> None
            | Shape.Spherical
            | Shape.Full
            | Shape.Diag -> found |> Array.tryFindIndex (fun variance -> not (variance > 0.0))

        match constant with
        | Some column -> Error(ConstantColumn(column, (Source.firstRow source)[0, column]))
        | None -> Ok found

    /// Returns the fewest rows from which a structure estimates a component's covariance; 0 where a prior holds it.
    let private fewestRows (prior: GaussianPrior) structure features =
        if prior.OnCovariances.IsSome then
            0
        else
            Structure.fewestRows features structure

    /// Returns the regularity of Gaussian components: irregular is one on its floor, or with fewer rows than its
    /// covariance needs. The eigenvalues of V^−½ΣV^−½ that lie on the floor become 1, for comparisons; in a component
    /// with too few rows all that are smaller.
    let regularity structure regularisation prior (scale: float[]) : Regularity<Gaussian> =
        let layout = Structure.layout structure

        // Where more is added than the feature's own scale, nothing lies on a floor.
        let floor =
            match regularisation with
            | Some(AtLeast variances) -> variances
            | Some(Added variances) ->
                Array.map2
                    (fun added variance -> (if variance > added then added else 0.0) + smallest * variance)
                    variances
                    scale
            | None -> scale |> Array.map (fun variance -> smallest * variance)

        let few (rows: float[]) =
            let fewest = float (fewestRows prior structure scale.Length)
            // Half a row less is rounding: responsibilities are rarely whole.
            [ for k in 0 .. rows.Length - 1 do
                  if rows[k] < fewest - 0.5 then
                      k, rows[k] ]

        { Irregular =
            fun rows gaussian ->
                { OnFloor = GaussianMStep.onFloor floor gaussian |> List.map (GaussianParameters.owner layout)
                  FewRows = few rows }
          Widened =
            fun rows gaussian ->
                let whole = few rows |> List.map (fst >> Layout.planeOf layout)
                gaussian |> GaussianMStep.widened floor scale (GaussianMStep.onFloor floor gaussian) whole }

/// Gaussian components with their settings.
[<NoEquality; NoComparison>]
type GaussianKind =
    {
        /// The structure of the covariances.
        Structure: Structure
        /// The covariances to start from.
        StartCovariances: CovarianceStart
        /// How covariances are kept from becoming singular.
        RegCovar: Regularisation
        /// μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀).
        MeanPrior: MeanPrior option
        /// Σₖ ~ inverse Wishart(Ψ₀, ν₀) within the structure. Where components share a part of their covariances, as in
        /// VEI … EVV, the density is the product over the components, restricted to the structure.
        CovariancePrior: CovariancePrior option
    }

    member private kind.CheckStartCovariances(components, columns) =
        match kind.StartCovariances with
        | CovarianceStart.Given covariances ->
            Gaussian.create kind.Structure (Array2D.zeroCreate components columns) covariances
            |> Result.map ignore
            |> Result.mapError (GmmError.ofOption "Covariances" "StartCovariances")
        | CovarianceStart.Random ->
            // Draws are matrices, also for diagonal structures.
            GmmError.requireLength
                "StartCovariances"
                (fun most -> $"one that needs no matrix of more than {most} numbers, such as Empirical")
                "Random"
                [ columns; columns ]
        | CovarianceStart.OfStart
        | CovarianceStart.Empirical
        | CovarianceStart.Identity -> Ok()

    member private kind.CheckStart(components, columns, start: Gaussian option) =
        let describe (components: int, columns: int, structure) =
            $"""{Structure.name structure} with {Display.count components "component"} of {Display.count columns "feature"}"""

        match start with
        | Some start ->
            (start.Components, start.Features, start.Structure)
            |> Kind.requireStart describe (components, columns, kind.Structure)
        | None -> Ok()

    member private kind.Prior(components, columns) =
        GaussianPrior.create components columns kind.Structure kind.MeanPrior kind.CovariancePrior

    /// Measures data: returns the prior and the regularisation, too.
    member internal kind.MeasureParts(components, source: Source, execution) =
        let structure, columns = kind.Structure, source.Columns
        let layout = Structure.layout structure

        result {
            let! prior = kind.Prior(components, columns)
            let data = source |> DataCovariance.ofSource execution layout

            let! scale = GaussianScale.variances structure kind.RegCovar prior execution data source

            let regularisation =
                match kind.RegCovar with
                | Floor 0.0
                | Absolute 0.0 -> None
                | Floor share -> Some(AtLeast(scale |> Array.map (fun variance -> share * variance)))
                | Absolute amount -> Some(Added(Array.create columns amount))

            let provisional centres = Gaussian.create structure centres (Tensor.scalar 1.0)

            let around =
                match kind.StartCovariances with
                | CovarianceStart.OfStart
                | CovarianceStart.Empirical -> GaussianStart.around structure prior regularisation data
                | CovarianceStart.Identity
                | CovarianceStart.Random
                | CovarianceStart.Given _ -> provisional // revised below

            return
                prior,
                regularisation,
                { Measured.ofFamily (Gaussian.familyWith prior regularisation) columns around with
                    Provisional = provisional
                    Revise = GaussianStart.revise structure kind.StartCovariances regularisation data
                    IsRandom = kind.StartCovariances.IsRandom
                    Regularity = GaussianScale.regularity structure regularisation prior scale
                    IsExact =
                        match regularisation with
                        | Some(Added _) -> false
                        | Some(AtLeast _)
                        | None -> true }
        }

    interface Kind<Gaussian> with
        member kind.Name = Structure.name kind.Structure

        member kind.Check(components, columns, start) =
            let amount =
                match kind.RegCovar with
                | Floor amount
                | Absolute amount -> amount

            result {
                do! kind.CheckStart(components, columns, start)

                do!
                    GmmError.requireAll
                        [ amount >= 0.0 && amount < infinity, "RegCovar", "0 or more, and finite", string amount ]

                do! kind.CheckStartCovariances(components, columns)
                return! kind.Prior(components, columns) |> Result.map ignore
            }

        member _.Misfit _ = None

        member kind.Measure(components, source, execution) =
            kind.MeasureParts(components, source, execution) |> Result.map (fun (_, _, measured) -> measured)

/// Gaussian components as a kind.
module GaussianKind =
    /// The default settings: full covariances, RegCovar Floor 1e-8, no prior, the start's covariances.
    let defaults: GaussianKind =
        { Structure = Full
          StartCovariances = CovarianceStart.OfStart
          RegCovar = Floor 1e-8
          MeanPrior = None
          CovariancePrior = None }

/// Makes priors from data: weak, and at the scale of the data.
module Prior =
    /// Returns weak priors measured on the data, which stabilise components with few rows: m₀ = x̄, κ₀ = 0.01, ν₀ = D +
    /// 2 and Ψ₀ = S/K^(2/D), where S = Σₙ wₙ(xₙ−x̄)(xₙ−x̄)ᵀ/(n−1) with n = Σₙ wₙ is the data's unbiased covariance,
    /// restricted to the structure. These are the priors of mclust's `priorControl()` (Fraley and Raftery 2007, §3.1),
    /// which however gives every feature of diagonal structures the mean variance. Error when there are no data, when
    /// there are fewer components than 1, when a number isn't finite, or when n is 1 or less. A constant feature makes
    /// Ψ₀ singular, which the fit rejects.
    let fromData structure (components: int) (source: Source) : Result<MeanPrior * CovariancePrior, GmmError> =
        let layout = Structure.layout structure

        result {
            do! GmmError.requireAll [ components >= 1, "Components", "at least 1", string components ]
            do! GaussianParameters.requireSize components source.Columns structure
            do! Source.validate Execution.Default source
            let data = source |> DataCovariance.ofSource Execution.Default layout
            let features = source.Columns

            let! bias = DataCovariance.bias data
            let share = exp (-2.0 / float features * log (float components)) * bias

            return
                { Mean = Tensor.vector data.Mean[0, *]
                  Precision = 0.01 },
                { Scale =
                    data.Covariance
                    |> Array.map (fun variance -> share * variance)
                    |> Tensor.create (Layout.planeShape features layout)
                  Degrees = float features + 2.0 }
        }
