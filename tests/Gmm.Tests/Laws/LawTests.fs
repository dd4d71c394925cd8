/// The laws of Gmm.Laws: every built-in family obeys each of them, and for each there is a family that breaks it.
module Gmm.Tests.LawTests

open System.Text.RegularExpressions
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Laws
open Gmm.Tests.Families
open MathNet.Numerics

// ── The built-in families ───────────────────────────────────────────────────────────────────────────────────────────

/// x·ln p with 0·ln 0 = 0.
let private times x p = if x = 0.0 then 0.0 else x * log p

let private bernoulli =
    { Definition = Bernoulli.family
      Support = Levels [| 0.0; 1.0 |]
      Means = MeanParameters.simplex 2 1.0
      Textbook = Some(fun p x -> times x p[0] + times (1.0 - x) (1.0 - p[0]))
      Edges = [ [| 0.0; 1.0 |]; [| 1.0; 0.0 |] ] }

let private binomial =
    let trials = 5

    { Definition = Binomial.family trials
      Support = Levels [| for x in 0..trials -> float x |]
      Means = MeanParameters.simplex 2 (float trials)
      Textbook =
        Some(fun mean x ->
            let p, n = mean[0] / float trials, float trials

            log (SpecialFunctions.Binomial(trials, int x)) + times x p + times (n - x) (1.0 - p))
      Edges = [ [| 0.0; float trials |]; [| float trials; 0.0 |] ] }

let private categorical =
    { Definition = Categorical.family 3
      Support = Levels [| 0.0; 1.0; 2.0 |]
      Means = MeanParameters.simplex 3 1.0
      Textbook = Some(fun p x -> log p[int x])
      Edges = [ [| 0.0; 1.0; 0.0 |]; [| 0.5; 0.0; 0.5 |] ] }

let private poisson =
    { Definition = Poisson.family
      Support = Counts
      Means = MeanParameters.positive 0.1 20.0
      Textbook = Some(fun rate x -> times x rate[0] - rate[0] - SpecialFunctions.FactorialLn(int x))
      Edges = [ [| 0.0 |] ] }

let private exponential =
    { Definition = Exponential.family
      Support = HalfLine
      Means = MeanParameters.positive 0.1 20.0
      Textbook = Some(fun mean x -> -log mean[0] - x / mean[0])
      Edges = [] }

let private failures =
    { Definition = Geometric.family
      Support = Counts
      Means = MeanParameters.positive 0.1 10.0
      Textbook = Some(fun mean x -> times x (mean[0] / (1.0 + mean[0])) - log (1.0 + mean[0]))
      Edges = [ [| 0.0 |] ] }

/// Mean parameters of two positive numbers, which make natural parameters.
let private ofTwo (family: ExponentialFamily) (natural: float -> float -> float[]) first second : Arbitrary<float[]> =
    let draw (low, high) = MeanParameters.positive low high |> Arb.toGen

    (draw first, draw second)
    ||> Gen.map2 (fun (first: float[]) (second: float[]) -> family.Mean(natural first[0] second[0]))
    |> Arb.fromGen

let private gamma =
    { Definition = Gamma.family
      Support = HalfLine
      // The nodes of the half-line lie close together near 1, and end where x^0.8 has lost 1e-10.
      Means = ofTwo Gamma.family (fun shape mean -> [| shape; -shape / mean |]) (0.8, 10.0) (0.3, 3.0)
      Textbook =
        Some(fun means x ->
            let natural = Gamma.family.Natural means
            Distributions.Gamma.PDFLn(natural[0], -natural[1], x))
      Edges = [] }

let private logNormal =
    { Definition = LogNormal.family
      Support = HalfLine
      Means = ofTwo LogNormal.family (fun mu precision -> [| mu * precision; -0.5 * precision |]) (0.1, 1.0) (0.5, 8.0)
      Textbook = Some(fun means x -> Distributions.LogNormal.PDFLn(means[0], sqrt (means[1] - means[0] * means[0]), x))
      Edges = [] }

