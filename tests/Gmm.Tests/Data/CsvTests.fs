module Gmm.Tests.CsvTests

open System.Globalization
open System.IO
open System.Threading
open Expecto
open FsCheck.FSharp
open FsCheck
open Gmm
open Gmm.Tests.Support

/// Returns what `read` returns for a file with this text.
let private readText (read: string -> 'T) (text: string) : 'T =
    let path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".csv")

    try
        File.WriteAllText(path, text)
        read path
    finally
        File.Delete path

let private table text = readText Csv.read text |> GmmError.get

/// The line, the column and the reason of the error that a file with this text gives.
let private trouble text =
    match readText Csv.read text with
    | Error(UnreadableFile(_, line, column, reason)) -> line, column, reason
    | other -> failwith $"expected UnreadableFile, but got %A{other}"

let private data name = Csv.read (Path.Combine(System.AppContext.BaseDirectory, "data", name)) |> GmmError.get

[<Tests>]
let tests =
    testList
        "Csv"
        [ testCase "a folder is not a file" (fun () ->
              let folder = Path.GetTempPath()

              match Csv.read folder with
              | Error error -> Assert.Equal($"{folder}: This is a folder, not a file.", error.Message)
              | Ok table -> failwith $"%A{table}")
          testCase "a header names the columns" (fun () ->
              let table = table "a,b\n1,2\n3.5,-4e-1\n"
              Assert.Equal<string>([| "a"; "b" |], table.Names)
              Assert.Equal<float>([| 1.0; 2.0; 3.5; -0.4 |], table.Values)
              Assert.Equal(2, table.Rows)
              Assert.Equal(2, table.Columns)
              Assert.Equal(None, table.Labels))
          testCase "without a header columns are numbered from 1" (fun () ->
              let table = table "1,2.5\n3,4"
              Assert.Equal<string>([| "column 1"; "column 2" |], table.Names)
              Assert.Equal<float>([| 1.0; 2.5; 3.0; 4.0 |], table.Values))
          testCase "a header may be forced or ruled out" (fun () ->
              let read header text =
                  readText
                      (Csv.readWith
                          { Csv.defaults with
                              Header = Some header })
                      text

              let years = read true "2020,2021\n1,2\n" |> GmmError.get
              Assert.Equal<string>([| "2020"; "2021" |], years.Names)
              Assert.Equal(1, years.Rows)

              match read false "a,b\n1,2\n" with
              | Error(UnreadableFile(_, 1, 1, _)) -> ()
              | other -> failwith $"expected an error in line 1, column 1, but got %A{other}")
          testTheory
              "a column named label, class or species has labels, even if they are numbers"
              [ "label"; "Class"; "SPECIES" ]
              (fun (name) ->
                  for text in [ $"x,{name}\n1,0\n2,1\n"; $"{name},x\n0,1\n1,2\n" ] do
                      let table = table text
                      Assert.Equal<string>([| "x" |], table.Names)
                      Assert.Equal<float>([| 1.0; 2.0 |], table.Values)
                      Assert.Equal<string>([| "0"; "1" |], table.Labels.Value))
          testCase "the only column of words has labels, with or without a header" (fun () ->
              for header in [ ""; "length,kind\n" ] do
                  let table = table (header + "1,setosa\n2, virginica \n")
                  Assert.Equal<float>([| 1.0; 2.0 |], table.Values)
                  Assert.Equal<string>([| "setosa"; "virginica" |], table.Labels.Value))
          testTheory "other separators are recognised" [ ';'; '\t'; '|' ] (fun (separator: char) ->
              let table = table ("a,b\n1,2.5\n3,4\n".Replace(',', separator))
              Assert.Equal<float>([| 1.0; 2.5; 3.0; 4.0 |], table.Values))
          testCase "quotes, blank lines, spaces, CRLF and a byte order mark do no harm" (fun () ->
              let table = table "\uFEFF\"first, quoted\",b\r\n\r\n \"1\" , 2\r\n3,4\r\n\r\n"
              Assert.Equal<string>([| "first, quoted"; "b" |], table.Names)
              Assert.Equal<float>([| 1.0; 2.0; 3.0; 4.0 |], table.Values))
          testTheory
              "an error names the line and the column, counted from 1"
              [ "a,b\n1,2\n3,\n", 3, 2, "The cell is empty; it is the only missing cell in 2 rows."
                "a,b,c\n1,2,3\n4,x,5\n", 3, 2, "\"x\""
                "a,b\n\n1,2\n\n3,4\nNaN,5\n", 6, 1, "\"NaN\""
                "a,b\n1,2\n-Infinity,4\n", 3, 1, "finite"
                "a,b\n1,2\n3,1e999\n", 3, 2, "finite"
                "a,b\n1,2\n3,4,5\n", 3, 0, "3 cells"
                "a,b\n1,2\n3\n", 3, 0, "1 cell and the first row has 2"
                "1,,3\n4,5,6\n", 1, 2, "is empty"
                "x1,2020\n1,2\n", 1, 1, "header"
                "a,b\n1,word\n2,3\n", 2, 2, "must be a number, but is \"word\""
                "a,label\n1,x\n2,\n", 3, 2, "is empty"
                "a,b\n\"1,5\",2\n", 2, 1, "\"1,5\". If it has a decimal comma, set Decimal to ','."
                "", 0, 0, "empty"
                "\n\n", 0, 0, "empty"
                "a,b\n", 0, 0, "no rows"
                "label\nx\n", 1, 0, "No column is left for the numbers."
                "a,b\n1,\"2\n3,4\n", 2, 0, "" ]
              (fun (text, line, column, part: string) ->
                  let foundLine, foundColumn, reason = trouble text
                  Assert.Equal((line, column), (foundLine, foundColumn))
                  Assert.Contains(part, reason))
          testCase "the message has path, line and column" (fun () ->
              match readText (fun path -> path, Csv.read path) "a,b\nx,1\n2,3\n" with
              | path, Error error -> Assert.StartsWith($"{path}, line 2, column 1: ", error.Message)
              | _, Ok table -> failwith $"%A{table}")
          testCase "a missing file, a folder and an empty name are errors" (fun () ->
              for path in [ "no/such/file.csv"; "no-such-file.csv"; Path.GetTempPath(); "" ] do
                  match Csv.read path with
                  | Error(UnreadableFile(named, 0, 0, reason)) ->
                      Assert.Equal(path, named)
                      Assert.NotEmpty reason
                  | other -> failwith $"%A{other}")
          testCase "the language of the machine changes nothing" (fun () ->
              let before = Thread.CurrentThread.CurrentCulture

              try
                  Thread.CurrentThread.CurrentCulture <- CultureInfo.GetCultureInfo "de-DE"
                  Assert.Equal<float>([| 1.5; 2000.25 |], (table "a,b\n1.5,2000.25\n").Values)
                  Assert.Equal<float>([| 1.5; 2.0 |], (table "a;b\n1,5;2\n").Values)
                  Assert.Equal((2, 1), (let line, column, _ = trouble "a,b\n\"1,5\",2\n" in line, column))
              finally
                  Thread.CurrentThread.CurrentCulture <- before)
          testCase "numbers come back to the last bit" (fun () ->
              let finite = ArbMap.defaults |> ArbMap.generate<NormalFloat> |> Gen.map _.Get

              Prop.forAll (Arb.fromGen (Gen.arrayOfLength 12 finite)) (fun numbers ->
                  let rows =
                      numbers
                      |> Array.map (fun x -> x.ToString("R", CultureInfo.InvariantCulture))
                      |> Array.chunkBySize 3

                  let text = rows |> Array.map (String.concat ",") |> String.concat "\n"
                  (table text).Values = numbers)
              |> Check.QuickThrowOnFailure)
          testCase "the shipped data sets" (fun () ->
              let faithful, iris = data "faithful.csv", data "iris.csv"
              Assert.Equal<string>([| "eruptions"; "waiting" |], faithful.Names)
              Assert.Equal((272, None), (faithful.Rows, faithful.Labels))
              Assert.Equal((150, 4), (iris.Rows, iris.Columns))

              Assert.Equal<string * int>(
                  [| "setosa", 50; "versicolor", 50; "virginica", 50 |],
                  Array.countBy id iris.Labels.Value
              ))
          testCase "a source reads the numbers of a table in place" (fun () ->
              let table = table "a,b\n1,2\n3,4\n"
              let source = Csv.source table
              table.Values[3] <- 9.0
              Assert.Equal<float[,]>(array2D [ [ 1.0; 2.0 ]; [ 3.0; 9.0 ] ], Source.rows [| 0L; 1L |] source)) ]

