namespace Gmm.Laws

open Gmm

/// Laws of the statistics.
module internal StatisticsLaws =
    let add<'θ> : Law<'θ> =
        Law.ofAll "statistics add over parts of the data" (fun subject case ->
            let rows = case.Rows.Length

            if rows < 2 then
                Beside
            else
                let responsibilities = (Expectation.responsibilities subject.Family case).toArray2D()

                let sums first last =
                    subject.Family.Sums
                        case.Parameters
                        (Tensor.matrix (array2D case.Rows[first..last]))
                        (Tensor.matrix responsibilities[first..last, *])
                    |> List.map _.toArray()

                let split = 1 + case.Seed % (rows - 1)

                Seq.zip3 (sums 0 (rows - 1)) (sums 0 (split - 1)) (sums split (rows - 1))
                |> Seq.map (fun (whole, first, second) ->
                    let scale = Seq.concat [ whole; first; second ] |> Seq.map abs |> Seq.max

                    Seq.zip3 whole first second
                    |> Seq.tryFind (fun (whole, first, second) ->
                        not (abs (whole - (first + second)) <= 1e-9 * scale))
                    |> Option.map (fun (whole, first, second) ->
                        let whole, first, second = Numbers.brief whole, Numbers.brief first, Numbers.brief second

                        $"A sum over all rows is {whole}, but over rows 0 to {split - 1} it is {first} "
                        + $"and over the others {second}."))
                |> Law.firstBroken)

    /// Describes the first number that differs from the expected one by more than 1e-9 of the largest.
    let private difference what (expected: float[]) (actual: float[]) =
        let scale = expected |> Seq.map abs |> Seq.fold max 1.0

        Seq.zip expected actual
        |> Seq.tryFind (fun (expected, actual) -> not (expected = actual || abs (actual - expected) <= 1e-9 * scale))
        |> Option.map (fun (expected, actual) ->
            $"{what} by the kernels is {Numbers.brief actual}, by the textbook {Numbers.brief expected}.")

    let form<'θ> : Law<'θ> =
        Law.ofAll "the form is that of the density and the sums" (fun subject case ->
            let source = Expectation.source case
            let block = source.Read 0L
            let textbook = Textbook.backend Reference.engine

            let statistics backend =
                EM.eStep
                    { Expectation.model subject.Family with
                        Backend = backend }
                    source
                    case.Mixture
                |> Statistics.pack

            [ difference
                  "A joint log-density"
                  (Textbook.logJoint Reference.engine subject.Family case.Mixture block)
                  (Kernel.logJoint subject.Family case.Mixture block)
              difference "A sum" (statistics textbook) (statistics Kernel.backend) ]
            |> Law.firstBroken)

    let scale<'θ> : Law<'θ> =
        Law.ofAll "scaled statistics are those of repeated rows" (fun subject case ->
            let family, model = subject.Family, Expectation.model subject.Family
            let times = 2 + case.Seed % 3
            let once = EM.eStep model (Expectation.source case) case.Mixture
            let repeated = case.Rows |> Array.collect (Array.replicate times) |> Source.ofRows |> GmmError.get
            let scaled = Statistics.scale (float times) once
            let q = Expectation.q family (Expectation.rows case) (Expectation.responsibilities family case)

            seq {
                EM.eStep model repeated case.Mixture
                |> Expectation.difference scaled scaled
                |> Option.map (fun (scaled, repeated) ->
                    $"A sum over every row {times} times is {Numbers.brief repeated}, but {times} times the sum over "
                    + $"all rows is {Numbers.brief scaled}.")

                match family.Maximise case.Parameters once, family.Maximise case.Parameters scaled with
                | Ok ofOnce, Ok ofScaled ->
                    let (expected, magnitude), (actual, _) = q ofOnce, q ofScaled

                    if not (abs (actual - expected) <= 1e-9 * (1.0 + magnitude)) then
                        let expected, actual = Numbers.brief expected, Numbers.brief actual
                        Some $"Q is {expected} after the M-step, but {actual} from statistics times {times}."
                | Ok _, Error error -> Some $"Statistics have an M-step, but not those times {times}: {error.Message}"
                | Error error, Ok _ ->
                    Some $"Statistics times {times} have an M-step, but not those of the rows: {error.Message}"
                | Error _, Error _ -> ()
            }
            |> Law.firstBroken)

    let lengths<'θ> : Law<'θ> =
        Law.ofAll "the sums have the lengths that the family says" (fun subject case ->
            let family = subject.Family
            let expected = family.SumLengths case.Parameters

            let isWrong who (sums: float[][]) =
                let actual = sums |> Array.map Array.length

                if actual = expected then
                    None
                else
                    Some
                        $"The family says that its sums have %A{expected} numbers, but those of {who} have %A{actual}."

            seq {
                Expectation.responsibilities family case
                |> Expectation.statistics family case.Parameters (Expectation.rows case)
                |> _.Sums
                |> isWrong "Sums"

                (EM.eStep (Expectation.model family) (Expectation.source case) case.Mixture).Sums
                |> isWrong "the E-step"
            }
            |> Law.firstBroken)