let private beta =
    { Definition = Beta.family
      Support = Between(0.0, 1.0)
      Means = ofTwo Beta.family (fun alpha beta -> [| alpha; beta |]) (0.8, 20.0) (0.8, 20.0)
      Textbook =
        Some(fun means x ->
            let natural = Beta.family.Natural means
            Distributions.Beta.PDFLn(natural[0], natural[1], x))
      Edges = [] }

let private negativeBinomial: Subject<NegativeBinomial> =
    let numbers (random: System.Random) components columns low high =
        Array2D.init components columns (fun _ _ -> low * (high / low) ** random.NextDouble())

    let density mean size (x: float) = Distributions.NegativeBinomial.PMFLn(size, size / (size + mean), int x)

    let column (parameters: NegativeBinomial) k j =
        let means, sizes = NegativeBinomial.means parameters, NegativeBinomial.sizes parameters
        density means[k, j] sizes[k, j]

    { Subject.create "negative binomial" NegativeBinomial.family (fun components columns random ->
          let means, sizes = numbers random components columns 0.1 20.0, numbers random components columns 0.5 20.0
          NegativeBinomial.create means sizes |> GmmError.get) with
        Choose =
            Some(fun components columns parameters ->
                let choose (numbers: float[,]) =
                    Array2D.init components.Length columns.Length (fun k j -> numbers[components[k], columns[j]])

                NegativeBinomial.create
                    (choose (NegativeBinomial.means parameters))
                    (choose (NegativeBinomial.sizes parameters))
                |> GmmError.get)
        Textbook = Some(fun parameters k row -> row |> Seq.mapi (fun j x -> column parameters k j x) |> Seq.sum)
        Nodes =
            Some(fun parameters k ->
                if parameters.Means.shape[1] = 1 then
                    Support.nodes Counts (Array.map (column parameters k 0))
                    |> Array.map (fun (x, weight) -> [| x |], weight)
                    |> Some
                else
                    None)
        Edge =
            Some(fun seed parameters ->
                let means =
                    NegativeBinomial.means parameters
                    |> Array2D.mapi (fun k j mean -> if (k + j + seed) % 2 = 0 then 0.0 else mean)

                NegativeBinomial.create means (NegativeBinomial.sizes parameters) |> GmmError.get)
        Marginals =
            Some(fun parameters k ->
                [ for j in 0 .. parameters.Means.shape[1] - 1 ->
                      { Name = $"column {j}"
                        Of = fun row -> row[j]
                        Support = Counts
                        LogDensity = Array.map (column parameters k j) } ]) }

let private multinomial: Subject<Multinomial> =
    let total = 4

    let normalised (rows: float[][]) =
        rows
        |> Array.map (fun row -> row |> Array.map (fun p -> p / Array.sum row))
        |> array2D
        |> Multinomial.create (float total)
        |> GmmError.get

    let rowOf (parameters: Multinomial) k = (Multinomial.probabilities parameters)[k, *]
    let rows (parameters: Multinomial) = Array.init parameters.Probabilities.shape[0] (rowOf parameters)

    let rec compositions columns left =
        if columns = 1 then
            [ [ float left ] ]
        else
            [ for x in 0..left do
                  for rest in compositions (columns - 1) (left - x) -> float x :: rest ]

    { Subject.create "multinomial" Multinomial.family (fun components columns random ->
          Array.init components (fun _ -> Array.init columns (fun _ -> 0.05 + random.NextDouble())) |> normalised) with
        Columns = 2, 3
        MStep = Maximises
        Believed =
            fun seed parameters ->
                let random = System.Random seed

                Array.init parameters.Probabilities.shape[1] (fun _ -> 1.0 + 3.0 * random.NextDouble())
                |> Some
                |> Multinomial.familyWith
        Choose =
            Some(fun components columns parameters ->
                components
                |> Array.map (fun k -> columns |> Array.map (fun j -> (rowOf parameters k)[j]))
                |> normalised)
        Textbook =
            Some(fun parameters k row ->
                let n = Array.sum row

                let terms =
                    Array.map2 (fun x p -> times x p - SpecialFunctions.FactorialLn(int x)) row (rowOf parameters k)

                SpecialFunctions.FactorialLn(int n) + Array.sum terms)
        Nodes =
            Some(fun parameters _ ->
                compositions parameters.Probabilities.shape[1] total
                |> List.map (fun row -> Array.ofList row, 1.0)
                |> Array.ofList
                |> Some)
        Edge =
            Some(fun seed parameters ->
                rows parameters |> Array.map (Array.mapi (fun j p -> if j = seed % 2 then 0.0 else p)) |> normalised)
        Marginals =
            Some(fun parameters k ->
                [ for j, p in Array.indexed (rowOf parameters k) ->
                      { Name = $"column {j}"
                        Of = fun row -> row[j]
                        Support = Levels [| for x in 0..total -> float x |]
                        LogDensity = Array.map (fun x -> Distributions.Binomial.PMFLn(p, total, int x)) } ]) }

