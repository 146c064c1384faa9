namespace OfflineRL.Evaluate;

/// <summary>The weights of all steps, each step's on its own scale, so that they fit into a double however long the episodes are.</summary>
/// <param name="Scaled">[N], rho_it exp(-s_t): the largest of each step is 1, finished episodes included.</param>
/// <param name="Carry">[T], exp(s_(t-1) - s_t), what carries a finished episode's weight to the next step's scale; [0] is unused.</param>
/// <param name="LogTotals">[T], log sum_i rho_it, finished episodes included; -infinity where all weights are 0.</param>
sealed record StepWeights(double[] Scaled, double[] Carry, double[] LogTotals)
{
    public static StepWeights Of(LoggedEpisodes episodes)
    {
        var scale = Scales(episodes);
        var carry = new double[scale.Length];
        for (var t = 1; t < carry.Length; t++)
            carry[t] = double.IsNegativeInfinity(scale[t]) ? 0 : Math.Exp(scale[t - 1] - scale[t]);

        var scaled = new double[episodes.Steps];
        var (totals, finished) = (new double[scale.Length], new double[scale.Length]);
        for (var i = 0; i < episodes.Count; i++)
        {
            var first = episodes.FirstRow[i];
            for (var row = first; row < episodes.FirstRow[i + 1]; row++)
            {
                var logWeight = episodes.LogWeights[row];
                scaled[row] = double.IsNegativeInfinity(logWeight) ? 0 : Math.Exp(logWeight - scale[row - first]);
                totals[row - first] += scaled[row];
            }

            finished[episodes.Length(i) - 1] += scaled[episodes.FirstRow[i + 1] - 1];
        }

        var absorbed = 0.0;
        for (var t = 0; t < totals.Length; t++)
        {
            absorbed = t == 0 ? 0 : (absorbed + finished[t - 1]) * carry[t];
            totals[t] = Math.Log(totals[t] + absorbed) + scale[t];
        }

        return new StepWeights(scaled, carry, totals);
    }

    /// <summary>[T], the largest log weight at each step, finished episodes included; -infinity where all weights are 0.</summary>
    static double[] Scales(LoggedEpisodes episodes)
    {
        var running = new double[episodes.MaxLength];
        var finished = new double[episodes.MaxLength];
        Array.Fill(running, double.NegativeInfinity);
        Array.Fill(finished, double.NegativeInfinity);
        for (var i = 0; i < episodes.Count; i++)
        {
            for (var row = episodes.FirstRow[i]; row < episodes.FirstRow[i + 1]; row++)
            {
                var t = row - episodes.FirstRow[i];
                running[t] = Math.Max(running[t], episodes.LogWeights[row]);
            }

            var last = episodes.Length(i) - 1;
            finished[last] = Math.Max(finished[last], episodes.FinalLogWeight(i));
        }

        var absorbed = double.NegativeInfinity;
        for (var t = 0; t < running.Length; t++)
        {
            running[t] = Math.Max(running[t], absorbed);
            absorbed = Math.Max(absorbed, finished[t]);
        }

        return running;
    }
}
