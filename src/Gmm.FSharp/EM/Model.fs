namespace Gmm

open System.Threading

/// A model: a family with its prior, the prior on the weights, the assignment, and the backend that runs the E-steps.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Model<'θ> =
    {
        /// The kind of component, with its prior.
        Family: Family<'θ>
        /// The prior on the weights.
        Weights: WeightPrior
        /// Soft for EM, hard for classification EM and k-means.
        Assignment: Assignment
        /// Whether NaN is a missing cell.
        Missing: Missing
        /// Where and how E-steps run.
        Backend: Backend
        /// The number of threads, and the cancellation.
        Execution: Execution
    }

    member internal model.Display =
        $"model of {model.Family.Name}, %A{model.Assignment} assignment, weights %A{model.Weights}, {model.Backend.Name}"

/// Functions on models.
module Model =
    /// Returns the model of maximum-likelihood EM for a family: soft assignment, no prior on the weights, no missing
    /// cells, the family's kernels, all cores.
    let ofFamily (family: Family<'θ>) : Model<'θ> =
        { Family = family
          Weights = Flat
          Assignment = Soft
          Missing = Missing.Reject
          Backend = Kernel.backend
          Execution = Execution.Default }

    /// Opens the model's backend on the rows of a source. If NaN is a missing cell to the model, on the rows of each
    /// pattern of missing cells: see `IncompleteRows.backend`. Remote rows (`RemoteRows`) need the default backend, which then
    /// runs on the machines that have them, and have no missing cells.
    let openPass (model: Model<'θ>) (source: Source) : Result<Pass<'θ>, GmmError> =
        match Source.remote source, model.Missing with
        | Some rows, Missing.Reject -> FamilyScan.openPass model.Backend rows model.Family source model.Execution
        | Some rows, Missing.Fit -> Error(InvalidOption("Missing", $"Reject for rows of {rows.Name}", "Fit"))
        | None, Missing.Reject -> model.Backend.Open(model.Family, source, model.Execution)
        | None, Missing.Fit -> (IncompleteRows.backend model.Backend).Open(model.Family, source, model.Execution)

    /// Returns ln of the prior's density at a mixture, without its constant; 0 without a prior.
    let logPrior (model: Model<'θ>) (mixture: Mixture<'θ>) : float =
        model.Family.LogPrior mixture.Parameters
        + WeightPrior.logDensity model.Weights (mixture.LogWeights.toArray1D ())

    /// Returns the number of components of a mixture, without the noise.
    let components (model: Model<'θ>) (mixture: Mixture<'θ>) : int = Family.components model.Family mixture

    /// Returns the number of free parameters of a mixture: the family's, the weights but one (none if they are fixed),
    /// and the volume of the noise if it was measured.
    let freeParameters (model: Model<'θ>) (mixture: Mixture<'θ>) : int =
        model.Family.FreeParameters mixture.Parameters
        + (match model.Family.Noise with
           | Some { IsMeasured = true } -> 1
           | Some _
           | None -> 0)
        + match model.Weights with
          | Fixed -> 0
          | Flat
          | Dirichlet _ -> mixture.Components - 1

    /// Returns the model for use after a fit: without the fit's cancellation, and on the default backend, which holds
    /// no resources.
    let internal unbound (model: Model<'θ>) =
        { model with
            Backend = Kernel.backend
            Execution =
                { model.Execution with
                    Cancellation = CancellationToken.None } }
