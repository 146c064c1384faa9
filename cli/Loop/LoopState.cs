namespace OfflineRL.Cli.Loop;

/// <summary><c>loop.json</c> of a seed: where it stands, as of its newest commit. What is newer than it does not count.</summary>
sealed record LoopState
{
    public const string FileName = "loop.json";

    public int SchemaVersion { get; init; } = 1;

    /// <summary>The commits, the newest last.</summary>
    public required IReadOnlyList<LoopCommit> Commits { get; init; }
}

/// <summary>One version of the dataset, with the policy that was stored beside it.</summary>
sealed record LoopCommit
{
    /// <summary>Rounds done.</summary>
    public required long Rounds { get; init; }

    /// <summary>Steps recorded.</summary>
    public required long Steps { get; init; }

    public required long Episodes { get; init; }

    /// <summary>Gradient steps done; the policy is <c>policies/step-N</c>.</summary>
    public required int Updates { get; init; }

    /// <summary>Share of uniform actions in the last round.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Mean return of the episodes that ended since the commit before, those it cut left out; null: none did.</summary>
    public double? MeanReturn { get; init; }

    /// <summary><c>NAME-vN</c>.</summary>
    public required string Dataset { get; init; }

    public required string ContentHash { get; init; }
}
