namespace Gmm

open System

/// The surroundings of a finished fit, in which other runs lead to the same maximum.
[<NoEquality; NoComparison>]
type internal Basin<'θ> =
    private
        {
            Fit: Fit<'θ>
            /// Rows that stand for all rows of the data.
            Sample: Source
            /// The weights of these rows (n).
            Weights: float[]
            /// ln rₙₖ of these rows under the fit (n×K).
            Logs: float[]
            Execution: Execution
        }

/// Tests whether a run has joined a finished fit. For most families the next mixture of EM depends on the responsibilities
/// alone. A run whose responsibilities are nearly those of a fit therefore only repeats the last iterations that led to it.
/// The components may come in another order, unless the model tells them apart: by noise, fixed weights or a prior.
module internal Basin =
    /// The divergence of the responsibilities, per row, below which a run has joined a fit. In 800 fits of small data of
    /// many kinds, no run that came so near ended at another maximum. The nearest one that did came within 0.097.
    let private near = 0.01

    /// The fewest rows of the sample with which each component of a fit can be compared.
    let private fewestRows = 10.0

    /// The most components of fits that are compared, so that responsibilities take little memory.
    let private mostComponents = 400

    /// The number of rows on which fits of K components are compared.
    let private sampleRows components = max 2000L (20L * int64 components)

    /// Whether comparisons of fits of K components cost little beside an E-step over the rows of a source.
    let isCheap components (source: Source) = components <= mostComponents && 4L * sampleRows components <= source.Rows

    let private exponentials (logs: float[]) =
        let numbers = Array.copy logs
        Elementary.expEach (Span numbers)
        numbers

    /// Returns ln rₙₖ of every row of a sample (n×K).
    let private logsOf execution (family: Family<'θ>) (mixture: Mixture<'θ>) (sample: Source) : float[] =
        let components = mixture.Components
        let logs = sample |> Source.collect execution (Kernel.logJoint family mixture)
        let rows = logs.Length / components

        for n in 0 .. rows - 1 do
            Assignment.lower (Span(logs, n * components, components)) |> ignore

        let ratios = exponentials logs

        let totals = Array.init rows (fun n -> Assignment.total (ReadOnlySpan(ratios, n * components, components)))

        Elementary.logEach (Span totals)
        logs |> Array.mapi (fun i log -> log - totals[i / components])

    /// Returns the basin of a fit to the rows of a source; None if a component has too few rows to be compared.
    let ofFit (execution: Execution) (source: Source) (fit: Fit<'θ>) : Basin<'θ> option =
        let count = sampleRows fit.Mixture.Components |> min source.Rows |> int
        let sample = source |> Survey.sample execution fit.Seed count
        let logs = sample |> logsOf execution fit.Model.Family fit.Mixture
        let counts = Array.zeroCreate fit.Mixture.Components
        exponentials logs |> Array.iteri (fun i r -> counts[i % counts.Length] <- counts[i % counts.Length] + r)

        if counts |> Array.forall (fun count -> count >= fewestRows) then
            Some
                { Fit = fit
                  Sample = sample
                  Weights = sample |> Source.collect execution (fun block -> Array.init block.Rows block.Weight)
                  Logs = logs
                  Execution = execution }
        else
            None

    /// Whether component k of the fit and component l of a mixture have the same weight if it is fixed, and both or neither
    /// are noise.
    let private areAlike (fit: Fit<'θ>) (mixture: Mixture<'θ>) k l =
        let components = Model.components fit.Model mixture

        (k < components) = (l < components)
        && (not fit.Model.Weights.IsFixed || fit.Mixture.Weights[k] = mixture.Weights[l])

    /// Returns the divergence of a mixture's responsibilities r′ from those of the fit, the mean over the rows of
    ///   Σₖ (rₙₖ − r′ₙₖ)(ln rₙₖ − ln r′ₙₖ),
    /// which is the symmetric divergence of Kullback and Leibler (1951). Each component of the fit is compared with that
    /// component of the mixture to which most of its rows belong; ∞ if two have the same one, or one that isn't alike.
    let divergence (basin: Basin<'θ>) (mixture: Mixture<'θ>) : float =
        let components = mixture.Components
        let logs = basin.Sample |> logsOf basin.Execution basin.Fit.Model.Family mixture
        let ours, others = exponentials basin.Logs, exponentials logs
        let shared = Array2D.zeroCreate components components

        for n in 0 .. basin.Weights.Length - 1 do
            let k = Assignment.likeliestOf (ReadOnlySpan(ours, n * components, components))

            for l in 0 .. components - 1 do
                shared[k, l] <- shared[k, l] + basin.Weights[n] * others[n * components + l]

        let partners = Array.init components (fun k -> Assignment.likeliestOf (ReadOnlySpan(shared[k, *])))

        if
            (Array.distinct partners).Length < components
            || not (Seq.forall2 (areAlike basin.Fit mixture) (seq { 0 .. components - 1 }) partners)
        then
            infinity
        else
            let mutable sum = 0.0

            for n in 0 .. basin.Weights.Length - 1 do
                for k in 0 .. components - 1 do
                    let i, j = n * components + k, n * components + partners[k]
                    sum <- sum + basin.Weights[n] * (ours[i] - others[j]) * (basin.Logs[i] - logs[j])

            sum / Array.sum basin.Weights

    /// Returns a function that takes the iterates of a run, and tells whether the run has joined the fit: its objective
    /// isn't above that of the fit, its responsibilities are near, and the prior doesn't favour the mixture that follows
    /// them, by `next`, by as much as a margin of the objective. It does where it expects the components in the run's
    /// order. (An extrapolated mixture itself may lie far from the one that follows.) After a comparison in vain, the
    /// next one waits until the run has halved its distance from the fit's objective, so that comparisons cost little.
    let watch (margin: float) (next: Iterate<'θ> -> Result<Mixture<'θ>, GmmError>) basin : Iterate<'θ> -> bool =
        let compared = ref infinity
        let fit = basin.Fit

        let isFavoured iterate =
            match next iterate with
            | Ok mixture -> Model.logPrior fit.Model mixture - fit.LogPrior >= margin * fit.Statistics.Weight
            | Error _ -> true

        fun iterate ->
            let below = fit.Objective - iterate.Objective

            if iterate.Iteration > 0 && below >= 0.0 && below <= 0.5 * compared.Value then
                compared.Value <- below
                divergence basin iterate.Mixture < near && not (isFavoured iterate)
            else
                false
