/// What Chromium shows of the figures and of the documentation: it opens them from the disk, logs nothing, and draws every mark.
module Gmm.Tests.BrowserTests

open System
open System.Diagnostics
open System.IO
open System.Net
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open Gmm
open Gmm.Tests.Support

// ── The browser ─────────────────────────────────────────────────────────────────────────────────────────────────────

/// Ends a test that this machine can't run; where the tests of the browser are required, as in CI, it fails.
let private skip reason = skipUnless "GMM_BROWSER_TESTS" reason

/// Chromium, or a browser of its kind: the one in GMM_BROWSER, else the first on the PATH.
let private browser =
    lazy
        (let names = [ "chromium"; "chromium-browser"; "google-chrome"; "google-chrome-stable" ]
         let folders = (Environment.GetEnvironmentVariable "PATH").Split Path.PathSeparator

         Environment.GetEnvironmentVariable "GMM_BROWSER"
         |> Option.ofObj
         |> Option.orElse (
             Seq.allPairs names folders
             |> Seq.map (fun (name, folder) -> Path.Combine(folder, name))
             |> Seq.tryFind File.Exists
         ))

/// The marks that are looked for, by CSS selectors. An entry of a legend is counted by its text, and its sign is no mark.
let private marks =
    [ "points", ".gmm-point > *:not(.gmm-legend *)"
      "ellipses", ".gmm-ellipse ellipse"
      "means", ".gmm-mean"
      "starts", ".gmm-start"
      "rings", ".gmm-ring > *"
      "curves", ".gmm-curve:not(.gmm-legend *)"
      "bars", ".gmm-bar"
      "pixels", ".gmm-pixels > *"
      "axes", ".gmm-axis:not(.gmm-levels *)"
      "ticks", ".gmm-tick text"
      "legend", ".gmm-legend text"
      "levels", ".gmm-levels rect"
      "pictures", "svg.gmm-picture"
      "headings", "main h1"
      "menu", "#fsdocs-main-menu a[href]"
      "controls", ".gmm-controls > *" ]

/// Runs in the page that holds all others as frames, and writes what they show as JSON into itself. A mark counts when it has
/// a size, lies at least partly within its picture, is visible and has paint.
let private probe =
    """
const isPaint = paint => paint !== 'none' && paint !== 'transparent' && !/^rgba.*, 0\)$/.test(paint);
function isDrawn(mark, view) {
    const root = (mark.closest('svg.gmm-picture') ?? mark).getBoundingClientRect();
    const box = mark.getBoundingClientRect(), style = view.getComputedStyle(mark);
    const paints = element => {
        const style = view.getComputedStyle(element);
        return isPaint(style.fill) && Number(style.fillOpacity) > 0
            || isPaint(style.stroke) && Number(style.strokeOpacity) > 0 && parseFloat(style.strokeWidth) > 0;
    };
    return box.width + box.height > 0
        && box.right >= root.left && box.left <= root.right && box.bottom >= root.top && box.top <= root.bottom
        && style.display !== 'none' && style.visibility === 'visible' && Number(style.opacity) > 0
        && (paints(mark) || [...mark.querySelectorAll('*')].some(paints));
}
function look(frame) {
    const view = frame.contentWindow, page = frame.contentDocument;
    const count = selector => [...page.querySelectorAll(selector)].filter(mark => isDrawn(mark, view)).length;
    const shown = { drawn: {}, missing: [...page.images].filter(image => !image.naturalWidth).map(image => image.src) };
    for (const [name, selector] of marks) shown.drawn[name] = count(selector);
    const slider = page.querySelector('input[type=range]');
    if (slider) {
        const at = value => {
            slider.value = value;
            slider.dispatchEvent(new view.Event('input'));
            return [...page.querySelectorAll('.gmm-ellipse ellipse')].map(ellipse => ellipse.getBoundingClientRect())
                .map(box => [box.x, box.y, box.width, box.height].map(Math.round).join(' ')).join();
        };
        const first = at(slider.min), last = at(slider.max);
        shown.moves = first !== last && first === at(slider.min);
    }
    return shown;
}
addEventListener('load', () => {
    const shown = [...document.querySelectorAll('iframe')].map(look);
    document.getElementById('shown').textContent = JSON.stringify(shown);
});
"""

/// What a browser shows of one file.
type private Shown =
    {
        File: string
        Drawn: Map<string, int>
        /// Images that could not be read.
        Missing: string list
        /// Whether the slider of an animation moves the ellipses; None without a slider.
        Moves: bool option
    }

