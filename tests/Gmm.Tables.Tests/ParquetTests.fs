/// Parquet files as data: the same bits as in memory, whatever wrote the file, and errors that name the place.
module Gmm.Tables.Tests.ParquetTests

open System
open System.IO
open System.Threading
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests
open Gmm.Tests.Support
open Gmm.Tables.Tests.Tables
open Parquet
open Parquet.Schema

// ── Files that Parquet.Net writes ───────────────────────────────────────────────────────────────────────────────────

/// A column of a file: its field, and the cells of some rows, from a first one on.
[<NoEquality; NoComparison>]
type private Written =
    { Field: DataField
      Write: ParquetRowGroupWriter -> DataField -> int -> int -> unit }

let private run (work: Tasks.Task) = work.GetAwaiter().GetResult()

let private column<'T when 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType> name (cells: 'T[]) : Written =
    { Field = DataField<'T>(name)
      Write =
        fun group field first count ->
            run (
                group.WriteAsync<'T>(
                    field,
                    ReadOnlyMemory(cells, first, count),
                    Nullable(),
                    null,
                    CancellationToken.None
                )
            ) }

let private nullable<'T when 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
    name
    (cells: Nullable<'T>[])
    : Written =
    { Field = DataField<'T>(name, Nullable true)
      Write =
        fun group field first count ->
            run (
                group.WriteAsync<'T>(
                    field,
                    ReadOnlyMemory<Nullable<'T>>(cells, first, count),
                    Nullable(),
                    null,
                    CancellationToken.None
                )
            ) }

let private words name (cells: string[]) : Written =
    { Field = DataField<string>(name)
      Write =
        fun group field first count -> run (group.WriteAsync(field, cells[first .. first + count - 1], Nullable())) }

/// Writes a file whose row groups have some lengths.
let private writeWith (options: ParquetOptions) (path: string) (lengths: int list) (columns: Written list) =
    use stream = File.Create path
    let schema = ParquetSchema([| for column in columns -> column.Field :> Field |])
    let writer = ParquetWriter.CreateAsync(schema, stream, options).GetAwaiter().GetResult()

    for first, count in List.zip (List.scan (+) 0 lengths |> List.take lengths.Length) lengths do
        use group = writer.CreateRowGroup()

        for column, field in List.zip columns (List.ofArray schema.DataFields) do
            column.Write group field first count

    writer.DisposeAsync().AsTask().Wait()

let private write path lengths columns = writeWith (ParquetOptions()) path lengths columns

let private numbers offset count = Array.init count (fun i -> number (offset + 7 * i))

let private opened path = Parquet.openFile path |> ok

let private choosing columns paths =
    Parquet.openWith
        { Parquet.defaults with
            Columns = columns }
        paths

/// The encodings of a column in the first row group, as the file says.
let private encodings (path: string) (name: string) : Meta.Encoding list =
    use stream = File.OpenRead path
    let reader = ParquetReader.CreateAsync(stream, null, leaveStreamOpen = true).GetAwaiter().GetResult()
    use group = reader.OpenRowGroupReader 0
    let field = reader.Schema.DataFields |> Array.find (fun field -> field.Name = name)
    List.ofSeq (group.GetMetadata field).MetaData.Encodings

// ── The same numbers ────────────────────────────────────────────────────────────────────────────────────────────────

let private compressions =
    [ CompressionMethod.None
      CompressionMethod.Snappy
      CompressionMethod.Gzip
      CompressionMethod.Brotli
      CompressionMethod.Lz4Raw
      CompressionMethod.Zstd ]

/// What Parquet.Net encodes numbers by.
let private hints =
    [ EncodingHint.Default, Meta.Encoding.PLAIN
      EncodingHint.DeltaBinaryPacked, Meta.Encoding.DELTA_BINARY_PACKED
      EncodingHint.ByteSplitStream, Meta.Encoding.BYTE_STREAM_SPLIT ]

/// A file of Apache's C++ library: see Files/write.fsx.
let private apache name = Path.Combine(AppContext.BaseDirectory, "Files", name)

