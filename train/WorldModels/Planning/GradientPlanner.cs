using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>
/// Gradient ascent on action sequences: the return is differentiated through the model and Adam (Kingma and Ba 2014) moves the actions, from C starts side by side, of which the first is what is left of the
/// plan before. Continuous actions stay in their range by projection; of discrete ones logits move, through the straight-through one-hot vector or the softmax itself.
/// </summary>
/// <remarks>The best sequence met on the way is the plan. Relaxed actions are no actions: with <c>softmax</c> the sequences are judged as one-hot vectors at the end alone. A gradient that is not finite counts as 0.</remarks>
public sealed class GradientPlanner(PlanningConfig config, PlanActions actions, PlanObjective objective) : IPlanner
{
    const double Beta1 = 0.9, Beta2 = 0.999, AdamEpsilon = 1e-8;

    public Plan Search(IWorldModel model, Tensor latents, Tensor start, Tensor? firstMasks, PlanNoise noise)
    {
        using var scope = NewDisposeScope();
        latents = latents.detach();
        var x = Starts(start, noise);
        var (first, second) = (zeros_like(x), zeros_like(x));
        Plan? best = null;
        for (var i = 0; i < config.IterationCount; i++)
        {
            using var inner = NewDisposeScope();
            var leaf = x.detach().requires_grad_();
            Tensor gradient;
            using (enable_grad())
            {
                var (hard, read) = Read(leaf, firstMasks);
                var returns = objective.Returns(model, latents, read);
                gradient = autograd.grad([returns.sum()], [leaf])[0].nan_to_num(0, 0, 0);
                if (config.Relaxation == PlanningConfig.StraightThrough || !actions.IsDiscrete)
                    best = Kept(Planners.Better(best, hard.detach(), returns.detach()));
            }

            (x, first, second) = Ascend(x, first, second, gradient, i);
        }

        using var quiet = no_grad();
        var plans = Read(x, firstMasks).Hard;
        best = Planners.Better(best, plans, objective.Returns(model, latents, plans));
        return new(best.Actions.MoveToOuterDisposeScope(), best.Returns.MoveToOuterDisposeScope());
    }

    // [L, C, H, A] in units, or logits: the first from the start, the others at random.
    Tensor Starts(Tensor start, PlanNoise noise)
    {
        using var quiet = no_grad();
        var others = config.CandidateCount - 1;
        if (actions.IsDiscrete)
        {
            var logs = start.mul(config.WarmShare).add((1 - config.WarmShare) / actions.Width).log().unsqueeze(1);
            return others == 0 ? logs : cat([logs, noise.Normal(others, config.Steps, actions.Width)], 1);
        }

        var units = actions.ToUnits(start).clamp(-1, 1).unsqueeze(1);
        return others == 0 ? units : cat([units, noise.Uniform(others, config.Steps, actions.Width).mul(2).sub(1)], 1);
    }

    // Sequences as they would be carried out, and as the model reads them for the gradient.
    (Tensor Hard, Tensor Read) Read(Tensor x, Tensor? firstMasks)
    {
        if (!actions.IsDiscrete)
        {
            var values = actions.FromUnits(x);
            return (values, values);
        }

        var logits = PlanActions.Allowed(x, firstMasks);
        var (hard, soft) = (actions.OneHot(logits.detach()), logits.softmax(-1));
        return (hard, config.Relaxation == PlanningConfig.Softmax ? soft : hard.add(soft.sub(soft.detach())));
    }

    (Tensor X, Tensor First, Tensor Second) Ascend(Tensor x, Tensor first, Tensor second, Tensor gradient, int i)
    {
        using var quiet = no_grad();
        first = first.mul(Beta1).add(gradient, alpha: 1 - Beta1);
        second = second.mul(Beta2).add(gradient.square(), alpha: 1 - Beta2);
        var rate = config.LearningRate * (1 - ((double)i / config.IterationCount)) / (1 - Math.Pow(Beta1, i + 1));
        var moved = x.add(first.div(second.div(1 - Math.Pow(Beta2, i + 1)).sqrt().add(AdamEpsilon)), alpha: rate);
        if (!actions.IsDiscrete)
            moved = moved.clamp(-1, 1);
        return (moved.MoveToOuterDisposeScope(), first.MoveToOuterDisposeScope(), second.MoveToOuterDisposeScope());
    }

    static Plan Kept(Plan plan) => new(plan.Actions.MoveToOuterDisposeScope(), plan.Returns.MoveToOuterDisposeScope());
}
