using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// <c>compact/intent.json</c>: written before a dataset is committed. A dataset and the log's state cannot change in one step, so the
/// next compaction looks whether the dataset came to be, by the token in its config: then the state follows, else nothing had happened.
/// </summary>
sealed record CompactIntent
{
    /// <summary>Stands in the config of the dataset's provenance.</summary>
    public required string Token { get; init; }

    /// <summary>Folder of the dataset's versions.</summary>
    public required string DataFolder { get; init; }

    public required string Name { get; init; }

    /// <summary>The log's state once the dataset is there.</summary>
    public required CompactState State { get; init; }

    public static string TokenLine(string token) => $"compaction: {token}";

    static string PathOf(string log) => Path.Combine(CompactState.FolderOf(log), "intent.json");

    public void Write(string log)
    {
        // Half an intent is none: a dataset is committed only after the whole of it is on the disk.
        var path = PathOf(log);
        JsonFiles.Write(path + ".new", this);
        Durable.FlushFile(path + ".new");
        File.Move(path + ".new", path, overwrite: true);
        Durable.FlushFolder(CompactState.FolderOf(log));
    }

    /// <summary>Finishes or forgets what a killed compaction intended.</summary>
    /// <returns>The log's state.</returns>
    public static CompactState Settle(string log)
    {
        var state = CompactState.Read(log);
        if (File.Exists(PathOf(log)))
        {
            var intent = JsonFiles.Read<CompactIntent>(PathOf(log));
            if (intent.IsCommitted())
            {
                state = intent.State;
                state.Write(log);
            }
        }

        Clear(log, state);
        return state;
    }

    /// <summary>Deletes the intent, and rows of open episodes that no state names.</summary>
    public static void Clear(string log, CompactState state)
    {
        File.Delete(PathOf(log));
        foreach (var carry in Directory.EnumerateFiles(CompactState.FolderOf(log), "carry-*").Where(c => Path.GetFileName(c) != state.Carry))
            File.Delete(carry);
    }

    bool IsCommitted() => DatasetName.Versions(DataFolder, Name)
        .Select(version => Path.Combine(DataFolder, $"{Name}-v{version}", Dataset.ManifestFile))
        .Where(File.Exists)
        .Any(path => JsonFiles.Read<DatasetManifest>(path).Provenance.Config.Split('\n').Contains(TokenLine(Token)));
}
