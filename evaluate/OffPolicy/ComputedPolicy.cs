using System.Buffers;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A policy that is computed from the logged observations.</summary>
sealed class ComputedPolicy(IPolicy policy, TrainingColumns columns) : IEvaluationPolicy
{
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
