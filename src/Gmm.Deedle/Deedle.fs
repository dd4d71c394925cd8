namespace Gmm

open System
open Deedle
open Deedle.Vectors

/// Deedle's frames as data of mixtures. Columns of numbers and Booleans become columns of data: float32 if all of them
/// are float32, otherwise float64. A missing value is a missing cell, NaN.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Frame =
    let private described (frame: Frame<'R, string>) : TableColumn[] =
        [| for name, clr in Seq.zip frame.ColumnKeys frame.ColumnTypes ->
               { Name = name
                 Type = clr.Name
                 IsNumeric = List.contains clr Cells.types } |]

    /// Returns the values of a column, or None when one is missing.
    let private complete (column: Series<'R, 'T>) : ReadOnlyMemory<'T> option =
        match column.Vector.Data with
        | VectorData.DenseList values -> Some(ReadOnlyMemory(Array.ofSeq values))
        | VectorData.SparseList _
        | VectorData.Sequence _ -> None

    /// Returns the cells of a column; without an object for each if they are floating-point numbers and none is
    /// missing.
    let private numbers (clr: Type) (j: int) (frame: Frame<'R, string>) : Numbers =
        let complete =
            if clr = typeof<float> then
                complete (frame.GetColumnAt<float> j) |> Option.map Numbers.Float64
            elif clr = typeof<float32> then
                complete (frame.GetColumnAt<float32> j) |> Option.map Numbers.Float32
            else
                None

        complete
        |> Option.defaultWith (fun () ->
            frame.GetColumnAt<obj>(j).Vector.DataSequence
            |> Seq.map (fun cell -> if cell.HasValue then cell.Value else null)
            |> Cells.toNumbers clr)

    /// Returns the names of the columns of numbers.
    let columns (frame: Frame<'R, string>) : string[] = TableColumns.numeric (described frame)

    /// Makes a source of the columns with some names, in this order; without names, of all columns of numbers. It
    /// copies their numbers once. Error when a name is given twice or is that of no column of numbers, or of several; when
    /// there are no names and no column has numbers; or when an integer has no equal float64.
    let source (names: string seq) (frame: Frame<'R, string>) : Result<Source, GmmError> =
        let types = Array.ofSeq frame.ColumnTypes
        TableColumns.source names (described frame) (fun j -> numbers types[j] j frame)

    /// Returns a frame with results as further columns, such as those of `Predict.columns`. Error when a name is in
    /// use, or when there isn't one value for each row.
    let withResults (results: ResultColumn seq) (frame: Frame<'R, string>) : Result<Frame<'R, string>, GmmError> =
        let add (frame: Frame<'R, string>) (column: ResultColumn) =
            match column with
            | ResultColumn.Whole(name, values) -> Frame.addCol name (Series(frame.RowKeys, values)) frame
            | ResultColumn.Real(name, values) -> Frame.addCol name (Series(frame.RowKeys, values)) frame

        TableColumns.check frame.ColumnKeys (int64 frame.RowCount) results
        |> Result.map (fun () -> Seq.fold add frame results)

namespace Gmm.CSharp

open System
open System.Runtime.CompilerServices
open Gmm

/// Deedle's frames as data of mixtures, for C#.
[<Sealed; AbstractClass; Extension>]
type FrameRows =
    /// Returns the rows of the columns with some names, or of all columns of numbers: see `Frame.source`. Throws
    /// `GmmException` for each of its errors, and ArgumentNullException when an argument is null.
    [<Extension>]
    static member ToSource(frame: Deedle.Frame<'R, string>, [<ParamArray>] columns: string[]) : Source =
        ArgumentNullException.ThrowIfNull frame
        ArgumentNullException.ThrowIfNull columns
        Frame.source columns frame |> GmmError.get

    /// Returns a frame with results as further columns. Throws `GmmException` when a name is in use, or when there
    /// isn't one value for each row.
    [<Extension>]
    static member WithResults
        (frame: Deedle.Frame<'R, string>, [<ParamArray>] results: ResultColumn[])
        : Deedle.Frame<'R, string> =
        ArgumentNullException.ThrowIfNull frame
        ArgumentNullException.ThrowIfNull results
        Frame.withResults results frame |> GmmError.get
