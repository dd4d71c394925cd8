namespace Gmm

open System

/// The estimate of the covariance of the coordinates θ̂ of a fit, from sₙ = ∂ ln p(xₙ|θ)/∂θ, the score of row n.
[<RequireQualifiedAccess>]
type Information =
    /// I⁻¹, with the observed information I = −∂²(ln L + ln prior)/∂θ∂θᵀ (Efron and Hinkley 1978). It holds if the data
    /// come from a mixture of the fitted kind; otherwise errors, above all those of variances, may be too small.
    | Observed
    /// I⁻¹BI⁻¹, with B = Σₙ wₙsₙsₙᵀ (Huber 1967; White 1982). It holds for any data, as an estimate of the error of the
    /// parameters nearest to the data's distribution.
    | Sandwich
    /// B⁻¹ (Berndt, Hall, Hall and Hausman 1974). It takes the least computation, and no prior counts.
    | OuterProduct

/// The standard errors of the parameters of a fit, with their covariance.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type StandardErrors =
    {
        /// The names of the P parameters: "weight[0]", "mean[0,1]" …, as `Coordinates.parameters` gives them.
        Names: string[]
        /// The parameters of the fit (P).
        Estimates: float[]
        /// The estimated covariance of these estimates (P×P).
        Covariance: float[,]
    }

    /// The standard errors, the square roots of the variances (P).
    member errors.Errors: float[] = Array.init errors.Names.Length (fun i -> sqrt errors.Covariance[i, i])

    member internal errors.Display =
        Array.map3
            (fun name (estimate: float) (error: float) ->
                FormattableString.Invariant $"{name} = {estimate:G6} ± {error:G3}")
            errors.Names
            errors.Estimates
            errors.Errors
        |> String.concat "\n"

/// Functions on standard errors.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module StandardErrors =
    /// Returns an error unless the level of an interval is between 0 and 1.
    let internal checkLevel (level: float) : Result<unit, GmmError> =
        GmmError.requireAll [ level > 0.0 && level < 1.0, "Level", "above 0 and below 1", string level ]

    /// Returns an interval for every parameter (P) that contains it with a probability near `level`: estimate ±
    /// z·error, where a standard normal number lies between −z and z with that probability. Error unless the level is
    /// between 0 and 1.
    let intervals (level: float) (errors: StandardErrors) : Result<(float * float)[], GmmError> =
        checkLevel level
        |> Result.map (fun () ->
            let z = Chi.quantileBetween 1 (0.0, infinity) level

            Array.map2
                (fun estimate error -> estimate - z * error, estimate + z * error)
                errors.Estimates
                errors.Errors)

