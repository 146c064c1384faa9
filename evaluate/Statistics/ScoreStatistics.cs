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
    /// as SciPy's trim_mean of the flattened matrix does, which is what rliable computes. rliable has no unequal counts (its matrix
    /// is rectangular); flattening them anyway would give a task with twice the seeds twice the weight.
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

    /// <summary>
    /// By how much the scores fall short of a target, in the unit of the scores: target - mean of min(score, target), every task weighing
    /// the same. Scores beyond the target do not make up for others.
    /// </summary>
    /// <param name="scores">[tasks][seeds].</param>
    /// <param name="target">What counts as solved: 1 in the paper, 100 for scores in percent of an expert's.</param>
    public static double OptimalityGap(IReadOnlyList<double[]> scores, double target)
    {
        var sum = 0.0;
        foreach (var task in scores)
        {
            var reached = 0.0;
            foreach (var score in task)
                reached += Math.Min(score, target);
            sum += reached / task.Length;
        }

        return target - (sum / scores.Count);
    }

    /// <summary>
    /// The probability that a run of X scores higher than a run of Y on a task drawn at random: the mean over tasks of the share of
    /// pairs (a seed of X, a seed of Y) that X wins, ties counting half (the Mann-Whitney statistic over the number of pairs).
    /// </summary>
    /// <param name="x">[tasks][seeds], each task's scores rising.</param>
    /// <param name="y">The same tasks; each task's scores rising.</param>
    public static double ProbabilityOfImprovement(IReadOnlyList<double[]> x, IReadOnlyList<double[]> y)
    {
        var sum = 0.0;
        for (var task = 0; task < x.Count; task++)
        {
            var (ofX, ofY) = (x[task], y[task]);
            // Of Y: how many lie below the score of X at hand, and how many at most at it.
            var (below, within, wins) = (0, 0, 0L);
            foreach (var score in ofX)
            {
                while (below < ofY.Length && ofY[below] < score)
                    below++;
                while (within < ofY.Length && ofY[within] <= score)
                    within++;
                wins += below + within;
            }

            sum += wins / (2.0 * ofX.Length * ofY.Length);
        }

        return sum / x.Count;
    }

    /// <summary>The run-score distribution: the share of (task, seed) scores above each threshold, every task weighing the same (section 4.2).</summary>
    /// <param name="scores">[tasks][seeds], each task's scores rising.</param>
    /// <param name="thresholds">[K], rising.</param>
    /// <param name="fractions">[K], written.</param>
    public static void ScoreDistribution(IReadOnlyList<double[]> scores, ReadOnlySpan<double> thresholds, Span<double> fractions)
    {
        fractions.Clear();
        foreach (var task in scores)
        {
            var atMost = 0;
            for (var k = 0; k < thresholds.Length; k++)
            {
                while (atMost < task.Length && task[atMost] <= thresholds[k])
                    atMost++;
                fractions[k] += (task.Length - atMost) / (double)task.Length / scores.Count;
            }
        }
    }

    /// <summary>The average-score distribution: the share of tasks whose mean over seeds is above each threshold (section 4.2).</summary>
    /// <param name="scores">[tasks][seeds].</param>
    /// <param name="thresholds">[K].</param>
    /// <param name="fractions">[K], written.</param>
    public static void AverageScoreDistribution(IReadOnlyList<double[]> scores, ReadOnlySpan<double> thresholds, Span<double> fractions)
    {
        fractions.Clear();
        foreach (var task in scores)
        {
            var mean = Mean(task);
            for (var k = 0; k < thresholds.Length; k++)
                fractions[k] += mean > thresholds[k] ? 1.0 / scores.Count : 0;
        }
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
