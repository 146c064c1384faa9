using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// The values of the policy in the maximum-likelihood model of the log: P(s', end | s, a) and r(s, a) as they were counted, the same at every step.
/// </summary>
/// <remarks>
/// On to termination they are those of <see cref="TabularQ"/>, for its fixed point is this model's solution. For cut episodes the two differ:
/// the model learns each transition from all times, and cuts where the longest logged episode is cut. What was never seen is treated as there.
/// </remarks>
sealed class TabularModel : IValueModel
{
    public void Fit(FitLog log, IReadOnlyList<int> training, IReadOnlyList<int> scored, ValueColumns values, RandomStream random, CancellationToken cancellation)
    {
        if (!log.IsFinite)
        {
            new TabularQ().Fit(log, training, scored, values, random, cancellation);
            return;
        }

        // Where a cut leads to matters here, for the step may have been taken at another time.
        var counts = PairCounts.Of(log with { IsFinite = false }, training);
        if (counts.Visits.Sum() == 0)
            throw EvaluateThrow.NothingToFit();
        var weights = Weights(log, counts);
        var (q, after) = (new double[counts.Visits.Length], new double[counts.States]);
        for (var t = log.MaxLength - 1; t >= 0; t--)
        {
            cancellation.ThrowIfCancellationRequested();
            Back(log.Discount, counts, weights, after, q);
            TabularQ.Score(log, q, scored, t, values);
        }
    }

    /// <summary>[S * A]: pi_e over the actions that were seen in each state.</summary>
    public static double[] Weights(FitLog log, PairCounts counts)
    {
        var (policy, weights) = (TabularPolicyOfLog.Of(log), new double[counts.Visits.Length]);
        for (var s = 0; s < counts.States; s++)
        {
            var (first, actions) = (s * counts.Actions, counts.Actions);
            if (counts.Leaves(s))
                PairCounts.SeenPolicy(counts.Visits.AsSpan(first, actions), policy.AsSpan(first, actions), weights.AsSpan(first, actions));
        }

        return weights;
    }

    // One step back: q from v of the step after, then v of this step in its place.
    static void Back(double discount, PairCounts counts, double[] weights, double[] v, double[] q)
    {
        for (var pair = 0; pair < q.Length; pair++)
            q[pair] = counts.Visits[pair] > 0 ? counts.Rewards[pair] / counts.Visits[pair] : 0;
        foreach (var ((pair, to), count) in counts.Transitions)
            q[pair] += discount * count / counts.Visits[pair] * v[to];
        Array.Clear(v);
        var (mean, visits) = (0.0, 0.0);
        for (var pair = 0; pair < q.Length; pair++)
            v[pair / counts.Actions] += weights[pair] * q[pair];
        for (var pair = 0; pair < q.Length; pair++)
            (mean, visits) = (mean + (counts.Visits[pair] * v[pair / counts.Actions]), visits + counts.Visits[pair]);
        for (var pair = 0; pair < q.Length; pair++)
        {
            if (counts.Visits[pair] == 0)
                q[pair] = counts.Leaves(pair / counts.Actions) ? v[pair / counts.Actions] : mean / visits;
        }
    }
}
