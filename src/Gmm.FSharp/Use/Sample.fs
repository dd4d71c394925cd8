namespace Gmm

open System

/// Rows drawn from a mixture.
[<NoEquality; NoComparison>]
type Sample =
    {
        /// The rows (n×D).
        Rows: float[,]
        /// The component of each row (n); −1 for noise.
        Components: int[]
    }

/// Options for drawing from a mixture; start from `Sample.defaults`.
[<NoEquality; NoComparison>]
type SampleOptions =
    {
        /// The only component to draw from, or −1 for the noise; None for the whole mixture.
        Component: int option
        /// The seed. The same seed gives the same rows, and a shorter sample is a prefix of a longer one.
        Seed: int
        /// The threads and the cancellation; neither changes a row.
        Execution: Execution
    }

/// The region of a Gaussian component to draw from, by Mahalanobis distance from its mean.
[<RequireQualifiedAccess>]
type Region =
    /// The inside of the ellipsoid with this probability under the component, above 0 and at most 1.
    | Confidence of probability: float
    /// The shell between two ellipsoids: distances from low to high, 0 ≤ low < high ≤ ∞, low below 1e150.
    | StdRange of low: float * high: float

/// Functions of regions.
module Region =
    let private check features region =
        let isProbability probability = probability > 0.0 && probability <= 1.0
        let isRange low high = low >= 0.0 && low < high && low < Limits.largest

        let holds, name, rule, value =
            match region with
            | Region.Confidence probability ->
                isProbability probability, "Confidence", "above 0 and at most 1", string probability
            | Region.StdRange(low, high) ->
                isRange low high,
                "StdRange",
                "two distances 0 ≤ low < high, low below 1e150",
                $"({string low}, {string high})"

        GmmError.requireAll [ holds, name, rule, value; features >= 1, "Features", "at least 1", string features ]

    /// Returns the inverse distribution function of the Mahalanobis distance of draws from a Gaussian of D features
    /// that fall in a region. For a share u, 0 ≤ u ≤ 1, it gives the distance below which that share of the draws lies;
    /// for 1 it gives the region's outer radius. It inverts the χ distribution with D degrees of freedom between two
    /// radii, exact to rounding even where P or 1 − P underflows. Error when the region breaks its rule, or when there
    /// is no feature; ArgumentException for any other u.
    let quantile (features: int) (region: Region) : Result<float -> float, GmmError> =
        check features region
        |> Result.map (fun () ->
            let radii =
                match region with
                | Region.Confidence probability -> 0.0, Chi.quantileBetween features (0.0, infinity) probability
                | Region.StdRange(low, high) -> low, high

            let quantile = Chi.quantileBetween features radii

            fun u ->
                if not (u >= 0.0 && u <= 1.0) then
                    invalidArg (nameof u) $"The share u must be between 0 and 1, but is {string u}."

                quantile u)

