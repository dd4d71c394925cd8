using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

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

    /// <summary>Says how a column of this shape becomes numbers of a type, in vectors of known size.</summary>
    internal string Remedy(string name, DataViewType wanted) =>
        this switch
        {
            { IsKey: true } => $"Encode it: Transforms.Conversion.MapKeyToVector(\"{name}\").",
            { Item: TextDataViewType } => $"Encode it: Transforms.Categorical.OneHotEncoding(\"{name}\").",
            { Item: NumberDataViewType or BooleanDataViewType } when Item != wanted =>
                $"Convert it: Transforms.Conversion.ConvertType(\"{name}\", outputKind: DataKind.{wanted}).",
            { Kind: SchemaShape.Column.VectorKind.VariableVector } =>
                "Give the property [VectorType(n)], or set the type in a SchemaDefinition.",
            _ => "Name a column of numbers.",
        };
}
