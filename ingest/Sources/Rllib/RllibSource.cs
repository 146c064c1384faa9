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

    public ImportConfig Fill(ImportConfig config, SourceTable table) =>
        RllibMap.Fill(ConfigColumns.Expand(config, table), table.Columns.ToDictionary(c => c.Name, c => c.Type, StringComparer.Ordinal));

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
