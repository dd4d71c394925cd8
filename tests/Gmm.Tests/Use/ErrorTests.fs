/// What a caller's mistake and trouble in the data get: an error with the rule and the value, before any work.
module Gmm.Tests.ErrorTests

open System
open System.Threading
open Expecto
open FSharp.Reflection
open Gmm
open Gmm.Tests.Support

/// Twelve rows of two features, in two groups.
let private rows = Array.init 12 (fun n -> [| float (n % 5) + (if n < 6 then 0.0 else 20.0); float (n * n % 7) |])

/// A source that counts how many blocks were read.
let private counted rows =
    let reads = ref 0
    let source = sourceOf rows

    reads,
    { source with
        Read =
            fun index ->
                Interlocked.Increment reads |> ignore
                source.Read index }

let private two =
    { Gmm.defaults with
        Components = 2
        Execution = oneThread }

let private zeros rows columns = Array2D.zeroCreate<float> rows columns

let private gaussian structure components features =
    let means = Array2D.init components features (fun k j -> float (k + j))
    Gaussian.create structure means (Tensor.scalar 1.0) |> Result.map (Mixture.uniform components) |> ok

let private beliefs scale degrees = Some { Scale = scale; Degrees = degrees }

let private meanBelief mean precision = Some { Mean = mean; Precision = precision }

