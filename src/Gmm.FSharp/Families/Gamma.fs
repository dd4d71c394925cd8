namespace Gmm

/// Positive numbers with shape α and rate β, mean α/β: η = (α, −β), T = (ln x, x), A = ln Γ(α) − α ln β, h(x) = 1/x
/// (Murphy, Machine Learning, 2012, §2.4.4).
module Gamma =
    /// The largest shape of a component, at which the standard deviation is a ten-thousandth of the mean.
    let private largestShape = 1e8

    /// Returns the shape for which ln α − ψ(α) is s = ln E x − E ln x, by Newton steps from Minka's approximation (Estimating
    /// a Gamma distribution, 2002); the largest shape where s is smaller than its.
    let private shape (s: float) : float =
        if s <= GammaFunction.logMinusDigamma largestShape then
            largestShape
        else
            let value (alpha: float[]) =
                let a = alpha[0]
                if a > 0.0 then GammaFunction.logGamma a + a * (1.0 - log a + s) else infinity

            let derivatives (alpha: float[]) =
                [| s - GammaFunction.logMinusDigamma alpha[0] |], [| GammaFunction.trigammaMinusInverse alpha[0] |]

            let first = (3.0 - s + sqrt ((s - 3.0) * (s - 3.0) + 24.0 * s)) / (12.0 * s)
            Newton.minimise value derivatives [| first |] |> Array.head |> min largestShape

    let private natural (means: float[]) =
        let alpha = shape (log means[1] - means[0])
        [| alpha; -alpha / means[1] |]

    let private mean (natural: float[]) =
        let alpha, beta = natural[0], -natural[1]

        if alpha > 0.0 && beta > 0.0 then
            [| GammaFunction.digamma alpha - log beta; alpha / beta |]
        else
            [| nan; nan |]

    let private dispersion =
        { Narrowness = fun natural -> natural[0] / largestShape
          Covariance =
            fun natural ->
                let alpha, beta = natural[0], -natural[1]
                [| GammaFunction.trigamma alpha; 1.0 / beta; 1.0 / beta; alpha / beta / beta |]
          Expectation = fun natural -> natural[0] / -natural[1]
          WithExpectation = fun x natural -> [| natural[0]; -natural[0] / x |] }

    /// The definition of the family.
    let family =
        { Name = "gamma"
          Domain = "above 0"
          IsInDomain = fun x -> x > 0.0
          Statistics = 2
          Statistic = NumberwiseStatistic.stack [ log, _.log(); id, id ]
          LogBase = fun x -> -(log x)
          Mean = mean
          Natural = natural
          LogPartition = fun natural -> GammaFunction.logGamma natural[0] - natural[0] * log -natural[1]
          Free = 2
          Dispersion = Some dispersion
          Prior = ConjugatePrior.flat 2
          Sample =
            fun random means ->
                let natural = natural means
                max System.Double.Epsilon (Draw.gamma random natural[0] / -natural[1])
          Reported =
            [ "shape", (fun means -> [| (natural means)[0] |]); "rate", fun means -> [| -(natural means)[1] |] ] }

    /// Returns the prior that acts like `count` extra numbers of the distribution with this shape and rate. Throws
    /// ArgumentException unless the count is 0 or more, and shape and rate are above 0.
    let prior (count: float) (shape: float) (rate: float) : ConjugatePrior =
        ConjugatePrior.require (nameof count) 0.0 count
        ConjugatePrior.require (nameof shape) System.Double.Epsilon shape
        ConjugatePrior.require (nameof rate) System.Double.Epsilon rate

        { Sums = mean [| shape; -rate |] |> Array.map (fun number -> count * number)
          Count = count }

    /// Returns the parameters with shapes α and rates β (K×D). Error unless all are above 0 and finite, and every shape is at
    /// most 1e8.
    let ofShapesAndRates (shapes: float[,]) (rates: float[,]) : Result<ExponentialParameters, GmmError> =
        ExponentialFamily.ofPairs family ("Shapes", shapes) ("Rates", rates) (fun shape rate -> [| shape; -rate |])

    /// Returns the shapes α (K×D).
    let shapes (parameters: ExponentialParameters) : float[,] = ExponentialFamily.natural 0 parameters

    /// Returns the rates β (K×D).
    let rates (parameters: ExponentialParameters) : float[,] =
        ExponentialFamily.natural 1 parameters |> Array2D.map (~-)

    /// Returns the scales 1/β (K×D).
    let scales (parameters: ExponentialParameters) : float[,] = rates parameters |> Array2D.map (fun rate -> 1.0 / rate)
