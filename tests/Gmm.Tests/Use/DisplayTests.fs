/// The texts that values print as in a script: by "%A", by ToString and when F# Interactive echoes them.
module Gmm.Tests.DisplayTests

open Expecto
open Gmm
open Gmm.Tests.Support

/// Asserts that a value prints as a text, by "%A" and by ToString.
let private prints (expected: string) (value: 'T) =
    Assert.Equal(expected, $"%A{value}")
    Assert.Equal(expected, string (box value))

let private gaussian =
    Gaussian.create
        Full
        (array2D [ [ 1.5; -2.0 ]; [ 0.0; 1e-7 ] ])
        (Tensor.matrix (array2D [ [ 4.0; 0.0 ]; [ 0.0; 9.0 ] ]))
    |> ok

let private ofGaussian =
    "gaussian, 2 components of 2 features, covariances full\n"
    + "0: mean [1.5; -2], standard deviations [2; 3]\n"
    + "1: mean [0; 1E-07], standard deviations [2; 3]"

let private poisson = Poisson.ofRates (array2D [ [ 1.5 ]; [ 2.0 ]; [ 0.0 ] ]) |> ok

[<Tests>]
let tests =
    testList
        "Display"
        [ testCase "parameters print the numbers of every component" (fun () ->
              prints ofGaussian gaussian

              for structure in Structure.all do
                  let one = Gaussian.create structure (array2D [ [ 0.0 ]; [ 2.0 ] ]) (Tensor.scalar 4.0) |> ok

                  prints
                      ($"gaussian, 2 components of 1 feature, covariances {Structure.name structure}\n"
                       + "0: mean [0], standard deviations [2]\n1: mean [2], standard deviations [2]")
                      one

              prints
                  ("poisson, 3 components of 1 column\n"
                   + "0: mean parameters [1.5]\n1: mean parameters [2]\n2: mean parameters [0]")
                  poisson

              prints "1 centre of 2 features\n0: [1; 2]" { Centres = Tensor.matrix (array2D [ [ 1.0; 2.0 ] ]) }

              prints
                  ("2 parts\ncolumns [2; 0]: "
                   + ofGaussian.Replace("\n", "\n  ")
                   + "\ncolumns [1]: poisson, 3 components of 1 column\n  0: mean parameters [1.5]\n  1: mean parameters [2]\n"
                   + "  2: mean parameters [0]")
                  { Parts = [ [| 2; 0 |], partOf gaussian; [| 1 |], partOf poisson ] })
          testCase "mixtures print their weights and parameters" (fun () ->
              prints
                  ("mixture of 2, weights [0.25; 0.75]\n" + ofGaussian)
                  (Mixture.create [| 1.0; 3.0 |] gaussian |> ok))
          testCase "only ten components and ten numbers are printed" (fun () ->
              let wide = { Centres = Tensor.matrix (Array2D.init 12 11 (fun k j -> float (k + j))) }
              let lines = $"%A{wide}".Split '\n'
              Assert.Equal(12, lines.Length)
              Assert.Equal("9: [9; 10; 11; 12; 13; 14; 15; 16; 17; 18; …]", lines[10])
              Assert.Equal("… and 2 more", lines[11]))
          testCase "families, models, data and fits print one line" (fun () ->
              prints "family gaussian" Gaussian.family
              prints "poisson, a family of numbers: a whole number from 0 upward" Poisson.family
              prints "model of gaussian, Soft assignment, weights Flat, kernels" (Model.ofFamily Gaussian.family)
              Assert.Equal("kernels", string (box Kernel.backend))
              let source = sourceOf [| [| 1.0 |]; [| 1.0 |]; [| 2.0 |] |]
              prints "3 rows of 1 column" source
              prints "1 row of 2 columns" (sourceOf [| [| 1.0; 2.0 |] |])

              let found = KMeans.fit { KMeans.defaults with Components = 1 } source |> ok
              prints "k-means of 1, converged after 2 iterations: inertia 0.666666667, seed 0" found

              prints
                  "columns [0; 2]: diag"
                  (Part.create
                      [| 0; 2 |]
                      { GaussianKind.defaults with
                          Structure = Diag })

              let fit =
                  Fit.ofMixture Gaussian.family (mixtureOf Full [| 1.0 |] (array2D [ [ 0.0 ] ]) (Tensor.scalar 1.0))

              prints
                  "1 of 3 rows below -1.41893853: [2]"
                  (Outliers.find 0.4 fit (sourceOf [| [| 0.0 |]; [| 1.0 |]; [| 2.0 |] |]) |> ok))
          testCase "options print all their fields, and no name of a class" (fun () ->
              let text = $"%A{KMeans.defaults}"
              Assert.Contains("Family = centroid", text)
              Assert.Contains("Backend = kernels", text)
              Assert.Contains("MaxIterations = 300", text)
              Assert.DoesNotContain("Gmm.", text)
              Assert.DoesNotContain("Gmm.", $"%A{Gmm.defaults}")) ]
