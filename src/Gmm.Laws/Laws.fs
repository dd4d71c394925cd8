namespace Gmm.Laws

open FsCheck
open Gmm

/// The laws that every family of mixture components must obey, and subjects to try them on. A family that obeys them
/// all can be trusted to the loop: its fits climb, its weights count as copies do, and nothing depends on an order.
module Laws =
    // ── Subjects ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// An exponential family, with 1 to 3 columns of its kind, under conjugate priors. All laws apply, but for those
    /// whose part of the column is None or empty. A law fails when no case can be drawn, as when A(η) is infinite.
    let ofExponentialFamily (column: Column) : Subject<ExponentialParameters> = ExponentialSubject.create column

    /// Gaussians of a structure, with 1 to 3 columns, under normal–inverse-Wishart priors. The laws of natural parameters are
    /// absent.
    let ofGaussian (structure: Structure) : Subject<Gaussian> = GaussianSubject.create structure

    /// So many Gaussian columns of a product.
    let gaussianPart (width: int) (subject: Subject<Gaussian>) : SubjectPart = ProductSubject.gaussian width subject

    /// So many columns of an exponential family in a product.
    let exponentialPart (width: int) (subject: Subject<ExponentialParameters>) : SubjectPart =
        ProductSubject.exponential width subject

    /// Columns of different families side by side. A law is absent when a part lacks what it needs; those of
    /// exponential families are tried on the parts that are.
    let ofProduct (parts: SubjectPart list) : Subject<Product> = ProductSubject.create parts

    // ── The laws ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Σₓ p(x|θₖ) = 1, or ∫ p(x|θₖ) dx = 1, within 1e-7, by enumeration or quadrature. Absent without `Nodes`.
    let densityIsNormalised<'θ> : Law<'θ> = DensityLaws.isNormalised
    /// ln p(xₙ|θₖ) equals a formula written down apart, within 1e-9. Absent without `Textbook`.
    let densityIsTextbook<'θ> : Law<'θ> = DensityLaws.isTextbook
    /// The sums over all rows are those over some plus those over the others, within 1e-9.
    let statisticsAdd<'θ> : Law<'θ> = StatisticsLaws.add
    /// The kernels of the family's form find the joint log-densities and the statistics of the textbook, within 1e-9. A family
    /// without a form obeys it.
    let formIsTextbook<'θ> : Law<'θ> = StatisticsLaws.form

    /// No neighbour of the parameters that the M-step makes has a larger Q = Σₙₖ rₙₖ ln p(xₙ|θₖ), and by differences
    /// its slope is 0 (Bishop, PRML, 2006, §9.4).
    let mStepMaximises<'θ> : Law<'θ> = MStepLaws.maximises
    /// The same of Q + ln prior, under a prior.
    let mStepMaximisesWithPrior<'θ> : Law<'θ> = MStepLaws.maximisesWithPrior
    /// Σₙ ln p(xₙ) never falls along the iterates of EM, by more than 1e-10 of itself (Dempster, Laird and Rubin 1977).
    let objectiveNeverFalls<'θ> : Law<'θ> = LoopLaws.monotone
    /// Σₙ ln p(xₙ) + ln prior never falls, under a prior on parameters and weights.
    let objectiveNeverFallsWithPrior<'θ> : Law<'θ> = LoopLaws.monotoneWithPrior
    /// Σₙ maxₖ ln ρₙₖ never falls with hard assignment (Celeux and Govaert 1992).
    let classificationObjectiveNeverFalls<'θ> : Law<'θ> = LoopLaws.monotoneWhenHard
    /// Mean(Natural(m)) = m within 1e-9. Absent without `Exponential`.
    let mapsAreInverse<'θ> : Law<'θ> = ExponentialFamilyLaws.roundTrip

    /// ∇A(η) = E T(x), the family's map to mean parameters, by extrapolated differences (Bishop, PRML, eq. 2.226).
    /// Absent without `Exponential`.
    let gradientIsMean<'θ> : Law<'θ> = ExponentialFamilyLaws.gradient
    /// Two EM steps on rows with whole weights, some 0, are those on as many copies of each row.
    let weightsAreCopies<'θ> : Law<'θ> = LoopLaws.weightsAreCopies
    /// Two EM steps are the same for rows in another order.
    let rowsInAnyOrder<'θ> : Law<'θ> = LoopLaws.rowsInAnyOrder
    /// Two EM steps are the same for components in another order.
    let componentsInAnyOrder<'θ> : Law<'θ> = LoopLaws.componentsInAnyOrder

    /// 2000 rows that the family's sampler draws from each component are in the domain, and their numbers have the density's
    /// frequencies (χ²) or its distribution function (Kolmogorov–Smirnov), at a significance of 1e-6. Absent without
    /// `Marginals`.
    let samplerFollowsDensity<'θ> : Law<'θ> = SamplerLaws.followsDensity
    /// Parameters on the edge give log-densities that are finite or −∞, and E- and M-step without NaN. Absent without
    /// `Edge`.
    let edgesAreSafe<'θ> : Law<'θ> = BoundaryLaws.isNeverNaN

    /// A fit of one iteration under priors, as arrays by name and back, has the same bits everywhere.
    let savedComesBack<'θ> : Law<'θ> = StorageLaws.isReversible

    /// Every law.
    let all<'θ> : Law<'θ> list =
        [ densityIsNormalised
          densityIsTextbook
          statisticsAdd
          formIsTextbook
          mStepMaximises
          mStepMaximisesWithPrior
          objectiveNeverFalls
          objectiveNeverFallsWithPrior
          classificationObjectiveNeverFalls
          mapsAreInverse
          gradientIsMean
          weightsAreCopies
          rowsInAnyOrder
          componentsInAnyOrder
          samplerFollowsDensity
          edgesAreSafe
          savedComesBack ]

    // ── Trying them ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// 50 cases of each law, always the same ones.
    let defaults: Config =
        Config.Quick
            .WithMaxTest(50)
            .WithMaxRejected(1000)
            .WithReplay(
                Some
                    { Rnd = Rnd(20240229UL, 9007199254740993UL)
                      Size = None }
            )

    /// The laws that apply to a subject as properties of FsCheck, by name.
    let properties (subject: Subject<'θ>) : (string * Property) list =
        all |> List.choose (fun law -> Law.property subject law |> Option.map (fun property -> law.Name, property))

    /// What becomes of every law on a subject.
    let run (config: Config) (subject: Subject<'θ>) : Report list = all |> List.map (Law.run config subject)

    /// Throws `LawException` when the subject breaks a law: its message says which, how, and the smallest case of each.
    let check (config: Config) (subject: Subject<'θ>) : unit =
        match run config subject |> List.filter (fun report -> not report.IsGood) with
        | [] -> ()
        | broken -> raise (LawException broken)
