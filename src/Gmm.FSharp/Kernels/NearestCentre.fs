namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// Computes the squared distances of rows to the nearest of some centres, with the same bits at every vector width.
/// Only one thread at a time may use it.
[<AbstractClass>]
type internal NearestCentre() =
    /// Lays out centres of D numbers each.
    abstract Prepare: centres: float[][] -> unit
    /// Lowers, in place, the squared distances from a block's rows to their nearest centre, where one of the centres
    /// `first` to `last` − 1 is nearer. Returns Σₙ wₙ min(nearestₙ, ‖xₙ−μₖ‖²) for each centre k from `last` on, each
    /// considered alone.
    abstract Lower: Block * first: int * last: int * nearest: Span<float> -> float[]

[<Sealed; Optimised>]
type internal NearestCentre<'L, 'V when 'L :> ILanes<'V>>() =
    inherit NearestCentre()

    let panel, rows = PanelState(), RowReader()
    let x, centres, least, sums = Pinned(), Pinned(), Pinned(), Pinned()
    let mutable count = 0
    let mutable features = 0

    let centre k = NativePtr.add centres.Address (k * features)
    let sum k = NativePtr.add sums.Address (k * Panel.Lanes)

    override _.Prepare itsCentres =
        count <- itsCentres.Length
        features <- itsCentres[0].Length
        centres.Require(count * features)
        sums.Require(count * Panel.Lanes)
        least.Require Panel.Rows
        x.Require(Panel.even features * Panel.Stride)

        for k in 0 .. count - 1 do
            itsCentres[k].AsSpan().CopyTo(Span<float>(NativePtr.toVoidPtr (centre k), features))

    override _.Lower(block, first, last, nearest) =
        sums.Clear(count * Panel.Lanes)
        use pinned = block.Numbers.Pin()
        let mutable row = 0

        while row < block.Rows do
            panel.Take(block, row)
            let values = NativePtr.ofNativeInt (rows.AsFloat64(block, pinned, row, panel.Count))
            Panel.transpose values features features panel.Count x.Address
            least.Clear panel.Padded
            let ofPanel = Span<float>(NativePtr.toVoidPtr least.Address, panel.Count)
            nearest.Slice(row, panel.Count).CopyTo ofPanel

            for k in first .. last - 1 do
                Loops.lowerDistances<'L, 'V> x.Address (centre k) features least.Address panel.Padded

            ofPanel.CopyTo(nearest.Slice row)

            for k in last .. count - 1 do
                let weights = panel.Weights.Address
                Loops.sumDistances<'L, 'V> x.Address (centre k) features weights least.Address (sum k) panel.Padded

            row <- row + panel.Count

        Array.init (count - last) (fun i -> Panel.sum (sum (last + i)))
