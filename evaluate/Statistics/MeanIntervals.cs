namespace OfflineRL.Evaluate;

/// <summary>Two-sided intervals of a mean over episodes that need no resampling; each end errs with half of what the confidence leaves.</summary>
/// <remarks>All are NaN for fewer than two episodes.</remarks>
static class MeanIntervals
{
    /// <summary>value -+ t_(n-1) standard errors; of a ratio the error is the linearised one (delta method).</summary>
    public static Interval StudentT(EpisodeStatistic statistic, double confidence)
    {
        if (statistic.Episodes < 2)
            return Interval.None;
        var half = MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, statistic.Episodes - 1, (1 + confidence) / 2) * statistic.StandardError();
        return new(statistic.Value - half, statistic.Value + half);
    }

    /// <summary>mean -+ range sqrt(ln(1 / delta) / (2 n)), delta = (1 - confidence) / 2 (Hoeffding 1963; Thomas et al. 2015).</summary>
    /// <param name="mean">Of independent terms.</param>
    /// <param name="range">Largest minus smallest value that a term can have.</param>
    /// <param name="confidence">In (0, 1).</param>
    public static Interval Hoeffding(EpisodeStatistic mean, double range, double confidence)
    {
        if (mean.Terms is null || mean.Episodes < 2)
            return Interval.None;
        var half = range * Math.Sqrt(Math.Log(2 / (1 - confidence)) / (2.0 * mean.Episodes));
        return new(mean.Value - half, mean.Value + half);
    }

    /// <summary>
    /// mean -+ [sqrt(2 V ln(2 / delta) / n) + 7 range ln(2 / delta) / (3 (n - 1))], V the sample variance, delta = (1 - confidence) / 2
    /// (Maurer and Pontil 2009, "Empirical Bernstein bounds and sample variance penalization", theorem 4).
    /// </summary>
    /// <param name="mean">Of independent terms.</param>
    /// <param name="range">Largest minus smallest value that a term can have.</param>
    /// <param name="confidence">In (0, 1).</param>
    public static Interval EmpiricalBernstein(EpisodeStatistic mean, double range, double confidence)
    {
        if (mean.Terms is null || mean.Episodes < 2)
            return Interval.None;
        var log = Math.Log(4 / (1 - confidence));
        var half = (mean.StandardError() * Math.Sqrt(2 * log)) + (7 * range * log / (3.0 * (mean.Episodes - 1)));
        return new(mean.Value - half, mean.Value + half);
    }
}
