using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>Where a fit is, told after every iteration.</summary>
public sealed class FitProgress
{
    private readonly Core.Progress value;

    internal FitProgress(Core.Progress value) => this.value = value;

    /// <summary>Which run this is: 0, 1, … of Restarts.</summary>
    public int Run => value.Run;

    /// <summary>The run's seed.</summary>
    public int Seed => value.Seed;

    /// <summary>How many iterations the run has made; 0 at its start.</summary>
    public int Iteration => value.Iteration;

    /// <summary>The objective of the current mixture.</summary>
    public double Objective => value.Objective;

    /// <summary>By how much the objective has changed since the iteration before; 0 at the start.</summary>
    public double Change => value.Change;

    /// <summary>The time since the fit began, starts and other runs included.</summary>
    public TimeSpan Elapsed => value.Elapsed;

    /// <summary>The report as one line.</summary>
    /// <returns>The line.</returns>
    public override string ToString() => value.Line;
}