// ── Files that were read wrongly, and their right values ────────────────────────────────────────────────────────────

let private readAs options text = readText (Csv.readWith options) text |> GmmError.get

let private troubleAs options text =
    match readText (Csv.readWith options) text with
    | Error(UnreadableFile(_, line, column, reason)) -> line, column, reason
    | other -> failwith $"expected UnreadableFile, but got %A{other}"

let private role (table: Table) role =
    [ for column in table.Report.Columns do
          if column.Role = role then
              column.Name ]

let private decimalCommas =
    "Messung;Temp\n1;20,7\n2;22,1\n3;19,4\n4;20,1\n5;21,7\n6;35,4\n7;36,1\n8;34,9\n9;35,8\n10;36,3\n"

let private temperatures = [| 20.7; 22.1; 19.4; 20.1; 21.7; 35.4; 36.1; 34.9; 35.8; 36.3 |]

[<Tests>]
let ``files that were read wrongly, and their right values`` =
    testList
        "Csv: files that were read wrongly, and their right values"
        [ testCase "decimal commas between semicolons are detected and reported" (fun () ->
              let table = table decimalCommas
              Assert.Equal<string>([| "Messung"; "Temp" |], table.Names)

              Assert.Equal<float>(
                  temperatures |> Array.mapi (fun i t -> [| float (i + 1); t |]) |> Array.concat,
                  table.Values
              )

              Assert.Equal(None, table.Labels)
              Assert.Equal(',', table.Report.Decimal)
              Assert.Contains("semicolons between cells, decimal commas", table.Report.Summary))
          testCase "a column of decimal commas alone is an error until the decimal mark is given" (fun () ->
              for header in [ ""; "Temp\n" ] do
                  let text = header + "1,5\n2,5\n3,5\n"
                  let _, _, reason = trouble text
                  Assert.Contains("decimal comma", reason)
                  Assert.Contains("Decimal", reason)

                  Assert.Equal<float>(
                      [| 1.5; 2.5; 3.5 |],
                      (readAs { Csv.defaults with Decimal = Some ',' } text).Values
                  )

                  Assert.Equal(
                      2,
                      (readAs
                          { Csv.defaults with
                              Separator = Some ','
                              RowNames = NoColumn
                              Header = Some false }
                          "1,5\n2,5\n3,5\n")
                          .Columns
                  ))
          testCase "a space between thousands is an error until it is given" (fun () ->
              for header in [ ""; "x\n" ] do
                  let text = header + "1 234\n5 678\n"
                  let _, _, reason = trouble text
                  Assert.Contains("Thousands", reason)

                  Assert.Equal<float>(
                      [| 1234.0; 5678.0 |],
                      (readAs
                          { Csv.defaults with
                              Thousands = Some ' ' }
                          text)
                          .Values
                  ))
          testCase "decimal commas between blanks are decimal commas" (fun () ->
              let table = table "kind x1\nsetosa -33261,1\nsetosa 2,523\n"
              Assert.Equal<float>([| -33261.1; 2.523 |], table.Values)
              Assert.Equal<string>([| "setosa"; "setosa" |], table.Labels.Value)
              let table = readAs Csv.defaults "city,x\nNew York,1\nLos Angeles,2\n"
              Assert.Equal<string>([| "New York"; "Los Angeles" |], table.Labels.Value))
          testCase "commas between thousands are an error until the mark is given" (fun () ->
              let text = "date,vol\n1,\"1,234\"\n2,\"5,678\"\n3,\"9,012\"\n"

              Assert.Equal(
                  (2,
                   2,
                   "The cell must be a number, but is \"1,234\". If it has a decimal comma, set Decimal to ','; if the comma separates thousands, set Thousands to ','."),
                  trouble text
              )

              let table =
                  readAs
                      { Csv.defaults with
                          Thousands = Some ',' }
                      text

              Assert.Equal<string>([| "date"; "vol" |], table.Names)
              Assert.Equal<float>([| 1.0; 1234.0; 2.0; 5678.0; 3.0; 9012.0 |], table.Values)
              let table = readAs { Csv.defaults with Decimal = Some ',' } text
              Assert.Equal<float>([| 1.0; 1.234; 2.0; 5.678; 3.0; 9.012 |], table.Values))
          testCase "a missing cell in the first row is an error at its place" (fun () ->
              let line, column, reason = trouble "x,y\n1,NA\n3,4\n5,6\n"
              Assert.Equal((2, 2), (line, column))
              Assert.StartsWith("The cell is \"NA\"; it is the only missing cell in 3 rows. ", reason))
          testCase "the index of pandas is taken as row names" (fun () ->
              let table = table ",x,y\n0,1,2\n1,3,4\n2,5,6\n"
              Assert.Equal<string>([| "x"; "y" |], table.Names)
              Assert.Equal<float>([| 1.0 .. 6.0 |], table.Values)
              Assert.Equal<string>([| "0"; "1"; "2" |], table.RowNames.Value)
              Assert.Contains("row names: column 1 (it has no name)", table.Report.Summary))
          testCase "words in the first column are labels" (fun () ->
              let table = table "species,a,b\nsetosa,1,2\nvirginica,3,4\n"
              Assert.Equal<string>([| "a"; "b" |], table.Names)
              Assert.Equal<float>([| 1.0 .. 4.0 |], table.Values)
              Assert.Equal<string>([| "setosa"; "virginica" |], table.Labels.Value))
          testCase "runs of blanks separate cells" (fun () ->
              let table = table "  1.5   2\n  3   4\n"
              Assert.Equal<float>([| 1.5; 2.0; 3.0; 4.0 |], table.Values)
              Assert.Equal(' ', table.Report.Separator))
          // Two rows of the data set auto-mpg of the UCI repository: a tab before the quoted name, and ? for a missing number.
          testCase "a file of the UCI repository is read with its words for missing cells" (fun () ->
              let text =
                  "18.0   8   307.0      130.0      3504.      12.0   70  1\t\"chevrolet chevelle malibu\"\n"
                  + "25.0   4   98.00      ?          2046.      19.0   71  1\t\"ford pinto\"\n"

              let line, column, _ = trouble text
              Assert.Equal((2, 4), (line, column))
              let table = readAs { Csv.defaults with Missing = DropRows } text
              Assert.Equal<float>([| 18.0; 8.0; 307.0; 130.0; 3504.0; 12.0; 70.0; 1.0 |], table.Values)
              Assert.Equal<string>([| "chevrolet chevelle malibu" |], table.Labels.Value)
              Assert.Contains("dropped: 1 of 2 rows, with 1 missing cell", table.Report.Summary)) ]

