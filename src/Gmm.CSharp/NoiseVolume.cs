using System.Globalization;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The volume of the region in which noise is uniform: <see cref="Hypervolume"/>, or a number.</summary>
public readonly record struct NoiseVolume
{
    private readonly double? volume;

    private NoiseVolume(double volume) => this.volume = volume;

    /// <summary>The volume of the data, which counts as a free parameter.</summary>
    /// <remarks>
    /// It is the product of the columns' ranges or, if every column is real-valued, the smaller of this and the product
    /// of the ranges of the principal components' scores (mclust's <c>hypvol</c>). A direction in which the data don't
    /// vary, as in collinear columns, is left to the columns' ranges. A column of whole numbers has as many values as
    /// lie between its smallest and its largest.
    /// </remarks>
    public static NoiseVolume Hypervolume => default;

    /// <summary>The known volume V; null for <see cref="Hypervolume"/>.</summary>
    public double? Volume => volume;

    internal Core.NoiseVolume Value =>
        volume is { } known ? Core.NoiseVolume.NewGiven(known) : Core.NoiseVolume.Hypervolume;

    /// <summary>Returns a known volume, in the product of the columns' units.</summary>
    /// <param name="volume">V, above 0 and finite.</param>
    /// <returns>The volume.</returns>
    public static NoiseVolume Given(double volume) => new(volume);

    /// <summary>Converts a number to a known volume.</summary>
    /// <param name="volume">V, above 0 and finite.</param>
    public static implicit operator NoiseVolume(double volume) => Given(volume);

    /// <summary>Returns this volume as the call or the property that creates it.</summary>
    /// <returns>The text, such as <c>Given(400)</c>.</returns>
    public override string ToString() =>
        volume is { } known
            ? string.Create(CultureInfo.InvariantCulture, $"{nameof(Given)}({known})")
            : nameof(Hypervolume);
}
