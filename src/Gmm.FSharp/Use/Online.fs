namespace Gmm

open System

/// A mixture that learns from a stream of batches, with what it remembers of the rows so far. It is a value: an update
/// returns a new one.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Online<'θ> =
    {
        /// The model, with its priors and the backend of its E-steps.
        Model: Model<'θ>
        /// The current mixture.
        Mixture: Mixture<'θ>
        /// The average statistics of the rows so far, in which the step sizes weigh the batches, about the means of the
        /// current mixture. `Weight` W never changes: the sums are always scaled to W rows, and priors count against
        /// them.
        Statistics: Statistics
        /// The components that were irregular in the fit that the stream began from; updates look for none.
        Irregular: Irregular
        /// The number of updates so far, t.
        Updates: int64
        /// The mean log-density per row of the last batch under the mixture before it learned the batch. Without an
        /// update it is that of the fit (`Fit.LowerBound`), and −∞ for a given mixture.
        Score: float
    }

    /// The number of components, K, without the noise.
    member online.Components = Model.components online.Model online.Mixture
    /// πₖ (K); with noise its weight π₀ follows (K + 1).
    member online.Weights = online.Mixture.Weights
    /// The parameters of all components.
    member online.Parameters = online.Mixture.Parameters

    member internal online.Display =
        FormattableString.Invariant
            $"online {online.Model.Family.Name} mixture of {online.Components}: {online.Updates} updates, last score {online.Score:G9}"

