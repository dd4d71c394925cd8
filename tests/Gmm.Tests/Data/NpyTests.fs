/// Files of NumPy as data: the same bits as in memory, and no number that the file does not have.
module Gmm.Tests.NpyTests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.NpyFile
open Gmm.Tests.Support

let private withFile (content: byte[]) (work: string -> 'T) : 'T =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "rows.npy")
        File.WriteAllBytes(path, content)
        work path)

/// All numbers of a source, block by block.
let private values (source: Source) : float[] =
    [| for index in 0L .. source.Blocks - 1L do
           yield! (source.Read index).Values.ToArray() |]

let private reason (result: Result<'T, GmmError>) =
    match result with
    | Error(UnreadableFile(_, 0, 0, reason)) -> reason
    | Error error -> failwith error.Message
    | Ok _ -> failwith "Expected an error, but got a result."

let private half (number: float) : Half = Half.op_Explicit number

/// What reading all rows of a file gives.
let private readAll path =
    match Npy.openFile path with
    | Ok opened ->
        use file = opened
        Ok(file.Source.Rows, file.Source.Columns, values file.Source)
    | Error error -> Error error

let private large =
    lazy (Array.init 5000 (fun n -> Array.init 7 (fun j -> sin (float (7 * n + j)) + float (n % 2))))

// ── The same bits ───────────────────────────────────────────────────────────────────────────────────────────────────

/// The rows of `large` as a file of float32 whose numbers begin at some byte, and the same in memory.
let private withFloat32 padding (work: NpyFile -> Source -> unit) =
    let numbers = Array.concat large.Value |> Array.map float32
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (5000, 7), }" + String(' ', padding)

    withFile (npy header (numbers |> Array.collect BitConverter.GetBytes)) (fun path ->
        use file = Npy.openFile path |> ok
        work file (Source.ofFloat32Memory 7 (ReadOnlyMemory numbers) |> ok))

[<Tests>]
let ``the same bits`` =
    testList
        "Npy: the same bits"
        [ testCase "what is written is read with the same bits, in the same blocks" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "deeper", "rows.npy")

                  forAll 60 data (fun case ->
                      let rows = array2D case.Rows
                      Npy.write path rows |> ok
                      use file = Npy.openFile path |> ok
                      let memory = Source.ofArray2D rows |> ok

                      (file.Source.Rows, file.Source.Columns, file.Source.BlockRows) =
                          (memory.Rows, memory.Columns, memory.BlockRows)
                      && bits (values file.Source) = bits (values memory))))
          testTheory "a fit of a file has the bits of a fit in memory" [ 1; 3 ] (fun (threads: int) ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")
                  Npy.write path (array2D large.Value) |> ok

                  let options =
                      { Gmm.defaults with
                          Components = 2
                          MaxIterations = 5
                          Execution =
                              { Execution.Default with
                                  Threads = threads } }

                  let fit source = Gmm.fit options source |> ok
                  use file = Npy.openFile path |> ok
                  Assert.True(file.Source.Blocks > 2L)
                  let mapped, memory = fit file.Source, fit (sourceOf large.Value)
                  Assert.True((Persist.toState mapped = Persist.toState memory))

                  Assert.Equal<int[]>(
                      Predict.labels memory (sourceOf large.Value) |> ok,
                      Predict.labels mapped file.Source |> ok
                  )

                  let clusters source =
                      KMeans.fit
                          { KMeans.defaults with
                              Components = 3
                              Restarts = 1 }
                          source
                      |> ok

                  Assert.Equal<float[,]>((clusters (sourceOf large.Value)).Centres, (clusters file.Source).Centres)))
          testCase "a fit of a file of float32 has the bits of a fit in memory" (fun () ->
              for padding in 0..3 do
                  withFloat32 padding (fun file memory ->
                      Assert.Equal((memory.Rows, memory.BlockRows), (file.Source.Rows, file.Source.BlockRows))
                      Assert.Equal<int64[]>(bits (values memory), bits (values file.Source))

                      let state source =
                          Gmm.fit
                              { Gmm.defaults with
                                  Components = 2
                                  MaxIterations = 3 }
                              source
                          |> ok
                          |> Persist.toState

                      Assert.True((state memory = state file.Source))))
          testCase
              "a file of float32 is read in place where its numbers begin at a multiple of 4 bytes, and as float32 anywhere"
              (fun () ->
                  for padding in 0..3 do
                      withFloat32 padding (fun file _ ->
                          let read () =
                              [ for index in 0L .. file.Source.Blocks - 1L -> (file.Source.Read index).Numbers ]

                          read () |> ignore
                          let before = GC.GetAllocatedBytesForCurrentThread()
                          let blocks = read ()
                          let allocated = GC.GetAllocatedBytesForCurrentThread() - before
                          // Header and line end are 63 bytes, after 10 more.
                          let isAligned = (10 + 63 + padding) % 4 = 0
                          Assert.Equal(isAligned, allocated < 5_000L)

                          for block in blocks do
                              match block with
                              | Numbers.Float32 _ -> ()
                              | Numbers.Float64 _ -> failwith "The numbers are float64."))
          testCase "a source is written as it is, and a file onto itself" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")
                  let source = sourceOf large.Value |> Source.map 1 (fun block -> block.Select [| 3 |])
                  Npy.writeSource path source |> ok
                  let expected = large.Value |> Array.map (fun row -> row[3])
                  let rows, columns, found = readAll path |> ok
                  Assert.Equal((5000L, 1), (rows, columns))
                  Assert.Equal<int64[]>(bits expected, bits found)

                  do
                      use file = Npy.openFile path |> ok
                      Npy.writeSource path file.Source |> ok
                      // The open file is still the one that was replaced.
                      Assert.Equal<int64[]>(bits expected, bits (values file.Source))

                  Assert.Equal<int64[]>(bits expected, bits (readAll path |> ok |> (fun (_, _, found) -> found)))
                  Assert.Equal<string>([| path |], Directory.GetFiles folder)))
          testCase "a script's source needs no closing" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")
                  Npy.write path (array2D large.Value) |> ok
                  let source = Npy.source path |> ok

                  for _ in 1..3 do
                      GC.Collect()
                      GC.WaitForPendingFinalizers()

                  Assert.Equal<int64[]>(bits (Array.concat large.Value), bits (values source)))) ]

