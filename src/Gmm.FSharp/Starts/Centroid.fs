namespace Gmm

open System

/// The components of k-means: points, with ln p(x|μₖ) = −½‖x−μₖ‖² up to a constant, the limit of N(μₖ, εI) for ε → 0.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Centroid =
    {
        /// μ (K×D).
        Centres: Tensor
    }

    member internal centroid.Display =
        let shape, numbers = centroid.Centres.shape, centroid.Centres.toArray ()
        let centres, features = Display.count shape[0] "centre", Display.count shape[1] "feature"

        Display.components $"{centres} of {features}" shape[0] (fun k ->
            Display.numbers (Seq.init shape[1] (fun j -> numbers[k * shape[1] + j])))

/// The family of centroids. k-means is EM on this family with hard assignment and equal weights (Bishop, PRML, 2006,
/// §9.3.2).
module Centroid =
    let private deviations (centroid: Centroid) (x: Tensor) = x.unsqueeze 0 - centroid.Centres.unsqueeze 1

    /// Returns −½‖xₙ−μₖ‖² (n×K) for the rows of a block x (n×D).
    let logDensity (centroid: Centroid) (x: Tensor) : Tensor =
        let z = deviations centroid x
        ((z * z).sum 2 * -0.5).transpose(0, 1)

    /// Returns the first moments Σₙ rₙₖ(xₙ−μₖ) about the current centres (K×D).
    let sums (centroid: Centroid) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        [ (responsibilities.transpose(0, 1).unsqueeze 2 * deviations centroid x).sum 1 ]

    /// Returns the mean of each cluster. Error CollapsedComponent for the first empty cluster.
    let maximise (centroid: Centroid) (statistics: Statistics) : Result<Centroid, GmmError> =
        match statistics.Counts |> Array.tryFindIndex (fun count -> not (count > 0.0)) with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let features = centroid.Centres.shape[1]

            let centres =
                centroid.Centres.toArray ()
                |> Array.mapi (fun i centre -> centre + statistics.Sums[0][i] / statistics.Counts[i / features])

            Ok { Centres = Tensor.create centroid.Centres.shape centres }

    let private recentre (from: Centroid) (target: Centroid) (statistics: Statistics) : Statistics =
        let shifts = (target.Centres - from.Centres).toArray()

        { statistics with
            Sums = [| Statistics.moveFirst statistics.Counts shifts statistics.Sums[0] |] }

    /// Returns the centre μₖ (D) for any random numbers: the limit of a draw from N(μₖ, εI) for ε → 0.
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

    let private names (centroid: Centroid) =
        [| for k in 0 .. centroid.Centres.shape[0] - 1 do
               for j in 0 .. centroid.Centres.shape[1] - 1 -> $"mean[{k},{j}]" |]

    /// The family of k-means.
    let rec family: Family<Centroid> =
        { Name = "centroid"
          LogDensity = logDensity
          Sums = sums
          SumLengths = fun centroid -> [| Array.fold (*) 1 centroid.Centres.shape |]
          Maximise = maximise
          Recentre = recentre
          LogPrior = fun _ -> 0.0
          Form = fun centroid -> Some(Form.Distance centroid.Centres)
          Misfit = NumberwiseMisfit.none (fun centroid -> centroid.Centres.shape[1])
          Sample = sample
          Means = fun centroid -> centroid.Centres.toArray2D ()
          Features = fun centroid -> centroid.Centres.shape[1]
          FreeParameters = fun centroid -> Array.fold (*) 1 centroid.Centres.shape
          Move = fun move centroid -> { Centres = move centroid.Centres }
          Coordinates =
            { Names = names
              OfParameters = fun centroid -> centroid.Centres.toArray ()
              Units = fun centroid -> Array.create (centroid.Centres.toArray().Length) 1.0
              ToParameters = fun like numbers -> Ok { Centres = Tensor.create like.Centres.shape numbers }
              Parameters = fun centroid -> Array.zip (names centroid) (centroid.Centres.toArray ()) }
          Noise = None
          Storage =
            { Parameters = fun centroid -> Map [ "centres", centroid.Centres ]
              OfParameters = ofState
              Settings = fun _ -> Map.empty
              OfSettings = fun _ _ -> Ok family }
          Missing = None }
