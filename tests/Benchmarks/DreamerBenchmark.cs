using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>
/// Steps of Dreamer beside the same model, losses and optimizer written with PyTorch: the model's, those of actor and critic in dreams, and both; then imagination alone, and whether memory grows.
/// </summary>
sealed class DreamerBenchmark : IBenchmark
{
    const int Sequences = 16, SequenceSteps = 32, Features = 4, Actions = 2, Starts = 1_024, Horizon = 15, ManyUpdates = 5_000;
    const int Rounds = 5;

    public string Name => "dreamer";

    public string Work => $"preset v3 with its default sizes (128 deterministic, 8 x 8 categorical, 128 units), {Sequences} sequences of {SequenceSteps} steps, {Features} observations, {Actions} actions, 256 dreams of {Horizon} steps; 1 thread; the medians of {Rounds} rounds in turns";

    public void Run(BenchmarkReport report)
    {
        TorchExtras.Threads = 1;
        using var scope = NewDisposeScope();
        using var batch = Batch(Sequences, SequenceSteps);
        using var learner = Create(new(), batch);
        Tensor states, starts;
        using (no_grad())
        {
            states = learner.Model.Loss(batch, nn.functional.one_hot(batch.Actions, Actions).to(ScalarType.Float32), null).States.flatten(0, 1);
            starts = states.repeat(Starts / states.size(0), 1);
        }

        using var generator = new Generator(1);
        var step = 0;
        (string What, string Key, string Unit, Action Work)[] works =
        [
            ("the model", "model", "steps/s", () => learner.ModelStep(batch)),
            ("actor and critic in dreams", "dreams", "steps/s", () => learner.LearnFromDreams(states, batch.Actions.flatten(0, 1), measure: false)),
            ("a whole step", "step", "steps/s", () => learner.Step(batch, measure: step++ % 10 == 0)),
            ($"imagination of {Starts:N0} starts by {Horizon} steps", "imagine", "dreams/s", Imagine),
        ];
        // In turns: what else the machine does takes from both.
        var (ours, rivals) = (works.ToDictionary(work => work.Key, _ => new List<double>()), works.ToDictionary(work => work.Key, _ => new List<double>()));
        for (var round = 0; round < Rounds; round++)
        {
            var rates = Rival.Measure("torch_dreamer.py", "0.3");
            foreach (var (_, key, _, work) in works)
            {
                ours[key].Add(Timing.Rate(Scoped(work), 0.3, 5));
                if (rates is not null)
                    rivals[key].Add(rates[key]);
            }
        }

        foreach (var (what, key, unit, _) in works)
        {
            var rate = Timing.Median(ours[key]);
            if (rivals[key].Count == 0)
                report.Add(what, rate, unit);
            else
                report.Add(what, rate, unit, Timing.Median(rivals[key]), "PyTorch in this run", "at least 1.3", rate >= 1.3 * Timing.Median(rivals[key]));
        }

        Growth(report);

        void Imagine()
        {
            using var quiet = no_grad();
            learner.Imagine(starts, generator);
        }
    }

    // Smaller sizes: what grows, grows with every update.
    static void Growth(BenchmarkReport report)
    {
        using var batch = Batch(4, 6);
        using var learner = Create(new() { Horizon = 4, Dreams = 8, Model = new() { Deterministic = 16, Groups = 4, Classes = 4, Units = 16 } }, batch);
        var (first, live) = (0.0, 0L);
        for (var update = 0; update < ManyUpdates; update++)
        {
            learner.Step(batch, measure: update % 10 == 0);
            if (update == ManyUpdates / 5)
                (first, live) = (Resident(), Tensor.TotalCount);
        }

        var grown = Resident() - first;
        report.Add($"resident memory that updates {(ManyUpdates / 5) + 1:N0} to {ManyUpdates:N0} added", grown, "MB", target: "< 16 MB, no tensor more", met: grown < 16 && Tensor.TotalCount <= live);
    }

    static double Resident()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64 / 1e6;
    }

    static Action Scoped(Action action) => () =>
    {
        using var inner = NewDisposeScope();
        action();
    };

    static Dreamer Create(DreamerConfig config, TransitionBatch batch)
    {
        var observations = BoxSpace.Unbounded((int)batch.Observations.size(-1));
        var setup = new LearnerSetup(observations, Actions, int.MaxValue, RandomStream.Create(0, "benchmark"), CPU) { ActionSpace = new DiscreteSpace(Actions) };
        return new Dreamer((DreamerConfig)config.Resolve(observations, default), new(), setup);
    }

    static TransitionBatch Batch(int sequences, int steps)
    {
        using var generator = new Generator(1);
        var resets = zeros([steps, sequences], dtype: ScalarType.Bool);
        resets[0].fill_(true);
        return new()
        {
            Observations = randn([steps, sequences, Features], generator: generator),
            NextObservations = randn([steps, sequences, Features], generator: generator),
            Actions = randint(0, Actions, [steps, sequences], dtype: ScalarType.Int64, generator: generator),
            Rewards = rand([steps, sequences], generator: generator),
            Discounts = full([steps, sequences], 0.99f),
            Resets = resets,
            LossMask = ones(steps, sequences),
        };
    }
}
