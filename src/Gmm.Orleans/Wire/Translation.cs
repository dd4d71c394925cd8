using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace Gmm.Orleans;

/// <summary>Translates questions, numbers and errors to what travels, and back.</summary>
internal static class Translation
{
    public static byte[] Bytes(ReadOnlySpan<double> numbers) => MemoryMarshal.AsBytes(numbers).ToArray();

    public static double[] Doubles(ReadOnlySpan<byte> bytes) => MemoryMarshal.Cast<byte, double>(bytes).ToArray();

    /// <summary>The numbers of a block in their own precision.</summary>
    public static byte[] Bytes(Numbers numbers) =>
        numbers switch
        {
            Numbers.Float64 { Item: var values } => Bytes(values.Span),
            Numbers.Float32 { Item: var values } => MemoryMarshal.AsBytes(values.Span).ToArray(),
            _ => throw new ArgumentOutOfRangeException(nameof(numbers)),
        };

    public static Numbers NumbersOf(byte[] bytes, bool isSingle) =>
        isSingle
            ? Numbers.NewFloat32(MemoryMarshal.Cast<byte, float>(bytes).ToArray())
            : Numbers.NewFloat64(Doubles(bytes));

    /// <summary>The question without its slices.</summary>
    public static WireQuestion ToWire(Question question)
    {
        var arguments = question.Arguments.ToArray();

        return new()
        {
            Scan = question.Scan,
            Columns = question.Columns,
            Family = question.Family,
            Names = [.. arguments.Select(pair => pair.Key)],
            Shapes = [.. arguments.Select(pair => pair.Value.shape)],
            Numbers = Bytes(arguments.SelectMany(pair => pair.Value.toArray()).ToArray()),
        };
    }

    /// <summary>The slices that a question has for some runs of a shard, as one array of bytes; none without slices.</summary>
    public static byte[] Bytes(ReadOnlySpan<double[]> slices)
    {
        var length = 0L;

        foreach (var slice in slices)
            length += slice.Length;

        RequireMessage(length * sizeof(double), Array.MaxLength);
        var bytes = new byte[length * sizeof(double)];
        var rest = bytes.AsSpan();

        foreach (var slice in slices)
        {
            MemoryMarshal.AsBytes<double>(slice).CopyTo(rest);
            rest = rest[(slice.Length * sizeof(double))..];
        }

        return bytes;
    }

    /// <summary>Throws if Orleans does not carry a message of some bytes.</summary>
    public static void RequireMessage(long bytes, long limit)
    {
        if (bytes > limit)
        {
            throw Failure(Unavailable(
                $"a message to a shard would have {bytes} bytes, and may have {limit}",
                "Raise MessagingOptions.MaxMessageBodySize of the client and of the silos. If the start has labels or "
                + "responsibilities, you can start more silos instead, so that each shard has fewer rows. Otherwise "
                + "choose fewer components or a structure with fewer parameters"));
        }
    }

    /// <summary>The question that came from elsewhere, or an error if its parts do not fit together.</summary>
    public static Question OfWire(WireQuestion question)
    {
        const int MostArguments = 10_000;
        var lengths = Array.ConvertAll(question.Shapes, Length);

        if (question.Names.Length != lengths.Length
            || lengths.Length > MostArguments
            || lengths.Contains(-1)
            || lengths.Sum() * sizeof(double) != question.Numbers.Length
            || question.SliceLengths.Any(length => length < 0)
            || question.SliceLengths.Sum(length => (long)length) * sizeof(double) != question.Slices.Length
            || question.Names.Distinct(StringComparer.Ordinal).Count() != lengths.Length)
        {
            const string Rule = "named arrays of the lengths stated";
            throw Failure(GmmError.NewInvalidOption("Arguments", Rule, "another message"));
        }

        var arguments = new (string, Tensor)[lengths.Length];
        var at = 0;

        for (var i = 0; i < lengths.Length; i++)
        {
            var length = (int)lengths[i] * sizeof(double);
            var numbers = Doubles(question.Numbers.AsSpan(at, length));
            arguments[i] = (question.Names[i], TensorModule.create(question.Shapes[i], numbers));
            at += length;
        }

        var slices = new double[question.SliceLengths.Length][];
        at = 0;

        for (var i = 0; i < slices.Length; i++)
        {
            var length = question.SliceLengths[i] * sizeof(double);
            slices[i] = Doubles(question.Slices.AsSpan(at, length));
            at += length;
        }

        var map = MapModule.OfSeq(arguments.Select(each => Tuple.Create(each.Item1, each.Item2)));
        return new(question.Scan, question.Columns, question.Family, map, slices);
    }

