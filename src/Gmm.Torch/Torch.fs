namespace Gmm

#nowarn "9" // The library receives addresses of pinned memory.

open System
open System.Buffers
open System.Globalization
open System.IO
open System.Reflection
open System.Runtime.InteropServices

/// Finds, checks and loads the library gmm_torch, the bridge to libtorch, whose source is in native/.
module internal TorchLibrary =
    /// The name of the library in the imports of `TorchCalls`.
    [<Literal>]
    let name = "gmm_torch"

    /// The environment variable that holds the library's path, if the library isn't in the folder of this assembly.
    let variable = "GMM_TORCH_LIBRARY"

    /// The version of the library's functions; gmm_torch.cpp defines the same number.
    let private abi = 1

    [<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
    type private Abi = delegate of unit -> int

    let private fileName =
        if OperatingSystem.IsWindows() then $"{name}.dll"
        elif OperatingSystem.IsMacOS() then $"lib{name}.dylib"
        else $"lib{name}.so"

    let private assembly = Assembly.GetExecutingAssembly()

    /// Returns the path where the library should be.
    let path () =
        match Environment.GetEnvironmentVariable variable with
        | null
        | "" ->
            let folder = Path.GetDirectoryName assembly.Location
            Path.Combine((if String.IsNullOrEmpty folder then AppContext.BaseDirectory else folder), fileName)
        | given -> given

    /// Loads a library and checks that it is this version's gmm_torch. The error says what is wrong.
    let load (path: string) : Result<nativeint, string> =
        if not (File.Exists path) then
            Error $"there is no file {path}"
        else
            try
                let library = NativeLibrary.Load(Path.GetFullPath path)

                match NativeLibrary.TryGetExport(library, "gmm_torch_abi") with
                | true, address ->
                    let found = Marshal.GetDelegateForFunctionPointer<Abi>(address).Invoke()

                    if found = abi then
                        Ok library
                    else
                        Error $"{path} was built for another version of Gmm (its interface is {found}, wanted is {abi})"
                | _ -> Error $"{path} is another library, without gmm_torch_abi"
            with
            | :? DllNotFoundException
            | :? BadImageFormatException as failure ->
                Error $"{path} can't be loaded, as {failure.Message.ReplaceLineEndings(String.Empty)}"

    let private gate = obj ()
    let mutable private loaded = 0n

    /// Loads the library from `path ()`, unless it is loaded already. The error says what is wrong.
    let ensure () : Result<unit, string> =
        lock gate (fun () ->
            if loaded <> 0n then
                Ok()
            else
                load (path ())
                |> Result.map (fun library ->
                    NativeLibrary.SetDllImportResolver(
                        assembly,
                        DllImportResolver(fun wanted _ _ -> if wanted = name then library else 0n)
                    )

                    loaded <- library))

/// The library calls this once, when it no longer needs numbers that it used in place.
[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type internal TorchRelease = delegate of nativeint -> unit

/// The function that frees a tensor of the library.
module private TorchFree =
    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern void gmm_torch_free(nativeint a)

/// A tensor of the library, which is freed when its last holder releases it.
[<Sealed>]
type internal TorchHandle(tensor: nativeint) as handle =
    inherit SafeHandle(0n, true)
    do handle.SetHandle tensor

    override handle.IsInvalid = (handle.DangerousGetHandle() = 0n)

    override handle.ReleaseHandle() =
        TorchFree.gmm_torch_free (handle.DangerousGetHandle())
        true

/// The functions of gmm_torch.cpp. Each returns 0, or the address of an error text.
module private TorchCalls =
    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_version(nativeint[] version)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_cuda_devices(int64[] count)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_from(
        nativeint values,
        int64[] shape,
        int64 rank,
        int isFloat32,
        int64 device,
        TorchRelease release,
        nativeint context,
        nativeint[] result
    )

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_to(TorchHandle a, double[] values)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_add(TorchHandle a, TorchHandle b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_sub(TorchHandle a, TorchHandle b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_mul(TorchHandle a, TorchHandle b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_div(TorchHandle a, TorchHandle b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_eq(TorchHandle a, TorchHandle b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_lt(TorchHandle a, TorchHandle b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_add_scalar(TorchHandle a, double b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_mul_scalar(TorchHandle a, double b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_clamp(TorchHandle a, double low, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_exp(TorchHandle a, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_log(TorchHandle a, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_sum(TorchHandle a, int64 dim, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_max(TorchHandle a, int64 dim, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_argmax(TorchHandle a, int64 dim, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_matmul(TorchHandle a, TorchHandle b, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_transpose(TorchHandle a, int64 dim0, int64 dim1, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_view(TorchHandle a, int64[] shape, int64 rank, nativeint[] result)

    [<DllImport(TorchLibrary.name, CallingConvention = CallingConvention.Cdecl)>]
    extern nativeint gmm_torch_expand(TorchHandle a, int64[] shape, int64 rank, nativeint[] result)

    /// Throws InsufficientMemoryException or EngineException, according to an error text.
    let check (error: nativeint) =
        if error <> 0n then
            let text = Marshal.PtrToStringUTF8 error

            if text.StartsWith("out of memory", StringComparison.Ordinal) then
                raise (InsufficientMemoryException text)
            else
                raise (EngineException $"libtorch: {text}")

    /// Unpins the memory that a context has pinned. A field keeps the delegate alive, because the library calls it.
    let release =
        TorchRelease(fun context ->
            let context = GCHandle.FromIntPtr context
            (context.Target :?> MemoryHandle).Dispose()
            context.Free())

/// The tensors computed from one tensor, which are freed together.
[<Sealed>]
type internal TorchScope() =
    let handles = ResizeArray<TorchHandle>()
    let mutable bytes = 0L

    /// The number of bytes that its tensors took.
    member _.Bytes = bytes

    member _.Add(handle: TorchHandle, size: int64) =
        lock handles (fun () ->
            handles.Add handle
            bytes <- bytes + size)

    member _.Free() =
        lock handles (fun () ->
            for handle in handles do
                handle.Dispose()

            handles.Clear())

/// The device of a libtorch engine's tensors (−1 for the processor, or the number of a CUDA device), and the type of
/// their numbers.
type internal TorchPlace =
    { Device: int64
      Dtype: Dtype }

    member place.ItemSize =
        match place.Dtype with
        | Dtype.Float32 -> 4L
        | Dtype.Float64 -> 8L

/// A tensor of libtorch. Its views share its numbers, which live as long as the tensor or one of its views.
[<Sealed>]
type internal TorchTensor(place: TorchPlace, handle: TorchHandle, shape: int[], scope: TorchScope option) =
    inherit Tensor()

    static let longs (shape: int[]) = Array.map int64 shape
    static let count (shape: int[]) = shape |> Array.fold (fun product length -> product * int64 length) 1L

    /// Wraps a tensor of the library, for which `size` bytes were allocated, as a tensor of this engine.
    let wrap shape size (result: nativeint) =
        let handle = new TorchHandle(result)
        scope |> Option.iter _.Add(handle, size)
        TorchTensor(place, handle, shape, scope) :> Tensor

    /// Returns the handle of another tensor, which must belong to this engine.
    let handleOf (other: Tensor) =
        match other with
        | :? TorchTensor as tensor when tensor.Place = place -> tensor.Handle
        | _ -> invalidArg (nameof other) $"A tensor of another engine ({other.GetType().Name}); move both to one."

    let call size shape (compute: nativeint[] -> nativeint) =
        let result = [| 0n |]
        TorchCalls.check (compute result)
        wrap shape size result[0]

    /// Calls a function of the library that makes a tensor with numbers of its own.
    let make shape compute = call (place.ItemSize * count shape) shape compute

    /// Calls a function of the library that makes a view of this tensor.
    let share shape compute = call 0L shape compute

    let map2 (other: Tensor) compute =
        Tensor.RequireSame(shape, other.shape)
        let other = handleOf other
        make shape (fun result -> compute (handle, other, result))

    member _.Place = place
    member _.Handle = handle
    member _.Scope = scope

    override _.shape = Array.copy shape

    override _.toArray() =
        let values = Array.zeroCreate (int (count shape))
        TorchCalls.check (TorchCalls.gmm_torch_to (handle, values))
        values

    override _.like(shape, values) = TorchTensor.Create(place, scope, shape, ReadOnlyMemory values)

    override _.add other = map2 other TorchCalls.gmm_torch_add
    override _.sub other = map2 other TorchCalls.gmm_torch_sub
    override _.mul other = map2 other TorchCalls.gmm_torch_mul
    override _.div other = map2 other TorchCalls.gmm_torch_div
    override _.eq other = map2 other TorchCalls.gmm_torch_eq
    override _.lt other = map2 other TorchCalls.gmm_torch_lt

    override _.addScalar number = make shape (fun result -> TorchCalls.gmm_torch_add_scalar (handle, number, result))

    override _.mulScalar number = make shape (fun result -> TorchCalls.gmm_torch_mul_scalar (handle, number, result))

    override _.clamp low = make shape (fun result -> TorchCalls.gmm_torch_clamp (handle, low, result))
    override _.exp() = make shape (fun result -> TorchCalls.gmm_torch_exp (handle, result))
    override _.log() = make shape (fun result -> TorchCalls.gmm_torch_log (handle, result))

    override _.sum dim =
        make (Array.removeAt dim shape) (fun result -> TorchCalls.gmm_torch_sum (handle, int64 dim, result))

    override _.max dim =
        make (Array.removeAt dim shape) (fun result -> TorchCalls.gmm_torch_max (handle, int64 dim, result))

    override _.argmax dim =
        make (Array.removeAt dim shape) (fun result -> TorchCalls.gmm_torch_argmax (handle, int64 dim, result))

    override _.matmul other =
        Tensor.RequireProduct(shape, other.shape)
        let columns, other = Array.last other.shape, handleOf other

        make (Array.append shape[.. shape.Length - 2] [| columns |]) (fun result ->
            TorchCalls.gmm_torch_matmul (handle, other, result))

    override _.transpose(dim0, dim1) =
        let exchanged = Array.copy shape
        exchanged[dim0] <- shape[dim1]
        exchanged[dim1] <- shape[dim0]
        share exchanged (fun result -> TorchCalls.gmm_torch_transpose (handle, int64 dim0, int64 dim1, result))

    override _.view target =
        Tensor.RequireView(shape, target)
        share target (fun result -> TorchCalls.gmm_torch_view (handle, longs target, int64 target.Length, result))

    override _.expand target =
        Tensor.Padded(shape, target) |> ignore
        share target (fun result -> TorchCalls.gmm_torch_expand (handle, longs target, int64 target.Length, result))

    override t.scoped() =
        let scope = TorchScope()
        let alias = t.view shape :?> TorchTensor
        scope.Add(alias.Handle, 0L)
        TorchTensor(place, alias.Handle, shape, Some scope)

    override _.bytes() = scope |> Option.map _.Bytes |> Option.defaultValue 0L

    override _.free() =
        scope |> Option.iter _.Free()
        handle.Dispose()

    /// Makes a tensor from numbers held row by row. On the processor and in float64, the tensor uses the numbers in
    /// place.
    static member Create(place: TorchPlace, scope: TorchScope option, shape: int[], values: ReadOnlyMemory<float>) =
        let size = place.ItemSize * int64 values.Length
        let result = [| 0n |]
        let pinned = values.Pin()
        let address = NativeInterop.NativePtr.toNativeInt (NativeInterop.NativePtr.ofVoidPtr<float> pinned.Pointer)
        let context = GCHandle.ToIntPtr(GCHandle.Alloc(box pinned))
        let isFloat32 = if place.Dtype = Dtype.Float32 then 1 else 0

        TorchCalls.check (
            TorchCalls.gmm_torch_from (
                address,
                Array.map int64 shape,
                int64 shape.Length,
                isFloat32,
                place.Device,
                TorchCalls.release,
                context,
                result
            )
        )

        let handle = new TorchHandle(result[0])
        scope |> Option.iter _.Add(handle, size)
        TorchTensor(place, handle, Array.copy shape, scope) :> Tensor

/// A device of libtorch.
[<RequireQualifiedAccess>]
type TorchDevice =
    /// The processor.
    | Cpu
    /// The CUDA device of a number.
    | Cuda of int

    /// The name as `Torch.backendOf` reads it: torch:cpu, cuda:0 …
    member device.Name =
        match device with
        | Cpu -> "torch:cpu"
        | Cuda number -> $"cuda:{number}"

/// The engine and the backend of libtorch, on the processor or a CUDA device. They need the library gmm_torch, which
/// `dotnet fsi build.fsx torch` builds, beside Gmm.Torch.dll or at the path in GMM_TORCH_LIBRARY.
module Torch =
    let private explain (device: TorchDevice) result =
        result
        |> Result.mapError (fun reason ->
            UnavailableBackend(
                device.Name,
                $"it needs libtorch through the library {TorchLibrary.name}, but {reason}",
                "Build the library with `dotnet fsi build.fsx torch` in the sources of Gmm, and give its path in "
                + $"{TorchLibrary.variable} unless it lies beside Gmm.Torch.dll; or choose the default backend"
            ))

    let private ensure device = TorchLibrary.ensure () |> explain device

    /// Checks that a file is a library gmm_torch that this version of Gmm can use. Returns an error if the file is
    /// missing, is not a library or is a different one, was built for another version of Gmm, or if its libtorch is
    /// missing or differs from the one that it was built for.
    let check (path: string) : Result<unit, GmmError> =
        TorchLibrary.load path |> Result.map ignore |> explain TorchDevice.Cpu

    let private countCuda () =
        let count = [| 0L |]
        TorchCalls.check (TorchCalls.gmm_torch_cuda_devices count)
        count[0]

    /// Returns the number of CUDA devices that libtorch finds; 0 without libtorch, or if libtorch has no CUDA.
    let cudaDevices () : int =
        match TorchLibrary.ensure () with
        | Ok() -> int (countCuda ())
        | Error _ -> 0

    /// Returns the version of libtorch that the library was built for. Returns an error if the library is missing or
    /// doesn't load.
    let version () : Result<string, GmmError> =
        ensure TorchDevice.Cpu
        |> Result.map (fun () ->
            let version = [| 0n |]
            TorchCalls.check (TorchCalls.gmm_torch_version version)
            Marshal.PtrToStringUTF8 version[0])

    /// How many numbers a tensor on the processor should hold: they stay in its cache from one operation to the next.
    let private cached = 1 <<< 18

    let private checkCuda (device: TorchDevice) number =
        let count = countCuda ()

        if number >= 0 && int64 number < count then
            Ok()
        else
            Error(
                UnavailableBackend(
                    device.Name,
                    (if count = 0L then
                         "libtorch finds no CUDA device here"
                     else
                         $"libtorch finds {count} CUDA devices here, counted from 0"),
                    "Choose another device, such as torch:cpu, or the default backend; or, where a CUDA device is missing, install "
                    + "its driver and a libtorch with CUDA, and build the library for it with `dotnet fsi build.fsx torch`"
                )
            )

    /// The engine on a device, with numbers of a type. On the processor float64 numbers are used in place; elsewhere and in float32
    /// they are copied. Error when the library is missing, damaged or of another version, or the device isn't there.
    let engine (device: TorchDevice) (dtype: Dtype) : Result<Engine, GmmError> =
        let create capacity number =
            let place = { Device = number; Dtype = dtype }
            let suffix = if dtype = Dtype.Float32 then " in float32" else ""

            { Name = device.Name + suffix
              Capacity = capacity
              Create = fun shape values -> TorchTensor.Create(place, None, shape, values) }

        match device with
        | TorchDevice.Cpu -> ensure device |> Result.map (fun () -> create cached -1L)
        | TorchDevice.Cuda number ->
            ensure device
            |> Result.bind (fun () -> checkCuda device number)
            |> Result.map (fun () -> create Int32.MaxValue (int64 number))

    /// How much of a device's memory E-steps take. Few numbers at once go to the processor, which works on the data in place; many
    /// to a device with memory of its own, where they stay.
    let private limits device : ResidentLimits =
        match device with
        | TorchDevice.Cpu ->
            { BlockNumbers = 1 <<< 18
              TemporaryBytes = 1L <<< 30
              KeptBytes = 0L }
        | TorchDevice.Cuda _ ->
            { BlockNumbers = 1 <<< 23
              TemporaryBytes = 1L <<< 30
              KeptBytes = Int64.MaxValue }

    /// The textbook's E-steps in float64 on a device: `{ Gmm.defaults with Backend = Torch.backend (TorchDevice.Cuda 0) }`. Whether
    /// the device is there shows when a fit begins: its error says what is missing.
    let backend (device: TorchDevice) : Backend =
        { new Backend with
            member _.Name = device.Name

            member _.Open(family, source, execution) =
                engine device Dtype.Float64
                |> Result.map (fun engine -> Resident.openPass engine (limits device) family source execution) }

    /// The backend of a name: cpu (the default one, the kernels), torch:cpu, cuda (which is cuda:0), cuda:1 and so on, or auto (the
    /// first CUDA device if libtorch has one, otherwise the kernels). Error for any other name.
    let backendOf (name: string) : Result<Backend, GmmError> =
        let unknown =
            Error(InvalidOption("Backend", "cpu, torch:cpu, cuda, cuda:1 (or another number) or auto", $"\"{name}\""))

        match name with
        | "cpu"
        | "kernels" -> Ok Kernel.backend
        | "torch:cpu" -> Ok(backend TorchDevice.Cpu)
        | "cuda" -> Ok(backend (TorchDevice.Cuda 0))
        | "auto" -> Ok(if cudaDevices () > 0 then backend (TorchDevice.Cuda 0) else Kernel.backend)
        | null -> unknown
        | _ when name.StartsWith("cuda:", StringComparison.Ordinal) ->
            match Int32.TryParse(name.Substring 5, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, number -> Ok(backend (TorchDevice.Cuda number))
            | _ -> unknown
        | _ -> unknown
