namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open FSharp.NativeInterop

/// Squared distances of rows to the nearest of some centres, with the same bits at every width of vectors. Used by one thread
/// at a time.
[<AbstractClass>]
type internal Nearest() =
    /// Lays centres of D numbers each out.
    abstract Prepare: centres: float[][] -> unit
    /// Lowers the squared distances of a block's rows to the nearest of other centres by those to the centres `first` to
    /// `last` − 1, in place. Returns Σₙ wₙ min(nearestₙ, ‖xₙ−μₖ‖²) for each centre k from `last` on alone.
    abstract Lower: Block * first: int * last: int * nearest: Span<float> -> float[]

[<Sealed; Optimised>]
type internal Nearest<'L, 'V when 'L :> ILanes<'V>>() =
    inherit Nearest()

    let sheet, rows = Sheet(), PanelRows()
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
            sheet.Take(block, row)
            let values = NativePtr.ofNativeInt (rows.AsFloat64(block, pinned, row, sheet.Count))
            Panel.transpose values features features sheet.Count x.Address
            least.Clear sheet.Padded
            let ofPanel = Span<float>(NativePtr.toVoidPtr least.Address, sheet.Count)
            nearest.Slice(row, sheet.Count).CopyTo ofPanel

            for k in first .. last - 1 do
                Loops.lowerDistances<'L, 'V> x.Address (centre k) features least.Address sheet.Padded

            ofPanel.CopyTo(nearest.Slice row)

            for k in last .. count - 1 do
                let weights = sheet.Weights.Address
                Loops.sumDistances<'L, 'V> x.Address (centre k) features weights least.Address (sum k) sheet.Padded

            row <- row + sheet.Count

        Array.init (count - last) (fun i -> Panel.sum (sum (last + i)))
