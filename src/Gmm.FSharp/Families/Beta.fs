namespace Gmm

/// Numbers between 0 and 1, such as shares, with density ∝ x^(α−1) (1−x)^(β−1), mean α/(α+β): η = (α, β), T = (ln x, ln(1−x)),
/// A = ln Γ(α) + ln Γ(β) − ln Γ(α+β), h(x) = 1/(x(1−x)) (Bishop, PRML, 2006, §2.1.1).
module Beta =
    /// The largest number that both α and β of a component may reach together: the standard deviation is then a
    /// ten-thousandth of the mean of x or of 1 − x, whichever has the smaller α or β.
    let private largest = 1e8

    let private logPartition (natural: float[]) =
        if min natural[0] natural[1] > 0.0 then
            GammaFunction.logBeta natural[0] natural[1]
        else
            infinity

    let private mean (natural: float[]) =
        let alpha, beta = natural[0], natural[1]

        if alpha > 0.0 && beta > 0.0 then
            [| -(GammaFunction.digammaRise beta alpha); -(GammaFunction.digammaRise alpha beta) |]
        else
            [| nan; nan |]

    let private covariance (natural: float[]) =
        let alpha, beta = natural[0], natural[1]
        let mixed = -(GammaFunction.trigamma (alpha + beta))
        [| GammaFunction.trigammaFall beta alpha; mixed; mixed; GammaFunction.trigammaFall alpha beta |]

    /// Returns A(η) − η·m, whose minimum is sought.
    let private value (means: float[]) (natural: float[]) =
        logPartition natural - natural[0] * means[0] - natural[1] * means[1]

    /// Returns the best number beside `largest` for the statistic of mean m: that of (1 − x) if `largest` is α.
    let private beside (m: float) : float =
        let derivatives (beta: float[]) =
            [| -(GammaFunction.digammaRise largest beta[0]) - m |], [| GammaFunction.trigammaFall largest beta[0] |]

        [| largest / Special.expm1 -m |]
        |> Newton.minimise (fun beta -> value [| 0.0; m |] [| largest; beta[0] |]) derivatives
        |> Array.head

    /// Returns the maximum without a limit, by Newton steps from an approximation (Johnson, Kotz and Balakrishnan, Continuous
    /// Univariate Distributions, vol. 2, 1995, §25.4); ∞ where there is none.
    let private unlimited (means: float[]) : float[] =
        let rest = -(Special.expm1 means[0]) - exp means[1]

        if rest > 1e-15 then
            let derivatives natural = Array.map2 (-) (mean natural) means, covariance natural

            means |> Array.map (fun m -> 0.5 + 0.5 * exp m / rest) |> Newton.minimise (value means) derivatives
        else
            [| infinity; infinity |]

    let private natural (means: float[]) =
        let free = unlimited means

        if min free[0] free[1] <= largest then
            free
        else
            [ [| largest; beside means[1] |]; [| beside means[0]; largest |] ] |> List.minBy (value means)

    let private dispersion =
        { Narrowness = fun natural -> min natural[0] natural[1] / largest
          Covariance = covariance
          Expectation = fun natural -> natural[0] / (natural[0] + natural[1])
          WithExpectation =
            fun x natural ->
                let total = natural[0] + natural[1]
                [| x * total; (1.0 - x) * total |] }

    /// The smallest and the largest number between 0 and 1.
    let private lowest, highest = System.Double.Epsilon, 1.0 - 1.1102230246251565e-16

    /// The definition of the family.
    let family =
        { Name = "beta"
          Domain = "above 0 and below 1"
          IsInDomain = fun x -> x > 0.0 && x < 1.0
          Statistics = 2
          Statistic =
            NumberwiseStatistic.stack
                [ log, _.log()
                  (fun x -> Special.log1p -x),
                  fun x ->
                      let rest = 1.0 - x
                      rest.log () - (x + (rest - 1.0)) / rest ]
          LogBase = fun x -> -(log x) - Special.log1p -x
          Mean = mean
          Natural = natural
          LogPartition = logPartition
          Free = 2
          Dispersion = Some dispersion
          Prior = ConjugatePrior.flat 2
          Sample =
            fun random means ->
                let natural = natural means
                let first, second = Draw.gamma random natural[0], Draw.gamma random natural[1]
                first / (first + second) |> max lowest |> min highest
          Reported = [ "alpha", (fun means -> [| (natural means)[0] |]); "beta", fun means -> [| (natural means)[1] |] ] }

    /// Returns the prior that acts like `count` extra numbers of the distribution with these α and β. Throws ArgumentException
    /// unless the count is 0 or more, and α and β are above 0.
    let prior (count: float) (alpha: float) (beta: float) : ConjugatePrior =
        ConjugatePrior.require (nameof count) 0.0 count
        ConjugatePrior.require (nameof alpha) System.Double.Epsilon alpha
        ConjugatePrior.require (nameof beta) System.Double.Epsilon beta

        { Sums = mean [| alpha; beta |] |> Array.map (fun number -> count * number)
          Count = count }

    /// Returns the parameters with α and β (K×D). Error unless all are above 0 and finite, and α or β is at most 1e8.
    let ofAlphasAndBetas (alphas: float[,]) (betas: float[,]) : Result<ExponentialParameters, GmmError> =
        ExponentialFamily.ofPairs family ("Alphas", alphas) ("Betas", betas) (fun alpha beta -> [| alpha; beta |])

    /// Returns α (K×D).
    let alphas (parameters: ExponentialParameters) : float[,] = ExponentialFamily.natural 0 parameters

    /// Returns β (K×D).
    let betas (parameters: ExponentialParameters) : float[,] = ExponentialFamily.natural 1 parameters
