/// `bench regressions`: whether a kernel has become slower than the figures in `regressions.json` allow.
///
/// Times depend on the machine and on what else it does, so none is compared. The cost of a kernel is how many
/// multiply–adds the loop of `Machine`, which works in registers only, does in the time that the kernel takes for a row
/// and a component. Both run on one thread, in turn, in bursts of about half a millisecond, of which the shortest
/// counts; that keeps most of the effect of other programs out. A process may be slow for as long as it lives, by where
/// its memory and its code happen to lie, so kernels that seem too slow are measured in further processes.
module Gmm.Benchmarks.Regressions

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open MathNet.Numerics.Distributions
open Gmm

/// The costs that kernels had with vectors of some width, on some processor.
type Figures =
    { Bits: int
      Processor: string
      Costs: Map<string, float> }

/// The name of the loop among the kernels.
let private loop = "loop"

let private file = Repository.path "tests/Gmm.Benchmarks/regressions.json"

/// By what factor a cost may exceed its figure.
let private allowed = 1.15

/// The same where the figures are another processor's, whose loop and kernels may be in another proportion. A kernel
/// that no longer uses its vectors costs more than that.
let private allowedElsewhere = 2.0

/// How often every kernel runs in a process.
let private bursts = 800

/// In how many processes kernels have to be too slow.
let private processes = 5

/// 4,096 rows of 16 features, which stay in a core's cache; they begin at the beginning of a cache line, where a
/// vector is read at once.
let private rows, private columns, private components = 4096, 16, 16

let private source () =
    let random = RandomStream.ofSeed 1
    let normal () = Normal.Sample(random, 0.0, 1.0)
    let centres = Array2D.init components columns (fun _ _ -> normal ())
    let line = 8
    let values = GC.AllocateArray<float>(rows * columns + line, pinned = true)
    let address = Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(values, 0)
    let first = int ((64n - address % 64n) % 64n) / sizeof<float>

    for n in 0 .. rows - 1 do
        for j in 0 .. columns - 1 do
            values[first + n * columns + j] <- centres[n % components, j] + normal ()

    Source.ofMemory columns (ReadOnlyMemory(values, first, rows * columns)) |> GmmError.get

/// A kernel: E-steps on one thread, as many in a burst as take about half a millisecond.
type private Kernel =
    { Name: string
      Steps: int
      Step: unit -> unit }

let private oneThread = { Execution.Default with Threads = 1 }

let private kernel name steps source (model: Model<'θ>) (mixture: Mixture<'θ>) =
    let pass = Model.openPass model source |> GmmError.get

    { Name = name
      Steps = steps
      Step = fun () -> pass.Expect(model.Assignment, mixture) |> ignore }

let private kernels () =
    let source = source ()
    let means = Source.rows (Array.init components int64) source

    let gaussian name steps =
        Gaussian.create (Structure.parse name |> GmmError.get) means (Tensor.scalar 1.0)
        |> GmmError.get
        |> Mixture.uniform components
        |> kernel
            name
            steps
            source
            { Model.ofFamily Gaussian.family with
                Execution = oneThread }

    [ gaussian "full" 1
      gaussian "diag" 3
      gaussian "tied_full" 2
      kernel "kmeans" 8 source (KMeans.model oneThread) (Lloyd.mixture means) ]

/// Prints as JSON the least seconds of a multiply–add of the loop, and those that each kernel needs for a row and a
/// component.
let private measure () =
    let seconds (work: unit -> unit) =
        let start = Stopwatch.GetTimestamp()
        work ()
        (Stopwatch.GetElapsedTime start).TotalSeconds

    let works =
        [ loop, Machine.multiplyAddsOf Width.widest, Machine.burst Width.widest
          for kernel in kernels () do
              let burst () =
                  for _ in 1 .. kernel.Steps do
                      kernel.Step()

              kernel.Name, float (kernel.Steps * rows * components), burst ]

    let least = Array.create works.Length infinity

    for _ in 1..bursts do
        works |> List.iteri (fun i (_, amount, burst) -> least[i] <- min least[i] (seconds burst / amount))

    dict [ for (name, _, _), seconds in Seq.zip works least -> name, seconds ]
    |> JsonSerializer.Serialize
    |> Console.Out.WriteLine

/// The least seconds in a process with vectors of some width.
let private measured bits : Map<string, float> =
    Contest.itself [ "regressions"; "measure"; string bits ]
    |> (if bits < Machine.bits then Contest.withoutAvx512 else id)
    |> Contest.ask

/// The costs by the least seconds in one process, in two, in three, …
let private costs bits : seq<Map<string, float>> =
    Seq.init processes ignore
    |> Seq.map (fun () -> measured bits)
    |> Seq.scan
        (fun least seconds ->
            seconds |> Map.map (fun name seconds -> least |> Map.tryFind name |> Option.fold min seconds))
        Map.empty
    |> Seq.tail
    |> Seq.map (fun least -> least |> Map.remove loop |> Map.map (fun _ seconds -> seconds / least[loop]))

