namespace Gmm.Plots

open System
open System.ComponentModel
open System.Diagnostics
open System.IO
open System.Security.Cryptography
open System.Text
open Gmm

/// Shows pages in the browser.
module internal Browser =
    /// Opens a file with the program that the system has for it: `xdg-open`, `open`, or the shell of Windows. Error when there
    /// is none.
    let openFile (path: string) : Result<unit, string> =
        let start =
            if OperatingSystem.IsWindows() then
                ProcessStartInfo(path, UseShellExecute = true)
            else
                let program = if OperatingSystem.IsMacOS() then "open" else "xdg-open"
                ProcessStartInfo(program, [ path ], RedirectStandardError = true)

        try
            use opener = Process.Start start

            // `xdg-open` ends soon where it finds no browser; where it runs the browser itself it doesn't end.
            if isNull opener || not (opener.WaitForExit 2000) || opener.ExitCode = 0 then
                Ok()
            else
                Error $"{start.FileName} ended with exit code {opener.ExitCode}"
        with :? Win32Exception as error ->
            Error error.Message

    /// Writes a page into the folder for temporary files, and opens it by the opener. The same page has the same file.
    let show (opener: string -> Result<unit, string>) (page: string) : Result<string, GmmError> =
        let bytes = Encoding.UTF8.GetBytes page
        let name = bytes |> SHA256.HashData |> Convert.ToHexStringLower
        let path = Path.Combine(Path.GetTempPath(), $"gmm-{name[..15]}.html")

        let explain reason =
            UnreadableFile(
                path,
                0,
                0,
                $"The figure is in this file, but no browser could be opened ({reason}). Open the file by hand, or save the figure where you need it."
            )

        Files.write path (fun stream -> stream.Write(ReadOnlySpan bytes))
        |> Result.bind (fun () -> opener path |> Result.mapError explain)
        |> Result.map (fun () -> path)