// ── Columns ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A typical export: semicolons, an id column of words, ten columns, and missing cells.
let private export =
    "id;a;b;c;d;e;f;g;h;i;j\nA001;1;2,5;3;4;5;6;7;8;9;10\nA002;1,5;NA;3;4;5;6;7;8;9;10\nA003;2;3,5;3;4;5;6;;8;9;NA\nA001;3;4,5;3;4;5;6;7;8;9;10\n"

[<Tests>]
let columnsTests =
    testList
        "Csv: columns"
        [ testCase "a typical export is read with one option" (fun () ->
              let line, column, reason = trouble export
              Assert.Equal((3, 3), (line, column))

              Assert.Equal(
                  "The cell is \"NA\"; 2 of 4 rows have 3 missing cells, of which this is the first. Have NaN in such cells by setting Missing to Keep, leave out such rows by setting Missing to DropRows, or columns with Columns.",
                  reason
              )

              let table = readAs { Csv.defaults with Missing = DropRows } export
              Assert.Equal((2, 10), (table.Rows, table.Columns))
              Assert.Equal<float>([| 1.0; 2.5 |], table.Values[..1])
              Assert.Equal<float>([| 3.0; 4.5 |], table.Values[10..11])
              Assert.Equal<string>([| "A001"; "A001" |], table.RowNames.Value)

              Assert.Equal(
                  "data: 2 rows of 10 columns: a, b, c, d, e, f, g, h, i, j\nlabels: none\nrow names: id (by its name)\ndropped: 2 of 4 rows, with 3 missing cells\nformat: a header, semicolons between cells, decimal commas",
                  table.Report.Summary
              )

              let table =
                  readAs
                      { Csv.defaults with
                          Columns = Only [ Named "c"; Numbered 2 ] }
                      export

              Assert.Equal<string>([| "c"; "a" |], table.Names)
              Assert.Equal<float>([| 3.0; 1.0; 3.0; 1.5; 3.0; 2.0; 3.0; 3.0 |], table.Values)

              let table =
                  readAs
                      { Csv.defaults with
                          Columns = Without [ Named "b"; Named "g"; Numbered 11; Numbered 1 ] }
                      export

              Assert.Equal<string>([| "a"; "c"; "d"; "e"; "f"; "h"; "i" |], table.Names)
              Assert.Equal<string list>([ "id"; "b"; "g"; "j" ], role table CsvRole.LeftOut)
              Assert.Equal(None, table.RowNames))
          testCase "labels and row names are taken from the columns that the options name" (fun () ->
              let text = "code,x,kind,y,z\nA,1,u,2,7\nB,3,v,4,8\n"
              let line, column, reason = trouble text
              Assert.Equal((2, 1), (line, column))
              Assert.StartsWith("The columns \"code\", \"kind\" have words.", reason)

              let table =
                  readAs
                      { Csv.defaults with
                          Labels = In(Named "kind")
                          RowNames = In(Numbered 1) }
                      text

              Assert.Equal<float>([| 1.0; 2.0; 7.0; 3.0; 4.0; 8.0 |], table.Values)
              Assert.Equal<string>([| "u"; "v" |], table.Labels.Value)
              Assert.Equal<string>([| "A"; "B" |], table.RowNames.Value)

              let table =
                  readAs
                      { Csv.defaults with
                          Labels = In(Named "z")
                          Columns = Only [ Named "y" ] }
                      text

              Assert.Equal<float>([| 2.0; 4.0 |], table.Values)
              Assert.Equal<string>([| "7"; "8" |], table.Labels.Value)
              Assert.Equal<string list>([ "code"; "x"; "kind" ], role table CsvRole.LeftOut)

              let numeric = "x,class\n1,0\n2,1\n"
              let table = readAs { Csv.defaults with Labels = NoColumn } numeric
              Assert.Equal<float>([| 1.0; 0.0; 2.0; 1.0 |], table.Values)
              Assert.Equal(None, table.Labels)

              let table =
                  readAs
                      { Csv.defaults with
                          RowNames = NoColumn }
                      ",x,y\n0,1,2\n1,3,4\n"

              Assert.Equal<string>([| "column 1"; "x"; "y" |], table.Names))
          testCase "a column that the file does not have is an error that lists the columns" (fun () ->
              let told options =
                  match readText (Csv.readWith options) "x,y,x\n1,2,3\n" with
                  | Error(InvalidOption _ as error) -> error.Message
                  | other -> failwith $"%A{other}"

              Assert.Equal(
                  "Labels must be one of the columns x, y, x, by name, or by number from 1 to 3, but is \"z\".",
                  told
                      { Csv.defaults with
                          Labels = In(Named "z") }
              )

              Assert.EndsWith(
                  "but is 4.",
                  told
                      { Csv.defaults with
                          Columns = Only [ Numbered 4 ] }
              )

              Assert.EndsWith(
                  "but is \"x\", which is the name of 2 columns.",
                  told
                      { Csv.defaults with
                          RowNames = In(Named "x") }
              )

              Assert.EndsWith(
                  "but is \"y\" twice.",
                  told
                      { Csv.defaults with
                          Columns = Only [ Named "y"; Numbered 2 ] }
              )

              Assert.EndsWith("but is an empty list.", told { Csv.defaults with Columns = Only [] })

              Assert.EndsWith(
                  "but is \"y\" twice.",
                  told
                      { Csv.defaults with
                          Labels = In(Named "y")
                          Columns = Without [ Named "y" ] }
              ))
          testCase "an option that breaks its rule is an error" (fun () ->
              for options, name in
                  [ { Csv.defaults with Decimal = Some ';' }, "Decimal"
                    { Csv.defaults with
                        Separator = Some '"' },
                    "Separator"
                    { Csv.defaults with
                        Separator = Some 'x' },
                    "Separator"
                    { Csv.defaults with
                        Separator = Some '.' },
                    "Separator"
                    { Csv.defaults with
                        Thousands = Some '1' },
                    "Thousands"
                    { Csv.defaults with
                        Decimal = Some ','
                        Thousands = Some ',' },
                    "Thousands" ] do
                  match readText (Csv.readWith options) "x,y\n1,2.5\n" with
                  | Error(InvalidOption(option, _, _)) -> Assert.Equal(name, option)
                  | other -> failwith $"%A{other}")
          // R: write.table, write.csv, and write.table with commas.
          testTheory
              "row names of R and pandas are recognised"
              [ "\"x\" \"y\"\n\"a\" 1 2\n\"b\" 3 4.5\n"
                "\"\",\"x\",\"y\"\n\"a\",1,2\n\"b\",3,4.5\n"
                "\"x\",\"y\"\n\"a\",1,2\n\"b\",3,4.5\n"
                "x\ty\na\t1\t2\nb\t3\t4.5\n"
                "x;y\na;1;2\nb;3;4.5\n"
                ",x,y\na,1,2\nb,3,4.5\n"
                "ID,x,y\na,1,2\nb,3,4.5\n" ]
              (fun (text: string) ->
                  let table = table text
                  Assert.Equal<string>([| "x"; "y" |], table.Names)
                  Assert.Equal<float>([| 1.0; 2.0; 3.0; 4.5 |], table.Values)
                  Assert.Equal<string>([| "a"; "b" |], table.RowNames.Value)
                  Assert.Equal(None, table.Labels))
          testTheory
              "row names of R and pandas that are numbers are recognised"
              [ "\"x\",\"y\"\n\"1\",1,2\n\"2\",3,4.5\n", "1", "2"
                "\"x\" \"y\"\n\"3\" 1 2\n\"1\" 3 4.5\n", "3", "1"
                "x y\n1 1 2\n2 3 4.5\n", "1", "2"
                ",x,y\n3,1,2\n7,3,4.5\n", "3", "7" ]
              (fun (text: string, first, second) ->
                  let table = table text
                  Assert.Equal<string>([| "x"; "y" |], table.Names)
                  Assert.Equal<float>([| 1.0; 2.0; 3.0; 4.5 |], table.Values)
                  Assert.Equal<string>([| first; second |], table.RowNames.Value))
          testCase "a header that lacks a cell moves no column in silence" (fun () ->
              for text in [ "temp,n\n1,5,3\n2,5,4\n3,5,6\n"; "x;y\n1;2;3\n4;5;6\n"; "x,y\n1,2,\n3,4,\n" ] do
                  trouble text |> ignore

              let _, _, reason = trouble "x\n1,5\n2\n3,5\n"
              Assert.Contains("set Decimal to ','", reason))
          testCase "numbers in the header are never taken for data in silence" (fun () ->
              // pandas.DataFrame(array).to_csv() with and without its index, and years.
              let table = table ",0,1\n0,1.5,2.5\n1,3.5,4.5\n"
              Assert.Equal<string>([| "0"; "1" |], table.Names)
              Assert.Equal<float>([| 1.5; 2.5; 3.5; 4.5 |], table.Values)

              for text in [ "0,1,2\n1.5,2.5,3.5\n"; "country,2019,2020\nFrance,1,2\nItaly,3,4\n" ] do
                  let line, _, reason = trouble text
                  Assert.Equal(1, line)
                  Assert.Contains("Header", reason)
                  Assert.Equal(3, (readAs { Csv.defaults with Header = Some true } text).Report.Columns.Length)

              let line, column, reason = trouble "NA,x\n1,2\n"
              Assert.Equal((1, 1), (line, column))
              Assert.Contains("Header", reason))
          testCase "a first column without a name that is no index is an error" (fun () ->
              // The last three headers lack a cell, for the first column or for another.
              for text in
                  [ ",x\n0.5,1\n1.5,2\n"; ",x\n1,1\n1,2\n"; "x\n1;2\n2;4\n"; "x\n1\t2\n4\t5\n"; "x\n1;2,5\n2;5\n" ] do
                  let line, column, reason = trouble text
                  Assert.Equal((1, 1), (line, column))
                  Assert.Contains("RowNames", reason)

                  Assert.Equal(
                      2,
                      (readAs
                          { Csv.defaults with
                              RowNames = NoColumn }
                          text)
                          .Columns
                  )

                  Assert.Equal(
                      1,
                      (readAs
                          { Csv.defaults with
                              RowNames = In(Numbered 1) }
                          text)
                          .Columns
                  ))
          testCase "an empty column without a name is left out and reported" (fun () ->
              let table = table "x;y;\n1;2;\n3;4;\n"
              Assert.Equal<float>([| 1.0 .. 4.0 |], table.Values)
              Assert.Contains("left out: column 3 (it is empty)", table.Report.Summary)) ]

