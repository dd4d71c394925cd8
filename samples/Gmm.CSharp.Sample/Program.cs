// Fits a mixture of two Gaussians to the eruptions of Old Faithful, and asks it about a new eruption:
//
//     dotnet run --project samples/Gmm.CSharp.Sample -- data/faithful.csv
using System.Globalization;
using Gmm.CSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var path = args.Length > 0 ? args[0] : "data/faithful.csv";
double[][] eruptions = [.. File.ReadLines(path).Skip(1).Select(line => Array.ConvertAll(line.Split(','), double.Parse))];

try
{
    var model = new GaussianMixture(components: 2) { CovarianceType = CovarianceType.Full, RandomState = 42, Restarts = 10 };
    model.Fit(eruptions);
    var (weights, means) = (model.Weights, model.Means);

    for (var k = 0; k < model.Components; k++)
    {
        Console.WriteLine($"component {k}: weight {weights[k]:F4}, mean ({means[k, 0]:F3} min, {means[k, 1]:F2} min)");
        Console.WriteLine($"             correlation {Correlation(model.Covariances[k]):F3}");
    }

    Console.WriteLine($"log-likelihood {model.LogLikelihood:F5}, BIC {model.Bic():F3}, {model.FreeParameters} parameters");
    Console.WriteLine($"{model.Iterations} iterations from seed {model.BestRandomState}, {(model.Converged ? "converged" : "not converged")}");

    Rows eruption = [[3.6, 79]];
    var component = model.Predict(eruption)[0];
    Console.WriteLine($"3.6 min after waiting 79 min: component {component}, probability {model.PredictProba(eruption)[0, component]:F6}");
    return 0;
}
catch (Exception error) when (error is ArgumentException or MixtureFitException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

static double Correlation(double[,] covariance) => covariance[0, 1] / Math.Sqrt(covariance[0, 0] * covariance[1, 1]);
