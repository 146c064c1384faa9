using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>Gradient steps of deep fitted Q evaluation beside d3rlpy's, each rival just before ours.</summary>
sealed class FqeBenchmark : IBenchmark
{
    const int Batch = 256, Rows = 200_000, EpisodeSteps = 200;

    public string Name => "fqe";

    public string Work => "gradient steps of deep fitted Q evaluation with sampling, batch 256, 2 x 256 ReLU, Adam, targets that stand still for 100 steps, 1 thread, 200,000 stored transitions; d3rlpy asks the policy in each step, ours asked it once before";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        Compare(report, "continuous: 17 observations, 6 actions, 8 actions of the policy a point", "fqe", 184, Log(17, 6, discrete: false, draws: 8));
        Compare(report, "discrete: 4 observations, 2 actions, the policy's mean", "discrete_fqe", 191, Log(4, 2, discrete: true, draws: 0));
    }

    static void Compare(BenchmarkReport report, string what, string name, double recorded, FitLog log)
    {
        var rival = Rival.Measure("d3rlpy_fqe.py", name);
        var steps = Steps(log);
        report.Add(what, steps, "steps/s", rival?[name] ?? recorded, rival is null ? "d3rlpy 2.8.1 as recorded" : "d3rlpy in this run", "at least 2", steps >= 2 * (rival?[name] ?? recorded));
    }

    static double Steps(FitLog log)
    {
        using var scope = NewDisposeScope();
        var config = new FittedQConfig { Steps = int.MaxValue, BatchSize = Batch, TargetPeriodSteps = 100, WarmupSteps = 0 };
        var random = RandomStream.Create(0, "benchmark");
        var data = new DeepFitData(log, Enumerable.Range(0, log.Episodes).ToArray(), CPU);
        using var learner = new FittedQEvaluation(config, data.InputSpace, data.Outputs, random.Derive("init"), CPU);
        using var generator = new Generator(0, CPU);
        var model = new DeepQ(config, CPU);
        return Timing.Rate(() => model.Step(data, learner, null, generator), 1.0, 5);
    }

    static FitLog Log(int observations, int actions, bool discrete, int draws)
    {
        const int Episodes = Rows / EpisodeSteps;
        var random = RandomStream.Create(1, "fqe-log");
        return new FitLog
        {
            FirstRow = Enumerable.Range(0, Episodes + 1).Select(e => e * EpisodeSteps).ToArray(),
            Rewards = Enumerable.Range(0, Rows).Select(_ => random.NextGaussian()).ToArray(),
            Terminated = Enumerable.Range(0, Episodes).Select(e => e % 2 == 0).ToArray(),
            FinalKnown = Enumerable.Repeat(true, Episodes).ToArray(),
            EpisodeHash = new long[Episodes],
            Discount = 0.99,
            IsFinite = false,
            ObservationSize = observations,
            Observations = Numbers((Rows + Episodes) * observations),
            ActionCount = actions,
            Actions = discrete ? Enumerable.Range(0, Rows).Select(_ => random.NextInt(actions)).ToArray() : null,
            Probabilities = discrete ? Enumerable.Repeat(1.0 / actions, (Rows + Episodes) * actions).ToArray() : [],
            ContinuousActions = discrete ? null : Numbers(Rows * actions),
            Draws = draws,
            DrawnActions = discrete ? [] : Numbers((Rows + Episodes) * draws * actions),
        };

        float[] Numbers(int count) => Enumerable.Range(0, count).Select(_ => (float)random.Uniform(-1, 1)).ToArray();
    }
}
