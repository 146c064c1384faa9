using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// What a policy deployed after n online trials would score, simulated from rolled-out episodes: a trial runs one policy, and afterwards the one with the
/// highest mean return seen so far is deployed.
/// </summary>
/// <remarks>
/// Uniform choice: Kurenkov and Kolesnikov 2022, "Showing your offline reinforcement learning work: online evaluation budget matters". The bandit:
/// Jackson et al. 2025, "A clean slate for offline reinforcement learning" (Unifloral), section on evaluation, with UCB1 (Auer et al. 2002).
/// Episodes are drawn with replacement from those that were rolled out, and a policy's true value is their mean.
/// </remarks>
static class OnlineTrials
{
    /// <summary>Tries policies one after the other in an order, from the start again when all were tried.</summary>
    /// <param name="returns">[policies][episodes].</param>
    /// <param name="order">Indices of policies, the first to be tried first; null: another random order in each simulation.</param>
    /// <param name="trials">The most.</param>
    /// <param name="trialEpisodes">Episodes a trial.</param>
    /// <param name="simulations">How many.</param>
    /// <param name="stream">Simulation s draws from child s of it.</param>
    /// <returns>[trials][simulations]: the true value of what is deployed.</returns>
    public static double[][] InOrder(double[][] returns, int[]? order, int trials, int trialEpisodes, int simulations, RandomStream stream) =>
        Simulate(returns, trials, trialEpisodes, simulations, stream, draw =>
        {
            var tried = order ?? Shuffled(returns.Length, draw);
            return (_, _, t) => tried[t % tried.Length];
        });

    /// <summary>
    /// Each policy once in a random order, then the one with the highest mean + sqrt(2 ln t / pulls), the returns scaled so that all of them
    /// lie in [0, 1].
    /// </summary>
    /// <param name="returns">[policies][episodes].</param>
    /// <param name="trials">The most.</param>
    /// <param name="trialEpisodes">Episodes a trial.</param>
    /// <param name="simulations">How many.</param>
    /// <param name="stream">Simulation s draws from child s of it.</param>
    /// <returns>[trials][simulations]: the true value of what is deployed.</returns>
    public static double[][] Bandit(double[][] returns, int trials, int trialEpisodes, int simulations, RandomStream stream)
    {
        var range = returns.Max(r => r.Max()) - returns.Min(r => r.Min());
        return Simulate(returns, trials, trialEpisodes, simulations, stream, draw =>
        {
            var first = Shuffled(returns.Length, draw);
            return (means, pulls, t) =>
            {
                if (t < first.Length)
                    return first[t];
                var best = 0;
                for (var i = 1; i < means.Length; i++)
                {
                    if (Bound(i) > Bound(best))
                        best = i;
                }

                return best;

                double Bound(int i) => means[i] + (range * Math.Sqrt(2 * Math.Log(t) / pulls[i]));
            };
        });
    }

    /// <summary>E of the largest of k values drawn without replacement, for k from 1 to all: what trials without noise would find.</summary>
    /// <param name="values">[N].</param>
    public static double[] ExpectedMaximum(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var n = sorted.Length;
        return Enumerable.Range(1, n).Select(k =>
        {
            // P(the i-th smallest is the largest of k) = C(i - 1, k - 1) / C(n, k), from the largest down.
            var (sum, probability) = (0.0, k / (double)n);
            for (var i = n; i >= k; i--)
            {
                sum += probability * sorted[i - 1];
                probability *= (i - k) / (double)Math.Max(1, i - 1);
            }

            return sum;
        }).ToArray();
    }

    static double[][] Simulate(double[][] returns, int trials, int trialEpisodes, int simulations, RandomStream stream, Func<RandomStream, Func<double[], int[], int, int>> strategy)
    {
        var values = returns.Select(r => r.Average()).ToArray();
        var deployed = Enumerable.Range(0, trials).Select(_ => new double[simulations]).ToArray();
        var (sums, means, pulls) = (new double[values.Length], new double[values.Length], new int[values.Length]);
        for (var s = 0; s < simulations; s++)
        {
            var draw = stream.Derive((ulong)s);
            Array.Clear(sums);
            Array.Clear(pulls);
            Array.Fill(means, double.NegativeInfinity);
            var next = strategy(draw);
            var best = -1;
            for (var t = 0; t < trials; t++)
            {
                var i = next(means, pulls, t);
                var sum = 0.0;
                for (var e = 0; e < trialEpisodes; e++)
                    sum += returns[i][draw.NextInt(returns[i].Length)];
                sums[i] += sum / trialEpisodes;
                means[i] = sums[i] / ++pulls[i];
                best = Best(means, best);
                deployed[t][s] = values[best];
            }
        }

        return deployed;
    }

    // Of equal means the one that was best before, which of equals is the one tried first.
    static int Best(double[] means, int before)
    {
        var best = before;
        for (var i = 0; i < means.Length; i++)
        {
            if (best < 0 || means[i] > means[best])
                best = i;
        }

        return best;
    }

    static int[] Shuffled(int count, RandomStream draw)
    {
        var order = Enumerable.Range(0, count).ToArray();
        draw.Shuffle<int>(order);
        return order;
    }
}
