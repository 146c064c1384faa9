namespace OfflineRL.Evaluate;

/// <summary>Every interval of one estimate, each with what it rests on.</summary>
/// <param name="statistic">The estimate.</param>
/// <param name="replicates">[resamples], of the bootstrap.</param>
/// <param name="range">Largest minus smallest value that an episode's term can have, as far as the log shows; NaN on overflow.</param>
/// <param name="held">What resamples hold at its value on the log, such as "lambda"; empty: nothing.</param>
sealed class EstimateIntervals(EpisodeStatistic statistic, double[] replicates, double range, string held)
{
    public Interval Of(IntervalMethod method, double confidence)
    {
        if (!double.IsFinite(statistic.Value) || statistic.Episodes < 2)
            return Interval.None;
        return method switch
        {
            IntervalMethod.BootstrapPercentile => Bootstrap.Percentile(replicates, confidence),
            IntervalMethod.BootstrapBca => Bootstrap.BiasCorrected(replicates, statistic.Value, statistic.Influence(), confidence),
            IntervalMethod.StudentT => MeanIntervals.StudentT(statistic, confidence),
            IntervalMethod.EmpiricalBernstein => MeanIntervals.EmpiricalBernstein(statistic, range, confidence),
            _ => MeanIntervals.Hoeffding(statistic, range, confidence),
        };
    }

    /// <summary>In words.</summary>
    public string Assumption(IntervalMethod method)
    {
        var text = method switch
        {
            IntervalMethod.BootstrapPercentile => "independent episodes; the log's own spread is the estimate's: no heavier episode than those seen",
            IntervalMethod.BootstrapBca => "independent episodes; no heavier episode than those seen; corrects bias and skew",
            IntervalMethod.StudentT => "independent episodes; so many effective ones that the estimate is normal" + (statistic.Terms is null ? "; error of the ratio linearised" : ""),
            _ when statistic.Terms is null => "none: not a mean of independent terms",
            _ => FormattableString.Invariant($"independent episodes; an episode's term spans at most {range:g4} (the largest weight seen times the span of returns seen, or the span of terms seen): a larger one that was not seen voids the bound"),
        };
        return held.Length > 0 && !text.StartsWith("none", StringComparison.Ordinal) ? $"{text}; {held} held at the log's" : text;
    }

    /// <summary>The largest weight times the span of the returns and 0, or the span of the terms seen, whichever is larger; NaN where there are no terms.</summary>
    public static double Range(EpisodeStatistic statistic, LoggedEpisodes? weighted, double discount)
    {
        if (statistic.Terms is not { } terms)
            return double.NaN;
        var seen = terms.Max() - terms.Min();
        if (weighted is null)
            return seen;
        var (low, high, weight) = (0.0, 0.0, 0.0);
        for (var i = 0; i < weighted.Count; i++)
        {
            var total = weighted.Return(i, discount);
            (low, high, weight) = (Math.Min(low, total), Math.Max(high, total), Math.Max(weight, Math.Exp(weighted.FinalLogWeight(i))));
        }

        return Math.Max(seen, weight * (high - low));
    }
}
