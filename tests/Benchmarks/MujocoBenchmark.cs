using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Benchmarks;

/// <summary>Hopper, HalfCheetah and Walker2d through the protocol, beside mj_step alone in the same WebAssembly build.</summary>
sealed class MujocoBenchmark : IBenchmark
{
    static readonly string[] Ids = ["Hopper-v4", "HalfCheetah-v4", "Walker2d-v4"];

    public string Name => "mujoco";

    public string Work => "MuJoCo environment steps through the protocol, uniform actions, auto-reset; the ratio is to mj_step alone in one thread";

    public void Run(BenchmarkReport report)
    {
        if (MujocoServer.Missing is { } missing)
        {
            Console.WriteLine($"  (not measured: {missing})");
            return;
        }

        var floor = Rival.Measure("mujoco_steps.mjs", Path.GetDirectoryName(MujocoServer.Script("server.mjs"))!, MujocoServer.FindPackage()!);
        foreach (var id in Ids)
        {
            var bare = floor is not null && floor.TryGetValue(id, out var rate) ? rate : double.NaN;
            foreach (var count in (int[])[1, 16, 64])
                Measure(report, id, count, 1, bare);
        }

        Measure(report, "Hopper-v4", 16, 2, floor is not null && floor.TryGetValue("Hopper-v4", out var hopper) ? hopper : double.NaN);
    }

    static void Measure(BenchmarkReport report, string id, int count, int threads, double bare)
    {
        var identity = EnvironmentRegistry.Resolve(id);
        using var environment = ExternalEnvironment.Start(MujocoServer.Command(identity, threads), id, identity, identity.Parameters, count);
        var (width, actionWidth) = (environment.ObservationSpace.FlatSize, environment.ActionSpace.FlatSize);
        var (observations, final, actions) = (new float[count * width], new float[count * width], new float[count * actionWidth]);
        var (rewards, terminated, truncated) = (new double[count], new bool[count], new bool[count]);
        var random = RandomStream.Create(1, "actions");
        environment.Reset(Enumerable.Range(0, count).Select(i => (ulong)i).ToArray(), observations);
        var steps = count * Timing.Rate(() =>
        {
            foreach (ref var a in actions.AsSpan())
                a = (float)random.Uniform(-1, 1);
            environment.Step(
                new ActionBatch { Continuous = actions },
                new StepOutput { Observations = observations, Rewards = rewards, Terminated = terminated, Truncated = truncated, FinalObservations = final });
        });
        var isTarget = id == "Hopper-v4" && count == 16 && threads == 1;
        report.Add(
            $"{id}, batches of {count}, {threads} thread{(threads == 1 ? "" : "s")}", steps, "steps/s", bare, "mj_step alone", isTarget ? ">= 10,000 steps/s" : "", isTarget ? steps >= 10_000 : null);
    }
}
