using MathNet.Numerics.LinearAlgebra.Double;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// Fitted Q evaluation in a table (Le, Voloshin and Yue 2019, "Batch policy learning under constraints", algorithm 3): q(s, a) is the mean over the steps
/// of (s, a) of r + discount v(s'), v(s) = sum_a pi_e(a|s) q(s, a).
/// </summary>
/// <remarks>
/// On to termination, the fixed point of that iteration is solved for; it is the value of the maximum-likelihood model of the counts.
/// To the end of the logged episode, each step has a table of its own, fitted backwards to the steps at that time.
/// What was never seen: an action in a known state has the state's value, v(s) then being the mean over the actions that were seen there, weighted by
/// pi_e (by their counts, where pi_e takes none of them); a state that was never left has the mean value over the training steps.
/// </remarks>
sealed class TabularQ : IValueModel
{
    const int MostStatesDense = 2000;
    const long MostWork = 200_000_000;

    public void Fit(FitLog log, IReadOnlyList<int> training, IReadOnlyList<int> scored, ValueColumns values, RandomStream random, CancellationToken cancellation)
    {
        if (log.IsFinite)
            Backward(log, training, scored, values, cancellation);
        else
            Score(log, Stationary(log, training), scored, step: null, values);
    }

    /// <summary>q of every state and action, on to termination.</summary>
    /// <param name="log">With states and discrete actions; its horizon is not looked at but by <see cref="FitLog.Next"/>.</param>
    /// <param name="training">Episodes.</param>
    /// <returns>[S * A].</returns>
    /// <exception cref="UserErrorException">No step of the episodes can be used, or the discount is 1 and the counts have a loop that never ends.</exception>
    public static double[] Stationary(FitLog log, IReadOnlyList<int> training)
    {
        var counts = PairCounts.Of(log, training);
        var (states, actions) = (counts.States, counts.Actions);
        var policy = TabularPolicyOfLog.Of(log);
        var weights = new double[states * actions];
        var rewards = new double[states];
        for (var s = 0; s < states; s++)
        {
            if (!counts.Leaves(s))
                continue;
            var first = s * actions;
            var row = weights.AsSpan(first, actions);
            PairCounts.SeenPolicy(counts.Visits.AsSpan(first, actions), policy.AsSpan(first, actions), row);
            for (var a = 0; a < actions; a++)
                rewards[s] += counts.Visits[first + a] > 0 ? row[a] * counts.Rewards[first + a] / counts.Visits[first + a] : 0;
        }

        // (s, s') -> discount sum_a w(a|s) n(s, a, s') / n(s, a).
        var next = new Dictionary<(int From, int To), double>();
        foreach (var ((pair, to), count) in counts.Transitions)
        {
            var share = log.Discount * weights[pair] * count / counts.Visits[pair];
            if (share > 0)
                next[(pair / actions, to)] = next.GetValueOrDefault((pair / actions, to)) + share;
        }

        var values = Solve(rewards, next);
        return ActionValues(log.Discount, counts, values);
    }

    static double[] ActionValues(double discount, PairCounts counts, double[] values)
    {
        var (mean, visits) = (0.0, 0.0);
        var q = new double[counts.Visits.Length];
        for (var pair = 0; pair < q.Length; pair++)
        {
            q[pair] = counts.Visits[pair] > 0 ? counts.Rewards[pair] / counts.Visits[pair] : values[pair / counts.Actions];
            (mean, visits) = (mean + (counts.Visits[pair] * values[pair / counts.Actions]), visits + counts.Visits[pair]);
        }

        if (visits == 0)
            throw EvaluateThrow.NothingToFit();
        foreach (var ((pair, to), count) in counts.Transitions)
            q[pair] += discount * count / counts.Visits[pair] * values[to];
        for (var pair = 0; pair < q.Length; pair++)
        {
            if (!counts.Leaves(pair / counts.Actions))
                q[pair] = mean / visits;
        }

        return q;
    }

