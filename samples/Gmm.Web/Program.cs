// A web service that labels one row per request. Fit a model offline, then serve it:
//
//     dotnet run --project samples/Gmm.Web -- fit data/faithful.csv model.json
//     dotnet run --project samples/Gmm.Web -- serve model.json --urls http://localhost:5000
//     curl localhost:5000/label -H 'Content-Type: application/json' -d '[3.6, 79]'
using Gmm.CSharp;

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

// Serves a saved model: one object for all requests.
static void Serve(string path, string[] settings)
{
    var model = GaussianMixture.Load(path);
    var builder = WebApplication.CreateBuilder(settings);
    builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
    var app = builder.Build();

    app.MapGet("/", () => model.ToString());

    app.MapPost("/label", (double[] row) =>
    {
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
