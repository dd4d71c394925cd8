/// What all tests share: tolerances with their reasons, comparisons, data files and the way properties are run.
module Gmm.Tests.Support

open System
open System.Globalization
open System.IO
open System.Text.Json
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm

// ── Tolerances ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Every tolerance of the suite that more than one test uses, and why it is what it is.
module Tolerance =
    /// Oracles written with 16 digits by another program: both sides round in every of some 15 iterations, and EM may
    /// enlarge what they lose.
    let oracle = 1e-9
    /// One pass of sums over the same numbers in another order.
    let rounding = 1e-12
    /// Some iterations of EM from starts that differ by rounding only.
    let iterations = 1e-7
    /// How far the objective may fall by rounding, relative to its magnitude.
    let monotone = 1e-10

// ── Comparisons ─────────────────────────────────────────────────────────────────────────────────────────────────────

/// Fails unless |actual − expected| ≤ tolerance·|expected|, for every element; `what` says what was compared.
let relativelyNear (tolerance: float) (what: string) (expected: float[]) (actual: float[]) =
    Assert.True(
        (expected.Length = actual.Length),
        $"{what}: {expected.Length} numbers were expected, but there are {actual.Length}."
    )

    for i in 0 .. expected.Length - 1 do
        if not (expected[i] = actual[i] || abs (actual[i] - expected[i]) <= tolerance * abs expected[i]) then
            Assert.Fail $"{what}[{i}]: expected {expected[i]:R}, but is {actual[i]:R}; relative tolerance {tolerance}."

/// Whether |a − b| ≤ tolerance·scale for every element.
let allWithin (tolerance: float) (scale: float) (a: float[]) (b: float[]) =
    a.Length = b.Length && Array.forall2 (fun x y -> x = y || abs (x - y) <= tolerance * scale) a b

/// Fails unless |actual − expected| ≤ tolerance.
let near (tolerance: float) (what: string) (expected: float) (actual: float) =
    if not (abs (actual - expected) <= tolerance) then
        Assert.Fail $"{what}: expected {expected:R}, but is {actual:R}; tolerance {tolerance}."

/// Fails unless every number is near the expected one, relative to the largest magnitude of all.
let nearAll tolerance what (expected: float[]) (actual: float[]) =
    Assert.True((expected.Length = actual.Length), $"{what}: {actual.Length} numbers instead of {expected.Length}")
    let scale = expected |> Seq.filter Double.IsFinite |> Seq.map abs |> Seq.append [ 0.0 ] |> Seq.max

    for i in 0 .. expected.Length - 1 do
        if not (expected[i] = actual[i] || abs (actual[i] - expected[i]) <= tolerance * scale) then
            Assert.Fail $"{what}[{i}]: expected {expected[i]:R}, but is {actual[i]:R}"

/// The bits of numbers, so that comparing tells −0 from 0 and NaN equals NaN.
let bits (numbers: float[]) = numbers |> Array.map BitConverter.DoubleToInt64Bits

/// Whether no number is NaN or infinite.
let allFinite (numbers: float seq) = Seq.forall Double.IsFinite numbers

/// All numbers of a matrix, row by row.
let flat (matrix: float[,]) = matrix |> Seq.cast<float> |> Array.ofSeq

/// A MathNet matrix.
let dense (matrix: float[,]) = MathNet.Numerics.LinearAlgebra.Matrix<float>.Build.DenseOfArray matrix

