using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>
/// Random shooting: the best of C uniform action sequences (Nagabandi et al. 2018, "Neural network dynamics for model-based deep reinforcement learning with model-free fine-tuning", section IV.C).
/// What was planned before plays no part.
/// </summary>
public sealed class RandomShooting(PlanningConfig config, PlanActions actions, PlanObjective objective) : IPlanner
{
    public Plan Search(IWorldModel model, Tensor latents, Tensor start, Tensor? firstMasks, PlanNoise noise)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var plans = Draw(firstMasks, noise);
        var best = Planners.Better(null, plans, objective.Returns(model, latents, plans));
        return new(best.Actions.MoveToOuterDisposeScope(), best.Returns.MoveToOuterDisposeScope());
    }

    Tensor Draw(Tensor? firstMasks, PlanNoise noise) => actions.IsDiscrete
        ? actions.OneHot(PlanActions.Allowed(noise.Uniform(config.CandidateCount, config.Steps, actions.Width), firstMasks))
        : actions.FromUnits(noise.Uniform(config.CandidateCount, config.Steps, actions.Width).mul(2).sub(1));
}
