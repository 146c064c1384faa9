using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Benchmarks.Fuzz;

/// <summary>A good source that mutated ones are made from.</summary>
/// <param name="Format">What the figures call it.</param>
/// <param name="Files">The source's files by name, below a folder of their own.</param>
/// <param name="Map">The import's config; its sources are globs within that folder.</param>
/// <param name="Words">Names that a mutation replaces by others of the same length.</param>
/// <param name="Packing">What the files are packed in, below which mutations also reach.</param>
sealed record FuzzSeed(string Format, IReadOnlyDictionary<string, byte[]> Files, ImportConfig Map, IReadOnlyList<string> Words, Packing Packing = Packing.None);

/// <summary>Containers with checksums: a flipped byte in them seldom reaches the reader behind.</summary>
enum Packing
{
    None,
    Zip,
    Gzip,
}

/// <summary>The seeds of every format. Another format is one entry here: its files, its map, the names in it.</summary>
static class FuzzSeeds
{
    static readonly string[] Names = ["observations", "next_observations", "actions", "rewards", "terminals", "timeouts", "terminations", "truncations", "infos"];
    static readonly string[] Columns = ["observation_0", "action", "reward", "terminated", "truncated", "behavior_log_prob", "episode_key", "next_observation_0"];

    /// <summary>Makes them from a short recording, below a folder.</summary>
    public static IReadOnlyList<FuzzSeed> Make(string folder)
    {
        var workspace = Workspace.Open(folder);
        var recorded = RecordJob.Run(new RecordConfig { Name = "seed", Steps = 300 }, workspace, _ => throw new NotSupportedException(), NullProgress.Instance, CancellationToken.None);
        var dataset = Dataset.Open(workspace, recorded.FullName);
        return
        [
            Text(dataset, folder, ExportFormat.Csv, "csv"),
            Tabbed(Text(dataset, folder, ExportFormat.Csv, "tsv")),
            Text(dataset, folder, ExportFormat.Jsonl, "jsonl"),
            .. FuzzTextSeeds.All,
            Parquet(dataset),
            Exported(dataset, folder, "npz", ExportFormat.Npz, "seed.npz", Packing.Zip),
            Exported(dataset, folder, "hdf5, D4RL", ExportFormat.D4rlHdf5, "seed.hdf5", Packing.None),
            Minari(dataset, folder),
            Replay(),
        ];
    }

    static FuzzSeed Text(Dataset dataset, string folder, ExportFormat format, string ending)
    {
        var path = Path.Combine(folder, $"seed.{ending}");
        ExportJob.Run(dataset, format, path, NullProgress.Instance, CancellationToken.None);
        var map = Config.Load<ImportConfig>(path + ".yaml", [$"source=['*.{ending}']"]);
        return new FuzzSeed(ending, new Dictionary<string, byte[]> { ["a." + ending] = File.ReadAllBytes(path) }, map, Columns);
    }

    // No text of the recording has a comma in it.
    static FuzzSeed Tabbed(FuzzSeed seed) => seed with
    {
        Files = seed.Files.ToDictionary(f => f.Key, f => f.Value.Select(b => b == ',' ? (byte)'\t' : b).ToArray()),
    };

    static FuzzSeed Parquet(Dataset dataset) => new(
        "parquet",
        new Dictionary<string, byte[]> { ["a.parquet"] = File.ReadAllBytes(dataset.PathOf(dataset.StepFiles[0])) },
        new ImportConfig
        {
            Name = "fuzz",
            Source = ["*.parquet"],
            EpisodeId = ["episode_id"],
            Step = "step",
            Observation = ["observation"],
            Action = ["action"],
            ActionCount = 2,
            Reward = "reward",
            Terminated = "terminated",
            Truncated = "truncated",
            BehaviorLogProb = "behavior_log_prob",
            BehaviorProbs = ["behavior_probs"],
        },
        ["observation", "action", "reward", "terminated", "truncated", "episode_id"]);

    static FuzzSeed Exported(Dataset dataset, string folder, string name, ExportFormat format, string file, Packing packing)
    {
        var path = Path.Combine(folder, file);
        ExportJob.Run(dataset, format, path, NullProgress.Instance, CancellationToken.None);
        var ending = Path.GetExtension(file);
        return new FuzzSeed(name, new Dictionary<string, byte[]> { ["a" + ending] = File.ReadAllBytes(path) }, new ImportConfig { Name = "fuzz", Source = ["*" + ending] }, Names, packing);
    }

    static FuzzSeed Minari(Dataset dataset, string folder)
    {
        var path = Path.Combine(folder, "seed-minari");
        ExportJob.Run(dataset, ExportFormat.MinariHdf5, path, NullProgress.Instance, CancellationToken.None);
        var files = Directory.EnumerateFiles(Path.Combine(path, "data")).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes);
        return new FuzzSeed("hdf5, Minari", files, new ImportConfig { Name = "fuzz", Source = ["*.hdf5"] }, Names);
    }

    static FuzzSeed Replay()
    {
        const int Rows = 60, Side = 12;
        var random = RandomStream.Create(1, "replay");
        var frames = Enumerable.Range(0, Rows * Side * Side).Select(_ => (byte)random.NextInt(256)).ToArray();
        var files = new Dictionary<string, byte[]>
        {
            ["$store$_observation_ckpt.0.gz"] = Npy("|u1", $"({Rows}, {Side}, {Side})", frames),
            ["$store$_action_ckpt.0.gz"] = Npy("<i4", $"({Rows},)", System.Runtime.InteropServices.MemoryMarshal.AsBytes(Enumerable.Range(0, Rows).Select(i => i % 3).ToArray().AsSpan())),
            ["$store$_reward_ckpt.0.gz"] = Npy("<f4", $"({Rows},)", System.Runtime.InteropServices.MemoryMarshal.AsBytes(Enumerable.Range(0, Rows).Select(i => (float)i).ToArray().AsSpan())),
            ["$store$_terminal_ckpt.0.gz"] = Npy("|u1", $"({Rows},)", Enumerable.Range(0, Rows).Select(i => (byte)(i % 20 == 19 ? 1 : 0)).ToArray()),
        };
        return new FuzzSeed("dqn_replay", files.ToDictionary(f => f.Key, f => Mutation.Gzip(f.Value)), new ImportConfig { Name = "fuzz", Source = ["*observation*.gz"] }, ["descr", "shape"], Packing.Gzip);
    }

    static byte[] Npy(string type, string shape, ReadOnlySpan<byte> data)
    {
        var text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        text = text.PadRight(((text.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. System.Text.Encoding.ASCII.GetBytes(text), .. data];
    }
}
