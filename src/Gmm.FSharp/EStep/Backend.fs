namespace Gmm

open System

/// Runs E-steps over all rows of a source, for one mixture after another. Dispose of the pass when you need no more
/// E-steps.
[<Interface>]
type Pass<'θ> =
    inherit IDisposable

    /// Returns the statistics of all rows under a mixture, merged in the order of the blocks. The method is pure: the
    /// same mixture gives the same statistics. Several threads may call it at the same time. Throws `GmmException` when
    /// the rows can't be read or the backend fails, and OperationCanceledException when the execution is cancelled.
    abstract Expect: assignment: Assignment * mixture: Mixture<'θ> -> Statistics

/// Determines where and how E-steps run. A backend opens a pass over the rows of a source, and decides everything else
/// itself: threads, block sizes, numbers kept on a device, other machines. `Kernel.backend` is the default;
/// `Textbook.backend` runs on any engine.
[<Interface>]
type Backend =
    /// The backend's name, for reports.
    abstract Name: string

    /// Opens a pass for a family over the rows of a source, on the threads of `execution`. Error when the backend can't
    /// be used.
    abstract Open: family: Family<'θ> * source: Source * execution: Execution -> Result<Pass<'θ>, GmmError>
