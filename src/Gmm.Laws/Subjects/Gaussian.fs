namespace Gmm.Laws

open System
open FsCheck.FSharp
open Gmm
open MathNet.Numerics
open MathNet.Numerics.LinearAlgebra

/// Gaussians of the fourteen covariance structures as subjects. They have no natural parameters here, so the laws of
/// exponential families are absent.
module internal GaussianSubject =
    let private dense (matrix: float[,]) = Matrix<float>.Build.DenseOfArray matrix

    let private normal (random: Random) =
        sqrt (-2.0 * log (1.0 - random.NextDouble())) * cos (2.0 * Math.PI * random.NextDouble())

    let private round digits (x: float) = Math.Round(x, (digits: int))

    /// Returns the components with such means and covariances. If the covariances don't belong to the structure, they
    /// are those that an M-step estimates from one row for each plane with that plane as its scatter.
    let private ofPlanes structure (means: float[][]) (planes: float[][]) =
        let components, features = means.Length, means[0].Length
        let shape = Layout.covarianceShape components features (Structure.layout structure)

        match Tensor.create shape (Array.concat planes) |> Gaussian.create structure (array2D means) with
        | Ok gaussian -> Ok gaussian
        | Error _ ->
            Gaussian.create structure (array2D means) (Tensor.scalar 1.0)
            |> Result.bind (fun start ->
                Gaussian.family.Maximise
                    start
                    { Weight = float components
                      LogLikelihood = 0.0
                      Counts = Array.create components 1.0
                      Sums = [| Array.zeroCreate (components * features); Array.concat planes |] })

    let private meansOf (gaussian: Gaussian) = gaussian.Means.toArray () |> Array.chunkBySize gaussian.Features

    let private meanOf (gaussian: Gaussian) k = (meansOf gaussian)[k]

    let private planesOf (gaussian: Gaussian) =
        gaussian.Covariances.toArray () |> Array.chunkBySize (Layout.planeSize gaussian.Features gaussian.Layout)

    /// Returns the part of a matrix that a plane keeps: all of it, its diagonal, or its first variance.
    let private planeOf structure (matrix: Matrix<float>) =
        match (Structure.layout structure).Shape with
        | Shape.Full -> matrix.ToRowMajorArray()
        | Shape.Diag -> matrix.Diagonal().ToArray()
        | Shape.Spherical -> [| matrix[0, 0] |]

    /// Draws BBᵀ + 0.2·I of a matrix B of normal numbers, scaled, with three decimals.
    let private drawPlane structure features (random: Random) =
        let scale = exp (4.0 * random.NextDouble() - 2.0)
        let b = Matrix<float>.Build.Dense(features, features, (fun _ _ -> normal random))
        let a = (b * b.Transpose() / float features + 0.2 * Matrix<float>.Build.DenseIdentity features) * scale
        planeOf structure (a.Map(fun x -> round 3 x))

    let private draw structure components features =
        Gen.choose (0, Int32.MaxValue - 1)
        |> Gen.map (fun seed ->
            let random = Subject.random seed

            ofPlanes
                structure
                (Array.init components (fun _ -> Array.init features (fun _ -> round 2 (3.0 * normal random))))
                (Array.init (Layout.planes components (Structure.layout structure)) (fun _ ->
                    drawPlane structure features random))
            |> GmmError.get)

    let private simpler (gaussian: Gaussian) =
        let structure, means, planes = gaussian.Structure, meansOf gaussian, planesOf gaussian
        let unit = Layout.diagonal gaussian.Layout (Array.create gaussian.Features 1.0)

        seq {
            for p in 0 .. planes.Length - 1 do
                if planes[p] <> unit then
                    means, Array.updateAt p unit planes

            for k in 0 .. means.Length - 1 do
                for j in 0 .. means[k].Length - 1 do
                    for simple in Shrinking.number (means[k][j]) do
                        Array.updateAt k (Array.updateAt j simple means[k]) means, planes

            for p in 0 .. planes.Length - 1 do
                for round in Shrinking.rounded planes[p] do
                    means, Array.updateAt p round planes
        }
        |> Seq.choose (fun (means, planes) -> ofPlanes structure means planes |> Result.toOption)

    let private choose (components: int[]) (columns: int[]) (gaussian: Gaussian) =
        let means = meansOf gaussian

        // Fewer columns may have another structure.
        let structure =
            Gaussian.marginal columns gaussian |> Result.map _.Structure |> Result.defaultValue gaussian.Structure

        let owners = if gaussian.Layout.IsTied then [| 0 |] else components

        let plane k =
            let matrix = Gaussian.covariance gaussian k

            Matrix<float>.Build.Dense(columns.Length, columns.Length, (fun i j -> matrix[columns[i], columns[j]]))
            |> planeOf structure

        ofPlanes
            structure
            (components |> Array.map (fun k -> columns |> Array.map (fun j -> means[k][j])))
            (owners |> Array.map plane)
        |> GmmError.get

    /// Returns the prior that a seed chooses.
    let prior seed (gaussian: Gaussian) : GaussianPrior =
        let random, features = Subject.random seed, gaussian.Features

        let onMeans: MeanPrior =
            { Mean = Tensor.vector (Array.init features (fun _ -> normal random))
              Precision = 0.1 + 5.0 * random.NextDouble() }

        let onCovariances: CovariancePrior =
            { Scale = Tensor.scalar (0.1 + random.NextDouble())
              Degrees = float features + 5.0 * random.NextDouble() }

        let create beliefsOnMeans beliefsOnCovariances =
            GaussianPrior.create gaussian.Components features gaussian.Structure beliefsOnMeans beliefsOnCovariances
            |> GmmError.get

        match random.Next 3 with
        | 0 -> create (Some onMeans) None
        | 1 -> create None (Some onCovariances)
        | _ -> create (Some onMeans) (Some onCovariances)

    let private row (random: Random) (gaussian: Gaussian) k =
        let factor = (dense (Gaussian.covariance gaussian k)).Cholesky().Factor
        let step = factor * Vector<float>.Build.Dense(gaussian.Features, (fun _ -> normal random))
        Array.map2 (fun mean step -> round 4 (mean + step)) (meanOf gaussian k) (step.ToArray())

    /// Computes −½ ln|2πΣ| − ½ (x−μ)ᵀΣ⁻¹(x−μ), with the inverse and the determinant by LU decomposition.
    let private textbook (gaussian: Gaussian) k (row: float[]) =
        let covariance = dense (Gaussian.covariance gaussian k)
        let z = Vector<float>.Build.Dense(Array.map2 (-) row (meanOf gaussian k))
        let lu = covariance.LU()

        -0.5 * (log (lu.Determinant) + z * lu.Solve(z: Vector<float>))
        - float gaussian.Features * Constants.Ln2PiOver2

    /// Returns nodes of the trapezium rule in y with x = μ + Ly, up to 8.4 standard deviations.
    let private nodes (gaussian: Gaussian) k =
        let features, mean = gaussian.Features, Vector<float>.Build.Dense(meanOf gaussian k)
        let factor = (dense (Gaussian.covariance gaussian k)).Cholesky().Factor
        let volume = Seq.reduce (*) (factor.Diagonal())

        List.replicate features [| for i in -12 .. 12 -> 0.7 * float i, 0.7 |]
        |> Subject.grid
        |> Option.map (
            Array.map (fun (y, weight) -> (mean + factor * Vector<float>.Build.Dense y).ToArray(), weight * volume)
        )

    /// Returns the numbers of y = L⁻¹(x−μ) with LLᵀ = Σ, and (yᵢ+yⱼ)/√2 of every two: each is standard normal.
    let private marginals (gaussian: Gaussian) k : Marginal list =
        let mean = Vector<float>.Build.Dense(meanOf gaussian k)
        let inverse = (dense (Gaussian.covariance gaussian k)).Cholesky().Factor.Inverse()
        let whitened (row: float[]) = inverse * (Vector<float>.Build.Dense row - mean)

        let standardNormal name number =
            { Name = name
              Of = whitened >> number
              Support = Line
              LogDensity = Array.map (fun x -> -0.5 * x * x - Constants.Ln2PiOver2) }

        [ for i in 0 .. gaussian.Features - 1 do
              standardNormal $"whitened column {i}" (fun y -> y[i])

              for j in 0 .. i - 1 do
                  standardNormal $"whitened columns {j} and {i} together" (fun y -> (y[i] + y[j]) / sqrt 2.0) ]

    /// Makes variances far too small or too large for the rows, or moves the means far away.
    let private edge seed (gaussian: Gaussian) =
        let means, planes = meansOf gaussian, planesOf gaussian
        let scale factor = Array.map (Array.map (fun x -> factor * x))

        match seed % 3 with
        | 0 -> ofPlanes gaussian.Structure means (scale 1e-60 planes)
        | 1 -> ofPlanes gaussian.Structure means (scale 1e60 planes)
        | _ -> ofPlanes gaussian.Structure (scale 1e100 means) planes
        |> GmmError.get

    /// Makes a subject of Gaussians of a structure, with 1 to 3 columns.
    let create structure : Subject<Gaussian> =
        { Name = $"gaussian {Structure.name structure}"
          Family = Gaussian.family
          Believed = fun seed gaussian -> Gaussian.familyWith (prior seed gaussian) None
          MStep = Maximises
          Columns = 1, 3
          Draw = draw structure
          Simpler = simpler
          Choose = Some choose
          Row = row
          Show =
            fun gaussian ->
                [ for k, mean in Array.indexed (meansOf gaussian) do
                      let plane = (planesOf gaussian)[Layout.planeOf gaussian.Layout k]
                      $"component {k}: mean {Numbers.showAll mean}, covariance {Numbers.showAll plane}" ]
          Textbook = Some textbook
          Nodes = Some nodes
          Edge = Some edge
          Marginals = Some marginals
          Exponential = None }
