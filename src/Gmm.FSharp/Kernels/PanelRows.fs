namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open System.Buffers
open FSharp.NativeInterop

/// The rows of one panel after another. Used by one thread at a time.
[<Sealed>]
type internal PanelRows() =
    let widened = Pinned()

    /// The address of a row of a block whose numbers are pinned.
    member _.InPlace(block: Block, pinned: MemoryHandle, row: int) : nativeint =
        NativePtr.toNativeInt (NativePtr.ofVoidPtr<byte> pinned.Pointer)
        + nativeint row * nativeint block.Columns * nativeint block.Numbers.Size

    /// The address of some rows of a block as float64: in place if they are that, otherwise of a copy, which the next call
    /// overwrites.
    member rows.AsFloat64(block: Block, pinned: MemoryHandle, first: int, count: int) : nativeint =
        match block.Numbers with
        | Numbers.Float64 _ -> rows.InPlace(block, pinned, first)
        | Numbers.Float32 _ ->
            let length = count * block.Columns
            widened.Require length
            block.Numbers.CopyTo(first * block.Columns, Span<float>(NativePtr.toVoidPtr widened.Address, length))
            widened.Start

    /// Asks for a panel's rows of a block whose numbers are pinned; none need be there.
    member rows.Prefetch(block: Block, pinned: MemoryHandle, first: int) : unit =
        Panel.prefetch (rows.InPlace(block, pinned, first)) (Panel.Rows * block.Columns * block.Numbers.Size)
