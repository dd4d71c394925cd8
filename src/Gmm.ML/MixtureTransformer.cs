using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

/// <summary>A fitted mixture of any class.</summary>
internal interface IMixtureTransformer
{
    /// <summary>The chain that computes the columns.</summary>
    ITransformer Steps { get; }

    Scorer Scorer { get; }
}

/// <summary>
/// A fitted mixture that adds its columns to views: the likeliest component, distances, responsibilities, the
/// log-density, and whether a row is an outlier.
/// </summary>
/// <remarks>
/// It maps rows one by one, and any number of threads may use it. ML.NET's <c>Model.Save</c> saves it, and
/// <c>Model.Load</c> loads what does the same; <see cref="MixtureCatalog.FindMixture{TModel}"/> then finds the mixture
/// in it.
/// </remarks>
/// <typeparam name="TModel">The class of the mixture.</typeparam>
public sealed class MixtureTransformer<TModel> : ITransformer, IMixtureTransformer
    where TModel : Estimator
{
    private readonly ITransformer steps;

    private readonly Scorer scorer;

    private readonly DataViewType item;

    internal MixtureTransformer(ITransformer steps, Scorer scorer)
    {
        (this.steps, this.scorer, item) = (steps, scorer, ML.Steps.ItemOf(steps));
        Model = (TModel)scorer.Model;
    }

    /// <summary>The fitted mixture, for summaries, criteria, samples and plots.</summary>
    /// <remarks>Another fit of it doesn't change the transformer.</remarks>
    public TModel Model { get; }

    /// <summary>The columns of the features.</summary>
    public IReadOnlyList<string> FeatureColumnNames => scorer.Columns.Names;

    /// <summary>
    /// The log-density below which a row is an outlier; −∞ without <see cref="MixtureOptions.OutlierShare"/>.
    /// </summary>
    public double DensityThreshold => scorer.DensityThreshold;

    /// <summary>True: the outputs of a row depend on this row only.</summary>
    public bool IsRowToRowMapper => true;

    /// <summary>Returns the columns of a view with those of the mixture.</summary>
    /// <param name="inputSchema">The columns of the view.</param>
    /// <returns>The columns after the mixture.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing, of another type or of another size, or has a name that begins with <c>Gmm.</c>.
    /// </exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        Check(inputSchema, nameof(inputSchema));
        return steps.GetOutputSchema(inputSchema);
    }

    /// <summary>Returns a view with the columns of the mixture, which are computed when they are read.</summary>
    /// <remarks>
    /// A row that the mixture can't take throws an <see cref="ArgumentException"/> where it is read. ML.NET puts it
    /// inside one of its own where it reads on several threads.
    /// </remarks>
    /// <param name="input">A view with the columns of the features.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing, of another type or of another size, or has a name that begins with <c>Gmm.</c>.
    /// </exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Check(input.Schema, nameof(input));
        return steps.Transform(input);
    }

    /// <summary>Returns a mapper of single rows.</summary>
    /// <remarks>
    /// A row that the mixture can't take throws an <see cref="ArgumentException"/> where it is mapped.
    /// </remarks>
    /// <param name="inputSchema">The columns of the rows.</param>
    /// <returns>The mapper.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing, of another type or of another size, or has a name that begins with <c>Gmm.</c>.
    /// </exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        Check(inputSchema, nameof(inputSchema));
        return steps.GetRowToRowMapper(inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => steps.Save(ctx);

    ITransformer IMixtureTransformer.Steps => steps;

    Scorer IMixtureTransformer.Scorer => scorer;

    /// <summary>Throws where the features have another type or another number of columns.</summary>
    private void Check(DataViewSchema schema, string argument)
    {
        ArgumentNullException.ThrowIfNull(schema, argument);
        ML.Steps.RequireNames(schema.Where(column => !column.IsHidden).Select(column => column.Name), argument);
        int[] sizes = [.. FeatureColumnNames.Select(name => SizeOf(name, schema.GetColumnOrNull(name), argument))];

        // The size of a vector is 0 where it isn't known, as in rows of arrays.
        if (!sizes.Contains(0) && sizes.Sum() != scorer.Features)
            throw new ArgumentException(
                $"The columns {scorer.Columns.Text} must have {Words.Count(scorer.Features, "number")}, as those of "
                + $"the fit, but have "
                + $"{sizes.Sum()}.",
                argument);
    }

    private int SizeOf(string name, DataViewSchema.Column? found, string argument)
    {
        if (found is not { } column)
            throw new ArgumentException(
                $"There must be a column '{name}', a feature column, but there is none.", argument);

        var shape = ColumnShape.Of(column);
        return !shape.IsKey && shape.Item == item
            ? FeatureColumns.SizeOf(column)
            : throw new ArgumentException(
                $"The feature column '{name}' must be {item}, as in the fit, but is {shape.Text}. "
                + shape.Remedy(name, item),
                argument);
    }
}
