namespace Gmm

open System

/// What an E-step keeps of the data: sums over rows, weighted by responsibilities. Merging two parts of the data is `+`.
type Statistics =
    {
        /// Σₙ wₙ, the total sample weight.
        Weight: float
        /// Σₙ wₙ ln p(xₙ); with hard assignment Σₙ wₙ maxₖ ln ρₙₖ.
        LogLikelihood: float
        /// Nₖ = Σₙ wₙrₙₖ (K).
        Counts: float[]
        /// The further sums of the family, each with a layout of its own: for a Gaussian the first moments about the
        /// current means (K×D) and the second (planes).
        Sums: float[][]
    }

    /// The statistics of two parts of the data together.
    static member (+)(a: Statistics, b: Statistics) =
        { Weight = a.Weight + b.Weight
          LogLikelihood = a.LogLikelihood + b.LogLikelihood
          Counts = Array.map2 (+) a.Counts b.Counts
          Sums = Array.map2 (Array.map2 (+)) a.Sums b.Sums }

/// Working with statistics.
module Statistics =
    /// Adds numbers to others in place.
    let internal add (target: float[]) (others: float[]) : unit =
        System.Numerics.Tensors.TensorPrimitives.Add(ReadOnlySpan target, ReadOnlySpan others, Span target)

    /// Adds statistics to others in place, which nobody else may hold yet.
    let internal addTo (target: Statistics) (other: Statistics) : Statistics =
        add target.Counts other.Counts
        Array.iter2 add target.Sums other.Sums

        { target with
            Weight = target.Weight + other.Weight
            LogLikelihood = target.LogLikelihood + other.LogLikelihood }

    /// The first component whose count, with what a prior adds, is no more than the rounding of the total weight: it has no
    /// rows left.
    let internal firstEmpty (counts: float[]) (statistics: Statistics) : int option =
        let nothing = 16.0 * MathNet.Numerics.Precision.DoublePrecision * statistics.Weight
        counts |> Array.tryFindIndex (fun count -> not (count > nothing))

    /// Weight, log-likelihood, counts and sums, one after another.
    let pack (statistics: Statistics) : float[] =
        Array.concat
            [ [| statistics.Weight; statistics.LogLikelihood |]; statistics.Counts; Array.concat statistics.Sums ]

    /// The statistics that `pack` made a vector of; `like` has the same layout.
    let unpack (like: Statistics) (packed: float[]) : Statistics =
        let lengths = like.Counts.Length :: [ for sum in like.Sums -> sum.Length ]
        let starts = List.scan (+) 2 lengths

        let parts =
            List.map2 (fun start length -> Array.sub packed start length) (List.truncate lengths.Length starts) lengths

        { Weight = packed[0]
          LogLikelihood = packed[1]
          Counts = parts.Head
          Sums = Array.ofList parts.Tail }
