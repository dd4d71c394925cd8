namespace Gmm.Outside

open System
open Gmm

/// The parameters of K components of D independent Cauchy columns.
type Cauchy =
    {
        /// m (K×D).
        Locations: Tensor
        /// s > 0 (K×D).
        Scales: Tensor
    }

/// Columns with p(x) = 1 / (πs(1 + z²)), z = (x − m)/s: a kind of component that is not an exponential family. EM
/// treats a Cauchy distribution as a normal distribution of random precision, whose expectation given x is u = 2/(1 +
/// z²) (Lange, Little and Taylor 1989, with one degree of freedom). Rows in the tails therefore have little weight.
module Cauchy =
    let private deviations (cauchy: Cauchy) (x: Tensor) = x.unsqueeze 0 - cauchy.Locations.unsqueeze 1

    /// Returns 1 + z² (K×n×D).
    let private spread (cauchy: Cauchy) x =
        let z = deviations cauchy x / cauchy.Scales.unsqueeze 1
        (z * z).addScalar 1.0

    let private logDensity (cauchy: Cauchy) x =
        let logs = (spread cauchy x).log() + (cauchy.Scales.log().unsqueeze 1).addScalar(log Math.PI)
        (logs.sum 2 * -1.0).transpose(0, 1)

    /// Returns Σₙ rₙₖu, Σₙ rₙₖu(x−m) and Σₙ rₙₖu(x−m)² (K×D each).
    let private sums (cauchy: Cauchy) (x: Tensor) (responsibilities: Tensor) =
        let u = responsibilities.transpose(0, 1).unsqueeze 2 * 2.0 / spread cauchy x
        let d = deviations cauchy x
        [ u.sum 1; (u * d).sum 1; (u * d * d).sum 1 ]

    let private maximise (cauchy: Cauchy) (statistics: Statistics) =
        let columns, counts = cauchy.Locations.shape[1], statistics.Counts
        let zeroth, first, second = statistics.Sums[0], statistics.Sums[1], statistics.Sums[2]

        match statistics |> Statistics.firstEmpty counts with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let shifts = Array.map2 (/) first zeroth
            let squares = Array.mapi (fun i s -> (second[i] - shifts[i] * first[i]) / counts[i / columns]) second

            match squares |> Array.tryFindIndex (fun square -> not (square > 0.0)) with
            | Some i -> Error(DegenerateComponent(i / columns, i % columns, "cauchy", 0))
            | None ->
                Ok
                    { Locations = cauchy.Locations + cauchy.Locations.like (cauchy.Locations.shape, shifts)
                      Scales = cauchy.Scales.like (cauchy.Scales.shape, Array.map sqrt squares) }

    let private recentre (from: Cauchy) (target: Cauchy) (statistics: Statistics) =
        let shifts = (target.Locations - from.Locations).toArray()
        let zeroth, first, second = statistics.Sums[0], statistics.Sums[1], statistics.Sums[2]
        let first' = Array.map3 (fun s0 s1 shift -> s1 - shift * s0) zeroth first shifts
        let second' = Array.mapi (fun i s2 -> s2 - shifts[i] * (first[i] + first'[i])) second

        { statistics with
            Sums = [| zeroth; first'; second' |] }

    let private sample (cauchy: Cauchy) k =
        let m, s = cauchy.Locations.toArray2D (), cauchy.Scales.toArray2D ()

        fun (random: Random) ->
            Array.map2 (fun m s -> m + s * tan (Math.PI * (random.NextDouble() - 0.5))) m[k, *] s[k, *]

    let private create locations scales : Result<Cauchy, GmmError> =
        let isScale s = s > 0.0 && s < infinity

        match Array.tryFind (isScale >> not) ((scales: Tensor).toArray()) with
        | None ->
            Ok
                { Locations = locations
                  Scales = scales }
        | Some s -> Error(InvalidOption("Scales", "above 0 and finite", string s))

    /// Returns some columns of the numbers (K×D).
    let private select (columns: int[]) (numbers: Tensor) =
        let all = numbers.toArray2D ()

        Array2D.init (Array2D.length1 all) columns.Length (fun k i -> all[k, columns[i]]) |> Tensor.matrix

    /// A missing cell has the expected statistics of its component: E u = 1, E u(x−m) = 0, E u(x−m)² = s². In place of the mean,
    /// which a Cauchy distribution doesn't have, a completed row has its median m.
    let private missing: IncompleteRows<Cauchy> =
        { Restrict =
            fun columns cauchy ->
                { Locations = select columns cauchy.Locations
                  Scales = select columns cauchy.Scales }
          Lift =
            fun columns cauchy statistics ->
                let width, squares = cauchy.Locations.shape[1], cauchy.Scales.toArray () |> Array.map (fun s -> s * s)

                let lifted sum (expected: int -> float) =
                    Array.init squares.Length (fun i ->
                        let k, place = i / width, Array.IndexOf(columns, i % width)

                        if place < 0 then
                            statistics.Counts[k] * expected i
                        else
                            statistics.Sums[sum][k * columns.Length + place])

                { statistics with
                    Sums = [| lifted 0 (fun _ -> 1.0); lifted 1 (fun _ -> 0.0); lifted 2 (fun i -> squares[i]) |] }
          Complete =
            fun columns cauchy k numbers ->
                let row = (cauchy.Locations.toArray2D ())[k, *]
                Array.iter2 (fun column number -> row[column] <- number) columns numbers
                row }

    let rec family: Family<Cauchy> =
        { Name = "cauchy"
          LogDensity = logDensity
          Sums = sums
          SumLengths = fun cauchy -> Array.create 3 (Array.fold (*) 1 cauchy.Locations.shape)
          Maximise = maximise
          Recentre = recentre
          LogPrior = fun _ -> 0.0
          Form = fun _ -> None
          Misfit = fun _ _ -> None
          Sample = sample
          Means = fun cauchy -> cauchy.Locations.toArray2D ()
          Features = fun cauchy -> cauchy.Locations.shape[1]
          FreeParameters = fun cauchy -> 2 * cauchy.Locations.toArray().Length
          Move =
            fun move cauchy ->
                { Locations = move cauchy.Locations
                  Scales = move cauchy.Scales }
          Coordinates =
            { Names =
                fun cauchy ->
                    let name word i = $"{word}[{i / cauchy.Locations.shape[1]},{i % cauchy.Locations.shape[1]}]"
                    let count = cauchy.Locations.toArray().Length
                    Array.append (Array.init count (name "location")) (Array.init count (name "ln scale"))
              OfParameters =
                fun cauchy -> Array.append (cauchy.Locations.toArray ()) (cauchy.Scales.toArray () |> Array.map log)
              Units =
                fun cauchy ->
                    let scales = cauchy.Scales.toArray ()
                    Array.append scales (Array.create scales.Length 1.0)
              ToParameters =
                fun like numbers ->
                    let locations, logScales = Array.splitAt (numbers.Length / 2) numbers
                    let tensor = Tensor.create like.Locations.shape
                    create (tensor locations) (tensor (Array.map exp logScales))
              Parameters =
                fun cauchy ->
                    [| for word, numbers in [ "location", cauchy.Locations; "scale", cauchy.Scales ] do
                           yield!
                               numbers.toArray ()
                               |> Array.mapi (fun i number ->
                                   $"{word}[{i / numbers.shape[1]},{i % numbers.shape[1]}]", number) |] }
          Noise = None
          Storage =
            { Parameters = fun cauchy -> Map [ "locations", cauchy.Locations; "scales", cauchy.Scales ]
              OfParameters =
                fun state ->
                    State.matrix "locations" state
                    |> Result.bind (fun locations ->
                        State.ofShape locations.shape "scales" state |> Result.bind (create locations))
              Settings = fun _ -> Map.empty
              OfSettings = fun _ _ -> Ok family }
          Missing = Some missing }

    /// Cauchy components as a kind. Around centres their scales are the standard deviations of the data divided by K.
    let kind =
        { new Kind<Cauchy> with
            member _.Name = family.Name
            member _.Misfit _ = None

            member _.Check(components, columns, start) =
                match start with
                | Some start when start.Locations.shape <> [| components; columns |] ->
                    let found = String.Join("×", start.Locations.shape)
                    Error(InvalidOption("Start mixture", $"{components}×{columns}", found))
                | _ -> Ok()

            member _.Measure(components, source, execution) =
                let layout = Layout.own Shape.Diag
                let data = source |> DataCovariance.ofSource execution layout
                let scales = data.Covariance |> Array.map (fun variance -> sqrt variance / float components)

                Measured.ofFamily family source.Columns (fun centres ->
                    create
                        (Tensor.matrix centres)
                        (Array.create (Array2D.length1 centres) scales |> array2D |> Tensor.matrix))
                |> Ok }