// ── NumPy ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Type, order and bytes of small arrays that NumPy 1.24 saved: [[1, −2, 3], [4, 5, −6]] in the signed types, the absolute
/// values of these in the unsigned ones, and whether the absolute values are above 2 as Booleans.
let private ofNumPy: (string * string * string) list =
    [ "<f2", "False", "003c00c000420044004500c6"
      "<f2", "True", "003c004400c00045004200c6"
      "<f4", "False", "0000803f000000c000004040000080400000a0400000c0c0"
      "<f4", "True", "0000803f00008040000000c00000a040000040400000c0c0"
      ">f4", "False", "3f800000c0000000404000004080000040a00000c0c00000"
      ">f4", "True", "3f80000040800000c000000040a0000040400000c0c00000"
      "<f8", "False", "000000000000f03f00000000000000c000000000000008400000000000001040000000000000144000000000000018c0"
      "<f8", "True", "000000000000f03f000000000000104000000000000000c00000000000001440000000000000084000000000000018c0"
      "|i1", "False", "01fe030405fa"
      "|i1", "True", "0104fe0503fa"
      "<i2", "False", "0100feff030004000500faff"
      "<i2", "True", "01000400feff05000300faff"
      ">i2", "False", "0001fffe000300040005fffa"
      ">i2", "True", "00010004fffe00050003fffa"
      "<i4", "False", "01000000feffffff030000000400000005000000faffffff"
      "<i4", "True", "0100000004000000feffffff0500000003000000faffffff"
      "<i8", "False", "0100000000000000feffffffffffffff030000000000000004000000000000000500000000000000faffffffffffffff"
      "<i8", "True", "01000000000000000400000000000000feffffffffffffff05000000000000000300000000000000faffffffffffffff"
      ">i8", "False", "0000000000000001fffffffffffffffe000000000000000300000000000000040000000000000005fffffffffffffffa"
      ">i8", "True", "00000000000000010000000000000004fffffffffffffffe00000000000000050000000000000003fffffffffffffffa"
      "|u1", "False", "010203040506"
      "|u1", "True", "010402050306"
      "<u2", "False", "010002000300040005000600"
      "<u2", "True", "010004000200050003000600"
      "<u4", "False", "010000000200000003000000040000000500000006000000"
      "<u4", "True", "010000000400000002000000050000000300000006000000"
      "<u8", "False", "010000000000000002000000000000000300000000000000040000000000000005000000000000000600000000000000"
      "<u8", "True", "010000000000000004000000000000000200000000000000050000000000000003000000000000000600000000000000"
      "|b1", "False", "000001010101"
      "|b1", "True", "000100010101" ]

