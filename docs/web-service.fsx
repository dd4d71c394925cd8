(**
---
title: A web service
category: Examples
categoryindex: 2
index: 8
---

# A web service

This service takes one row per request and answers with its component. This page fits a model offline, saves it, and
serves it with ASP.NET Core. Then 32 clients send requests at once, also while the service changes its model. Last, the
page damages the service's file, and measures how long an answer takes. Run it with `dotnet fsi docs/web-service.fsx`
after `dotnet fsi build.fsx build`.

The program is `samples/Gmm.Web` in the repository. Two commands start a project of your own, in an empty folder:

```text
dotnet new web
dotnet add package Gmm.CSharp
```

The blocks of C# below, one after another, are its `Program.cs`. It fits in one run and serves in another:

```text
dotnet run -- fit faithful.csv model.json
dotnet run -- serve model.json --urls http://localhost:5000
curl localhost:5000/label -H 'Content-Type: application/json' -d '[3.6, 79]'
```

```csharp
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
```

## Fit offline

Fitting takes seconds or hours, and predicting takes less than a microsecond. So one program fits and saves, and the
service only loads. This function chooses the number of components by BIC, shows the warnings, and saves the model:

```csharp
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
```

## Serve

The service shares one model among all requests. When the file is replaced, it loads the new model, and every later
request gets that one:

```csharp
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
```

Five points make this safe and fast:

- **Threads.** Any number of threads may use a fitted model, without a lock. Don't call `Fit` on it to update it: load
  the new model into a second object, and replace the reference, as `ServedModel` does.
- **Requests.** A request takes the reference once. So it ends with the model that it began with, and no request waits
  for a load.
- **Rows.** `Predict`, `PredictProba` and `ScoreSample` take a single row as an array or a span. They allocate nothing
  but the array that `PredictProba` returns, and their bits are those of the methods for many rows.
- **Errors.** A row of the wrong length, or with a number that isn't finite, throws an `ArgumentException`. Its message
  names the rule, so it can go to the client. A damaged file throws an `IOException`: at the start the program ends, and
  later it logs the reason and keeps its model.
- **Files.** `Save` replaces the file as a whole, so the service reads either the old model or the new one, and its
  checksum protects against damage. Loading runs no code. On file systems that report no changes, as some networks do,
  set `UsePollingFileWatcher` and `UseActivePolling` of `PhysicalFileProvider`.

## Try it

The rest of this page is an F# script that runs the built program. First it fits:
*)
(*** hide ***)
#I "../src/Gmm.FSharp/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
(** *)
open System
open System.Diagnostics
open System.IO
open System.Net.Http
open System.Net.Http.Json
open System.Text.RegularExpressions
open System.Threading.Tasks
open Gmm

let program = Path.Combine(__SOURCE_DIRECTORY__, "../samples/Gmm.Web/bin/Release/net10.0/Gmm.Web.dll")

if not (File.Exists program) then
    failwith "The service is not built. Run `dotnet fsi build.fsx build` first."

let faithful = Path.Combine(__SOURCE_DIRECTORY__, "../data/faithful.csv")
let folder = Directory.CreateTempSubdirectory("gmm").FullName
let path = Path.Combine(folder, ".model.json") // a hidden file, which the service watches, too

let start arguments = Process.Start(ProcessStartInfo("dotnet", program :: arguments, RedirectStandardOutput = true))

let fitting = start [ "fit"; faithful; path ]
printfn $"{fitting.StandardOutput.ReadToEnd().Trim()}"
(*** include-output ***)
(**
Port 0 lets the system choose a free port. The program logs the address when it is ready:
*)
let service = start [ "serve"; path; "--urls"; "http://127.0.0.1:0" ]
AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> service.Kill())

/// Waits for a line of the log that matches a pattern, and returns the match.
let logged pattern =
    Seq.initInfinite (fun _ -> service.StandardOutput.ReadLine())
    |> Seq.takeWhile (isNull >> not)
    |> Seq.map (fun line -> Regex.Match(line, pattern))
    |> Seq.find _.Success

let address = (logged "Now listening on: (.+)").Groups[1].Value
let client = new HttpClient(BaseAddress = Uri address)

let send (row: float[]) =
    task {
        let! response = client.PostAsJsonAsync("/label", row)
        let! text = response.Content.ReadAsStringAsync()
        return int response.StatusCode, text
    }

for row in [ [| 3.6; 79.0 |]; [| 1.8; 54.0 |]; [| 3.6 |] ] do
    let status, text = (send row).Result
    printfn $"%d{status} %s{text}"
(*** include-output ***)
(**
Thirty-two clients send all eruptions at once. Every answer must be the one that the saved fit gives in this process, to
the last bit:
*)
type Answer =
    { Component: int
      Responsibilities: float[]
      LogDensity: float }

