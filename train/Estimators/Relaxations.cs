using static TorchSharp.torch;

namespace OfflineRL.Train.Estimators;

/// <summary>
/// Draws of discrete actions as vectors [*, A] that a gradient flows through: in place of a one-hot vector e_a in a differentiable f(e_a). All are biased unless f is linear or the temperature goes
/// to 0, and say how; forbidden actions have 0 and no gradient.
/// </summary>
public static class Relaxations
{
    /// <summary>
    /// softmax((ln p + g) / temperature) with Gumbel noise g: a point of the simplex that is the draw's one-hot vector in the limit of temperature 0 (Jang, Gu, Poole 2017, "Categorical
    /// reparameterization with Gumbel-softmax", equation 2; Maddison, Mnih, Teh 2017). The gradient is that of E[f(softmax(...))], the relaxed function's, and not of E[f(e_a)].
    /// </summary>
    /// <param name="policy">The distribution.</param>
    /// <param name="temperature">Positive: the lower, the less bias and the more variance.</param>
    /// <param name="generator">On the device of the policy.</param>
    public static Tensor GumbelSoftmax(Categorical policy, double temperature, Generator generator)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        var noise = empty_like(policy.LogProbabilities).exponential_(1, generator).clamp_min(1e-30).log().neg();
        return policy.LogProbabilities.add(noise).div(temperature).softmax(-1);
    }

    /// <summary>The one-hot vector of what <see cref="GumbelSoftmax"/> gives most of, with that one's gradient (Jang et al. 2017, section 2.2).</summary>
    /// <param name="policy">The distribution.</param>
    /// <param name="temperature">Positive.</param>
    /// <param name="generator">On the device of the policy.</param>
    public static Tensor StraightThroughGumbel(Categorical policy, double temperature, Generator generator)
    {
        var soft = GumbelSoftmax(policy, temperature, generator);
        return Through(OneHot(soft.argmax(-1), soft), soft);
    }

    /// <summary>
    /// The one-hot vector of a draw, with the gradient of the probabilities in its place (Bengio, Leonard, Courville 2013, "Estimating or propagating gradients through stochastic neurons"): the
    /// expectation is the sum over a of p(a) times the gradient of f at e_a, through p. Exact where f is linear.
    /// </summary>
    /// <param name="policy">The distribution.</param>
    /// <param name="generator">On the device of the policy.</param>
    public static Tensor StraightThrough(Categorical policy, Generator generator)
    {
        var probabilities = policy.Probabilities;
        return Through(OneHot(policy.Sample(generator), probabilities), probabilities);
    }

    static Tensor OneHot(Tensor actions, Tensor like) => zeros_like(like).detach().scatter(-1, actions.unsqueeze(-1), ones([.. actions.shape, 1], like.dtype, like.device));

    // The value of one with the gradient of the other.
    static Tensor Through(Tensor value, Tensor gradient) => value.add(gradient.sub(gradient.detach()));
}
