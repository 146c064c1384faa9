namespace OfflineRL.Evaluate;

/// <summary>
/// Marginalized importance sampling: each step weighs by how often the policy is in its state, not by the product of ratios that led there.
/// </summary>
/// <remarks>
/// w(s) = sum_t discount^t P(s_t = s under pi_e) / d(s), d the log's share of steps in s, solves, for every f,
/// E_log[w(s) (f(s) - discount rho f(s'))] = E_start[f(s)], rho = pi_e(a|s) / pi_b(a|s): Liu, Li, Tang and Zhou 2018, "Breaking the curse of horizon";
/// with w and f both linear in <see cref="FitFeatures.State"/> the minimax problem of Uehara, Huang and Jiang 2020, "Minimax weight and Q-function
/// learning", has this closed form. Weights w(s, a) of the same features would give, algebraically, what the linear fit of q gives; they are not another witness.
/// In a table rho is scaled to a mean of 1 in each state. The value is E_log[w rho r]. The same system solved for v(s) with right-hand side E_log[phi rho r] has the same value at the start; so that
/// of an episode is written as v(s_0) plus its share of w (rho r + discount rho v(s') - v(s)), whose mean is the estimate and whose spread
/// is, to first order, that of the estimate with both fits in it.
/// </remarks>
static class MarginalizedWeights
{
    // In a table the ratios of each state are scaled to a mean of 1, as in weighted importance sampling: unscaled ones make of the log a process that gains or
    // loses episodes on the way, and over a few steps that is all that is left.
    static double[] Normalized(FitLog log, ReadOnlySpan<double> ratios)
    {
        var normalized = ratios.ToArray();
        if (log.States is not { } states)
            return normalized;
        var (sums, counts) = (new double[log.StateCount], new double[log.StateCount]);
        for (var row = 0; row < normalized.Length; row++)
            (sums[states[row]], counts[states[row]]) = (sums[states[row]] + normalized[row], counts[states[row]] + 1);
        for (var row = 0; row < normalized.Length; row++)
            normalized[row] *= sums[states[row]] > 0 ? counts[states[row]] / sums[states[row]] : 0;
        return normalized;
    }

    /// <summary>The estimate, discounted and on to termination.</summary>
    /// <param name="log">Its horizon is infinite.</param>
    /// <param name="logged">[N]: pi_e(a_t|s_t) / pi_b(a_t|s_t).</param>
    /// <param name="ridge">Of the linear system.</param>
    /// <param name="cancellation">Looked at between episodes.</param>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">Too many features, no step that can be used, or a singular system.</exception>
    public static EpisodeStatistic Estimate(FitLog log, ReadOnlySpan<double> logged, double ridge, CancellationToken cancellation)
    {
        var features = new FitFeatures(log);
        if (features.StateSize > LinearQ.MostFeatures)
            throw EvaluateThrow.TooManyFeatures("mis", features.StateSize, LinearQ.MostFeatures);
        var ratios = Normalized(log, logged);
        var system = new LeastSquares(features.StateSize);
        var (phi, psi, starts) = (new double[features.StateSize], new double[features.StateSize], new double[features.StateSize]);
        for (var e = 0; e < log.Episodes; e++)
        {
            cancellation.ThrowIfCancellationRequested();
            features.State(log.FirstRow[e], phi);
            for (var i = 0; i < phi.Length; i++)
                starts[i] += phi[i] / log.Episodes;
            for (var row = log.FirstRow[e]; row < log.FirstRow[e + 1]; row++)
            {
                if (Features(log, features, e, row, phi, psi))
                    system.Add(phi, psi, log.Discount * ratios[row], ratios[row] * log.Rewards[row]);
            }
        }

        if (system.Rows == 0)
            throw EvaluateThrow.NothingToFit();
        var values = system.Solve(ridge);
        var weights = system.SolveTransposed(ridge, Array.ConvertAll(starts, x => x * system.Rows));
        var episodes = new double[log.Episodes];
        for (var e = 0; e < log.Episodes; e++)
        {
            features.State(log.FirstRow[e], phi);
            episodes[e] = LinearQ.Dot(values, phi);
            for (var row = log.FirstRow[e]; row < log.FirstRow[e + 1]; row++)
            {
                if (!Features(log, features, e, row, phi, psi))
                    continue;
                // A ratio that is scaled to a mean of 1 does not vary in that mean.
                var error = (ratios[row] * (log.Rewards[row] + (log.Discount * LinearQ.Dot(values, psi)))) - ((log.States is null ? 1 : ratios[row]) * LinearQ.Dot(values, phi));
                episodes[e] += LinearQ.Dot(weights, phi) * error * log.Episodes / system.Rows;
            }
        }

        return EpisodeStatistic.Mean(episodes);
    }

    // phi(s) and phi(s'), zeros where the episode ended; false where nothing is known of s'.
    static bool Features(FitLog log, FitFeatures features, int episode, int row, double[] phi, double[] psi)
    {
        var next = log.Next(episode, row);
        if (next == FitLog.Unknown)
            return false;
        features.State(row, phi);
        if (next == FitLog.Ended)
            Array.Clear(psi);
        else
            features.State(next, psi);
        return true;
    }
}
