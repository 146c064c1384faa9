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
        double most = scores.Max(task => task.Length);
        var pooled = new double[scores.Sum(task => task.Length)];
        var weights = new double[pooled.Length];
        var filled = 0;
        foreach (var task in scores)
        {
            task.CopyTo(pooled, filled);
            // Times the largest number of seeds: where all are equal, weights are exactly 1 and sums exact.
            weights.AsSpan(filled, task.Length).Fill(most / task.Length);
            filled += task.Length;
        }

        Array.Sort(pooled, weights);
        // Other weights are thirds, fifths and the like: their sums miss a quarter by rounding.
        var limit = (scores.Count * most * 0.25) + 1e-9;
        var (first, last) = (0, pooled.Length - 1);
        for (var dropped = weights[first]; dropped <= limit; dropped += weights[first])
            first++;
        for (var dropped = weights[last]; dropped <= limit; dropped += weights[last])
            last--;
        var (sum, weight) = (0.0, 0.0);
        for (var i = first; i <= last; i++)
        {
            sum += pooled[i] * weights[i];
            weight += weights[i];
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
}
