(**
---
title: Devices and backends
category: Examples
categoryindex: 2
index: 7
---

# Devices and backends

A fit spends most of its time in the E-step. A *backend* runs the E-steps; only the backend determines the threads, the
device and the machines on which they run. The option `Backend` chooses it. Run this page with
`dotnet fsi docs/backends.fsx` after `dotnet fsi build.fsx build`. Without libtorch, its output shows what is missing.

| `Backend` | name | E-steps by | needs |
|---|---|---|---|
| `Kernel.backend` | `cpu` | the kernels: fused loops over vectors on all cores | nothing; the default |
| `Torch.backend TorchDevice.Cpu` | `torch:cpu` | the textbook on libtorch | libtorch, gmm_torch |
| `Torch.backend (TorchDevice.Cuda 0)` | `cuda`, `cuda:0`, `cuda:1` … | the textbook on a CUDA device | a libtorch with CUDA, gmm_torch |
| `Textbook.backend engine` | | the textbook on any tensor engine | the engine |
| your own | | whatever you write | |

The *textbook* is the E-step, written in tensor operations that read like the equations. `Torch.backendOf` reads the
names above, and `auto`: the first CUDA device, or the kernels if there is none. On a processor choose the kernels:
they are faster than libtorch. A CUDA device pays off from about 100,000 rows of many features and components.

A script of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Torch"
*)
(*** hide ***)
#I "../src/Gmm.Torch/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Torch.dll"
(** *)
open System
open System.IO
open Gmm

let file = Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")
let data = Csv.read file |> GmmError.get |> Csv.source

let fitOn backend =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Backend = backend }
        data

for name in [ "cpu"; "torch:cpu"; "cuda"; "auto" ] do
    match Torch.backendOf name |> Result.bind fitOn with
    | Ok fit -> printfn $"%-10s{name}log-likelihood %.9f{fit.LogLikelihood}"
    | Error error -> printfn $"%-10s{name}{error.Message}"
(*** include-output ***)
(**
The option is the same for every kind of mixture and for k-means. A backend that can't be used is an error; no other
backend takes its place silently. Only `auto` chooses for you. In C#:

```csharp
var model = new GaussianMixture(2) { Backend = Backend.Auto }.Fit(data);
```

With every backend, the kernels compute the starts and the processor runs the M-steps in float64. Predictions always use
the kernels, so that they have the same bits on every machine that loads the fit.

## Building the bridge to libtorch

libtorch comes in many builds, so Gmm ships none. A small library of C functions, gmm_torch, connects the two: its
source is in `src/Gmm.Torch/native`, and one command builds it for your libtorch, from version 1.13 to the current
one.

```text
apt-get install libtorch-dev cmake g++                # Debian's libtorch, for the processor
dotnet fsi build.fsx torch

python3 -c "import torch; print(torch.__path__[0])"   # or the one of a Python torch, perhaps with CUDA
dotnet fsi build.fsx torch --torch /that/folder
```

The projects copy the library into the folder of their assemblies. If it lies elsewhere, put its path into the variable
`GMM_TORCH_LIBRARY`. The command needs no CUDA toolkit. The error says whether a library is missing, damaged, of another
version of Gmm, or built for another libtorch:
*)
let unusable =
    match Torch.check "/usr/lib/another/libgmm_torch.so" with
    | Ok() -> "It works."
    | Error error -> error.Message

printfn $"{unusable}"

