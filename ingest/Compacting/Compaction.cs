using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>One compaction: reads the closed episodes, writes them behind those of the version before, and commits.</summary>
sealed class Compaction(CompactRequest request, Workspace workspace, string log, LogManifest manifest, string token, CompactCounts counts, IJobProgress progress, CancellationToken cancellation)
{
    readonly DatasetDescription _description = manifest.Describe();
    readonly HashSet<string> _known = [];
    readonly FindingLog _found = new();
    readonly LogEpisode _episode = new(manifest.Describe());
    EpisodeChecks? _checks;
    long _rows;

    /// <summary>What validation found in the new episodes; null before they are written.</summary>
    public ValidationReport? Report { get; private set; }

    /// <returns>The dataset, and the log's state with it; null: there was no new episode.</returns>
    public (DatasetManifest? Dataset, CompactState Next) Run(List<string> files, List<(int Number, string Path)> segments, CompactState state, int closeSessions)
    {
        // Where the sort spills.
        using var spill = PendingFolder.Create(Path.Combine(workspace.CacheFolder, "compact"), mayExist: true);
        try
        {
            using var database = DuckDbDatabase.OpenInMemory(new DuckDbOptions { TemporaryFolder = Path.Combine(spill.FolderPath, "spill") });
            using var connection = database.Connect();
            var tables = new LogTables(connection, files, closeSessions);
            counts.Waiting = tables.Count("NOT closed");
            counts.Closed = tables.Count("closed AND NOT ended");
            return tables.Count("closed") == 0 ? (null, state) : Write(tables, segments, state);
        }
        catch (DuckDbException e)
        {
            throw Throw.DamagedSegment(log, files, e);
        }
    }

    (DatasetManifest? Dataset, CompactState Next) Write(LogTables tables, List<(int Number, string Path)> segments, CompactState state)
    {
        var parent = Parent();
        var provenance = new Provenance
        {
            Command = "ingest compact",
            Config = $"log: {log}\nlog_id: {manifest.Id}\nsegments: [{string.Join(", ", segments.Select(s => s.Number))}]\n{CompactIntent.TokenLine(token)}\n",
            Parents = parent is null ? [] : [new DatasetReference(parent.FullName, parent.Manifest.ContentHash)],
            Sources = [.. segments.Select(s => SourceFiles.Describe(s.Path))],
        };
        // A version behind its parent and no later one: where another writer takes it first, this one would lack that one's episodes.
        var name = parent is null ? request.Name : $"{request.Name}-v{parent.Manifest.Version + 1}";
        using var writer = DatasetWriter.Create(workspace, name, _description with { Provenance = provenance, Split = parent?.Manifest.Split ?? SplitRule.AllTrain });
        TakeOver(parent, writer);
        _checks = new EpisodeChecks(DatasetValidation.Columns(_description), _found, LogEpisode.PlaceOf);
        WriteEpisodes(tables, writer);
        foreach (var (file, row) in tables.Strays())
            Reject(writer, file, row, null, "the segment where its episode begins is missing");
        _checks.Finish();
        Report = new ValidationReport
        {
            OnError = ErrorRule.Keep,
            Validated = true,
            Rows = new RowTally(counts.Steps + counts.RejectedRows, counts.Steps, counts.RejectedRows),
            Findings = _found.Findings(_episode.FileName),
        };
        writer.Attach(Report);
        var carry = $"carry-{token}.parquet";
        var carryPath = Path.Combine(CompactState.FolderOf(log), carry);
        var next = new CompactState { Through = Math.Max(state.Through, segments.Count == 0 ? 0 : segments[^1].Number), Carry = tables.Carry(carryPath) ? carry : null };
        if (next.Carry is not null)
            Durable.FlushFile(carryPath);
        new CompactIntent { Token = token, DataFolder = workspace.DataFolder, Name = request.Name, State = next }.Write(log);
        try
        {
            return (writer.Commit(provenance with { Notes = Notes() }), next);
        }
        catch (UserErrorException) when (parent is not null && Path.Exists(Path.Combine(workspace.DataFolder, name)))
        {
            throw Throw.CompactOvertaken(name);
        }
    }

