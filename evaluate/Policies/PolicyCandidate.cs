using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>One policy to be scored: a built-in one, or one snapshot of one seed of a run.</summary>
public sealed record PolicyCandidate
{
    /// <summary>Such as <c>dqn</c>; <c>builtin</c> for a policy that needs no training, <c>columns</c> for a stored one.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The run's name with its options, or the built-in policy's: what is compared.</summary>
    public required string Policy { get; init; }

    /// <summary>Null where there was no training.</summary>
    public long? Seed { get; init; }

    /// <summary>Training steps behind it; null where there was no training.</summary>
    public int? Step { get; init; }

    /// <summary>Whether it is its seed's final snapshot; true where there was no training.</summary>
    public bool IsLast { get; init; } = true;

    /// <summary>SHA-256 of its stored parameters; null where there are none. A run trained again under the same name has another.</summary>
    public string? ContentHash { get; init; }

    /// <summary>The folder of its <c>policy.json</c>; null where it is no stored policy.</summary>
    public string? Folder { get; init; }

    /// <summary>Loads it; the caller disposes what is disposable.</summary>
    public required Func<IPolicy> Load { get; init; }
}

/// <summary>What a set of specs stands for.</summary>
/// <param name="Candidates">In the order of the specs, then by seed, then by step.</param>
/// <param name="Datasets">What the runs were trained from, by content hash.</param>
/// <param name="Recorded">The environment those datasets name; null where they name none, or different ones.</param>
public sealed record PolicySet(
    IReadOnlyList<PolicyCandidate> Candidates,
    IReadOnlyList<DatasetReference> Datasets,
    EnvironmentIdentity? Recorded);
