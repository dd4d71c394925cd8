namespace Gmm

open System
open System.Buffers
open System.Runtime.InteropServices
open System.Runtime.CompilerServices

/// Exposes a rectangular .NET array as memory, without a copy.
[<Sealed>]
type internal RectangularMemory<'T>(values: 'T[,]) =
    inherit MemoryManager<'T>()

    override _.GetSpan() =
        MemoryMarshal.CreateSpan(
            &Unsafe.As<byte, 'T>(&MemoryMarshal.GetArrayDataReference(values :> Array)),
            values.Length
        )

    override _.Pin index =
        let handle = GCHandle.Alloc(values, GCHandleType.Pinned)
        let address = handle.AddrOfPinnedObject() + nativeint index * nativeint (Unsafe.SizeOf<'T>())
        new MemoryHandle(address.ToPointer(), handle)

    override _.Unpin() = ()
    override _.Dispose(_: bool) = ()

/// Contiguous memory, without a copy where that is possible.
module internal Contiguous =
    /// Returns the memory of a rectangular array, row by row.
    let ofArray2D (values: 'T[,]) : Memory<'T> = (new RectangularMemory<'T>(values)).Memory

    /// Joins pieces of memory: returns their own memory if they are adjacent, otherwise a copy.
    let join (pieces: ReadOnlyMemory<'T>[]) : ReadOnlyMemory<'T> =
        let total = pieces |> Array.sumBy _.Length

        let start (piece: ReadOnlyMemory<'T>) : struct (obj * int) =
            let mutable array = ArraySegment<'T>()
            let mutable manager: MemoryManager<'T> = null
            let mutable first, length = 0, 0

            if MemoryMarshal.TryGetArray(piece, &array) then
                struct (array.Array :> obj, array.Offset)
            elif MemoryMarshal.TryGetMemoryManager(piece, &manager, &first, &length) then
                struct (manager :> obj, first)
            else
                struct (null, 0)

        let struct (owner, first) = start pieces[0]

        let isNext (before: ReadOnlyMemory<'T>, after: ReadOnlyMemory<'T>) =
            let struct (ownerBefore, startBefore), struct (ownerAfter, startAfter) = start before, start after
            Object.ReferenceEquals(ownerBefore, ownerAfter) && startBefore + before.Length = startAfter

        if Array.forall isNext (Array.pairwise pieces) then
            match owner with
            | :? ('T[]) as array -> ReadOnlyMemory(array, first, total)
            | :? MemoryManager<'T> as manager -> Memory.op_Implicit (manager.Memory.Slice(first, total))
            | _ -> ReadOnlyMemory(pieces |> Array.map _.ToArray() |> Array.concat)
        else
            ReadOnlyMemory(pieces |> Array.map _.ToArray() |> Array.concat)

    /// Joins pieces of numbers: as float32 if all pieces are float32, otherwise as float64.
    let joinNumbers (pieces: Numbers[]) : Numbers =
        let narrow =
            pieces
            |> Array.choose (function
                | Numbers.Float32 values -> Some values
                | Numbers.Float64 _ -> None)

        if narrow.Length = pieces.Length then
            Numbers.Float32(join narrow)
        else
            Numbers.Float64(pieces |> Array.map _.ToFloat64() |> join)
