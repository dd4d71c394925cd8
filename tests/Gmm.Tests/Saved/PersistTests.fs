/// A saved fit comes back to the last bit, and a file that was changed is an error.
module Gmm.Tests.PersistTests

open System
open System.IO
open System.Text
open System.Text.Json
open System.Threading
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// What is done with the path of a file that does not exist yet.
let private withPath (work: string -> 'T) : 'T =
    let path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".json")

    try
        work path
    finally
        File.Delete path

/// The reason why a file of these bytes can't be loaded, or what it holds.
let private loadBytes (bytes: byte[]) : Result<State, string> =
    withPath (fun path ->
        File.WriteAllBytes(path, bytes)

        match Persist.load<Gaussian> path with
        | Ok fit -> Ok(Persist.toState fit)
        | Error(UnreadableFile(named, 0, 0, reason)) when named = path -> Error reason
        | Error error -> failwith $"the error names no file: {error.Message}")

/// Names, shapes and the bits of all numbers.
let private exact (state: State) =
    [ for KeyValue(name, numbers) in state -> name, List.ofArray numbers.shape, List.ofArray (bits (numbers.toArray ())) ]

let private saved (fit: Fit<'θ>) (load: string -> Result<Fit<'θ>, GmmError>) : Fit<'θ> =
    withPath (fun path ->
        Persist.save path fit |> ok
        load path |> ok)

