using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

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
public sealed class MixtureTransformer<TModel> : ITransformer
    where TModel : Estimator
{
    private readonly ITransformer steps;

    private readonly Scorer scorer;

    internal MixtureTransformer(ITransformer steps, Scorer scorer)
    {
        (this.steps, this.scorer) = (steps, scorer);
        Model = (TModel)scorer.Model;
    }

    /// <summary>The fitted mixture, for summaries, criteria, samples and plots.</summary>
    /// <remarks>Another fit of it doesn't change the transformer.</remarks>
    public TModel Model { get; }

    /// <summary>The columns of the features.</summary>
    public IReadOnlyList<string> FeatureColumnNames => scorer.FeatureColumnNames;

    /// <summary>
    /// The log-density below which a row is an outlier; −∞ without <see cref="MixtureOptions.OutlierShare"/>.
    /// </summary>
    public double DensityThreshold => scorer.DensityThreshold;

    /// <summary>True: the outputs of a row depend on this row only.</summary>
    public bool IsRowToRowMapper => true;

    /// <summary>Returns the columns of a view with those of the mixture.</summary>
    /// <param name="inputSchema">The columns of the view.</param>
    /// <returns>The columns after the mixture.</returns>
    /// <exception cref="ArgumentException">A column is missing, of another type or of another size.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        Check(inputSchema);
        return steps.GetOutputSchema(inputSchema);
    }

    /// <summary>Returns a view with the columns of the mixture, which are computed when they are read.</summary>
    /// <param name="input">A view with the columns of the features.</param>
    /// <returns>The view.</returns>
    /// <exception cref="ArgumentException">A column is missing, of another type or of another size.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Check(input.Schema);
        return steps.Transform(input);
    }

    /// <summary>Returns a mapper of single rows.</summary>
    /// <param name="inputSchema">The columns of the rows.</param>
    /// <returns>The mapper.</returns>
    /// <exception cref="ArgumentException">A column is missing, of another type or of another size.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        Check(inputSchema);
        return steps.GetRowToRowMapper(inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => steps.Save(ctx);

    /// <summary>Throws where the features have another number of columns.</summary>
    private void Check(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var sizes = FeatureColumnNames.Select(name =>
            schema.GetColumnOrNull(name) is { } column
                ? column.Type is VectorDataViewType vector ? vector.Size : 1
                : throw new ArgumentException(
                    $"There must be a column '{name}', a feature column, but there is none.", nameof(schema)))
            .ToArray();

        // The size of a vector is 0 where it isn't known, as in rows of arrays.
        if (!sizes.Contains(0) && sizes.Sum() != scorer.Features)
            throw new ArgumentException(
                $"The columns {string.Join(", ", FeatureColumnNames)} must have {scorer.Features} numbers, as those of "
                + $"the fit, but have {sizes.Sum()}.",
                nameof(schema));
    }
}
