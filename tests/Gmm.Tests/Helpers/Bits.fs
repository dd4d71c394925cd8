/// Results of every kind as bits, for comparing processes: cold and hot code, vectors of any width.
module Gmm.Tests.Bits

open System
open Gmm
open Gmm.Tests.Support

/// Fits that end after so many iterations, whatever their objective: more would cost too much without vectors.
let private some components kind = exactly 4 components Start.KMeans kind

let private small = { Execution.Default with Threads = 1 }

let private sampleOptions: SampleOptions =
    { Sample.defaults with
        Execution = small }

let private floats (labels: int[]) = Array.map float labels

let private ofMixture (mixture: Mixture<'θ>) (family: Family<'θ>) : (string * float[]) list =
    [ "weights", mixture.Weights
      for name, tensor in Map.toSeq (family.Storage.Parameters mixture.Parameters) do
          name, tensor.toArray () ]

/// What a fit is and what it gives.
let private ofFit name (fit: Fit<'θ>) (source: Source) : (string * float[]) list =
    let drawn = Sample.draw sampleOptions 60 fit |> ok

    [ yield! ofMixture fit.Mixture fit.Model.Family
      "trace", fit.Trace
      "statistics", Statistics.pack fit.Statistics
      "criteria", [| fit.Bic; fit.Aic; fit.LogPrior |]
      "responsibilities", Predict.responsibilities fit source |> ok |> flat
      "labels", Predict.labels fit source |> ok |> floats
      "log-densities", Predict.logDensities fit source |> ok
      "scores", [| Predict.score fit source |> ok; Predict.icl fit source |> ok |]
      "sample", Array.append (flat drawn.Rows) (floats drawn.Components)
      match Coordinates.ofMixture fit.Model.Family fit.Mixture with
      | Ok numbers ->
          "coordinates", numbers
          let again = Coordinates.toMixture fit.Model.Family fit.Mixture numbers |> ok
          yield! ofMixture again fit.Model.Family |> List.map (fun (part, numbers) -> $"{part} of coordinates", numbers)
      | Error _ -> () ]
    |> List.map (fun (part, numbers) -> $"{name}: {part}", numbers)

let private ofGaussians (data: DataSet) : (string * float[]) list =
    let source = data.Source

    let structured structure =
        { GaussianKind.defaults with
            Structure = structure }

    [ for structure in Structure.all do
          let name = Structure.name structure
          let fit = source |> Gmm.fit (some 3 (structured structure)) |> ok
          yield! ofFit name fit source

          for region in [ Region.Confidence 0.9; Region.StdRange(0.5, 2.0) ] do
              let drawn = Sample.within region sampleOptions 20 fit.Mixture |> ok
              $"{name}: sample within {region}", flat drawn.Rows

          let conditional = Conditional.create [| 0; 2 |] [| 1; 3 |] fit.Mixture |> ok
          let given = source |> Source.map 2 _.Select([| 1; 3 |])
          let regression = conditional |> Conditional.predict small <| given |> ok
          $"{name}: regression", Array.append (flat regression.Means) (flat regression.Weights)
          $"{name}: Mahalanobis distances", Predict.mahalanobis fit source |> ok |> flat

      for start, name in
          [ Start.Random, "random"
            Start.RandomResponsibilities, "random responsibilities"
            Start.KPlusPlus, "k-means++" ] do
          $"start {name}", (source |> Gmm.fit (exactly 2 3 start (structured Diag)) |> ok).Mixture |> parameters

      for start in [ Start.Auto; Start.Thorough ] do
          $"start {start}", (source |> Gmm.fit (exactly 2 3 start (structured Full)) |> ok).Mixture |> parameters

      // A column that is the sum of two others puts every component on its floor.
      let collinear = data.Rows |> Array.map (fun row -> Array.append row [| row[0] + row[1] |]) |> sourceOf

      yield! ofFit "on the floor" (collinear |> Gmm.fit (some 3 (structured Full)) |> ok) collinear

      let means, covariances = Prior.fromData Full 3 source |> ok

      let believing =
          { GaussianKind.defaults with
              StartCovariances = CovarianceStart.Random
              MeanPrior = Some means
              CovariancePrior = Some covariances }

      let fit =
          source
          |> Gmm.fit
              { some 3 believing with
                  WeightPrior = Dirichlet [| 2.0 |] }
          |> ok

      yield! ofFit "with priors" fit source

      let textbook =
          { some 2 (structured Full) with
              Backend = Textbook.backend Reference.engine }

      let diagonal = source |> Gmm.fit (some 2 (structured Diag)) |> ok

      for information in [ Information.Observed; Information.Sandwich ] do
          let errors = Uncertainty.standardErrors information diagonal source |> ok
          $"standard errors, {information}", flat errors.Covariance

      for resampling in [ Resampling.Nonparametric; Resampling.Parametric; Resampling.WeightedLikelihood ] do
          let options: BootstrapOptions =
              { Resampling = resampling
                Replicates = 2
                Seed = 0 }

          let found = source |> Bootstrap.run options (some 2 (structured Diag)) diagonal |> ok
          $"bootstrap, {resampling}", flat found.Replicates

      let other = source |> Gmm.fit textbook |> ok
      "textbook", parameters other.Mixture

      let divergence =
          Divergence.kullbackLeibler
              { Divergence.defaults with
                  Rows = 200
                  Execution = small }
              fit
              other
          |> ok

      "divergence", [| divergence.Value; divergence.StandardError |]

      let singles = data.Rows |> Array.map (Array.map float32) |> Source.ofFloat32Rows |> ok
      let fit = singles |> Gmm.fit (some 3 (structured Full)) |> ok
      yield! ofFit "float32" fit singles ]

let private ofFamilies () : (string * float[]) list =
    let random = RandomStream.ofSeed 5
    let uniform () = random.NextDouble()

    /// Rows of a switch, a count out of 6, one of 4 levels, a count, a waiting time and a length, in two groups.
    let rows =
        Array.init 120 (fun n ->
            let high = n % 2

            [| float (if uniform () < 0.3 + 0.4 * float high then 1 else 0)
               floor (uniform () * (3.0 + 4.0 * float high))
               floor (uniform () * (2.0 + 2.0 * float high))
               floor (uniform () * uniform () * (8.0 + 80.0 * float high))
               uniform () * uniform () * (1.0 + 3.0 * float high)
               uniform () + uniform () + 2.0 * float high |])

    let column j = rows |> Array.map (fun row -> [| row[j] |]) |> sourceOf

    let one (family: ExponentialFamily) j =
        let source = column j
        ofFit family.Name (source |> Gmm.fit (some 2 family) |> ok) source

    let rates (family: ExponentialFamily) (parameters: Result<ExponentialParameters, GmmError>) =
        let mixture = Mixture.uniform 2 (ok parameters)
        let drawn = Sample.ofMixture (ExponentialFamily.components family) sampleOptions 60 mixture |> ok
        $"{family.Name}: sample of large rates", flat drawn.Rows

    let parts =
        [ Part.create [| 0 |] Bernoulli.family
          Part.create [| 1 |] (Binomial.family 6)
          Part.create [| 2 |] (Categorical.family 4)
          Part.create [| 3 |] Poisson.family
          Part.create [| 4 |] Exponential.family
          Part.create
              [| 5 |]
              { GaussianKind.defaults with
                  Structure = Diag } ]

    let all = sourceOf rows
    let counts = rows |> Array.map (fun row -> row[1..3]) |> sourceOf
    let directions = rows |> Array.map (fun row -> row[3..5]) |> VonMisesFisher.normalise |> ok |> sourceOf
    let shares = rows |> Array.map (fun row -> [| 0.2 * row[5] |]) |> sourceOf

    [ yield! one Bernoulli.family 0
      yield! one (Binomial.family 6) 1
      yield! one (Categorical.family 4) 2
      yield! one Poisson.family 3
      yield! one Exponential.family 4
      yield! one Geometric.family 3
      yield! one Gamma.family 5
      yield! ofFit "negative binomial" (column 3 |> Gmm.fit (some 2 NegativeBinomialKind.defaults) |> ok) (column 3)
      yield! one LogNormal.family 5
      yield! ofFit "beta" (shares |> Gmm.fit (some 2 Beta.family) |> ok) shares
      yield! ofFit "product" (all |> Gmm.fit (some 2 (ProductKind.ofParts parts)) |> ok) all
      yield! ofFit "multinomial" (counts |> Gmm.fit (some 2 MultinomialKind.defaults) |> ok) counts
      yield! ofFit "von Mises–Fisher" (directions |> Gmm.fit (some 2 VonMisesFisherKind.defaults) |> ok) directions
      rates Poisson.family (Poisson.ofRates (array2D [ [ 40.0; 1e4 ]; [ 200.0; 1e7 ] ])) ]

let private ofClusters (data: DataSet) : (string * float[]) list =
    let source = data.Source

    let found =
        source
        |> KMeans.fit
            { KMeans.defaults with
                Components = 4
                Restarts = 2
                Execution = small }
        |> ok

    let labels = KMeans.predict found source |> ok
    let agreement = Metrics.agreement data.Labels labels |> ok
    let separation = Metrics.separation small labels source |> ok
    let report = Metrics.report data.Labels labels |> ok
    let distances = KMeans.transform found source |> ok

    [ yield! ofFit "k-means" found.Fit source
      "k-means: clusters", floats labels
      "k-means: distances", flat distances
      "k-means: inertia", [| found.Inertia; KMeans.inertia found source |> ok |]
      "agreement",
      [| agreement.Rand
         agreement.AdjustedRand
         agreement.MutualInformation
         agreement.AdjustedMutualInformation
         agreement.NormalizedMutualInformation
         agreement.FowlkesMallows
         agreement.Homogeneity
         agreement.Completeness
         agreement.VMeasure
         agreement.Purity |]
      "separation", [| separation.Silhouette; separation.DaviesBouldin; separation.CalinskiHarabasz; separation.Dunn |]
      "silhouettes", Metrics.silhouettes small labels source |> ok
      "report", [| report.Accuracy; report.MacroF1; report.WeightedPrecision |]
      "area under the curve", [| Metrics.rocAuc data.Labels (Metrics.alignColumns data.Labels distances |> ok) |> ok |] ]

/// Every result, by its name, as its bits.
let results () : (string * int64[]) list =
    [ let data = DataSet.iris ()
      yield! ofGaussians data
      yield! ofFamilies ()
      yield! ofClusters data ]
    |> List.map (fun (name, numbers) -> name, bits numbers)

/// One line for every result: its name and a hash of its bits.
let lines () : string list =
    results ()
    |> List.map (fun (name, bits) ->
        let hash = Array.fold (fun hash bits -> (hash ^^^ bits) * 1099511628211L) -3750763034362895579L bits
        $"{name} {hash:x16}")