/// Online EM: learns a mixture from batches of rows, of which it keeps none (Cappé and Moulines 2009; stepwise EM of
/// Liang and Klein 2009). With the step size γ, 0 < γ ≤ 1, a batch replaces the share γ of the statistics:
///   s ← (1 − γ) s + γ s̄(batch),   θ ← M-step of s,
/// where s̄ is the average over the batch in an E-step under the current θ. Sums about means are moved to the new means
/// after each M-step, so nothing cancels. γ = 1 with all rows is one step of EM. Steps γₜ that shrink with Σ γₜ = ∞ and
/// Σ γₜ² < ∞ make the mixture converge; a constant γ follows a stream that changes, and remembers about 1/γ batches.
module Online =
    /// Returns the step size γₜ = (t + 2)^−a of the update after t updates. The exponent a must be above ½ and at most
    /// 1 for convergence; 0.6 forgets a poor start soon. Throws ArgumentException unless it is, and t ≥ 0.
    let stepSize (exponent: float) (updates: int64) : float =
        if not (exponent > 0.5 && exponent <= 1.0) then
            invalidArg (nameof exponent) $"The exponent must be above 0.5 and at most 1, but is {string exponent}."

        if updates < 0L then
            invalidArg (nameof updates) $"The number of updates must be 0 or more, but is {updates}."

        exp (-exponent * log (float updates + 2.0))

    /// The rule that posteriors of variational Bayes break: their weights follow from their parameters, and an M-step
    /// alone doesn't move them.
    let private learns (model: Model<'θ>) =
        not (NormalWishart.isPosterior model.Family),
        "Family",
        "one that learns online",
        $"{model.Family.Name}, a posterior of variational Bayes: begin with the fit's PlugIn, or fit all rows again"

    /// Begins where a fit ends: with its mixture, and the statistics of its data. `Weight` is that of its data. Saved
    /// fits have these statistics too. The fit counts as one batch: if it saw many more rows than a batch has, begin
    /// with the step size of as many updates as batches would have its rows. `Fit.ofMixture` has no statistics: use
    /// `start` for it.
    let ofFit (fit: Fit<'θ>) : Online<'θ> =
        { Model = fit.Model
          Mixture = fit.Mixture
          Statistics = fit.Statistics
          Irregular = fit.Irregular
          Updates = 0L
          Score = fit.LowerBound }

    /// Begins from a given mixture, with the statistics that it expects of `weight` rows. A covariance has a floor only
    /// if the model's family has one, like that of a fit. Error when the model is one of variational Bayes, when the
    /// weight is not above 0 and finite, or when the family doesn't say what it expects, because it has no `Missing`.
    /// Begin from a fit then.
    let start (model: Model<'θ>) (weight: float) (mixture: Mixture<'θ>) : Result<Online<'θ>, GmmError> =
        result {
            do!
                GmmError.requireAll
                    [ learns model; weight > 0.0 && weight < infinity, "Weight", "above 0 and finite", string weight ]

            let! rows =
                model.Family.Missing
                |> Option.map Ok
                |> Option.defaultWith (fun () ->
                    let rule = "one that has Missing, the treatment of missing cells; or begin with Online.ofFit"
                    Error(InvalidOption("Family", rule, model.Family.Name)))

            let counts = mixture.Weights |> Array.map (fun share -> weight * share)

            // Rows that miss all cells count as they are expected to be. Noise has no sums.
            let expected =
                rows.Lift
                    [||]
                    mixture.Parameters
                    { Weight = weight
                      LogLikelihood = -infinity
                      Counts = Array.truncate (Family.components model.Family mixture) counts
                      Sums = [||] }

            return
                { Model = model
                  Mixture = mixture
                  Statistics = { expected with Counts = counts }
                  Irregular = Irregular.None
                  Updates = 0L
                  Score = -infinity }
        }

    /// Learns a batch of rows (n×D) with a step size γ. The batch's sample weights count within the batch. Error when
    /// the model is one of variational Bayes, when γ is not above 0 and at most 1, when the batch has another number of
    /// columns, no rows, or a number that isn't finite or not in the family's domain; or `FailedUpdate`, when a
    /// component has lost all its rows, or a covariance is singular: `online` is as before, and can learn other
    /// batches.
    let update (stepSize: float) (batch: Source) (online: Online<'θ>) : Result<Online<'θ>, GmmError> =
        let model, before = online.Model, online.Mixture

        result {
            do!
                GmmError.requireAll
                    [ learns model
                      stepSize > 0.0 && stepSize <= 1.0, "Step size", "above 0 and at most 1", string stepSize ]

            do!
                GmmError.requireAll
                    [ Array.sum online.Statistics.Counts > 0.0,
                      "Statistics",
                      "those of data, as in a fit to data, or those that Online.start gives",
                      "none" ]

            do! Predict.check model before batch
            use! pass = Model.openPass model batch
            let found = pass.Expect(model.Assignment, before)
            let weight, score = online.Statistics.Weight, found.LogLikelihood / found.Weight

            // The log-likelihood is −∞ after a batch with an impossible row, and at the start.
            let logLikelihood =
                if Double.IsFinite online.Statistics.LogLikelihood && Double.IsFinite score then
                    (1.0 - stepSize) * online.Statistics.LogLikelihood + stepSize * weight * score
                else
                    weight * score

            let sum =
                Statistics.scale (1.0 - stepSize) online.Statistics
                + Statistics.scale (stepSize * (weight / found.Weight)) found

            let statistics =
                { sum with
                    Weight = weight
                    LogLikelihood = logLikelihood }

            let! mixture = EM.mStep model before statistics |> Result.mapError FailedUpdate

            return
                { online with
                    Mixture = mixture
                    Statistics = model.Family.Recentre before.Parameters mixture.Parameters statistics
                    Updates = online.Updates + 1L
                    Score = score }
        }

    /// Learns batches one after another, with the step size of the number of updates so far. The sequence has the value
    /// after every batch; it is lazy, and the first error is its last element.
    let updates
        (stepSize: int64 -> float)
        (batches: seq<Source>)
        (online: Online<'θ>)
        : seq<Result<Online<'θ>, GmmError>> =
        seq {
            use batches = batches.GetEnumerator()
            let mutable current = Ok online

            while current.IsOk && batches.MoveNext() do
                current <-
                    current |> Result.bind (fun online -> update (stepSize online.Updates) batches.Current online)

                current
        }

    /// Returns the current mixture as a fit, to predict, score, sample, save and draw with. Its log-likelihood is the
    /// estimate from the statistics, for W rows; it has no trace. Its irregular components are those of the fit that the
    /// stream began from.
    let toFit (online: Online<'θ>) : Fit<'θ> =
        { Fit.ofMixture online.Model.Family online.Mixture with
            Model = Model.unbound online.Model
            Statistics = online.Statistics
            Irregular = online.Irregular
            Trace = [| EM.objective online.Model online.Mixture online.Statistics |] }