    public static WireError ToWire(GmmError error) =>
        error switch
        {
            GmmError.InvalidOption e => new() { Case = "option", Texts = [e.name, e.rule, e.value] },
            GmmError.InvalidData e => new() { Case = "data", Texts = [e.rule, e.value] },
            GmmError.InvalidRow e => new() { Case = "row", Texts = [e.rule, e.value], Numbers = [e.row] },
            GmmError.InvalidColumn e => new() { Case = "column", Texts = [e.rule, e.value], Numbers = [e.column] },
            GmmError.InvalidNumber e => new() { Case = "number", Numbers = [e.row, e.column], Value = e.value },
            GmmError.MissingCell e => new() { Case = "missing", Numbers = [e.row, e.column, e.count] },
            GmmError.SingularCovariance e => new() { Case = "singular", Numbers = [Owner(e.owner), e.iteration] },
            GmmError.FlooredComponent e => new() { Case = "floored", Numbers = [Owner(e.owner), e.iteration] },
            GmmError.FailedUpdate e => new() { Case = "update", Inner = ToWire(e.error) },
            GmmError.ConstantColumn e => new() { Case = "constant", Numbers = [e.column], Value = e.value },
            GmmError.TooFewDistinctRows e => new() { Case = "distinct", Numbers = [e.components, e.found] },
            GmmError.CollapsedComponent e => new() { Case = "collapsed", Numbers = [e.owner, e.iteration] },
            GmmError.DegenerateComponent e =>
                new() { Case = "degenerate", Texts = [e.family], Numbers = [e.owner, e.column, e.iteration] },
            GmmError.OutsideDomain e =>
                new() { Case = "domain", Texts = [e.family, e.domain], Numbers = [e.row, e.column], Value = e.value },
            GmmError.UnreadableFile e =>
                new() { Case = "file", Texts = [e.path, e.reason], Numbers = [e.line, e.column] },
            GmmError.UnavailableBackend e => new() { Case = "backend", Texts = [e.backend, e.reason, e.remedy] },
            _ => throw new ArgumentOutOfRangeException(nameof(error)),
        };

    public static GmmError OfWire(WireError error) =>
        (error.Case, error.Texts, error.Numbers) switch
        {
            ("option", [var name, var rule, var value], []) => GmmError.NewInvalidOption(name, rule, value),
            ("data", [var rule, var value], []) => GmmError.NewInvalidData(rule, value),
            ("row", [var rule, var value], [var row]) => GmmError.NewInvalidRow(rule, row, value),
            ("column", [var rule, var value], [var column]) => GmmError.NewInvalidColumn(rule, (int)column, value),
            ("number", [], [var row, var column]) => GmmError.NewInvalidNumber(row, (int)column, error.Value),
            ("missing", [], [var row, var column, var count]) => GmmError.NewMissingCell(row, (int)column, count),
            ("singular", [], [var owner, var iteration]) =>
                GmmError.NewSingularCovariance(Owner(owner), (int)iteration),
            ("floored", [], [var owner, var iteration]) => GmmError.NewFlooredComponent(Owner(owner), (int)iteration),
            ("update", [], []) when error.Inner is { } inner => GmmError.NewFailedUpdate(OfWire(inner)),
            ("constant", [], [var column]) => GmmError.NewConstantColumn((int)column, error.Value),
            ("distinct", [], [var components, var found]) =>
                GmmError.NewTooFewDistinctRows((int)components, (int)found),
            ("collapsed", [], [var owner, var iteration]) => GmmError.NewCollapsedComponent((int)owner, (int)iteration),
            ("degenerate", [var family], [var owner, var column, var iteration]) =>
                GmmError.NewDegenerateComponent((int)owner, (int)column, family, (int)iteration),
            ("domain", [var family, var domain], [var row, var column]) =>
                GmmError.NewOutsideDomain(family, domain, row, (int)column, error.Value),
            ("file", [var path, var reason], [var line, var column]) =>
                GmmError.NewUnreadableFile(path, (int)line, (int)column, reason),
            ("backend", [var backend, var reason, var remedy], []) =>
                GmmError.NewUnavailableBackend(backend, reason, remedy),
            _ => Unavailable($"a silo reports an error that this client does not know, {error.Case}", SameVersion),
        };

    /// <summary>The version of Gmm on this machine.</summary>
    public static string Version { get; } =
        typeof(Source).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public const string SameVersion = "All machines must have the same version of Gmm";

    public static GmmError Unavailable(string reason, string remedy) =>
        GmmError.NewUnavailableBackend("orleans", reason, remedy);

    /// <summary>The error of a reply that no silo of this version sends.</summary>
    public static GmmException Strange(string form) =>
        Failure(Unavailable($"a silo's reply has an unexpected form, {form}", SameVersion));

    public static GmmException Failure(GmmError error) => new(error);

    private static long Owner(FSharpOption<int>? owner) => owner is null ? -1 : owner.Value;

    private static FSharpOption<int>? Owner(long owner) => owner < 0 ? null : FSharpOption<int>.Some((int)owner);

    /// <summary>The number of elements of a shape, or −1 if it is none.</summary>
    private static long Length(int[] shape)
    {
        var length = 1L;

        foreach (var size in shape)
        {
            if (size < 0)
                return -1;

            length *= size;

            if (length > Array.MaxLength)
                return -1;
        }

        return length;
    }
}
