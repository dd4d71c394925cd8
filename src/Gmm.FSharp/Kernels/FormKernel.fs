namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open FSharp.NativeInterop

/// What is noted beside a panel, and passed from one step of its E-step to the next.
[<Sealed>]
type internal Sheet() =
    /// Joint log-densities, then responsibilities times weights: a column of rows for each component, K rounded up to a
    /// multiple of 4.
    member val Joint = Pinned()
    /// Sample weights; 0 for rows that fill up.
    member val Weights = Pinned()
    /// The component of each row under hard assignment.
    member val Winners: int[] = Array.zeroCreate Panel.Rows
    /// Rows, without those that fill up.
    member val Count = 0 with get, set
    /// Rows, with those that fill up.
    member val Padded = 0 with get, set
    /// Whether responsibilities are those of soft assignment: every row's sum to 1.
    member val IsSoft = false with get, set
    /// Whether they are those of hard assignment: 1 for every row's winner.
    member val IsHard = false with get, set

    /// Notes how many rows of a block the panel takes from `first` on, and their weights.
    member sheet.Take(block: Block, first) =
        let count = min Panel.Rows (block.Rows - first)
        let padded = Panel.padded count
        sheet.Count <- count
        sheet.Padded <- padded
        sheet.Weights.Require Panel.Rows
        let weights = Span<float>(NativePtr.toVoidPtr sheet.Weights.Address, padded)

        match block.Weights with
        | Some all -> all.Span.Slice(first, count).CopyTo weights
        | None -> weights.Fill 1.0

        weights.Slice(count).Clear()

    /// The column of component k.
    member sheet.Component(k) : nativeptr<float> = NativePtr.add sheet.Joint.Address (k * Panel.Stride)

/// One form of a log-density at work on one thread: it has its own layout of the parameters, columns of the panel, and sums.
/// `Prepare` comes first and `Clear` before the first of some panels; then `Read`, `Score` and `Gather` for one panel after
/// another, and `AddTo` at the end.
[<AbstractClass>]
type internal FormKernel() =
    /// Lays the parameters out.
    abstract Prepare: Form * components: int -> unit
    /// Sets the sums to 0.
    abstract Clear: unit -> unit
    /// Transposes the panel's rows at an address, `width` numbers from one to the next: float64, unless the kernel is one of
    /// float32.
    abstract Read: rows: nativeint * width: int * Sheet -> unit
    /// Adds ln p(xₙ|θₖ) to the panel's joint log-densities.
    abstract Score: Sheet -> unit
    /// Adds the panel's sums, under its responsibilities.
    abstract Gather: Sheet -> unit
    /// Whether `Gather` needs no more of hard assignment than every row's winner.
    abstract NeedsWinnersOnly: bool
    default _.NeedsWinnersOnly = false
    /// How many numbers each of the family's sums has.
    abstract Lengths: int list
    /// Adds the sums of all panels since `Clear`, as the family has them, to arrays of these lengths.
    abstract AddTo: ReadOnlySpan<float[]> -> unit
