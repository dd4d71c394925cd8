/// The kernel of k-means finds the nearest centres, first in float32 and in float64 where float32 can't tell which they
/// are.
module Gmm.Tests.NearestTests

open System
open Expecto
open FSharp.NativeInterop
open Gmm
open Gmm.Tests.KernelTests
open Gmm.Tests.Support

#nowarn "9" // Pointers: the kernel works on buffers.

let private normals (random: Random) length =
    Array.init length (fun _ -> MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0))

let private array2D (centres: float[][]) = Array2D.init centres.Length centres[0].Length (fun k j -> centres[k][j])

let private squaredDistance (row: float[]) (centre: float[]) =
    Array.fold2 (fun sum x m -> sum + (x - m) * (x - m)) 0.0 row centre

/// The number of the nearest centre, the first of equals, by the formula.
let private nearest (centres: float[][]) (row: float[]) =
    let distances = centres |> Array.map (squaredDistance row)
    distances |> Array.findIndex ((=) (Array.min distances))

/// How far the row is from having another nearest centre: the difference of the two least distances as a share of the
/// second.
let private lead (centres: float[][]) row =
    match centres |> Array.map (squaredDistance row) |> Array.sort |> List.ofArray with
    | first :: second :: _ -> (second - first) / second
    | _ -> 1.0

/// How rows are stored.
type private Storage =
    | Float64
    | Float32

let private storages = [ Float64; Float32 ]

/// The numbers as they are stored.
let private stored storage (rows: float[][]) =
    match storage with
    | Float64 -> rows
    | Float32 -> rows |> Array.map (Array.map (float32 >> float))

/// Fails unless an E-step at each width and number of threads gives the statistics that the formula gives. Each row has
/// a weight of its own, so that the sums show every wrong winner.
let private sameAsFormula storage what (rows: float[][]) (centres: float[][]) =
    let rows = stored storage rows
    let weights = Array.init rows.Length (fun n -> 1.0 + float (n * n % 1009) / 7.0)

    let source =
        match storage with
        | Float64 -> Source.ofRows rows
        | Float32 -> rows |> Array.map (Array.map float32) |> Source.ofFloat32Rows
        |> Result.bind (Source.weighted weights)
        |> ok

    let winners = rows |> Array.map (nearest centres)

    let counts =
        Array.init centres.Length (fun k ->
            Seq.zip winners weights |> Seq.sumBy (fun (winner, weight) -> if winner = k then weight else 0.0))

    let inertia = Seq.zip3 rows winners weights |> Seq.sumBy (fun (row, k, w) -> w * squaredDistance row centres[k])

    let statistics width threads =
        let model =
            { KMeans.model
                  { Execution.Default with
                      Threads = threads } with
                Backend = Kernel.backendOf width }

        EM.eStep model source (Lloyd.mixture (array2D centres))

    let first = statistics widths.Head 1
    let what = $"{what}, {storage}"
    relativelyNear 1e-12 $"{what}: counts" counts first.Counts
    relativelyNear 1e-12 $"{what}: objective" [| -0.5 * inertia |] [| first.LogLikelihood |]

    for width in widths do
        for threads in [ 1; 3 ] do
            Assert.Equal<int64[]>(bits (Statistics.pack first), bits (Statistics.pack (statistics width threads)))

/// Whether float32 tells the nearest centres of at most 128 rows; then it tells them rightly.
let private isTold storage (rows: float[][]) (centres: float[][]) =
    let features = centres[0].Length
    let coarse, panel = CoarseDistances.create 8, PanelState()
    let rows = stored storage rows
    let numbers = Array.concat rows
    let singles = numbers |> Array.map float32

    let block: Block =
        { FirstRow = 0L
          Rows = rows.Length
          Columns = features
          Numbers =
            match storage with
            | Float64 -> Numbers.Float64(ReadOnlyMemory numbers)
            | Float32 -> Numbers.Float32(ReadOnlyMemory singles)
          Weights = None }

    panel.Take(block, 0)
    use pinned = block.Numbers.Pin()
    coarse.Prepare(ReadOnlySpan(Array.concat centres), centres.Length, features, storage.IsFloat32)
    let isTold = coarse.Win(NativePtr.toNativeInt (NativePtr.ofVoidPtr<byte> pinned.Pointer), features, panel)

    if isTold then
        let winners = Array.init rows.Length (fun n -> int (NativePtr.get panel.Winners.Address n))
        Assert.Equal<int[]>(rows |> Array.map (nearest centres), winners)

    isTold

