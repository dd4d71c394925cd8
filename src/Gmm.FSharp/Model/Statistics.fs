namespace Gmm

open System

/// The result of an E-step: sums over rows, weighted by responsibilities, under ONE mixture. `+` merges the statistics
/// of two parts of the data under the same mixture. Moments are taken about the mixture's means. To add statistics
/// under two mixtures, first use `Family.Recentre` to move the moments of one to the means of the other.
/// `Statistics.scale` multiplies all sums.
type Statistics =
    {
        /// Σₙ wₙ, the total sample weight.
        Weight: float
        /// Σₙ wₙ ln p(xₙ); with hard assignment Σₙ wₙ maxₖ ln ρₙₖ.
        LogLikelihood: float
        /// Nₖ = Σₙ wₙrₙₖ (K).
        Counts: float[]
        /// The other sums of the family, each with its own layout: for a Gaussian the first moments about the current
        /// means (K×D) and the second moments (planes).
        Sums: float[][]
    }

    /// Merges the statistics of two parts of the data under the same mixture.
    static member (+)(a: Statistics, b: Statistics) =
        { Weight = a.Weight + b.Weight
          LogLikelihood = a.LogLikelihood + b.LogLikelihood
          Counts = Array.map2 (+) a.Counts b.Counts
          Sums = Array.map2 (Array.map2 (+)) a.Sums b.Sums }

/// Functions on statistics.
module Statistics =
    /// Returns the statistics of no rows: all sums are 0, with the given lengths.
    let zero components (lengths: int[]) : Statistics =
        { Weight = 0.0
          LogLikelihood = 0.0
          Counts = Array.zeroCreate components
          Sums = lengths |> Array.map Array.zeroCreate }

    /// Returns the statistics of the same rows when each row counts `factor` times.
    let scale (factor: float) (statistics: Statistics) : Statistics =
        let times = Array.map (fun sum -> factor * sum)

        { Weight = factor * statistics.Weight
          LogLikelihood = factor * statistics.LogLikelihood
          Counts = times statistics.Counts
          Sums = Array.map times statistics.Sums }

    /// Moves first moments Σₙ rₙₖ(xₙ−μₖ) (K×D) to other points μₖ + δₖ: subtracts Nₖδₖ from each.
    let internal moveFirst (counts: float[]) (shifts: float[]) (first: float[]) : float[] =
        let features = first.Length / counts.Length
        Array.mapi2 (fun i sum shift -> sum - counts[i / features] * shift) first shifts

    /// Adds numbers to others in place.
    let internal add (target: float[]) (others: float[]) : unit =
        System.Numerics.Tensors.TensorPrimitives.Add(ReadOnlySpan target, ReadOnlySpan others, Span target)

    /// Adds statistics to others in place. The caller must own the target.
    let internal addTo (target: Statistics) (other: Statistics) : Statistics =
        add target.Counts other.Counts
        Array.iter2 add target.Sums other.Sums

        { target with
            Weight = target.Weight + other.Weight
            LogLikelihood = target.LogLikelihood + other.LogLikelihood }

    /// Returns the first component that has no rows left: its count, including what a prior adds, is no larger than the
    /// rounding error of the total weight.
    let firstEmpty (counts: float[]) (statistics: Statistics) : int option =
        let nothing = 16.0 * MathNet.Numerics.Precision.DoublePrecision * statistics.Weight
        counts |> Array.tryFindIndex (fun count -> not (count > nothing))

    /// Returns weight, log-likelihood, counts and sums as one vector, in this order.
    let pack (statistics: Statistics) : float[] =
        Array.concat
            [ [| statistics.Weight; statistics.LogLikelihood |]; statistics.Counts; Array.concat statistics.Sums ]

    /// Undoes `pack`; `like` has the layout of the result.
    let unpack (like: Statistics) (packed: float[]) : Statistics =
        let lengths = like.Counts.Length :: [ for sum in like.Sums -> sum.Length ]
        let starts = List.scan (+) 2 lengths

        let parts =
            List.map2 (fun start length -> Array.sub packed start length) (List.truncate lengths.Length starts) lengths

        { Weight = packed[0]
          LogLikelihood = packed[1]
          Counts = parts.Head
          Sums = Array.ofList parts.Tail }
