namespace Gmm.Benchmarks

open System
open System.IO
open System.Runtime.InteropServices
open MathNet.Numerics.Distributions
open Gmm

/// Files and folders of the repository.
module Repository =
    let rec private above (folder: DirectoryInfo) =
        if isNull folder then Environment.CurrentDirectory
        elif File.Exists(Path.Combine(folder.FullName, "Gmm.sln")) then folder.FullName
        else above folder.Parent

    /// The full path of a file or folder of the repository, wherever this program was started.
    let path (relative: string) = Path.Combine(above (DirectoryInfo AppContext.BaseDirectory), relative)

/// What a program is asked to do, and on which data. Programs take it as words, in the order of the fields.
type Problem =
    {
        /// The N×D numbers, raw float64 row by row (for our program .npy or raw float32, too); a file may have more
        /// rows than are used. The first K rows are the starting means.
        File: string
        Rows: int
        Columns: int
        Components: int
        /// A covariance structure or kmeans, to time single iterations from those means, unit covariances and equal
        /// weights; limit, to time whole fits of full covariances from there; fit, to time them from the default
        /// start; or default, with all other options at their defaults, too.
        Task: string
        /// How many iterations; of a fit, how many at most.
        Iterations: int
        /// When a fit ends.
        Tolerance: float
        /// For how long runs are repeated.
        Seconds: float
    }

    /// The words of the command line.
    member problem.Words =
        [ problem.File
          string problem.Rows
          string problem.Columns
          string problem.Components
          problem.Task
          string problem.Iterations
          string problem.Tolerance
          string problem.Seconds ]

    /// Rows × features, components, structure.
    member problem.Name = $"{problem.Rows:N0} × {problem.Columns}, {problem.Components}, {problem.Task}"

/// What a program measured; it prints it as a line of JSON.
type Measurement =
    {
        /// The shortest time of an iteration, or of a fit.
        Milliseconds: float
        /// The time of the first one in the process.
        First: float
        /// The mean log-likelihood of a row in the end; of k-means −½ the mean squared distance.
        Objective: float
        /// The peak of the process's memory.
        PeakMiB: float
        /// Of that, what came on top of the data after the program was loaded.
        BeyondMiB: float
        /// What an iteration, or a fit, allocates on the managed heap (ours only).
        AllocatedKiB: float
        /// The least time of all cores together that an iteration, or a fit, takes (ours only): well below as many
        /// times the shortest time as there are threads, if other programs kept the machine busy.
        CoreMilliseconds: float
    }