let private vonMisesFisher: Subject<VonMisesFisher> =
    /// ln C(κ) by closed forms.
    let logConstant dimension kappa =
        if dimension = 2 then
            -log(2.0 * System.Math.PI * SpecialFunctions.BesselI0 kappa)
        else
            log (kappa / (4.0 * System.Math.PI * sinh kappa))

    let kappaOf (parameters: VonMisesFisher) k = (VonMisesFisher.concentrations parameters)[k]

    let cosine (parameters: VonMisesFisher) k row =
        let mu = (VonMisesFisher.directions parameters)[k, *]
        Array.map2 (*) mu row |> Array.sum

    let circle count =
        [| for i in 1..count ->
               let angle = 2.0 * System.Math.PI * float i / float count
               [| cos angle; sin angle |], 2.0 * System.Math.PI / float count |]

    { Subject.create "von Mises–Fisher" VonMisesFisher.family (fun components columns random ->
          let directions = Array2D.init components columns (fun _ _ -> random.NextDouble() - 0.5)

          VonMisesFisher.create directions (Array.init components (fun _ -> 0.3 * 60.0 ** random.NextDouble()))
          |> GmmError.get) with
        Columns = 2, 3
        MStep = Maximises
        Textbook =
            Some(fun parameters k row ->
                logConstant row.Length (kappaOf parameters k) + kappaOf parameters k * cosine parameters k row)
        Nodes =
            Some(fun parameters _ ->
                if parameters.Directions.shape[1] = 2 then
                    Some(circle 200)
                else
                    let heights = Integration.GaussLegendreRule(-1.0, 1.0, 64)

                    Some
                        [| for i in 0..63 do
                               for xy, weight in circle 128 ->
                                   let z = heights.GetAbscissa i
                                   let radius = sqrt (1.0 - z * z)
                                   [| radius * xy[0]; radius * xy[1]; z |], weight * heights.GetWeight i |])
        Marginals =
            Some(fun parameters k ->
                let dimension, kappa = parameters.Directions.shape[1], kappaOf parameters k
                let around = if dimension = 2 then 2.0 else 2.0 * System.Math.PI

                [ { Name = "cosine"
                    Of = cosine parameters k
                    Support = Between(-1.0, 1.0)
                    LogDensity =
                      Array.map (fun t ->
                          log around
                          + logConstant dimension kappa
                          + kappa * t
                          + 0.5 * float (dimension - 3) * log (1.0 - t * t)) } ]) }

let private product =
    Laws.ofProduct
        [ Laws.part 1 (Laws.ofGaussian Full)
          Laws.part 1 (Laws.ofExponentialFamily bernoulli)
          Laws.part 1 (Laws.ofExponentialFamily poisson) ]

let private productOfStudentT =
    Laws.ofProduct
        [ Laws.part 1 (Laws.ofStudentT Full DegreesOfFreedom.Estimated)
          Laws.part 1 (Laws.ofExponentialFamily bernoulli) ]

