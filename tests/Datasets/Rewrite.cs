using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

/// <summary>Changes a committed dataset's files behind its back.</summary>
static class Rewrite
{
    /// <summary>Replaces the only part by the rows of a query over it.</summary>
    public static void Part(Dataset dataset, string query, string layout = "COMPRESSION snappy") =>
        File(dataset.PathOf(Assert.Single(dataset.StepFiles)), query, layout);

    public static void File(string path, string query, string layout = "COMPRESSION snappy")
    {
        using DuckDbDatabase database = DuckDbDatabase.OpenInMemory();
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"CREATE TABLE part AS SELECT * FROM read_parquet({DuckDbSql.Text(path)})");
        connection.Execute($"COPY ({query}) TO {DuckDbSql.Text(path)} (FORMAT parquet, {layout})");
    }
}
