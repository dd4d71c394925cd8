namespace Gmm

open System
open System.Collections.Generic
open System.IO
open System.Runtime.ExceptionServices
open System.Threading
open System.Threading.Tasks

/// A file whose asynchronous reads are done at once, on the thread that asks: a thread that waits for another would
/// hold up the threads that fit.
[<Sealed>]
type internal PlainFile(path: string) =
    inherit
        FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.Read ||| FileShare.Delete,
            1 <<< 16,
            useAsync = false
        )

    override file.ReadAsync(buffer: Memory<byte>, _: CancellationToken) = ValueTask<int>(file.Read buffer.Span)

    override file.ReadAsync(buffer: byte[], offset: int, count: int, _: CancellationToken) =
        Task.FromResult(file.Read(buffer, offset, count))

    /// A damaged length may lead a reader past the end, where some would read bytes without end.
    override file.ReadByte() =
        match base.ReadByte() with
        | -1 -> raise (EndOfStreamException "The file ends too early.")
        | value -> value

/// A file as it was when it was first read.
[<NoEquality; NoComparison>]
type internal FileState =
    { Path: string
      Length: int64
      Written: DateTime }

    /// The state of a file now.
    static member Of(path: string) =
        let info = FileInfo path

        { Path = path
          Length = info.Length
          Written = info.LastWriteTimeUtc }

    /// Raises `Unusable` when the file has changed since.
    member state.RequireUnchanged() =
        let info = FileInfo state.Path

        if not info.Exists || info.Length <> state.Length || info.LastWriteTimeUtc <> state.Written then
            raise (Files.Unusable "It was changed while it was in use. Write to another file and open that.")

/// Runs work on files of a format that a package reads.
module internal FormatFiles =
    /// Returns what the work returns. Throws `GmmException`, which names the file, whatever goes wrong with it; `what`
    /// begins the reason, and `format` says what the file should be.
    let attempt (format: string) (path: string) (what: string) (work: unit -> 'T) : 'T =
        let fail reason = raise (GmmException(UnreadableFile(path, 0, 0, what + reason)))

        try
            match Files.attempt path work with
            | Ok value -> value
            | Error(UnreadableFile(_, _, _, reason)) -> fail reason
            | Error error -> raise (GmmException error)
        with
        | InexactInteger(_, digits) ->
            let remedy = "Choose other columns if it is an id; otherwise subtract an offset before saving."
            fail $"It holds {digits}, which no float64 equals. {remedy}"
        | :? GmmException
        | :? OperationCanceledException
        | :? ObjectDisposedException
        | :? OutOfMemoryException -> reraise ()
        // Readers throw many kinds of exceptions for files that are cut or damaged.
        | trouble when what = "" -> fail $"It is no {format} that can be read: {trouble.Message}"
        | trouble -> fail $"It can't be decoded: {trouble.Message}"

    /// Returns what the work that opens a file returns, as `attempt` does. A length that is larger than memory is an
    /// error of the file too.
    let opening (format: string) (path: string) (work: unit -> 'T) : 'T =
        try
            attempt format path "" work
        with :? OutOfMemoryException ->
            let reason = "A length in it is larger than memory: the file is damaged, or its groups are too large."
            raise (GmmException(UnreadableFile(path, 0, 0, reason)))

    /// Fails unless an array can hold some columns of every group of a file; `rows` has the number of rows of each, and
    /// `what` is the word for a group.
    let requireSizes (what: string) (columns: int) (path: string) (rows: int64[]) : unit =
        let most = int64 (Array.MaxLength / columns)

        for group in 0 .. rows.Length - 1 do
            let fail reason =
                let found = $"""{what} {group} (counting from 0) has {Display.count rows[group] "row"}"""
                raise (GmmException(UnreadableFile(path, 0, 0, found + reason)))

            if rows[group] < 0L then
                fail ": the file is damaged."
            elif rows[group] > most then
                let remedy = $"Save it with fewer rows in each {what.ToLowerInvariant()}, or choose fewer columns."
                fail $""", more than {most} for {Display.count columns "column"}. {remedy}"""

/// What was opened before work that may fail. The work's failure is the one to report, whatever comes after it.
module internal Opened =
    let private quietly (close: unit -> unit) =
        try
            close ()
        with _ ->
            ()

    /// Returns what the work returns. Closes what was opened before it when the work throws.
    let closing (close: unit -> unit) (work: unit -> 'T) : 'T =
        try
            work ()
        with _ ->
            quietly close
            reraise ()

    /// Returns what the work makes of a resource, which stays open. Closes it when the work returns an error or throws.
    let keep (work: 'Resource -> Result<'T, GmmError>) (resource: 'Resource :> IDisposable) : Result<'T, GmmError> =
        match closing resource.Dispose (fun () -> work resource) with
        | Ok result -> Ok result
        | Error error ->
            quietly resource.Dispose
            Error error

/// The open readers of files in a format. A reader serves one thread at a time, and about as many stay open as there
/// are processors, however many files there are.
[<Sealed>]
type internal Readers<'Reader>(create: Stream -> 'Reader, close: 'Reader -> unit) =
    let idle = LinkedList<struct (string * 'Reader)>()
    let mutable isOpen = true

    let openFile (path: string) =
        let file = new PlainFile(path)
        Opened.closing file.Dispose (fun () -> create file)

    let tryTake path =
        lock idle (fun () ->
            if not isOpen then
                raise (ObjectDisposedException(path, "The file is closed, but its rows are still in use."))

            let entry = idle |> Seq.tryFind (fun (struct (file, _)) -> file = path)
            entry |> Option.iter (idle.Remove >> ignore)
            entry |> Option.map (fun (struct (_, reader)) -> reader))

    /// Keeps a reader, and closes the one that has waited longest if there are too many.
    let giveBack path reader =
        let surplus =
            lock idle (fun () ->
                idle.AddFirst(struct (path, reader)) |> ignore

                if isOpen && idle.Count <= Environment.ProcessorCount then
                    None
                else
                    let struct (_, last) = idle.Last.Value
                    idle.RemoveLast()
                    Some last)

        Option.iter close surplus

    /// Uses a reader of a file. A reader that fails is closed.
    member _.Use(path: string, work: 'Reader -> 'T) : 'T =
        let reader = tryTake path |> Option.defaultWith (fun () -> openFile path)
        let result = Opened.closing (fun () -> close reader) (fun () -> work reader)
        giveBack path reader
        result

    /// Returns a source that throws `ObjectDisposedException` once the readers are closed, even for rows in memory.
    member _.Guard(source: Source) : Source =
        { source with
            Read =
                fun index ->
                    if not (Volatile.Read &isOpen) then
                        raise (ObjectDisposedException("rows", "The file is closed, but its rows are still in use."))

                    source.Read index }

    interface IDisposable with
        /// Closes all readers, and then throws what the first that failed threw.
        member _.Dispose() =
            let readers =
                lock idle (fun () ->
                    isOpen <- false
                    let readers = Array.ofSeq idle
                    idle.Clear()
                    readers)

            let failures =
                readers
                |> Array.choose (fun (struct (_, reader)) ->
                    try
                        close reader
                        None
                    with trouble ->
                        Some trouble)

            failures |> Array.tryHead |> Option.iter ExceptionDispatchInfo.Throw
