namespace Gmm

open System

/// Puts values into missing cells, which are NaN, with a fitted mixture. Observed cells don't change. The fit need not
/// have seen missing cells itself.
module Impute =
    /// Completes the rows of data. `complete family rows mixture observed` prepares for a pattern; the function that it
    /// returns gets the responsibilities (K), the row's number and its observed cells, and gives all cells (D).
    let private rows
        (complete: IncompleteRows<'θ> -> int[] -> float[] -> int64 -> float[] -> float[])
        (fit: Fit<'θ>)
        (source: Source)
        : Result<float[,], GmmError> =
        let model = { fit.Model with Missing = Missing.Fit }

        let mixture = fit.Mixture
        let columns, components = model.Family.Features mixture.Parameters, mixture.Components

        result {
            do!
                GmmError.requireAll
                    [ model.Family.Noise.IsNone, "The mixture of Impute", "one without noise", "one with noise" ]

            let! rows = IncompleteRows.require model.Family
            do! Source.requireColumns columns source
            do! source |> IncompleteRows.validateNew model.Execution model.Family mixture.Parameters
            let assign = Predict.assign model mixture
            let ofPattern = IncompleteRows.preparing (complete rows)
            let all = Array2D.zeroCreate (int source.Rows) columns

            let ofBlock (block: Block) =
                if IncompleteRows.isIn block then
                    let struct (_, responsibilities) = assign block

                    block
                    |> IncompleteRows.byPattern columns (fun pattern numbers ->
                        numbers
                        |> Array.mapi (fun i row ->
                            let cells = pattern.Rows.Row(i).ToArray()

                            if cells.Length = columns then
                                cells
                            else
                                let shares = Array.sub responsibilities (row * components) components
                                let completed = ofPattern pattern shares (block.FirstRow + int64 row) cells
                                Array.iter2 (fun j cell -> completed[j] <- cell) pattern.Observed cells
                                completed)
                        |> Array.concat)
                else
                    block.Values.ToArray()

            source |> Source.fill model.Execution columns (Contiguous.ofArray2D all) ofBlock
            return all
        }

    /// Returns the data (N×D) with the mean of the mixture, given the observed cells of the row, in every missing cell:
    /// Σₖ rₙₖ E(x|xₒ, k) (Ghahramani and Jordan 1994). Completed data vary less than the data would; for estimates that
    /// need their spread, use `draws`. The mean of categories is that of their numbers, which is rarely a category.
    /// Error when the family can't treat missing cells or the mixture has noise, when the data have another number of
    /// columns than the mixture, no rows, or a number that is infinite or outside the family's domain.
    let means (fit: Fit<'θ>) (source: Source) : Result<float[,], GmmError> =
        let family, mixture = fit.Model.Family, fit.Mixture

        let complete (rows: IncompleteRows<'θ>) observed =
            let ofComponents = Array.init mixture.Components (rows.Complete observed mixture.Parameters)
            let columns = family.Features mixture.Parameters

            fun (shares: float[]) _ cells ->
                let mean = Array.zeroCreate columns

                for k in 0 .. shares.Length - 1 do
                    if shares[k] > 0.0 then
                        ofComponents[k] cells |> Array.iteri (fun j x -> mean[j] <- mean[j] + shares[k] * x)

                mean

        source |> rows complete fit

    /// Returns the data (N×D) with a draw from the mixture, given the observed cells of the row, in every missing cell:
    /// first a component with probability rₙₖ, then its missing cells given the observed ones. Several draws with
    /// different seeds are multiple imputations (Rubin 1987). A draw y of a whole row gives yₘ + E(xₘ|xₒ, k) − E(xₘ|yₒ,
    /// k), which has the conditional distribution (Matheron's rule). The same seed gives the same cells, on any number
    /// of threads. Errors as `means`.
    let draws (fit: Fit<'θ>) (seed: int) (source: Source) : Result<float[,], GmmError> =
        let family, mixture = fit.Model.Family, fit.Mixture
        let samples = Array.init mixture.Components (fun k -> lazy family.Sample mixture.Parameters k)

        let complete (rows: IncompleteRows<'θ>) observed =
            let ofComponents = Array.init mixture.Components (fun k -> lazy rows.Complete observed mixture.Parameters k)

            fun (shares: float[]) number cells ->
                let random = RandomStream.ofRow seed number
                let k = RandomStream.index random shares
                let drawn = samples[k].Value random
                let ofCells = ofComponents[k].Value cells
                let ofDrawn = ofComponents[k].Value(observed |> Array.map (fun j -> drawn[j]))
                Array.map3 (fun y x y' -> y + (x - y')) drawn ofCells ofDrawn

        source |> rows complete fit
