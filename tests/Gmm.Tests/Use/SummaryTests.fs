/// The summary of a fit as a text.
module Gmm.Tests.SummaryTests

open System
open System.Globalization
open Expecto
open Gmm
open Gmm.Tests.Support

let private faithful = lazy (DataSet.faithful ()).Source

let private names = [| "eruptions"; "waiting" |]

let private fit =
    lazy
        (Gmm.fit
            { Gmm.defaults with
                Components = 2
                Family.RegCovar = Absolute 0.0
                Tolerance = 0.0
                MaxIterations = 100 }
            faithful.Value
         |> Result.map (fun fit -> { fit with Stop = Converged })
         |> ok)

/// The cells of the lines that begin with a name.
let private cells (name: string) (summary: string) =
    [ for line in summary.Split '\n' do
          if line.TrimStart().StartsWith(name, StringComparison.Ordinal) then
              for cell in line.TrimStart().Substring(name.Length).Split(' ', StringSplitOptions.RemoveEmptyEntries) ->
                  Double.Parse(cell, CultureInfo.InvariantCulture) ]

/// Whether the numbers of a line are some numbers, but for their seventh digit.
let private shows name (expected: float[]) summary =
    relativelyNear 1e-5 name expected (Array.ofList (cells name summary))

let private at j (matrix: float[,]) = matrix[*, j]

let private atLevel j level (numbers: float[,,]) = numbers[*, j, level]

let private counts = sourceOf [| for n in 0..59 -> [| float (n % 3); float (n * n % 5 % 3) |] |]

let private fitted kind (source: Source) =
    let labels = Array.init (int source.Rows) (fun n -> if n < 20 then 0 else 1)
    Gmm.fit (exactly 2 2 (Start.Labels labels) kind) source |> ok

[<Tests>]
let ``standard errors`` =
    testList
        "Summary: standard errors"
        [ testCase "a line for each parameter has its estimate, its error and the interval" (fun () ->
              let errors =
                  { Names = [| "weight[0]"; "mean[0,1]" |]
                    Estimates = [| 0.25; -54.4784 |]
                    Covariance = array2D [ [ 0.0001; 0.0 ]; [ 0.0; 4.0 ] ] }

              let table = Summary.ofErrors 0.95 errors |> ok
              Assert.Equal(3, table.Split('\n').Length)
              Assert.Matches(@"^parameter +estimate +standard error +95 % from +to\n", table)
              shows "weight[0]" [| 0.25; 0.01; 0.2304; 0.2696 |] table
              shows "mean[0,1]" [| -54.4784; 2.0; -58.3983; -50.5585 |] table
              Assert.Contains("90 % from", Summary.ofErrors 0.9 errors |> ok)

              let many =
                  { Names = Array.init 103 (fun i -> $"p{i}")
                    Estimates = Array.zeroCreate 103
                    Covariance = Array2D.zeroCreate 103 103 }

              Assert.EndsWith("… and 3 more", Summary.ofErrors 0.5 many |> ok)
              Assert.StartsWith("Level must be", (Summary.ofErrors 0.0 errors |> error).Message)) ]

