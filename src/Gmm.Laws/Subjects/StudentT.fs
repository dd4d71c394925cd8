namespace Gmm.Laws

open System
open FsCheck.FSharp
open Gmm
open MathNet.Numerics
open MathNet.Numerics.LinearAlgebra

/// Student's t components of the fourteen structures as subjects. Everything of locations and scale matrices is that of
/// Gaussians.
module internal StudentTSubject =
    let private lnGamma (x: float) = SpecialFunctions.GammaLn x

    let private withGaussian (t: StudentT) (gaussian: Gaussian) = { t with Gaussian = gaussian }

    /// Draws from 1.2 to 30 degrees of freedom for each component: the estimates' limits 1 and 200 are not near.
    let private drawDegrees (setting: DegreesOfFreedom) components =
        let one = Gen.choose (0, 100) |> Gen.map (fun i -> Math.Round(1.2 * exp (float i / 100.0 * log 25.0), 2))

        match setting with
        | DegreesOfFreedom.Estimated -> Gen.arrayOfLength components one
        | DegreesOfFreedom.Equal -> one |> Gen.map (Array.create components)
        | DegreesOfFreedom.Given nu -> Gen.constant (Array.create components nu)

    let private simplerDegrees (setting: DegreesOfFreedom) (degrees: float[]) : float[] seq =
        match setting with
        | DegreesOfFreedom.Given _ -> Seq.empty
        | DegreesOfFreedom.Estimated
        | DegreesOfFreedom.Equal ->
            [ Array.create degrees.Length 4.0 ] |> Seq.filter (fun simpler -> simpler <> degrees)

    /// y = L⁻¹(x−μ) with LLᵀ = Σ.
    let private whitened (t: StudentT) k : float[] -> Vector<float> =
        let location = Vector<float>.Build.Dense((StudentT.locations t)[k, *])
        let factor = (Matrix<float>.Build.DenseOfArray(StudentT.scaleMatrix t k)).Cholesky().Factor
        let inverse = factor.Inverse()
        fun row -> inverse * (Vector<float>.Build.Dense row - location)

    /// Computes the density by its formula with ln Γ (Kotz and Nadarajah 2004, eq. 1.1).
    let private textbook (t: StudentT) k : float[] -> float =
        let nu, d = t.DegreesOfFreedom[k], float t.Features
        let logDeterminant = (Matrix<float>.Build.DenseOfArray(StudentT.scaleMatrix t k)).Determinant() |> log
        let whitened = whitened t k

        fun row ->
            let y = whitened row
            let delta = y * y

            if nu = infinity then
                -0.5 * (2.0 * d * Constants.Ln2PiOver2 + logDeterminant + delta)
            else
                lnGamma ((nu + d) / 2.0)
                - lnGamma (nu / 2.0)
                - 0.5 * (d * log (nu * Math.PI) + logDeterminant + (nu + d) * log (1.0 + delta / nu))

    /// Returns nodes along the whole line for one column; several need too many, because the tails are heavy.
    let private nodes (t: StudentT) k =
        if t.Features > 1 then
            None
        else
            let location, scale = (StudentT.locations t)[k, 0], sqrt ((StudentT.scaleMatrix t k)[0, 0])

            Support.nodes Line (fun _ -> [||])
            |> Array.map (fun (y, weight) -> [| location + scale * y |], scale * weight)
            |> Some

    /// Returns the numbers of y, (yᵢ+yⱼ)/√2 of every two, and ‖y‖²/D, whose distribution shows that one precision u is
    /// common to the columns: an F distribution of D and ν degrees of freedom.
    let private marginals (t: StudentT) k : Marginal list =
        let nu, d, whitened = t.DegreesOfFreedom[k], float t.Features, whitened t k

        let studentLog x =
            lnGamma ((nu + 1.0) / 2.0)
            - lnGamma (nu / 2.0)
            - 0.5 * log (nu * Math.PI)
            - 0.5 * (nu + 1.0) * log (1.0 + x * x / nu)

        let fisherLog x =
            lnGamma ((d + nu) / 2.0) - lnGamma (d / 2.0) - lnGamma (nu / 2.0)
            + d / 2.0 * log (d / nu)
            + (d / 2.0 - 1.0) * log x
            - (d + nu) / 2.0 * log (1.0 + d * x / nu)

        let student name number =
            { Name = name
              Of = whitened >> number
              Support = Line
              LogDensity = Array.map studentLog }

        [ for i in 0 .. t.Features - 1 do
              student $"whitened column {i}" (fun y -> y[i])

              for j in 0 .. i - 1 do
                  student $"whitened columns {j} and {i} together" (fun y -> (y[i] + y[j]) / sqrt 2.0)

          { Name = "squared length"
            Of = fun row -> let y = whitened row in y * y / d
            Support = HalfLine
            LogDensity = Array.map fisherLog } ]

    /// Makes a subject of Student's t components of a structure, with 1 to 3 columns.
    let create structure (setting: DegreesOfFreedom) : Subject<StudentT> =
        let gaussian = GaussianSubject.create structure
        let word = (sprintf "%A" setting).ToLowerInvariant()

        { Name = $"student_t {Structure.name structure}, {word} degrees of freedom"
          Family = StudentT.familyWith GaussianPrior.flat None setting
          Believed = fun seed t -> StudentT.familyWith (GaussianSubject.prior seed t.Gaussian) None setting
          MStep = Increases
          Columns = gaussian.Columns
          Draw =
            fun components columns ->
                Gen.map2
                    (fun gaussian degrees ->
                        { Gaussian = gaussian
                          DegreesOfFreedom = degrees })
                    (gaussian.Draw components columns)
                    (drawDegrees setting components)
          Simpler =
            fun t ->
                Seq.append
                    (simplerDegrees setting t.DegreesOfFreedom
                     |> Seq.map (fun degrees -> { t with DegreesOfFreedom = degrees }))
                    (gaussian.Simpler t.Gaussian |> Seq.map (withGaussian t))
          Choose =
            gaussian.Choose
            |> Option.map (fun choose components columns t ->
                { Gaussian = choose components columns t.Gaussian
                  DegreesOfFreedom = components |> Array.map (fun k -> t.DegreesOfFreedom[k]) })
          Row = fun random t k -> StudentT.sample t k random |> Array.map (fun x -> Math.Round(x, 4))
          Show = fun t -> gaussian.Show t.Gaussian @ [ $"degrees of freedom {Numbers.showAll t.DegreesOfFreedom}" ]
          Textbook = Some textbook
          Nodes = Some nodes
          Edge = gaussian.Edge |> Option.map (fun edge seed t -> edge seed t.Gaussian |> withGaussian t)
          Marginals = Some marginals
          Exponential = None }
