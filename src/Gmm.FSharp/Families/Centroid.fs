namespace Gmm

open System

/// The components of k-means: points, with ln p(x|μₖ) = −½‖x−μₖ‖² up to a constant, the limit of N(μₖ, εI) for ε → 0.
type Centroid =
    {
        /// μ (K×D).
        Centres: Tensor
    }

/// Centroids: k-means is EM on these with hard assignment and equal weights (Bishop, PRML, 2006, §9.3.2).
module Centroid =
    let private deviations (centroid: Centroid) (x: Tensor) = x.unsqueeze 0 - centroid.Centres.unsqueeze 1

    /// −½‖xₙ−μₖ‖² (n×K) of a block x (n×D).
    let logDensity (centroid: Centroid) (x: Tensor) : Tensor =
        let z = deviations centroid x
        ((z * z).sum 2 * -0.5).transpose(0, 1)

    /// First moments Σₙ rₙₖ(xₙ−μₖ) about the current centres (K×D).
    let sums (centroid: Centroid) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        [ (responsibilities.transpose(0, 1).unsqueeze 2 * deviations centroid x).sum 1 ]

    /// The mean of each cluster; CollapsedComponent names the first that is empty.
    let maximise (centroid: Centroid) (statistics: Statistics) : Result<Centroid, GmmError> =
        match statistics.Counts |> Array.tryFindIndex (fun count -> not (count > 0.0)) with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let features = centroid.Centres.shape[1]

            let centres =
                centroid.Centres.toArray ()
                |> Array.mapi (fun i centre -> centre + statistics.Sums[0][i] / statistics.Counts[i / features])

            Ok { Centres = Tensor.create centroid.Centres.shape centres }

    /// The centre μₖ (D), whatever the random numbers: the limit of a draw from N(μₖ, εI) for ε → 0.
    let sample (centroid: Centroid) (k: int) : Random -> float[] =
        let features = centroid.Centres.shape[1]
        let centre = Array.sub (centroid.Centres.toArray ()) (k * features) features
        fun _ -> Array.copy centre

    let private ofState (state: State) : Result<Centroid, GmmError> =
        result {
            let! centres = State.matrix "centres" state
            do! State.requireFinite "centres" centres
            return { Centres = centres }
        }

    /// The family of k-means.
    let rec family: Family<Centroid> =
        { Name = "centroid"
          LogDensity = logDensity
          Sums = sums
          Maximise = maximise
          LogPrior = fun _ -> 0.0
          Form = fun centroid -> Some(Form.Distance centroid.Centres)
          Misfit = fun _ _ -> None
          Sample = sample
          Means = fun centroid -> centroid.Centres.toArray2D ()
          Features = fun centroid -> centroid.Centres.shape[1]
          FreeParameters = fun centroid -> Array.fold (*) 1 centroid.Centres.shape
          Move = fun move centroid -> { Centres = move centroid.Centres }
          Storage =
            { Parameters = fun centroid -> Map [ "centres", centroid.Centres ]
              OfParameters = ofState
              Settings = fun _ -> Map.empty
              OfSettings = fun _ _ -> Ok family } }
