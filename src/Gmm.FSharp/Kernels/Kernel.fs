namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open System.Buffers
open System.Collections.Concurrent
open System.Runtime.Intrinsics
open FSharp.NativeInterop

/// Statistics that nobody holds any more, whose arrays serve again.
[<Sealed>]
type internal Spares() =
    let idle = ConcurrentBag<Statistics>()

    /// Statistics of K counts and sums of these lengths, whatever numbers they have.
    member spares.Take(components, lengths: int list) : Statistics =
        match idle.TryTake() with
        | true, spare ->
            let isAlike =
                spare.Counts.Length = components
                && spare.Sums.Length = lengths.Length
                && Seq.forall2 (fun (sum: float[]) length -> sum.Length = length) spare.Sums lengths

            if isAlike then spare else spares.Take(components, lengths)
        | false, _ ->
            { Weight = 0.0
              LogLikelihood = 0.0
              Counts = Array.zeroCreate components
              Sums = [| for length in lengths -> Array.zeroCreate length |] }

    /// Takes statistics back.
    member _.Give(statistics: Statistics) = idle.Add statistics

/// One thread's E-step: the buffers of a panel and the kernel of a form, used again for one run of blocks after another.
[<AbstractClass>]
type internal Worker() =
    /// The statistics of blocks, one after another.
    abstract Expect: Form * logWeights: float[] * Assignment * Block seq * Spares -> Statistics
    /// The joint log-densities of a block (n×K, row by row).
    abstract LogJoint: Form * logWeights: float[] * Block -> float[]

[<Sealed; Optimised>]
type internal Worker<'L, 'V, 'S, 'W when 'L :> ILanes<'V> and 'S :> IVectors<'W>>() =
    inherit Worker()

    let sheet, rows = Sheet(), PanelRows()
    let responsibilities = Responsibilities<'L, 'V>()
    let mutable kernel = Unchecked.defaultof<FormKernel>
    let mutable prepared = Unchecked.defaultof<Form>
    // Blocks of float32 have a kernel of their own, where that is enough.
    let narrow = FullQuadratic<float32, 'S, 'W>()
    let mutable canNarrow = ValueNone
    let mutable hasNarrowed = false

    /// Lays a mixture's parameters out, unless they are those of the last call.
    let prepare form (logWeights: float[]) =
        if not (obj.ReferenceEquals(form, prepared)) then
            kernel <- Sum<'L, 'V>.KernelOf(form, kernel)
            kernel.Prepare(form, logWeights.Length)
            let columns = (logWeights.Length + 3) / 4 * 4 * Panel.Stride
            sheet.Joint.Require columns
            sheet.Joint.Clear columns
            canNarrow <- ValueNone
            prepared <- form

    /// Makes the narrow kernel ready if it is enough for a block.
    let narrows (block: Block) (logWeights: float[]) =
        match block.Numbers with
        | Numbers.Float64 _ -> false
        | Numbers.Float32 numbers ->
            if canNarrow.IsNone then
                canNarrow <- ValueSome(Float32.isEnough prepared)

                if canNarrow.Value then
                    narrow.Prepare(prepared, logWeights.Length)

            let isEnough = canNarrow.Value && Float32.isEnoughFor numbers.Span

            if isEnough && not hasNarrowed then
                narrow.Clear()
                hasNarrowed <- true

            isEnough

    /// The joint log-densities of the rows of a block from `first` on, as many as a panel takes.
    let score (block: Block) (pinned: MemoryHandle) isNarrow (logWeights: float[]) first =
        sheet.Take(block, first)

        for k in 0 .. logWeights.Length - 1 do
            Span<float>(NativePtr.toVoidPtr (sheet.Component k), sheet.Padded).Fill logWeights[k]

        if isNarrow then
            narrow.Take(rows.InPlace(block, pinned, first), block.Columns, sheet)
        else
            kernel.Read(rows.Of(block, pinned, first, sheet.Count), block.Columns, sheet)

        // The rows of the next panel, which mostly lie behind these.
        rows.Prefetch(block, pinned, first + sheet.Count)
        if isNarrow then narrow.Score sheet else kernel.Score sheet

    let expect assignment logWeights (block: Block) =
        let components, isNarrow = Array.length logWeights, narrows block logWeights
        use pinned = block.Numbers.Pin()

        let given =
            match assignment with
            | Given responsibilities -> responsibilities block
            | Soft
            | Hard -> [||]

        let mutable first = 0

        while first < block.Rows do
            score block pinned isNarrow logWeights first

            let ofPanel =
                if given.Length = 0 then
                    ReadOnlySpan<float>.Empty
                else
                    ReadOnlySpan(given, first * components, sheet.Count * components)

            sheet.IsSoft <- assignment.IsSoft
            sheet.IsHard <- assignment.IsHard
            responsibilities.Assign(assignment, sheet, components, ofPanel, kernel.NeedsWinnersOnly)
            if isNarrow then narrow.Gather sheet else kernel.Gather sheet
            first <- first + sheet.Count

    /// Whether the moments of float32 are within its range; if not, all are float64's.
    let isSound () = not hasNarrowed || narrow.IsSound responsibilities.Count

    let gather assignment (logWeights: float[]) (blocks: Block seq) =
        kernel.Clear()
        responsibilities.Clear logWeights.Length
        hasNarrowed <- false

        for block in blocks do
            expect assignment logWeights block

    override _.Expect(form, logWeights, assignment, blocks, spares) =
        prepare form logWeights
        gather assignment logWeights blocks

        if not (isSound ()) then
            let couldNarrow = canNarrow
            canNarrow <- ValueSome false
            gather assignment logWeights blocks
            canNarrow <- couldNarrow

        let statistics = spares.Take(logWeights.Length, kernel.Lengths)
        responsibilities.PutCounts statistics.Counts
        kernel.Put(ReadOnlySpan statistics.Sums)

        if hasNarrowed then
            narrow.AddTo(statistics.Sums[0], statistics.Sums[1])

        { statistics with
            Weight = responsibilities.Weight
            LogLikelihood = responsibilities.LogLikelihood }

    override _.LogJoint(form, logWeights, block) =
        prepare form logWeights
        hasNarrowed <- false
        let components = logWeights.Length
        let joint: float[] = GC.AllocateUninitializedArray(block.Rows * components)
        use target = fixed joint
        use pinned = block.Numbers.Pin()
        let isNarrow = narrows block logWeights
        let mutable first = 0

        while first < block.Rows do
            score block pinned isNarrow logWeights first

            let mutable target = NativePtr.add target (first * components)

            for n in 0 .. sheet.Count - 1 do
                let mutable column = NativePtr.add sheet.Joint.Address n

                for _ in 1..components do
                    NativePtr.write target (NativePtr.read column)
                    target <- NativePtr.add target 1
                    column <- NativePtr.add column Panel.Stride

            first <- first + sheet.Count

        joint