// ── Missing cells ───────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``missing cells`` =
    testList
        "Csv: missing cells"
        [ testCase "words for missing cells may be chosen, and upper case is lower case" (fun () ->
              let drop = { Csv.defaults with Missing = DropRows }

              for word in [ ""; "NA"; "na"; "N/A"; "#N/A"; "<NA>"; "nan"; "NULL"; "?" ] do
                  let table = readAs drop $"x,y,kind\n1,2,u\n{word},4,v\n5,6,w\n7,8,{word}\n"
                  Assert.Equal<float>([| 1.0; 2.0; 5.0; 6.0 |], table.Values)
                  Assert.Equal<string>([| "u"; "w" |], table.Labels.Value)
                  Assert.Equal((2, 2, 4), (table.Report.DroppedRows, table.Report.MissingCells, table.Report.FileRows))

              let sentinel =
                  { drop with
                      MissingWords = "-99999" :: drop.MissingWords }

              Assert.Equal<float>([| 1.0; 2.0 |], (readAs sentinel "x,y\n1,2\n-99999,3\n").Values)
              let none = { drop with MissingWords = [] }
              Assert.Equal((3, 1, "The cell must be a number, but is empty."), troubleAs none "x,y\n1,2\n,3\n"))
          testCase "a file without a complete row is an error" (fun () ->
              let line, column, reason = troubleAs { Csv.defaults with Missing = DropRows } "x,y\n1,NA\n2,NA\n"
              Assert.Equal((2, 2), (line, column))
              Assert.Contains("No row is complete.", reason))
          testCase "rows with missing cells are kept as NaN, whatever their label" (fun () ->
              let table = readAs { Csv.defaults with Missing = Keep } "x,y,kind\n1,,u\nNA,4,\n?,NaN,w\n7,8,NA\n"
              Assert.Equal<float>([| 1.0; nan; nan; 4.0; nan; nan; 7.0; 8.0 |], table.Values)
              Assert.Equal<string>([| "u"; ""; "w"; "NA" |], table.Labels.Value)
              Assert.Equal((0, 4, 4), (table.Report.DroppedRows, table.Report.MissingCells, table.Report.FileRows))
              Assert.Contains("\nmissing: 4 of 8 cells\n", table.Report.Summary)
              let complete = readAs { Csv.defaults with Missing = Keep } "x,y\n1,2\n"
              Assert.DoesNotContain("missing", complete.Report.Summary)
              // A word that stands for no missing cell stays an error.
              Assert.Contains(
                  "number",
                  troubleAs { Csv.defaults with Missing = Keep } "x,y\n1,2\n1..5,3\n" |> fun (_, _, reason) -> reason
              ))
          testCase "words for missing cells in columns that are left out drop no row" (fun () ->
              let options =
                  { Csv.defaults with
                      Columns = Without [ Named "note" ] }

              Assert.Equal(2, (readAs options "x,note,y\n1,,2\n3,late,4\n").Rows)) ]

