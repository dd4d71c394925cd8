(**
---
title: Parquet, Arrow and data frames
category: Guides
categoryindex: 3
index: 15
---

# Parquet, Arrow and data frames

Four packages read Parquet, Arrow and two libraries of data frames, each in one line: Gmm.Parquet, Gmm.Arrow,
Gmm.Deedle, and Gmm.DataFrame for Microsoft.Data.Analysis. They also put results beside the data. Run this page with
`dotnet fsi docs/tables.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package that it needs first:

    [lang=fs]
    #r "nuget: Gmm.Parquet"
*)
(*** hide ***)
#I "../src/Gmm.Arrow/bin/Release/net10.0"
#I "../src/Gmm.DataFrame/bin/Release/net10.0"
#I "../src/Gmm.Deedle/bin/Release/net10.0"
#I "../src/Gmm.Parquet/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Parquet.dll"
#r "Apache.Arrow.dll"
#r "Gmm.Arrow.dll"
#r "Deedle.dll"
#r "Gmm.Deedle.dll"
#r "Microsoft.ML.DataView.dll"
#r "Microsoft.Data.Analysis.dll"
#r "Gmm.DataFrame.dll"
(** *)
open System
open System.IO
open Gmm

let folder = Directory.CreateTempSubdirectory("gmm").FullName
let path = Path.Combine(folder, "eruptions.parquet")

let minutes =
    array2D [ for n in 0..999 -> [ 2.0 + 2.3 * float (n % 2) + 0.3 * sin (float n); 55.0 + float (n % 30) ] ]
(**
## Parquet

Write a table, read it, fit it, and write it again with the results as further columns:
*)
Source.ofArray2D minutes |> Result.bind (Parquet.write path [ "length"; "wait" ] []) |> GmmError.get

let rows = Parquet.source path |> GmmError.get
let fit = Gmm.fit { Gmm.defaults with Components = 2 } rows |> GmmError.get
let results = Predict.columns fit rows |> GmmError.get
let labelled = Path.Combine(folder, "labelled.parquet")
rows |> Parquet.write labelled [ "length"; "wait" ] results |> GmmError.get

let printColumns () =
    use file = Parquet.openFile labelled |> GmmError.get
    printfn $"""{file.Source.Rows} rows of {String.Join(", ", file.Columns)}"""

printColumns ()
(*** include-output ***)
(**
A path is that of a file, or of a folder for all its files that end in `.parquet`, in the order of their names. All
files make one table. Options choose columns, a column of weights, and the memory:
*)
let weighed () =
    use file =
        Parquet.openWith
            { Parquet.defaults with
                Columns = [ "wait" ]
                Weights = Some "length" }
            [ path ]
        |> GmmError.get

    let one = Gmm.fit Gmm.defaults file.Source |> GmmError.get
    printfn $"weighted mean {one.Parameters.Means.toArray2D()[0, 0]:F3}"

weighed ()
(*** include-output ***)
(**
Columns are floating-point numbers, integers, decimals and Booleans; without a choice, all of these are read. A choice
of another column is an error that lists them:
*)
match
    Parquet.openWith
        { Parquet.defaults with
            Columns = [ "width" ] }
        [ path ]
with
| Error error -> printfn $"{error.Message}"
| Ok _ -> printfn "There is such a column."
(*** include-output ***)
(**
## Larger than memory

Opening reads only the ends of the files, and the whole column of weights if there is one. The row groups are decoded
when a fit needs them, on all its threads, and are kept up to `Memory` bytes: by default a quarter of the memory that the
process may use. Further groups are decoded again in every pass over the data. One thread decodes a row group, so a file
of one large group is read by one thread; beside `Memory`, every thread may hold one more group. The results have the
same bits, whatever the memory is.

`dotnet fsi build.fsx parquet` fits a folder that is larger than the memory of its process. A program with a hard limit
of its memory should set `ConcurrentGarbageCollection` to false in its project, so that row groups that were used are
freed in time.

`Source.ofGroups` does the same for a format of your own, such as pages of a database: it takes the number of rows of
every group, and a function that reads one.
*)
let pages =
    Source.ofGroups 1_000_000L 2 [| 600L; 400L |] (fun page ->
        let first, count = (if page = 0 then 0, 600 else 600, 400)

        Array.init (2 * count) (fun i -> minutes[first + i / 2, i % 2]) |> ReadOnlyMemory |> Numbers.Float64)
    |> GmmError.get

let ofPages = Gmm.fit { Gmm.defaults with Components = 2 } pages |> GmmError.get
printfn $"same bits: {ofPages.LogLikelihood = fit.LogLikelihood}"
(*** include-output ***)
(**
## Deedle

`Frame.source` takes the columns with the given names, or all columns of numbers if there are none, and
`Frame.withResults` adds columns. A missing value is NaN, a [missing cell](missing.html), which is an error unless
`Missing` is `Missing.Fit`:
*)
open Deedle

let frame =
    Frame.ofColumns
        [ "length" => series [ for n in 0..999 -> n => minutes[n, 0] ]
          "wait"
          => series
              [ for n in 0..999 do
                    if n % 10 <> 3 then
                        n => minutes[n, 1] ] ]

let gaps = frame |> Frame.source [] |> GmmError.get

let withGaps =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Missing = Missing.Fit }
        gaps
    |> GmmError.get

let labelledFrame = frame |> Frame.withResults (Predict.columns withGaps gaps |> GmmError.get) |> GmmError.get

printfn $"""{String.Join(", ", labelledFrame.ColumnKeys)}"""
(*** include-output ***)
(**
## Microsoft.Data.Analysis
*)
open Microsoft.Data.Analysis

let dataFrame =
    DataFrame(
        DoubleDataFrameColumn("length", minutes[*, 0]),
        DoubleDataFrameColumn("wait", minutes[*, 1]),
        StringDataFrameColumn("day", Array.replicate 1000 "Monday")
    )

let ofFrame = dataFrame |> DataFrame.source [] |> GmmError.get
printfn $"""{ofFrame.Rows} rows of {String.Join(", ", DataFrame.columns dataFrame)}"""
let withLabels = dataFrame |> DataFrame.withResults results |> GmmError.get
printfn $"label {withLabels[0L, 3]} and {withLabels[1L, 3]}"
(*** include-output ***)
(**
## Arrow

`Arrow.ofBatches` and `Arrow.ofTable` take record batches and tables; `Arrow.openFile` opens a file (IPC, Feather
version 2), whose batches may be larger than memory together. `Arrow.withResults` adds columns to a batch.
*)
open Apache.Arrow

let column j = DoubleArray.Builder().AppendRange(minutes[*, j]).Build()

let batch = RecordBatch.Builder().Append("length", false, column 0).Append("wait", false, column 1).Build()

let ofArrow = Arrow.ofBatches [ "length"; "wait" ] [ batch ] |> GmmError.get
let withArrow = batch |> Arrow.withResults results |> GmmError.get
printfn $"{ofArrow.Rows} rows; {withArrow.ColumnCount} columns with the results"
(*** include-output ***)
(**
## From C#

The packages work with Gmm.CSharp: their sources are rows. `ToSource` and `WithResults` are methods of frames and
batches, in the namespace `Gmm.CSharp`.

    [lang=csharp]
    using Gmm.CSharp;

    using var file = Gmm.ParquetFile.Open("eruptions.parquet", "length", "wait");
    var model = new GaussianMixture(components: 2).Fit(file.Source);
    var labels = Gmm.ResultColumn.Of("label", model.Predict(file.Source));
    Gmm.ParquetFile.Write("labelled.parquet", file.Columns, file.Source, labels);

    using var batches = Gmm.ArrowFile.Open("eruptions.arrow", "length", "wait");
    var ofBatches = new GaussianMixture(components: 2).Fit(batches.Source);

    var rows = dataFrame.ToSource("length", "wait");
    dataFrame.Columns.Add(new Int32DataFrameColumn("label", model.Predict(rows)));

The silos of a [cluster](cluster.html) read Parquet files after one line:

    [lang=csharp]
    options.Formats.Add(RowFormat.Of(".parquet", path => Gmm.ParquetFile.Open(path), file => file.Source));
*)
(*** hide ***)
Directory.Delete(folder, recursive = true)