/// The columns of these files, the encodings of pages of version 1 and 2, and the numbers.
let private encoded =
    let wide i = nearest 2 (bigint.Pow(7I, i % 40) * (if i % 2 = 0 then 1I else -1I))
    let dictionaries = Meta.Encoding.PLAIN_DICTIONARY, Meta.Encoding.RLE_DICTIONARY

    [ "whole", dictionaries, (fun i -> float (i % 40))
      "real", dictionaries, (fun i -> if i % 3 = 0 then nan else float (i % 40) / 7.0)
      "delta", (Meta.Encoding.DELTA_BINARY_PACKED, Meta.Encoding.DELTA_BINARY_PACKED), (fun i -> float (i * i) - 1000.0)
      "split", (Meta.Encoding.BYTE_STREAM_SPLIT, Meta.Encoding.BYTE_STREAM_SPLIT), (fun i -> float i / 8.0)
      "fixed", dictionaries, wide
      "fixed plain", (Meta.Encoding.PLAIN, Meta.Encoding.PLAIN), wide ]

/// Checks that a column of some type has the numbers that its cells convert to.
let private converts (cells: 'T[]) (convert: 'T -> float) =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "rows.parquet")
        write path [ 2; cells.Length - 2 ] [ column "x" cells; nullable "y" (cells |> Array.map Nullable) ]
        use file = opened path
        let expected = Array.map convert cells
        Assert.Equal<int64[]>(bits (rows [ expected; expected ]), bits (values file.Source)))

