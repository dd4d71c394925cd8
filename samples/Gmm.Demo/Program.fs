module Gmm.Demo.Program

open Spectre.Console

[<EntryPoint>]
let main args =
    AnsiConsole.MarkupLine "[green]Gmm demo[/]"
    printfn "%s: %A" System.Environment.CurrentDirectory args
    0
