namespace OfflineRL.Evaluate;

/// <summary>
/// The value of the policy in the maximum-likelihood model of the whole log, from the log's own starts.
/// </summary>
/// <remarks>
/// As a mean over episodes it is written as v(s_0) plus the episode's share of u(s, a) / n(s, a) (r + discount v(s') - q(s, a)), u the model's discounted
/// visits under the policy. The shares sum to 0 over the log, so the mean is the model's value, and their spread is, to first order, that of
/// the estimate with the model's own error in it (the influence function; Kallus and Uehara 2020, "Double reinforcement learning", section 5).
/// </remarks>
static class ModelBased
{
    /// <summary>The estimate.</summary>
    /// <param name="log">With states and discrete actions.</param>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">No step can be used, or the policy goes around without end at discount 1.</exception>
    public static EpisodeStatistic Estimate(FitLog log) => log.IsFinite ? Finite(log) : Infinite(log);

    // No influence function: the spread is that of the starts alone.
    static EpisodeStatistic Finite(FitLog log)
    {
        var values = new ValueColumns(new double[log.Steps], new double[log.Steps]);
        var all = Enumerable.Range(0, log.Episodes).ToArray();
        new TabularModel().Fit(log, all, all, values, Datasets.RandomStream.Create(0, "unused"), CancellationToken.None);
        return EpisodeStatistic.Mean(Enumerable.Range(0, log.Episodes).Select(e => values.StateValues[log.FirstRow[e]]).ToArray());
    }

    static EpisodeStatistic Infinite(FitLog log)
    {
        var all = Enumerable.Range(0, log.Episodes).ToArray();
        var q = TabularQ.Stationary(log, all);
        var counts = PairCounts.Of(log, all);
        var weights = TabularModel.Weights(log, counts);
        var v = new double[counts.States];
        for (var pair = 0; pair < q.Length; pair++)
            v[pair / counts.Actions] += counts.Leaves(pair / counts.Actions) ? weights[pair] * q[pair] : q[pair] / counts.Actions;
        var visits = Visits(log, counts, weights);
        var episodes = new double[log.Episodes];
        for (var e = 0; e < episodes.Length; e++)
        {
            episodes[e] = v[log.States![log.FirstRow[e]]];
            for (var row = log.FirstRow[e]; row < log.FirstRow[e + 1]; row++)
            {
                var pair = (log.States[row] * counts.Actions) + log.Actions![row];
                var next = log.Next(e, row);
                // Steps that the counts leave out.
                if (next == FitLog.Unknown || (next >= 0 && !counts.Leaves(log.States[next])) || counts.Visits[pair] == 0)
                    continue;
                var after = next == FitLog.Ended ? 0 : v[log.States[next]];
                episodes[e] += episodes.Length * visits[pair] / counts.Visits[pair] * (log.Rewards[row] + (log.Discount * after) - q[pair]);
            }
        }

        return EpisodeStatistic.Mean(episodes);
    }

    // u(s, a): the discounted visits of an episode in the model, forwards from the starts until nothing is left to move.
    static double[] Visits(FitLog log, PairCounts counts, double[] weights)
    {
        var (now, next, states) = (new double[counts.States], new double[counts.States], new double[counts.States]);
        for (var e = 0; e < log.Episodes; e++)
            now[log.States![log.FirstRow[e]]] += 1.0 / log.Episodes;
        var transitions = counts.Transitions
            .Select(t => (From: t.Key.Pair / counts.Actions, t.Key.Next, Share: log.Discount * weights[t.Key.Pair] * t.Value / counts.Visits[t.Key.Pair]))
            .Where(t => t.Share > 0).ToArray();
        for (var left = 1.0; left > 1e-12;)
        {
            Array.Clear(next);
            foreach (var (from, to, share) in transitions)
                next[to] += share * now[from];
            for (var s = 0; s < now.Length; s++)
                states[s] += now[s];
            (now, next, left) = (next, now, next.Sum());
        }

        var visits = new double[weights.Length];
        for (var pair = 0; pair < visits.Length; pair++)
            visits[pair] = weights[pair] * states[pair / counts.Actions];
        return visits;
    }
}
