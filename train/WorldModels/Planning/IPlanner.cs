using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>A search for a good action sequence through a world model, for L states at once: each lane by itself, with draws of its own.</summary>
public interface IPlanner
{
    /// <summary>Searches from L states.</summary>
    /// <param name="model">Its parameters get no gradient.</param>
    /// <param name="latents">[L, Z].</param>
    /// <param name="start">[L, H, A]: what is known already, such as what is left of the plan of the step before (<see cref="PlanActions.Shifted"/>), else <see cref="PlanActions.Neutral"/>.</param>
    /// <param name="firstMasks">[L, A] bool, true where a discrete action is allowed at the first step; null: all are.</param>
    /// <param name="noise">Seeded for these lanes.</param>
    Plan Search(IWorldModel model, Tensor latents, Tensor start, Tensor? firstMasks, PlanNoise noise);
}

/// <summary>What a search found.</summary>
/// <param name="Actions">[L, H, A]: the best sequence that was tried, as the model sees actions.</param>
/// <param name="Returns">[L]: what it is worth by <see cref="PlanObjective"/>; negative infinity where the model was finite for none.</param>
public sealed record Plan(Tensor Actions, Tensor Returns);

/// <summary>The planners by name.</summary>
public static class Planners
{
    /// <summary>The planner of a config.</summary>
    /// <param name="config">Checked by the caller.</param>
    /// <param name="actions">What plans are made of; not disposed of with the planner.</param>
    /// <param name="terminalValue">[N, Z] to [N]; null: none.</param>
    public static IPlanner Create(PlanningConfig config, PlanActions actions, Func<Tensor, Tensor>? terminalValue = null)
    {
        var objective = new PlanObjective(config.Gamma, config.Penalty ?? 0, terminalValue);
        return config.Planner switch
        {
            PlanningConfig.RandomShooting => new RandomShooting(config, actions, objective),
            PlanningConfig.Gradient => new GradientPlanner(config, actions, objective),
            _ => new CrossEntropyMethod(config, actions, objective),
        };
    }

    /// <summary>The best of candidates, or what was the best before.</summary>
    /// <param name="best">Null at first.</param>
    /// <param name="plans">[L, C, H, A].</param>
    /// <param name="returns">[L, C]; not finite: never the best.</param>
    internal static Plan Better(Plan? best, Tensor plans, Tensor returns)
    {
        var (value, index) = Comparable(returns).max(1);
        var found = Take(plans, index.unsqueeze(1)).squeeze(1);
        if (best is null)
            return new(found, value);
        var better = value.gt(best.Returns);
        return new(where(better.unsqueeze(-1).unsqueeze(-1), found, best.Actions), where(better, value, best.Returns));
    }

    /// <summary>Returns with what is not finite last.</summary>
    internal static Tensor Comparable(Tensor returns) => returns.masked_fill(returns.isfinite().logical_not(), double.NegativeInfinity);

    /// <summary>Candidates by their places: [L, C, H, A] and [L, K] to [L, K, H, A].</summary>
    internal static Tensor Take(Tensor plans, Tensor places) =>
        plans.gather(1, places.unsqueeze(-1).unsqueeze(-1).expand(places.size(0), places.size(1), plans.size(2), plans.size(3)));
}
