using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>RLlib's SampleBatch JSON: a batch a line, its columns unrolled to rows. The columns are those of the first batch.</summary>
sealed partial class RllibSource : ISourceReader
{
    public SourceFormat Format => SourceFormat.Rllib;

    public bool Recognizes(SourceProbe probe) => probe.Text.Span.TrimStart(" \t\r\n"u8).StartsWith("{"u8) && BatchType().IsMatch(System.Text.Encoding.Latin1.GetString(probe.Text.Span));

    public SourceTable Open(SourceRequest request)
    {
        StagedTable? table = null;
        try
        {
            for (var file = 0; file < request.Paths.Count; file++)
            {
                var (path, index) = (request.Paths[file], file);
                SourceText.Guard(path, () => table = ReadFile(request, path, index, table));
            }

            return table is null
                ? throw Throw.NoBatches(request.Paths)
                : new SourceTable(request.Paths, table.Finish(), table.Columns) { Empty = request.Empty.Files };
        }
        finally
        {
            table?.Dispose();
        }
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table)
    {
        config = ConfigColumns.Expand(config, table);
        var types = table.Columns.ToDictionary(c => c.Name, c => c.Type, StringComparer.Ordinal);
        string? Own(string? set, string name) => set ?? (types.ContainsKey(name) ? name : null);
        IReadOnlyList<string> Several(IReadOnlyList<string> set, params string[] names) => set.Count > 0 ? set : names.Where(types.ContainsKey).ToList();

        var ends = config.Done is not null || config.Terminated is not null || config.Truncated is not null;
        var apart = types.ContainsKey("terminateds") || types.ContainsKey("truncateds");
        var action = config.Action.Count > 0 ? config.Action : Several([], "actions");
        var discrete = !config.ContinuousAction && action.Count == 1 && types.GetValueOrDefault(action[0]) == "BIGINT";
        return config with
        {
            Float32 = true,
            BehaviorPolicy = config.BehaviorPolicy == new ImportConfig().BehaviorPolicy ? "rllib" : config.BehaviorPolicy,
            EpisodeId = Several(config.EpisodeId, "eps_id", "agent_index"),
            Step = config.Step ?? (types.ContainsKey("eps_id") ? Own(null, "t") : null),
            Observation = Several(config.Observation, "obs"),
            NextObservation = Several(config.NextObservation, "new_obs"),
            Action = action,
            ContinuousAction = config.ContinuousAction || (config.ActionCount is null && action.Count == 1 && types.GetValueOrDefault(action[0]) == "DOUBLE"),
            Reward = config.Reward == new ImportConfig().Reward && !types.ContainsKey(config.Reward) ? "rewards" : config.Reward,
            Terminated = ends ? config.Terminated : Own(null, "terminateds"),
            Truncated = ends ? config.Truncated : Own(null, "truncateds"),
            Done = ends || apart ? config.Done : Own(null, "dones"),
            BehaviorLogProb = Own(config.BehaviorLogProb, "action_logp"),
            BehaviorProb = Own(config.BehaviorProb, "action_prob"),
            BehaviorLogits = !discrete || config.BehaviorProbs.Count > 0 ? config.BehaviorLogits : Several(config.BehaviorLogits, "action_dist_inputs"),
        };
    }

    static StagedTable? ReadFile(SourceRequest request, string path, int file, StagedTable? table)
    {
        using var lines = new LineReader(SourceText.Open(path));
        while (lines.Next(out var line))
        {
            request.Cancellation.ThrowIfCancellationRequested();
            if (!line.ContainsAnyExcept(" \t"u8))
                continue;
            try
            {
                var batch = lines.TooLong ? throw new SampleBatchException($"the line is longer than {LineReader.Longest >> 20} MiB") : SampleBatch.Read(line);
                if (batch.Rows == 0)
                {
                    request.Empty.Add(file, FormattableString.Invariant($"no row in the batch on line {lines.Row}: {CsvScreen.Shown(line)}"));
                    continue;
                }

                table ??= new StagedTable(request, batch.Columns.Select(c => new SourceColumn(c.Key, c.Value.Type)).ToList());
                Require(batch, table.Columns);
                Write(batch, table, file);
                request.Progress.Report("decoding batches", table.Rows, 0);
            }
            catch (SampleBatchException e) when (e.Packed || request.Config.OnError == ErrorRule.Stop)
            {
                throw Throw.BadLine(path, lines.Row, e.Message, e.Packed);
            }
            catch (SampleBatchException e)
            {
                request.Rejects.Add(new RejectedRow(path, lines.Row, null, $"line {lines.Row}, a batch: {e.Message}: {CsvScreen.Shown(line)}"));
            }
        }

        return table;
    }

    // A whole batch is refused before its first row is written.
    static void Require(SampleBatch batch, IReadOnlyList<SourceColumn> columns)
    {
        foreach (var column in columns)
        {
            // A number may be whole in one batch and not in another; the first one decided.
            if (batch.Columns.TryGetValue(column.Name, out var values) && batch.Rows > 0 && values.Type != column.Type && (column.Type, values.Type) != ("DOUBLE", "BIGINT"))
                throw new SampleBatchException($"column '{column.Name}' has type {values.Type}; expected {column.Type}, as in the first batch");
        }

        if (batch.Columns.Keys.Except(columns.Select(c => c.Name)).FirstOrDefault() is { } more)
            throw new SampleBatchException($"column '{more}' is not in the first batch; expected its columns: {string.Join(", ", columns.Select(c => c.Name))}");
    }

    static void Write(SampleBatch batch, StagedTable table, int file)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            for (var i = 0; i < table.Columns.Count; i++)
            {
                if (!batch.Columns.TryGetValue(table.Columns[i].Name, out var values))
                    continue;
                switch (table.Columns[i].Type)
                {
                    case "VARCHAR":
                        table.Set(i, values.Texts![row]);
                        break;
                    case "BIGINT":
                        table.Set(i, values.Whole![row]);
                        break;
                    case "DOUBLE[]":
                        table.SetList<double>(i, CollectionsMarshal.AsSpan(values.Numbers).Slice(row * values.Width, values.Width));
                        break;
                    default:
                        if (!double.IsNaN(values.Numbers[row]))
                            table.Set(i, values.Numbers[row]);
                        break;
                }
            }

            table.EndRow(file);
        }
    }

    [GeneratedRegex("\"type\"\\s*:\\s*\"(SampleBatch|MultiAgentBatch)\"")]
    private static partial Regex BatchType();
}
