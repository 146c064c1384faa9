namespace OfflineRL.Datasets;

/// <summary><c>compact/state.json</c> of a log: what was compacted. It changes by one rename, after the dataset is there.</summary>
public sealed record CompactState
{
    /// <summary>Segments up to this number are in datasets, or in <see cref="Carry"/>.</summary>
    public int Through { get; init; }

    /// <summary>The file in <c>compact/</c> that holds the rows of episodes that were open; null: none.</summary>
    public string? Carry { get; init; }

    /// <summary>The folder in a log's.</summary>
    public static string FolderOf(string log) => Path.Combine(log, "compact");

    /// <summary>The state; that of a log that was never compacted where there is none.</summary>
    public static CompactState Read(string log)
    {
        var path = PathOf(log);
        if (!File.Exists(path))
            return new CompactState();
        var state = JsonFiles.Read<CompactState>(path);
        return state.Through >= 0 && (state.Carry is null || Path.GetFileName(state.Carry) == state.Carry)
            ? state
            : throw new UserErrorException($"'{path}' does not hold together: it names segment {state.Through} and the file '{state.Carry}'.");
    }

    /// <summary>Replaces the state, durably.</summary>
    public void Write(string log)
    {
        var path = PathOf(log);
        JsonFiles.Write(path + ".new", this);
        Durable.FlushFile(path + ".new");
        File.Move(path + ".new", path, overwrite: true);
        Durable.FlushFolder(FolderOf(log));
    }

    static string PathOf(string log) => Path.Combine(FolderOf(log), "state.json");
}