/// Opens files, each in a frame of its own; what they show, and every line that they log on the console.
let private opened (files: string list) : Shown list * string list =
    let browser =
        browser.Value |> Option.defaultWith (fun () -> skip "There is no Chromium: install the package chromium.")

    inFolder (fun folder ->
        let host = Path.Combine(folder, "host.html")
        let frame (file: string) = $"""<iframe src="{Uri(file).AbsoluteUri}"></iframe>"""

        File.WriteAllText(
            host,
            $"""<!doctype html><meta charset="utf-8"><style>iframe{{position:absolute;left:0;top:0;width:1280px;height:960px}}</style>
{files |> List.map frame |> String.concat "\n"}
<pre id="shown"></pre>
<script>const marks = {JsonSerializer.Serialize [| for name, selector in marks -> [| name; selector |] |]};{probe}</script>"""
        )

        let start =
            ProcessStartInfo(
                browser,
                [ "--headless"
                  "--no-sandbox"
                  "--disable-gpu"
                  "--disable-dev-shm-usage"
                  "--allow-file-access-from-files"
                  "--window-size=1280,960"
                  "--virtual-time-budget=10000"
                  "--enable-logging=stderr"
                  "--v=0"
                  $"--user-data-dir={folder}/profile"
                  "--dump-dom"
                  Uri(host).AbsoluteUri ],
                RedirectStandardOutput = true,
                RedirectStandardError = true
            )

        use run = Process.Start start
        let page, log = run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync()

        if not (run.WaitForExit(TimeSpan.FromMinutes 10.0)) then
            run.Kill(entireProcessTree = true)
            Assert.Fail "The browser did not end within ten minutes."

        let shown = Regex.Match(page.Result, """<pre id="shown">(.+?)</pre>""", RegexOptions.Singleline)
        Assert.True(shown.Success, $"The browser did not open the pages:\n{log.Result}")
        use json = JsonDocument.Parse(WebUtility.HtmlDecode shown.Groups[1].Value)

        let ofPage (file: string) (page: JsonElement) =
            { File = Path.GetFileName file
              Drawn =
                Map [ for mark in (page.GetProperty "drawn").EnumerateObject() -> mark.Name, mark.Value.GetInt32() ]
              Missing = [ for address in (page.GetProperty "missing").EnumerateArray() -> address.GetString() ]
              Moves =
                match page.TryGetProperty "moves" with
                | true, moves -> Some(moves.GetBoolean())
                | false, _ -> None }

        List.map2 ofPage files (List.ofSeq (json.RootElement.EnumerateArray())),
        [ for line in log.Result.Split '\n' do
              if line.Contains ":CONSOLE" then
                  line ])

/// Opens the files that a function writes into a fresh folder.
let private openedIn (write: string -> string list) = inFolder (write >> opened)

// ── Figures ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// How many of each mark the figures of `PlotTests.gallery` have, of the 272 rows of Old Faithful or the 150 of iris; of marks
/// that are not named there is none.
let private expected =
    let axes = "axes", 2

    Map
        [ "scatter", [ axes; "points", 272; "ellipses", 2 * 3; "means", 2; "legend", 2 ]
          // Five rows are in another component than most of their class.
          "classes", [ axes; "points", 150; "rings", 5; "ellipses", 3 * 3; "means", 3; "legend", 3 + 1 ]
          "log-densities", [ axes; "points", 150; "ellipses", 3 * 3; "means", 3; "legend", 3 ]
          "starts", [ axes; "points", 272; "ellipses", 2 * 3; "means", 2; "starts", 2; "curves", 2; "legend", 2 ]
          "clusters", [ axes; "points", 150; "means", 3; "legend", 3 + 3 ]
          "labelled", [ axes; "points", 150; "legend", 3 ]
          // 2 ∛272 bins; the mixture and a mark at every mean.
          "density", [ axes; "bars", 13; "curves", 2; "means", 2; "legend", 2 + 1 ]
          // The pairs of four features below the diagonal, with two ellipses a component, and four densities.
          "pairs",
          [ "axes", 2 * (6 + 4)
            "points", 6 * 150
            "ellipses", 6 * 3 * 2
            "means", 6 * 3
            "bars", 4 * 11
            "curves", 4 * 3
            "legend", 3 + 3 ]
          "compare", [ "axes", 4; "points", 2 * 272; "ellipses", (2 + 3) * 3; "means", 2 + 3; "legend", 3 ]
          "weights", [ axes; "curves", 2; "legend", 2 ]
          "objective", [ axes; "curves", 1 ]
          // The rows, and the dot that goes along the objective.
          "animation", [ "axes", 4; "points", 272 + 1; "ellipses", 2 * 3; "means", 2; "legend", 2 ]
          // Three structures by two criteria; the best is ringed. Two lines begin above the cut axis.
          "criteria", [ "axes", 4; "points", 2; "curves", 3 * 2; "rings", 1; "legend", 3 ]
          "curves", [ axes; "curves", 2; "legend", 2 ]
          // The lowest pixel is background.
          "images", [ "pixels", 4 - 1 ]
          "means", [ "pixels", 2 * 6 ] ]

