namespace Gmm

open System
open System.Collections.Generic
open MathNet.Numerics.Random

/// Reproducible random numbers: a seed gives the same stream on every machine.
module RandomStream =
    /// Returns the stream of a seed (xoshiro256**, Blackman and Vigna 2018). Threads must not share a stream.
    let ofSeed (seed: int) : Random = Xoshiro256StarStar(seed, false)

    /// Returns the stream of a row under a seed; each row has its own, so threads can process rows in any order.
    let ofRow (seed: int) (row: int64) : Random =
        let mixed = uint64 seed * 0x9E3779B97F4A7C15UL ^^^ uint64 row * 0xD1B54A32D192ED03UL
        ofSeed (int (mixed ^^^ (mixed >>> 32)))

    /// Returns the random number of a row under a seed, different for every row (SplitMix64; Steele, Lea and Flood
    /// 2014).
    let internal key (seed: int64) (row: int64) : uint64 =
        let z = uint64 seed + uint64 row * 0x9E3779B97F4A7C15UL
        let z = (z ^^^ (z >>> 30)) * 0xBF58476D1CE4E5B9UL
        let z = (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
        z ^^^ (z >>> 31)

    /// Returns the stream of a block of rows under a seed; no two blocks share one, so threads can draw blocks in any
    /// order.
    let ofBlock (seed: int) (block: int64) : Random =
        let mixed = uint32 seed * 0x85EBCA6Bu + uint32 block * 0x9E3779B9u
        ofSeed (int (mixed ^^^ 0xC2B2AE35u))

    /// Draws an index with probability proportional to its weight. The weights must be ≥ 0 with a sum > 0.
    let index (random: Random) (weights: float[]) =
        let target = random.NextDouble() * Array.sum weights
        let mutable passed = 0.0

        let found =
            weights
            |> Array.tryFindIndex (fun weight ->
                passed <- passed + weight
                passed > target)
        // Rounding can put the target past the sum; then the last index with a positive weight is the one.
        found |> Option.defaultWith (fun () -> Array.findIndexBack (fun weight -> weight > 0.0) weights)

    /// Returns the elements in random order, and draws each one only when the sequence reaches it (Fisher and Yates).
    let shuffle (random: Random) (elements: 'T[]) : seq<'T> =
        seq {
            let elements = Array.copy elements

            for i in 0 .. elements.Length - 1 do
                let j = random.Next(i, elements.Length)
                let drawn = elements[j]
                elements[j] <- elements[i]
                elements[i] <- drawn
                drawn
        }

    /// Draws `count` distinct numbers from 0 to `length` − 1; every such set is equally likely (Floyd's algorithm,
    /// Bentley 1987).
    let distinct (random: Random) (count: int) (length: int64) : int64[] =
        let chosen = HashSet<int64>()

        [| for last in length - int64 count .. length - 1L do
               let drawn = random.NextInt64(0L, last + 1L)
               let next = if chosen.Contains drawn then last else drawn
               chosen.Add next |> ignore
               next |]
