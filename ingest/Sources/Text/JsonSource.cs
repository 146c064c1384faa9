using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>JSON: objects one a line, one behind the other, or in one array. Fields are columns; a map reaches into nested ones by path.</summary>
sealed class JsonSource : ISourceReader
{
    public SourceFormat Format => SourceFormat.Json;

    public bool Recognizes(SourceProbe probe) => Layout(probe.Text.Span) is not null;

    public SourceTable Open(SourceRequest request)
    {
        var layout = LayoutOf(request.Paths);
        var paths = request.Paths.ToList();
        var skipped = new Dictionary<int, IReadOnlyList<long>>();
        if (layout == "newline_delimited" && request.Config.OnError != ErrorRule.Stop)
            Screen(request, paths, skipped);
        var compression = CsvSource.Stage(request, paths);
        var objects = $"read_json_objects({DuckDbSql.Texts(paths)}, format={DuckDbSql.Text(layout)}, compression={DuckDbSql.Text(compression == "none" ? "uncompressed" : compression)}, hive_partitioning=false)";
        var fields = JsonFields.Find(request, objects);
        return OwnColumns.WithoutEmpty(request.Connection, new SourceTable(request.Paths, fields.From(objects), fields.Columns)
        {
            Skipped = skipped,
            // Rows that another tool wrote out of RLlib's batches: their names are known, unless the user has a map.
            Map = request.Config.Observation.Count == 0 && RllibMap.Knows(fields.Types) ? RllibMap.Fill(request.Config, fields.Types) : null,
        });
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => ConfigColumns.FillOwnNames(ConfigColumns.Expand(table.Map ?? config, table), table);

    /// <summary>What a text of JSON objects is laid out as; null: it is none.</summary>
    static string? Layout(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            text = text[3..];
        text = text.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty || text[0] is not ((byte)'{' or (byte)'['))
            return null;
        if (text[0] == '[')
            return "array";
        var end = text.IndexOf((byte)'\n');
        // A first line that is longer than what is looked at is one object, or a file without line ends: either way one a line.
        return end < 0 || IsObject(text[..end]) || !IsStart(text[..end]) ? "newline_delimited" : "unstructured";
    }

    static bool IsObject(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            return JsonDocument.TryParseValue(ref reader, out var document) && Dispose(document);
        }
        catch (JsonException)
        {
            return false;
        }

        static bool Dispose(JsonDocument? document)
        {
            document?.Dispose();
            return true;
        }
    }

    // Whether a text may be the start of an object that goes on.
    static bool IsStart(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line, isFinalBlock: false, default);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static string LayoutOf(IReadOnlyList<string> paths)
    {
        string? first = null;
        foreach (var path in paths)
        {
            var probe = SourceProbe.Open(path);
            if (probe.Text.IsEmpty && probe.Length > 0)
                SourceText.Guard(path, () => SourceText.Open(path).ReadByte());
            var layout = Layout(probe.Text.Span) ?? throw Throw.NotJson(path, CsvScreen.Shown(probe.Text.Span[..Math.Min(40, probe.Text.Length)]));
            first ??= layout;
            if (layout != first)
                throw Throw.JsonLayouts(paths[0], first, path, layout);
        }

        return first!;
    }

    // Files with lines that are no objects are read from a copy without them.
    static void Screen(SourceRequest request, List<string> paths, Dictionary<int, IReadOnlyList<long>> skipped)
    {
        for (var i = 0; i < paths.Count; i++)
        {
            request.Cancellation.ThrowIfCancellationRequested();
            var path = paths[i];
            var rows = new List<long>();
            SourceText.Guard(path, () => Screen(path, null, (row, reason) =>
            {
                rows.Add(row);
                request.Rejects.Add(new RejectedRow(path, row, null, reason));
            }));
            if (rows.Count == 0)
                continue;
            Directory.CreateDirectory(request.StagingFolder);
            var copy = Path.Combine(request.StagingFolder, $"clean-{i}.json");
            SourceText.Guard(path, () => Screen(path, copy, (_, _) => { }));
            (paths[i], skipped[i]) = (copy, rows);
            request.Progress.Report("screening files", i + 1, paths.Count);
        }
    }

    static long Screen(string path, string? copy, Action<long, string> reject)
    {
        using var lines = new LineReader(SourceText.Open(path));
        using var output = copy is null ? null : File.Create(copy, 1 << 20);
        var row = 0L;
        while (lines.Next(out var line))
        {
            if (!line.ContainsAnyExcept(" \t\r"u8))
                continue;
            row++;
            if (Fault(line, lines.TooLong) is { } fault)
            {
                reject(row, $"line {lines.Row}: {fault}: {CsvScreen.Shown(line)}");
                continue;
            }

            output?.Write(line);
            output?.WriteByte((byte)'\n');
        }

        return row;
    }

    static string? Fault(ReadOnlySpan<byte> line, bool tooLong)
    {
        // DuckDB's limit for one object.
        if (tooLong || line.Length > (16 << 20))
            return "the line is longer than 16 MiB";
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return "not an object";
            while (reader.Read())
            {
                // Texts are checked for UTF-8 and escapes only where they are looked at.
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && (reader.ValueIsEscaped || !System.Text.Unicode.Utf8.IsValid(reader.ValueSpan)))
                    _ = reader.GetString();
            }

            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return $"not valid JSON ({e.Message.Split(" LineNumber")[0].TrimEnd('.')})";
        }
    }
}
