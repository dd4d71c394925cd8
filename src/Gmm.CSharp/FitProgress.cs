using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The state of a fit after an iteration.</summary>
public sealed class FitProgress
{
    private readonly Core.Progress value;

    internal FitProgress(Core.Progress value) => this.value = value;

    /// <summary>
    /// The number of the run, from 0; <c>Auto</c> makes two runs for each seed, <c>Thorough</c> up to three; on
    /// large data, runs that join the first one on a sample are left out. The reports of a run that joins it later end
    /// early. If components move at the end, another run follows, which counts if it ends higher.
    /// </summary>
    public int Run => value.Run;

    /// <summary>The run's seed.</summary>
    public int Seed => value.Seed;

    /// <summary>The number of iterations so far; 0 at the start of the run.</summary>
    public int Iteration => value.Iteration;

    /// <summary>
    /// The objective: (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ of a mixture, −½ inertia / Σₙ wₙ of k-means.
    /// </summary>
    public double Objective => value.Objective;

    /// <summary>The change of the objective in this iteration; 0 at the start.</summary>
    public double Change => value.Change;

    /// <summary>The time since the fit began, starts and other runs included.</summary>
    public TimeSpan Elapsed => value.Elapsed;

    /// <summary>Returns the report as one line.</summary>
    /// <returns>The line.</returns>
    public override string ToString() => value.Line;
}
