/// Mixtures of every family and structure, data for them, and the places of DiffSharp that this machine has.
module Gmm.DiffSharp.Tests.Cases

open System
open Gmm
open Gmm.Tests.Support
open MathNet.Numerics.Distributions

let float64 = DiffSharpPlace.Default

let float32 =
    { DiffSharpPlace.Default with
        Dtype = DiffSharp.Dtype.Float32 }

let placeOf (dtype: string) = if dtype = "Float64" then float64 else float32

let engineOf dtype = ok (DiffSharpTensor.engine (placeOf dtype))

/// The structures that have free parameters here.
let structures = [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical ]

let normal (random: Random) = Normal.Sample(random, 0.0, 1.0)

/// A mixture of a family, the columns of its data, and a row of them; what is checked of each is the same for any family.
type ICheck =
    abstract Use: Family<'θ> -> Mixture<'θ> -> columns: int -> row: (Random -> float[]) -> unit

/// A case of some family.
type Case =
    abstract Check: ICheck -> unit

let private case (family: Family<'θ>) mixture columns row =
    { new Case with
        member _.Check check = check.Use family mixture columns row }

/// Rows around three centres.
let gaussianRow features (random: Random) =
    let centre = 4.0 * float (random.Next 3)
    Array.init features (fun j -> centre * float (1 + j % 2) + normal random)

let private rowsOf count row seed =
    let random = Random seed
    Array.init count (fun _ -> row random)

/// Three components of a structure, with covariances of an M-step.
let gaussianMixture structure features =
    let means =
        array2D [ for centre in [ 0.5; 3.5; 8.5 ] -> Array.init features (fun j -> centre * float (1 + j % 2)) ]

    Gaussian.create structure means (Tensor.scalar 4.0)
    |> Result.bind (Mixture.create [| 1.0; 2.0; 3.0 |])
    |> Result.bind (EM.step (Model.ofFamily Gaussian.family) (sourceOf (rowsOf 100 (gaussianRow features) 5)))
    |> ok

/// Mean parameters (3×2×S) from a function of a number between 0.2 and 0.8.
let private exponentialMixture (family: ExponentialFamily) (number: float -> int -> float) =
    Array3D.init 3 2 family.Statistics (fun k j s -> number (0.2 + 0.1 * float (2 * k + j)) s)
    |> Tensor.matrices
    |> ExponentialFamily.create family
    |> Result.bind (Mixture.create [| 1.0; 2.0; 3.0 |])
    |> ok

let private pair trials p s = trials * (if s = 0 then p else 1.0 - p)
let private counts most (random: Random) = Array.init 2 (fun _ -> float (random.Next(most + 1)))

/// The exponential families, with A(η) as tensors, a mixture and a row.
let exponentials: (ExponentialFamily * (Tensor -> Tensor) * Mixture<ExponentialParameters> * (Random -> float[])) list =
    let times (random: Random) = [| random.NextDouble(); random.NextDouble() |]

    [ Bernoulli.family, LogPartition.bernoulli, exponentialMixture Bernoulli.family (pair 1.0), counts 1
      Binomial.family 5, LogPartition.binomial 5, exponentialMixture (Binomial.family 5) (pair 5.0), counts 5
      Categorical.family 3,
      LogPartition.categorical,
      exponentialMixture (Categorical.family 3) (fun p s -> if s = 0 then p else 0.5 * (1.0 - p)),
      counts 2
      Poisson.family, LogPartition.poisson, exponentialMixture Poisson.family (fun p _ -> 10.0 * p), counts 12
      Exponential.family, LogPartition.exponential, exponentialMixture Exponential.family (fun p _ -> p), times ]

/// Every family that has a textbook.
let cases: (string * Case) list =
    [ for structure in structures do
          for features in [ 1; 3; 8 ] do
              $"{Structure.name structure}, {features} features",
              case Gaussian.family (gaussianMixture structure features) features (gaussianRow features)

      "centroid",
      case
          Centroid.family
          { LogWeights = Tensor.vector (Array.zeroCreate 3)
            Parameters = { Centres = (gaussianMixture Spherical 3).Parameters.Means } }
          3
          (gaussianRow 3)

      for family, _, mixture, row in exponentials do
          family.Name, case (ExponentialFamily.components family) mixture 2 row

      let _, _, poisson, poissonRow = exponentials |> List.find (fun (family, _, _, _) -> family.Name = "poisson")

      "product",
      case
          (Product.family [ Product.part Gaussian.family; Product.part (ExponentialFamily.components Poisson.family) ])
          (Mixture.uniform
              3
              { Parts =
                  [ [| 0; 2 |], PartParameters<Gaussian>((gaussianMixture Full 2).Parameters)
                    [| 1; 3 |], PartParameters<ExponentialParameters>(poisson.Parameters) ] })
          4
          (fun random ->
              let x, counts = gaussianRow 2 random, poissonRow random
              [| x[0]; counts[0]; x[1]; counts[1] |]) ]

/// Rows as one block; with weights, every seventh is 0.
let blockOf weighted columns (rows: float[][]) =
    { FirstRow = 0L
      Rows = rows.Length
      Columns = columns
      Numbers = Numbers.Float64(ReadOnlyMemory(Array.concat rows))
      Weights =
        if weighted then
            Some(ReadOnlyMemory(Array.init rows.Length (fun i -> if i % 2 = 0 then 1.0 else 0.25 * float (i % 7))))
        else
            None }

/// Rows as data of several blocks.
let sourceIn blockRows weighted columns (rows: float[][]) =
    let whole = blockOf weighted columns rows

    { Rows = int64 rows.Length
      Columns = columns
      BlockRows = blockRows
      Read = fun index -> whole.Slice(int index * blockRows, min blockRows (rows.Length - int index * blockRows)) }

/// So many rows of a case.
let drawn count (row: Random -> float[]) = rowsOf count row 11