[<Tests>]
let ``the built-in families`` =
    formulas
        [ "Σₓ p(x|θ) = 1, or ∫ p(x|θ) dx = 1", "Bishop, PRML, 2006, §1.2"
          "p(x|η) = h(x) exp(η·T(x) − A(η))", "Bishop, PRML, 2006, eq. 2.194"
          "∇A(η) = E T(x)", "Bishop, PRML, 2006, eq. 2.226"
          "θ′ = argmax Σₙₖ rₙₖ ln p(xₙ|θₖ) + ln p(θ)", "Bishop, PRML, 2006, §9.4"
          "ln p(X|θ′) ≥ ln p(X|θ) after a step of EM", "Dempster, Laird and Rubin 1977" ]
    <| testList
        "a built-in family obeys every law"
        [ for column in [ bernoulli; binomial; categorical; poisson; exponential; failures; gamma; logNormal; beta ] do
              LawTests.ofSubject (Laws.ofExponentialFamily column)

          for structure in Structure.all do
              LawTests.ofSubject (Laws.ofGaussian structure)

          LawTests.ofSubject negativeBinomial
          LawTests.ofSubject multinomial
          LawTests.ofSubject vonMisesFisher
          for structure in Structure.all do
              LawTests.ofSubject (Laws.ofStudentT structure DegreesOfFreedom.Estimated)

          for degrees in [ DegreesOfFreedom.Equal; DegreesOfFreedom.Given 3.0; DegreesOfFreedom.Given infinity ] do
              LawTests.ofSubject (Laws.ofStudentT Full degrees)

          LawTests.ofSubject product
          LawTests.ofSubject productOfStudentT ]
    |> testLabel "Law: the built-in families"

// ── Families that are wrong on purpose ──────────────────────────────────────────────────────────────────────────────

