namespace Gmm.Laws

open System
open FsCheck
open FsCheck.FSharp
open Gmm

/// The distribution of one column as an exponential family, with what the laws need to check its definition.
[<NoEquality; NoComparison>]
type Column =
    {
        /// The definition on trial. The laws replace its prior by others.
        Definition: ExponentialFamily
        /// Where its numbers lie.
        Support: Support
        /// Mean parameters (S) inside their domain, drawn and shrunk: see `MeanParameters`.
        Means: Arbitrary<float[]>
        /// ln p(x) of mean parameters (S) and x, by a formula independent of the definition, if there is one.
        Textbook: (float[] -> float -> float) option
        /// Mean parameters (S) on the edge of their domain that must be possible, such as a probability of 0.
        Edges: float[] list
    }

/// A number computed from a row that a component drew, and the distribution that it must have.
[<NoEquality; NoComparison>]
type Marginal =
    {
        /// The number in words.
        Name: string
        /// The number of a row (D).
        Of: float[] -> float
        /// Where it lies.
        Support: Support
        /// ln p of such numbers.
        LogDensity: float[] -> float[]
    }

/// What the M-step of a family does for Q + ln prior, Q = Σₙₖ rₙₖ ln p(xₙ|θₖ).
type MStep =
    /// It finds the maximum, and the sums depend on the parameters through their means only.
    | Maximises
    /// It never lowers Q + ln prior (generalised EM: Dempster, Laird and Rubin 1977). Families with further latent variables,
    /// such as the scales of Cauchy and Student distributions, have such an M-step.
    | Increases

/// A family on trial: its functions, and how to draw, simplify and print parameters. A law that needs an optional part is
/// absent without it.
[<NoEquality; NoComparison>]
type Subject<'θ> =
    {
        /// The subject's name, for reports.
        Name: string
        /// The family by maximum likelihood.
        Family: Family<'θ>
        /// The family under a prior that a seed chooses, for parameters of the same shape.
        Believed: int -> 'θ -> Family<'θ>
        /// What the M-step does for Q + ln prior.
        MStep: MStep
        /// The smallest and the largest number of columns of the data.
        Columns: int * int
        /// Parameters of K components of D columns.
        Draw: int -> int -> Gen<'θ>
        /// Simpler parameters of the same shape.
        Simpler: 'θ -> 'θ seq
        /// The parameters of some components and some columns, in the order given. Without it no counterexample has fewer
        /// components or columns than the first one.
        Choose: (int[] -> int[] -> 'θ -> 'θ) option
        /// A row drawn from component k (D).
        Row: Random -> 'θ -> int -> float[]
        /// The parameters in words, in one line or several.
        Show: 'θ -> string list
        /// ln p(x|θₖ) of a row by a formula independent of the family.
        Textbook: ('θ -> int -> float[] -> float) option
        /// Rows and weights with Σ w p(x|θₖ) = 1, unless there are too many.
        Nodes: ('θ -> int -> (float[] * float)[] option) option
        /// Parameters with some on the edge of their domain, which a seed chooses.
        Edge: (int -> 'θ -> 'θ) option
        /// Numbers of a row from component k and their distributions, enough to tell the distribution of the row.
        Marginals: ('θ -> int -> Marginal list) option
        /// The columns that are exponential families: each with its mean parameters, for each of the K components.
        Exponential: ('θ -> (Column * float[]) list) option
    }

/// Working with subjects.
module Subject =
    /// Returns the stream of random numbers of a seed.
    let internal random (seed: int) : Random = RandomStream.ofSeed seed

    /// Returns parameters with a rounder coordinate. Coordinates are first rounded to nine decimals: without that, the rounding
    /// errors of coordinates that come back would be simplified without end.
    let private simpler (family: Family<'θ>) (parameters: 'θ) : 'θ seq =
        let numbers = family.Coordinates.OfParameters parameters |> Array.map (fun x -> Math.Round(x, 9))

        seq {
            for i in 0 .. numbers.Length - 1 do
                for simple in Shrinking.number numbers[i] do
                    Array.updateAt i simple numbers
        }
        |> Seq.choose (family.Coordinates.ToParameters parameters >> Result.toOption)

    let private show (family: Family<'θ>) (parameters: 'θ) : string list =
        let numbers = family.Coordinates.OfParameters parameters |> Array.map Numbers.show

        [ Array.map2 (fun name number -> $"{name} = {number}") (family.Coordinates.Names parameters) numbers
          |> String.concat ", " ]

    /// Makes a subject of any family, with 1 to 3 columns and no prior; `draw` gives the parameters of K components of D columns.
    /// The laws print and simplify parameters by the family's coordinates, and draw rows by its sampler. They ask only that the
    /// M-step never lowers Q. Add what else you know, for stricter laws:
    /// `{ Subject.create "mine" family draw with MStep = Maximises; Textbook = Some logDensity }`.
    let create (name: string) (family: Family<'θ>) (draw: int -> int -> Random -> 'θ) : Subject<'θ> =
        { Name = name
          Family = family
          Believed = fun _ _ -> family
          MStep = Increases
          Columns = 1, 3
          Draw =
            fun components columns -> Gen.choose (0, Int32.MaxValue - 1) |> Gen.map (random >> draw components columns)
          Simpler = simpler family
          Choose = None
          Row = fun random parameters k -> family.Sample parameters k random
          Show = show family
          Textbook = None
          Nodes = None
          Edge = None
          Marginals = None
          Exponential = None }

    /// Changes the family of a subject, for example to one that is wrong on purpose. The formulas that the laws compare with stay.
    let mapFamily (change: Family<'θ> -> Family<'θ>) (subject: Subject<'θ>) : Subject<'θ> =
        { subject with
            Family = change subject.Family
            Believed = fun seed parameters -> change (subject.Believed seed parameters) }

    /// Tells why a row is outside the family's domain, if it is.
    let internal misfit (subject: Subject<'θ>) (parameters: 'θ) (row: float[]) : string option =
        match Array.tryFindIndex (Double.IsFinite >> not) row with
        | Some column -> Some $"{Numbers.show row[column]} in column {column} is not finite"
        | None ->
            (Source.ofRows [| row |] |> GmmError.get).Read 0L
            |> subject.Family.Misfit parameters
            |> Option.map _.Message

    /// Joins the nodes of several columns into nodes of rows; None when there are more than 30 000.
    let internal grid (columns: (float * float)[] list) : (float[] * float)[] option =
        let count = columns |> List.fold (fun product nodes -> product * float nodes.Length) 1.0

        if count > 30000.0 then
            None
        else
            let add (rows: (float list * float)[]) (nodes: (float * float)[]) =
                Array.allPairs rows nodes |> Array.map (fun ((row, w), (x, v)) -> x :: row, w * v)

            columns
            |> List.fold add [| [], 1.0 |]
            |> Array.map (fun (row, weight) -> row |> List.rev |> Array.ofList, weight)
            |> Some
