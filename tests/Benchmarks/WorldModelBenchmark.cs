using System.Diagnostics;
using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>Gradient steps of the world model beside the same model written with PyTorch, each at the better of one and two threads; and what 5,000 of them leave in memory.</summary>
sealed class WorldModelBenchmark : IBenchmark
{
    const int Observations = 6, Actions = 2, EpisodeSteps = 100, Rows = 100_000, DefaultBatch = 64, LargeBatch = 256;
    const int Starts = 1_024, Horizon = 15;
    const int MemorySteps = 5_000;
    const int Rounds = 2;
    const double LeastRatio = 1.3;

    public string Name => "world_model";

    public string Work => $"whole steps with sampling and metrics; {Observations} observations, {Actions} actions, 12 latents, 2 x 256 and 2 x 200 ReLU, {Rows:N0} stored transitions; or 10 x 10 x 4 bytes, 16 filters of 3 x 3, 128 ReLU, 32 latents; dreams of a policy of 2 x 128 ReLU; in turns, the best window of either side at 1 or 2 threads";

    public void Run(BenchmarkReport report)
    {
        var root = Directory.CreateTempSubdirectory("offlinerl-bench-").FullName;
        try
        {
            var workspace = Workspace.Open(root);
            BenchmarkData.WriteContinuous(workspace, "vectors", Rows / EpisodeSteps, EpisodeSteps, Observations, Actions);
            BenchmarkData.WriteGrids(workspace, "grids", 40, 500);
            using var vectors = TrainingData.Open(workspace, "vectors", NullProgress.Instance);
            using var grids = TrainingData.Open(workspace, "grids", NullProgress.Instance);
            foreach (var batch in new[] { DefaultBatch, LargeBatch })
            {
                Compare(report, "encoder and decoder", "state", batch, vectors, new() { Encoder = "vae", EncoderShare = 0.999 });
                Compare(report, "dynamics", "dynamics", batch, vectors, new() { Encoder = "vae", EncoderShare = 0.001 });
                Compare(report, "dynamics of 5 members", "members", batch, vectors, new() { Encoder = "vae", EncoderShare = 0.001, Members = 5 });
            }

            Compare(report, "encoder and decoder of images", "images", DefaultBatch, grids, new() { EncoderShare = 0.999, Likelihood = "bernoulli" });
            foreach (var members in new[] { 1, 5 })
            {
                Compare(report, $"imagination by {members} {(members == 1 ? "member" : "members")}, {Starts:N0} starts by {Horizon} steps", members == 1 ? "dreams" : "member_dreams", Starts, "dreams/s", () =>
                {
                    var dreaming = new Dreaming(members);
                    return (dreaming.Imagine, dreaming);
                });
            }

            MeasureMemory(report, vectors);
        }
        finally
        {
            TorchExtras.Threads = 1;
            Directory.Delete(root, recursive: true);
        }
    }

    // In turns, and the best of all windows of either side: what else the machine does takes from both.
    static void Compare(BenchmarkReport report, string what, string rival, int batch, TrainingData data, WorldModelConfig config) =>
        Compare(report, $"{what}, batch {batch}", rival, batch, "steps/s", () =>
        {
            var training = new Training(data, config, batch);
            return (training.Step, training);
        });

