using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>Importance weights and returns of a million steps, and whole updates of the importance-sampled policy gradient beside the same update written with PyTorch.</summary>
sealed class ImportanceBenchmark : IBenchmark
{
    const int Episodes = 256, Steps = 200, Features = 4, Actions = 2;
    const int ManyEpisodes = 5_000;

    public string Name => "importance";

    public string Work => $"{ManyEpisodes * Steps:N0} steps in episodes of {Steps}; updates from {Episodes} episodes of {Steps} steps with {Features} observations, {Actions} actions and two networks of 2 x 64 ReLU; 1 thread";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        using var scope = NewDisposeScope();
        using var many = Batch(ManyEpisodes);
        var logs = full(many.Rows, Math.Log(0.45));
        var seconds = Timing.Seconds(
            () =>
            {
                using var inner = NewDisposeScope();
                var weights = ImportanceWeights.Of(ImportanceWeights.PerDecision(ImportanceWeights.LogRatios(logs, many.BehaviorLogProbabilities), many.StepIndex, many.LongestSteps));
                Returns.ToGo(many.Rewards, many.Discounts, many.Continues).mul(weights);
            },
            repeats: 15);
        report.Add("per-decision weights and returns to go of a million steps", 1e3 * seconds, "ms", target: "< 50 ms", met: seconds < 0.05);

        using var batch = Batch(Episodes);
        var rival = Rival.Measure("importance_update.py");
        var updates = Updates(batch);
        if (rival is null)
            report.Add("an update", updates, "updates/s");
        else
            report.Add("an update", updates, "updates/s", rival["update"], "PyTorch in this run", "at least 2", updates >= 2 * rival["update"]);
    }

    static double Updates(EpisodeBatch batch)
    {
        var config = new ImportancePgConfig
        {
            Hidden = [64, 64],
            Weights = "per_decision",
            ClipProduct = 10,
            CloningSteps = 0,
            LeastEffectiveShare = 0,
            FinalLearningRate = 3e-4,
        };
        var setup = new LearnerSetup(BoxSpace.Unbounded(Features), Actions, int.MaxValue, RandomStream.Create(0, "benchmark"), CPU) { ActionSpace = new DiscreteSpace(Actions) };
        using var learner = new ImportancePolicyGradient(config, setup);
        var step = 0;
        return Timing.Rate(() => learner.Step(batch, measure: step++ % 10 == 0), 1.0, 5);
    }

    static EpisodeBatch Batch(int episodes)
    {
        var random = RandomStream.Create(1, "batch");
        var rows = episodes * Steps;
        var last = Enumerable.Range(0, episodes).Select(e => (long)((e + 1) * Steps) - 1).ToArray();
        var states = tensor(Enumerable.Range(0, (rows + episodes) * Features).Select(_ => (float)random.NextGaussian()).ToArray()).reshape(rows + episodes, Features);
        var continues = tensor(Enumerable.Range(0, rows).Select(i => i % Steps == Steps - 1 ? 0f : 1).ToArray());
        return new()
        {
            States = states,
            Observations = states.narrow(0, 0, rows),
            Actions = tensor(Enumerable.Range(0, rows).Select(_ => (long)random.NextInt(Actions)).ToArray()),
            Rewards = tensor(Enumerable.Range(0, rows).Select(_ => (float)random.NextDouble()).ToArray()),
            Discounts = continues.mul(0.99),
            Continues = continues,
            BehaviorLogProbabilities = full(rows, Math.Log(0.5)),
            EpisodeIndex = arange(episodes, dtype: ScalarType.Int64).unsqueeze(-1).expand(episodes, Steps).reshape(-1),
            StepIndex = arange(rows, dtype: ScalarType.Int64).remainder(Steps),
            NextRows = tensor(Enumerable.Range(0, rows).Select(i => i % Steps == Steps - 1 ? (long)(rows + (i / Steps)) : i + 1).ToArray()),
            LastRows = tensor(last),
            Bootstraps = zeros(episodes),
            Starts = [.. Enumerable.Range(0, episodes + 1).Select(e => e * Steps)],
            Sources = new int[episodes],
            Numbers = [.. Enumerable.Range(0, episodes)],
            LongestSteps = Steps,
        };
    }
}
