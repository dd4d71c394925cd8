/// The formulas that the build lists.
module Gmm.Tests.FormulaTests

open System.IO
open Expecto
open Gmm.Tests.Support

let private stated = lazy (Impl.testFromThisAssembly () |> Option.get |> checkedFormulas)

[<Tests>]
let tests =
    testList
        "Formula"
        [ testCase "what names a formula is a test, in a list of its file's name" (fun () ->
              Assert.NotEmpty stated.Value

              let files =
                  Directory.GetFiles(
                      Path.Combine(repositoryRoot.Value, "tests", "Gmm.Tests"),
                      "*Tests.fs",
                      SearchOption.AllDirectories
                  )
                  |> Array.map Path.GetFileNameWithoutExtension

              for each in stated.Value do
                  let file = each.List.Split(':')[0] + "Tests"
                  Assert.Equal(1, files |> Array.filter ((=) file) |> Array.length))
          testCase "no formula and no source is empty, and a test names a formula once" (fun () ->
              for (list, test), formulas in stated.Value |> List.groupBy (fun each -> each.List, each.Test) do
                  Assert.DoesNotContain(formulas, fun each -> each.Formula.Trim() = "" || each.Source.Trim() = "")
                  let different = formulas |> List.distinctBy _.Formula |> List.length
                  Assert.True((formulas.Length = different), $"{list}, {test}")) ]
