/// Products: each column its own family, one set of responsibilities.
module Gmm.Tests.ProductTests

open System
open Expecto
open Gmm
open Gmm.Tests.FamilyTests
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private gaussian structure =
    { GaussianKind.defaults with
        Structure = structure }

let private gaussianPart structure columns = Part.create columns (gaussian structure)

/// All numbers of a product of K components, part by part.
let private numbersOf (product: Product) =
    [| for _, part in product.Parts do
           match part.TryAs<Gaussian>() with
           | Some gaussian ->
               yield! gaussian.Means.toArray ()
               yield! gaussian.Covariances.toArray ()
           | None -> yield! part.As<ExponentialParameters>().Means.toArray() |]

let private allNumbers (mixture: Mixture<Product>) = Array.append mixture.Weights (numbersOf mixture.Parameters)

// ── Mixed data ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Three planted components, each a Gaussian pair of correlated columns, a count, a yes or no, one of four levels and a
/// waiting time: columns 0 and 3, 1, 2, 4, 5.
let private planted rows seed : float[][] * int[] =
    let random = Random seed
    let labels = Array.init rows (fun n -> n % 3)
    let centres = [| [| 0.0; 0.0 |]; [| 3.0; 0.0 |]; [| 1.5; 2.5 |] |]
    let rates, yes, waits = [| 2.0; 7.0; 4.0 |], [| 0.2; 0.8; 0.5 |], [| 1.0; 3.0; 9.0 |]

    let levels = [| [| 0.7; 0.1; 0.1; 0.1 |]; [| 0.1; 0.7; 0.1; 0.1 |]; [| 0.1; 0.1; 0.4; 0.4 |] |]

    let row k =
        let u, v = normal random, normal random
        let count = Poisson.family.Sample random [| rates[k] |]
        let answer = Bernoulli.family.Sample random [| yes[k]; 1.0 - yes[k] |]
        let level = (Categorical.family 4).Sample random levels[k]
        let wait = Exponential.family.Sample random [| waits[k] |]
        [| centres[k][0] + u; count; answer; centres[k][1] + 0.6 * u + 0.8 * v; level; wait |]

    labels |> Array.map row, labels

let private mixedParts =
    [ gaussianPart Full [| 0; 3 |]
      Part.create [| 1 |] Poisson.family
      Part.create [| 2 |] Bernoulli.family
      Part.create [| 4 |] (Categorical.family 4)
      Part.create [| 5 |] Exponential.family ]

let private mixedKind = ProductKind.ofParts mixedParts

let private mixed = lazy (planted 300 1)

let private mixedSource = lazy (sourceOf (fst mixed.Value))

/// Responsibilities that lean to the planted labels.
let private leaning (labels: int[]) = Array2D.init labels.Length 3 (fun n k -> if labels[n] = k then 0.6 else 0.2)

// ── Products of what is known alone ─────────────────────────────────────────────────────────────────────────────────

let splits =
    [ for split in [ "0 1 2 3"; "0 1|2 3"; "1|0 2 3"; "3|1|2|0"; "2 0|3 1" ] do
          for regularised in [ 0; 1 ] -> (split, regularised) ]