// ── Labels are never guessed from some cells ────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``labels are never guessed from some cells`` =
    testList
        "Csv: labels are never guessed from some cells"
        [ testTheory
              "a column that is not all words is data, and its first bad cell is named"
              [ "x,y\n1,bad\n2,3\n", 2, 2
                "x,y\n1,2\n2,bad\n", 3, 2
                "x,y\n1,bad\n2,worse\n3,4\n", 2, 2
                "x,y\n1,\"1,234\"\n2,\"5,678\"\n", 2, 2
                "x,y\n1,$12\n2,$13\n", 2, 2
                "x,y\n1,12%\n2,13%\n", 2, 2
                "x,y\n1,<0.5\n2,<0.5\n", 2, 2
                "x,y\n1,2020-01-31\n2,2020-02-29\n", 2, 2
                "x;y\n1;1.234,5\n2;2.345,6\n", 2, 2
                "x;y\n1;1,234\n2;5,678\n", 2, 2
                "x;y\n1;20,7\n2.5;20,8\n", 2, 2 ]
              (fun (text, line, column) ->
                  let foundLine, foundColumn, _ = trouble text
                  Assert.Equal((line, column), (foundLine, foundColumn)))
          testCase "a hint names the options that make a number of a cell" (fun () ->
              for text, hint in
                  [ "x;y\n1;1.234,5\n2;2.345,6\n", "set Decimal to ',' and Thousands to '.'"
                    "x,y\n1,1 234\n2,5 678\n", "set Thousands to \" \""
                    "x,y\n1,1'234.5\n2,5'678.5\n", "set Thousands to \"'\""
                    "x\n1.5 2\n3 4 5\n", "set Separator to a space" ] do
                  let _, _, reason = trouble text
                  Assert.Contains(hint, reason)

              let commas = { Csv.defaults with Decimal = Some ',' }
              let _, _, reason = troubleAs commas "x;y\n1;1.234\n"
              Assert.Contains("set Thousands to '.'", reason)
              let _, _, reason = troubleAs commas "x;y\n1;1.23\n"
              Assert.Contains("set Decimal to '.'", reason))
          testCase "thousands must be in groups of three" (fun () ->
              let options =
                  { Csv.defaults with
                      Thousands = Some ',' }

              Assert.Equal<float>([| 1234567.5; -1234.0 |], (readAs options "x\n\"1,234,567.5\"\n\"-1,234\"\n").Values)

              let spaces =
                  { options with
                      Thousands = Some ' '
                      Decimal = Some ',' }

              Assert.Equal<float>([| 1234.5; 5678.0 |], (readAs spaces "x;y\n1\u202F234,5;5\u00A0678\n").Values)

              for cell in [ "1,23"; "1,2345"; "1,,234"; "1234,567"; ",123"; "1,234," ] do
                  let line, column, _ = troubleAs options $"x,y\n1,2\n\"{cell}\",3\n"
                  Assert.Equal((3, 1), (line, column)))
          testCase "Excel's line of the separator is no row" (fun () ->
              let table = table "sep=;\nx;y\n1;2,5\n"
              Assert.Equal<string>([| "x"; "y" |], table.Names)
              Assert.Equal<float>([| 1.0; 2.5 |], table.Values)) ]

