using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Microsoft.FSharp.Reflection;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>What travels between client and silos.</summary>
public class WireTests
{
    public static TheoryData<string> Cases => [.. FSharpType.GetUnionCases(typeof(GmmError), null).Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnErrorArrivesAsItWas(string name)
    {
        var union = FSharpType.GetUnionCases(typeof(GmmError), null).Single(each => each.Name == name);
        var fields = union.GetFields().Select((field, i) => Value(field.PropertyType, i)).ToArray();
        var error = (GmmError)FSharpValue.MakeUnion(union, fields, null);
        Assert.Equal(error, Translation.OfWire(Translation.ToWire(error)));
    }

    [Fact]
    public void AnUnknownErrorIsAClearOne()
    {
        var error = Translation.OfWire(new WireError { Case = "new", Texts = ["?"] });
        Assert.Contains("the same version", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AQuestionArrivesAsItWas()
    {
        var arguments = new[]
        {
            Tuple.Create("number", TensorModule.scalar(Math.PI)),
            Tuple.Create("none", TensorModule.vector([])),
            Tuple.Create("odd", TensorModule.create([2, 1, 3], [double.NaN, -0.0, double.Epsilon, double.PositiveInfinity, 1, 2])),
        };
        double[][] slices = [[1.0, double.NaN], [], [-0.0]];
        var question = new Question("scan", [2, 0], "family", MapModule.OfSeq(arguments), slices);
        var wire = Translation.ToWire(question) with { SliceLengths = [2, 0, 1], Slices = Translation.Bytes(slices) };
        var found = Translation.OfWire(wire);
        Assert.Equal(question.Scan, found.Scan);
        Assert.Equal(question.Columns, found.Columns);
        Assert.Equal(question.Family, found.Family);
        Assert.Equal(3, found.Arguments.Count);
        Assert.Equal(slices, found.Slices);

        foreach (var (name, tensor) in arguments)
        {
            Assert.Equal(tensor.shape, found.Arguments[name].shape);
            Assert.Equal(
                tensor.toArray().Select(BitConverter.DoubleToInt64Bits),
                found.Arguments[name].toArray().Select(BitConverter.DoubleToInt64Bits));
        }
    }

    public static TheoryData<string, string[], int[][], int> BadArguments => new()
    {
        { "a name without an array", ["a", "b"], [[1]], 8 },
        { "too few numbers", ["a"], [[2, 3]], 40 },
        { "too many numbers", ["a"], [[2, 3]], 56 },
        { "half a number", ["a"], [[1]], 7 },
        { "a length below 0", ["a", "b"], [[-1], [2]], 8 },
        { "a product beyond all numbers", ["a"], [[int.MaxValue, int.MaxValue, int.MaxValue]], 8 },
        { "a product that wraps around to 1", ["a"], [[1 << 30, 1 << 30, 16, 1]], 0 },
        { "a name twice", ["a", "a"], [[1], [1]], 16 },
    };

    [Theory]
    [MemberData(nameof(BadArguments))]
    public void AQuestionWhosePartsDoNotFitIsAnError(string why, string[] names, int[][] shapes, int bytes)
    {
        var question = new WireQuestion { Names = names, Shapes = shapes, Numbers = new byte[bytes] };
        var error = Assert.Throws<GmmException>(() => Translation.OfWire(question));
        Assert.True(error.Error.IsInvalidOption, why);
    }

    [Theory]
    [InlineData(new[] { 1 }, 16)]
    [InlineData(new[] { 2 }, 8)]
    [InlineData(new[] { -1, 2 }, 8)]
    [InlineData(new[] { int.MaxValue, int.MaxValue }, 16)]
    public void SlicesOfOtherLengthsAreAnError(int[] lengths, int bytes)
    {
        var question = new WireQuestion { SliceLengths = lengths, Slices = new byte[bytes] };
        Assert.True(Assert.Throws<GmmException>(() => Translation.OfWire(question)).Error.IsInvalidOption);
    }

    private static object Value(Type type, int i) =>
        type == typeof(string) ? $"text {i}"
        : type == typeof(int) ? 3 + i
        : type == typeof(long) ? 5_000_000_000 + i
        : type == typeof(double) ? -0.1 * i
        : type == typeof(GmmError) ? GmmError.NewInvalidData("rule", "value")
        : type == typeof(FSharpOption<int>) ? FSharpOption<int>.Some(7)
        : throw new ArgumentException($"An error has a field of type {type}.");
}