// ── Options ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A name for the mistake; the options; the option that the error names, a part of its rule and of the value it shows.
let private mistakes: (string * (FitOptions<GaussianKind, Gaussian> * string * string * string)) list =
    [ "no components", ({ two with Components = 0 }, "Components", "at least 1", "0")
      "negative components", ({ two with Components = -3 }, "Components", "at least 1", "-3")
      "more components than rows", ({ two with Components = 13 }, "Components", "12", "13")
      "no restarts", ({ two with Restarts = 0 }, "Restarts", "at least 1", "0")
      "no iterations", ({ two with MaxIterations = 0 }, "MaxIterations", "at least 1", "0")
      "negative tolerance", ({ two with Tolerance = -1e-3 }, "Tolerance", "0 or more", "-0.001")
      "tolerance NaN", ({ two with Tolerance = nan }, "Tolerance", "0 or more", "NaN")
      "tolerance infinite", ({ two with Tolerance = infinity }, "Tolerance", "finite", "Infinity")
      "negative regularisation",
      ({ two with
          Family.RegCovar = Absolute -1.0 },
       "RegCovar",
       "0 or more",
       "-1")
      "relative regularisation NaN", ({ two with Family.RegCovar = Floor nan }, "RegCovar", "0 or more", "NaN")
      "regularisation infinite",
      ({ two with
          Family.RegCovar = Absolute infinity },
       "RegCovar",
       "finite",
       "Infinity")
      "no threads",
      ({ two with
          Execution = { oneThread with Threads = 0 } },
       "Threads",
       "at least 1",
       "0")
      "means of another shape",
      ({ two with
          Start = Start.Means(zeros 3 2) },
       "Start means",
       "2×2",
       "3×2")
      "means transposed",
      ({ two with
          Start = Start.Means(zeros 2 3) },
       "Start means",
       "2×2",
       "2×3")
      "means not finite",
      ({ two with
          Start = Start.Means(array2D [ [ 0.0; nan ]; [ 1.0; 2.0 ] ]) },
       "Start means",
       "finite",
       "NaN")
      "labels of another length",
      ({ two with
          Start = Start.Labels [| 0; 1; 0 |] },
       "Start labels",
       "12",
       "3")
      "a label too large",
      ({ two with
          Start = Start.Labels [| 0; 1; 0; 2; 0; 0; 0; 0; 0; 0; 0; 0 |] },
       "Start labels",
       "between 0 and 1",
       "2 in row 3")
      "a negative label",
      ({ two with
          Start = Start.Labels [| 0; -1; 0; 1; 0; 0; 0; 0; 0; 0; 0; 0 |] },
       "Start labels",
       "between 0 and 1",
       "-1 in row 1")
      "responsibilities of another shape",
      ({ two with
          Start = Start.Responsibilities(zeros 12 3) },
       "Start responsibilities",
       "12×2",
       "12×3")
      "responsibilities NaN",
      ({ two with
          Start = Start.Responsibilities(Array2D.create 12 2 nan) },
       "Start responsibilities[0, 0]",
       "finite",
       "NaN")
      "negative responsibilities",
      ({ two with
          Start = Start.Responsibilities(Array2D.create 12 2 -1.0) },
       "Start responsibilities",
       "0 or more",
       "-1")
      "responsibilities that don't sum to 1",
      ({ two with
          Start = Start.Responsibilities(Array2D.create 12 2 0.25) },
       "Start responsibilities[0]",
       "sum of 1",
       "0.25; 0.25")
      "a mixture of other size",
      ({ two with
          Start = Start.Mixture(gaussian Full 3 2) },
       "Start mixture",
       "K = 2",
       "3")
      "a mixture of another structure",
      ({ two with
          Start = Start.Mixture(gaussian Diag 2 2) },
       "Start mixture",
       "full",
       "diag")
      "a mixture of other features",
      ({ two with
          Start = Start.Mixture(gaussian Full 2 3) },
       "Start mixture",
       "2 features",
       "3 features")
      "concentrations of another number",
      ({ two with
          WeightPrior = Dirichlet [| 1.0; 1.0; 1.0 |] },
       "WeightPrior",
       "2 weights, or one for all",
       "3 numbers")
      "weights to start from of another number",
      ({ two with
          StartWeights = Some [| 1.0 |] },
       "StartWeights",
       "one number for each of the 2 components",
       "1 number")
      "a negative weight to start from",
      ({ two with
          StartWeights = Some [| 1.0; -1.0 |] },
       "StartWeights[1]",
       "not negative",
       "-1")
      "weights to start from that are all 0",
      ({ two with
          StartWeights = Some [| 0.0; 0.0 |] },
       "StartWeights",
       "above 0 somewhere",
       "0")
      "covariances to start from of another shape",
      ({ two with
          Family.StartCovariances = CovarianceStart.Given(Tensor.vector [| 1.0; 1.0; 1.0 |]) },
       "StartCovariances",
       "2×2×2 or 2×2 or scalar",
       "3")
      "covariances to start from that are not definite",
      ({ two with
          Family.StartCovariances = CovarianceStart.Given(Tensor.scalar -1.0) },
       "StartCovariances",
       "positive definite",
       "-1")
      "covariances to start from that are not symmetric",
      ({ two with
          Family.StartCovariances = CovarianceStart.Given(Tensor.matrix (array2D [ [ 1.0; 0.5 ]; [ 0.0; 1.0 ] ])) },
       "StartCovariances",
       "symmetric",
       "[1; 0.5]")
      "covariances to start from that are NaN",
      ({ two with
          Family.StartCovariances = CovarianceStart.Given(Tensor.scalar nan) },
       "StartCovariances",
       "positive definite",
       "NaN")
      "a verbose interval of 0", ({ two with VerboseInterval = 0 }, "VerboseInterval", "at least 1", "0")
      "concentration below 1",
      ({ two with
          WeightPrior = Dirichlet [| 2.0; 0.5 |] },
       "WeightPrior",
       "at least 1",
       "0.5")
      "concentration NaN",
      ({ two with
          WeightPrior = Dirichlet [| nan; 2.0 |] },
       "WeightPrior",
       "at least 1",
       "NaN")
      "concentration too large to be summed",
      ({ two with
          WeightPrior = Dirichlet [| 1e308 |] },
       "WeightPrior",
       "at most 1e150",
       "1E+308")
      "mean prior of another shape",
      ({ two with
          Family.MeanPrior = meanBelief (Tensor.vector [| 1.0; 2.0; 3.0 |]) 1.0 },
       "MeanPrior",
       "2 or 2×2",
       "3")
      "mean prior not finite",
      ({ two with
          Family.MeanPrior = meanBelief (Tensor.vector [| 1.0; infinity |]) 1.0 },
       "MeanPrior",
       "finite",
       "Infinity")
      "mean precision 0",
      ({ two with
          Family.MeanPrior = meanBelief (Tensor.vector [| 1.0; 2.0 |]) 0.0 },
       "MeanPrior",
       "above 0",
       "0")
      "mean precision NaN",
      ({ two with
          Family.MeanPrior = meanBelief (Tensor.vector [| 1.0; 2.0 |]) nan },
       "MeanPrior",
       "above 0",
       "NaN")
      "mean precision infinite",
      ({ two with
          Family.MeanPrior = meanBelief (Tensor.vector [| 1.0; 2.0 |]) infinity },
       "MeanPrior",
       "finite",
       "Infinity")
      "covariance prior of another shape",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.vector [| 1.0; 1.0 |]) 4.0 },
       "CovariancePrior",
       "2×2×2",
       "2")
      "covariance prior of another structure's shape",
      ({ two with
          Family.Structure = TiedDiag
          Family.CovariancePrior = beliefs (Tensor.matrix (array2D [ [ 1.0; 0.0 ]; [ 0.0; 1.0 ] ])) 4.0 },
       "CovariancePrior",
       "tied_diag",
       "2×2")
      "covariance prior not positive definite",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.matrix (array2D [ [ 1.0; 2.0 ]; [ 2.0; 1.0 ] ])) 4.0 },
       "CovariancePrior",
       "positive definite",
       "[1; 2]")
      "covariance prior not symmetric",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.matrix (array2D [ [ 2.0; 1.0 ]; [ 0.5; 2.0 ] ])) 4.0 },
       "CovariancePrior",
       "symmetric",
       "0.5")
      "covariance prior NaN",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.scalar nan) 4.0 },
       "CovariancePrior",
       "positive definite",
       "NaN")
      "covariance prior zero",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.scalar 0.0) 4.0 },
       "CovariancePrior",
       "positive definite",
       "0")
      "too few degrees of freedom",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.scalar 1.0) 1.0 },
       "CovariancePrior",
       "above 1",
       "1")
      "degrees of freedom infinite",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.scalar 1.0) infinity },
       "CovariancePrior",
       "and finite",
       "Infinity")
      "degrees of freedom NaN",
      ({ two with
          Family.CovariancePrior = beliefs (Tensor.scalar 1.0) nan },
       "CovariancePrior",
       "above 1",
       "NaN") ]

let mistakeNames = List.map fst mistakes

/// D·D of these overflows 32 bits: to a negative number, to 0, and to a small positive number.
let private tooWide = [ 46341; 65536; 65537 ]

let private kMeansMistakes: (string * (FitOptions<CentroidKind, Centroid> * string * string * string)) list =
    let two = { KMeans.defaults with Components = 2 }

    [ "no clusters", ({ two with Components = 0 }, "Components", "at least 1", "0")
      "more clusters than rows", ({ two with Components = 13 }, "Components", "12", "13")
      "no restarts", ({ two with Restarts = 0 }, "Restarts", "at least 1", "0")
      "no iterations", ({ two with MaxIterations = -1 }, "MaxIterations", "at least 1", "-1")
      "negative tolerance", ({ two with Tolerance = -1.0 }, "Tolerance", "0 or more", "-1")
      "tolerance NaN", ({ two with Tolerance = nan }, "Tolerance", "0 or more", "NaN")
      "no threads",
      ({ two with
          Execution = { oneThread with Threads = 0 } },
       "Threads",
       "at least 1",
       "0")
      "means of another shape",
      ({ two with
          Start = Start.Means(zeros 2 3) },
       "Start means",
       "2×2",
       "2×3")
      "means not finite",
      ({ two with
          Start = Start.Means(Array2D.create 2 2 nan) },
       "Start means",
       "finite",
       "NaN") ]

