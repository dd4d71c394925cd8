using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The number of rows of every class with every label.</summary>
public sealed class ConfusionMatrix
{
    private readonly Core.Confusion<int, int> value;

    internal ConfusionMatrix(Core.Confusion<int, int> value) => this.value = value;

    /// <summary>The classes, ascending.</summary>
    public IReadOnlyList<int> Classes => Array.AsReadOnly(value.Classes);

    /// <summary>The predicted labels, ascending.</summary>
    public IReadOnlyList<int> Labels => Array.AsReadOnly(value.Labels);

    /// <summary>The number of rows of each class (down) with each label (across), a copy.</summary>
    public long[,] Counts => (long[,])value.Counts.Clone();
}

/// <summary>How well a clustering finds the classes, each by the label matched to it.</summary>
public sealed class ClassificationReport
{
    private readonly Core.ClassificationReport<int, int> value;

    internal ClassificationReport(Core.ClassificationReport<int, int> value)
    {
        this.value = value;
        Classes = Array.AsReadOnly(Array.ConvertAll(value.Classes, scores => new ClassScores(scores)));
    }

    /// <summary>The classes, ascending.</summary>
    public IReadOnlyList<ClassScores> Classes { get; }

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
public sealed class ClassScores
{
    private readonly Core.ClassScores<int, int> value;

    internal ClassScores(Core.ClassScores<int, int> value) => this.value = value;

    /// <summary>The class.</summary>
    public int Class => value.Class;

    /// <summary>The label matched to it; null if there are fewer labels than classes and this class has none.</summary>
    public int? Label => value.Label?.Value;

    /// <summary>The share of the label's rows that are of the class; 0 without a label.</summary>
    public double Precision => value.Precision;

    /// <summary>The share of the class's rows that have the label.</summary>
    public double Recall => value.Recall;

    /// <summary>The harmonic mean of both, 2·hits / (rows of the class + rows of the label).</summary>
    public double F1 => value.F1;

    /// <summary>The number of rows of the class.</summary>
    public long Support => value.Support;
}