    static void Compare(BenchmarkReport report, string what, string rival, int batch, string unit, Func<(Action Work, IDisposable Owner)> create)
    {
        var (steps, others) = (0.0, double.NaN);
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var threads in new[] { 1, 2 })
            {
                if (Rival.Measure("world_model_steps.py", rival, $"{batch}", $"{threads}") is { } rates)
                    others = double.IsNaN(others) ? rates[rival] : Math.Max(others, rates[rival]);
                TorchExtras.Threads = threads;
                var (work, owner) = create();
                using var end = owner;
                for (var i = 0; i < 20; i++)
                    work();
                for (var window = 0; window < 4; window++)
                    steps = Math.Max(steps, Rate(work, 0.25));
            }
        }

        if (double.IsNaN(others))
            report.Add(what, steps, unit);
        else
            report.Add(what, steps, unit, others, "PyTorch in this run", $"at least {LeastRatio}", steps >= LeastRatio * others);
    }

    static double Rate(Action step, double seconds)
    {
        var watch = Stopwatch.StartNew();
        var count = 0;
        for (; watch.Elapsed.TotalSeconds < seconds; count++)
            step();
        return count / watch.Elapsed.TotalSeconds;
    }

    // After as many steps again, so that what is kept from the first ones does not count.
    static void MeasureMemory(BenchmarkReport report, TrainingData data)
    {
        TorchExtras.Threads = 1;
        using var training = new Training(data, new() { Encoder = "vae", Members = 5, EncoderShare = 0.5, PhaseSteps = 100 }, DefaultBatch);
        for (var i = 0; i < 500; i++)
            training.Step();
        GC.Collect();
        var (tensors, bytes, resident) = (TorchExtras.Memory.LiveTensors, TorchExtras.Memory.LiveBytes, Environment.WorkingSet);
        for (var i = 0; i < MemorySteps; i++)
            training.Step();
        GC.Collect();
        report.Add($"live tensors more after {MemorySteps:N0} updates", TorchExtras.Memory.LiveTensors - tensors, "", target: "0", met: TorchExtras.Memory.LiveTensors <= tensors);
        report.Add("native bytes more", TorchExtras.Memory.LiveBytes - bytes, "bytes", target: "0", met: TorchExtras.Memory.LiveBytes <= bytes);
        report.Add("resident memory more", (Environment.WorkingSet - resident) / 1048576.0, "MiB");
    }

    // A policy over two actions, and a model of the sizes above.
    sealed class Dreaming : IDisposable
    {
        readonly VaeWorldModel _model;
        readonly DreamActorCritic _dreamer;
        readonly Generator _generator = new(1);
        readonly Tensor _starts;

        public Dreaming(int members)
        {
            var observations = BoxSpace.Unbounded(Observations);
            var setup = new LearnerSetup(observations, Actions, int.MaxValue, RandomStream.Create(0, "benchmark"), CPU) { ActionSpace = new DiscreteSpace(Actions) };
            var config = (WorldModelConfig)new WorldModelConfig { Encoder = "vae", Members = members }.Resolve(observations, default);
            _model = new VaeWorldModel(config, WorldModel.ShapeOf(setup), setup.Random, CPU);
            _dreamer = new DreamActorCritic((DreamingConfig)new VaeDreamerConfig { Horizon = Horizon }.Resolve(observations, default), setup, _model.LatentWidth);
            _starts = randn([Starts, _model.LatentWidth], generator: _generator);
        }

        public void Imagine()
        {
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            _dreamer.Imagine(_model, _starts, _generator);
        }

        public void Dispose()
        {
            _starts.Dispose();
            _generator.Dispose();
            _dreamer.Dispose();
            _model.Dispose();
        }
    }

    // As the job makes it; the run has no end.
    sealed class Training : IDisposable
    {
        readonly TransitionReplay _replay;
        readonly ITransitionLearner _learner;
        int _steps;

        public Training(TrainingData data, WorldModelConfig model, int batch)
        {
            var config = AlgorithmTable.Resolve(new() { Algorithm = "world_model", BatchSize = batch, Steps = 1_000_000, WorldModel = model }, data);
            var random = RandomStream.Create(0, "benchmark");
            _replay = new TransitionReplay(data, SeedTraining.Settings(config), random.Derive("sampler"), CPU);
            _learner = (ITransitionLearner)TrainJob.Learner(config, data.Info, _replay.Encoder, random.Derive("init"), CPU);
        }

        public void Step() => _learner.Step(_replay.Next(), measure: _steps++ % 10 == 0);

        public void Dispose()
        {
            _learner.Dispose();
            _replay.Dispose();
        }
    }
}
