using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>A chunk of <see cref="LogTables.Closed"/>, its columns looked up once.</summary>
readonly ref struct LogRows
{
    readonly DuckDbChunk _chunk;

    public LogRows(DuckDbChunk chunk)
    {
        _chunk = chunk;
        RootSessions = chunk[LogTables.RootSession].Values<int>();
        RootEpisodes = chunk[LogTables.RootEpisode].Values<long>();
        Events = chunk[LogTables.Event].Values<int>();
        Steps = chunk[LogTables.Step].Values<int>();
        RowNumbers = chunk[LogTables.Row].Values<long>();
        File = chunk[LogTables.File];
        Observation = chunk[LogTables.Observation];
        Action = chunk[LogTables.Action];
        Reward = chunk[LogTables.Reward];
    }

    public int Count => _chunk.Rows;

    public ReadOnlySpan<int> RootSessions { get; }

    public ReadOnlySpan<long> RootEpisodes { get; }

    public ReadOnlySpan<int> Events { get; }

    public ReadOnlySpan<int> Steps { get; }

    /// <summary>Within the file, from 0.</summary>
    public ReadOnlySpan<long> RowNumbers { get; }

    public DuckDbVector File { get; }

    public DuckDbVector Observation { get; }

    public DuckDbVector Action { get; }

    public DuckDbVector Reward { get; }

    public DuckDbVector Column(int column) => _chunk[column];
}
