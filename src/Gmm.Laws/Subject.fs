namespace Gmm.Laws

open System
open FsCheck
open Gmm

/// One column's distribution as an exponential family, and what is known of it besides: what the laws need to check
/// whether the definition is right.
[<NoEquality; NoComparison>]
type Column =
    {
        /// The definition on trial. Its prior is replaced by others.
        Definition: ExponentialFamily
        /// Where its numbers lie.
        Support: Support
        /// Mean parameters (S) inside their domain, drawn and shrunk: see `MeanParameters`.
        Means: Arbitrary<float[]>
        /// ln p(x) of mean parameters (S) and x, written down apart from the definition, if it can be.
        Textbook: (float[] -> float -> float) option
        /// Mean parameters (S) on the edge of their domain that should be possible, such as a probability of 0.
        Edges: float[] list
    }

/// A number that is computed of a row drawn from a component, and how it must be distributed.
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

/// A family on trial: its functions, and how to draw, simplify, print and move parameters and rows for them. The laws
/// that need what isn't there (the options that are None) are absent.
[<NoEquality; NoComparison>]
type Subject<'θ> =
    {
        /// The subject's name, for reports.
        Name: string
        /// The family by maximum likelihood.
        Family: Family<'θ>
        /// The family under some prior, of a seed, for parameters of the same shape.
        Believed: int -> 'θ -> Family<'θ>
        /// How few and how many columns the data may have.
        Columns: int * int
        /// Parameters of K components of D columns.
        Draw: int -> int -> Gen<'θ>
        /// Simpler parameters of the same shape.
        Simpler: 'θ -> 'θ seq
        /// The parameters of some components and some columns, in the order given.
        Choose: int[] -> int[] -> 'θ -> 'θ
        /// A row drawn from component k (D).
        Row: Random -> 'θ -> int -> float[]
        /// Whether a number is possible in a column.
        IsInDomain: int -> float -> bool
        /// The parameters of component k in words.
        Show: 'θ -> int -> string
        /// The parameters as numbers that may all be changed a little, and stay possible.
        Coordinates: 'θ -> float[]
        /// The parameters at coordinates, near parameters of the same shape; None where there are none.
        OfCoordinates: 'θ -> float[] -> 'θ option
        /// ln p(x|θₖ) of a row by a formula written down apart.
        Textbook: ('θ -> int -> float[] -> float) option
        /// Rows and weights with Σ w p(x|θₖ) = 1, if they aren't too many.
        Nodes: ('θ -> int -> (float[] * float)[] option) option
        /// Parameters with some on the edge of their domain, of a seed.
        Edge: (int -> 'θ -> 'θ) option
        /// What is known of rows drawn from component k: enough numbers of a row to tell its distribution.
        Marginals: ('θ -> int -> Marginal list) option
        /// The columns that are exponential families: for each of the K components its mean parameters.
        Exponential: ('θ -> (Column * float[]) list) option
    }

/// Working with subjects.
module Subject =
    /// The same subject with another family, as one that is wrong on purpose; the laws' own formulas stay.
    let mapFamily (change: Family<'θ> -> Family<'θ>) (subject: Subject<'θ>) : Subject<'θ> =
        { subject with
            Family = change subject.Family
            Believed = fun seed parameters -> change (subject.Believed seed parameters) }

    /// Nodes of several columns together, from those of each; None when there are more than 30 000.
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

    /// The stream of random numbers of a seed.
    let internal random (seed: int) : Random = RandomStream.ofSeed seed