// ── Any dialect ─────────────────────────────────────────────────────────────────────────────────────────────────────

/// A table as some program writes it.
type private Written =
    {
        Text: string
        Options: CsvOptions
        /// The numbers of the rows without missing cells.
        Numbers: float[]
        Labels: string[] option
        RowNames: string[] option
        /// The line and the column of every number.
        Places: (int * int)[]
        /// The text with another cell at a place.
        With: int * int -> string -> string
    }

let private pick items = Gen.elements items

/// A number as text, with the integer part in groups of three digits if there is a mark for them.
let private numberText (decimal: char) (thousands: char option) (number: float) =
    let text = number.ToString("R", CultureInfo.InvariantCulture)

    if text.Contains 'E' then
        text.Replace('.', decimal)
    else
        let sign = if text.StartsWith '-' then "-" else ""
        let parts = text.TrimStart('-').Split '.'

        let whole =
            match thousands with
            | None -> parts[0]
            | Some mark ->
                parts[0]
                |> Seq.rev
                |> Seq.chunkBySize 3
                |> Seq.map (Seq.rev >> System.String.Concat)
                |> Seq.rev
                |> String.concat (string mark)

        sign + whole + (if parts.Length > 1 then $"{decimal}{parts[1]}" else "")

let private numberGen =
    Gen.oneof
        [ Gen.choose (-20, 20) |> Gen.map float
          Gen.choose (-9999999, 9999999) |> Gen.map (fun n -> float n / 100.0)
          ArbMap.defaults |> ArbMap.generate<NormalFloat> |> Gen.map _.Get ]

