module Gmm.Benchmarks.Program

open BenchmarkDotNet.Attributes
open BenchmarkDotNet.Configs
open BenchmarkDotNet.Jobs
open BenchmarkDotNet.Running
open BenchmarkDotNet.Toolchains.InProcess.Emit

/// Placeholder.
type Placeholder() =

    [<Benchmark>]
    member _.Zero() = 0.0

[<EntryPoint>]
let main args =
    // In process: no generated project, hence no second package restore.
    let config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain InProcessEmitToolchain.Instance)

    BenchmarkSwitcher.FromAssembly(typeof<Placeholder>.Assembly).Run(args, config) |> ignore
    0
