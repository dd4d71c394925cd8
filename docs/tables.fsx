(**
---
title: Parquet, Arrow and data frames
category: Guides
categoryindex: 3
index: 17
---

# Parquet, Arrow and data frames

Four packages turn tables of other libraries into data for `Gmm.fit`, each in one line, and put results beside the tables:

| package | tables |
|---|---|
| `Gmm.Parquet` | Parquet files |
| `Gmm.Arrow` | record batches, tables and files of Apache Arrow |
| `Gmm.Deedle` | frames of Deedle |
| `Gmm.DataFrame` | frames of Microsoft.Data.Analysis |

Run this page with `dotnet fsi docs/tables.fsx` after `dotnet fsi build.fsx build`.

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
To fit such a file again, choose its columns of data, as below: otherwise labels, log-densities and responsibilities
count as data, too.

A path names a file or a folder. A folder stands for its files that end in `.parquet`, in the order of their names, but
not for those of its subfolders. All files together make one table. `Parquet.openWith` takes options, for the columns, a
column of weights, and the memory, and a list of paths:
*)
let weighted () =
    use file =
        Parquet.openWith
            { Parquet.defaults with
                Columns = [ "wait" ]
                Weights = Some "length" }
            [ path ]
        |> GmmError.get

    let one = Gmm.fit Gmm.defaults file.Source |> GmmError.get
    printfn $"weighted mean {one.Parameters.Means.toArray2D()[0, 0]:F3}"

weighted ()
(*** include-output ***)
(**
A column of data holds floating-point numbers, integers, decimals or Booleans. Without a choice, all such columns are
read. Choosing any other column is an error, and the message lists those that you can choose:
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

A Parquet file consists of row groups, and Gmm.Parquet doesn't need all of them in memory at once. Opening reads only
the end of each file, which describes the groups, and the whole column of weights if there is one. A fit decodes a row
group when it needs its rows, and keeps decoded groups up to a total of `Memory` bytes: by default a quarter of the
memory that the process may use. It decodes the other groups again in every pass over the data. Whatever `Memory` is,
results have the same bits.

Each group is decoded by one thread, so that a file with a single large group occupies only one. Beyond `Memory`, every
thread may hold one more group.

`dotnet fsi build.fsx parquet` fits a folder that is larger than the memory of its process. If the memory of your process
is limited, as in a container, set `ConcurrentGarbageCollection` to false in its project, so that the memory of groups
that are no longer used is freed in time.

For a format of your own, such as pages of a database, `Source.ofGroups` keeps and reads groups in the same way. Its
arguments are the memory in bytes, the number of columns, the number of rows of every group, and a function that returns
the numbers of a group, row by row. Here the two groups have 600 and 400 rows:
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

`Frame.source` takes the columns with the given names; an empty list of names takes all columns of numbers.
`Frame.withResults` returns a frame with further columns. A missing value becomes NaN, which is a
[missing cell](missing.html): an error, unless the option `Missing` is `Missing.Fit`. Deedle has a case `Error` of its own;
after `open Deedle`, write `Result.Error`.
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

`DataFrame.source` and `DataFrame.withResults` do the same for frames of Microsoft.Data.Analysis. Columns that hold no
numbers, such as `day`, are left out:
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

`Arrow.ofBatches` and `Arrow.ofTable` take the names of columns, and record batches or tables. `Arrow.openFile` takes
the path of a file (IPC, Feather version 2), which may be larger than memory: its batches are read and kept as row
groups are. `Arrow.openColumns` takes names, too. `Arrow.withResults` returns a batch with further columns.
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

The methods of Gmm.CSharp take the sources of these packages as rows. With `using Gmm.CSharp;`, frames, batches and
tables have a method `ToSource`, and frames and batches a method `WithResults`. In this example, `dataFrame` is a
`DataFrame` of Microsoft.Data.Analysis:

    [lang=csharp]
    using Gmm.CSharp;
    using Microsoft.Data.Analysis;

    using var file = Gmm.ParquetFile.Open("eruptions.parquet", "length", "wait");
    var model = new GaussianMixture(components: 2).Fit(file.Source);
    var labels = Gmm.ResultColumn.Of("label", model.Predict(file.Source));
    Gmm.ParquetFile.Write("labelled.parquet", file.Columns, file.Source, labels);

    using var batches = Gmm.ArrowFile.Open("eruptions.arrow", "length", "wait");
    var ofBatches = new GaussianMixture(components: 2).Fit(batches.Source);

    var rows = dataFrame.ToSource("length", "wait");
    dataFrame.Columns.Add(new Int32DataFrameColumn("label", model.Predict(rows)));

The silos of a [cluster](cluster.html) read Parquet files, too, if `AddGmm` sets this option:

    [lang=csharp]
    options.Formats.Add(RowFormat.Of(".parquet", path => Gmm.ParquetFile.Open(path), file => file.Source));
*)
(*** hide ***)
Directory.Delete(folder, recursive = true)
