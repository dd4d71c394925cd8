using System.Globalization;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The number of rows of every class with every label.</summary>
/// <typeparam name="TClass">The type of the classes.</typeparam>
/// <typeparam name="TLabel">The type of the predicted labels.</typeparam>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class ConfusionMatrix<TClass, TLabel>
    where TClass : IComparable
    where TLabel : IComparable
{
    private readonly Core.Confusion<TClass, TLabel> value;

    internal ConfusionMatrix(Core.Confusion<TClass, TLabel> value) => this.value = value;

    /// <summary>The classes, ascending.</summary>
    public IReadOnlyList<TClass> Classes => Array.AsReadOnly(value.Classes);

    /// <summary>The predicted labels, ascending.</summary>
    public IReadOnlyList<TLabel> Labels => Array.AsReadOnly(value.Labels);

    /// <summary>The number of rows of each class (down) with each label (across), a copy.</summary>
    public long[,] Counts => (long[,])value.Counts.Clone();

    /// <summary>Returns a table: a line for every class, a column for every label.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string[] Line(string head, IEnumerable<string> cells) => [head, .. cells];
        string[][] lines =
        [
            Line("", value.Labels.Select(Words.Text)),
            .. value.Classes.Select((name, row) =>
                Line(
                    Words.Text(name),
                    value.Labels.Select((_, column) =>
                        value.Counts[row, column].ToString(CultureInfo.InvariantCulture)))),
        ];
        return Words.Table(lines);
    }
}

/// <summary>How well a clustering finds the classes, each by the label matched to it.</summary>
/// <typeparam name="TClass">The type of the classes.</typeparam>
/// <typeparam name="TLabel">The type of the predicted labels.</typeparam>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class ClassificationReport<TClass, TLabel>
    where TClass : IComparable
    where TLabel : IComparable
{
    private readonly Core.ClassificationReport<TClass, TLabel> value;

    internal ClassificationReport(Core.ClassificationReport<TClass, TLabel> value)
    {
        this.value = value;
        Classes = Array.AsReadOnly(Array.ConvertAll(value.Classes, scores => new ClassScores<TClass, TLabel>(scores)));
    }

    /// <summary>The classes, ascending.</summary>
    public IReadOnlyList<ClassScores<TClass, TLabel>> Classes { get; }

    /// <summary>The share of rows that have the label of their class.</summary>
    public double Accuracy => value.Accuracy;

    /// <summary>The mean precision of the classes.</summary>
    public double MacroPrecision => value.MacroPrecision;

    /// <summary>The mean recall of the classes.</summary>
    public double MacroRecall => value.MacroRecall;

    /// <summary>The mean F₁ of the classes.</summary>
    public double MacroF1 => value.MacroF1;

    /// <summary>The mean precision, classes weighted by their rows.</summary>
    public double WeightedPrecision => value.WeightedPrecision;

    /// <summary>The mean recall, classes weighted by their rows: the accuracy.</summary>
    public double WeightedRecall => value.WeightedRecall;

    /// <summary>The mean F₁, classes weighted by their rows.</summary>
    public double WeightedF1 => value.WeightedF1;

    /// <summary>Returns a table: a line for every class, then accuracy and means.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => value.ToString();
}

/// <summary>How well one class is found by the label it is matched to.</summary>
/// <typeparam name="TClass">The type of the classes.</typeparam>
/// <typeparam name="TLabel">The type of the predicted labels.</typeparam>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class ClassScores<TClass, TLabel>
    where TClass : IComparable
    where TLabel : IComparable
{
    private readonly Core.ClassScores<TClass, TLabel> value;

    internal ClassScores(Core.ClassScores<TClass, TLabel> value) => this.value = value;

    /// <summary>The class.</summary>
    public TClass Class => value.Class;

    /// <summary>
    /// Whether a label is matched to the class; false if there are fewer labels than classes and none is left for it.
    /// </summary>
    public bool IsMatched => value.Label is not null;

    /// <summary>The label matched to the class.</summary>
    /// <exception cref="InvalidOperationException">No label is matched to it.</exception>
    public TLabel Label =>
        value.Label is { } label
            ? label.Value
            : throw new InvalidOperationException(
                $"No label is matched to the class {Words.Text(Class)}. Look at {nameof(IsMatched)} first.");

    /// <summary>The share of the label's rows that are of the class; 0 without a label.</summary>
    public double Precision => value.Precision;

    /// <summary>The share of the class's rows that have the label.</summary>
    public double Recall => value.Recall;

    /// <summary>The harmonic mean of both, 2·hits / (rows of the class + rows of the label).</summary>
    public double F1 => value.F1;

    /// <summary>The number of rows of the class.</summary>
    public long Support => value.Support;

    /// <summary>Returns one line: the class, its label and its scores.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"class {Class}, {(IsMatched ? $"label {Words.Text(Label)}" : "no label")}: "
            + $"precision {Precision:F4}, recall {Recall:F4}, F1 {F1:F4}, {Words.Count(Support, "row")}");
}
