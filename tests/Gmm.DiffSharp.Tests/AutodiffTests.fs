/// The log-likelihood as a function to differentiate: score, observed information and standard errors.
module Gmm.DiffSharp.Tests.AutodiffTests

open System
open Expecto
open Gmm
open Gmm.Tests
open Gmm.Tests.Support
open Gmm.DiffSharp.Tests.Cases
open MathNet.Numerics.LinearAlgebra

type private dsharp = DiffSharp.dsharp

let private numbers (tensor: DiffSharp.Tensor) = (DiffSharpTensor.ofDiffSharp tensor).toArray()

let private tensor (values: float[]) = DiffSharpTensor.toDiffSharp float64 (Tensor.vector values)

let private scalar (tensor: DiffSharp.Tensor) = (numbers tensor)[0]

/// The log-likelihood on the Reference engine, without DiffSharp.
let private logLikelihood (parameters: FreeParameters<'θ>) source (theta: float[]) =
    let mixture = parameters.ToMixture(Tensor.vector theta)
    // As logits, log-weights have a constant to take away.
    let mixture = Mixture.create mixture.Weights mixture.Parameters |> ok

    let model =
        { Model.ofFamily parameters.Family with
            Execution = oneThread }

    (EM.eStep model source mixture).LogLikelihood

/// Derivatives by central differences of two widths, of which the leading errors cancel (Richardson).
let private numerical (f: float[] -> float[]) (theta: float[]) : float[][] =
    let difference h i =
        let at (step: float) = Array.mapi (fun j x -> if j = i then x + step else x) theta |> f
        Array.map2 (fun above below -> (above - below) / (2.0 * h)) (at h) (at -h)

    Array.init theta.Length (fun i ->
        let h = 1e-3 * max 0.1 (abs theta[i])
        Array.map2 (fun wide narrow -> (4.0 * narrow - wide) / 3.0) (difference h i) (difference (h / 2.0) i))

/// Free parameters, a point, and data: those of a family and structure; what is checked is the same for any.
type private IPointCheck =
    abstract Use: FreeParameters<'θ> -> theta: float[] -> Source -> unit

type private Point =
    abstract Check: IPointCheck -> unit

let private point (parameters: FreeParameters<'θ>) mixture source =
    { new Point with
        member _.Check check = check.Use parameters (ok (parameters.OfMixture mixture)) source }

/// Points that are no maximum, with weighted data of several blocks.
let private points: (string * Point) list =
    [ for structure in structures do
          for features in [ 1; 3 ] do
              $"{Structure.name structure}, {features} features",
              point
                  (FreeParameters.gaussian (gaussianMixture structure features))
                  (gaussianMixture structure features)
                  (sourceIn 16 true features (drawn 40 (gaussianRow features)))

      let one = mixtureOf Full [| 1.0 |] (array2D [ [ 1.0; 2.0 ] ]) (Tensor.scalar 3.0)

      "one component", point (FreeParameters.gaussian one) one (sourceIn 16 false 2 (drawn 20 (gaussianRow 2)))

      for family, logPartition, mixture, row in exponentials do
          family.Name,
          point (FreeParameters.exponential family logPartition mixture) mixture (sourceIn 16 true 2 (drawn 40 row)) ]

let pointNames = List.map fst points

let private check (name: string) what = (points |> List.find (fst >> (=) name) |> snd).Check what

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The log-likelihoods of the E-step and of a tensor of DiffSharp.
let private likelihoods name place tolerance =
    { new ICheck with
        member _.Use family mixture columns row =
            let data = sourceIn 16 true columns (drawn 100 row)
            let engine = ok (DiffSharpTensor.engine place)

            let placed =
                { LogWeights = engine.Move mixture.LogWeights
                  Parameters = family.Move engine.Move mixture.Parameters }

            let model =
                { Model.ofFamily family with
                    Execution = oneThread }

            let expected = (EM.eStep model data mixture).LogLikelihood
            near (tolerance * abs expected) name expected (scalar (Autodiff.logLikelihood family placed data)) }

let caseNames =
    // A k-means mixture has no weights, and so no likelihood.
    List.ofSeq (cases |> Seq.map fst |> Seq.filter ((<>) "centroid"))

/// Compares a mixture of tensor expressions, on an engine of DiffSharp, with that of the core's coordinates.
let private isCoreMixture (parameters: FreeParameters<'θ>) numbersOf name (mixture: Mixture<'θ>) =
    let theta = parameters.OfMixture mixture |> ok
    Assert.Equal<string[]>(Coordinates.names parameters.Family mixture, parameters.Names)
    Assert.Equal<float[]>(Coordinates.ofMixture parameters.Family mixture |> ok, theta)
    let expected = Coordinates.toMixture parameters.Family mixture theta |> ok
    let actual = parameters.ToMixture(DiffSharpTensor.ofDiffSharp (tensor theta))
    nearAll 1e-12 $"{name}, weights" expected.Weights actual.Weights

    for number, (expected: Tensor, actual: Tensor) in
        Seq.indexed (Seq.zip (numbersOf expected.Parameters) (numbersOf actual.Parameters)) do
        Assert.Equal<int[]>(expected.shape, actual.shape)
        nearAll 1e-12 $"{name}, tensor {number}" (expected.toArray ()) (actual.toArray ())

[<Tests>]
let valuesTests =
    testList
        "Autodiff: values"
        [ testTheory "the log-likelihood is the E-step's" caseNames (fun (name: string) ->
              let case = cases |> List.find (fst >> (=) name) |> snd
              case.Check(likelihoods name float64 1e-12)
              case.Check(likelihoods name float32 1e-4))
          testTheory "free parameters make the mixture they come from" pointNames (fun (name: string) ->
              check
                  name
                  { new IPointCheck with
                      member _.Use parameters theta source =
                          Assert.Equal(theta.Length, parameters.Names.Length)
                          Assert.Equal(theta.Length, Array.distinct parameters.Names |> Array.length)
                          let mixture = parameters.ToMixture(Tensor.vector theta)
                          nearAll 1e-12 "again" theta (ok (parameters.OfMixture mixture))
                          let free = mixture.Components - 1 + parameters.Family.FreeParameters mixture.Parameters
                          Assert.Equal(free, theta.Length)
                          let theta = tensor theta
                          let value = scalar (Autodiff.logLikelihoodAt parameters source theta)
                          near (1e-12 * abs value) name (logLikelihood parameters source (numbers theta)) value })
          testCase "the mixture of free parameters is that of the core's coordinates" (fun () ->
              for structure in structures do
                  let mixture = gaussianMixture structure 3

                  mixture
                  |> isCoreMixture
                      (FreeParameters.gaussian mixture)
                      (fun gaussian -> [ gaussian.Means; gaussian.Covariances; gaussian.InverseFactors ])
                      (Structure.name structure)

              for family, logPartition, mixture, _ in exponentials do
                  let parameters = FreeParameters.exponential family logPartition mixture

                  // Natural parameters that follow from one another have a constant in common that is left open.
                  let numbers (exponential: ExponentialParameters) =
                      if family.Free = family.Statistics then
                          [ exponential.Means; exponential.Natural; exponential.LogPartitions ]
                      else
                          [ exponential.Means ]

                  mixture |> isCoreMixture parameters numbers family.Name) ]

// ── Derivatives ─────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let derivativesTests =
    testList
        "Autodiff: derivatives"
        [ testTheory "the score is the numerical gradient" pointNames (fun (name: string) ->
              check
                  name
                  { new IPointCheck with
                      member _.Use parameters theta source =
                          let f theta = [| logLikelihood parameters source theta |]
                          let expected = numerical f theta |> Array.map Array.head
                          let score = Autodiff.score parameters source (tensor theta) |> numbers
                          nearAll 1e-6 name expected score
                          let whole = dsharp.grad (Autodiff.logLikelihoodAt parameters source) (tensor theta)
                          nearAll 1e-12 "grad" score (numbers whole) })
          testTheory "the observed information is the numerical Hessian" pointNames (fun (name: string) ->
              check
                  name
                  { new IPointCheck with
                      member _.Use parameters theta source =
                          let gradient theta = Autodiff.score parameters source (tensor theta) |> numbers
                          let expected = numerical gradient theta |> Array.concat |> Array.map (~-)
                          let information = Autodiff.observedInformation parameters source (tensor theta)
                          Assert.Equal<int[]>([| theta.Length; theta.Length |], information.shape)
                          nearAll 1e-6 name expected (numbers information)
                          let hessian = dsharp.hessian (Autodiff.logLikelihoodAt parameters source) (tensor theta)
                          nearAll 1e-12 "hessian" (numbers information) (numbers -hessian) })
          testCase "float32 has derivatives, too" (fun () ->
              let parameters = FreeParameters.gaussian (gaussianMixture Full 3)
              let source = sourceIn 64 true 3 (drawn 100 (gaussianRow 3))
              let mixture = gaussianMixture Full 3
              let at place = FreeParameters.vector place parameters mixture |> ok
              let score place = Autodiff.score parameters source (at place)
              Assert.Equal(DiffSharp.Dtype.Float32, (score float32).dtype)
              nearAll 1e-4 "score" (numbers (score float64)) (numbers (score float32))
              let information place = Autodiff.observedInformation parameters source (at place)
              Assert.Equal(DiffSharp.Dtype.Float32, (information float32).dtype)
              nearAll 1e-3 "information" (numbers (information float64)) (numbers (information float32)))
          testCase "some parameters may be constants of another engine" (fun () ->
              let mixture = gaussianMixture Diag 3
              let source = sourceIn 64 true 3 (drawn 100 (gaussianRow 3))

              let ofMeans (means: DiffSharp.Tensor) =
                  let gaussian =
                      { mixture.Parameters with
                          Means = DiffSharpTensor.ofDiffSharp (means.view [| 3; 3 |]) }

                  Autodiff.logLikelihood Gaussian.family { mixture with Parameters = gaussian } source

              let means = mixture.Parameters.Means.toArray ()
              let parameters = FreeParameters.gaussian mixture

              let whole =
                  ok (FreeParameters.vector float64 parameters mixture) |> Autodiff.score parameters source |> numbers

              nearAll 1e-12 "means" whole[2..10] (numbers (dsharp.grad ofMeans (tensor means))))
          testCase "rows of tiny density have finite derivatives" (fun () ->
              for structure in structures do
                  let parameters = FreeParameters.gaussian (gaussianMixture structure 3)
                  let theta = FreeParameters.vector float64 parameters (gaussianMixture structure 3) |> ok
                  let source = sourceOf [| [| 1000.0; -2000.0; 500.0 |]; [| -1e4; 1e4; 0.0 |] |]
                  let value = scalar (Autodiff.logLikelihoodAt parameters source theta)
                  Assert.True(value < -2e4 && allFinite [ value ])
                  let score = Autodiff.score parameters source theta |> numbers
                  Assert.True(allFinite score)
                  let f theta = [| logLikelihood parameters source theta |]
                  nearAll 1e-6 "score" (numerical f (numbers theta) |> Array.map Array.head) score)
          testCase "components of weight 0 and impossible rows of weight 0 leave derivatives finite" (fun () ->
              // The row 1 is impossible under p = 0.
              let bernoulli = Bernoulli.ofProbabilities (array2D [ [ 0.0 ]; [ 0.0 ]; [ 0.7 ] ]) |> ok
              let mixture = Mixture.create [| 0.25; 0.75; 0.0 |] bernoulli |> ok

              let source =
                  Source.ofRows [| [| 0.0 |]; [| 1.0 |]; [| 0.0 |] |]
                  |> Result.bind (Source.weighted [| 1.0; 0.0; 2.0 |])
                  |> ok

              let f (logits: DiffSharp.Tensor) =
                  Autodiff.logLikelihood
                      (ExponentialFamily.components Bernoulli.family)
                      { mixture with
                          LogWeights = DiffSharpTensor.ofDiffSharp logits }
                      source

              let logits = tensor (mixture.LogWeights.toArray ())
              near 1e-12 "log-likelihood" 0.0 (scalar (f logits))

              nearAll
                  1e-12
                  "gradient"
                  [| 0.0; 0.0; 0.0; 1.0 |]
                  (Array.append (numbers (dsharp.grad f logits)) [| 1.0 |]))
          testCase "blocks of weight 0 change nothing" (fun () ->
              let rows = drawn 48 (gaussianRow 2)
              let weights = Array.init 48 (fun i -> if i / 16 = 1 then 2.0 else 0.0)
              let source = sourceIn 16 false 2 rows |> Source.weighted weights |> ok
              let alone = sourceOf rows[16..31]
              let parameters = FreeParameters.gaussian (gaussianMixture Full 2)
              let theta = FreeParameters.vector float64 parameters (gaussianMixture Full 2) |> ok

              for derive in [ Autodiff.logLikelihoodAt; Autodiff.score; Autodiff.observedInformation ] do
                  nearAll
                      1e-12
                      "twice"
                      (numbers (derive parameters alone theta * 2.0))
                      (numbers (derive parameters source theta))) ]

// ── At a fit ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Faithful, fitted until nothing changes.
let private fitted structure =
    let start = mixtureOf structure [| 0.5; 0.5 |] (array2D [ [ 2.0; 50.0 ]; [ 4.5; 80.0 ] ]) (Tensor.scalar 10.0)

    let options =
        { plain 2 structure with
            Start = Start.Mixture start
            Tolerance = 0.0
            MaxIterations = 500 }

    Gmm.fit options (DataSet.faithful().Source) |> ok

let structureNames = List.map Structure.name structures

[<Tests>]
let ``at a fit`` =
    testList
        "Autodiff: at a fit"
        [ testTheory
              "at a converged fit the score is zero and the information positive definite"
              structureNames
              (fun (name: string) ->
                  let structure = ok (Structure.parse name)
                  let source = DataSet.faithful().Source
                  let mixture = (fitted structure).Mixture
                  let parameters = FreeParameters.gaussian mixture
                  let theta = FreeParameters.vector float64 parameters mixture |> ok
                  let information = Autodiff.observedInformation parameters source theta

                  let eigenvalues =
                      (dense (information.toArray2D<float>()))
                          .Evd(Symmetricity.Symmetric)
                          .EigenValues.Map(fun x -> x.Real)

                  Assert.True(eigenvalues.Minimum() > 0.0, $"eigenvalue {eigenvalues.Minimum()}")
                  // In units of the estimates' own standard errors.
                  let errors = Autodiff.standardErrors information id theta |> ok
                  let score = Autodiff.score parameters source theta |> numbers
                  Assert.True(allFinite errors)
                  Assert.All(Array.map2 (*) score errors, fun steps -> Assert.InRange(abs steps, 0.0, 1e-6)))
          testTheory "the library's standard errors, by differences, are these" structureNames (fun (name: string) ->
              let source = DataSet.faithful().Source
              let fit = fitted (ok (Structure.parse name))
              let parameters = FreeParameters.gaussian fit.Mixture
              let theta = FreeParameters.vector float64 parameters fit.Mixture |> ok
              let information = Autodiff.observedInformation parameters source theta
              let expected = information.toArray2D<float>()
              let actual = Uncertainty.observedInformation fit source |> ok
              Assert.Equal<string[]>(parameters.Names, Uncertainty.coordinateNames fit |> ok)

              for i in 0 .. parameters.Names.Length - 1 do
                  for j in 0 .. parameters.Names.Length - 1 do
                      let scale = sqrt (expected[i, i] * expected[j, j])

                      near
                          1e-8
                          $"{parameters.Names[i]}, {parameters.Names[j]}"
                          (expected[i, j] / scale)
                          (actual[i, j] / scale)

              let errors = Autodiff.standardErrors information id theta |> ok
              let named = Uncertainty.standardErrors Information.Observed fit source |> ok

              for name in parameters.Names |> Array.filter _.StartsWith("mean") do
                  relativelyNear
                      1e-7
                      name
                      [| errors[Array.IndexOf(parameters.Names, name)] |]
                      [| named.Errors[Array.IndexOf(named.Names, name)] |])
          testCase "so are the library's gradients and informations of exponential families, at any mixture" (fun () ->
              for family, logPartition, mixture, row in exponentials do
                  let rows = drawn 60 row
                  let source = sourceIn 25 true 2 rows
                  let parameters = FreeParameters.exponential family logPartition mixture
                  let theta = FreeParameters.vector float64 parameters mixture |> ok
                  let fit = fitOf (ExponentialFamily.components family) mixture source
                  let gradient = Uncertainty.gradient fit source |> ok
                  let score = Autodiff.score parameters source theta |> numbers
                  let expected = (Autodiff.observedInformation parameters source theta).toArray2D<float>()
                  let actual = Uncertainty.observedInformation fit source |> ok
                  let scales = Array.init gradient.Length (fun i -> sqrt (abs expected[i, i]))

                  for i in 0 .. gradient.Length - 1 do
                      near
                          1e-8
                          $"{family.Name}: {parameters.Names[i]}"
                          (score[i] / scales[i])
                          (gradient[i] / scales[i])

                  nearAll 1e-7 family.Name (flat expected) (flat actual))
          testCase "a single Gaussian has the textbook's information" (fun () ->
              // Information N/σ² of the mean and 2N of ln w = −ln σ at the maximum (Bishop, PRML, 2006, §2.3.4 and ex. 2.34).
              let source = sourceOf (drawn 60 (gaussianRow 2))
              let fit = Gmm.fit (plain 1 Diag) source |> ok
              let parameters = FreeParameters.gaussian fit.Mixture
              let theta = FreeParameters.vector float64 parameters fit.Mixture |> ok
              let variances = fit.Parameters.Covariances.toArray ()
              let expected = [| 60.0 / variances[0]; 60.0 / variances[1]; 120.0; 120.0 |]
              let information = (Autodiff.observedInformation parameters source theta).toArray2D<float>()

              for i in 0..3 do
                  for j in 0..3 do
                      near 1e-9 $"information[{i},{j}]" (if i = j then expected[i] else 0.0) information[i, j]

              let errors =
                  Autodiff.standardErrors (Autodiff.observedInformation parameters source theta) id theta |> ok

              relativelyNear 1e-10 "standard errors" (expected |> Array.map (fun x -> 1.0 / sqrt x)) errors
              // σ = 1/w, whose standard error is σ/√2N.
              let deviations (theta: DiffSharp.Tensor) = (-(theta.split [ 2; 2 ])[1]).exp()

              let errors =
                  Autodiff.standardErrors (Autodiff.observedInformation parameters source theta) deviations theta |> ok

              relativelyNear 1e-10 "deviations" (variances |> Array.map (fun v -> sqrt (v / 120.0))) errors)
          testCase "single exponential families have the textbook's information" (fun () ->
              // The variance of T(x), N times (Bishop, PRML, 2006, eq. 2.226 and ex. 2.58), whatever the data: A'' has no x.
              let information (family: ExponentialFamily) logPartition mean =
                  let mixture =
                      Tensor.create [| 1; 1; family.Statistics |] mean
                      |> ExponentialFamily.create family
                      |> ok
                      |> Mixture.uniform 1

                  let parameters = FreeParameters.exponential family logPartition mixture
                  let source = sourceOf (Array.init 30 (fun i -> [| float (i % 2) |]))
                  let theta = FreeParameters.vector float64 parameters mixture |> ok
                  numbers (Autodiff.observedInformation parameters source theta) |> Array.exactlyOne

              near
                  1e-9
                  "bernoulli"
                  (30.0 * 0.3 * 0.7)
                  (information Bernoulli.family LogPartition.bernoulli [| 0.3; 0.7 |])

              near
                  1e-9
                  "binomial"
                  (30.0 * 5.0 * 0.3 * 0.7)
                  (information (Binomial.family 5) (LogPartition.binomial 5) [| 1.5; 3.5 |])

              near
                  1e-9
                  "categorical"
                  (30.0 * 0.3 * 0.7)
                  (information (Categorical.family 2) LogPartition.categorical [| 0.3; 0.7 |])

              near 1e-9 "poisson" (30.0 * 2.5) (information Poisson.family LogPartition.poisson [| 2.5 |])

              near
                  1e-9
                  "exponential"
                  (30.0 * 2.5 * 2.5)
                  (information Exponential.family LogPartition.exponential [| 2.5 |])) ]

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private parameters = FreeParameters.gaussian (gaussianMixture Full 3)

[<Tests>]
let errorsTests =
    testList
        "Autodiff: errors"
        [ testCase "mixtures of another layout, or at an edge, have no free parameters" (fun () ->
              let message result = (error result).Message
              let mixture = gaussianMixture Diag 3

              Assert.Equal(
                  "Mixture must be full with 3 components of 3 features, but is diag with 3 components of 3 features.",
                  message (parameters.OfMixture mixture)
              )

              let full = gaussianMixture Full 3

              let edge =
                  { full with
                      LogWeights = Tensor.vector [| log 0.5; -infinity; log 0.5 |] }

              Assert.Equal(
                  "ln π[1]/π[2] must be finite: free coordinates have no edge values, but is -Infinity.",
                  message (parameters.OfMixture edge)
              )

              let edge = Bernoulli.ofProbabilities (array2D [ [ 0.5; 1.0 ] ]) |> ok |> Mixture.uniform 1
              let bernoulli = FreeParameters.exponential Bernoulli.family LogPartition.bernoulli edge
              Assert.StartsWith("η[0,1,0]−η[0,1,1] must be finite", message (bernoulli.OfMixture edge))
              let other = Poisson.ofRates (array2D [ [ 0.5; 1.0 ] ]) |> ok |> Mixture.uniform 1

              Assert.Equal(
                  "Mixture must be 1×2×2 of bernoulli, but is 1×2×1 of poisson.",
                  message (bernoulli.OfMixture other)
              ))
          testCase "data that don't fit are an error before any work" (fun () ->
              let theta = FreeParameters.vector float64 parameters (gaussianMixture Full 3) |> ok

              let message rows =
                  let attempts =
                      [ fun () -> Autodiff.logLikelihoodAt parameters (sourceOf rows) theta |> ignore
                        fun () -> Autodiff.score parameters (sourceOf rows) theta |> ignore
                        fun () -> Autodiff.observedInformation parameters (sourceOf rows) theta |> ignore ]

                  attempts
                  |> List.map (fun attempt -> Assert.Throws<GmmException>(attempt).Message)
                  |> List.distinct
                  |> List.exactlyOne

              Assert.Equal(
                  "The data must have 3 columns, as the mixture has, but there are 2.",
                  message [| [| 1.0; 2.0 |] |]
              )

              Assert.Contains("row 1, column 2", message [| [| 1.0; 2.0; 3.0 |]; [| 1.0; 2.0; nan |] |])
              let rates = Poisson.ofRates (array2D [ [ 0.5 ] ]) |> ok |> Mixture.uniform 1
              let poisson = FreeParameters.exponential Poisson.family LogPartition.poisson rates
              let theta = FreeParameters.vector float64 poisson rates |> ok

              let counts =
                  Assert.Throws<GmmException>(fun () ->
                      Autodiff.score poisson (sourceOf [| [| 0.5 |] |]) theta |> ignore)

              Assert.Contains("poisson must be a whole number", counts.Message))
          testCase "a mixture without a tensor of DiffSharp is an error" (fun () ->
              let source = sourceOf (drawn 10 (gaussianRow 3))

              let failure =
                  Assert.Throws<ArgumentException>(fun () ->
                      Autodiff.logLikelihood Gaussian.family (gaussianMixture Full 3) source |> ignore)

              Assert.Contains("must have a tensor of DiffSharp", failure.Message))
          testCase "no maximum has no standard errors" (fun () ->
              let saddle =
                  DiffSharpTensor.toDiffSharp float64 (Tensor.matrix (array2D [ [ 1.0; 0.0 ]; [ 0.0; -2.0 ] ]))

              Assert.Equal(
                  "Information must be positive definite, as at an isolated maximum of the likelihood; fit with a smaller Tolerance, "
                  + "but is a matrix with the eigenvalue -2.",
                  (error (Autodiff.standardErrors saddle id (tensor [| 0.0; 0.0 |]))).Message
              ))
          testCase "families of fewer free parameters are refused" (fun () ->
              let odd = { Categorical.family 4 with Free = 2 }
              let mixture = Tensor.create [| 1; 1; 4 |] (Array.create 4 0.25) |> ExponentialFamily.create odd |> ok

              let failure =
                  Assert.Throws<ArgumentException>(fun () ->
                      FreeParameters.exponential odd LogPartition.categorical (Mixture.uniform 1 mixture) |> ignore)

              Assert.Contains(
                  "Free must be Statistics or one less (4 or 3) for categorical, but is 2.",
                  failure.Message
              )) ]