let answerOf (fit: Fit<Gaussian>) =
    let predictor = RowPredictor.ofFit fit

    fun (row: float[]) ->
        let responsibilities: float[] = Array.zeroCreate predictor.Components
        let logDensity = predictor.Responsibilities(row, responsibilities)

        { Component = predictor.Label row
          Responsibilities = responsibilities
          LogDensity = logDensity }

let saved: Fit<Gaussian> = Persist.load path |> GmmError.get
let data = Csv.read faithful |> GmmError.get |> Csv.source
let rows = [| for n in 0L .. data.Rows - 1L -> (data |> Source.rows [| n |])[0, *] |]

let ask (row: float[]) =
    task {
        let! response = client.PostAsJsonAsync("/label", row)
        return! response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Answer>()
    }

/// Sends all rows from 32 clients at once, again and again while a condition holds.
let sendWhile condition =
    task {
        let! answers =
            Task.WhenAll(
                [ for _ in 1..32 ->
                      task {
                          let answers = ResizeArray()

                          while answers.Count = 0 || condition () do
                              for row in rows do
                                  let! answer = ask row
                                  answers.Add(row, answer)

                          return answers
                      } ]
            )

        return Array.ofSeq (Seq.concat answers)
    }

let answers = sendWhile(fun () -> false).Result
let ofSaved = answerOf saved
printfn $"{answers.Length} answers, all the same: {answers |> Array.forall (fun (row, answer) -> answer = ofSaved row)}"
(*** include-output ***)
(**
## A new model while it serves

Here the clients go on while another model, of three components, and the first one replace each other in the service's
file six times. The script begins when a client has its answers to all rows, which the first model gave. After each
replacement it asks until the new model answers:
*)
let other = data |> Gmm.fit { Gmm.defaults with Components = 3 } |> GmmError.get

let ofOther = answerOf other

/// Replaces the model of the service, asks until the new one answers, and returns all answers.
let replace (fit: Fit<Gaussian>) =
    Persist.save path fit |> GmmError.get
    let expected, answers = answerOf fit rows[0], ResizeArray()

    while answers.Count = 0 || snd answers[answers.Count - 1] <> expected do
        answers.Add(rows[0], (ask rows[0]).Result)

    answers

let answered = TaskCompletionSource()

let replacing =
    task {
        do! answered.Task
        return! Task.Run(fun () -> [ other; saved; other; saved; other; saved ] |> Seq.collect replace |> Array.ofSeq)
    }

let sending =
    sendWhile (fun () ->
        answered.TrySetResult() |> ignore
        not replacing.IsCompleted)

let all = Array.append sending.Result replacing.Result
let byFirst = all |> Array.filter (fun (row, answer) -> answer = ofSaved row)
let bySecond = all |> Array.filter (fun (row, answer) -> answer = ofOther row)

printfn $"answers by both models: {byFirst.Length > 0 && bySecond.Length > 0}"
printfn $"answers of neither model: {all.Length - byFirst.Length - bySecond.Length}"
(*** include-output ***)
(**
## A damaged file

Half of a model replaces the file. The service logs the reason and goes on with the model that it has:
*)
let text = File.ReadAllText path
File.WriteAllText(path, text[.. text.Length / 2])
printfn $"""{(logged "The service keeps its model").Value}"""

let afterwards = sendWhile(fun () -> false).Result
printfn $"still the first model: {afterwards |> Array.forall (fun (row, answer) -> answer = ofSaved row)}"
(*** include-output ***)
(**
## Latency

One client, one request after another, on the machine that built this page. The time in the process is that of
`RowPredictor`, which the C# methods use; the rest is HTTP and JSON:
*)
let predictor = RowPredictor.ofFit saved
let percentile share (times: float[]) = (Array.sort times)[int (share * float (times.Length - 1))]

let microseconds =
    [| for row in Array.replicate 8 rows |> Array.concat ->
           let clock = Stopwatch.StartNew()
           (send row).Wait()
           clock.Elapsed.TotalMicroseconds |]

let inProcess =
    [| for _ in 1..20 ->
           let clock = Stopwatch.StartNew()

           for _ in 1..100 do
               for row in rows do
                   predictor.Label row |> ignore

           clock.Elapsed.TotalMicroseconds / float (100 * rows.Length) |]

printfn "                     median   99 of 100 are faster than"
printfn $"over HTTP    %10.0f{percentile 0.5 microseconds} µs  %10.0f{percentile 0.99 microseconds} µs"
printfn $"in process   %10.3f{percentile 0.5 inProcess} µs  %10.3f{percentile 0.99 inProcess} µs"
(*** include-output ***)
(*** hide ***)
service.Kill()
service.WaitForExit()
client.Dispose()
Directory.Delete(folder, recursive = true)
(**
If a client has many rows, let it send them in one request: `Predict` of all rows uses vectors across rows and all
cores. A larger model costs more per row; see [performance](performance.html).

For alarms, add a threshold: `DensityThreshold` computes it offline, and the service compares `ScoreSample` with it. See
[anomalies](anomalies.html). For the format of the file, see [saving and loading](saving.html).
*)
