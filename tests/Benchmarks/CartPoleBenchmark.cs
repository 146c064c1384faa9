using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Benchmarks;

/// <summary>CartPole-v1 in a batch of 1,024 under random actions, one core, beside Gymnasium's own vector version.</summary>
sealed class CartPoleBenchmark : IBenchmark
{
    const int Count = 1024;
    const int StepsPerCall = 100;

    // Gymnasium's vector version on another day, on a machine of the same kind; used where it is not installed.
    const double RecordedRival = 12.7e6;

    public string Name => "cartpole";

    public string Work => "CartPole-v1 steps, 1,024 instances, auto-reset and final observations, one core";

    public void Run(BenchmarkReport report)
    {
        using var environment = EnvironmentRegistry.Make("CartPole-v1", Count);
        var observations = new float[Count * 4];
        var final = new float[Count * 4];
        var rewards = new double[Count];
        var terminated = new bool[Count];
        var truncated = new bool[Count];
        var actions = new int[Count];
        var logProbabilities = new double[Count];
        var random = Enumerable.Range(0, Count).Select(i => RandomStream.Create(1, "actions").Derive((ulong)i)).ToArray();
        var policy = BuiltInPolicies.Make("uniform", EnvironmentRegistry.Definition("CartPole-v1"));
        environment.Reset(Enumerable.Range(0, Count).Select(i => (ulong)i).ToArray(), observations);

        var measured = Rival.Measure("gymnasium_cartpole.py") is { } rival && rival.TryGetValue("vector_1024", out var rate) ? rate : double.NaN;
        var (reference, name) = double.IsNaN(measured) ? (RecordedRival, "Gymnasium vector (recorded)") : (measured, "Gymnasium vector");
        var whole = Count * StepsPerCall * Timing.Rate(() =>
        {
            for (var t = 0; t < StepsPerCall; t++)
            {
                Act();
                Step();
            }
        });
        report.Add("with random actions", whole, "steps/s", reference, name, ">= 10 million steps/s", whole >= 10e6);
        report.Add("steps alone, the same actions again", Count * StepsPerCall * Timing.Rate(() =>
        {
            for (var t = 0; t < StepsPerCall; t++)
                Step();
        }), "steps/s");

        void Act() => policy.Act(
            new PolicyInput { Count = Count, Observations = observations, Random = random },
            new PolicyOutput { Discrete = actions, LogProbabilities = logProbabilities });

        void Step() => environment.Step(
            new ActionBatch { Discrete = actions },
            new StepOutput { Observations = observations, Rewards = rewards, Terminated = terminated, Truncated = truncated, FinalObservations = final });
    }
}