/// Problems and their data.
module Problem =
    /// A problem from the words of the command line.
    let ofWords words =
        match words with
        | [ file; rows; columns; components; task; iterations; tolerance; seconds ] ->
            { File = file
              Rows = int rows
              Columns = int columns
              Components = int components
              Task = task
              Iterations = int iterations
              Tolerance = float tolerance
              Seconds = float seconds }
        | _ -> failwith "ours takes DATA ROWS FEATURES COMPONENTS TASK ITERATIONS TOLERANCE SECONDS"

    /// Rows that a stream of random numbers of their own makes.
    let private chunk = 10_000

    /// Writes rows of K components with full covariances, about four standard deviations apart, so that they overlap.
    /// The first K rows are of one component each and near its mean, or some components would soon have too few rows.
    let private write file rows columns components =
        let normal (random: Random) = Normal.Sample(random, 0.0, 1.0)
        let random = RandomStream.ofSeed 1
        let scale = 3.0 / sqrt (float columns)
        let means = Array.init components (fun _ -> Array.init columns (fun _ -> scale * normal random))

        let factors =
            Array.init components (fun _ ->
                Array2D.init columns columns (fun i j ->
                    (if i = j then 1.0 else 0.0) + 0.4 * normal random / sqrt (float columns)))

        let values: float[] = Array.zeroCreate (chunk * columns)
        let noise = Array.zeroCreate columns
        let temporary = file + ".part"

        do
            use stream = File.Create temporary

            for first in 0..chunk .. rows - 1 do
                let random = RandomStream.ofBlock 1 (int64 (first / chunk))
                let count = min chunk (rows - first)

                for n in 0 .. count - 1 do
                    let k = if first + n < components then first + n else random.Next components

                    for j in 0 .. columns - 1 do
                        noise[j] <- (if first + n < components then 0.3 else 1.0) * normal random

                    for i in 0 .. columns - 1 do
                        let mutable value = means[k][i]

                        for j in 0 .. columns - 1 do
                            value <- value + factors[k][i, j] * noise[j]

                        values[n * columns + i] <- value

                stream.Write(MemoryMarshal.AsBytes(ReadOnlySpan(values, 0, count * columns)))

        File.Move(temporary, file, overwrite = true)

    /// The file of some shape in a folder, made if it isn't there.
    let data (folder: string) rows columns components =
        let file = Path.Combine(folder, $"{rows}x{columns}x{components}.f64")
        Directory.CreateDirectory folder |> ignore

        if not (File.Exists file) then
            write file rows columns components

        file

    /// A fit of components that overlap so much that EM is slow, from one row of each, with unit covariances: two
    /// normals 1.5 standard deviations apart, with weights ¼ and ¾, in one column or in two; or four in four columns,
    /// each 2.5 from 0 along an axis.
    let overlapping (folder: string) name : Problem =
        let random = RandomStream.ofSeed 7

        let rows, columns, components, mean =
            match name with
            | "two-1d" -> 2000, 1, 2, (fun n j -> if j = 0 && n % 4 > 0 then 1.5 else 0.0)
            | "two-2d" -> 5000, 2, 2, (fun n j -> if j = 0 && n % 4 > 0 then 1.5 else 0.0)
            | "four-4d" -> 4000, 4, 4, (fun n j -> if j = n % 4 then 2.5 else 0.0)
            | _ -> failwith $"there are no overlapping data called '{name}'"

        let values =
            Array.init (rows * columns) (fun i -> mean (i / columns) (i % columns) + Normal.Sample(random, 0.0, 1.0))

        let file = Path.Combine(folder, $"overlapping-{name}.f64")
        Directory.CreateDirectory folder |> ignore
        File.WriteAllBytes(file, MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())

        { File = file
          Rows = rows
          Columns = columns
          Components = components
          Task = "limit"
          Iterations = 100_000
          Tolerance = 0.0
          Seconds = 0.0 }

    /// The first rows of a raw file in memory.
    let private readAs<'T when 'T: unmanaged and 'T: (new: unit -> 'T) and 'T: struct and 'T :> ValueType>
        (file: string)
        rows
        columns
        : 'T[] =
        let values = GC.AllocateUninitializedArray<'T>(Checked.(*) rows columns)

        use stream = File.OpenRead file
        let part = 1 <<< 20

        for first in 0..part .. values.Length - 1 do
            let piece = Span<'T>(values).Slice(first, min part (values.Length - first))
            stream.ReadExactly(MemoryMarshal.AsBytes piece)

        values

    /// The rows of a raw file of float64.
    let readRows file rows columns : float[] = readAs file rows columns

    let read (problem: Problem) : float[] = readRows problem.File problem.Rows problem.Columns

    /// Those of one of float32.
    let readFloat32 (problem: Problem) : float32[] = readAs problem.File problem.Rows problem.Columns

    /// The same problem with its numbers rounded to float32, as raw float32 and as float64; the files are made if
    /// they aren't there.
    let rounded (problem: Problem) : Problem * Problem =
        let float32s = Path.ChangeExtension(problem.File, ".f32")
        let float64s = Path.ChangeExtension(problem.File, ".rounded.f64")

        if not (File.Exists float32s && File.Exists float64s) then
            let numbers = read problem |> Array.map float32
            File.WriteAllBytes(float32s, MemoryMarshal.AsBytes(ReadOnlySpan numbers).ToArray())
            File.WriteAllBytes(float64s, MemoryMarshal.AsBytes(ReadOnlySpan(Array.map float numbers)).ToArray())

        { problem with File = float32s }, { problem with File = float64s }
