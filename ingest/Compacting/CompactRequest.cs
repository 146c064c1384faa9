using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What <c>offlinerl ingest compact</c> is asked for.</summary>
public sealed record CompactRequest
{
    /// <summary>Folder of the log.</summary>
    public required string Log { get; init; }

    /// <summary>The dataset: <c>NAME</c> for its next version.</summary>
    public required string Name { get; init; }

    /// <summary>Whether episodes that nobody can append to any more are taken as truncated.</summary>
    public bool CloseOpen { get; init; }

    /// <summary>Whether the version has the new episodes alone, and not those of the newest one before it.</summary>
    public bool OnlyNew { get; init; }

    /// <summary>Whether segments are deleted once they are in a dataset.</summary>
    public bool DeleteSegments { get; init; }
}

/// <summary>How many of what a compaction met.</summary>
public sealed record CompactCounts
{
    public int Segments { get; set; }

    /// <summary>Episodes of the log that were written; one that was cut counts as several.</summary>
    public long Episodes { get; set; }

    public long Steps { get; set; }

    /// <summary>Episodes that are open and wait for the next compaction.</summary>
    public long Waiting { get; set; }

    /// <summary>Episodes that were open and are truncated.</summary>
    public long Closed { get; set; }

    /// <summary>Episodes with missing steps, which were cut there.</summary>
    public long Cut { get; set; }

    /// <summary>Episodes that ended without a step.</summary>
    public long Empty { get; set; }

    /// <summary>Episodes in which some steps only have the whole distribution, which was left out.</summary>
    public long PartialProbabilities { get; set; }

    public long RejectedRows { get; set; }

    /// <summary>Episodes of the version before.</summary>
    public long Parent { get; set; }

    /// <summary>Episodes of the log that the version before has already.</summary>
    public long Known { get; set; }
}

/// <param name="Manifest">Of the dataset; null: there was no new episode, and nothing was done.</param>
/// <param name="Counts">What was met.</param>
/// <param name="Recovered">Segments that a crash had left open.</param>
/// <param name="Report">What validation found in the new episodes; null: there were none.</param>
public sealed record CompactResult(DatasetManifest? Manifest, CompactCounts Counts, IReadOnlyList<RecoveredSegment> Recovered, ValidationReport? Report);
