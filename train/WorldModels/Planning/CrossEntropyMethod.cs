using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>
/// The cross-entropy method (Rubinstein 1999; in model-predictive control Chua et al. 2018, PETS, section 5): draw candidates from a distribution over action sequences, fit it to the best of them, repeat.
/// Normal with a deviation of its own for each step and dimension where actions are continuous (draws beyond the range are clipped to it), categorical for each step where they are discrete.
/// </summary>
/// <remarks>
/// The distribution's mean (or mode) is candidate 0 of every round, and the best candidate of all rounds is the plan: a search never ends with less than it was started with. Momentum m keeps
/// mean = m mean + (1 - m) mean of the elites, and so for variances and probabilities.
/// </remarks>
public sealed class CrossEntropyMethod(PlanningConfig config, PlanActions actions, PlanObjective objective) : IPlanner
{
    public Plan Search(IWorldModel model, Tensor latents, Tensor start, Tensor? firstMasks, PlanNoise noise)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var best = actions.IsDiscrete ? SearchCategorical(model, latents, start, firstMasks, noise) : SearchGaussian(model, latents, start, noise);
        return new(best.Actions.MoveToOuterDisposeScope(), best.Returns.MoveToOuterDisposeScope());
    }

    Plan SearchGaussian(IWorldModel model, Tensor latents, Tensor start, PlanNoise noise)
    {
        Plan? best = null;
        var mean = actions.ToUnits(start).clamp(-1, 1);
        var variance = full_like(mean, config.InitialDeviation * config.InitialDeviation);
        for (var i = 0; i < config.IterationCount; i++)
        {
            var draws = noise.Normal(config.CandidateCount - 1, config.Steps, actions.Width);
            var units = cat([mean.unsqueeze(1), draws.mul(variance.sqrt().unsqueeze(1)).add(mean.unsqueeze(1)).clamp(-1, 1)], 1);
            var (found, elites) = Try(best, model, latents, units, actions.FromUnits(units));
            best = found;
            var center = elites.mean([1]);
            var spread = elites.sub(center.unsqueeze(1)).square().mean([1]);
            mean = mean.mul(config.Momentum).add(center, alpha: 1 - config.Momentum);
            variance = variance.mul(config.Momentum).add(spread, alpha: 1 - config.Momentum).clamp_min(config.MinDeviation * config.MinDeviation);
        }

        return best!;
    }

    Plan SearchCategorical(IWorldModel model, Tensor latents, Tensor start, Tensor? firstMasks, PlanNoise noise)
    {
        Plan? best = null;
        var probabilities = start.mul(config.WarmShare).add((1 - config.WarmShare) / actions.Width);
        for (var i = 0; i < config.IterationCount; i++)
        {
            var logs = PlanActions.Allowed(probabilities.log(), firstMasks);
            var draws = noise.Gumbel(config.CandidateCount - 1, config.Steps, actions.Width).add(logs.unsqueeze(1));
            var plans = actions.OneHot(cat([logs.unsqueeze(1), draws], 1));
            var (found, elites) = Try(best, model, latents, plans, plans);
            best = found;
            probabilities = probabilities.mul(config.Momentum).add(elites.mean([1]), alpha: 1 - config.Momentum);
        }

        return best!;
    }

    // The best so far, and the elites in the terms of the distribution: [L, K, H, A].
    (Plan Best, Tensor Elites) Try(Plan? best, IWorldModel model, Tensor latents, Tensor terms, Tensor plans)
    {
        var returns = objective.Returns(model, latents, plans);
        var places = Planners.Comparable(returns).topk(config.Elites, 1).indexes;
        return (Planners.Better(best, plans, returns), Planners.Take(terms, places));
    }
}
