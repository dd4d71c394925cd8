using System.Globalization;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>What models say of themselves: ToString, and the summary.</summary>
public class TextTests
{
    private static readonly double[][] Small = [[1], [1], [2]];

    [Fact]
    public void AModelWithoutAFitSaysWhatItIs()
    {
        Assert.Equal("GaussianMixture of 3 components, Full covariances, not fitted", $"{new GaussianMixture(3)}");
        Assert.Equal(
            "GaussianMixture of 1 component, TiedDiag covariances, not fitted",
            $"{new GaussianMixture(1) { CovarianceType = CovarianceType.TiedDiag }}");
        Assert.Equal("BernoulliMixture of 2 components, not fitted", $"{new BernoulliMixture(2)}");
        Assert.Equal("BinomialMixture of 2 components, 8 trials, not fitted", $"{new BinomialMixture(2, trials: 8)}");
        Assert.Equal("CategoricalMixture of 2 components, 3 levels, not fitted", $"{new CategoricalMixture(2, levels: 3)}");
        Assert.Equal("PoissonMixture of 2 components, not fitted", $"{new PoissonMixture(2)}");
        Assert.Equal("ExponentialMixture of 2 components, not fitted", $"{new ExponentialMixture(2)}");
        Assert.Equal("KMeans of 2 clusters, not fitted", $"{new KMeans(2)}");
        Assert.Equal(
            "ProductMixture of 2 components, diag on [0; 2], poisson on [1], not fitted",
            $"{new ProductMixture(2) { Parts = { Part.Gaussian([0, 2], CovarianceType.Diag), Part.Poisson([1]) } }}");
        Assert.Equal("ProductMixture of 2 components, not fitted", $"{new ProductMixture(2) { Parts = null! }}");
    }

    [Fact]
    public void AFittedModelSaysWhatWasFittedWhateverTheSettingsAreNow()
    {
        var model = new GaussianMixture(2) { CovarianceType = CovarianceType.Diag }.Fit(Data.Faithful);
        var text = FormattableString.Invariant(
            $"GaussianMixture of 2 components, Diag covariances: converged after {model.Iterations} iterations, log-likelihood {model.LogLikelihood:G10}, BIC {model.Bic():G10}");
        Assert.Equal(text, model.ToString());
        (model.Components, model.CovarianceType) = (5, CovarianceType.Full);
        Assert.Equal(text, model.ToString());

        var binomial = new BinomialMixture(1, trials: 3).Fit(Small);
        var categorical = new CategoricalMixture(1, levels: 4).Fit(Small);
        (binomial.Trials, categorical.Levels) = (9, 9);
        Assert.StartsWith("BinomialMixture of 1 component, 3 trials: converged after ", binomial.ToString());
        Assert.StartsWith("CategoricalMixture of 1 component, 4 levels: converged after ", categorical.ToString());

        var product = new ProductMixture(1) { Parts = { Part.Poisson([0]) } }.Fit(Small);
        product.Parts.Clear();
        Assert.StartsWith("ProductMixture of 1 component, poisson on [0]: converged after ", product.ToString());

        var short1 = new GaussianMixture(2) { MaxIterations = 1 }.Fit(Data.Faithful);
        Assert.StartsWith("GaussianMixture of 2 components, Full covariances: stopped without converging after 1 iteration, ", short1.ToString());

        var clusters = new KMeans(1).Fit(Small);
        Assert.Equal("KMeans of 1 cluster: converged after 2 iterations, inertia 0.6666666667", clusters.ToString());
        Assert.Equal("GaussianMixtureDistribution of 2 components, 2 features, Diag covariances", model.Distribution.ToString());
    }

    [Fact]
    public void TextsAreTheSameInEveryCulture()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var (text, summary, before) = (model.ToString(), model.Summary(), CultureInfo.CurrentCulture);

        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Assert.Equal((text, summary), (model.ToString(), model.Summary()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void TheSummaryIsThatOfTheCore()
    {
        string[] names = ["eruptions", "waiting"];
        double[] weights = [.. Enumerable.Range(0, 272).Select(n => n % 3 + 0.5)];
        var source = Data.Source(Data.Faithful);
        var weighted = Data.Value(SourceModule.weighted(weights, source));
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var fit = Data.Value(Core.Gmm.fit(Against.Options(2, Structure.Full), source));
        Assert.Equal(Data.Value(Core.Summary.ofFit([], fit)), model.Summary());
        Assert.Equal(Data.Value(Core.Summary.ofFit(names, fit)), model.Summary(columnNames: names));
        Assert.Equal(Data.Value(Core.Summary.onData(names, fit, source)), model.Summary(Data.Faithful, names));
        Assert.Equal(Data.Value(Core.Summary.onData([], fit, weighted)), model.Summary(Data.Faithful, sampleWeights: weights));
        Assert.NotEqual(model.Summary(Data.Faithful), model.Summary(Data.Faithful, sampleWeights: weights));

        var product = new ProductMixture(2) { Parts = { Part.Gaussian([0], CovarianceType.Full), Part.Exponential([1]) } }.Fit(Data.Faithful);
        Assert.Contains("\nrate\n  waiting", product.Summary(Data.Faithful, names));
    }

    [Fact]
    public void WrongArgumentsOfASummaryAreErrors()
    {
        var model = new GaussianMixture(2);
        Assert.Throws<InvalidOperationException>(() => model.Summary());
        model.Fit(Data.Faithful);
        var trouble = Assert.Throws<ArgumentException>(() => model.Summary(columnNames: ["a"]));
        Assert.Equal("columnNames must be one for each of the 2 columns, or none, but is 1 name. (Parameter 'columnNames')", trouble.Message);
        Assert.Throws<ArgumentException>(() => model.Summary(Data.Iris));
    }
}
