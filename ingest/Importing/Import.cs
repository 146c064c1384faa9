using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What stands behind last steps is no final observation: it all has to be written again without.</summary>
sealed class NextStartsException : Exception;

/// <summary>The rows of a plan on their way into a dataset: as they stand where episodes follow one another, else sorted.</summary>
/// <param name="config">Filled in.</param>
/// <param name="looksForStarts">Whether it is still to be found out what stands behind last steps.</param>
/// <param name="plan">What rows hold.</param>
/// <param name="files">Hashed meanwhile.</param>
/// <param name="lookup">For messages.</param>
/// <param name="environment">That was recorded.</param>
/// <param name="provenance">Less the files.</param>
sealed class Import(ImportConfig config, bool looksForStarts, ImportPlan plan, SourceHashes files, SourceLookup lookup, EnvironmentIdentity? environment, Provenance provenance)
{
    /// <summary>Writes, and commits unless it is a dry run.</summary>
    /// <exception cref="UserErrorException">A row cannot be right, or all of them together, and the map says to stop there.</exception>
    /// <exception cref="OutOfOrderException">Rows that were not sorted do not come episode by episode; nothing was left.</exception>
    public ImportOutcome Stream(Workspace workspace, DuckDbConnection connection, string staging, RejectSpool rejects, bool sorted, bool quick, bool dryRun, IJobProgress progress, CancellationToken cancellation)
    {
        using var writer = DatasetWriter.Create(workspace, config.Name, Describe());
        var log = new FindingLog();
        foreach (var row in rejects.Read())
        {
            writer.Reject(row);
            log.Add(Checks.UnreadableRow, new RowPlace(lookup.IndexOf(row.File), row.Row ?? 0), row.Column, row.Reason);
        }

        foreach (var empty in plan.Table.Empty)
            log.Add(Checks.EmptyEpisode, new RowPlace(empty.File, 0), null, empty.What, empty.Count);
        var rows = new SourceRows(plan.Table);
        // While rows stream, gathering and writing them takes a core; a sort is alone with the machine.
        connection.Execute(FormattableString.Invariant($"SET threads = {(sorted ? Environment.ProcessorCount : Math.Max(1, Environment.ProcessorCount - 1))}"));
        var source = (quick ? plan.QuickRowsSql : null) ?? plan.RowsSql;
        var sql = sorted ? SortedRows.Stage(plan, source, connection, staging, rows) : source;
        var inspector = new EpisodeInspector(plan, looksForStarts, rows, log);
        var assembler = new EpisodeAssembler(plan, files, rows, lookup, inspector, environment, writer, sorted);
        using (var pipe = new RowPipe(plan, connection, sql, sorted, cancellation))
        {
            while (pipe.Next() is { } chunk)
            {
                cancellation.ThrowIfCancellationRequested();
                assembler.Add(chunk);
                pipe.Return(chunk);
                progress.Report("importing rows", assembler.Counts.Rows, 0);
            }
        }

        assembler.Finish();
        inspector.Finish(lookup);
        if (config.OnError != ErrorRule.Stop && config.NextObservationReal && log.Has(Checks.NextStartBehindEnd))
            throw new NextStartsException();
        if (assembler.Counts.Episodes == 0)
            throw Throw.NothingImported(config.Source, assembler.Counts.RejectedRows);
        var report = Report(log, assembler.Counts.Rows + rejects.Count, writer);
        if (config.OnError == ErrorRule.Stop && report.Findings.FirstOrDefault(f => f.Severity == Severity.Error && f.Check != Checks.UnreadableRow.Name) is { } error)
            throw Throw.Found(error);
        writer.Attach(report);
        return new ImportOutcome(dryRun ? null : writer.Commit(provenance with { Sources = files.All(), Notes = [.. plan.Table.Notes, .. Notes(assembler.Counts)] }), assembler.Counts, report);
    }

    ValidationReport Report(FindingLog log, long read, DatasetWriter writer)
    {
        if (read != writer.Steps + writer.Rejected)
            throw new InvalidOperationException($"Of {read} rows {writer.Steps} were taken and {writer.Rejected} rejected; none may be missing.");
        return new ValidationReport
        {
            OnError = config.OnError,
            Validated = config.Validation,
            Rows = new RowTally(read, writer.Steps, writer.Rejected),
            Findings = log.Findings(lookup.File),
        };
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
        if (counts.Gaps > 0)
            notes.Add($"{counts.Gaps:N0} episodes end where more than {config.EpisodeGap} passed, and are truncated.");
        if (counts.OpenEnds > 0)
            notes.Add($"{counts.OpenEnds:N0} episodes end without an end flag and are truncated.");
        if (counts.Cuts > 0)
            notes.Add($"{counts.Cuts:N0} episodes were cut where a step's next observation was not the next row's.");
        if (looksForStarts && !config.NextObservationReal)
            notes.Add("Final observations were not taken: behind the last steps stand the next episodes' first observations.");
        if (counts.RejectedRows > 0)
            notes.Add($"{counts.RejectedRows:N0} rows were not taken; rejects/ lists them with reasons.");
        return notes;
    }
}
