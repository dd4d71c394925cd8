namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open System.Buffers
open System.Collections.Concurrent
open System.Runtime.Intrinsics
open System.Threading
open FSharp.NativeInterop

/// Statistics that nobody holds any more, whose arrays serve again.
[<Sealed>]
type internal Spares() =
    let idle = ConcurrentBag<Statistics>()

    /// Statistics of K counts, whatever numbers they have, and sums of these lengths, all 0.
    member spares.Take(components, lengths: int list) : Statistics =
        match idle.TryTake() with
        | true, spare ->
            let isAlike =
                spare.Counts.Length = components
                && spare.Sums.Length = lengths.Length
                && Seq.forall2 (fun (sum: float[]) length -> sum.Length = length) spare.Sums lengths

            if isAlike then
                Array.iter Array.Clear spare.Sums
                spare
            else
                spares.Take(components, lengths)
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
    /// Puts the joint log-densities of a block (n×K, row by row).
    abstract LogJoint: Form * logWeights: float[] * Block * target: float[] -> unit

[<Sealed; Optimised>]
type internal Worker<'L, 'V, 'S, 'W when 'L :> ILanes<'V> and 'S :> IVectors<'W>>() =
    inherit Worker()

    let sheet, rows = Sheet(), PanelRows()
    let responsibilities = Responsibilities<'L, 'V>()
    let mutable form = Unchecked.defaultof<Form>
    let mutable components = 0

    // The kernel of the form, of float64 numbers, and another for blocks of float32 where these are enough. Each is made ready
    // when the first block needs it.
    let mutable wide = Unchecked.defaultof<FormKernel>
    let narrow = FullQuadratic<float32, 'S, 'W>()
    let mutable reach = ValueNone // how large numbers may be that float32 is enough for
    let mutable wideIsPrepared = false
    let mutable narrowIsPrepared = false
    let mutable wideHasSums = false
    let mutable narrowHasSums = false

    let prepare itsForm itsComponents =
        if not (obj.ReferenceEquals(itsForm, form)) then
            form <- itsForm
            components <- itsComponents
            let columns = (components + 3) / 4 * 4 * Panel.Stride
            sheet.Joint.Require columns
            sheet.Joint.Clear columns
            reach <- ValueNone
            wideIsPrepared <- false
            narrowIsPrepared <- false

        wideHasSums <- false
        narrowHasSums <- false

    let prepareWide () : FormKernel =
        if not wideIsPrepared then
            wide <- Sum<'L, 'V>.KernelOf(form, wide)
            wide.Prepare(form, components)
            wideIsPrepared <- true

        wide

    let prepareNarrow () : FormKernel =
        if not narrowIsPrepared then
            narrow.Prepare(form, components)
            narrowIsPrepared <- true

        narrow

    /// The kernel for a block.
    let kernelFor (block: Block) =
        match block.Numbers with
        | Numbers.Float32 numbers ->
            if reach.IsNone then
                reach <- ValueSome(Float32.reach form)

            if Float32.isEnoughFor reach.Value numbers.Span block.Weights then
                prepareNarrow ()
            else
                prepareWide ()
        | Numbers.Float64 _ -> prepareWide ()

    let isNarrow kernel = obj.ReferenceEquals(kernel, narrow)

    /// Sets a kernel's sums to 0, unless they are of blocks of the same run.
    let startSums (kernel: FormKernel) =
        if isNarrow kernel then
            if not narrowHasSums then
                kernel.Clear()

            narrowHasSums <- true
        else
            if not wideHasSums then
                kernel.Clear()

            wideHasSums <- true

    /// The joint log-densities of the rows of a block from `first` on, as many as a panel takes.
    let score (kernel: FormKernel) (block: Block) (pinned: MemoryHandle) (logWeights: float[]) first =
        sheet.Take(block, first)

        for k in 0 .. components - 1 do
            Span<float>(NativePtr.toVoidPtr (sheet.Component k), sheet.Padded).Fill logWeights[k]

        let address =
            if isNarrow kernel then
                rows.InPlace(block, pinned, first)
            else
                rows.AsFloat64(block, pinned, first, sheet.Count)

        kernel.Read(address, block.Columns, sheet)
        // The rows of the next panel, which mostly lie behind these.
        rows.Prefetch(block, pinned, first + sheet.Count)
        kernel.Score sheet

    let expect assignment logWeights (block: Block) =
        let kernel = kernelFor block
        startSums kernel
        use pinned = block.Numbers.Pin()

        let given =
            match assignment with
            | Given responsibilities -> responsibilities block
            | Soft
            | Hard -> [||]

        let mutable first = 0

        while first < block.Rows do
            score kernel block pinned logWeights first

            let ofPanel =
                if given.Length = 0 then
                    ReadOnlySpan<float>.Empty
                else
                    ReadOnlySpan(given, first * components, sheet.Count * components)

            sheet.IsSoft <- assignment.IsSoft
            sheet.IsHard <- assignment.IsHard
            responsibilities.Assign(assignment, sheet, components, ofPanel, kernel.NeedsWinnersOnly)
            kernel.Gather sheet
            first <- first + sheet.Count

    let gather assignment logWeights (blocks: Block seq) =
        responsibilities.Clear components

        for block in blocks do
            expect assignment logWeights block

    override _.Expect(form, logWeights, assignment, blocks, spares) =
        prepare form logWeights.Length
        gather assignment logWeights blocks

        // Moments that float32 isn't enough for are float64's, and with them all others.
        if narrowHasSums && not (narrow.IsSound(responsibilities.Count, responsibilities.Weight)) then
            let itsReach = reach
            reach <- ValueSome -1.0
            prepare form logWeights.Length
            gather assignment logWeights blocks
            reach <- itsReach

        let used =
            [ if wideHasSums then
                  wide
              if narrowHasSums then
                  narrow :> FormKernel ]

        let statistics = spares.Take(components, used.Head.Lengths)
        responsibilities.PutCounts statistics.Counts

        for kernel in used do
            kernel.AddTo(ReadOnlySpan statistics.Sums)

        { statistics with
            Weight = responsibilities.Weight
            LogLikelihood = responsibilities.LogLikelihood }

    override _.LogJoint(form, logWeights, block, target) =
        prepare form logWeights.Length
        let kernel = kernelFor block
        use target = fixed target
        use pinned = block.Numbers.Pin()
        let mutable first = 0

        while first < block.Rows do
            score kernel block pinned logWeights first

            let mutable target = NativePtr.add target (first * components)

            for n in 0 .. sheet.Count - 1 do
                let mutable column = NativePtr.add sheet.Joint.Address n

                for _ in 1..components do
                    NativePtr.write target (NativePtr.read column)
                    target <- NativePtr.add target 1
                    column <- NativePtr.add column Panel.Stride

            first <- first + sheet.Count

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

    let private workers width =
        Pool(fun () ->
            match width with
            | Width.Bits512 -> Worker<Lanes512, Vector512<float>, Singles512, Vector512<float32>>() :> Worker
            | Width.Bits256 -> Worker<Lanes256, Vector256<float>, Singles256, Vector256<float32>>()
            | Width.Bits128 -> Worker<Lanes128, Vector128<float>, Singles128, Vector128<float32>>())

    let internal backendOf width (family: Family<'θ>) : Backend<'θ> =
        let textbook = Backend.textbook Reference.engine family
        let workers = workers width
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

                    fun block ->
                        let joint = GC.AllocateUninitializedArray(block.Rows * logWeights.Length)
                        workers.Use _.LogJoint(form, logWeights, block, joint)
                        joint }

    /// The kernels of a family's form; the textbook on the managed engine for a family without one.
    let backend (family: Family<'θ>) : Backend<'θ> = backendOf widest family

    /// The joint log-densities of a block (n×K, row by row) under a mixture whose family has a form, in an array that serves
    /// again for the next block of the same thread.
    let internal passingLogJoint (family: Family<'θ>) (mixture: Mixture<'θ>) : Block -> float[] =
        let form, logWeights = (family.Form mixture.Parameters).Value, mixture.LogWeights.toArray1D ()
        let workers = workers widest
        let arrays = new ThreadLocal<float[]>(fun () -> [||])

        fun block ->
            let length = block.Rows * logWeights.Length

            if arrays.Value.Length <> length then
                arrays.Value <- Array.zeroCreate length

            workers.Use _.LogJoint(form, logWeights, block, arrays.Value)
            arrays.Value
