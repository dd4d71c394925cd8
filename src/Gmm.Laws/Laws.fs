namespace Gmm.Laws

open FsCheck
open Gmm

/// The laws that every family of mixture components and every tensor engine must obey. `Subject.create` makes a subject
/// of any family. The loop can trust a family that obeys them all: its fits climb, a weight counts as that many copies,
/// and no result depends on an order.
module Laws =
    // ── Subjects ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// An exponential family, with 1 to 3 columns of its kind, under conjugate priors. All laws apply, except those
    /// whose part of the column is None or empty. A law fails when no case can be drawn, as when A(η) is infinite.
    let ofExponentialFamily (column: Column) : Subject<ExponentialParameters> = ExponentialSubject.create column

    /// Gaussians of a structure, with 1 to 3 columns, under normal–inverse-Wishart priors. The laws of natural
    /// parameters are absent.
    let ofGaussian (structure: Structure) : Subject<Gaussian> = GaussianSubject.create structure

    /// Student's t components of a structure, with 1 to 3 columns, under the priors of `ofGaussian`. The laws of exact
    /// M-steps and of natural parameters are absent.
    let ofStudentT (structure: Structure) (degrees: DegreesOfFreedom) : Subject<StudentT> =
        StudentTSubject.create structure degrees

    /// A part of a product: so many columns of a subject of any kind.
    let part (width: int) (subject: Subject<'θ>) : SubjectPart = ProductSubject.part width subject

    /// Columns of different families side by side. A law is absent when a part lacks what it needs; the laws of
    /// exponential families apply to the parts that are exponential families.
    let ofProduct (parts: SubjectPart list) : Subject<Product> = ProductSubject.create parts

    // ── The laws ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Σₓ p(x|θₖ) = 1, or ∫ p(x|θₖ) dx = 1, within 1e-7, by enumeration or quadrature. Absent without `Nodes`.
    let densityIsNormalised<'θ> : Law<'θ> = DensityLaws.isNormalised
    /// ln p(xₙ|θₖ) equals an independent formula within 1e-9. Absent without `Textbook`.
    let densityIsTextbook<'θ> : Law<'θ> = DensityLaws.isTextbook
    /// The sums over all rows are those over some rows plus those over the others, within 1e-9.
    let statisticsAdd<'θ> : Law<'θ> = StatisticsLaws.add

    /// `Statistics.scale m` gives the statistics of every row m times, within 1e-9, and without a prior the M-step from
    /// them is the same.
    let statisticsScale<'θ> : Law<'θ> = StatisticsLaws.scale
    /// `SumLengths` are the lengths of the family's sums, and of those that the E-step gives.
    let sumsHaveTheirLengths<'θ> : Law<'θ> = StatisticsLaws.lengths

    /// The kernels of the family's form find the joint log-densities and the statistics of the textbook, within 1e-9. A
    /// family without a form obeys it.
    let formIsTextbook<'θ> : Law<'θ> = StatisticsLaws.form

    /// Statistics that `Recentre` moves from the means of some parameters to those of others are the statistics about
    /// the others with the same responsibilities, within 1e-9. Absent unless the M-step `Maximises`.
    let recentredAreThose<'θ> : Law<'θ> = RecentringLaws.areThose
    /// `Recentre` there and back gives the same statistics, within 1e-9.
    let recentringIsReversible<'θ> : Law<'θ> = RecentringLaws.isReversible

    /// With fixed responsibilities, the M-step from recentred statistics, and from sums of recentred parts of the data
    /// with others, has the same Q = Σₙₖ rₙₖ ln p(xₙ|θₖ) as from the statistics of all rows, within 1e-8 of its terms.
    let recentringKeepsMaximum<'θ> : Law<'θ> = RecentringLaws.keepsMaximum

    /// There are as many coordinates, and as many different names, as free parameters, and the mixture of its own
    /// coordinates has the same coordinates and the same log-densities, within 1e-9 (see `Coordinates`).
    let coordinatesComeBack<'θ> : Law<'θ> = CoordinatesLaws.comeBack

    /// Numbers near the coordinates of a mixture make another mixture, of which they are the coordinates, within 1e-9.
    /// Numbers from −3 to 3 do, too, or are an error where natural parameters have bounds.
    let coordinatesAreFree<'θ> : Law<'θ> = CoordinatesLaws.areFree

    /// No neighbour of the M-step's parameters has a larger Q = Σₙₖ rₙₖ ln p(xₙ|θₖ), and the slope of Q there is 0, by
    /// differences (Bishop, PRML, 2006, §9.4). Absent unless the M-step `Maximises`.
    let mStepMaximises<'θ> : Law<'θ> = MStepLaws.maximises
    /// The same of Q + ln prior, under a prior.
    let mStepMaximisesWithPrior<'θ> : Law<'θ> = MStepLaws.maximisesWithPrior

    /// The M-step never lowers Q, and under a prior Q + ln prior, by more than 1e-10 of its terms (generalised EM:
    /// Dempster, Laird and Rubin 1977).
    let mStepNeverLowers<'θ> : Law<'θ> = MStepLaws.increases
    /// Σₙ ln p(xₙ) never falls along the iterates of EM, by more than 1e-10 of itself (Dempster, Laird and Rubin 1977).
    let objectiveNeverFalls<'θ> : Law<'θ> = LoopLaws.monotone
    /// Σₙ ln p(xₙ) + ln prior never falls, under a prior on parameters and weights.
    let objectiveNeverFallsWithPrior<'θ> : Law<'θ> = LoopLaws.monotoneWithPrior
    /// Σₙ maxₖ ln ρₙₖ never falls with hard assignment (Celeux and Govaert 1992).
    let classificationObjectiveNeverFalls<'θ> : Law<'θ> = LoopLaws.monotoneWhenHard

    /// The density under restricted parameters is that of the chosen columns, within 1e-9. Absent without `Choose`, and
    /// for families that don't treat missing cells, as the next two laws.
    let restrictedAreMarginal<'θ> : Law<'θ> = MissingLaws.marginal

    /// The lifted statistics of complete rows are their statistics, within 1e-9, and a completed row has its observed
    /// cells and finite numbers.
    let observedCellsStay<'θ> : Law<'θ> = MissingLaws.observedCells

    /// Σₙ ln p(xₙ) of the observed cells, also with ln prior, never falls along the iterates of EM on rows with missing
    /// cells, by more than 1e-10 of itself: the lifted statistics are the expectation that EM needs.
    let observedObjectiveNeverFalls<'θ> : Law<'θ> = MissingLaws.monotone

    /// Mean(Natural(m)) = m within 1e-9. Absent without `Exponential`.
    let mapsAreInverse<'θ> : Law<'θ> = ExponentialFamilyLaws.roundTrip

    /// ∇A(η) = E T(x), the family's map to mean parameters, by extrapolated differences (Bishop, PRML, eq. 2.226).
    /// Absent without `Exponential`.
    let gradientIsMean<'θ> : Law<'θ> = ExponentialFamilyLaws.gradient
    /// Two EM steps on rows with whole weights, some 0, are those on as many copies of each row.
    let weightsAreCopies<'θ> : Law<'θ> = LoopLaws.weightsAreCopies
    /// Two EM steps are the same for rows in another order.
    let rowsInAnyOrder<'θ> : Law<'θ> = LoopLaws.rowsInAnyOrder
    /// Two EM steps are the same for components in another order. Absent without `Choose`.
    let componentsInAnyOrder<'θ> : Law<'θ> = LoopLaws.componentsInAnyOrder

    /// 2000 rows that the family's sampler draws from each component are in the domain, and their numbers have the
    /// density's frequencies (χ²) or its distribution function (Kolmogorov–Smirnov), at a significance of 1e-6. Absent
    /// without `Marginals`.
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
          statisticsScale
          sumsHaveTheirLengths
          formIsTextbook
          recentredAreThose
          recentringIsReversible
          recentringKeepsMaximum
          coordinatesComeBack
          coordinatesAreFree
          mStepMaximises
          mStepMaximisesWithPrior
          mStepNeverLowers
          objectiveNeverFalls
          objectiveNeverFallsWithPrior
          classificationObjectiveNeverFalls
          restrictedAreMarginal
          observedCellsStay
          observedObjectiveNeverFalls
          mapsAreInverse
          gradientIsMean
          weightsAreCopies
          rowsInAnyOrder
          componentsInAnyOrder
          samplerFollowsDensity
          edgesAreSafe
          savedComesBack ]

    // ── Trying them ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// 50 cases of each law, the same ones in every run.
    let defaults: Config =
        Config.Quick
            .WithMaxTest(50)
            .WithMaxRejected(1000)
            .WithReplay(
                Some
                    { Rnd = Rnd(20240229UL, 9007199254740993UL)
                      Size = None }
            )

    /// Returns the laws that apply to a subject as properties of FsCheck, by name.
    let properties (subject: Subject<'θ>) : (string * Property) list =
        all |> List.choose (fun law -> Law.property subject law |> Option.map (fun property -> law.Name, property))

    /// Tries every law on a subject.
    let run (config: Config) (subject: Subject<'θ>) : Report list = all |> List.map (Law.run config subject)

    let private raiseBroken (reports: Report list) =
        match reports |> List.filter (fun report -> not report.IsGood) with
        | [] -> ()
        | broken -> raise (LawException broken)

    /// Throws `LawException` when the subject breaks a law; the message names each broken law, how it is broken, and
    /// the smallest case.
    let check (config: Config) (subject: Subject<'θ>) : unit = run config subject |> raiseBroken

    // ── Engines ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Every law of tensor engines. An engine computes what the Reference computes: its operations agree within 1e-14
    /// of the largest number in float64 and 1e-5 in float32, and change no operand; tensors without numbers, zeros,
    /// infinities, ties and large numbers are as in the Reference; shapes that do not fit, and tensors of another
    /// engine, are an ArgumentException. E-steps of the built-in families agree within 1e-10 of the largest number in
    /// float64 and 1e-4 in float32, and rows of tiny density have responsibilities that sum to 1.
    let engine: EngineLaw list = EngineLaws.all

    /// Throws `LawException` when an engine, whose numbers have the given type, breaks a law: its message says which
    /// and how.
    let checkEngine (dtype: Dtype) (engine: Engine) : unit =
        EngineLaws.all |> List.map (EngineLaw.run dtype engine) |> raiseBroken