/// The uncertainty of fits by the shape of the likelihood at its maximum (McLachlan and Peel, Finite Mixture Models,
/// 2000, §2.15). `Bootstrap` finds it by fits of resampled data.
module Uncertainty =

    // ── Coordinates ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// A mixture and its neighbours: the free coordinates, each in its unit.
    [<NoEquality; NoComparison>]
    type private Point<'θ> =
        {
            Family: Family<'θ>
            Mixture: Mixture<'θ>
            Numbers: float[]
            Units: float[]
            /// The indices of the coordinates that the fit estimates: fixed weights are left out, and coordinates at a
            /// limit of their domain.
            Free: int[]
        }

        member private point.TryMove(steps: (int * float) list) : Result<Point<'θ>, GmmError> =
            let numbers = Array.copy point.Numbers

            for i, step in steps do
                let place = point.Free[i]
                numbers[place] <- numbers[place] + step * point.Units[place]

            Coordinates.toMixture point.Family point.Mixture numbers
            |> Result.map (fun mixture ->
                { point with
                    Mixture = mixture
                    Numbers = numbers })

        /// The point at some steps from here, in units. Throws `GmmException` where there is no mixture.
        member point.Moved(steps: (int * float) list) : Point<'θ> = point.TryMove steps |> GmmError.get

        /// Whether there is a mixture at a step from here in coordinate i.
        member point.CanMove(i: int, step: float) : bool = (point.TryMove [ i, step ]).IsOk

    /// The step of differences, in units.
    [<Literal>]
    let private Step = 1e-3

    /// Returns the unit near a given one whose steps from a number are exact, so that data far from 0 have exact
    /// differences.
    let private exactUnit (number: float) (unit: float) : float =
        let step = number + Step * unit - number
        if step > 0.0 then step / Step else unit

    let private pointOf (model: Model<'θ>) (mixture: Mixture<'θ>) : Result<Point<'θ>, GmmError> =
        let family = model.Family

        Coordinates.ofMixture family mixture
        |> Result.map (fun numbers ->
            let first = if model.Weights.IsFixed then mixture.Components - 1 else 0

            let point =
                { Family = family
                  Mixture = mixture
                  Numbers = numbers
                  Units = Array.map2 exactUnit numbers (Coordinates.units family mixture)
                  Free = [| first .. numbers.Length - 1 |] }

            { point with
                Free =
                    Array.indexed point.Free
                    |> Array.filter (fun (i, _) -> point.CanMove(i, 2.0 * Step) && point.CanMove(i, -2.0 * Step))
                    |> Array.map snd })
        |> Result.mapError (fun error ->
            match error with
            | InvalidOption(name, _, value) ->
                let rule = "finite, which it isn't on an edge of its domain; set a prior, or use Bootstrap"
                InvalidOption(name, rule, value)
            | other -> other)

    /// The steps at which functions are evaluated.
    let private stepsAround = [| -2.0 * Step; -Step; Step; 2.0 * Step |]

    /// Returns the derivative from the values at these steps, by central differences of the fourth order, whose error
    /// is of the order Step⁴ (Abramowitz and Stegun 1964, 25.3.6).
    let private ofValues (values: float[][]) : float[] =
        Array.init values[0].Length (fun i ->
            (8.0 * (values[2].[i] - values[1].[i]) - (values[3].[i] - values[0].[i])) / (12.0 * Step))

    /// Returns the derivative of a function of the point in coordinate i.
    let private derivative (f: Point<'θ> -> float[]) (point: Point<'θ>) (i: int) : float[] =
        stepsAround |> Array.map (fun step -> f (point.Moved [ i, step ])) |> ofValues

    // ── Scores of rows ──────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a function that computes the scores of the rows of a block (n×p, row by row): sₙᵢ = Σₖ rₙₖ ∂ ln ρₙₖ/∂θᵢ.
    let private scoresAt (model: Model<'θ>) (point: Point<'θ>) : Block -> float[] =
        let components, count = point.Mixture.Components, point.Free.Length

        let logJoint (point: Point<'θ>) =
            let comparable = Predict.comparable model point.Mixture

            fun block ->
                let struct (joint, _) = comparable block
                joint

        let here = logJoint point

        let around =
            Array.init count (fun i -> stepsAround |> Array.map (fun step -> logJoint (point.Moved [ i, step ])))

        fun block ->
            let responsibilities = here block
            Assignment.softRows components responsibilities |> ignore
            let scores = Array.zeroCreate (block.Rows * count)

            for i in 0 .. count - 1 do
                let slopes = around[i] |> Array.map (fun joint -> joint block) |> ofValues

                for n in 0 .. block.Rows - 1 do
                    let mutable score = 0.0

                    for k in n * components .. (n + 1) * components - 1 do
                        // An impossible component has no slope.
                        if responsibilities[k] > 0.0 then
                            score <- score + responsibilities[k] * slopes[k]

                    scores[n * count + i] <- score

            scores

    let private addTo (sum: float[]) (others: float[]) =
        Statistics.add sum others
        sum

    /// Computes Σₙ wₙsₙ.
    let private sumOfScores (model: Model<'θ>) (source: Source) (point: Point<'θ>) : float[] =
        let scores, count = scoresAt model point, point.Free.Length

        source
        |> Source.reduce model.Execution addTo (fun block ->
            let ofRows = scores block
            Array.init count (fun i -> block.WeightedSum(Array.init block.Rows (fun n -> ofRows[n * count + i]))))

    /// Computes B = Σₙ wₙsₙsₙᵀ.
    let private outerProduct (model: Model<'θ>) (source: Source) (point: Point<'θ>) : float[,] =
        let scores, count = scoresAt model point, point.Free.Length

        let sum =
            source
            |> Source.reduce model.Execution addTo (fun block ->
                let ofRows, sum = scores block, Array.zeroCreate (count * count)

                for n in 0 .. block.Rows - 1 do
                    if block.Weight n > 0.0 then
                        LinearAlgebra.addOuter (block.Weight n) (ReadOnlySpan(ofRows, n * count, count)) (Span sum)

                sum)

        Array2D.init count count (fun i j -> sum[i * count + j])

    // ── Gradient and information ────────────────────────────────────────────────────────────────────────────────────

    /// Returns the form of a point's family, if the sums of an E-step determine the gradient.
    let private formOf (point: Point<'θ>) : DifferentiableForm option =
        point.Family.Form point.Mixture.Parameters |> Option.bind Form.differentiable

    /// Returns the numbers on which Q depends, for a family with such a form: ln πₖ, then those of the form.
    let private numbersOf (point: Point<'θ>) : float[] =
        match formOf point with
        | Some form -> Array.append (point.Mixture.LogWeights.toArray ()) form.Numbers
        | None -> [||]

    /// Returns the derivatives of Q in these numbers, from one E-step.
    let private slopesOf (pass: Pass<'θ>) (point: Point<'θ>) : float[] =
        let statistics = pass.Expect(Soft, point.Mixture)

        match formOf point with
        | Some form -> Array.append statistics.Counts (form.Slopes statistics.Counts statistics.Sums)
        | None -> [||]

    /// Returns the derivatives of the numbers in coordinate i, without zeros.
    let private column (point: Point<'θ>) (i: int) : struct (int * float)[] =
        derivative numbersOf point i
        |> Array.mapi (fun place slope -> struct (place, slope))
        |> Array.filter (fun struct (_, slope) -> slope <> 0.0)

    let private along (slopes: float[]) (column: struct (int * float)[]) : float =
        let mutable sum = 0.0

        for struct (place, slope) in column do
            sum <- sum + slope * slopes[place]

        sum

    /// Returns whether two coordinates change the same number, for every pair. If they don't, the derivatives of the
    /// numbers in one coordinate don't depend on the other. They are compared at a point where nothing is 0 by chance.
    let private areJoint (point: Point<'θ>) : bool[,] =
        let random, count = RandomStream.ofSeed 0, point.Free.Length

        let changed =
            try
                let elsewhere = point.Moved [ for i in 0 .. count - 1 -> i, 0.02 * (random.NextDouble() - 0.5) ]
                let before = numbersOf elsewhere
                Array.init count (fun i -> Array.map2 (<>) before (numbersOf (elsewhere.Moved [ i, Step ])))
            with :? GmmException ->
                Array.create count [| true |]

        Array2D.init count count (fun i j -> Array.exists2 (&&) changed[i] changed[j])

    /// Returns the gradient of ln L at the point. By Fisher's identity it is the gradient of Q, with fixed
    /// responsibilities, so one E-step is enough.
    let private gradientOf (pass: Pass<'θ>) (point: Point<'θ>) : float[] =
        let slopes = slopesOf pass point
        Array.init point.Free.Length (fun i -> column point i |> along slopes)

    /// Computes −∂² ln L/∂θ∂θᵀ, row by row: the derivatives of the gradient.
    let private ofLikelihood (model: Model<'θ>) (source: Source) (point: Point<'θ>) : Result<float[][], GmmError> =
        let count = point.Free.Length
        let ofCoordinates, ofOne = source |> Source.sharing model.Execution count

        let model = { model with Execution = ofOne }

        match formOf point with
        | None -> ofCoordinates.Map(count, derivative (sumOfScores model source) point) |> Ok
        | Some _ ->
            result {
                use! pass = Model.openPass model source
                let columns = ofCoordinates.Map(count, column point)
                let areJoint = areJoint point

                let row i =
                    point
                    |> derivative (fun there ->
                        let slopes = slopesOf pass there

                        Array.init count (fun j ->
                            (if areJoint[i, j] then column there j else columns[j]) |> along slopes))
                    <| i

                return ofCoordinates.Map(count, row)
            }
        |> Result.map (Array.map (Array.map (~-)))

    /// Computes −∂² ln prior/∂θ∂θᵀ, by second differences along the coordinates and the diagonals between them.
    let private ofPrior (model: Model<'θ>) (point: Point<'θ>) : float[,] =
        let count = point.Free.Length
        let step = 4.0 * Step
        let at steps = Model.logPrior model (point.Moved steps).Mixture
        let here = at []

        /// Returns the second derivative in a direction.
        let second (direction: (int * float) list) =
            let at factor = at (direction |> List.map (fun (i, sign) -> i, factor * sign * step))
            let near, far = at 1.0 + at -1.0, at 2.0 + at -2.0
            (16.0 * near - far - 30.0 * here) / (12.0 * step * step)

        let isFlat i = stepsAround |> Array.forall (fun step -> at [ i, step ] = here)
        let matters = Array.init count (isFlat >> not)

        let rows =
            model.Execution.Map(
                count,
                fun i ->
                    Array.init (i + 1) (fun j ->
                        if not (matters[i] && matters[j]) then 0.0
                        elif i = j then -(second [ i, 1.0 ])
                        else -(second [ i, 1.0; j, 1.0 ] - second [ i, 1.0; j, -1.0 ]) / 4.0)
            )

        Array2D.init count count (fun i j -> rows[max i j].[min i j])

    /// Computes I.
    let private observed (model: Model<'θ>) (source: Source) (point: Point<'θ>) : Result<float[,], GmmError> =
        ofLikelihood model source point
        |> Result.map (fun rows ->
            let prior = ofPrior model point
            Array2D.init rows.Length rows.Length (fun i j -> 0.5 * (rows[i].[j] + rows[j].[i]) + prior[i, j]))

    // ── Covariance ──────────────────────────────────────────────────────────────────────────────────────────────────

    let private transpose (matrix: float[,]) =
        Array2D.init (Array2D.length2 matrix) (Array2D.length1 matrix) (fun i j -> matrix[j, i])

    /// Computes ABAᵀ.
    let private sandwich (a: float[,]) (b: float[,]) : float[,] =
        LinearAlgebra.matrixProduct (LinearAlgebra.matrixProduct a b) (transpose a)

    /// The share of the information on a coordinate that the others must leave to it. Less is rounding of differences.
    let private leastShare = 1e-8

    /// The least information on a coordinate, in its unit, as a share of the largest. Less is rounding of differences.
    let private leastInformation = 1e-12

    /// Returns the inverse of an information. Error when it isn't positive definite: the error names the coordinate
    /// that has the largest share of the direction with the least information.
    let private inverse (point: Point<'θ>) (information: float[,]) : Result<float[,], GmmError> =
        let count = point.Free.Length
        let scales = Array.init count (fun i -> sqrt (abs information[i, i]))
        let isScale scale = scale > sqrt leastInformation * Array.max scales && scale < infinity

        let scaled =
            Array.init (count * count) (fun place ->
                let i, j = place / count, place % count
                information[i, j] / (scales[i] * scales[j]))

        let w = Array.zeroCreate (count * count)

        // 1/wᵢᵢ² is what the coordinates before i leave of the information on i.
        let isDefinite =
            Array.forall isScale scales
            && Array.forall Double.IsFinite scaled
            && LinearAlgebra.inverseFactor count (ReadOnlySpan scaled) (Span w)
            && Seq.forall (fun i -> leastShare * w[i * (count + 1)] * w[i * (count + 1)] < 1.0) (seq { 0 .. count - 1 })

        if isDefinite then
            let w = Array2D.init count count (fun i j -> w[i * count + j] / scales[j])
            Ok(LinearAlgebra.matrixProduct (transpose w) w)
        else
            let names = Coordinates.names point.Family point.Mixture

            let i, value =
                match scales |> Array.tryFindIndex (isScale >> not) with
                | Some i -> i, 0.0
                | None ->
                    let values, vectors = LinearAlgebra.eigen count scaled
                    let direction = vectors[0] |> Array.map abs
                    Array.findIndex ((=) (Array.max direction)) direction, values[0]

            let rule =
                "positive definite, as at an isolated maximum; fit with a smaller Tolerance, with fewer components or with a prior"

            let value = FormattableString.Invariant $"{value:G3} along {names[point.Free[i]]}, as a share"
            Error(InvalidOption("Information", rule, value))

    /// Computes the gradient of ln L.
    let private slopeOf (model: Model<'θ>) (source: Source) (point: Point<'θ>) : Result<float[], GmmError> =
        match formOf point with
        | None -> Ok(sumOfScores model source point)
        | Some _ ->
            result {
                use! pass = Model.openPass model source
                return gradientOf pass point
            }

    /// Returns an error when a step of Newton's method, C·∂(ln L + ln prior)/∂θ with the covariance C, would move a
    /// coordinate by more than its standard error: the fit has stopped far from a maximum.
    let private requireMaximum model source (point: Point<'θ>) (covariance: float[,]) : Result<unit, GmmError> =
        let ofPrior = derivative (fun there -> [| Model.logPrior model there.Mixture |]) point

        slopeOf model source point
        |> Result.bind (fun slope ->
            let gradient = slope |> Array.mapi (fun i slope -> slope + (ofPrior i)[0])

            let distances =
                gradient
                |> Array.mapi (fun i _ ->
                    let step = Seq.fold2 (fun sum c g -> sum + c * g) 0.0 covariance[i, *] gradient
                    abs step / sqrt covariance[i, i])

            // False for NaN.
            let isNear distance = distance <= 1.0

            if Array.forall isNear distances then
                Ok()
            else
                // A NaN, if there is one, otherwise the farthest.
                let far =
                    distances
                    |> Array.tryFindIndex Double.IsNaN
                    |> Option.defaultWith (fun () -> Array.findIndex ((=) (Array.max distances)) distances)

                let name = (Coordinates.names point.Family point.Mixture)[point.Free[far]]

                Error(
                    InvalidOption(
                        "The fit",
                        "at a maximum of the likelihood for standard errors; fit with a smaller Tolerance or a larger MaxIterations",
                        FormattableString.Invariant $"{distances[far]:G3} standard errors from it along {name}"
                    )
                ))

    /// Returns the standard errors of the named parameters from the covariance of the coordinates, by the delta method.
    let private named (point: Point<'θ>) (covariance: float[,]) : Result<StandardErrors, GmmError> =
        let names, estimates = Coordinates.parameters point.Family point.Mixture |> Array.unzip
        let values (point: Point<'θ>) = Coordinates.parameters point.Family point.Mixture |> Array.map snd
        let slopes = Array.init point.Free.Length (derivative values point)
        let jacobian = Array2D.init names.Length slopes.Length (fun i j -> slopes[j].[i])
        let covariance = sandwich jacobian covariance

        match estimates |> Seq.mapi (fun i _ -> covariance[i, i]) |> Seq.tryFindIndex (Double.IsFinite >> not) with
        | Some i ->
            Error(
                InvalidData(
                    "on a scale on which squares of variances are finite numbers",
                    $"{names[i]} is {string estimates[i]}"
                )
            )
        | None ->
            Ok
                { Names = names
                  Estimates = estimates
                  Covariance =
                    Array2D.init names.Length names.Length (fun i j ->
                        // Rounding leaves a variance of 0 no sign.
                        if i = j then
                            max 0.0 covariance[i, i]
                        else
                            0.5 * (covariance[i, j] + covariance[j, i])) }

    // ── Doors ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns an error when a fit has no information: it is no maximum of the likelihood.
    let private requireRegular (fit: Fit<'θ>) : Result<unit, GmmError> =
        let owners =
            fit.Irregular.OnFloor
            |> List.map (fun owner ->
                match owner with
                | Some k -> $"that of component {k}"
                | None -> "the shared one")

        GmmError.requireAll
            [ not (NormalWishart.isPosterior fit.Model.Family),
              "Family",
              "one whose likelihood is maximised, for standard errors",
              $"{fit.Model.Family.Name}, whose posterior itself measures the uncertainty"
              fit.Model.Assignment = Soft,
              "Assignment",
              "Soft for standard errors, which hold at a maximum of the likelihood; Bootstrap takes fits of classification EM, too",
              "Hard"
              owners.IsEmpty,
              "Covariances",
              "above their floor for standard errors: choose fewer components, a structure of fewer parameters or a CovariancePrior",
              "on it (" + String.concat ", " owners + ")" ]

    /// Runs a computation at the fitted mixture, in float64.
    let private atFit compute (fit: Fit<'θ>) (source: Source) : Result<'T, GmmError> =
        result {
            do! requireRegular fit
            do! Predict.check fit.Model fit.Mixture source

            let precise =
                source
                |> Source.map source.Columns (fun block ->
                    { block with
                        Numbers = Numbers.Float64 block.Values })

            let! point = pointOf fit.Model fit.Mixture
            return! compute precise point
        }

    /// Returns the names of the p free coordinates of a fit: those of `Coordinates.names`, without the log-odds of
    /// fixed weights and without coordinates at a limit of their domain. Error when a coordinate is infinite.
    let coordinateNames (fit: Fit<'θ>) : Result<string[], GmmError> =
        pointOf fit.Model fit.Mixture
        |> Result.map (fun point ->
            let names = Coordinates.names fit.Model.Family fit.Mixture
            point.Free |> Array.map (fun place -> names[place]))

    /// Computes the score of every row (N×p), sₙ = ∂ ln p(xₙ)/∂θ in the free coordinates at the fitted mixture:
    /// sₙ = Σₖ rₙₖ ∂(ln πₖ + ln p(xₙ|θₖ))/∂θ. Weighted by wₙ, they sum to `gradient`. Errors as `standardErrors`.
    let scores (fit: Fit<'θ>) (source: Source) : Result<float[,], GmmError> =
        atFit
            (fun source point ->
                let count = point.Free.Length
                let scores, all = scoresAt fit.Model point, Array2D.zeroCreate (int source.Rows) count

                let ofBlock (block: Block) =
                    scores block |> Array.mapi (fun place score -> score / point.Units[point.Free[place % count]])

                source |> Source.fill fit.Model.Execution count (Contiguous.ofArray2D all) ofBlock
                Ok all)
            fit
            source

    /// Computes the gradient of the log-likelihood Σₙ wₙ ln p(xₙ) in the free coordinates (p) at the fitted mixture,
    /// which is 0 at a maximum without a prior. Errors as `standardErrors`.
    let gradient (fit: Fit<'θ>) (source: Source) : Result<float[], GmmError> =
        atFit
            (fun source point ->
                slopeOf fit.Model source point
                |> Result.map (Array.mapi (fun i slope -> slope / point.Units[point.Free[i]])))
            fit
            source

    /// Computes the observed information −∂²(ln L + ln prior)/∂θ∂θᵀ of the free coordinates (p×p) at the fitted
    /// mixture. Errors as `standardErrors`, except that it may be any matrix.
    let observedInformation (fit: Fit<'θ>) (source: Source) : Result<float[,], GmmError> =
        atFit
            (fun source point ->
                let unit i = point.Units[point.Free[i]]

                observed fit.Model source point
                |> Result.map (Array2D.mapi (fun i j number -> number / (unit i * unit j))))
            fit
            source

    /// Estimates the standard errors of the parameters of a fit, from the data that it was fitted to. The covariance of
    /// the free coordinates is that of the chosen `Information`; the delta method gives that of the named parameters,
    /// J·covariance·Jᵀ with their Jacobian J. Fixed weights have no error, nor has a parameter at a limit of its
    /// domain, such as 200 degrees of freedom: it is held. Missing cells, noise and sample weights count as in the fit;
    /// a weight of m acts as m rows. Derivatives are central differences of the fourth order: of the numbers of a form,
    /// and of the gradient that each E-step gives. Error when the fit is one of variational Bayes, a parameter is on an
    /// edge of its domain, a covariance lies on its floor, the assignment is hard, the information is not positive
    /// definite, a step of Newton's method from the fit exceeds a standard error, as where EM stopped long before it
    /// converged, or the data don't suit the mixture.
    let standardErrors (information: Information) (fit: Fit<'θ>) (source: Source) : Result<StandardErrors, GmmError> =
        atFit
            (fun source point ->
                result {
                    let outerProduct () = outerProduct fit.Model source point

                    let! information' =
                        match information with
                        | Information.Observed
                        | Information.Sandwich -> observed fit.Model source point
                        | Information.OuterProduct -> Ok(outerProduct ())

                    let! covariance = inverse point information'
                    do! requireMaximum fit.Model source point covariance

                    return!
                        match information with
                        | Information.Observed
                        | Information.OuterProduct -> covariance
                        | Information.Sandwich -> sandwich covariance (outerProduct ())
                        |> named point
                })
            fit
            source
