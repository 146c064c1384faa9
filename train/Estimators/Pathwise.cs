using static TorchSharp.torch;

namespace OfflineRL.Train.Estimators;

/// <summary>
/// The pathwise estimate of the gradient of E[f(a)], a ~ pi: the gradient of f at a draw that is a function of the policy's parameters and of noise. Unbiased where f is differentiable, and of
/// less variance than the score function's where f is smooth (Kingma and Welling 2014, "Auto-encoding variational Bayes", section 2.4; Mohamed et al. 2020, "Monte Carlo gradient estimation").
/// </summary>
public static class Pathwise
{
    /// <summary>A surrogate: the gradient of what is returned is minus the estimate, a mean over rows.</summary>
    /// <param name="policy">Of continuous actions, no mixture.</param>
    /// <param name="value">f: [*, A] to [*], differentiable; its own parameters get gradients too unless they are constants.</param>
    /// <param name="generator">On the device of the policy.</param>
    /// <returns>A scalar: minus the mean of f.</returns>
    /// <exception cref="ArgumentException">Its draws have no derivative.</exception>
    public static Tensor Surrogate(IActionDistribution policy, Func<Tensor, Tensor> value, Generator generator)
    {
        var actions = policy.RSample(generator) ?? throw new ArgumentException($"Draws of {policy.GetType().Name} have no derivative; expected normal distributions, squashed or not.", nameof(policy));
        return value(actions).mean().neg();
    }
}
