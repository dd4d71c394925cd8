namespace Gmm

open System
open System.Collections
open Microsoft.Data.Analysis

/// Frames of Microsoft.Data.Analysis as data of mixtures. Columns of numbers and Booleans become columns of data:
/// float32 if all of them are float32, otherwise float64. A null is a missing cell, NaN.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module DataFrame =
    let private described (frame: DataFrame) : TableColumn[] =
        [| for column in frame.Columns ->
               { Name = column.Name
                 Type = column.DataType.Name
                 IsNumeric = List.contains column.DataType Cells.types } |]

    /// Returns the cells of a column, without an object for each cell of the usual types.
    let private numbers (column: DataFrameColumn) : Numbers =
        match column with
        | :? PrimitiveDataFrameColumn<float> as column ->
            [| for cell in column -> cell.GetValueOrDefault nan |] |> ReadOnlyMemory |> Numbers.Float64
        | :? PrimitiveDataFrameColumn<float32> as column ->
            [| for cell in column -> cell.GetValueOrDefault nanf |] |> ReadOnlyMemory |> Numbers.Float32
        | other -> other :> IEnumerable |> Seq.cast<obj> |> Cells.toNumbers other.DataType

    /// Returns the names of the columns of numbers.
    let columns (frame: DataFrame) : string[] = TableColumns.numeric (described frame)

    /// Makes a source of the columns with some names, in this order; without names, of all columns of numbers. It
    /// copies their numbers once. Error when a name is given twice or is that of no column of numbers, or of several; when
    /// there are no names and no column has numbers; or when an integer has no equal float64.
    let source (names: string seq) (frame: DataFrame) : Result<Source, GmmError> =
        TableColumns.source names (described frame) (fun j -> numbers frame.Columns[j])

    /// Returns a frame with results as further columns, such as those of `Predict.columns`. Error when a name is in
    /// use, or when there isn't one value for each row.
    let withResults (results: ResultColumn seq) (frame: DataFrame) : Result<DataFrame, GmmError> =
        let ofResult (column: ResultColumn) : DataFrameColumn =
            match column with
            | ResultColumn.Whole(name, values) -> Int32DataFrameColumn(name, values)
            | ResultColumn.Real(name, values) -> DoubleDataFrameColumn(name, values)

        let names = frame.Columns |> Seq.map _.Name

        TableColumns.check names frame.Rows.Count results
        |> Result.map (fun () -> DataFrame(Seq.append (frame.Columns |> Seq.map _.Clone()) (Seq.map ofResult results)))

namespace Gmm.CSharp

open System
open System.Runtime.CompilerServices
open Gmm

/// Frames of Microsoft.Data.Analysis as data of mixtures, for C#.
[<Sealed; AbstractClass; Extension>]
type DataFrameRows =
    /// Returns the rows of the columns with some names, or of all columns of numbers: see `DataFrame.source`. Throws
    /// `GmmException` for each of its errors, and ArgumentNullException when an argument is null.
    [<Extension>]
    static member ToSource(frame: Microsoft.Data.Analysis.DataFrame, [<ParamArray>] columns: string[]) : Source =
        ArgumentNullException.ThrowIfNull frame
        ArgumentNullException.ThrowIfNull columns
        DataFrame.source columns frame |> GmmError.get

    /// Returns a frame with results as further columns. Throws `GmmException` when a name is in use, or when there
    /// isn't one value for each row.
    [<Extension>]
    static member WithResults
        (frame: Microsoft.Data.Analysis.DataFrame, [<ParamArray>] results: ResultColumn[])
        : Microsoft.Data.Analysis.DataFrame =
        ArgumentNullException.ThrowIfNull frame
        ArgumentNullException.ThrowIfNull results
        DataFrame.withResults results frame |> GmmError.get
