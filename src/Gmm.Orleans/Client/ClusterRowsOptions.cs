namespace Gmm.Orleans;

/// <summary>How a client reaches rows on a cluster. The defaults suit most.</summary>
public sealed class ClusterRowsOptions
{
    /// <summary>
    /// The file of the weights, N numbers that are not negative, below the silos' folder; null without weights, and for
    /// rows that are sent, whose weights come with them.
    /// </summary>
    public string? Weights { get; init; }

    /// <summary>
    /// The number of shards for each silo at the time of opening, from 1 to 3. With more shards, those of a silo that
    /// died spread over several others.
    /// </summary>
    public int ShardsPerSilo { get; init; } = 2;

    /// <summary>
    /// How long the client waits for the reply to a call before it repeats the call. A silo replies after half of this
    /// time at the latest; longer work goes on, and the client asks for its answer again.
    /// </summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a shard may fail to answer before the fit ends with an error. The error comes when the last try has
    /// failed: up to ten seconds after this time, or later if a message carries many megabytes.
    /// </summary>
    public TimeSpan RetryLimit { get; init; } = TimeSpan.FromSeconds(60);

    private static TimeSpan Day => TimeSpan.FromDays(1);

    internal ClusterRowsOptions Checked()
    {
        Require(ShardsPerSilo is >= 1 and <= 3, nameof(ShardsPerSilo), "from 1 to 3", $"{ShardsPerSilo}");
        var isTime = CallTimeout > TimeSpan.Zero && CallTimeout <= Day;
        var isLimit = RetryLimit >= TimeSpan.Zero && RetryLimit <= Day;
        Require(isTime, nameof(CallTimeout), "above 0, at most a day", $"{CallTimeout}");
        Require(isLimit, nameof(RetryLimit), "from 0 to a day", $"{RetryLimit}");
        return this;
    }

    private static void Require(bool holds, string name, string rule, string value)
    {
        if (!holds)
            throw Translation.Failure(GmmError.NewInvalidOption(name, rule, value));
    }
}
