using System.Buffers;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A policy that is computed from the logged observations.</summary>
sealed class ComputedPolicy(IPolicy policy, TrainingColumns columns) : IEvaluationPolicy, IActingPolicy
{
    /// <summary>Whether it has one continuous action for an observation.</summary>
    public bool IsDeterministic => !policy.HasPropensities;

    public void Score(long firstRow, Span<double> logProbabilities, Span<double> probabilities)
    {
        var count = logProbabilities.Length;
        var rented = ArrayPool<float>.Shared.Rent(columns.Observations is null ? count * columns.Info.ObservationSpace.FlatSize : 0);
        var observations = columns.Observations is { } floats ? floats.Slice(firstRow, count) : FromBytes(firstRow, count, rented);
        var masks = columns.ActionMasks is { } bytes ? ToBooleans(bytes.Slice(firstRow, count)) : [];
        policy.Score(
            new PolicyInput { Count = count, Observations = observations, ActionMasks = masks },
            new ActionBatch
            {
                Discrete = columns.DiscreteActions is { } discrete ? discrete.Slice(firstRow, count) : [],
                Continuous = columns.ContinuousActions is { } continuous ? continuous.Slice(firstRow, count) : [],
            },
            logProbabilities,
            probabilities);
        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>The distribution over discrete actions at an observation that is no row of the log; all actions are taken to be allowed.</summary>
    /// <param name="observation">[D].</param>
    /// <param name="probabilities">[A], written.</param>
    public void Distribution(ReadOnlySpan<float> observation, Span<double> probabilities)
    {
        Span<int> any = [0];
        Span<double> logProbability = [0];
        policy.Score(new PolicyInput { Count = 1, Observations = observation }, new ActionBatch { Discrete = any }, logProbability, probabilities);
    }

    /// <summary>Continuous actions of the policy, several for each observation.</summary>
    /// <param name="observations">[*, D].</param>
    /// <param name="first">Row of the first observation.</param>
    /// <param name="count">B.</param>
    /// <param name="draws">K.</param>
    /// <param name="actions">[B, K, A], written.</param>
    /// <param name="random">Each row and draw has a child of it.</param>
    public void Draw(ReadOnlySpan<float> observations, int first, int count, int draws, Span<float> actions, RandomStream random)
    {
        var (width, size) = (columns.Info.ObservationSpace.FlatSize, columns.Info.ActionSpace.FlatSize);
        var (batch, logProbabilities, streams) = (new float[count * size], new double[count], new RandomStream[count]);
        for (var k = 0; k < draws; k++)
        {
            for (var i = 0; i < count; i++)
                streams[i] = random.Derive(((ulong)i * (ulong)draws) + (ulong)k);
            policy.Act(
                new PolicyInput { Count = count, Observations = observations.Slice(first * width, count * width), Random = streams },
                new PolicyOutput { Continuous = batch, LogProbabilities = logProbabilities });
            for (var i = 0; i < count; i++)
                batch.AsSpan(i * size, size).CopyTo(actions[(((i * draws) + k) * size)..]);
        }
    }

    public void Act(long firstRow, int count, Span<float> actions)
    {
        var rented = ArrayPool<float>.Shared.Rent(columns.Observations is null ? count * columns.Info.ObservationSpace.FlatSize : 0);
        var observations = columns.Observations is { } floats ? floats.Slice(firstRow, count) : FromBytes(firstRow, count, rented);
        // It draws nothing, but may want to hand the streams on.
        var stream = RandomStream.Create(0, "deterministic");
        policy.Act(
            new PolicyInput { Count = count, Observations = observations, Random = Enumerable.Range(0, count).Select(i => stream.Derive((ulong)i)).ToArray() },
            new PolicyOutput { Continuous = actions, LogProbabilities = new double[count] });
        ArrayPool<float>.Shared.Return(rented);
    }

    ReadOnlySpan<float> FromBytes(long firstRow, int count, float[] rented)
    {
        var bytes = columns.ObservationBytes!.Slice(firstRow, count);
        for (var i = 0; i < bytes.Length; i++)
            rented[i] = bytes[i];
        return rented.AsSpan(0, bytes.Length);
    }

    static bool[] ToBooleans(ReadOnlySpan<byte> bytes)
    {
        var booleans = new bool[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
            booleans[i] = bytes[i] != 0;
        return booleans;
    }
}
