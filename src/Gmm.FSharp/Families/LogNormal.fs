namespace Gmm

/// Positive numbers whose logarithm is normal with mean μ and standard deviation σ: η = (μ/σ², −1/2σ²), T = (ln x, ln² x),
/// A = μ²/2σ² + ln σ + ½ ln 2π, h(x) = 1/x (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, vol. 1,
/// 1994, §14.2).
module LogNormal =
    /// The smallest variance of ln x in a component: a standard deviation of a ten-thousandth.
    let private smallestVariance = 1e-8

    let private halfLogOfTwoPi = 0.9189385332046727

    let private ofMoments (mu: float) (variance: float) = [| mu / variance; -0.5 / variance |]

    /// Returns μ and σ².
    let private moments (natural: float[]) =
        let variance = -0.5 / natural[1]
        natural[0] * variance, variance

    let private natural (means: float[]) = ofMoments means[0] (max smallestVariance (means[1] - means[0] * means[0]))

    let private mean (natural: float[]) =
        let mu, variance = moments natural
        if variance > 0.0 then [| mu; mu * mu + variance |] else [| nan; nan |]

    let private dispersion =
        { Narrowness = fun natural -> natural[1] / (-0.5 / smallestVariance)
          Covariance =
            fun natural ->
                let mu, variance = moments natural
                let mixed = 2.0 * mu * variance
                [| variance; mixed; mixed; 2.0 * variance * (2.0 * mu * mu + variance) |]
          Expectation =
            fun natural ->
                let mu, variance = moments natural
                exp (mu + 0.5 * variance)
          WithExpectation =
            fun x natural ->
                let _, variance = moments natural
                ofMoments (log x - 0.5 * variance) variance }

    let private square (x: float) = x * x

    /// The definition of the family.
    let family =
        { Name = "lognormal"
          Domain = "above 0"
          IsInDomain = fun x -> x > 0.0
          Statistics = 2
          Statistic =
            NumberwiseStatistic.stack
                [ log, _.log()
                  log >> square,
                  fun x ->
                      let logs = x.log ()
                      logs * logs ]
          LogBase = fun x -> -(log x)
          Mean = mean
          Natural = natural
          LogPartition =
            fun natural ->
                let mu, variance = moments natural
                0.5 * mu * mu / variance + 0.5 * log variance + halfLogOfTwoPi
          Free = 2
          Dispersion = Some dispersion
          Prior = ConjugatePrior.flat 2
          Sample =
            fun random means ->
                let mu, variance = moments (natural means)
                max System.Double.Epsilon (exp (mu + sqrt variance * Draw.standardNormal random))
          Reported =
            [ "log mean", (natural >> moments >> fun (mu, _) -> [| mu |])
              "log deviation", (natural >> moments >> fun (_, variance) -> [| sqrt variance |]) ] }

    /// Returns the prior that acts like `count` extra numbers of the distribution with this μ and σ. Throws ArgumentException
    /// unless the count is 0 or more, μ is finite and σ above 0.
    let prior (count: float) (mu: float) (sigma: float) : ConjugatePrior =
        ConjugatePrior.require (nameof count) 0.0 count
        ConjugatePrior.require (nameof mu) -System.Double.MaxValue mu
        ConjugatePrior.require (nameof sigma) System.Double.Epsilon sigma

        { Sums = [| count * mu; count * (mu * mu + sigma * sigma) |]
          Count = count }

    /// Returns the parameters with means μ and standard deviations σ of ln x (K×D). Error unless all are finite, and every σ is
    /// at least 1e-4.
    let ofLogMeansAndDeviations (mu: float[,]) (sigma: float[,]) : Result<ExponentialParameters, GmmError> =
        ExponentialFamily.ofPairs family ("LogMeans", mu) ("LogDeviations", sigma) (fun mu sigma ->
            // The square of 1e-4 may be a last digit less than 1e-8.
            let variance = if sigma = 1e-4 then smallestVariance else sigma * sigma
            if sigma > 0.0 then ofMoments mu variance else [| nan; nan |])

    let private ofMoment f (parameters: ExponentialParameters) =
        let second = ExponentialFamily.natural 1 parameters

        ExponentialFamily.natural 0 parameters
        |> Array2D.mapi (fun k j first -> f (moments [| first; second[k, j] |]))

    /// Returns the means μ of ln x (K×D).
    let logMeans (parameters: ExponentialParameters) : float[,] = ofMoment fst parameters

    /// Returns the standard deviations σ of ln x (K×D).
    let logDeviations (parameters: ExponentialParameters) : float[,] = ofMoment (snd >> sqrt) parameters
