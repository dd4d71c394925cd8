/// A folder of Parquet files that has more numbers than a process may have memory.
module Gmm.Tables.Tests.LargerThanMemoryTests

open System
open System.Diagnostics
open System.IO
open Expecto
open Gmm.Tests

[<Tests>]
let tests =
    testList
        "LargerThanMemory"
        [ testCase "a process of 320 MiB fits 488 MiB of numbers" (fun () ->
              let program = Path.Combine(AppContext.BaseDirectory, "Gmm.LargerThanMemory.dll")

              let start =
                  ProcessStartInfo(
                      "dotnet",
                      [ program; "4" ],
                      RedirectStandardOutput = true,
                      RedirectStandardError = true
                  )

              start.Environment["DOTNET_GCHeapHardLimit"] <- $"0x{320 <<< 20:X}"
              use child = Process.Start start
              let output, errors = child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync()

              if not (child.WaitForExit(TimeSpan.FromMinutes 2.0)) then
                  child.Kill(entireProcessTree = true)
                  failwith "The process did not end within two minutes."

              Assert.True((child.ExitCode = 0), $"exit code {child.ExitCode}:\n{output.Result}\n{errors.Result}")
              Assert.Contains("4000000 rows of 16 columns: 488 MiB; memory: 320 MiB", output.Result)
              Assert.Contains("larger than memory: True", output.Result)
              Assert.Contains("weights 0.3333 and 0.6667", output.Result)) ]
