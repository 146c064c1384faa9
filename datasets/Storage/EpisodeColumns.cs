namespace OfflineRL.Datasets;

/// <summary>The values of one passed-through column for the T steps of an episode; the array that fits the column's <see cref="InfoType"/> is set.</summary>
public readonly record struct InfoValues
{
    /// <summary>[T], or [T, Width]; NaN is stored as null where <c>Width</c> is 0.</summary>
    public ReadOnlyMemory<double> Doubles { get; init; }

    public ReadOnlyMemory<long> Integers { get; init; }

    public ReadOnlyMemory<bool> Booleans { get; init; }

    public ReadOnlyMemory<string?> Texts { get; init; }

    public static InfoValues Of(ReadOnlyMemory<double> values) => new() { Doubles = values };

    public static InfoValues Of(ReadOnlyMemory<long> values) => new() { Integers = values };

    public static InfoValues Of(ReadOnlyMemory<bool> values) => new() { Booleans = values };

    public static InfoValues Of(ReadOnlyMemory<string?> values) => new() { Texts = values };
}

/// <summary>One episode of T steps as columns. D: values per observation, A: action dimensions, or the number of discrete actions.</summary>
public readonly ref struct EpisodeColumns
{
    /// <summary>Identifies the episode across datasets: source hash and the id in the source.</summary>
    public required string Key { get; init; }

    /// <summary>What the split hashes instead of <see cref="Key"/>, such as a user or session; null: the key.</summary>
    public string? SplitKey { get; init; }

    public required string BehaviorPolicy { get; init; }

    /// <summary>Null: the dataset's, or unknown.</summary>
    public EnvironmentIdentity? Environment { get; init; }

    public string? SourceFile { get; init; }

    /// <summary>[T, D]; discrete observations as whole numbers. Empty where <see cref="ObservationBytes"/> is given.</summary>
    public ReadOnlySpan<float> Observations { get; init; }

    /// <summary>[T, D], for spaces of unsigned bytes such as images.</summary>
    public ReadOnlySpan<byte> ObservationBytes { get; init; }

    /// <summary>[T], from 0.</summary>
    public ReadOnlySpan<int> DiscreteActions { get; init; }

    /// <summary>[T, A].</summary>
    public ReadOnlySpan<float> ContinuousActions { get; init; }

    /// <summary>[T], finite. Its length is the number of steps.</summary>
    public required ReadOnlySpan<double> Rewards { get; init; }

    /// <summary>Whether the last step ended in a terminal state.</summary>
    public bool Terminated { get; init; }

    /// <summary>Whether the episode was cut after the last step (time limit, end of the log).</summary>
    public bool Truncated { get; init; }

    /// <summary>[D], the observation after the last step; empty: unknown.</summary>
    public ReadOnlySpan<float> FinalObservation { get; init; }

    /// <summary>[D], for spaces of unsigned bytes; empty: unknown.</summary>
    public ReadOnlySpan<byte> FinalObservationBytes { get; init; }

    /// <summary>[T], natural logarithm, NaN: unknown for this step; empty: unknown for all.</summary>
    public ReadOnlySpan<double> BehaviorLogProbabilities { get; init; }

    /// <summary>[T, A], each row sums to 1 over the allowed actions; empty: unknown.</summary>
    public ReadOnlySpan<double> BehaviorProbabilities { get; init; }

    /// <summary>[T, A], true: allowed; empty: none stored.</summary>
    public ReadOnlySpan<bool> ActionMasks { get; init; }

    /// <summary>[T, A, F], the features of each discrete action; empty: none stored.</summary>
    public ReadOnlySpan<float> ActionFeatures { get; init; }

    /// <summary>[T], microseconds since 1970 UTC; empty: none stored.</summary>
    public ReadOnlySpan<long> TimestampMicros { get; init; }

    /// <summary>In the order of <see cref="DatasetDescription.InfoColumns"/>.</summary>
    public ReadOnlySpan<InfoValues> Info { get; init; }
}

/// <summary>An input row that was not taken.</summary>
/// <param name="File">As the user named it.</param>
/// <param name="Row">From 1, the header not counted; null: the file as a whole.</param>
/// <param name="Column">Null: the row as a whole.</param>
/// <param name="Reason">What was found and what was expected.</param>
public sealed record RejectedRow(string File, long? Row, string? Column, string Reason);

/// <summary>One row of <c>episodes.parquet</c>, less the final observation.</summary>
public sealed record EpisodeRecord
{
    /// <summary>From 0, in the order of the rows.</summary>
    public required long EpisodeId { get; init; }

    public required string EpisodeKey { get; init; }

    public string? SplitKey { get; init; }

    public required int Steps { get; init; }

    /// <summary>Sum of the rewards, undiscounted.</summary>
    public required double Return { get; init; }

    /// <summary>Row of its first step within the dataset.</summary>
    public required long FirstRow { get; init; }

    public required bool Terminated { get; init; }

    public required bool Truncated { get; init; }

    public required bool FinalObservationKnown { get; init; }

    public required string BehaviorPolicy { get; init; }

    public EnvironmentIdentity? Environment { get; init; }

    public string? SourceFile { get; init; }

    public required string Split { get; init; }
}
