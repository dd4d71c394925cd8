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

        if (this.features.Length == 0 || this.features.Any(string.IsNullOrEmpty))
            throw new ArgumentException(
                "There must be at least one feature column, and each must have a name.", nameof(features));

        if (options.OutputColumnNames.Any(string.IsNullOrEmpty))
            throw new ArgumentException("All columns that a mixture writes must have names.", nameof(options));

        if (options.OutputColumnNames.Distinct().Count() < options.OutputColumnNames.Length)
            throw new ArgumentException(
                "The columns that a mixture writes must have different names, but are called "
                + $"{string.Join(", ", options.OutputColumnNames)}.",
                nameof(options));

        if (options.OutlierShare is { } share && !(share > 0 && share < 1))
            throw new ArgumentException(
                FormattableString.Invariant($"OutlierShare must be above 0 and below 1, but is {share}."),
                nameof(options));
    }

    /// <summary>Fits the mixture.</summary>
    /// <param name="input">A view with the columns of the features and, if named, of the weights.</param>
    /// <returns>The fitted mixture as a transformer.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing or of another type; or a setting, a number of the features or a weight breaks its rule,
    /// which the message states with the value and its row.
    /// </exception>
    /// <exception cref="MixtureFitException">
    /// In every run a covariance became singular, a component lost all its rows, or its likelihood is unbounded.
    /// </exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public MixtureTransformer<TModel> Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var schema = input.Schema;
        var isDouble = Check(name => schema.GetColumnOrNull(name) is { } column ? ColumnShape.Of(column) : null);
        var weights = options.ExampleWeightColumnName is { } name ? schema[name] : (DataViewSchema.Column?)null;
        var joined = context.Transforms.Concatenate(Steps.Features, features).Fit(input).Transform(input);
        var model = (TModel)settings(schema).Copy();

        using var rows = ViewRows.Open(
            joined,
            joined.Schema[Steps.Features],
            weights is { } column ? joined.Schema[column.Name] : null,
            options.StreamRows,
            model.Threads,
            options.CancellationToken);

        var threshold = Fit(model, rows.Rows);
        var scorer = new Scorer(model, threshold, features);

        if (scorer.Shares > Steps.Most)
            throw new ArgumentException(
                $"Components must be at most {Steps.Most}, noise included, but are {scorer.Shares}.");

        // No step of the chain learns from rows, so that this reads none.
        return new(Steps.Of(context, options, features, isDouble, scorer).Fit(input), scorer);
    }

    /// <summary>Returns the columns of the view and those that the mixture adds.</summary>
    /// <param name="inputSchema">The columns of the view.</param>
    /// <returns>The columns after the mixture.</returns>
    /// <exception cref="ArgumentException">A column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var isDouble = Check(name =>
            inputSchema.Where(column => column.Name == name).Select(column => ColumnShape.Of(column)).FirstOrDefault());
        return Steps.Of(context, options, features, isDouble, scorer: null).GetOutputSchema(inputSchema);
    }

    private double Fit(TModel model, Rows rows)
    {
        try
        {
            model.Fit(rows, null, options.Progress, options.CancellationToken);
            return options.OutlierShare is { } share
                ? model.LastFit.Outliers(share, InDoublePrecision(rows.ToSource(null))).Threshold
                : double.NegativeInfinity;
        }
        catch (ArgumentException trouble) when (trouble.ParamName == "data")
        {
            var columns = string.Join(", ", features.Select(name => $"'{name}'"));
            throw new ArgumentException($"Features of {columns}: {Translation.Reason(trouble)}", nameof(rows), trouble);
        }
    }

    /// <summary>The rows as the transformer sees them, whose densities it compares with the threshold.</summary>
    private static Source InDoublePrecision(Source source) =>
        SourceModule.map(
            source.Columns,
            FuncConvert.FromFunc<Block, Block>(block => new(
                block.FirstRow, block.Rows, block.Columns, Numbers.NewFloat64(block.Values), block.Weights)),
            source);

    /// <summary>
    /// Throws unless there are columns of the right types, and returns whether the features are Doubles.
    /// </summary>
    private bool Check(Func<string, ColumnShape?> find)
    {
        var kinds = features.Select(name => Require(
            "feature", name, "Single or Double, or a vector of known size of these", find(name), isScalar: false))
            .ToArray();

        if (Array.FindIndex(kinds, kind => kind != kinds[0]) is > 0 and var other)
            throw Mismatch(
                "feature",
                features[other],
                $"{kinds[0]}, as '{features[0]}' is",
                $"{kinds[other]}");

        if (options.ExampleWeightColumnName is { } weights)
            Require("weight", weights, "Single or Double", find(weights), isScalar: true);

        return kinds[0] == NumberDataViewType.Double;
    }

    private static DataViewType Require(string role, string name, string expected, ColumnShape? found, bool isScalar) =>
        found switch
        {
            null => throw new ArgumentException(
                $"There must be a column '{name}', the {role} column, but there is none."),
            { IsKey: true } or { Kind: SchemaShape.Column.VectorKind.VariableVector } =>
                throw Mismatch(role, name, expected, found.Text),
            { Kind: SchemaShape.Column.VectorKind.Vector } when isScalar =>
                throw Mismatch(role, name, expected, found.Text),
            { Item: var item } when item == NumberDataViewType.Single || item == NumberDataViewType.Double => item,
            _ => throw Mismatch(role, name, expected, found.Text),
        };

    private static ArgumentException Mismatch(string role, string name, string expected, string found) =>
        new($"The {role} column '{name}' must be {expected}, but is {found}.");
}

/// <summary>What a mixture needs to know of a column.</summary>
internal sealed record ColumnShape(SchemaShape.Column.VectorKind Kind, DataViewType Item, bool IsKey)
{
    internal string Text
    {
        get
        {
            var item = IsKey ? "a key" : Item.ToString()!;
            return Kind switch
            {
                SchemaShape.Column.VectorKind.Scalar => item,
                SchemaShape.Column.VectorKind.Vector => $"a vector of {item}",
                SchemaShape.Column.VectorKind.VariableVector => $"a vector of {item} whose size varies",
                _ => throw new InvalidOperationException($"{Kind} is no kind of column."),
            };
        }
    }

    internal static ColumnShape Of(SchemaShape.Column column) => new(column.Kind, column.ItemType, column.IsKey);

    internal static ColumnShape Of(DataViewSchema.Column column) =>
        column.Type is VectorDataViewType vector
            ? new(
                vector.IsKnownSize
                    ? SchemaShape.Column.VectorKind.Vector
                    : SchemaShape.Column.VectorKind.VariableVector,
                vector.ItemType,
                vector.ItemType is KeyDataViewType)
            : new(SchemaShape.Column.VectorKind.Scalar, column.Type, column.Type is KeyDataViewType);
}
