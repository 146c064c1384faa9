using MathNet.Numerics.Distributions;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Bootstrap intervals (Efron and Tibshirani 1993, chapters 13 and 14). The generator is an argument: the same stream gives the same digits.</summary>
public static class Bootstrap
{
    /// <summary>Resamples whole episodes with replacement; every statistic sees the same resamples.</summary>
    /// <param name="statistics">All of the same episodes.</param>
    /// <param name="resamples">How many.</param>
    /// <param name="stream">Resample b draws from child b of it.</param>
    /// <param name="cancellation">Looked at now and then.</param>
    /// <returns>One array [resamples] for each statistic; NaN where a resample leaves it undefined.</returns>
    public static double[][] OverEpisodes(IReadOnlyList<EpisodeStatistic> statistics, int resamples, RandomStream stream, CancellationToken cancellation = default)
    {
        return new EpisodeResamples(statistics).Draw(resamples, stream, cancellation);
    }

    /// <summary>
    /// Resamples units within each stratum, never across: seeds within tasks where every task has its own training runs
    /// (Agarwal et al. 2021, section 4.1), episodes within tasks for one policy.
    /// </summary>
    /// <param name="scores">[strata][units]; the units of different strata are independent.</param>
    /// <param name="statistic">Of such scores.</param>
    /// <param name="resamples">How many.</param>
    /// <param name="stream">Resample b draws from child b of it.</param>
    /// <param name="cancellation">Looked at before every resample.</param>
    public static double[] Stratified(IReadOnlyList<double[]> scores, Func<IReadOnlyList<double[]>, double> statistic, int resamples, RandomStream stream, CancellationToken cancellation = default)
    {
        var replicates = new double[resamples];
        var resample = scores.Select(stratum => new double[stratum.Length]).ToArray();
        for (var b = 0; b < resamples; b++)
        {
            cancellation.ThrowIfCancellationRequested();
            var draw = stream.Derive((ulong)b);
            for (var stratum = 0; stratum < resample.Length; stratum++)
            {
                for (var i = 0; i < resample[stratum].Length; i++)
                    resample[stratum][i] = scores[stratum][draw.NextInt(resample[stratum].Length)];
            }

            replicates[b] = statistic(resample);
        }

        return replicates;
    }

    /// <summary>The central quantiles of the replicates; undefined ones (NaN) are left out, and none is given where more than a tenth is.</summary>
    /// <param name="replicates">At least one.</param>
    /// <param name="confidence">In (0, 1), for example 0.95.</param>
    public static Interval Percentile(ReadOnlySpan<double> replicates, double confidence) =>
        Between(replicates, (1 - confidence) / 2, (1 + confidence) / 2);

    /// <summary>The BCa interval (Efron 1987).</summary>
    /// <param name="replicates">At least one.</param>
    /// <param name="estimate">The statistic of the sample itself.</param>
    /// <param name="influence">[E], <see cref="EpisodeStatistic.Influence"/>; its skew is the acceleration.</param>
    /// <param name="confidence">In (0, 1).</param>
    public static Interval BiasCorrected(ReadOnlySpan<double> replicates, double estimate, ReadOnlySpan<double> influence, double confidence)
    {
        var (below, defined) = (0.0, 0);
        foreach (var replicate in replicates)
        {
            if (double.IsNaN(replicate))
                continue;
            defined++;
            // Half of the ties, so that a statistic with few values is not called biased.
            below += replicate < estimate ? 1 : replicate == estimate ? 0.5 : 0;
        }

        // All replicates on one side: the bias cannot be corrected, and the quantiles are all there is.
        if (defined == 0 || below == 0 || below == defined)
            return Percentile(replicates, confidence);

        var (squares, cubes) = (0.0, 0.0);
        foreach (var u in influence)
        {
            squares += u * u;
            cubes += u * u * u;
        }

        var bias = Normal.InvCDF(0, 1, below / defined);
        var acceleration = squares > 0 ? cubes / (6 * Math.Pow(squares, 1.5)) : 0;
        return Between(replicates, Level((1 - confidence) / 2), Level((1 + confidence) / 2));

        double Level(double probability)
        {
            var z = bias + Normal.InvCDF(0, 1, probability);
            return Normal.CDF(0, 1, bias + (z / (1 - (acceleration * z))));
        }
    }

    static Interval Between(ReadOnlySpan<double> replicates, double low, double high)
    {
        var sorted = new double[replicates.Length];
        var count = 0;
        foreach (var replicate in replicates)
        {
            if (!double.IsNaN(replicate))
                sorted[count++] = replicate;
        }

        if (count == 0 || count < 0.9 * replicates.Length)
            return Interval.None;
        var defined = sorted.AsSpan(0, count);
        defined.Sort();
        return new Interval(ScoreStatistics.Quantile(defined, low), ScoreStatistics.Quantile(defined, high));
    }
}
