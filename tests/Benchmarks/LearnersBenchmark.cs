using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>
/// Whole training steps of the learners: beside d3rlpy's where it has the same network, optimizer and target (each rival just
/// before ours, since the machine's speed drifts), and all of them with their own settings, so that a slow one is seen.
/// </summary>
sealed class LearnersBenchmark : IBenchmark
{
    const int Batch = 32;
    const int Rows = 1_000_000, EpisodeSteps = 200, Observations = 4, Actions = 2;
    const int GridRows = 200_000, GridEpisodeSteps = 500;

    /// <param name="What">The work.</param>
    /// <param name="Rival">Its case in the rival's script.</param>
    /// <param name="Config">Ours.</param>
    /// <param name="LeastRatio">Asked for.</param>
    /// <param name="Recorded">Steps/s of d3rlpy 2.8.1 with torch 1.13 on one core of the machine that this was planned on; NaN where it was not measured.</param>
    sealed record Case(string What, string Rival, TrainConfig Config, double LeastRatio, double Recorded = double.NaN);

    static readonly Case[] OnVectors =
    [
        new("discrete_cql", "discrete_cql", Like(new() { Algorithm = "discrete_cql" }), 3, 505),
        new("discrete_bcq", "discrete_bcq", Like(new() { Algorithm = "discrete_bcq" }), 1, 450),
        // Its target is the newest network on both sides.
        new("nfq", "nfq", new() { Algorithm = "nfq", Nfq = new() { TargetPeriodSteps = 1 } }, 1),
        new("qr_dqn, 200 quantiles", "qr_dqn", Like(new() { Algorithm = "qr_dqn" }), 1),
        new("bc", "discrete_bc", new() { Algorithm = "bc" }, 1, 795),
    ];

    static readonly Case[] OnGrids =
    [
        new("convolutional double DQN, 10 x 10 x 4 bytes", "grid_double_dqn", Like(new()), 2.5),
        new("convolutional DQN, 10 x 10 x 4 bytes", "grid_dqn", Like(new() { Dqn = new() { Double = false } }), 2.5, 342),
    ];

    public string Name => "train-learners";

    public string Work => $"whole steps with sampling and metrics, batch {Batch}, 1 thread; 4 observations, 2 actions, 2 x 256 ReLU, 1,000,000 stored transitions; or 10 x 10 x 4 bytes, 6 actions, 16 filters of 3 x 3 and 128 ReLU, 200,000 stored";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        var root = Directory.CreateTempSubdirectory("offlinerl-bench-").FullName;
        try
        {
            var workspace = Workspace.Open(root);
            BenchmarkData.WriteGrids(workspace, "grids", GridRows / GridEpisodeSteps, GridEpisodeSteps);
            using (var grids = TrainingData.Open(workspace, "grids", NullProgress.Instance))
                Compare(report, grids, OnGrids);

            BenchmarkData.WriteDiscrete(workspace, "vectors", Rows / EpisodeSteps, EpisodeSteps, Observations, Actions);
            using var vectors = TrainingData.Open(workspace, "vectors", NullProgress.Instance);
            Compare(report, vectors, OnVectors);
            MeasureAll(report, vectors);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    static void Compare(BenchmarkReport report, TrainingData data, IEnumerable<Case> cases)
    {
        foreach (var work in cases)
        {
            var rival = Rival.Measure("d3rlpy_learners.py", work.Rival);
            var (reference, name) = rival is null ? (work.Recorded, "d3rlpy 2.8.1 as recorded") : (rival[work.Rival], "d3rlpy in this run");
            var steps = Steps(data, work.Config);
            if (double.IsNaN(reference))
                report.Add(work.What, steps, "steps/s");
            else
                report.Add(work.What, steps, "steps/s", reference, name, $"at least {work.LeastRatio}", steps >= work.LeastRatio * reference);
        }
    }

    static void MeasureAll(BenchmarkReport report, TrainingData data)
    {
        var dqn = double.NaN;
        // An iteration of learners of whole episodes is another thing than a step.
        foreach (var name in AlgorithmTable.Names.Where(name => !SeedTraining.Settings(new() { Algorithm = name }).Needs.WholeEpisodes))
        {
            var steps = Steps(data, new() { Algorithm = name });
            if (name == "dqn")
                dqn = steps;
            report.Add($"{name}, as it is by default", steps, "steps/s", name == "dqn" ? double.NaN : dqn, "dqn");
        }
    }

    // As the job makes them; step sizes stay what they are at first.
    static double Steps(TrainingData data, TrainConfig config)
    {
        config = AlgorithmTable.Resolve(config with { BatchSize = Batch, Steps = int.MaxValue }, data);
        var random = RandomStream.Create(0, "benchmark");
        using var replay = new TransitionReplay(data, SeedTraining.Settings(config), random.Derive("sampler"), CPU);
        using var learner = (ITransitionLearner)TrainJob.Learner(config, data.Info, replay.Encoder, random.Derive("init"), CPU);
        var step = 0;
        return Timing.Rate(() => learner.Step(replay.Next(), measure: step++ % 10 == 0), 1.0, 5);
    }

    // d3rlpy's optimizer and target: Adam at 6.25e-5 without a limit on the gradient, a copy every 8000 steps.
    static TrainConfig Like(TrainConfig config)
    {
        var row = AlgorithmTable.Of(config);
        return row.With(config, (QLearningConfig)row.Section(config) with
        {
            LearningRate = 6.25e-5,
            FinalLearningRate = 6.25e-5,
            AdamEpsilon = 1e-8,
            MaxGradientNorm = 0,
            TargetRate = 1,
            TargetPeriodSteps = 8000,
        });
    }
}
