using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;

namespace OfflineRL.Benchmarks;

/// <summary>From a dataset's Parquet files to training columns, all of it: decoding, order and content hash checked, columns written and flushed to the disk.</summary>
sealed class ColumnsBenchmark : IBenchmark
{
    const int Episodes = 1000, StepsPerEpisode = 1000, Repeats = 7, Observations = 17, Actions = 6;

    public string Name => "columns";

    public string Work => $"{Episodes * StepsPerEpisode:N0} steps of {Observations} observations and {Actions} actions (float32), reward and density (float64), random numbers; files in the page cache";

    public void Run(BenchmarkReport report)
    {
        string root = Directory.CreateTempSubdirectory("offlinerl-bench-").FullName;
        try
        {
            Workspace workspace = Workspace.Open(root);
            var watch = System.Diagnostics.Stopwatch.StartNew();
            Write(workspace);
            report.Add("write the dataset, once", watch.Elapsed.TotalSeconds, "s");

            Dataset dataset = Dataset.Open(workspace, "bench");
            byte[] buffer = new byte[1 << 20];
            double raw = Timing.Seconds(() => dataset.StepFiles.ToList().ForEach(file => Read(dataset.PathOf(file), buffer)));
            TimeSpan before = Environment.CpuUsage.TotalTime;
            double compile = Timing.Median(Enumerable.Range(0, Repeats).Select(_ => Compile(workspace, dataset)));
            TimeSpan used = Environment.CpuUsage.TotalTime - before;
            report.Add("Parquet to columns", compile, "s", raw, "reading the files' bytes", "< 0.5 s", compile < 0.5);
            // On a busy machine the time says more of the others; this one says what the work takes.
            report.Add("Parquet to columns, processor time of both threads", used.TotalSeconds / Repeats, "s");
            report.Add("open the columns again", Timing.Seconds(() => dataset.Compile(NullProgress.Instance).Dispose()), "s", raw, "reading the files' bytes");
            double card = Timing.Seconds(() => DatasetCardReader.Read(dataset));
            report.Add("card of the dataset, as 'datasets show' reads it", card, "s", raw, "reading the files' bytes", "< 1 s", card < 1);
            report.Add("check the dataset", Timing.Seconds(() => dataset.Check(NullProgress.Instance)), "s", raw, "reading the files' bytes");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    static double Compile(Workspace workspace, Dataset dataset)
    {
        if (Directory.Exists(workspace.CacheFolder))
        {
            Directory.Delete(workspace.CacheFolder, recursive: true);
        }

        var watch = System.Diagnostics.Stopwatch.StartNew();
        dataset.Compile(NullProgress.Instance).Dispose();
        return watch.Elapsed.TotalSeconds;
    }

    static void Read(string path, byte[] buffer)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        while (stream.Read(buffer) > 0)
        {
        }
    }

    static void Write(Workspace workspace)
    {
        RandomStream random = RandomStream.Create(1, "bench");
        using DatasetWriter writer = DatasetWriter.Create(workspace, "bench", new()
        {
            ObservationSpace = BoxSpace.Unbounded(Observations),
            ActionSpace = BoxSpace.Unbounded(Actions),
            PropensitySource = PropensitySource.Logged,
            PropensityKind = PropensityKind.Density,
        });
        float[] observations = new float[StepsPerEpisode * Observations], actions = new float[StepsPerEpisode * Actions], final = new float[Observations];
        double[] rewards = new double[StepsPerEpisode], densities = new double[StepsPerEpisode];
        for (int episode = 0; episode < Episodes; episode++)
        {
            Fill(observations);
            Fill(actions);
            for (int step = 0; step < StepsPerEpisode; step++)
            {
                rewards[step] = random.NextDouble();
                densities[step] = random.NextGaussian();
            }

            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"bench:{episode}",
                BehaviorPolicy = "random",
                Observations = observations,
                ContinuousActions = actions,
                Rewards = rewards,
                BehaviorLogProbabilities = densities,
                Truncated = true,
                FinalObservation = final,
            });
        }

        writer.Commit();

        void Fill(Span<float> values)
        {
            foreach (ref float value in values)
            {
                value = (float)random.NextDouble();
            }
        }
    }
}