    // v = r + P v: sweeps while they are cheaper than elimination.
    static double[] Solve(double[] rewards, Dictionary<(int From, int To), double> next)
    {
        var entries = next.OrderBy(e => e.Key).ToArray();
        var values = new double[rewards.Length];
        var scale = 1 + rewards.Max(Math.Abs);
        var sweeps = (int)Math.Clamp(MostWork / (entries.Length + rewards.Length), 100, 20_000);
        for (var sweep = 0; sweep < sweeps; sweep++)
        {
            var change = 0.0;
            for (int s = rewards.Length - 1, k = entries.Length - 1; s >= 0; s--)
            {
                var (sum, diagonal) = (rewards[s], 1.0);
                for (; k >= 0 && entries[k].Key.From == s; k--)
                {
                    if (entries[k].Key.To == s)
                        diagonal -= entries[k].Value;
                    else
                        sum += entries[k].Value * values[entries[k].Key.To];
                }

                if (diagonal <= 0)
                    throw EvaluateThrow.FitNeverEnds();
                var value = sum / diagonal;
                change = Math.Max(change, Math.Abs(value - values[s]));
                values[s] = value;
            }

            if (change <= 1e-14 * (scale + values.Max(Math.Abs)))
                return values;
        }

        return rewards.Length <= MostStatesDense ? Eliminate(rewards, entries) : throw EvaluateThrow.FitNeverEnds();
    }

    static double[] Eliminate(double[] rewards, KeyValuePair<(int From, int To), double>[] entries)
    {
        var matrix = DenseMatrix.CreateIdentity(rewards.Length);
        foreach (var ((from, to), value) in entries)
            matrix[from, to] -= value;
        var values = matrix.LU().Solve(DenseVector.Build.Dense(rewards)).ToArray();
        return values.All(double.IsFinite) ? values : throw EvaluateThrow.FitNeverEnds();
    }

    static void Backward(FitLog log, IReadOnlyList<int> training, IReadOnlyList<int> scored, ValueColumns values, CancellationToken cancellation)
    {
        var actions = log.ActionCount;
        var policy = TabularPolicyOfLog.Of(log);
        var length = Math.Max(training.Max(log.Length), scored.Max(log.Length));
        var (visits, sums, q) = (new double[log.StateCount * actions], new double[log.StateCount * actions], new double[log.StateCount * actions]);
        var (after, weights) = (new double[log.StateCount], new double[actions]);
        for (var t = length - 1; t >= 0; t--)
        {
            cancellation.ThrowIfCancellationRequested();
            Array.Clear(visits);
            Array.Clear(sums);
            foreach (var e in training)
            {
                var row = log.FirstRow[e] + t;
                if (t >= log.Length(e))
                    continue;
                var pair = (log.States![row] * actions) + log.Actions![row];
                var next = log.Next(e, row);
                visits[pair]++;
                sums[pair] += log.Rewards[row] + (next == FitLog.Ended ? 0 : log.Discount * after[log.States[next]]);
            }

            Table(visits, sums, policy, actions, q, after, weights);
            Score(log, q, scored, t, values);
        }
    }

    // q of one step from its counts, and v of the same step, for the step before.
    static void Table(double[] visits, double[] sums, double[] policy, int actions, double[] q, double[] v, double[] weights)
    {
        var (mean, total) = (0.0, 0.0);
        for (var s = 0; s < v.Length; s++)
        {
            var first = s * actions;
            var seen = visits.AsSpan(first, actions);
            if (!seen.ContainsAnyExcept(0.0))
                continue;
            PairCounts.SeenPolicy(seen, policy.AsSpan(first, actions), weights);
            v[s] = 0;
            for (var a = 0; a < actions; a++)
                v[s] += seen[a] > 0 ? weights[a] * sums[first + a] / seen[a] : 0;
            for (var a = 0; a < actions; a++)
            {
                q[first + a] = seen[a] > 0 ? sums[first + a] / seen[a] : v[s];
                (mean, total) = (mean + (seen[a] * v[s]), total + seen[a]);
            }
        }

        // No training episode is so long: nothing is known to be earned.
        var unseen = total > 0 ? mean / total : 0;
        for (var s = 0; s < v.Length; s++)
        {
            if (visits.AsSpan(s * actions, actions).ContainsAnyExcept(0.0))
                continue;
            v[s] = unseen;
            q.AsSpan(s * actions, actions).Fill(unseen);
        }
    }

    /// <summary>Writes the values of one step of each episode, or of all.</summary>
    public static void Score(FitLog log, double[] q, IReadOnlyList<int> scored, int? step, ValueColumns values)
    {
        foreach (var e in scored)
        {
            var (first, end) = (log.FirstRow[e] + (step ?? 0), step is null ? log.FirstRow[e + 1] : Math.Min(log.FirstRow[e] + step.Value + 1, log.FirstRow[e + 1]));
            for (var row = first; row < end; row++)
            {
                var table = q.AsSpan(log.States![row] * log.ActionCount, log.ActionCount);
                values.ActionValues[row] = table[log.Actions![row]];
                values.StateValues[row] = 0;
                var policy = log.Policy(row);
                for (var a = 0; a < table.Length; a++)
                    values.StateValues[row] += policy[a] * table[a];
            }
        }
    }
}
