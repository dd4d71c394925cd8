/// The public names of the packages for tables.
module Gmm.Tables.Tests.SurfaceTests

open Expecto
open Gmm
open Gmm.Tests.Surface

[<Tests>]
let tests =
    testList
        "PublicSurface"
        [ for name, library in
              [ "Arrow", typeof<ArrowFile>.Assembly
                "DataFrame", typeof<CSharp.DataFrameRows>.Assembly
                "Deedle", typeof<CSharp.FrameRows>.Assembly
                "Parquet", typeof<ParquetFile>.Assembly ] ->
              testCase $"the public names of Gmm.{name} are those of its file" (fun () ->
                  agrees $"Gmm.Tables.Tests/PublicSurface.{name}.txt" library) ]
