using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The rows of a plan on their way into a dataset: as they stand where episodes follow one another, else sorted.</summary>
sealed class Import(ImportConfig config, ImportPlan plan, IReadOnlyList<SourceFile> files, SourceLookup lookup, EnvironmentIdentity? environment, Provenance provenance)
{
    /// <summary>Writes and commits.</summary>
    /// <exception cref="OutOfOrderException">Rows that were not sorted do not come episode by episode; nothing was left.</exception>
    public ImportResult Stream(Workspace workspace, DuckDbConnection connection, RejectSpool rejects, bool sorted, IJobProgress progress, CancellationToken cancellation)
    {
        using var writer = DatasetWriter.Create(workspace, config.Name, Describe());
        foreach (var row in rejects.Read())
            writer.Reject(row);
        var rows = sorted ? SourceRows.Find(plan, connection) : new SourceRows();
        var inspector = new NoInspector();
        var assembler = new EpisodeAssembler(plan, files, rows, lookup, inspector, environment, writer, sorted);
        var chunk = new RowChunk(plan);
        using var result = connection.Stream(sorted ? plan.SortedRowsSql : plan.RowsSql);
        while (result.Next() is { } next)
        {
            cancellation.ThrowIfCancellationRequested();
            using (next)
            {
                if (sorted)
                    chunk.Load(next);
                else
                    chunk.Load(next, assembler.Counts.Rows + 1, rows);
            }

            assembler.Add(chunk);
            progress.Report("importing rows", assembler.Counts.Rows, 0);
        }

        assembler.Finish();
        if (assembler.Counts.Episodes == 0)
            throw Throw.NothingImported(config.Source, assembler.Counts.RejectedRows);
        return new ImportResult(writer.Commit(provenance with { Notes = Notes(assembler.Counts) }), assembler.Counts);
    }

    DatasetDescription Describe() => new()
    {
        ObservationSpace = plan.ObservationSpace,
        ActionSpace = plan.ActionSpace,
        Environment = environment,
        PropensitySource = plan.HasPropensities ? PropensitySource.Logged : PropensitySource.Unknown,
        PropensityKind = !plan.HasPropensities ? PropensityKind.None : plan.ActionCount > 0 ? PropensityKind.Probability : PropensityKind.Density,
        HasBehaviorProbabilities = plan.HasProbabilities,
        HasActionMask = plan.Mask is not null,
        ActionFeatures = plan.Features is null ? 0 : plan.Features.Width / plan.ActionCount,
        HasTimestamp = plan.Timestamp is not null,
        InfoColumns = plan.InfoColumns,
        Provenance = provenance,
        Split = Splits.Rule(plan.Config.Split, plan.Config.Seed),
    };

    List<string> Notes(ImportCounts counts)
    {
        var notes = new List<string>();
        if (counts.TimeLimits > 0)
            notes.Add($"{counts.TimeLimits:N0} episodes end by the time limit of {config.TimeLimit} steps and are truncated.");
        if (counts.OpenEnds > 0)
            notes.Add($"{counts.OpenEnds:N0} episodes end without an end flag and are truncated.");
        if (counts.Cuts > 0)
            notes.Add($"{counts.Cuts:N0} episodes were cut where a step's next observation was not the next row's.");
        if (counts.RejectedRows > 0)
            notes.Add($"{counts.RejectedRows:N0} rows were not taken; rejects/ lists them with reasons.");
        return notes;
    }
}
