using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>SQL made from the contract. Names are quoted, paths too; nothing a user wrote is pasted.</summary>
static class SchemaSql
{
    public static string CreateTable(string table, IEnumerable<SchemaColumn> columns) =>
        $"CREATE TABLE {DuckDbSql.Name(table)} (" +
        string.Join(", ", columns.Select(c => $"{DuckDbSql.Name(c.Name)} {c.Type}{(c.Nullable ? "" : " NOT NULL")}")) + ")";

    /// <summary>
    /// Floats with Snappy, which every Parquet reader has and which costs nothing when read (measured: as fast as uncompressed). Images with
    /// Zstandard: frames repeat one another over kilobytes, which Snappy's short memory misses (measured on stacks of four 84x84 frames: 24 times
    /// smaller, read as fast, written for half as much time again). No dictionaries: floats gain nothing from them, and plain pages decode by a copy.
    /// </summary>
    public static string CopyToParquet(string table, string path, int rowGroupRows, bool hasImages = false) => string.Create(
        CultureInfo.InvariantCulture,
        $"COPY {DuckDbSql.Name(table)} TO {DuckDbSql.Text(path)} (FORMAT parquet, COMPRESSION {(hasImages ? "zstd" : "snappy")}, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE {rowGroupRows})");

    /// <summary>The table function that reads one file. DuckDB expands patterns in names, so a name that is one is refused.</summary>
    public static string ReadParquet(string path) => path.AsSpan().IndexOfAny('*', '?', '[') < 0
        ? $"read_parquet({DuckDbSql.Text(path)})"
        : throw new UserErrorException($"The path '{path}' holds one of the characters '*', '?' and '[', which DuckDB reads as a pattern; use another folder.");
}
