namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open System.Collections.Concurrent
open System.Runtime.Intrinsics
open FSharp.NativeInterop

/// One thread's E-step: the buffers of a panel and the kernel of a form, used again for one run of blocks after another.
[<AbstractClass>]
type internal Worker() =
    /// The statistics of blocks, one after another.
    abstract Expect: Form * logWeights: float[] * Assignment * Block seq -> Statistics
    /// The joint log-densities of a block (n×K, row by row).
    abstract LogJoint: Form * logWeights: float[] * Block -> float[]

[<Sealed>]
type internal Worker<'L, 'V when 'L :> ILanes<'V>>() =
    inherit Worker()

    let sheet = Sheet()
    let responsibilities = Responsibilities<'L, 'V>()
    let mutable kernel = Unchecked.defaultof<FormKernel>

    let prepare form (logWeights: float[]) =
        let components = logWeights.Length
        kernel <- Sum<'L, 'V>.KernelOf(form, kernel)
        kernel.Prepare(form, components)
        responsibilities.Prepare components
        sheet.Weights.Require Panel.Rows
        let columns = (components + 3) / 4 * 4 * Panel.Stride
        sheet.Joint.Require columns
        sheet.Joint.Clear columns

    /// The joint log-densities of the rows of a block from `first` on, as many as a panel takes.
    let score (block: Block) (rows: nativeptr<float>) (logWeights: float[]) first =
        let count = min Panel.Rows (block.Rows - first)
        let padded = Panel.padded count
        sheet.Count <- count
        sheet.Padded <- padded

        match block.Weights with
        | Some weights ->
            weights.Span.Slice(first, count).CopyTo(Span<float>(NativePtr.toVoidPtr sheet.Weights.Address, count))
        | None -> Span<float>(NativePtr.toVoidPtr sheet.Weights.Address, count).Fill 1.0

        for n in count .. padded - 1 do
            NativePtr.set sheet.Weights.Address n 0.0

        for k in 0 .. logWeights.Length - 1 do
            Span<float>(NativePtr.toVoidPtr (sheet.Component k), padded).Fill logWeights[k]

        kernel.Read(NativePtr.add rows (first * block.Columns), block.Columns, sheet)
        kernel.Score sheet

    let expect assignment logWeights (block: Block) =
        let components = Array.length logWeights
        use pinned = block.Values.Pin()
        let rows: nativeptr<float> = NativePtr.ofVoidPtr pinned.Pointer

        let given =
            match assignment with
            | Given responsibilities -> responsibilities block
            | Soft
            | Hard -> [||]

        let mutable first = 0

        while first < block.Rows do
            score block rows logWeights first

            let ofPanel =
                if given.Length = 0 then
                    ReadOnlySpan<float>.Empty
                else
                    ReadOnlySpan(given, first * components, sheet.Count * components)

            sheet.IsSoft <- assignment.IsSoft
            sheet.IsHard <- assignment.IsHard
            responsibilities.Assign(assignment, sheet, components, ofPanel)
            kernel.Gather sheet
            first <- first + sheet.Count

    override _.Expect(form, logWeights, assignment, blocks) =
        prepare form logWeights

        for block in blocks do
            expect assignment logWeights block

        { Weight = responsibilities.Weight
          LogLikelihood = responsibilities.LogLikelihood
          Counts = responsibilities.Counts logWeights.Length
          Sums = Array.ofList (kernel.Sums()) }

    override _.LogJoint(form, logWeights, block) =
        prepare form logWeights
        let components = logWeights.Length
        let joint = Array.zeroCreate (block.Rows * components)
        use pinned = block.Values.Pin()
        let rows: nativeptr<float> = NativePtr.ofVoidPtr pinned.Pointer
        let mutable first = 0

        while first < block.Rows do
            score block rows logWeights first

            for k in 0 .. components - 1 do
                let column = sheet.Component k

                for n in 0 .. sheet.Count - 1 do
                    joint[(first + n) * components + k] <- NativePtr.get column n

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

    let internal backendOf width (family: Family<'θ>) : Backend<'θ> =
        let textbook = Backend.textbook Reference.engine family
        let idle = ConcurrentBag<Worker>()

        let create () : Worker =
            match width with
            | Width.Bits512 -> Worker<Lanes512, Vector512<float>>()
            | Width.Bits256 -> Worker<Lanes256, Vector256<float>>()
            | Width.Bits128 -> Worker<Lanes128, Vector128<float>>()

        /// What a worker makes that nobody else uses meanwhile.
        let withWorker work =
            let worker =
                match idle.TryTake() with
                | true, worker -> worker
                | false, _ -> create ()

            let result = work worker
            idle.Add worker
            result

        { Name = "kernels"
          Expect =
            fun assignment mixture ->
                match family.Form mixture.Parameters with
                | None -> textbook.Expect assignment mixture
                | Some form ->
                    let logWeights = mixture.LogWeights.toArray1D ()
                    fun blocks -> withWorker _.Expect(form, logWeights, assignment, blocks)
          LogJoint =
            fun mixture ->
                match family.Form mixture.Parameters with
                | None -> textbook.LogJoint mixture
                | Some form ->
                    let logWeights = mixture.LogWeights.toArray1D ()
                    fun block -> withWorker _.LogJoint(form, logWeights, block) }

    /// The kernels of a family's form; the textbook on the managed engine for a family without one.
    let backend (family: Family<'θ>) : Backend<'θ> = backendOf widest family