/// Tries every law on a subject of any family.
let private trial (subject: Subject<'θ>) () : Report list = Laws.run Laws.defaults subject

let private geometric =
    { Definition = Families.geometric
      Support = Counts
      Means = MeanParameters.positive 0.1 10.0
      Textbook = Some(fun mean x -> times x (mean[0] / (1.0 + mean[0])) - log (1.0 + mean[0]))
      Edges = [ [| 0.0 |] ] }

let private ofGeometric = Laws.ofExponentialFamily geometric

let private withDefinition change =
    trial (
        Laws.ofExponentialFamily
            { geometric with
                Definition = change geometric.Definition }
    )

/// The subject with another density or other sums, which no kernel knows.
let private withoutForm change =
    Subject.mapFamily (fun family ->
        { change family with
            Form = fun _ -> None })

/// The M-step with other statistics.
let private maximiseOf (change: Statistics -> Statistics) (family: Family<ExponentialParameters>) =
    { family with
        Maximise = fun parameters -> change >> family.Maximise parameters }

let private more count (statistics: Statistics) =
    { statistics with
        Counts = statistics.Counts |> Array.map ((+) count) }

/// An M-step that goes from the old mean parameters somewhere else than to the best.
let private towards (place: Tensor -> Tensor -> Tensor) (family: Family<ExponentialParameters>) =
    { family with
        Maximise =
            fun parameters statistics ->
                family.Maximise parameters statistics
                |> Result.bind (fun best ->
                    place parameters.Means best.Means |> ExponentialFamily.create geometric.Definition) }

let private density = [ "the density sums or integrates to one"; "the log-density is the textbook's" ]

let private mStep = [ "the M-step maximises Q"; "the M-step maximises Q + ln prior" ]

let private monotone =
    [ "the objective never falls"
      "the objective never falls under a prior"
      "the classification objective never falls" ]

let private edges = [ "parameters on the edge give densities, never NaN" ]

let private saved = [ "a saved fit comes back to the last bit" ]

let private neverLowers = [ "the M-step never lowers Q + ln prior" ]

let private scaled = [ "scaled statistics are those of repeated rows" ]

let private recentred =
    [ "recentred statistics are those about the other means"; "the M-step is the same from recentred statistics" ]

let private thereAndBack = [ "recentring there and back changes nothing" ]

let private comesBack = [ "a mixture comes back from its free coordinates" ]

let private free = [ "numbers near the free coordinates make a mixture" ]

/// The family with other coordinates.
let private withCoordinates change (family: Family<'θ>) =
    { family with
        Coordinates = change family.Coordinates }

/// Gaussian columns that are independent given the component, with standard deviations made of the variances.
let private independent deviation (gaussian: Gaussian) k random =
    let mean, covariance = (gaussian.Means.toArray2D ())[k, *], Gaussian.covariance gaussian k
    mean |> Array.mapi (fun j mean -> Distributions.Normal.Sample(random, mean, deviation covariance[j, j]))

/// What is wrong, a family of which it is, the laws that it must break, and others that then may break too.
let private wrong: (string * (unit -> Report list) * string list * string list) list =
    [ "a density that sums to more",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              LogDensity = fun p x -> family.LogDensity p x + 0.1 })
      |> trial,
      density,
      []

      "another density of the same mean",
      trial (
          Laws.ofExponentialFamily
              { geometric with
                  Textbook = poisson.Textbook }
      ),
      [ "the log-density is the textbook's" ],
      []

      "statistics that forget a block of one row",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              Sums = fun p x r -> if x.shape[0] = 1 then family.Sums p x (r * 0.0) else family.Sums p x r })
      |> trial,
      [ "statistics add over parts of the data" ],
      recentred

      "statistics of which a constant is a part",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              Sums = fun p x r -> [ for sum in family.Sums p x r -> sum + 0.01 ] })
      |> trial,
      "statistics add over parts of the data" :: scaled,
      "a weight of m is m copies of the row" :: recentred @ mStep @ neverLowers @ monotone

      "sums of other lengths than the family says",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              SumLengths = family.SumLengths >> Array.map ((+) 1) })
      |> trial,
      [ "the sums have the lengths that the family says" ],
      []

      "moments that stay where they are when the means move",
      Laws.ofGaussian Diag |> Subject.mapFamily (fun family -> { family with Recentre = fun _ _ -> id }) |> trial,
      recentred,
      []

      "counts that grow when the means move",
      ofGeometric
      |> Subject.mapFamily (fun family ->
          { family with
              Recentre = fun _ _ -> more 0.1 })
      |> trial,
      thereAndBack @ recentred,
      []

      "a coordinate too many",
      ofGeometric
      |> Subject.mapFamily (
          withCoordinates (fun coordinates ->
              { coordinates with
                  Names = coordinates.Names >> Array.append [| "constant" |]
                  OfParameters = coordinates.OfParameters >> Array.append [| 1.0 |]
                  ToParameters = fun like -> Array.skip 1 >> coordinates.ToParameters like })
      )
      |> trial,
      comesBack,
      free

      "coordinates of other parameters",
      ofGeometric
      |> Subject.mapFamily (
          withCoordinates (fun coordinates ->
              { coordinates with
                  OfParameters = coordinates.OfParameters >> Array.map (fun eta -> 1.1 * eta) })
      )
      |> trial,
      comesBack,
      free @ mStep

      "coordinates that must stay where they are",
      ofGeometric
      |> Subject.mapFamily (
          withCoordinates (fun coordinates ->
              { coordinates with
                  ToParameters =
                      fun like numbers ->
                          if Array.exists2 (fun a b -> abs (a - b) > 1e-6) numbers (coordinates.OfParameters like) then
                              Error(InvalidOption("Coordinates", "the same", "others"))
                          else
                              coordinates.ToParameters like numbers })
      )
      |> trial,
      free,
      thereAndBack @ recentred

      "an M-step that goes much too far",
      ofGeometric |> Subject.mapFamily (towards (fun _ best -> best * 10.0)) |> trial,
      neverLowers @ mStep,
      monotone

      "a form of another density",
      ofGeometric
      |> Subject.mapFamily (fun family ->
          { family with
              Form =
                  fun p ->
                      family.Form
                          { p with
                              LogPartitions = p.LogPartitions + 0.1 } })
      |> trial,
      [ "the form is that of the density and the sums" ],
      []

      "an M-step that goes half of the way",
      ofGeometric |> Subject.mapFamily (towards (fun before best -> (before + best) * 0.5)) |> trial,
      mStep,
      recentred

      "an M-step with a count more",
      ofGeometric |> Subject.mapFamily (maximiseOf (more 1.0)) |> trial,
      mStep,
      scaled @ neverLowers @ monotone

      "a prior that counts twice in the objective",
      ofGeometric
      |> Subject.mapFamily (fun family ->
          { family with
              LogPrior = fun p -> 2.0 * family.LogPrior p })
      |> trial,
      [ "the M-step maximises Q + ln prior"; "the objective never falls under a prior" ],
      []

      "an M-step that leaves where nothing is left to gain",
      ofGeometric
      |> Subject.mapFamily (
          towards (fun before best ->
              let change = (before - best).toArray() |> Array.sumBy abs
              if change < 1e-3 then best + 0.5 else best)
      )
      |> trial,
      monotone,
      []

      "ten counts more in the M-step when responsibilities are 0 or 1",
      ofGeometric
      |> Subject.mapFamily (
          maximiseOf (fun statistics ->
              let areWhole = statistics.Counts |> Array.forall (fun count -> count = round count)

              if statistics.Counts.Length > 1 && areWhole then
                  more 10.0 statistics
              else
                  statistics)
      )
      |> trial,
      [ "the classification objective never falls" ],
      []

      "a map to mean parameters that is off",
      withDefinition (fun family ->
          { family with
              Mean = family.Mean >> Array.map (fun mean -> 1.1 * mean) }),
      [ "natural and mean parameters are inverse maps"; "the gradient of the log-partition is the mean" ],
      comesBack @ free @ saved @ mStep

      "a map to natural parameters that is off",
      withDefinition (fun family ->
          { family with
              Natural = family.Natural >> Array.map (fun eta -> eta - 0.1) }),
      [ "natural and mean parameters are inverse maps" ],
      "the log-density is the textbook's" :: "the sampler draws from the density" :: saved
      @ comesBack
      @ free
      @ neverLowers
      @ mStep
      @ monotone

      "a log-partition that is off",
      withDefinition (fun family ->
          { family with
              LogPartition = fun eta -> family.LogPartition eta - 0.1 * exp eta[0] }),
      [ "the gradient of the log-partition is the mean" ],
      "the sampler draws from the density" :: density @ neverLowers @ mStep @ monotone

      "sums in which no row counts more than once",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              Sums = fun p x r -> family.Sums p x ((r * -1.0).clamp -1.0 * -1.0) })
      |> trial,
      [ "a weight of m is m copies of the row" ],
      []

      "a density that knows the first row",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              LogDensity =
                  fun p x ->
                      let all = x.toArray ()
                      family.LogDensity p x + (if all[0] > Array.last all then 0.1 else 0.0) })
      |> trial,
      [ "the order of rows doesn't matter" ],
      [ "a weight of m is m copies of the row"; "the log-density is the textbook's" ]

      "components that are told apart",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              LogDensity =
                  fun p x ->
                      let components = p.Means.shape[0]
                      family.LogDensity p x + Tensor.vector (Array.init components (fun k -> 0.1 * float k)) })
      |> trial,
      [ "the order of components doesn't matter" ],
      density

      "a sampler of another parameter",
      withDefinition (fun family ->
          { family with
              Sample = fun random means -> family.Sample random [| 1.3 * means[0] |] }),
      [ "the sampler draws from the density" ],
      []

      "a sampler of another parameter, of a continuous distribution",
      trial (
          Laws.ofExponentialFamily
              { exponential with
                  Definition =
                      { Exponential.family with
                          Sample = fun random means -> Exponential.family.Sample random [| 1.3 * means[0] |] } }
      ),
      [ "the sampler draws from the density" ],
      []

      "a sampler that leaves the domain",
      withDefinition (fun family ->
          { family with
              Sample = fun random means -> family.Sample random means - 1.0 }),
      [ "the sampler draws from the density" ],
      "the log-density is the textbook's"
      :: "a weight of m is m copies of the row"
      :: "the order of components doesn't matter"
      :: edges
      @ neverLowers
      @ mStep
      @ monotone

      "a density that multiplies 0 by −∞",
      ofGeometric
      |> withoutForm (fun family ->
          { family with
              LogDensity =
                  fun p x ->
                      let q = (p.Natural.exp ()).log().view [| p.Natural.shape[0]; p.Natural.shape[1] |]
                      x.matmul (q.transpose (0, 1)) - p.LogPartitions })
      |> trial,
      edges,
      scaled @ recentred @ comesBack @ neverLowers @ mStep @ monotone

      "means that are saved in single precision",
      ofGeometric
      |> Subject.mapFamily (fun family ->
          { family with
              Storage =
                  { family.Storage with
                      OfParameters =
                          family.Storage.OfParameters
                          >> Result.map (fun p ->
                              { p with
                                  Means =
                                      Tensor.create p.Means.shape (p.Means.toArray () |> Array.map (float32 >> float)) }) } })
      |> trial,
      saved,
      []

      "a Gaussian sampler that takes variances for standard deviations",
      Laws.ofGaussian TiedDiag |> Subject.mapFamily (fun family -> { family with Sample = independent id }) |> trial,
      [ "the sampler draws from the density" ],
      []

      "Gaussians with a tenth more scatter",
      Laws.ofGaussian TiedFull
      |> Subject.mapFamily (fun family ->
          { family with
              Maximise =
                  fun parameters statistics ->
                      let scatter = statistics.Sums[1] |> Array.map (fun sum -> 1.1 * sum)

                      family.Maximise
                          parameters
                          { statistics with
                              Sums = [| statistics.Sums[0]; scatter |] } })
      |> trial,
      mStep,
      recentred @ neverLowers @ monotone

      "Gaussians without 2π",
      Laws.ofGaussian Spherical
      |> withoutForm (fun family ->
          { family with
              LogDensity = fun p x -> family.LogDensity p x + float x.shape[1] * Constants.Ln2PiOver2 })
      |> trial,
      density,
      [] ]

