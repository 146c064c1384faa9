using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A column of a report's table.</summary>
/// <param name="LoadColumn">Its place, from 0: what ML.NET's <c>LoadColumn</c> takes.</param>
/// <param name="Name">As the header has it.</param>
/// <param name="DataKind">The type, as ML.NET's <c>DataKind</c> calls it.</param>
/// <param name="Empty">Rows without a value: where there are any, ML.NET reads numbers as <c>Single</c> or <c>Double</c>, whose NaN stands for none.</param>
public sealed record ReportColumn(int LoadColumn, string Name, string DataKind, long Empty);

/// <summary><c>columns.json</c>: the columns of every table in a report's folder, in order and with their types, read from the Parquet files themselves.</summary>
public static class ReportColumns
{
    internal const string FileName = "columns.json";

    /// <summary>Writes the file for the tables that lie in a folder as CSV and Parquet, those of folders in it included.</summary>
    internal static void Write(string folder)
    {
        using var database = DuckDbDatabase.OpenInMemory(new() { Threads = 1 });
        using var connection = database.Connect();
        var tables = new SortedDictionary<string, IReadOnlyList<ReportColumn>>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder, "*.parquet", SearchOption.AllDirectories))
        {
            if (File.Exists(Path.ChangeExtension(path, ".csv")))
                tables.Add(Path.ChangeExtension(Path.GetRelativePath(folder, path), null), Of(connection, path));
        }

        JsonFiles.Write(Path.Combine(folder, FileName), tables);
    }

    /// <summary>The columns of one Parquet file.</summary>
    internal static IReadOnlyList<ReportColumn> Of(DuckDbConnection connection, string path)
    {
        using var result = connection.Query("SELECT * FROM read_parquet($1) LIMIT 0", path);
        var columns = Enumerable.Range(0, result.ColumnCount).Select(i => (Name: result.ColumnName(i), Kind: KindOf(result.ColumnType(i)))).ToList();
        using var empty = connection.Query("SELECT count(*) - count(COLUMNS(*)) FROM read_parquet($1)", path);
        using var chunk = empty.Next()!;
        return [.. columns.Select((c, i) => new ReportColumn(i, c.Name, c.Kind, chunk[i].Values<long>()[0]))];
    }

    static string KindOf(DuckDbType type) => type switch
    {
        DuckDbType.Boolean => "Boolean",
        DuckDbType.Integer => "Int32",
        DuckDbType.BigInt => "Int64",
        DuckDbType.UBigInt => "UInt64",
        DuckDbType.Float => "Single",
        DuckDbType.Double => "Double",
        DuckDbType.TimestampTz or DuckDbType.Timestamp => "DateTime",
        _ => "String",
    };
}
