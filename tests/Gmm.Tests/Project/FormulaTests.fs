/// The formulas that the build lists.
module Gmm.Tests.FormulaTests

open System.IO
open System.Reflection
open Gmm.Tests.Support
open Xunit

/// Every test that names formulas, with them.
let private tests =
    [ for each in Assembly.GetExecutingAssembly().GetTypes() do
          for test in each.GetMethods() do
              match test.GetCustomAttributes<FormulaAttribute>() |> List.ofSeq with
              | [] -> ()
              | formulas -> test, formulas ]

[<Fact>]
let ``what names a formula is a test, in a file of its module's name`` () =
    Assert.NotEmpty tests

    let files =
        Directory.GetFiles(
            Path.Combine(repositoryRoot.Value, "tests", "Gmm.Tests"),
            "*.fs",
            SearchOption.AllDirectories
        )

    for test, _ in tests do
        Assert.NotNull(test.GetCustomAttribute<FactAttribute>())
        Assert.Single(files, fun file -> Path.GetFileNameWithoutExtension file = test.DeclaringType.Name) |> ignore

[<Fact>]
let ``no formula and no source is empty, and a test names a formula once`` () =
    for _, formulas in tests do
        Assert.DoesNotContain(formulas, fun each -> each.Formula.Trim() = "" || each.Source.Trim() = "")
        Assert.Equal(formulas.Length, formulas |> List.distinctBy _.Formula |> List.length)
