namespace OfflineRL.Train.Sampling;

/// <summary>Where replay stands, for checkpoints; priorities are tensors beside it.</summary>
public sealed record ReplayState
{
    /// <summary>Batches drawn. The random stream is one by number, so this is all of its position; annealing goes by it too.</summary>
    public required long Batch { get; init; }

    /// <summary>The largest priority seen, one a dataset, where replay is prioritized.</summary>
    public IReadOnlyList<float> LargestPriorities { get; init; } = [];

    /// <summary>Of whole episodes that grow: the first episode of each of the newest rounds, counted within the part that is drawn from.</summary>
    public IReadOnlyList<long> RoundStarts { get; init; } = [];
}
