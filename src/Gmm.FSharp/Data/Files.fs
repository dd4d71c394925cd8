namespace Gmm

open System
open System.IO

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
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> unreadable path "There is no such file."
        | :? UnauthorizedAccessException
        | :? IOException when Directory.Exists path -> unreadable path "This is a folder, not a file."
        | :? ArgumentException
        | :? NotSupportedException
        | :? UnauthorizedAccessException
        | :? IOException as error -> unreadable path error.Message

    /// Writes a file, and creates its folder if it is missing. The content goes to a temporary file in the same folder,
    /// which is then renamed, so the file is complete or untouched.
    let write (path: string) (content: Stream -> unit) : Result<unit, GmmError> =
        attempt path (fun () ->
            let full = Path.GetFullPath path
            Directory.CreateDirectory(Path.GetDirectoryName full) |> ignore
            let unfinished = $"{full}.{Guid.NewGuid():N}.tmp"

            try
                do
                    use stream = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write)
                    content stream
                    stream.Flush(flushToDisk = true)

                File.Move(unfinished, full, overwrite = true)
            finally
                File.Delete unfinished)
