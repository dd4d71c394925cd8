namespace Gmm

open System
open System.Runtime.ExceptionServices
open System.Threading
open System.Threading.Tasks

/// The number of threads and a way to cancel the work. Neither changes any result.
[<NoEquality; NoComparison>]
type Execution =
    {
        /// The largest number of threads.
        Threads: int
        /// Cancels the work: it ends between two blocks with OperationCanceledException.
        Cancellation: CancellationToken
    }

    /// The default: all cores, no cancellation.
    static member Default =
        { Threads = Environment.ProcessorCount
          Cancellation = CancellationToken.None }

    /// Runs the pieces of work 0 … count − 1 on the threads, in ascending order. Once a piece has thrown, no other
    /// piece starts.
    member internal execution.ForEach(count: int, work: int -> unit) : unit =
        if count = 1 || execution.Threads = 1 then
            for piece in 0 .. count - 1 do
                work piece
        else
            let latest = ref -1

            let worker _ =
                let mutable piece = Interlocked.Increment latest

                while piece < count do
                    try
                        work piece
                    with _ ->
                        Interlocked.Exchange(latest, count) |> ignore
                        reraise ()

                    piece <- Interlocked.Increment latest

            try
                let options = ParallelOptions(MaxDegreeOfParallelism = execution.Threads)
                Parallel.For(0, min count execution.Threads, options, worker) |> ignore
            with :? AggregateException as many ->
                ExceptionDispatchInfo.Capture(many.InnerExceptions[0]).Throw()

    /// Runs the pieces of work 0 … count − 1 and returns their results, in the order of the pieces.
    member internal execution.Map(count: int, work: int -> 'T) : 'T[] =
        let results: 'T[] = Array.zeroCreate count
        execution.ForEach(count, fun piece -> results[piece] <- work piece)
        results
