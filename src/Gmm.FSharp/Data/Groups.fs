namespace Gmm

open System
open System.Threading

/// Where the numbers of a group are, once they are decoded. Lock it for every use.
[<Sealed>]
type internal GroupPlace() =
    /// Returns the numbers, unless they have to be decoded.
    member val Find: unit -> Numbers voption = (fun () -> ValueNone) with get, set

/// Rows that lie in groups, each decoded as a whole when a block needs it. A decoded group is kept as long as the
/// memory for groups has room. One without room is kept while a block of it is in use, and decoded again after that.
/// No group makes room for another: a fit passes through all rows in their order again and again, so the group that was
/// used last is the one that is needed last.
[<Sealed>]
type internal Groups(memory: int64, columns: int, rows: int64[], read: int -> Numbers) =
    let places = Array.init rows.Length (fun _ -> GroupPlace())
    // The bytes that are free, and the bytes of a number, once it is known.
    let mutable free = memory
    let mutable size = 0

    let fail rule value = raise (GmmException(InvalidData(rule, value)))

    /// Takes room for a group, unless there is too little.
    let rec tryKeep (bytes: int64) =
        let before = Volatile.Read &free

        before >= bytes && (Interlocked.CompareExchange(&free, before - bytes, before) = before || tryKeep bytes)

    let decode group : Numbers =
        let numbers = read group
        let expected = rows[group] * int64 columns

        if int64 numbers.Length <> expected then
            fail
                $"""{Display.count rows[group] "row"} of {Display.count columns "number"} in group {group} (counting from 0)"""
                $"""there are {Display.count numbers.Length "number"}"""

        let first = Interlocked.CompareExchange(&size, numbers.Size, 0)

        if first <> 0 && first <> numbers.Size then
            fail
                "groups of one precision"
                $"""the numbers of group {group} (counting from 0) have {Display.count numbers.Size "byte"} and those of others {first}"""

        numbers

    /// The bytes of the groups that are kept whether they are in use or not.
    member _.Kept = memory - Volatile.Read &free

    /// Returns the numbers of a group. Threads that ask for the same group wait for the one that decodes it. If that
    /// one fails, the next tries again.
    member _.Item(group: int) : Numbers =
        let place = places[group]

        lock place (fun () ->
            match place.Find() with
            | ValueSome numbers -> numbers
            | ValueNone ->
                let numbers = decode group
                let isKept = tryKeep (int64 numbers.Length * int64 numbers.Size)
                place.Find <- if isKept then (fun () -> ValueSome numbers) else Contiguous.weak numbers
                numbers)