/// How wide the vectors of kernels are.
[<RequireQualifiedAccess>]
type internal Width =
    | Bits512
    | Bits256
    | Bits128

/// The kernels: the E-step of a family's form as loops over vectors, fused so that the data are read once and no N×K
/// numbers are kept. Equal to the textbook up to rounding, with the same bits for any number of threads and at every
/// width of vectors.
module Kernel =
    /// The widest vectors that this machine is fast with.
    let internal widest =
        if Vector512.IsHardwareAccelerated then Width.Bits512
        elif Vector256.IsHardwareAccelerated then Width.Bits256
        else Width.Bits128

    /// Distances to the nearest of some centres.
    let internal nearestOf width : Nearest =
        match width with
        | Width.Bits512 -> Nearest<Lanes512, Vector512<float>>()
        | Width.Bits256 -> Nearest<Lanes256, Vector256<float>>()
        | Width.Bits128 -> Nearest<Lanes128, Vector128<float>>()

    let internal backendOf width (family: Family<'θ>) : Backend<'θ> =
        let textbook = Backend.textbook Reference.engine family

        let workers =
            Pool(fun () ->
                match width with
                | Width.Bits512 -> Worker<Lanes512, Vector512<float>, Singles512, Vector512<float32>>() :> Worker
                | Width.Bits256 -> Worker<Lanes256, Vector256<float>, Singles256, Vector256<float32>>()
                | Width.Bits128 -> Worker<Lanes128, Vector128<float>, Singles128, Vector128<float32>>())

        let spares = Spares()

        { Name = "kernels"
          Expect =
            fun assignment mixture ->
                match family.Form mixture.Parameters with
                | None -> textbook.Expect assignment mixture
                | Some form ->
                    let logWeights = mixture.LogWeights.toArray1D ()
                    fun blocks -> workers.Use _.Expect(form, logWeights, assignment, blocks, spares)
          Recycle = spares.Give
          LogJoint =
            fun mixture ->
                match family.Form mixture.Parameters with
                | None -> textbook.LogJoint mixture
                | Some form ->
                    let logWeights = mixture.LogWeights.toArray1D ()
                    fun block -> workers.Use _.LogJoint(form, logWeights, block) }

    /// The kernels of a family's form; the textbook on the managed engine for a family without one.
    let backend (family: Family<'θ>) : Backend<'θ> = backendOf widest family
