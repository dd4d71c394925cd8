/// Builds, tests, documents and packs Gmm:
///
///     dotnet fsi build.fsx <target> [-- arguments]
///
/// Only the .NET SDK has to be installed: every target restores the tools and the packages that it needs. Without a
/// target the script lists the targets.
open System
open System.Collections.Concurrent
open System.Diagnostics
open System.Globalization
open System.IO
open System.IO.Compression
open System.Runtime.InteropServices
open System.Text.Json
open System.Text.Json.Nodes
open System.Text.RegularExpressions
open System.Threading
open System.Threading.Tasks
open System.Xml.Linq

let root = __SOURCE_DIRECTORY__
let testResults = Path.Combine(root, "artifacts", "test-results")
let packagesOutput = Path.Combine(root, "artifacts", "packages")
let docsOutput = Path.Combine(root, "artifacts", "docs")
let torchOutput = Path.Combine(root, "artifacts", "torch")
let peersOutput = Path.Combine(root, "artifacts", "peers")
let readyToRunOutput = Path.Combine(root, "artifacts", "readytorun")

/// `dotnet`, about to be started in the repository root with the words of the command and the further arguments.
let dotnetStart (command: string) (arguments: string list) =
    ProcessStartInfo("dotnet", List.ofArray (command.Split ' ') @ arguments, WorkingDirectory = root)

/// Runs `dotnet` and returns its exit code.
let tryDotnet command arguments =
    use child = Process.Start(dotnetStart command arguments)
    child.WaitForExit()
    child.ExitCode

/// Ends the build, with the exit code of the `dotnet` command, if that failed.
let succeed command exitCode =
    if exitCode <> 0 then
        eprintfn $"error: exit code {exitCode} from: dotnet {command}"
        exit exitCode

/// Runs `dotnet` and ends the build if it fails.
let dotnetWith arguments command = tryDotnet command arguments |> succeed (String.Join(' ', command :: arguments))

/// Runs `dotnet` and ends the build if it fails.
let dotnet command = dotnetWith [] command

/// Paket reads the address of the package feed from NUGET_FEED, so that this repository names no registry. Unless
/// the variable is set, it becomes the first feed that NuGet itself would use.
let setFeed () =
    if String.IsNullOrEmpty(Environment.GetEnvironmentVariable "NUGET_FEED") then
        let start = dotnetStart "nuget list source --format short" []
        start.RedirectStandardOutput <- true
        use child = Process.Start start
        // A line for each source: `E`, perhaps more letters, and the address; `D` instead if the source is disabled.
        let enabled = Regex.Match(child.StandardOutput.ReadToEnd(), @"^E\w* +(.+?)\s*$", RegexOptions.Multiline)
        succeed "nuget list source (no source is enabled; set NUGET_FEED)" (if enabled.Success then 0 else 1)
        Environment.SetEnvironmentVariable("NUGET_FEED", enabled.Groups[1].Value)

/// Runs CMake in the repository root and ends the build if it fails, or isn't there.
let cmake (arguments: string list) =
    try
        use child = Process.Start(ProcessStartInfo("cmake", arguments, WorkingDirectory = root))
        child.WaitForExit()

        if child.ExitCode <> 0 then
            eprintfn "error: CMake could not build the library gmm_torch; see above."
            exit child.ExitCode
    with :? ComponentModel.Win32Exception ->
        eprintfn
            "error: there is no cmake. Install it and a C++ compiler (Debian: apt-get install cmake g++ libtorch-dev)."

        exit 1

/// What is known of one test after it ran.
type TestResult =
    { Name: string
      Outcome: Outcome
      Duration: TimeSpan }

and Outcome =
    | Passed
    | Failed of message: string
    | Skipped

/// Reads a JUnit file, which every test program writes.
let readResults (file: string) =
    let run = Path.GetFileNameWithoutExtension file
    let attribute local (element: XElement) = element.Attribute(XName.Get local) |> Option.ofObj |> Option.map _.Value

    [ for case in XDocument.Load(file).Descendants(XName.Get "testcase") do
          let seconds =
              attribute "time" case |> Option.map (fun text -> Double.Parse(text, CultureInfo.InvariantCulture))

          let child name = case.Element(XName.Get name) |> Option.ofObj

          { Name = (attribute "name" case |> Option.defaultValue "?") + $" ({run})"
            Duration = TimeSpan.FromSeconds(Option.defaultValue 0.0 seconds)
            Outcome =
              match child "failure" |> Option.orElse (child "error"), child "skipped" with
              | Some failure, _ ->
                  let message = attribute "message" failure |> Option.defaultValue ""
                  // xunit repeats the message.
                  Failed(
                      if failure.Value.Contains message then
                          failure.Value
                      else
                          $"{message}\n{failure.Value}"
                  )
              | None, Some _ -> Skipped
              | None, None -> Passed } ]

/// A program of tests.
let testProgram project = Path.Combine("tests", project, "bin", "Release", "net10.0", $"{project}.dll")

/// A formula that a test checks, who states it, and the test.
type CheckedFormula =
    { Formula: string
      Source: string
      Test: string
      File: string }

