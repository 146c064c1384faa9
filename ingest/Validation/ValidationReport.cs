namespace OfflineRL.Ingest;

/// <summary>Rows of the source: none is missing from the sum.</summary>
/// <param name="Read">Rows that the source has.</param>
/// <param name="Taken">Steps of the dataset.</param>
/// <param name="Rejected">Listed below <c>rejects/</c>.</param>
public sealed record RowTally(long Read, long Taken, long Rejected);

/// <summary><c>validation.json</c>: what an import found, beside the data that it found it in.</summary>
public sealed record ValidationReport
{
    public int SchemaVersion { get; init; } = 1;

    /// <summary>What was done where a row could not be right.</summary>
    public required ErrorRule OnError { get; init; }

    /// <summary>False: only what the dataset's contract needs was looked at.</summary>
    public required bool Validated { get; init; }

    public required RowTally Rows { get; init; }

    /// <summary>The worst first; of equal severity, what was found more often.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Whether something was rejected, or cannot be right: what <c>--strict</c> asks.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasErrors => Rows.Rejected > 0 || Findings.Any(f => f.Severity == Severity.Error);
}
