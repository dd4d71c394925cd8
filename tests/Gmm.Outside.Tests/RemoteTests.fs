/// Fits and predictions of rows on other machines have the bits of the same rows on this one.
module Gmm.Outside.RemoteTests

open System
open Expecto
open Gmm
open Gmm.Outside
open Gmm.Outside.Data

/// Three groups: 20,000 rows of three columns in 4 runs of blocks.
let private numbers =
    let random = Random 3
    Array2D.init 20_000 3 (fun n j -> float (n % 3 * (j + 2)) + random.NextDouble() + random.NextDouble())

let private real = numbers |> Source.ofArray2D |> ok

let private weighted =
    let random = Random 4

    real
    |> Source.weighted (Array.init 20_000 (fun n -> if n % 7 = 0 then 0.0 else 0.5 + random.NextDouble()))
    |> ok

let private mapped (f: int -> int -> float -> float) = numbers |> Array2D.mapi f |> Source.ofArray2D |> ok
let private counts = mapped (fun _ _ x -> floor x)
let private bits01 = mapped (fun _ j x -> if x > float (j + 2) then 1.0 else 0.0)
let private positive = mapped (fun _ _ x -> x + 0.1)
let private shares = mapped (fun _ _ x -> (x + 0.1) / 13.0)

let private directions =
    mapped (fun n _ x ->
        let norm = sqrt (Seq.init 3 (fun j -> numbers[n, j] * numbers[n, j]) |> Seq.sum)
        x / norm)

let private labels = Array.init 20_000 (fun n -> n * 7 % 3)

let private shares3 =
    Array2D.init 20_000 3 (fun n k -> if k = n % 3 then 0.5 + float (n % 4) / 8.0 else 0.25 - float (n % 4) / 16.0)

/// Returns rows on another machine, and the questions of a scan about them, as they are asked.
let private recorded scan (source: Source) : ResizeArray<Question> * Source =
    let _, elsewhere = Machines.share SavedFamily.builtIn 1 source
    let asked = ResizeArray<Question>()

    let recording =
        { new RemoteRows() with
            member _.Name = "recording"
            member _.IsWeighted = false
            member _.Invoke index = elsewhere.Read index

            member _.Ask(question, cancellation) =
                if question.Scan = scan then
                    asked.Add question

                (Source.remote elsewhere).Value.Ask(question, cancellation) }

    asked, Source.ofRemote source.Rows source.Columns recording

/// Returns the bits of a fit, of its predictions, and the machines that it was made on; none for this machine.
let private outcome (options: FitOptions<'kind, 'θ>) machines (source: Source) =
    let machines, source =
        if machines = 0 then
            None, source
        else
            let machines, source = Machines.share SavedFamily.builtIn machines source
            Some machines, source

    let fit = Gmm.fit options source |> ok
    let labels = Predict.labels fit source |> ok
    let responsibilities = Predict.responsibilities fit source |> ok
    let densities = Predict.logDensities fit source |> ok
    let sums = [| Predict.score fit source |> ok; Predict.icl fit source |> ok |]

    (bits fit,
     [| labels |> Array.map int64
        responsibilities |> Seq.cast<float> |> Seq.map BitConverter.DoubleToInt64Bits |> Array.ofSeq
        Array.append densities sums |> Array.map BitConverter.DoubleToInt64Bits |]),
    machines

let private same name (options: FitOptions<'kind, 'θ>) (source: Source) =
    testCase name (fun () ->
        let expected, _ = outcome options 0 source

        for count in [ 1; 3 ] do
            let found, machines = outcome options count source
            Expect.equal found expected $"{count} machines"
            // A table this small is fetched once for starts, for each part of a product; and the first block, for its first row.
            Expect.isLessThanOrEqual machines.Value.Reads (4 + 2 * int source.Blocks) "blocks that the fit reads")

let private gaussian =
    { Gmm.defaults with
        Components = 3
        MaxIterations = 15 }