/// Asks Gmm.Tests for the formulas that its tests check.
let readFormulas () : CheckedFormula list =
    let start = dotnetStart (testProgram "Gmm.Tests") [ "--formulas" ]
    start.RedirectStandardOutput <- true
    use child = Process.Start start
    let lines = child.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
    child.WaitForExit()
    succeed "Gmm.Tests.dll --formulas" child.ExitCode

    // A list of tests begins with the name of its file.
    let files =
        Map
            [ for file in
                  Directory.GetFiles(Path.Combine(root, "tests", "Gmm.Tests"), "*Tests.fs", SearchOption.AllDirectories) ->
                  Path.GetFileNameWithoutExtension file, Path.GetRelativePath(root, file).Replace('\\', '/') ]

    [ for line in lines do
          let parts = line.TrimEnd('\r').Split '\t'

          { Formula = parts[0]
            Source = parts[1]
            Test = parts[2]
            File = files[parts[3].Split(':')[0] + "Tests"] } ]

/// The page of all formulas, in Markdown, by the files of the tests; a formula that several tests check has one row.
let formulasPage (formulas: CheckedFormula list) =
    let encode (text: string) = Net.WebUtility.HtmlEncode text

    let row ((formula, source), tests: CheckedFormula list) =
        let test (each: CheckedFormula) = $"{encode each.Test} (<code>{encode each.File}</code>)"
        let tests = tests |> List.map test |> String.concat "<br />"
        $"<tr><td><code>{encode formula}</code></td><td>{encode source}</td><td>{tests}</td></tr>"

    [ "---"
      "title: Formulas and their tests"
      "category: Background"
      "categoryindex: 4"
      "index: 2"
      "---"
      ""
      "# Formulas and their tests"
      ""
      "This page lists each formula with its source and the tests that check it. The build writes this page from the"
      "labels of the tests. [How results are checked](accuracy.html) says to how many digits they agree."
      ""
      "<table>"
      "<thead><tr><th>formula</th><th>source</th><th>test and file</th></tr></thead>"
      "<tbody>"
      yield! formulas |> List.sortBy _.File |> List.groupBy (fun each -> each.Formula, each.Source) |> List.map row
      "</tbody>"
      "</table>"
      "" ]
    |> String.concat "\n"

