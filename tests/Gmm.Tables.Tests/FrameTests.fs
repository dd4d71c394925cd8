/// Tables of other libraries as data: one test of each rule for Arrow, Deedle and Microsoft.Data.Analysis alike.
module Gmm.Tables.Tests.FrameTests

open System
open System.IO
open Apache.Arrow
open Apache.Arrow.Compression
open Apache.Arrow.Ipc
open Apache.Arrow.Types
open Expecto
open Deedle
open Microsoft.Data.Analysis
open Gmm
open Gmm.Tests
open Gmm.Tests.Support
open Gmm.Tables.Tests.Tables

// ── A column of words and columns of numbers, in every library ──────────────────────────────────────────────────────

/// Cells of a column.
type private Cells =
    | Doubles of Nullable<float>[]
    | Singles of float32[]
    | Whole of Nullable<int64>[]
    | Decimals of Nullable<decimal>[]
    | Truths of bool[]
    | Words of string[]

    /// The cells as numbers, with NaN for null and for words.
    member cells.Numbers =
        let orNaN (convert: 'T -> float) (cell: Nullable<'T>) = if cell.HasValue then convert cell.Value else nan

        match cells with
        | Doubles values -> values |> Array.map (orNaN id)
        | Singles values -> values |> Array.map float
        | Whole values -> values |> Array.map (orNaN float)
        | Decimals values -> values |> Array.map (orNaN (string >> float))
        | Truths values -> values |> Array.map (fun value -> if value then 1.0 else 0.0)
        | Words values -> values |> Array.map (fun _ -> nan)

    member cells.Length = cells.Numbers.Length

/// A library with tables: what Gmm's package for it returns for a table of some columns.
type private Library =
    {
        Name: string
        Columns: (string * Cells) list -> string[]
        Source: string list -> (string * Cells) list -> Result<Source, GmmError>
        /// The names of the columns of a table with results, and all its numbers.
        WithResults: ResultColumn list -> (string * Cells) list -> Result<string[] * float[], GmmError>
    }

let private numbersOf (names: string[]) (source: Result<Source, GmmError>) = names, values (ok source)

module private OfArrow =
    let private column (cells: Cells) : IArrowType * IArrowArray =
        match cells with
        | Doubles values ->
            let add (builder: DoubleArray.Builder) (value: Nullable<float>) = builder.Append value
            DoubleType.Default, (Array.fold add (DoubleArray.Builder()) values).Build()
        | Singles values -> FloatType.Default, FloatArray.Builder().AppendRange(values).Build()
        | Whole values ->
            let add (builder: Int64Array.Builder) (value: Nullable<int64>) = builder.Append value
            Int64Type.Default, (Array.fold add (Int64Array.Builder()) values).Build()
        | Decimals values ->
            let kind = Decimal128Type(38, 10)

            let add (builder: Decimal128Array.Builder) (value: Nullable<decimal>) =
                if value.HasValue then builder.Append value.Value else builder.AppendNull()

            kind, (Array.fold add (Decimal128Array.Builder kind) values).Build()
        | Truths values -> BooleanType.Default, BooleanArray.Builder().AppendRange(values).Build()
        | Words values -> StringType.Default, StringArray.Builder().AppendRange(values).Build()

    let batch (columns: (string * Cells) list) : RecordBatch =
        let built = columns |> List.map (fun (name, cells) -> name, column cells)
        let fields = built |> List.map (fun (name, (kind, _)) -> Field(name, kind, true))
        new RecordBatch(Schema(fields, null), built |> List.map (snd >> snd), (snd columns.Head).Length)

    let library =
        { Name = "Arrow"
          Columns = fun columns -> Arrow.columns (batch columns).Schema
          Source = fun names columns -> Arrow.ofBatches names [ batch columns ]
          WithResults =
            fun results columns ->
                batch columns
                |> Arrow.withResults results
                |> Result.map (fun batch -> numbersOf (Arrow.columns batch.Schema) (Arrow.ofBatches [] [ batch ])) }

