/// Results have the same bits in every process: in cold code and in hot, and with vectors of any width.
module Gmm.Tests.ProcessTests

open System
open System.Diagnostics
open System.IO
open System.Reflection
open System.Reflection.Metadata
open System.Reflection.PortableExecutable
open Expecto
open Gmm
open Gmm.Tests.Support

/// Settings of the runtime, and the code that results then come from.
let private processes =
    [ "code compiled beforehand, as a process begins", []
      "optimised code only", [ "DOTNET_TieredCompilation", "0"; "DOTNET_ReadyToRun", "0" ]
      "vectors of 256 bits", [ "DOTNET_EnableAVX512", "0" ]
      "vectors of 128 bits", [ "DOTNET_EnableAVX2", "0" ]
      "no vector instructions", [ "DOTNET_EnableHWIntrinsic", "0" ] ]

let names = List.map fst processes

let private here = lazy (Bits.lines ())

let private program = Assembly.GetExecutingAssembly().Location

/// The results of a fresh process, which does nothing else.
let private inProcess (program: string) (settings: (string * string) list) : string list =
    inFolder (fun folder ->
        let file = Path.Combine(folder, "bits")
        let start = ProcessStartInfo("dotnet", [ program; "--bits"; file ], RedirectStandardOutput = true)

        for name, value in settings do
            start.Environment[name] <- value

        use child = Process.Start start
        let output = child.StandardOutput.ReadToEnd()
        child.WaitForExit()
        Assert.True((child.ExitCode = 0), output)
        List.ofArray (File.ReadAllLines file))

/// Fails unless results are those of this process.
let private requireOurs (others: string list) =
    Assert.Equal(here.Value.Length, others.Length)

    let different = List.zip here.Value others |> List.filter (fun (ours, theirs) -> ours <> theirs) |> List.map fst

    Assert.Empty different

/// The assembly of the library as its package has it for this machine, with code that was compiled ahead of time; None
/// if there is none of this build.
let private ahead =
    lazy
        (let folder = Path.Combine(repositoryRoot.Value, "artifacts", "readytorun")

         let isOfThisBuild (file: string) =
             use file = File.OpenRead file
             use assembly = new PEReader(file)
             let metadata = assembly.GetMetadataReader()
             let version = metadata.GetGuid(metadata.GetModuleDefinition().Mvid)

             assembly.PEHeaders.CorHeader.ManagedNativeHeaderDirectory.Size > 0
             && version = typeof<Backend>.Module.ModuleVersionId

         if Directory.Exists folder then
             Directory.GetFiles(folder, "Gmm.FSharp.dll", SearchOption.AllDirectories)
             |> Array.tryExactlyOne
             |> Option.filter isOfThisBuild
         else
             None)

/// The methods that the library calls, each with the name of its type.
let private calledMethods: Lazy<(string * string) list> =
    lazy
        (use file = File.OpenRead typeof<Backend>.Assembly.Location
         use assembly = new PEReader(file)
         let metadata = assembly.GetMetadataReader()

         let nameOf (handle: EntityHandle) =
             if handle.Kind = HandleKind.TypeReference then
                 let reference = metadata.GetTypeReference(TypeReferenceHandle.op_Explicit handle)
                 $"{metadata.GetString reference.Namespace}.{metadata.GetString reference.Name}"
             else
                 ""

         [ for handle in metadata.MemberReferences do
               let reference = metadata.GetMemberReference handle
               nameOf reference.Parent, metadata.GetString reference.Name ])

[<Tests>]
let tests =
    testList
        "Process"
        [ testCase "every result has a name of its own" (fun () ->
              let name (line: string) = line[.. line.LastIndexOf ' ']
              Assert.Equal(here.Value.Length, here.Value |> List.distinctBy name |> List.length))
          testTheory "a fresh process has the bits of this one" names (fun (name: string) ->
              processes |> List.find (fst >> (=) name) |> snd |> inProcess program |> requireOurs)
          testCase "code compiled ahead of time has the bits of this process" (fun () ->
              match ahead.Value with
              | None ->
                  skipUnless
                      "GMM_AHEAD_TESTS"
                      "No code of this build was compiled ahead of time: run `dotnet fsi build.fsx pack`."
              | Some assembly ->
                  inFolder (fun folder ->
                      let here = Path.GetDirectoryName program

                      for file in Directory.GetFiles(here, "*", SearchOption.AllDirectories) do
                          let copy = Path.Combine(folder, Path.GetRelativePath(here, file))
                          Directory.CreateDirectory(Path.GetDirectoryName copy) |> ignore
                          File.Copy(file, copy)

                      File.Copy(assembly, Path.Combine(folder, Path.GetFileName assembly), overwrite = true)
                      inProcess (Path.Combine(folder, Path.GetFileName program)) [] |> requireOurs))
          // The runtime compiles a method again, with other instructions, when it was called often.
          testCase "a thousand predictions later they have the same bits" (fun () ->
              let source = (DataSet.faithful ()).Source

              let fit =
                  source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 6
                          Family.Structure = Diag
                          Execution = oneThread }
                  |> ok

              let predicted () =
                  Array.append
                      (Predict.responsibilities fit source |> ok |> flat)
                      (Predict.logDensities fit source |> ok)
                  |> bits

              let first = predicted ()

              for _ in 1..1000 do
                  Assert.Equal<int64[]>(first, predicted ()))
          // Only operations that IEEE 754 rounds exactly, on one number at a time, and those that choose one: other functions have other bits on other systems,
          // and other sums at other widths of vectors.
          testCase "the library calls no function of .NET or MathNet whose bits may differ" (fun () ->
              let exact =
                  Map
                      [ "System.Math",
                        [ "Abs"; "Ceiling"; "Clamp"; "Floor"; "FusedMultiplyAdd"; "Max"; "Min"; "Round"; "Sqrt" ]
                        "System.Numerics.Tensors.TensorPrimitives",
                        [ "Add"
                          "ConvertTruncating"
                          "Divide"
                          "Max"
                          "MaxMagnitude"
                          "Min"
                          "Multiply"
                          "MultiplyAdd"
                          "Sqrt"
                          "Subtract" ]
                        "MathNet.Numerics.Precision", [ "DoublePrecision" ]
                        "MathNet.Numerics.Random.Xoshiro256StarStar", [ ".ctor" ]
                        "MathNet.Numerics.Statistics.ArrayStatistics",
                        [ "MeanStandardDeviation"; "OrderStatisticInplace" ] ]

              let isSuspect (name: string) =
                  [ "System.Math"; "System.MathF"; "System.Numerics.Tensors"; "MathNet" ]
                  |> List.exists name.StartsWith

              let isPower (name: string, method: string) =
                  name.EndsWith "OperatorIntrinsics" && method.StartsWith "Pow"

              let suspects =
                  calledMethods.Value |> List.filter (fun called -> isSuspect (fst called) || isPower called)

              Assert.Contains(("System.Math", "Sqrt"), suspects)

              let inexact =
                  suspects
                  |> List.filter (fun (name, method) ->
                      not (exact |> Map.tryFind name |> Option.exists (List.contains method)))
                  |> List.distinct

              Assert.True(inexact.IsEmpty, $"%A{inexact}")) ]
