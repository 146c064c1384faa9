using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Benchmarks;

/// <summary>Dreams on a GPU as one CUDA graph, beside the same operator by operator: imagination alone, and updates of actor and critic.</summary>
sealed class GraphBenchmark : IBenchmark
{
    const int Features = 4, Actions = 2, Starts = 1_024, Horizon = 15;

    public string Name => "graphs";

    public string Work => $"{Starts:N0} starts by {Horizon} steps on a GPU, {Features} observations, {Actions} actions, default sizes of dreamer and vae_dreamer; each window waits for the device at its end";

    public void Run(BenchmarkReport report)
    {
        if (!cuda.is_available() || !CudaGraphs.IsSupported)
        {
            Console.WriteLine("  (not measured: this machine has no GPU, or the shim was built without CUDA graphs)");
            return;
        }

        foreach (var (what, kind, members) in new[] { ("Dreamer", "rssm", 1), ("one Gaussian model", "vae", 1), ("five Gaussian models", "vae", 5) })
        {
            var plain = Rates(kind, members, captured: false);
            var captured = Rates(kind, members, captured: true);
            report.Add($"imagination, {what}", captured.Dreams, "dreams/s", plain.Dreams, "operator by operator in this run");
            report.Add($"update of actor and critic, {what}", captured.Updates, "updates/s", plain.Updates, "operator by operator in this run");
        }
    }

    static (double Dreams, double Updates) Rates(string kind, int members, bool captured)
    {
        var device = CUDA;
        using var scope = NewDisposeScope();
        var observations = BoxSpace.Unbounded(Features);
        var setup = new LearnerSetup(observations, Actions, int.MaxValue, RandomStream.Create(0, "benchmark"), device) { ActionSpace = new DiscreteSpace(Actions) };
        var (model, config) = Create(kind, members, setup);
        using var owned = model;
        using var learner = new DreamActorCritic(config with { CudaGraph = captured ? DreamingConfig.Auto : DreamingConfig.Off }, setup, model.LatentWidth);
        using var dreams = new CapturedFunction("Dreams", captured ? CudaGraphs.EngineFor(device) : null, []);
        using var generator = new Generator(1, device);
        var starts = randn([Starts, model.LatentWidth], device: device, generator: generator);
        var rates = (Rate(Imagine), Rate(() => learner.Update(model, starts, null, 0, generator, measure: false)));
        if ((dreams.TakeNotice() ?? learner.TakeNotice()) is { } notice)
            Console.WriteLine($"  {notice}");
        return rates;

        void Imagine()
        {
            using var quiet = no_grad();
            dreams.Run("dreams", [starts], generator, inputs => learner.Imagine(model, inputs[0], generator) is var dream ? [dream.Latents, dream.Actions, dream.Rewards, dream.Discounts] : []);
        }
    }

    static (IWorldModel Model, DreamingConfig Config) Create(string kind, int members, LearnerSetup setup)
    {
        if (kind == "vae")
        {
            var config = (WorldModelConfig)new WorldModelConfig { Encoder = "vae", Members = members }.Resolve(setup.Observations, default);
            return (new VaeWorldModel(config, WorldModel.ShapeOf(setup), setup.Random, setup.Device), (DreamingConfig)new VaeDreamerConfig { Horizon = Horizon }.Resolve(setup.Observations, default));
        }

        var dreamer = (DreamerConfig)new DreamerConfig { Horizon = Horizon }.Resolve(setup.Observations, default);
        var encoder = new NetworkDescription { Inputs = Features, Hidden = [dreamer.Model.Units], Outputs = dreamer.Model.Units };
        return (new Rssm(dreamer.Model, encoder, WorldModel.ShapeOf(setup), setup.Random, setup.Device), dreamer);
    }

    // Of calls that are launched without waiting, and waited for together.
    static double Rate(Action action)
    {
        const int Calls = 20;
        return Calls * Timing.Rate(() =>
        {
            for (var i = 0; i < Calls; i++)
            {
                using var inner = NewDisposeScope();
                action();
            }

            cuda.synchronize();
        });
    }
}
