namespace Gmm

open System

/// The components to which a user, or an earlier clustering, assigns the rows: a label, or K responsibilities, for each
/// of the N rows.
[<NoEquality; NoComparison>]
type internal Memberships =
    {
        /// The number of components, K.
        Components: int
        /// Whether each row has a label, one number from 0 to K − 1 or below 0 for noise; otherwise it has K
        /// responsibilities.
        AreLabels: bool
        /// Returns the labels (n) or the responsibilities (n×K, row by row) of n neighbouring rows, from the number of
        /// the first, counted from 0, and n.
        Slice: int64 -> int64 -> float[]
    }

    /// How many numbers a row has: 1 or K.
    member memberships.Width = if memberships.AreLabels then 1 else memberships.Components

/// Functions on memberships.
module internal Memberships =
    /// Makes memberships of labels (N) from 0 to K − 1; those of noise are below 0.
    let ofLabels components (labels: int[]) : Memberships =
        { Components = components
          AreLabels = true
          Slice = fun first count -> Array.init (int count) (fun i -> float labels[int first + i]) }

    /// Makes memberships of responsibilities (N×K).
    let ofResponsibilities (responsibilities: float[,]) : Memberships =
        let components = Array2D.length2 responsibilities

        { Components = components
          AreLabels = false
          Slice =
            fun first count ->
                Array.init (int count * components) (fun i ->
                    responsibilities[int first + i / components, i % components]) }

    /// Returns the memberships of some rows, in the order of their numbers in the data: row i has those of row
    /// `numbers[i]`.
    let ofSome (numbers: int64[]) (all: Memberships) : Memberships =
        { all with
            Slice =
                fun first count ->
                    Array.sub numbers (int first) (int count) |> Array.collect (fun number -> all.Slice number 1L) }

    /// Returns the responsibilities of the rows of a block (n×K, row by row): of a label 1 for its component and 0 for
    /// the others, for noise 0 for all.
    let responsibilities (memberships: Memberships) (block: Block) : float[] =
        let numbers = memberships.Slice block.FirstRow (int64 block.Rows)

        if memberships.AreLabels then
            let oneHot = Array.zeroCreate (block.Rows * memberships.Components)

            numbers
            |> Array.iteri (fun i label ->
                if label >= 0.0 then
                    oneHot[i * memberships.Components + int label] <- 1.0)

            oneHot
        else
            numbers

    /// Returns the number of the row, of N, with the largest responsibility of a component: the first of equals. None
    /// if all are 0.
    let likeliest (k: int) (rows: int64) (memberships: Memberships) : int64 option =
        let atOnce = 65536L
        let mutable best, largest = None, 0.0

        for first in 0L .. atOnce .. rows - 1L do
            let numbers = memberships.Slice first (min atOnce (rows - first))

            for i in 0 .. numbers.Length / memberships.Width - 1 do
                let responsibility =
                    if memberships.AreLabels then
                        if numbers[i] = float k then 1.0 else 0.0
                    else
                        numbers[i * memberships.Components + k]

                if responsibility > largest then
                    best <- Some(first + int64 i)
                    largest <- responsibility

        best

    /// Returns the memberships of `count` neighbouring rows, the first of which has the number `firstRow`, from an array
    /// of their numbers, row by row; other rows have none. Error unless the array has one number for each row, a whole
    /// one from −1 to K − 1, or K finite numbers that are not negative.
    let ofSlice
        components
        areLabels
        (firstRow: int64)
        (count: int64)
        (numbers: float[])
        : Result<Memberships, GmmError> =
        let isLabel number = number >= -1.0 && number < float components && number = floor number
        let isShare number = number >= 0.0 && Double.IsFinite number
        let width = if areLabels then 1 else components

        GmmError.requireAll
            [ int64 numbers.Length = count * int64 width,
              "Slices",
              $"""{Display.count width "number"} for {Display.each count "row"} of a run""",
              Display.count numbers.Length "number"
              Array.forall (if areLabels then isLabel else isShare) numbers,
              "Slices",
              (if areLabels then
                   $"whole numbers from -1 to {components - 1}"
               else
                   "finite and not negative"),
              "another number" ]
        |> Result.map (fun () ->
            { Components = components
              AreLabels = areLabels
              Slice = fun first count -> Array.sub numbers (int (first - firstRow) * width) (int count * width) })
