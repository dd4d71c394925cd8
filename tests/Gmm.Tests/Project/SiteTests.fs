/// The site that `docs` writes: what it holds beside its pages, and that it can be read from anywhere.
module Gmm.Tests.SiteTests

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open Gmm.Tests.Support

/// The folder of the site; the test is skipped where it was not written.
let private site () =
    let folder = Path.Combine(repositoryRoot.Value, "artifacts", "docs")

    if not (File.Exists(Path.Combine(folder, "index.html"))) then
        skipUnless "GMM_BROWSER_TESTS" "There is no documentation: run `dotnet fsi build.fsx docs`."

    folder

let private pages folder = Directory.GetFiles(folder, "*.html", SearchOption.AllDirectories)

[<Tests>]
let tests =
    testList
        "Site"
        [ testCase "the site holds pages, and what they use" (fun () ->
              let folder = site ()

              let others =
                  [ for file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) do
                        if
                            Path.GetExtension file <> ".html" && Path.GetFileName(Path.GetDirectoryName file) <> "img"
                        then
                            Path.GetRelativePath(folder, file).Replace('\\', '/') ]

              Assert.Equal<string list>(
                  [ "content/fsdocs-copy-button.js"
                    "content/fsdocs-default.css"
                    "content/fsdocs-theme.css"
                    "content/fsdocs-theme.js"
                    "content/fsdocs-tips.js"
                    "content/search.js"
                    "content/theme.js"
                    "em-from-scratch.json"
                    "em-from-scratch.py"
                    "search-index.js" ],
                  List.sort others
              ))
          testCase "no page names a place on the disk where it was built" (fun () ->
              let folder = site ()

              for page in pages folder do
                  let text = File.ReadAllText page
                  Assert.False(text.Contains repositoryRoot.Value, page)
                  Assert.False(text.Contains "file://" || text.Contains "site:/", page))
          testCase "no text of a page shows LaTeX or the marks of Markdown" (fun () ->
              let folder = site ()

              for page in pages folder do
                  let text =
                      Regex.Replace(
                          File.ReadAllText page,
                          "<script.*?</script>|<style.*?</style>|<pre.*?</pre>|<code.*?</code>|<div[^>]*class=\"fsdocs-tip\".*?</div>|<[^>]*>",
                          "",
                          RegexOptions.Singleline
                      )

                  let found = Regex.Match(text, @"\\(frac|sum|ln|exp|mu|Sigma|eta|pi|left|mathrm)\b|\$\$|`")
                  Assert.False(found.Success, $"{page}: {found.Value}"))
          testCase "the index of the search has every page and the members of the reference" (fun () ->
              let folder = site ()
              let script = File.ReadAllText(Path.Combine(folder, "search-index.js"))
              let found = Regex.Match(script, @"^const searchIndex = (\[.*\]);\s*$", RegexOptions.Singleline)
              Assert.True found.Success
              use index = JsonDocument.Parse found.Groups[1].Value

              let paths =
                  set
                      [ for entry in index.RootElement.EnumerateArray() ->
                            entry.GetProperty("path").GetString().Split('#', StringSplitOptions.None)[0] ]

              for page in Directory.GetFiles(folder, "*.html") do
                  Assert.Contains(Path.GetFileName page, paths)

              Assert.Contains("reference/gmm-rowpredictor.html", paths)

              for path in paths do
                  Assert.True(File.Exists(Path.Combine(folder, path)), path)) ]