let private written: Gen<Written> =
    gen {
        let! separator = pick [ ','; ';'; '\t'; '|'; ' ' ]
        let! decimal = pick [ '.'; ',' ]
        let! thousands = pick [ None; None; Some ','; Some '.'; Some ' '; Some '\'' ]
        let thousands = thousands |> Option.filter ((<>) decimal)
        let! rows = Gen.choose (2, 8)
        let! columns = Gen.choose (1, 4)
        let! numbers = Gen.arrayOfLength (rows * columns) numberGen
        let! hasHeader = pick [ true; false ]
        let! labelPlace = Gen.oneof [ Gen.constant None; Gen.choose (0, columns) |> Gen.map Some ]
        let! hasIndex = pick [ true; false ]
        let hasIndex = hasIndex && hasHeader && separator <> ' '

        let! missing =
            Gen.arrayOfLength
                rows
                (Gen.frequency [ 4, Gen.constant None; 1, pick [ "NA"; "n/a"; "NaN"; "?" ] |> Gen.map Some ])

        let missing =
            if Array.forall Option.isSome missing then
                Array.replicate rows None
            else
                missing

        let! quotes = Gen.arrayOfLength 100 (pick [ true; false; false ])
        let! labels = Gen.arrayOfLength rows (pick [ "setosa"; "two words"; "x;y"; "a,b" ])

        let quote i (cell: string) =
            if quotes[i % 100] || cell.IndexOfAny [| separator; ' '; '"' |] >= 0 then
                "\"" + cell.Replace("\"", "\"\"") + "\""
            else
                cell

        let insert place (cell: string) (cells: string list) =
            match place with
            | Some place -> List.insertAt place cell cells
            | None -> cells

        let names = [ for j in 1..columns -> $"x{j}" ] |> insert labelPlace "kind"
        let names = if hasIndex then "" :: names else names

        let grid =
            [| if hasHeader then
                   Array.ofList names
               for i in 0 .. rows - 1 do
                   let cells =
                       [ for j in 0 .. columns - 1 ->
                             match missing[i] with
                             | Some word when j = i % columns -> word
                             | _ -> numberText decimal thousands numbers[i * columns + j] ]
                       |> insert labelPlace labels[i]

                   Array.ofList (if hasIndex then string i :: cells else cells) |]

        let text (grid: string[][]) =
            grid
            |> Array.mapi (fun i cells ->
                cells |> Array.mapi (fun j -> quote (7 * i + j)) |> String.concat (string separator))
            |> String.concat "\n"

        let first = if hasHeader then 2 else 1

        let kept =
            [| for i in 0 .. rows - 1 do
                   if missing[i].IsNone then
                       i |]

        let shift = if hasIndex then 2 else 1

        return
            { Text = text grid
              Options =
                { Csv.defaults with
                    Separator = Some separator
                    Decimal = Some decimal
                    Thousands = thousands
                    Header = Some hasHeader
                    Missing = DropRows }
              Numbers = kept |> Array.collect (fun i -> numbers[i * columns .. i * columns + columns - 1])
              Labels = labelPlace |> Option.map (fun _ -> kept |> Array.map (fun i -> labels[i]))
              RowNames = if hasIndex then Some(kept |> Array.map string) else None
              Places =
                [| for i in kept do
                       for j in 0 .. columns - 1 do
                           let shift = if Option.exists (fun place -> place <= j) labelPlace then shift + 1 else shift
                           first + i, j + shift |]
              With =
                fun (line, column) cell ->
                    let changed = grid |> Array.map Array.copy
                    changed[line - 1][column - 1] <- cell
                    text changed }
    }

