/// Sets MethodImplOptions.AggressiveOptimization on the methods of an assembly's types that are marked [<Optimised>];
/// Numbers/Optimised.fs says why. It changes two bytes for each method in the assembly's method table (ECMA-335,
/// §II.22.26). The project runs it after compilation:
///
///     dotnet fsi optimise.fsx Gmm.FSharp.dll
open System
open System.Collections.Immutable
open System.IO
open System.Reflection
open System.Reflection.Metadata
open System.Reflection.Metadata.Ecma335
open System.Reflection.PortableExecutable

let path = fsi.CommandLineArgs[1]
let bytes = File.ReadAllBytes path
let assembly = new PEReader(ImmutableArray.Create<byte> bytes)
let metadata = assembly.GetMetadataReader()

/// Returns whether an attribute is [<Optimised>].
let isMark (handle: CustomAttributeHandle) =
    match metadata.GetCustomAttribute(handle).Constructor with
    | constructor when constructor.Kind = HandleKind.MethodDefinition ->
        let constructor = metadata.GetMethodDefinition(MethodDefinitionHandle.op_Explicit constructor)
        metadata.GetString(metadata.GetTypeDefinition(constructor.GetDeclaringType()).Name) = "OptimisedAttribute"
    | _ -> false

/// Returns the position of a method's implementation flags: in the row of the method, after the address of its code.
let flagsOf (method: MethodDefinitionHandle) =
    assembly.PEHeaders.MetadataStartOffset
    + metadata.GetTableMetadataOffset TableIndex.MethodDef
    + (MetadataTokens.GetRowNumber method - 1) * metadata.GetTableRowSize TableIndex.MethodDef
    + 4

let marked =
    [ for handle in metadata.TypeDefinitions do
          let kernel = metadata.GetTypeDefinition handle

          if kernel.GetCustomAttributes() |> Seq.exists isMark then
              for handle in kernel.GetMethods() do
                  let method = metadata.GetMethodDefinition handle
                  let isInlined = method.ImplAttributes.HasFlag MethodImplAttributes.AggressiveInlining

                  if method.RelativeVirtualAddress <> 0 && not isInlined then
                      handle ]

if marked.IsEmpty then
    eprintfn $"{path}: error: no type is marked [<Optimised>]"
    exit 1

for method in marked do
    let flags = Span<byte>(bytes, flagsOf method, 2)
    let value = BitConverter.ToUInt16 flags ||| uint16 MethodImplAttributes.AggressiveOptimization
    BitConverter.TryWriteBytes(flags, value) |> ignore

File.WriteAllBytes(path, bytes)
