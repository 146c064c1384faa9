using OfflineRL.Train.Estimators;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>N imagined rollouts of T steps, side by side: no environment, and nothing on the host but the launch of each step.</summary>
/// <param name="Latents">[T + 1, N, Z]: z_0 to z_T.</param>
/// <param name="Actions">[T, N] int64, or [T, N, A]: a_t ~ pi(a|z_t), constants.</param>
/// <param name="Rewards">[T, N]: what step t gave.</param>
/// <param name="Discounts">[T, N]: gamma times the probability that step t did not terminate.</param>
/// <param name="Entropies">[T, N]: of the policy at z_t, with its graph; null where the rollout kept none.</param>
/// <param name="Trusts">[T, N]: 1, and 0 after a step at which the model cut the dream; null: it cuts none.</param>
/// <param name="Disagreement">[T, N]: of step t; null where the model cannot say.</param>
sealed record Dream(Tensor Latents, Tensor Actions, Tensor Rewards, Tensor Discounts, Tensor? Entropies, Tensor? Trusts, Tensor? Disagreement)
{
    /// <summary>[T, N, Z]: the states in which actions were taken.</summary>
    public Tensor States => Latents.narrow(0, 0, Latents.size(0) - 1);

    /// <summary>[T, N, Z]: those that they led to.</summary>
    public Tensor NextStates => Latents.narrow(0, 1, Latents.size(0) - 1);

    /// <summary>Rolls a policy out in a model.</summary>
    /// <param name="model">Its parameters are constants: ask backward for the policy's alone.</param>
    /// <param name="policy">The distribution over actions at latent states [N, Z].</param>
    /// <param name="starts">[N, Z], constants.</param>
    /// <param name="rule">How.</param>
    /// <param name="generator">On the device of the model.</param>
    /// <remarks>With a graph every draw is a function of the policy's parameters and of noise: continuous actions reparameterized, discrete ones straight-through.</remarks>
    public static Dream Imagine(IWorldModel model, Func<Tensor, IActionDistribution> policy, Tensor starts, DreamRule rule, Generator generator)
    {
        using var mode = set_grad_enabled(rule.KeepsGraph);
        var steps = rule.Horizon;
        var (latents, actions, entropies) = (new List<Tensor> { starts }, new List<Tensor>(), new List<Tensor>());
        var (rewards, continues, disagreements, cuts) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        for (var t = 0; t < steps; t++)
        {
            var latent = rule.ThroughSteps || !rule.KeepsGraph ? latents[t] : latents[t].detach();
            var distribution = policy(latent);
            var (vector, action) = Draw(distribution, rule.KeepsGraph, generator);
            var step = model.Step(latent, vector, generator);
            latents.Add(step.Latent);
            actions.Add(action);
            rewards.Add(step.Reward);
            continues.Add(step.Continue);
            if (step.Disagreement is not null)
                disagreements.Add(step.Disagreement);
            if (step.Truncated is not null)
                cuts.Add(step.Truncated);
            if (rule.KeepsGraph)
                entropies.Add(distribution.Entropy());
        }

        var disagreement = disagreements.Count == steps ? stack(disagreements).detach() : null;
        return new Dream(
            stack(latents), stack(actions).detach(), stack(rewards), stack(continues).mul(rule.Discount), entropies.Count > 0 ? stack(entropies) : null,
            cuts.Count == steps ? TrustsOf(cuts) : null, disagreement);
    }

    // A cut leaves out the steps that follow.
    static Tensor TrustsOf(List<Tensor> cuts)
    {
        var goes = stack(cuts).logical_not().to(ScalarType.Float32);
        return cat([ones_like(goes.narrow(0, 0, 1)), goes.narrow(0, 0, cuts.Count - 1)]).cumprod(0);
    }

    // As the model reads it, and as the distribution does.
    static (Tensor Vector, Tensor Action) Draw(IActionDistribution distribution, bool keepsGraph, Generator generator)
    {
        if (distribution is Categorical categorical)
        {
            if (keepsGraph)
            {
                var vector = Relaxations.StraightThrough(categorical, generator);
                return (vector, vector.detach().argmax(-1));
            }

            var action = categorical.Sample(generator);
            return (zeros_like(categorical.LogProbabilities).scatter_(-1, action.unsqueeze(-1), ones([.. action.shape, 1], device: action.device)), action);
        }

        var continuous = keepsGraph
            ? distribution.RSample(generator) ?? throw new NotSupportedException($"Draws of {distribution.GetType().Name} have no derivative; expected the score function's gradient.")
            : distribution.Sample(generator);
        return (continuous, continuous);
    }
}

/// <summary>How dreams are rolled out.</summary>
/// <param name="Horizon">T, at least 1.</param>
/// <param name="Discount">gamma.</param>
/// <param name="KeepsGraph">Whether gradients can go back through the dream; false: everything is a constant.</param>
/// <param name="ThroughSteps">Whether they go from one step to the one before, or through one alone.</param>
sealed record DreamRule(int Horizon, double Discount, bool KeepsGraph, bool ThroughSteps = true);