[<Tests>]
let ``the same numbers`` =
    testList
        "Parquet: numbers"
        [ testTheory "every compression is read" compressions (fun compression ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let a, b = numbers 0 5000, numbers 3 5000
                  let options = ParquetOptions(CompressionMethod = compression)
                  writeWith options path [ 1; 2999; 0; 2000 ] [ column "a" a; column "b" b ]
                  use file = opened path
                  Assert.Equal<string[]>([| "a"; "b" |], file.Columns)
                  Assert.Equal<int64[]>(bits (rows [ a; b ]), bits (values file.Source))))
          testTheory "every encoding that Parquet.Net writes is read" hints (fun (hint, encoding) ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let whole = Array.init 5000 (fun i -> i % 40)
                  let some = whole |> Array.map (fun i -> if i % 3 = 0 then Nullable() else Nullable i)
                  let options = ParquetOptions()
                  options.ColumnEncodingHints["whole"] <- hint
                  options.ColumnEncodingHints["some"] <- hint
                  writeWith options path [ 3000; 2000 ] [ column "whole" whole; nullable "some" some ]

                  for name in [ "whole"; "some" ] do
                      Assert.Contains(encoding, encodings path name)

                  use file = opened path
                  let missing = some |> Array.map (fun cell -> if cell.HasValue then float cell.Value else nan)
                  Assert.Equal<int64[]>(bits (rows [ Array.map float whole; missing ]), bits (values file.Source))))
          testTheory
              "every encoding that Apache's library writes is read, from pages of both versions"
              [ 1; 2 ]
              (fun version ->
                  let path = apache $"pages-{version}.parquet"

                  for column, versions, expected in encoded do
                      Assert.Contains((if version = 1 then fst else snd) versions, encodings path column)
                      use file = choosing [ column ] [ path ] |> ok
                      Assert.Equal<int64[]>(bits (Array.init 300 expected), bits (values file.Source)))
          testTheory
              "decimals become the nearest float64, with as many digits as they have"
              [ 9, 4; 18, 18; 28, 10; 38, 5; 38, 37 ]
              (fun (precision, scale) ->
                  inFolder (fun folder ->
                      let path = Path.Combine(folder, "rows.parquet")
                      let unscaled = unscaled precision 2000

                      let written =
                          { column "x" [| for digits in unscaled -> Data.BigDecimal(digits, precision, scale) |] with
                              Field = BigDecimalDataField("x", precision, scale) }

                      write path [ 2000 ] [ written ]
                      use file = opened path
                      Assert.Equal<float[]>(Array.map (nearest scale) unscaled, values file.Source)))
          testCase "every type of number is read" (fun () ->
              converts [| 0.1; -0.0; 1e300; -5e-324 |] id
              converts [| 0.1f; -3.5f; 1e30f |] float
              converts [| 0.1m; -79228162514264.25m; 3m |] float
              converts [| true; false; true |] (fun cell -> if cell then 1.0 else 0.0)
              converts [| 1y; -128y; 127y |] float
              converts [| 1uy; 255uy; 0uy |] float
              converts [| 1s; -32768s; 32767s |] float
              converts [| 1us; 65535us; 0us |] float
              converts [| 1; Int32.MinValue; Int32.MaxValue |] float
              converts [| 1u; UInt32.MaxValue; 0u |] float
              converts [| 1L; Int64.MinValue; 9007199254740992L |] float
              converts [| 1UL; 9223372036854775808UL; 0UL |] float)
          testCase "columns stay float32 if all are" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let single = numbers 0 3000 |> Array.map float32
                  write path [ 3000 ] [ column "a" single; column "b" single; column "c" [| 1..3000 |] ]

                  let isSingle columns =
                      use file = choosing columns [ path ] |> ok

                      match (file.Source.Read 0L).Numbers with
                      | Numbers.Float32 _ -> true
                      | Numbers.Float64 _ -> false

                  Assert.Equal<bool list>(
                      [ true; false; false ],
                      [ isSingle [ "b"; "a" ]; isSingle []; isSingle [ "a"; "c" ] ]
                  )))
          testCase "columns are chosen by name, in any order, past words" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let a, b = numbers 0 10, numbers 5 10
                  write path [ 10 ] [ words "name" (Array.init 10 string); column "a" a; column "b" b ]
                  use all = opened path
                  use chosen = choosing [ "b"; "a" ] [ path ] |> ok
                  Assert.Equal<float[]>(rows [ a; b ], values all.Source)
                  Assert.Equal<float[]>(rows [ b; a ], values chosen.Source)))
          testCase "a null is a missing cell" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let cells = Array.init 300 (fun i -> if i % 50 = 7 then Nullable() else Nullable(number i))
                  write path [ 100; 200 ] [ nullable "x" cells; column "y" (numbers 1 300) ]
                  use file = opened path

                  let missing = cells |> Array.map (fun cell -> if cell.HasValue then cell.Value else nan)
                  let memory = Source.ofMemory 2 (ReadOnlyMemory(rows [ missing; numbers 1 300 ])) |> ok

                  match Gmm.fit Gmm.defaults file.Source |> error with
                  | MissingCell(7L, 0, 6L) -> ()
                  | other -> failwith other.Message

                  Assert.True((fewIterations memory = fewIterations file.Source))))
          testTheory "files of a folder are one table, with the bits of memory" [ 1; 3 ] (fun threads ->
              inFolder (fun folder ->
                  let columns = [ numbers 0 30_000; numbers 1 30_000; numbers 2 30_000 ]
                  let file name = Path.Combine(folder, name)

                  let part first count lengths name =
                      write
                          (file name)
                          lengths
                          [ for name, cells in List.zip [ "a"; "b"; "c" ] columns do
                                column name cells[first .. first + count - 1] ]

                  part 20_000 10_000 [ 10_000 ] "part-2.parquet"
                  part 0 20_000 [ 7000; 13_000 ] "part-1.parquet"
                  part 0 0 [] "part-0.parquet"
                  File.WriteAllText(file "_SUCCESS", "")
                  let memory = Source.ofMemory 3 (ReadOnlyMemory(rows columns)) |> ok

                  let options =
                      { Gmm.defaults with
                          Components = 2
                          MaxIterations = 3
                          Execution =
                              { Execution.Default with
                                  Threads = threads } }

                  let expected = Gmm.fit options memory |> ok

                  for bytes in [ 0L; 200_000L; 1L <<< 30 ] do
                      use table = Parquet.openWith { Parquet.defaults with Memory = bytes } [ folder ] |> ok

                      Assert.Equal((memory.Rows, memory.BlockRows), (table.Source.Rows, table.Source.BlockRows))
                      let fit = Gmm.fit options table.Source |> ok
                      Assert.True((Persist.toState expected = Persist.toState fit))))
          testCase "a column of weights weighs the rows" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let x, w = numbers 0 5000, Array.init 5000 (fun i -> i % 4)
                  write path [ 3000; 2000 ] [ column "x" x; column "w" w ]

                  let opened weights =
                      Parquet.openWith
                          { Parquet.defaults with
                              Weights = Some weights }
                          [ path ]

                  use file = opened "w" |> ok
                  Assert.Equal<string[]>([| "x" |], file.Columns)

                  let memory =
                      Source.ofMemory 1 (ReadOnlyMemory x) |> Result.bind (Source.weighted (Array.map float w)) |> ok

                  let fit source = Gmm.fit { Gmm.defaults with Components = 2 } source |> ok |> Persist.toState

                  Assert.True((fit memory = fit file.Source))
                  use other = ParquetFile.Open([ path ], [ "x" ], weights = "w", memory = Nullable 0L)
                  Assert.True((fit memory = fit other.Source))
                  Assert.Contains("SampleWeights[", (opened "x" |> error).Message))) ]

