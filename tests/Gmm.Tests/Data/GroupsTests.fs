/// Rows in groups: the bits of the same rows in memory, groups that are decoded once, and memory that has a limit.
module Gmm.Tests.GroupsTests

open System
open System.Collections.Concurrent
open System.Threading
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// Groups of rows, the memory for them and the threads that read them.
type private Case =
    { Columns: int
      Rows: int64[]
      Memory: int64
      IsSingle: bool
      Threads: int }

    member case.Total = int (Array.sum case.Rows)
    member case.Bytes = int64 (case.Total * case.Columns) * (if case.IsSingle then 4L else 8L)

let private length (random: Random) =
    match random.Next 5 with
    | 0 -> 0L
    | 1 -> 1L
    | 2 -> int64 (random.Next 100)
    | 3 -> int64 (random.Next 3000)
    | _ -> int64 (random.Next 20_000)

let private case: Arbitrary<Case> =
    let draw _ (random: Random) =
        let columns = 1 + random.Next 40
        let rows = Array.init (1 + random.Next 12) (fun _ -> length random)
        let rows = Array.append rows [| 3L |]

        { Columns = columns
          Rows = rows
          Memory =
            if random.Next 3 = 0 then
                0L
            else
                random.NextInt64(9L * int64 columns * Array.sum rows)
          IsSingle = random.Next 3 = 0
          Threads = 1 + random.Next 4 }

    let shrink (case: Case) =
        [ for g in 0 .. case.Rows.Length - 2 do
              { case with
                  Rows = Array.removeAt g case.Rows }
          if case.Threads > 1 then
              { case with Threads = 1 }
          if case.Columns > 1 then
              { case with Columns = 1 } ]
        |> Seq.ofList

    Arb.fromGenShrink (drawing draw, shrink)

let private number i = sin (float i) + float (i % 3)

let private numbers (case: Case) first count =
    if case.IsSingle then
        Array.init count (fun i -> float32 (number (first + i))) |> ReadOnlyMemory |> Numbers.Float32
    else
        Array.init count (fun i -> number (first + i)) |> ReadOnlyMemory |> Numbers.Float64

let private decoded (case: Case) (group: int) =
    let first = Array.sum case.Rows[.. group - 1]
    numbers case (int first * case.Columns) (int case.Rows[group] * case.Columns)

let private inMemory (case: Case) =
    match numbers case 0 (case.Total * case.Columns) with
    | Numbers.Float64 values -> Source.ofMemory case.Columns values |> ok
    | Numbers.Float32 values -> Source.ofFloat32Memory case.Columns values |> ok

/// The source of a case, and how often each group was decoded.
let private grouped (case: Case) =
    let counts = Array.zeroCreate<int> case.Rows.Length

    let read group =
        Interlocked.Increment(&counts[group]) |> ignore
        decoded case group

    Source.ofGroups case.Memory case.Columns case.Rows read |> ok, counts

let private onThreads threads =
    { Execution.Default with
        Threads = threads }

/// All numbers of a source, read by some threads.
let private values threads (source: Source) = source |> Source.collect (onThreads threads) _.Values.ToArray() |> bits

