namespace OfflineRL.Ingest;

/// <summary>A format that is decoded into staged Parquet files before it is queried.</summary>
abstract class StagedSource : ISourceReader
{
    public abstract SourceFormat Format { get; }

    /// <summary>Whether it is decoded in a process of its own, with limits: where a library in C reads what a stranger wrote.</summary>
    public virtual bool IsIsolated => false;

    public abstract bool Recognizes(SourceProbe probe);

    public SourceTable Open(SourceRequest request)
    {
        if (IsIsolated)
            return DecodeProcess.Open(Format, request);
        using var writer = new StagedWriter(request.Connection, Path.Combine(request.StagingFolder, "decoded"), rows =>
        {
            request.Cancellation.ThrowIfCancellationRequested();
            request.Progress.Report("decoding", rows, 0);
        });
        var map = Decode(request, writer);
        return StagedWriter.ToTable(request, writer.Columns, writer.Parts, map);
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => ArrayMap.Fill(config, table.Map ?? new ImportConfig());

    /// <summary>Decodes all files and finishes the writer.</summary>
    /// <returns>The format's own map.</returns>
    public abstract ImportConfig Decode(SourceRequest request, StagedWriter writer);
}
