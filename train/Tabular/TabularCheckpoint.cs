using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary><c>checkpoint.json</c> of a tabular method; its tables lie in <c>state.safetensors</c> beside it.</summary>
sealed record TabularCheckpoint
{
    public const int CurrentSchemaVersion = 1;

    const int Kept = 2;
    const string InfoFile = "checkpoint.json";
    const string StateFile = "state.safetensors";

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    public required string Algorithm { get; init; }

    /// <summary>Steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Where the log stands.</summary>
    public required TabularPosition Position { get; init; }

    /// <summary>Length of <c>metrics.jsonl</c> in bytes; what is beyond belongs to steps that are done again.</summary>
    public required long MetricsLength { get; init; }

    /// <summary>SHA-256 of <c>state.safetensors</c>, lower-case hexadecimal.</summary>
    public string StateSha256 { get; init; } = "";

    /// <summary>Makes a checkpoint visible, then removes older ones.</summary>
    public static void Save(string seedFolder, TabularCheckpoint info, ITabularLearner learner)
    {
        var parent = Checkpoints.FolderOf(seedFolder);
        using (var pending = PendingFolder.Create(StepFolders.PathOf(parent, info.Step)))
        {
            var state = Path.Combine(pending.FolderPath, StateFile);
            Safetensors.Write(state, [.. learner.State.Select(array =>
                new SafetensorSource(array.Name, "F64", [array.Values.Length], () => MemoryMarshal.AsBytes(array.Values.AsSpan())))]);
            JsonFiles.Write(Path.Combine(pending.FolderPath, InfoFile), info with { StateSha256 = Hash(state) });
            pending.Commit();
        }

        foreach (var old in StepFolders.List(parent).SkipLast(Kept))
            Delete(old.Folder);
    }

    /// <summary>Loads the newest checkpoint that is whole into the learner; null where there is none.</summary>
    /// <param name="seedFolder">Of the run.</param>
    /// <param name="algorithm">Of the run.</param>
    /// <param name="learner">Its arrays are filled.</param>
    /// <param name="report">Told of checkpoints that are damaged; those are removed, and the one before is taken.</param>
    public static TabularCheckpoint? LoadNewest(string seedFolder, string algorithm, ITabularLearner learner, Action<string> report)
    {
        foreach (var (step, folder) in StepFolders.List(Checkpoints.FolderOf(seedFolder)).Reverse())
        {
            try
            {
                return Load(folder, step, algorithm, learner);
            }
            catch (UserErrorException e)
            {
                report($"checkpoint {folder} is damaged ({e.Message}); it is removed and the one before it taken");
                Delete(folder);
            }
        }

        return null;
    }

    // Everything is checked before the first array changes.
    static TabularCheckpoint Load(string folder, int step, string algorithm, ITabularLearner learner)
    {
        var path = Path.Combine(folder, StateFile);
        var info = JsonFiles.Read<TabularCheckpoint>(Path.Combine(folder, InfoFile));
        if (info.SchemaVersion != CurrentSchemaVersion || info.Step != step || info.Algorithm != algorithm)
            Throw.User($"it says schema_version {info.SchemaVersion}, step {info.Step} and algorithm {info.Algorithm}");
        using var file = SafetensorsFile.Open(path);
        if (Hash(path) != info.StateSha256)
            Throw.User($"the SHA-256 of {StateFile} differs from {InfoFile}'s");
        foreach (var array in learner.State)
        {
            if (!file.Tensors.TryGetValue(array.Name, out var entry) || entry.Type != "F64" || entry.Length != array.Values.Length * sizeof(double))
                Throw.User($"{array.Name} is not there with {array.Values.Length} numbers");
        }

        foreach (var array in learner.State)
            file.Read(file.Tensors[array.Name], MemoryMarshal.AsBytes(array.Values.AsSpan()));
        return info;
    }

    // Without its description a folder is no checkpoint, so a death in between leaves none that is half there.
    static void Delete(string folder)
    {
        File.Delete(Path.Combine(folder, InfoFile));
        Directory.Delete(folder, recursive: true);
    }

    static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
