using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Says for messages where a row stands and what its source holds there; asks only when there is something to say.</summary>
sealed class SourceLookup(SourceTable table, ImportPlan plan, DuckDbConnection connection)
{
    Dictionary<long, long>? _starts;

    public string File(int file) => table.Files[file];

    /// <summary>The row's number within its file, from 1, the header not counted.</summary>
    public long Row(long position, int file) => position - (_starts ??= Starts())[file] + 1;

    /// <summary>What stands in a column, as text; null: nothing.</summary>
    public string? Raw(string column, long position)
    {
        using var result = connection.Query(plan.RawValueSql(column), position);
        using var chunk = result.Next();
        return chunk is null || chunk.Rows == 0 || chunk[0].IsNull(0) ? null : chunk[0].Text(0);
    }

    Dictionary<long, long> Starts()
    {
        var starts = new Dictionary<long, long>();
        using var result = connection.Query(plan.FileStartsSql);
        while (result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                    starts[chunk[0].Values<long>()[row]] = chunk[1].Values<long>()[row];
            }
        }

        return starts;
    }
}
