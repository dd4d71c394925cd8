using System.Runtime.CompilerServices;
using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>Pictures of mixtures, of how they were fitted, and of how they were chosen.</summary>
/// <remarks>The same fit and data give the same figure.</remarks>
/// <example>
/// <code>
/// Plot.Scatter(model, file.Rows, new() { ColumnNames = file.ColumnNames }).Save("scatter.svg");
/// Plot.Animation(model, file.Rows).Save("em.html");
/// </code>
/// </example>
public static class Plot
{
    // ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Draws the rows as points in the plane of two features, with the means of the components and their ellipses.
    /// </summary>
    /// <remarks>
    /// The ellipses (x−μₖ)ᵀΣₖ⁻¹(x−μₖ) = σ² are those of the marginal 2×2 covariances. Points have the colours of their
    /// components, of their true classes or of their densities. Data of one feature are drawn as <see cref="Density"/>.
    /// Families other than the Gaussian have neither ellipses nor means.
    /// </remarks>
    /// <param name="model">A fitted mixture.</param>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">
    /// Title, features, names, colours and size; the defaults of <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, do not match the data, or the data do not match the fit.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure Scatter(MixtureModel model, Rows data, PlotOptions? options = null) =>
        new(Drawing(model).Scatter(Value(options), data.ToSource(null)));

    /// <summary>
    /// Draws the rows as points in the plane of two features, in the colours of their clusters, with the centers.
    /// </summary>
    /// <param name="model">Fitted clusters.</param>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">
    /// Title, features, names, colours and size; the defaults of <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, do not match the data, or the data do not match the fit.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure Scatter(KMeans model, Rows data, PlotOptions? options = null) =>
        new(Drawing(model).Scatter(Value(options), data.ToSource(null)));

    /// <summary>
    /// Draws the rows as points in the plane of two features, in the colours of any numeric labels, such as clusters or
    /// classes.
    /// </summary>
    /// <param name="data">N×D numbers.</param>
    /// <param name="labels">The label of every row (N).</param>
    /// <param name="options">
    /// Title, features, names and size; the defaults of <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, or data, labels and options do not match.
    /// </exception>
    public static Figure Labelled(Rows data, int[] labels, PlotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return new(Core.Plot.labelled(Value(options), data.ToSource(null), labels).Get(("Labels", nameof(labels))));
    }

    /// <summary>
    /// Draws the rows as points in the plane of two features, in the colours of any labels, such as
    /// <see cref="CsvData.Labels"/>.
    /// </summary>
    /// <param name="data">N×D numbers.</param>
    /// <param name="labels">The label of every row (N).</param>
    /// <param name="options">
    /// Title, features, names and size; the defaults of <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, or data, labels and options do not match.
    /// </exception>
    public static Figure Labelled(Rows data, IReadOnlyList<string> labels, PlotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        string[] names = [.. labels];
        return new(Core.Plot.labelled(Value(options), data.ToSource(null), names).Get(("Labels", nameof(labels))));
    }

