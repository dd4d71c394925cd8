/// Sets two options in a compiled assembly that the F# compiler of the .NET SDK 10 can't set. Each is one bit in a table
/// of the assembly (ECMA-335, §II.22.26 and §II.22.37):
///
/// - MethodImplOptions.AggressiveOptimization of the methods of types that are marked [<Optimised>];
///   Numbers/Optimised.fs says why.
/// - `beforefieldinit` of classes without a static constructor. They have nothing to initialise, so the bit doesn't
///   change what they do. But in a class without it, such as a module, the compiler of ReadyToRun code leaves out every
///   method that takes type parameters.
///
/// The project runs the script after compilation:
///
///     dotnet fsi optimise.fsx Gmm.FSharp.dll
open System
open System.Buffers.Binary
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

/// Sets a bit of the 32-bit number that begins some bytes into a row of a table.
let setBit table row offset (bit: uint32) =
    let place =
        assembly.PEHeaders.MetadataStartOffset
        + metadata.GetTableMetadataOffset table
        + (row - 1) * metadata.GetTableRowSize table
        + offset

    let number = Span<byte>(bytes, place, 4)
    BinaryPrimitives.WriteUInt32LittleEndian(number, BinaryPrimitives.ReadUInt32LittleEndian number ||| bit)

let types = [ for handle in metadata.TypeDefinitions -> handle, metadata.GetTypeDefinition handle ]

let marked =
    [ for _, kernel in types do
          if kernel.GetCustomAttributes() |> Seq.exists isMark then
              for handle in kernel.GetMethods() do
                  let method = metadata.GetMethodDefinition handle
                  let isInlined = method.ImplAttributes.HasFlag MethodImplAttributes.AggressiveInlining

                  if method.RelativeVirtualAddress <> 0 && not isInlined then
                      handle ]

if marked.IsEmpty then
    eprintfn $"{path}: error: no type is marked [<Optimised>]"
    exit 1

// A row begins with the address of the method's code, which the 16 bits of these options follow.
for method in marked do
    setBit
        TableIndex.MethodDef
        (MetadataTokens.GetRowNumber method)
        4
        (uint32 MethodImplAttributes.AggressiveOptimization)

/// Returns whether a method is a static constructor.
let isStaticConstructor (handle: MethodDefinitionHandle) =
    metadata.GetString((metadata.GetMethodDefinition handle).Name) = ".cctor"

// A row begins with these options.
for handle, definition in types do
    let isInterface = definition.Attributes.HasFlag TypeAttributes.Interface

    if not isInterface && not (definition.GetMethods() |> Seq.exists isStaticConstructor) then
        setBit TableIndex.TypeDef (MetadataTokens.GetRowNumber handle) 0 (uint32 TypeAttributes.BeforeFieldInit)

File.WriteAllBytes(path, bytes)
