using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>Saved fits of the core, and their arrays by name.</summary>
internal static class Saving
{
    private const string Options = "options";

    /// <summary>The arrays of a saved fit, and the settings under <c>options.</c>.</summary>
    internal static IReadOnlyDictionary<string, Tensor> ToDictionary(SavedFit saved) =>
        saved.State.Concat(StateModule.under(Options, saved.Options)).ToDictionary(
            entry => entry.Key, entry => new Tensor(entry.Value));

    /// <summary>From such arrays to the fit, whose family is named by a function of the settings.</summary>
    internal static SavedFit FromDictionary(
        IReadOnlyDictionary<string, Tensor> state, Func<FSharpMap<string, Core.Tensor>, string> family)
    {
        ArgumentNullException.ThrowIfNull(state);

        if (state.FirstOrDefault(entry => entry.Value is null).Key is { } missing)
        {
            throw Translation.Invalid(EntryName(missing), "a tensor", "null");
        }

        var all = new FSharpMap<string, Core.Tensor>(state.Select(entry => Tuple.Create(entry.Key, entry.Value.Value)));
        var options = StateModule.within(Options, all);
        var own = new FSharpMap<string, Core.Tensor>(
            all.Where(entry => !entry.Key.StartsWith(Options + ".", StringComparison.Ordinal)).Select(
                entry => Tuple.Create(entry.Key, entry.Value)));
        return new(family(options), own, options);
    }

    /// <summary>
    /// The settings that a fit contains, for files of the F# library, which have no others: Gaussian structures and
    /// priors, the weights' prior, the assignment.
    /// </summary>
    internal static FSharpMap<string, Core.Tensor> Contained(FSharpMap<string, Core.Tensor> state)
    {
        var contained = StateModule.within("settings", state).Aggregate(
            state, (all, entry) => all.Add(entry.Key, entry.Value));
        contained = contained.Add("cem", state["assignment"]);
        return state.TryGetValue("weightConcentration", out var concentration)
            ? contained.Add("weightConcentrationPrior", concentration)
            : contained;
    }

    /// <summary>Makes a model from the content of a file; an error names the path.</summary>
    internal static T Load<T>(string path, Func<SavedFit, T> make)
    {
        ArgumentNullException.ThrowIfNull(path);
        var saved = Core.Persist.read(path).Get();

        try
        {
            return make(saved);
        }
        catch (ArgumentException trouble)
        {
            throw new IOException($"{path}: {Translation.Reason(trouble)}", trouble);
        }
    }

    /// <summary>Returns the fit that was saved; an error names an entry as one of the argument <c>state</c>.</summary>
    internal static Fit<T> Open<T>(SavedFit saved)
    {
        var result = Core.Persist.ofSaved<T>(saved);
        return result is { IsError: true, ErrorValue: GmmError.InvalidOption entry } && char.IsLower(entry.name[0])
            ? throw Translation.Invalid(EntryName(entry.name), entry.rule, entry.value)
            : result.Get();
    }

    /// <summary>An entry of the argument <c>state</c>.</summary>
    internal static string EntryName(string name) => $"state[\"{name}\"]";

    /// <summary>The error of a fit that is of another family than the one that loads it.</summary>
    internal static void RequireFamily(string expected, string found)
    {
        if (found != expected)
        {
            throw Translation.Invalid("Family", $"\"{expected}\", the family requested", $"\"{found}\"");
        }
    }
}