// ── Results ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The value of a result; the test fails with the error's message where there is none.
let ok (result: Result<'T, GmmError>) : 'T =
    match result with
    | Ok value -> value
    | Error error -> failwith $"Expected a result, but got the error: {error.Message}"

/// The error of a result that must be one.
let error (result: Result<'T, GmmError>) : GmmError =
    match result with
    | Ok _ -> failwith "Expected an error, but got a result."
    | Error error -> error

// ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Where FsCheck's generators start, the same in every run.
let private seed, private gamma = 20240229UL, 9007199254740993UL

/// Checks a property on `count` generated values, always the same ones; fails with the smallest counterexample.
let checkTimes (count: int) (property: 'Testable) =
    let config =
        Config.QuickThrowOnFailure
            .WithMaxTest(count)
            .WithReplay(Some { Rnd = Rnd(seed, gamma); Size = None })
            .WithStartSize(1)
            .WithEndSize(100)
            .WithQuietOnSuccess(true)

    Check.One(config, property)

/// A test of a property on `count` generated values, always the same ones.
let testPropertyTimes (count: int) (name: string) (property: 'Testable) : Test =
    let config =
        { FsCheckConfig.defaultConfig with
            maxTest = count
            replay = Some(seed, gamma, None) }

    testPropertyWithConfig config name property

/// A test of a property of `count` values of a generator, always the same ones.
let testForAll (count: int) (name: string) (arbitrary: Arbitrary<'T>) (property: 'T -> bool) : Test =
    testPropertyTimes count name (Prop.forAll arbitrary property)

/// Checks a property of the values of a generator.
let forAll (count: int) (arbitrary: Arbitrary<'T>) (property: 'T -> bool) =
    checkTimes count (Prop.forAll arbitrary property)

/// A property of what a result holds; a case with an error that drawn data may well have is passed over. When too many
/// cases are passed over, the check fails.
let whenOk (result: Result<'T, GmmError>) (property: 'T -> bool) : Property =
    match result with
    | Ok value -> property value |> Prop.ofTestable
    | Error(SingularCovariance _ | CollapsedComponent _ | DegenerateComponent _) -> false ==> true
    | Error error -> failwith error.Message

/// A property of two results that must have a value both, or the same error; a case of errors is passed over.
let whenBothOk (a: Result<'A, GmmError>) (b: Result<'B, GmmError>) (property: 'A -> 'B -> bool) : Property =
    match a, b with
    | Ok a, Ok b -> property a b |> Prop.ofTestable
    | Error a, Error b when a = b -> false ==> true
    | Error a, Error b -> failwith $"two errors that differ: {a.Message} {b.Message}"
    | Error error, _
    | _, Error error -> failwith $"only one of the two: {error.Message}"

// ── What a machine lacks ────────────────────────────────────────────────────────────────────────────────────────────

/// Skips a test that this machine can't run. Fails it where a variable of the environment is `required`, as in CI.
let skipUnless (variable: string) (reason: string) : 'T =
    if Environment.GetEnvironmentVariable variable <> "required" then
        skiptest reason

    failwith reason

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The root of the repository: the folder above the running tests that has the solution.
let repositoryRoot =
    lazy
        (let rec up (folder: DirectoryInfo) =
            if File.Exists(Path.Combine(folder.FullName, "Gmm.sln")) then folder.FullName
            elif isNull folder.Parent then failwith "No folder above the tests has Gmm.sln."
            else up folder.Parent

         up (DirectoryInfo AppContext.BaseDirectory))

/// Calls a function with the path of a fresh folder, which is deleted afterwards.
let inFolder (work: string -> 'T) : 'T =
    let folder = Directory.CreateTempSubdirectory "gmm"

    try
        work folder.FullName
    finally
        folder.Delete true

/// Whether nothing in this process has a file open.
let isFree (path: string) =
    try
        use _ = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)
        true
    with :? IOException ->
        false

let private file (folder: string) (name: string) = Path.Combine(AppContext.BaseDirectory, folder, name)

/// The root of an oracle's JSON file.
let oracle (name: string) : JsonElement =
    use document = JsonDocument.Parse(File.ReadAllText(file "Oracles" name))
    document.RootElement.Clone()

/// A field of a JSON object.
let field (name: string) (element: JsonElement) = element.GetProperty name

/// All numbers of nested JSON arrays, from first to last.
let rec numbers (element: JsonElement) : float[] =
    match element.ValueKind with
    | JsonValueKind.Array ->
        [| for item in element.EnumerateArray() do
               yield! numbers item |]
    | _ -> [| element.GetDouble() |]

/// The lengths of nested JSON arrays; empty for a number.
let rec shapeOf (element: JsonElement) : int[] =
    match element.ValueKind with
    | JsonValueKind.Array ->
        Array.append [| element.GetArrayLength() |] (shapeOf (element.EnumerateArray() |> Seq.head))
    | _ -> [||]

/// A nested JSON array as a tensor.
let tensorOf (element: JsonElement) = Tensor.create (shapeOf element) (numbers element)

/// A JSON array of arrays as a matrix.
let matrixOf (element: JsonElement) = array2D [ for row in element.EnumerateArray() -> numbers row ]

/// A JSON array of whole numbers.
let integers (element: JsonElement) = [| for item in element.EnumerateArray() -> item.GetInt32() |]

/// The rows of a CSV file with a header, split at the commas.
let private csv path =
    File.ReadAllLines path |> Array.skip 1 |> Array.filter (fun line -> line <> "") |> Array.map _.Split(',')

let private number (text: string) = Double.Parse(text, CultureInfo.InvariantCulture)

/// A data set: its rows, and for each the number of its class.
type DataSet =
    { Rows: float[][]
      Labels: int[] }

    /// The rows as a source.
    member data.Source = ok (Source.ofRows data.Rows)

/// The data sets that the oracles are about.
module DataSet =
    /// The last column is the class; classes are numbered as they appear.
    let private labelled rows =
        let classes = rows |> Array.map Array.last |> Array.distinct

        { Rows = rows |> Array.map (fun row -> row[.. row.Length - 2] |> Array.map number)
          Labels = rows |> Array.map (fun row -> Array.findIndex ((=) (Array.last row)) classes) }

    /// Fisher's iris: 150×4, three species.
    let iris () = labelled (csv (file "data" "iris.csv"))

    /// Old Faithful: 272×2; the class is 1 for eruptions of more than three minutes.
    let faithful () =
        let rows = csv (file "data" "faithful.csv") |> Array.map (Array.map number)

        { Rows = rows
          Labels = rows |> Array.map (fun row -> if row[0] > 3.0 then 1 else 0) }

    /// Handwritten digits: 1797×64.
    let digits () = labelled (csv (file "data" "digits.csv"))

    /// By the name that the oracles have.
    let named name =
        match name with
        | "iris" -> iris ()
        | "faithful" -> faithful ()
        | "digits" -> digits ()
        | other -> failwith $"No data set is called {other}."

// ── Short names of the library's calls ──────────────────────────────────────────────────────────────────────────────

/// One thread, which is faster than many for the small data of most tests.
let oneThread = { Execution.Default with Threads = 1 }

/// Options for a fit as other programs make it: without regularisation, from one k-means run, by plain EM, until the objective
/// changes by less than the tolerance; on one thread.
let plain components structure =
    { Gmm.defaults with
        Components = components
        Family.Structure = structure
        Family.RegCovar = Absolute 0.0
        Start = Start.KMeans
        Stopping = Stopping.Change
        Acceleration = Acceleration.None
        Execution = oneThread }

/// Options for a fit of any kind that makes exactly so many iterations of plain EM, on one thread.
let exactly iterations components start kind =
    { Gmm.defaultsOf kind with
        Components = components
        Start = start
        Tolerance = 0.0
        MaxIterations = iterations
        Acceleration = Acceleration.None
        Execution = oneThread }

/// Rows as a source.
let sourceOf (rows: float[][]) = ok (Source.ofRows rows)

/// A block as a source, even one without rows.
let sourceOfBlock (block: Block) : Source =
    { Rows = int64 (max 1 block.Rows)
      Columns = block.Columns
      BlockRows = max 1 block.Rows
      Read = fun _ -> block }

/// The statistics of an E-step on a backend, on one thread.
let statisticsOn (backend: Backend) (family: Family<'θ>) assignment (mixture: Mixture<'θ>) source : Statistics =
    use pass = backend.Open(family, source, oneThread) |> ok
    pass.Expect(assignment, mixture)

/// Parameters as those of a product's part.
let partOf (parameters: 'θ) = PartParameters<'θ> parameters :> PartParameters

/// A mixture of Gaussians.
let mixtureOf structure weights means covariances =
    Gaussian.create structure means covariances |> Result.bind (Mixture.create weights) |> ok

/// All numbers that a mixture of Gaussians holds: weights, means, covariances.
let parameters (mixture: Mixture<Gaussian>) =
    Array.concat [ mixture.Weights; mixture.Parameters.Means.toArray (); mixture.Parameters.Covariances.toArray () ]

/// The largest fall of the objective from one iterate to the next, relative to its magnitude or to 1; 0 where it never falls.
/// The first objective may be −∞, because a row is impossible under the first mixture; it can't fall from there.
let largestFall (fit: Fit<'θ>) =
    fit.Trace
    |> Array.pairwise
    |> Array.mapi (fun i (before, after) ->
        if i = 0 && before = -infinity && after >= before then
            0.0
        else
            (before - after) / max 1.0 (abs before))
    |> Array.fold max 0.0

/// A mixture as a fit of no iteration, for what is asked of fits.
let fitOf (family: Family<'θ>) (mixture: Mixture<'θ>) (source: Source) : Fit<'θ> =
    let model =
        { Model.ofFamily family with
            Execution = oneThread }

    EM.iterates model source mixture |> Fit.ofIterates model 0 0 (fun _ _ -> false) |> ok
