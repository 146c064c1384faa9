namespace OfflineRL.Evaluate;

/// <summary>One interval of one estimate: a row of <c>intervals.csv</c> and <c>intervals.parquet</c>.</summary>
public sealed record IntervalRow
{
    public required string Policy { get; init; }

    public long? Seed { get; init; }

    public int? Step { get; init; }

    public required string Estimator { get; init; }

    /// <summary><c>bootstrap_percentile</c>, <c>bootstrap_bca</c>, <c>student_t</c>, <c>empirical_bernstein</c> or <c>hoeffding</c>.</summary>
    public required string Method { get; init; }

    /// <summary>Null where the method gives none for this estimator.</summary>
    public double? Low { get; init; }

    public double? High { get; init; }

    /// <summary>What it rests on, in words.</summary>
    public required string Assumption { get; init; }
}

/// <summary>What decides whether to believe the estimates of a policy: a row of <c>diagnostics.csv</c> and <c>diagnostics.parquet</c>.</summary>
public sealed record DiagnosticRow
{
    public required string Policy { get; init; }

    public long? Seed { get; init; }

    public int? Step { get; init; }

    public required int Episodes { get; init; }

    /// <summary>(sum w)^2 / sum w^2; null where the log or the policy has no propensities.</summary>
    public double? EffectiveSampleSize { get; init; }

    /// <summary>The shape k of the Pareto tail of the weights; above 0.7 they are too heavy. Null where the tail is too short or flat.</summary>
    public double? ParetoK { get; init; }

    /// <summary>Mean over steps of sum_a min(pi_e, pi_b), in [0, 1]; null where the log has no whole distributions.</summary>
    public double? Overlap { get; init; }

    /// <summary>Share of steps where that is below a tenth.</summary>
    public double? LowOverlapSteps { get; init; }

    /// <summary>Mean probability of actions that the behavior policy never takes.</summary>
    public double? UnsupportedMass { get; init; }

    /// <summary>The smallest and the largest estimate.</summary>
    public double? LowestEstimate { get; init; }

    public double? HighestEstimate { get; init; }

    /// <summary>Pairs of estimators whose intervals do not meet; empty: all agree.</summary>
    public required string Disagreement { get; init; }

    /// <summary>The behavior policy's mean return in the log.</summary>
    public required double BehaviorReturn { get; init; }

    /// <summary>Its value by importance sampling on its own log; null where the log has no whole distributions.</summary>
    public double? BehaviorEstimate { get; init; }

    /// <summary>What comparing the two, and the logged probabilities, found.</summary>
    public required string BehaviorCheck { get; init; }

    /// <summary>WIS, and without the 1, 5 and 10 heaviest episodes; null where no weight remains.</summary>
    public double? Wis { get; init; }

    public double? WisWithoutHeaviest { get; init; }

    public double? WisWithoutHeaviest5 { get; init; }

    public double? WisWithoutHeaviest10 { get; init; }

    /// <summary>What all of this means, in words.</summary>
    public required string Verdict { get; init; }
}

/// <summary>A bar of the histogram of whole-episode weights: a row of <c>weights.csv</c> and <c>weights.parquet</c>.</summary>
public sealed record WeightBarRow
{
    public required string Policy { get; init; }

    public long? Seed { get; init; }

    public int? Step { get; init; }

    /// <summary>Ends of the bar, log10 of the weight; null in the row that counts weights of 0.</summary>
    public double? Low { get; init; }

    public double? High { get; init; }

    public required int Count { get; init; }
}

/// <summary>A measure of the distribution of returns: a row of <c>returns.csv</c> and <c>returns.parquet</c>.</summary>
public sealed record ReturnRow
{
    public required string Policy { get; init; }

    public long? Seed { get; init; }

    public int? Step { get; init; }

    /// <summary><c>quantile</c>, or <c>cvar</c>: the mean of the worst share of returns.</summary>
    public required string Measure { get; init; }

    /// <summary>In (0, 1): of the quantile, or the share.</summary>
    public required double Level { get; init; }

    /// <summary>Null where no episode has a weight.</summary>
    public double? Value { get; init; }

    /// <summary>Percentile bootstrap interval over episodes.</summary>
    public double? Low { get; init; }

    public double? High { get; init; }
}
