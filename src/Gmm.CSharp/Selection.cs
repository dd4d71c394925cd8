using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The criterion that chooses the best of several fits; the lowest value wins.</summary>
public enum Criterion
{
    /// <summary>The Bayesian information criterion −2 ln L + p ln n (Schwarz 1978).</summary>
    Bic,

    /// <summary>
    /// The integrated complete likelihood: BIC plus a cost of overlapping components (Biernacki, Celeux and Govaert
    /// 2000).
    /// </summary>
    Icl,

    /// <summary>Akaike's information criterion −2 ln L + 2p (Akaike 1974).</summary>
    Aic,
}

/// <summary>A candidate of a selection, and its outcome.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class SelectionCandidate
{
    private SelectionCandidate(string name, int components, string? error) =>
        (Name, Components, Error) = (name, components, error);

    /// <summary>The structure of the covariances, or the family.</summary>
    public string Name { get; }

    /// <summary>The number of components, K.</summary>
    public int Components { get; }

    /// <summary>Why there is no fit; null where there is one.</summary>
    public string? Error { get; }

    /// <summary>The number of free parameters; null without a fit, like the other numbers.</summary>
    public int? FreeParameters { get; private init; }

    /// <summary>The log-likelihood Σₙ wₙ ln p(xₙ).</summary>
    public double? LogLikelihood { get; private init; }

    /// <summary>The Bayesian information criterion.</summary>
    public double? Bic { get; private init; }

    /// <summary>The integrated complete likelihood.</summary>
    public double? Icl { get; private init; }

    /// <summary>Akaike's information criterion.</summary>
    public double? Aic { get; private init; }

    /// <summary>Whether the fit converged.</summary>
    public bool? Converged { get; private init; }

    /// <summary>
    /// Whether a component lies on the floor of its covariance, so that the criteria only measure the floor.
    /// </summary>
    public bool? IsOnFloor { get; private init; }

    /// <summary>Returns one line: the name, the number of components, and BIC or the error.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        FormattableString.Invariant(
            $"{Name}, {Words.Count(Components, "component")}: {Error ?? $"BIC {Words.Number(Bic)}"}");

    internal static SelectionCandidate Of<TParameters>(Candidate<TParameters> candidate) =>
        candidate.Outcome switch
        {
            { IsOk: true, ResultValue: var judged } => new(candidate.Name, candidate.Components, null)
            {
                FreeParameters = judged.Fit.FreeParameters,
                LogLikelihood = judged.Fit.LogLikelihood,
                Bic = judged.Bic,
                Icl = judged.Icl,
                Aic = judged.Aic,
                Converged = judged.Fit.Converged,
                IsOnFloor = judged.IsOnFloor,
            },
            var failed => new(candidate.Name, candidate.Components, failed.ErrorValue.Message),
        };
}

/// <summary>All candidates of a selection, and the best of them.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Selection
{
    private readonly Func<string> text;
    private readonly Func<Core.PlotOptions, Core.Figure> draw;

    private Selection(
        SelectionCandidate[] candidates,
        int best,
        string[] warnings,
        Func<string> text,
        string grid,
        Func<Core.PlotOptions, Core.Figure> draw)
    {
        (Candidates, Best) = (Array.AsReadOnly(candidates), candidates[best]);
        (Warnings, Grid) = (Array.AsReadOnly(warnings), grid);
        (this.text, this.draw) = (text, draw);
    }

    /// <summary>All candidates, in the order of the request.</summary>
    public IReadOnlyList<SelectionCandidate> Candidates { get; }

    /// <summary>
    /// The candidate with the lowest value of the criterion, the first of equals, among those without a component on
    /// the floor.
    /// </summary>
    /// <remarks>With <see cref="MixtureModel.SelectOnFloor"/>, or if all have one, it is the best of all.</remarks>
    public SelectionCandidate Best { get; }

    /// <summary>
    /// What deserves attention: that the best candidate lies at the edge of the range tried, or on the floor.
    /// </summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// The criterion as a table like mclust's: a line for every number of components, a column for every structure or
    /// family.
    /// </summary>
    /// <remarks>
    /// A star marks the best candidate; a dash stands where there is no fit, or one with a component on the floor. With
    /// <see cref="MixtureModel.SelectOnFloor"/>, the best candidate is shown and starred even if it is on the floor.
    /// </remarks>
    public string Grid { get; }

    /// <summary>
    /// Returns the candidates as lines of text, the best one marked with a star, and then the warnings.
    /// </summary>
    /// <returns>The text.</returns>
    public override string ToString() => text();

    /// <summary>The core's selection, its errors in the words of the C# surface.</summary>
    /// <param name="selection">The selection.</param>
    /// <param name="names">The core's names of options, and the names here, where they are not the usual ones.</param>
    internal static Selection Of<TParameters>(
        Selection<TParameters> selection, params (string Core, string Here)[] names)
    {
        var candidates = selection.Candidates.Select(candidate => Known(candidate, names)).ToList();
        var known = new Selection<TParameters>(
            selection.Criterion, ListModule.OfSeq(candidates), selection.Best, selection.Fit);
        return new(
            [.. candidates.Select(SelectionCandidate.Of)],
            candidates.IndexOf(selection.Best),
            [.. selection.Warnings.Select(warning => warning.Message)],
            known.ToString,
            known.Grid,
            options => Core.Plot.criteria(options, known).Get());
    }

    /// <summary>The curves of the criteria.</summary>
    internal Core.Figure Draw(Core.PlotOptions options) => draw(options);

    internal static Core.Criterion ToCore(Criterion criterion) =>
        criterion switch
        {
            Criterion.Bic => Core.Criterion.Bic,
            Criterion.Icl => Core.Criterion.Icl,
            Criterion.Aic => Core.Criterion.Aic,
            _ => throw Translation.UnknownValue(nameof(Criterion), criterion),
        };

    internal static FSharpFunc<Candidate<TParameters>, Unit> Report<TParameters>(
        IProgress<SelectionCandidate>? progress, params (string Core, string Here)[] names) =>
        Translation.ToFunction<Candidate<TParameters>>(
            candidate => progress?.Report(SelectionCandidate.Of(Known(candidate, names))));

    private static Candidate<TParameters> Known<TParameters>(
        Candidate<TParameters> candidate, (string Core, string Here)[] names) =>
        candidate.Outcome.IsOk
            ? candidate
            : new(
                candidate.Name,
                candidate.Components,
                FSharpResult<Judged<TParameters>, GmmError>.NewError(candidate.Outcome.ErrorValue.Known(names)));
}
