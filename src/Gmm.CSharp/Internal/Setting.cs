using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A setting of an estimator as numbers under a name, to be saved and restored; null while it is not set.
/// </summary>
internal sealed class Setting(string name, Func<Tensor?> get, Action<Tensor> set)
{
    internal static Setting Of(string name, Func<double> get, Action<double> set) =>
        new(name, () => get(), value => set((double)value));

    internal static Setting Of(string name, Func<int> get, Action<int> set) =>
        new(name, () => (double)get(), value => set(Whole(value)));

    internal static Setting Of(string name, Func<bool> get, Action<bool> set) =>
        new(name, () => get() ? 1.0 : 0.0, value => set((double)value != 0));

    /// <summary>An enumeration, as its number.</summary>
    internal static Setting Of<T>(string name, Func<T> get, Action<T> set)
        where T : struct, Enum =>
        new(
            name,
            () => (double)Convert.ToInt32(get(), null),
            value => set(Enum.IsDefined((T)Enum.ToObject(typeof(T), Whole(value)))
                ? (T)Enum.ToObject(typeof(T), Whole(value))
                : throw new InvalidCastException()));

    internal static Setting Optional(string name, Func<Tensor?> get, Action<Tensor?> set) => new(name, get, set);

    internal static Setting Optional(string name, Func<double?> get, Action<double?> set) =>
        new(name, () => get() is { } number ? (Tensor)number : null, value => set((double)value));

    internal static Setting Optional(string name, Func<double[]?> get, Action<double[]?> set) =>
        new(name, () => get() is { } numbers ? (Tensor)numbers : null, value => set((double[])value));

    internal static Setting Optional(string name, Func<double[,]?> get, Action<double[,]?> set) =>
        new(name, () => get() is { } numbers ? (Tensor)numbers : null, value => set((double[,])value));

    internal static Setting Optional(string name, Func<double[,,]?> get, Action<double[,,]?> set) =>
        new(name, () => get() is { } numbers ? (Tensor)numbers : null, value => set((double[,,])value));

    /// <summary>The two numbers of a prior.</summary>
    internal static Setting Optional(string name, Func<(double, double)?> get, Action<(double, double)?> set) =>
        new(
            name,
            () => get() is var (a, b) ? (Tensor)new[] { a, b } : null,
            value => set((double[])value is [var a, var b] ? (a, b) : throw new InvalidCastException()));

    /// <summary>The three numbers of a prior.</summary>
    internal static Setting Optional(
        string name, Func<(double, double, double)?> get, Action<(double, double, double)?> set) =>
        new(
            name,
            () => get() is var (a, b, c) ? (Tensor)new[] { a, b, c } : null,
            value => set((double[])value is [var a, var b, var c] ? (a, b, c) : throw new InvalidCastException()));

    /// <summary>Everything that is set, by name.</summary>
    internal static FSharpMap<string, Core.Tensor> Save(IEnumerable<Setting> settings) =>
        new(settings.SelectMany(
            setting => setting.Get() is { } value ? new[] { Tuple.Create(setting.Name, value.Value) } : []));

    /// <summary>Gives every setting the value that was saved; those that were not stay as they are.</summary>
    internal static void Restore(IEnumerable<Setting> settings, FSharpMap<string, Core.Tensor> saved)
    {
        foreach (var setting in settings)
        {
            if (saved.TryGetValue(setting.Name, out var value))
            {
                try
                {
                    setting.Set(new(value));
                }
                catch (InvalidCastException)
                {
                    throw Translation.Invalid(Saving.EntryName($"options.{setting.Name}"), "as it was saved", value);
                }
            }
        }
    }

    /// <summary>The same setting of a part.</summary>
    internal Setting Under(string part) => new($"{part}.{Name}", Get, Set);

    private string Name { get; } = name;

    private Func<Tensor?> Get { get; } = get;

    private Action<Tensor> Set { get; } = set;

    private static int Whole(Tensor value) =>
        (double)value is var number && number is >= int.MinValue and <= int.MaxValue && number == Math.Truncate(number)
            ? (int)number
            : throw new InvalidCastException();
}
