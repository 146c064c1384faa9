using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Columns named as the contract's optional ones, which hold nothing: an export has them, and the map needs none of them.</summary>
static class OwnColumns
{
    static readonly string[] Optional = ["behavior_log_prob", "behavior_prob", "behavior_probs", "action_mask", "action_features", "timestamp"];

    /// <summary>The table less those that are null in all rows.</summary>
    public static SourceTable WithoutEmpty(DuckDbConnection connection, SourceTable table)
    {
        var names = table.Columns.Select(c => c.Name).Where(Optional.Contains).ToList();
        // The first row tells of most; the others cost a look at all rows.
        names = NullIn(connection, names, $"(SELECT * FROM {table.From} LIMIT 1)");
        var empty = NullIn(connection, names, table.From);
        return empty.Count == 0 ? table : new SourceTable(table.Files, table.From, table.Columns.Where(c => !empty.Contains(c.Name)).ToList())
        {
            FromNumbers = table.FromNumbers,
            Notes = table.Notes,
            Skipped = table.Skipped,
            Map = table.Map,
        };
    }

    static List<string> NullIn(DuckDbConnection connection, List<string> names, string from)
    {
        if (names.Count == 0)
            return [];
        using var result = connection.Query($"SELECT {string.Join(", ", names.Select(n => $"count({DuckDbSql.Name(n)})"))} FROM {from}");
        using var chunk = result.Next();
        var empty = new List<string>();
        for (var i = 0; i < names.Count; i++)
        {
            if (chunk is null || chunk[i].Values<long>()[0] == 0)
                empty.Add(names[i]);
        }

        return empty;
    }
}
