// Clusters the irises with ML.NET's k-means and with Gaussian mixtures, saves the better pipeline, loads it and asks it about
// a flower:
//
//     dotnet run --project samples/Gmm.MLNet -- data/iris.csv
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Gmm.CSharp;
using Gmm.ML;
using Microsoft.ML;
using Microsoft.ML.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var path = args.Length > 0 ? args[0] : "data/iris.csv";

if (!File.Exists(path))
{
    Console.Error.WriteLine($"{path}: There is no such file.");
    return 1;
}

var mlContext = new MLContext(seed: 1);
var trainers = mlContext.Clustering.Trainers;
var irises = mlContext.Data.LoadFromTextFile<Iris>(path, separatorChar: ',', hasHeader: true);

var features = mlContext.Transforms
    .Concatenate("Features", nameof(Iris.SepalLength), nameof(Iris.SepalWidth), nameof(Iris.PetalLength), nameof(Iris.PetalWidth))
    .Append(mlContext.Transforms.Conversion.MapValueToKey("Label"));

var kMeans = features.Append(trainers.KMeans(numberOfClusters: 3)).Fit(irises);
var mixture = features.Append(trainers.GaussianMixture(components: 3)).Fit(irises);
var robust = features.Append(trainers.Mixture(
    new StudentTMixture(3) { CovarianceType = CovarianceType.TiedFull }, new() { OutlierShare = 0.02 })).Fit(irises);

Row("", "mutual information", "Davies-Bouldin", "distance");
Show("k-means", kMeans);
Show("Gaussian mixture", mixture);
Show("Student t, tied", robust);

GaussianMixture model = mixture.LastTransformer.Model;
Console.WriteLine($"Gaussian mixture: log-likelihood {model.LogLikelihood:F2}, BIC {model.Bic():F1}");

var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".zip");

try
{
    mlContext.Model.Save(mixture, irises.Schema, file);
    var loaded = mlContext.Model.Load(file, out _);
    using var engine = mlContext.Model.CreatePredictionEngine<Iris, MixturePrediction>(loaded);
    var prediction = engine.Predict(new() { SepalLength = 6.3f, SepalWidth = 2.8f, PetalLength = 5.1f, PetalWidth = 1.5f });
    Console.WriteLine($"a flower: component {prediction.PredictedLabel}, probability {prediction.Responsibilities.Max():F3}, "
        + $"log-density {prediction.LogDensity:F3}");
    Console.WriteLine($"loaded: BIC {loaded.FindMixture<GaussianMixture>()!.Model.Bic():F1}");
}
finally
{
    File.Delete(file);
}

return 0;

void Show(string name, ITransformer pipeline)
{
    var metrics = mlContext.Clustering.Evaluate(pipeline.Transform(irises), "Label", featureColumnName: "Features");
    Row(name, $"{metrics.NormalizedMutualInformation:F3}", $"{metrics.DaviesBouldinIndex:F3}", $"{metrics.AverageDistance:F3}");
}

static void Row(string name, string information, string index, string distance) =>
    Console.WriteLine($"{name,-17} {information,19} {index,16} {distance,10}");

/// <summary>A flower of the file, and its species.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "ML.NET makes its instances.")]
internal sealed class Iris
{
    [LoadColumn(0)]
    public float SepalLength { get; set; }

    [LoadColumn(1)]
    public float SepalWidth { get; set; }

    [LoadColumn(2)]
    public float PetalLength { get; set; }

    [LoadColumn(3)]
    public float PetalWidth { get; set; }

    [LoadColumn(4)]
    public string Label { get; set; } = "";
}
