using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>
/// What a plan is worth in a model: sum over t below H of gamma^t C_t (r_{t+1} - penalty d_{t+1}) + gamma^H C_H v(z_H), with C_t the product of the continue probabilities of the t steps before,
/// d the model's disagreement and v a terminal value. States are the means of what the model says, so that a plan's worth is a number and not a draw.
/// </summary>
/// <param name="Discount">gamma, in [0, 1].</param>
/// <param name="Penalty">Not negative; needs a model that knows its disagreement where positive.</param>
/// <param name="TerminalValue">[N, Z] to [N]: v; null: 0, what comes after the horizon is not looked at.</param>
public sealed record PlanObjective(double Discount = 1, double Penalty = 0, Func<Tensor, Tensor>? TerminalValue = null)
{
    /// <summary>The worth of each candidate; gradients flow to the actions.</summary>
    /// <param name="model">Where the plans are carried out.</param>
    /// <param name="latents">[L, Z]: where they begin.</param>
    /// <param name="plans">[L, C, H, A], as the model sees actions.</param>
    /// <returns>[L, C].</returns>
    public Tensor Returns(IWorldModel model, Tensor latents, Tensor plans)
    {
        var (lanes, candidates, horizon) = (plans.size(0), plans.size(1), plans.size(2));
        if (plans.dim() != 4 || plans.size(3) != model.ActionWidth || latents.dim() != 2 || latents.size(0) != lanes || latents.size(1) != model.LatentWidth)
            Throw.Shape(nameof(plans), $"[L, C, H, {model.ActionWidth}] with latents [L, {model.LatentWidth}]", $"[{string.Join(", ", plans.shape)}] with [{string.Join(", ", latents.shape)}]");
        using var scope = NewDisposeScope();
        var rows = plans.transpose(1, 2).transpose(0, 1).reshape(horizon, lanes * candidates, plans.size(3));
        var state = latents.unsqueeze(1).expand(lanes, candidates, latents.size(1)).reshape(lanes * candidates, latents.size(1));
        Tensor? returns = null, continues = null;
        for (var t = 0; t < horizon; t++)
        {
            var step = model.Step(state, rows.select(0, t), null);
            var reward = step.Reward;
            if (Penalty > 0)
                reward = reward.sub((step.Disagreement ?? throw new ArgumentException("The model does not know its disagreement; expected an ensemble, or a penalty of 0.", nameof(model))).mul(Penalty));
            var weight = Math.Pow(Discount, t);
            returns = returns is null ? reward : returns.add(reward.mul(continues!), alpha: weight);
            continues = continues is null ? step.Continue : continues.mul(step.Continue);
            state = step.Latent;
        }

        if (TerminalValue is not null)
            returns = returns!.add(TerminalValue(state).mul(continues!), alpha: Math.Pow(Discount, horizon));
        return returns!.reshape(lanes, candidates).MoveToOuterDisposeScope();
    }
}
