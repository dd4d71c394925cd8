namespace Gmm

open System

/// What a user, or an earlier clustering, says of the component of each row: a label, or K responsibilities.
[<NoEquality; NoComparison>]
type internal Memberships =
    {
        /// The number of components, K.
        Components: int
        /// Whether each row has a label, one number; otherwise it has K responsibilities.
        AreLabels: bool
        /// Returns the numbers of rows, from the number of the first and their count.
        Slice: int64 -> int64 -> float[]
    }

    /// The count of numbers that a row has.
    member memberships.Width = if memberships.AreLabels then 1 else memberships.Components

/// Functions on memberships.
module internal Memberships =
    /// Makes memberships of labels, one for each row; that of noise is below 0.
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

    /// Returns the memberships of rows that were drawn from the data, by their numbers in it.
    let ofSome (numbers: int64[]) (all: Memberships) : Memberships =
        { all with
            Slice =
                fun first count ->
                    Array.sub numbers (int first) (int count) |> Array.collect (fun number -> all.Slice number 1L) }

    /// Returns the responsibilities of the rows of a block (n×K, row by row); those of noise are 0.
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

    /// Returns the memberships of `count` rows, of which the first has a given number, that an array stores. Error when
    /// it has another length, or numbers that are no labels or responsibilities.
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
              $"{width} numbers for each of the {count} rows of a run",
              $"{numbers.Length} numbers"
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
