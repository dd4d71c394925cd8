module Gmm.DiffSharp.Program

open Expecto

[<EntryPoint>]
let main arguments =
    // DiffSharp counts the nesting of derivatives for the whole program.
    runTestsInAssemblyWithCLIArgs [ Sequenced ] arguments