// ── What can be wrong ───────────────────────────────────────────────────────────────────────────────────────────────

let private message (result: Result<ParquetFile, GmmError>) = (error result).Message

let private inFile lengths columns (work: string -> 'T) : 'T =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "rows.parquet")
        write path lengths columns
        work path)

[<Tests>]
let ``what can be wrong`` =
    testList
        "Parquet: errors"
        [ testCase "a column that has no numbers is an error that names it and its type" (fun () ->
              inFile
                  [ 3 ]
                  [ column "x" [| 1; 2; 3 |]; words "name" [| "a"; "b"; "c" |]; column "y" [| 1; 2; 3 |] ]
                  (fun path ->
                      for names, expected in
                          [ [ "x"; "name" ],
                            "that of one column of numbers: x, y, but is 'name', whose type is String."
                            [ "x"; "z" ], "that of one column of numbers: x, y, but is 'z', which the table lacks."
                            [ null ], "that of one column of numbers: x, y, but is null, which the table lacks."
                            // Whatever else is wrong.
                            [ "z"; "x"; "x" ], "different from the others, but is 'x', which is given twice." ] do
                          Assert.Equal($"Each name in Columns must be {expected}", message (choosing names [ path ]))))
          testCase "weights that are no column of numbers, or one of the columns, are an error that says so" (fun () ->
              inFile
                  [ 3 ]
                  [ column "x" [| 1; 2; 3 |]; words "name" [| "a"; "b"; "c" |]; column "w" [| 1; 2; 3 |] ]
                  (fun path ->
                      let message columns weights =
                          Parquet.openWith
                              { Parquet.defaults with
                                  Columns = columns
                                  Weights = Some weights }
                              [ path ]
                          |> message

                      let number = "Weights must be the name of one column of numbers: x, w, but is"
                      let other = "Weights must be the name of a column that is not in Columns, but is"
                      let name = "Each name in Columns must be"

                      for columns, weights, expected in
                          [ [], "v", $"{number} 'v', which the table lacks."
                            [], "name", $"{number} 'name', whose type is String."
                            [ "x"; "w" ], "w", $"{other} 'w', which is one of them."
                            [ "x"; "x" ], "v", $"{name} different from the others, but is 'x', which is given twice."
                            [ "y" ],
                            "w",
                            $"{name} that of one column of numbers: x, but is 'y', which the table lacks." ] do
                          Assert.Equal(expected, message columns weights)))
          testCase "weights beside no column of numbers are an error" (fun () ->
              let message columns =
                  inFile [ 1 ] columns (fun path ->
                      Parquet.openWith
                          { Parquet.defaults with
                              Weights = Some "w" }
                          [ path ]
                      |> message)

              Assert.Equal(
                  "The data must have a column of numbers beside 'w', but there is no other column.",
                  message [ column "w" [| 1 |] ]
              )

              Assert.Equal(
                  "The data must have a column of numbers beside 'w', but it has name: String.",
                  message [ words "name" [| "a" |]; column "w" [| 1 |] ]
              ))
          testCase "two columns of one name are an error" (fun () ->
              inFile [ 2 ] [ column "x" [| 1; 2 |]; column "x" [| 3; 4 |]; column "y" [| 5; 6 |] ] (fun path ->
                  Assert.Equal(
                      $"{path}: It has 2 columns of the name 'x'. Rename one.",
                      message (Parquet.openFile path)
                  )

                  Assert.Contains("but is 'x', the name of 2 columns.", message (choosing [ "x" ] [ path ]))
                  use chosen = choosing [ "y" ] [ path ] |> ok
                  Assert.Equal<float[]>([| 5.0; 6.0 |], values chosen.Source)))
          testCase "a file without numbers is an error that lists its columns" (fun () ->
              inFile [ 1 ] [ words "name" [| "a" |]; column "day" [| DateTime(2024, 1, 1) |] ] (fun path ->
                  let message = message (Parquet.openFile path)
                  Assert.Contains("a column of numbers", message)
                  Assert.Contains("name: String, day: DateTime", message)))
          testCase "lists and nested columns are errors that name them" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let list = ListField("list", DataField<int>("element"))
                  let inner = StructField("inner", DataField<int>("x"))

                  do
                      use stream = File.Create path
                      let schema = ParquetSchema(DataField<int>("x"), list, inner)
                      let writer = ParquetWriter.CreateAsync(schema, stream).GetAwaiter().GetResult()
                      writer.DisposeAsync().AsTask().Wait()

                  Assert.Contains("'list', whose type is list", message (choosing [ "list" ] [ path ]))
                  Assert.Contains("'inner', whose type is struct", message (choosing [ "inner" ] [ path ]))
                  use file = opened path
                  Assert.Equal<string[]>([| "x" |], file.Columns)))
          testCase "files of other columns are errors that name the file" (fun () ->
              inFolder (fun folder ->
                  let file name = Path.Combine(folder, name)
                  write (file "a.parquet") [ 1 ] [ column "x" [| 1 |]; column "y" [| 1 |] ]
                  write (file "b.parquet") [ 1 ] [ column "x" [| 1 |] ]
                  write (file "c.parquet") [ 1 ] [ column "y" [| 1 |]; column "z" [| 1 |]; column "x" [| 5.5 |] ]
                  let a = file "a.parquet"

                  let errorOf columns weights other =
                      Parquet.openWith
                          { Parquet.defaults with
                              Columns = columns
                              Weights = weights }
                          [ a; file other ]
                      |> message

                  let remedy = "Choose columns that all files have, or leave this file out."
                  let lacking = $"""{file "b.parquet"}: It has no column 'y', which {a} has. {remedy}"""
                  Assert.Equal(lacking, errorOf [] None "b.parquet")
                  Assert.Equal(lacking, errorOf [ "x"; "y" ] None "b.parquet")
                  Assert.Equal(lacking, errorOf [ "x" ] (Some "y") "b.parquet")

                  Assert.Equal(
                      $"""{file "c.parquet"}: It has a column 'z', which {a} lacks. Choose the columns to read.""",
                      errorOf [] None "c.parquet"
                  )

                  write (Path.Combine(folder, "d.other")) [ 1 ] [ words "y" [| "a" |]; column "x" [| 1 |] ]

                  Assert.Equal(
                      $"""{file "d.other"}: Its column 'y' must have numbers as in {a}, but its type is String.""",
                      errorOf [] None "d.other"
                  )

                  use chosen = choosing [ "x" ] [ folder ] |> ok
                  Assert.Equal<float[]>([| 1.0; 1.0; 5.5 |], values chosen.Source)))
          testCase "an integer that no float64 equals is an error that names its column" (fun () ->
              inFile [ 2; 1 ] [ column "id" [| 1L; 2L; 9007199254740993L |] ] (fun path ->
                  use file = opened path
                  let message = (Gmm.fit Gmm.defaults file.Source |> error).Message
                  Assert.Contains("Row group 1 (counting from 0), column 'id': It holds 9007199254740993", message)))
          testCase "other files, cut files and damaged files are errors that name them" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  Assert.Contains("There is no such file.", message (Parquet.openFile path))
                  Assert.Contains("no file that ends in .parquet", message (Parquet.openFile folder))
                  Assert.Contains("at least one file", message (choosing [] []))
                  write path [ 5000 ] [ column "x" (numbers 0 5000) ]
                  let content = File.ReadAllBytes path

                  for length in [ 0; 3; 8; content.Length / 2; content.Length - 1 ] do
                      File.WriteAllBytes(path, content[.. length - 1])
                      Assert.StartsWith(path + ": ", message (Parquet.openFile path))

                  File.WriteAllBytes(path, content)

                  damaging 200 (fun _ -> 0) path (fun path ->
                      Parquet.openFile path
                      |> Result.bind (fun file ->
                          use file = file
                          readAll file.Source))))
          testCase "a damaged number of values is an error that names the column" (fun () ->
              inFile [ 5000 ] [ column "x" (numbers 0 5000) ] (fun path ->
                  let content = File.ReadAllBytes path

                  // The codec (Snappy), and then the number of values as a number of variable length: 2·5000.
                  let place =
                      content
                      |> Array.windowed 5
                      |> Array.indexed
                      |> Array.filter (fun (_, window) -> window = [| 0x15uy; 2uy; 0x16uy; 0x90uy; 0x4Euy |])
                      |> Assert.Single
                      |> fst

                  content[place + 3] <- 0x92uy
                  File.WriteAllBytes(path, content)
                  use file = opened path

                  let place = $"{path}: Row group 0 (counting from 0), column 'x': "
                  let trouble = "It has another number of values than the 5000 rows of the group."
                  Assert.Equal(place + trouble, (readAll file.Source |> error).Message)))
          testCase "columns that Parquet.Net can't decode are errors with a remedy, never wrong numbers" (fun () ->
              let message path column =
                  use file = choosing [ column ] [ path ] |> ok
                  (readAll file.Source |> error).Message

              let runs = "column 'truth': Its Booleans are stored as runs. Save the column as integers."
              Assert.EndsWith(runs, message (apache "pages-2.parquet") "truth")
              use file = choosing [ "truth" ] [ apache "pages-1.parquet" ] |> ok
              Assert.Equal<float[]>(Array.create 300 1.0, values file.Source)

              // The list of the column's encodings may have that of values one by one: here it has no other, though the
              // pages have runs. It stands between the type of the column and its name.
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "pages.parquet")
                  let content = File.ReadAllBytes(apache "pages-2.parquet")
                  let listed = Array.append [| 0x15uy; 0uy; 0x19uy; 0x15uy; 6uy; 0x19uy; 0x18uy; 5uy |] "truth"B

                  let place =
                      content
                      |> Array.windowed listed.Length
                      |> Array.indexed
                      |> Array.filter (fun (_, window) -> window = listed)
                      |> Assert.Single
                      |> fst

                  content[place + 4] <- 0uy
                  File.WriteAllBytes(path, content)
                  Assert.Equal<Meta.Encoding list>([ Meta.Encoding.PLAIN ], encodings path "truth")
                  Assert.EndsWith(runs, message path "truth"))

              let trouble = "Its decimals are stored as byte arrays of different lengths."
              let bytes = $"column 'bytes': {trouble} Save the column as float64."
              Assert.EndsWith(bytes, message (apache "pages-1.parquet") "bytes")
              Assert.EndsWith(bytes, message (apache "pages-2.parquet") "bytes"))
          testCase "a damaged length of the footer is an error" (fun () ->
              inFile [ 5000 ] [ column "x" (numbers 0 5000) ] (fun path ->
                  let content = File.ReadAllBytes path

                  for length in [ 0; -1; 1; 5; content.Length; Int32.MaxValue; Int32.MinValue ] do
                      BitConverter.GetBytes(length).CopyTo(content, content.Length - 8)
                      File.WriteAllBytes(path, content)
                      Assert.Equal(path + ": Its footer is damaged.", message (Parquet.openFile path))

                  // There a page begins, with the byte that a footer begins with.
                  BitConverter.GetBytes(content.Length - 12).CopyTo(content, content.Length - 8)
                  File.WriteAllBytes(path, content)
                  Assert.StartsWith(path + ": ", message (Parquet.openFile path))))
          testCase "a column of times has no numbers" (fun () ->
              let time =
                  { column "t" [| 1L; 2L |] with
                      Field = TimeDataField("t", TimeUnitPrecision.Micros) }

              inFile [ 2 ] [ time; column "x" [| 1; 2 |] ] (fun path ->
                  Assert.Contains("'t', whose type is time", message (choosing [ "t" ] [ path ]))
                  use file = opened path
                  Assert.Equal<string[]>([| "x" |], file.Columns)))
          testCase "the ending of a file's name may have any case" (fun () ->
              inFolder (fun folder ->
                  write (Path.Combine(folder, "ROWS.PARQUET")) [ 2 ] [ column "x" [| 1; 2 |] ]
                  use file = opened folder
                  Assert.Equal(2L, file.Source.Rows)))
          testCase "a file that changes while in use is an error" (fun () ->
              inFile [ 10_000; 10_000 ] [ column "x" (numbers 0 20_000) ] (fun path ->
                  use file = Parquet.openWith { Parquet.defaults with Memory = 0L } [ path ] |> ok
                  // The first row group may be in memory still; the second was not read.
                  file.Source.Read 0L |> ignore
                  write (path + ".other") [ 10 ] [ column "x" (numbers 0 10) ]
                  File.Move(path + ".other", path, overwrite = true)
                  let message = (Gmm.fit Gmm.defaults file.Source |> error).Message
                  Assert.Contains("changed while it was in use", message)))
          testCase "a file that is closed is an error" (fun () ->
              inFile [ 10 ] [ column "x" (numbers 0 10) ] (fun path ->
                  let file = opened path
                  file.Source.Read 0L |> ignore
                  (file :> IDisposable).Dispose()
                  Assert.Throws<ObjectDisposedException>(fun () -> file.Source.Read 0L |> ignore) |> ignore))
          testCase "a file without rows has a source without rows" (fun () ->
              inFile [] [ column "x" [||]; column "w" [||] ] (fun path ->
                  use weighted =
                      Parquet.openWith
                          { Parquet.defaults with
                              Weights = Some "w" }
                          [ path ]
                      |> ok

                  Assert.Equal((0L, 1), (weighted.Source.Rows, weighted.Source.Columns))
                  use file = opened path
                  Assert.Equal(0L, file.Source.Rows)
                  Assert.Contains("at least one row", (Gmm.fit Gmm.defaults file.Source |> error).Message))) ]

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let private table = lazy (Array2D.init 70_000 2 (fun i j -> number (2 * i + j) + 9.0 * float (i % 2)))

