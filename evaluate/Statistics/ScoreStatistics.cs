namespace OfflineRL.Evaluate;

/// <summary>
/// Aggregates of scores [tasks][seeds]; tasks may have different numbers of seeds.
/// </summary>
/// <remarks>Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice", section 4.</remarks>
public static class ScoreStatistics
{
    /// <summary>The mean of the tasks' means: every task weighs the same.</summary>
    public static double Mean(IReadOnlyList<double[]> scores)
    {
        var sum = 0.0;
        foreach (var task in scores)
            sum += Mean(task);
        return sum / scores.Count;
    }

    public static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += value;
        return sum / values.Length;
    }

    /// <summary>The median of the tasks' means.</summary>
    public static double Median(IReadOnlyList<double[]> scores) => Median(scores.Select(task => Mean(task)).ToArray());

    public static double Median(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        return Quantile(sorted, 0.5);
    }

    /// <summary>
    /// The interquartile mean over all (task, seed) scores: the lowest and the highest quarter are dropped, the rest averaged.
    /// </summary>
    /// <remarks>
    /// A score weighs one over its task's number of seeds, so that a task run with more seeds does not count for more; whole scores are
    /// dropped while the dropped weight stays within a quarter. With equal seed counts this drops floor(N / 4) at each end,
    /// as SciPy's trim_mean does.
    /// </remarks>
    public static double InterquartileMean(IReadOnlyList<double[]> scores)
    {
        // Times the largest number of seeds: where all are equal, weights are exactly 1 and sums exact.
        double most = scores.Max(task => task.Length);
        var pooled = scores.SelectMany(task => task.Select(score => (Score: score, Weight: most / task.Length))).OrderBy(s => s.Score).ToArray();
        // Other weights are thirds, fifths and the like: their sums miss a quarter by rounding.
        var limit = (scores.Count * most * 0.25) + 1e-9;
        var first = Dropped(pooled.Select(s => s.Weight), limit);
        var last = pooled.Length - Dropped(pooled.Reverse().Select(s => s.Weight), limit);
        var (sum, weight) = (0.0, 0.0);
        for (var i = first; i < last; i++)
        {
            sum += pooled[i].Score * pooled[i].Weight;
            weight += pooled[i].Weight;
        }

        return sum / weight;
    }

    /// <summary>The quantile of sorted values with linear interpolation (Hyndman and Fan's type 7, NumPy's default).</summary>
    /// <param name="sorted">At least one value, rising.</param>
    /// <param name="probability">In [0, 1].</param>
    public static double Quantile(ReadOnlySpan<double> sorted, double probability)
    {
        var position = probability * (sorted.Length - 1);
        var below = (int)Math.Floor(position);
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }

    static int Dropped(IEnumerable<double> weights, double limit)
    {
        var (count, sum) = (0, 0.0);
        foreach (var weight in weights)
        {
            sum += weight;
            if (sum > limit)
                break;
            count++;
        }

        return count;
    }
}