[<Tests>]
let ``products of what is known alone`` =
    testList
        "Product: products of what is known alone"
        [ testTheory
              "diagonal Gaussians side by side are one diagonal Gaussian"
              splits
              (fun (split: string, regularised: int) ->
                  let data = DataSet.iris ()

                  let columns =
                      split.Split '|' |> Array.map (fun part -> part.Split ' ' |> Array.map int) |> List.ofArray

                  let regCovar = if regularised = 1 then Floor 1e-3 else Absolute 0.0
                  let means = array2D [ for k in 0..2 -> Array.init 4 (fun j -> data.Rows[50 * k][j]) ]

                  let prior (columns: int[]) : MeanPrior option =
                      Some
                          { Mean = Tensor.matrix (Array2D.init 3 columns.Length (fun k i -> means[k, columns[i]]))
                            Precision = 2.0 }

                  let whole =
                      data.Source
                      |> Gmm.fit
                          { plain 3 Diag with
                              Start = Start.Labels data.Labels
                              Family.RegCovar = regCovar
                              Family.MeanPrior = prior [| 0..3 |]
                              Tolerance = 0.0
                              MaxIterations = 15 }
                      |> ok

                  let part columns =
                      Part.create
                          columns
                          { GaussianKind.defaults with
                              Structure = Diag
                              RegCovar = regCovar
                              MeanPrior = prior columns }


                  let product =
                      Gmm.fit
                          (exactly 15 3 (Start.Labels data.Labels) (ProductKind.ofParts (List.map part columns)))
                          data.Source
                      |> ok

                  relativelyNear 1e-10 "objective" whole.Trace product.Trace
                  relativelyNear 1e-9 "weights" whole.Weights product.Weights
                  Assert.Equal(whole.FreeParameters, product.FreeParameters)
                  let means, variances = whole.Parameters.Means.toArray2D (), whole.Parameters.Covariances.toArray2D ()

                  for columns, part in product.Parameters.Parts do
                      let gaussian = part.As<Gaussian>()
                      let means', variances' = gaussian.Means.toArray2D (), gaussian.Covariances.toArray2D ()

                      for i in 0 .. columns.Length - 1 do
                          relativelyNear 1e-9 "means" means[*, columns[i]] means'[*, i]
                          relativelyNear 1e-9 "variances" variances[*, columns[i]] variances'[*, i])
          testCase "a product of one Gaussian part is the Gaussian mixture" (fun () ->
              let data = DataSet.iris ()

              for structure in Structure.all do
                  let alone =
                      data.Source
                      |> Gmm.fit
                          { plain 3 structure with
                              Start = Start.Labels data.Labels
                              Family.RegCovar = Floor 1e-8
                              Tolerance = 0.0
                              MaxIterations = 5 }
                      |> ok

                  let product =
                      data.Source
                      |> Gmm.fit (
                          exactly
                              5
                              3
                              (Start.Labels data.Labels)
                              (ProductKind.ofParts [ gaussianPart structure [| 0..3 |] ])
                      )
                      |> ok

                  // Their starts take their sums about means that differ by rounding.
                  if Structure.isPlanewise structure then
                      relativelyNear 1e-11 "parameters" (parameters alone.Mixture) (allNumbers product.Mixture)
                      relativelyNear 1e-12 "objective" alone.Trace product.Trace
                  else
                      // Iterations within the M-step enlarge the difference.
                      nearAll 1e-8 "parameters" (parameters alone.Mixture) (allNumbers product.Mixture)
                      relativelyNear 1e-9 "objective" alone.Trace product.Trace

                  Assert.Equal(alone.FreeParameters, product.FreeParameters)
                  Assert.Equal<int[]>(Predict.labels alone data.Source |> ok, Predict.labels product data.Source |> ok))
          testForAll 80 "a product of one part is the mixture of its family, bit for bit" cases (fun case ->
              let family = case.Kind.Believing(1.5, 2.0)
              let alone = Gmm.fit (exactly 5 case.Components (Start.Labels case.Labels) family) case.Source |> ok
              let part = Part.create [| 0 .. case.Columns - 1 |] family

              let product =
                  Gmm.fit
                      (exactly 5 case.Components (Start.Labels case.Labels) (ProductKind.ofParts [ part ]))
                      case.Source
                  |> ok

              bits alone.Trace = bits product.Trace
              && bits (Array.append alone.Weights (alone.Parameters.Means.toArray ())) =
                  bits (allNumbers product.Mixture)
              && alone.FreeParameters = product.FreeParameters)
          testForAll 60 "independent columns of one family may be in one part or in several" cases (fun case ->
              let fit parts =
                  Gmm.fit
                      (exactly 5 case.Components (Start.Labels case.Labels) (ProductKind.ofParts parts))
                      case.Source
                  |> ok

              let family = case.Kind.Believing(1.5, 2.0)
              let one = fit [ Part.create [| 0 .. case.Columns - 1 |] family ]
              let several = fit [ for j in 0 .. case.Columns - 1 -> Part.create [| j |] family ]

              allWithin 1e-9 (1.0 + abs one.Objective) one.Trace several.Trace
              && allWithin 1e-9 1.0 one.Weights several.Weights
              && one.FreeParameters = several.FreeParameters) ]

// ── Columns ─────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let columnsTests =
    testList
        "Product: columns"
        [ testCase "the order of columns, of parts, and of columns within a part doesn't matter" (fun () ->
              let rows, labels = mixed.Value

              let fit parts rows =
                  Gmm.fit
                      (exactly 8 3 (Start.Responsibilities(leaning labels)) (ProductKind.ofParts parts))
                      (sourceOf rows)
                  |> ok

              let expected = fit mixedParts rows

              // Column j of the data becomes column `places[j]`.
              let places = [| 3; 5; 0; 1; 4; 2 |]
              let moved = rows |> Array.map (fun row -> Array.init 6 (fun j -> row[Array.findIndex ((=) j) places]))

              let movedParts =
                  mixedParts
                  |> List.map (fun part ->
                      { part with
                          Columns = part.Columns |> Array.map (fun j -> places[j]) })

              let permuted = fit movedParts moved
              Assert.Equal<int64[]>(bits (allNumbers expected.Mixture), bits (allNumbers permuted.Mixture))
              Assert.Equal<int64[]>(bits expected.Trace, bits permuted.Trace)

              let reversed = fit (List.rev mixedParts) rows
              relativelyNear 1e-10 "objective" expected.Trace reversed.Trace
              relativelyNear 1e-8 "weights" expected.Weights reversed.Weights

              let swapped = fit (gaussianPart Full [| 3; 0 |] :: mixedParts.Tail) rows
              relativelyNear 1e-10 "objective" expected.Trace swapped.Trace)
          testCase "columns that are missing, there twice, or out of range are an error before any work" (fun () ->
              let poisson columns = Part.create columns Poisson.family

              let unread =
                  { mixedSource.Value with
                      Read = fun _ -> failwith "The data were read." }

              for parts in
                  [ []
                    [ poisson [| 0..4 |] ]
                    [ poisson [| 0..5 |]; poisson [| 3 |] ]
                    [ poisson [| 0; 1; 2; 3; 4; 4 |] ]
                    [ poisson [| 0..6 |] ]
                    [ poisson [| -1; 1; 2; 3; 4; 5 |] ]
                    [ poisson [| 1..6 |] ] ] do
                  match Gmm.fit (exactly 1 2 Start.Points (ProductKind.ofParts parts)) unread |> error with
                  | InvalidOption("Columns of the parts", rule, _) -> Assert.Contains("0 to 5, each once", rule)
                  | other -> Assert.Fail other.Message)
          testCase "a part without columns is an error" (fun () ->
              for empty in [ Part.create [||] Poisson.family; gaussianPart Full [||] ] do
                  match
                      Gmm.fit (exactly 1 3 Start.Points (ProductKind.ofParts (empty :: mixedParts))) mixedSource.Value
                      |> error
                  with
                  | InvalidOption(name, _, _) -> Assert.Contains("olumns", name)
                  | other -> Assert.Fail other.Message)
          testCase
              "a number outside a part's domain is named by its column in the whole data, in a fit and in prediction"
              (fun () ->
                  let rows, labels = mixed.Value
                  let fit = Gmm.fit (exactly 2 3 (Start.Labels labels) mixedKind) mixedSource.Value |> ok

                  for column, bad, family in
                      [ 1, -1.0, "poisson"; 2, 0.5, "bernoulli"; 4, 4.0, "categorical"; 5, -0.1, "exponential" ] do
                      let rows = rows |> Array.map Array.copy
                      rows[17][column] <- bad
                      rows[200][column] <- bad

                      let isNamed result =
                          match error result with
                          | OutsideDomain(name, _, 17L, place, value) ->
                              Assert.Equal(family, name)
                              Assert.Equal(column, place)
                              Assert.Equal(bad, value)
                          | other -> Assert.Fail other.Message

                      Gmm.fit (exactly 2 3 (Start.Labels labels) mixedKind) (sourceOf rows) |> isNamed
                      Predict.labels fit (sourceOf rows) |> isNamed
                      Predict.logDensities fit (sourceOf rows) |> isNamed)
          testCase "an unbounded likelihood is named by its column in the whole data" (fun () ->
              let rows, labels = mixed.Value
              let zeros = rows |> Array.mapi (fun n row -> if labels[n] = 1 then Array.updateAt 5 0.0 row else row)

              match Gmm.fit (exactly 2 3 (Start.Labels labels) mixedKind) (sourceOf zeros) |> error with
              | DegenerateComponent(1, 5, "exponential", _) -> ()
              | other -> Assert.Fail other.Message)
          testCase "rules of the parts' own options are told" (fun () ->
              let negative =
                  Part.create
                      [| 0; 3 |]
                      { gaussian Full with
                          RegCovar = Absolute -1.0 }


              match
                  Gmm.fit
                      (exactly 1 3 Start.Points (ProductKind.ofParts (negative :: mixedParts.Tail)))
                      mixedSource.Value
                  |> error
              with
              | InvalidOption("RegCovar", _, "-1") -> ()
              | other -> Assert.Fail other.Message

              let bad =
                  { Poisson.family with
                      Prior = { Sums = [| -0.5 |]; Count = 1.0 } }

              let parts = [ mixedParts.Head; Part.create [| 1 |] bad ] @ mixedParts[2..]

              match Gmm.fit (exactly 1 3 Start.Points (ProductKind.ofParts parts)) mixedSource.Value |> error with
              | InvalidOption("Prior.Sums", _, _) -> ()
              | other -> Assert.Fail other.Message) ]

// ── Starts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private starts: (string * Start<Product>) list =
    let _, labels = mixed.Value
    let given = Gmm.fit (exactly 1 3 (Start.Labels labels) mixedKind) mixedSource.Value |> ok

    [ "KMeans", Start.KMeans
      "KPlusPlus", Start.KPlusPlus
      "Points", Start.Points
      "RandomResponsibilities", Start.RandomResponsibilities
      // Of the fifth column a level is the only mean; no other level is possible then.
      "Means",
      Start.Means(
          array2D
              [ [ 0.0; 2.0; 0.2; 0.0; 0.0; 1.0 ]; [ 3.0; 7.0; 0.8; 0.0; 1.0; 3.0 ]; [ 1.5; 4.0; 0.5; 2.5; 2.0; 9.0 ] ]
      )
      "Labels", Start.Labels labels
      "Responsibilities", Start.Responsibilities(leaning labels)
      "Mixture", Start.Mixture given.Mixture ]

[<Tests>]
let startsTests =
    testList
        "Product: starts"
        [ testCase "every start makes a fit whose objective never falls, soft and hard" (fun () ->
              for name, start in starts do
                  for assignment in [ Soft; Hard ] do
                      let fit =
                          Gmm.fit
                              { exactly 12 3 start mixedKind with
                                  Assignment = assignment }
                              mixedSource.Value
                          |> ok

                      Assert.True(allFinite fit.Trace[1..], name)
                      Assert.True(Double.IsFinite fit.Trace[0] || name = "Means", name)
                      Assert.True(allFinite (allNumbers fit.Mixture), name)

                      // The regularisation may cost what it adds: a millionth of the variance.
                      for before, after in Array.pairwise fit.Trace do
                          Assert.True(after >= before - 1e-5, $"{name}: from {before} to {after}"))
          testCase "more restarts never end worse, and the fit has the seed of the best" (fun () ->
              for start in [ Start.KMeans; Start.Points; Start.RandomResponsibilities ] do
                  let fits =
                      [ for restarts in 1..4 ->
                            Gmm.fit
                                { exactly 20 3 start mixedKind with
                                    Restarts = restarts
                                    Seed = 5 }
                                mixedSource.Value
                            |> ok ]

                  for fewer, more in List.pairwise fits do
                      Assert.True(more.Objective >= fewer.Objective)
                      Assert.InRange(more.Seed, 5, 8))
          testCase "a start of other parts, columns or components is an error" (fun () ->
              let rows, labels = mixed.Value

              let fitOf parts =
                  Gmm.fit (exactly 1 3 (Start.Labels labels) (ProductKind.ofParts parts)) mixedSource.Value |> ok

              let given = (fitOf mixedParts).Mixture

              let refused components parts start =
                  match
                      Gmm.fit
                          (exactly 1 components (Start.Mixture start) (ProductKind.ofParts parts))
                          mixedSource.Value
                      |> error
                  with
                  | InvalidOption("Start mixture", _, _) -> ()
                  | other -> Assert.Fail other.Message

              refused 3 (gaussianPart Diag [| 0; 3 |] :: mixedParts.Tail) given
              refused 3 (gaussianPart Full [| 3; 0 |] :: mixedParts.Tail) given
              refused 2 mixedParts given
              // Two weights for three components of every part.
              refused 2 mixedParts (Mixture.create [| 0.5; 0.5 |] given.Parameters |> ok)
              // The same families with other levels.
              refused
                  3
                  (mixedParts
                   |> List.map (fun part ->
                       if part.Columns = [| 4 |] then
                           Part.create [| 4 |] (Categorical.family 5)
                       else
                           part))
                  given) ]

// ── Results ─────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let results =
    testList
        "Product: results"
        [ testCase "mixed data give back the planted components, better than any of the parts alone" (fun () ->
              let rows, labels = planted 600 2
              let source = sourceOf rows

              let agreement parts (columns: int[]) =
                  let chosen = rows |> Array.map (fun row -> columns |> Array.map (fun j -> row[j])) |> sourceOf

                  let fit =
                      Gmm.fit
                          { exactly 200 3 Start.KMeans (ProductKind.ofParts parts) with
                              Restarts = 5 }
                          chosen
                      |> ok

                  Metrics.adjustedRand labels (Predict.labels fit chosen |> ok) |> ok

              let all = agreement mixedParts [| 0..5 |]
              Assert.True(all > 0.8, $"adjusted Rand {all}")

              let alone =
                  [ agreement [ gaussianPart Full [| 0; 1 |] ] [| 0; 3 |]
                    agreement [ Part.create [| 0 |] Poisson.family ] [| 1 |]
                    agreement [ Part.create [| 0 |] Exponential.family ] [| 5 |]
                    agreement
                        [ Part.create [| 0 |] (Categorical.family 4); Part.create [| 1 |] Bernoulli.family ]
                        [| 4; 2 |] ]

              Assert.All(alone, (fun part -> Assert.True(part < all - 0.1, $"{part} is not below {all}")))

              // Rates, probabilities and means are those planted, in some order.
              let fit = Gmm.fit (exactly 200 3 (Start.Labels labels) mixedKind) source |> ok

              for columns, part in fit.Parameters.Parts do
                  match columns with
                  | [| 1 |] ->
                      let rates = part.As<ExponentialParameters>() |> Poisson.rates
                      Array.iteri (fun k expected -> near 0.5 "rate" expected rates[k, 0]) [| 2.0; 7.0; 4.0 |]
                  | [| 2 |] ->
                      let yes = part.As<ExponentialParameters>() |> Bernoulli.probabilities
                      Array.iteri (fun k expected -> near 0.1 "yes" expected yes[k, 0]) [| 0.2; 0.8; 0.5 |]
                  | [| 0; 3 |] ->
                      let correlation = (Gaussian.covariance (part.As<Gaussian>()) 0)[0, 1]
                      near 0.15 "covariance" 0.6 correlation
                  | _ -> ())
          formulas [ "ln p(x|θₖ) = Σⱼ ln p(xⱼ|θₖⱼ)", "Murphy, Machine Learning, 2012, §3.5" ]
          <| testCase "log-densities are the sums of the parts'" (fun () ->
              let _, labels = mixed.Value
              let fit = Gmm.fit (exactly 3 3 (Start.Labels labels) mixedKind) mixedSource.Value |> ok
              let x = Tensor.matrix (array2D (fst mixed.Value))
              let rows, _ = mixed.Value

              let choose (columns: int[]) =
                  rows |> Array.map (fun row -> columns |> Array.map (fun j -> row[j])) |> array2D

              let parts =
                  fit.Parameters.Parts
                  |> List.map (fun (columns, part) ->
                      let chosen = Tensor.matrix (choose columns)

                      match part.TryAs<Gaussian>() with
                      | Some gaussian -> Gaussian.family.LogDensity gaussian chosen
                      | None ->
                          let family =
                              match columns with
                              | [| 1 |] -> Poisson.family
                              | [| 2 |] -> Bernoulli.family
                              | [| 4 |] -> Categorical.family 4
                              | _ -> Exponential.family

                          ExponentialFamily.logDensity family (part.As<ExponentialParameters>()) chosen)
                  |> List.reduce (+)

              let whole = fit.Model.Family.LogDensity fit.Parameters x
              relativelyNear 1e-12 "log-densities" (parts.toArray ()) (whole.toArray ()))
          formulas
              [ "p = (K−1) + parameters of all parts", "as for one family"; "BIC = −2 ln L + p ln n", "Schwarz 1978" ]
          <| testCase "free parameters are those of the parts and the weights; BIC follows" (fun () ->
              let _, labels = mixed.Value
              let fit = Gmm.fit (exactly 3 3 (Start.Labels labels) mixedKind) mixedSource.Value |> ok
              // Two means and three covariances, a rate, a probability, three of four levels, a rate; two weights.
              let expected = 3 * (2 + 3 + 1 + 1 + 3 + 1) + 2
              Assert.Equal(expected, fit.FreeParameters)
              near 1e-9 "BIC" (-2.0 * fit.LogLikelihood + float expected * log 300.0) fit.Bic
              near 1e-9 "AIC" (-2.0 * fit.LogLikelihood + 2.0 * float expected) fit.Aic)
          testCase "prediction is of the data that were fitted, and of no other width" (fun () ->
              let _, labels = mixed.Value
              let fit = Gmm.fit (exactly 5 3 (Start.Labels labels) mixedKind) mixedSource.Value |> ok
              let shares = Predict.responsibilities fit mixedSource.Value |> ok
              let found = Predict.labels fit mixedSource.Value |> ok

              for n in 0 .. found.Length - 1 do
                  near 1e-14 "sum" 1.0 (Array.sum shares[n, *])
                  Assert.Equal(Array.max shares[n, *], shares[n, found[n]])

              near 1e-12 "score" fit.LowerBound (Predict.score fit mixedSource.Value |> ok)

              match Predict.labels fit (DataSet.iris ()).Source |> error with
              | InvalidData(rule, _) -> Assert.Contains("6 columns", rule)
              | other -> Assert.Fail other.Message)
          testCase "a weight of m is m copies of the row of a product too" (fun () ->
              let rows, labels = mixed.Value
              let copies = Array.init rows.Length (fun n -> n % 4)
              let repeat values = Array.map2 Array.replicate copies values |> Array.concat

              let run source labels = Gmm.fit (exactly 8 3 (Start.Labels labels) mixedKind) source |> ok
              let weighted = run (mixedSource.Value |> Source.weighted (copies |> Array.map float) |> ok) labels
              let repeated = run (sourceOf (repeat rows)) (repeat labels)
              relativelyNear 1e-9 "objective" repeated.Trace weighted.Trace
              relativelyNear 1e-7 "parameters" (allNumbers repeated.Mixture) (allNumbers weighted.Mixture)
              relativelyNear 1e-9 "BIC" [| repeated.Bic |] [| weighted.Bic |])
          testCase "the number of threads changes no bit of a product" (fun () ->
              // More than four blocks.
              let rows, _ = planted 6000 3
              let source = sourceOf rows |> Source.weighted (drawSampleWeights 6000 (Random 4)) |> ok

              let run start threads =
                  let fit =
                      Gmm.fit
                          { exactly 2 3 start mixedKind with
                              Execution =
                                  { Execution.Default with
                                      Threads = threads } }
                          source
                      |> ok

                  Array.concat
                      [ bits fit.Trace; bits (allNumbers fit.Mixture); bits (Predict.logDensities fit source |> ok) ]

              for start in [ Start.KMeans; Start.RandomResponsibilities ] do
                  let expected = run start 1
                  Assert.Equal<int64[]>(expected, run start 2)
                  Assert.Equal<int64[]>(expected, run start 4))
          testCase "the scale of a Gaussian column doesn't decide the start" (fun () ->
              let rows, labels = planted 300 5

              let labelsWith factor =
                  let scaled = rows |> Array.map (fun row -> Array.updateAt 0 (factor * row[0]) row) |> sourceOf
                  let fit = Gmm.fit (exactly 100 3 Start.KMeans mixedKind) scaled |> ok
                  Predict.labels fit scaled |> ok

              let expected = labelsWith 1.0
              // Powers of two change no digit.
              Assert.Equal<int[]>(expected, labelsWith 1024.0)
              Assert.Equal<int[]>(expected, labelsWith (1.0 / 1024.0))) ]

// ── Impossible rows ─────────────────────────────────────────────────────────────────────────────────────────────────

/// Two groups of sizes around 0 and around 50, with the levels 0 and 1, and 2 and 0. Nothing has level 3.
let private unseen =
    let random = Random 12

    sourceOf
        [| for n in 0..199 ->
               if n % 2 = 0 then
                   [| normal random; float (random.Next 2) |]
               else
                   [| 50.0 + normal random; (if random.Next 2 = 0 then 2.0 else 0.0) |] |]

let private fitUnseen family =
    let kind = ProductKind.ofParts [ Part.create [| 0 |] GaussianKind.defaults; Part.create [| 1 |] family ]

    unseen
    |> Gmm.fit
        { Gmm.defaultsOf kind with
            Components = 2
            Restarts = 3
            Execution = oneThread }
    |> ok

[<Tests>]
let ``impossible rows`` =
    testList
        "Product: impossible rows"
        [ testCase "an unseen level says nothing, and the other columns decide, as with a small prior" (fun () ->
              let fit = fitUnseen (Categorical.family 4)
              let rows = sourceOf [| [| 0.0; 3.0 |]; [| 50.0; 3.0 |]; [| 0.0; 0.0 |]; [| 50.0; 0.0 |] |]
              let labels = Predict.labels fit rows |> ok
              Assert.Equal<int[]>(labels[2..3], labels[0..1])
              Assert.NotEqual(labels[0], labels[1])

              let responsibilities = Predict.responsibilities fit rows |> ok
              Assert.Equal((1.0, 1.0), (responsibilities[0, labels[0]], responsibilities[1, labels[1]]))
              Assert.Equal<float[]>([| -infinity; -infinity |], (Predict.logDensities fit rows |> ok)[0..1])

              let prior =
                  ExponentialFamily.withPrior
                      (Categorical.dirichlet (Array.create 4 (1.0 + 1e-9)))
                      (Categorical.family 4)

              let smoothed = fitUnseen prior
              let expected = Predict.labels smoothed rows |> ok
              let isSwapped = expected[2] <> labels[2]
              Assert.Equal<int[]>(expected |> Array.map (fun k -> if isSwapped then 1 - k else k), labels))
          testCase "fewer impossible values count before any density of the others" (fun () ->
              let parameters = Bernoulli.ofProbabilities (array2D [ [ 0.0; 0.0; 0.5 ]; [ 0.0; 0.5; 1e-9 ] ]) |> ok
              let fit = Fit.ofMixture (ExponentialFamily.components Bernoulli.family) (Mixture.uniform 2 parameters)
              // The first row has two impossible values under component 0 and one under component 1; the second has one each.
              let rows = sourceOf [| [| 1.0; 1.0; 1.0 |]; [| 1.0; 0.0; 1.0 |] |]
              Assert.Equal<int[]>([| 1; 0 |], Predict.labels fit rows |> ok)
              let responsibilities = Predict.responsibilities fit rows |> ok
              Assert.Equal<float[]>([| 0.0; 1.0 |], responsibilities[0, *])
              // 0.5 against 0.5·1e-9.
              near 1e-12 "share" (0.5 / (0.5 + 0.5e-9)) responsibilities[1, 0]) ]
