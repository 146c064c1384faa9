using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Train;

/// <summary><c>run.json</c>: what a run learned from, and what made it.</summary>
public sealed record RunOrigin
{
    public int SchemaVersion { get; init; } = 1;

    /// <summary><c>NAME-vN</c>.</summary>
    public required string Dataset { get; init; }

    public required string ContentHash { get; init; }

    public required string ToolVersion { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>A stored policy of one seed.</summary>
/// <param name="Step">Gradient steps done when it was stored.</param>
/// <param name="Folder">Holds <c>policy.json</c> and <c>policy.safetensors</c>.</param>
public sealed record PolicySnapshot(int Step, string Folder);

/// <summary><c>best.json</c>: which stored policy of a seed has the smallest error on held-out transitions.</summary>
/// <param name="Step">Gradient steps done when it was stored; its folder is <c>policies/step-N</c>.</param>
/// <param name="HeldOutError">That error.</param>
public sealed record BestPolicy(int Step, double HeldOutError);

/// <summary>One seed of a run.</summary>
public sealed record SeedInfo(ulong Seed, string Folder, SeedStatus? Status, IReadOnlyList<PolicySnapshot> Policies)
{
    /// <summary>World models that it stored, by step; none where its learner has none.</summary>
    public IReadOnlyList<PolicySnapshot> Models { get; init; } = [];

    /// <summary>The policy of the highest step; null where none is stored yet.</summary>
    public PolicySnapshot? Last => Policies.Count == 0 ? null : Policies[^1];

    /// <summary>The policy of the smallest error on held-out transitions, the earlier one of equals; null where none was compared.</summary>
    public PolicySnapshot? Best => RunFolder.TryReadBest(Folder) is { } best ? Policies.FirstOrDefault(policy => policy.Step == best.Step) : null;
}

/// <summary>A run as it lies on the disk.</summary>
public sealed record RunInfo(string Name, string Folder, TrainConfig Config, RunOrigin Origin, IReadOnlyList<SeedInfo> Seeds)
{
    public string Algorithm => Config.Algorithm;

    public string Dataset => Origin.Dataset;

    public string ContentHash => Origin.ContentHash;
}

/// <summary>Reads and makes run folders: <c>runs/NAME/{config.yaml, run.json, status.json, seed-K/…}</c>.</summary>
public static class RunFolder
{
    internal const string ConfigFile = "config.yaml";
    internal const string OriginFile = "run.json";
    internal const string StatusFile = "status.json";
    const string BestFile = "best.json";
    const string SeedPrefix = "seed-";
    const string Remedy = "Run the same command as before to resume it, or start another run with --name.";

    /// <summary>Opens a run by name, or by the path of its folder.</summary>
    /// <exception cref="UserErrorException">There is no such run, or its files cannot be read.</exception>
    public static RunInfo Open(Workspace workspace, string runNameOrPath)
    {
        var folder = Path.Combine(workspace.RunsFolder, runNameOrPath);
        if (!File.Exists(Path.Combine(folder, ConfigFile)))
            folder = Path.GetFullPath(runNameOrPath);
        if (!File.Exists(Path.Combine(folder, ConfigFile)))
        {
            Throw.User($"There is no run '{runNameOrPath}': neither {Path.Combine(workspace.RunsFolder, runNameOrPath)} nor {folder} holds a {ConfigFile}. " +
                $"{Known(workspace)} Train one with 'offlinerl train'.");
        }

        return new RunInfo(
            Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)),
            folder,
            Config.LoadStored<TrainConfig>(Path.Combine(folder, ConfigFile)),
            JsonFiles.Read<RunOrigin>(Path.Combine(folder, OriginFile)),
            SeedsOf(folder));
    }

    /// <summary>The folder of a seed, whether it is there or not.</summary>
    public static string SeedFolder(string runFolder, ulong seed) =>
        Path.Combine(runFolder, string.Create(CultureInfo.InvariantCulture, $"{SeedPrefix}{seed}"));

    /// <summary>The world models of a seed, by step; none where it has none.</summary>
    public static IReadOnlyList<PolicySnapshot> ModelsOf(string seedFolder) => Snapshots(ModelsFolder(seedFolder), WorldModelDescription.FileName);

    /// <summary>What <c>best.json</c> of a seed says; null where there is none.</summary>
    internal static BestPolicy? TryReadBest(string seedFolder)
    {
        var path = Path.Combine(seedFolder, BestFile);
        return File.Exists(path) ? JsonFiles.Read<BestPolicy>(path) : null;
    }

    /// <summary>Writes <c>best.json</c> from the policies that are there, so that it is right whichever of them a resumed job took back.</summary>
    internal static void SaveBest(string seedFolder)
    {
        BestPolicy? best = null;
        foreach (var (step, folder) in StepFolders.List(PoliciesFolder(seedFolder)))
        {
            if (JsonFiles.Read<PolicyDescription>(Path.Combine(folder, PolicyDescription.FileName)).HeldOutError is { } error && !(error >= best?.HeldOutError))
                best = new BestPolicy(step, error);
        }

        var path = Path.Combine(seedFolder, BestFile);
        if (best is not null && best != TryReadBest(seedFolder))
            JsonFiles.Replace(path, best);
        else if (best is null)
            File.Delete(path);
    }

    internal static string PoliciesFolder(string seedFolder) => Path.Combine(seedFolder, "policies");

    internal static string ModelsFolder(string seedFolder) => Path.Combine(seedFolder, "models");