[<Tests>]
let numPy =
    testList
        "Npy: NumPy"
        [ testCase "files that NumPy wrote, and what NumPy reads of ours" (fun () ->
              inFolder (fun folder ->
                  let path name = Path.Combine(folder, name + ".npy")
                  let ours = Path.Combine(folder, "ours.npy")
                  Npy.write ours (array2D large.Value[..9]) |> ok
                  let printed = Python.numbers "arrays.py" [ folder; ours ]

                  Assert.Equal<int64[]>(
                      bits (Array.append [| 10.0; 7.0 |] (Array.concat large.Value[..9])),
                      bits printed
                  )

                  let expectWithin tolerance name rows columns (convert: float -> float) =
                      let found = readAll (path name) |> ok
                      let _, _, numbers = found
                      Assert.Equal((rows, columns), (let rows, columns, _ = found in int rows, columns))
                      // NumPy's sine may differ from .NET's in the last bit.
                      Assert.Equal(rows * columns, numbers.Length)

                      numbers
                      |> Array.iteri (fun i number ->
                          near tolerance $"{name}[{i}]" (sin (float i)) number
                          Assert.Equal(convert number, number))

                  let expect = expectWithin 1e-7
                  expect "f8" 500 3 id
                  expect "f4" 500 3 (float32 >> float)
                  expect "vector" 70 1 id
                  expect "wide" 130 200 id
                  expect "column-fortran" 70 1 id
                  expect "fortran" 500 3 id
                  expect "fortran-f4" 500 3 (float32 >> float)
                  // Eleven binary digits, of numbers up to 1.
                  expectWithin (1.0 / 2048.0) "f2" 500 3 (half >> float)
                  expect "big-endian" 500 3 id

                  for kind in [ "i1"; "i2"; "i4"; "i8"; "u1"; "u2"; "u4"; "u8"; "b1" ] do
                      for order in [ "C-little"; "C-big"; "F-little"; "F-big" ] do
                          // As arrays.py makes them.
                          let number (i: int64) =
                              match kind with
                              | "b1" -> float (i % 3L % 2L)
                              | "u1" -> float (i % 251L)
                              | "i1" -> float (i % 251L - 125L)
                              | "u2"
                              | "u4"
                              | "u8" -> float (i * 43L)
                              | _ -> float (i * 21L - 15000L)

                          let rows, columns, numbers = readAll (path $"{kind}-{order}") |> ok
                          Assert.Equal((500L, 3), (rows, columns))
                          Assert.Equal<float[]>(Array.init 1500 (int64 >> number), numbers)

                  let reason name = reason (Npy.openFile (path name))

                  for name, kind in
                      [ "complex", "<c16"; "objects", "|O"; "structure", "[('x', '<f8'), ('y', '<f8')]" ] do
                      Assert.Equal(
                          $"Its numbers must be floating-point numbers, integers or Booleans of at most 8 bytes, but are {kind}; save them with array.astype('<f8').",
                          reason name
                      )

                  Assert.Equal("Its shape must be N×D or N, but is 5×2×2.", reason "cube")
                  Assert.Equal("Its shape must be N×D or N, but is a single number.", reason "scalar")
                  use file = Npy.openFile (path "none") |> ok

                  Assert.Equal(
                      "The data must have at least one row, but there is none.",
                      (error (Gmm.fit Gmm.defaults file.Source)).Message
                  )))
          testCase "every type that NumPy saved is read, in both orders" (fun () ->
              for descr, order, digits in ofNumPy do
                  let content = Convert.FromHexString digits

                  let expected =
                      match descr[1] with
                      | 'u' -> [| 1.0 .. 6.0 |]
                      | 'b' -> [| 0.0; 0.0; 1.0; 1.0; 1.0; 1.0 |]
                      | _ -> [| 1.0; -2.0; 3.0; 4.0; 5.0; -6.0 |]

                  withFile
                      (npy $"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2, 3), }}" content)
                      (fun path -> Assert.Equal((2L, 3, expected), readAll path |> ok))) ]

