/// A mixture as a vector of free coordinates, and back.
module Gmm.Tests.CoordinatesTests

open System
open Expecto
open Gmm
open Gmm.Tests.Support

[<Tests>]
let tests =
    testList
        "Coordinates"
        [ testCase "any numbers are the coordinates of a Gaussian mixture" (fun () ->
              let random = Random 17

              for structure in Structure.all do
                  for features in [ 1; 2; 5 ] do
                      let means = Array2D.init 3 features (fun k j -> float (k * features + j))
                      let like = Gaussian.create structure means (Tensor.scalar 2.0) |> ok |> Mixture.uniform 3
                      let count = (Coordinates.ofMixture Gaussian.family like |> ok).Length
                      Assert.Equal(2 + Gaussian.freeParameters like.Parameters, count)
                      Assert.Equal(count, (Coordinates.names Gaussian.family like |> Array.distinct).Length)

                      for _ in 1..50 do
                          let numbers = Array.init count (fun _ -> 4.0 * random.NextDouble() - 2.0)
                          let mixture = Coordinates.toMixture Gaussian.family like numbers |> ok
                          // exp and log round twice.
                          let back = Coordinates.ofMixture Gaussian.family mixture |> ok

                          match structure with
                          | EVE
                          | VVE
                          | EEV
                          | VEV ->
                              // Eigenvectors have two signs and many orders, which are coordinates of the same mixture.
                              let x = Tensor.matrix (array2D [ Array.init features (fun j -> float j - 0.5) ])

                              let density (mixture: Mixture<Gaussian>) =
                                  (Gaussian.logDensity mixture.Parameters x).toArray()

                              let again = Coordinates.toMixture Gaussian.family like back |> ok
                              relativelyNear 1e-9 $"{structure}, {features} features" (density mixture) (density again)
                          | Full
                          | Diag
                          | Spherical
                          | TiedFull
                          | TiedDiag
                          | TiedSpherical
                          | VEI
                          | EVI
                          | VEE
                          | EVV ->
                              Assert.True(
                                  allWithin Tolerance.rounding 1.0 numbers back,
                                  $"{structure}, {features} features"
                              )

                          // Σ = (WᵀW)⁻¹: covariances made of the coordinates have the same density.
                          let again =
                              Gaussian.create
                                  structure
                                  (mixture.Parameters.Means.toArray2D ())
                                  mixture.Parameters.Covariances
                              |> ok

                          let x = Tensor.matrix (array2D [ Array.init features (fun j -> float j - 0.5) ])

                          relativelyNear
                              1e-6
                              "densities"
                              ((Gaussian.logDensity mixture.Parameters x).toArray())
                              ((Gaussian.logDensity again x).toArray()))
          testCase "a mixture on an edge has no coordinates, and too few numbers are an error" (fun () ->
              let gaussian = Gaussian.create Full (array2D [ [ 0.0 ]; [ 1.0 ] ]) (Tensor.scalar 1.0) |> ok
              let edge = Mixture.create [| 1.0; 0.0 |] gaussian |> ok

              match Coordinates.ofMixture Gaussian.family edge |> error with
              | InvalidOption("ln π[0]/π[1]", _, _) -> ()
              | other -> Assert.Fail other.Message

              let like = Mixture.uniform 2 gaussian

              Assert.Equal(
                  "Coordinates must be 5 numbers, but is 4.",
                  (Coordinates.toMixture Gaussian.family like (Array.zeroCreate 4) |> error).Message
              )

              match Coordinates.toMixture Gaussian.family like [| 0.0; nan; 0.0; 0.0; 0.0 |] |> error with
              | InvalidOption("Coordinates[1]", _, _) -> ()
              | other -> Assert.Fail other.Message) ]
