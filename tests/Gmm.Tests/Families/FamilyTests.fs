/// What every mixture of an exponential family does, and what only these do: domains, conjugate priors, and parameters on
/// the edge of what is possible.
module Gmm.Tests.FamilyTests

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Fits
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Cases ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A built-in family, in plain words.
type Kind =
    | Coins
    | Trials of int
    | Levels of int
    | Counts
    | Waits
    | Failures

    /// Its definition without a prior.
    member kind.Family =
        match kind with
        | Coins -> Bernoulli.family
        | Trials n -> Binomial.family n
        | Levels levels -> Categorical.family levels
        | Counts -> Poisson.family
        | Waits -> Exponential.family
        | Failures -> Geometric.family

    /// Its definition with a prior of two numbers: Beta(a, b), Gamma(a, b), Dirichlet(a, b, a, b …).
    member kind.Believing(a: float, b: float) =
        let prior =
            match kind with
            | Coins -> Bernoulli.beta a b
            | Trials n -> Binomial.beta n a b
            | Levels levels -> Categorical.dirichlet (Array.init levels (fun l -> if l % 2 = 0 then a else b))
            | Counts -> Poisson.gamma a b
            | Waits -> Exponential.gamma a b
            | Failures -> Geometric.beta a b

        { kind.Family with Prior = prior }

    /// The a and b that believe nothing.
    member kind.Nothing =
        match kind with
        | Coins
        | Trials _
        | Levels _
        | Failures -> 1.0, 1.0
        | Counts
        | Waits -> 1.0, 0.0

    /// What one reads of the parameters: probabilities or rates, components and then columns one after another.
    member kind.Read(parameters: ExponentialParameters) : float[] =
        match kind with
        | Coins -> Bernoulli.probabilities parameters |> Seq.cast<float> |> Array.ofSeq
        | Trials n -> Binomial.probabilities n parameters |> Seq.cast<float> |> Array.ofSeq
        | Levels _ -> Categorical.probabilities parameters |> Seq.cast<float> |> Array.ofSeq
        | Counts -> Poisson.rates parameters |> Seq.cast<float> |> Array.ofSeq
        | Waits -> Exponential.rates parameters |> Seq.cast<float> |> Array.ofSeq
        | Failures -> Geometric.probabilities parameters |> Seq.cast<float> |> Array.ofSeq

    /// The mode of one column's parameters by the textbooks, from weights r and numbers x.
    member kind.Mode((a, b), r: float[], x: float[]) : float[] =
        let count, sum = Array.sum r, Array.map2 (*) r x |> Array.sum

        match kind with
        | Coins -> [| (sum + a - 1.0) / (count + a + b - 2.0) |]
        | Trials n -> [| (sum + a - 1.0) / (float n * count + a + b - 2.0) |]
        | Levels levels ->
            let alpha = Array.init levels (fun l -> if l % 2 = 0 then a else b)
            let of' l = Array.fold2 (fun sum r x -> if x = float l then sum + r else sum) 0.0 r x
            Array.init levels (fun l -> (of' l + alpha[l] - 1.0) / (count + Array.sum alpha - float levels))
        | Counts -> [| (sum + a - 1.0) / (count + b) |]
        | Waits -> [| (count + a - 1.0) / (sum + b) |]
        | Failures -> [| (count + a - 1.0) / (count + sum + a + b - 2.0) |]

    /// The mean parameters of some distribution.
    member kind.Draw(random: Random) : float[] =
        let probability () = 0.05 + 0.9 * random.NextDouble()

        match kind with
        | Coins -> let p = probability () in [| p; 1.0 - p |]
        | Trials n -> let p = probability () in [| float n * p; float n * (1.0 - p) |]
        | Levels levels ->
            let draws = Array.init levels (fun _ -> probability ())
            draws |> Array.map (fun draw -> draw / Array.sum draws)
        | Counts
        | Waits
        | Failures -> [| exp (4.0 * random.NextDouble() - 1.5) |]

let private kinds = [ Coins; Trials 7; Levels 4; Counts; Waits; Failures ]

/// Data drawn from a mixture of a family.
type FamilyCase =
    { Kind: Kind
      Data: RowsCase }

    member case.Components = case.Data.Components
    member case.Rows = case.Data.Rows
    member case.SampleWeights = case.Data.SampleWeights
    member case.Weights = case.Data.Weights
    member case.Source = case.Data.Source
    member case.Labels = case.Data.Labels
    member case.Columns = case.Rows[0].Length
    member case.Column j = case.Rows |> Array.map (fun row -> row[j])

let private drawRows (kind: Kind) size (random: Random) : RowsCase =
    let upTo most = 1 + random.Next(1 + (most - 1) * size / 100)
    let components, columns = upTo 4, upTo 4
    let means = Array.init components (fun _ -> Array.init columns (fun _ -> kind.Draw random))
    let sample k = means[k] |> Array.map (kind.Family.Sample random)
    // Now and then a column has the same number in all rows.
    let first = sample 0
    let constant = Array.init columns (fun _ -> random.Next 12 = 0)
    let row n = sample (n % components) |> Array.mapi (fun j x -> if constant[j] then first[j] else x)
    let rows = Array.init (10 * components + random.Next(1 + size)) row

    { Components = components
      Rows = rows
      SampleWeights = if random.Next 2 = 0 then Some(drawSampleWeights rows.Length random) else None }

let private drawCase size (random: Random) : FamilyCase =
    let kind = kinds[random.Next kinds.Length]

    { Kind = kind
      Data = drawRows kind size random }

let private shrinkCase (case: FamilyCase) = shrinkRows case.Data |> Seq.map (fun data -> { case with Data = data })

/// Cases of every family, with and without sample weights.
let cases: Arbitrary<FamilyCase> = Arb.fromGenShrink (drawing drawCase, shrinkCase)

// ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A fit of so many iterations.
let private fitFrom start iterations (case: FamilyCase) =
    Gmm.fit (exactly iterations case.Components start case.Kind.Family) case.Source

/// A property of a fit; cases without one are passed over, and must be few.
let private holds (property: Fit<ExponentialParameters> -> bool) fit : Property =
    match fit with
    | Ok fit -> property fit |> Prop.ofTestable
    | Error error when isTrouble error -> false ==> true
    | Error error -> failwith error.Message

/// Checks a property of cases of every family.
let private check count (property: FamilyCase -> Property) = checkTimes count (Prop.forAll cases property)

/// All numbers of a mixture that must be finite.
let private allNumbers (mixture: Mixture<ExponentialParameters>) =
    Array.concat
        [ mixture.Weights
          mixture.Parameters.Means.toArray ()
          mixture.Parameters.Natural.toArray ()
          mixture.Parameters.LogPartitions.toArray () ]

/// All numbers of a fit that must be finite. A row may be impossible under the first mixture.
let private numbersOf (fit: Fit<ExponentialParameters>) = Array.append (allNumbers fit.Mixture) fit.Trace[1..]

let private oneHot (case: FamilyCase) =
    Array2D.init case.Rows.Length case.Components (fun n k -> if case.Labels[n] = k then 1.0 else 0.0)

/// Responsibilities of any size.
let private someResponsibilities (case: FamilyCase) =
    let random = Random 17

    Array.init case.Rows.Length (fun _ ->
        let draws = Array.init case.Components (fun _ -> 0.01 + random.NextDouble())
        draws |> Array.map (fun draw -> draw / Array.sum draws))
    |> array2D

// ── Starts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Means halfway between rows and the mean of the data, where no row is impossible.
let private someMeans (case: FamilyCase) =
    let mean j = Array.averageBy float (case.Column j)
    Array2D.init case.Components case.Columns (fun k j -> 0.5 * (case.Rows[k][j] + mean j))

/// Every start that makes sense for the family.
let private starts (case: FamilyCase) : (string * Start<ExponentialParameters>) list =
    [ "KMeans", Start.KMeans
      "KPlusPlus", Start.KPlusPlus
      "Points", Start.Points
      "RandomResponsibilities", Start.RandomResponsibilities
      "Labels", Start.Labels case.Labels
      "Responsibilities", Start.Responsibilities(someResponsibilities case)
      match case.Kind with
      // A level is no mean.
      | Levels _ -> ()
      | _ -> "Means", Start.Means(someMeans case)
      match fitFrom (Start.Responsibilities(someResponsibilities case)) 1 case with
      | Ok fit -> "Mixture", Start.Mixture fit.Mixture
      | Error _ -> () ]

[<Tests>]
let ``every fit climbs`` =
    testList
        "Family: every fit climbs"
        [ for kind in kinds do
              formulas [ "ln p(X|θ′) ≥ ln p(X|θ) after a step of EM", "Dempster, Laird and Rubin 1977" ]
              <| testForAll
                  1000
                  $"the objective of {kind.Family.Name} components never falls"
                  (casesOf (drawRows kind))
                  (fun case ->
                      case
                      |> fitInTurn 20 Acceleration.None kind.Family
                      |> holdsOrTrouble (climbs Tolerance.monotone numbersOf)) ]

[<Tests>]
let startsTests =
    testList
        "Family: starts"
        [ testForAll 200 "from every start the objective never falls, and all parameters are finite" cases (fun case ->
              starts case
              |> List.forall (fun (_, start) ->
                  case |> fitFrom start 8 |> holdsOrTrouble (fun fit -> climbs Tolerance.monotone numbersOf fit)))
          testForAll
              100
              "starts that choose rows, and given means, leave every row possible under every component"
              cases
              (fun case ->
                  starts case
                  |> List.filter (fun (name, _) -> List.contains name [ "KPlusPlus"; "Points"; "Means" ])
                  |> List.forall (fun (_, start) ->
                      case
                      |> fitFrom start 1
                      |> holdsOrTrouble (fun fit -> Double.IsFinite fit.Trace[0] || case.SampleWeights.IsSome)))
          testCase "labels start where their one-hot responsibilities start" (fun () ->
              let property (case: FamilyCase) =
                  whenBothOk
                      (fitFrom (Start.Labels case.Labels) 1 case)
                      (fitFrom (Start.Responsibilities(oneHot case)) 1 case)
                      (fun a b -> bits (allNumbers a.Start) = bits (allNumbers b.Start))

              checkTimes 60 (Prop.forAll cases property))
          testCase "ordinary data are fitted from every start" (fun () ->
              for kind in kinds do
                  let random = Random 21
                  let means = Array.init 2 (fun _ -> Array.init 3 (fun _ -> kind.Draw random))

                  let case =
                      { Kind = kind
                        Data =
                          { Components = 2
                            Rows = Array.init 200 (fun n -> means[n % 2] |> Array.map (kind.Family.Sample random))
                            SampleWeights = None } }

                  let all = starts case
                  Assert.Equal((if kind.Family.Name = "categorical" then 7 else 8), all.Length)

                  for name, start in all do
                      match fitFrom start 5 case with
                      | Ok fit -> Assert.True(allFinite fit.Trace, $"{kind}, {name}")
                      | Error error -> Assert.Fail $"{kind}, {name}: {error.Message}")
          testCase "given means are where the fit starts" (fun () ->
              for kind, means in
                  [ Counts, [| 1.0; 2.5 |]
                    Counts, [| 0.125; 40.0 |]
                    Waits, [| 0.5; 3.0 |]
                    Failures, [| 0.125; 40.0 |]
                    Coins, [| 0.3; 0.8 |]
                    Trials 7, [| 2.5; 6.75 |] ] do
                  let source = sourceOf (Array.init 40 (fun n -> [| float (n % 2); float (n % 3 % 2) |]))

                  for means in [ array2D [ means; Array.rev means ]; array2D [ Array.rev means; means ] ] do
                      let fit = Gmm.fit (exactly 1 2 (Start.Means means) kind.Family) source |> ok
                      let parameters = fit.Start.Parameters.Means.toArray3D ()
                      let started = Array2D.init 2 2 (fun k j -> parameters[k, j, 0])
                      Assert.Equal<float[,]>(means, started)
                      Assert.Equal<float[]>([| 0.5; 0.5 |], fit.Start.Weights))
          testCase "given means that are not possible are an error" (fun () ->
              let source = sourceOf (Array.init 40 (fun n -> [| float (n % 2); 1.0 |]))

              for kind, bad in
                  [ Coins, 1.4
                    Coins, -0.1
                    Trials 7, 7.5
                    Trials 7, -1.0
                    Counts, -1.0
                    Waits, -1.0
                    Levels 4, 0.5
                    Levels 4, 4.0
                    Levels 4, -1.0 ] do
                  let means = Start.Means(array2D [ [ 1.0; 1.0 ]; [ 1.0; bad ] ])

                  let parts = [ Part.create [| 1 |] kind.Family; Part.create [| 0 |] Poisson.family ]

                  let product =
                      { Gmm.defaultsOf (ProductKind.ofParts parts) with
                          Components = 2
                          Start = Start.Means(array2D [ [ 1.0; 1.0 ]; [ 1.0; bad ] ])
                          Execution = oneThread }

                  for error in
                      [ Gmm.fit (exactly 1 2 means kind.Family) source |> error; Gmm.fit product source |> error ] do
                      match error with
                      | InvalidOption(name, _, value) ->
                          Assert.Contains("Start means", name)
                          Assert.Contains(string bad, value)
                      | other -> Assert.Fail $"{kind}, {bad}: {other.Message}")
          testForAll
              60
              "a given mixture is where the fit starts, bit for bit, and two fits of one iteration are one of two"
              cases
              (fun case ->
                  match fitFrom (Start.Labels case.Labels) 2 case with
                  | Error error -> isTrouble error
                  | Ok two ->
                      let first = fitFrom (Start.Mixture two.Start) 1 case |> ok
                      let second = fitFrom (Start.Mixture first.Mixture) 1 case |> ok

                      bits (allNumbers first.Start) = bits (allNumbers two.Start)
                      && bits (allNumbers second.Mixture) = bits (allNumbers two.Mixture))
          testForAll 30 "more restarts never end worse" cases (fun case ->
              [ Start.KMeans; Start.KPlusPlus; Start.Points; Start.RandomResponsibilities ]
              |> List.forall (fun start ->
                  let objective restarts =
                      Gmm.fit
                          { exactly 15 case.Components start case.Kind.Family with
                              Restarts = restarts }
                          case.Source
                      |> Result.map _.Objective

                  match List.map objective [ 1..4 ] with
                  | objectives when List.forall Result.isOk objectives ->
                      objectives |> List.map ok |> List.pairwise |> List.forall (fun (fewer, more) -> more >= fewer)
                  // A restart may rescue a run that failed, but none makes a good one fail.
                  | objectives ->
                      objectives |> List.pairwise |> List.forall (fun (fewer, more) -> fewer.IsError || more.IsOk)))
          testCase "a start of another family, or for other columns or levels, is an error" (fun () ->
              let mixture (family: ExponentialFamily) (means: float[]) =
                  Tensor.create [| 2; means.Length / family.Statistics; family.Statistics |] (Array.append means means)
                  |> ExponentialFamily.create family
                  |> ok
                  |> Mixture.uniform 2

              let binary = sourceOf (Array.init 20 (fun n -> [| float (n % 2) |]))

              let refused family start =
                  match Gmm.fit (exactly 1 2 (Start.Mixture start) family) binary |> error with
                  | InvalidOption(name, _, _) -> Assert.Equal("Start mixture", name)
                  | other -> Assert.Fail other.Message

              refused Poisson.family (mixture Bernoulli.family [| 0.5; 0.5 |])
              refused Bernoulli.family (mixture Bernoulli.family [| 0.5; 0.5; 0.5; 0.5 |])
              refused (Categorical.family 3) (mixture (Categorical.family 2) [| 0.5; 0.5 |])
              refused (Categorical.family 4) (mixture (Categorical.family 3) [| 0.5; 0.25; 0.25 |])
              refused (Categorical.family 3) (mixture (Categorical.family 4) [| 0.25; 0.25; 0.25; 0.25 |])
              refused (Binomial.family 2) (mixture (Binomial.family 5) [| 2.0; 3.0 |])
              refused (Binomial.family 20) (mixture (Binomial.family 4) [| 1.0; 3.0 |]))
          testCase "a product's start of other levels or trials is an error" (fun () ->
              let source = sourceOf (Array.init 20 (fun n -> [| float (n % 2); float (n % 3) |]))

              let options start kind =
                  { Gmm.defaultsOf kind with
                      Components = 2
                      Start = start
                      MaxIterations = 1
                      Execution = oneThread }

              let parts levels trials =
                  [ Part.create [| 1 |] (Categorical.family levels); Part.create [| 0 |] (Binomial.family trials) ]

              let start = (Gmm.fit (options Start.Points (ProductKind.ofParts (parts 3 4))) source |> ok).Mixture
              Gmm.fit (options (Start.Mixture start) (ProductKind.ofParts (parts 3 4))) source |> ok |> ignore

              for levels, trials in [ 4, 4; 3, 20 ] do
                  match
                      Gmm.fit (options (Start.Mixture start) (ProductKind.ofParts (parts levels trials))) source
                      |> error
                  with
                  | InvalidOption(name, _, _) -> Assert.Equal("Start mixture", name)
                  | other -> Assert.Fail other.Message) ]

// ── Modes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A prior for each family, and nothing.
let private beliefs (kind: Kind) = [ kind.Nothing; 1.5, 2.0; 4.0, 1.25 ]

/// The parameters by the textbooks, from responsibilities times sample weights.
let private modes belief (case: FamilyCase) (responsibilities: float[,]) =
    [| for k in 0 .. case.Components - 1 do
           for j in 0 .. case.Columns - 1 do
               yield! case.Kind.Mode(belief, Array.map2 (*) responsibilities[*, k] case.Weights, case.Column j) |]

/// What makes a family or a prior; a part of the rule, and of the value.
let private impossible: (string * (unit -> obj) * string * string)[] =
    [| "Binomial.family 0", (fun () -> Binomial.family 0), "at least 1", "0"
       "Binomial.family -2", (fun () -> Binomial.family -2), "at least 1", "-2"
       "Categorical.family 0", (fun () -> Categorical.family 0), "at least 1", "0"
       "Categorical.family -2", (fun () -> Categorical.family -2), "at least 1", "-2"
       "Bernoulli.beta 0.5 1.0", (fun () -> Bernoulli.beta 0.5 1.0), "at least 1", "0.5"
       "Bernoulli.beta 1.0 0.5", (fun () -> Bernoulli.beta 1.0 0.5), "at least 1", "0.5"
       "Bernoulli.beta 2.0 nan", (fun () -> Bernoulli.beta 2.0 nan), "at least 1", "NaN"
       "Bernoulli.beta infinity 1.0", (fun () -> Bernoulli.beta infinity 1.0), "at least 1", "Infinity"
       "Binomial.beta 5 0.5 1.0", (fun () -> Binomial.beta 5 0.5 1.0), "at least 1", "0.5"
       "Binomial.beta 0 2.0 2.0", (fun () -> Binomial.beta 0 2.0 2.0), "at least 1", "0"
       "Categorical.dirichlet [|0.5|]", (fun () -> Categorical.dirichlet [| 0.5 |]), "at least 1", "0.5"
       "Categorical.dirichlet [|2.0; nan|]", (fun () -> Categorical.dirichlet [| 2.0; nan |]), "at least 1", "NaN"
       "Poisson.gamma 0.5 1.0", (fun () -> Poisson.gamma 0.5 1.0), "at least 1", "0.5"
       "Poisson.gamma 1.0 -1.5", (fun () -> Poisson.gamma 1.0 -1.5), "0 or more", "-1.5"
       "Geometric.beta 0.5 1.0", (fun () -> Geometric.beta 0.5 1.0), "at least 1", "0.5"
       "Gamma.prior -1.0 1.0 1.0", (fun () -> Gamma.prior -1.0 1.0 1.0), "0 or more", "-1"
       "Gamma.prior 1.0 0.0 1.0", (fun () -> Gamma.prior 1.0 0.0 1.0), "at least", "0"
       "LogNormal.prior 1.0 nan 1.0", (fun () -> LogNormal.prior 1.0 nan 1.0), "finite", "NaN"
       "Beta.prior 1.0 2.0 infinity", (fun () -> Beta.prior 1.0 2.0 infinity), "finite", "Infinity"
       "Exponential.gamma 0.5 1.0", (fun () -> Exponential.gamma 0.5 1.0), "at least 1", "0.5"
       "Exponential.gamma 1.0 -1.5", (fun () -> Exponential.gamma 1.0 -1.5), "0 or more", "-1.5" |]

let impossibleNames = [ for name, _, _, _ in impossible -> name ]

[<Tests>]
let modesTests =
    testList
        "Family: modes"
        [ formulas
              [ "mean of T = (Σₙ wₙrₙₖ T(xₙ) + χ) / (Nₖ + ν) under a conjugate prior", "Bishop, PRML, 2006, §2.4.2" ]
          <| testForAll
              100
              "an M-step is the mode by the textbooks, without and with a conjugate prior"
              cases
              (fun case ->
                  let given = someResponsibilities case

                  beliefs case.Kind
                  |> List.forall (fun belief ->
                      let family = case.Kind.Believing belief

                      let fit =
                          Gmm.fit (exactly 1 case.Components (Start.Responsibilities given) family) case.Source |> ok

                      let expected = modes belief case given
                      allWithin 1e-12 (Array.max expected) expected (case.Kind.Read fit.Start.Parameters)))
          testCase "hard responsibilities give ordinary sample proportions and means" (fun () ->
              check 100 (fun case ->
                  case
                  |> fitFrom (Start.Labels case.Labels) 1
                  |> holds (fun fit ->
                      let expected = modes case.Kind.Nothing case (oneHot case)
                      let total = Array.sum case.Weights
                      let given = oneHot case
                      let share k = (Array.map2 (*) given[*, k] case.Weights |> Array.sum) / total

                      allWithin 1e-12 (Array.max expected) expected (case.Kind.Read fit.Start.Parameters)
                      && allWithin 1e-14 1.0 (Array.init case.Components share) fit.Start.Weights)))
          testCase "one component is the mean of all rows, found in one step" (fun () ->
              check 60 (fun case ->
                  let case = { case with Data.Components = 1 }

                  case
                  |> fitFrom Start.Points 1
                  |> holds (fun fit ->
                      let expected = modes case.Kind.Nothing case (Array2D.create case.Rows.Length 1 1.0)
                      allWithin 1e-12 (Array.max expected) expected (case.Kind.Read fit.Parameters))))
          // No neighbour of a converged fit is better, in probabilities or rates one after another.
          formulas [ "∇(ln p(X|θ) + ln p(θ)) = 0 where a fit comes to rest", "Bishop, PRML, 2006, §9.4" ]
          <| testCase "the slope of the objective vanishes where a fit with priors comes to rest" (fun () ->
              let random = Random 3

              for kind in kinds do
                  let means = Array.init 2 (fun _ -> Array.init 2 (fun _ -> kind.Draw random))
                  let rows = Array.init 120 (fun n -> means[n % 2] |> Array.map (kind.Family.Sample random))
                  let family = kind.Believing(2.5, 1.75)
                  let fit = Gmm.fit (exactly 3000 2 Start.KMeans family) (sourceOf rows) |> ok

                  let model =
                      { Model.ofFamily (ExponentialFamily.components family) with
                          Execution = oneThread }

                  /// The objective with one mean moved; the others of its distribution share what it gains.
                  let moved index by =
                      let size = family.Statistics
                      let values = fit.Parameters.Means.toArray ()
                      let first = index / size * size
                      let total = Array.sum values[first .. first + size - 1]
                      values[index] <- values[index] + by

                      if family.Free < size then
                          for i in first .. first + size - 1 do
                              if i <> index then
                                  values[i] <- values[i] - by * values[i] / (total - values[index] + by)

                      let parameters =
                          ExponentialFamily.create family (Tensor.create fit.Parameters.Means.shape values) |> ok

                      let mixture =
                          { fit.Mixture with
                              Parameters = parameters }

                      EM.objective model mixture (EM.eStep model (sourceOf rows) mixture)

                  for index in 0 .. fit.Parameters.Means.toArray().Length - 1 do
                      let step = 1e-5
                      near 1e-7 $"{kind}, slope {index}" 0.0 ((moved index step - moved index -step) / (2.0 * step)))
          testCase "a prior that is none, or breaks its rule" (fun () ->
              let binary = sourceOf (Array.init 20 (fun n -> [| float (n % 2) |]))

              for prior in
                  [ { Sums = [| -0.5; 0.0 |]; Count = -0.5 }
                    { Sums = [| 1.0; nan |]; Count = 1.0 }
                    { Sums = [| infinity; 0.0 |]
                      Count = infinity }
                    { Sums = [| 1.0; 1.0 |]; Count = nan } ] do
                  let family = { Bernoulli.family with Prior = prior }

                  match Gmm.fit (exactly 1 1 Start.Points family) binary |> error with
                  | InvalidOption(name, rule, _) ->
                      Assert.StartsWith("Prior.", name)
                      Assert.Contains("0 or more", rule)
                  | other -> Assert.Fail other.Message

              let wrongSize =
                  { Bernoulli.family with
                      Prior = Categorical.dirichlet [| 2.0; 2.0; 2.0 |] }

              match Gmm.fit (exactly 1 1 Start.Points wrongSize) binary |> error with
              | InvalidOption("Prior.Sums", rule, "3 numbers") -> Assert.Contains("2 numbers", rule)
              | other -> Assert.Fail other.Message)
          // As many pseudo-numbers as their statistics say: one each for Bernoulli and Categorical, n each for Binomial.
          testCase "pseudo-counts that don't belong together are an error" (fun () ->
              let binary = sourceOf (Array.init 20 (fun n -> [| float (n % 2) |]))

              for family, sums, count in
                  [ Bernoulli.family, [| 50.0; 1.0 |], 0.0
                    Bernoulli.family, [| 1.0; 1.0 |], 3.0
                    Binomial.family 5, [| 5.0; 5.0 |], 10.0
                    Categorical.family 3, [| 1.0; 1.0; 1.0 |], 2.0 ] do
                  let family =
                      { family with
                          Prior = { Sums = sums; Count = count } }

                  match Gmm.fit (exactly 1 1 Start.Points family) binary |> error with
                  | InvalidOption(name, _, _) -> Assert.StartsWith("Prior", name)
                  | other -> Assert.Fail other.Message

              for family, sums, count in
                  [ Bernoulli.family, [| 0.1; 0.2 |], 0.1 + 0.2
                    Binomial.family 5, [| 5.0; 5.0 |], 2.0
                    Categorical.family 3, [| 1.0; 0.0; 1.0 |], 2.0
                    Poisson.family, [| 3.0 |], 0.5 ] do
                  let family =
                      { family with
                          Prior = { Sums = sums; Count = count } }

                  Gmm.fit (exactly 1 1 Start.Points family) binary |> ok |> ignore)
          testTheory
              "a family or prior that can't be is refused with rule and value where it is made"
              impossibleNames
              (fun (name: string) ->
                  let _, make, rule, value = impossible |> Array.find (fun (other, _, _, _) -> other = name)
                  let failure = Assert.ThrowsAny<ArgumentException>(fun () -> make () |> ignore)
                  Assert.Contains(rule, failure.Message)
                  Assert.Contains(value, failure.Message))
          testCase "a prior holds a component without rows at its own mode" (fun () ->
              let rows = Array.init 12 (fun n -> [| float (n % 2) |])

              for kind in kinds do
                  // Gamma for waits: (a − 1)/b; the others have their mode in the middle.
                  let family = kind.Believing(3.0, 3.0)
                  let fit = Gmm.fit (exactly 1 2 (Start.Labels(Array.create 12 0)) family) (sourceOf rows) |> ok
                  let read = kind.Read fit.Start.Parameters
                  let expected = kind.Mode((3.0, 3.0), [||], [||])
                  relativelyNear 1e-13 $"{kind}" expected read[read.Length - expected.Length ..]
                  Assert.Equal(0.0, fit.Start.Weights[1])
                  Assert.False(fit.Trace |> Array.exists Double.IsNaN)) ]

// ── The edge of the parameters ──────────────────────────────────────────────────────────────────────────────────────

/// Family, mean parameters on the edge, a number, its log-density.
let private edges: (Kind * float[] * float * float)[] =
    [| Coins, [| 0.0; 1.0 |], 0.0, 0.0
       Coins, [| 0.0; 1.0 |], 1.0, -infinity
       Coins, [| 1.0; 0.0 |], 1.0, 0.0
       Coins, [| 1.0; 0.0 |], 0.0, -infinity
       Trials 7, [| 0.0; 7.0 |], 0.0, 0.0
       Trials 7, [| 0.0; 7.0 |], 1.0, -infinity
       Trials 7, [| 7.0; 0.0 |], 7.0, 0.0
       Trials 7, [| 7.0; 0.0 |], 6.0, -infinity
       Levels 3, [| 0.0; 0.4; 0.6 |], 0.0, -infinity
       Levels 3, [| 0.0; 0.4; 0.6 |], 1.0, log 0.4
       Levels 3, [| 0.0; 0.0; 1.0 |], 2.0, 0.0
       Counts, [| 0.0 |], 0.0, 0.0
       Counts, [| 0.0 |], 3.0, -infinity
       Failures, [| 0.0 |], 0.0, 0.0
       Failures, [| 0.0 |], 3.0, -infinity |]

let private edgeMixture (kind: Kind) (components: float[][]) =
    Tensor.create [| components.Length; 1; kind.Family.Statistics |] (Array.concat components)
    |> ExponentialFamily.create kind.Family
    |> ok
    |> Mixture.uniform components.Length

[<Tests>]
let ``the edge of the parameters`` =
    testList
        "Family: the edge of the parameters"
        [ testCase "parameters on the edge give log-densities that are right or minus infinity" (fun () ->
              for kind, means, x, expected in edges do
                  let model = Model.ofFamily (ExponentialFamily.components kind.Family)
                  let statistics = EM.eStep model (sourceOf [| [| x |] |]) (edgeMixture kind [| means |])

                  if Double.IsFinite expected then
                      near 1e-14 $"{kind}, {x}" expected statistics.LogLikelihood
                  else
                      Assert.Equal(expected, statistics.LogLikelihood)

                  // The responsibility of a single component is 1, even for a row it can't have.
                  Assert.Equal<float[]>([| 1.0 |], statistics.Counts))
          testCase "beside a component that can have the row, one that can't gets nothing" (fun () ->
              let random = Random 11

              for kind, means, x, expected in edges do
                  let inside = kind.Draw random
                  let model = Model.ofFamily (ExponentialFamily.components kind.Family)
                  let both = EM.eStep model (sourceOf [| [| x |] |]) (edgeMixture kind [| means; inside |])
                  let alone = EM.eStep model (sourceOf [| [| x |] |]) (edgeMixture kind [| inside |])
                  Assert.True(allFinite (Statistics.pack both))

                  if expected = -infinity then
                      Assert.Equal<float[]>([| 0.0; 1.0 |], both.Counts)
                      near 1e-13 $"{kind}, {x}" (alone.LogLikelihood - log 2.0) both.LogLikelihood
                  else
                      near
                          1e-13
                          $"{kind}, {x}"
                          (log (0.5 * exp expected + 0.5 * exp alone.LogLikelihood))
                          both.LogLikelihood)
          testCase "a start that can't have some row is left at once" (fun () ->
              let rows = Array.init 12 (fun n -> [| float (n % 2) |])

              for kind, means in
                  [ Coins, [| 0.0; 1.0 |]; Trials 7, [| 0.0; 7.0 |]; Levels 3, [| 1.0; 0.0; 0.0 |]; Counts, [| 0.0 |] ] do
                  for assignment in [ Soft; Hard ] do
                      let fit =
                          Gmm.fit
                              { exactly 3 2 (Start.Mixture(edgeMixture kind [| means; means |])) kind.Family with
                                  Assignment = assignment
                                  WeightPrior = Dirichlet [| 2.0; 2.0 |] }
                              (sourceOf rows)

                      match fit with
                      | Ok fit ->
                          Assert.False(fit.Trace |> Array.exists Double.IsNaN)
                          Assert.True(allFinite fit.Trace[1..])
                          Assert.True(allFinite (allNumbers fit.Mixture))
                      | Error error -> Assert.True(isTrouble error, error.Message))
          // Columns that are the same in all rows are estimated on the edge: p = 0, p = 1, rate 0.
          testCase "constant columns leave everything finite" (fun () ->
              for kind, constants in
                  [ Coins, [ 0.0; 1.0 ]
                    Trials 7, [ 0.0; 7.0; 3.0 ]
                    Levels 3, [ 0.0; 2.0 ]
                    Counts, [ 0.0; 5.0 ]
                    Failures, [ 0.0; 5.0 ] ] do
                  let random = Random 2
                  let varied = Array.init 60 (fun n -> if n % 2 = 0 then float (random.Next 2) else 1.0)

                  for constant in constants do
                      let case =
                          { Kind = kind
                            Data =
                              { Components = 2
                                Rows = varied |> Array.map (fun x -> [| constant; x; constant |])
                                SampleWeights = None } }

                      for name, start in starts case do
                          match fitFrom start 30 case with
                          | Error error -> Assert.True(isTrouble error, $"{kind}, {constant}, {name}: {error.Message}")
                          | Ok fit ->
                              Assert.True(allFinite (allNumbers fit.Mixture), $"{kind}, {constant}, {name}")
                              Assert.True(allFinite fit.Trace, $"{kind}, {constant}, {name}")

                              Assert.True(
                                  allFinite [ fit.LowerBound; fit.Bic; fit.Aic ],
                                  $"{kind}, {constant}, {name}"
                              )

                              let shares = Predict.responsibilities fit case.Source |> ok
                              Assert.True(allFinite (Seq.cast<float> shares), $"{kind}, {constant}, {name}"))
          testCase "a new row that no component can have has density 0 and finite responsibilities" (fun () ->
              let zeros = sourceOf (Array.init 30 (fun n -> [| 0.0; float (n % 2) |]))
              let strange = sourceOf [| [| 1.0; 1.0 |]; [| 0.0; 1.0 |] |]

              for kind in [ Coins; Trials 7; Levels 4; Counts ] do
                  let fit = Gmm.fit (exactly 5 2 Start.RandomResponsibilities kind.Family) zeros |> ok
                  let densities = Predict.logDensities fit strange |> ok
                  Assert.Equal(-infinity, densities[0])
                  Assert.True(Double.IsFinite densities[1])
                  let shares = Predict.responsibilities fit strange |> ok
                  Assert.True(allFinite (Seq.cast<float> shares))
                  near 1e-15 "sum" 1.0 (Array.sum shares[0, *])
                  Assert.All(Predict.labels fit strange |> ok, (fun label -> Assert.InRange(label, 0, 1)))
                  Assert.Equal(-infinity, Predict.score fit strange |> ok))
          // The row of weight 0 is the only one that isn't 0: no component can have it after one step.
          testCase "a row of weight 0 that no component can have changes nothing" (fun () ->
              let rows = Array.init 30 (fun n -> [| (if n = 7 then 1.0 else 0.0); float (n % 2) |])
              let weights = Array.init 30 (fun n -> if n = 7 then 0.0 else 1.0)
              let without values = Array.removeAt 7 values
              let weighted = sourceOf rows |> Source.weighted weights |> ok

              let responsibilities =
                  Array2D.init 30 2 (fun n k -> if n % 3 = k then 0.75 else (if n % 3 = 2 then 0.5 else 0.25))

              for kind in [ Coins; Trials 7; Levels 4; Counts ] do
                  let all = Gmm.fit (exactly 5 2 (Start.Responsibilities responsibilities) kind.Family) weighted |> ok

                  let others =
                      let kept =
                          array2D
                              [ for n in 0..29 do
                                    if n <> 7 then
                                        responsibilities[n, *] ]

                      Gmm.fit (exactly 5 2 (Start.Responsibilities kept) kind.Family) (sourceOf (without rows)) |> ok

                  relativelyNear 1e-12 $"{kind}: objective" others.Trace all.Trace
                  near 1e-12 $"{kind}: score" others.LowerBound (Predict.score all weighted |> ok))
          // From every start that chooses rows; the only 1 stands where no component needs it.
          testCase "the only 1 of a column in a row of weight 0 changes nothing from any start" (fun () ->
              for place in [ 0; 7; 29 ] do
                  let random = Random 22

                  let rows =
                      Array.init 30 (fun n ->
                          [| (if n = place then 1.0 else 0.0); float (random.Next 2); float (n % 2) |])

                  let weights = Array.init 30 (fun n -> if n = place then 0.0 else 1.0)
                  let weighted = sourceOf rows |> Source.weighted weights |> ok
                  let others = sourceOf (Array.removeAt place rows)

                  for kind in [ Coins; Trials 7; Levels 4; Counts ] do
                      for start in [ Start.KMeans; Start.KPlusPlus; Start.Points; Start.RandomResponsibilities ] do
                          let what = $"{kind}, {start}, row {place}"
                          let fit = Gmm.fit (exactly 20 2 start kind.Family) weighted |> ok
                          Assert.True(allFinite fit.Trace[1..], what)
                          Assert.False(Double.IsNaN fit.Trace[0], what)
                          Assert.True(allFinite [ fit.LogLikelihood; fit.Bic ], what)
                          near 1e-12 $"{what}: score" fit.LowerBound (Predict.score fit weighted |> ok)

                          // Random numbers belong to the numbers of rows: without a row, those after it have others.
                          let isOfRowNumbers = start.IsRandomResponsibilities || start.IsPoints

                          if place = 29 || not isOfRowNumbers then
                              let without = Gmm.fit (exactly 20 2 start kind.Family) others |> ok
                              relativelyNear 1e-9 $"{what}: objective" without.Trace fit.Trace)
          testCase "waiting times that are all 0 are an unbounded likelihood, and told" (fun () ->
              let rows = Array.init 20 (fun n -> [| 1.0 + float n; (if n % 2 = 0 then 0.0 else 5.0); 2.0 |])
              let labels = Array.init 20 (fun n -> n % 2)

              match Gmm.fit (exactly 5 2 (Start.Labels labels) Exponential.family) (sourceOf rows) |> error with
              | DegenerateComponent(0, 1, "exponential", _) as told -> Assert.Contains("unbounded", told.Message)
              | other -> Assert.Fail other.Message

              // With a prior the mean is at least its share.
              let believing =
                  { Exponential.family with
                      Prior = Exponential.gamma 2.0 1.0 }

              let fit = Gmm.fit (exactly 5 2 (Start.Labels labels) believing) (sourceOf rows) |> ok
              Assert.True(allFinite (allNumbers fit.Mixture)))
          testCase "a column of zeros is an unbounded likelihood from every start" (fun () ->
              let case =
                  { Kind = Waits
                    Data =
                      { Components = 2
                        Rows = Array.init 20 (fun n -> [| 1.0 + float n; 0.0 |])
                        SampleWeights = None } }

              for name, start in starts case do
                  match fitFrom start 5 case |> error with
                  | DegenerateComponent(_, 1, "exponential", _) -> ()
                  // A mean of 0 is no mean of waiting times.
                  | InvalidOption("Start means[0]", _, _) when name = "Means" -> ()
                  | other -> Assert.Fail $"{name}: {other.Message}")
          testCase "a product tells of a column of zeros by its number in the whole data" (fun () ->
              let rows = Array.init 20 (fun n -> [| float (n % 3); 0.0; float (n * n % 7); 1.0 + float n |])

              let gaussian =
                  Part.create
                      [| 0; 2 |]
                      { GaussianKind.defaults with
                          Structure = Diag }

              let waits = Part.create [| 3; 1 |] Exponential.family

              for start in [ Start.KMeans; Start.KPlusPlus; Start.Points; Start.RandomResponsibilities ] do
                  for parts in [ [ gaussian; waits ]; [ waits; gaussian ] ] do
                      match
                          Gmm.fit
                              { Gmm.defaultsOf (ProductKind.ofParts parts) with
                                  Components = 2
                                  Start = start
                                  Execution = oneThread }
                              (sourceOf rows)
                          |> error
                      with
                      | DegenerateComponent(_, 1, "exponential", _) -> ()
                      | other -> Assert.Fail $"{start}: {other.Message}")
          testCase "an unbounded component is an error with the iteration in which it becomes so" (fun () ->
              // The first component has a mean near 0 and takes the zeros alone, as 1e-200 underflows beside 1.
              let rows = sourceOf [| [| 0.0 |]; [| 0.0 |]; [| 5.0 |]; [| 7.0 |]; [| 6.0 |] |]

              let start =
                  Tensor.create [| 2; 1; 1 |] [| 1e-3; 6.0 |]
                  |> ExponentialFamily.create Exponential.family
                  |> ok
                  |> Mixture.uniform 2

              match Gmm.fit (exactly 50 2 (Start.Mixture start) Exponential.family) rows |> error with
              | DegenerateComponent(0, 0, "exponential", iteration) -> Assert.InRange(iteration, 1, 50)
              | other -> Assert.Fail other.Message) ]

// ── Domains ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let outsiders =
    [ ("bernoulli", 0.5)
      ("bernoulli", 2.0)
      ("bernoulli", -1.0)
      ("binomial", 8.0)
      ("binomial", -1.0)
      ("binomial", 2.5)
      ("categorical", 4.0)
      ("categorical", -1.0)
      ("categorical", 1.5)
      ("poisson", -1.0)
      ("poisson", 0.5)
      ("exponential", -0.5)
      ("geometric", -1.0)
      ("geometric", 0.5) ]

let private kindNamed name = kinds |> List.find (fun kind -> kind.Family.Name = name)

[<Tests>]
let domains =
    testList
        "Family: domains"
        [ testTheory
              "a number outside the domain is named with row, column and value, in a fit and in prediction"
              outsiders
              (fun (name: string, outsider: float) ->
                  let family = (kindNamed name).Family
                  // More rows than a block has.
                  let rows = Array.init 6000 (fun n -> [| float (n % 2); 1.0; float (n / 2 % 2) |])
                  let good = sourceOf rows
                  // A later one, in another block, is not the first.
                  let bad = rows |> Array.map Array.copy
                  bad[2900][1] <- outsider
                  bad[5900][0] <- outsider

                  let isNamed result =
                      match error result with
                      | OutsideDomain(family, domain, 2900L, 1, value) as told ->
                          Assert.Equal(name, family)
                          Assert.Equal(outsider, value)
                          Assert.Contains($"must be {domain}", told.Message)
                          Assert.Contains("row 2900, column 1", told.Message)
                      | other -> Assert.Fail other.Message

                  let options = exactly 2 2 Start.RandomResponsibilities family
                  let fit = Gmm.fit options good |> ok

                  for threads in [ 1; 4 ] do
                      let execution = { oneThread with Threads = threads }
                      Gmm.fit { options with Execution = execution } (sourceOf bad) |> isNamed

                  Predict.labels fit (sourceOf bad) |> isNamed
                  Predict.responsibilities fit (sourceOf bad) |> isNamed
                  Predict.logDensities fit (sourceOf bad) |> isNamed
                  Predict.score fit (sourceOf bad) |> isNamed)
          testCase "NaN and infinity are told as what they are" (fun () ->
              for kind in kinds do
                  for bad in [ nan; infinity ] do
                      match
                          Gmm.fit
                              (exactly 1 1 Start.Points kind.Family)
                              (sourceOf [| [| 1.0; 0.0 |]; [| 1.0; bad |] |])
                          |> error
                      with
                      | MissingCell(1L, 1, 1L) -> Assert.True(Double.IsNaN bad)
                      | InvalidNumber(1L, 1, value) ->
                          Assert.Equal(BitConverter.DoubleToInt64Bits bad, BitConverter.DoubleToInt64Bits value)
                      | other -> Assert.Fail other.Message)
          testCase "mean parameters that can't be are an error" (fun () ->
              let create (family: ExponentialFamily) (means: float[]) =
                  ExponentialFamily.create family (Tensor.create [| 1; 1; means.Length |] means) |> error

              for family, means in
                  [ Bernoulli.family, [| nan; 0.5 |]
                    Bernoulli.family, [| -0.5; 1.5 |]
                    Bernoulli.family, [| 0.5 |]
                    Poisson.family, [| -1.0 |]
                    Exponential.family, [| 0.0 |]
                    Exponential.family, [| -1.0 |]
                    Categorical.family 3, [| 0.5; 0.5 |]
                    // Probabilities that don't sum to 1, successes and failures that aren't all trials.
                    Bernoulli.family, [| 0.3; 0.9 |]
                    Bernoulli.family, [| 0.3; 0.3 |]
                    Binomial.family 7, [| 3.0; 3.0 |]
                    Categorical.family 3, [| 0.5; 0.5; 0.5 |] ] do
                  match create family means with
                  | InvalidOption(name, _, _) -> Assert.StartsWith("Mean parameters", name)
                  | other -> Assert.Fail other.Message) ]

// ── Weights, CEM, prediction, criteria, threads ─────────────────────────────────────────────────────────────────────

[<Tests>]
let ``weights, CEM, prediction, criteria, threads`` =
    testList
        "Family: weights, CEM, prediction, criteria, threads"
        [ testCase "a weight of m is m copies of the row" (fun () ->
              check 80 (fun case ->
                  let copies = case.Rows |> Array.mapi (fun n _ -> n % 4)
                  let given = someResponsibilities case

                  let repeated =
                      [| for n in 0 .. copies.Length - 1 do
                             yield! Array.replicate copies[n] (n, case.Rows[n]) |]

                  let weighted = sourceOf case.Rows |> Source.weighted (copies |> Array.map float) |> ok

                  let run source given =
                      Gmm.fit (exactly 6 case.Components (Start.Responsibilities given) case.Kind.Family) source

                  let means (fit: Fit<ExponentialParameters>) = fit.Parameters.Means.toArray ()

                  whenBothOk
                      (run weighted given)
                      (run (sourceOf (Array.map snd repeated)) (array2D [ for n, _ in repeated -> given[n, *] ]))
                      (fun a b ->
                          allWithin Tolerance.iterations (1.0 + abs a.Objective) a.Trace b.Trace
                          && allWithin Tolerance.iterations (1.0 + Array.max (means a)) (means a) (means b)
                          && abs (a.Bic - b.Bic) <= Tolerance.iterations * (1.0 + abs a.Bic))))
          formulas [ "Σₙ wₙ maxₖ ln ρₙₖ never falls with hard assignment", "Celeux and Govaert 1992" ]
          <| testCase "classification EM never lowers its objective and ends in proportions of its own rows" (fun () ->
              check 80 (fun case ->
                  Gmm.fit
                      { exactly 100 case.Components (Start.Labels case.Labels) case.Kind.Family with
                          Assignment = Hard }
                      case.Source
                  |> holds (fun fit ->
                      let labels = Predict.labels fit case.Source |> ok

                      let own =
                          Array2D.init case.Rows.Length case.Components (fun n k ->
                              if labels[n] = k then 1.0 else 0.0)

                      let expected = modes case.Kind.Nothing case own

                      largestFall fit <= Tolerance.monotone
                      // At rest, unless two components tie over a row.
                      && (fit.Trace[fit.Trace.Length - 2] < fit.Objective
                          || allWithin 1e-9 (1.0 + Array.max expected) expected (case.Kind.Read fit.Parameters))
                      // The likelihood is that of the mixture: more than the classification's.
                      && fit.LowerBound >= fit.Objective - 1e-12 * (1.0 + abs fit.Objective))))
          testCase
              "responsibilities sum to 1, labels are where they are largest, the score of the data is the lower bound"
              (fun () ->
                  check 80 (fun case ->
                      case
                      |> fitFrom Start.RandomResponsibilities 10
                      |> holds (fun fit ->
                          let shares = Predict.responsibilities fit case.Source |> ok
                          let labels = Predict.labels fit case.Source |> ok
                          let score = Predict.score fit case.Source |> ok

                          abs (score - fit.LowerBound) <= Tolerance.rounding * (1.0 + abs score)
                          && Seq.forall
                              (fun n ->
                                  let row = shares[n, *]
                                  abs (Array.sum row - 1.0) <= 1e-14 && row[labels[n]] >= Array.max row - 1e-12)
                              (seq { 0 .. labels.Length - 1 }))))
          formulas [ "BIC = −2 ln L + p ln Σₙ wₙ", "Schwarz 1978"; "AIC = −2 ln L + 2p", "Akaike 1974" ]
          <| testCase
              "free parameters are those of every component and column, and the weights; BIC and AIC follow"
              (fun () ->
                  let data = DataSet.iris ()
                  let rows = data.Rows |> Array.map (fun row -> [| floor row[0] % 4.0; floor row[1] % 4.0 |])
                  let binary = rows |> Array.map (Array.map (fun x -> x % 2.0))

                  for kind, rows, free in
                      [ Coins, binary, 1
                        Trials 7, rows, 1
                        Levels 4, rows, 3
                        Counts, rows, 1
                        Waits, data.Rows |> Array.map (Array.truncate 2), 1 ] do
                      let weighted = sourceOf rows |> Source.weighted (Array.create 150 2.0) |> ok
                      let fit = Gmm.fit (exactly 5 3 Start.RandomResponsibilities kind.Family) weighted |> ok
                      let expected = 3 * 2 * free + 2
                      Assert.Equal(expected, fit.FreeParameters)
                      near 1e-9 "BIC" (-2.0 * fit.LogLikelihood + float expected * log 300.0) fit.Bic
                      near 1e-9 "AIC" (-2.0 * fit.LogLikelihood + 2.0 * float expected) fit.Aic)
          testCase "the number of threads changes no bit" (fun () ->
              let random = Random 8

              for kind in kinds do
                  let means = Array.init 3 (fun _ -> Array.init 4 (fun _ -> kind.Draw random))
                  // Five blocks and a half.
                  let rows = Array.init 11_000 (fun n -> means[n % 3] |> Array.map (kind.Family.Sample random))
                  let source = sourceOf rows |> Source.weighted (drawSampleWeights rows.Length random) |> ok

                  let run start threads =
                      let fit =
                          Gmm.fit
                              { exactly 2 3 start (kind.Believing(1.5, 1.5)) with
                                  Execution =
                                      { Execution.Default with
                                          Threads = threads } }
                              source
                          |> ok

                      let densities = Predict.logDensities fit source |> ok
                      Array.concat [ bits fit.Trace; bits (allNumbers fit.Mixture); bits densities ]

                  for start in [ Start.KMeans; Start.RandomResponsibilities ] do
                      let expected = run start 1
                      Assert.Equal<int64[]>(expected, run start 2)
                      Assert.Equal<int64[]>(expected, run start 5))
          // The M-step of k-means' clusters would have probabilities of 0 and 1, from which EM never moves.
          testCase "a k-means start leaves every probability inside its edges" (fun () ->
              let random = Random 17

              let rows =
                  Array.init 200 (fun n -> [| float (n % 2); (if random.NextDouble() < 0.05 then 1.0 else 0.0) |])

              for seed in 0..4 do
                  let fit =
                      Gmm.fit
                          { Gmm.defaultsOf Bernoulli.family with
                              Components = 2
                              Seed = seed }
                          (sourceOf rows)
                      |> ok

                  Assert.All(
                      fit.Start.Parameters |> Bernoulli.probabilities |> Seq.cast<float>,
                      fun p -> Assert.InRange(p, 0.01, 0.99)
                  )) ]