/// Rows around centres.
let private clusters features components count (random: Random) =
    let centres = Array.init components (fun _ -> normals random features)

    let rows =
        Array.init count (fun n ->
            Array.map2 (fun m e -> m + 0.3 * e) centres[n % components] (normals random features))

    rows, centres

let private shapes = [ 1, 5; 2, 1; 2, 2; 3, 17; 4, 9; 7, 4; 8, 8; 10, 33; 16, 16; 33, 5; 64, 64 ]

/// Changes of all numbers that leave the nearest centres where they are, and whether float32 then tells these.
let private maps (storage: Storage) =
    [ "as they are", id, true
      "far from 0", (fun x -> 1e6 + x), storage.IsFloat64 // where numbers of float32 lie 1/16 apart
      match storage with
      | Float64 ->
          "tiny", (fun x -> 1e-140 * x), true
          "so tiny that squares are 0", (fun x -> 1e-170 * x), false
          "huge", (fun x -> 1e140 * x), true
      | Float32 ->
          "tiny", (fun x -> 1e-15 * x), true
          "so tiny that s is too large", (fun x -> 1e-20 * x), false
          "below the normal numbers", (fun x -> 1e-42 * x), false
          "huge", (fun x -> 1e15 * x), true
          "so huge that s is too small", (fun x -> 1e20 * x), false
          "near the largest number", (fun x -> 5e37 * x), false ]