/// Laws of missing cells: families that break them are listed below, and the families above may break them, too.
let private ofMissing =
    [ "restricted parameters are those of the observed columns"
      "observed cells stay as they are"
      "the objective of the observed cells never falls" ]

let private withMissing change =
    Subject.mapFamily (fun (family: Family<Gaussian>) ->
        { family with
            Missing = family.Missing |> Option.map change })

/// Wrong treatments of missing cells, each with the law that it must break.
let private wrongWithMissing: (string * (unit -> Report list) * string) list =
    [ "restricted parameters of other columns",
      Laws.ofGaussian Diag
      |> withMissing (fun treatment ->
          { treatment with
              Restrict = fun columns -> treatment.Restrict [| 0 .. columns.Length - 1 |] })
      |> trial,
      "restricted parameters are those of the observed columns"

      "complete rows with more scatter",
      Laws.ofGaussian Full
      |> withMissing (fun treatment ->
          { treatment with
              Lift =
                  fun columns gaussian statistics -> Statistics.scale 1.1 statistics |> treatment.Lift columns gaussian })
      |> trial,
      "observed cells stay as they are"

      "missing cells that have their means, but not their spread",
      Laws.ofGaussian Spherical
      |> withMissing (fun treatment ->
          { treatment with
              Lift =
                  fun columns gaussian statistics ->
                      let lifted = treatment.Lift columns gaussian statistics
                      let share = float columns.Length / float gaussian.Features

                      { lifted with
                          Sums = [| lifted.Sums[0]; statistics.Sums[1] |> Array.map (fun sum -> share * sum) |] } })
      |> trial,
      "the objective of the observed cells never falls" ]