[<Tests>]
let writing =
    testList
        "Parquet: writing"
        [ testCase "rows and results are read as they were written" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "deeper", "results.parquet")
                  let source = Source.ofArray2D table.Value |> ok
                  let fit = Gmm.fit { Gmm.defaults with Components = 2 } source |> ok
                  let results = Predict.columns fit source |> ok
                  Parquet.write path [ "x"; "y" ] results source |> ok
                  use file = opened path

                  Assert.Equal<string[]>(
                      [| "x"; "y"; "label"; "logDensity"; "responsibility0"; "responsibility1" |],
                      file.Columns
                  )

                  use data = choosing [ "x"; "y" ] [ path ] |> ok
                  use labels = choosing [ "label" ] [ path ] |> ok
                  use shares = choosing [ "responsibility1" ] [ path ] |> ok
                  Assert.Equal<int64[]>(bits (flat table.Value), bits (values data.Source))
                  Assert.Equal<float[]>(Predict.labels fit source |> ok |> Array.map float, values labels.Source)
                  Assert.Equal<float[]>((Predict.responsibilities fit source |> ok)[*, 1], values shares.Source)))
          testCase "float32 stays float32" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  let numbers = Array2D.map float32 table.Value
                  Source.ofFloat32Array2D numbers |> Result.bind (Parquet.write path [] []) |> ok
                  use file = opened path
                  Assert.Equal<string[]>([| "column 1"; "column 2" |], file.Columns)

                  Assert.Equal(numbers[3 * file.Source.BlockRows, 0], (single (file.Source.Read 3L))[0])))
          testCase "names and results that don't fit are errors, and leave the file as it was" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  File.WriteAllText(path, "as it was")
                  let source = Source.ofArray2D (Array2D.zeroCreate 5 2) |> ok
                  let message names results = (Parquet.write path names results source |> error).Message

                  let twice =
                      "Each name of a column must be different from the others, but is 'x', which is given twice"

                  Assert.Contains("one for each of the 2 columns", message [ "x" ] [])
                  Assert.Equal($"{twice}.", message [ "x"; "x" ] [])
                  Assert.Contains("names that aren't empty", message [ "x"; "" ] [])
                  Assert.Contains("names that aren't empty", message [ null; "y" ] [])

                  Assert.Equal(
                      $"{twice}; rename or leave out a result.",
                      message [ "x"; "y" ] [ ResultColumn.Of("x", Array.zeroCreate<int> 5) ]
                  )

                  Assert.Equal(
                      "The result 'z' must be one value for each of the 5 rows, but is 4 values.",
                      message [ "x"; "y" ] [ ResultColumn.Of("z", Array.zeroCreate<int> 4) ]
                  )

                  let failing =
                      { source with
                          Read = fun _ -> raise (GmmException(InvalidData("a", "b"))) }

                  Assert.Contains("must have a", (Parquet.write path [] [] failing |> error).Message)
                  Assert.Equal("as it was", File.ReadAllText path)
                  Assert.Equal(1, Directory.GetFiles(folder).Length)))
          testCase "a file without rows is written" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.parquet")
                  Source.ofArray2D (Array2D.zeroCreate 0 2) |> Result.bind (Parquet.write path [ "x"; "y" ] []) |> ok
                  use file = opened path
                  Assert.Equal((0L, 2), (file.Source.Rows, file.Source.Columns)))) ]