    /// <summary>
    /// Draws several fits of the same data side by side, on the same axes, with the name of each above it.
    /// </summary>
    /// <remarks>
    /// Components have the colours and numbers of those in the first mixture that <see cref="MixtureModel.Compare"/>
    /// matches them to; the legend shows their weights.
    /// </remarks>
    /// <param name="models">Fitted mixtures of one family, with their names.</param>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">
    /// Title, features, names and size; the defaults of <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, do not match the data, or the data do not match a fit, or the fits are of
    /// different families.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure Compare(
        IReadOnlyList<(string Name, MixtureModel Model)> models, Rows data, PlotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        var source = data.ToSource(null);
        (string Name, IDrawing Drawing)[] all =
            [.. models.Select(item => (item.Name, Drawing(item.Model, nameof(Compare))))];
        return all.Length == 0
            ? throw Translation.Invalid(nameof(models), "at least one", "none")
            : new(all[0].Drawing.Compare(Value(options), all, source));
    }

    /// <summary>
    /// Draws every pair of features as a small scatter, and on the diagonal every feature's density over a histogram.
    /// </summary>
    /// <param name="model">A fitted mixture.</param>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">
    /// Title, two to eight features (all unless chosen), names, colours and size; the defaults of
    /// <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, do not match the data, or the data do not match the fit, or there are more than
    /// eight features.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure Pairs(GaussianMixture model, Rows data, PlotOptions? options = null) =>
        new(Core.Plot.pairs(Value(options), Fit(model), data.ToSource(null)).Get());

    /// <summary>
    /// Draws the density Σₖ πₖ N(x|μₖⱼ, Σₖⱼⱼ) of one feature j, and that of every component, over a histogram of all
    /// rows.
    /// </summary>
    /// <remarks>The histogram has 2 ∛N bins of equal width, at most 80.</remarks>
    /// <param name="model">A fitted mixture.</param>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">
    /// Title, the feature (the one that separates best unless chosen), names and size; the defaults of
    /// <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, do not match the data, or the data do not match the fit.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure Density(GaussianMixture model, Rows data, PlotOptions? options = null) =>
        new(Core.Plot.density(Value(options), Fit(model), data.ToSource(null)).Get());

    // ── Iterations ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Draws the weight πₖ of every component at the start and after every iteration.</summary>
    /// <param name="model">A fitted mixture, with <see cref="Estimator.KeepHistory"/>.</param>
    /// <param name="options">Title and size; the defaults of <see cref="PlotOptions"/> unless given.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">The options break their rule.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public static Figure Weights(MixtureModel model, PlotOptions? options = null) =>
        new(WithHistory(model).Weights(Value(options)));

    /// <summary>
    /// Draws the objective (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ at the start and after every iteration.
    /// </summary>
    /// <param name="model">A fitted mixture.</param>
    /// <param name="options">Title and size; the defaults of <see cref="PlotOptions"/> unless given.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">The options break their rule.</exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure Objective(MixtureModel model, PlotOptions? options = null) =>
        new(Drawing(model).Objective(Value(options)));

    /// <summary>Draws the scatter of every iteration, one frame each, beside the objective.</summary>
    /// <remarks>At most 2,000 points and 60 frames: the first 30 iterations and then some of the others.</remarks>
    /// <param name="model">A fitted mixture, with <see cref="Estimator.KeepHistory"/>.</param>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">
    /// Title, features, names and size; the defaults of <see cref="PlotOptions"/> unless given.
    /// </param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, do not match the data, or the data do not match the fit.
    /// </exception>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public static Figure Animation(MixtureModel model, Rows data, PlotOptions? options = null) =>
        new(WithHistory(model).Animation(Value(options), data.ToSource(null)));

    // ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Draws BIC and ICL, and AIC if it was the criterion, of all candidates over the number of components, with a ring
    /// around the best candidate.
    /// </summary>
    /// <param name="selection">The result of a Select method.</param>
    /// <param name="options">Title and size; the defaults of <see cref="PlotOptions"/> unless given.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">The options break their rule.</exception>
    public static Figure Criteria(Selection selection, PlotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(selection);
        return new(selection.Draw(Value(options)));
    }

    /// <summary>Draws lines through points of your own, each with its name beside its end.</summary>
    /// <param name="horizontal">The title of the horizontal axis.</param>
    /// <param name="vertical">The title of the vertical axis.</param>
    /// <param name="lines">Names and points.</param>
    /// <param name="options">Title and size; the defaults of <see cref="PlotOptions"/> unless given.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, there is no line, one has no points, or a number is not finite.
    /// </exception>
    public static Figure Curves(
        string horizontal,
        string vertical,
        IReadOnlyList<(string Name, IReadOnlyList<(double X, double Y)> Points)> lines,
        PlotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(horizontal);
        ArgumentNullException.ThrowIfNull(vertical);
        ArgumentNullException.ThrowIfNull(lines);
        var values = lines.Select(
            line => Tuple.Create(line.Name, line.Points.Select(point => Tuple.Create(point.X, point.Y)).ToArray()));
        return new(
            Core.Plot.curves(Value(options), horizontal, vertical, ListModule.OfSeq(values))
                .Get(("Lines", nameof(lines))));
    }

    // ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Draws rows of numbers as images, row by row of pixels from the top, each with its name.</summary>
    /// <remarks>
    /// Pixels range from 0, the background, to 1, ink; if a number is not between 0 and 1, from the smallest to the
    /// largest number. The figure is as high as the images need.
    /// </remarks>
    /// <param name="images">The pixels of every image, K×P.</param>
    /// <param name="width">The width of an image in pixels; a divisor of P.</param>
    /// <param name="names">The name of every image (K).</param>
    /// <param name="options">Title and width; the defaults of <see cref="PlotOptions"/> unless given.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, names and images differ in number, the width does not divide the pixels, or a
    /// number is not finite.
    /// </exception>
    public static Figure Images(double[,] images, int width, IReadOnlyList<string> names, PlotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(names);
        return new(Core.Plot.images(Value(options), width, [.. names], images)
            .Get(("Width of the images", nameof(width)), ("Names", nameof(names)), ("Images", nameof(images))));
    }

    /// <summary>
    /// Draws the means of the components as images: of Bernoulli components P(1), of Gaussian ones μₖ.
    /// </summary>
    /// <param name="model">A fitted Bernoulli or Gaussian mixture.</param>
    /// <param name="width">The width of an image in pixels; a divisor of D.</param>
    /// <param name="options">Title and width; the defaults of <see cref="PlotOptions"/> unless given.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// The options break their rule, the width does not divide D, or the mixture is of another family.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure MeanImages(MixtureModel model, int width, PlotOptions? options = null) =>
        new(Drawing(model).MeanImages(Value(options), width));

    /// <summary>Draws the centers of clusters as images.</summary>
    /// <param name="model">Fitted clusters.</param>
    /// <param name="width">The width of an image in pixels; a divisor of D.</param>
    /// <param name="options">Title and width; the defaults of <see cref="PlotOptions"/> unless given.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">The options break their rule, or the width does not divide D.</exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public static Figure MeanImages(KMeans model, int width, PlotOptions? options = null) =>
        new(Drawing(model).MeanImages(Value(options), width));

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    private static Core.PlotOptions Value(PlotOptions? options) => (options ?? new()).Value;

    private static IDrawing Drawing(MixtureModel model, [CallerMemberName] string member = "")
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Drawing ?? throw Unfitted(model, member);
    }

    private static IDrawing Drawing(KMeans model, [CallerMemberName] string member = "")
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Drawing ?? throw Unfitted(model, member);
    }

    private static InvalidOperationException Unfitted(object model, string member) =>
        new($"{nameof(Plot)}.{member} needs a fitted {model.GetType().Name}. Call Fit or FitPredict first.");

    private static Fit<Gaussian> Fit(GaussianMixture model, [CallerMemberName] string member = "") =>
        ((DrawingOf<Gaussian>)Drawing(model, member)).Value;

    private static IDrawing WithHistory(MixtureModel model, [CallerMemberName] string member = "") =>
        Drawing(model, member) is { HasHistory: true } drawing
            ? drawing
            : throw new InvalidOperationException(
                $"{nameof(Plot)}.{member} needs a fit that kept its history. "
                + $"Set {nameof(Estimator.KeepHistory)} before Fit.");
}
