namespace OfflineRL.Evaluate;

/// <summary>How one episode went.</summary>
/// <param name="Return">Sum of the rewards, undiscounted.</param>
/// <param name="Length">Steps.</param>
/// <param name="Terminated">The environment ended it.</param>
/// <param name="Truncated">The step limit cut it.</param>
public readonly record struct EpisodeOutcome(double Return, int Length, bool Terminated, bool Truncated);
