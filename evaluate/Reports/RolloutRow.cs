namespace OfflineRL.Evaluate;

/// <summary>One episode of a policy on a task: a row of <c>rollouts.csv</c> and <c>rollouts.parquet</c>.</summary>
public sealed record RolloutRow
{
    /// <summary>Such as <c>dqn</c>; <c>builtin</c> for a policy that needs no training.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The run with its options, or the built-in policy.</summary>
    public required string Policy { get; init; }

    /// <summary>The task's name.</summary>
    public required string Task { get; init; }

    /// <summary>The environment with all its parameters.</summary>
    public required string Environment { get; init; }

    /// <summary><c>nominal</c>, <c>held_out</c> or <c>unknown</c>: how the task relates to the log.</summary>
    public required string Label { get; init; }

    /// <summary>The training seed; null where there was no training.</summary>
    public long? Seed { get; init; }

    /// <summary>Training steps behind the policy; null where there was no training.</summary>
    public int? Step { get; init; }

    /// <summary>Whether the policy is its seed's final snapshot; true where there was no training.</summary>
    public required bool IsLast { get; init; }

    /// <summary>The seed of the rollout.</summary>
    public required long RolloutSeed { get; init; }

    /// <summary>From 0; the same number starts in the same state for every policy.</summary>
    public required int Episode { get; init; }

    /// <summary>Sum of the rewards, undiscounted.</summary>
    public required double Return { get; init; }

    /// <summary>Steps.</summary>
    public required int Length { get; init; }

    public required bool Terminated { get; init; }

    public required bool Truncated { get; init; }

    /// <summary>Whether the episode is a success by the environment's criterion; null where it declares none.</summary>
    public bool? Success { get; init; }

    /// <summary>Sum of the rewards, the one of step t times discount^t; null in reports older than this column.</summary>
    public double? DiscountedReturn { get; init; }

    /// <summary>Of <see cref="DiscountedReturn"/>.</summary>
    public double? Discount { get; init; }
}
