using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// The distribution of the evaluation policy's returns: logged returns, each with its episode's share of all weight (Chandak et
/// al. 2021, "Universal off-policy evaluation", with self-normalised weights).
/// </summary>
sealed class ReturnDistribution
{
    readonly double[] _returns;
    readonly double[] _weights;
    readonly int[] _position;

    ReturnDistribution(double[] returns, double[] weights, int[] position) => (_returns, _weights, _position) = (returns, weights, position);

    public static ReturnDistribution Of(LoggedEpisodes episodes, double discount)
    {
        var returns = Enumerable.Range(0, episodes.Count).Select(i => episodes.Return(i, discount)).ToArray();
        var weights = WeightDiagnostics.ScaledFinalWeights(episodes);
        var order = Enumerable.Range(0, returns.Length).OrderBy(i => returns[i]).ToArray();
        var position = new int[order.Length];
        for (var p = 0; p < order.Length; p++)
            position[order[p]] = p;
        return new(order.Select(i => returns[i]).ToArray(), order.Select(i => weights[i]).ToArray(), position);
    }

    /// <summary>The smallest return that a share of at least <paramref name="level"/> does not exceed; NaN without weight.</summary>
    public double Quantile(double level) => Measure([], [(false, level)])[0];

    /// <summary>The mean of the worst share <paramref name="level"/> of returns (conditional value at risk); NaN without weight.</summary>
    public double Cvar(double level) => Measure([], [(true, level)])[0];

    /// <summary>Percentile bootstrap intervals over episodes, on the resamples that all estimators see.</summary>
    public Interval[] Intervals(IReadOnlyList<(bool IsCvar, double Level)> measures, int resamples, double confidence, RandomStream stream, CancellationToken cancellation)
    {
        var replicates = measures.Select(_ => new double[resamples]).ToArray();
        Parallel.For(0, resamples, new ParallelOptions { CancellationToken = cancellation }, () => new int[_returns.Length], (b, _, counts) =>
        {
            Array.Clear(counts);
            var draw = stream.Derive((ulong)b);
            for (var i = 0; i < counts.Length; i++)
                counts[_position[draw.NextInt(counts.Length)]]++;
            var values = Measure(counts, measures);
            for (var m = 0; m < values.Length; m++)
                replicates[m][b] = values[m];
            return counts;
        }, _ => { });
        return replicates.Select(r => Bootstrap.Percentile(r, confidence)).ToArray();
    }

    /// <summary>One value for each measure, of episodes counted so often (by rising return); empty: each once.</summary>
    double[] Measure(ReadOnlySpan<int> counts, IReadOnlyList<(bool IsCvar, double Level)> measures)
    {
        var total = 0.0;
        for (var p = 0; p < _weights.Length; p++)
            total += _weights[p] * (counts.IsEmpty ? 1 : counts[p]);
        var values = new double[measures.Count];
        for (var m = 0; m < values.Length; m++)
        {
            var (isCvar, level) = measures[m];
            var (target, below, sum) = (level * total, 0.0, 0.0);
            var p = 0;
            for (; p < _weights.Length - 1; p++)
            {
                var weight = _weights[p] * (counts.IsEmpty ? 1 : counts[p]);
                // A hair less, so that rounding does not push a level that is met exactly to the next return.
                if (below + weight >= target * (1 - 1e-12))
                    break;
                below += weight;
                sum += weight * _returns[p];
            }

            values[m] = total == 0 ? double.NaN : isCvar ? (sum + ((target - below) * _returns[p])) / target : _returns[p];
        }

        return values;
    }
}