let kMeansMistakeNames = List.map fst kMeansMistakes

[<Tests>]
let optionsTests =
    testList
        "Error: options"
        [ testCase
              "more covariances than an array can hold are an error that names the remedy, on every path"
              (fun () ->
                  for columns in tooWide do
                      let source = sourceOf [| Array.create columns 1.0; Array.init columns float |]

                      let rule =
                          "Structure must be one with covariances of at most 2147483591 numbers, such as Diag (K·D of them instead of K·D·D)"

                      let expected name planes =
                          $"{rule}, but is {name} with {planes}·{columns}·{columns} = "
                          + $"{int64 planes * int64 columns * int64 columns} numbers."

                      let options structure =
                          { Gmm.defaults with
                              Components = 2
                              Family.Structure = structure }

                      let message result = (error result).Message
                      Assert.Equal(expected "full" 2, Gmm.fit (options Full) source |> message)
                      Assert.Equal(expected "tied_full" 1, Gmm.fit (options TiedFull) source |> message)
                      Assert.Equal(expected "full" 2, Prior.fromData Full 2 source |> message)
                      Assert.Equal(expected "tied_full" 1, Prior.fromData TiedFull 2 source |> message)

                      let given =
                          { options Full with
                              Family.StartCovariances = CovarianceStart.Given(Tensor.scalar 1.0) }

                      Assert.Equal(expected "full" 2, Gmm.fit given source |> message)

                      let drawn =
                          { options Diag with
                              Family.StartCovariances = CovarianceStart.Random }

                      Assert.StartsWith(
                          "StartCovariances must be one that needs no matrix",
                          Gmm.fit drawn source |> message
                      )

                      Assert.Equal(
                          expected "full" 1,
                          Gaussian.create Full (Array2D.zeroCreate 1 columns) (Tensor.scalar 1.0) |> message
                      )

                      let product = ProductKind.ofParts [ Part.create [| 0 .. columns - 1 |] GaussianKind.defaults ]

                      Assert.Equal(
                          expected "full" 2,
                          Gmm.fit
                              { Gmm.defaultsOf product with
                                  Components = 2 }
                              source
                          |> message
                      )

                      Assert.Equal(
                          "Start must be one that needs no covariance of more than 2147483591 numbers, such as Points, "
                          + $"but is Random with {columns}·{columns} = {int64 columns * int64 columns} numbers.",
                          Gmm.fit
                              { options Diag with
                                  Start = Start.Random }
                              source
                          |> message
                      )

                      let wide = Gaussian.create TiedDiag (Array2D.zeroCreate 1 columns) (Tensor.scalar 1.0) |> ok

                      Assert.Contains(
                          $"tied_diag with {columns}·{columns} = ",
                          inFolder (fun folder ->
                              Npz.export (IO.Path.Combine(folder, "a.npz")) (Mixture.uniform 1 wide))
                          |> message
                      )

                      let selection = source |> Select.gaussian Criterion.Bic ignore [ 1 ] [ Full ] Gmm.defaults
                      Assert.Contains("such as Diag", message selection))
          // Rows that are all the same block, of which there are very many: nothing is as large as the data claim.
          testCase "more means than an array can hold are an error before anything is allocated" (fun () ->
              let source =
                  { sourceOf [| Array.zeroCreate 1000 |] with
                      Rows = 1L <<< 40 }

              let message =
                  KMeans.fit
                      { KMeans.defaults with
                          Components = 1 <<< 30 }
                      source
                  |> error
                  |> _.Message

              Assert.Equal(
                  "Components must be few enough for means of at most 2147483591 numbers, K·D, but is 1073741824 with "
                  + "1073741824·1000 = 1073741824000 numbers.",
                  message
              )

              let counts =
                  Gmm.fit
                      { Gmm.defaultsOf (Categorical.family 1000) with
                          Components = 1 <<< 20 }
                      source
                  |> error

              Assert.Contains("few enough for at most 2147483591 mean parameters, K·D·S", counts.Message))
          testTheory
              "a mistake in the options is an error with its rule and value, before any work"
              mistakeNames
              (fun (mistake: string) ->
                  let options, name, rule, value = mistakes |> List.find (fst >> (=) mistake) |> snd
                  let reads, source = counted rows

                  match Gmm.fit options source |> error with
                  | InvalidOption(name', rule', value') as error ->
                      Assert.Contains(name, name')
                      Assert.Contains(rule, rule')
                      Assert.Contains(value, value')
                      Assert.Contains(rule', error.Message)
                      Assert.Contains(value', error.Message)
                  | other -> Assert.Fail $"another error: {other.Message}"

                  // At most one look at the data, for numbers that aren't finite.
                  Assert.InRange(reads.Value, 0, int source.Blocks))
          testTheory
              "a mistake in the options of k-means is an error with its rule and value, before any work"
              kMeansMistakeNames
              (fun (mistake: string) ->
                  let options, name, rule, value = kMeansMistakes |> List.find (fst >> (=) mistake) |> snd
                  let reads, source = counted rows

                  match KMeans.fit options source |> error with
                  | InvalidOption(name', rule', value') ->
                      Assert.Contains(name, name')
                      Assert.Contains(rule, rule')
                      Assert.Contains(value, value')
                  | other -> Assert.Fail $"another error: {other.Message}"

                  // At most one look at the data, for numbers that aren't finite.
                  Assert.InRange(reads.Value, 0, int source.Blocks))
          testCase "k-means has hard assignment and equal weights; options that ask for others are an error" (fun () ->
              let two = { KMeans.defaults with Components = 2 }

              for options, name in
                  [ { two with Assignment = Soft }, "Assignment"
                    { two with WeightPrior = Flat }, "WeightPrior"
                    { two with
                        StartWeights = Some [| 0.5; 0.5 |] },
                    "StartWeights" ] do
                  match KMeans.fit options (sourceOf rows) |> error with
                  | InvalidOption(name', _, _) -> Assert.Equal(name, name')
                  | other -> Assert.Fail $"another error: {other.Message}")
          testCase "options that are wrong in themselves are found without reading the data" (fun () ->
              for wrong in
                  [ { two with Components = 0 }
                    { two with Tolerance = nan }
                    { two with
                        Family.RegCovar = Absolute -1.0 }
                    { two with
                        WeightPrior = Dirichlet [| 0.5; 2.0 |] }
                    { two with
                        Family.MeanPrior = meanBelief (Tensor.vector [| 1.0; 2.0 |]) 0.0 }
                    { two with
                        Family.CovariancePrior = beliefs (Tensor.scalar -1.0) 4.0 }
                    { two with
                        Family.CovariancePrior = beliefs (Tensor.scalar 1.0) 0.5 } ] do
                  let reads, source = counted rows

                  match Gmm.fit wrong source |> error with
                  | InvalidOption _ -> ()
                  | other -> Assert.Fail other.Message

                  Assert.Equal(0, reads.Value))
          testCase "a family's or a part's wrong prior or regularisation is found without reading the data" (fun () ->
              let binary = rows |> Array.map (Array.map (fun x -> x % 2.0))

              let wrongFamily =
                  { Bernoulli.family with
                      Prior = { Sums = [| -1.0; 0.0 |]; Count = -1.0 } }

              let gaussian regularisation covariancePrior =
                  Part.create
                      [| 0 |]
                      { GaussianKind.defaults with
                          Structure = Diag
                          RegCovar = regularisation
                          CovariancePrior = covariancePrior }


              let coins family = Part.create [| 1 |] family

              let fits: (Source -> GmmError) list =
                  [ Gmm.fit (Gmm.defaultsOf wrongFamily) >> error
                    Gmm.fit (
                        Gmm.defaultsOf (ProductKind.ofParts [ gaussian (Absolute -1.0) None; coins Bernoulli.family ])
                    )
                    >> error
                    Gmm.fit (
                        Gmm.defaultsOf (ProductKind.ofParts [ coins Bernoulli.family; gaussian (Floor -1.0) None ])
                    )
                    >> error
                    Gmm.fit (
                        Gmm.defaultsOf (
                            ProductKind.ofParts
                                [ coins Bernoulli.family; gaussian (Floor 1e-8) (beliefs (Tensor.scalar -1.0) 4.0) ]
                        )
                    )
                    >> error
                    Gmm.fit (Gmm.defaultsOf (ProductKind.ofParts [ gaussian (Floor 1e-8) None; coins wrongFamily ]))
                    >> error ]

              for fit in fits do
                  let reads, source = counted binary

                  match fit source with
                  | InvalidOption _ -> ()
                  | other -> Assert.Fail other.Message

                  Assert.Equal(0, reads.Value)) ]

// ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Bad cells, as row and column; the one to be named. Parts have the columns 3 and 1, 2, 0, in this order.
let private badCells =
    [ [ 5, 1; 2, 0 ], (2, 0)
      [ 2, 3; 2, 1 ], (2, 1)
      [ 2, 3; 2, 0; 2, 2 ], (2, 0)
      [ 2, 3; 1, 3; 2, 1 ], (1, 3)
      [ 3000, 0; 2999, 2; 3001, 1 ], (2999, 2) ]

let private saysOfData (rule: string) (value: string) (result: Result<'T, GmmError>) =
    match error result with
    | InvalidData(rule', value') as error ->
        Assert.Contains(rule, rule')
        Assert.Contains(value, value')
        Assert.Contains(rule', error.Message)
        Assert.Contains(value', error.Message)
    | other -> Assert.Fail $"another error: {other.Message}"

let private saysOfOption (name: string) (rule: string) (value: string) (result: Result<'T, GmmError>) =
    match error result with
    | InvalidOption(name', rule', value') as error ->
        Assert.Equal(name, name')
        Assert.Contains(rule, rule')
        Assert.Contains(value, value')
        Assert.Contains(rule', error.Message)
    | other -> Assert.Fail $"another error: {other.Message}"

[<Tests>]
let dataTests =
    testList
        "Error: data"
        [ testTheory
              "a number that is not finite, or too large to be squared, is named with row and column"
              [ Double.NaN; Double.PositiveInfinity; Double.NegativeInfinity; 2e150 ]
              (fun (bad: float) ->
                  let broken = rows |> Array.map Array.copy
                  broken[7][1] <- bad
                  let source = sourceOf broken

                  let check (result: Result<'T, GmmError>) =
                      match error result with
                      | InvalidNumber(7L, 1, _)
                      | MissingCell(7L, 1, 1L) as error ->
                          Assert.Equal(Double.IsNaN bad, error.IsMissingCell)
                          Assert.Contains("row 7", error.Message)
                          Assert.Contains("column 1", error.Message)
                          Assert.Contains(string bad, error.Message)
                      | other -> Assert.Fail $"another error: {other.Message}"

                  check (Gmm.fit two source)
                  check (KMeans.fit { KMeans.defaults with Components = 2 } source)
                  let fit = Gmm.fit two (sourceOf rows) |> ok
                  check (Predict.labels fit source)
                  check (Predict.responsibilities fit source)
                  check (Predict.logDensities fit source)
                  check (Predict.score fit source))
          testCase "the first bad number is named, whatever the number of threads" (fun () ->
              let many = Array.init 30_000 (fun n -> [| float n; 1.0; 2.0 |])
              many[29_999][0] <- nan
              many[12_345][2] <- infinity

              for threads in [ 1; 2; 8 ] do
                  match
                      Gmm.fit
                          { two with
                              Execution = { oneThread with Threads = threads } }
                          (sourceOf many)
                      |> error
                  with
                  | InvalidNumber(12_345L, 2, value) -> Assert.Equal(infinity, value)
                  | other -> Assert.Fail $"another error: {other.Message}")
          testCase "a product names the first cell outside a domain by row and then column, not by part" (fun () ->
              let parts =
                  [ Part.create [| 3; 1 |] Poisson.family
                    Part.create [| 2 |] Exponential.family
                    Part.create [| 0 |] Bernoulli.family ]

              let good =
                  Array.init 9000 (fun n -> [| float (n % 2); float (n % 5); 1.0 + float (n % 3); float (n % 7) |])

              for threads in [ 1; 4 ] do
                  let options =
                      { Gmm.defaultsOf (ProductKind.ofParts parts) with
                          Components = 2
                          Start = Start.Points
                          MaxIterations = 2
                          Execution = { oneThread with Threads = threads } }

                  let fit = Gmm.fit options (sourceOf good) |> ok

                  for cells, (row, column) in badCells do
                      let bad = good |> Array.map Array.copy

                      for row, column in cells do
                          bad[row][column] <- -0.5

                      for error in
                          [ Gmm.fit options (sourceOf bad) |> error; Predict.labels fit (sourceOf bad) |> error ] do
                          match error with
                          | OutsideDomain(_, _, row', column', -0.5) ->
                              Assert.Equal((row, column), (int row', column'))
                          | other -> Assert.Fail other.Message)
          testCase "no rows are an error" (fun () ->
              Source.ofRows [||] |> saysOfData "at least one row" "none"
              let empty = Source.ofMemory 2 ReadOnlyMemory.Empty |> ok
              Gmm.fit two empty |> saysOfData "at least one row" "none"
              KMeans.fit KMeans.defaults empty |> saysOfData "at least one row" "none")
          testCase "rows of no numbers are an error" (fun () ->
              Source.ofRows [| [||]; [||] |] |> saysOfData "at least one column" "0"
              Source.ofArray2D (zeros 3 0) |> saysOfData "at least one column" "0")
          testCase "ragged rows are an error that names the row" (fun () ->
              match Source.ofRows [| [| 1.0; 2.0 |]; [| 3.0; 4.0 |]; [| 5.0 |] |] |> error with
              | InvalidRow(_, 2L, _) as error ->
                  Assert.Equal(
                      "The data must have rows of one length, but row 2 (counting from 0) has 1 number and row 0 has 2.",
                      error.Message
                  )
              | other -> Assert.Fail $"another error: {other.Message}")
          testCase "columns of other lengths are an error that names the column" (fun () ->
              let columns = [| 2; 2; 3 |] |> Array.map (Array.zeroCreate >> ReadOnlyMemory >> Numbers.Float64)

              match Source.ofColumns columns |> error with
              | InvalidColumn(_, 2, _) as error ->
                  Assert.Equal(
                      "The data must have columns of one length, but column 2 (counting from 0) has 3 numbers and column 0 has 2.",
                      error.Message
                  )
              | other -> Assert.Fail $"another error: {other.Message}")
          testCase "a product names the first row that a part rejects, whatever the part" (fun () ->
              let kind =
                  ProductKind.ofParts
                      [ Part.create [| 0; 1 |] VonMisesFisherKind.defaults; Part.create [| 2 |] Poisson.family ]

              let options =
                  { Gmm.defaultsOf kind with
                      Execution = oneThread }

              let rowsWith bad = Array.init 12 (fun n -> bad n [| cos (float n); sin (float n); float (n % 3) |])

              let lengthens row n (values: float[]) = if n = row then [| 3.0; 4.0; values[2] |] else values

              let halves row n (values: float[]) = if n = row then [| values[0]; values[1]; 0.5 |] else values

              match sourceOf (rowsWith (fun n -> lengthens 7 n >> halves 3 n)) |> Gmm.fit options |> error with
              | OutsideDomain("poisson", _, 3L, 2, 0.5) -> ()
              | other -> Assert.Fail $"another error: {other.Message}"

              match sourceOf (rowsWith (fun n -> lengthens 3 n >> halves 7 n)) |> Gmm.fit options |> error with
              | InvalidRow(_, 3L, _) -> ()
              | other -> Assert.Fail $"another error: {other.Message}")
          testCase "numbers that are no whole rows are an error" (fun () ->
              Source.ofMemory 3 (ReadOnlyMemory [| 1.0; 2.0; 3.0; 4.0 |]) |> saysOfData "rows of 3" "4 numbers")
          testCase "data of another width than the mixture's are an error" (fun () ->
              let fit = Gmm.fit two (sourceOf rows) |> ok
              let wide = sourceOf [| [| 1.0; 2.0; 3.0 |] |]
              Predict.labels fit wide |> saysOfData "2 columns" "3"
              Predict.responsibilities fit wide |> saysOfData "2 columns" "3"
              Predict.logDensities fit wide |> saysOfData "2 columns" "3"
              Predict.score fit wide |> saysOfData "2 columns" "3"
              let clusters = KMeans.fit { KMeans.defaults with Components = 2 } (sourceOf rows) |> ok
              Predict.labels clusters.Fit wide |> saysOfData "2 columns" "3")
          testCase "sample weights break a rule: their number, a negative one, NaN, all zero" (fun () ->
              let weighted weights = sourceOf rows |> Source.weighted weights
              let with' n weight = Array.init 12 (fun i -> if i = n then weight else 1.0)
              weighted [| 1.0; 2.0 |] |> saysOfOption "SampleWeights" "12 rows" "2 numbers"
              weighted (with' 3 -0.5) |> saysOfOption "SampleWeights[3]" "not negative" "-0.5"
              weighted (with' 4 nan) |> saysOfOption "SampleWeights[4]" "finite" "NaN"
              weighted (with' 5 infinity) |> saysOfOption "SampleWeights[5]" "finite" "Infinity"
              weighted (Array.zeroCreate 12) |> saysOfOption "SampleWeights" "above 0 somewhere" "0"

              weighted (Array.init 12 (fun n -> if n < 10 then 1e308 else 1.0))
              |> saysOfOption "SampleWeights" "finite sum" "")
          testCase "mixture weights break a rule: a negative one, NaN, all zero" (fun () ->
              let mixture weights = Mixture.create weights (gaussian Full 2 2).Parameters
              mixture [| 1.0; -1.0 |] |> saysOfOption "Weights[1]" "not negative" "-1"
              mixture [| nan; 1.0 |] |> saysOfOption "Weights[0]" "finite" "NaN"
              mixture [| 0.0; 0.0 |] |> saysOfOption "Weights" "above 0 somewhere" "0")
          testCase "mixture weights of another number than the components are an error" (fun () ->
              match Mixture.create [| 0.2; 0.3; 0.5 |] (gaussian Full 2 2).Parameters with
              | Error error -> Assert.Contains("Weights", error.Message)
              | Ok mixture ->
                  // The family is not known to `create`; then the fit must find it.
                  match
                      Gmm.fit
                          { two with
                              Components = 3
                              Start = Start.Mixture mixture }
                          (sourceOf rows)
                  with
                  | Error error -> Assert.Contains("Start mixture", error.Message)
                  | Ok _ -> Assert.Fail "three weights for two components were taken")
          testCase "covariances of a start break a rule: shape, symmetry, definiteness" (fun () ->
              let means = array2D [ [ 0.0; 0.0 ]; [ 1.0; 1.0 ] ]
              let create structure covariances = Gaussian.create structure means covariances
              let matrix rows = Tensor.matrix (array2D rows)
              create Full (Tensor.vector [| 1.0; 1.0; 1.0 |]) |> saysOfOption "Covariances" "2×2×2" "3"
              create Diag (matrix [ [ 1.0; 1.0; 1.0 ]; [ 1.0; 1.0; 1.0 ] ]) |> saysOfOption "Covariances" "2×2" "2×3"
              create TiedFull (matrix [ [ 1.0; 0.9 ]; [ 0.1; 1.0 ] ]) |> saysOfOption "Covariances" "symmetric" "0.9"

              create TiedFull (matrix [ [ 1.0; 1.0 ]; [ 1.0; 1.0 ] ])
              |> saysOfOption "Covariances" "positive definite" "1"

              create Diag (matrix [ [ 1.0; 1.0 ]; [ 1.0; -1.0 ] ])
              |> saysOfOption "Covariances" "positive definite" "-1"

              create Spherical (Tensor.vector [| 1.0; nan |]) |> saysOfOption "Covariances" "positive definite" "NaN"

              create TiedSpherical (Tensor.scalar infinity)
              |> saysOfOption "Covariances" "positive definite" "Infinity")
          testCase "means of a start break a rule: none, not finite" (fun () ->
              Gaussian.create Full (zeros 0 2) (Tensor.scalar 1.0) |> saysOfOption "Means" "at least 1×1" "0×2"

              Gaussian.create Full (array2D [ [ 1.0; 2.0 ]; [ nan; 0.0 ] ]) (Tensor.scalar 1.0)
              |> saysOfOption "Means[1, 0]" "finite" "NaN") ]

// ── Words ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Errors that name places: their words with numbers, and with places that are called ‹…›.
let private worded =
    [ InvalidRow("rule", 3L, "value"), "The data must have rule, but row 3 (counting from 0) value.", "but ‹r3› value."
      InvalidColumn("rule", 2, "value"),
      "The data must have rule, but column 2 (counting from 0) value.",
      "but ‹c2› value."
      InvalidNumber(3L, 2, infinity),
      "The data must be finite and below 1e150 in magnitude, but row 3, column 2 (counting from 0) holds Infinity. "
      + "Remove or impute the row, or rescale the column.",
      "but ‹r3 c2› holds Infinity."
      MissingCell(3L, 2, 1L),
      "The data must be complete, but row 3, column 2 (counting from 0) holds NaN, the only missing cell. "
      + "A mixture with Missing set to Fit takes such rows. Otherwise remove or impute them.",
      "but ‹r3 c2› holds NaN, the only missing cell."
      OutsideDomain("poisson", "a count", 3L, 2, 0.5),
      "Data for poisson must be a count, but row 3, column 2 (counting from 0) holds 0.5.",
      "but ‹r3 c2› holds 0.5."
      ConstantColumn(2, 4.0),
      "Column 2 (counting from 0) is constant: every row holds 4. Drop the column, or set a prior. For Gaussians, set "
      + "CovariancePrior, choose a spherical structure, or set RegCovar to Absolute.",
      "‹c2› is constant: every row holds 4."
      SingularCovariance(Some 1, 5),
      "The covariance of component 1 (counting from 0) is not positive definite in iteration 5: its rows lie in fewer "
      + "dimensions than the data. Set RegCovar to Floor or to a larger Absolute amount, set CovariancePrior, choose a "
      + "structure with fewer parameters or fewer components, or drop duplicate columns.",
      "The covariance of ‹k1› is not positive definite in iteration 5"
      FlooredComponent(Some 1, 5),
      "The spread of component 1 (counting from 0) lies on its floor after iteration 5: it shrank onto few or equal rows, so "
      + "that its likelihood only measures the floor. Choose fewer components, a structure with fewer parameters, another "
      + "start or a prior.",
      "The spread of ‹k1› lies on its floor after iteration 5"
      CollapsedComponent(1, 5),
      "Component 1 (counting from 0) has no rows left in iteration 5. Choose fewer components, another start or seed, or a "
      + "MeanPrior with a CovariancePrior.",
      "‹k1› has no rows left in iteration 5."
      DegenerateComponent(1, 2, "exponential", 5),
      "The likelihood of component 1, column 2 (counting from 0) is unbounded for exponential in iteration 5. Set a prior, "
      + "choose fewer components or another start or seed.",
      "The likelihood of ‹k1 c2› is unbounded for exponential in iteration 5."
      FailedUpdate(DegenerateComponent(1, 2, "exponential", 0)),
      "The likelihood of component 1, column 2 (counting from 0) is unbounded for exponential after this batch, which leaves "
      + "it too few different rows. Learn larger batches or take smaller steps, or begin from a fit with a prior or a floor of "
      + "its covariances.",
      "The likelihood of ‹k1 c2› is unbounded for exponential after this batch"
      FailedUpdate(ConstantColumn(2, 4.0)),
      "Column 2 (counting from 0) is constant: every row holds 4. Drop the column, or set a prior. For Gaussians, set "
      + "CovariancePrior, choose a spherical structure, or set RegCovar to Absolute.",
      "‹c2› is constant: every row holds 4." ]

[<Tests>]
let wordTests =
    testList
        "Error: words"
        [ testCase "messages number places, and name them as they are told" (fun () ->
              let called place =
                  match place with
                  | Place.Row number -> $"r{number}"
                  | Place.Column number -> $"c{number}"
                  | Place.Component number -> $"k{number}"

              let words places =
                  let text = places |> List.map called |> String.concat " "
                  $"‹{text}›"

              for error, numbered, named in worded do
                  Assert.Equal(numbered, error.Message)
                  let message = error.MessageIn words
                  Assert.Contains(named, message)
                  Assert.DoesNotContain("counting from 0", message))
          testCase "every error with a number of a place has words here" (fun () ->
              let hasPlace (case: UnionCaseInfo) =
                  case.Name <> "UnreadableFile"
                  && case.GetFields()
                     |> Array.exists (fun field -> List.contains field.Name [ "row"; "column"; "owner" ])

              let here =
                  worded
                  |> List.map (fun (error, _, _) -> (FSharpValue.GetUnionFields(error, typeof<GmmError>) |> fst).Name)

              for case in FSharpType.GetUnionCases typeof<GmmError> do
                  if hasPlace case then
                      Assert.Contains(case.Name, here)) ]

// ── Trouble in the data ─────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``trouble in the data`` =
    testList
        "Error: trouble in the data"
        [ testTheory
              "a component whose rows are all equal is named as singular, with the iteration"
              [ "full"; "diag"; "spherical" ]
              (fun (structure: string) ->
                  let heap = Array.append rows (Array.create 8 [| 100.0; 100.0 |])
                  let labels = Array.init 20 (fun n -> if n < 12 then 0 else 1)

                  match
                      Gmm.fit
                          { plain 2 (Structure.parse structure |> ok) with
                              Start = Start.Labels labels }
                          (sourceOf heap)
                      |> error
                  with
                  | SingularCovariance(Some 1, iteration) as error ->
                      Assert.Equal(0, iteration)
                      Assert.Contains("component 1", error.Message)
                      Assert.Contains("iteration 0", error.Message)
                      Assert.Contains("RegCovar", error.Message)
                  | other -> Assert.Fail $"another error: {other.Message}")
          testCase "a covariance that turns singular later is named with the later iteration" (fun () ->
              let heap = Array.append rows (Array.create 8 [| 100.0; 100.0 |])

              let start =
                  mixtureOf Full [| 1.0; 1.0 |] (array2D [ [ 10.0; 3.0 ]; [ 100.0; 100.0 ] ]) (Tensor.scalar 25.0)

              match
                  Gmm.fit
                      { plain 2 Full with
                          Start = Start.Mixture start }
                      (sourceOf heap)
                  |> error
              with
              | SingularCovariance(Some 1, iteration) as error ->
                  Assert.True(iteration >= 1)
                  Assert.Contains($"iteration {iteration}", error.Message)
              | other -> Assert.Fail $"another error: {other.Message}")
          testTheory
              "a shared covariance that is singular names no component"
              [ "tied_full"; "tied_diag"; "tied_spherical" ]
              (fun (structure: string) ->
                  let heaps = Array.init 20 (fun n -> if n < 12 then [| 0.0; 0.0 |] else [| 100.0; 100.0 |])
                  let labels = Array.init 20 (fun n -> if n < 12 then 0 else 1)

                  match
                      Gmm.fit
                          { plain 2 (Structure.parse structure |> ok) with
                              Start = Start.Labels labels }
                          (sourceOf heaps)
                      |> error
                  with
                  | SingularCovariance(None, _) as error -> Assert.Contains("shared", error.Message)
                  | other -> Assert.Fail $"another error: {other.Message}")
          testCase "a component without rows is named as collapsed, unless beliefs hold it" (fun () ->
              let start = mixtureOf Full [| 1.0; 1.0 |] (array2D [ [ 10.0; 3.0 ]; [ 1e6; 1e6 ] ]) (Tensor.scalar 25.0)

              let options =
                  { plain 2 Full with
                      Start = Start.Mixture start }

              match Gmm.fit options (sourceOf rows) |> error with
              | CollapsedComponent(1, 1) as error ->
                  Assert.Contains("Component 1", error.Message)
                  Assert.Contains("iteration 1", error.Message)
              | other -> Assert.Fail $"another error: {other.Message}"

              let held =
                  { options with
                      Family.MeanPrior = meanBelief (Tensor.vector [| 5.0; 5.0 |]) 1.0
                      Family.CovariancePrior = beliefs (Tensor.scalar 1.0) 4.0 }

              Assert.True(allFinite (parameters (Gmm.fit held (sourceOf rows) |> ok).Mixture)))
          testCase "labels that leave a component out are an error, not a NaN" (fun () ->
              match
                  Gmm.fit
                      { plain 3 Full with
                          Start = Start.Labels(Array.init 12 (fun n -> n % 2)) }
                      (sourceOf rows)
                  |> error
              with
              | CollapsedComponent(2, _) -> ()
              | other -> Assert.Fail $"another error: {other.Message}")
          testCase "not converging is no error" (fun () ->
              let fit =
                  Gmm.fit
                      { two with
                          Tolerance = 0.0
                          MaxIterations = 3 }
                      (sourceOf rows)
                  |> ok

              Assert.False fit.Converged
              Assert.Equal(IterationLimit, fit.Stop)
              Assert.Equal(3, fit.Iterations)) ]

// ── Errors as exceptions ────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``errors as exceptions`` =
    testList
        "Error: errors as exceptions"
        [ testCase "an error that is raised keeps its message and itself" (fun () ->
              let wrong = Gmm.fit { two with Components = 0 } (sourceOf rows)
              let failure = Assert.Throws<GmmException>(fun () -> GmmError.get wrong |> ignore)
              Assert.Equal(error wrong, failure.Error)
              Assert.Equal((error wrong).Message, failure.Message)
              Assert.Equal(5, GmmError.get (Ok 5)))
          testCase "messages are written the same in every culture" (fun () ->
              let before = Globalization.CultureInfo.CurrentCulture

              try
                  Globalization.CultureInfo.CurrentCulture <- Globalization.CultureInfo "de-DE"
                  let message = (Gmm.fit { two with Tolerance = -0.5 } (sourceOf rows) |> error).Message
                  Assert.Contains("-0.5", message)

                  let bad =
                      (Source.weighted (Array.init 12 (fun n -> if n = 0 then -0.5 else 1.0)) (sourceOf rows) |> error)
                          .Message

                  Assert.Contains("-0.5", bad)
                  let number = (Gmm.fit two (sourceOf [| [| 1.5e200 |]; [| 1.0 |] |]) |> error).Message
                  Assert.Contains("1.5E+200", number)
              finally
                  Globalization.CultureInfo.CurrentCulture <- before) ]

// ── Cancellation ────────────────────────────────────────────────────────────────────────────────────────────────────

let private cancelled (token: CancellationToken) = { oneThread with Cancellation = token }

[<Tests>]
let cancellationTests =
    testList
        "Error: cancellation"
        [ testCase
              "a cancelled token stops fits with OperationCanceledException, and earlier fits go on predicting"
              (fun () ->
                  use source = new CancellationTokenSource()

                  let fit =
                      Gmm.fit
                          { two with
                              Execution = cancelled source.Token }
                          (sourceOf rows)
                      |> ok

                  source.Cancel()

                  let throws (work: unit -> obj) =
                      Assert.ThrowsAny<OperationCanceledException>(fun () -> work () |> ignore) |> ignore

                  throws (fun () ->
                      Gmm.fit
                          { two with
                              Execution = cancelled source.Token }
                          (sourceOf rows))

                  throws (fun () ->
                      KMeans.fit
                          { KMeans.defaults with
                              Execution = cancelled source.Token }
                          (sourceOf rows))

                  Assert.Equal(12, (Predict.labels fit (sourceOf rows) |> ok).Length))
          testTheory "cancelling in the middle of a fit stops it between blocks" [ 1; 4 ] (fun (threads: int) ->
              use cancellation = new CancellationTokenSource()
              let many = Array.init 30_000 (fun n -> [| float (n % 100); float (n % 37); float (n % 11) |])
              let source = sourceOf many
              let reads = ref 0

              let trap =
                  { source with
                      Read =
                          fun index ->
                              if Interlocked.Increment reads = 100 then
                                  cancellation.Cancel()

                              source.Read index }

              let options =
                  { two with
                      Start = Start.Points
                      Tolerance = 0.0
                      MaxIterations = 1_000_000
                      Execution =
                          { cancelled cancellation.Token with
                              Threads = threads } }

              Assert.ThrowsAny<OperationCanceledException>(fun () -> Gmm.fit options trap |> ignore) |> ignore
              Assert.InRange(reads.Value, 100, 100 + 2 * threads))
          testCase "trouble while reading the data comes out as it is, from any thread" (fun () ->
              let many = Array.init 30_000 (fun n -> [| float n; 1.0; 2.0 |])

              let broken =
                  { sourceOf many with
                      Read =
                          fun index ->
                              if index = 7L then
                                  raise (IO.IOException "the disk is gone")
                              else
                                  (sourceOf many).Read index }

              for threads in [ 1; 4 ] do
                  let failure =
                      Assert.Throws<IO.IOException>(fun () ->
                          Gmm.fit
                              { two with
                                  Execution = { oneThread with Threads = threads } }
                              broken
                          |> ignore)

                  Assert.Equal("the disk is gone", failure.Message)) ]
