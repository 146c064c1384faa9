namespace OfflineRL.Evaluate;

/// <summary>The pictures of one episode: a row of <c>pictures.csv</c> and <c>pictures.parquet</c>.</summary>
public sealed record PictureRow
{
    public required string Algorithm { get; init; }

    public required string Policy { get; init; }

    /// <summary>The training seed; null where there was no training.</summary>
    public long? Seed { get; init; }

    /// <summary>Training steps behind the policy; null where there was no training.</summary>
    public int? Step { get; init; }

    public required string Task { get; init; }

    /// <summary>Its number in <c>rollouts.csv</c>.</summary>
    public required int Episode { get; init; }

    /// <summary>Steps that are shown; fewer than the episode's where it was left off.</summary>
    public required int Steps { get; init; }

    /// <summary>Sum of the rewards up to there.</summary>
    public required double Return { get; init; }

    /// <summary>PNG, below the report's folder.</summary>
    public required string Strip { get; init; }

    /// <summary>GIF, below the report's folder.</summary>
    public required string Animation { get; init; }
}
