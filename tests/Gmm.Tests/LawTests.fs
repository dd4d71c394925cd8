/// The laws of Gmm.Laws: every built-in family obeys each of them, and for each there is a family that breaks it.
module Gmm.Tests.LawTests

open System
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Laws
open MathNet.Numerics
open Xunit

// ── The built-in families ───────────────────────────────────────────────────────────────────────────────────────────

/// x·ln p with 0·ln 0 = 0.
let private times x p = if x = 0.0 then 0.0 else x * log p

let private bernoulli =
    { Family = Bernoulli.family
      Support = Levels [| 0.0; 1.0 |]
      Means = MeanParameters.simplex 2 1.0
      Textbook = Some(fun p x -> times x p[0] + times (1.0 - x) (1.0 - p[0]))
      Edges = [ [| 0.0; 1.0 |]; [| 1.0; 0.0 |] ] }

let private binomial =
    let trials = 5

    { Family = Binomial.family trials
      Support = Levels [| for x in 0..trials -> float x |]
      Means = MeanParameters.simplex 2 (float trials)
      Textbook =
        Some(fun mean x ->
            let p, n = mean[0] / float trials, float trials

            log (SpecialFunctions.Binomial(trials, int x)) + times x p + times (n - x) (1.0 - p))
      Edges = [ [| 0.0; float trials |]; [| float trials; 0.0 |] ] }

let private categorical =
    { Family = Categorical.family 3
      Support = Levels [| 0.0; 1.0; 2.0 |]
      Means = MeanParameters.simplex 3 1.0
      Textbook = Some(fun p x -> log p[int x])
      Edges = [ [| 0.0; 1.0; 0.0 |]; [| 0.5; 0.0; 0.5 |] ] }

let private poisson =
    { Family = Poisson.family
      Support = Counts
      Means = MeanParameters.positive 0.1 20.0
      Textbook = Some(fun rate x -> times x rate[0] - rate[0] - SpecialFunctions.FactorialLn(int x))
      Edges = [ [| 0.0 |] ] }

let private exponential =
    { Family = Exponential.family
      Support = HalfLine
      Means = MeanParameters.positive 0.1 20.0
      Textbook = Some(fun mean x -> -log mean[0] - x / mean[0])
      Edges = [] }

/// A subject of any family.
type Trial =
    /// The name and what a law of a name says.
    abstract Name: string
    abstract Laws: string list
    abstract Run: law: string -> Report

let private trial (subject: Subject<'θ>) =
    { new Trial with
        member _.Name = subject.Name
        member _.Laws = Laws.properties subject |> List.map fst

        member _.Run name = Laws.all |> List.find (fun law -> law.Name = name) |> Law.run Laws.defaults subject }

let private product =
    Laws.ofProduct
        [ Laws.gaussianPart 1 (Laws.ofGaussian Full)
          Laws.exponentialPart 1 (Laws.ofExponentialFamily bernoulli)
          Laws.exponentialPart 1 (Laws.ofExponentialFamily poisson) ]

let private families: Trial list =
    [ for column in [ bernoulli; binomial; categorical; poisson; exponential ] do
          trial (Laws.ofExponentialFamily column)

      for structure in Structure.all do
          trial (Laws.ofGaussian structure)

      trial product ]

let familiesAndLaws =
    TheoryData<string, string>(
        [ for family in families do
              for law in family.Laws -> struct (family.Name, law) ]
    )

[<Theory; MemberData(nameof familiesAndLaws)>]
let ``a built-in family obeys`` (family: string) (law: string) =
    let report = (families |> List.find (fun trial -> trial.Name = family)).Run law
    Assert.True(report.IsGood, string report)
