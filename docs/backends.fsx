(**
---
title: Devices and backends
category: Examples
categoryindex: 2
index: 7
---

# Devices and backends

The E-step is where a fit spends its time, and the one place that knows who does the work. There are two texts of it. The
*kernels* are fused loops over vectors for the processor: the default, nothing to install, the same bits everywhere. The
*textbook* is written in tensor operations, reads like the equations, and runs on any tensor engine: on the managed
Reference, which defines what the operations mean, and on libtorch, on the processor or a CUDA device. Run this page with
`dotnet fsi docs/backends.fsx` after `dotnet fsi build.fsx build`; without libtorch it shows what is missing.

| `Device` | by name | E-steps by | needs |
|---|---|---|---|
| `Device.Cpu` | `cpu` | the kernels | nothing; the default |
| `Device.TorchCpu` | `torch:cpu` | the textbook on libtorch | libtorch, gmm_torch |
| `Device.Cuda 0` | `cuda`, `cuda:0`, `cuda:1` … | the textbook on a CUDA device | a libtorch with CUDA, gmm_torch |
| `Device.Auto` | `auto` | the first CUDA device, or the kernels where there is none | nothing |

On a processor choose `cpu`: it is faster than libtorch. A CUDA device pays from some 100,000 rows of many features and
components on.
*)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"

open System
open System.IO
open Gmm

let file = Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")
let data = Csv.read file |> GmmError.get |> Csv.source

let fitOn device =
    Gmm.fit
        { Gmm.defaults with
            Components = 2
            Device = device }
        data

for name in [ "cpu"; "torch:cpu"; "cuda"; "auto" ] do
    match Device.parse name |> Result.bind fitOn with
    | Ok fit -> printfn $"%-10s{name}log-likelihood %.9f{fit.LogLikelihood}"
    | Error error -> printfn $"%-10s{name}{error.Message}"
(*** include-output ***)
(**
The option is the same for mixtures of every family (`Mixtures.fit`, `Mixtures.fitProduct`) and for `KMeans.fit`. A device that can't be used is
an error before any work, never another device in silence; only `auto` chooses for you. From C#:

```csharp
var model = new GaussianMixture(2) { Device = "auto" }.Fit(data);
```

Starts are made by the kernels and M-steps in float64 by the processor, whatever the device. What was fitted is used by the
kernels, too, so that predictions have the same bits on every machine that loads it.

## Building the bridge to libtorch

libtorch comes in many builds, so Gmm brings none. A small library of C functions, gmm_torch, stands between: its source is
in `src/Gmm.FSharp/native`, and one command builds it for the libtorch that you have, from 1.13 to the current one.

```text
apt-get install libtorch-dev cmake g++                # Debian's libtorch, for the processor
dotnet fsi build.fsx torch

python3 -c "import torch; print(torch.__path__[0])"   # or the one of a Python torch, perhaps with CUDA
dotnet fsi build.fsx torch --torch /that/folder
```

The projects copy the library beside their assemblies. Elsewhere, say where it is in the variable `GMM_TORCH_LIBRARY`. The
command needs no CUDA toolkit. A library that is missing, damaged, of another version of Gmm or built for another libtorch is
told apart:
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
## Memory

A textbook E-step makes tensors of K×n×D numbers. So rows go to the device in parts whose temporary tensors stay under 1 GiB,
whatever N, K and D; they are freed after each part. On a CUDA device the data are moved once and kept there from one
iteration to the next, as far as they fit; on the processor libtorch works on them in place. When a device's memory runs out,
parts become half as large, fewer are kept, and the fit goes on. Sums are merged in the order of the rows, so a fit that
doesn't run out of memory has the same bits on every run on the same device.

Full covariances cost batched matrix products: K×n×D by K×D×D to whiten, K×D×n by K×n×D for the second moments.

For other limits, or to keep data on a device by hand, give a model a `DeviceEStep`:
*)
match Torch.engine Device.TorchCpu Dtype.Float64 with
| Error _ -> printfn "Here: no libtorch."
| Ok engine ->
    let memory, keep = 40_000L, 0L
    use work = new DeviceEStep<Gaussian>(engine, Gaussian.family, memory, keep)

    let model =
        { Model.ofFamily Gaussian.family with
            Backend = work.Backend }

    let fit = fitOn Device.Cpu |> GmmError.get
    let statistics = EM.eStep model data fit.Mixture

    printfn
        $"log-likelihood %.9f{statistics.LogLikelihood} in parts of {work.PartRows.Value} rows, {work.LargestBytes} bytes each"
(*** include-output ***)
(**
## Precision

Fits are in float64. An engine can be asked for float32, which graphics cards made for games are many times faster in, for an
E-step by hand or a backend of a model. Expect four digits, of data near their origin: float32 has seven digits, and loses those
of the distance to a mean when both lie far from 0.
*)
let logLikelihood engine =
    let model =
        { Model.ofFamily Gaussian.family with
            Backend = Backend.textbook engine Gaussian.family }

    let fit = fitOn Device.Cpu |> GmmError.get
    (EM.eStep model data fit.Mixture).LogLikelihood

printfn $"reference          %.9f{logLikelihood Reference.engine}"

for dtype in [ Dtype.Float64; Dtype.Float32 ] do
    match Torch.engine Device.TorchCpu dtype with
    | Ok engine -> printfn $"libtorch, {dtype}  %.9f{logLikelihood engine}"
    | Error _ -> printfn $"libtorch, {dtype}  not here"
(*** include-output ***)
(**
## Engines of your own

An engine is a name, a capacity and a function that makes tensors; a tensor has the eighteen operations of `Tensor`, each
meaning what `Reference` does. Every family's textbook then runs on it. No operation is a Cholesky factor, a triangular solve
or a log-sum-exp: M-steps hand over inverse factors W with WᵀW = Σ⁻¹, and each row's largest log-density is subtracted before
exp.

## DiffSharp and derivatives

DiffSharp's tensors are such an engine, in the project `Gmm.DiffSharp`, which is built apart because its packages are not in
every registry: `dotnet fsi build.fsx diffsharp`. What the textbook computes on them DiffSharp differentiates: the score, the
observed information and standard errors of a fit. [The page on derivatives](diffsharp.html) shows it with its output.
*)
