using System.Diagnostics;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>How fast stored data reaches a learner, in the orders that learners ask for, beside the buffers of CORL and d3rlpy.</summary>
sealed class SamplingBenchmark : IBenchmark
{
    const int Episodes = 1000, EpisodeSteps = 1000, Observations = 17, Actions = 6, Batch = 256, Frames = 20_000;

    // On one core of the machine that this was planned on; used where the peers cannot be measured.
    const double RecordedCorl = 2.32e6, RecordedD3rlpy = 0.125e6, RecordedD3rlpyFrames = 42e3;

    public string Name => "sampling";

    public string Work => $"batches of {Batch} with next observations from {Episodes * EpisodeSteps:N0} transitions of {Observations} observations and {Actions} actions, as tensors, 1 thread; files in the page cache";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        var root = Directory.CreateTempSubdirectory("offlinerl-bench-").FullName;
        try
        {
            var workspace = Workspace.Open(root);
            BenchmarkData.WriteContinuous(workspace, "bench", Episodes, EpisodeSteps, Observations, Actions);
            BenchmarkData.WriteFrames(workspace, "frames", Frames, episodeSteps: 500);
            using (var data = TrainingData.Open(workspace, "frames", NullProgress.Instance))
            {
                // Compiled before anything is measured.
            }

            var rivals = Rival.Measure("replay_sampling.py");
            MeasureOpening(report, workspace, rivals);
            using (var data = TrainingData.Open(workspace, "bench", NullProgress.Instance))
                MeasureOrders(report, data, rivals);
            using (var data = TrainingData.Open(workspace, "frames", NullProgress.Instance))
                MeasureFrames(report, data, rivals);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    static readonly ReplayNeeds Needs = ReplayNeeds.Bootstrapping(ActionKind.Continuous, 0.99);

    static void MeasureOpening(BenchmarkReport report, Workspace workspace, IReadOnlyDictionary<string, double>? rivals)
    {
        FirstBatch(workspace);
        var parquet = Timing.Median(Enumerable.Range(0, 5).Select(_ =>
        {
            Directory.Delete(workspace.CacheFolder, recursive: true);
            return FirstBatch(workspace);
        }));
        Compare(report, "Parquet to the first batch", parquet, "s", rivals, ["d3rlpy_fill"], "to fill from arrays in memory", "< 1 s", parquet < 1);
        var columns = Timing.Median(Enumerable.Range(0, 15).Select(_ => FirstBatch(workspace)));
        report.Add("compiled columns to the first batch", columns * 1e3, "ms", target: "< 50 ms", met: columns < 0.05);
    }

    static double FirstBatch(Workspace workspace)
    {
        var watch = Stopwatch.StartNew();
        using var data = TrainingData.Open(workspace, "bench", NullProgress.Instance);
        using var replay = new TransitionReplay(data, new() { Needs = Needs, BatchSize = Batch }, RandomStream.Create(1, "sampler"), CPU);
        replay.Next();
        return watch.Elapsed.TotalSeconds;
    }

    static void MeasureOrders(BenchmarkReport report, TrainingData data, IReadOnlyDictionary<string, double>? rivals)
    {
        var uniform = Rate(data, Needs, new());
        foreach (var (rival, recorded) in new[] { ("corl", RecordedCorl), ("d3rlpy", RecordedD3rlpy) })
        {
            var (reference, name) = rivals?.TryGetValue(rival, out var measured) == true ? (measured, $"{rival} in this run") : (recorded, $"{rival} as recorded");
            report.Add("uniform", uniform / 1e6, "million transitions/s", reference / 1e6, name, "at least 8", uniform >= 8e6);
        }

        var prioritized = Rate(data, Needs with { PriorityExponent = 0.6 }, new());
        report.Add("prioritized, with weights and new priorities at each batch", prioritized / 1e6, "million transitions/s", uniform / 1e6, "uniform", "at least 1", prioritized >= 1e6);
        Ratio("uniform, 5 steps", Needs with { Steps = 5 }, new());
        Ratio("episodes by return", Needs, new() { Order = "returns" });
        Ratio("uniform, fetched ahead by a thread", Needs, new() { PrefetchBatches = "4" });
        Ratio("standardized", Needs, new(), new() { Observations = "standardize" });
        Ratio("sequences of 16 steps, 16 a batch", Needs with { SequenceSteps = 16 }, new(), batch: 16);

        void Ratio(string what, ReplayNeeds needs, ReplayConfig config, NormalizationConfig? normalization = null, int batch = Batch) =>
            report.Add(what, Rate(data, needs, config, normalization, batch) / 1e6, "million transitions/s", uniform / 1e6, "uniform");
    }

    static void MeasureFrames(BenchmarkReport report, TrainingData data, IReadOnlyDictionary<string, double>? rivals)
    {
        var needs = ReplayNeeds.Bootstrapping(ActionKind.Discrete, 0.99);
        var rate = Rate(data, needs, new() { FrameStack = 4, PrefetchBatches = "0" }, batch: 32);
        var (reference, name) = rivals?.TryGetValue("d3rlpy_frames", out var measured) == true ? (measured, "d3rlpy in this run, as bytes") : (RecordedD3rlpyFrames, "d3rlpy as recorded, as bytes");
        report.Add("stacks of 4 frames of 84 x 84, batches of 32, as float32", rate / 1e3, "thousand transitions/s", reference / 1e3, name);
    }

    // Transitions a second; a learner that reports errors does so from memory.
    static double Rate(TrainingData data, ReplayNeeds needs, ReplayConfig config, NormalizationConfig? normalization = null, int batch = Batch)
    {
        using var replay = new TransitionReplay(
            data, new() { Needs = needs, BatchSize = batch, Steps = 100_000, Replay = config, Normalization = normalization ?? new() }, RandomStream.Create(1, "sampler"), CPU);
        using var errors = rand(batch, device: CPU, generator: new Generator(1, CPU));
        return Timing.Rate(
            () =>
            {
                var drawn = replay.Next();
                using var copied = drawn.Priorities?.copy_(errors);
            },
            0.5,
            7) * batch * Math.Max(1, needs.SequenceSteps);
    }

    static void Compare(BenchmarkReport report, string what, double value, string unit, IReadOnlyDictionary<string, double>? rivals, string[] names, string verb, string target, bool met)
    {
        foreach (var name in names)
        {
            if (rivals?.TryGetValue(name, out var measured) == true)
                report.Add(what, value, unit, measured, $"{name.Split('_')[0]} in this run, {verb}", target, met);
            else
                report.Add(what, value, unit, target: target, met: met);
        }
    }
}
