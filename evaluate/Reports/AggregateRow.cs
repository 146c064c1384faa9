namespace OfflineRL.Evaluate;

/// <summary>A method's scores over tasks and seeds in four numbers: a row of <c>aggregates.csv</c> and <c>aggregates.parquet</c>.</summary>
/// <remarks>Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice". Intervals resample seeds, never episodes or tasks.</remarks>
public sealed record AggregateRow
{
    /// <summary>A task's name, or <c>nominal (all)</c>, <c>held_out (all)</c>: all tasks of that label.</summary>
    public required string Scope { get; init; }

    /// <summary><c>nominal</c>, <c>held_out</c> or <c>unknown</c>.</summary>
    public required string Label { get; init; }

    /// <summary>What is compared: the algorithm, over all of its runs, where each task has one of them; else the run with its options.</summary>
    public required string Method { get; init; }

    public required string Algorithm { get; init; }

    /// <summary>The runs behind it, parted by a semicolon and a space.</summary>
    public required string Policies { get; init; }

    /// <summary><see cref="ScoreRow.Last"/>, <see cref="ScoreRow.Chosen"/> or <see cref="ScoreRow.Best"/>.</summary>
    public required string Selection { get; init; }

    /// <summary><c>normalized</c>: 0 is uniform random, 100 the expert of each environment; <c>return</c>: mean return.</summary>
    public required string Scale { get; init; }

    public required int Tasks { get; init; }

    /// <summary>The fewest and the most seeds that a task has.</summary>
    public required int SeedsMin { get; init; }

    public required int SeedsMax { get; init; }

    /// <summary>The mean of the tasks' means. The ends of intervals are null where some run has a single seed.</summary>
    public required double Mean { get; init; }

    public double? MeanLow { get; init; }

    public double? MeanHigh { get; init; }

    /// <summary>The median of the tasks' means.</summary>
    public required double Median { get; init; }

    public double? MedianLow { get; init; }

    public double? MedianHigh { get; init; }

    /// <summary>The interquartile mean of all (task, seed) scores, of which each weighs one over its task's number of seeds.</summary>
    public required double Iqm { get; init; }

    public double? IqmLow { get; init; }

    public double? IqmHigh { get; init; }

    /// <summary>What the optimality gap counts from; null where nothing says what a perfect return is.</summary>
    public double? OptimalityTarget { get; init; }

    /// <summary>Target - mean of min(score, target).</summary>
    public double? OptimalityGap { get; init; }

    public double? OptimalityGapLow { get; init; }

    public double? OptimalityGapHigh { get; init; }
}
