using MathNet.Numerics.Distributions;

namespace OfflineRL.Evaluate;

/// <summary>Chooses a parameter that trades bias for variance, from the log alone.</summary>
static class LambdaTuner
{
    // Of the intervals by which candidates are compared, one-sided; the choice of Open Bandit Pipeline.
    const double Delta = 0.1;

    /// <summary>
    /// SLOPE (Su, Srinath and Krishnamurthy 2020, "Adaptive estimator selection for off-policy evaluation"; the test is that of
    /// Tucker and Lee 2021): candidates by falling width of their intervals; the last one before the first whose estimate lies
    /// further from an earlier one's than the interval of its own and (sqrt 6 - 1) of the earlier one's explain.
    /// </summary>
    /// <param name="candidates">At least one; means of one term an episode.</param>
    /// <returns>The index of the chosen one.</returns>
    public static int Slope(IReadOnlyList<EpisodeStatistic> candidates)
    {
        var quantile = candidates[0].Episodes > 1 ? StudentT.InvCDF(0, 1, candidates[0].Episodes - 1, 1 - Delta) : 0;
        var width = candidates.Select(c => quantile * c.StandardError()).ToArray();
        // Stable: of equal widths, the one that changes weights least comes first.
        var order = Enumerable.Range(0, candidates.Count).Where(i => double.IsFinite(width[i])).OrderByDescending(i => width[i]).ToArray();
        if (order.Length == 0)
            return candidates.Count - 1;
        var factor = Math.Sqrt(6) - 1;
        for (var k = 1; k < order.Length; k++)
        {
            var i = order[k];
            if (order.Take(k).Any(j => Math.Abs(candidates[j].Value - candidates[i].Value) > width[i] + (factor * width[j])))
                return order[k - 1];
        }

        return order[^1];
    }

    /// <summary>
    /// The smallest variance plus squared bound of the bias (Su et al. 2020, "Doubly robust off-policy evaluation with shrinkage",
    /// section 5): |mean (w - s(w)) (r - q)| + sqrt(2 mean(w^2) L / n) + 2 max(w) L / (3 n), with L = ln(2 / 0.1).
    /// </summary>
    /// <returns>The index of the chosen lambda.</returns>
    public static int MeanSquaredError(LoggedEpisodes episodes, ValueColumns? values, WeightShrinkage shrinkage, IReadOnlyList<double> lambdas)
    {
        var (n, log) = (episodes.Count, Math.Log(2 / Delta));
        var (squares, largest) = (0.0, 0.0);
        foreach (var logWeight in episodes.LogWeights)
        {
            squares += Math.Exp(2 * logWeight) / n;
            largest = Math.Max(largest, Math.Exp(logWeight));
        }

        var (best, index) = (double.PositiveInfinity, 0);
        for (var k = 0; k < lambdas.Count; k++)
        {
            var bias = 0.0;
            for (var i = 0; i < n; i++)
            {
                var logWeight = episodes.LogWeights[i];
                var difference = Math.Exp(logWeight) - shrinkage.Weight(logWeight, lambdas[k]);
                bias += difference * (episodes.Rewards[i] - (values?.ActionValues[i] ?? 0)) / n;
            }

            var bound = Math.Abs(bias) + Math.Sqrt(2 * squares * log / n) + (2 * largest * log / (3 * n));
            var error = SingleDecisionEstimators.Shrunk(episodes, values, shrinkage, lambdas[k]).StandardError();
            // The variance over n, not n - 1.
            var score = (error * error * (n - 1) / n) + (bound * bound);
            if (score < best)
                (best, index) = (score, k);
        }

        return index;
    }
}