/// Draws rows from mixtures: first a component k with probability πₖ, then a row from p(x|θₖ) (Bishop, PRML, 2006,
/// §8.1.2).
module Sample =
    /// The defaults: all components, seed 0, all cores.
    let defaults: SampleOptions =
        { Component = None
          Seed = 0
          Execution = Execution.Default }

    /// The number of rows that share a stream of random numbers: enough to make the cost of a stream negligible.
    let private blockRows = 1024

    /// Returns a source that draws rows when they are read; each row follows the number of its component (1 + D
    /// columns).
    let private source seed rows features (components: Random -> int) label (draws: (Random -> float[])[]) : Source =
        let columns = 1 + features

        let read index =
            let random = RandomStream.ofBlock seed index
            let first = index * int64 blockRows
            let count = int (min (int64 blockRows) (int64 rows - first))
            let values = Array.zeroCreate (count * columns)

            for i in 0 .. count - 1 do
                let k = components random
                values[i * columns] <- float (label k)
                Array.blit (draws[k] random) 0 values (i * columns + 1) features

            { FirstRow = first
              Rows = count
              Columns = columns
              Numbers = Numbers.Float64(ReadOnlyMemory values)
              Weights = None }

        { Rows = int64 rows
          Columns = columns
          BlockRows = blockRows
          Read = read }

    /// Checks the options and returns `source` for a mixture of K components of the given features, and noise if it has
    /// one weight more; `draw k` returns a function that draws rows of component k.
    let private sourceOf components features draw (options: SampleOptions) rows (mixture: Mixture<'θ>) =
        let first = if mixture.Components > components then Noise.Label else 0
        let most = Array.MaxLength / (1 + features)
        let chosen = options.Component |> Option.defaultValue 0

        result {
            do!
                GmmError.requireAll
                    [ rows >= 0 && rows <= most, "Sample rows", $"between 0 and {most}", string rows
                      chosen >= first && chosen < components,
                      "Component",
                      $"between {first} and {components - 1}",
                      string chosen
                      options.Execution.Threads >= 1, "Threads", "at least 1", string options.Execution.Threads ]

            let weights = mixture.Weights
            let draws = Array.init mixture.Components draw

            let choose =
                match options.Component with
                | Some Noise.Label -> fun _ -> components
                | Some k -> fun _ -> k
                | None -> fun random -> RandomStream.index random weights

            return source options.Seed rows features choose (Noise.labelOf components) draws
        }

    let private collect (options: SampleOptions) (source: Source) : Sample =
        let rows = Array2D.zeroCreate (int source.Rows) (source.Columns - 1)
        let components = Array.zeroCreate (int source.Rows)

        let copy (block: Block) =
            for i in 0 .. block.Rows - 1 do
                let row = block.Row i
                let n = int block.FirstRow + i
                components[n] <- int row[0]

                for j in 1 .. row.Length - 1 do
                    rows[n, j - 1] <- row[j]

        if source.Rows > 0L then
            source |> Source.reduce options.Execution (fun () () -> ()) copy

        { Rows = rows; Components = components }

    /// Returns the rows without their components, as a source that draws them when they are read; they need no memory.
    let internal rowsOf (family: Family<'θ>) options rows (mixture: Mixture<'θ>) : Result<Source, GmmError> =
        let features = family.Features mixture.Parameters

        sourceOf (Family.components family mixture) features (family.Sample mixture.Parameters) options rows mixture
        |> Result.map (Source.map features _.Select([| 1..features |]))

    /// Draws n rows from a mixture of a family. Error when n is negative, or when there is no such component.
    let ofMixture (family: Family<'θ>) (options: SampleOptions) (n: int) (mixture: Mixture<'θ>) =
        let features, count = family.Features mixture.Parameters, Array2D.length1 (family.Means mixture.Parameters)

        GmmError.requireAll
            [ Family.components family mixture = count,
              "The weights of the mixture",
              $"{count} for {family.Name}, and one more only with noise",
              string mixture.Components ]
        |> Result.bind (fun () -> sourceOf count features (family.Sample mixture.Parameters) options n mixture)
        |> Result.map (collect options)

    /// Draws n rows from a fitted mixture. Errors as `ofMixture`.
    let draw (options: SampleOptions) (n: int) (fit: Fit<'θ>) : Result<Sample, GmmError> =
        ofMixture fit.Model.Family options n fit.Mixture

    /// Draws n rows from a Gaussian mixture, each from the part of its component inside a region: x = μₖ + r·Wₖ⁻¹u. The
    /// direction u is uniform (Muller 1959); the radius r has the χ distribution with D degrees of freedom between the
    /// region's radii, drawn by its inverse distribution function. It rejects no row, so regions of any probability
    /// cost the same. Components keep the weights of the mixture; noise is left out. Errors as `ofMixture`, and when
    /// the region breaks its rule.
    let within
        (region: Region)
        (options: SampleOptions)
        (n: int)
        (mixture: Mixture<Gaussian>)
        : Result<Sample, GmmError> =
        let gaussian = mixture.Parameters
        let features, mixture = gaussian.Features, mixture |> Mixture.clusters gaussian.Components

        result {
            let! radius = Region.quantile features region

            let draw k =
                let place = Gaussian.unwhitened gaussian k

                fun (random: Random) ->
                    let direction = Draw.standardNormals random features
                    let length = sqrt (direction |> Array.sumBy (fun y -> y * y))
                    let stretch = radius (random.NextDouble()) / length
                    place (direction |> Array.map (fun y -> stretch * y))

            let! source = sourceOf gaussian.Components features draw options n mixture
            return collect options source
        }
