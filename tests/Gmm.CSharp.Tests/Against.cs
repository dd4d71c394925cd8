using System.Reflection;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>A model held against the core's fit.</summary>
internal static class Against
{
    /// <summary>Every number that all mixtures have is that of the core's fit, to the last bit.</summary>
    public static void AssertSame<T>(MixtureModel model, Fit<T> fit, double[,] data)
    {
        var source = Data.Source(data);
        Assert.Equal(fit.Weights, model.Weights);
        Assert.Equal(fit.Start.Weights, model.InitialWeights);
        Assert.Equal(fit.Trace, model.Trace);
        Assert.Equal(
            (fit.Converged, fit.Iterations, fit.Seed, fit.FreeParameters),
            (model.Converged, model.Iterations, model.BestRandomState, model.FreeParameters));
        Assert.Equal(
            (fit.LogLikelihood, fit.LowerBound, fit.Bic, fit.Aic),
            (model.LogLikelihood, model.LowerBound, model.Bic(), model.Aic()));
        Assert.Equal(Data.Value(Core.Predict.labels(fit, source)), model.Predict(data));
        Assert.Equal(Data.Value(Core.Predict.responsibilities(fit, source)), model.PredictProba(data));
        Assert.Equal(Data.Value(Core.Predict.logDensities(fit, source)), model.ScoreSamples(data));
        Assert.Equal(Data.Value(Core.Predict.score(fit, source)), model.Score(data));
        AssertSameRows(model, data);
    }

    /// <summary>Single rows have the predictions of all rows together, to the last bit.</summary>
    private static void AssertSameRows(MixtureModel model, double[,] data)
    {
        var (rows, labels, shares, densities) = (Data.Jagged(data), model.Predict(data), model.PredictProba(data), model.ScoreSamples(data));
        var responsibilities = new double[model.Components];

        for (var n = 0; n < rows.Length; n++)
        {
            Assert.Equal((labels[n], densities[n]), (model.Predict(rows[n]), model.ScoreSample(rows[n])));
            model.PredictProba(rows[n], responsibilities);
            Assert.Equal(Enumerable.Range(0, model.Components).Select(k => shares[n, k]), responsibilities);
        }
    }

    /// <summary>F#'s <c>{ record with … }</c>; of several changes of a field the last counts.</summary>
    public static T With<T>(T record, params (string Field, object Value)[] changes)
    {
        ConstructorInfo constructor = typeof(T).GetConstructors().Single();
        Assert.All(changes, change => Assert.NotNull(typeof(T).GetProperty(change.Field)));
        return (T)constructor.Invoke([.. constructor.GetParameters().Select(parameter =>
        {
            var field = typeof(T).GetProperties().Single(property => property.Name.Equals(parameter.Name, StringComparison.OrdinalIgnoreCase));
            var change = changes.LastOrDefault(change => change.Field == field.Name);
            return change.Field is null ? field.GetValue(record) : change.Value;
        })]);
    }

    /// <summary>The core's options of a Gaussian mixture of a structure.</summary>
    public static FitOptions<GaussianKind, Gaussian> Options(int components, Structure structure) =>
        With(Core.Gmm.defaults, ("Components", components), ("Family", With(Core.GaussianKindModule.defaults, ("Structure", structure))));

    /// <summary>The numbers of two arrays of one shape are the same.</summary>
    public static void AssertEqual(Array expected, Array actual)
    {
        Assert.Equal(Enumerable.Range(0, expected.Rank).Select(expected.GetLength), Enumerable.Range(0, actual.Rank).Select(actual.GetLength));
        Assert.Equal(expected.Cast<double>(), actual.Cast<double>());
    }
}
