namespace Gmm

open System.Collections.Concurrent

/// Keeps objects that are expensive to create, so that threads can reuse them. One thread at a time uses an object.
[<Sealed>]
type internal Pool<'T>(create: unit -> 'T) =
    let idle = ConcurrentBag<'T>()

    /// Runs a function on an idle object, or on a new one, and returns its result.
    member _.Use(work: 'T -> 'R) : 'R =
        let thing =
            match idle.TryTake() with
            | true, thing -> thing
            | false, _ -> create ()

        let result = work thing
        idle.Add thing
        result
