using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>
/// E whole episodes one behind the other, N steps in all, on the training device: nothing is filled up and none is cut. Its tensors are filled again
/// at a later draw, so nothing may hold on to them beyond the step that they were drawn for.
/// </summary>
/// <remarks>
/// With <c>values = v(States)</c>, [N + E], those of the observations are <c>values.narrow(0, 0, Rows)</c> and those of what came next
/// <c>values.index_select(0, NextRows)</c>; the discounts are 0 wherever the latter do not count.
/// </remarks>
public sealed class EpisodeBatch : IDisposable
{
    readonly Tensor? _behaviorLogProbabilities;

    /// <summary>[N + E, D] float32: the observations, features as the network reads them, then each episode's final one, zeros where it counts for nothing.</summary>
    public required Tensor States { get; init; }

    /// <summary>[N, D] float32: s_t, the first N of <see cref="States"/>.</summary>
    public required Tensor Observations { get; init; }

    /// <summary>[N] int64, or [N, A] float32: a_t.</summary>
    public required Tensor Actions { get; init; }

    /// <summary>[N] float32: the reward that followed.</summary>
    public required Tensor Rewards { get; init; }

    /// <summary>[N] float32: gamma; 0 where the step terminated, and at a last step whose next observation is unknown.</summary>
    public required Tensor Discounts { get; init; }

    /// <summary>[N] float32: 1, and 0 at the last step of an episode: what recursions over steps are multiplied by.</summary>
    public required Tensor Continues { get; init; }

    /// <summary>[N] float32: natural logarithm of the behavior's probability or density of a_t; NaN where unknown.</summary>
    public Tensor BehaviorLogProbabilities
    {
        get => _behaviorLogProbabilities ?? throw new InvalidOperationException("The learner reads propensities that its ReplayNeeds did not ask for.");
        init => _behaviorLogProbabilities = value;
    }

    /// <summary>[N, A] bool: actions allowed; null where the dataset has no masks.</summary>
    public Tensor? ActionMasks { get; init; }

    /// <summary>[N] int64: which of the batch's episodes a row belongs to.</summary>
    public required Tensor EpisodeIndex { get; init; }

    /// <summary>[N] int64: t, from 0 in each episode.</summary>
    public required Tensor StepIndex { get; init; }

    /// <summary>[N] int64: the row in <see cref="States"/> of what came next.</summary>
    public required Tensor NextRows { get; init; }

    /// <summary>[E] int64: the last row of each episode.</summary>
    public required Tensor LastRows { get; init; }

    /// <summary>[E] float32: 1 where the value of the final observation counts.</summary>
    public required Tensor Bootstraps { get; init; }

    /// <summary>[E + 1], on the host: the first row of each episode, and N at the end.</summary>
    public required IReadOnlyList<int> Starts { get; init; }

    /// <summary>[E], on the host: which dataset of several each episode is from.</summary>
    public required IReadOnlyList<int> Sources { get; init; }

    /// <summary>[E], on the host: each episode's number in its dataset.</summary>
    public required IReadOnlyList<int> Numbers { get; init; }

    /// <summary>E.</summary>
    public int Episodes => Starts.Count - 1;

    /// <summary>N.</summary>
    public int Rows => Starts[^1];

    /// <summary>Steps of the longest episode.</summary>
    public required int LongestSteps { get; init; }

    public void Dispose()
    {
        foreach (var tensor in (Tensor?[])[States, Observations, Actions, Rewards, Discounts, Continues, _behaviorLogProbabilities, ActionMasks, EpisodeIndex, StepIndex, NextRows, LastRows, Bootstraps])
            tensor?.Dispose();
    }
}
