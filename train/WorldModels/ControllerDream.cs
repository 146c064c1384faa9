using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>A population of controllers in the dreams of a model, as one batch: each from the same starts.</summary>
/// <param name="Horizon">Steps of a dream.</param>
/// <param name="Discount">gamma.</param>
sealed record ControllerDream(int Horizon, double Discount)
{
    /// <summary>The mean return of each controller. Nothing of it waits for the device.</summary>
    /// <param name="model">Its parameters are constants. What a controller reads are the first numbers of its latent states.</param>
    /// <param name="shape">Of the controllers.</param>
    /// <param name="controllers">[P, n].</param>
    /// <param name="starts">[S, Z].</param>
    /// <param name="cut">A scalar: what every step is taken to give after one at which the model cuts the dream. Nothing, as after a termination, would be a reward where rewards are negative.</param>
    /// <param name="generator">On the device of the model.</param>
    /// <param name="range">From <see cref="ControllerShape.Range"/>, where it is at hand.</param>
    public ControllerReturns Returns(IWorldModel model, ControllerShape shape, Tensor controllers, Tensor starts, Tensor cut, Generator generator, (Tensor Middle, Tensor Half)? range = null)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (population, count) = (controllers.size(0), starts.size(0));
        var latent = starts.repeat(population, 1);
        var returns = zeros(population * count, device: starts.device);
        var (continues, steps, disagreement) = (ones_like(returns), zeros_like(returns), zeros_like(returns));
        range ??= shape.Range(starts.device);
        Tensor? trusted = null;
        for (var t = 0; t < Horizon; t++)
        {
            using var inner = NewDisposeScope();
            var scores = shape.Scores(controllers, latent.narrow(-1, 0, shape.Inputs).reshape(population, count, shape.Inputs));
            var step = model.Step(latent, ControllerShape.Act(scores.flatten(0, 1), range), generator);
            returns.addcmul_(continues, trusted is null ? step.Reward : step.Reward.where(trusted, cut), Math.Pow(Discount, t));
            steps.add_(trusted is null ? continues : continues.mul(trusted));
            continues.mul_(trusted is null ? step.Continue : step.Continue.where(trusted, ones_like(continues)));
            if (step.Disagreement is not null)
                disagreement.add_(step.Disagreement, alpha: 1.0 / Horizon);
            if (step.Truncated is { } truncated)
                trusted = (trusted?.logical_and(truncated.logical_not()) ?? truncated.logical_not()).MoveToOuterDisposeScope();
            latent = step.Latent.MoveToOuterDisposeScope();
        }

        return new(returns.view(population, count).mean([1]).MoveToOuterDisposeScope(), steps.mean().MoveToOuterDisposeScope(), disagreement.mean().MoveToOuterDisposeScope());
    }
}

/// <summary>What dreams gave.</summary>
/// <param name="Returns">[P]: the mean over starts of the sum over t of gamma^t r_{t+1}, each times the probability that the dream went on until then.</param>
/// <param name="Steps">A scalar: how many steps a dream goes on and is trusted, in the mean.</param>
/// <param name="Disagreement">A scalar: mean of the model's; 0 where it cannot say.</param>
sealed record ControllerReturns(Tensor Returns, Tensor Steps, Tensor Disagreement);
