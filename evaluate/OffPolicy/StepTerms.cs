namespace OfflineRL.Evaluate;

/// <summary>Terms of single steps, and the two ways in which estimators weigh and add them.</summary>
static class StepTerms
{
    /// <summary>[N], g^t r_t.</summary>
    public static double[] Rewards(LoggedEpisodes episodes, double discount)
    {
        var terms = new double[episodes.Steps];
        for (var i = 0; i < episodes.Count; i++)
        {
            var factor = 1.0;
            for (var row = episodes.FirstRow[i]; row < episodes.FirstRow[i + 1]; row++, factor *= discount)
                terms[row] = factor * episodes.Rewards[row];
        }

        return terms;
    }

    /// <summary>
    /// [N], g^t [r_t + g v_(t+1) - q_t], with v = 0 after an episode's last step: what rho_t weighs in a doubly robust
    /// estimate, whose sum over steps regroups as v_0 + sum_t rho_t g^t [r_t + g v_(t+1) - q_t].
    /// </summary>
    public static double[] Corrections(LoggedEpisodes episodes, ValueColumns values, double discount)
    {
        values.RequireFit(episodes.Steps);
        var terms = new double[episodes.Steps];
        for (var i = 0; i < episodes.Count; i++)
        {
            var (factor, end) = (1.0, episodes.FirstRow[i + 1]);
            for (var row = episodes.FirstRow[i]; row < end; row++, factor *= discount)
            {
                var next = row + 1 < end ? discount * values.StateValues[row + 1] : 0;
                terms[row] = factor * (episodes.Rewards[row] - values.ActionValues[row] + next);
            }
        }

        return terms;
    }

    /// <summary>[E], v(s_i0).</summary>
    public static double[] StartValues(LoggedEpisodes episodes, ValueColumns values)
    {
        values.RequireFit(episodes.Steps);
        var start = new double[episodes.Count];
        for (var i = 0; i < start.Length; i++)
            start[i] = values.StateValues[episodes.FirstRow[i]];
        return start;
    }

    /// <summary>[E], sum_t rho_it term_it.</summary>
    public static double[] Weighted(LoggedEpisodes episodes, ReadOnlySpan<double> terms)
    {
        var sums = new double[episodes.Count];
        for (var i = 0; i < sums.Length; i++)
        {
            for (var row = episodes.FirstRow[i]; row < episodes.FirstRow[i + 1]; row++)
                sums[i] += Weighted(episodes.LogWeights[row], terms[row]);
        }

        return sums;
    }

    /// <summary>A weight of 0 times a return is 0, and an overflowing weight times a return of 0 is 0 too: not NaN.</summary>
    public static double Weighted(double logWeight, double value) => value == 0 ? 0 : Math.Exp(logWeight) * value;

    /// <summary>mean_i offset_i + sum_t sum_i rho_it term_it / sum_i rho_it, where a finished episode keeps its last weight in every later sum below.</summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="terms">[N].</param>
    /// <param name="offsets">[E]; null: zeros.</param>
    public static EpisodeStatistic Normalized(LoggedEpisodes episodes, ReadOnlySpan<double> terms, double[]? offsets = null)
    {
        var weights = episodes.StepWeights;
        var numerators = new double[episodes.Steps];
        for (var row = 0; row < numerators.Length; row++)
            numerators[row] = weights.Scaled[row] * terms[row];
        return EpisodeStatistic.AbsorbingSum(episodes.FirstRows, numerators, weights.Scaled, weights.Carry, offsets);
    }
}
