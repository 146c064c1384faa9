using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Says for messages what a file is called and what its source holds at a place; asks only when there is something to say.</summary>
sealed class SourceLookup(SourceTable table, ImportPlan plan, DuckDbConnection connection)
{
    public string File(int file) => table.Files[file];

    /// <summary>A file's place among the sources; -1: it is none of them.</summary>
    public int IndexOf(string file)
    {
        for (var i = 0; i < table.Files.Count; i++)
        {
            if (table.Files[i] == file)
                return i;
        }

        return -1;
    }

    /// <summary>What stands in a column, as text; null: nothing.</summary>
    /// <param name="column">As in the source.</param>
    /// <param name="position">From 1, over all files.</param>
    public string? Raw(string column, long position)
    {
        using var result = connection.Query(plan.RawValueSql(column), position - 1);
        using var chunk = result.Next();
        return chunk is null || chunk.Rows == 0 || chunk[0].IsNull(0) ? null : chunk[0].Text(0);
    }
}
