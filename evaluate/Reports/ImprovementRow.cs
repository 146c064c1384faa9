namespace OfflineRL.Evaluate;

/// <summary>How likely one method beats another: a row of <c>improvements.csv</c> and <c>improvements.parquet</c>. Each pair has one row; P(Y > X) is one minus P(X > Y).</summary>
public sealed record ImprovementRow
{
    /// <summary>As in <see cref="AggregateRow.Scope"/>.</summary>
    public required string Scope { get; init; }

    public required string Label { get; init; }

    public required string MethodX { get; init; }

    public required string SelectionX { get; init; }

    public required string MethodY { get; init; }

    public required string SelectionY { get; init; }

    public required int Tasks { get; init; }

    /// <summary>That a run of X scores higher than a run of Y on a task drawn at random; ties count half.</summary>
    public required double Probability { get; init; }

    /// <summary>Ends of the stratified bootstrap interval over the seeds of both; null where some run has a single seed.</summary>
    public double? Low { get; init; }

    public double? High { get; init; }

    /// <summary><c>X better</c>, <c>Y better</c> or <c>undecided</c>: on which side of a half the interval lies.</summary>
    public required string Conclusion { get; init; }
}
