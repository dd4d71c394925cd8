/// How the numbers of covariances lie: planes, their sizes, and the matrices that they stand for.
module Gmm.Tests.LayoutTests

open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

[<Tests>]
let tests =
    testList
        "Layout"
        [ testForAll 100 "planes and their sizes fill the covariances' shape" mixtures (fun case ->
              let components, features, layout = case.Components, case.Features, case.Layout
              let product = Array.fold (*) 1
              let planes, size = Layout.planes components layout, Layout.planeSize features layout

              product (Layout.covarianceShape components features layout) = planes * size
              && size = product (Layout.planeShape features layout)
              && planes = (if layout.IsTied then 1 else components)
              && Seq.forall
                  (fun k -> Layout.planeOf layout k = (if layout.IsTied then 0 else k))
                  (seq { 0 .. components - 1 }))
          testForAll 100 "an outer product in a plane is the matrix restricted to the layout" mixtures (fun case ->
              let layout, delta = case.Layout, case.Means[0]
              let features = delta.Length
              let actual = Layout.outer layout delta |> Layout.matrix features layout
              let average = Array.averageBy (fun d -> d * d) delta

              let expected i j =
                  match layout.Shape with
                  | Shape.Full -> delta[i] * delta[j]
                  | Shape.Diag -> if i = j then delta[i] * delta[i] else 0.0
                  | Shape.Spherical -> if i = j then average else 0.0

              actual = Array2D.init features features expected)
          testForAll
              100
              "a plane of variances is their diagonal matrix, or their average times the identity"
              mixtures
              (fun case ->
                  let layout, variances = case.Layout, case.Means[0] |> Array.map abs
                  let actual = Layout.diagonal layout variances |> Layout.matrix variances.Length layout
                  let average = Array.average variances

                  let expected i j =
                      if i <> j then 0.0
                      elif layout.Shape = Shape.Spherical then average
                      else variances[i]

                  actual = Array2D.init variances.Length variances.Length expected) ]
