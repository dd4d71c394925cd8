using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Choosing the number of components and the structure.</summary>
public sealed class SelectionTests
{
    private sealed class Reports : List<SelectionCandidate>, IProgress<SelectionCandidate>
    {
        public void Report(SelectionCandidate value) => Add(value);
    }

    [Fact]
    public void TheBestIsKeptAndTheTableIsTheCores()
    {
        var (model, reports) = (new GaussianMixture(9) { Restarts = 3 }, new Reports());
        var selection = model.Select(Data.Iris, [1, 2, 3], [CovarianceType.Diag, CovarianceType.Full], progress: reports);
        var core = Data.Value(Core.Select.gaussian(
            Core.Criterion.Bic,
            FuncConvert.FromAction<Candidate<Gaussian>>(_ => { }),
            ListModule.OfSeq([1, 2, 3]),
            ListModule.OfSeq([Structure.Diag, Structure.Full]),
            Against.With(Core.Gmm.defaults, ("Restarts", 3)),
            Data.Source(Data.Iris)));
        Assert.Equal((2, CovarianceType.Full), (model.Components, model.CovarianceType));
        Against.AssertSame(model, core.Fit, Data.Iris);
        Assert.Equal(core.ToString(), selection.ToString());
        Assert.Equal(6, selection.Candidates.Count);
        Assert.Equal(6, reports.Count);
        Assert.All(core.Candidates.Zip(selection.Candidates), pair =>
        {
            var (expected, actual) = (pair.First.Outcome.ResultValue, pair.Second);
            Assert.Equal((pair.First.Name, pair.First.Components, null), (actual.Name, actual.Components, actual.Error));
            Assert.Equal(
                ((double?)expected.Bic, (double?)expected.Icl, (double?)expected.Aic, (double?)expected.Fit.LogLikelihood),
                (actual.Bic, actual.Icl, actual.Aic, actual.LogLikelihood));
            Assert.Equal((expected.Fit.FreeParameters, expected.Fit.Converged), (actual.FreeParameters!.Value, actual.Converged!.Value));
        });
        Assert.Equal(("full", 2), (selection.Best.Name, selection.Best.Components));
    }

    [Fact]
    public void CriteriaChooseByTheirOwnValue()
    {
        foreach (var criterion in Enum.GetValues<Criterion>())
        {
            var selection = new GaussianMixture(1).Select(Data.Iris, Enumerable.Range(1, 4), criterion);
            double? Value(SelectionCandidate candidate) =>
                criterion switch { Criterion.Bic => candidate.Bic, Criterion.Icl => candidate.Icl, _ => candidate.Aic };
            Assert.Equal(selection.Candidates.Min(Value), Value(selection.Best));
        }
    }

    [Fact]
    public void FailedCandidatesAreInTheTableWithTheirErrors()
    {
        var model = new GaussianMixture(1);
        var selection = model.Select(new double[,] { { 0 }, { 1 }, { 4 } }, [1, 7]);
        Assert.Equal("Components must be at most the number of rows, 3, but is 7.", selection.Candidates[1].Error);
        Assert.Null(selection.Candidates[1].Bic);
        Assert.Equal(1, model.Components);
    }

    [Fact]
    public void ErrorsOfCandidatesNameTheSettings()
    {
        var (model, reports) = (new GaussianMixture(2) { InitWeights = [1, 1] }, new Reports());
        const string error = "InitWeights must be one number for the only component, but is 2 numbers.";
        var selection = model.Select(Data.Iris, [1, 2], progress: reports);
        Assert.Equal(error, selection.Candidates[0].Error);
        Assert.Contains(error, selection.ToString());
        Assert.Contains(reports, report => report.Error == error);

        var given = new BernoulliMixture(2) { InitProbabilities = new[,] { { 0.2 }, { 0.7 } } };
        var thrown = Assert.Throws<ArgumentException>(() => given.Select(new double[,] { { 0 }, { 1 }, { 1 } }, [1]));
        Assert.Equal("The mixture of InitProbabilities must be one of K = 1, but is one of K = 2.", thrown.Message);
        thrown = Assert.Throws<ArgumentException>(() => model.Select(Data.Iris, []));
        Assert.StartsWith("components must be at least one, but is none.", thrown.Message);
    }

    [Fact]
    public void SelectionStartsAnewWhateverWarmStartSays()
    {
        var (cold, warm) = (new GaussianMixture(2), new GaussianMixture(2) { WarmStart = true }.Fit(Data.Faithful));
        Assert.Equal(cold.Select(Data.Iris, [1, 2, 3]).ToString(), warm.Select(Data.Iris, [1, 2, 3]).ToString());
        double[][] counts = [[0], [1], [5], [9], [0], [7]];
        var (few, again) = (new PoissonMixture(1), new PoissonMixture(1) { WarmStart = true }.Fit(counts));
        Assert.Equal(few.Select(counts, [1, 2]).ToString(), again.Select(counts, [1, 2]).ToString());
    }

    [Fact]
    public void WithoutAnyFitTheEarlierOneIsKept()
    {
        var model = new GaussianMixture(2).Fit(Data.Iris);
        var means = model.Means;
        Assert.Throws<ArgumentException>(() => model.Select(Data.Iris, [0]));
        Assert.Throws<ArgumentException>(() => model.Select(Data.Iris, []));
        Assert.Throws<ArgumentException>(() => model.Select(Data.Iris, [1], (Criterion)7));
        Assert.Throws<ArgumentException>(() => model.Select(Data.Iris, [1], [(CovarianceType)99]));
        Assert.Throws<ArgumentNullException>(() => model.Select(Data.Iris, null!));
        Assert.Equal(means, model.Means);
        Assert.Equal(2, model.Components);
    }

    [Fact]
    public void OtherFamiliesAreSelectedTheSameWay()
    {
        double[][] values = [.. Enumerable.Range(0, 10).Select(n => new double[] { n })];
        double[] counts = [162, 267, 271, 185, 111, 61, 27, 8, 3, 1];
        var poisson = new PoissonMixture(1);
        poisson.Select(values, [1, 2, 3], Criterion.Aic, counts);
        Assert.Equal(2, poisson.Components);
        Assert.Equal(2, poisson.Rates.Length);
        var product = new ProductMixture(1) { Parts = { Part.Poisson([0]) } };
        Assert.Equal(poisson.Aic(), product.Select(values, [1, 2, 3], Criterion.Aic, counts).Best.Aic!.Value, 1e-6);
        Assert.Equal(2, product.PartParameters[0].Rates.GetLength(0));
    }
}
