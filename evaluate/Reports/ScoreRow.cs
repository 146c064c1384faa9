namespace OfflineRL.Evaluate;

/// <summary>A policy's score on a task: a row of <c>scores.csv</c> and <c>scores.parquet</c>.</summary>
public sealed record ScoreRow
{
    /// <summary><see cref="Selection"/>: the final snapshot of each seed.</summary>
    public const string Last = "last";

    /// <summary><see cref="Selection"/>: each seed's snapshot with the highest mean return on this very task: optimistic.</summary>
    public const string Best = "best (optimistic)";

    /// <summary><see cref="Selection"/>: the one snapshot of each seed that the policy's spec names, <c>@step=N</c> or <c>@offline_best</c>, where it is not every seed's last.</summary>
    public const string Chosen = "chosen";

    /// <summary><see cref="Task"/> of the row over all held-out tasks.</summary>
    public const string AllHeldOut = "held_out (all)";

    public required string Algorithm { get; init; }

    public required string Policy { get; init; }

    public required string Task { get; init; }

    /// <summary><c>nominal</c>, <c>held_out</c> or <c>unknown</c>.</summary>
    public required string Label { get; init; }

    /// <summary><see cref="Last"/>, <see cref="Chosen"/> or <see cref="Best"/>.</summary>
    public required string Selection { get; init; }

    /// <summary>What the interval resamples: <c>seeds</c>, or <c>episodes</c> where there is one policy only.</summary>
    public required string Unit { get; init; }

    /// <summary>How many of them there are.</summary>
    public required int Units { get; init; }

    /// <summary>Episodes behind the row.</summary>
    public required int Episodes { get; init; }

    /// <summary>Mean return.</summary>
    public required double Mean { get; init; }

    /// <summary>Ends of the mean's bootstrap interval; null where one unit leaves nothing to resample.</summary>
    public double? MeanLow { get; init; }

    public double? MeanHigh { get; init; }

    /// <summary>Interquartile mean over the units.</summary>
    public required double Iqm { get; init; }

    /// <summary>Ends of the interquartile mean's bootstrap interval; null where one unit leaves nothing to resample.</summary>
    public double? IqmLow { get; init; }

    public double? IqmHigh { get; init; }

    /// <summary>The worst and the best unit.</summary>
    public required double Min { get; init; }

    public required double Max { get; init; }

    /// <summary>Mean discounted return and the ends of its interval, by <see cref="Discount"/>; null where the episodes have none, or several.</summary>
    public double? DiscountedMean { get; init; }

    public double? DiscountedLow { get; init; }

    public double? DiscountedHigh { get; init; }

    public double? Discount { get; init; }

    /// <summary>Mean steps of an episode, and the ends of its interval.</summary>
    public double? LengthMean { get; init; }

    public double? LengthLow { get; init; }

    public double? LengthHigh { get; init; }

    /// <summary>Share of the episodes that are a success by the environment's criterion, and the ends of its interval; null where one has no criterion.</summary>
    public double? SuccessRate { get; init; }

    public double? SuccessLow { get; init; }

    public double? SuccessHigh { get; init; }

    /// <summary>100 (mean - random) / (expert - random) by the references below; null where the environment has none, or is not at its defaults.</summary>
    public double? NormalizedMean { get; init; }

    /// <summary>Ends of its interval, by those of the mean.</summary>
    public double? NormalizedLow { get; init; }

    public double? NormalizedHigh { get; init; }

    /// <summary>The mean return of uniform random actions, which <see cref="NormalizedMean"/> calls 0.</summary>
    public double? ReferenceRandom { get; init; }

    /// <summary>The mean return that <see cref="NormalizedMean"/> calls 100.</summary>
    public double? ReferenceExpert { get; init; }

    /// <summary>Where the two come from.</summary>
    public string? ReferenceSource { get; init; }
}
