namespace OfflineRL.Evaluate;

/// <summary>One estimate of a policy's return from a log: a row of <c>estimates.csv</c> and <c>estimates.parquet</c>.</summary>
public sealed record EstimateRow
{
    /// <summary>Such as <c>dqn</c>; <c>builtin</c>; <c>columns</c> for a policy stored with the log.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The run with its options, the built-in policy, or the columns.</summary>
    public required string Policy { get; init; }

    /// <summary>The training seed; null where there was no training.</summary>
    public long? Seed { get; init; }

    /// <summary>Training steps behind the policy; null where there was no training.</summary>
    public int? Step { get; init; }

    /// <summary><c>NAME-vN</c>.</summary>
    public required string Dataset { get; init; }

    /// <summary>The part of the split; <c>all</c> for the whole dataset.</summary>
    public required string Split { get; init; }

    /// <summary>As the config names it, such as <c>pdis</c> or <c>switch_dr?lambda=5</c>.</summary>
    public required string Estimator { get; init; }

    /// <summary>What value is estimated: <c>finite_horizon</c>, <c>discounted</c> or <c>single_decision</c>.</summary>
    public required string Target { get; init; }

    /// <summary>Where q and v come from: <c>none</c>, <c>columns</c>, <c>tabular</c>, <c>linear</c>, <c>deep</c> or <c>model</c>; with <c> (same log)</c> where they were fitted on the episodes they are used on.</summary>
    public required string ValueModel { get; init; }

    /// <summary>The lambda of an estimator that has one, given or tuned.</summary>
    public double? Lambda { get; init; }

    /// <summary>The estimated mean discounted return; null where every weight in a denominator is 0, or on overflow.</summary>
    public double? Estimate { get; init; }

    /// <summary>Ends of the interval over episodes; null where there is none.</summary>
    public double? Low { get; init; }

    public double? High { get; init; }

    /// <summary>How the interval was made: <c>bootstrap_percentile</c>, <c>bootstrap_bca</c>, <c>student_t</c>, <c>empirical_bernstein</c> or <c>hoeffding</c>.</summary>
    public required string Interval { get; init; }

    /// <summary>What the interval rests on, in words.</summary>
    public required string IntervalAssumption { get; init; }

    /// <summary>From the influence function; for IS and PDIS the usual one of a mean.</summary>
    public double? StandardError { get; init; }

    /// <summary>The share of resamples in which the estimator is undefined.</summary>
    public required double UndefinedResamples { get; init; }

    /// <summary>What the policy that logged got, with the same discount.</summary>
    public required double BehaviorReturn { get; init; }

    public required double Discount { get; init; }

    public required int Episodes { get; init; }

    public required int Steps { get; init; }

    /// <summary>Of the whole-episode weights: (sum w)^2 / sum w^2; null where the log has no propensities.</summary>
    public double? EffectiveSampleSize { get; init; }

    /// <summary>1 in expectation; null on overflow.</summary>
    public double? MeanWeight { get; init; }

    /// <summary>Null on overflow.</summary>
    public double? MaxWeight { get; init; }

    /// <summary>The heaviest episode's share of all weight.</summary>
    public double? TopEpisodeShare { get; init; }

    /// <summary>The heaviest tenth's share of all weight.</summary>
    public double? TopTenPercentShare { get; init; }

    /// <summary>Episodes that the policy could not have produced.</summary>
    public int? ZeroWeightEpisodes { get; init; }

    /// <summary>Steps whose logged action the policy never takes.</summary>
    public int? ZeroRatioSteps { get; init; }

    /// <summary>Steps where the policy may act as the behavior policy never does; null where the log has no whole distributions.</summary>
    public long? UnsupportedSteps { get; init; }

    /// <summary>The policy's mean probability of such actions over all steps: no estimator can see what they lead to.</summary>
    public double? UnsupportedMass { get; init; }

    /// <summary><c>logged</c> or <c>estimated</c>: where the behavior probabilities come from; <c>none needed</c> for an estimator that uses none.</summary>
    public required string Propensities { get; init; }

    /// <summary>Whether to trust it, in words.</summary>
    public required string Verdict { get; init; }
}