/// The steps of a build. A step takes the tokens of the steps that must come before it and returns its own, which
/// nothing else can make: a target that forgets a step, or takes two in the wrong order, does not compile.
module Steps =
    type Tools = private | Tools
    type Packages = private | Packages
    type Formatted = private | Formatted
    type Built = private | Built
    type Demo = private | Demo
    type Benchmarks = private | Benchmarks

    /// Restores Paket, Fantomas and fsdocs, the local tools of `.config/dotnet-tools.json`.
    let restoreTools () =
        setFeed ()
        dotnet "tool restore --verbosity quiet"
        Tools

    /// Restores the packages of `paket.lock`. Paket does so once for all projects; each would otherwise start it again.
    let restorePackages Tools =
        dotnet "paket restore --silent"
        dotnet "restore Gmm.sln -p:PaketDisableGlobalRestore=true --verbosity quiet"
        Packages

    /// Brings `paket.lock` up to date with `paket.dependencies`; the variable takes the place of the feed's address.
    let updatePackages Tools =
        let exitCode = tryDotnet "paket install" []
        let lock = Path.Combine(root, "paket.lock")
        File.WriteAllText(lock, Regex.Replace(File.ReadAllText lock, "(?<=remote: ).+", "%NUGET_FEED%"))
        succeed "paket install" exitCode

    /// The C# files, as `dotnet format` names them; without its slash, a folder would name none.
    let private filesOfCSharp = "--folder --include src/ tests/ samples/ --verbosity quiet"

    /// Formats the F# and the C# sources. (The compiler itself sees to the C# style.)
    let format Tools =
        dotnet "fantomas src tests samples docs build.fsx"
        dotnet $"format whitespace {filesOfCSharp}"
        Formatted

    /// Fails where `format` would change something.
    let checkFormat Tools =
        dotnet "fantomas --check src tests samples docs build.fsx"
        dotnet $"format whitespace --verify-no-changes {filesOfCSharp}"
        Formatted

    /// Builds gmm_torch, the bridge to libtorch: to that of the system; or, after --torch or in the variable Torch_DIR, to the
    /// one in a folder, such as the Python package torch. The projects then copy it beside their assemblies.
    let buildTorch arguments =
        let folder =
            match arguments with
            | [ "--torch"; folder ] -> Some(Path.GetFullPath folder)
            | [] -> Environment.GetEnvironmentVariable "Torch_DIR" |> Option.ofObj |> Option.filter ((<>) "")
            | _ ->
                eprintfn "error: torch takes --torch and the folder of a libtorch, or nothing"
                exit 2

        let work = Path.Combine(torchOutput, "build")

        // CMake would remember another libtorch.
        if Directory.Exists work then
            Directory.Delete(work, recursive = true)

        cmake
            [ "-S"
              "src/Gmm.Torch/native"
              "-B"
              work
              "-DCMAKE_BUILD_TYPE=Release"
              $"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={torchOutput}"
              $"-DCMAKE_RUNTIME_OUTPUT_DIRECTORY={torchOutput}"
              for folder in Option.toList folder do
                  $"-DTorch_DIR={folder}" ]

        cmake [ "--build"; work; "--config"; "Release" ]

    /// Compiles every project in Release; a warning is an error.
    let build Packages =
        dotnet "build Gmm.sln -c Release --no-restore --verbosity quiet -clp:NoSummary"
        Built

    /// The settings that switch off the runtime's vector instructions, for further runs of the kernels' tests: all of
    /// them, those of 256 bits or more, and those of 512 bits.
    let private switchedOff = [ "EnableHWIntrinsic"; "EnableAVX2"; "EnableAVX512" ]

    /// A run of a test program: a name for it, its project, its arguments and variables of the environment.
    type private Run =
        { Name: string
          Project: string
          Arguments: string list
          Environment: (string * string) list }

    /// Runs a test program, which writes its results to a file, and returns its exit code. Tests in C# run on xunit,
    /// those in F# on Expecto.
    let private runProgram (run: Run) =
        let file = Path.Combine(testResults, $"{run.Name}.xml")

        let report =
            match run.Project with
            | "Gmm.CSharp.Tests"
            | "Gmm.ML.Tests"
            | "Gmm.Orleans.Tests" -> [ "-noLogo"; "-noColor"; "-junit"; file ]
            | _ -> [ "--no-spinner"; "--colours"; "0"; "--fail-on-focused-tests"; "--junit-summary"; file ]

        let start = dotnetStart (testProgram run.Project) (report @ run.Arguments)
        start.RedirectStandardOutput <- true
        start.RedirectStandardError <- true

        for name, value in run.Environment do
            start.Environment[name] <- value

        // Programs run side by side, so each line names its program.
        let tell (line: string) =
            if not (String.IsNullOrWhiteSpace line) then
                Console.Out.WriteLine $"[{run.Name}] {line}"

        use child = new Process(StartInfo = start)
        use ends = new CountdownEvent 2

        let hear (line: string) = if isNull line then ends.Signal() |> ignore else tell line

        child.OutputDataReceived.Add(fun line -> hear line.Data)
        child.ErrorDataReceived.Add(fun line -> hear line.Data)
        child.Start() |> ignore
        child.BeginOutputReadLine()
        child.BeginErrorReadLine()
        // Without a limit of time, it would also wait for the output of processes that outlive the program.
        child.WaitForExit Int32.MaxValue |> ignore
        ends.Wait(TimeSpan.FromSeconds 5.0) |> ignore
        child.ExitCode

    /// How many test programs run side by side. Each spends much of its time on one thread, or waiting.
    let private atOnce = min 4 Environment.ProcessorCount

    /// Runs test programs side by side, and returns their exit codes.
    let private runPrograms (runs: Run list) : int list =
        let waiting = ConcurrentQueue runs

        let work () =
            [ let mutable run = Unchecked.defaultof<Run>

              while waiting.TryDequeue &run do
                  try
                      runProgram run
                  with trouble ->
                      eprintfn $"error: {run.Name} could not run: {trouble.Message}"
                      1 ]

        List.init atOnce (fun _ -> Task.Run work) |> List.collect _.Result

    /// Runs test programs and exits. The last line is the sum of all.
    let private runTests (runs: Run list) =
        if Directory.Exists testResults then
            Directory.Delete(testResults, recursive = true)

        Directory.CreateDirectory testResults |> ignore
        let exitCodes = runPrograms runs
        let results = Directory.GetFiles(testResults, "*.xml") |> List.ofArray |> List.collect readResults
        let count isOne = results |> List.filter (_.Outcome >> isOne) |> List.length
        let passed, failed, skipped = count _.IsPassed, count _.IsFailed, count _.IsSkipped

        for result in results do
            match result.Outcome with
            | Failed message ->
                let message = message.Trim().ReplaceLineEndings "\n    "
                printfn $"\nFAILED {result.Name}\n    {message}"
            | Passed
            | Skipped -> ()

        printfn "\nThe slowest tests:"

        for result in results |> List.sortByDescending _.Duration |> List.truncate 5 do
            printfn $"%8.2f{result.Duration.TotalSeconds} s  {result.Name}"

        let ofTorch = results |> List.filter (fun result -> Regex.IsMatch(result.Name, @"^Torch\b"))
        let passedOfTorch = ofTorch |> List.filter _.Outcome.IsPassed |> List.length

        if not ofTorch.IsEmpty then
            printfn $"\nOf the {ofTorch.Length} tests on devices {passedOfTorch} passed."

        let complete = passed > 0 && List.forall ((=) 0) exitCodes

        if not complete && failed = 0 then
            printfn "\nNo test failed, but not every test could run; see above."

        printfn $"\n{passed} passed, {failed} failed, {skipped} skipped"
        exit (if complete then 0 else 1)

    let private runOf arguments project =
        { Name = project
          Project = project
          Arguments = arguments
          Environment = [] }

    /// Runs all tests, and those of the kernels again with narrower vectors. If arguments name a project, runs only its tests, and
    /// what follows goes to its program.
    let test arguments Formatted Built =
        match arguments with
        | project :: rest when File.Exists(Path.Combine(root, testProgram project)) -> runTests [ runOf rest project ]
        | project :: _ ->
            eprintfn $"error: there is no program of tests called '{project}'"
            exit 2
        | [] ->
            // The longest come first, so that none runs alone at the end.
            runTests
                [ runOf [] "Gmm.Tests"
                  runOf [] "Gmm.Orleans.Tests"

                  for switch in switchedOff do
                      { runOf [ "--kernels" ] "Gmm.Tests" with
                          Name = $"Gmm.Tests without {switch}"
                          Environment = [ ($"DOTNET_{switch}", "0") ] }

                  yield!
                      [ "Gmm.Outside.Tests"; "Gmm.CSharp.Tests"; "Gmm.ML.Tests"; "Gmm.Tables.Tests" ]
                      |> List.map (runOf []) ]

    /// Restores Gmm.DiffSharp and its tests from NuGet's own sources, and a further one after --source. None, and a word of it,
    /// when none of these has DiffSharp.
    let restoreDiffSharp arguments Tools =
        match arguments with
        | [] -> ()
        | [ "--source"; source ] ->
            // NuGet's own variable for sources beside the configured ones; a folder is meant from here, not from the projects.
            let source = if Directory.Exists source then Path.GetFullPath source else source
            Environment.SetEnvironmentVariable("RestoreAdditionalProjectSources", source)
        | _ ->
            eprintfn "error: diffsharp takes --source and a folder or feed of packages, or nothing"
            exit 2

        let command = "restore tests/Gmm.DiffSharp.Tests --verbosity quiet"
        let start = dotnetStart command []
        start.RedirectStandardOutput <- true
        use child = Process.Start start
        let output = child.StandardOutput.ReadToEnd()
        child.WaitForExit()
        // No such package, no such version, or only a preview of it.
        let missing = Regex.Match(output, @"NU110[123]: (.*DiffSharp\..*?)( \[.*)?\r?$", RegexOptions.Multiline)

        if child.ExitCode = 0 then
            Some Packages
        elif missing.Success then
            printfn $"{missing.Groups[1].Value}\n"

            printfn
                "skipped: DiffSharp.Core 1.0.7 cannot be restored from the configured sources. Name one that has it:"

            printfn "    dotnet fsi build.fsx diffsharp -- --source FOLDER"
            None
        else
            printfn $"{output}"
            succeed command child.ExitCode
            None

    /// Compiles Gmm.DiffSharp and its tests in Release, which are not in the solution.
    let buildDiffSharp Packages =
        dotnet "build tests/Gmm.DiffSharp.Tests -c Release --no-restore --verbosity quiet -clp:NoSummary"
        Built

    /// Runs the tests of Gmm.DiffSharp.
    let testDiffSharp Built = runTests [ runOf [] "Gmm.DiffSharp.Tests" ]

    /// Restores Paket alone of the local tools: the demo needs no other.
    let private restorePaket () =
        setFeed ()
        let manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(root, ".config", "dotnet-tools.json")))
        let tools = manifest["tools"].AsObject()

        for other in [ for tool in tools -> tool.Key ] |> List.except [ "paket" ] do
            tools.Remove other |> ignore

        let ofPaket = Path.Combine(root, "artifacts", "paket", "dotnet-tools.json")
        Directory.CreateDirectory(Path.GetDirectoryName ofPaket) |> ignore
        File.WriteAllText(ofPaket, manifest.ToJsonString())
        dotnetWith [ "--tool-manifest"; ofPaket ] "tool restore --verbosity quiet"

    /// Everything that the demo is made of: the names, the sizes and the times of its files.
    let private ingredients () =
        let within folder = Directory.GetFiles(Path.Combine(root, folder), "*", SearchOption.AllDirectories)

        [ for file in Array.concat [ Directory.GetFiles root; within ".paket"; within "src"; within "samples" ] do
              if not (Regex.IsMatch(file, @"[/\\](bin|obj)[/\\]")) then
                  let info = FileInfo file
                  $"{Path.GetRelativePath(root, file)} {info.Length} {info.LastWriteTimeUtc.Ticks}" ]
        |> List.sort
        |> String.concat "\n"

    let private demo = Path.Combine(root, "samples", "Gmm.Demo", "bin", "Release", "net10.0", "Gmm.Demo.dll")

    /// Restores and compiles the demo and the projects that it references, no others; nothing if they are as they were.
    let buildDemo () =
        let stamp = Path.Combine(root, "artifacts", "demo.stamp")
        let now = ingredients ()

        if not (File.Exists demo && File.Exists stamp && File.ReadAllText stamp = now) then
            // Paket would restore the packages of every project; each project restores its own.
            let restoreAndBuild command = dotnet $"{command} -p:PaketDisableGlobalRestore=true --verbosity quiet"

            printfn "Restoring Paket …"
            restorePaket ()
            printfn "Restoring the packages of the demo …"
            restoreAndBuild "restore samples/Gmm.Demo"
            printfn "Compiling the library and the demo, which takes about a minute the first time …"
            restoreAndBuild "build samples/Gmm.Demo -c Release --no-restore -clp:NoSummary"
            File.WriteAllText(stamp, now)

        Demo

    /// Runs the demo in the repository root and returns its exit code.
    let runDemo arguments Demo = tryDotnet "exec" (demo :: arguments)

    /// Compiles the sample of a cluster and what it needs, and runs it with three silos on this machine.
    let runCluster arguments Packages =
        let sample = Path.Combine("samples", "Gmm.Cluster")
        dotnet $"build {sample} -c Release --no-restore --verbosity quiet -clp:NoSummary"
        let program = Path.Combine(root, sample, "bin", "Release", "net10.0", "Gmm.Cluster.dll")
        tryDotnet "exec" (program :: "demo" :: arguments)

    /// Compiles the sample that fits more numbers than fit in memory, and runs it with 320 MiB.
    let runParquet arguments Packages =
        let sample = Path.Combine("samples", "Gmm.LargerThanMemory")
        dotnet $"build {sample} -c Release --no-restore --verbosity quiet -clp:NoSummary"
        Environment.SetEnvironmentVariable("DOTNET_GCHeapHardLimit", "0x14000000")

        tryDotnet
            "exec"
            (Path.Combine(root, sample, "bin", "Release", "net10.0", "Gmm.LargerThanMemory.dll") :: arguments)

    /// The links, pictures and scripts in the pages of a folder that lead nowhere: a file that isn't there, or no element of that
    /// name in it. Addresses of other sites are not asked.
    let brokenLinks (folder: string) =
        let attributes names page =
            [ for found in Regex.Matches(page, $"""(?<=\s)(?:{names})=(?:"([^"]*)"|'([^']*)')""") ->
                  Net.WebUtility.HtmlDecode(found.Groups[1].Value + found.Groups[2].Value) ]

        let pages =
            Map
                [ for page in Directory.GetFiles(folder, "*.html", SearchOption.AllDirectories) ->
                      let text =
                          Regex.Replace(
                              File.ReadAllText page,
                              "(?<=<script[^>]*>).*?(?=</script>)|<!--.*?-->",
                              "",
                              RegexOptions.Singleline
                          )

                      page, (attributes "href|src" text, set (attributes "id|name" text)) ]

        let leadsNowhere page (link: string) =
            let target = Uri(Uri(Uri(page: string).AbsoluteUri), link)
            let path = target.LocalPath
            let path = if path.EndsWith '/' then path + "index.html" else path
            let anchor = Uri.UnescapeDataString(target.Fragment.TrimStart '#')

            target.IsFile
            && (not (File.Exists path)
                || (anchor <> "" && pages.ContainsKey path && not ((snd pages[path]).Contains anchor)))

        [ for KeyValue(page, (links, _)) in pages do
              for link in List.distinct links do
                  if Path.GetDirectoryName page = folder && leadsNowhere page link then
                      $"{Path.GetRelativePath(folder, page)}: {link}" ]

    /// Mends a page of the reference.
    let private mendReference (page: string) =
        // The paragraphs of F#'s summaries are within another, which HTML doesn't allow.
        let page = Regex.Replace(page, @"(<p class=""fsdocs-summary"">)\s*<p>", "$1")
        let page = Regex.Replace(page, @"</p>\s*</p>", "</p>")
        // The code of examples keeps the margin that it has in the XML file.
        let example = "(?s)(?<=<p class=\"fsdocs-example\">\\s*<pre[^>]*>).*?(?=</pre>)"
        let withoutMargin (code: Match) = Regex.Replace(code.Value, "(?m)(?<=^|<code[^>]*>) {12}", "")
        Regex.Replace(page, example, withoutMargin)

    /// Makes the pages of fsdocs a site that lies anywhere, on the disk or below any address: links from the root, which begin with
    /// a marker, become relative ones; the index of the search becomes a script, because a page on the disk may load no other
    /// data; and what no page uses goes.
    let private finishSite (folder: string) (marker: string) =
        let pages = Directory.GetFiles(folder, "*.html", SearchOption.AllDirectories)

        for page in pages do
            let depth = Path.GetRelativePath(folder, page).Split(Path.DirectorySeparatorChar).Length - 1
            // What a script prints may name files of this checkout.
            let text = (File.ReadAllText page).Replace(marker, String.replicate depth "../").Replace($"{root}/", "")
            File.WriteAllText(page, (if depth > 0 then mendReference text else text))

        let indexOfFsdocs = Path.Combine(folder, "index.json")
        use index = JsonDocument.Parse((File.ReadAllText indexOfFsdocs).Replace($"{root}/", ""))
        let withoutMarkup text = Net.WebUtility.HtmlDecode(Regex.Replace(text, "<[^>]+>", " "))

        let entries =
            [ for entry in index.RootElement.EnumerateArray() do
                  let text (name: string) = entry.GetProperty(name).GetString()

                  let headings =
                      [ for heading in entry.GetProperty("headings").EnumerateArray() -> heading.GetString() ]

                  let title = (text "title").Trim()
                  let content = Regex.Replace(withoutMarkup (text "content"), @"\s+", " ").Trim()

                  // A member's text begins with its full name and its name.
                  let content =
                      if text "type" = "apiDocs" && content.StartsWith title then
                          content.Substring(title.Length).Trim()
                      else
                          content

                  {| path = (text "uri").Replace(marker, "")
                     title = title
                     headings = String.Join('\n', headings)
                     text = content |} ]

        File.WriteAllText(
            Path.Combine(folder, "search-index.js"),
            $"const searchIndex = {JsonSerializer.Serialize entries};\n"
        )

        File.Delete indexOfFsdocs
        File.Delete(Path.Combine(folder, "NuGet.config"))
        Directory.Delete(Path.Combine(folder, "content", "img"), recursive = true)
        let anyPage = File.ReadAllText(Path.Combine(folder, "index.html"))

        for file in Directory.GetFiles(Path.Combine(folder, "content")) do
            if not (anyPage.Contains $"content/{Path.GetFileName file}") then
                File.Delete file

    /// Writes the documentation, to be read from the disk or from any address. Its scripts are run, and their results become
    /// part of the pages; the formulas that tests check become the page `formulas`.
    let docs Tools Built =
        // fsdocs lets an exception pass that a script throws, and shows no result. So every script must first run alone.
        Directory.GetFiles(Path.Combine(root, "docs"), "*.fsx")
        |> Array.Parallel.map (fun script -> script, tryDotnet "fsi --quiet --exec" [ script ])
        |> Array.iter (fun (script, exitCode) -> succeed $"fsi --quiet --exec {script}" exitCode)

        File.WriteAllText(Path.Combine(root, "docs", "formulas.md"), formulasPage (readFormulas ()))

        let marker = "site:/"

        "fsdocs build --strict --eval --clean --properties Configuration=Release FsDocsGenerateLlmsTxt=false"
        |> dotnetWith [ "--output"; docsOutput; "--parameters"; "root"; marker ]

        for page in Directory.GetFiles(docsOutput, "*.html") do
            if File.ReadAllText(page).Contains "No value returned by any evaluator" then
                succeed $"fsdocs build (a result is missing in {page})" 1

        finishSite docsOutput marker
        let broken = brokenLinks docsOutput

        for link in broken do
            eprintfn $"error: a link leads nowhere, {link}"

        succeed "fsdocs build (links are broken)" (if broken.IsEmpty then 0 else 1)
        printfn $"Open {docsOutput}/index.html"

    /// Draws the picture of the README and of the documentation's first page: the demo's of Old Faithful.
    let picture demo =
        runDemo [] demo |> succeed "Gmm.Demo.dll"
        let drawn = Path.Combine(root, "artifacts", "faithful.svg")
        File.Copy(drawn, Path.Combine(root, "docs", "img", "faithful.svg"), overwrite = true)

    /// The platforms for which the package of Gmm.FSharp carries code that was compiled ahead of time.
    let private platforms = [ "linux-arm64"; "linux-x64"; "osx-arm64"; "win-x64" ]

    /// Where the assembly for a platform is in the package of Gmm.FSharp, and in `readyToRunOutput`.
    let private folderOf platform = $"runtimes/{platform}/lib/net10.0"

    /// This machine's, if it is one of them.
    let private own =
        let system =
            if OperatingSystem.IsLinux() then "linux"
            elif OperatingSystem.IsMacOS() then "osx"
            elif OperatingSystem.IsWindows() then "win"
            else "other"

        let processor = (string RuntimeInformation.ProcessArchitecture).ToLowerInvariant()
        platforms |> List.filter ((=) $"{system}-{processor}")

    /// Compiles Gmm.FSharp, and its code ahead of time for some of the platforms.
    let private compileAhead chosen =
        dotnet "build src/Gmm.FSharp -c Release --no-restore --verbosity quiet -clp:NoSummary"

        if Directory.Exists readyToRunOutput then
            Directory.Delete(readyToRunOutput, recursive = true)

        for platform in chosen do
            let folder = Path.Combine(readyToRunOutput, folderOf platform)
            dotnetWith [ "-r"; platform; "-o"; folder ] "publish src/ReadyToRun -c Release --verbosity quiet"

    /// Compiles the library ahead of time for this machine, as its package has it: the benchmark of first calls and a test
    /// need it.
    let compileAheadHere Packages = compileAhead own

    /// The packages that each package may depend on.
    let private dependencies =
        Map
            [ "Gmm.FSharp", [ "CsvHelper"; "FSharp.Core"; "MathNet.Numerics"; "System.Numerics.Tensors" ]
              "Gmm.Plots", [ "FSharp.Core"; "Gmm.FSharp" ]
              "Gmm.Plotly", [ "FSharp.Core"; "Gmm.Plots"; "Plotly.NET" ]
              "Gmm.CSharp", [ "Gmm.FSharp"; "Gmm.Plots"; "Gmm.Torch" ]
              "Gmm.ML", [ "Gmm.CSharp"; "Gmm.FSharp"; "Microsoft.ML" ]
              "Gmm.Torch", [ "FSharp.Core"; "Gmm.FSharp" ]
              "Gmm.Arrow", [ "Apache.Arrow"; "Apache.Arrow.Compression"; "FSharp.Core"; "Gmm.FSharp" ]
              "Gmm.DataFrame", [ "FSharp.Core"; "Gmm.FSharp"; "Microsoft.Data.Analysis" ]
              "Gmm.Deedle", [ "Deedle"; "FSharp.Core"; "Gmm.FSharp" ]
              "Gmm.Parquet", [ "FSharp.Core"; "Gmm.FSharp"; "Parquet.Net" ]
              "Gmm.Orleans",
              [ "Gmm.CSharp"
                "Gmm.FSharp"
                "Microsoft.Orleans.Client"
                "Microsoft.Orleans.Sdk"
                "Microsoft.Orleans.Server" ]
              "Gmm.Laws", [ "FSharp.Core"; "FsCheck"; "Gmm.FSharp"; "MathNet.Numerics" ]
              "Gmm.Laws.Expecto", [ "Expecto"; "FSharp.Core"; "Gmm.Laws" ] ]

    /// What is wrong with a package: it depends on others than it may, allows another version of its own kind, or lacks a
    /// text or an assembly.
    let private faults ahead (file: string) =
        use package = ZipFile.OpenRead file
        use nuspec = package.Entries |> Seq.find _.Name.EndsWith(".nuspec") |> _.Open()
        let metadata = XDocument.Load(nuspec).Root.Elements() |> Seq.head
        let named local (element: XElement) = element.Name.LocalName = local

        let text local =
            metadata.Elements() |> Seq.tryFind (named local) |> Option.map _.Value |> Option.defaultValue ""

        let needed =
            [ for element in metadata.Descendants() |> Seq.filter (named "dependency") ->
                  element.Attribute(XName.Get "id").Value, element.Attribute(XName.Get "version").Value ]

        let own = "[" + text "version" + "]"
        let expected = dependencies |> Map.tryFind (text "id") |> Option.defaultValue []
        let files = package.Entries |> Seq.map _.FullName |> Set

        [ if List.sort (List.map fst needed) <> expected then
              $"""depends on {String.Join(", ", List.map fst needed)}"""
          for id, version in needed do
              if id.StartsWith "Gmm." && version <> own then
                  $"{id} {version} instead of the same version"
          for local in [ "description"; "tags"; "releaseNotes"; "license"; "authors" ] do
              if text local = "" then
                  $"no {local}"
          for local in [ "readme"; "icon" ] do
              if not (files.Contains(text local)) then
                  $"no {local}"
          if text "id" = "Gmm.FSharp" then
              for platform in ahead do
                  if not (files.Contains(folderOf platform + "/Gmm.FSharp.dll")) then
                      $"no code compiled ahead of time for {platform}" ]
        |> List.map (fun fault -> $"{Path.GetFileName file}: {fault}")

    /// Deletes NuGet's copies of these packages: it would take them instead of new packages of the same version.
    let private forgetCopies (files: string[]) =
        let start = dotnetStart "nuget locals global-packages --list" []
        start.RedirectStandardOutput <- true
        use child = Process.Start start
        let folder = child.StandardOutput.ReadToEnd().Split(": ", 2) |> Array.last |> _.Trim()
        child.WaitForExit()
        succeed "nuget locals global-packages --list" (if Path.IsPathRooted folder then child.ExitCode else 1)

        for file in files do
            let name = Regex.Match(Path.GetFileNameWithoutExtension file, @"^(.*?)\.(\d.*)$")
            let copy = Path.Combine(folder, name.Groups[1].Value.ToLowerInvariant(), name.Groups[2].Value)

            if name.Success && Directory.Exists copy then
                Directory.Delete(copy, recursive = true)

    /// Writes the NuGet packages, which compiles their projects only, and checks what they need and carry.
    let pack arguments Packages =
        let ahead =
            match arguments with
            | [] ->
                if own.IsEmpty then
                    printfn $"No code is compiled ahead of time for {RuntimeInformation.RuntimeIdentifier}."

                own
            | [ "all" ] -> platforms
            | [ "none" ] -> []
            | _ ->
                eprintfn "error: pack takes all or none, the platforms to compile code for ahead of time, or nothing"
                exit 2

        if Directory.Exists packagesOutput then
            Directory.Delete(packagesOutput, recursive = true)

        compileAhead ahead

        dotnetWith
            [ packagesOutput; $"-p:ReadyToRunFolder={readyToRunOutput}" ]
            "pack Gmm.sln -c Release --no-restore --verbosity quiet -clp:NoSummary --output"

        let files = Directory.GetFiles(packagesOutput, "*.nupkg") |> Array.sort

        let named (id: string) =
            files |> Array.exists (fun file -> Regex.IsMatch(Path.GetFileName file, $@"^{Regex.Escape id}\.\d"))

        let absent =
            [| for id in dependencies.Keys do
                   if not (named id) then
                       $"{id}: there is no package" |]

        let wrong = Array.append absent (files |> Array.collect (faults ahead >> Array.ofList))

        for fault in wrong do
            eprintfn $"error: {fault}"

        succeed "pack (packages are not as they should be)" (if wrong.Length = 0 then 0 else 1)
        forgetCopies files

        for file in files do
            printfn $"{Path.GetFileName file}"

        printfn "\nTo install them from here, in projects and in F# scripts:\n"
        printfn $"    dotnet nuget add source \"{packagesOutput}\" --name gmm"
        printfn $"    #i \"nuget: {packagesOutput}\""

    /// Compiles the program of the peers' benchmark that uses Armadillo. Where that can't be done, the benchmark goes on without it.
    let buildPeers () =
        let program = Path.Combine(peersOutput, "armadillo_em")
        Directory.CreateDirectory peersOutput |> ignore
        File.Delete program

        try
            let source = "tests/Gmm.Benchmarks/peers/armadillo_em.cpp"
            let arguments = [ "-O3"; "-march=native"; "-fopenmp"; source; "-o"; program; "-larmadillo" ]
            use child = Process.Start(ProcessStartInfo("g++", arguments, WorkingDirectory = root))
            child.WaitForExit()
        with :? ComponentModel.Win32Exception ->
            eprintfn "There is no g++ to compile Armadillo's program with."

    /// Compiles the benchmarks in Release, and the library, which is all that they reference.
    let buildBenchmarks Packages =
        dotnet "build tests/Gmm.Benchmarks -c Release --no-restore --verbosity quiet -clp:NoSummary"
        Benchmarks

    /// Runs the benchmark that the arguments name, with further words of its own.
    let benchmark arguments Benchmarks =
        dotnetWith arguments "run --project tests/Gmm.Benchmarks -c Release --no-build --"

