namespace OfflineRL.Ingest;

/// <summary>How much a finding matters.</summary>
public enum Severity
{
    /// <summary>What the import did, such as cutting an episode.</summary>
    Note,

    /// <summary>The rows are taken, and a reader of the dataset should know.</summary>
    Warning,

    /// <summary>The rows cannot be right: <c>on_error</c> says what happens to them.</summary>
    Error,
}

/// <summary>What one check found in one column of one file.</summary>
/// <param name="Check">The check's name in snake case, such as <c>next_observation_differs</c>.</param>
/// <param name="Severity">Of every place it was found at.</param>
/// <param name="File">As in the sources.</param>
/// <param name="Column">The source's column; null: the whole row or episode.</param>
/// <param name="Row">The first place: row within the file, from 1, the header not counted; null: the whole file.</param>
/// <param name="Count">Rows, or episodes, that were found.</param>
/// <param name="Sample">What stands at the first place.</param>
/// <param name="Meaning">What was expected, and what to do.</param>
public sealed record Finding(string Check, Severity Severity, string File, string? Column, long? Row, long Count, string Sample, string Meaning);