    /// <summary>Tables of a seed's folder, as CSV, that a learned model's errors are in.</summary>
    public static IReadOnlyList<string> ModelTables { get; } = ["model_error", "calibration"];

    /// <summary>Writes the run's status from its seeds'. Other processes of a job array may do the same at the same time.</summary>
    internal static void SaveStatus(string runFolder, DateTimeOffset now)
    {
        // Where another process is at it for a second, its status will do: this one is derived from the seeds' own.
        using var mine = RunLock.TryTake(runFolder, TimeSpan.FromSeconds(1));
        if (mine is not null)
            JsonFiles.Replace(Path.Combine(runFolder, StatusFile), RunStatus.Of([.. SeedsOf(runFolder).Select(seed => seed.Status).OfType<SeedStatus>()], now));
    }

    /// <summary>Makes the folder of a new run, or checks that an existing one is the same run.</summary>
    /// <exception cref="UserErrorException">The folder holds a run with another config or dataset; the message names the key.</exception>
    internal static string Prepare(Workspace workspace, TrainConfig config, ColumnsInfo dataset, DateTimeOffset now)
    {
        var folder = Path.Combine(workspace.RunsFolder, config.Name);
        PendingFolder.Sweep(workspace.RunsFolder, TimeSpan.FromDays(1));
        if (!Directory.Exists(folder) && TryCreate(folder, config, dataset, now))
            return folder;
        RequireSame(folder, config);
        var origin = JsonFiles.Read<RunOrigin>(Path.Combine(folder, OriginFile));
        if (origin.ContentHash != dataset.ContentHash)
            Throw.User($"{folder} was started from {origin.Dataset} with content_hash {origin.ContentHash}; now {dataset.Dataset} has {dataset.ContentHash}. {Remedy}");
        return folder;
    }

    /// <summary>As <see cref="Prepare"/>, for data that changes while the run goes on.</summary>
    internal static string PrepareGrowing(Workspace workspace, TrainConfig config, ColumnsInfo dataset, DateTimeOffset now)
    {
        var folder = Path.Combine(workspace.RunsFolder, config.Name);
        if (Directory.Exists(folder) || !TryCreate(folder, config, dataset, now))
            RequireSame(folder, config);
        return folder;
    }

    /// <summary>Says which dataset a run learned from last.</summary>
    internal static void SaveOrigin(string folder, ColumnsInfo dataset)
    {
        var path = Path.Combine(folder, OriginFile);
        JsonFiles.Replace(path, JsonFiles.Read<RunOrigin>(path) with { Dataset = dataset.Dataset, ContentHash = dataset.ContentHash });
    }

    static void RequireSame(string folder, TrainConfig config)
    {
        if (!File.Exists(Path.Combine(folder, ConfigFile)))
            Throw.User($"{folder} exists and holds no {ConfigFile}; expected a run, or nothing. Remove it or give this run another name with --name.");
        var before = Config.Load<TrainConfig>(Path.Combine(folder, ConfigFile), []);
        if (ConfigDifference.Find(before, config) is var (key, old, value))
            Throw.User($"{folder} was started with {key} = {old}; now it is {value}. {Remedy}");
    }

    static bool TryCreate(string folder, TrainConfig config, ColumnsInfo dataset, DateTimeOffset now)
    {
        // False: another process of the same job array made it in this moment.
        PendingFolder pending;
        try
        {
            pending = PendingFolder.Create(folder);
        }
        catch (UserErrorException) when (Directory.Exists(folder))
        {
            return false;
        }

        using var disposal = pending;
        File.WriteAllText(Path.Combine(pending.FolderPath, ConfigFile), Config.ToYaml(config));
        JsonFiles.Write(Path.Combine(pending.FolderPath, OriginFile), new RunOrigin
        {
            Dataset = dataset.Dataset,
            ContentHash = dataset.ContentHash,
            ToolVersion = OfflineRL.Datasets.ToolVersion.Text,
            Created = now,
        });
        return pending.TryCommit(pending.Name);
    }

    static List<SeedInfo> SeedsOf(string runFolder)
    {
        var seeds = new List<SeedInfo>();
        foreach (var folder in Directory.EnumerateDirectories(runFolder, SeedPrefix + "*"))
        {
            if (!ulong.TryParse(Path.GetFileName(folder).AsSpan(SeedPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var seed))
                continue;
            seeds.Add(new SeedInfo(seed, folder, SeedStatus.TryRead(folder), Snapshots(PoliciesFolder(folder), PolicyDescription.FileName))
            {
                Models = ModelsOf(folder),
            });
        }

        seeds.Sort((a, b) => a.Seed.CompareTo(b.Seed));
        return seeds;
    }

    static List<PolicySnapshot> Snapshots(string parent, string file) =>
        [.. StepFolders.List(parent).Where(s => File.Exists(Path.Combine(s.Folder, file))).Select(s => new PolicySnapshot(s.Step, s.Folder))];

    static string Known(Workspace workspace)
    {
        if (!Directory.Exists(workspace.RunsFolder))
            return "There are no runs yet.";
        var names = Directory.EnumerateDirectories(workspace.RunsFolder)
            .Where(run => File.Exists(Path.Combine(run, ConfigFile)))
            .Select(run => Path.GetFileName(run))
            .Order(StringComparer.Ordinal)
            .ToList();
        return names.Count == 0 ? "There are no runs yet." : $"Runs: {string.Join(", ", names)}.";
    }
}
