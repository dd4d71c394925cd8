namespace Gmm

open System.Collections.Concurrent

/// Things that are dear to make, each used by one thread at a time and kept for the next.
[<Sealed>]
type internal Pool<'T>(create: unit -> 'T) =
    let idle = ConcurrentBag<'T>()

    /// What a function makes of one that nobody else uses meanwhile.
    member _.Use(work: 'T -> 'R) : 'R =
        let thing =
            match idle.TryTake() with
            | true, thing -> thing
            | false, _ -> create ()

        let result = work thing
        idle.Add thing
        result
