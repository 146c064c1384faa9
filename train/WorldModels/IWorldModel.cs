using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// A learned model of the environment, in latent states: what dreaming and planning need of it, whatever it is made of. A latent state is one row of
/// <see cref="LatentWidth"/> float32 numbers, which actor, critic and heads read; a recurrent model lays its memory and its stochastic part one behind the other.
/// </summary>
/// <remarks>
/// Everything is batched and stays on the device: no call waits for it. Gradients flow through <see cref="Step"/> from what it returns to the latent state and to the action,
/// and to the model's parameters unless the caller asks backward for others alone (<c>autograd.backward(..., inputs: ...)</c>), or works under <c>no_grad</c>.
/// Actions enter as floats: one-hot vectors of discrete ones, the values as stored of continuous ones.
/// </remarks>
public interface IWorldModel : IDisposable
{
    /// <summary>Z: numbers of a latent state.</summary>
    int LatentWidth { get; }

    /// <summary>A: numbers of an action, the count of discrete ones.</summary>
    int ActionWidth { get; }

    /// <summary>Whether a latent state holds more than its observation says: what came before it.</summary>
    bool HasMemory => false;

    /// <summary>Latent states of stored sequences: where dreams begin. Constants for the gradient.</summary>
    /// <param name="sequences">T steps of B sequences; a model without memory reads the observations alone.</param>
    /// <param name="generator">For the samples; null: the mean, or the mode, is taken of everything that would be drawn.</param>
    /// <returns>[T, B, Z]: row t is the state in which action t was taken.</returns>
    Tensor Encode(ModelSequences sequences, Generator? generator);

    /// <summary>The latent states one observation further, as they are when a policy acts. Constants for the gradient.</summary>
    /// <param name="before">[N, Z]: in which the actions were taken; anything where <paramref name="starts"/> is true.</param>
    /// <param name="action">[N, A]: that led to the observations; anything where <paramref name="starts"/> is true.</param>
    /// <param name="starts">[N] bool: where an episode begins, and memory with it.</param>
    /// <param name="observations">[N, D] float32.</param>
    /// <param name="generator">For the samples; null: means and modes.</param>
    /// <returns>[N, Z].</returns>
    Tensor Observe(Tensor before, Tensor action, Tensor starts, Tensor observations, Generator? generator) =>
        Encode(new ModelSequences(observations.unsqueeze(0), action.unsqueeze(0)), generator).squeeze(0);

    /// <summary>One step: z' ~ p(z'|z, a), reparameterized (categorical parts straight-through), with what belongs to z'.</summary>
    /// <param name="latent">[N, Z].</param>
    /// <param name="action">[N, A].</param>
    /// <param name="generator">On the device of the model; null: the mean, or the mode, is taken of everything that would be drawn.</param>
    DreamStep Step(Tensor latent, Tensor action, Generator? generator);

    /// <summary>The mean observation, as the encoder reads observations (normalized, bytes over their upper bound): [*, Z] to [*, D].</summary>
    Tensor Decode(Tensor latent);

    /// <summary>Where a latent state holds what the posterior says of an observation; null: nowhere, since the state is the observation itself.</summary>
    LatentCode? Code => null;

    /// <summary>[D] or [1]: the standard deviation of an observation around <see cref="Decode"/>'s; null where the model has none.</summary>
    Tensor? ObservationDeviation => null;
}

/// <summary>Stored sequences as a model reads them.</summary>
/// <param name="Observations">[T, B, D] float32: features, as <c>TransitionBatch.Observations</c>.</param>
/// <param name="Actions">[T, B, A] float32: taken at them, one-hot where discrete.</param>
/// <param name="Resets">[T, B] bool: true where memory begins anew; null: at the first step alone.</param>
public sealed record ModelSequences(Tensor Observations, Tensor Actions, Tensor? Resets = null);

/// <summary>What one dreamed step gives, for N rows.</summary>
/// <param name="Latent">[N, Z]: z', with its graph.</param>
/// <param name="Reward">[N]: the mean reward, in the units of the training batches.</param>
/// <param name="Continue">[N] in [0, 1]: the probability that the episode did not terminate with this step.</param>
/// <param name="Disagreement">[N], not negative: how unsure the model is of this step; null where it cannot say.</param>
/// <param name="RewardDeviation">[N], positive: the standard deviation of the reward around its mean; null where the model has none.</param>
/// <param name="Truncated">[N] bool: where the dream is to be cut after this step, since the model is too unsure of it: the episode goes on, and z' may be bootstrapped from; null: nowhere.</param>
public sealed record DreamStep(Tensor Latent, Tensor Reward, Tensor Continue, Tensor? Disagreement = null, Tensor? RewardDeviation = null, Tensor? Truncated = null);
