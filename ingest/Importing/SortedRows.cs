using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Brings rows into order that do not come episode by episode: numbers are made of the source once, into a file of their own that knows its rows'
/// positions; where each episode begins is asked of that file, which is quick; then DuckDB sorts it and spills what memory does not hold.
/// </summary>
static class SortedRows
{
    /// <summary>Writes the file.</summary>
    /// <param name="plan">What rows hold.</param>
    /// <param name="source">The plan's query of rows as they stand.</param>
    /// <param name="connection">Reads the source.</param>
    /// <param name="folder">For the file.</param>
    /// <param name="rows">Told where the source's files begin.</param>
    /// <returns>A query that gives the rows in order, their positions in front.</returns>
    public static string Stage(ImportPlan plan, string source, DuckDbConnection connection, string folder, SourceRows rows)
    {
        Directory.CreateDirectory(folder);
        var path = DuckDbSql.Text(Path.Combine(folder, "rows.parquet"));
        connection.Execute($"COPY ({source}) TO {path} (FORMAT parquet, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE {plan.StagedRows})");
        var staged = $"read_parquet({path}, file_row_number = true)";
        using (var files = connection.Query($"SELECT file, min(file_row_number) + 1 FROM {staged} GROUP BY file ORDER BY file"))
        {
            while (files.Next() is { } chunk)
            {
                using (chunk)
                {
                    for (var row = 0; row < chunk.Rows; row++)
                        rows.Begin((int)chunk[0].Values<long>()[row], chunk[1].Values<long>()[row]);
                }
            }
        }

        var names = string.Join(", ", plan.FieldNames);
        if (plan.EpisodeId is not { } id)
            return $"SELECT file_row_number + 1 AS pos, {names} FROM {staged} ORDER BY {plan.OrderSql}";
        connection.Execute($"CREATE OR REPLACE TEMP TABLE firsts AS SELECT f{id.First} AS id, min(file_row_number) AS first FROM {staged} GROUP BY 1");
        return $"SELECT file_row_number + 1 AS pos, {names} FROM {staged} LEFT JOIN firsts ON f{id.First} = id ORDER BY {plan.OrderSql}";
    }
}