    Dataset? Parent()
    {
        var version = DatasetName.Newest(workspace.DataFolder, request.Name);
        if (request.OnlyNew || version == 0)
            return null;
        var parent = Dataset.Open(workspace, $"{request.Name}-v{version}");
        return DatasetDescription.Of(parent.Manifest) is var d && d with { Provenance = _description.Provenance, Split = _description.Split, InfoColumns = [] } == _description && d.InfoColumns.Count == 0
            ? parent
            : throw Throw.OtherParent(parent.FullName, log);
    }

    void TakeOver(Dataset? parent, DatasetWriter writer)
    {
        parent?.ReadEpisodes((EpisodeRecord record, in EpisodeColumns columns) =>
        {
            cancellation.ThrowIfCancellationRequested();
            _known.Add(record.EpisodeKey);
            writer.WriteEpisode(columns);
            progress.Report("taking over episodes", ++counts.Parent, parent.Manifest.Counts.Episodes);
        });
    }

    void WriteEpisodes(LogTables tables, DatasetWriter writer)
    {
        var episode = _episode;
        (int Session, long Number)? open = null;
        using var rows = tables.Closed(_description);
        while (rows.Next() is { } chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            using (chunk)
            {
                var log = new LogRows(chunk);
                for (var row = 0; row < log.Count; row++)
                {
                    var root = (log.RootSessions[row], log.RootEpisodes[row]);
                    if (open != root)
                    {
                        Write(episode, open, writer);
                        open = root;
                    }

                    if (episode.Add(log, row) is { } fault)
                        Reject(writer, log.File.Text(row), log.RowNumbers[row] + 1, "step", fault);
                }

                _rows += chunk.Rows;
            }

            progress.Report("compacting rows", _rows, 0);
        }

        Write(episode, open, writer);
    }

    void Write(LogEpisode episode, (int Session, long Number)? root, DatasetWriter writer)
    {
        if (root is not { } at)
            return;
        counts.Empty += episode.Steps == 0 ? 1 : 0;
        counts.Cut += episode.Steps > 0 && episode.HasGap ? 1 : 0;
        counts.PartialProbabilities += episode.HasPartialProbabilities ? 1 : 0;
        var number = FormattableString.Invariant($"{at.Number}");
        var key = FormattableString.Invariant($"{manifest.Id}:{at.Session}.{number}") + (episode.Id == number ? "" : ":" + episode.Id);
        var first = 0;
        for (var piece = 0; episode.Steps > 0 && piece < episode.PieceEnds.Count; piece++)
        {
            var end = episode.PieceEnds[piece];
            WritePiece(episode, first, end, episode.PieceEnds.Count > 1 ? FormattableString.Invariant($"{key}#{piece}") : key, writer);
            first = end;
        }

        episode.Clear();
    }

    void WritePiece(LogEpisode episode, int first, int end, string key, DatasetWriter writer)
    {
        if (_known.Contains(key))
        {
            counts.Known++;
            return;
        }

        try
        {
            var columns = episode.ToColumns(first, end, key);
            writer.WriteEpisode(columns);
            var inspected = episode.ToInspected(columns, first);
            _checks!.Errors(inspected);
            _checks.Inspect(inspected);
            counts.Episodes++;
            counts.Steps += end - first;
        }
        catch (UserErrorException e) when (e.InnerException is null)
        {
            // The logger took no such step: the segment was changed since.
            for (var step = first; step < end; step++)
                Reject(writer, episode.Place(step).File, episode.Place(step).Row, null, e.Message);
        }
    }

    void Reject(DatasetWriter writer, string file, long row, string? column, string reason)
    {
        writer.Reject(new RejectedRow(file, row, column, reason));
        counts.RejectedRows++;
    }

    List<string> Notes()
    {
        var notes = new List<string>();
        Note(counts.Closed, "episodes were open when nobody could append to them any more, and are truncated.");
        Note(counts.Cut, "episodes lack steps, which the logger refused or a crash lost, and were cut there.");
        Note(counts.Empty, "episodes ended without a step and are left out.");
        Note(counts.PartialProbabilities, "episodes have the whole distribution in some steps only; it is left out, the log-probabilities are kept.");
        Note(counts.Waiting, "episodes were open and wait for the next compaction.");
        Note(counts.Known, "episodes were in the version before already.");
        Note(counts.RejectedRows, "rows were not taken; rejects/ lists them with reasons.");
        return notes;

        void Note(long count, string what)
        {
            if (count > 0)
                notes.Add(FormattableString.Invariant($"{count:N0} {what}"));
        }
    }
}
