using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>A committed import.</summary>
public sealed record ImportResult(DatasetManifest Manifest, ImportCounts Counts, ValidationReport Report);

/// <summary>An import that has ended; null: it was a dry run, and nothing was committed.</summary>
sealed record ImportOutcome(DatasetManifest? Manifest, ImportCounts Counts, ValidationReport Report);

/// <summary><c>offlinerl ingest import</c>: files and a map of their columns, a dataset.</summary>
public static class ImportJob
{
    // Enough for reading; a sort spills beyond it.
    const string Memory = "800MB";

    static readonly TimeSpan LeftoverAge = TimeSpan.FromDays(1);

    /// <summary>Imports and commits. Interrupted or failed, it leaves nothing.</summary>
    /// <param name="config">Validated.</param>
    /// <param name="workspace">Gets the dataset.</param>
    /// <param name="progress">Told of rows read.</param>
    /// <param name="cancellation">Stops between two chunks of rows.</param>
    /// <exception cref="UserErrorException">The source or the map cannot be used.</exception>
    public static ImportResult Run(ImportConfig config, Workspace workspace, IJobProgress progress, CancellationToken cancellation)
    {
        var outcome = Run(config, workspace, dryRun: false, progress, cancellation);
        return new ImportResult(outcome.Manifest!, outcome.Counts, outcome.Report);
    }

    /// <summary>Does all that <see cref="Run(ImportConfig, Workspace, IJobProgress, CancellationToken)"/> does but the commit: leaves nothing.</summary>
    /// <inheritdoc cref="Run(ImportConfig, Workspace, IJobProgress, CancellationToken)"/>
    public static ValidationReport Check(ImportConfig config, Workspace workspace, IJobProgress progress, CancellationToken cancellation) =>
        Run(config, workspace, dryRun: true, progress, cancellation).Report;

    static ImportOutcome Run(ImportConfig config, Workspace workspace, bool dryRun, IJobProgress progress, CancellationToken cancellation)
    {
        Config.Check(config);
        var environment = config.Environment is null ? null : EnvironmentRegistry.Resolve(config.Environment);
        // A folder of the commit protocol's kind: what a killed import leaves is swept by the next one, a day later.
        PendingFolder.Sweep(workspace.CacheFolder, LeftoverAge);
        using var staging = PendingFolder.Create(Path.Combine(workspace.CacheFolder, "import"), mayExist: true);
        try
        {
            using var database = DuckDbDatabase.OpenInMemory(new DuckDbOptions { TemporaryFolder = Path.Combine(staging.FolderPath, "spill"), MemoryLimit = config.MemoryLimit ?? Memory, Locked = false });
            return Run(config, workspace, dryRun, environment, database, staging.FolderPath, progress, cancellation);
        }
        catch (DuckDbException e)
        {
            throw Throw.Unreadable(config.Source, e);
        }
    }

    static ImportOutcome Run(ImportConfig config, Workspace workspace, bool dryRun, EnvironmentIdentity? environment, DuckDbDatabase database, string staging, IJobProgress progress, CancellationToken cancellation)
    {
        using var connection = database.Connect();
        using var messages = database.Connect();
        var paths = SourceFiles.Expand(config.Source, connection);
        var reader = SourceReaders.Find(config.Format, paths);
        using var files = new SourceHashes(paths);
        using var rejects = new RejectSpool(staging);
        var table = reader.Open(new SourceRequest
        {
            Paths = paths,
            Config = config,
            Connection = connection,
            StagingFolder = staging,
            Rejects = rejects,
            Progress = progress,
            Cancellation = cancellation,
        });
        config = reader.Fill(config, table);
        Config.Check(config);
        // Files may say themselves what was recorded.
        environment ??= config.Environment is null ? null : EnvironmentRegistry.Resolve(config.Environment);
        if (config.Gaps().ToList() is { Count: > 0 } gaps)
            throw Throw.MapGaps(paths[0], gaps, table.Columns);
        var realNext = config.NextObservationReal;
        for (var (sorted, quick) = (false, table.FromNumbers is not null); ;)
        {
            try
            {
                return Stream(sorted, quick);
            }
            catch (OutOfOrderException)
            {
                sorted = true;
            }
            catch (DuckDbException) when (quick)
            {
                // A text that is no number, most likely: it is looked for, and named, by reading texts.
                quick = false;
            }
            catch (NextStartsException)
            {
                realNext = false;
            }
        }

        ImportOutcome Stream(bool sorted, bool quick)
        {
            var resolved = config with { NextObservationReal = realNext };
            var plan = new ImportPlan(resolved, table, connection);
            var provenance = new Provenance { Command = "ingest import", Config = Config.ToYaml(resolved) };
            var import = new Import(resolved, looksForStarts: config.NextObservationReal, plan, files, new SourceLookup(table, plan, messages), environment, provenance);
            return import.Stream(workspace, connection, staging, rejects, sorted, quick, dryRun, progress, cancellation);
        }
    }
}
