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
                let x = Tensor.matrix (array2D case.Rows)
                let joint = subject.Family.LogDensity case.Parameters x + case.Mixture.LogWeights
                let responsibilities = (Assignment.soft joint |> snd).toArray2D()

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

    /// What is wrong with numbers that should be others, within 1e-9 of the largest.
    let private difference what (expected: float[]) (actual: float[]) =
        let scale = expected |> Seq.map abs |> Seq.fold max 1.0

        Seq.zip expected actual
        |> Seq.tryFind (fun (expected, actual) -> not (expected = actual || abs (actual - expected) <= 1e-9 * scale))
        |> Option.map (fun (expected, actual) ->
            $"{what} by the kernels is {Numbers.brief actual}, by the textbook {Numbers.brief expected}.")

    let form<'θ> : Law<'θ> =
        Law.ofAll "the form is that of the density and the sums" (fun subject case ->
            let source = Source.ofRows case.Rows |> GmmError.get
            let block = source.Read 0L
            let textbook, kernels = Backend.textbook Reference.engine subject.Family, Kernel.backend subject.Family

            let statistics (backend: Backend<_>) = backend.Expect Soft case.Mixture [ block ] |> Statistics.pack

            [ difference
                  "A joint log-density"
                  (textbook.LogJoint case.Mixture block)
                  (kernels.LogJoint case.Mixture block)
              difference "A sum" (statistics textbook) (statistics kernels) ]
            |> Law.firstBroken)
