namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// The state of a panel, which one step of its E-step passes to the next.
[<Sealed>]
type internal PanelState() =
    let mutable next = 0n // the address of the bytes to load
    let mutable rest = 0 // how many bytes there are still to load
    let mutable all = 0 // how many there were

    /// Joint log-densities, and later, for kernels that calculate in float64, responsibilities times weights or their
    /// roots: a column of rows for each component, where K is rounded up to a multiple of 4.
    member val Joint = Pinned()
    /// Responsibilities times weights, or their roots, for kernels that calculate in float32: a column of rows for each
    /// component.
    member val Rounded = Pinned<float32>()
    /// Sample weights; 0 for padding rows.
    member val Weights = Pinned()
    /// Whether the rows have sample weights.
    member val IsWeighted = false with get, set
    /// The evidence ln p(xₙ) of each row.
    member val Evidence = Pinned()
    /// The number of the component that wins each row under hard assignment.
    member val Winners = Pinned()
    /// Σₙ wₙrₙₖ of each component over the panels of kernels that calculate in float64, in 8 partial sums.
    member val Counts = Pinned()
    /// Whether the rows are float32; otherwise they are float64.
    member val AreSingle = false with get, set
    /// Whether `Joint` and `Rounded` are to hold the square roots of responsibilities times weights.
    member val AreRoots = false with get, set
    /// The number of rows, without padding rows.
    member val Count = 0 with get, set
    /// The number of rows, with padding rows.
    member val Padded = 0 with get, set
    /// Whether the responsibilities are those of soft assignment without noise: each row of them sums to 1.
    member val IsSoft = false with get, set
    /// Whether the responsibilities are those of hard assignment without noise: 1 for the winner of each row, 0 for the
    /// others.
    member val IsHard = false with get, set

    /// Sets the bytes that the core is to load into its cache while it works on the panel. They need not be valid.
    member _.Follow(address: nativeint, bytes: int) =
        next <- address
        all <- bytes
        rest <- bytes

    /// Asks the core to load one of some equal parts of the bytes that follow. Kernels spread the parts over their
    /// work, because a core that waits for memory at once does nothing else.
    member _.LoadPart(parts: int) =
        if rest > 0 then
            let bytes = min rest ((all / parts + 63) &&& ~~~63)
            Panel.prefetch next bytes
            next <- next + nativeint bytes
            rest <- rest - bytes

    /// Asks the core to load those of the bytes that follow which no kernel has asked for.
    member panel.LoadRest() = panel.LoadPart 1

    /// Takes as many rows of a block as fit into the panel, from row `first` on: sets their number and copies their
    /// weights.
    member panel.Take(block: Block, first) =
        let count = min Panel.Rows (block.Rows - first)
        let padded = Panel.padded count
        panel.Count <- count
        panel.Padded <- padded
        panel.Weights.Require Panel.Rows
        panel.Evidence.Require Panel.Rows
        panel.Winners.Require Panel.Rows
        let weights = Span<float>(NativePtr.toVoidPtr panel.Weights.Address, padded)

        panel.IsWeighted <- block.Weights.IsSome

        match block.Weights with
        | Some all -> all.Span.Slice(first, count).CopyTo weights
        | None -> weights.Fill 1.0

        weights.Slice(count).Clear()

    /// Returns the address of the column of component k.
    member panel.Component(k) : nativeptr<float> = NativePtr.add panel.Joint.Address (k * Panel.Stride)

module internal PanelState =
    /// Returns the address of the responsibilities times weights of component k, or of their roots, as numbers of
    /// vectors.
    let responsibilities<'N, 'V when 'N :> IVectors<'V>> (panel: PanelState) k =
        'N.At((if 'N.IsRounded then panel.Rounded.Start else panel.Joint.Start), k * 'N.Stride)

    /// 2⁻⁵⁵. A row whose root is at most this share of the root of a sum of responsibilities owns at most 2⁻¹¹⁰ of the
    /// sum.
    [<Literal>]
    let private Negligible = 2.7755575615628914e-17

    /// Returns the limit up to which roots of responsibilities of Gaussian component k change no sum, from their sum
    /// over the rows of a run so far, which includes the panel's. Under soft assignment a responsibility falls faster
    /// with the distance than the square of the distance grows. Nothing ensures that for given responsibilities,
    /// weighted rows, or the panel of Student's t; there the limit is 0. In float32, roots as small are 0 already.
    let leastRoot<'N, 'V when 'N :> IVectors<'V>> (panel: PanelState) k =
        if 'N.IsRounded || not panel.IsSoft || panel.IsWeighted then
            0.0
        else
            Negligible * sqrt (Panel.sum (NativePtr.add panel.Counts.Address (k * Panel.Lanes)))

/// Computes one form of log-density, and its sums, on one thread. Each kernel has its own layout of the parameters, of
/// the panel's columns and of the sums. Call `Prepare` first, and `Clear` before the first panel of a run; call `Read`,
/// `Score` and `Gather` for each panel, and `AddTo` after the last.
[<AbstractClass>]
type internal FormKernel() =
    /// Lays out the parameters.
    abstract Prepare: Form * components: int -> unit
    /// Sets the sums to 0.
    abstract Clear: unit -> unit
    /// Whether the kernel reads rows of float32 as they are. Others are given float64 rows only.
    abstract ReadsSingle: bool
    default _.ReadsSingle = false
    /// Whether `Gather` needs only the roots of responsibilities times weights.
    abstract TakesRoots: bool
    default _.TakesRoots = false
    /// Transposes the panel's rows from an address, where each row begins `width` numbers after the one before it. The
    /// rows stay at their address until `Gather`, which may read them again.
    abstract Read: rows: nativeint * width: int * PanelState -> unit
    /// Adds ln p(xₙ|θₖ) to the panel's joint log-densities.
    abstract Score: PanelState -> unit
    /// Finds the panel's winners under hard assignment from the logarithms of the weights, and adds them to the counts
    /// and the rows to the sums, without `Score` and `Gather`. Returns Σₙ wₙ ln p(xₙ); or nothing, and does nothing, if
    /// the kernel has no faster way than to compute all joint log-densities.
    abstract Win: logWeights: float[] * PanelState -> float voption
    default _.Win(_, _) = ValueNone
    /// Adds the panel's rows, weighted by their responsibilities, to the sums. `PanelState.Counts` already includes the
    /// responsibilities of float64.
    abstract Gather: PanelState -> unit
    /// Adds the sums of all panels since `Clear` to the family's, which are the first of these arrays; returns how many
    /// they are.
    abstract AddTo: ReadOnlySpan<float[]> -> int
