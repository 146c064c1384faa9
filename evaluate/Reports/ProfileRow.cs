namespace OfflineRL.Evaluate;

/// <summary>A point of a performance profile: a row of <c>profiles.csv</c> and <c>profiles.parquet</c>.</summary>
public sealed record ProfileRow
{
    /// <summary>As in <see cref="AggregateRow.Scope"/>.</summary>
    public required string Scope { get; init; }

    public required string Label { get; init; }

    public required string Method { get; init; }

    public required string Selection { get; init; }

    /// <summary>As in <see cref="AggregateRow.Scale"/>.</summary>
    public required string Scale { get; init; }

    /// <summary><c>run_score</c>: the share of (task, seed) scores above the threshold; <c>average_score</c>: the share of tasks whose mean is.</summary>
    public required string Kind { get; init; }

    public required double Threshold { get; init; }

    public required double Fraction { get; init; }

    /// <summary>Ends of the pointwise stratified bootstrap band over seeds; null where some run has a single seed.</summary>
    public double? Low { get; init; }

    public double? High { get; init; }
}
