namespace Gmm.Laws

open System
open Gmm

/// E-step and Q of a case by the family's own functions, without the library's E-steps.
module internal Expectation =
    /// Returns the rows of a case (n×D).
    let rows (case: Case<'θ>) : Tensor = Tensor.matrix (array2D case.Rows)

    /// Returns the rows of a case as data.
    let source (case: Case<'θ>) : Source = Source.ofRows case.Rows |> GmmError.get

    /// Returns the model of a family, on one thread.
    let model (family: Family<'θ>) : Model<'θ> =
        { Model.ofFamily family with
            Execution = { Execution.Default with Threads = 1 } }

    /// Computes the responsibilities rₙₖ (n×K) under the mixture of a case.
    let responsibilities (family: Family<'θ>) (case: Case<'θ>) : Tensor =
        family.LogDensity case.Parameters (rows case) + case.Mixture.LogWeights |> Assignment.soft |> snd

    /// Computes the statistics of rows (n×D) under parameters, with given responsibilities (n×K).
    let statistics (family: Family<'θ>) (parameters: 'θ) (x: Tensor) (responsibilities: Tensor) : Statistics =
        { Weight = float x.shape[0]
          LogLikelihood = 0.0
          Counts = (responsibilities.sum 0).toArray()
          Sums = [| for sum in family.Sums parameters x responsibilities -> sum.toArray () |] }

    /// Computes Q + ln prior of parameters, Q = Σₙₖ rₙₖ ln p(xₙ|θₖ), and the magnitude of its terms.
    let q (family: Family<'θ>) (x: Tensor) (responsibilities: Tensor) (parameters: 'θ) : float * float =
        let densities = (family.LogDensity parameters x).toArray()
        let prior = family.LogPrior parameters

        // A row with no share in a component may have density 0 there.
        let terms =
            Array.map2 (fun r density -> if r = 0.0 then 0.0 else r * density) (responsibilities.toArray ()) densities

        Array.sum terms + prior, Seq.sumBy abs terms + abs prior

    /// Moves each number by up to half of itself.
    let near (random: Random) (numbers: float[]) : float[] =
        numbers |> Array.map (fun x -> x + (random.NextDouble() - 0.5) * abs x)

    /// Returns the first two numbers of statistics that differ by more than 1e-9 of the largest number of their sum. `scales` are
    /// statistics whose numbers count as well, such as those from which the others were computed.
    let difference (scales: Statistics) (expected: Statistics) (actual: Statistics) : (float * float) option =
        let arrays (statistics: Statistics) =
            [ [| statistics.Weight |]; [| statistics.LogLikelihood |]; statistics.Counts; yield! statistics.Sums ]

        List.zip3 (arrays scales) (arrays expected) (arrays actual)
        |> Seq.collect (fun (scales, expected, actual) ->
            let scale = Seq.append scales expected |> Seq.map abs |> Seq.fold max 1e-300

            Seq.zip expected actual
            |> Seq.filter (fun (expected, actual) -> not (abs (actual - expected) <= 1e-9 * scale)))
        |> Seq.tryHead