module private OfDeedle =
    let private frame (columns: (string * Cells) list) : Frame<int, string> =
        let add (frame: Frame<int, string>) (name: string, cells: Cells) =
            let complete (values: 'T[]) = frame.AddColumn(name, Series.ofObservations (Array.indexed values))

            let partial (values: Nullable<'T>[]) =
                frame.AddColumn(
                    name,
                    Series.ofObservations
                        [ for i, value in Array.indexed values do
                              if value.HasValue then
                                  i => value.Value ]
                )

            match cells with
            | Doubles values -> partial values
            | Singles values -> complete values
            | Whole values -> partial values
            | Decimals values -> partial values
            | Truths values -> complete values
            | Words values -> complete values

            frame

        columns |> List.fold add (Frame.ofRowKeys [ 0 .. (snd columns.Head).Length - 1 ])

    let library =
        { Name = "Deedle"
          Columns = frame >> Frame.columns
          Source = fun names columns -> Frame.source names (frame columns)
          WithResults =
            fun results columns ->
                frame columns
                |> Frame.withResults results
                |> Result.map (fun frame -> numbersOf (Frame.columns frame) (Frame.source [] frame)) }

module private OfDataFrame =
    let private frame (columns: (string * Cells) list) : DataFrame =
        DataFrame(
            [ for name, cells in columns ->
                  match cells with
                  | Doubles values -> DoubleDataFrameColumn(name, values) :> DataFrameColumn
                  | Singles values -> SingleDataFrameColumn(name, values)
                  | Whole values -> Int64DataFrameColumn(name, values)
                  | Decimals values -> DecimalDataFrameColumn(name, values)
                  | Truths values -> BooleanDataFrameColumn(name, values)
                  | Words values -> StringDataFrameColumn(name, values) ]
        )

    let library =
        { Name = "Microsoft.Data.Analysis"
          Columns = frame >> DataFrame.columns
          Source = fun names columns -> DataFrame.source names (frame columns)
          WithResults =
            fun results columns ->
                frame columns
                |> DataFrame.withResults results
                |> Result.map (fun frame -> numbersOf (DataFrame.columns frame) (DataFrame.source [] frame)) }

let private libraries = [ OfArrow.library; OfDeedle.library; OfDataFrame.library ]

let private doubles offset count = Array.init count (fun i -> Nullable(number (offset + 7 * i))) |> Doubles

let private table =
    [ "name", Words(Array.init 3000 string)
      "x", doubles 0 3000
      "whole", Whole(Array.init 3000 (fun i -> if i % 100 = 3 then Nullable() else Nullable(int64 (i % 7))))
      "truth", Truths(Array.init 3000 (fun i -> i % 3 = 0))
      "y", Doubles(Array.init 3000 (fun i -> if i % 50 = 1 then Nullable() else Nullable(number (i + 5)))) ]

/// The rows of some columns of the table.
let private rowsOf names = rows [ for name in names -> (table |> List.find (fst >> (=) name) |> snd).Numbers ]

let private eachLibrary name (test: Library -> unit) =
    testList name [ for library in libraries -> testCase library.Name (fun () -> test library) ]

[<Tests>]
let tests =
    testList
        "Frame"
        [ eachLibrary "all columns of numbers are taken, with NaN for null" (fun library ->
              let names = [ "x"; "whole"; "truth"; "y" ]
              Assert.Equal<string[]>(Array.ofList names, library.Columns table)
              let source = library.Source [] table |> ok
              Assert.Equal<int64[]>(bits (rowsOf names), bits (values source)))
          eachLibrary "columns are chosen by name, in any order" (fun library ->
              let source = library.Source [ "y"; "x" ] table |> ok
              Assert.Equal<int64[]>(bits (rowsOf [ "y"; "x" ]), bits (values source)))
          eachLibrary "a fit has the bits of a fit in memory" (fun library ->
              let memory = Source.ofMemory 2 (ReadOnlyMemory(rowsOf [ "x"; "y" ])) |> ok

              let source = library.Source [ "x"; "y" ] table |> ok
              Assert.True((fewIterations memory = fewIterations source)))
          eachLibrary "decimals become the nearest float64, in every culture" (fun library ->
              let cells =
                  [| for digits in unscaled 28 2000 do
                         Nullable(decimal digits / 10000000000m)
                         Nullable() |]
                  |> Decimals

              let read () = bits (values (library.Source [] [ "x", cells ] |> ok))
              Assert.Equal<int64[]>(bits cells.Numbers, read ())
              Assert.Equal<int64[]>(bits cells.Numbers, inOtherCulture read))
          eachLibrary "columns of float32 stay float32" (fun library ->
              let table = [ "a", Singles [| 0.5f; -1.25f |]; "b", Singles [| 3.5f; 1e-30f |] ]

              Assert.Equal<float32[]>(
                  [| 0.5f; 3.5f; -1.25f; 1e-30f |],
                  single ((library.Source [] table |> ok).Read 0L)
              ))
          eachLibrary
              "a column without numbers, or none of that name, is an error that lists the others"
              (fun library ->
                  let message names = (library.Source names table |> error).Message
                  let rule = "Each name in Columns must be that of one column of numbers: x, whole, truth, y"
                  Assert.StartsWith($"{rule}, but is 'name', whose type is ", message [ "x"; "name" ])
                  Assert.Equal($"{rule}, but is 'z', which the table lacks.", message [ "z" ])
                  Assert.Contains("which is given twice", message [ "z"; "x"; "x" ])
                  Assert.Contains("a column of numbers", (library.Source [] (List.take 1 table) |> error).Message)

                  Assert.Contains(
                      "one column of numbers, of which the table has none, but is 'name'",
                      (library.Source [ "name" ] (List.take 1 table) |> error).Message
                  ))
          eachLibrary "an integer that no float64 equals is an error that names its column" (fun library ->
              let message =
                  (library.Source [] [ "id", Whole [| Nullable 1L; Nullable 9007199254740993L |] ] |> error).Message

              Assert.Contains("column 'id' holds 9007199254740993", message))
          eachLibrary "results become columns" (fun library ->
              let source = library.Source [ "x" ] table |> ok
              let fit = Gmm.fit { Gmm.defaults with Components = 2 } source |> ok
              let results = Predict.columns fit source |> ok |> List.ofArray
              let names, numbers = library.WithResults results [ List.item 1 table ] |> ok

              Assert.Equal<string[]>([| "x"; "label"; "logDensity"; "responsibility0"; "responsibility1" |], names)

              let labels = Predict.labels fit source |> ok
              Assert.Equal<float[]>(Array.map float labels, Array.init 3000 (fun i -> numbers[5 * i + 1])))
          eachLibrary "results of another length or a name in use are errors" (fun library ->
              let message results = (library.WithResults results table |> error).Message

              Assert.EndsWith(
                  "'x', which is given twice; rename or leave out a result.",
                  message [ ResultColumn.Of("x", Array.zeroCreate<int> 3000) ]
              )

              Assert.Equal(
                  "The result 'z' must be one value for each of the 3000 rows, but is 2 values.",
                  message [ ResultColumn.Of("z", [| 1; 2 |]) ]
              ))
          eachLibrary "a table without rows has a source without rows" (fun library ->
              Assert.Equal(0L, (library.Source [] [ "x", Doubles [||] ] |> ok).Rows)) ]

// ── Of one library ──────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let batchesOf =
    testList
        "Arrow: batches"
        [ testCase "batches of other columns are an error that names both" (fun () ->
              let batch columns = OfArrow.batch [ for name in columns -> name, doubles 0 3 ]

              Assert.Contains(
                  "batch 1 (counting from 0) has the columns y: Double, x: Double and batch 0 has x: Double, y: Double",
                  (Arrow.ofBatches [] [ batch [ "x"; "y" ]; batch [ "y"; "x" ] ] |> error).Message
              )

              let whole = OfArrow.batch [ "x", Whole [| Nullable 1L |] ]
              Assert.Contains("one schema", (Arrow.ofBatches [] [ batch [ "x" ]; whole ] |> error).Message))
          testCase "no batches are an error" (fun () ->
              Assert.Contains("at least one record batch", (Arrow.ofBatches [] [] |> error).Message))
          testCase "a table of batches without rows has a source without rows" (fun () ->
              let empty = OfArrow.batch [ "x", Doubles [||]; "y", Doubles [||] ]
              let table = Apache.Arrow.Table.TableFromRecordBatches(empty.Schema, [| empty; empty |])
              let source = Arrow.ofTable [ "y"; "x" ] table |> ok
              Assert.Equal((0L, 2), (source.Rows, source.Columns)))
          testCase "decimals of 38 digits are numbers" (fun () ->
              let kind = Decimal128Type(38, 2)
              let digits = String('9', 36) + ".25"

              let array =
                  Decimal128Array.Builder(kind).Append(Data.SqlTypes.SqlDecimal.Parse digits).AppendNull().Build()

              let batch = new RecordBatch(Schema([ Field("x", kind, true) ], null), [ array :> IArrowArray ], 2)
              Assert.Equal<int64[]>(bits [| 1e36; nan |], bits (values (Arrow.ofBatches [] [ batch ] |> ok)))) ]

[<Tests>]
let frames =
    testList
        "Frame: copies"
        [ testCase "a Deedle column without missing values is copied once" (fun () ->
              let count = 100_000
              let complete = Frame.ofColumns [ "x" => Series.ofValues (Array.init count float) ]

              let allocated (work: unit -> Source) =
                  work () |> ignore
                  let before = GC.GetAllocatedBytesForCurrentThread()
                  work () |> ignore
                  GC.GetAllocatedBytesForCurrentThread() - before

              // The numbers, and some small objects; an object for each cell takes 24 bytes.
              let copied = 8L * int64 count
              Assert.InRange(allocated (fun () -> Frame.source [] complete |> ok), copied, copied + 50_000L))
          testCase "the columns of a frame with results are its own" (fun () ->
              let frame = DataFrame(DoubleDataFrameColumn("x", [| 1.0; 2.0 |]))
              let both = frame |> DataFrame.withResults [ ResultColumn.Of("label", [| 0; 1 |]) ] |> ok
              both["x"][0L] <- box 5.0
              Assert.Equal<obj>(box 1.0, frame["x"][0L])) ]

// ── Arrow's files ───────────────────────────────────────────────────────────────────────────────────────────────────

let private batches =
    [ for first, count in [ 0, 1000; 1000, 0; 1000, 20_000; 21_000, 1 ] ->
          OfArrow.batch
              [ "x", doubles first count
                "name", Words(Array.init count string)
                "y", Doubles(Array.init count (fun i -> if i % 50 = 1 then Nullable() else Nullable(number i))) ] ]

let private writeArrow (path: string) (schema: Schema) (batches: RecordBatch list) (options: IpcOptions) =
    use stream = File.Create path
    use writer = new ArrowFileWriter(stream, schema, false, options)
    writer.WriteStart()

    for batch in batches do
        writer.WriteRecordBatch batch

    writer.WriteEnd()

[<Tests>]
let files =
    testList
        "Arrow: files"
        [ testCase "a file has the rows of its batches, compressed or not" (fun () ->
              inFolder (fun folder ->
                  let memory = Arrow.ofBatches [] batches |> ok

                  for codec in
                      [ Nullable(); Nullable CompressionCodecType.Zstd; Nullable CompressionCodecType.Lz4Frame ] do
                      let path = Path.Combine(folder, $"rows{codec}.arrow")

                      writeArrow
                          path
                          batches.Head.Schema
                          batches
                          (IpcOptions(CompressionCodec = codec, CompressionCodecFactory = CompressionCodecFactory()))

                      use file = Arrow.openFile path |> ok
                      Assert.Equal<string[]>([| "x"; "y" |], file.Columns)
                      Assert.Equal((memory.Rows, memory.BlockRows), (file.Source.Rows, file.Source.BlockRows))
                      Assert.Equal<int64[]>(bits (values memory), bits (values file.Source))
                      use chosen = ArrowFile.Open(path, "y")
                      Assert.Equal(1, chosen.Source.Columns)))
          testCase "other files and other names are errors" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.arrow")
                  let message names = (Arrow.openColumns names path |> error).Message
                  Assert.Contains("There is no such file.", message [])
                  File.WriteAllText(path, "1,2,3")
                  Assert.StartsWith(path + ": ", message [])
                  writeArrow path batches.Head.Schema batches (IpcOptions())
                  Assert.Contains("'name', whose type is utf8", message [ "name" ])))
          testCase "damaged files are errors that name them" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.arrow")
                  writeArrow path batches.Head.Schema batches (IpcOptions())
                  let footer = int (FileInfo path).Length - 1000

                  // Half of the damage lies in the footer, which has the lengths.
                  damaging 300 (fun trial -> if trial % 2 = 0 then 0 else footer) path (fun path ->
                      Arrow.openFile path
                      |> Result.bind (fun file ->
                          use file = file
                          readAll file.Source))))
          testCase "a column of another length than its batch is an error that names the file and the column" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.arrow")

                  let column count = DoubleArray.Builder().AppendRange(Seq.init count float).Build() :> IArrowArray

                  let schema = Schema([ for name in [ "x"; "y" ] -> Field(name, DoubleType.Default, false) ], null)
                  writeArrow path schema [ new RecordBatch(schema, [ column 3; column 2 ], 3) ] (IpcOptions())
                  use file = Arrow.openFile path |> ok

                  Assert.Equal(
                      $"{path}: Record batch 0 (counting from 0): Its column 'y' has 2 values for 3 rows.",
                      (readAll file.Source |> error).Message
                  )))
          testCase "a file that is closed is an error, and free" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.arrow")
                  writeArrow path batches.Head.Schema batches (IpcOptions())
                  let file = Arrow.openFile path |> ok
                  file.Source.Read 0L |> ignore
                  Assert.False(isFree path)
                  (file :> IDisposable).Dispose()
                  Assert.True(isFree path)
                  Assert.Throws<ObjectDisposedException>(fun () -> file.Source.Read 0L |> ignore) |> ignore
                  // A file that can't be opened stays free too.
                  Arrow.openColumns [ "z" ] path |> error |> ignore
                  Assert.True(isFree path)))
          testCase "a file without batches has a source without rows" (fun () ->
              let schema = Schema([ for name in [ "x"; "y" ] -> Field(name, DoubleType.Default, false) ], null)

              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.arrow")
                  writeArrow path schema [] (IpcOptions())
                  use file = Arrow.openFile path |> ok
                  Assert.Equal((0L, 2), (file.Source.Rows, file.Source.Columns))))
          testCase "a stream is no file" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.arrows")

                  do
                      use stream = File.Create path
                      use writer = new ArrowStreamWriter(stream, batches.Head.Schema)
                      batches |> List.iter writer.WriteRecordBatch
                      writer.WriteEnd()

                  Assert.Contains("must be read with ArrowStreamReader", (Arrow.openFile path |> error).Message))) ]
