namespace Gmm

open System

/// Makes centroids a kind: k-means.
[<Sealed>]
type CentroidKind() =
    override _.ToString() = Centroid.family.Name

    interface Kind<Centroid> with
        member _.Name = Centroid.family.Name

        member _.Check(components, columns, start) =
            let describe (components: int, columns: int, ()) =
                $"""{Display.count components "centre"} of {Display.count columns "feature"}"""

            match start with
            | Some { Centres = centres } ->
                Kind.requireStart describe (components, columns, ()) (centres.shape[0], centres.shape[1], ())
            | None -> Ok()

        member _.Misfit _ = None

        member _.Measure(_, source, execution) =
            let at (centres: float[,]) : Result<Centroid, GmmError> = Ok { Centres = Tensor.matrix centres }

            Ok
                { Measured.ofFamily Centroid.family source.Columns at with
                    Rule = Some(fun _ -> Lloyd.ruleOf execution source) }

/// The result of k-means.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type KMeansFit =
    {
        /// Σₙ wₙ minₖ ‖xₙ−μₖ‖².
        Inertia: float
        /// The fit of the mixture of centroids: iterations, trace, and the reason why it stopped.
        Fit: Fit<Centroid>
    }

    /// μ (K×D).
    member found.Centres = found.Fit.Parameters.Centres.toArray2D ()

    member internal found.Display =
        let ended = if found.Fit.Converged then "converged" else "stopped without converging"

        FormattableString.Invariant
            $"""k-means of {found.Fit.Mixture.Components}, {ended} after {Display.count found.Fit.Iterations "iteration"}: inertia {found.Inertia:G9}, seed {found.Fit.Seed}"""

/// k-means: EM on centroids with hard assignment and equal weights, the limit of a Gaussian mixture with Σ = εI for ε →
/// 0 (Lloyd 1982; Bishop, PRML, 2006, §9.1 and §9.3.2). An empty cluster takes the row farthest from its centre.
module KMeans =
    /// The default options: one cluster, k-means++, 10 restarts from seed 0, at most 300 iterations, tolerance 1e-4. K
    /// is `Components`. The tolerance limits the squared movement of the centres, as a share of the features' mean
    /// variance; at 0 they move until only rounding moves them. The objective is −½ inertia / Σₙ wₙ. Every start is
    /// possible, such as rows, labels or given means.
    let defaults: FitOptions<CentroidKind, Centroid> = Lloyd.options (CentroidKind()) 1

    /// Returns the model of k-means, for EM's functions.
    let model (execution: Execution) : Model<Centroid> = Lloyd.model execution

    /// Returns the result of k-means for a fit, such as a loaded one.
    let ofFit (fit: Fit<Centroid>) : KMeansFit =
        { Inertia = Lloyd.inertiaOf fit.Statistics
          Fit = fit }

    /// Returns the iterates of k-means from given centres (K×D): the sequence of `EM.iterates`, with empty clusters
    /// filled.
    let iterates
        (execution: Execution)
        (source: Source)
        (centres: float[,])
        : seq<Result<Iterate<Centroid>, GmmError>> =
        let model = model execution
        EM.iteratesBy (Lloyd.next source model) model source (Lloyd.mixture centres)

    /// Clusters the rows: `Gmm.fit`, with the inertia. Error when an option breaks its rule, the data are not finite,
    /// or fewer rows differ than there are clusters.
    let fit (options: FitOptions<CentroidKind, Centroid>) (source: Source) : Result<KMeansFit, GmmError> =
        Fitting.fit options source |> Result.map ofFit

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns an error when centres can't be used on data.
    let private checkData (found: KMeansFit) (source: Source) =
        result {
            do! Source.requireColumns (Array2D.length2 found.Centres) source
            do! Survey.validate found.Fit.Model.Execution source
        }

    /// Maps every block to `width` values for each row, and writes them into the target.
    let private fill (found: KMeansFit) width target ofBlock (source: Source) : Result<unit, GmmError> =
        checkData found source
        |> Result.map (fun () -> source |> Source.fill found.Fit.Model.Execution width target ofBlock)

    /// Returns the number of the nearest centre for every row (N), the lowest of equals. Error when the data have
    /// another number of features than the centres, or a number that isn't finite.
    let predict (found: KMeansFit) (source: Source) : Result<int[], GmmError> =
        match Source.remote source with
        | Some rows ->
            result {
                do! checkData found source

                return
                    Scan.askRows found.Fit.Model.Execution 1 Lloyd.nearest found.Centres rows source
                    |> Array.concat
                    |> Array.map int
            }
        | None ->
            let clusters = Array.zeroCreate (int source.Rows)
            source |> fill found 1 (Memory clusters) (Lloyd.labels found.Centres) |> Result.map (fun () -> clusters)

    /// Computes Σₙ wₙ minₖ ‖xₙ−μₖ‖² for the clustered data or for other data. Errors as `predict`.
    let inertia (found: KMeansFit) (source: Source) : Result<float, GmmError> =
        result {
            do! checkData found source
            return EM.eStep found.Fit.Model source found.Fit.Mixture |> Lloyd.inertiaOf
        }

    /// Computes the distance ‖xₙ−μₖ‖ of every row to every centre (N×K). Errors as `predict`.
    let transform (found: KMeansFit) (source: Source) : Result<float[,], GmmError> =
        let clusters = found.Fit.Mixture.Components
        let distances = Array2D.zeroCreate (int source.Rows) clusters

        source
        |> fill
            found
            clusters
            (Contiguous.ofArray2D distances)
            (Lloyd.logJoint found.Fit.Mixture >> Array.map (fun joint -> sqrt (2.0 * abs joint)))
        |> Result.map (fun () -> distances)
