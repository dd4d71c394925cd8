namespace Gmm.Benchmarks

#nowarn "9" // The pointers are to pinned arrays.
#nowarn "3535" // Static abstract members are what lets one text serve every width.

open System
open System.Diagnostics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open System.Threading
open System.Threading.Tasks
open FSharp.NativeInterop
open Gmm

/// What the processor can do at best.
module Machine =
    /// Chains of multiply–adds that don't wait for one another: more than two units of four cycles each need.
    [<Literal>]
    let private Chains = 12

    [<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
    let private multiplyAdd<'L, 'V when 'L :> ILanes<'V>> rounds =
        let a, b = 'L.Fill 0.999, 'L.Fill 0.001
        let mutable s0 = a
        let mutable s1 = a
        let mutable s2 = a
        let mutable s3 = a
        let mutable s4 = a
        let mutable s5 = a
        let mutable s6 = a
        let mutable s7 = a
        let mutable s8 = a
        let mutable s9 = a
        let mutable s10 = a
        let mutable s11 = a

        for _ in 1..rounds do
            s0 <- 'L.Fma(s0, a, b)
            s1 <- 'L.Fma(s1, a, b)
            s2 <- 'L.Fma(s2, a, b)
            s3 <- 'L.Fma(s3, a, b)
            s4 <- 'L.Fma(s4, a, b)
            s5 <- 'L.Fma(s5, a, b)
            s6 <- 'L.Fma(s6, a, b)
            s7 <- 'L.Fma(s7, a, b)
            s8 <- 'L.Fma(s8, a, b)
            s9 <- 'L.Fma(s9, a, b)
            s10 <- 'L.Fma(s10, a, b)
            s11 <- 'L.Fma(s11, a, b)

        // All are used, so that the compiler leaves none out.
        'L
            .Add(
                'L.Add('L.Add(s0, 'L.Add(s1, s2)), 'L.Add(s3, 'L.Add(s4, s5))),
                'L.Add('L.Add(s6, 'L.Add(s7, s8)), 'L.Add(s9, 'L.Add(s10, s11)))
            )

    /// What a burst of the loop repeats: it takes a third of a millisecond or so.
    let private rounds = 200_000

    let private burstOf<'L, 'V when 'L :> ILanes<'V>> () = GC.KeepAlive(box (multiplyAdd<'L, 'V> rounds))

    /// A burst of multiply–adds in registers only, with vectors of some width, on this thread.
    let internal burst width =
        match width with
        | Width.Bits512 -> burstOf<Lanes512, Vector512<float>>
        | Width.Bits256 -> burstOf<Lanes256, Vector256<float>>
        | Width.Bits128 -> burstOf<Lanes128, Vector128<float>>

    /// How many multiply–adds of doubles a burst does.
    let internal multiplyAddsOf width = float Chains * float (Width.numbers width) * float rounds

    /// Multiply–adds of doubles per second on one thread: the best of many short bursts.
    let private rate width (duration: TimeSpan) =
        let burst = burst width
        let clock = Stopwatch.StartNew()
        let mutable least = TimeSpan.MaxValue

        while clock.Elapsed < duration do
            let start = Stopwatch.GetTimestamp()
            burst ()
            least <- min least (Stopwatch.GetElapsedTime start)

        multiplyAddsOf width / least.TotalSeconds

    /// Multiply–adds of doubles per second on all cores together, in registers only, with vectors of some width.
    let internal peakOf width =
        let rates = Array.zeroCreate Environment.ProcessorCount
        let measure i = Thread(fun () -> rates[i] <- rate width (TimeSpan.FromSeconds 1.0))
        let threads = Array.init rates.Length measure

        for thread in threads do
            thread.Start()

        for thread in threads do
            thread.Join()

        Array.sum rates

    /// The same with the widest vectors.
    let peak () = peakOf Width.widest

    [<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
    let private sumOf<'L, 'V when 'L :> ILanes<'V>> (values: nativeptr<float>) count =
        let mutable s0 = 'L.Zero
        let mutable s1 = s0
        let mutable s2 = s0
        let mutable s3 = s0
        let width = 'L.Width

        for i in 0 .. count / (4 * width) - 1 do
            let place = NativePtr.add values (4 * width * i)
            s0 <- 'L.Add(s0, 'L.Load place)
            s1 <- 'L.Add(s1, 'L.Load(NativePtr.add place width))
            s2 <- 'L.Add(s2, 'L.Load(NativePtr.add place (2 * width)))
            s3 <- 'L.Add(s3, 'L.Load(NativePtr.add place (3 * width)))

        'L.Add('L.Add(s0, s1), 'L.Add(s2, s3))

    let private sum (values: float[]) first count =
        use address = fixed &values[first]

        match Width.widest with
        | Width.Bits512 -> GC.KeepAlive(box (sumOf<Lanes512, Vector512<float>> address count))
        | Width.Bits256 -> GC.KeepAlive(box (sumOf<Lanes256, Vector256<float>> address count))
        | Width.Bits128 -> GC.KeepAlive(box (sumOf<Lanes128, Vector128<float>> address count))

    /// The seconds in which all cores together sum many numbers with the widest vectors: the least of many times.
    let readSeconds (values: float[]) =
        let pieces = Environment.ProcessorCount
        let size = values.Length / pieces

        Seq.init 100 (fun _ ->
            let start = Stopwatch.GetTimestamp()
            Parallel.For(0, pieces, (fun piece -> sum values (piece * size) size)) |> ignore
            (Stopwatch.GetElapsedTime start).TotalSeconds)
        |> Seq.min

    /// How many bits the widest vectors have.
    let bits = 64 * Width.numbers Width.widest

    /// Vendor, family and model of an x86 processor, or the name of another architecture.
    let processor =
        if X86Base.IsSupported then
            let struct (_, b, c, d) = X86Base.CpuId(0, 0)
            let vendor = MemoryMarshal.AsBytes(ReadOnlySpan [| b; d; c |])
            let struct (signature, _, _, _) = X86Base.CpuId(1, 0)
            let family, model = (signature >>> 8) &&& 15, (signature >>> 4) &&& 15
            let extendedFamily, extendedModel = (signature >>> 20) &&& 255, (signature >>> 16) &&& 15
            let family' = if family = 15 then family + extendedFamily else family
            let model' = if family >= 6 then model + 16 * extendedModel else model
            $"{Text.Encoding.ASCII.GetString vendor} family {family'} model {model'}"
        else
            string RuntimeInformation.ProcessArchitecture

    /// What stands in the first line of the report.
    let description () =
        $"{Environment.ProcessorCount} cores, vectors of {bits} bits, .NET {Environment.Version}, {DateTime.UtcNow:``yyyy-MM-dd``}"
