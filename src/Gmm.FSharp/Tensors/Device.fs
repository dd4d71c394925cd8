namespace Gmm

open System
open System.Globalization

/// Where the E-steps of a fit are done. The M-steps are always done in float64 by the processor.
[<RequireQualifiedAccess>]
type Device =
    /// The processor, by this library's own code: it needs nothing else, and is the fastest on a processor.
    | Cpu
    /// The processor, by libtorch.
    | TorchCpu
    /// The CUDA device of a number, by libtorch.
    | Cuda of int
    /// The first CUDA device if libtorch has one, otherwise `Cpu`.
    | Auto

/// The names of devices.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Device =
    /// The name as `parse` reads it: cpu, torch:cpu, cuda:0 or auto.
    let name device =
        match device with
        | Device.Cpu -> "cpu"
        | Device.TorchCpu -> "torch:cpu"
        | Device.Cuda number -> $"cuda:{number}"
        | Device.Auto -> "auto"

    /// The device of a name: cpu, torch:cpu, cuda (which is cuda:0), cuda:1 and so on, or auto. Error for any other.
    let parse (name: string) : Result<Device, GmmError> =
        let unknown =
            Error(InvalidOption("Device", "cpu, torch:cpu, cuda, cuda:1 (or another number) or auto", $"\"{name}\""))

        match name with
        | "cpu" -> Ok Device.Cpu
        | "torch:cpu" -> Ok Device.TorchCpu
        | "cuda" -> Ok(Device.Cuda 0)
        | "auto" -> Ok Device.Auto
        | null -> unknown
        | _ when name.StartsWith("cuda:", StringComparison.Ordinal) ->
            match Int32.TryParse(name.Substring 5, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, number -> Ok(Device.Cuda number)
            | _ -> unknown
        | _ -> unknown
