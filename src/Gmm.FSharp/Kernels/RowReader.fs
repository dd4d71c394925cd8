namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open System.Buffers
open FSharp.NativeInterop

/// Reads the rows of one panel after another. Only one thread at a time may use it.
[<Sealed>]
type internal RowReader() =
    let widened = Pinned()

    /// Returns the address of a row of a block whose numbers are pinned.
    member _.InPlace(block: Block, pinned: MemoryHandle, row: int) : nativeint =
        NativePtr.toNativeInt (NativePtr.ofVoidPtr<byte> pinned.Pointer)
        + nativeint row * nativeint block.Columns * nativeint block.Numbers.Size

    /// Returns the address of some rows of a block as float64: in place if the block holds float64, and otherwise in a
    /// copy, which the next call overwrites.
    member rows.AsFloat64(block: Block, pinned: MemoryHandle, first: int, count: int) : nativeint =
        match block.Numbers with
        | Numbers.Float64 _ -> rows.InPlace(block, pinned, first)
        | Numbers.Float32 _ ->
            let length = count * block.Columns
            widened.Require length
            block.Numbers.CopyTo(first * block.Columns, Span<float>(NativePtr.toVoidPtr widened.Address, length))
            widened.Start
