using OfflineRL.Datasets;
using OfflineRL.Train;

namespace OfflineRL.Cli.Train;

/// <summary>Turns <c>metrics.jsonl</c> of finished seeds, and the tables of a model's errors, into Parquet, where DuckDB is there.</summary>
static class MetricsTable
{
    /// <summary>Writes the tables that are missing.</summary>
    public static void Write(TrainResult result, IJobProgress progress)
    {
        foreach (var seed in result.Seeds)
            Write(RunFolder.SeedFolder(result.Folder, seed.Seed), progress);
    }

    /// <summary>Writes a seed's table where it is missing; without DuckDB it says so and leaves the JSON lines as they are.</summary>
    public static void Write(string seedFolder, IJobProgress progress)
    {
        try
        {
            Write(seedFolder);
        }
        catch (Exception e) when (e is UserErrorException or DuckDbException)
        {
            progress.Line($"metrics.parquet was not written, metrics.jsonl holds the same: {e.Message}");
        }
    }

    static void Write(string seedFolder)
    {
        var lines = Path.Combine(seedFolder, "metrics.jsonl");
        var table = Path.Combine(seedFolder, "metrics.parquet");
        if (File.Exists(table) || !File.Exists(lines))
            return;
        var beside = table + ".new";
        using (var database = DuckDbDatabase.OpenInMemory())
        using (var connection = database.Connect())
            connection.Execute($"COPY (SELECT * FROM read_json({DuckDbSql.Text(lines)}, format = 'newline_delimited')) TO {DuckDbSql.Text(beside)} (FORMAT parquet)");
        File.Move(beside, table);
        foreach (var name in RunFolder.ModelTables)
            WriteTable(Path.Combine(seedFolder, name));
    }

    static void WriteTable(string path)
    {
        if (!File.Exists(path + ".csv"))
            return;
        using (var database = DuckDbDatabase.OpenInMemory())
        using (var connection = database.Connect())
            connection.Execute($"COPY (SELECT * FROM read_csv({DuckDbSql.Text(path + ".csv")})) TO {DuckDbSql.Text(path + ".parquet.new")} (FORMAT parquet)");
        File.Move(path + ".parquet.new", path + ".parquet", overwrite: true);
    }
}
