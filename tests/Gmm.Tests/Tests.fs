module Gmm.Tests.PlaceholderTests

open FsCheck
open FsCheck.FSharp
open Xunit

[<Fact>]
let ``zero is zero`` () = Assert.Equal(0.0, 0.0)

[<Fact>]
let ``reverse twice is identity`` () = Check.QuickThrowOnFailure(fun (xs: int list) -> List.rev (List.rev xs) = xs)
