using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>An environment with the spans it writes into.</summary>
sealed class Batch : IDisposable
{
    readonly int _width;

    public Batch(string id, int count)
        : this(EnvironmentRegistry.Make(id, count))
    {
    }

    public Batch(IVectorEnvironment environment)
    {
        Environment = environment;
        var count = environment.Count;
        _width = environment.ObservationSpace.FlatSize;
        Observations = new float[count * _width];
        Final = new float[count * _width];
        Rewards = new double[count];
        Terminated = new bool[count];
        Truncated = new bool[count];
    }

    public IVectorEnvironment Environment { get; }

    public float[] Observations { get; }

    public float[] Final { get; }

    public double[] Rewards { get; }

    public bool[] Terminated { get; }

    public bool[] Truncated { get; }

    public Batch Reset(params ulong[] seeds)
    {
        Environment.Reset(seeds, Observations);
        return this;
    }

    public void Step(params int[] actions) => Step(new ActionBatch { Discrete = actions });

    public void Push(params float[] actions) => Step(new ActionBatch { Continuous = actions });

    public void Step(in ActionBatch actions) => Environment.Step(
        actions,
        new StepOutput { Observations = Observations, Rewards = Rewards, Terminated = Terminated, Truncated = Truncated, FinalObservations = Final });

    public float[] Row(int instance) => Observations.AsSpan(instance * _width, _width).ToArray();

    public float[] FinalRow(int instance) => Final.AsSpan(instance * _width, _width).ToArray();

    public void Dispose() => Environment.Dispose();

    /// <summary>Returns of whole episodes, <paramref name="perInstance"/> from each of 32 instances.</summary>
    public static double[] Returns(IPolicy policy, string id, int perInstance, ulong seed)
    {
        const int Count = 32;
        using var batch = new Batch(id, Count);
        batch.Reset(Enumerable.Range(0, Count).Select(i => seed + (ulong)i).ToArray());
        var random = Enumerable.Range(0, Count).Select(i => RandomStream.Create(seed, "actions").Derive((ulong)i)).ToArray();
        var state = policy.CreateState(Count);
        var starts = Enumerable.Repeat(true, Count).ToArray();
        var discrete = new int[policy.ActionSpace is DiscreteSpace ? Count : 0];
        var continuous = new float[discrete.Length > 0 ? 0 : Count * policy.ActionSpace.FlatSize];
        var sums = new double[Count];
        var finished = new List<double>[Count];
        for (var i = 0; i < Count; i++)
            finished[i] = [];
        while (finished.Any(f => f.Count < perInstance))
        {
            policy.Act(
                new PolicyInput { Count = Count, Observations = batch.Observations, EpisodeStarts = starts, Random = random, State = state },
                new PolicyOutput { Discrete = discrete, Continuous = continuous, LogProbabilities = new double[Count] });
            batch.Step(new ActionBatch { Discrete = discrete, Continuous = continuous });
            for (var i = 0; i < Count; i++)
            {
                sums[i] += batch.Rewards[i];
                starts[i] = batch.Terminated[i] || batch.Truncated[i];
                if (!starts[i])
                    continue;
                finished[i].Add(sums[i]);
                sums[i] = 0;
            }
        }

        // The first episodes of each instance: taking whichever ended first would favor short ones.
        return finished.SelectMany(f => f.Take(perInstance)).ToArray();
    }
}
