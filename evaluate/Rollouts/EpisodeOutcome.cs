namespace OfflineRL.Evaluate;

/// <summary>How one episode went.</summary>
/// <param name="Return">Sum of the rewards, undiscounted.</param>
/// <param name="Length">Steps.</param>
/// <param name="Terminated">The environment ended it.</param>
/// <param name="Truncated">The step limit cut it.</param>
/// <param name="DiscountedReturn">Sum of the rewards, the one of step t times discount^t.</param>
/// <param name="Success">Whether it is one by the task's criterion; null where there is none.</param>
public readonly record struct EpisodeOutcome(double Return, int Length, bool Terminated, bool Truncated, double DiscountedReturn, bool? Success);
