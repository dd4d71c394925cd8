namespace Gmm

/// The location and spread of the data. They set the scale of starts and regularisation.
type DataCovariance =
    {
        /// Σₙ wₙ.
        Weight: float
        /// x̄ (1×D).
        Mean: float[,]
        /// The covariance of the data about their mean, Σₙ wₙ(xₙ−x̄)(xₙ−x̄)ᵀ / Σₙ wₙ, as a plane of a layout.
        Covariance: float[]
    }

/// Computes the mean and the covariance of data.
module DataCovariance =
    /// Measures the data in a layout, in two passes: moments about a row give the mean, then moments about the mean
    /// give the covariance.
    let ofSource (execution: Execution) (layout: Layout) (source: Source) : DataCovariance =
        let about point = source |> Scan.run execution Survey.moments (layout, point)
        let first = Source.firstRow source
        let aboutRow = about first
        let mean = first |> Array2D.mapi (fun _ j x -> x + aboutRow.Sums[0][j] / aboutRow.Weight)
        let aboutMean = about mean

        { Weight = aboutMean.Weight
          Mean = mean
          Covariance = aboutMean.Sums[1] |> Array.map (fun sum -> sum / aboutMean.Weight) }

    /// Returns n/(n−1) with n = Σₙ wₙ, by which the unbiased covariance exceeds that of the data. Error when n is 1 or
    /// less.
    let internal bias (data: DataCovariance) : Result<float, GmmError> =
        if data.Weight > 1.0 then
            Ok(data.Weight / (data.Weight - 1.0))
        else
            let rule =
                "a total weight above 1, because variances are divided by Σw − 1 (scale the sample weights so that their sum is the number of rows)"

            Error(InvalidData(rule, $"it is {string data.Weight}"))

    /// Returns the variance of every feature (D); for a spherical layout their mean, D times.
    let variances layout features (measured: DataCovariance) : float[] =
        let covariance = Layout.matrix features layout measured.Covariance
        Array.init features (fun j -> covariance[j, j])
