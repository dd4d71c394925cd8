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
