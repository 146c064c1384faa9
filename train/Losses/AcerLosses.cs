using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// The policy gradient of ACER by hand, with respect to the logits of a softmax over A actions: Wang et al. 2017, "Sample efficient actor-critic with experience
/// replay". Forbidden actions have probability 0 and keep a gradient of 0; everything is a constant for the gradient.
/// </summary>
public static class AcerLosses
{
    /// <summary>
    /// Truncated importance sampling with bias correction, equation 9: min(c, rho_t(a_t)) (q_ret - v) grad log pi(a_t) + sum_a pi(a) (1 - c / rho_t(a))_+ (q(a) - v) grad log pi(a),
    /// to be ascended. Its expectation over the behavior's actions does not depend on c where q_ret has the expectation q(a_t).
    /// </summary>
    /// <param name="pi">[N, A] float: probabilities of the policy that learns.</param>
    /// <param name="behavior">[N, A] float: of the behavior, positive where <paramref name="pi"/> is.</param>
    /// <param name="actions">[N] int64: a_t.</param>
    /// <param name="retrace">[N] float: q_ret, from <see cref="OffPolicyTargets.Retrace"/>.</param>
    /// <param name="q">[N, A] float: the critic's action values.</param>
    /// <param name="limit">c, positive; infinity for no truncation and no correction.</param>
    /// <returns>[N, A].</returns>
    public static Tensor CorrectedGradient(Tensor pi, Tensor behavior, Tensor actions, Tensor retrace, Tensor q, double limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var shapes = new Shapes();
        shapes.Require(pi, "N A");
        shapes.Require(behavior, "N A");
        shapes.Require(actions, "N", ScalarType.Int64);
        shapes.Require(retrace, "N");
        shapes.Require(q, "N A");
        var v = pi.mul(q).sum(-1, keepdim: true);
        var index = actions.unsqueeze(-1);
        var taken = pi.gather(-1, index).div(behavior.gather(-1, index)).clamp_max(limit).mul(retrace.unsqueeze(-1).sub(v));
        // pi (1 - c b / pi)_+ is (pi - c b)_+, which divides by nothing.
        var weights = double.IsInfinity(limit) ? zeros_like(pi) : pi.sub(behavior.mul(limit)).clamp_min(0).mul(q.sub(v));
        weights.scatter_add_(-1, index, taken);
        return weights.sub(pi.mul(weights.sum(-1, keepdim: true)));
    }

    /// <summary>The gradient of the entropy, -pi (log pi + entropy).</summary>
    /// <param name="pi">[N, A] float: probabilities.</param>
    /// <returns>[N, A].</returns>
    public static Tensor EntropyGradient(Tensor pi)
    {
        var terms = pi.mul(pi.clamp_min(float.Epsilon).log());
        return pi.mul(terms.sum(-1, keepdim: true)).sub(terms);
    }

    /// <summary>
    /// The gradient nearest to g along which KL(average, pi) grows by no more than the bound, equation 12: g - max(0, (k.g - bound) / |k|^2) k, with k the gradient of that
    /// divergence, pi - average.
    /// </summary>
    /// <param name="gradient">[N, A] float: g, to be ascended.</param>
    /// <param name="pi">[N, A] float: probabilities of the policy that learns.</param>
    /// <param name="average">[N, A] float: of the average policy.</param>
    /// <param name="bound">Not negative.</param>
    /// <returns>[N, A].</returns>
    public static Tensor WithinTrustRegion(Tensor gradient, Tensor pi, Tensor average, double bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bound);
        var shapes = new Shapes();
        shapes.Require(gradient, "N A");
        shapes.Require(pi, "N A");
        shapes.Require(average, "N A");
        var k = pi.sub(average);
        var excess = k.mul(gradient).sum(-1, keepdim: true).sub(bound).clamp_min(0);
        // Where k is 0 there is no excess either.
        return gradient.sub(k.mul(excess.div(k.square().sum(-1, keepdim: true).clamp_min(1e-12))));
    }

    /// <summary>The behavior's probabilities of all actions: the logged one of the action taken, and what is left to 1 shared as a model of the behavior shares it.</summary>
    /// <param name="model">[N, A] float: probabilities.</param>
    /// <param name="actions">[N] int64: a_t.</param>
    /// <param name="logged">[N] float, in (0, 1]: of a_t.</param>
    /// <returns>[N, A]; with two actions it is exact whatever the model says.</returns>
    public static Tensor CompletedBehavior(Tensor model, Tensor actions, Tensor logged)
    {
        var shapes = new Shapes();
        shapes.Require(model, "N A");
        shapes.Require(actions, "N", ScalarType.Int64);
        shapes.Require(logged, "N");
        var index = actions.unsqueeze(-1);
        var others = model.scatter(-1, index, zeros_like(index, dtype: model.dtype));
        var left = logged.unsqueeze(-1).neg().add(1).clamp_min(0);
        return others.mul(left.div(others.sum(-1, keepdim: true).clamp_min(1e-12))).scatter_(-1, index, logged.unsqueeze(-1));
    }
}
