/// Fits a folder of Parquet files that has more numbers than the process may have memory:
///
///     DOTNET_GCHeapHardLimit=0x14000000 dotnet Gmm.LargerThanMemory.dll [millions of rows]
///
/// The program writes the files first, each of half a million rows, one row group at a time.
module Gmm.LargerThanMemory.Program

open System
open System.Diagnostics
open System.IO
open Gmm

let private columns = 16
let private fileRows = 500_000L
let private groupRows = 50_000L

/// Mixes the bits of a number (the finaliser of SplitMix64).
let private mix (x: uint64) =
    let x = (x ^^^ (x >>> 30)) * 0xBF58476D1CE4E5B9UL
    let x = (x ^^^ (x >>> 27)) * 0x94D049BB133111EBUL
    x ^^^ (x >>> 31)

/// Row n belongs to one of two clusters. The numbers are multiples of 1/16, so the files are small.
let private number (n: int64) (j: int) =
    let centre = if n % 3L = 0L then 4.0 else 0.0
    centre + float (mix (uint64 n * 16UL + uint64 j + 1UL) % 33UL) / 16.0

/// Rows of a file, which are made when they are written.
let private rows (first: int64) : Result<Source, GmmError> =
    let groups = Array.create (int (fileRows / groupRows)) groupRows

    Source.ofGroups 0L columns groups (fun group ->
        let start = first + int64 group * groupRows

        Array.init (int groupRows * columns) (fun i -> number (start + int64 (i / columns)) (i % columns))
        |> ReadOnlyMemory
        |> Numbers.Float64)

let private write (folder: string) (file: int) : Result<unit, GmmError> =
    rows (int64 file * fileRows)
    |> Result.bind (Parquet.write (Path.Combine(folder, $"part-{file:D4}.parquet")) [] [])

let private mebibytes (bytes: int64) = float bytes / 1048576.0

let private fit (folder: string) =
    use files = Parquet.openFile folder |> GmmError.get
    let source = files.Source
    let limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
    let size = source.Rows * int64 columns * 8L
    printfn $"{source.Rows} rows of {columns} columns: %.0f{mebibytes size} MiB; memory: %.0f{mebibytes limit} MiB"
    printfn $"larger than memory: {size > limit}"
    let clock = Stopwatch.StartNew()

    let fit =
        Gmm.fit
            { Gmm.defaults with
                Components = 2
                Start = Start.KMeans
                MaxIterations = 1 }
            source
        |> GmmError.get

    let weights = fit.Weights |> Array.sort
    printfn $"fitted: weights %.4f{weights[0]} and %.4f{weights[1]}, in {fit.Passes} E-steps over all rows"
    printfn $"%.1f{clock.Elapsed.TotalSeconds} s, heap at most %.0f{mebibytes (GC.GetGCMemoryInfo().HeapSizeBytes)} MiB"

[<EntryPoint>]
let main arguments =
    let millions = arguments |> Array.tryHead |> Option.map int |> Option.defaultValue 4
    let folder = Directory.CreateTempSubdirectory("gmm").FullName

    try
        try
            for file in 0 .. 2 * millions - 1 do
                write folder file |> GmmError.get

            fit folder
            0
        with :? GmmException as trouble ->
            eprintfn $"{trouble.Message}"
            1
    finally
        Directory.Delete(folder, recursive = true)
