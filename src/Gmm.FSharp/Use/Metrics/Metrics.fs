namespace Gmm

/// The agreement of two labellings of the same rows by every measure; see the functions of `Metrics`.
type Agreement =
    {
        /// See `Metrics.rand`.
        Rand: float
        /// See `Metrics.adjustedRand`.
        AdjustedRand: float
        /// See `Metrics.mutualInformation`.
        MutualInformation: float
        /// See `Metrics.adjustedMutualInformation`.
        AdjustedMutualInformation: float
        /// See `Metrics.normalizedMutualInformation`.
        NormalizedMutualInformation: float
        /// See `Metrics.fowlkesMallows`.
        FowlkesMallows: float
        /// See `Metrics.homogeneity`.
        Homogeneity: float
        /// See `Metrics.completeness`.
        Completeness: float
        /// See `Metrics.vMeasure`.
        VMeasure: float
        /// See `Metrics.purity`.
        Purity: float
    }

/// The separation of labelled rows by every measure; see the functions of `Metrics`.
type Separation =
    {
        /// See `Metrics.silhouette`.
        Silhouette: float
        /// See `Metrics.daviesBouldin`.
        DaviesBouldin: float
        /// See `Metrics.calinskiHarabasz`.
        CalinskiHarabasz: float
        /// See `Metrics.dunn`.
        Dunn: float
    }

/// The scores of a fitted mixture, as a density and as a clustering of data.
type Evaluation =
    {
        /// The mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.
        Score: float
        /// The Bayesian information criterion on the data; lower is better.
        Bic: float
        /// Akaike's information criterion on the data; lower is better.
        Aic: float
        /// The integrated complete likelihood on the data; lower is better.
        Icl: float
        /// The separation of the rows by their likeliest components; None when all rows share one component, or each
        /// has its own.
        Separation: Separation option
        /// The agreement with the true labels; None when there are none.
        Agreement: Agreement option
    }

