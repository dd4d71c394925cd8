/// The scripts of the documentation and of the README run as they stand, and print the numbers they are about.
module Gmm.Tests.PageTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open Expecto
open Gmm.Tests.Support

let private root = repositoryRoot

let private docs = lazy Path.Combine(root.Value, "docs")

/// Runs a script in a folder: its exit code, what it prints, and its errors.
let private run (variables: (string * string) list) (folder: string) (script: string) =
    let start =
        ProcessStartInfo(
            "dotnet",
            [ "fsi"; "--quiet"; "--exec"; script ],
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    for name, value in variables do
        start.Environment[name] <- value

    use child = Process.Start start
    let output, errors = child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync()

    if not (child.WaitForExit(TimeSpan.FromMinutes 10.0)) then
        child.Kill(entireProcessTree = true)
        Assert.Fail "The script did not end within ten minutes."

    child.ExitCode, output.Result, errors.Result

/// Returns what a script prints when it runs in a folder; the test fails when it does not end well.
let outputWith (variables: (string * string) list) (folder: string) (script: string) =
    let exitCode, output, errors = run variables folder script
    Assert.True((exitCode = 0), $"exit code {exitCode}:\n{output}\n{errors}")
    output

/// What pages print that run one after another in one session of F# Interactive, which saves half of their time. A page
/// that fails ends the session and is not there, nor are those after it. (The build runs each page alone before it
/// writes the site.)
let private inOneSession (pages: string list) : Map<string, string> =
    inFolder (fun folder ->
        let session = Path.Combine(folder, "session.fsx")
        let mark page = $"@@@ {page} @@@"

        for i, page in List.indexed pages do
            let title = Path.Combine(folder, $"title{i}.fsx")
            File.WriteAllText(title, $"printfn \"%%s\" \"{mark page}\"")
            File.AppendAllLines(session, [ $"#load @\"{title}\""; $"#load @\"{Path.Combine(docs.Value, page)}\"" ])

        let exitCode, output, _ = run [] root.Value session

        let printed =
            [ for page in pages do
                  match output.Split(mark page) with
                  | [| _; rest |] -> page, rest.Split("@@@")[0]
                  | _ -> () ]

        // The last of those that began is the one that failed.
        Map(if exitCode = 0 then printed else List.truncate (printed.Length - 1) printed))

/// What each page must print.
let private expected =
    Map
        [ "backends.fsx", [ "cpu       log-likelihood -1130.263966"; "auto      log-likelihood -1130.263966" ]
          "em-from-scratch.fsx",
          [ "counts                  agree"
            "EM.step is both: true"
            "0 of them down"
            "iterates: agree"
            "by hand              log-likelihood -1130.263960"
            "largest weight difference 0.0000000"
            "adjusted Rand index 1.0000" ]
          "files.fsx",
          [ "line 4, column 4: The cell is \"NA\"; it is the only missing cell in 4 rows."
            "data: 3 rows of 2 columns: length, width"
            "row names: id (by its name)"
            "left out: id, width (as the options say)"
            "3 rows of 2" ]
          "tables.fsx",
          [ "1000 rows of length, wait, label, logDensity, responsibility0, responsibility1"
            "one column of numbers: length, wait, but is 'width', which the table lacks."
            "same bits: True"
            "length, wait, label, logDensity, responsibility0, responsibility1"
            "1000 rows; 6 columns with the results" ]
          "quickstart.fsx", [ "log-likelihood -1130.26" ]
          "from-scikit-learn.fsx", ScikitLearnPageTests.printed.Value
          "choosing-k.fsx",
          [ "2    -1140.187                   10                  3"
            "3    -4.1409    -4.1933   0.0335 ± 0.0201"
            "BIC  K = 2: 2, K = 3: 23, K = 4: 8, K = 5: 7"
            "2            0.996             0.985"
            "1600          8          6" ]
          "web-service.fsx",
          [ "log-likelihood -1130.263966, BIC 2322.191755"
            "200 {\"component\":1,"
            "400 \"The data must have 2 columns"
            "\n8704 answers, all the same: True\n"
            "\nanswers by both models: True\n"
            "\nanswers of neither model: 0\n"
            "\nThe service keeps its model\n"
            "\nstill the first model: True\n" ]
          // One step by hand, and ten.
          "coins.fsx", [ "0.828571   0.828571"; "0.7967  0.5197     0.7967  0.5197" ]
          "digits.fsx", [ "1797 images"; "adjusted Rand index 0.7835"; "adjusted Rand index 0.5872" ]
          // As printed, see FamilyOracleTests.fs.
          "families.fsx",
          [ "log-likelihood -891.142795"
            "class of 0.05448: P(0) = 0.250919  0.356491  0.234975"
            "weight 0.28550904362246, rates 1.1103203807742 and 2.5751589717362" ]
          "tutorial.fsx",
          [ "settled after 13 iterations"
            "J = 1856.12 from the corner, 1447.13 by KMeans.fit"
            "log-likelihood -2313.689"
            "the bound touches and rises, the likelihood above it, in all steps: true"
            "step 5: mean 3.1209, log-likelihood per row -2.045816"
            ", 0 of them down"
            "less in every direction: true"
            "50   0.627979 0.860313 0.070984   0.627979 0.860313 0.070984"
            "centres of k-means agree to 1e-9: true" ]
          "structures.fsx",
          [ "full                 29     329    6629  101504"
            "full           3×2×2                      17         -1863.22   3832.10"
            "spherical  ( 7.321  0.000;  0.000  7.321)   tied the same: true"
            "full                        44         -180.185   580.84          0.9039"
            "tied_full                   24         -256.354   632.96          0.9410"
            "VEV             VEV               24  variable volume, equal shape, variable orientation"
            "best: VEV with 2 components, BIC 561.728"
            "iris          log-likelihood -214.053208, mclust -215.240870"
            "Old Faithful  log-likelihood -1132.112642, mclust -1132.187446" ]
          "priors.fsx",
          [ "mean        by hand 3.412040 69.204969\n            fitted  3.412040 69.204969"
            "covariance  by hand 1.276534 14.029676 192.672979\n            fitted  1.276534 14.029676 192.672979"
            "1000   0.4828  0.5172"
            "100      70.891  70.905"
            "1000   9.709  9.509"
            "of 20 samples have no fit"
            "is not positive definite"
            "lies on its floor"
            "30         0 of 20" ]
          "noise.fsx",
          [ "gaussian mixture of 2 components and noise, covariances full"
            "weight of the noise            0.192609"
            "without noise: 5.81 and 5.33, 3.28 and 1.52"
            "51 of 300 rows are noise"
            "label of (8, -8): -1"
            "given     V = 400.0  ln L = -1317.333  12 parameters" ]
          "cluster.fsx",
          [ "log-likelihood per row -3.184925 after 6 iterations"; "the same bits: True"; "the same labels: True" ]
          "variational-bayes.fsx",
          [ "variational Bayes with 10 components, 2 of them with rows, converged after 32 iterations: lower bound -1181.03996"
            "component 0: 97 rows\ncomponent 1: 175 rows"
            "full             -1309.51   -1181.75   -1181.21   -1181.04          2"
            "tied_full        -1309.51   -1177.54   -1177.41   -1178.45          3"
            "32 iterations, 0 of them down"
            "100                 2     -1386.80                 10     -1276.31"
            "component 0: β = 98.18, ν = 99.18, mean wait 54.69 ± 0.62"
            "far away            predictive  -17.016  plug-in  -53.626" ]
          "student-t.fsx",
          [ "student_t mixture of 2 components, scale matrices full"
            "Student   (  2.98,   2.24)  scales  0.74 and  0.78"
            "11 rows have a weight below 0.1; 11 of them are far"
            "estimated  ln L = -1014.269  BIC  2100.42  ν = 1.25 and 112.59" ]
          "uncertainty.fsx",
          [ "mean[0,1]                 54.4788        0.591884         53.3188         55.6389"
            "difference -2.34 ± 6.27, z = -0.37"
            "Observed               0.0271    0.0106"
            "Sandwich               0.0284    0.0139"
            "Jackknife              0.0288    0.0143"
            "0 of 999 replicates failed"
            "1 against 2 components: statistic 319.065558, p = 0.01 of 99 replicates"
            "3 components" ]
          "more-families.fsx",
          [ "the same as a Gaussian mixture of ln x: True"
            "on the limit: from labels [Some 1], from the default start []"
            "counts     weight 0.589, mean 3.72, size 2.27"
            "winds      weight 0.402, to (0.12, 0.99), concentration 21.4" ]
          "streams.fsx",
          [ "truth       divergence from the truth 0.0000"
            "first batch divergence from the truth 0.0108"
            "stream      divergence from the truth 0.0004"
            "update 200: score -3.687"
            "constant 0.2: first component at 3.83, where the stream is at 4.00"
            "(t + 2)^-0.6: first component at 3.09, where the stream is at 4.00"
            "label of (4, 1): 0" ]
          "acceleration.fsx",
          [ "two overlapping, 1 column     6429       807      8.0"
            "two overlapping, 2 columns   21976      2582      8.5"
            "Poisson, deaths               1414        56     25.2"
            "faithful, 2 full                 9         9      1.0"
            "iris, 3 full                    29        16      1.8   -1.201236514  -1.201236514" ]
          "kmeans-limit.fsx", [ "inertia 79.5760"; "0 rows have different labels" ]
          "new-family.fsx", [ "weight 0.661, mean 0.94"; "The density of component 0 sums to 1.33333." ]
          "anomalies.fsx",
          [ "threshold -7.3589: 5 outliers"
            "row   5: 2.883 minutes after 55"
            "4.4 minutes after 82: unusual false"
            "4.4 minutes after 50: unusual true"
            "component 0 below 66.583 minutes, component 1 above"
            "component 0 below 66.244 minutes, component 1 above" ]
          "saving.fsx", [ "the same state again: true"; "It was altered after it was saved" ]
          "starts.fsx",
          [ "labels and their responsibilities end alike: True"
            "from k-means          -8.4177"
            "by default            -8.3862"
            "from the true groups  -8.3862"
            "from means  -4.1148 after"
            "Identity    -15.4771 at the start"
            "five and five more are ten: True" ]
          "sampling.fsx",
          [ "components drawn from: [|1|]"
            // exp(−8²/2) − exp(−9²/2).
            "far: StdRange(8, 9)"
            "1.266e-14"
            "eruption 2.90: wait 65.64 ± 8.30" ]
          "selection.fsx",
          [ "BIC: tied_full with 3 components, 2314.30"
            "ICL: full with 2 components, 2322.70"
            "BIC: 3 components"
            "ICL: 2 components" ]
          "mixed-data.fsx", [ "2        -2807.34          27  5756.21" ] ]

let pages = List.ofSeq (Directory.GetFiles(docs.Value, "*.fsx") |> Seq.map Path.GetFileName |> Seq.sort)

/// Two sessions, which run side by side.
let private sessions =
    let every remainder = pages |> List.indexed |> List.filter (fun (i, _) -> i % 2 = remainder) |> List.map snd
    [ for remainder in [ 0; 1 ] -> every remainder, lazy inOneSession (every remainder) ]

/// What a page prints; the test fails when it does not end well.
let private outputOf (page: string) =
    let _, session = sessions |> List.find (fst >> List.contains page)

    match session.Value |> Map.tryFind page with
    | Some output -> output
    | None -> outputWith [] root.Value (Path.Combine(docs.Value, page))

/// The F# code of a page in Markdown, in order, without the lines that load packages. It stands in fences, or indented
/// after `[lang=fs]` where fsdocs must not compile it, because that would resolve the packages.
let private codeOf (page: string) =
    let text = File.ReadAllText(Path.Combine(root.Value, page))
    let code = @"^```fsharp\r?\n(.*?)^```|^    \[lang=fs\]\r?\n((?:    [^\n]*\n|\r?\n)+)"

    [ for found in Regex.Matches(text, code, RegexOptions.Multiline ||| RegexOptions.Singleline) ->
          let code = found.Groups[1].Value + Regex.Replace(found.Groups[2].Value, "^    ", "", RegexOptions.Multiline)
          Regex.Replace(code, "^#r \"nuget: .*?$", "", RegexOptions.Multiline) ]

[<Tests>]
let tests =
    testList
        "Page"
        [ testTheory "the page runs as it stands" pages (fun (page: string) ->
              let output = outputOf page

              for text in expected |> Map.tryFind page |> Option.defaultValue [] do
                  Assert.Contains(text, output))
          testCase "every page with an expected number is there" (fun () ->
              for page in expected.Keys do
                  Assert.True(File.Exists(Path.Combine(docs.Value, page)), $"{page} is missing"))
          testCase "the page on backends says what is missing where there is no libtorch, and how to get it" (fun () ->
              let nowhere = Path.Combine(root.Value, "nowhere", "libgmm_torch.so")

              let output =
                  outputWith [ "GMM_TORCH_LIBRARY", nowhere ] root.Value (Path.Combine(docs.Value, "backends.fsx"))

              Assert.Contains("torch:cpu The backend torch:cpu can't be used: it needs libtorch", output)

              Assert.Contains(
                  $"there is no file {nowhere}. Build the library with `dotnet fsi build.fsx torch`",
                  output
              )

              Assert.Contains("auto      log-likelihood -1130.263966", output)
              Assert.Contains("libtorch, Float32  not here", output))
          testTheory
              "all F# of the first page runs, in order, as one script"
              [ "README.md"; "docs/index.md" ]
              (fun page ->
                  let fences = codeOf page
                  Assert.NotEmpty fences
                  let libraries = Path.Combine(root.Value, "src", "Gmm.Plots", "bin", "Release", "net10.0")

                  // The script writes a picture where it runs.
                  inFolder (fun folder ->
                      let script = Path.Combine(folder, "page.fsx")
                      let references = $"#I @\"{libraries}\"\n#r \"Gmm.FSharp.dll\"\n#r \"Gmm.Plots.dll\""
                      File.WriteAllText(script, String.concat "\n" (references :: fences))
                      let output = outputWith [] folder script
                      Assert.Contains("log-likelihood -46.695, BIC 113.27", output)
                      Assert.Contains("components [|1; 0; 1; 0; 1; 0; 1; 1; 0; 1; 0; 1|]", output)
                      Assert.True(File.Exists(Path.Combine(folder, "eruptions.svg")))))
          testCase "every page has a place of its own among the pages of its category" (fun () ->
              // The build script writes the page of formulas. The first page has no category.
              let files =
                  Path.Combine(root.Value, "build.fsx")
                  :: [ for pattern in [ "*.fsx"; "*.md" ] do
                           for file in Directory.GetFiles(docs.Value, pattern) do
                               if not (List.contains (Path.GetFileName file) [ "formulas.md"; "index.md" ]) then
                                   file ]

              let placeOf file =
                  let found = Regex.Matches(File.ReadAllText file, @"categoryindex: (\d+)\W+index: (\d+)")
                  Expect.hasLength found 1 $"{file} names one place"
                  int found[0].Groups[1].Value, int found[0].Groups[2].Value

              let shared =
                  [ for file in files -> placeOf file, Path.GetFileName file ]
                  |> List.groupBy fst
                  |> List.filter (fun (_, pages) -> pages.Length > 1)
                  |> List.map (fun (place, pages) -> place, pages |> List.map snd)

              Assert.Equal<((int * int) * string list) list>([], shared))
          testCase "the C# code of the page on a web service is that of the sample" (fun () ->
              let squeeze text = Regex.Replace(text, @"\s+", " ").Trim()
              let sample = squeeze (File.ReadAllText(Path.Combine(root.Value, "samples", "Gmm.Web", "Program.cs")))
              let page = File.ReadAllText(Path.Combine(docs.Value, "web-service.fsx"))

              let fences =
                  Regex.Matches(page, "^```csharp\r?\n(.*?)^```", RegexOptions.Multiline ||| RegexOptions.Singleline)

              Assert.Equal(3, fences.Count)

              for fence in fences do
                  for part in fence.Groups[1].Value.ReplaceLineEndings("\n").Split "\n\n/// " do
                      Assert.Contains(squeeze part, sample)) ]
