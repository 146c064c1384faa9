namespace OfflineRL.Ingest;

/// <summary>
/// A format of source files: knows its files by their content, makes one table of them that DuckDB can query, and says what
/// the columns mean where the user does not.
/// </summary>
interface ISourceReader
{
    SourceFormat Format { get; }

    /// <summary>Whether a file is of this format. Called with the start of the file; reads no more, and never throws for what it finds there.</summary>
    bool Recognizes(SourceProbe probe);

    /// <summary>
    /// Makes the table. A format that DuckDB does not read itself is decoded into files below <see cref="SourceRequest.StagingFolder"/>,
    /// row by row in the files' order, in bounded memory; rows that are no rows of this format go to <see cref="SourceRequest.Rejects"/>.
    /// </summary>
    /// <exception cref="Datasets.UserErrorException">A file is damaged, or holds what this format cannot hold.</exception>
    SourceTable Open(SourceRequest request);

    /// <summary>The map with the format's own names where the user gave none; what the user set stays.</summary>
    ImportConfig Fill(ImportConfig config, SourceTable table);
}
