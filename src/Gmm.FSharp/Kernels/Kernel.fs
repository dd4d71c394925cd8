namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open System.Buffers
open System.Collections.Concurrent
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Threading
open FSharp.NativeInterop

/// A pool of unused statistics, whose arrays can be reused.
[<Sealed>]
type internal Spares() =
    let idle = ConcurrentBag<Statistics>()

    /// Returns statistics of K counts, with any contents, and sums of these lengths, all 0.
    member spares.Take(components, lengths: int[]) : Statistics =
        match idle.TryTake() with
        | true, spare when spare.Counts.Length = components && Array.map Array.length spare.Sums = lengths ->
            Array.iter Array.Clear spare.Sums
            spare
        | true, _ -> spares.Take(components, lengths)
        | false, _ -> Statistics.zero components lengths

    /// Puts statistics back into the pool.
    member _.Give(statistics: Statistics) = idle.Add statistics

/// Runs the E-step on one thread, with the buffers of a panel and the kernel of a form. All runs of blocks reuse them.
[<AbstractClass>]
type internal Worker() =
    /// Computes the statistics of blocks, one after another, in the arrays of the target, whose sums are 0.
    abstract Expect: Form * logWeights: float[] * Responsibility * Block seq * target: Statistics -> Statistics
    /// Writes the joint log-densities of a block (n×K, row by row) into the target.
    abstract LogJoint: Form * logWeights: float[] * Block * target: float[] -> unit

