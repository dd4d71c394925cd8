namespace Gmm

open System
open System.IO
open System.Text.RegularExpressions

/// Reads and writes files with errors that name the path; a write is complete or leaves the file as it was.
module internal Files =
    /// Says why the content of a file can't be used.
    exception Unusable of reason: string

    /// Returns an error about a file as a whole.
    let unreadable path reason : Result<'T, GmmError> = Error(UnreadableFile(path, 0, 0, reason))

    /// Runs work on a file. Error when the system refuses, or when the work raises `Unusable`.
    let attempt (path: string) (work: unit -> 'T) : Result<'T, GmmError> =
        try
            Ok(work ())
        with
        | Unusable reason -> unreadable path reason
        // The missing file may be another, such as an assembly.
        | :? FileNotFoundException
        | :? DirectoryNotFoundException when not (Path.Exists path) -> unreadable path "There is no such file."
        | :? UnauthorizedAccessException
        | :? IOException when Directory.Exists path -> unreadable path "This is a folder, not a file."
        | :? ArgumentException
        | :? NotSupportedException
        | :? UnauthorizedAccessException
        | :? IOException as error -> unreadable path error.Message

    /// Deletes the temporary files that killed writes of a file left behind. A write keeps its temporary file open until
    /// it has renamed it, and the system closes the files of a process that ends. So a temporary file that can be opened
    /// for exclusive use belongs to no running write, of this process or another. A file that can't be deleted stays.
    let private deleteUnfinished (full: string) =
        let name = Path.GetFileName full
        let pattern = Regex($@"^{Regex.Escape name}\.[0-9a-f]{{32}}\.tmp$", RegexOptions.CultureInvariant)

        for path in Directory.EnumerateFiles(Path.GetDirectoryName full, "*.tmp") do
            if pattern.IsMatch(Path.GetFileName path) then
                try
                    use _ =
                        new FileStream(
                            path,
                            FileMode.Open,
                            FileAccess.ReadWrite,
                            FileShare.None,
                            bufferSize = 0,
                            options = FileOptions.DeleteOnClose
                        )

                    ()
                with
                | :? IOException
                | :? UnauthorizedAccessException -> ()

    /// Creates a temporary file and returns its path, a stream to write it, and another that keeps it open while the
    /// system renames it. Another write may find the file in the moment before it is locked, take it for an unfinished
    /// one and delete it; then a file under a new name is tried.
    let rec private create (full: string) attempts : string * FileStream * FileStream =
        let unfinished = $"{full}.{Guid.NewGuid():N}.tmp"

        try
            let stream = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.Read)

            try
                let share = FileShare.ReadWrite ||| FileShare.Delete
                unfinished, stream, new FileStream(unfinished, FileMode.Open, FileAccess.Read, share)
            with _ ->
                stream.Dispose()
                reraise ()
        with :? IOException when attempts > 1 ->
            create full (attempts - 1)

    /// Writes a file, and creates its folder if it is missing. The content goes to a temporary file in the same folder,
    /// which is then renamed, so the file is complete or untouched. Temporary files of earlier writes that were killed
    /// are deleted.
    let write (path: string) (content: Stream -> unit) : Result<unit, GmmError> =
        attempt path (fun () ->
            let full = Path.GetFullPath path
            Directory.CreateDirectory(Path.GetDirectoryName full) |> ignore
            deleteUnfinished full
            let unfinished, stream, lease = create full 10

            try
                use _ = lease
                use stream = stream
                content stream
                stream.Flush(flushToDisk = true)
                stream.Dispose()
                File.Move(unfinished, full, overwrite = true)
            finally
                File.Delete unfinished)
