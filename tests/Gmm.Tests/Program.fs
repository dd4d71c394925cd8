module Gmm.Tests.Program

open System.IO
open Expecto

/// The tests of vector instructions, which the build runs again with narrower vectors.
let private ofKernels (tests: Test) =
    let file (labels: string list) = labels.Head.Split(':')[0]
    let files = [ "Kernel"; "SinglePrecision"; "RowPredictor" ]
    let known = Test.toTestCodeList tests |> List.map (_.name >> file)

    match files |> List.except known with
    | [] -> Test.filter "." (file >> fun file -> List.contains file files) tests
    | missing -> failwith $"There are no tests of %A{missing}."

/// Runs the tests, with Expecto's arguments; with `--kernels` only those of vector instructions. `--formulas` instead writes the
/// formulas that tests check, a line for each, with tabs between its parts, and `--bits FILE` the bits of many results to a file.
[<EntryPoint>]
let main arguments =
    match arguments with
    | [| "--formulas" |] ->
        for each in Impl.testFromThisAssembly () |> Option.get |> checkedFormulas do
            printfn $"{each.Formula}\t{each.Source}\t{each.Test}\t{each.List}"

        0
    | [| "--bits"; file |] ->
        File.WriteAllLines(file, Bits.lines ())
        0
    | _ ->
        let tests = Impl.testFromThisAssembly () |> Option.get

        match arguments |> Array.partition ((=) "--kernels") with
        | [||], _ -> tests |> runTestsWithCLIArgs [] arguments
        | _, rest -> ofKernels tests |> runTestsWithCLIArgs [] rest
