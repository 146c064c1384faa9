namespace OfflineRL.Ingest;

/// <summary>Why a row, or an episode at one of its rows, cannot be taken.</summary>
/// <param name="Column">The source's column.</param>
/// <param name="Found">What stands there; null: to be looked up in the source.</param>
/// <param name="Expected">What should.</param>
/// <param name="Check">Its name in findings, in snake case.</param>
readonly record struct RowFault(string Column, string? Found, string Expected, string Check = "value")
{
    /// <summary>Whether the row itself can be stored, and only does not follow the row before it.</summary>
    public bool Breaks { get; init; }
}

/// <summary>Where a row stands.</summary>
/// <param name="File">The file's place among the sources.</param>
/// <param name="Row">Within the file, from 1, the header not counted.</param>
readonly record struct RowPlace(int File, long Row);
