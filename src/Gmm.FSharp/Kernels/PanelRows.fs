namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open System.Buffers
open FSharp.NativeInterop

/// The rows of one panel after another as float64. Used by one thread at a time.
[<Sealed>]
type internal PanelRows() =
    let widened = Pinned()

    /// The address of a row of a block whose numbers are pinned.
    member _.InPlace(block: Block, pinned: MemoryHandle, row: int) : nativeint =
        let size =
            match block.Numbers with
            | Numbers.Float64 _ -> sizeof<float>
            | Numbers.Float32 _ -> sizeof<float32>

        NativePtr.toNativeInt (NativePtr.ofVoidPtr<byte> pinned.Pointer) + nativeint (row * block.Columns * size)

    /// The address of some rows of a block whose numbers are pinned: in place if they are float64, otherwise of a copy, which
    /// the next call overwrites.
    member _.Of(block: Block, pinned: MemoryHandle, first: int, count: int) : nativeptr<float> =
        let start = first * block.Columns

        match block.Numbers with
        | Numbers.Float64 _ -> NativePtr.add (NativePtr.ofVoidPtr pinned.Pointer) start
        | Numbers.Float32 _ ->
            let length = count * block.Columns
            widened.Require length
            block.Numbers.CopyTo(start, Span<float>(NativePtr.toVoidPtr widened.Address, length))
            widened.Address

    /// Asks for a panel's rows of a block whose numbers are pinned; none need be there.
    member _.Prefetch(block: Block, pinned: MemoryHandle, first: int) : unit =
        let start, count = first * block.Columns, Panel.Rows * block.Columns
        let numbers: nativeptr<float> = NativePtr.ofVoidPtr pinned.Pointer

        match block.Numbers with
        | Numbers.Float64 _ -> Panel.prefetch (NativePtr.add numbers start) count
        // Two take the room of a float64.
        | Numbers.Float32 _ -> Panel.prefetch (NativePtr.add numbers (start / 2)) (count / 2)
