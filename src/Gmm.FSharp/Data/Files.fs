namespace Gmm

open System
open System.IO

/// Files are written as a whole or not at all, and what is wrong with one is told with its path.
module internal Files =
    /// A reason why the content of a file can't be used.
    exception Unusable of reason: string

    /// The error of a file as a whole.
    let unreadable path reason : Result<'T, GmmError> = Error(UnreadableFile(path, 0, 0, reason))

    /// What work with a file makes, or the error of what the system or the content says against it.
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

    /// Writes a file, whose folder is made if need be. The file is complete or untouched: the content goes to another file
    /// beside it, which then takes its name.
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