// ── Figures ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let private options =
    JsonSerializerOptions(
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectRequiredConstructorParameters = true
    )

let private read () : Figures list = JsonSerializer.Deserialize(File.ReadAllText file, options)

/// Measures the figures, and puts them in the place of those of the same processor and width.
let private accept bits =
    let figures =
        { Bits = bits
          Processor = Machine.processor
          Costs = Seq.last (costs bits) |> Map.map (fun _ cost -> Math.Round(cost, 1)) }

    for KeyValue(name, cost) in figures.Costs do
        printfn $"%4d{bits} bits  %-10s{name} %7.1f{cost}"

    let before = if File.Exists file then read () else []

    let others = before |> List.filter (fun others -> (others.Bits, others.Processor) <> (bits, Machine.processor))

    let all = figures :: others |> List.sortBy (fun figures -> figures.Processor, -figures.Bits)

    File.WriteAllText(file, JsonSerializer.Serialize(all, options) + "\n")

type private Fault =
    | TooSlow of kernel: string
    | NotCompared of reason: string

/// Prints a line for each kernel, and compares the costs with the figures of the same width, if possible those of this
/// processor.
let private check (all: Figures list) bits : Fault list =
    let ofWidth = all |> List.filter (fun figures -> figures.Bits = bits)
    let ofThis = ofWidth |> List.tryFind (fun figures -> figures.Processor = Machine.processor)

    match ofThis |> Option.orElse (List.tryHead ofWidth) with
    | None -> [ NotCompared $"there are no figures for vectors of {bits} bits in {file}" ]
    | Some figures ->
        let allowed = if ofThis.IsSome then allowed else allowedElsewhere

        if ofThis.IsNone then
            printfn $"The figures for {bits} bits are those of {figures.Processor}, and this is {Machine.processor}:"
            printfn $"only what costs more than {allowed} times as much is too slow."

        let isTooSlow name cost =
            figures.Costs |> Map.tryFind name |> Option.exists (fun figure -> cost > allowed * figure)

        let all = Seq.cache (costs bits)
        let last = all |> Seq.tryFindIndex (Map.exists isTooSlow >> not) |> Option.defaultValue (processes - 1)

        let costs = Seq.item last all

        [ for KeyValue(name, cost) in costs do
              match figures.Costs |> Map.tryFind name with
              | None ->
                  printfn $"%4d{bits} bits  %-10s{name} %7.1f{cost}"
                  NotCompared $"{name} with {bits} bits has no figure"
              | Some figure ->
                  let verdict = if isTooSlow name cost then "TOO SLOW" else "ok"
                  let more = 100.0 * (cost / figure - 1.0)

                  printfn
                      $"%4d{bits} bits  %-10s{name} %7.1f{cost}, by the figures %7.1f{figure}: %+5.1f{more} %%  {verdict}"

                  if isTooSlow name cost then
                      TooSlow $"{name} with {bits} bits"

          for name in figures.Costs.Keys do
              if not (costs.ContainsKey name) then
                  NotCompared $"the figure of {name} with {bits} bits is that of no kernel" ]

/// Compares costs with the figures, or makes them the figures, with the widest vectors and, if these have 512 bits,
/// with 256. Returns the exit code: 1 if a kernel is too slow, 2 if the words are wrong, 3 if something was not
/// compared.
let run (words: string list) =
    let widths = List.distinct [ Machine.bits; min Machine.bits 256 ]

    match words with
    | [ "measure"; bits ] when bits = string Machine.bits ->
        measure ()
        0
    | [ "--accept" ] ->
        List.iter accept widths
        0
    | [] ->
        printfn "The costs of kernels, in multiply–adds of a loop in registers for each row and component:"

        let faults =
            try
                let figures = read ()
                widths |> List.collect (check figures)
            with
            | Failure reason -> [ NotCompared reason ]
            | :? IOException as error -> [ NotCompared error.Message ]
            | :? JsonException as error -> [ NotCompared $"{file} has no figures: {error.Message}" ]

        for fault in faults do
            match fault with
            | TooSlow kernel -> printfn $"FAIL too slow: {kernel}"
            | NotCompared reason -> printfn $"FAIL not compared: {reason}"

        if faults.IsEmpty then
            0
        else
            printfn "To make the costs of now the figures: dotnet fsi build.fsx bench regressions -- --accept"
            if faults |> List.exists _.IsTooSlow then 1 else 3
    | _ ->
        eprintfn "error: bench regressions takes --accept, to write the figures anew, or nothing"
        2
