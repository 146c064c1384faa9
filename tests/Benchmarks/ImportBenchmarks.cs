using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;

namespace OfflineRL.Benchmarks;

/// <summary>CSV to a committed dataset, beside DuckDB's own COPY of the same file into the same layout, and pandas.</summary>
sealed class ImportCsvBenchmark : IBenchmark
{
    public string Name => "import-csv";

    public string Work => "A CSV file of 17 observations, 6 actions, id, step, reward and end flag, episodes of 1,000 steps, to a committed dataset: parsed, checked, hashed, "
        + "written and flushed to the disk, each in a process of its own; beside DuckDB's COPY of the same file into the same columns, row groups and compression in one file, neither "
        + "checked nor flushed. OFFLINERL_BENCH_IMPORT_ROWS sets the rows (2 million).";

    public void Run(BenchmarkReport report)
    {
        using var folder = new ImportFolder();
        foreach (var (order, least) in new[] { ("in order", 0.6), ("shuffled", 0.35) })
        {
            folder.WriteCsv(order == "shuffled");
            report.Add($"file, {order}", folder.SourceBytes / 1e9, "GB");
            folder.Compare(report, order, least);
            if (order == "in order")
                Pandas(report, folder);
        }
    }

    static void Pandas(BenchmarkReport report, ImportFolder folder)
    {
        var rival = ImportFolder.Rows > 5_000_000 ? null : Rival.Measure("pandas_import.py", folder.Source, Path.Combine(folder.Root, "pandas.parquet"));
        if (rival is null)
            return;
        report.Add(rival["written"] == 1 ? "pandas, read_csv and to_parquet" : "pandas, read_csv alone (no Parquet engine is there)", ImportFolder.Rows / rival["seconds"], "rows/s");
        report.Add("largest resident size of pandas", rival["peak"] / 1e6, "MB");
    }
}

/// <summary>Parquet to a committed dataset, beside DuckDB's own COPY of the same rows.</summary>
sealed class ImportParquetBenchmark : IBenchmark
{
    public string Name => "import-parquet";

    public string Work => "The same from Parquet with FLOAT columns, 17 observations and 6 actions.";

    public void Run(BenchmarkReport report)
    {
        using var folder = new ImportFolder();
        folder.WriteParquet();
        report.Add("file", folder.SourceBytes / 1e9, "GB");
        folder.Compare(report, "in order", 0.6);
    }
}

/// <summary>Opening a dataset of a million steps.</summary>
sealed class OpenBenchmark : IBenchmark
{
    public string Name => "open";

    public string Work => "A dataset of a million steps in 1,000 episodes and in 20,000: manifest and episodes.";

    public void Run(BenchmarkReport report)
    {
        foreach (var episodes in new[] { 1000, 20_000 })
        {
            var root = Directory.CreateTempSubdirectory("offlinerl-open-").FullName;
            try
            {
                var workspace = Workspace.Open(root);
                Write(workspace, episodes, 1_000_000 / episodes);
                var seconds = Timing.Seconds(() => _ = Dataset.Open(workspace, "bench").Episodes.Count, 20);
                report.Add($"open {episodes:N0} episodes", seconds * 1000, "ms", target: "< 20 ms", met: seconds < 0.02);
            }
            finally
            {
                Directory.Delete(root, recursive: true);
            }
        }
    }

    static void Write(Workspace workspace, int episodes, int steps)
    {
        using var writer = DatasetWriter.Create(workspace, "bench", new() { ObservationSpace = BoxSpace.Unbounded(17), ActionSpace = BoxSpace.Unbounded(6) });
        var (observations, actions, rewards) = (new float[steps * 17], new float[steps * 6], new double[steps]);
        for (var episode = 0; episode < episodes; episode++)
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"0123456789abcdef0123456789abcdef:{episode}", BehaviorPolicy = "random", SourceFile = "logs/bench.csv",
                Observations = observations, ContinuousActions = actions, Rewards = rewards, Truncated = true, FinalObservation = observations.AsSpan(0, 17),
            });
        }

        writer.Commit();
    }
}
