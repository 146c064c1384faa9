using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>
/// A batch of B transitions on the training device. Its tensors are made once and filled again at each draw, so nothing
/// may hold on to them beyond the step that they were drawn for.
/// </summary>
public sealed class TransitionBatch : IDisposable
{
    /// <summary>[B, D] float32: s_tm1, features as the network reads them.</summary>
    public required Tensor Observations { get; init; }

    /// <summary>[B] int64: a_tm1.</summary>
    public required Tensor Actions { get; init; }

    /// <summary>[B] float32: r_t.</summary>
    public required Tensor Rewards { get; init; }

    /// <summary>[B] float32: discount_t, 0 where the step terminated, gamma elsewhere.</summary>
    public required Tensor Discounts { get; init; }

    /// <summary>[B, D] float32: s_t; zeros where the step terminated and the source did not have it.</summary>
    public required Tensor NextObservations { get; init; }

    /// <summary>[B, A] bool: actions allowed at s_tm1; null where the dataset has no masks.</summary>
    public Tensor? ActionMasks { get; init; }

    /// <summary>[B, A] bool: actions allowed at s_t, all of them where the step terminated; null where the dataset has no masks.</summary>
    public Tensor? NextActionMasks { get; init; }

    /// <summary>[B] float32: importance weights of prioritized draws; null where draws are uniform.</summary>
    public Tensor? Weights { get; init; }

    /// <summary>[B] float32, where a learner writes each transition's new priority (the size of its error); null where nobody asks.</summary>
    public Tensor? Priorities { get; init; }

    public void Dispose()
    {
        Weights?.Dispose();
        Priorities?.Dispose();
        Observations.Dispose();
        Actions.Dispose();
        Rewards.Dispose();
        Discounts.Dispose();
        NextObservations.Dispose();
        ActionMasks?.Dispose();
        NextActionMasks?.Dispose();
    }
}