let wrongFamilies = [ for what, _, _, _ in wrong -> what ]

/// Whether a counterexample was shrunk to 4 rows, 1 column and 2 components at most.
let private isSmall report =
    match report.Outcome with
    | Failed(_, case) ->
        let size = Regex.Match(case, @"^(\d+) rows?, (\d+) columns?, (\d+) components?\n")
        let number (group: int) = int size.Groups[group].Value
        size.Success && number 1 <= 4 && number 2 = 1 && number 3 <= 2
    | _ -> false

let private samplerReport subject = Law.run Laws.defaults subject Laws.samplerFollowsDensity

[<Tests>]
let ``families that are wrong on purpose`` =
    testList
        "Law: families that are wrong on purpose"
        [ testTheory
              "a wrong family breaks its laws, and no other, on a small case"
              wrongFamilies
              (fun (what: string) ->
                  let _, reports, must, may = wrong |> List.find (fun (name, _, _, _) -> name = what)
                  let broken = reports () |> List.filter (fun report -> not report.IsGood)
                  let texts = broken |> Seq.map string |> String.concat "\n\n"

                  for law in must do
                      Assert.True(
                          broken |> List.exists (fun report -> report.Law = law && isSmall report),
                          $"{law}\n\n{texts}"
                      )

                  for report in broken do
                      Assert.True(must @ may @ ofMissing |> List.contains report.Law, string report))
          testTheory
              "a wrong treatment of missing cells breaks its law"
              [ for what, _, _ in wrongWithMissing -> what ]
              (fun (what: string) ->
                  let _, reports, law = wrongWithMissing |> List.find (fun (name, _, _) -> name = what)

                  let broken =
                      [ for report in reports () do
                            if not report.IsGood then
                                report.Law ]

                  Assert.Contains(law, broken)

                  for law in broken do
                      Assert.Contains(law, ofMissing))
          testCase "a sampler that leaves out the correlations breaks its law" (fun () ->
              let full = Laws.ofGaussian Full

              let wrong =
                  full
                  |> Subject.mapFamily (fun family ->
                      { family with
                          Sample = independent sqrt })

              Assert.True((samplerReport full).IsGood, string (samplerReport full))
              Assert.Contains("by Kolmogorov and Smirnov.\n", string (samplerReport wrong))
              Assert.Contains(" 2 columns, 1 component\n", string (samplerReport wrong)))
          testCase "a sampler of a product whose parts change places breaks its law" (fun () ->
              let parts =
                  Laws.ofProduct [ Laws.part 1 (Laws.ofGaussian Full); Laws.part 1 (Laws.ofGaussian Spherical) ]

              let swapped =
                  parts
                  |> Subject.mapFamily (fun family ->
                      { family with
                          Sample = fun parameters k -> family.Sample parameters k >> Array.rev })

              Assert.True((samplerReport parts).IsGood, string (samplerReport parts))
              Assert.False (samplerReport swapped).IsGood)
          testCase "for every law there is a family that breaks it" (fun () ->
              let broken =
                  (wrong |> List.collect (fun (_, _, must, _) -> must)) @ [ for _, _, law in wrongWithMissing -> law ]
                  |> List.distinct
                  |> List.sort

              Assert.Equal<string list>(List.sort [ for law in Laws.all<Gaussian> -> law.Name ], broken))
          testCase "check says which law is broken, how, and by which parameters and rows" (fun () ->
              let subject = ofGeometric |> Subject.mapFamily (maximiseOf (more 1.0))
              Laws.check Laws.defaults ofGeometric
              let broken = Assert.Throws<LawException>(fun () -> Laws.check Laws.defaults subject)
              Assert.Contains("failures breaks the law: the M-step maximises Q\nQ + ln prior ", broken.Message)

              Assert.Contains(
                  "1 column, 1 component\n  weights: [1]\n  component 0: mean parameters [",
                  broken.Message
              )

              Assert.Contains("\n  rows: [", broken.Message)) ]
