using System.Globalization;
using System.Security.Cryptography;
using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;

namespace OfflineRL.Train;

/// <summary><c>checkpoint.json</c>: what a checkpoint holds beside tensors.</summary>
sealed record CheckpointInfo
{
    public const int CurrentSchemaVersion = 2;

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    public required string Algorithm { get; init; }

    /// <summary>Steps done.</summary>
    public required int Step { get; init; }

    /// <summary>The learner's counts beside the steps.</summary>
    public IReadOnlyList<long> Counters { get; init; } = [];

    /// <summary>Where replay stands.</summary>
    public required ReplayState Replay { get; init; }

    /// <summary>Length of <c>metrics.jsonl</c> in bytes; what is beyond belongs to steps that are done again.</summary>
    public required long MetricsLength { get; init; }

    /// <summary>SHA-256 of <c>state.safetensors</c>, lower-case hexadecimal.</summary>
    public required string StateSha256 { get; init; }
}

/// <summary>The checkpoints of one seed: <c>checkpoints/step-N/</c>, each whole or not there, of which the last two stay.</summary>
static class Checkpoints
{
    const int Kept = 2;
    const string InfoFile = "checkpoint.json";
    const string StateFile = "state.safetensors";

    public static string FolderOf(string seedFolder) => Path.Combine(seedFolder, "checkpoints");

    /// <summary>Makes a checkpoint visible, then removes older ones.</summary>
    public static void Save(string seedFolder, string algorithm, int step, ILearner learner, IReplay replay, long metricsLength)
    {
        var parent = FolderOf(seedFolder);
        using (var pending = PendingFolder.Create(StepFolders.PathOf(parent, step)))
        {
            var state = Path.Combine(pending.FolderPath, StateFile);
            using (torch.NewDisposeScope())
                TensorFile.Write(state, [.. learner.State, .. replay.SaveTensors()]);
            JsonFiles.Write(Path.Combine(pending.FolderPath, InfoFile), new CheckpointInfo
            {
                Algorithm = algorithm,
                Step = step,
                Counters = learner.Counters,
                Replay = replay.State,
                MetricsLength = metricsLength,
                StateSha256 = Hash(state),
            });
            pending.Commit();
        }

        foreach (var old in StepFolders.List(parent).SkipLast(Kept))
            Delete(old.Folder);
    }

    /// <summary>Removes checkpoints of later steps.</summary>
    public static void DropAfter(string seedFolder, int step)
    {
        foreach (var later in StepFolders.List(FolderOf(seedFolder)).Where(c => c.Step > step))
            Delete(later.Folder);
    }

    /// <summary>Loads the newest checkpoint that is whole into learner and replay; null where there is none.</summary>
    /// <param name="report">Told of checkpoints that are damaged; those are removed, and the one before is taken.</param>
    public static CheckpointInfo? LoadNewest(string seedFolder, string algorithm, ILearner learner, IReplay replay, Action<string> report)
    {
        var parent = FolderOf(seedFolder);
        foreach (var (step, folder) in StepFolders.List(parent).Reverse())
        {
            if (Damage(folder, step, algorithm) is { } damage)
            {
                report($"checkpoint {folder} is damaged ({damage}); it is removed and the one before it taken");
                Delete(folder);
                continue;
            }

            var info = JsonFiles.Read<CheckpointInfo>(Path.Combine(folder, InfoFile));
            using var scope = torch.NewDisposeScope();
            var tensors = replay.EmptyTensors();
            TensorFile.ReadInto(Path.Combine(folder, StateFile), [.. learner.State, .. tensors]);
            replay.Restore(info.Replay, tensors);
            learner.Updates = info.Step;
            learner.Counters = info.Counters;
            return info;
        }

        return null;
    }

    static string? Damage(string folder, int step, string algorithm)
    {
        try
        {
            var info = JsonFiles.Read<CheckpointInfo>(Path.Combine(folder, InfoFile));
            var state = Path.Combine(folder, StateFile);
            return info.SchemaVersion != CheckpointInfo.CurrentSchemaVersion ? $"schema_version is {info.SchemaVersion}"
                : info.Step != step ? $"it says step {info.Step}"
                : info.Algorithm != algorithm ? $"it is of algorithm {info.Algorithm}"
                : !File.Exists(state) ? $"{StateFile} is missing"
                : Hash(state) != info.StateSha256 ? $"the SHA-256 of {StateFile} differs from {InfoFile}'s"
                : null;
        }
        catch (UserErrorException e)
        {
            return e.Message;
        }
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

/// <summary>Folders named <c>step-N</c>.</summary>
static class StepFolders
{
    const string Prefix = "step-";

    public static string PathOf(string parent, int step) =>
        Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step}"));

    /// <summary>Those that are there, by step.</summary>
    public static IReadOnlyList<(int Step, string Folder)> List(string parent)
    {
        if (!Directory.Exists(parent))
            return [];
        var found = new List<(int Step, string Folder)>();
        foreach (var folder in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(folder).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step))
                found.Add((step, folder));
        }

        found.Sort((a, b) => a.Step.CompareTo(b.Step));
        return found;
    }
}