// ── By hand ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let private header (shape: string) = $"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"

let private wrong: (string * byte[]) list =
    [ "It is not an .npy file: it does not begin as numpy.save writes it.", [||]
      "It is not an .npy file: it does not begin as numpy.save writes it.", "1,2\n3,4\n"B
      "It ends before the end of its header.", (npy (header "(1, 1)") [||])[..20]
      "It is cut short: a shape of 2×2 takes 102 bytes, but it has 101.",
      npy (header "(2, 2)") (doubles [ 1.0 .. 4.0 ]) |> Array.truncate 101
      "It goes on after its end: a shape of 2×2 takes 102 bytes, but it has 110.",
      npy (header "(2, 2)") (doubles [ 1.0 .. 5.0 ])
      "It is cut short: a shape of 1000000000000×2", npy (header "(1000000000000, 2)") (doubles [ 1.0 .. 4.0 ])
      "Its shape 9223372036854775807×2 has too many numbers.", npy (header "(9223372036854775807, 2)") [||]
      "Its shape 9223372036854775807 has too many numbers.", npy (header "(9223372036854775807,)") [||]
      "Its shape must consist of whole numbers from 0, but has 99999999999999999999.",
      npy (header "(99999999999999999999, 1)") [||]
      "It has no columns.", npy (header "(5, 0)") [||]
      "It has 100000000 columns; at most 16777216 can be used.", npy (header "(5, 100000000)") [||]
      "Its header has no valid 'descr'", npy "{'shape': (1, 1), 'fortran_order': False}" (doubles [ 1.0 ])
      "Its header has no valid 'fortran_order'", npy "{'descr': '<f8', 'shape': (2, 2), }" (doubles [ 1.0 .. 4.0 ]) ]

