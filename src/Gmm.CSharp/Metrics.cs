using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// Measures of clusterings: of two labellings of the same rows, of scores of classes, and of labelled rows.
/// </summary>
/// <remarks>
/// Labels are values of any type, such as <c>int</c>, <c>string</c> or an enumeration, and true labels may have another
/// type than predicted ones; only equality matters, and for tables the order. Measures of labelled rows honour sample
/// weights, a weight of m as m copies of the row; the number of threads changes no result. K is the number of clusters,
/// C of classes.
/// </remarks>
/// <example>
/// <code>
/// int[] labels = model.Predict(data);
/// double index = Metrics.AdjustedRand(truth, labels), silhouette = Metrics.Silhouette(data, labels);
/// Console.WriteLine(Metrics.Report(truth, labels));
/// </code>
/// </example>
public static class Metrics
{
    /// <summary>The core's names of the arguments.</summary>
    internal static readonly (string Core, string Here)[] Names =
    [
        ("True labels", "truth"),
        ("Predicted labels", "predicted"),
        ("Labels", "labels"),
        ("Threads", "threads"),
        ("Scores", "scores"),
    ];

    // ── Two labellings ──────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Computes the Rand index: the share of the pairs of rows on which two labellings agree, together in both or apart
    /// in both (Rand 1971).
    /// </summary>
    /// <param name="truth">The true label of every row (N).</param>
    /// <param name="predicted">The predicted label of every row (N).</param>
    /// <typeparam name="TClass">The type of the true labels.</typeparam>
    /// <typeparam name="TLabel">The type of the predicted labels.</typeparam>
    /// <returns>The index, from 0 to 1; 1 for a single row.</returns>
    /// <exception cref="ArgumentException">The labellings differ in length, or are empty.</exception>
    public static double Rand<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.rand, truth, predicted);

    /// <summary>
    /// Computes the Rand index adjusted for chance: 1 for the same partition, about 0 for independent ones (Hubert and
    /// Arabie 1985).
    /// </summary>
    /// <remarks>(Pairs together in both − expected) / (mean of the pairs together in each − expected).</remarks>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The index, at most 1.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double AdjustedRand<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.adjustedRand, truth, predicted);

    /// <summary>
    /// Computes the mutual information of two labellings in nats (Cover and Thomas, Elements of Information Theory,
    /// 2006, §2.3).
    /// </summary>
    /// <remarks>
    /// Σ n/N ln(nN / ab) over the pairs of labels, with n rows that have both and a and b that have each.
    /// </remarks>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The information, 0 or more.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double MutualInformation<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.mutualInformation, truth, predicted);

    /// <summary>
    /// Computes the mutual information adjusted for chance: 1 for the same partition, about 0 for independent ones
    /// (Vinh, Epps and Bailey 2010).
    /// </summary>
    /// <remarks>
    /// (MI − E) / (mean of both entropies − E), with the mean E over all labellings of the same counts.
    /// </remarks>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The information, at most 1.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double AdjustedMutualInformation<TClass, TLabel>(
        IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.adjustedMutualInformation, truth, predicted);

    /// <summary>
    /// Computes the mutual information divided by the mean of both entropies (Strehl and Ghosh 2002, with the
    /// arithmetic mean).
    /// </summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The share, from 0 to 1; 1 when both have one label only.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double NormalizedMutualInformation<TClass, TLabel>(
        IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.normalizedMutualInformation, truth, predicted);

    /// <summary>
    /// Computes the geometric mean of the shares of the pairs together in one labelling that are together in the other,
    /// too (Fowlkes and Mallows 1983).
    /// </summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The index, from 0 to 1.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double FowlkesMallows<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.fowlkesMallows, truth, predicted);

    /// <summary>
    /// Measures whether every label has rows of one class only: the mutual information divided by the entropy of the
    /// classes (Rosenberg and Hirschberg 2007).
    /// </summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The share, from 0 to 1; 1 for a single class.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double Homogeneity<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.homogeneity, truth, predicted);

    /// <summary>
    /// Measures whether all rows of a class have the same label: the mutual information divided by the entropy of the
    /// labels (Rosenberg and Hirschberg 2007).
    /// </summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The share, from 0 to 1; 1 for a single label.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double Completeness<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.completeness, truth, predicted);

    /// <summary>Computes the harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg 2007).</summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The mean, from 0 to 1.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double VMeasure<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.vMeasure, truth, predicted);

    /// <summary>
    /// Computes the share of the rows that are of the class most frequent under their label (Manning, Raghavan and
    /// Schütze, Introduction to Information Retrieval, 2008, §16.3).
    /// </summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The share, above 0 and at most 1.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static double Purity<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        OfTwo(Core.Metrics.purity, truth, predicted);

    /// <summary>Computes all measures above at once.</summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The measures.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static Agreement Agreement<TClass, TLabel>(IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : notnull
        where TLabel : notnull =>
        new(OfTwo(Core.Metrics.agreement, truth, predicted));

    /// <summary>Counts the rows of every class with every label.</summary>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>A table with the classes down and the labels across, both ascending.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static ConfusionMatrix<TClass, TLabel> Confusion<TClass, TLabel>(
        IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : IComparable
        where TLabel : IComparable =>
        new(OfTwo(Core.Metrics.confusion, truth, predicted));

    /// <summary>Computes precision, recall and F₁ of every class, with the label that is matched to it.</summary>
    /// <remarks>
    /// The matching is the one under which most rows have the label of their class
    /// (see <see cref="Matching"/>).
    /// </remarks>
    /// <inheritdoc cref="Rand" path="/param"/>
    /// <returns>The scores of every class, and the accuracy.</returns>
    /// <inheritdoc cref="Rand" path="/exception"/>
    public static ClassificationReport<TClass, TLabel> Report<TClass, TLabel>(
        IReadOnlyList<TClass> truth, IReadOnlyList<TLabel> predicted)
        where TClass : IComparable
        where TLabel : IComparable =>
        new(OfTwo(Core.Metrics.report, truth, predicted));

    /// <summary>Converts labels that are texts, such as those of <see cref="CsvData"/>, to numbers.</summary>
    /// <param name="labels">The label of every row (N).</param>
    /// <returns>
    /// For every row (N) the index of its label, from 0, among all different labels in ordinal order.
    /// </returns>
    public static int[] ToNumbers(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var names = labels.Distinct().Order(StringComparer.Ordinal).ToArray();
        return [.. labels.Select(label => Array.BinarySearch(names, label, StringComparer.Ordinal))];
    }

    // ── Scores ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Computes the area under the ROC curve of each class against all others, averaged over the classes (Hand and Till
    /// 2001).
    /// </summary>
    /// <remarks>
    /// That of a class is the share of pairs of a row of the class and another in which the former has the higher
    /// score, equal ones counted half. It is scikit-learn's macro average of one versus rest.
    /// </remarks>
    /// <param name="truth">The true label of every row (N).</param>
    /// <param name="scores">
    /// Scores (N×C), such as probabilities; column j is the class j in ascending order: see <see cref="AlignColumns"/>.
    /// </param>
    /// <returns>The mean area, from 0 to 1.</returns>
    /// <exception cref="ArgumentException">
    /// There are fewer than two classes, or not one row for each label and one column for each class, or a score is not
    /// finite.
    /// </exception>
    public static double RocAuc<TClass>(IReadOnlyList<TClass> truth, double[,] scores)
        where TClass : IComparable
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(scores);
        return Core.Metrics.rocAuc(ToLabels(truth), scores).Get(Names);
    }

    /// <summary>
    /// Returns the columns of responsibilities in the ascending order of the classes, each class with the component
    /// matched to it.
    /// </summary>
    /// <remarks>
    /// The matching has the largest sum of responsibilities of the rows for the component of their class. The result
    /// has no column for components that match no class.
    /// </remarks>
    /// <param name="truth">The true label of every row (N).</param>
    /// <param name="responsibilities">
    /// Responsibilities (N×K), as <see cref="MixtureModel.PredictProba(Rows)"/> returns them.
    /// </param>
    /// <returns>Responsibilities (N×C).</returns>
    /// <exception cref="ArgumentException">
    /// There are fewer components than classes, or not one row for each label, or a responsibility is not finite.
    /// </exception>
    public static double[,] AlignColumns<TClass>(IReadOnlyList<TClass> truth, double[,] responsibilities)
        where TClass : IComparable
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(responsibilities);
        return Core.Metrics.alignColumns(ToLabels(truth), responsibilities).Get(
            [("Scores", nameof(responsibilities)), .. Names]);
    }

    // ── Labelled rows ───────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Computes the mean silhouette of the rows; higher is better (Rousseeuw 1987).</summary>
    /// <remarks>See <see cref="Silhouettes"/>.</remarks>
    /// <param name="data">N×D numbers.</param>
    /// <param name="labels">The label of every row (N).</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <param name="threads">The largest number of threads; all cores unless given.</param>
    /// <param name="cancellationToken">Stops the work between two blocks of rows.</param>
    /// <returns>The mean, from −1 to 1.</returns>
    /// <exception cref="ArgumentException">
    /// Labels and rows differ in number, there are fewer than two clusters or as many as rows, a number is not finite,
    /// or the sample weights break their rule.
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static double Silhouette<TLabel>(
        Rows data,
        IReadOnlyList<TLabel> labels,
        double[]? sampleWeights = null,
        int? threads = null,
        CancellationToken cancellationToken = default)
        where TLabel : notnull =>
        OfRows(Core.Metrics.silhouette, data, labels, sampleWeights, threads, cancellationToken);

    /// <summary>Computes the silhouette of every row, (b − a) / max(a, b) (Rousseeuw 1987).</summary>
    /// <remarks>
    /// a is the mean distance to the other rows of its cluster, b the least mean distance to those of another. It
    /// computes all N² distances and holds N numbers.
    /// </remarks>
    /// <inheritdoc cref="Silhouette" path="/param"/>
    /// <returns>A number from −1 to 1 for every row (N); 0 for a row alone in its cluster.</returns>
    /// <inheritdoc cref="Silhouette" path="/exception"/>
    public static double[] Silhouettes<TLabel>(
        Rows data,
        IReadOnlyList<TLabel> labels,
        double[]? sampleWeights = null,
        int? threads = null,
        CancellationToken cancellationToken = default)
        where TLabel : notnull =>
        OfRows(Core.Metrics.silhouettes, data, labels, sampleWeights, threads, cancellationToken);

    /// <summary>
    /// Computes the mean over the clusters of maxⱼ (sᵢ + sⱼ) / dᵢⱼ; lower is better (Davies and Bouldin 1979).
    /// </summary>
    /// <remarks>s is the mean distance of a cluster's rows to its mean, d the distance of two means.</remarks>
    /// <inheritdoc cref="Silhouette" path="/param"/>
    /// <returns>The mean; ∞ where two means coincide.</returns>
    /// <inheritdoc cref="Silhouette" path="/exception"/>
    public static double DaviesBouldin<TLabel>(
        Rows data,
        IReadOnlyList<TLabel> labels,
        double[]? sampleWeights = null,
        int? threads = null,
        CancellationToken cancellationToken = default)
        where TLabel : notnull =>
        OfRows(Core.Metrics.daviesBouldin, data, labels, sampleWeights, threads, cancellationToken);

    /// <summary>
    /// Computes the variance ratio, B/(K − 1) / (W/(N − K)); higher is better (Caliński and Harabasz 1974).
    /// </summary>
    /// <remarks>
    /// B and W are the squared distances of cluster means to the mean of all, one for each row, and of rows to the mean
    /// of their cluster.
    /// </remarks>
    /// <inheritdoc cref="Silhouette" path="/param"/>
    /// <returns>The ratio; ∞ where every row lies on its mean, 0 where all means coincide.</returns>
    /// <inheritdoc cref="Silhouette" path="/exception"/>
    public static double CalinskiHarabasz<TLabel>(
        Rows data,
        IReadOnlyList<TLabel> labels,
        double[]? sampleWeights = null,
        int? threads = null,
        CancellationToken cancellationToken = default)
        where TLabel : notnull =>
        OfRows(Core.Metrics.calinskiHarabasz, data, labels, sampleWeights, threads, cancellationToken);

    /// <summary>
    /// Computes the smallest distance of two rows of different clusters, divided by the largest of two rows of one
    /// cluster; higher is better (Dunn 1974).
    /// </summary>
    /// <remarks>It computes all N² distances and keeps none.</remarks>
    /// <inheritdoc cref="Silhouette" path="/param"/>
    /// <returns>
    /// The ratio; ∞ where the rows of each cluster coincide, 0 where two rows of different clusters do.
    /// </returns>
    /// <inheritdoc cref="Silhouette" path="/exception"/>
    public static double Dunn<TLabel>(
        Rows data,
        IReadOnlyList<TLabel> labels,
        double[]? sampleWeights = null,
        int? threads = null,
        CancellationToken cancellationToken = default)
        where TLabel : notnull =>
        OfRows(Core.Metrics.dunn, data, labels, sampleWeights, threads, cancellationToken);

    /// <summary>Computes the four measures of labelled rows at once.</summary>
    /// <inheritdoc cref="Silhouette" path="/param"/>
    /// <returns>Silhouette, Davies–Bouldin, Caliński–Harabasz and Dunn.</returns>
    /// <inheritdoc cref="Silhouette" path="/exception"/>
    public static Separation Separation<TLabel>(
        Rows data,
        IReadOnlyList<TLabel> labels,
        double[]? sampleWeights = null,
        int? threads = null,
        CancellationToken cancellationToken = default)
        where TLabel : notnull =>
        new(OfRows(Core.Metrics.separation, data, labels, sampleWeights, threads, cancellationToken));

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    private static T OfTwo<TClass, TLabel, T>(
        Func<TClass[], TLabel[], FSharpResult<T, GmmError>> measure,
        IReadOnlyList<TClass> truth,
        IReadOnlyList<TLabel> predicted)
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(predicted);
        return measure(ToLabels(truth), ToLabels(predicted)).Get(Names);
    }

    private static T OfRows<TLabel, T>(
        Func<Execution, TLabel[], Source, FSharpResult<T, GmmError>> measure,
        Rows data,
        IReadOnlyList<TLabel> labels,
        double[]? sampleWeights,
        int? threads,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var execution = new Execution(threads ?? Execution.Default.Threads, cancellationToken);
        return measure(execution, ToLabels(labels), data.ToSource(sampleWeights)).Get(Names);
    }

    /// <summary>Labels as the core has them; it does not change them.</summary>
    private static T[] ToLabels<T>(IReadOnlyList<T> labels) => labels as T[] ?? [.. labels];
}
