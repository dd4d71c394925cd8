namespace Gmm.Laws

open System
open FsCheck
open FsCheck.FSharp
open Gmm

/// A mixture and some rows drawn from it, on which a law is tried.
[<NoEquality; NoComparison>]
type Case<'θ> =
    {
        /// πₖ up to a factor (K).
        Weights: float[]
        /// The parameters of the K components.
        Parameters: 'θ
        /// N of D numbers.
        Rows: float[][]
        /// How often each row counts (N), for the law that compares weights with copies.
        Copies: int[]
        /// The seed of all other random choices: beliefs, where the rows are split, the directions of neighbours.
        Seed: int
    }

    /// The mixture of the library.
    member case.Mixture = Mixture.create case.Weights case.Parameters |> GmmError.get

/// Drawing, shrinking and printing cases.
module Case =
    let private rowsFrom (subject: Subject<'θ>) parameters (weights: float[]) rows seed =
        let random = Subject.random seed

        Array.init rows (fun n ->
            let k = if n < rows / 2 then n % weights.Length else RandomStream.index random weights

            subject.Row random parameters k)

    let private generate (subject: Subject<'θ>) : Gen<Case<'θ>> =
        // FsCheck's size grows beyond its end as the laws discard cases.
        Gen.sized (fun size ->
            let size = min size 100

            gen {
                let fewest, most = subject.Columns
                let! components = Gen.choose (1, 1 + size / 40)
                let! columns = Gen.choose (fewest, fewest + (most - fewest) * size / 100)
                let! parameters = subject.Draw components columns
                let! weights = Gen.choose (1, 9) |> Gen.map float |> Gen.arrayOfLength components
                let! extra = Gen.choose (0, size / 4)
                let! seed = Gen.choose (0, Int32.MaxValue - 1)
                let rows = 3 * components * (columns + 1) + extra
                let! copies = Gen.elements [ 0; 1; 1; 1; 2; 3 ] |> Gen.arrayOfLength rows

                return
                    { Weights = weights
                      Parameters = parameters
                      Rows = rowsFrom subject parameters weights rows seed
                      Copies = Array.updateAt 0 2 copies
                      Seed = seed }
            })

    let private shrink (subject: Subject<'θ>) (case: Case<'θ>) : Case<'θ> seq =
        let components, columns = case.Weights.Length, case.Rows[0].Length
        let without i count = [| 0 .. count - 1 |] |> Array.removeAt i

        seq {
            for kept in Shrinking.fewer [| 0 .. case.Rows.Length - 1 |] do
                { case with
                    Rows = kept |> Array.map (fun n -> case.Rows[n])
                    Copies = kept |> Array.map (fun n -> case.Copies[n]) }

            match subject.Choose with
            | Some choose ->
                if components > 1 then
                    for k in 0 .. components - 1 do
                        { case with
                            Weights = Array.removeAt k case.Weights
                            Parameters = choose (without k components) [| 0 .. columns - 1 |] case.Parameters }

                if columns > fst subject.Columns then
                    for j in 0 .. columns - 1 do
                        { case with
                            Parameters = choose [| 0 .. components - 1 |] (without j columns) case.Parameters
                            Rows = case.Rows |> Array.map (Array.removeAt j) }
            | None -> ()

            if case.Weights |> Array.exists ((<>) 1.0) then
                { case with
                    Weights = Array.create components 1.0 }

            for n in 0 .. case.Copies.Length - 1 do
                if case.Copies[n] <> 1 then
                    { case with
                        Copies = Array.updateAt n 1 case.Copies }

            for simple in subject.Simpler case.Parameters do
                { case with Parameters = simple }

            for n in 0 .. case.Rows.Length - 1 do
                for j in 0 .. columns - 1 do
                    for simple in Shrinking.number (case.Rows[n][j]) do
                        let row = Array.updateAt j simple case.Rows[n]

                        if (Subject.misfit subject case.Parameters row).IsNone then
                            { case with
                                Rows = Array.updateAt n row case.Rows }
        }
        |> Seq.filter (fun smaller -> Array.exists ((<) 0) smaller.Copies)

    /// Draws and shrinks cases of a subject: 1 to 3 components, with a few rows for each of them.
    let arbitrary (subject: Subject<'θ>) : Arbitrary<Case<'θ>> = Arb.fromGenShrink (generate subject, shrink subject)

    /// Draws and shrinks cases with some parameters on the edge of their domain.
    let internal onEdge (edge: int -> 'θ -> 'θ) (subject: Subject<'θ>) : Arbitrary<Case<'θ>> =
        Arb.fromGenShrink (
            generate subject
            |> Gen.map (fun case ->
                { case with
                    Parameters = edge case.Seed case.Parameters }),
            // Simpler parameters would leave the edge; fewer components and columns don't.
            shrink
                { subject with
                    Simpler = fun _ -> Seq.empty }
        )

    /// Returns the mixture and the rows in words.
    let show (subject: Subject<'θ>) (case: Case<'θ>) : string =
        let components, rows, columns = case.Weights.Length, case.Rows.Length, case.Rows[0].Length

        let count number word = if number = 1 then $"1 {word}" else $"{number} {word}s"

        String.concat
            "\n"
            [ let size = [ count rows "row"; count columns "column"; count components "component" ]
              $"""{String.concat ", " size}"""

              $"  weights: {Numbers.showAll case.Weights}"

              for line in subject.Show case.Parameters do
                  $"  {line}"

              let numbers = case.Rows |> Array.map Numbers.showAll |> String.concat ", "
              $"  rows: {numbers}"

              if case.Copies |> Array.exists ((<>) 1) then
                  $"  copies: {case.Copies |> Seq.map float |> Numbers.showAll}" ]
