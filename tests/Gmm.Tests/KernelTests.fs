/// The kernels equal the textbook, whatever the family, and have the same bits at every width of vectors.
module Gmm.Tests.KernelTests

open System
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support
open Xunit

let private widths = [ Width.Bits512; Width.Bits256; Width.Bits128 ]

// ── Cases ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Sizes and circumstances of a block and a mixture; the numbers come from the seed.
type KernelCase =
    {
        Components: int
        Features: int
        /// Rows of the block, 0 among them.
        Rows: int
        /// Whether rows have weights, some of them 0.
        IsWeighted: bool
        /// How many standard deviations the data lie from 0.
        Offset: float
        /// Features differ in scale by this factor, from the first to the last.
        Scales: float
        Seed: int
    }

let private simplest (case: KernelCase) =
    seq {
        { case with Offset = 0.0 }
        { case with Scales = 1.0 }
        { case with IsWeighted = false }

        for fewer in [ 1; case.Components / 2; case.Components - 1 ] do
            { case with Components = max 1 fewer }

        for fewer in [ 1; case.Features / 2; case.Features - 1 ] do
            { case with Features = max 1 fewer }

        for fewer in [ 0; 1; case.Rows / 2; case.Rows - 1 ] do
            { case with Rows = max 0 fewer }
    }
    |> Seq.filter (fun smaller -> smaller <> case)

let private cases: Arbitrary<KernelCase> =
    let draw size (random: Random) =
        let upTo most = 1 + random.Next(1 + most * size / 100) |> min most

        { Components = upTo 40
          Features = upTo 33
          Rows = (if random.Next 8 = 0 then random.Next 3 else random.Next 258)
          IsWeighted = random.Next 2 = 0
          Offset = [| 0.0; 0.0; 1e3; 1e6 |][random.Next 4]
          Scales = [| 1.0; 1.0; 1e6; 1e-6 |][random.Next 4]
          Seed = random.Next 1000000 }

    Arb.fromGenShrink (drawing draw, simplest)

/// Rows as a block, with the case's weights.
let private blockOf (case: KernelCase) (rows: float[][]) random =
    let weights = drawSampleWeights rows.Length random

    { FirstRow = 0L
      Rows = rows.Length
      Columns = case.Features
      Values = ReadOnlyMemory(Array.concat rows)
      Weights = if case.IsWeighted then Some(ReadOnlyMemory weights) else None }

/// A mixture of a structure, rescaled and moved, and a block of rows drawn from it.
let private gaussianCase structure (case: KernelCase) =
    let random = Random case.Seed
    let origin = drawMixture structure case.Components case.Features 1e2 random
    let drawn = drawRows case.Rows origin random
    let scale j = if Structure.shape structure = Shape.Spherical then case.Scales else Math.Pow(case.Scales, float j / float case.Features)
    let moved = Array.mapi (fun j x -> scale j * (x + case.Offset))

    let mixture =
        mixtureOf
            structure
            origin.Weights
            (array2D (origin.Means |> Array.map moved))
            (MixtureCase.TensorOf(
                structure,
                case.Components,
                origin.Covariances |> Array.map (Array2D.mapi (fun i j x -> x * scale i * scale j))
            ))

    mixture, blockOf case (drawn |> Array.map moved) random

// ── Comparison ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Why two statistics of a block differ by more than rounding: than `rounding` of the sum of the magnitudes of what the rows
/// add. `ofRow` are the textbook's statistics of every row alone.
let private difference (ofRow: Statistics[]) (expected: Statistics) (actual: Statistics) =
    let magnitude (number: Statistics -> float) = ofRow |> Array.sumBy (number >> abs)

    let differs what i (number: Statistics -> float) extra =
        // Products of subnormal numbers have no relative precision.
        let scale = magnitude number + extra + 1e-290
        let a, b = number expected, number actual

        if a = b || abs (a - b) <= Tolerance.rounding * scale then
            None
        else
            Some $"{what} {i}: {b:R} instead of {a:R}, magnitude {scale:R}"

    seq {
        differs "weight" 0 _.Weight 0.0
        differs "log-likelihood" 0 _.LogLikelihood (1000.0 * magnitude _.Weight)

        for k in 0 .. expected.Counts.Length - 1 do
            differs "count" k _.Counts[k] 0.0

        for s in 0 .. expected.Sums.Length - 1 do
            for i in 0 .. expected.Sums[s].Length - 1 do
                differs $"sum {s}" i _.Sums[s].[i] 0.0
    }
    |> Seq.tryPick id

/// Whether the kernels of every width have the statistics of the textbook, and the same bits as each other.
let private isTextbook (family: Family<'θ>) assignment (mixture: Mixture<'θ>) (block: Block) =
    let textbook = (Backend.textbook Reference.engine family).Expect assignment mixture
    let expected = textbook [ block ]
    let ofRow = Array.init block.Rows (fun i -> textbook [ block.Slice(i, 1) ])
    let found = widths |> List.map (fun width -> (Kernel.backendOf width family).Expect assignment mixture [ block ])

    match difference ofRow expected found.Head with
    | Some text -> failwith text
    | None ->
        for other in found.Tail do
            Assert.Equal<int64[]>(bits (Statistics.pack found.Head), bits (Statistics.pack other))

        true

let private assignments = [ "soft", Soft; "hard", Hard ] |> Map.ofList

let gaussianModels =
    TheoryData<string, string>([ for structure in Structure.all do
                                     for assignment in [ "soft"; "hard" ] do
                                         struct (Structure.name structure, assignment) ])

[<Theory; MemberData(nameof gaussianModels)>]
let ``the kernels have the textbook's statistics`` (structure: string) (assignment: string) =
    let structure = Structure.parse structure |> ok

    forAll 60 cases (fun case ->
        let mixture, block = gaussianCase structure case
        isTextbook Gaussian.family assignments[assignment] mixture block)
