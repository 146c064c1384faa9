using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// The Open Bandit Dataset: impressions with the item shown, its position, its probability and whether it was clicked. Adds columns to the
/// file's own: one of 0 and 1 for each position and each value of a user's feature, the feature's code, and all items' features.
/// </summary>
sealed class OpenBanditSource : ISourceReader
{
    const string ItemContext = "item_context.csv", UserFeature = "user_feature_", Affinity = "user-item_affinity_";
    const int MostItems = 10_000, MostValues = 1000;

    public SourceFormat Format => SourceFormat.OpenBandit;

    public bool Recognizes(SourceProbe probe)
    {
        var text = probe.Text.Span;
        var end = text.IndexOf((byte)'\n');
        var header = Encoding.UTF8.GetString(end < 0 ? text : text[..end]).Trim('\uFEFF', '\r').Split(',').Select(n => n.Trim('"')).ToHashSet(StringComparer.Ordinal);
        return IsLog(header) || (header.Contains("item_id") && header.Contains("item_feature_0"));
    }

    public SourceTable Open(SourceRequest request)
    {
        var logs = request.Paths.Select((path, file) => (path, file)).Where(p => Path.GetFileName(p.path) != ItemContext).ToList();
        if (logs.Count == 0)
            throw Throw.NoImpressions(request.Paths[0]);
        var csv = new CsvSource(SourceFormat.Csv).Open(request.With(logs.Select(l => l.path).ToList()));
        var names = csv.Columns.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var needed in new[] { "item_id", "position", "click" })
            _ = csv.Column("open_bandit", needed);
        if (!IsLog(names))
            throw Throw.MissingColumn(logs[0].path, "open_bandit", "propensity_score", names);

        var vocabularies = names.Where(n => n.StartsWith(UserFeature, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(n => (Name: n, Values: Values(request.Connection, csv, n))).ToList();
        var (columns, notes) = UserColumns(request.Config, vocabularies);
        foreach (var position in Values(request.Connection, csv, "position").Union(["1", "2", "3"]).Where(p => p.All(char.IsAsciiDigit)).Order(StringComparer.Ordinal))
            columns.Add(($"position_{position}", $"CASE WHEN position = {DuckDbSql.Text(position)} THEN 1 WHEN position IS NULL THEN NULL ELSE 0 END", "INTEGER"));
        if (ItemFeatures(logs.Select(l => l.path).ToList(), notes) is { } items)
            columns.Add(("item_features", $"[{string.Join(", ", items.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}]::DOUBLE[]", "DOUBLE[]"));
        columns.Add(("terminated", "true", "BOOLEAN"));
        foreach (var column in columns.Where(c => names.Contains(c.Name)))
            throw Throw.ColumnTwice(logs[0].path, column.Name);

        // A file of items among the sources has no rows: the others keep their places.
        var place = $"[{string.Join(", ", logs.Select(l => l.file))}][CAST(file_index AS BIGINT) + 1]";
        var from = $"(SELECT *, {string.Join(", ", columns.Select(c => $"{c.Sql} AS {DuckDbSql.Name(c.Name)}"))}, {place} AS file_index FROM {csv.From})";
        return new SourceTable(request.Paths, from, [.. csv.Columns, .. columns.Select(c => new SourceColumn(c.Name, c.Type))])
        {
            Notes = notes,
            Skipped = csv.Skipped.ToDictionary(s => logs[s.Key].file, s => s.Value),
        };
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table)
    {
        config = ConfigColumns.Expand(config, table);
        var names = table.Columns.Select(c => c.Name).ToList();
        var items = names.Count(n => n.StartsWith(Affinity, StringComparison.Ordinal));
        var policy = table.Files[0].Split('/', '\\').LastOrDefault(part => part is "random" or "bts");
        IReadOnlyList<string> observation =
        [
            .. names.Where(n => n.StartsWith("position_", StringComparison.Ordinal)),
            .. names.Where(n => n.StartsWith(UserFeature, StringComparison.Ordinal) && n.Contains('=', StringComparison.Ordinal)),
            .. names.Where(n => n.StartsWith(Affinity, StringComparison.Ordinal)),
        ];
        return config with
        {
            BehaviorPolicy = policy is not null && config.BehaviorPolicy == new ImportConfig().BehaviorPolicy ? policy : config.BehaviorPolicy,
            Observation = config.Observation.Count > 0 ? config.Observation : observation,
            Action = config.Action.Count > 0 ? config.Action : ["item_id"],
            ActionCount = config.ActionCount ?? (items > 0 ? items : null),
            Reward = config.Reward == new ImportConfig().Reward ? "click" : config.Reward,
            Terminated = config.Done is null && config.Truncated is null ? config.Terminated ?? "terminated" : config.Terminated,
            BehaviorProb = config.BehaviorLogProb is not null ? config.BehaviorProb : config.BehaviorProb ?? (names.Contains("propensity_score") ? "propensity_score" : "action_prob"),
            Timestamp = config.Timestamp ?? (names.Contains("timestamp") ? "timestamp" : null),
        };
    }

    static bool IsLog(HashSet<string> header) =>
        header.Contains("item_id") && header.Contains("position") && header.Contains("click") && (header.Contains("propensity_score") || header.Contains("action_prob"));

    // Columns of 0 and 1 are named by the value, so that the map in the provenance is the vocabulary; a map that names a value which
    // this file does not have gets zeros, so that two logs can have the same columns.
    static (List<(string Name, string Sql, string Type)> Columns, List<string> Notes) UserColumns(ImportConfig config, List<(string Name, List<string> Values)> vocabularies)
    {
        var columns = new List<(string, string, string)>();
        var notes = new List<string>();
        foreach (var (name, values) in vocabularies)
        {
            var column = DuckDbSql.Name(name);
            var asked = ConfigColumns.Named(config).Select(n => n.Name).Where(n => n.StartsWith(name + "=", StringComparison.Ordinal)).Select(n => n[(name.Length + 1)..]);
            foreach (var value in values.Union(asked))
                columns.Add(($"{name}={value}", $"CASE WHEN {column} = {DuckDbSql.Text(value)} THEN 1 ELSE 0 END", "INTEGER"));
            columns.Add(($"{name}_code", $"list_position({DuckDbSql.Texts(values)}, {column}) - 1", "INTEGER"));
            if (ConfigColumns.Named(config).Any(n => n.Name == name + "_code"))
                notes.Add($"{name}_code is the place, from 0, in [{string.Join(", ", values)}].");
        }

        return (columns, notes);
    }

    static List<string> Values(DuckDbConnection connection, SourceTable table, string column)
    {
        var values = new List<string>();
        using var result = connection.Query($"SELECT DISTINCT {DuckDbSql.Name(column)} AS v FROM {table.From} WHERE v IS NOT NULL LIMIT {MostValues + 1}");
        while (result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                    values.Add(chunk[0].Text(row));
            }
        }

        return values.Count > MostValues ? throw Throw.ManyValues(table.Files[0], column, MostValues) : [.. values.Order(StringComparer.Ordinal)];
    }

