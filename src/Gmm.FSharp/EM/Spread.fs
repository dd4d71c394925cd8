namespace Gmm

/// How the data lie: what starts, tolerances and regularisation are measured by.
type internal Spread =
    {
        /// Σₙ wₙ.
        Weight: float
        /// x̄ (1×D).
        Mean: float[,]
        /// The covariance of the data about their mean, Σₙ wₙ(xₙ−x̄)(xₙ−x̄)ᵀ / Σₙ wₙ, in a plane of a structure's layout.
        Covariance: float[]
    }

/// The spread of data: the statistics of one component that has all rows.
module internal Spread =
    /// The spread of the data in the layout of a structure, from two passes: moments about a row give the mean, moments
    /// about the mean the covariance.
    let ofSource execution structure (source: Source) : Result<Spread, GmmError> =
        let model =
            { Model.ofFamily Gaussian.family with
                Execution = execution }

        let about (centre: float[,]) =
            Gaussian.create structure centre (Tensor.scalar 1.0)
            |> Result.map (Mixture.uniform 1 >> EM.eStep model source)

        let first = Source.firstRow source

        result {
            let! aboutRow = about first
            let mean = first |> Array2D.mapi (fun _ j x -> x + aboutRow.Sums[0][j] / aboutRow.Weight)
            let! aboutMean = about mean

            return
                { Weight = aboutMean.Weight
                  Mean = mean
                  Covariance = aboutMean.Sums[1] |> Array.map (fun sum -> sum / aboutMean.Weight) }
        }

    /// The variance of every feature (D); for a spherical structure their mean, D times.
    let variances structure features (spread: Spread) =
        let covariance = Structure.matrix features structure spread.Covariance
        Array.init features (fun j -> covariance[j, j])
