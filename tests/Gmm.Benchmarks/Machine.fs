namespace Gmm.Benchmarks

#nowarn "3535" // Static abstract members are what lets one text serve every width.

open System
open System.Diagnostics
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Threading
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

    /// Multiply–adds of doubles per second on one thread: the best of many short bursts, which take about a millisecond.
    let private rateOf<'L, 'V when 'L :> ILanes<'V>> (duration: TimeSpan) =
        let rounds = 200_000
        let clock = Stopwatch.StartNew()
        let mutable least = TimeSpan.MaxValue
        let mutable result = 'L.Zero

        while clock.Elapsed < duration do
            let start = Stopwatch.GetTimestamp()
            result <- multiplyAdd<'L, 'V> rounds
            least <- min least (Stopwatch.GetElapsedTime start)

        GC.KeepAlive(box result)
        float Chains * float 'L.Width * float rounds / least.TotalSeconds

    let private rate width duration =
        match width with
        | Width.Bits512 -> rateOf<Lanes512, Vector512<float>> duration
        | Width.Bits256 -> rateOf<Lanes256, Vector256<float>> duration
        | Width.Bits128 -> rateOf<Lanes128, Vector128<float>> duration

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

    /// What stands in the first line of the report.
    let description () =
        let width =
            match Width.widest with
            | Width.Bits512 -> "512"
            | Width.Bits256 -> "256"
            | Width.Bits128 -> "128"

        FormattableString.Invariant
            $"{Environment.ProcessorCount} cores, vectors of {width} bits, .NET {Environment.Version}, {DateTime.UtcNow:``yyyy-MM-dd``}"
