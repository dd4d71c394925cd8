namespace Gmm.Tests

open System

/// Names a formula that a test checks, and who states it. The build lists all of them on the page `formulas`.
[<AttributeUsage(AttributeTargets.Method, AllowMultiple = true)>]
type FormulaAttribute(formula: string, source: string) =
    inherit Attribute()
    /// The formula in Unicode.
    member _.Formula = formula
    /// Author, year, and where it stands.
    member _.Source = source
