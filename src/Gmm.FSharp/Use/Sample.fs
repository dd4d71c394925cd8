namespace Gmm

open System

/// Rows drawn from a mixture.
[<NoEquality; NoComparison>]
type Sample =
    {
        /// The rows (n×D).
        Rows: float[,]
        /// The component that each row comes from (n).
        Components: int[]
    }

/// How to draw from a mixture; start from `Sample.defaults`.
[<NoEquality; NoComparison>]
type SampleOptions =
    {
        /// The only component to draw from, if not all of them.
        Component: int option
        /// The seed: the same rows for the same seed, and the first of more rows.
        Seed: int
        /// Threads and cancellation; neither changes a row.
        Execution: Execution
    }

/// Which rows of a Gaussian component are drawn, by their Mahalanobis distance from its mean.
[<RequireQualifiedAccess>]
type Region =
    /// Those inside the ellipsoid that holds this probability of the component, above 0 and at most 1.
    | Confidence of probability: float
    /// Those at a distance from low to high, 0 ≤ low < high ≤ ∞: between two ellipsoids.
    | StdRange of low: float * high: float

/// Working with regions.
module Region =
    let private check features region =
        let isProbability probability = probability > 0.0 && probability <= 1.0
        let isRange low high = low >= 0.0 && low < high && low < 1e150

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

    /// The inverse distribution function of the Mahalanobis distance, given that a draw from a Gaussian of D features is
    /// inside a region: the distance below which a share u of such draws lies, 0 ≤ u ≤ 1; at 1 the region's outer radius.
    /// It is that of the χ distribution of D degrees of freedom between two radii, to rounding even where P or 1 − P
    /// underflows. Error when the region breaks its rule or there is no feature; ArgumentException for another u.
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

/// Drawing rows from mixtures: a component k with probability πₖ, then a row from p(x|θₖ) (Bishop, PRML, 2006, §8.1.2).
module Sample =
    /// From all components, seed 0, all cores.
    let defaults: SampleOptions =
        { Component = None
          Seed = 0
          Execution = Execution.Default }

    /// Rows that share a stream of random numbers: enough for streams to cost little beside them.
    let private blockRows = 1024

    /// Rows that are drawn when they are read, each behind the number of its component (1 + D columns).
    let private source seed rows features (components: Random -> int) (draws: (Random -> float[])[]) : Source =
        let columns = 1 + features

        let read index =
            let random = RandomStream.ofBlock seed index
            let first = index * int64 blockRows
            let count = int (min (int64 blockRows) (int64 rows - first))
            let values = Array.zeroCreate (count * columns)

            for i in 0 .. count - 1 do
                let k = components random
                values[i * columns] <- float k
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

    /// `source` of a mixture of so many features, after checks; `draw` makes rows of a component.
    let private sourceOf features draw (options: SampleOptions) rows (mixture: Mixture<'θ>) =
        let last = mixture.Components - 1
        let most = Array.MaxLength / (1 + features)
        let chosen = options.Component |> Option.defaultValue 0

        result {
            do!
                GmmError.requireAll
                    [ rows >= 0 && rows <= most, "Sample rows", $"between 0 and {most}", string rows
                      chosen >= 0 && chosen <= last, "Component", $"between 0 and {last}", string chosen
                      options.Execution.Threads >= 1, "Threads", "at least 1", string options.Execution.Threads ]

            let weights = mixture.Weights
            let draws = Array.init mixture.Components draw

            let components =
                match options.Component with
                | Some k -> fun _ -> k
                | None -> fun random -> RandomStream.index random weights

            return source options.Seed rows features components draws
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

    /// The rows alone, as a source that draws them when they are read: they need no memory.
    let internal rowsOf (family: Family<'θ>) options rows (mixture: Mixture<'θ>) : Result<Source, GmmError> =
        let features = family.Features mixture.Parameters

        sourceOf features (family.Sample mixture.Parameters) options rows mixture
        |> Result.map (Source.map features _.Select([| 1..features |]))

    /// n rows drawn from a mixture of a family. Error when n is negative, or there is no such component.
    let ofMixture (family: Family<'θ>) (options: SampleOptions) (n: int) (mixture: Mixture<'θ>) =
        let features = family.Features mixture.Parameters

        sourceOf features (family.Sample mixture.Parameters) options n mixture |> Result.map (collect options)

    /// n rows drawn from a fitted mixture. Errors as `ofMixture`.
    let draw (options: SampleOptions) (n: int) (fit: Fit<'θ>) : Result<Sample, GmmError> =
        ofMixture fit.Model.Family options n fit.Mixture

    /// n rows drawn from a Gaussian mixture, each as its component is inside a region: x = μₖ + r·Wₖ⁻¹u with a radius r from
    /// the χ distribution of D degrees of freedom between the region's radii, by its inverse distribution function, and a
    /// uniform direction u (Muller 1959). No row is ever rejected, so that regions of any probability cost the same.
    /// Components have the weights of the mixture. Errors as `ofMixture`, and that of a region that breaks its rule.
    let within
        (region: Region)
        (options: SampleOptions)
        (n: int)
        (mixture: Mixture<Gaussian>)
        : Result<Sample, GmmError> =
        let gaussian = mixture.Parameters
        let features = gaussian.Features

        result {
            let! radius = Region.quantile features region

            let draw k =
                let place = Gaussian.unwhitened gaussian k

                fun (random: Random) ->
                    let direction = Gaussian.standardNormal random features
                    let length = sqrt (direction |> Array.sumBy (fun y -> y * y))
                    let stretch = radius (random.NextDouble()) / length
                    place (direction |> Array.map (fun y -> stretch * y))

            let! source = sourceOf features draw options n mixture
            return collect options source
        }
