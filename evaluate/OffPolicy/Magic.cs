using MathNet.Numerics.LinearAlgebra;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// MAGIC (Thomas and Brunskill 2016, "Data-efficient off-policy policy evaluation for reinforcement learning", section 6):
/// a blend of returns that follow the weighted doubly robust estimate for j steps and the values from there on.
/// </summary>
/// <remarks>
/// g_j = mean_i v_i0 + sum_(t &lt;= j) N_t / D_t, with N_t = sum_i rho_it g^t [r_it + g v_i(t+1) - q_it] and D_t = sum_i rho_it, finished
/// episodes included: j = -1 is the direct method, j = T - 1 is WDR. The blend x on the simplex minimises x' (Omega + b b') x:
/// Omega the covariance of g over episodes, b_j the distance of g_j from the 90 % percentile bootstrap interval of WDR.
/// </remarks>
public static class Magic
{
    // Blends of more returns than these change nothing and cost their square; they are spread evenly, both ends among them.
    internal const int MostReturns = 200;

    // Of the inner bootstrap.
    const int Resamples = 200;

    /// <summary>The estimate. In resamples the blend is held at that of the log.</summary>
    /// <param name="episodes">E episodes, N steps.</param>
    /// <param name="values">[N] of each.</param>
    /// <param name="discount">g in [0, 1].</param>
    /// <param name="random">For the inner bootstrap alone.</param>
    public static EpisodeStatistic Estimate(LoggedEpisodes episodes, ValueColumns values, double discount, RandomStream random)
    {
        var full = DoublyRobustEstimators.WeightedDoublyRobust(episodes, values, discount);
        if (!double.IsFinite(full.Value) || episodes.Count < 2)
            return full;
        var replicates = Bootstrap.OverEpisodes([full], Resamples, random)[0];
        var interval = Bootstrap.Percentile(replicates, 0.9);
        // Within the interval lies the estimate itself, so WDR is never called biased.
        return Blend(episodes, values, discount, new(Math.Min(interval.Low, full.Value), Math.Max(interval.High, full.Value)));
    }

    /// <summary>As <see cref="Estimate"/>, with the interval of WDR given.</summary>
    internal static EpisodeStatistic Blend(LoggedEpisodes episodes, ValueColumns values, double discount, Interval unbiased)
    {
        var terms = StepTerms.Corrections(episodes, values, discount);
        var start = StepTerms.StartValues(episodes, values);
        var steps = Steps(episodes.MaxLength);
        var (returns, covariance) = Returns(episodes, terms, start, steps);
        var bias = returns.Select(g => double.IsFinite(unbiased.Low) ? Math.Max(0, Math.Max(unbiased.Low - g, g - unbiased.High)) : 0).ToArray();
        var blend = Simplex.Minimize(covariance + (Vector<double>.Build.Dense(bias).ToColumnMatrix() * Vector<double>.Build.Dense(bias).ToRowMatrix()));

        // Step t counts in every return that goes at least so far.
        var share = new double[episodes.MaxLength];
        for (var k = 0; k < steps.Length; k++)
        {
            for (var t = 0; t <= steps[k]; t++)
                share[t] += blend[k];
        }

        for (var i = 0; i < episodes.Count; i++)
        {
            for (var row = episodes.FirstRow[i]; row < episodes.FirstRow[i + 1]; row++)
                terms[row] *= share[row - episodes.FirstRow[i]];
        }

        return StepTerms.Normalized(episodes, terms, start);
    }

    /// <summary>Rising values of j, from -1 to T - 1.</summary>
    internal static int[] Steps(int length)
    {
        var count = Math.Min(length + 1, MostReturns);
        return Enumerable.Range(0, count).Select(k => (int)((long)k * length / (count - 1)) - 1).ToArray();
    }

    /// <summary>The returns g_j and the covariance of their means over episodes, n / (n - 1) sum_i (g_ij - mean)(g_ik - mean), where sum_i g_ij = g_j.</summary>
    internal static (double[] Returns, Matrix<double> Covariance) Returns(LoggedEpisodes episodes, ReadOnlySpan<double> terms, double[] start, int[] steps)
    {
        var (n, logTotals) = (episodes.Count, episodes.StepWeights.LogTotals);
        var contributions = Matrix<double>.Build.Dense(n, steps.Length);
        var returns = new double[steps.Length];
        for (var i = 0; i < n; i++)
        {
            var (sum, t) = (start[i] / n, 0);
            for (var k = 0; k < steps.Length; k++)
            {
                for (; t <= steps[k] && t < episodes.Length(i); t++)
                {
                    var row = episodes.FirstRow[i] + t;
                    sum += StepTerms.Weighted(episodes.LogWeights[row] - logTotals[t], terms[row]);
                }

                contributions[i, k] = sum;
                returns[k] += sum;
            }
        }

        for (var k = 0; k < steps.Length; k++)
        {
            for (var i = 0; i < n; i++)
                contributions[i, k] -= returns[k] / n;
        }

        return (returns, contributions.TransposeThisAndMultiply(contributions) * ((double)n / (n - 1)));
    }
}