let private of3 (kind: 'kind) : FitOptions<'kind, 'θ> when 'kind :> Kind<'θ> =
    { Gmm.defaultsOf kind with
        Components = 3
        MaxIterations = 15 }

[<Tests>]
let structures =
    testList
        "Remote: structures"
        [ for structure in Structure.all ->
              same
                  (Structure.name structure)
                  { gaussian with
                      Family.Structure = structure }
                  real ]

[<Tests>]
let families =
    testList
        "Remote: families"
        [ same "Poisson" (of3 Poisson.family) counts
          same
              "Bernoulli"
              { of3 Bernoulli.family with
                  Start = Start.RandomResponsibilities }
              bits01
          same "binomial" (of3 (Binomial.family 12)) counts
          same "categorical" (of3 (Categorical.family 12)) counts
          same "geometric" (of3 Geometric.family) counts
          same "exponential" (of3 Exponential.family) positive
          same "gamma" (of3 Gamma.family) positive
          same "log-normal" (of3 LogNormal.family) positive
          same "beta" (of3 Beta.family) shares
          same "negative binomial" (of3 NegativeBinomialKind.defaults) counts
          same "multinomial" (of3 MultinomialKind.defaults) counts
          same "von Mises-Fisher" (of3 VonMisesFisherKind.defaults) directions
          same "Student's t" (of3 StudentTKind.defaults) real
          same
              "product"
              (of3 (
                  ProductKind.ofParts
                      [ Part.create [| 2 |] Poisson.family; Part.create [| 1; 0 |] GaussianKind.defaults ]
              ))
              counts
          same
              "noise"
              { gaussian with
                  Noise = Some NoiseVolume.Hypervolume }
              real
          same
              "variational Bayes"
              { Bayes.defaults with
                  Components = 5
                  MaxIterations = 15 }
              real
          same "weights" gaussian weighted
          same
              "priors"
              { gaussian with
                  WeightPrior = Dirichlet [| 2.0; 2.0; 2.0 |] }
              real
          same "hard assignment" { gaussian with Assignment = Hard } real
          same "k-means" { KMeans.defaults with Components = 3 } real
          testCase "clusters of k-means" (fun () ->
              let found = KMeans.fit { KMeans.defaults with Components = 3 } real |> ok
              let machines, elsewhere = Machines.share SavedFamily.builtIn 3 real
              Expect.equal (KMeans.predict found elsewhere) (KMeans.predict found real) "labels"
              Expect.equal (KMeans.inertia found elsewhere) (KMeans.inertia found real) "inertia"
              Expect.equal machines.Reads 0 "blocks read")
          same
              "k-means with empty clusters"
              { KMeans.defaults with
                  Components = 3
                  Start = Start.Means(array2D [ [ 1.0; 1.0; 1.0 ]; [ 1e3; 1e3; 1e3 ]; [ 2e3; 2e3; 2e3 ] ]) }
              real ]

[<Tests>]
let starts =
    testList
        "Remote: starts"
        [ for start in
              [ Start.Auto
                Start.Thorough
                Start.KMeans
                Start.KPlusPlus
                Start.Points
                Start.FarthestFirst
                Start.Random
                Start.RandomResponsibilities
                Start.Means(array2D [ [ 1.0; 1.0; 1.0 ]; [ 3.0; 4.0; 5.0 ]; [ 5.0; 7.0; 9.0 ] ]) ] do
              same
                  ((sprintf "%A" start).Split('\n')[0])
                  { gaussian with
                      Start = start
                      Restarts = 2 }
                  real

          testCase "large data: starts see a sample, whose rows the machines choose" (fun () ->
              let wide =
                  Formula.source 40_000L 120 (fun n j ->
                      float ((n * 7919L + int64 (j * j)) % 101L) + 300.0 * float (n % 2L))

              let options =
                  { gaussian with
                      Components = 2
                      Family.Structure = Spherical
                      Start = Start.KMeans
                      MaxIterations = 2 }

              for source in [ wide; wide |> Source.weighted (Array.init 40_000 (fun n -> float (n % 5))) |> ok ] do
                  let machines, elsewhere = Machines.share SavedFamily.builtIn 2 source
                  sameBits (Gmm.fit options source |> ok) (Gmm.fit options elsewhere |> ok)
                  Expect.isLessThan machines.Reads 5 "blocks that the fit reads")

          testCase "samples of rows are kept for the next fit, four at most" (fun () ->
              let asked, rows =
                  Formula.source 20_000L 120 (fun n j -> float ((n * 7919L + int64 (j * j)) % 101L))
                  |> recorded "stretches"

              /// Returns how many questions a fit asks for a sample, whose size depends on the number of components.
              let asks components =
                  asked.Clear()

                  rows
                  |> Gmm.fit
                      { gaussian with
                          Components = components
                          Family.Structure = Spherical
                          Start = Start.Points
                          MaxIterations = 1 }
                  |> ok
                  |> ignore

                  asked.Count

              // A fit needs two samples, of which one has the same size for any number of components. With 5, 6 and 7
              // components these are four; with 8, the fifth takes the place of all, and the other is drawn anew.
              Expect.equal ([ 5; 5; 6; 7; 5; 8; 5 ] |> List.map asks) [ 2; 0; 1; 1; 0; 2; 1 ] "questions")

          for name, source in [ "", real; ", weights", weighted ] do
              for start in [ Start.Labels labels; Start.Responsibilities shares3 ] do
                  same
                      ($"%A{start}".Split(' ')[0] + name)
                      { gaussian with
                          Start = start
                          StartWeights = Some [| 0.5; 0.25; 0.25 |] }
                      source

          same
              "labels of noise"
              { gaussian with
                  Start = Start.Labels(labels |> Array.mapi (fun n label -> if n % 10 = 9 then -1 else label))
                  Noise = Some NoiseVolume.Hypervolume }
              weighted

          same
              "labels of categories"
              { of3 (Categorical.family 12) with
                  Start = Start.Labels labels }
              counts

          testCase "large data: labels of all rows count, also those of components that the sample lacks" (fun () ->
              // 30,250 rows of 40,000 are the sample. 24 components have a row each.
              let wide =
                  Formula.source 40_000L 120 (fun n j ->
                      float ((n * 7919L + int64 (j * j)) % 101L) + (if n < 24L then 0.0 else 1e3))

              let labels = Array.init 40_000 (fun n -> if n < 24 then n else 24)

              let options =
                  { gaussian with
                      Components = 25
                      Family.Structure = TiedSpherical
                      Start = Start.Labels labels
                      MaxIterations = 1 }

              let machines, elsewhere = Machines.share SavedFamily.builtIn 2 wide
              let here = Gmm.fit options wide |> ok
              sameBits here (Gmm.fit options elsewhere |> ok)
              Expect.isLessThan machines.Reads 30 "blocks that the fit reads") ]

[<Tests>]
let slices =
    testCase "Remote: slices of other lengths, or with numbers that are no labels, are errors" (fun () ->
        let source = numbers |> Array2D.map (fun x -> floor x) |> Source.ofArray2D |> ok
        let server = RowServer(SavedFamily.builtIn, source)
        let runs = [| 1; 3 |]
        let asked, elsewhere = source |> recorded "give"

        // A fit asks the question, of which others are made.
        { of3 Poisson.family with
            Start = Start.Labels labels
            MaxIterations = 1 }
        |> fun options -> Gmm.fit options elsewhere
        |> ok
        |> ignore

        let whole = asked[0]
        let own = runs |> Array.map (fun run -> whole.Slices[run])
        let answer slices = server.Answer({ whole with Slices = slices }, runs, Execution.Default)
        Expect.isOk (answer own) "the slices of the runs"

        let bad change = own |> Array.mapi (fun i slice -> if i = 1 then change slice else slice)

        for slices in
            [ [||]
              [| own[0] |]
              Array.append own [| own[0] |]
              bad (Array.skip 1)
              bad (Array.append [| 0.0 |])
              bad (fun _ -> null)
              for label in [ -2.0; 3.0; 0.5; nan; infinity ] do
                  bad (Array.mapi (fun i number -> if i = 7 then label else number)) ] do
            Expect.isError (answer slices) $"%A{slices}")

[<Tests>]
let errors =
    testList
        "Remote: errors"
        [ for name, row, value in [ "infinite", 12_345, infinity; "missing", 3, nan; "too large", 19_999, 1e200 ] do
              testCase $"a number that is {name} has the error of this machine" (fun () ->
                  let source = numbers |> Array2D.mapi (fun n j x -> if n = row && j = 1 then value else x)
                  let source = source |> Source.ofArray2D |> ok
                  let _, elsewhere = Machines.share SavedFamily.builtIn 3 source
                  let expected = Gmm.fit gaussian source |> Result.map ignore
                  Expect.isError expected "this machine"
                  Expect.equal (Gmm.fit gaussian elsewhere |> Result.map ignore) expected "other machines")

          for name, row in [ "early", 5; "late", 19_990 ] do
              testCase $"a number outside the domain has the error of this machine, {name}" (fun () ->
                  let source = mapped (fun n j x -> if n = row && j = 2 then -1.0 else floor x)
                  let _, elsewhere = Machines.share SavedFamily.builtIn 3 source
                  let expected = Gmm.fit (of3 Poisson.family) source |> Result.map ignore
                  Expect.isError expected "this machine"
                  Expect.equal (Gmm.fit (of3 Poisson.family) elsewhere |> Result.map ignore) expected "other machines")

          testCase "a rare number outside the domain is found though starts don't see its row" (fun () ->
              let odd n j = n = 17_777L && j = 80
              let number n j = if odd n j then 0.5 else float ((n * 7919L + int64 j) % 7L)
              let source = Formula.source 40_000L 120 number
              let _, elsewhere = Machines.share SavedFamily.builtIn 3 source
              let expected = Gmm.fit (of3 Poisson.family) source |> Result.map ignore
              Expect.isError expected "this machine"
              Expect.equal (Gmm.fit (of3 Poisson.family) elsewhere |> Result.map ignore) expected "other machines")

          testCase "missing cells, other backends and weights from here are errors" (fun () ->
              let _, elsewhere = Machines.share SavedFamily.builtIn 2 real
              Expect.isError (elsewhere |> Source.weighted (Array.create 20_000 1.0) |> Result.map ignore) "weights"

              for options in
                  [ { gaussian with Missing = Missing.Fit }
                    { gaussian with
                        Backend = Textbook.backend Reference.engine } ] do
                  match Gmm.fit options elsewhere with
                  | Error(InvalidOption(("Missing" | "Backend"), _, _)) -> ()
                  | other -> failtest $"%A{other}")

          testCase "a cancelled fit leaves the next one alone" (fun () ->
              let machines, elsewhere = Machines.share SavedFamily.builtIn 2 real

              let cancelled =
                  { gaussian with
                      Execution =
                          { Execution.Default with
                              Cancellation = System.Threading.CancellationToken true } }

              Expect.throwsT<OperationCanceledException> (fun () -> Gmm.fit cancelled elsewhere |> ignore) "cancelled"
              sameBits (Gmm.fit gaussian real |> ok) (Gmm.fit gaussian elsewhere |> ok)
              Expect.isGreaterThan machines.Reads 0 "blocks read")

          testCase "a model of missing cells finds one on other machines an error" (fun () ->
              let holes = numbers |> Array2D.mapi (fun n j x -> if n = 400 && j = 1 then nan else x)
              let holes = holes |> Source.ofArray2D |> ok
              let fit = Gmm.fit { gaussian with Missing = Missing.Fit } holes |> ok
              let _, elsewhere = Machines.share SavedFamily.builtIn 2 holes
              Expect.isOk (Predict.labels fit holes) "here"

              match Predict.labels fit elsewhere, Predict.score fit elsewhere with
              | Error(MissingCell(400L, 1, 1L)), Error(MissingCell(400L, 1, 1L)) -> ()
              | other -> failtest $"%A{other}")

          testCase "a server needs the library's blocks" (fun () ->
              Expect.throwsT<GmmException>
                  (fun () -> RowServer(SavedFamily.builtIn, Source.select [| 0 |] real) |> ignore)
                  "blocks of three columns"

              let server = RowServer(SavedFamily.builtIn, real)

              for index in [ -1L; real.Blocks; 1L <<< 32 ] do
                  Expect.throwsT<GmmException> (fun () -> server.Read index |> ignore) "no such block")

          testCase "a question that breaks a rule is an error, not an answer" (fun () ->
              let server = RowServer(SavedFamily.builtIn, real)

              let question scan family arguments : Question =
                  { Scan = scan
                    Columns = [||]
                    Family = family
                    Arguments = Map arguments
                    Slices = [||] }

              let moments shape columns =
                  question
                      "moments"
                      ""
                      [ "shape", Tensor.scalar shape
                        "tied", Tensor.scalar 0.0
                        "point", Tensor.vector (Array.zeroCreate columns) ]

              let ranges direction =
                  question
                      "ranges"
                      ""
                      [ "point", Tensor.vector (Array.zeroCreate 3)
                        "directions", Tensor.matrix (Array2D.create 3 3 direction) ]

              let about columns (question: Question) = { question with Columns = columns }
              let good, ofOne = moments 0.0 3, moments 0.0 1

              for good in [ good; ofOne |> about [| 2 |]; ranges 1.0 ] do
                  Expect.isOk (server.Answer(good, [| 0; 3 |], Execution.Default)) $"%A{good}"

              for bad, runs in
                  [ good, [| 4 |]
                    good, [| -1 |]
                    ofOne |> about [| 3 |], [| 0 |]
                    ofOne |> about [| -1 |], [| 0 |]
                    moments 0.0 4 |> about [| 0; 1; 2; 0 |], [| 0 |]
                    ofOne, [| 0 |]
                    question "System.IO.File" "" [], [| 0 |]
                    question "moments" "" [], [| 0 |]
                    moments 9.0 3, [| 0 |]
                    ranges nan, [| 0 |]
                    ranges infinity, [| 0 |]
                    question
                        "stretches"
                        ""
                        [ "seed", Tensor.scalar 0.5; "count", Tensor.scalar 1.0; "rows", Tensor.scalar 20000.0 ],
                    [| 0 |]
                    question
                        "stretches"
                        ""
                        [ "seed", Tensor.scalar 0.0; "count", Tensor.scalar 0.0; "rows", Tensor.scalar 20000.0 ],
                    [| 0 |]
                    question "keys" "" [ "seed", Tensor.scalar 0.0; "limit", Tensor.vector [| -1.0; 0.0 |] ], [| 0 |]
                    question
                        "farthest"
                        ""
                        [ "count", Tensor.scalar 1.0; "centres", Tensor.matrix (array2D [ [ 1.0 ] ]) ],
                    [| 0 |]
                    question "expect" "full" [], [| 0 |]
                    question "expect" "nobody's" [], [| 0 |]
                    question "expect" (String.replicate 1_000_000 "full × " + "full") [], [| 0 |]
                    question "expect" (String.replicate 900 "(" + "full × full" + String.replicate 900 ")") [], [| 0 |]
                    { good with Slices = [| [||] |] }, [| 0 |]
                    { good with Slices = null }, [| 0 |]
                    { good with Family = null }, [| 0 |]
                    { good with Columns = null }, [| 0 |]
                    question "labels" "poisson" [ "logWeights", Tensor.vector [| 0.0 |] ], [| 0 |] ] do
                  Expect.isError (server.Answer(bad, runs, Execution.Default)) $"%A{bad}") ]
