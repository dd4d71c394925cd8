namespace Gmm

open System

/// A mixture as one vector of free coordinates: the K − 1 log-odds ln πₖ/π_K, then the coordinates of the components.
/// Acceleration, standard errors and derivatives work on these coordinates.
module Coordinates =
    /// Returns the name of every coordinate, in the order of the coordinates.
    let names (family: Family<'θ>) (mixture: Mixture<'θ>) : string[] =
        let last = mixture.Components - 1

        Array.append (Array.init last (fun k -> $"ln π[{k}]/π[{last}]")) (family.Coordinates.Names mixture.Parameters)

    /// Returns the coordinates of a mixture. Error when the mixture is on an edge of its domain, such as a weight or a
    /// probability of 0, where a coordinate is infinite.
    let ofMixture (family: Family<'θ>) (mixture: Mixture<'θ>) : Result<float[], GmmError> =
        let logWeights = mixture.LogWeights.toArray1D ()
        let last = Array.last logWeights
        let odds = logWeights[.. logWeights.Length - 2] |> Array.map (fun logWeight -> logWeight - last)
        let numbers = Array.append odds (family.Coordinates.OfParameters mixture.Parameters)

        // A finite number stands for −∞, and after a subtraction it is still below −1e300.
        match numbers |> Array.tryFindIndex (fun number -> not (abs number < 1e300)) with
        | None -> Ok numbers
        | Some i ->
            let name = (names family mixture)[i]
            Error(InvalidOption(name, "finite: free coordinates have no edge values", string numbers[i]))

    /// Returns the unit of every coordinate of a mixture (`Coordinates.Units`), which is 1 for log-odds.
    let units (family: Family<'θ>) (mixture: Mixture<'θ>) : float[] =
        Array.append (Array.create (mixture.Components - 1) 1.0) (family.Coordinates.Units mixture.Parameters)

    /// Returns the mixture with given coordinates, laid out like another mixture. Error unless there are as many finite
    /// numbers as `ofMixture` gives, and when they overflow or leave the domain of the natural parameters.
    let toMixture (family: Family<'θ>) (like: Mixture<'θ>) (numbers: float[]) : Result<Mixture<'θ>, GmmError> =
        let odds = like.Components - 1
        let expected = odds + family.FreeParameters like.Parameters

        result {
            if numbers.Length <> expected then
                return! Error(InvalidOption("Coordinates", Display.count expected "number", $"{numbers.Length}"))

            match numbers |> Array.tryFindIndex (Double.IsFinite >> not) with
            | Some i -> return! Error(InvalidOption($"Coordinates[{i}]", "finite", string numbers[i]))
            | None -> ()

            let! parameters = family.Coordinates.ToParameters like.Parameters numbers[odds..]
            let logWeights = Array.append numbers[.. odds - 1] [| 0.0 |]
            let total = Special.logSumExp logWeights

            return
                { LogWeights = logWeights |> Array.map (fun logWeight -> logWeight - total) |> Tensor.vector
                  Parameters = parameters }
        }

    /// Returns the parameters that users report, by name: every weight, and those of the components.
    let parameters (family: Family<'θ>) (mixture: Mixture<'θ>) : (string * float)[] =
        let components = Family.components family mixture
        let name k = if k = components then "weight[noise]" else $"weight[{k}]"

        Array.append
            (mixture.Weights |> Array.mapi (fun k weight -> name k, weight))
            (family.Coordinates.Parameters mixture.Parameters)
