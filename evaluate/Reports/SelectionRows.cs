namespace OfflineRL.Evaluate;

/// <summary>A policy's place by one estimator: a row of <c>ranking.csv</c> and <c>ranking.parquet</c>.</summary>
public sealed record RankingRow
{
    public required string Estimator { get; init; }

    /// <summary><c>none</c> where the estimator needs no values.</summary>
    public required string ValueModel { get; init; }

    /// <summary><c>lower_bound</c> or <c>estimate</c>.</summary>
    public required string Criterion { get; init; }

    /// <summary>From 1, the highest first; null where there is nothing to rank it by.</summary>
    public int? Rank { get; init; }

    public required string Algorithm { get; init; }

    public required string Policy { get; init; }

    public long? Seed { get; init; }

    public int? Step { get; init; }

    public double? Estimate { get; init; }

    public double? Low { get; init; }

    public double? High { get; init; }

    public double? EffectiveSampleSize { get; init; }

    /// <summary>Of the estimate, from the report it comes from.</summary>
    public required string Verdict { get; init; }

    /// <summary>Mean return of its rollouts; null where they are not known.</summary>
    public double? Truth { get; init; }

    public double? TruthStandardError { get; init; }

    /// <summary>From 1, the highest first; equal ones share the smallest.</summary>
    public int? TruthRank { get; init; }
}

/// <summary>How good one estimator's ranking is: a row of <c>selection.csv</c> and <c>selection.parquet</c>. What needs the truth is null where there is none.</summary>
public sealed record SelectionRow
{
    /// <summary>An estimator; <c>uniform choice</c> for what choosing blindly would give on average.</summary>
    public required string Estimator { get; init; }

    public required string ValueModel { get; init; }

    /// <summary><c>lower_bound</c> or <c>estimate</c>; <c>none</c> for the uniform choice.</summary>
    public required string Criterion { get; init; }

    /// <summary>Policies compared: all estimated ones, or those of them whose truth is known.</summary>
    public required int Policies { get; init; }

    /// <summary>Those with something to rank them by.</summary>
    public required int Ranked { get; init; }

    /// <summary>Those whose verdict is neither <c>do not trust</c> nor worse.</summary>
    public required int Trusted { get; init; }

    /// <summary>The first of the ranking.</summary>
    public string? TopPolicy { get; init; }

    public long? TopSeed { get; init; }

    public int? TopStep { get; init; }

    public double? TopTruth { get; init; }

    /// <summary>Rank correlation with the truth, and its bootstrap interval.</summary>
    public double? Spearman { get; init; }

    public double? SpearmanLow { get; init; }

    public double? SpearmanHigh { get; init; }

    /// <summary>Tau-b.</summary>
    public double? Kendall { get; init; }

    public double? KendallLow { get; init; }

    public double? KendallHigh { get; init; }

    /// <summary>What the intervals resample: <c>seeds</c>, each with all of its snapshots, or <c>policies</c> where there are fewer than five seeds.</summary>
    public string? Unit { get; init; }

    public int? Units { get; init; }

    /// <summary>The best truth of all minus the best among the first k of the ranking.</summary>
    public double? Regret1 { get; init; }

    public double? Regret3 { get; init; }

    public double? Regret5 { get; init; }

    /// <summary>Over the range of the truths: 0 for the best policy, 1 for the worst.</summary>
    public double? NormalizedRegret1 { get; init; }

    public double? NormalizedRegret3 { get; init; }

    public double? NormalizedRegret5 { get; init; }

    /// <summary>Mean of |estimate - truth|; null for lower bounds, and where the truth is of another quantity than the estimates.</summary>
    public double? MeanAbsoluteError { get; init; }

    /// <summary>Of the policies that are no better than the one that logged, the share that the criterion puts above it.</summary>
    public double? TypeOneError { get; init; }

    /// <summary>Of the policies that are better than the one that logged, the share that the criterion does not put above it.</summary>
    public double? TypeTwoError { get; init; }

    /// <summary>Whether the estimates can rank the policies, in words.</summary>
    public required string Verdict { get; init; }
}

/// <summary>What n online trials are worth: a row of <c>trials.csv</c> and <c>trials.parquet</c>.</summary>
public sealed record TrialRow
{
    /// <summary><c>uniform</c>: policies in a random order; <c>top</c>: in the order of the estimator; <c>bandit</c>: UCB1 over all; <c>noise-free uniform</c>: as if one trial told a policy's value.</summary>
    public required string Strategy { get; init; }

    /// <summary>Null where none decides the order.</summary>
    public string? Estimator { get; init; }

    public string? ValueModel { get; init; }

    public required int Trials { get; init; }

    /// <summary>Episodes that the trials cost.</summary>
    public required int Episodes { get; init; }

    /// <summary>The mean true value of the policy deployed after them.</summary>
    public required double Score { get; init; }

    /// <summary>The central part of the simulated deployments; null for the noise-free curve.</summary>
    public double? Low { get; init; }

    public double? High { get; init; }

    /// <summary>The best policy's value minus the score.</summary>
    public required double Regret { get; init; }
}

/// <summary>How far two estimators agree: a row of <c>agreement.csv</c> and <c>agreement.parquet</c>.</summary>
public sealed record AgreementRow
{
    public required string EstimatorX { get; init; }

    public required string EstimatorY { get; init; }

    /// <summary><c>lower_bound</c> or <c>estimate</c>.</summary>
    public required string Criterion { get; init; }

    /// <summary>Policies that both rank.</summary>
    public required int Policies { get; init; }

    public double? Spearman { get; init; }

    public double? Kendall { get; init; }

    /// <summary>Whether both put the same policy first.</summary>
    public required bool SameFirst { get; init; }
}

/// <summary>The policy chosen, and why; or why none is.</summary>
/// <param name="Policy">Null where none is.</param>
/// <param name="Estimator">The one that decided; null where none could.</param>
/// <param name="Criterion">What it decided by.</param>
/// <param name="Reason">In words.</param>
public sealed record SelectionChoice(Candidate? Policy, string? Estimator, SelectionCriterion Criterion, string Reason);
