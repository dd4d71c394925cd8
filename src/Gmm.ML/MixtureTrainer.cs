using Gmm.CSharp;
using Microsoft.FSharp.Core;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

/// <summary>Fits a mixture to the rows of a view: an estimator for pipelines of ML.NET.</summary>
/// <remarks>
/// It never changes. A fit works on a copy of the settings, so that any number of fits may run at the same time, as in
/// cross-validation.
/// </remarks>
/// <typeparam name="TModel">The class of the mixture.</typeparam>
public sealed class MixtureTrainer<TModel> : IEstimator<MixtureTransformer<TModel>>
    where TModel : Estimator
{
    private readonly MLContext context = new();

    private readonly MixtureOptions options;

    private readonly Func<DataViewSchema, TModel> settings;

    private readonly string[] features;

    internal MixtureTrainer(
        Func<DataViewSchema, TModel> settings, MixtureOptions options, IReadOnlyList<string> features)
    {
        (this.settings, this.options, this.features) = (settings, options, [.. features ?? []]);

        void Require(bool holds, string message)
        {
            if (!holds)
                throw new ArgumentException(message, nameof(options));
        }

        Require(
            this.features.Length > 0 && !this.features.Any(string.IsNullOrEmpty),
            "There must be at least one feature column, and each must have a name.");
        Require(
            options.ExampleWeightColumnName is not "",
            "The weight column must have a name, or be null for a fit without weights.");
        Require(
            !options.OutputColumnNames.Any(string.IsNullOrEmpty),
            "All columns that a mixture writes must have names.");
        Require(
            options.OutputColumnNames.Distinct().Count() == options.OutputColumnNames.Length,
            "The columns that a mixture writes must have different names, but are called "
            + $"{string.Join(", ", options.OutputColumnNames)}.");
        Require(
            options.OutlierShare is not { } share || (share > 0 && share < 1),
            FormattableString.Invariant($"OutlierShare must be above 0 and below 1, but is {options.OutlierShare}."));
        Steps.RequireNames([.. this.features, .. options.OutputColumnNames], nameof(options));
    }

    /// <summary>Fits the mixture.</summary>
    /// <param name="input">A view with the columns of the features and, if named, of the weights.</param>
    /// <returns>The fitted mixture as a transformer.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing, of another type, or has a name that begins with <c>Gmm.</c>; or a setting, a row, a number
    /// of the features or a weight breaks its rule, which the message states with the value and its place.
    /// </exception>
    /// <exception cref="MixtureFitException">
    /// In every run a covariance became singular, a component lost all its rows, or its likelihood is unbounded.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="MixtureOptions.StreamRows"/> is true, and the view had other rows, or rows in another order, when it
    /// was read again.
    /// </exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public MixtureTransformer<TModel> Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var schema = input.Schema;
        var isDouble = Check(
            schema.Where(column => !column.IsHidden).Select(column => column.Name),
            name => schema.GetColumnOrNull(name) is { } column ? ColumnShape.Of(column) : null,
            nameof(input));
        var weights = options.ExampleWeightColumnName is { } name ? schema[name] : (DataViewSchema.Column?)null;
        var joined = context.Transforms.Concatenate(Steps.Features, features).Fit(input).Transform(input);
        var model = (TModel)settings(schema).Copy();
        var shares = SharesOf(model);

        if (shares > Steps.Most)
            throw new ArgumentException($"Components must be at most {Steps.Most}, noise included, but are {shares}.");

        using var rows = ViewRows.Open(
            joined,
            joined.Schema[Steps.Features],
            weights is { } column ? joined.Schema[column.Name] : null,
            options.StreamRows,
            model.Threads,
            options.CancellationToken);

        var columns = FeatureColumns.Of(schema, features);
        var scorer = new Scorer(model, Fit(model, rows.Rows, columns, nameof(input)), columns);

        // No step of the chain learns from rows, so that this reads none.
        return new(Steps.Of(context, options, features, isDouble, scorer).Fit(input), scorer);
    }

    /// <summary>Returns the columns of the view and those that the mixture adds.</summary>
    /// <param name="inputSchema">The columns of the view.</param>
    /// <returns>The columns after the mixture.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing, of another type, or has a name that begins with <c>Gmm.</c>.
    /// </exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var isDouble = Check(
            inputSchema.Select(column => column.Name),
            name => inputSchema.Where(column => column.Name == name).Select(ColumnShape.Of).FirstOrDefault(),
            nameof(inputSchema));
        return Steps.Of(context, options, features, isDouble, scorer: null).GetOutputSchema(inputSchema);
    }

    /// <summary>The number of responsibilities that a mixture will have: K, with noise K + 1.</summary>
    private static int SharesOf(Estimator model) =>
        model switch
        {
            MixtureModel { Noise: not null, Components: var components } => components + 1,
            MixtureModel { Components: var components } => components,
            BayesianGaussianMixture { Components: var components } => components,
            _ => throw new InvalidOperationException($"{model.GetType().Name} is no mixture."),
        };

    /// <summary>Fits the mixture, and returns the log-density below which a row is an outlier.</summary>
    private double Fit(TModel model, Rows rows, FeatureColumns columns, string argument)
    {
        try
        {
            model.Fit(rows, null, options.Progress, options.CancellationToken);
            return options.OutlierShare is { } share
                ? model.LastFit.Outliers(share, InDoublePrecision(rows.ToSource(null))).Threshold
                : double.NegativeInfinity;
        }
        catch (ArgumentException trouble)
            when (trouble.ParamName == "data" && trouble.InnerException is GmmException core)
        {
            throw new ArgumentException(columns.Message(core.Error), argument, core);
        }
        catch (MixtureFitException trouble) when (trouble.InnerException is GmmException core)
        {
            throw new MixtureFitException(columns.Message(core.Error), core, trouble.Component, trouble.Iteration);
        }
    }

    /// <summary>
    /// The rows as the transformer sees them, whose densities it compares with the threshold. Cancellation ends a pass
    /// over them.
    /// </summary>
    private Source InDoublePrecision(Source source) =>
        SourceModule.map(
            source.Columns,
            FuncConvert.FromFunc<Block, Block>(block =>
            {
                options.CancellationToken.ThrowIfCancellationRequested();
                return new(block.FirstRow, block.Rows, block.Columns, Numbers.NewFloat64(block.Values), block.Weights);
            }),
            source);

    /// <summary>
    /// Throws unless there are columns of the right types, and returns whether the features are Doubles.
    /// </summary>
    private bool Check(IEnumerable<string> columns, Func<string, ColumnShape?> find, string argument)
    {
        Steps.RequireNames(columns, argument);
        var kinds = features.Select(name => Require(
            "feature", name, "Single or Double, or a vector of known size of these", find(name), false, argument))
            .ToArray();

        if (Array.FindIndex(kinds, kind => kind != kinds[0]) is > 0 and var other)
            throw Mismatch(
                "feature",
                features[other],
                $"{kinds[0]}, as '{features[0]}' is",
                $"{kinds[other]}",
                find(features[other])!.Remedy(features[other], kinds[0]),
                argument);

        if (options.ExampleWeightColumnName is { } weights)
            Require("weight", weights, "Single or Double", find(weights), isScalar: true, argument);

        return kinds[0] == NumberDataViewType.Double;
    }

    private static DataViewType Require(
        string role, string name, string expected, ColumnShape? found, bool isScalar, string argument)
    {
        if (found is null)
            throw new ArgumentException(
                $"There must be a column '{name}', the {role} column, but there is none."
                + (isScalar
                    ? $" Name yours in {nameof(MixtureOptions.ExampleWeightColumnName)}."
                    : " Join your columns by Transforms.Concatenate, or name them in "
                        + $"{nameof(MixtureOptions.FeatureColumnNames)}."),
                argument);

        var isNumber = !found.IsKey
            && (found.Item == NumberDataViewType.Single || found.Item == NumberDataViewType.Double);
        var isRightSize = isScalar
            ? found.Kind == SchemaShape.Column.VectorKind.Scalar
            : found.Kind != SchemaShape.Column.VectorKind.VariableVector;

        if (isNumber && isRightSize)
            return found.Item;

        var remedy = isScalar && !isRightSize
            ? "Name a column with one number in each row."
            : found.Remedy(name, isNumber ? found.Item : NumberDataViewType.Single);
        throw Mismatch(role, name, expected, found.Text, remedy, argument);
    }

    private static ArgumentException Mismatch(
        string role, string name, string expected, string found, string remedy, string argument) =>
        new($"The {role} column '{name}' must be {expected}, but is {found}. {remedy}", argument);
}
