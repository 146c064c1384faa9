using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Benchmarks;

/// <summary>Classic control and DMSD in batches of 1,024 on one core, beside Gymnasium's single environments and, where it has one, its vector version.</summary>
sealed class EnvironmentsBenchmark : IBenchmark
{
    const int Count = 1024;
    const int Rounds = 16;

    // Gymnasium's on another day, on a machine of the same kind; used where it is not installed.
    static readonly Task[] Tasks =
    [
        new("CartPole-v1", 30e6, 0.10e6, 12.7e6),
        new("MountainCar-v0", 5e6, 0.052e6),
        new("MountainCarContinuous-v0", 5e6),
        new("Acrobot-v1", 5e6, 0.019e6),
        new("Pendulum-v1", 5e6, 0.022e6),
        new("DMSD", 5e6),
    ];

    public string Name => "environments";

    public string Work => "environment steps, 1,024 instances, auto-reset and final observations, the same actions again and again, one core";

    public void Run(BenchmarkReport report)
    {
        var rival = Rival.Measure("gymnasium_classic.py");
        foreach (var task in Tasks)
        {
            var rate = Rate(task.Id, isDrawn: false);
            var target = $">= {task.Target / 1e6:0} million steps/s";
            var (single, singleName) = Reference(task.Id, task.RecordedSingle, "Gymnasium single");
            report.Add(task.Id, rate, "steps/s", single, singleName, target, rate >= task.Target);
            var (vector, vectorName) = Reference(task.Id + "/vector", task.RecordedVector, "Gymnasium vector");
            if (!double.IsNaN(vector))
                report.Add($"{task.Id}, the same", rate, "steps/s", vector, vectorName);
            (vector, vectorName) = Reference(task.Id + "/vector/sampled", double.NaN, "Gymnasium vector, sampling");
            if (!double.IsNaN(vector))
                report.Add($"{task.Id}, actions drawn by the uniform policy as it goes", Rate(task.Id, isDrawn: true), "steps/s", vector, vectorName);
        }

        (double Rate, string Name) Reference(string key, double recorded, string name) =>
            rival is not null && rival.TryGetValue(key, out var measured) ? (measured, name) : (recorded, name + " (recorded)");
    }

    static double Rate(string id, bool isDrawn)
    {
        using var environment = EnvironmentRegistry.Make(id, Count);
        var width = environment.ObservationSpace.FlatSize;
        var (observations, final) = (new float[Count * width], new float[Count * width]);
        var (rewards, terminated, truncated) = (new double[Count], new bool[Count], new bool[Count]);
        var random = Enumerable.Range(0, Count).Select(i => RandomStream.Create(1, "actions").Derive((ulong)i)).ToArray();
        var policy = BuiltInPolicies.Make("uniform", EnvironmentRegistry.Definition(id));
        var logProbabilities = new double[Count];
        environment.Reset([.. Enumerable.Range(0, Count).Select(i => (ulong)i)], observations);
        var rounds = Enumerable.Range(0, Rounds).Select(_ => Draw(new Actions(new int[Count], new float[Count * environment.ActionSpace.FlatSize]))).ToArray();
        return Count * Rounds * Timing.Rate(() =>
        {
            foreach (var actions in rounds)
            {
                if (isDrawn)
                    Draw(actions);
                environment.Step(
                    environment.ActionSpace is DiscreteSpace ? new ActionBatch { Discrete = actions.Discrete } : new ActionBatch { Continuous = actions.Continuous },
                    new StepOutput { Observations = observations, Rewards = rewards, Terminated = terminated, Truncated = truncated, FinalObservations = final });
            }
        });

        Actions Draw(Actions actions)
        {
            policy.Act(
                new PolicyInput { Count = Count, Observations = observations, Random = random },
                new PolicyOutput { Discrete = actions.Discrete, Continuous = actions.Continuous, LogProbabilities = logProbabilities });
            return actions;
        }
    }

    sealed record Task(string Id, double Target, double RecordedSingle = double.NaN, double RecordedVector = double.NaN);

    sealed record Actions(int[] Discrete, float[] Continuous);
}
