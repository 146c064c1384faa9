namespace OfflineRL.Datasets;

/// <summary>What a logger does with a step for which there is no room.</summary>
public enum BackPressure
{
    /// <summary>The append waits, at most <see cref="LoggerOptions.LongestWait"/>; after that it refuses.</summary>
    Block,

    /// <summary>The append returns false at once.</summary>
    Refuse,
}

/// <summary>How a <see cref="TrajectoryLogger"/> trades memory, disk and what a crash may cost.</summary>
public sealed record LoggerOptions
{
    /// <summary>What was appended is on the disk this much later at the latest: all that a crash can lose.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether every flush waits for the disk, so that it outlives a power cut; without it, a kill of the process alone.</summary>
    public bool SyncToDisk { get; init; } = true;

    /// <summary>A segment that reaches this many bytes is finished, and the next one begun.</summary>
    public long SegmentBytes { get; init; } = 128L << 20;

    /// <summary>A segment of this age is finished: what is older can be compacted.</summary>
    public TimeSpan SegmentAge { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Memory for steps that are not written yet, about.</summary>
    public long BufferBytes { get; init; } = 64L << 20;

    /// <summary>What happens where that is full.</summary>
    public BackPressure BackPressure { get; init; }

    /// <summary>How long <see cref="BackPressure.Block"/> waits: a disk that stays full must not stop the application forever.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>All faults; empty where there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (FlushInterval <= TimeSpan.Zero || FlushInterval > TimeSpan.FromHours(1))
            yield return $"FlushInterval is {FlushInterval}, expected more than zero and at most an hour";
        if (SegmentBytes is < 4096 or > 1L << 40)
            yield return $"SegmentBytes is {SegmentBytes}, expected 4,096 to 2^40";
        if (SegmentAge <= TimeSpan.Zero || SegmentAge > TimeSpan.FromDays(30))
            yield return $"SegmentAge is {SegmentAge}, expected more than zero and at most 30 days";
        if (BufferBytes is < 65536 or > 1L << 40)
            yield return $"BufferBytes is {BufferBytes}, expected 65,536 to 2^40";
        if (LongestWait < TimeSpan.Zero || LongestWait > TimeSpan.FromDays(1))
            yield return $"LongestWait is {LongestWait}, expected zero to a day";
    }
}
