using OfflineRL.Datasets;

namespace OfflineRL.Train.Sampling;

/// <summary>What checkpoints and policies need of replay, whatever its batches are.</summary>
public interface IReplay : IDisposable
{
    /// <summary>Items that can be drawn.</summary>
    long Count { get; }

    /// <summary>What observations and rewards become.</summary>
    FittedNormalization Fitted { get; }

    /// <summary>What makes features of observations; a stored policy takes it along.</summary>
    ObservationEncoder Encoder => Fitted.Encoder;

    /// <summary>What rewards become.</summary>
    RewardTransform Rewards => Fitted.Rewards;

    /// <summary>Takes in the episodes that were appended to the data since; they are drawn from the next batch on.</summary>
    /// <exception cref="NotSupportedException">What is drawn depends on all of the data.</exception>
    void Extend();

    /// <summary>Where it stands.</summary>
    ReplayState State { get; }

    /// <summary>Tensors that belong to <see cref="State"/>, to be saved; on the host, and the caller's.</summary>
    internal IReadOnlyList<NamedTensor> SaveTensors();

    /// <summary>Tensors of the same names and shapes, to be loaded into.</summary>
    internal IReadOnlyList<NamedTensor> EmptyTensors();

    /// <summary>Goes on where a state was taken.</summary>
    /// <param name="state">Of the same data and settings.</param>
    /// <param name="tensors">As <see cref="EmptyTensors"/> gave them, loaded.</param>
    internal void Restore(ReplayState state, IReadOnlyList<NamedTensor> tensors);
}
