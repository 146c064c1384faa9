using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>A workspace that goes away with its test, and what the tests do in it.</summary>
sealed class Recording : IDisposable
{
    public Workspace Workspace { get; } = Workspace.Open(Directory.CreateTempSubdirectory("offlinerl-ingest-").FullName);

    public void Dispose() => Directory.Delete(Workspace.Root, recursive: true);

    public Dataset Record(RecordConfig config)
    {
        var manifest = RecordJob.Run(config, Workspace, spec => throw new UserErrorException($"no {spec}"), NullProgress.Instance, CancellationToken.None);
        return Dataset.Open(Workspace, manifest.FullName);
    }

    public Dataset Import(ImportConfig config) =>
        Dataset.Open(Workspace, ImportJob.Run(config, Workspace, NullProgress.Instance, CancellationToken.None).Manifest.FullName);

    /// <summary>Writes a source file of the given lines.</summary>
    public string Write(string name, params string[] lines)
    {
        var path = Path.Combine(Workspace.Root, name);
        File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>Writes a Parquet file with the rows of a query.</summary>
    public string WriteParquet(string name, string query)
    {
        var path = Path.Combine(Workspace.Root, name);
        using var database = DuckDbDatabase.OpenInMemory();
        using var connection = database.Connect();
        connection.Execute($"COPY ({query}) TO {DuckDbSql.Text(path)} (FORMAT parquet)");
        return path;
    }

    /// <summary>No dataset, and nothing half made, is in the workspace.</summary>
    public void AssertNothingLeft()
    {
        if (Directory.Exists(Workspace.DataFolder))
            Assert.Empty(Directory.EnumerateFileSystemEntries(Workspace.DataFolder));
        if (Directory.Exists(Workspace.CacheFolder))
            Assert.Empty(Directory.EnumerateFileSystemEntries(Workspace.CacheFolder));
    }
}