[<Tests>]
let ``by hand`` =
    testList
        "Npy: by hand"
        [ testCase "numbers that begin at any byte are read" (fun () ->
              for padding in 0..9 do
                  withFile (npy (header "(3, 2)" + String(' ', padding)) (doubles [ 1.0 .. 6.0 ])) (fun path ->
                      Assert.Equal((3L, 2, [| 1.0 .. 6.0 |]), readAll path |> ok)))
          testCase "NaN and infinity are told with row and column" (fun () ->
              withFile (npy (header "(2, 2)") (doubles [ 1.0; 2.0; 3.0; nan ])) (fun path ->
                  use file = Npy.openFile path |> ok

                  match Gmm.fit Gmm.defaults file.Source with
                  | Error(MissingCell(1L, 1, 1L)) -> ()
                  | other -> failwith $"%A{other}"))
          testCase "columns of a file in Fortran order become rows, in every block" (fun () ->
              let columns = 7
              let numbers = Array.concat large.Value

              for descr, bytes, convert in
                  [ "<f8", (fun (x: float) -> BitConverter.GetBytes x), id
                    "<f4", (fun x -> BitConverter.GetBytes(float32 x)), (float32 >> float)
                    "<f2", (fun x -> BitConverter.GetBytes(half x)), (half >> float) ] do
                  for padding in 0..3 do
                      let header =
                          $"{{'descr': '{descr}', 'fortran_order': True, 'shape': (5000, 7), }}" + String(' ', padding)

                      let content =
                          [| for j in 0 .. columns - 1 do
                                 for row in large.Value -> bytes row[j] |]
                          |> Array.concat

                      withFile (npy header content) (fun path ->
                          use file = Npy.openFile path |> ok
                          Assert.True(file.Source.Blocks > 2L)
                          Assert.Equal(Source.blockRows columns, file.Source.BlockRows)
                          Assert.Equal<int64[]>(bits (Array.map convert numbers), bits (values file.Source))

                          match (file.Source.Read 1L).Numbers with
                          | Numbers.Float64 _ -> Assert.Equal("<f8", descr)
                          | Numbers.Float32 _ -> Assert.NotEqual<string>("<f8", descr)))
          testCase "a file in Fortran order or of integers is read block by block, in little memory" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")
                  let rows = 400_000

                  for order, descr, size in [ "True", "<f8", 8; "False", "<i8", 8; "True", "|u1", 1 ] do
                      do
                          use stream = File.Create path

                          let start =
                              npy $"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({rows}, 8), }}" [||]

                          stream.Write start
                          stream.SetLength(int64 (start.Length + rows * 8 * size))

                      use file = Npy.openFile path |> ok
                      Source.rows [| 0L |] file.Source |> ignore
                      let before = GC.GetAllocatedBytesForCurrentThread()
                      Source.rows [| int64 rows - 1L |] file.Source |> ignore
                      let allocated = GC.GetAllocatedBytesForCurrentThread() - before
                      // A block has 8192 numbers of 8 bytes; it is converted with two copies at most.
                      Assert.True(allocated < 4L * 65536L, $"{allocated} bytes for a block of {descr}")))
          testCase
              "every integer that a float64 equals is read, and any other is an error at its row and column"
              (fun () ->
                  let read kind order (numbers: byte[] list) =
                      let header =
                          $"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({numbers.Length / 2}, 2), }}"

                      withFile (npy header (Array.concat numbers)) (fun path ->
                          match Npy.openFile path with
                          | Ok opened ->
                              use file = opened

                              Predict.labels
                                  (Gmm.fit
                                      { Gmm.defaults with MaxIterations = 1 }
                                      (sourceOf [| [| 1.0; 2.0 |]; [| 2.0; 5.0 |]; [| 4.0; 4.0 |] |])
                                   |> ok)
                                  file.Source
                              |> Result.map (fun _ -> values file.Source)
                          | Error error -> Error error)

                  let signed =
                      [ Int64.MinValue
                        -(1L <<< 53)
                        -1L
                        0L
                        1L <<< 53
                        (1L <<< 53) + 2L
                        1L <<< 62
                        Int64.MaxValue - 1023L ]

                  Assert.Equal<float[]>(
                      signed |> Seq.map float |> Array.ofSeq,
                      read "<i8" "False" [ for number in signed -> BitConverter.GetBytes(number: int64) ] |> ok
                  )

                  let unsigned = [ 0UL; 1UL <<< 63; UInt64.MaxValue - 2047UL; (1UL <<< 53) + 2UL ]

                  Assert.Equal<float[]>(
                      unsigned |> Seq.map float |> Array.ofSeq,
                      read "<u8" "False" [ for number in unsigned -> BitConverter.GetBytes(number: uint64) ] |> ok
                  )

                  for order, place in [ "False", "Row 1, column 0"; "True", "Row 0, column 1" ] do
                      for kind, bytes, digits in
                          [ "<i8", BitConverter.GetBytes((1L <<< 53) + 1L), "9007199254740993"
                            "<i8", BitConverter.GetBytes(Int64.MaxValue), "9223372036854775807"
                            "<i8", BitConverter.GetBytes(-(1L <<< 53) - 1L), "-9007199254740993"
                            "<u8", BitConverter.GetBytes(UInt64.MaxValue), "18446744073709551615" ] do
                          let zero = Array.zeroCreate<byte> 8

                          Assert.Equal(
                              $"{place} (counting from 0) holds {digits}, which no float64 equals; round with array.astype('<f8'), or subtract an offset before saving.",
                              reason (read kind order [ zero; zero; bytes; zero ])
                          ))
          testCase
              "a file that is none, or whose header and length don't agree, is refused with what is wrong"
              (fun () ->
                  for expected, content in wrong do
                      withFile content (fun path -> Assert.StartsWith(expected, reason (Npy.openFile path)))

                  inFolder (fun folder ->
                      Assert.Equal("This is a folder, not a file.", reason (Npy.openFile folder))
                      Assert.Equal("There is no such file.", reason (Npy.openFile (Path.Combine(folder, "rows.npy"))))))
          testCase "changed headers give an error or rows within the file, never a crash" (fun () ->
              let whole = npy (header "(3, 2)") (doubles [ 1.0 .. 6.0 ])
              let random = Random 9

              for _ in 1..3000 do
                  let bytes = Array.copy whole
                  let place = random.Next(whole.Length - 48)

                  bytes[place] <-
                      if random.Next 2 = 0 then
                          byte (random.Next 256)
                      else
                          "0123456789(),'<>f84 "B[random.Next 20]

                  withFile bytes (fun path ->
                      match readAll path with
                      | Ok(rows, columns, numbers) -> Assert.True(rows * int64 columns <= 12L && numbers.Length <= 12)
                      | Error(UnreadableFile(named, 0, 0, _)) -> Assert.Equal(path, named)
                      | Error error -> failwith error.Message)) ]