/// Whether a loaded fit has the bits of the one that was saved, predicts as it does, and goes on as it does.
let private isSame (source: Source) (fit: Fit<'θ>) (again: Fit<'θ>) =
    let onward (fit: Fit<'θ>) =
        EM.iterates fit.Model source fit.Mixture
        |> Seq.truncate 3
        |> Seq.map (fun iterate ->
            match iterate with
            | Ok iterate -> List.ofArray (bits (Statistics.pack iterate.Statistics)), bits [| iterate.Objective |], ""
            | Error error -> [], [||], error.Message)
        |> List.ofSeq

    let densities fit = Predict.logDensities fit source |> Result.map bits
    let measures (fit: Fit<'θ>) = bits [| fit.Bic; fit.Aic; fit.LowerBound; fit.Objective; fit.LogLikelihood |]

    exact (Persist.toState fit) = exact (Persist.toState again)
    && measures fit = measures again
    && (fit.Converged, fit.Iterations, fit.Seed) = (again.Converged, again.Iterations, again.Seed)
    && densities fit = densities again
    && onward fit = onward again

let private iterationsOf (model: Model<'θ>) count seed source start =
    EM.iterates model source start |> Fit.ofIterates model seed count (Stopping.hasConverged Stopping.Change 1e-3)

// ── Every family ────────────────────────────────────────────────────────────────────────────────────────────────────

/// 60 rows of a number, a 0 or 1, a number of successes out of 5, a level of 3, a count and a waiting time.
let private mixedRows =
    lazy
        (let random = Random 3

         Array.init 60 (fun n ->
             let k = float (n % 2)

             [| normal random + 4.0 * k
                float (random.Next 2)
                float (random.Next 6)
                float (random.Next 3)
                float (random.Next(2 + 6 * int k))
                random.NextDouble() + k |]))

let private mixedParts =
    [ Part.create
          [| 0 |]
          { GaussianKind.defaults with
              Structure = TiedDiag
              CovariancePrior =
                  Some
                      { Scale = Tensor.scalar 0.5
                        Degrees = 3.0 } }

      Part.create [| 1 |] (ExponentialFamily.withPrior (Bernoulli.beta 2.0 3.0) Bernoulli.family)
      Part.create [| 3 |] (Categorical.family 3)
      Part.create [| 2 |] (Binomial.family 5)
      Part.create [| 4 |] Poisson.family
      Part.create [| 5 |] Exponential.family ]

let private mixedFit parts rows =
    sourceOf rows
    |> Gmm.fit
        { Gmm.defaultsOf (ProductKind.ofParts parts) with
            Components = 2
            MaxIterations = 6
            Execution = oneThread }
    |> ok

[<Tests>]
let ``every family`` =
    testList
        "Persist: every family"
        [ testPropertyTimes
              150
              "Gaussian fits of every structure, under any prior, soft and hard, come back to the last bit"
              (Prop.forAll beliefs (fun case ->
                  let origin = case.Data.Origin

                  let model =
                      { Model.ofFamily case.Family with
                          Weights = case.Prior.Concentration |> Option.map Dirichlet |> Option.defaultValue Flat
                          Assignment = if origin.Features % 2 = 0 then Hard else Soft
                          Execution = oneThread }

                  whenOk (iterationsOf model 4 case.Data.Rows.Length case.Data.Source origin.Mixture) (fun fit ->
                      isSame case.Data.Source fit (saved fit Persist.load))))
          testPropertyTimes
              60
              "fits of nearly singular covariances come back to the last bit"
              (Prop.forAll collinearData (fun case ->
                  let fit =
                      case.Source
                      |> Gmm.fit
                          { plain case.Origin.Components case.Origin.Structure with
                              MaxIterations = 5 }

                  whenOk fit (fun fit -> isSame case.Source fit (saved fit Persist.load))))
          testPropertyTimes
              100
              "fits of exponential families under conjugate priors come back to the last bit"
              (Prop.forAll FamilyTests.cases (fun case ->
                  let options =
                      { Gmm.defaultsOf (case.Kind.Believing(1.5, 2.0)) with
                          Components = case.Components
                          Start = Start.Points
                          MaxIterations = 5
                          WeightPrior = Dirichlet(Array.create case.Components 1.5)
                          Assignment = if case.Columns % 2 = 0 then Hard else Soft
                          Execution = oneThread }

                  match Gmm.fit options case.Source with
                  | Error(TooFewDistinctRows _) -> false ==> true
                  | fit -> whenOk fit (fun fit -> isSame case.Source fit (saved fit Persist.load))))
          testCase "products come back to the last bit, found by the names of their parts" (fun () ->
              let fit = mixedFit mixedParts mixedRows.Value
              Assert.True(isSame (sourceOf mixedRows.Value) fit (saved fit Persist.load))

              Assert.Equal(
                  "gaussian × bernoulli × categorical × binomial × poisson × exponential",
                  fit.Model.Family.Name
              ))
          testCase "a product of one part is a product, and no fit of its family" (fun () ->
              let rows = mixedRows.Value |> Array.map (fun row -> [| row[4] |])
              let fit = mixedFit [ Part.create [| 0 |] Poisson.family ] rows
              Assert.True(isSame (sourceOf rows) fit (saved fit Persist.load))

              withPath (fun path ->
                  Persist.save path fit |> ok

                  Assert.Contains(
                      "Family must be one whose parameters are ExponentialParameters, the type requested, but is \"poisson\"",
                      (error (Persist.load<ExponentialParameters> path)).Message
                  )))
          testCase "k-means comes back: centres, inertia and labels" (fun () ->
              let iris = DataSet.iris().Source

              let found =
                  iris
                  |> KMeans.fit
                      { KMeans.defaults with
                          Components = 3
                          Restarts = 2
                          Execution = oneThread }
                  |> ok

              let again = KMeans.ofFit (saved found.Fit Persist.load)
              Assert.True(isSame iris found.Fit again.Fit)
              Assert.Equal(found.Inertia, again.Inertia)
              Assert.Equal<int[]>(KMeans.predict found iris |> ok, KMeans.predict again iris |> ok))
          testCase "a component of weight 0 and a fit of no data come back" (fun () ->
              let mixture = mixtureOf Diag [| 1.0; 0.0 |] (array2D [ [ 0.0; 1.0 ]; [ 5.0; 5.0 ] ]) (Tensor.scalar 2.0)
              let fit = Fit.ofMixture Gaussian.family mixture
              let again = saved fit Persist.load
              Assert.Equal(-infinity, again.Mixture.LogWeights.toArray()[1])
              Assert.Equal(-infinity, again.LowerBound)
              Assert.Equal(infinity, again.Bic)
              Assert.True(isSame (sourceOf [| [| 0.0; 0.0 |]; [| 1.0; 2.0 |]; [| 3.0; 1.0 |] |]) fit again)) ]

// ── A family of your own ────────────────────────────────────────────────────────────────────────────────────────────

let private geometric = Families.geometric |> ExponentialFamily.withPrior { Sums = [| 2.0 |]; Count = 1.0 }

let private geometricRows = Array.init 40 (fun n -> [| float (n % 3); float (n * n % 7) |])

let private geometricFit =
    lazy
        (sourceOf geometricRows
         |> Gmm.fit
             { Gmm.defaultsOf geometric with
                 Components = 2
                 Execution = oneThread }
         |> ok)

[<Tests>]
let ``a family of your own`` =
    testList
        "Persist: a family of your own"
        [ testCase "a family of your own is loaded by its definition, with the saved prior" (fun () ->
              let definition =
                  ExponentialFamily.components (ExponentialFamily.withPrior (ConjugatePrior.flat 1) geometric)

              let fit = geometricFit.Value
              Assert.True(isSame (sourceOf geometricRows) fit (saved fit (Persist.loadWith definition))))
          testCase "a family other than the saved one is an error" (fun () ->
              withPath (fun path ->
                  Persist.save path geometricFit.Value |> ok
                  let message result = (error result).Message

                  Assert.Equal(
                      $"{path}: Family must be a built-in one, or given to Persist.loadWith or among the families of Persist.loadFrom, but is \"failures\".",
                      message (Persist.load<ExponentialParameters> path)
                  )

                  Assert.Equal(
                      $"{path}: Family must be \"poisson\", the family requested, but is \"failures\".",
                      message (Persist.loadWith (ExponentialFamily.components Poisson.family) path)
                  )

                  let other =
                      { geometric with
                          Statistic = fun x -> (x * 2.0).unsqueeze 2 }

                  Assert.Contains(
                      "settings.statistics must be T(0) and T(1) of failures as it is defined",
                      message (Persist.loadWith (ExponentialFamily.components other) path)
                  )))
          testCase "trials and levels are the saved ones" (fun () ->
              let rows = [| for n in 0..19 -> [| float (n % 4) |] |]

              let options family =
                  { Gmm.defaultsOf family with
                      Components = 2
                      Start = Start.Points
                      Execution = oneThread }

              for family in [ Binomial.family 9; Categorical.family 6 ] do
                  let fit = sourceOf rows |> Gmm.fit (options family) |> ok
                  Assert.True(isSame (sourceOf rows) fit (saved fit Persist.load))

              withPath (fun path ->
                  sourceOf rows |> Gmm.fit (options (Binomial.family 9)) |> ok |> Persist.save path |> ok
                  let other = Persist.loadWith (ExponentialFamily.components (Binomial.family 8)) path
                  Assert.Contains("means must be the means of a distribution (binomial)", (error other).Message))) ]

// ── What a file is ──────────────────────────────────────────────────────────────────────────────────────────────────

let private faithful = lazy DataSet.faithful().Source

let private faithfulFit =
    lazy
        (faithful.Value
         |> Gmm.fit
             { Gmm.defaults with
                 Components = 2
                 Family.MeanPrior =
                     Some
                         { Mean = Tensor.vector [| 3.5; 70.0 |]
                           Precision = 0.5 }
                 MaxIterations = 20
                 Execution = oneThread }
         |> ok)

let private faithfulBytes =
    lazy
        (withPath (fun path ->
            Persist.save path faithfulFit.Value |> ok
            File.ReadAllBytes path))

[<Tests>]
let ``what a file is`` =
    testList
        "Persist: what a file is"
        [ testCase "a file is JSON with names, words and every digit" (fun () ->
              use document = JsonDocument.Parse faithfulBytes.Value
              let root = document.RootElement
              let state = root |> field "state"
              Assert.Equal("gmm fit", (root |> field "format").GetString())
              Assert.Equal(1, (root |> field "version").GetInt32())
              Assert.Equal("gaussian", (root |> field "family").GetString())
              Assert.Equal("full", (state |> field "structure").GetString())
              Assert.Equal("soft", (state |> field "assignment").GetString())
              Assert.Equal("converged", (state |> field "stop").GetString())
              let gaussian = faithfulFit.Value.Parameters
              Assert.Equal(gaussian.Means, tensorOf (state |> field "means"))
              Assert.Equal(gaussian.Covariances, tensorOf (state |> field "covariances"))
              Assert.Equal<float>([| 0.5 |], numbers (state |> field "settings.meanPrecisionPrior"))
              Assert.Equal<float[]>(faithfulFit.Value.Trace, numbers (state |> field "trace")))
          testCase "the layout of the text does not matter, and options are kept" (fun () ->
              let options = Map [ "tolerance", Tensor.scalar 1e-3; "labels", Tensor.vector [| 1.0; 0.0 |] ]

              withPath (fun path ->
                  Persist.toSaved options faithfulFit.Value |> Persist.write path |> ok
                  use document = JsonDocument.Parse(File.ReadAllText path)
                  File.WriteAllText(path, JsonSerializer.Serialize document.RootElement)
                  let read = Persist.read path |> ok
                  Assert.True(exact options = exact read.Options)
                  Assert.True(isSame faithful.Value faithfulFit.Value (Persist.ofSaved read |> ok))))
          // A file that version 1 of the format wrote.
          testCase "a text is the content of a file, and is read as one" (fun () ->
              let fit = mixedFit mixedParts mixedRows.Value
              let content = Persist.toSaved (Map [ "options.mine", Tensor.scalar 0.1 ]) fit
              let json = Persist.toJson content |> ok

              withPath (fun path ->
                  Persist.write path content |> ok
                  Assert.Equal(File.ReadAllText path, json))

              let again = Persist.ofJson json |> ok
              Assert.Equal(content.Family, again.Family)
              Assert.True((exact content.State = exact again.State))
              Assert.True((exact content.Options = exact again.Options))

              for damaged in
                  [ ""; "{}"; json.Substring(0, json.Length / 2); json.Replace("\"seed\": 0", "\"seed\": 1") ] do
                  match Persist.ofJson damaged with
                  | Error(UnreadableFile("The text of a fit", 0, 0, _)) -> ()
                  | other -> failwith $"damaged text gives {other}"

              let withNaN =
                  { content with
                      Options = Map [ "x", Tensor.scalar nan ] }

              Assert.Equal(Error(InvalidOption("x", "numbers", "NaN")), Persist.toJson withNaN))

          testCase "every power of two keeps its bits, and so do its neighbours" (fun () ->
              let powers = [| for exponent in -1074 .. 1023 -> Math.ScaleB(1.0, exponent) |]

              let numbers =
                  [| yield! powers
                     yield! powers |> Array.map Math.BitIncrement
                     yield! powers |> Array.map Math.BitDecrement |]
                  |> Array.filter Double.IsFinite
                  |> Array.collect (fun number -> [| number; -number |])

              let content =
                  { Persist.toSaved (Map [ "numbers", Tensor.vector numbers ]) (mixedFit mixedParts mixedRows.Value) with
                      State = Map.empty }

              let again = Persist.toJson content |> ok |> Persist.ofJson |> ok
              Assert.True((exact content.Options = exact again.Options)))

          testCase "files of version 1 can be read for good" (fun () ->
              let path = Path.Combine(AppContext.BaseDirectory, "Oracles", "fit-version-1.json")
              let fit: Fit<Gaussian> = Persist.load path |> ok
              near 1e-6 "log-likelihood" -1130.26396 (Math.Round(fit.LogLikelihood, 5))
              // Scored on another machine, the last digits may be others.
              near 1e-9 "score" fit.LowerBound (Predict.score fit faithful.Value |> ok)
              Assert.Equal(11, fit.FreeParameters)) ]

// ── Files that are not what was saved ───────────────────────────────────────────────────────────────────────────────

/// The text of the file with something in place of something else, and the reason that it is refused for.
let private replaced (old: string) (fresh: string) =
    let text = Encoding.UTF8.GetString faithfulBytes.Value
    Assert.Contains(old, text)

    match loadBytes (Encoding.UTF8.GetBytes(text.Replace(old, fresh))) with
    | Ok _ -> failwith $"\"{old}\" may become \"{fresh}\""
    | Error reason -> reason

[<Tests>]
let ``files that are not what was saved`` =
    testList
        "Persist: files that are not what was saved"
        [ testCase "no beginning of a file is a file" (fun () ->
              let whole = faithfulBytes.Value

              for length in 0 .. whole.Length - 3 do
                  match loadBytes whole[.. length - 1] with
                  | Ok _ -> Assert.Fail $"The first {length} of {whole.Length} bytes were loaded."
                  | Error reason -> Assert.True(reason.Length > 20, reason))
          testCase "changed bytes are told, unless they change nothing" (fun () ->
              let whole = faithfulBytes.Value
              let expected = exact (Persist.toState faithfulFit.Value)
              let random = Random 11
              let mutable told = 0

              for trial in 1..3000 do
                  let bytes = Array.copy whole

                  for _ in 0 .. trial % 3 do
                      let place = random.Next bytes.Length

                      bytes[place] <-
                          if trial % 2 = 0 then
                              byte (random.Next 256)
                          else
                              "0123456789eE+-.,[]{}\" "B[random.Next 22]

                  match loadBytes bytes with
                  | Ok state -> Assert.True((exact state = expected), $"trial {trial} was loaded as something else")
                  | Error _ -> told <- told + 1

              Assert.True(told > 2000, $"{told} told"))
          testCase "what is wrong with a file is said, with what to do" (fun () ->
              let altered =
                  "It was altered after it was saved, or damaged. Take another copy, or save the model again."

              Assert.Equal(altered, replaced "\"seed\": 0" "\"seed\": 1")
              Assert.Equal(altered, replaced "\"full\"" "\"diag\"")
              Assert.Equal(altered, replaced "\"options\": {}" "\"options\": {}, \"more\": 1")

              Assert.Equal(
                  "Its format has version 2, but this library reads versions up to 1. Update the library.",
                  replaced "\"version\": 1" "\"version\": 2"
              )

              Assert.Equal(
                  "Its format has version 0, but the first version is 1.",
                  replaced "\"version\": 1" "\"version\": 0"
              )

              Assert.Equal(
                  "It is not a saved fit: version is not a whole number.",
                  replaced "\"version\": 1" "\"version\": 1.5"
              )

              Assert.Equal(
                  "It is not a saved fit: its format is \"gmm\", not \"gmm fit\".",
                  replaced "\"gmm fit\"" "\"gmm\""
              )

              Assert.Equal("It is not a saved fit: state is missing.", replaced "\"state\"" "\"estate\"")

              Assert.Equal(
                  "structure can't be \"round\".",
                  replaced "\"structure\": \"full\"" "\"structure\": \"round\""
              )

              Assert.Equal("seed can't be true.", replaced "\"seed\": 0" "\"seed\": true")
              Assert.Equal("The rows of settings.meanPrior differ in length.", replaced "[3.5, 70]," "[3.5],")
              Assert.StartsWith("It is not a complete JSON file: ", replaced "\"seed\": 0" "\"stop\": \"converged\"")
              Assert.StartsWith("It is not a complete JSON file: ", replaced "\"seed\": 0" "\"seed\": NaN")

              match loadBytes "[1, 2]"B, loadBytes "{}"B, loadBytes [||] with
              | Error list, Error none, Error empty ->
                  Assert.Equal("It is not a saved fit: format is missing.", list)
                  Assert.Equal("It is not a saved fit: format is missing.", none)
                  Assert.StartsWith("It is not a complete JSON file: ", empty)
              | other -> failwith $"%A{other}")
          testCase "a file that is not there, a folder, or a place where none can be" (fun () ->
              withPath (fun path ->
                  let reason result =
                      match result with
                      | Error(UnreadableFile(_, 0, 0, reason)) -> reason
                      | other -> failwith $"%A{other}"

                  Assert.Equal("There is no such file.", reason (Persist.load<Gaussian> path))
                  Assert.Equal("This is a folder, not a file.", reason (Persist.load<Gaussian>(Path.GetTempPath())))

                  Assert.Equal(
                      "This is a folder, not a file.",
                      reason (Persist.save (Path.GetTempPath().TrimEnd '/') faithfulFit.Value)
                  )

                  File.WriteAllText(path, "a file, no folder")

                  Assert.True(
                      (reason (Persist.save (Path.Combine(path, "model.json")) faithfulFit.Value)).Length > 10
                  )

                  Assert.Equal("a file, no folder", File.ReadAllText path)))
          testCase "a reader gets a whole fit while others save" (fun () ->
              let fits = [| for k in 1..3 -> faithful.Value |> Gmm.fit { plain k Full with MaxIterations = 3 } |> ok |]
              let states = fits |> Array.map (Persist.toState >> exact)

              inFolder (fun folder ->
                  let path = Path.Combine(folder, "model.json")
                  Persist.save path fits[0] |> ok

                  let writers =
                      fits
                      |> Array.map (fun fit ->
                          Tasks.Task.Run(fun () ->
                              for _ in 1..100 do
                                  Persist.save path fit |> ok))

                  let readOne () =
                      let state = Persist.load<Gaussian> path |> ok |> Persist.toState |> exact
                      Assert.Contains(state, states)

                  while not (writers |> Array.forall _.IsCompleted) do
                      readOne ()

                  Tasks.Task.WaitAll writers
                  readOne ()
                  Assert.Equal<string>([| path |], Directory.GetFiles folder))) ]

// ── States ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private faithfulState = lazy (Persist.toState faithfulFit.Value)

let private impossible: (string * string * Tensor)[] =
    [| "weights that don't sum to 1", "logWeights", Tensor.vector [| -0.5; -0.5 |]
       "no weight at all", "logWeights", Tensor.vector [| -infinity; -infinity |]
       "three weights", "logWeights", Tensor.vector (Array.create 3 (log (1.0 / 3.0)))
       "infinite means", "means", Tensor.matrix (array2D [ [ 1.0; infinity ]; [ 0.0; 0.0 ] ])
       "a structure that is none", "structure", Tensor.scalar 14.0
       "a structure between two", "structure", Tensor.scalar 0.5
       "covariances that are not definite",
       "covariances",
       Tensor.create [| 2; 2; 2 |] [| 1.0; 2.0; 2.0; 1.0; 1.0; 0.0; 0.0; 1.0 |]
       "covariances that are not symmetric",
       "covariances",
       Tensor.create [| 2; 2; 2 |] [| 1.0; 0.5; 0.1; 1.0; 1.0; 0.0; 0.0; 1.0 |]
       "factors of other covariances",
       "inverseFactors",
       Tensor.create [| 2; 2; 2 |] [| 1.0; 0.0; 0.0; 1.0; 1.0; 0.0; 0.0; 1.0 |]
       "negative regularisation", "settings.regularisation", Tensor.vector [| 1.0; -1.0 |]
       "a precision of 0", "settings.MeanPrior.Precision", Tensor.scalar 0.0
       "no weight of the data", "statistics.weight", Tensor.scalar 0.0
       "an infinite objective", "trace", Tensor.vector [| infinity |]
       "a seed between two", "seed", Tensor.scalar 0.25
       "a seed beyond all", "seed", Tensor.scalar 1e10
       "another number of features at the start", "start", Tensor.scalar 0.0 |]

[<Tests>]
let statesTests =
    testList
        "Persist: states"
        [ testCase "every entry of a state is needed, but for what is computed and what need not be believed" (fun () ->
              for KeyValue(name, _) in faithfulState.Value do
                  let without = faithfulState.Value |> Map.remove name |> Persist.ofState Gaussian.family

                  match name with
                  | "inverseFactors"
                  | "start.inverseFactors"
                  // In files of the first release, which have plain EM.
                  | "passes"
                  | "remaining" -> Assert.True(isSame faithful.Value faithfulFit.Value (ok without))
                  | "settings.meanPrior" ->
                      // κ₀ alone is a stray.
                      Assert.Contains(
                          "settings.meanPrecisionPrior must be an entry of gaussian, but is an unknown one",
                          (error without).Message
                      )
                  | "settings.regularisation"
                  | "settings.floor" ->
                      let fit = ok without
                      Assert.Equal<float[]>(faithfulFit.Value.Trace, fit.Trace)
                  | _ ->
                      Assert.Equal($"{name} must be an entry of the state, but is missing.", (error without).Message))
          testCase "every entry of another shape, and every NaN, is an error that names it" (fun () ->
              for KeyValue(name, numbers) in faithfulState.Value do
                  let changed (tensor: Tensor) =
                      match faithfulState.Value |> Map.add name tensor |> Persist.ofState Gaussian.family with
                      | Error(InvalidOption(named, _, _)) -> named
                      | other -> failwith $"{name}: %A{other}"

                  // For another number of components or features the error names the first entry that does not fit.
                  let shaped = changed (Tensor.create (Array.append numbers.shape [| 1 |]) (numbers.toArray ()))
                  Assert.Equal(name, shaped)
                  let values = numbers.toArray ()
                  values[values.Length - 1] <- nan
                  let told = changed (Tensor.create numbers.shape values)

                  Assert.True(
                      (told = name
                       // The beliefs are checked as options are.
                       || (name.StartsWith "settings.mean" && told.StartsWith "settings.MeanPrior")),
                      $"{name} was told as {told}"
                  ))
          testCase "a state that can't be a fit is an error that names the entry" (fun () ->
              for what, name, numbers in impossible do
                  let state =
                      match name with
                      | "start" ->
                          let start =
                              Fit.ofMixture
                                  Gaussian.family
                                  (mixtureOf Full [| 1.0; 1.0 |] (array2D [ [ 1.0 ]; [ 2.0 ] ]) (Tensor.scalar 1.0))

                          Map.foldBack
                              Map.add
                              (Persist.toState start |> State.within "start" |> State.under "start")
                              faithfulState.Value
                      | "settings.MeanPrior.Precision" ->
                          Map.add "settings.meanPrecisionPrior" numbers faithfulState.Value
                      | _ -> Map.add name numbers faithfulState.Value

                  match Persist.ofState Gaussian.family state with
                  | Error(InvalidOption(named, _, _)) -> Assert.Equal(name, named)
                  | other -> failwith $"{what}: %A{other}")
          testCase "an entry that no fit has is an error" (fun () ->
              let state = faithfulState.Value |> Map.add "mean" (Tensor.scalar 0.0)
              let message = (error (Persist.ofState Gaussian.family state)).Message
              Assert.Equal("mean must be an entry of gaussian, but is an unknown one.", message))
          testCase "a state that no file can hold is an error before anything is written" (fun () ->
              withPath (fun path ->
                  for options in [ Map [ "structure", Tensor.scalar 99.0 ]; Map [ "x", Tensor.scalar nan ] ] do
                      match Persist.toSaved options faithfulFit.Value |> Persist.write path with
                      | Error(InvalidOption _) -> Assert.False(File.Exists path)
                      | other -> failwith $"%A{other}")) ]
