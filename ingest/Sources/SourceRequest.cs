using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What a reader is given to make a table of source files.</summary>
sealed class SourceRequest
{
    EmptyEpisodes? _empty;

    /// <summary>At least one, in the order in which their rows follow one another.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>As the user wrote it: what is not set is empty.</summary>
    public required ImportConfig Config { get; init; }

    public required DuckDbConnection Connection { get; init; }

    /// <summary>A folder of this import alone, deleted at its end; made when it is first wanted.</summary>
    public required string StagingFolder { get; init; }

    /// <summary>Takes rows that cannot be read at all.</summary>
    public required RejectSpool Rejects { get; init; }

    /// <summary>Gets what the dataset's notes are to say of the reading.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Gets the numbers, ascending, of the rows of a file that are in <see cref="Rejects"/> and not in the table.</summary>
    public Dictionary<int, List<long>> Skipped { get; } = [];

    /// <summary>Takes episodes that have no step.</summary>
    public EmptyEpisodes Empty => _empty ??= new EmptyEpisodes(Paths, Config.OnError);

    public IJobProgress Progress { get; init; } = NullProgress.Instance;

    public CancellationToken Cancellation { get; init; }

    /// <summary>The same for other files.</summary>
    public SourceRequest With(IReadOnlyList<string> paths) => new()
    {
        Paths = paths,
        Config = Config,
        Connection = Connection,
        StagingFolder = StagingFolder,
        Rejects = Rejects,
        Progress = Progress,
        Cancellation = Cancellation,
    };
}
