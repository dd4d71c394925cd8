// A web service that labels one row per request. Fit a model offline, then serve it:
//
//     dotnet run --project samples/Gmm.Web -- fit data/faithful.csv model.json
//     dotnet run --project samples/Gmm.Web -- serve model.json --urls http://localhost:5000
//     curl localhost:5000/label -H 'Content-Type: application/json' -d '[3.6, 79]'
//
// Fit again while it serves: it loads the new model and answers every request.
using Gmm.CSharp;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;
using Microsoft.Extensions.Primitives;

switch (args)
{
    case ["fit", var data, var path]:
        Fit(data, path);
        return 0;
    case ["serve", var path, .. var settings]:
        Serve(path, settings);
        return 0;
    default:
        Console.Error.WriteLine("Usage: Gmm.Web fit data.csv model.json | Gmm.Web serve model.json [--urls http://localhost:5000]");
        return 2;
}

// Fits a mixture with BIC's number of components, and saves it.
static void Fit(string data, string path)
{
    var rows = CsvData.Read(data).Rows;
    var model = new GaussianMixture(components: 1);
    model.Select(rows, components: [1, 2, 3, 4], covarianceTypes: [CovarianceType.Full]);

    foreach (var warning in model.Warnings)
    {
        Console.Error.WriteLine(warning);
    }

    model.Save(path);
    Console.WriteLine(model);
}

// Serves the model of a file: one object for all requests, until the file is replaced.
static void Serve(string path, string[] settings)
{
    var builder = WebApplication.CreateBuilder(settings);
    builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
    var app = builder.Build();
    using var served = new ServedModel(path, app.Logger);

    app.MapGet("/", () => served.Model.ToString());

    app.MapPost("/label", (double[] row) =>
    {
        var model = served.Model; // One model for the whole request, even if another is loaded meanwhile.

        try
        {
            return Results.Ok(new Answer(model.Predict(row), model.PredictProba(row), model.ScoreSample(row)));
        }
        catch (ArgumentException error)
        {
            return Results.BadRequest(error.Message);
        }
    });

    app.Run();
}

/// <summary>The likeliest component of a row, the probability of each component, and ln p(x).</summary>
internal sealed record Answer(int Component, double[] Responsibilities, double LogDensity);

/// <summary>The model of a file. Whenever the file is replaced, its new model is loaded.</summary>
internal sealed partial class ServedModel : IDisposable
{
    private readonly Lock loading = new();
    private readonly PhysicalFileProvider folder;
    private readonly IDisposable watch;
    private volatile GaussianMixture model;

    public ServedModel(string path, ILogger log)
    {
        path = Path.GetFullPath(path);
        // By default, the provider ignores changes of hidden files.
        folder = new PhysicalFileProvider(Path.GetDirectoryName(path)!, ExclusionFilters.None);
        watch = ChangeToken.OnChange(() => folder.Watch(Path.GetFileName(path)), () => Reload(path, log));

        // The watch has begun, so this is the newest model, or another load follows.
        lock (loading)
        {
            model = GaussianMixture.Load(path);
        }
    }

    public GaussianMixture Model => model;

    public void Dispose()
    {
        watch.Dispose();
        folder.Dispose();
    }

    private void Reload(string path, ILogger log)
    {
        lock (loading)
        {
            try
            {
                model = GaussianMixture.Load(path);
                LogLoad(log, path);
            }
            catch (IOException error)
            {
                LogFailure(log, error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Path}")]
    private static partial void LogLoad(ILogger log, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "The service keeps its model: {Reason}")]
    private static partial void LogFailure(ILogger log, string reason);
}
