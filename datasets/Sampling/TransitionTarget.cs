namespace OfflineRL.Datasets;

/// <summary>
/// Where a batch of B transitions is written: native memory that does not move. A pointer that is null is a part nobody asked
/// for. F: features of an observation, A: actions or action dimensions.
/// </summary>
public readonly unsafe struct TransitionTarget
{
    /// <summary>B: slots of the memory that the pointers name.</summary>
    public int Size { get; init; }

    /// <summary>[B, F], as the encoder makes them; so the next ones.</summary>
    public float* Observations { get; init; }

    public float* NextObservations { get; init; }

    /// <summary>[B, frames, D], as stored, instead of the features.</summary>
    public byte* ObservationBytes { get; init; }

    public byte* NextObservationBytes { get; init; }

    /// <summary>[B].</summary>
    public float* Rewards { get; init; }

    public float* Discounts { get; init; }

    /// <summary>[B], discrete.</summary>
    public long* Actions { get; init; }

    public long* NextActions { get; init; }

    /// <summary>[B, A], continuous.</summary>
    public float* ContinuousActions { get; init; }

    public float* NextContinuousActions { get; init; }

    /// <summary>[B, A], 1: allowed.</summary>
    public byte* ActionMasks { get; init; }

    public byte* NextActionMasks { get; init; }

    /// <summary>[B], natural logarithm, NaN: unknown.</summary>
    public float* BehaviorLogProbabilities { get; init; }

    /// <summary>[B], 1: what is remembered of the steps before ends here. Of sequences alone.</summary>
    public byte* Resets { get; init; }

    /// <summary>[B], 1 where the step counts in the loss, else 0. Of sequences alone.</summary>
    public float* LossMask { get; init; }
}
