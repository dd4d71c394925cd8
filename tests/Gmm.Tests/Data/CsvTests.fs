module Gmm.Tests.CsvTests

open System.Globalization
open System.IO
open System.Threading
open FsCheck.FSharp
open FsCheck
open Gmm
open Xunit

/// What `read` makes of a file with this text.
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

[<Fact>]
let ``a folder is not a file`` () =
    let folder = Path.GetTempPath()

    match Csv.read folder with
    | Error error -> Assert.Equal($"{folder}: This is a folder, not a file.", error.Message)
    | Ok table -> failwith $"%A{table}"

[<Fact>]
let ``a header names the columns`` () =
    let table = table "a,b\n1,2\n3.5,-4e-1\n"
    Assert.Equal<string>([| "a"; "b" |], table.Names)
    Assert.Equal<float>([| 1.0; 2.0; 3.5; -0.4 |], table.Values)
    Assert.Equal(2, table.Rows)
    Assert.Equal(2, table.Columns)
    Assert.Equal(None, table.Labels)

[<Fact>]
let ``without a header columns are numbered from 1`` () =
    let table = table "1,2\n3,4"
    Assert.Equal<string>([| "column 1"; "column 2" |], table.Names)
    Assert.Equal<float>([| 1.0; 2.0; 3.0; 4.0 |], table.Values)

[<Fact>]
let ``a header may be forced or ruled out`` () =
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
    | other -> failwith $"expected an error in line 1, column 1, but got %A{other}"

[<Theory>]
[<InlineData("label")>]
[<InlineData("Class")>]
let ``a last column named label or class has labels, even if they are numbers`` name =
    let table = table $"x,{name}\n1,0\n2,1\n"
    Assert.Equal<string>([| "x" |], table.Names)
    Assert.Equal<float>([| 1.0; 2.0 |], table.Values)
    Assert.Equal<string>([| "0"; "1" |], table.Labels.Value)

[<Fact>]
let ``a last column of words has labels, with or without a header`` () =
    for header in [ ""; "length,species\n" ] do
        let table = table (header + "1,setosa\n2, virginica \n")
        Assert.Equal<float>([| 1.0; 2.0 |], table.Values)
        Assert.Equal<string>([| "setosa"; "virginica" |], table.Labels.Value)

[<Theory>]
[<InlineData(';')>]
[<InlineData('\t')>]
[<InlineData('|')>]
let ``other separators are recognised`` (separator: char) =
    let table = table ("a,b\n1,2.5\n3,4\n".Replace(',', separator))
    Assert.Equal<float>([| 1.0; 2.5; 3.0; 4.0 |], table.Values)

[<Fact>]
let ``quotes, blank lines, spaces, CRLF and a byte order mark do no harm`` () =
    let table = table "\uFEFF\"first, quoted\",b\r\n\r\n \"1\" , 2\r\n3,4\r\n\r\n"
    Assert.Equal<string>([| "first, quoted"; "b" |], table.Names)
    Assert.Equal<float>([| 1.0; 2.0; 3.0; 4.0 |], table.Values)

[<Theory>]
[<InlineData("a,b\n1,2\n3,\n", 3, 2, "is empty")>]
[<InlineData("a,b,c\n1,2,3\n4,x,5\n", 3, 2, "\"x\"")>]
[<InlineData("a,b\n\n1,2\n\n3,4\nNaN,5\n", 6, 1, "finite")>]
[<InlineData("a,b\n1,2\n3,1e999\n", 3, 2, "finite")>]
[<InlineData("a,b\n1,2\n3,4,5\n", 3, 0, "3 cells")>]
[<InlineData("a,b\n1,2\n3\n", 3, 0, "1 cells")>]
[<InlineData("1,,3\n4,5,6\n", 1, 2, "is empty")>]
[<InlineData("x1,2020\n1,2\n", 1, 1, "header")>]
[<InlineData("a,b\n1,word\n2,3\n", 3, 2, "not a number")>]
[<InlineData("a,label\n1,x\n2,\n", 3, 2, "label")>]
[<InlineData("a,b\n\"1,5\",2\n", 2, 1, "\"1,5\"")>]
[<InlineData("", 0, 0, "empty")>]
[<InlineData("\n\n", 0, 0, "empty")>]
[<InlineData("a,b\n", 0, 0, "no rows")>]
[<InlineData("label\nx\n", 1, 0, "no numbers")>]
[<InlineData("a,b\n1,\"2\n3,4\n", 2, 0, "")>]
let ``an error names the line and the column, counted from 1`` text line column (part: string) =
    let foundLine, foundColumn, reason = trouble text
    Assert.Equal((line, column), (foundLine, foundColumn))
    Assert.Contains(part, reason)

[<Fact>]
let ``the message has path, line and column`` () =
    match readText (fun path -> path, Csv.read path) "a,b\n1,x\n" with
    | _, Ok table -> Assert.Equal<string>([| "x" |], table.Labels.Value)
    | _, Error error -> failwith error.Message

    match readText (fun path -> path, Csv.read path) "a,b\nx,1\n" with
    | path, Error error -> Assert.StartsWith($"{path}, line 2, column 1: ", error.Message)
    | _, Ok table -> failwith $"%A{table}"

[<Fact>]
let ``a missing file, a folder and an empty name are errors`` () =
    for path in [ "no/such/file.csv"; "no-such-file.csv"; Path.GetTempPath(); "" ] do
        match Csv.read path with
        | Error(UnreadableFile(named, 0, 0, reason)) ->
            Assert.Equal(path, named)
            Assert.NotEmpty reason
        | other -> failwith $"%A{other}"

[<Fact>]
let ``the language of the machine changes nothing`` () =
    let before = Thread.CurrentThread.CurrentCulture

    try
        Thread.CurrentThread.CurrentCulture <- CultureInfo.GetCultureInfo "de-DE"
        Assert.Equal<float>([| 1.5; 2000.25 |], (table "a,b\n1.5,2000.25\n").Values)
        Assert.Equal((2, 1), (let line, column, _ = trouble "a;b\n1,5;2\n" in line, column))
    finally
        Thread.CurrentThread.CurrentCulture <- before

[<Fact>]
let ``numbers come back to the last bit`` () =
    let finite = ArbMap.defaults |> ArbMap.generate<NormalFloat> |> Gen.map _.Get

    Prop.forAll (Arb.fromGen (Gen.arrayOfLength 12 finite)) (fun numbers ->
        let rows = numbers |> Array.map (fun x -> x.ToString("R", CultureInfo.InvariantCulture)) |> Array.chunkBySize 3
        let text = rows |> Array.map (String.concat ",") |> String.concat "\n"
        (table text).Values = numbers)
    |> Check.QuickThrowOnFailure

[<Fact>]
let ``the shipped data sets`` () =
    let faithful, iris = data "faithful.csv", data "iris.csv"
    Assert.Equal<string>([| "eruptions"; "waiting" |], faithful.Names)
    Assert.Equal((272, None), (faithful.Rows, faithful.Labels))
    Assert.Equal((150, 4), (iris.Rows, iris.Columns))

    Assert.Equal<string * int>(
        [| "setosa", 50; "versicolor", 50; "virginica", 50 |],
        Array.countBy id iris.Labels.Value
    )

[<Fact>]
let ``a source reads the numbers of a table in place`` () =
    let table = table "1,2\n3,4\n"
    let source = Csv.source table
    table.Values[3] <- 9.0
    Assert.Equal<float[,]>(array2D [ [ 1.0; 2.0 ]; [ 3.0; 9.0 ] ], Source.rows [| 0L; 1L |] source)