/// Fails unless a page shows the figure of a name whole.
let private isWhole name (page: Shown) =
    let wanted = Map(expected[name])

    for mark in [ "points"; "ellipses"; "means"; "starts"; "rings"; "curves"; "bars"; "pixels"; "axes"; "legend" ] do
        let wanted, drawn = wanted |> Map.tryFind mark |> Option.defaultValue 0, page.Drawn[mark]
        Assert.True((drawn = wanted), $"{page.File}: {drawn} {mark} are drawn, not {wanted}")

    Assert.Equal(1, page.Drawn["pictures"])
    Assert.Empty page.Missing
    // At least two ticks on an axis, where one panel may have those of another; and images have a scale of levels.
    Assert.True(page.Drawn["ticks"] >= 4 || page.Drawn["levels"] > 1, $"{page.File}: too few ticks")
    let isMoving = name = "animation" && page.File.EndsWith ".html"
    Assert.Equal((if isMoving then Some true else None), page.Moves)
    Assert.Equal((if isMoving then 3 else 0), page.Drawn["controls"])

[<Tests>]
let figures =
    testList
        "Browser: figures"
        [ testCase "Chromium draws every mark of every kind of figure, as SVG and as HTML, and logs nothing" (fun () ->
              let shown, log =
                  openedIn (fun folder ->
                      [ for name, figure in PlotTests.gallery.Value do
                            for ending in [ "svg"; "html" ] do
                                let path = Path.Combine(folder, $"{name}.{ending}")
                                Figure.save path figure |> GmmError.get
                                path ])

              Assert.Empty log
              Assert.Equal(2 * expected.Count, shown.Length)

              for page in shown do
                  isWhole (Path.GetFileNameWithoutExtension page.File) page)
          testCase "what is wrong in a page is found: an error, a missing file, and marks that can't be seen" (fun () ->
              let shown, log =
                  openedIn (fun folder ->
                      let figure = Figure.html (PlotTests.gallery.Value |> List.find (fst >> (=) "scatter") |> snd)

                      [ "error", figure.Replace("</body>", "<script>throw new Error('thrown')</script></body>")
                        "missing", figure.Replace("</body>", "<img src='nowhere.png'></body>")
                        "hidden",
                        figure.Replace("</style>", ".gmm-mean{visibility:hidden}.gmm-axis{display:none}</style>")
                        "unpainted",
                        figure.Replace("</body>", "<style>.gmm-picture ellipse{fill:none;stroke:none}</style></body>")
                        "elsewhere",
                        figure.Replace("</body>", "<style>.gmm-point{transform:translate(9000px)}</style></body>") ]
                      |> List.map (fun (name, page) ->
                          let path = Path.Combine(folder, $"{name}.html")
                          File.WriteAllText(path, page)
                          path))

              let drawn name mark = (shown |> List.find (fun page -> page.File = $"{name}.html")).Drawn[mark]
              Assert.Contains(log, fun line -> line.Contains "thrown")
              Assert.Single log |> ignore
              Assert.Equal<int list>([ 0; 1; 0; 0; 0 ], [ for page in shown -> page.Missing.Length ])
              Assert.Equal(2, drawn "error" "means")
              Assert.Equal(0, drawn "hidden" "means")
              Assert.Equal(0, drawn "hidden" "axes")
              Assert.Equal(272, drawn "hidden" "points")
              Assert.Equal(0, drawn "unpainted" "ellipses")
              Assert.Equal(2, drawn "unpainted" "means")
              Assert.Equal(0, drawn "elsewhere" "points")
              Assert.Equal(6, drawn "elsewhere" "ellipses")) ]

// ── The documentation ───────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``the documentation`` =
    testList
        "Browser: the documentation"
        [ testCase "Chromium opens every page of the documentation, logs nothing, and draws its pictures" (fun () ->
              let site = Path.Combine(repositoryRoot.Value, "artifacts", "docs")

              if not (File.Exists(Path.Combine(site, "index.html"))) then
                  skip "There is no documentation: run `dotnet fsi build.fsx docs`."

              let pages = Directory.GetFiles(site, "*.html") |> Array.sort |> List.ofArray
              let shown, log = opened (pages @ [ Path.Combine(site, "reference", "index.html") ])
              Assert.Empty log

              for page, path in Seq.zip shown pages do
                  let headings, menu, pictures, axes =
                      page.Drawn["headings"], page.Drawn["menu"], page.Drawn["pictures"], page.Drawn["axes"]

                  let written = Regex.Count(File.ReadAllText path, """<svg [^>]*class="gmm-picture""")
                  Assert.Empty page.Missing
                  Assert.True((headings = 1), $"{page.File}: {headings} headings")
                  Assert.True(menu >= pages.Length, $"{page.File}: {menu} entries in the menu")
                  Assert.True((pictures = written), $"{page.File}: {pictures} of {written} pictures are drawn")
                  Assert.True(axes >= 2 * written || page.Drawn["pixels"] > 0, $"{page.File}: {axes} axes")

              Assert.Contains(shown, fun page -> page.File = "quickstart.html" && page.Drawn["ellipses"] = 6)) ]
