module Gmm.Tables.Tests.Program

open Expecto

[<EntryPoint>]
let main arguments = runTestsInAssemblyWithCLIArgs [] arguments