// ── While it is in use ──────────────────────────────────────────────────────────────────────────────────────────────

[<DllImport("libc", SetLastError = true)>]
extern int private truncate(string path, int64 length)

let private opened (work: string -> NpyFile -> unit) =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "rows.npy")
        Npy.write path (array2D large.Value) |> ok
        use file = Npy.openFile path |> ok
        work path file)

[<Tests>]
let ``while it is in use`` =
    testList
        "Npy: while it is in use"
        [ testCase "the next read of a file that was cut while in use is an error" (fun () ->
              if OperatingSystem.IsWindows() then
                  skiptest "Windows does not allow a file in use to be cut."

              opened (fun path file ->
                  let length = FileInfo(path).Length
                  let fit = Gmm.fit { Gmm.defaults with MaxIterations = 2 } file.Source |> ok
                  Assert.Equal(0, truncate (path, length - 100_000L))

                  let expected =
                      $"{path}: It was cut from {length} to {length - 100_000L} bytes while it was in use. Write to another file and rename it."

                  let told result = Assert.Equal(expected, (error result).Message)
                  told (Gmm.fit Gmm.defaults file.Source)

                  told (
                      Gmm.fit
                          { Gmm.defaults with
                              Execution = oneThread }
                          file.Source
                  )

                  told (KMeans.fit KMeans.defaults file.Source)
                  told (Predict.labels fit file.Source)
                  told (Predict.score fit file.Source)
                  told (Npy.writeSource (path + ".copy") file.Source)
                  Assert.False(File.Exists(path + ".copy"))))
          testCase "the next read of a file that was changed while in use is an error" (fun () ->
              opened (fun path file ->
                  File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours 1.0)

                  Assert.Equal(
                      "It was changed while it was in use. Write to another file and rename it.",
                      reason (Gmm.fit Gmm.defaults file.Source)
                  )))
          testCase "a file that another takes the place of is the old one to those who have it" (fun () ->
              opened (fun path file ->
                  Npy.write path (array2D [ [ 1.0 ]; [ 2.0 ] ]) |> ok

                  Assert.Equal(
                      5000L,
                      (Gmm.fit { Gmm.defaults with MaxIterations = 1 } file.Source |> ok).Statistics.Weight |> int64
                  )

                  Assert.Equal((2L, 1, [| 1.0; 2.0 |]), readAll path |> ok)))
          testCase "a closed file says so" (fun () ->
              opened (fun _ file ->
                  let block = file.Source.Read 0L
                  (file :> IDisposable).Dispose()
                  (file :> IDisposable).Dispose()
                  Assert.Throws<ObjectDisposedException>(fun () -> file.Source.Read 0L |> ignore) |> ignore
                  Assert.Throws<ObjectDisposedException>(fun () -> block.Values.ToArray() |> ignore) |> ignore))
          // 24 GiB of which only the first rows and the last take room on the disk.
          testCase "rows beyond what an array can hold are found, in little memory" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")
                  let rows, columns = 400_000_000L, 8
                  let start = npy (header $"({rows}, {columns})") (doubles [ 1.0 .. 8.0 ])

                  do
                      use stream = File.Create path
                      stream.Write start

                      try
                          stream.SetLength(int64 (start.Length - 64) + rows * int64 columns * 8L)
                      with :? IOException when Environment.GetEnvironmentVariable "CI" <> "true" ->
                          skiptest "The file system has no room for a sparse file."

                      stream.Position <- stream.Length - 64L
                      stream.Write(doubles [ 11.0 .. 18.0 ])

                  let before = GC.GetAllocatedBytesForCurrentThread()
                  use file = Npy.openFile path |> ok
                  let found = Source.rows [| 0L; 1L; rows - 1L |] file.Source
                  let allocated = GC.GetAllocatedBytesForCurrentThread() - before

                  Assert.Equal<float[,]>(
                      array2D [ [ 1.0 .. 8.0 ]; Array.toList (Array.zeroCreate 8); [ 11.0 .. 18.0 ] ],
                      found
                  )

                  Assert.Equal(rows, file.Source.Rows)
                  Assert.True(allocated < 1_000_000L, $"{allocated} bytes"))) ]
