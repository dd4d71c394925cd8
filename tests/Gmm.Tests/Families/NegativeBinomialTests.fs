/// Negative binomial components, whose means and sizes are both estimated.
module Gmm.Tests.NegativeBinomialTests

open System
open Expecto
open Gmm
open Gmm.Tests.Fits
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private kind = NegativeBinomialKind.defaults

let private draw (random: Random) mean size =
    let parameters = NegativeBinomial.create (array2D [ [ mean ] ]) (array2D [ [ size ] ]) |> ok
    (NegativeBinomial.sample parameters 0 random)[0]

/// A mean and a size.
let private meanOf (fit: Fit<NegativeBinomial>) k j =
    fit.Parameters |> NegativeBinomial.means |> fun means -> means[k, j]

let private sizeOf (fit: Fit<NegativeBinomial>) k j =
    fit.Parameters |> NegativeBinomial.sizes |> fun sizes -> sizes[k, j]

let private allNumbers (fit: Fit<NegativeBinomial>) =
    Array.concat [ fit.Weights; fit.Parameters.Means.toArray (); fit.Parameters.Sizes.toArray (); fit.Trace[1..] ]

let private fitOf components start source =
    Gmm.fit
        { Gmm.defaultsOf kind with
            Components = components
            Start = start
            Execution = oneThread }
        source

// ── Every fit climbs ────────────────────────────────────────────────────────────────────────────────────────────────

/// Counts of several groups, some with heaps, zeros or one far count.
let private drawCase size (random: Random) : RowsCase =
    let upTo most = 1 + random.Next(1 + (most - 1) * size / 100)
    let components, columns = upTo 4, upTo 3
    let between low high = low * (high / low) ** random.NextDouble()
    let groups = Array.init components (fun _ -> Array.init columns (fun _ -> between 0.05 300.0, between 0.1 100.0))
    let rows = 10 * components + random.Next(1 + size)
    let zeros = if random.Next 3 = 0 then 0.5 else 0.0
    let far = if random.Next 4 = 0 then random.Next rows else -1

    let row n =
        if random.NextDouble() < zeros then
            Array.zeroCreate columns
        elif n = far then
            Array.create columns 1e7
        else
            groups[n % components] |> Array.map (fun (mean, size) -> draw random mean size)

    sometimesWeighted components (Array.init rows row) random

[<Tests>]
let ``every fit climbs`` =
    testList
        "NegativeBinomial: every fit climbs"
        [ formulas
              [ "ln Γ(x+r) − ln Γ(r) ≥ r₀(ψ(x+r₀) − ψ(r₀)) ln r + constant", "Zhou and Lange 2010"
                "r ln(1 + μ/r) = Σₙ rₙₖ r₀(ψ(xₙ+r₀) − ψ(r₀)) / Nₖ", "Zhou and Lange 2010" ]
          <| testForAll
              1000
              "the objective of counts with zeros and far counts never falls"
              (casesOf drawCase)
              (fun case ->
                  let acceleration = if case.Rows.Length % 2 = 0 then Acceleration.None else Acceleration.Squarem
                  case |> fitInTurn 20 acceleration kind |> holdsOrTrouble (climbs Tolerance.monotone allNumbers)) ]