[<Tests>]
let nearestTests =
    testList
        "Kernel: nearest centres"
        [ for storage in storages do
              testCase $"of rows around centres, {storage}" (fun () ->
                  for features, components in shapes do
                      let rows, centres = clusters features components 700 (Random 5)

                      for name, map, _ in
                          maps storage |> List.filter (fun (name, _, _) -> name <> "so tiny that squares are 0") do
                          sameAsFormula
                              storage
                              $"{features} features, {components} centres, {name}"
                              (rows |> Array.map (Array.map map))
                              (centres |> Array.map (Array.map map)))

              testCase $"the first of equals, {storage}" (fun () ->
                  // Whole numbers, whose distances are exact, many of them equal.
                  for features, components in shapes do
                      let random = Random 6
                      let whole length = Array.init length (fun _ -> float (random.Next 3))
                      let rows = Array.init 500 (fun _ -> whole features)

                      sameAsFormula
                          storage
                          $"{features} features"
                          rows
                          (Array.init components (fun _ -> whole features)))

              testCase $"of rows near the middle between two centres, {storage}" (fun () ->
                  for features, components in shapes |> List.filter (fun (_, components) -> components > 1) do
                      let random = Random 7
                      let centres = Array.init components (fun _ -> normals random features)

                      let rows =
                          Array.init 900 (fun n ->
                              let a, b = centres[n % components], centres[(n + 1) % components]
                              let share = 0.5 + 10.0 ** (-1.0 - float (n % 8)) * float (n % 2 * 2 - 1)
                              Array.map2 (fun a b -> a + share * (b - a)) a b)
                          |> stored storage
                          // The formula can tell these.
                          |> Array.filter (fun row -> lead centres row > 1e-12)

                      sameAsFormula storage $"{features} features, {components} centres" rows centres)

              testCase $"with one far centre, one far row, and equal centres, {storage}" (fun () ->
                  for features, components in shapes do
                      let rows, centres = clusters features components 600 (Random 8)
                      let far = Array.create features 1e12
                      let name = $"{features} features, {components} centres"
                      sameAsFormula storage $"{name}, far centre" rows (Array.append centres [| far |])
                      sameAsFormula storage $"{name}, far row" (Array.append [| far |] rows) centres

                      sameAsFormula
                          storage
                          $"{name}, both"
                          (Array.append [| far |] rows)
                          (Array.append [| far |] centres)

                      sameAsFormula storage $"{name}, equal" rows (Array.append centres centres))

              testCase $"float32 tells those of rows around centres, {storage}" (fun () ->
                  for features, components in shapes do
                      let rows, centres = clusters features components 128 (Random 9)
                      let rows = rows |> Array.filter (fun row -> lead centres row > 0.01)

                      for name, map, isTellable in maps storage do
                          let isTold =
                              isTold storage (rows |> Array.map (Array.map map)) (centres |> Array.map (Array.map map))

                          let isExpected = isTellable && components > 1 && features >= 4

                          // Rows of float32 far from 0 are rounded, and some still lie clearly nearer to one centre.
                          if storage.IsFloat64 || name <> "far from 0" then
                              Assert.True((isTold = isExpected), $"{features} features, {components} centres, {name}"))

              testCase $"float32 never tells that one of two equals is the nearest, {storage}" (fun () ->
                  for features in [ 4; 9; 40 ] do
                      let centres = [| Array.create features 1.0; Array.create features -1.0 |]
                      Assert.False(isTold storage [| Array.zeroCreate features |] centres)
                      Assert.False(isTold storage [| Array.create features 0.5 |] (Array.append centres centres)))

              // A padding row of zeros would lie in the middle between the centres.
              testCase $"the rows that fill up a panel don't keep float32 from telling, {storage}" (fun () ->
                  for features in [ 4; 9; 40 ] do
                      let centres = [| Array.create features 1.0; Array.create features -1.0 |]

                      for rows in [ 1; 5; 8; 13; 127 ] do
                          Assert.True(
                              isTold storage (Array.init rows (fun n -> centres[n % 2])) centres,
                              $"{rows} rows"
                          ))

              testProperty $"float32 is right where it tells, {storage}" (fun seed digits ->
                  let random = Random(seed: int)
                  let features, components = random.Next(4, 40), random.Next(2, 20)
                  let centres = Array.init components (fun _ -> normals random features)
                  let spread = 10.0 ** -float(abs (digits % 8))

                  // Rows at some distance from the middle between two centres: in float32 some are certain, some
                  // aren't.
                  let rows =
                      Array.init 128 (fun n ->
                          let a, b = centres[random.Next components], centres[random.Next components]
                          Array.map2 (fun a b -> 0.5 * (a + b) + spread * (random.NextDouble() - 0.5) * (b - a)) a b)
                      |> stored storage
                      |> Array.filter (fun row -> lead centres row > 1e-12)

                  for row in rows do
                      isTold storage [| row |] centres |> ignore)

          testCase "of rows that are too far for a squared distance" (fun () ->
              let rows = [| [| 1e200; -1e200 |]; [| 1.0; 2.0 |]; [| 3.0; 4.0 |] |]
              let model = KMeans.model oneThread
              let statistics = EM.eStep model (sourceOf rows) (Lloyd.mixture (array2D [| rows[1]; rows[2] |]))
              Assert.Equal<float[]>([| 2.0; 1.0 |], statistics.Counts)
              Assert.Equal(Double.NegativeInfinity, statistics.LogLikelihood))

          testProperty "rows of float32 give the bits that the same numbers give as float64" (fun seed ->
              let random = Random(seed: int)
              let features, components = random.Next(1, 40), random.Next(1, 20)
              let rows, centres = clusters features components (random.Next(1, 600)) random
              let rows = stored Float32 rows

              let statistics source =
                  EM.eStep (KMeans.model oneThread) source (Lloyd.mixture (array2D centres)) |> Statistics.pack |> bits

              Assert.Equal<int64[]>(
                  statistics (sourceOf rows),
                  rows |> Array.map (Array.map float32) |> Source.ofFloat32Rows |> ok |> statistics
              ))

          testCase "blocks of float32 and float64 may take turns" (fun () ->
              for features in [ 3; 7; 16 ] do
                  let rows, centres = clusters features 5 900 (Random 11)
                  let rows = stored Float32 rows
                  let float64 = { sourceOf rows with BlockRows = 150 }

                  let block index single : Block =
                      let numbers = Array.concat rows[150 * index .. 150 * index + 149]

                      { FirstRow = 150L * int64 index
                        Rows = 150
                        Columns = features
                        Numbers =
                          (if single then
                               Numbers.Float32(ReadOnlyMemory(Array.map float32 numbers))
                           else
                               Numbers.Float64(ReadOnlyMemory numbers))
                        Weights = None }

                  let source isSingle =
                      { float64 with
                          Read = fun index -> block (int index) (isSingle index) }

                  let statistics source =
                      EM.eStep (KMeans.model oneThread) source (Lloyd.mixture (array2D centres))
                      |> Statistics.pack
                      |> bits

                  Assert.Equal<int64[]>(
                      statistics (source (fun _ -> false)),
                      statistics (source (fun index -> index % 2L = 0L))
                  )) ]
