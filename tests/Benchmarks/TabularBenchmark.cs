using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Benchmarks;

/// <summary>Tabular environments in a batch of 1,024 under drawn actions, one core, beside Gymnasium's toy-text environments.</summary>
sealed class TabularBenchmark : IBenchmark
{
    const int Count = 1024;
    const int Batches = 64;

    // Ours, and what the rival's script calls the same task.
    static readonly (string Id, string Rival)[] Tasks =
    [
        ("FrozenLake-v1", "frozen_lake"), ("CliffWalking-v1", "cliff_walking"), ("Taxi-v4", "taxi"),
        ("Taxi-v4?rainy=1", ""), ("GridWorld-v1", ""), ("RandomMdp-v1", ""), ("RandomMdp-v1?actions=25&branching=100&states=700", ""),
    ];

    public string Name => "tabular";

    public string Work => "steps of tabular environments, 1,024 instances, drawn actions, auto-reset and final observations, one core";

    public void Run(BenchmarkReport report)
    {
        var measured = Rival.Measure("gymnasium_toy_text.py");
        foreach (var (id, rival) in Tasks)
        {
            var rate = Rate(id);
            report.Add(id, rate, "steps/s", measured?.GetValueOrDefault(rival, double.NaN) ?? double.NaN, "Gymnasium, one instance a call", ">= 20 million steps/s", rate >= 20e6);
        }
    }

    // The actions are drawn before: what is measured is the environment.
    static double Rate(string id)
    {
        using var environment = EnvironmentRegistry.Make(id, Count);
        var actions = new int[Batches][];
        var random = RandomStream.Create(1, "actions");
        for (var t = 0; t < Batches; t++)
            actions[t] = [.. Enumerable.Range(0, Count).Select(_ => random.NextInt(((DiscreteSpace)environment.ActionSpace).Count))];
        var (observations, final, rewards) = (new float[Count], new float[Count], new double[Count]);
        var (terminated, truncated) = (new bool[Count], new bool[Count]);
        environment.Reset(Enumerable.Range(0, Count).Select(i => (ulong)i).ToArray(), observations);
        return Count * Batches * Timing.Rate(() =>
        {
            foreach (var batch in actions)
            {
                environment.Step(
                    new ActionBatch { Discrete = batch },
                    new StepOutput { Observations = observations, Rewards = rewards, Terminated = terminated, Truncated = truncated, FinalObservations = final });
            }
        });
    }
}
