namespace Gmm.Outside

open System.Threading
open Gmm

/// Counts passes and E-steps, and leaves the work to another backend.
type CountingBackend(inner: Backend) =
    let mutable passes, eSteps, closed = 0, 0, 0
    member _.Passes = passes
    member _.ESteps = eSteps
    member _.Closed = closed

    interface Backend with
        member _.Name = $"counting {inner.Name}"

        member _.Open(family, source, execution) =
            inner.Open(family, source, execution)
            |> Result.map (fun pass ->
                Interlocked.Increment &passes |> ignore

                { new Pass<_> with
                    member _.Expect(assignment, mixture) =
                        Interlocked.Increment &eSteps |> ignore
                        pass.Expect(assignment, mixture)

                    member _.Dispose() =
                        Interlocked.Increment &closed |> ignore
                        pass.Dispose() })

/// Shares the rows among machines, as a cluster does. Each machine has some of the source's runs of blocks and returns
/// their statistics, packed. The backend adds them in the order of the runs, so that a fit has the same bits as on one
/// machine.
type ShardedBackend(machines: int) =
    interface Backend with
        member _.Name = $"{machines} shards"

        member _.Open(family, source, execution) =
            let runs = Source.runs source |> Array.indexed

            Ok
                { new Pass<_> with
                    member _.Expect(assignment, mixture) =
                        let ofMachine machine =
                            let statistics = Kernel.statistics family assignment mixture

                            [ for i, struct (first, last) in runs do
                                  if i % machines = machine then
                                      i, seq { first..last } |> Seq.map source.Read |> statistics |> Statistics.pack ]

                        let like = Statistics.zero mixture.Components (family.SumLengths mixture.Parameters)

                        // The last machine answers first.
                        [ machines - 1 .. -1 .. 0 ]
                        |> List.collect ofMachine
                        |> List.sortBy fst
                        |> List.map (snd >> Statistics.unpack like)
                        |> List.reduce (+)

                    member _.Dispose() = () }
