namespace Gmm

open System
open System.Runtime.InteropServices

/// Parquet files as one table: the rows of all files in their order. Dispose of it after the last use of the rows; a
/// finished fit no longer needs them.
[<Sealed>]
type ParquetFile internal (source: Source, columns: string[], readers: IDisposable) =
    /// The rows.
    member _.Source = source

    /// The names of the D columns of the source.
    member _.Columns = columns

    /// Opens Parquet files as one table: see `Parquet.openWith`.
    static member internal OpenWith(options: ParquetReadOptions, paths: string seq) : Result<ParquetFile, GmmError> =
        ParquetTable.readers ()
        |> Opened.keep (fun readers ->
            ParquetTable.rows options readers paths
            |> Result.map (fun (source, names) -> new ParquetFile(source, names, readers)))

    /// Opens a Parquet file, or a folder of them, as `Parquet.openFile` does, and reads the columns with some names;
    /// without names, all columns of numbers. Throws `GmmException` for each error of `Parquet.openWith`, and
    /// ArgumentNullException when the path or the array of names is null.
    static member Open(path: string, [<ParamArray>] columns: string[]) : ParquetFile =
        ArgumentNullException.ThrowIfNull path
        ArgumentNullException.ThrowIfNull columns

        let options =
            { ParquetReadOptions.Default with
                Columns = List.ofArray columns }

        ParquetFile.OpenWith(options, [ path ]) |> GmmError.get

    /// Opens Parquet files, or folders of them, as one table, as `Parquet.openWith` does. `columns` are the names of
    /// the columns, in this order; empty for all columns of numbers. `weights` is the name of a column of weights, or
    /// null for none. `memory` is the largest number of bytes of decoded row groups to keep; without it, a quarter of
    /// the memory. Throws `GmmException` for each error of `Parquet.openWith`, and ArgumentNullException when the paths
    /// or the names are null.
    static member Open
        (
            paths: string seq,
            columns: string seq,
            [<Optional; DefaultParameterValue(null: string)>] weights: string,
            [<Optional>] memory: Nullable<int64>
        ) : ParquetFile =
        ArgumentNullException.ThrowIfNull paths
        ArgumentNullException.ThrowIfNull columns

        let options =
            { ParquetReadOptions.Default with
                Columns = List.ofSeq columns
                Weights = Option.ofObj weights }

        let options = if memory.HasValue then { options with Memory = memory.Value } else options

        ParquetFile.OpenWith(options, paths) |> GmmError.get

    /// Writes rows, with results as further columns, as `Parquet.write` does. Throws `GmmException` for each of its
    /// errors.
    static member Write
        (path: string, names: string seq, source: Source, [<ParamArray>] results: ResultColumn[])
        : unit =
        ArgumentNullException.ThrowIfNull path
        ArgumentNullException.ThrowIfNull names
        ArgumentNullException.ThrowIfNull results
        ParquetWriting.write path names results source |> GmmError.get

    interface IDisposable with
        member _.Dispose() = readers.Dispose()

/// Reads Parquet files of columns of numbers, and writes rows with results beside them.
///
/// Numbers are floating-point numbers of 4 or 8 bytes, integers of any size, decimals and Booleans. They stay float32
/// if all columns that are read are float32, and become float64 otherwise. Decimals, of any number of digits, are
/// rounded to the nearest float64. A null is a missing cell, NaN.
///
/// A function of rows that are read later, such as a fit, returns an error that names the file, the row group and the
/// column: when an integer equals no float64, when the file is damaged or has changed, when Booleans are stored as runs
/// (some writers do so in data pages of version 2), or when decimals are stored as byte arrays of different lengths.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Parquet =
    /// All columns of numbers, no weights; decoded row groups take at most a quarter of the memory.
    let defaults = ParquetReadOptions.Default

    /// Opens Parquet files with options, as one table: the rows of all files in their order. A path is that of a file,
    /// or of a folder for its files that end in .parquet, in the order of their names. See `openFile`. Error as for
    /// `openFile`; when there is no path; when a name is given twice or is that of no column of numbers, or of several;
    /// when the weights are one of the columns, negative, not finite or all 0; or when the memory is negative.
    let openWith (options: ParquetReadOptions) (paths: string seq) : Result<ParquetFile, GmmError> =
        ParquetFile.OpenWith(options, paths)

    /// Opens a Parquet file, or a folder of files that end in .parquet, and reads all columns of numbers as they are
    /// needed: `use file = …`, and then `file.Source`. Only the ends of the files, which tell the lengths, are read at
    /// once. Row groups are decoded when a block of rows needs them, by several threads at the same time, and kept as
    /// far as the memory of the options goes. Rows, blocks and all results are the same, to the last bit, as for the
    /// same numbers in memory. Don't write to a file while it is in use: the next read returns an error when it notices
    /// the change.
    ///
    /// Error when there is no such file, or none in the folder; when a file can't be read, is damaged, or has too many
    /// rows in a row group; when it has no column of numbers; or when files differ in their columns. The error names
    /// the file.
    let openFile (path: string) : Result<ParquetFile, GmmError> = openWith defaults [ path ]

    /// Returns the rows of a file or folder as `openFile` does, with its errors, but keeps files open until the process
    /// ends, which suits scripts.
    let source (path: string) : Result<Source, GmmError> = openFile path |> Result.map _.Source

    /// Writes rows as a Parquet file, with results such as `Predict.columns` as further columns. `names` are those of
    /// the D columns; without any they are `column 1`, `column 2` … The columns are float32 or float64, as the source
    /// is. The write is complete or leaves the file as it was. It leaves out sample weights. Error when there are other
    /// than D names, when a name is empty or used twice, when a result has other than N values, when a row can't be
    /// read, or when the file can't be written.
    let write (path: string) (names: string seq) (results: ResultColumn seq) (source: Source) : Result<unit, GmmError> =
        ParquetWriting.write path names results source
