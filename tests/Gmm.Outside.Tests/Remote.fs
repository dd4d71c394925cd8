namespace Gmm.Outside

open System.Collections.Generic
open System.Threading
open Gmm

/// Rows on several machines, each of which answers for every n-th run of blocks. Only numbers and names pass between them and
/// the fit: this class writes every question down and reads it again.
[<Sealed>]
type Machines(servers: RowServer[], isWeighted: bool) =
    inherit RemoteRows()
    let mutable reads = 0
    let scans = HashSet<string>()

    let onTheWire (runs: int[]) (question: Question) : Question =
        { question with
            Slices =
                if question.Slices.Length = 0 then
                    [||]
                else
                    runs |> Array.map (fun run -> Array.copy question.Slices[run])
            Arguments =
                question.Arguments
                |> Map.map (fun _ tensor -> Tensor.create (Array.copy tensor.shape) (Array.copy (tensor.toArray ()))) }

    /// The number of blocks that the fit has read itself.
    member _.Reads = reads

    /// The names of the scans that were asked for.
    member _.Scans = scans

    override _.Name = $"{servers.Length} machines"
    override _.IsWeighted = isWeighted

    override _.Invoke index =
        Interlocked.Increment &reads |> ignore
        servers[0].Read index

    override _.Ask(question, cancellation) =
        lock scans (fun () -> scans.Add question.Scan |> ignore)
        let runs = servers[0].Runs.Length
        let answers = Array.zeroCreate runs

        // The last machine answers first.
        for machine in servers.Length - 1 .. -1 .. 0 do
            let own =
                [| for run in 0 .. runs - 1 do
                       if run % servers.Length = machine then
                           run |]

            let execution =
                { Execution.Default with
                    Cancellation = cancellation }

            servers[machine].Answer(onTheWire own question, own, execution)
            |> GmmError.get
            |> Array.iteri (fun i answer -> answers[own[i]] <- Array.copy answer)

        answers

/// Makes sources of remote rows.
module Machines =
    /// Returns the rows of a source as rows on a number of machines.
    let share (families: SavedFamily list) count (source: Source) : Machines * Source =
        let servers = Array.init count (fun _ -> RowServer(families, source))
        let machines = Machines(servers, (source.Read 0L).Weights.IsSome)
        machines, Source.ofRemote source.Rows source.Columns machines
