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

    /// Returns the object that has some memory, an array or a manager of memory, and the place of the first element in
    /// it; null for other memory.
    let owner (memory: ReadOnlyMemory<'T>) : struct (obj * int) =
        let mutable array = ArraySegment<'T>()
        let mutable manager: MemoryManager<'T> = null
        let mutable first, length = 0, 0

        if MemoryMarshal.TryGetArray(memory, &array) then
            struct (array.Array :> obj, array.Offset)
        elif MemoryMarshal.TryGetMemoryManager(memory, &manager, &first, &length) then
            struct (manager :> obj, first)
        else
            struct (null, 0)

    /// Returns memory of an object that `owner` found.
    let ofOwner (owner: obj) (first: int) (length: int) : ReadOnlyMemory<'T> voption =
        match owner with
        | :? ('T[]) as array -> ValueSome(ReadOnlyMemory(array, first, length))
        | :? MemoryManager<'T> as manager -> ValueSome(Memory.op_Implicit (manager.Memory.Slice(first, length)))
        | _ -> ValueNone

    /// Copies pieces of some lengths into a new array, one after the other; `copy` copies one of them.
    let private gather (lengths: int[]) (copy: int -> Memory<'T> -> unit) : ReadOnlyMemory<'T> =
        let joined = GC.AllocateUninitializedArray<'T>(Array.sum lengths)
        let mutable first = 0

        for p in 0 .. lengths.Length - 1 do
            copy p (joined.AsMemory(first, lengths[p]))
            first <- first + lengths[p]

        ReadOnlyMemory joined

    /// Joins pieces of memory: returns their own memory if they are adjacent, otherwise a copy.
    let join (pieces: ReadOnlyMemory<'T>[]) : ReadOnlyMemory<'T> =
        let struct (first, start) = owner pieces[0]
        let lengths = pieces |> Array.map _.Length

        let isNext (before: ReadOnlyMemory<'T>, after: ReadOnlyMemory<'T>) =
            let struct (ownerBefore, startBefore), struct (ownerAfter, startAfter) = owner before, owner after
            Object.ReferenceEquals(ownerBefore, ownerAfter) && startBefore + before.Length = startAfter

        let adjacent =
            if Array.forall isNext (Array.pairwise pieces) then
                ofOwner first start (Array.sum lengths)
            else
                ValueNone

        adjacent |> ValueOption.defaultWith (fun () -> gather lengths (fun p target -> pieces[p].CopyTo target))

    /// Joins pieces of numbers: as float32 if all pieces are float32, otherwise as float64.
    let joinNumbers (pieces: Numbers[]) : Numbers =
        let narrow =
            pieces
            |> Array.choose (function
                | Numbers.Float32 values -> Some values
                | Numbers.Float64 _ -> None)

        if narrow.Length = pieces.Length then
            Numbers.Float32(join narrow)
        elif narrow.Length = 0 then
            Numbers.Float64(pieces |> Array.map _.ToFloat64() |> join)
        else
            gather (pieces |> Array.map _.Length) (fun p target -> pieces[p].CopyTo(0, target.Span)) |> Numbers.Float64

    /// Returns a function that returns the numbers as long as something refers to their memory.
    let weak (numbers: Numbers) : unit -> Numbers voption =
        let refer (ofMemory: ReadOnlyMemory<'T> -> Numbers) (memory: ReadOnlyMemory<'T>) =
            let struct (owner, first) = owner memory
            let reference, length = WeakReference owner, memory.Length
            fun () -> ofOwner reference.Target first length |> ValueOption.map ofMemory

        match numbers with
        | Numbers.Float64 values -> refer Numbers.Float64 values
        | Numbers.Float32 values -> refer Numbers.Float32 values
