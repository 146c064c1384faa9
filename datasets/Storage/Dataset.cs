namespace OfflineRL.Datasets;

/// <summary>A committed dataset.</summary>
public sealed class Dataset
{
    /// <summary>Name of the manifest within the folder.</summary>
    public const string ManifestFile = "manifest.json";

    /// <summary>Name of the episodes table within the folder.</summary>
    public const string EpisodesFile = "episodes.parquet";

    /// <summary>Name of the report on the source that it was made from; only where there was one.</summary>
    public const string ValidationFile = "validation.json";

    static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };

    readonly Workspace _workspace;
    readonly Lazy<IReadOnlyList<EpisodeRecord>> _episodes;

    Dataset(Workspace workspace, string folder, DatasetManifest manifest)
    {
        _workspace = workspace;
        Folder = folder;
        Manifest = manifest;
        _episodes = new(ReadEpisodes);
    }

    /// <param name="workspace">Where names are looked up.</param>
    /// <param name="nameOrPath"><c>NAME</c> (newest version), <c>NAME-vN</c>, or the path of a dataset's folder.</param>
    /// <exception cref="UserErrorException">No such dataset, or its manifest cannot be read.</exception>
    public static Dataset Open(Workspace workspace, string nameOrPath)
    {
        return FolderOf(workspace, nameOrPath) is { } folder ? OpenFolder(workspace, folder) : throw Missing(workspace, nameOrPath);
    }

    /// <summary>The folder that a name or path means, whatever it holds; null: there is none.</summary>
    /// <param name="workspace">Where names are looked up.</param>
    /// <param name="nameOrPath">As for <see cref="Open"/>.</param>
    /// <exception cref="UserErrorException">It is neither.</exception>
    public static string? FolderOf(Workspace workspace, string nameOrPath)
    {
        if (nameOrPath.Contains('/', StringComparison.Ordinal) || File.Exists(Path.Combine(nameOrPath, ManifestFile)))
        {
            return Path.GetFullPath(nameOrPath);
        }

        DatasetName name = DatasetName.Parse(nameOrPath);
        int version = name.Version ?? DatasetName.Newest(workspace.DataFolder, name.Name);
        string folder = Path.Combine(workspace.DataFolder, $"{name.Name}-v{version}");
        return version > 0 && Directory.Exists(folder) ? folder : null;
    }

    /// <summary>Every committed dataset of the workspace, by name and version.</summary>
    /// <param name="workspace">Where they lie.</param>
    /// <param name="unreadable">Told of those that cannot be opened, which are left out.</param>
    public static IReadOnlyList<Dataset> List(Workspace workspace, Action<string>? unreadable = null)
    {
        List<Dataset> datasets = [];
        IEnumerable<string> folders = Directory.Exists(workspace.DataFolder) ? Directory.EnumerateDirectories(workspace.DataFolder) : [];
        foreach (string folder in folders.Where(f => Path.GetFileName(f)[0] != '.' && File.Exists(Path.Combine(f, ManifestFile))))
        {
            try
            {
                datasets.Add(OpenFolder(workspace, folder));
            }
            catch (UserErrorException e)
            {
                unreadable?.Invoke(e.Message);
            }
        }

        return [.. datasets.OrderBy(d => d.Manifest.Name, StringComparer.Ordinal).ThenBy(d => d.Manifest.Version)];
    }

    /// <summary><c>NAME-vN</c>.</summary>
    public string FullName => Manifest.FullName;

    public string Folder { get; }

    public DatasetManifest Manifest { get; }

    /// <summary>Read on first use.</summary>
    public IReadOnlyList<EpisodeRecord> Episodes => _episodes.Value;

    /// <summary>The Parquet files of the steps, in order.</summary>
    public IReadOnlyList<DatasetFile> StepFiles => [.. Manifest.Files.Where(f => f.Path.StartsWith("data/", StringComparison.Ordinal))];

    internal DatasetFile EpisodeFile => Manifest.Files.First(f => f.Path == EpisodesFile);

    /// <summary>Verifies hashes, schema, order, values and the episodes table.</summary>
    /// <returns>Every finding (at most 20 of a kind); none: all holds.</returns>
    public IReadOnlyList<string> Findings(IJobProgress progress, CancellationToken cancellation = default) => new DatasetCheck(this).Run(progress, cancellation);

    /// <summary>As <see cref="Findings"/>, for those who cannot go on.</summary>
    /// <exception cref="CheckFailedException">Something does not hold; the message lists the findings.</exception>
    public void Check(IJobProgress progress, CancellationToken cancellation = default)
    {
        IReadOnlyList<string> findings = Findings(progress, cancellation);
        if (findings.Count > 0)
        {
            throw new CheckFailedException($"{FullName} does not hold what it should:\n  " + string.Join("\n  ", findings));
        }
    }

    /// <summary>The training columns of a dataset, compiled where that was not done yet, or of a folder of columns that stands alone: a
    /// machine that only trains needs neither the Parquet files nor DuckDB.</summary>
    /// <param name="workspace">Where datasets and compiled columns live.</param>
    /// <param name="nameOrPath">NAME, NAME-vN, the path of a dataset's folder or of a folder of columns.</param>
    /// <param name="progress">Told of the compiling.</param>
    /// <param name="cancellation">Stops the compiling, which then leaves nothing.</param>
    /// <exception cref="UserErrorException">There is no such dataset, or it is damaged.</exception>
    public static TrainingColumns OpenColumns(Workspace workspace, string nameOrPath, IJobProgress progress, CancellationToken cancellation = default) =>
        TrainingColumns.IsFolder(nameOrPath)
            ? TrainingColumns.Open(nameOrPath)
            : Open(workspace, nameOrPath).Compile(progress, cancellation);

    /// <summary>Opens the training columns; makes them first where the cache does not hold them (only then DuckDB is loaded).</summary>
    /// <exception cref="UserErrorException">The files cannot be read, or do not hold what the manifest says.</exception>
    public TrainingColumns Compile(IJobProgress progress, CancellationToken cancellation = default) =>
        ColumnCompiler.OpenOrCompile(this, _workspace, progress, cancellation);

    /// <summary>Streams whole episodes in order.</summary>
    /// <exception cref="UserErrorException">The files cannot be read, or do not hold what the manifest says.</exception>
    public void ReadEpisodes(EpisodeVisitor visit) => new EpisodeReader(this).Read(visit);

    /// <summary>Reads one episode.</summary>
    /// <param name="episode">From 0, in the order of the rows.</param>
    /// <param name="visit">Called once.</param>
    /// <exception cref="UserErrorException">There is no such episode, or the files do not hold what the manifest says.</exception>
    public void ReadEpisode(long episode, EpisodeVisitor visit) => new EpisodeReader(this).ReadOne(episode, visit);

    /// <summary>Where the training columns lie once they are made.</summary>
    internal string ColumnsFolder => ColumnCompiler.FolderOf(Manifest, _workspace);

    /// <summary>The absolute path of one of the dataset's files.</summary>
    public string PathOf(DatasetFile file) => Path.Combine(Folder, file.Path);

    /// <summary>Files in the folder, relative, with forward slashes.</summary>
    internal IEnumerable<string> FilesFound() => Directory.EnumerateFiles(Folder, "*", Everything)
        .Select(path => Path.GetRelativePath(Folder, path).Replace('\\', '/'));

    static Dataset OpenFolder(Workspace workspace, string folder)
    {
        string path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path))
        {
            throw new UserErrorException($"'{folder}' is no dataset: it has no {ManifestFile}.");
        }

        DatasetManifest manifest = JsonFiles.Read<DatasetManifest>(path);
        ManifestRules.Require(path, folder, manifest);
        return new Dataset(workspace, folder, manifest);
    }

    static UserErrorException Missing(Workspace workspace, string name)
    {
        string[] known = [.. List(workspace).Select(d => d.FullName)];
        return new($"There is no dataset '{name}' in '{workspace.DataFolder}'; " + (known.Length == 0
            ? "there is none at all. Record one with 'offlinerl ingest record', import one with 'offlinerl ingest import', or name another root with --root."
            : $"there are {string.Join(", ", known)}."));
    }

    List<EpisodeRecord> ReadEpisodes()
    {
        List<EpisodeRecord> episodes = [];
        new EpisodesReader(this).Read((episode, _) => episodes.Add(episode));
        return episodes;
    }
}
