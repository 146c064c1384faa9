using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>
/// A batch of B transitions, or of B sequences of T steps, on the training device. Its tensors are filled again at a later
/// draw, so nothing may hold on to them beyond the step that they were drawn for.
/// </summary>
/// <remarks>Of sequences every [B] below is [T, B], but that of <see cref="Weights"/> and <see cref="Priorities"/>.</remarks>
public sealed class TransitionBatch : IDisposable
{
    readonly Tensor? _rewards, _discounts, _nextObservations, _nextActions, _behaviorLogProbabilities;

    /// <summary>[B, D] float32: s_tm1, features as the network reads them.</summary>
    public required Tensor Observations { get; init; }

    /// <summary>[B] int64, or [B, A] float32: a_tm1.</summary>
    public required Tensor Actions { get; init; }

    /// <summary>[B] float32: r_t, or the discounted sum over n steps.</summary>
    public Tensor Rewards { get => Asked(_rewards); init => _rewards = value; }

    /// <summary>[B] float32: discount_t, 0 where the step terminated, gamma (of n steps: to the number of steps) elsewhere.</summary>
    public Tensor Discounts { get => Asked(_discounts); init => _discounts = value; }

    /// <summary>[B, D] float32: s_t (of n steps: the bootstrap state); zeros where the step terminated and the source did not have it.</summary>
    public Tensor NextObservations { get => Asked(_nextObservations); init => _nextObservations = value; }

    /// <summary>[B] int64, or [B, A] float32: the action taken at s_t; zeros where the step terminated.</summary>
    public Tensor NextActions { get => Asked(_nextActions); init => _nextActions = value; }

    /// <summary>[B] float32: natural logarithm of the behavior's probability or density of a_tm1; NaN where unknown.</summary>
    public Tensor BehaviorLogProbabilities { get => Asked(_behaviorLogProbabilities); init => _behaviorLogProbabilities = value; }

    /// <summary>[B, A] bool: actions allowed at s_tm1; null where the dataset has no masks.</summary>
    public Tensor? ActionMasks { get; init; }

    /// <summary>[B, A] bool: actions allowed at s_t, all of them where the step terminated; null where the dataset has no masks.</summary>
    public Tensor? NextActionMasks { get; init; }

    /// <summary>[B] float32: what each transition's loss is multiplied by before the mean is taken; null: by 1.</summary>
    public Tensor? Weights { get; init; }

    /// <summary>[B] float32, where a learner writes each transition's new priority (the size of its error); null where nobody asks.</summary>
    public Tensor? Priorities { get; init; }

    /// <summary>[T, B] bool: true at the first step of a sequence and of an episode, before which memory is emptied; null where there are no sequences.</summary>
    public Tensor? Resets { get; init; }

    /// <summary>
    /// [T, B] float32: 1 where the step counts in the loss, 0 in the burn-in and where a next observation is needed and unknown; null where there are no
    /// sequences.
    /// </summary>
    public Tensor? LossMask { get; init; }

    public void Dispose()
    {
        Observations.Dispose();
        Actions.Dispose();
        foreach (var tensor in (Tensor?[])[_rewards, _discounts, _nextObservations, _nextActions, _behaviorLogProbabilities, ActionMasks, NextActionMasks, Weights, Priorities, Resets, LossMask])
            tensor?.Dispose();
    }

    static Tensor Asked(Tensor? tensor) =>
        tensor ?? throw new InvalidOperationException("The learner reads a part of the batch that its ReplayNeeds did not ask for.");
}
