namespace OfflineRL.Cli.Loop;

/// <summary><c>loop.json</c> of a seed: where it stands, as of its newest commit. What is newer than it does not count.</summary>
sealed record LoopState
{
    public const string FileName = "loop.json";

    public int SchemaVersion { get; init; } = 1;

    /// <summary>The commits, the newest last.</summary>
    public required IReadOnlyList<LoopCommit> Commits { get; init; }

    /// <summary>Returns of the last episodes that ended by themselves, 100 of them at most, the newest last.</summary>
    public IReadOnlyList<double> RecentReturns { get; init; } = [];
}

/// <summary>When the mean return of the last 100 episodes had reached a threshold, as a seed's <c>threshold.json</c> keeps it.</summary>
/// <param name="Threshold">What was asked for.</param>
/// <param name="Steps">Recorded by the end of the round in which it was reached; null: it never was.</param>
/// <param name="Rounds">Done by then.</param>
sealed record LoopThreshold(double Threshold, long? Steps, long? Rounds)
{
    public const string FileName = "threshold.json";
}

/// <summary>A line of <c>rounds.jsonl</c>.</summary>
sealed record LoopRound
{
    /// <summary>Rounds done.</summary>
    public required long Rounds { get; init; }

    /// <summary>Steps recorded, those of the warm-up and of episodes under way included.</summary>
    public required long Steps { get; init; }

    /// <summary>Episodes that ended in the round by themselves.</summary>
    public required int Episodes { get; init; }

    /// <summary>Their mean return; null: none did.</summary>
    public double? MeanReturn { get; init; }

    /// <summary>Mean return of the last 100 that ended; null: fewer did.</summary>
    public double? RecentMeanReturn { get; init; }
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