match Torch.version () with
| Ok version -> printfn $"Here: libtorch {version}, {Torch.cudaDevices ()} CUDA devices."
| Error _ -> printfn "Here: no libtorch."
(*** include-output ***)
(**
The bridge is the part that this repository tests. TorchSharp is another way to libtorch: write an engine on its
tensors, as described [below](#An-engine-of-your-own), and `Textbook.backend` or `Resident.backend` runs every family
on it. Such an engine is not tested here: the native part of TorchSharp 0.107 needs a newer C++ runtime
(GLIBCXX_3.4.32) than Debian 12 has.

## Memory

A textbook E-step makes tensors of K×n×D numbers. `Resident.backend` therefore sends the rows to the engine in parts
whose temporary tensors stay under a limit for any N, K and D (1 GiB for libtorch), and frees them after each part. A
CUDA device keeps as much of the data as fits from one iteration to the next; on the processor libtorch works on the
data in place. If a device runs out of memory, the parts become half as large, fewer are kept, and the fit goes on.
Sums are merged in the order of the rows, so a fit that doesn't run out of memory has the same bits on every run on
the same device.

Full covariances cost batched matrix products: K×n×D by K×D×D to whiten, K×D×n by K×n×D for the second moments.

You can set other limits, for any engine:
*)
match Torch.engine TorchDevice.Cpu Dtype.Float64 with
| Error _ -> printfn "Here: no libtorch."
| Ok engine ->
    let limits =
        { BlockNumbers = 1 <<< 18
          TemporaryBytes = 40_000L
          KeptBytes = 0L }

    use pass = Resident.openPass engine limits Gaussian.family data Execution.Default
    let fit = fitOn Kernel.backend |> GmmError.get
    let statistics = (pass :> Pass<Gaussian>).Expect(Soft, fit.Mixture)

    printfn
        $"log-likelihood %.9f{statistics.LogLikelihood} in parts of {pass.PartRows.Value} rows, {pass.LargestBytes} bytes each"
(*** include-output ***)
(**
## Precision

Fits on libtorch use float64. An engine can also compute in float32, which is many times faster on graphics cards made
for games. Expect four digits, for data near the origin: float32 has seven digits, and a distance to a mean loses
digits if both lie far from 0.
*)
let logLikelihood engine =
    let model =
        { Model.ofFamily Gaussian.family with
            Backend = Textbook.backend engine }

    let fit = fitOn Kernel.backend |> GmmError.get
    (EM.eStep model data fit.Mixture).LogLikelihood

printfn $"reference          %.9f{logLikelihood Reference.engine}"

for dtype in [ Dtype.Float64; Dtype.Float32 ] do
    match Torch.engine TorchDevice.Cpu dtype with
    | Ok engine -> printfn $"libtorch, {dtype}  %.9f{logLikelihood engine}"
    | Error _ -> printfn $"libtorch, {dtype}  not here"
(*** include-output ***)
(**
## A backend of your own

A backend has a name and opens a *pass* over the rows of a source. A pass runs one E-step after another: it returns the
statistics of all rows under a mixture. `CountingBackend` counts E-steps and leaves the work to another backend.

`Open` returns an `Error` if the backend can't be used: `UnavailableBackend(name, reason, remedy)`. `Expect` returns
no `Result`: if it fails, raise `GmmException` with such an error, and `Gmm.fit` returns it. Any other exception
passes through `Gmm.fit` unchanged. Calls to `Expect` may come from several threads at once, and should stop when
`execution.Cancellation` asks for it.
*)
type CountingBackend(inner: Backend) =
    let mutable eSteps = 0
    member _.ESteps = eSteps

    interface Backend with
        member _.Name = $"counting {inner.Name}"

        member _.Open(family, source, execution) =
            inner.Open(family, source, execution)
            |> Result.map (fun pass ->
                { new Pass<_> with
                    member _.Expect(assignment, mixture) =
                        eSteps <- eSteps + 1
                        pass.Expect(assignment, mixture)

                    member _.Dispose() = pass.Dispose() })

let counting = CountingBackend Kernel.backend
let counted = fitOn counting |> GmmError.get
printfn $"{counting.ESteps} E-steps for {counted.Iterations} iterations, log-likelihood %.9f{counted.LogLikelihood}"
(*** include-output ***)
(**
A backend may also share the rows among machines. `Source.runs` divides the blocks of a source into runs; the
division depends only on the shape of the data. `Kernel.statistics` computes the statistics of a run, on any machine. If
the statistics are added in the order of the runs, they have the same bits as on one machine. `Statistics.pack` turns
them into one flat vector for the network.

If the rows already lie on other machines, derive a class from `RemoteRows` that carries the questions of a fit
(`Question`) to them, and run a `RowServer` on each machine; [Gmm.Orleans](cluster.html) does this.
*)
let mixture = counted.Mixture
let statisticsOf = Kernel.statistics Gaussian.family Soft mixture

let total =
    Source.runs data
    |> Array.map (fun (struct (first, last)) -> seq { first..last } |> Seq.map data.Read |> statisticsOf)
    |> Array.reduce (+)

printfn $"the same bits: {total = EM.eStep (Model.ofFamily Gaussian.family) data mixture}"
(*** include-output ***)
(**
## An engine of your own

An engine is a name, a capacity and a function that makes tensors. A tensor has the eighteen operations of `Tensor`;
`Reference` defines what each one means, and `Laws.checkEngine` of `Gmm.Laws` checks yours. The textbook of every
family then runs on it. The engine needs no Cholesky factor, triangular solve or log-sum-exp: M-steps supply inverse
factors W with WᵀW = Σ⁻¹, and the E-step subtracts each row's largest log-density before exp.

The project `tests/Gmm.Outside.Tests`, which sees only the public library, contains a backend, an engine, a source and a
kind of component.

## DiffSharp and derivatives

DiffSharp's tensors are such an engine, in the project `Gmm.DiffSharp`. It is built separately, because not every
registry has its packages: `dotnet fsi build.fsx diffsharp`. DiffSharp differentiates what the textbook computes on
its tensors: the score, the observed information and the standard errors of a fit.
[The page on derivatives](diffsharp.html) shows it with its output.
*)
