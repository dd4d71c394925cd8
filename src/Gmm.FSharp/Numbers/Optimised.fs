namespace Gmm

open System

/// Marks a type of the kernels whose methods the runtime must optimise at their first call. Otherwise the runtime runs
/// them unoptimised at first, and the first fit of a process takes two to four times as long on large data (200,000 × 8
/// with 8 full components, 10,000 × 100 with 4). The price is profile-guided optimisation, which marked methods do
/// without: long runs are up to 7 % slower (k-means; full covariances up to 2 %). The option of .NET for this is
/// MethodImplOptions.AggressiveOptimization, but the F# compiler of the .NET SDK 10 drops it, alone or combined with
/// other options. So optimise.fsx sets it after compilation, on the methods of every marked type.
[<Sealed; AttributeUsage(AttributeTargets.Class)>]
type internal OptimisedAttribute() =
    inherit Attribute()
