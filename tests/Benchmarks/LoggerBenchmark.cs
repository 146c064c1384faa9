using System.Diagnostics;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Benchmarks;

/// <summary>An application's side of logging: four threads that append, a writer behind them, and the disk; then compacting what they logged.</summary>
sealed class LoggerBenchmark : IBenchmark
{
    const int Threads = 4, StepsPerThread = 2_000_000, EpisodeSteps = 200, Observations = 4;

    public string Name => "logger";

    public string Work => $"{Threads} threads append {Threads * StepsPerThread:N0} steps of {Observations} observations, a discrete action, reward, log-probability and time, in episodes of {EpisodeSteps}; until the last byte is written";

    public void Run(BenchmarkReport report)
    {
        var bare = new List<double>();
        var synced = new List<double>();
        var compacted = 0.0;
        for (var round = 0; round < 3; round++)
        {
            bare.Add(Once(sync: false, out _));
            synced.Add(Once(sync: true, out compacted));
        }

        Report(report, "flushed to the operating system every second", bare);
        Report(report, "flushed to the disk every second", synced);
        report.Add("load of the machine before, one minute", BenchmarkLoad.OneMinute(), "");
        report.Add("compact to a committed dataset", compacted, "steps/s");
    }

    static void Report(BenchmarkReport report, string what, List<double> rates)
    {
        var rate = Timing.Median(rates);
        report.Add($"append and write, {what}", rate, "steps/s", target: "1,000,000", met: rate >= 1_000_000);
    }

    static double Once(bool sync, out double compactRate)
    {
        var root = Directory.CreateTempSubdirectory("offlinerl-bench-").FullName;
        try
        {
            var log = Path.Combine(root, "log");
            var description = new DatasetDescription
            {
                ObservationSpace = BoxSpace.Unbounded(Observations),
                ActionSpace = new DiscreteSpace(2),
                PropensitySource = PropensitySource.Logged,
                PropensityKind = PropensityKind.Probability,
                HasTimestamp = true,
            };
            var watch = Stopwatch.StartNew();
            using (var logger = TrajectoryLogger.Open(log, description, new LoggerOptions { SyncToDisk = sync }))
            {
                var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(() => Append(logger))).ToList();
                threads.ForEach(t => t.Start());
                threads.ForEach(t => t.Join());
            }

            var seconds = watch.Elapsed.TotalSeconds;
            watch.Restart();
            var result = CompactJob.Run(new CompactRequest { Log = log, Name = "bench" }, Workspace.Open(root), NullProgress.Instance, CancellationToken.None);
            compactRate = result.Counts.Steps / watch.Elapsed.TotalSeconds;
            return result.Counts.Steps == (long)Threads * StepsPerThread
                ? result.Counts.Steps / seconds
                : throw new InvalidOperationException($"{result.Counts.Steps} steps were compacted, not all that were logged.");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    static void Append(TrajectoryLogger logger)
    {
        Span<float> observation = stackalloc float[Observations];
        for (var e = 0; e < StepsPerThread / EpisodeSteps; e++)
        {
            var episode = logger.Begin();
            for (var t = 0; t < EpisodeSteps; t++)
            {
                observation[t & 3] = t;
                if (!episode.Append(observation, t & 1, 1, -0.6931471805599453))
                    throw new InvalidOperationException("a step was refused");
            }

            episode.End(terminated: true, finalObservation: observation);
        }
    }
}

/// <summary>What else the machine is doing.</summary>
static class BenchmarkLoad
{
    public static double OneMinute() =>
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
}
