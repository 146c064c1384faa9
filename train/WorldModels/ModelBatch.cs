using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>B transitions as a model learns from them.</summary>
/// <param name="Observations">[B, D] float32: s.</param>
/// <param name="Actions">[B, A] float32: a, one-hot where discrete.</param>
/// <param name="Rewards">[B] float32: r'.</param>
/// <param name="NextObservations">[B, D] float32: s'; anything where it is not known.</param>
/// <param name="Continues">[B] float32: c', 0 where the step terminated, else 1.</param>
/// <param name="Known">[B] float32: 0 where s' is not known, as it may be after a termination; else 1.</param>
public sealed record ModelBatch(Tensor Observations, Tensor Actions, Tensor Rewards, Tensor NextObservations, Tensor Continues, Tensor Known)
{
    /// <summary>From a batch of transitions whose discount is positive wherever the episode went on.</summary>
    /// <param name="batch">Of single transitions.</param>
    /// <param name="actions">A.</param>
    public static ModelBatch Of(TransitionBatch batch, int actions) =>
        new(batch.Observations, ActionsOf(batch.Actions, actions), batch.Rewards, batch.NextObservations, batch.Discounts.gt(0).to(ScalarType.Float32), KnownOf(batch));

    /// <summary>[*] float32: 0 where a step terminated and the source had no observation after it, of which the batch has zeros; else 1.</summary>
    /// <param name="batch">Of single transitions, or of sequences.</param>
    public static Tensor KnownOf(TransitionBatch batch) => batch.Discounts.gt(0).logical_or(batch.NextObservations.ne(0).any(-1)).to(ScalarType.Float32);

    /// <summary>Actions as floats: [*] int64 to one-hot [*, A], [*, A] float as they are.</summary>
    /// <param name="actions">Of a batch.</param>
    /// <param name="count">A.</param>
    public static Tensor ActionsOf(Tensor actions, int count) => actions.dtype == ScalarType.Int64 ? nn.functional.one_hot(actions, count).to(ScalarType.Float32) : actions;
}
