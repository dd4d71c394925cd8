/// Choosing the number of components and the structure.
module Gmm.Tests.SelectTests

open System.Threading
open Expecto
open Gmm
open Gmm.Tests.Support

let private options =
    { Gmm.defaults with
        Restarts = 5
        Family.RegCovar = Absolute 0.0 }

let private select criterion components structures options source =
    source |> Select.gaussian criterion ignore components structures options

[<Tests>]
let tests =
    testList
        "Select"
        [
          // mclust 6.0's table of iris has VEV with 2 components first: BIC −561.7285 in its sign.
          testCase "iris is described best by two components of structure VEV, with mclust's BIC" (fun () ->
              let selection = (DataSet.iris ()).Source |> select Criterion.Bic [ 1..4 ] Structure.all options |> ok

              Assert.Equal(("VEV", 2), (selection.Best.Name, selection.Best.Components))
              near 5e-5 "BIC" 561.7285 selection.Fit.Bic
              Assert.Equal(56, selection.Candidates.Length))
          testCase "the grid has a line for each number of components and a column for each structure" (fun () ->
              let selection = (DataSet.iris ()).Source |> select Criterion.Bic [ 1; 2 ] [ Full; VEV ] options |> ok

              Assert.Equal<string[]>(
                  [| "K    full      VEV"; "1  829.98   829.98"; "2  574.02   561.73*" |],
                  selection.Grid.ReplaceLineEndings("\n").Split '\n'
              )

              // Five rows hold no six components.
              let few = Support.sourceOf (Array.init 5 (fun n -> [| float (n * n) |]))
              let selection = few |> select Criterion.Bic [ 1; 6 ] [ Spherical ] options |> ok
              Assert.EndsWith("6          –", selection.Grid))
          testCase
              "every candidate is the fit of its own options, in the order asked for, and the best has the lowest criterion"
              (fun () ->
                  let source = (DataSet.faithful ()).Source

                  for criterion in [ Criterion.Bic; Criterion.Icl; Criterion.Aic ] do
                      for threads in [ 1; 3 ] do
                          let execution =
                              { Execution.Default with
                                  Threads = threads }

                          let options = { options with Execution = execution }
                          let selection = source |> select criterion [ 3; 1; 2 ] [ TiedFull; Diag ] options |> ok

                          let expected =
                              [ for structure in [ TiedFull; Diag ] do
                                    for components in [ 3; 1; 2 ] do
                                        source
                                        |> Gmm.fit
                                            { options with
                                                Components = components
                                                Family.Structure = structure }
                                        |> ok ]

                          Assert.Equal<string list>(
                              [ "tied_full"; "tied_full"; "tied_full"; "diag"; "diag"; "diag" ],
                              selection.Candidates |> List.map _.Name
                          )

                          for fit, candidate in List.zip expected selection.Candidates do
                              let judged = ok candidate.Outcome

                              Assert.Equal<int64[]>(
                                  bits (parameters fit.Mixture),
                                  bits (parameters judged.Fit.Mixture)
                              )

                              Assert.Equal(fit.Mixture.Components, candidate.Components)
                              Assert.Equal((fit.Bic, fit.Aic), (judged.Bic, judged.Aic))
                              Assert.Equal(source |> Predict.icl fit |> ok, judged.Icl)
                              Assert.Equal(threads, judged.Fit.Model.Execution.Threads)

                          let least =
                              selection.Candidates
                              |> List.map (fun candidate -> (ok candidate.Outcome).Value criterion)
                              |> List.min

                          Assert.Equal(least, (ok selection.Best.Outcome).Value criterion)
                          Assert.Same((ok selection.Best.Outcome).Fit, selection.Fit))
          testCase "candidates share the k-means of their starts, and have the bits of fits on their own" (fun () ->
              let source = (DataSet.faithful ()).Source

              for start in [ Start.Auto; Start.KMeans ] do
                  let options =
                      { Gmm.defaults with
                          Start = start
                          Restarts = 2
                          Seed = 7 }

                  for candidate in (select Criterion.Bic [ 2; 3 ] Structure.all options source |> ok).Candidates do
                      let alone =
                          source
                          |> Gmm.fit
                              { options with
                                  Components = candidate.Components
                                  Family.Structure = Structure.parse candidate.Name |> ok }
                          |> ok

                      match candidate.Outcome with
                      | Ok judged ->
                          Assert.Equal<int64[]>(bits (parameters alone.Mixture), bits (parameters judged.Fit.Mixture))
                      | Error error -> failwith error.Message)

          testCase "every candidate is reported once" (fun () ->
              let reports = ResizeArray<Candidate<Gaussian>>()
              let source = (DataSet.faithful ()).Source
              let selection = source |> Select.gaussian Criterion.Bic reports.Add [ 1..4 ] [ Full ] options |> ok
              Assert.Equal<int list>([ 1..4 ], reports |> Seq.map _.Components |> Seq.sort |> List.ofSeq)

              Assert.All(
                  reports,
                  fun report -> Assert.Contains(selection.Candidates, fun other -> obj.ReferenceEquals(other, report))
              ))
          // Five rows hold no six components, nor full covariances of five.
          testCase "a candidate that fails is kept with its error, and the others are chosen from" (fun () ->
              let source = sourceOf (Array.init 5 (fun n -> [| float (n * n); float (n % 3) |]))
              let selection = source |> select Criterion.Bic [ 1; 5; 6 ] [ Full ] options |> ok
              Assert.Equal(1, selection.Best.Components)
              Assert.Contains("at most the number of rows, 5", (error selection.Candidates[2].Outcome).Message)

              let lines = selection.Table.Split System.Environment.NewLine
              Assert.Equal(4, lines.Length)
              Assert.StartsWith("* full", lines[1])
              Assert.Contains("at most the number of rows, 5", lines[3]))
          testCase "the text of a selection is its table and then its warnings" (fun () ->
              let source = (DataSet.faithful ()).Source
              let within = source |> select Criterion.Bic [ 1; 2; 3 ] [ Full ] options |> ok
              Assert.Empty within.Warnings
              Assert.Equal(within.Table, string within)

              let atEdge = source |> select Criterion.Bic [ 1; 2 ] [ Full ] options |> ok
              let warning = List.exactlyOne atEdge.Warnings
              let expected = [ atEdge.Table; ""; $"warning: {warning.Message}" ]
              Assert.Equal(String.concat System.Environment.NewLine expected, string atEdge)
              Assert.Equal(string atEdge, $"%A{atEdge}"))
          testCase "where no candidate has a fit, the first one's error is the outcome" (fun () ->
              let source = (DataSet.faithful ()).Source

              match
                  source |> select Criterion.Bic [ 2 ] [ Full ] { options with Tolerance = -1.0 } |> Result.map ignore
              with
              | Error(InvalidOption("Tolerance", _, "-1")) -> ()
              | other -> Assert.Fail $"%A{other}"

              match source |> select Criterion.Bic [] [ Full ] options |> Result.map ignore with
              | Error(InvalidOption("Candidates", "at least one", "none")) -> ()
              | other -> Assert.Fail $"%A{other}")
          testCase "a selection is cancelled" (fun () ->
              use stop = new CancellationTokenSource()

              let options =
                  { options with
                      Tolerance = 0.0
                      Progress =
                          (fun report ->
                              if report.Iteration = 5 then
                                  stop.Cancel())
                      Execution =
                          { Execution.Default with
                              Cancellation = stop.Token } }

              Assert.ThrowsAny<System.OperationCanceledException>(fun () ->
                  (DataSet.iris ()).Source |> select Criterion.Bic [ 2..5 ] Structure.all options |> ignore)
              |> ignore)
          // The London Times data are two Poisson components (Hasselblad 1969).
          testCase "other families and products are selected the same way" (fun () ->
              let counts = [| 162; 267; 271; 185; 111; 61; 27; 8; 3; 1 |]

              let source =
                  sourceOf (Array.init 10 (fun n -> [| float n |])) |> Source.weighted (Array.map float counts) |> ok

              let options kind =
                  { Gmm.defaultsOf kind with
                      Restarts = 3
                      Tolerance = 1e-12
                      MaxIterations = 10_000 }

              let families = source |> Select.components Criterion.Aic ignore [ 1..3 ] (options Poisson.family) |> ok
              Assert.Equal(("poisson", 2), (families.Best.Name, families.Best.Components))
              near 1e-3 "log-likelihood" -1989.946 families.Fit.LogLikelihood

              let products =
                  source
                  |> Select.components
                      Criterion.Aic
                      ignore
                      [ 1..3 ]
                      (options (ProductKind.ofParts [ Part.create [| 0 |] Poisson.family ]))
                  |> ok

              Assert.Equal(("product", 2), (products.Best.Name, products.Best.Components))
              near 1e-6 "the same" families.Fit.Aic products.Fit.Aic) ]