[<Sealed; Optimised>]
type internal Worker<'L, 'V, 'S, 'W when 'L :> ILanes<'V> and 'S :> IVectors<'W>>() =
    inherit Worker()

    let panel, rows = PanelState(), RowReader()
    let responsibilities = Responsibilities<'L, 'V, 'S, 'W>(panel)
    let mutable form = Unchecked.defaultof<Form>
    let mutable components = 0
    let mutable noise = ValueNone // ln of the density of the noise, which is the last component.
    let mutable ofKernel = Unchecked.defaultof<struct (Form * int)> // The form without the noise, and its components.

    // The form's kernel in float64, and another in float32 for blocks of float32 where float32 is precise enough. Each
    // is prepared when the first block needs it.
    let mutable wide = Unchecked.defaultof<FormKernel>
    let mutable narrow = Unchecked.defaultof<CovarianceKernel<float32, 'S, 'W>>
    let mutable reach = ValueNone // the largest numbers of a row for which float32 is precise enough
    let mutable wideIsPrepared = false
    let mutable narrowIsPrepared = false
    let mutable wideHasSums = false
    let mutable narrowHasSums = false
    let mutable gathered = 0L // rows in the sums

    let prepare itsForm itsComponents =
        if not (obj.ReferenceEquals(itsForm, form)) then
            form <- itsForm
            components <- itsComponents

            match itsForm with
            | Form.Noise(ofClusters, logDensity) ->
                noise <- ValueSome logDensity
                ofKernel <- struct (ofClusters, itsComponents - 1)
            | Form.Quadratic _
            | Form.Distance _
            | Form.Linear _
            | Form.Student _
            | Form.Product _ ->
                noise <- ValueNone
                ofKernel <- struct (itsForm, itsComponents)

            let columns = (components + 3) / 4 * 4 * Panel.Stride
            panel.Joint.Require columns
            panel.Joint.Clear columns
            reach <- ValueNone
            wideIsPrepared <- false
            narrowIsPrepared <- false

        wideHasSums <- false
        narrowHasSums <- false

    let prepareWide () : FormKernel =
        if not wideIsPrepared then
            let struct (form, components) = ofKernel
            wide <- ProductKernel<'L, 'V>.KernelOf(form, wide)
            wide.Prepare(form, components)
            wideIsPrepared <- true

        wide

    let prepareNarrow () : FormKernel =
        if not narrowIsPrepared then
            let struct (form, components) = ofKernel

            narrow <-
                match form, narrow with
                | Form.Quadratic({ Shape = Shape.Full }, _, _, _), (:? FullCovariance<float32, 'S, 'W>)
                | Form.Quadratic({ Shape = Shape.Diag | Shape.Spherical }, _, _, _),
                  (:? DiagonalCovariance<float32, 'S, 'W>) -> narrow
                | Form.Quadratic({ Shape = Shape.Full }, _, _, _), _ -> FullCovariance<float32, 'S, 'W>()
                | _ -> DiagonalCovariance<float32, 'S, 'W>()

            narrow.Prepare(form, components)
            narrowIsPrepared <- true

        narrow

    /// Returns the kernel for a block.
    let kernelFor (block: Block) =
        match block.Numbers with
        | Numbers.Float32 numbers ->
            if reach.IsNone then
                reach <- ValueSome(SinglePrecision.reach form)

            if SinglePrecision.isEnoughFor reach.Value numbers.Span block.Weights then
                prepareNarrow ()
            else
                prepareWide ()
        | Numbers.Float64 _ -> prepareWide ()

    let isNarrow kernel = obj.ReferenceEquals(kernel, narrow)

    /// Sets a kernel's sums to 0, unless they come from blocks of the same run.
    let startSums (kernel: FormKernel) =
        if isNarrow kernel then
            if not narrowHasSums then
                kernel.Clear()

            narrowHasSums <- true
        else
            if not wideHasSums then
                kernel.Clear()

            wideHasSums <- true

    /// Reads a block's rows from `first` on, as many as fit into a panel.
    let read (kernel: FormKernel) (block: Block) (pinned: MemoryHandle) first =
        panel.Take(block, first)
        panel.AreSingle <- kernel.ReadsSingle && block.Numbers.IsFloat32
        panel.AreRoots <- kernel.TakesRoots

        let address =
            if panel.AreSingle then
                rows.InPlace(block, pinned, first)
            else
                rows.AsFloat64(block, pinned, first, panel.Count)

        kernel.Read(address, block.Columns, panel)
        // The rows of the next panel usually follow these.
        panel.Follow(rows.InPlace(block, pinned, first + panel.Count), Panel.Rows * block.Columns * block.Numbers.Size)

    /// Computes the joint log-densities of the panel's rows.
    let score (kernel: FormKernel) (logWeights: float[]) =
        for k in 0 .. components - 1 do
            Loops.fill<'L, 'V> (panel.Component k) logWeights[k] panel.Padded

        kernel.Score panel

        // A kernel also writes to the columns that fill up its last group of components.
        if noise.IsSome then
            let last = components - 1
            Loops.fill<'L, 'V> (panel.Component last) (logWeights[last] + noise.Value) panel.Padded

    let expect responsibility logWeights (block: Block) =
        let kernel = kernelFor block
        startSums kernel
        use pinned = block.Numbers.Pin()

        let given =
            match responsibility with
            | Responsibility.Given responsibilities -> responsibilities block
            | Responsibility.Assigned _ -> [||]

        let mutable first = 0

        while first < block.Rows do
            read kernel block pinned first

            match if panel.IsHard then kernel.Win(logWeights, panel) else ValueNone with
            | ValueSome logLikelihood -> responsibilities.PutWinners logLikelihood
            | ValueNone ->
                score kernel logWeights

                let ofPanel =
                    if given.Length = 0 then
                        ReadOnlySpan<float>.Empty
                    else
                        ReadOnlySpan(given, first * components, panel.Count * components)

                responsibilities.Put(responsibility, isNarrow kernel, components, ofPanel)
                kernel.Gather panel

            panel.LoadRest()
            first <- first + panel.Count

        gathered <- gathered + int64 block.Rows

    let gather responsibility logWeights (blocks: Block seq) =
        responsibilities.Clear components
        gathered <- 0L

        let isSoft, isHard =
            match responsibility with
            | Responsibility.Assigned Soft when noise.IsNone -> true, false
            | Responsibility.Assigned Hard when noise.IsNone -> false, true
            | Responsibility.Assigned _
            | Responsibility.Given _ -> false, false

        panel.IsSoft <- isSoft
        panel.IsHard <- isHard

        for block in blocks do
            expect responsibility logWeights block

        if narrowHasSums then
            narrow.Finish responsibilities.RoundedCounts

    override _.Expect(form, logWeights, responsibility, blocks, target) =
        prepare form logWeights.Length
        gather responsibility logWeights blocks

        // If float32 isn't precise enough for one moment, all moments are computed again in float64.
        if narrowHasSums && not (narrow.IsSound(gathered, responsibilities.Weight)) then
            let itsReach = reach
            reach <- ValueSome -1.0
            prepare form logWeights.Length
            gather responsibility logWeights blocks
            reach <- itsReach

        let used =
            [ if wideHasSums then
                  wide
              if narrowHasSums then
                  narrow :> FormKernel ]

        responsibilities.PutCounts target.Counts

        for kernel in used do
            kernel.AddTo(ReadOnlySpan target.Sums) |> ignore

        { target with
            Weight = responsibilities.Weight
            LogLikelihood = responsibilities.LogLikelihood }

    override _.LogJoint(form, logWeights, block, target) =
        prepare form logWeights.Length
        let kernel = kernelFor block
        use target = fixed target
        use pinned = block.Numbers.Pin()
        let mutable first = 0

        while first < block.Rows do
            read kernel block pinned first
            score kernel logWeights
            panel.LoadRest()
            let mutable target = NativePtr.add target (first * components)

            for n in 0 .. panel.Count - 1 do
                let mutable column = NativePtr.add panel.Joint.Address n

                for _ in 1..components do
                    NativePtr.write target (NativePtr.read column)
                    target <- NativePtr.add target 1
                    column <- NativePtr.add column Panel.Stride

            first <- first + panel.Count