open Steps

/// The steps that every target begins with.
let prepare () =
    let tools = restoreTools ()
    tools, restorePackages tools

/// The steps up to a compiled solution.
let compile () =
    let tools, packages = prepare ()
    tools, build packages

/// The formatting is checked first, for it takes less time than to compile.
let checkAndTest arguments =
    let tools = restoreTools ()
    let formatted = checkFormat tools
    let packages = restorePackages tools
    let built = build packages

    if Environment.GetEnvironmentVariable "GMM_AHEAD_TESTS" = "required" then
        compileAheadHere packages

    test arguments formatted built

/// The first argument chooses the benchmarks; without it they are those of the kernels.
let bench arguments =
    let packages = prepare () |> snd

    match List.tryHead arguments with
    | Some "peers" -> buildPeers ()
    | Some "cold" -> compileAheadHere packages
    | _ -> ()

    packages |> buildBenchmarks |> benchmark arguments

/// A target: its name, its purpose, and what it does with the arguments that follow its name.
let targets: (string * string * (string list -> unit)) list =
    [ "run", "run the demo: run -- data.csv --components 3", (fun args -> buildDemo () |> runDemo args |> exit)
      "test",
      "check the formatting, compile, and run all tests; or some: test -- Gmm.Tests --filter-test-list EM",
      checkAndTest
      "build", "compile everything", (fun _ -> compile () |> ignore)
      "torch",
      "build gmm_torch for libtorch, and compile: torch --torch DIR",
      (fun args ->
          buildTorch args
          compile () |> ignore)
      "diffsharp",
      "build and test Gmm.DiffSharp: diffsharp -- --source FOLDER",
      (fun args -> restoreTools () |> restoreDiffSharp args |> Option.iter (buildDiffSharp >> testDiffSharp))
      "cluster",
      "fit on three silos on this machine, one of which is killed: cluster -- --rows 100000",
      (fun args -> prepare () |> snd |> runCluster args |> exit)
      "parquet",
      "fit Parquet files larger than the memory of the process: parquet -- 10 (millions of rows)",
      (fun args -> prepare () |> snd |> runParquet args |> exit)
      "format", "format all sources", (fun _ -> restoreTools () |> format |> ignore)
      "docs", "write the documentation to artifacts/docs", (fun _ -> compile () ||> docs)
      "picture", "draw the picture of the README, docs/img/faithful.svg", (fun _ -> buildDemo () |> picture)
      "pack",
      "write the NuGet packages to artifacts/packages; to publish them: pack -- all",
      (fun args -> prepare () |> snd |> pack args)
      "bench", "run the benchmarks: bench kernels -- --filter *, peers, cold, cancellation, or regressions", bench
      "update", "bring paket.lock up to date", (fun _ -> restoreTools () |> updatePackages) ]

let printUsage () =
    printfn "Usage: dotnet fsi build.fsx <target> [-- arguments]\n"

    for name, purpose, _ in targets do
        printfn $"    %-11s{name}{purpose}"

match List.ofArray fsi.CommandLineArgs |> List.tail with
| [] -> printUsage ()
| name :: arguments ->
    match targets |> List.tryFind (fun (target, _, _) -> target = name) with
    | Some(_, _, perform) -> perform arguments
    | None ->
        eprintfn $"error: unknown target '{name}'"
        printUsage ()
        exit 2
