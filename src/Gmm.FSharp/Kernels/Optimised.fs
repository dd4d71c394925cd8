namespace Gmm

open System

/// Marks a kernel, whose loops the runtime is to optimise at their first call; otherwise the first iteration of a process
/// takes several times as long as the next. The option of .NET for that, MethodImplOptions.AggressiveOptimization, is
/// dropped by the F# compiler: optimise.fsx sets it after compilation, for the methods of every marked type.
[<Sealed; AttributeUsage(AttributeTargets.Class)>]
type internal OptimisedAttribute() =
    inherit Attribute()