/// Runs the E-step of a family's form as loops over vectors, fused so that the data are read once and no N×K numbers
/// are stored. The results equal the textbook's up to rounding, and have the same bits for any number of threads and at
/// every vector width.
module Kernel =
    /// Returns the kernel of distances to the nearest centre.
    let internal nearestCentreOf width : NearestCentre =
        match width with
        | Width.Bits512 -> NearestCentre<Lanes512, Vector512<float>>()
        | Width.Bits256 -> NearestCentre<Lanes256, Vector256<float>>()
        | Width.Bits128 -> NearestCentre<Lanes128, Vector128<float>>()

    let private workers width =
        Pool(fun () ->
            match width with
            | Width.Bits512 -> Worker<Lanes512, Vector512<float>, Singles512, Vector512<float32>>() :> Worker
            | Width.Bits256 -> Worker<Lanes256, Vector256<float>, Singles256, Vector256<float32>>()
            | Width.Bits128 -> Worker<Lanes128, Vector128<float>, Singles128, Vector128<float32>>())

    /// The workers of families. They live as long as their family, because making them takes longer than predicting a
    /// row.
    let private kept = ConditionalWeakTable<obj, Pool<Worker>>()

    let private workersOf width (family: Family<'θ>) =
        if width = Width.widest then
            kept.GetValue(family, fun _ -> workers width)
        else
            workers width

    /// Returns the statistics of blocks under a form, in arrays that `take` provides.
    let private ofForm (workers: Pool<Worker>) form logWeights responsibility (take: unit -> Statistics) blocks =
        workers.Use _.Expect(form, logWeights, responsibility, blocks, take ())

    /// Returns the statistics of all rows of a source under a form. It reuses the arrays of merged runs.
    let private reduce workers (spares: Spares) execution form (logWeights: float[]) lengths responsibility source =
        let take () = spares.Take(logWeights.Length, lengths)

        let merge total ofRun =
            let sum = Statistics.addTo total ofRun
            spares.Give ofRun
            sum

        source |> Source.reduceRuns execution merge (ofForm workers form logWeights responsibility take)

    /// Returns a function that runs E-steps over the rows of a source. A family without a form uses the textbook on the
    /// managed engine.
    let private eSteps width (family: Family<'θ>) execution (source: Source) =
        let workers, spares = workersOf width family, Spares()

        fun responsibility (mixture: Mixture<'θ>) ->
            match family.Form mixture.Parameters with
            | Some form ->
                let logWeights, lengths = mixture.LogWeights.toArray1D (), family.SumLengths mixture.Parameters
                source |> reduce workers spares execution form logWeights lengths responsibility
            | None ->
                source
                |> Source.reduceRuns execution (+) (Textbook.expect Reference.engine family responsibility mixture)

    /// Returns the statistics of neighbouring blocks under a mixture, with responsibilities of some origin.
    let private ofBlocks (family: Family<'θ>) responsibility (mixture: Mixture<'θ>) : Block seq -> Statistics =
        match family.Form mixture.Parameters with
        | Some form ->
            let workers = workersOf Width.widest family
            let logWeights, lengths = mixture.LogWeights.toArray1D (), family.SumLengths mixture.Parameters

            ofForm workers form logWeights responsibility (fun () -> Statistics.zero logWeights.Length lengths)
        | None -> Textbook.expect Reference.engine family responsibility mixture

    /// Returns the statistics of neighbouring blocks under a mixture, computed one block after another. If the
    /// statistics of the runs of a source (`Source.runs`) are added in the order of the runs, they have the same bits
    /// as a pass of `backend` over all its rows, wherever each run was computed. Backends that share the rows among
    /// machines can be built on this function.
    let statistics (family: Family<'θ>) (assignment: Assignment) (mixture: Mixture<'θ>) : Block seq -> Statistics =
        ofBlocks family (Responsibility.Assigned assignment) mixture

    /// Returns the statistics of neighbouring blocks under a mixture, with responsibilities that a function of the
    /// block gives (n×K, row by row).
    let internal statisticsOf (responsibilities: Block -> float[]) family mixture : Block seq -> Statistics =
        ofBlocks family (Responsibility.Given responsibilities) mixture

    /// Returns the kernels as a backend, with vectors of a given width.
    let internal backendOf width : Backend =
        let name = "kernels"

        // An object expression of the interface alone would print as the name of a class.
        { new obj() with
            override _.ToString() = name
          interface Backend with
              member _.Name = name

              member _.Open(family, source, execution) =
                  let eStep = eSteps width family execution source

                  Ok
                      { new Pass<_> with
                          member _.Expect(assignment, mixture) = eStep (Responsibility.Assigned assignment) mixture
                          member _.Dispose() = () } }

    /// The default backend: the kernels of a family's form, or the textbook on the managed engine for a family without
    /// a form.
    let backend: Backend = backendOf Width.widest

    /// Computes `given` with vectors of a given width.
    let internal givenBy
        width
        family
        execution
        (responsibilities: Block -> float[])
        source
        (mixture: Mixture<'θ>)
        : Statistics =
        eSteps width family execution source (Responsibility.Given responsibilities) mixture

    /// Returns the statistics of all rows under a mixture, with responsibilities that a function of the block gives
    /// (n×K, row by row).
    let internal given family execution responsibilities source (mixture: Mixture<'θ>) : Statistics =
        givenBy Width.widest family execution responsibilities source mixture

    /// Returns Σₙ wₙ, and the first moments (D) and second moments (a plane of a layout) of neighbouring blocks about a
    /// point (1×D).
    let internal moments (layout: Layout) (point: float[,]) : Block seq -> Statistics =
        let features = Array2D.length2 point
        let identity = Layout.diagonal layout (Array.create features 1.0)
        let shape = Array.append [| 1 |] (Layout.planeShape features layout)
        let form = Form.Quadratic(layout, Tensor.matrix point, Tensor.create shape identity, [| 0.0 |])
        let take () = Statistics.zero 1 [| features; identity.Length |]
        ofForm (workers Width.widest) form [| 0.0 |] (Responsibility.Assigned Soft) take

    let private logJointOf
        width
        (family: Family<'θ>)
        (arrayOf: int -> float[])
        (mixture: Mixture<'θ>)
        : Block -> float[] =
        match family.Form mixture.Parameters with
        | None -> Textbook.logJoint Reference.engine family mixture
        | Some form ->
            let workers = workersOf width family
            let logWeights = mixture.LogWeights.toArray1D ()

            fun block ->
                let joint = arrayOf (block.Rows * logWeights.Length)
                workers.Use _.LogJoint(form, logWeights, block, joint)
                joint

    /// Returns `logJoint` with vectors of a given width.
    let internal logJointBy width family mixture = logJointOf width family GC.AllocateUninitializedArray mixture

    /// Returns the joint log-densities ln ρₙₖ of a block (n×K, row by row) under a mixture.
    let logJoint (family: Family<'θ>) (mixture: Mixture<'θ>) : Block -> float[] = logJointBy Width.widest family mixture

    /// Returns `logJoint` in an array that is reused for the next block on the same thread.
    let internal passingLogJoint (family: Family<'θ>) (mixture: Mixture<'θ>) : Block -> float[] =
        let arrays = new ThreadLocal<float[]>(fun () -> [||])

        let arrayOf length =
            if arrays.Value.Length <> length then
                arrays.Value <- Array.zeroCreate length

            arrays.Value

        logJointOf Width.widest family arrayOf mixture