    /// <summary>Numbers of all items, one behind the other: numbers as they are, others as one of 0 and 1 for each value; null: there is no file of them.</summary>
    static List<double>? ItemFeatures(List<string> logs, List<string> notes)
    {
        var path = Path.Combine(Path.GetDirectoryName(logs[0])!, ItemContext);
        if (!File.Exists(path))
            return null;
        var rows = ReadItems(path);
        foreach (var other in logs.Skip(1).Select(l => Path.Combine(Path.GetDirectoryName(l)!, ItemContext)).Distinct().Where(p => p != path && File.Exists(p)))
        {
            if (!ReadItems(other).SelectMany(r => r).SequenceEqual(rows.SelectMany(r => r), StringComparer.Ordinal))
                throw Throw.ItemsDiffer(path, other);
        }

        var width = rows[0].Length;
        var encoders = Enumerable.Range(0, width).Select(c => rows.All(r => double.TryParse(r[c], NumberStyles.Float, CultureInfo.InvariantCulture, out var v) && double.IsFinite(v))
            ? null
            : rows.Select(r => r[c]).Distinct().Order(StringComparer.Ordinal).ToList()).ToList();
        notes.Add("item_features, of each item: " + string.Join("; ", encoders.Select((e, i) => $"item_feature_{i}{(e is null ? "" : $" is [{string.Join(", ", e)}]")}")) + ".");
        return rows.SelectMany(row => row.SelectMany((text, c) => encoders[c] is { } values
            ? values.Select(v => v == text ? 1.0 : 0)
            : [double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)])).ToList();
    }

    // The features of items 0, 1, …: each item once.
    static List<string[]> ReadItems(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            using var csv = new CsvReader(reader, new CsvConfiguration(CultureInfo.InvariantCulture));
            csv.Read();
            csv.ReadHeader();
            var features = csv.HeaderRecord!.Where(n => n.StartsWith("item_feature_", StringComparison.Ordinal)).ToList();
            var items = new SortedDictionary<int, string[]>();
            while (csv.Read())
            {
                var id = csv.GetField<int>("item_id");
                if (id is < 0 or >= MostItems || features.Count == 0 || !items.TryAdd(id, features.Select(f => csv.GetField(f) ?? "").ToArray()))
                    throw Throw.BadItems(path, $"item {id} is there twice, or beyond {MostItems - 1}, or has no item_feature_0");
            }

            return items.Count > 0 && items.Keys.Last() == items.Count - 1 ? [.. items.Values] : throw Throw.BadItems(path, $"{items.Count} items do not have the ids from 0 to {items.Count - 1}");
        }
        catch (CsvHelperException e)
        {
            throw Throw.BadItems(path, e.Message.Split('\n')[0].TrimEnd('.', '\r'));
        }
    }
}
