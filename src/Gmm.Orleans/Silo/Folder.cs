namespace Gmm.Orleans;

/// <summary>The folder of a silo, which clients can't leave.</summary>
internal static class Folder
{
    /// <summary>Returns the place of the file with a name, which is relative to the folder.</summary>
    public static string Resolve(string? folder, string name)
    {
        if (folder is null)
            throw Refusal(name, "The silo has no folder from which clients may read. Set GmmSiloOptions.Folder.");

        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(name)
            || name.Split('/', '\\').Contains(".."))
            throw Refusal(name, "The name must be relative to the silo's folder, without a step upwards.");

        string home, path;

        try
        {
            home = RealPath(Path.GetFullPath(folder), 0);
            path = RealPath(Path.GetFullPath(Path.Combine(home, name)), 0);
        }
        catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Refusal(name, trouble.Message);
        }

        var below = Path.EndsInDirectorySeparator(home) ? home : home + Path.DirectorySeparatorChar;
        return path.StartsWith(below, StringComparison.Ordinal)
            ? path
            : throw Refusal(name, "The name leads out of the silo's folder.");
    }

    private static GmmException Refusal(string name, string reason) =>
        Translation.Failure(GmmError.NewUnreadableFile(name, 0, 0, reason));

    /// <summary>Returns a full path without symbolic links.</summary>
    private static string RealPath(string path, int links)
    {
        const int MostLinks = 40;

        if (links > MostLinks)
            throw new IOException("The name leads through too many symbolic links.");

        if (Path.GetDirectoryName(path) is not { } parent)
            return path;

        var real = Path.Combine(RealPath(parent, links), Path.GetFileName(path));
        return new FileInfo(real).LinkTarget is { } target
            ? RealPath(Path.GetFullPath(target, Path.GetDirectoryName(real)!), links + 1)
            : real;
    }
}
