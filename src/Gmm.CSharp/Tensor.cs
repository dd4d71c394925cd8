using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A number, or an immutable array of them in one, two or three dimensions. Numbers and arrays convert implicitly,
/// as in <c>CovariancePrior = 0.5</c>; a cast gives them back.
/// </summary>
/// <remarks>
/// A tensor copies its array, so nothing can change it. Tensors are equal if their shapes and numbers are.
/// </remarks>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Tensor : IEquatable<Tensor>
{
    internal Tensor(Core.Tensor core) => Value = core;

    internal Core.Tensor Value { get; }

    /// <summary>The length of every dimension, outermost first; empty for a single number.</summary>
    public IReadOnlyList<int> Shape => Array.AsReadOnly(Value.shape);

    /// <summary>A tensor of no dimensions: one number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator Tensor(double value) => new(TensorModule.scalar(value));

    /// <summary>A vector.</summary>
    /// <param name="values">The numbers.</param>
    public static implicit operator Tensor(double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new(TensorModule.vector([.. values]));
    }

    /// <summary>A matrix.</summary>
    /// <param name="values">The numbers.</param>
    public static implicit operator Tensor(double[,] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new(TensorModule.matrix(values));
    }

    /// <summary>A stack of matrices.</summary>
    /// <param name="values">The numbers.</param>
    public static implicit operator Tensor(double[,,] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new(TensorModule.matrices(values));
    }

    /// <summary>The number of a tensor of no dimensions.</summary>
    /// <param name="tensor">A single number.</param>
    /// <exception cref="InvalidCastException">It is not a single number.</exception>
    public static explicit operator double(Tensor tensor) => Require(tensor, 0).toArray()[0];

    /// <summary>A copy of the numbers of a vector.</summary>
    /// <param name="tensor">A vector.</param>
    /// <exception cref="InvalidCastException">It has not one dimension.</exception>
    public static explicit operator double[](Tensor tensor) => Require(tensor, 1).toArray1D();

    /// <summary>A copy of the numbers of a matrix.</summary>
    /// <param name="tensor">A matrix.</param>
    /// <exception cref="InvalidCastException">It has not two dimensions.</exception>
    public static explicit operator double[,](Tensor tensor) => Require(tensor, 2).toArray2D();

    /// <summary>A copy of the numbers of a stack of matrices.</summary>
    /// <param name="tensor">A stack of matrices.</param>
    /// <exception cref="InvalidCastException">It has not three dimensions.</exception>
    public static explicit operator double[,,](Tensor tensor) => Require(tensor, 3).toArray3D();

    /// <summary>Whether two tensors have one shape and the same numbers.</summary>
    /// <param name="left">A tensor.</param>
    /// <param name="right">Another.</param>
    /// <returns>True when shape and every number agree.</returns>
    public static bool operator ==(Tensor? left, Tensor? right) => Equals(left, right);

    /// <summary>Whether two tensors differ in shape or in a number.</summary>
    /// <param name="left">A tensor.</param>
    /// <param name="right">Another.</param>
    /// <returns>False when shape and every number agree.</returns>
    public static bool operator !=(Tensor? left, Tensor? right) => !Equals(left, right);

    /// <summary>Returns true if another tensor has this shape and these numbers.</summary>
    /// <param name="other">The other tensor.</param>
    /// <returns>True when shape and every number agree.</returns>
    public bool Equals(Tensor? other) => other is not null && Value.Equals(other.Value);

    /// <summary>Returns true if an object is a tensor of this shape and these numbers.</summary>
    /// <param name="obj">The object.</param>
    /// <returns>True when shape and every number agree.</returns>
    public override bool Equals(object? obj) => Equals(obj as Tensor);

    /// <summary>Returns a hash code of shape and numbers.</summary>
    /// <returns>The same number for equal tensors.</returns>
    public override int GetHashCode() => Value.GetHashCode();

    /// <summary>
    /// Returns the numbers, a row on each line, with the shape above; six digits of the first twenty rows.
    /// </summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value.ToString() ?? "";

    private static Core.Tensor Require(Tensor tensor, int dimensions)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var shape = tensor.Value.shape;
        return shape.Length == dimensions
            ? tensor.Value
            : throw new InvalidCastException(
                $"A tensor of shape ({string.Join(", ", shape)}) has {Words.Count(shape.Length, "dimension")}, "
                + $"not {dimensions}.");
    }
}