/// Measures of clusterings. A measure of two labellings takes labels of any type, such as int or string. It depends
/// only on which rows share a label, not on the labels themselves. Error when the labellings differ in length or are
/// empty. A measure of labelled rows honours sample weights: a weight of m counts as m copies of the row.
module Metrics =

    // ── Two labellings ──────────────────────────────────────────────────────────────────────────────────────────────

    let private measure (ofTable: Contingency -> float) (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        Contingency.ofLabels truth predicted |> Result.map ofTable

    /// Computes the Rand index: the share of the pairs of rows on which two labellings agree, because both put the pair
    /// together or both put it apart (Rand 1971). It is 1 for a single row.
    let rand (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure PairCounts.rand truth predicted

    /// Computes the Rand index of two labellings, adjusted for chance: 1 for the same partition, about 0 for
    /// independent ones (Hubert and Arabie 1985). It is (pairs together in both − expected) / (mean of the pairs
    /// together in each − expected), and 1 for two partitions that are trivial in the same way.
    let adjustedRand (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure PairCounts.adjustedRand truth predicted

    /// Computes the geometric mean of two shares: of the pairs together in one labelling, those also together in the
    /// other, and the reverse (Fowlkes and Mallows 1983). It is 1 for two partitions into single rows.
    let fowlkesMallows (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure PairCounts.fowlkesMallows truth predicted

    /// Computes the mutual information of two labellings in nats, Σ n/N ln(nN / ab). The sum is over the pairs of
    /// labels; n rows have both labels, a rows the first and b rows the second (Cover and Thomas, Elements of
    /// Information Theory, 2006, §2.3).
    let mutualInformation (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure Information.mutual truth predicted

    /// Computes the mutual information adjusted for chance: 1 for the same partition, about 0 for independent ones. It
    /// is (MI − E) / (mean of both entropies − E), where E is the mean over all labellings with the same counts (Vinh,
    /// Epps and Bailey 2010).
    let adjustedMutualInformation (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure Information.adjusted truth predicted

    /// Computes the mutual information divided by the mean of both entropies, between 0 and 1 (Strehl and Ghosh 2002,
    /// with the arithmetic mean). It is 1 when each labelling has only one label.
    let normalizedMutualInformation (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure Information.normalized truth predicted

    /// Measures whether the rows of each label belong to one class: the mutual information divided by the entropy of
    /// the classes, between 0 and 1 (Rosenberg and Hirschberg 2007). It is 1 for a single class.
    let homogeneity (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure Information.homogeneity truth predicted

    /// Measures whether the rows of each class have one label: the mutual information divided by the entropy of the
    /// labels, between 0 and 1 (Rosenberg and Hirschberg 2007). It is 1 for a single label.
    let completeness (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure Information.completeness truth predicted

    /// Computes the harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg 2007).
    let vMeasure (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        measure Information.vMeasure truth predicted

    /// Computes the share of the rows whose class is the most frequent one under their label (Manning, Raghavan and
    /// Schütze, Introduction to Information Retrieval, 2008, §16.3).
    let purity (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> = measure Classification.purity truth predicted

    /// Computes all these measures at once.
    let agreement (truth: 'A[]) (predicted: 'B[]) : Result<Agreement, GmmError> =
        Contingency.ofLabels truth predicted
        |> Result.map (fun table ->
            { Rand = PairCounts.rand table
              AdjustedRand = PairCounts.adjustedRand table
              MutualInformation = Information.mutual table
              AdjustedMutualInformation = Information.adjusted table
              NormalizedMutualInformation = Information.normalized table
              FowlkesMallows = PairCounts.fowlkesMallows table
              Homogeneity = Information.homogeneity table
              Completeness = Information.completeness table
              VMeasure = Information.vMeasure table
              Purity = Classification.purity table })

    // ── Classes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Counts the rows of every class under every label: classes down, labels across, both ascending.
    let confusion (truth: 'A[]) (predicted: 'B[]) : Result<Confusion<'A, 'B>, GmmError> =
        Classification.confusion truth predicted

    /// Computes precision, recall and F₁ of every class by the label matched to it. Of all ways to give classes
    /// different labels, the matching puts the most rows under the label of their class (see `Matching.cheapest`).
    let report (truth: 'A[]) (predicted: 'B[]) : Result<ClassificationReport<'A, 'B>, GmmError> =
        Classification.report truth predicted

    /// Computes the area under the ROC curve of each class against all others, averaged over the classes (Hand and Till
    /// 2001; scikit-learn's macro average of one versus rest). Column j of the scores (N×C), such as probabilities,
    /// belongs to class j in ascending order; see `alignColumns`. Error when there are fewer than two classes, when the
    /// scores have not one column per class, or when a score is not finite.
    let rocAuc (truth: 'A[]) (scores: float[,]) : Result<float, GmmError> = Scores.rocAuc truth scores

    /// Returns the columns of responsibilities (N×K) in ascending order of the classes (N×C), each class with the
    /// component matched to it. Of all ways to give classes different components, the matching has the largest sum of
    /// responsibilities that rows have for the component of their class. It drops the components left over. Error when
    /// there are fewer components than classes, or when a responsibility is not finite.
    let alignColumns (truth: 'A[]) (responsibilities: float[,]) : Result<float[,], GmmError> =
        Scores.alignColumns truth responsibilities

    // ── Labelled rows ───────────────────────────────────────────────────────────────────────────────────────────────

    let private ofClusters ofRows execution (labels: 'L[]) (source: Source) : Result<'T, GmmError> =
        Clusters.ofLabels execution labels source |> Result.map (fun clusters -> ofRows execution clusters source)

    /// Computes the silhouette of every row (N), (b − a) / max(a, b): a is the mean distance to the other rows of its
    /// cluster, b the least mean distance to the rows of another. It is 0 for a row alone in its cluster (Rousseeuw
    /// 1987). The function computes all N² distances and holds N numbers. Error when labels and rows differ in number,
    /// when there are fewer than two clusters or as many as rows, or when a number is not finite.
    let silhouettes (execution: Execution) (labels: 'L[]) (source: Source) : Result<float[], GmmError> =
        ofClusters RowDistances.silhouettes execution labels source

    /// Computes the mean silhouette of the rows, from −1 to 1; higher is better. See `silhouettes`.
    let silhouette (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters RowDistances.silhouette execution labels source

    /// Computes the mean over the clusters of maxⱼ (sᵢ + sⱼ) / dᵢⱼ; lower is better (Davies and Bouldin 1979). The
    /// spread s is the mean distance of the rows of a cluster from its mean, and d is the distance between two means.
    /// The result is ∞ when two means coincide. Errors as `silhouettes`.
    let daviesBouldin (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters ClusterMeans.daviesBouldin execution labels source

    /// Computes the variance ratio, B/(K − 1) / (W/(N − K)); higher is better (Caliński and Harabasz 1974). B sums,
    /// over the rows, the squared distance of their cluster's mean from the mean of all rows; W sums the squared
    /// distance of the rows from their cluster's mean. The result is ∞ when every row lies on its mean, and 0 when all
    /// means coincide. Errors as `silhouettes`.
    let calinskiHarabasz (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters ClusterMeans.calinskiHarabasz execution labels source

    /// Computes the smallest distance between rows of different clusters, divided by the largest distance between rows
    /// of one cluster; higher is better (Dunn 1974). It computes all N² distances and keeps none. The result is ∞ when
    /// the rows of each cluster coincide, and 0 when two rows of different clusters do. Errors as `silhouettes`.
    let dunn (execution: Execution) (labels: 'L[]) (source: Source) : Result<float, GmmError> =
        ofClusters RowDistances.dunn execution labels source

    /// Computes the four measures of labelled rows at once. Errors as `silhouettes`.
    let separation (execution: Execution) (labels: 'L[]) (source: Source) : Result<Separation, GmmError> =
        let ofRows execution clusters source =
            { Silhouette = RowDistances.silhouette execution clusters source
              DaviesBouldin = ClusterMeans.daviesBouldin execution clusters source
              CalinskiHarabasz = ClusterMeans.calinskiHarabasz execution clusters source
              Dunn = RowDistances.dunn execution clusters source }

        ofClusters ofRows execution labels source

    // ── A fitted mixture ────────────────────────────────────────────────────────────────────────────────────────────

    /// Evaluates a fitted mixture on data, and on true labels if there are any. It computes the criteria, and measures
    /// the clustering by likeliest components; the agreement with the labels ignores sample weights. Rows of
    /// noise, whose label is −1, count as one cluster. It computes all N² distances and keeps none. Errors as
    /// `Predict.labels`, and when labels and rows differ in number.
    let evaluate (fit: Fit<'θ>) (truth: 'A[] option) (source: Source) : Result<Evaluation, GmmError> =
        let count = truth |> Option.map (fun truth -> int64 truth.Length) |> Option.defaultValue source.Rows

        result {
            do!
                GmmError.requireAll
                    [ count = source.Rows,
                      "True labels",
                      $"""one for {Display.each source.Rows "row"}""",
                      Display.count count "label" ]

            let! labels = Predict.labels fit source
            let! likelihood, weight = Predict.logLikelihood fit source
            let! icl = Predict.icl fit source

            /// The fit as if these were the data it was fitted to.
            let fitted =
                { fit with
                    Statistics =
                        { fit.Statistics with
                            LogLikelihood = likelihood
                            Weight = weight } }

            let! agreement =
                match truth with
                | Some truth -> agreement truth labels |> Result.map Some
                | None -> Ok None

            return
                { Score = fitted.LowerBound
                  Bic = fitted.Bic
                  Aic = fitted.Aic
                  Icl = icl
                  Separation = separation fit.Model.Execution labels source |> Result.toOption
                  Agreement = agreement }
        }
