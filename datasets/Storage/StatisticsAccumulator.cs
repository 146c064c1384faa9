using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>The manifest's statistics, gathered while episodes are written.</summary>
sealed class StatisticsAccumulator(TrajectorySchema schema)
{
    readonly SpreadAccumulator? _observation = schema.ObservationsAreBytes || schema.ObservationsAreDiscrete ? null : new(schema.ObservationWidth);
    readonly SpreadAccumulator? _action = schema.ActionWidth > 0 ? new(schema.ActionWidth) : null;
    readonly long[] _actionCounts = new long[schema.ActionCount];
    readonly long[] _byteCounts = new long[schema.ObservationsAreBytes ? 256 : 0];
    readonly SpreadAccumulator _reward = new(1);
    readonly SpreadAccumulator _return = new(1);
    readonly SpreadAccumulator _steps = new(1);

    /// <returns>The return of the episode.</returns>
    public double Add(in EpisodeColumns e)
    {
        _observation?.Add(e.Observations);
        _action?.Add(e.ContinuousActions);
        CountBytes(e.ObservationBytes);

        foreach (int action in e.DiscreteActions)
        {
            _actionCounts[action]++;
        }

        double sum = 0;
        foreach (double reward in e.Rewards)
        {
            _reward.Add(reward);
            sum += reward;
        }

        _return.Add(sum);
        _steps.Add(e.Rewards.Length);
        return sum;
    }

    public DatasetStatistics Result() => new()
    {
        Observation = schema.ObservationsAreBytes ? [Bytes()] : _observation?.Result() ?? [],
        Action = _action?.Result() ?? [],
        ActionCounts = _actionCounts,
        Reward = _reward.Result()[0],
        Return = _return.Result()[0],
        EpisodeSteps = _steps.Result()[0],
    };

    // Images hold long runs of one value, and counting them one by one would wait for the same counter each time: eight alike are counted at once.
    void CountBytes(ReadOnlySpan<byte> bytes)
    {
        const ulong ones = 0x0101_0101_0101_0101;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        for (int i = 0; i < words.Length; i++)
        {
            byte first = (byte)words[i];
            if (words[i] == first * ones)
            {
                _byteCounts[first] += 8;
                continue;
            }

            for (ulong rest = words[i], left = 8; left > 0; left--, rest >>= 8)
            {
                _byteCounts[(byte)rest]++;
            }
        }

        foreach (byte value in bytes[(words.Length * 8)..])
        {
            _byteCounts[value]++;
        }
    }

    Spread Bytes()
    {
        double count = 0, sum = 0, squares = 0;
        for (int value = 0; value < _byteCounts.Length; value++)
        {
            count += _byteCounts[value];
            sum += (double)_byteCounts[value] * value;
        }

        double mean = sum / count;
        for (int value = 0; value < _byteCounts.Length; value++)
        {
            squares += _byteCounts[value] * (value - mean) * (value - mean);
        }

        return new Spread(mean, Math.Sqrt(squares / count), Array.FindIndex(_byteCounts, c => c > 0), Array.FindLastIndex(_byteCounts, c => c > 0));
    }
}
