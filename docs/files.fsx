(**
---
title: Data files
category: Guides
categoryindex: 3
index: 9
---

# Data files

`Csv.read` reads CSV files of most dialects without options, and `Npy` reads NumPy files that may be larger than memory.
For Parquet, Arrow and data frames, there are [packages of their own](tables.html); they also write results beside the
rows (`Predict.columns`). For other formats, `Source.ofColumns` takes columns, and
[`Source.ofGroups`](tables.html#Larger-than-memory) takes rows that are read in groups.
Run this page with `dotnet fsi docs/files.fsx` after `dotnet fsi build.fsx build`.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.FSharp"
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
open System.IO
open Gmm

let folder = Directory.CreateTempSubdirectory("gmm").FullName
let path = Path.Combine(folder, "export.csv")
(**
## What the reader takes from a CSV file

This file is a typical export: semicolons, decimal commas, the name of every row, and a group.
*)
File.WriteAllText(
    path,
    "id;length;group;width
A1;20,7;u;1,5
A2;22,1;v;2
A3;19,4;u;NA
A4;35,4;v;4,5
"
)

match Csv.read path with
| Error(UnreadableFile(_, line, column, reason)) -> printfn $"line {line}, column {column}: {reason}"
| other -> printfn $"%A{other}"
(*** include-output ***)
(**
A missing cell is an error until you say what to do with its row. `Keep` keeps the row, with NaN in the cell, for a
fit that takes [missing cells](missing.html). `DropRows` leaves such rows out. The report of the table then says what
the reader took each column for, and what it left out:
*)
let table = Csv.readWith { Csv.defaults with Missing = DropRows } path |> GmmError.get

printfn $"{table.Report.Summary}"
printfn $"%A{table.Values} %A{table.Labels} %A{table.RowNames}"
(*** include-output ***)
(**
`table.Report.Columns` has the same facts column by column. `Csv.source table` is the data for `Gmm.fit`.

The reader decides what a column holds from all its cells:

| role | the column |
|---|---|
| labels | its name is label, labels, class or species; otherwise the only column of words |
| row names | the first column, if it has no name and its cells are different words or whole numbers, as R and pandas write them; or a column of words whose name is id, name, key or index |
| left out | it has no name and all its cells are empty |
| data | every other column |

A word is a text that begins with a letter, and a column of words has no other cells than words and missing ones. So a
column of numbers with a bad cell is always data, and the error names the line and the column of that cell. Where the
cells allow several answers, the reader returns an error that names the option to set: two columns of words, for
example, or `1,5`, which may be one number or two; or, between semicolons, `1.137` beside `950`, which may be 1137. The
text must be UTF-8.

## Options

Start from `Csv.defaults` and change what the reader should not detect:
*)
let chosen =
    Csv.readWith
        { Csv.defaults with
            Decimal = Some ','
            Columns = Without [ Named "width"; Numbered 1 ]
            Labels = In(Named "group") }
        path
    |> GmmError.get

printfn $"{chosen.Report.Summary}"
(*** include-output ***)
(**
| option | values | default |
|---|---|---|
| `Header` | `Some true`, `Some false` | a header, if no cell of the first row is a number |
| `Separator` | a character; `Some ' '` for runs of spaces and tabs | a comma, semicolon, tab or bar, or runs of spaces and tabs |
| `Decimal` | `Some '.'`, `Some ','` | a point; a comma, if it can't be anything else in the first 1000 rows |
| `Thousands` | a character between groups of three digits, as in 12,345.6 | none |
| `Columns` | `Only [ … ]` in this order, `Without [ … ]`, `AllColumns` | `AllColumns` |
| `Labels` | `In column`, `NoColumn`, `Detect` | `Detect` |
| `RowNames` | `In column`, `NoColumn`, `Detect` | `Detect` |
| `MissingWords` | the words for missing cells, in upper or lower case | empty, NA, N/A, #N/A, &lt;NA&gt;, NaN, null, ? |
| `Missing` | `Refuse`, `DropRows`, `Keep` | `Refuse` |

A column is `Named "width"` or `Numbered 4`, counted from 1. To treat another value as missing, add it:
`MissingWords = "-999" :: Csv.defaults.MissingWords`. NaN in a NumPy file is a missing cell, too.

## NumPy files

Data in a `.npy` file are read page by page, so they may be larger than memory. Every result has the same bits as for
the same numbers in memory. The numbers may be floating-point numbers of 2, 4 or 8 bytes, integers of 1, 2, 4 or 8
bytes, or Booleans, in either order of bytes, row by row (C order) or column by column (Fortran order). Little-endian
float64 and float32 in C order are read in place. Others are converted block by block: float16 becomes float32, and
integers and Booleans become float64. An integer that no float64 equals is an error.

In a function, `use file = Npy.openFile path |> GmmError.get` closes the file at the end; `Npy.source` keeps it open as
long as a script runs. `Npy.write` writes a matrix and `Npy.writeSource` any data. If the file changes while in use, the
next read returns an error.
*)
let rows = Path.Combine(folder, "export.npy")
Npy.writeSource rows (Csv.source table) |> GmmError.get
let mapped = Npy.source rows |> GmmError.get
printfn $"{mapped.Rows} rows of {mapped.Columns}"
(*** include-output ***)
(*** hide ***)
Directory.Delete(folder, recursive = true)
