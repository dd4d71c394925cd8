using Gmm.CSharp;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>The bits of fits.</summary>
internal static class Bits
{
    /// <summary>All numbers of predictions for all rows.</summary>
    public static long[] OfPredictions(Estimator model, Rows rows, double[]? weights = null)
    {
        var labels = model.Predict(rows).Select(label => (double)label);
        var numbers = model is MixtureModel mixture
            ? labels
                .Concat(mixture.PredictProba(rows).Cast<double>())
                .Concat(mixture.ScoreSamples(rows))
                .Append(mixture.Score(rows, weights))
                .Append(mixture.Icl(rows, weights))
            : labels.Append(((CSharp.KMeans)model).Score(rows, weights));
        return [.. numbers.Select(BitConverter.DoubleToInt64Bits)];
    }

    /// <summary>Compares all numbers of two fits: parameters, trace and settings.</summary>
    public static void AreEqual(Estimator expected, Estimator found)
    {
        var (these, those) = (expected.ToState(), found.ToState());
        Assert.NotEmpty(these);
        Assert.Equal(these.Keys.Order(), those.Keys.Order());
        Assert.All(these, pair => Assert.Equal(pair.Value.Shape, those[pair.Key].Shape));
        Assert.All(these, pair => Assert.Equal(Of(pair.Value), Of(those[pair.Key])));
    }

    private static IEnumerable<long> Of(CSharp.Tensor tensor)
    {
        var numbers = tensor.Shape.Count switch
        {
            0 => [(double)tensor],
            1 => (double[])tensor,
            2 => ((double[,])tensor).Cast<double>(),
            _ => ((double[,,])tensor).Cast<double>(),
        };
        return numbers.Select(BitConverter.DoubleToInt64Bits);
    }
}