let private isRead (written: Written) (table: Table) =
    table.Values = written.Numbers && table.Labels = written.Labels && table.RowNames = written.RowNames

[<Tests>]
let ``any dialect`` =
    testList
        "Csv: any dialect"
        [ testCase "a table comes back from any dialect that the options state" (fun () ->
              Prop.forAll (Arb.fromGen written) (fun written ->
                  let table = readAs written.Options written.Text
                  isRead written table |> Prop.label $"%A{table}" |> Prop.label written.Text)
              |> checkTimes 500)
          testCase "without options a table comes back as it is, or as an error" (fun () ->
              let mutable count = 0

              // Nothing but the reader's knowledge tells 4.992 with a point between thousands from 4.992 with a decimal point.
              let written = written |> Gen.where (fun written -> written.Options.Thousands <> Some '.')

              Prop.forAll (Arb.fromGen written) (fun written ->
                  match readText (Csv.readWith { Csv.defaults with Missing = DropRows }) written.Text with
                  | Ok table ->
                      count <- count + 1
                      isRead written table |> Prop.label $"%A{table}" |> Prop.label written.Text
                  | Error(UnreadableFile _) -> Prop.ofTestable true
                  | Error error -> failwith error.Message)
              |> checkTimes 1500

              Assert.True(count > 500, $"{count} of 1500 tables were read."))
          testCase "a bad cell anywhere is named at its line and column" (fun () ->
              let cases =
                  gen {
                      let! written = written
                      let! place = pick written.Places
                      let! bad = pick [ "bad"; "1.2.3"; "--1"; "1e999"; "12a"; "inf inity"; "1/2" ]
                      return written, place, bad
                  }

              Prop.forAll (Arb.fromGen cases) (fun (written, place, bad) ->
                  // Without another number in its column, a word is a text.
                  written.Places |> Array.filter (fun (_, column) -> column = snd place) |> Array.length < 2
                  || (let text = written.With place bad

                      match readText (Csv.readWith written.Options) text with
                      | Error(UnreadableFile(_, line, column, _)) -> (line, column) = place
                      | _ -> false))
              |> checkTimes 500)
          testCase "a point between groups of three digits is doubtful where semicolons separate the cells" (fun () ->
              let read options text = readText (Csv.readWith options) text
              let text = "city;people\nA;950\nB;1.137\nC;12.400\nD;780\n"

              match read Csv.defaults text with
              | Error(UnreadableFile(_, 3, _, reason)) ->
                  Assert.Contains("\"1.137\" may be a decimal point or separate thousands", reason)
              | other -> Assert.Fail $"%A{other}"

              let values options = (read options text |> GmmError.get).Values

              Assert.Equal<float[]>(
                  [| 950.0; 1137.0; 12400.0; 780.0 |],
                  values
                      { Csv.defaults with
                          Thousands = Some '.' }
              )

              Assert.Equal<float[]>([| 950.0; 1.137; 12.4; 780.0 |], values { Csv.defaults with Decimal = Some '.' })

              // One number that can't be grouped decides.
              for other in [ "0.125"; "1.5"; "1234.125" ] do
                  let values = (read Csv.defaults (text + $"E;{other}\n") |> GmmError.get).Values
                  Assert.Equal(1.137, values[1]))
          testCase "a file that is not in UTF-8 is an error at its line" (fun () ->
              let path = Path.GetTempFileName()

              try
                  File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes "name;L\u00e4nge\nx;1\ny;2\n")

                  match Csv.read path with
                  | Error(UnreadableFile(_, 1, _, reason)) -> Assert.Contains("UTF-8", reason)
                  | other -> Assert.Fail $"%A{other}"
              finally
                  File.Delete path) ]
