/// A family that the library does not have.
module Gmm.Tests.Families

open Gmm

/// Failures before the first success, by their mean m, defined outside the library without a numberwise statistic: P(x) = qˣ(1−q) with q = m/(1+m).
let geometric: ExponentialFamily =
    { Name = "failures"
      Domain = "a whole number from 0 upward"
      IsInDomain = fun x -> x >= 0.0 && x = floor x
      Statistics = 1
      Statistic = fun x -> x.unsqueeze 2
      LogBase = fun _ -> 0.0
      Mean = Array.map (fun eta -> exp eta / (1.0 - exp eta))
      Natural = Array.map (fun mean -> log (mean / (1.0 + mean)))
      LogPartition = fun natural -> -log(1.0 - exp natural[0])
      Free = 1
      Dispersion = None
      Prior = ConjugatePrior.flat 1
      Sample =
        fun random means ->
            if means[0] = 0.0 then
                0.0
            else
                floor (log (1.0 - random.NextDouble()) / log (means[0] / (1.0 + means[0])))
      Reported = [ "mean", id ] }