[<Tests>]
let tests =
    testList
        "Summary"
        [
          // Log-likelihood, df and BIC are mclust's (−1130.264, 11, and −2322.192 in its sign).
          testCase "the summary of Old Faithful" (fun () ->
              let expected =
                  """gaussian mixture of 2 components, covariances full
converged after 100 iterations, seed 0

log-likelihood             -1130.26396
n, the sum of the weights          272
free parameters (df)                11
BIC                        2322.191743
AIC                         2282.52792
ICL                        2322.704682

component                  0         1
weight              0.355873  0.644127
rows, expected       96.7974   175.203
rows, labelled            97       175
mean
  eruptions          2.03639   4.28966
  waiting            54.4785   79.9681
standard deviation
  eruptions         0.262997  0.412272
  waiting            5.80494   6.00385

covariance of component 0  eruptions    waiting
  eruptions                0.0691677   0.435168
  waiting                   0.435168    33.6973

covariance of component 1  eruptions    waiting
  eruptions                 0.169968   0.940609
  waiting                   0.940609    36.0462"""

              Assert.Equal(expected, Summary.onData names fit.Value faithful.Value |> ok))
          testCase "without data, the ICL and the labelled rows are missing, and nothing else" (fun () ->
              let isKnown (line: string) = not (line.StartsWith "ICL" || line.StartsWith "rows, labelled")
              let withData = (Summary.onData names fit.Value faithful.Value |> ok).Split '\n'

              Assert.Equal<string[]>(
                  withData |> Array.filter isKnown,
                  (Summary.ofFit names fit.Value |> ok).Split '\n'
              ))
          testCase "every family shows the parameters that its users know" (fun () ->
              let bits = sourceOf [| for n in 0..59 -> [| float (n % 2); float (n / 3 % 2) |] |]
              let directions = [| for n in 0..59 -> [| cos (float n); sin (float n) |] |] |> sourceOf

              let positive = sourceOf [| for n in 0..59 -> [| 1.0 + float (n % 7); 0.5 + float (n * n % 11) |] |]

              let shares =
                  sourceOf [| for n in 0..59 -> [| 0.1 * (1.0 + float (n % 7)); 0.08 * (0.5 + float (n * n % 11)) |] |]

              let bernoulli = fitted Bernoulli.family bits
              let poisson = fitted Poisson.family counts
              let exponential = fitted Exponential.family counts
              let binomial = fitted (Binomial.family 4) counts
              let categorical = fitted (Categorical.family 3) counts
              let geometric = fitted Families.geometric counts

              Summary.ofFit [||] bernoulli
              |> ok
              |> shows "column 1" (Bernoulli.probabilities bernoulli.Parameters |> at 0)

              Summary.ofFit [||] poisson |> ok |> shows "column 2" (Poisson.rates poisson.Parameters |> at 1)

              Summary.ofFit [||] exponential
              |> ok
              |> shows "column 2" (Exponential.rates exponential.Parameters |> at 1)

              Summary.ofFit [||] binomial
              |> ok
              |> shows "column 1" (Binomial.probabilities 4 binomial.Parameters |> at 0)

              Summary.ofFit [||] geometric
              |> ok
              |> shows "column 1" (geometric.Parameters.Means.toArray3D () |> atLevel 0 0)

              for level in 0..2 do
                  Summary.ofFit [| "a"; "b" |] categorical
                  |> ok
                  |> shows $"b = {level}" (Categorical.probabilities categorical.Parameters |> atLevel 1 level)

              for fit, title in
                  [ Summary.ofFit [||] bernoulli, "probability of 1"
                    Summary.ofFit [||] poisson, "rate"
                    Summary.ofFit [||] exponential, "rate"
                    Summary.ofFit [||] binomial, "probability of a success in 4 trials"
                    Summary.ofFit [||] categorical, "probability of a level"
                    Summary.ofFit [||] geometric, "mean of the statistics"
                    Summary.ofFit [||] (fitted Geometric.family counts), "probability of a success"
                    Summary.ofFit [||] (fitted NegativeBinomialKind.defaults counts), "size"
                    Summary.ofFit [||] (fitted MultinomialKind.defaults counts), "probability of a column"
                    Summary.ofFit [||] (fitted VonMisesFisherKind.defaults directions), "mean direction"
                    Summary.ofFit [||] (fitted VonMisesFisherKind.defaults directions), "concentration"
                    Summary.ofFit [||] (fitted Gamma.family positive), "shape"
                    Summary.ofFit [||] (fitted Gamma.family positive), "rate"
                    Summary.ofFit [||] (fitted LogNormal.family positive), "mean of the logarithm"
                    Summary.ofFit [||] (fitted LogNormal.family positive), "standard deviation of the logarithm"
                    Summary.ofFit [||] (fitted Beta.family shares), "alpha"
                    Summary.ofFit [||] (fitted Beta.family shares), "beta" ] do
                  Assert.Contains($"\n{title}\n", ok fit))
          testCase "a product shows all its parts under the names of their columns, nested ones too" (fun () ->
              let source =
                  sourceOf
                      [| for n in 0..59 -> [| float (n % 3); float (n % 7) + 9.0 * float (n / 20); float (n % 2) |] |]

              let inner =
                  ProductKind.ofParts [ Part.create [| 1 |] Bernoulli.family; Part.create [| 0 |] Poisson.family ]

              let kind =
                  ProductKind.ofParts [ Part.create [| 1 |] GaussianKind.defaults; Part.create [| 0; 2 |] inner ]

              let fit = fitted kind source
              let summary = Summary.onData [| "count"; "size"; "flag" |] fit source |> ok
              let gaussian: Gaussian = Product.parameters 0 fit.Parameters
              let nested: Product = Product.parameters 1 fit.Parameters
              let variances = gaussian.Covariances.toArray ()

              summary |> shows "size" (Array.append (gaussian.Means.toArray ()) (variances |> Array.map sqrt))

              summary |> shows "flag" (Bernoulli.probabilities (Product.parameters 0 nested) |> at 0)
              summary |> shows "count" (Poisson.rates (Product.parameters 1 nested) |> at 0)
              summary |> shows "weight" fit.Weights
              Assert.StartsWith("gaussian × (bernoulli × poisson) mixture of 2 components\n", summary))
          testCase "every structure shows its standard deviations; only small full matrices are whole" (fun () ->
              for structure in Structure.all do
                  let fit =
                      faithful.Value
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Family.Structure = structure }
                      |> ok

                  let summary = Summary.ofFit names fit |> ok
                  let covariances = Array.init 2 (Gaussian.covariance fit.Parameters)
                  let lines = summary.Split '\n'
                  let first = lines |> Array.findIndex ((=) "standard deviation")
                  let deviations = String.concat "\n" lines[first + 1 .. first + 2]
                  deviations |> shows "waiting" (covariances |> Array.map (fun covariance -> sqrt covariance[1, 1]))

                  let expected =
                      match Structure.layout structure with
                      | { Shape = Shape.Full; IsTied = false } ->
                          [ "covariance of component 0"; "covariance of component 1" ]
                      | { Shape = Shape.Full; IsTied = true } -> [ "covariance of all components" ]
                      | _ -> []

                  let titles =
                      [ for line in lines do
                            if line.StartsWith "covariance of" then
                                line.Substring(0, line.IndexOf "  ") ]

                  Assert.Equal<string list>(expected, titles))
          testCase "long tables are broken, and end with what is missing" (fun () ->
              let random = Random 1
              let wide = sourceOf (Array.init 300 (fun _ -> Array.init 120 (fun _ -> random.NextDouble())))

              let options =
                  { Gmm.defaults with
                      Components = 130
                      Start = Start.Points
                      MaxIterations = 1
                      Family.Structure = Spherical }

              let summary = Summary.ofFit [||] (Gmm.fit options wide |> ok) |> ok
              let lines = summary.Split '\n' |> Array.filter (fun line -> not (line.StartsWith "warning"))
              Assert.All(lines, fun line -> Assert.InRange(line.Length, 0, 100))
              Assert.Contains("… and 30 more components", lines)
              Assert.Contains("  … and 20 more", lines)
              Assert.Contains("  column 100", summary)
              Assert.DoesNotContain("  column 101", summary))
          testCase "warnings come last, and a mixture without training data says so" (fun () ->
              let short =
                  faithful.Value
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          MaxIterations = 1 }
                  |> ok

              Assert.EndsWith($"\n\nwarning: {short.Warnings.Head.Message}", Summary.ofFit [||] short |> ok)

              Assert.Contains(
                  "\nstopped without converging after 1 iteration, seed 0\n",
                  Summary.ofFit [||] short |> ok
              )

              let wrapped = Fit.ofMixture Gaussian.family fit.Value.Mixture
              let summary = Summary.onData [||] wrapped faithful.Value |> ok
              Assert.Contains("\nwithout training data\n", summary)
              Assert.Contains("rows, labelled", summary)

              for missing in [ "log-likelihood"; "BIC"; "AIC"; "ICL"; "rows, expected"; "∞"; "warning" ] do
                  Assert.DoesNotContain(missing, summary))
          testCase
              "k-means shows its inertia, and variational Bayes its lower bound, but neither shows a criterion"
              (fun () ->
                  let clusters = KMeans.fit { KMeans.defaults with Components = 2 } faithful.Value |> ok
                  let ofClusters = Summary.onData names clusters.Fit faithful.Value |> ok
                  Assert.StartsWith($"k-means of 2 clusters\nconverged after {clusters.Fit.Iterations} ", ofClusters)
                  ofClusters |> shows "inertia" [| clusters.Inertia |]
                  ofClusters |> shows "eruptions" (clusters.Centres |> at 0)
                  ofClusters |> shows "rows, labelled" clusters.Fit.Statistics.Counts
                  Assert.DoesNotContain("\nweight", ofClusters)

                  let found = Bayes.fit { Bayes.defaults with Components = 3 } faithful.Value |> ok
                  let ofPosterior = Summary.onData names found.Fit faithful.Value |> ok
                  Assert.StartsWith("bayesian_gaussian mixture of 3 components, covariances full\n", ofPosterior)
                  ofPosterior |> shows "lower bound of ln p(data)" [| found.LowerBound |]
                  ofPosterior |> shows "components with rows" [| float found.EffectiveComponents |]
                  ofPosterior |> shows "weight" found.Weights
                  Assert.Contains("\ncovariance of component 0 ", ofPosterior)

                  for summary in [ ofClusters; ofPosterior; Summary.ofFit names found.Fit |> ok ] do
                      Assert.Contains("\nn, the sum of the weights ", summary)

                      for criterion in [ "log-likelihood"; "BIC"; "AIC"; "ICL"; "(df)" ] do
                          Assert.DoesNotContain(criterion, summary))
          testCase "wrong names and data are errors" (fun () ->
              Assert.Equal(
                  "ColumnNames must be one for each of the 2 columns, or none, but is 1 name.",
                  (Summary.ofFit [| "a" |] fit.Value |> error).Message
              )

              Assert.Contains("  column 2 ", Summary.ofFit [| "a"; "" |] fit.Value |> ok)

              Assert.Equal(
                  Predict.labels fit.Value counts |> Result.isOk,
                  Summary.onData [||] fit.Value counts |> Result.isOk
              )

              let wide = sourceOf [| [| 1.0; 2.0; 3.0 |] |]
              Assert.Equal(Predict.labels fit.Value wide |> error, Summary.onData [||] fit.Value wide |> error)) ]
