namespace OfflineRL.Datasets;

/// <summary>A committed dataset.</summary>
public sealed class Dataset
{
    /// <param name="workspace">Where names are looked up.</param>
    /// <param name="nameOrPath"><c>NAME</c> (newest version), <c>NAME-vN</c>, or the path of a dataset's folder.</param>
    /// <exception cref="UserErrorException">No such dataset, or its manifest cannot be read.</exception>
    public static Dataset Open(Workspace workspace, string nameOrPath) => throw new NotSupportedException();

    /// <summary>Every committed dataset of the workspace, by name and version.</summary>
    public static IReadOnlyList<Dataset> List(Workspace workspace) => throw new NotSupportedException();

    /// <summary><c>NAME-vN</c>.</summary>
    public string FullName => Manifest.FullName;

    public string Folder => throw new NotSupportedException();

    public DatasetManifest Manifest => throw new NotSupportedException();

    /// <summary>Read on first use.</summary>
    public IReadOnlyList<EpisodeRecord> Episodes => throw new NotSupportedException();

    /// <summary>Verifies hashes, schema, order, values and the episodes table.</summary>
    /// <exception cref="CheckFailedException">Something does not hold; the message lists every finding.</exception>
    public void Check(IJobProgress progress) => throw new NotSupportedException();

    /// <summary>Opens the training columns; makes them first where the cache does not hold them (only then DuckDB is loaded).</summary>
    public TrainingColumns Compile(IJobProgress progress) => throw new NotSupportedException();
}