// ── Estimates ───────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let estimates =
    testList
        "NegativeBinomial: estimates"
        [ testCase "the default start finds two groups and their sizes" (fun () ->
              let random = Random 3

              let rows =
                  Array.init 2000 (fun n -> [| (if n % 2 = 0 then draw random 4.0 2.0 else draw random 90.0 12.0) |])

              let fit = fitOf 2 Start.Auto (sourceOf rows) |> ok

              let order = if fit.Weights.Length = 2 && (meanOf fit 0 0) < 20.0 then [ 0; 1 ] else [ 1; 0 ]

              for k, (mean, size) in List.zip order [ 4.0, 2.0; 90.0, 12.0 ] do
                  // Four standard errors of a thousand counts or so.
                  near (0.1 * mean) "mean" mean (meanOf fit k 0)
                  near (0.35 * size) "size" size (sizeOf fit k 0))
          testCase "the mean of one component is that of the counts, after one step" (fun () ->
              let random = Random 4
              let rows = Array.init 100 (fun _ -> [| draw random 7.0 1.5; draw random 0.3 0.5 |])

              let fit =
                  Gmm.fit
                      { exactly 1 1 Start.Points kind with
                          Acceleration = Acceleration.None }
                      (sourceOf rows)
                  |> ok

              for j in 0..1 do
                  let mean = rows |> Array.averageBy (fun row -> row[j])
                  near 1e-12 "mean" mean (meanOf fit 0 j))
          testCase
              "counts no more dispersed than Poisson counts have the largest size, and Poisson's likelihood"
              (fun () ->
                  let rows = Array.init 90 (fun n -> [| 4.0 + float (n % 3) |])
                  let fit = fitOf 1 Start.Auto (sourceOf rows) |> ok
                  let poisson = Gmm.fit (exactly 1 1 Start.Points Poisson.family) (sourceOf rows) |> ok
                  Assert.Equal(1e8, (sizeOf fit 0 0))
                  near 1e-5 "log-likelihood" poisson.LogLikelihood fit.LogLikelihood
                  Assert.Empty fit.Warnings)
          testCase "a column of zeros has the mean 0, and another count is then impossible" (fun () ->
              let rows = Array.init 40 (fun n -> [| 0.0; float (n % 5) |])
              let fit = fitOf 2 Start.Auto (sourceOf rows) |> ok
              Assert.True(allFinite (allNumbers fit))
              Assert.Equal(0.0, (meanOf fit 0 0))
              Assert.Equal(-infinity, (Predict.logDensities fit (sourceOf [| [| 1.0; 1.0 |] |]) |> ok)[0]))
          testCase "given means and sizes are where the fit starts" (fun () ->
              let rows = Array.init 40 (fun n -> [| float (n % 7) |])
              let means, sizes = array2D [ [ 1.0 ]; [ 5.0 ] ], array2D [ [ 2.0 ]; [ 1e8 ] ]
              let start = NegativeBinomial.create means sizes |> ok |> Mixture.uniform 2
              let fit = Gmm.fit (exactly 1 2 (Start.Mixture start) kind) (sourceOf rows) |> ok
              Assert.Equal<float[,]>(sizes, NegativeBinomial.sizes fit.Start.Parameters)
              let fit = Gmm.fit (exactly 1 2 (Start.Means means) kind) (sourceOf rows) |> ok
              Assert.Equal<float[,]>(means, NegativeBinomial.means fit.Start.Parameters)

              match
                  Gmm.fit (exactly 1 2 (Start.Means(array2D [ [ 1.0 ]; [ -1.0 ] ])) kind) (sourceOf rows) |> error
              with
              | InvalidOption("Start means[1]", _, _) -> ()
              | other -> Assert.Fail other.Message)
          testCase "means, sizes and counts that can't be are refused" (fun () ->
              let one x = array2D [ [ x ] ]

              for means, sizes, name in
                  [ one -1.0, one 1.0, "Means"
                    one nan, one 1.0, "Means"
                    one infinity, one 1.0, "Means"
                    one 1.0, one 0.0, "Sizes"
                    one 1.0, one 1.1e8, "Sizes"
                    one 1.0, Array2D.create 2 1 1.0, "Sizes" ] do
                  match NegativeBinomial.create means sizes |> error with
                  | InvalidOption(found, _, _) -> Assert.Equal(name, found)
                  | other -> Assert.Fail other.Message

              for outsider in [ -1.0; 0.5 ] do
                  match fitOf 1 Start.Auto (sourceOf [| [| 1.0 |]; [| 2.0 |]; [| outsider |] |]) |> error with
                  | OutsideDomain("negative_binomial", _, 2L, 0, value) -> Assert.Equal(outsider, value)
                  | other -> Assert.Fail other.Message) ]

// ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

let private groups rows =
    let random = Random 5

    Array.init rows (fun n ->
        [| (if n % 2 = 0 then draw random 3.0 2.0 else draw random 60.0 9.0); draw random 8.0 1.0 |])

[<Tests>]
let ``use`` =
    testList
        "NegativeBinomial: use"
        [ testCase
              "the number of threads changes no bit, a saved fit is the same, and so are the densities of single rows"
              (fun () -> groups 5000 |> sameInEveryUse allNumbers (exactly 4 2 Start.Points kind) |> ignore)
          testCase "missing cells are fitted, and a product has negative binomial parts" (fun () ->
              let rows = groups 400
              let holed = rows |> Array.mapi (fun n row -> if n % 7 = 0 then [| nan; row[1] |] else row)

              let fit =
                  Gmm.fit
                      { exactly 60 2 Start.Auto kind with
                          Missing = Missing.Fit }
                      (sourceOf holed)
                  |> ok

              Assert.True(climbs Tolerance.monotone allNumbers fit)

              let parts = [ Part.create [| 0 |] kind; Part.create [| 1 |] Poisson.family ]
              let product = Gmm.fit (exactly 20 2 Start.Auto (ProductKind.ofParts parts)) (sourceOf rows) |> ok
              let found = Product.parameters<NegativeBinomial> 0 product.Parameters
              Assert.True(allFinite (found.Sizes.toArray ()))) ]