let private message (work: unit -> 'T) =
    try
        work () |> ignore
        failwith "Expected an exception."
    with :? GmmException as trouble ->
        trouble.Message

let private twoGroups memory read = Source.ofGroups memory 2 [| 1000L; 0L; 2000L |] read |> ok

let private zeros count = Numbers.Float64(ReadOnlyMemory(Array.zeroCreate count))

[<Tests>]
let ``the same bits`` =
    testList
        "Groups: the same bits"
        [ testForAll 150 "rows in groups have the numbers and the blocks of rows in memory" case (fun case ->
              let source, _ = grouped case
              let memory = inMemory case

              (source.Rows, source.Columns, source.BlockRows) = (memory.Rows, memory.Columns, memory.BlockRows)
              && values case.Threads source = values 1 memory)
          testForAll 25 "a fit of rows in groups has the bits of a fit in memory" case (fun case ->
              let options =
                  { Gmm.defaults with
                      Components = 2
                      Start = Start.KPlusPlus
                      MaxIterations = 3
                      Family.Structure = Diag
                      Family.RegCovar = Absolute 1e-3
                      Execution = onThreads case.Threads }

              let source, memory = fst (grouped case), inMemory case

              match Gmm.fit options source, Gmm.fit options memory with
              | Ok a, Ok b ->
                  Persist.toState a = Persist.toState b
                  && bits (Predict.logDensities a source |> ok) = bits (Predict.logDensities b memory |> ok)
              | Error a, Error b -> a = b
              | Ok _, Error _
              | Error _, Ok _ -> false) ]

[<Tests>]
let ``how often groups are decoded`` =
    testList
        "Groups: decoding"
        [ testForAll 60 "with enough memory every group is decoded at most once" case (fun case ->
              let source, counts = grouped { case with Memory = case.Bytes }

              for _ in 1..3 do
                  values case.Threads source |> ignore

              counts |> Array.forall (fun count -> count <= 1))
          testForAll 60 "the groups that are kept are never larger than the memory" case (fun case ->
              let groups = Groups(case.Memory, case.Columns, case.Rows, decoded case)
              let violations = ref 0

              (onThreads case.Threads)
                  .ForEach(
                      3 * case.Rows.Length,
                      fun i ->
                          groups[i % case.Rows.Length] |> ignore
                          let kept = groups.Kept

                          if kept < 0L || kept > case.Memory then
                              System.Threading.Interlocked.Increment &violations.contents |> ignore
                  )

              violations.Value = 0)
          testCase "memory for half of the groups saves half of the decoding" (fun () ->
              let case =
                  { Columns = 1
                    Rows = Array.create 10 8192L
                    Memory = 5L * 8192L * 8L
                    IsSingle = false
                    Threads = 1 }

              let source, counts = grouped case

              for _ in 1..4 do
                  values 1 source |> ignore
                  GC.Collect()
                  GC.WaitForPendingFinalizers()

              // A group that is not kept may stay until it is collected.
              Assert.Equal<int[]>(Array.create 5 1, counts[..4])
              Assert.True(counts[5..] |> Array.forall (fun count -> 1 < count && count <= 4)))
          testCase "a group without room is decoded once while a block of it is in use" (fun () ->
              let case =
                  { Columns = 2
                    Rows = [| 20_000L; 20_000L |]
                    Memory = 0L
                    IsSingle = false
                    Threads = 1 }

              let source, counts = grouped case
              let block = source.Read 0L

              for _ in 1..3 do
                  GC.Collect()
                  source.Read 1L |> ignore

              Assert.Equal(1, counts[0])
              GC.KeepAlive block)
          testCase "a block within a group is a slice of it" (fun () ->
              let group = Array.init 20_000 float
              let read _ = Numbers.Float64(ReadOnlyMemory group)
              let source = Source.ofGroups 0L 1 [| 20_000L |] read |> ok

              match (source.Read 1L).Numbers with
              | Numbers.Float64 values ->
                  group[source.BlockRows] <- -1.0
                  Assert.Equal(-1.0, values.Span[0])
              | Numbers.Float32 _ -> failwith "float32")
          testCase "threads that need one group decode it once, and other groups meanwhile" (fun () ->
              // Group 0 ends only after group 1 was decoded; a lock around both would never end.
              let calls = ConcurrentQueue<int>()
              use isSecondDone = new ManualResetEventSlim()

              let read group =
                  calls.Enqueue group

                  if group = 0 then
                      isSecondDone.Wait()

                  zeros 16_384

              let source = Source.ofGroups Int64.MaxValue 1 [| 16_384L; 16_384L |] read |> ok
              let first = Array.init 3 (fun _ -> Thread(fun () -> source.Read 0L |> ignore))
              first |> Array.iter _.Start()
              source.Read 2L |> ignore
              isSecondDone.Set()
              first |> Array.iter _.Join()
              Assert.Equal<int[]>([| 0; 1 |], Array.sort (calls.ToArray()))) ]

[<Tests>]
let ``what can be wrong`` =
    testList
        "Groups: errors"
        [ testCase "a group of another length is an error that names it, every time" (fun () ->
              let source = twoGroups 1_000_000L (fun group -> zeros (if group = 2 then 3999 else 2000))

              for _ in 1..2 do
                  Assert.Equal(
                      "The data must have 2000 rows of 2 numbers in group 2 (counting from 0), but there are 3999 numbers.",
                      message (fun () -> values 1 source)
                  )

              let fit =
                  Gmm.fit
                      { Gmm.defaults with
                          Execution = onThreads 2 }
                      source

              Assert.Contains("group 2", (error fit).Message))
          testCase "a group of another precision is an error that names it" (fun () ->
              let read group =
                  if group = 2 then
                      Numbers.Float32(ReadOnlyMemory(Array.zeroCreate 4000))
                  else
                      zeros 2000

              let message = message (fun () -> values 1 (twoGroups 0L read))
              Assert.Contains("groups of one precision", message)
              Assert.Contains("group 2", message))
          testTheory "a read that fails or is cancelled is not kept" [ 0L; 1_000_000L ] (fun memory ->
              let mutable calls = 0

              let read group =
                  calls <- calls + 1

                  match calls with
                  | 1 -> raise (GmmException(UnreadableFile("rows.db", 0, 0, "The disk is gone.")))
                  | 2 -> raise (OperationCanceledException())
                  | _ -> zeros (if group = 2 then 4000 else 2000)

              let source = twoGroups memory read
              Assert.Equal("rows.db: The disk is gone.", message (fun () -> source.Read 0L))
              Assert.Throws<OperationCanceledException>(fun () -> source.Read 0L |> ignore) |> ignore
              Assert.Equal(3000, (values 1 source).Length / 2)
              Assert.True(calls > 2))
          testCase "sizes that break a rule are errors" (fun () ->
              let message memory columns rows =
                  (Source.ofGroups memory columns rows (fun _ -> zeros 0) |> error).Message

              Assert.Contains("at least one column", message 0L 0 [| 1L |])
              Assert.Contains("at least 0 bytes", message -1L 1 [| 1L |])
              Assert.Contains("group 1 (counting from 0) has -1", message 0L 1 [| 1L; -1L |])
              Assert.Contains("group 0 (counting from 0) has 4000000000", message 0L 1 [| 4_000_000_000L |]))
          testCase "the array of lengths may change after the call" (fun () ->
              let rows = [| 3L; 2L |]
              let read group = Numbers.Float64(ReadOnlyMemory(Array.create (3 - group) (float group)))
              let source = Source.ofGroups 0L 1 rows read |> ok
              Array.fill rows 0 2 100L
              Assert.Equal(5L, source.Rows)
              Assert.Equal<int64[]>(bits [| 0.0; 0.0; 0.0; 1.0; 1.0 |], values 1 source))
          testCase "no groups and empty groups have no rows" (fun () ->
              for rows in [ [||]; [| 0L |]; [| 0L; 0L |] ] do
                  let source = Source.ofGroups 0L 3 rows (fun _ -> failwith "nothing to read") |> ok
                  Assert.Equal((0L, 0L), (source.Rows, source.Blocks))
                  Assert.Contains("at least one row", (Gmm.fit Gmm.defaults source |> error).Message)) ]

let private columnsCase: Arbitrary<float[][]> =
    let draw _ (random: Random) =
        let rows = random.Next 20_000
        Array.init (1 + random.Next 5) (fun j -> Array.init rows (fun i -> number (i * 7 + j)))

    Arb.fromGen (drawing draw)

[<Tests>]
let ``columns`` =
    testList
        "Groups: columns"
        [ testForAll 60 "columns have the bits of the same rows" columnsCase (fun columns ->
              let rows = Array2D.init columns[0].Length columns.Length (fun i j -> columns[j][i])
              let source = columns |> Array.map (ReadOnlyMemory >> Numbers.Float64) |> Source.ofColumns |> ok
              let memory = Source.ofArray2D rows |> ok

              (source.Rows, source.BlockRows) = (memory.Rows, memory.BlockRows)
              && (source.Rows = 0L || values 2 source = values 1 memory))
          testCase "columns are float32 if all are" (fun () ->
              let double = Numbers.Float64(ReadOnlyMemory [| 0.1; 0.2 |])
              let single = Numbers.Float32(ReadOnlyMemory [| 0.1f; 0.2f |])
              let first columns = ((Source.ofColumns columns |> ok).Read 0L).Numbers

              match first [| single; single |], first [| single; double |] with
              | Numbers.Float32 narrow, Numbers.Float64 wide ->
                  Assert.Equal<float32[]>([| 0.1f; 0.1f; 0.2f; 0.2f |], narrow.ToArray())
                  Assert.Equal<float[]>([| float 0.1f; 0.1; float 0.2f; 0.2 |], wide.ToArray())
              | _ -> failwith "the precision is wrong")
          testCase "columns of other lengths are an error that names the column" (fun () ->
              let message = (Source.ofColumns [| zeros 3; zeros 3; zeros 2 |] |> error).Message

              Assert.Equal(
                  "The data must have columns of one length, but column 2 (counting from 0) has 2 numbers and column 0 has 3.",
                  message
              )

              Assert.Contains("at least one column", (Source.ofColumns [||] |> error).Message)) ]
