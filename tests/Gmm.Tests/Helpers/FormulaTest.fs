/// Tests that check formulas. The build lists the formulas, their sources and these tests on the page `formulas`.
[<AutoOpen>]
module Gmm.Tests.FormulaTest

open Expecto

/// A formula that a test checks, who states it, the test and the list of the file that it is in.
type CheckedFormula =
    { Formula: string
      Source: string
      Test: string
      List: string }

let private mark, private separator = "formula ", " — "

/// Says which formulas a test checks, each with who states it: author, year, and where it stands. The formulas become labels
/// around the test.
let formulas (stated: (string * string) list) (test: Test) : Test =
    List.foldBack (fun (formula, source) test -> testList $"{mark}{formula}{separator}{source}" [ test ]) stated test

/// Returns the formulas that tests check, in the order of the tests.
let checkedFormulas (test: Test) : CheckedFormula list =
    [ for flat in Test.toTestCodeList test do
          let isFormula (label: string) = label.StartsWith mark

          match List.filter isFormula flat.name with
          | [] -> ()
          | labels ->
              // A theory is a list of cases; its name is the label below those of the formulas.
              let name = flat.name |> List.skipWhile (isFormula >> not) |> List.find (isFormula >> not)

              for label in labels do
                  let parts = label.Substring(mark.Length).Split separator

                  { Formula = parts[0]
                    Source = String.concat separator parts[1..]
                    Test = name
                    List = flat.name.Head } ]
    |> List.distinct
