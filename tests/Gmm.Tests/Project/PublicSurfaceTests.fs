/// The public names of the F# libraries.
module Gmm.Tests.PublicSurfaceTests

open Expecto
open Gmm
open Gmm.Tests.Surface

[<Tests>]
let ``how a member is written`` =
    testList
        "PublicSurface"
        [ testCase "the public names are those of PublicSurface.txt" (fun () ->
              agrees "Gmm.Tests/PublicSurface.txt" typeof<Structure>.Assembly)
          testCase "the public names of the plots are those of PublicSurface.Plots.txt" (fun () ->
              agrees "Gmm.Tests/PublicSurface.Plots.txt" typeof<Figure>.Assembly)
          testCase "the public names of the charts are those of PublicSurface.Plotly.txt" (fun () ->
              agrees "Gmm.Tests/PublicSurface.Plotly.txt" typeof<Gmm.Plotly.FigureCharts>.Assembly) ]
