using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>What keeps a learner near the data, for discrete actions. All accept any leading axes and return the same leading axes.</summary>
public static class OfflineLosses
{
    /// <summary>
    /// The conservative penalty CQL(H): log sum_a exp q(s, a) - q(s, a_tm1), over allowed actions where a mask is given.
    /// Kumar, Zhou, Tucker, Levine 2020, "Conservative Q-learning for offline reinforcement learning", equation 4.
    /// </summary>
    /// <param name="qTm1">[*, A] float: action values at s_tm1.</param>
    /// <param name="aTm1">[*] int64: action taken at s_tm1, in [0, A); it must be allowed.</param>
    /// <param name="maskTm1">[*, A] bool, true where the action is allowed at s_tm1; null: all are.</param>
    /// <returns>[*] float, not negative: the cross-entropy of softmax(q) with the action taken.</returns>
    public static Tensor Conservative(Tensor qTm1, Tensor aTm1, Tensor? maskTm1 = null) => CloningLosses.CrossEntropy(qTm1, aTm1, maskTm1);

    /// <summary>
    /// Which actions discrete BCQ may take: those whose probability is more than <paramref name="threshold"/> of the likeliest
    /// one's. Fujimoto, Conti, Ghavamzadeh, Pineau 2019, "Benchmarking batch deep reinforcement learning algorithms", equation 10.
    /// </summary>
    /// <param name="logits">[*, A] float: of the imitation network.</param>
    /// <param name="threshold">In [0, 1): 0 allows all.</param>
    /// <param name="mask">[*, A] bool, true where the action is allowed; null: all are. At least one must be.</param>
    /// <returns>[*, A] bool; the likeliest allowed action is always in.</returns>
    public static Tensor BatchConstraint(Tensor logits, double threshold, Tensor? mask = null)
    {
        if (!(threshold is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "The threshold lies in [0, 1).");
        var shapes = new Shapes();
        shapes.Require(logits, "* A");
        if (mask is not null)
            logits = TdLosses.MaskOut(logits, mask);
        // p / p_max > threshold, without the softmax. log 0 is -infinity, which all but forbidden actions exceed.
        return logits.sub(logits.amax([-1], keepdim: true)).gt(Math.Log(threshold));
    }

    /// <summary>
    /// The expectile loss |tau - 1{u below 0}| u^2. Kostrikov, Nair, Levine 2022, "Offline reinforcement learning with
    /// implicit Q-learning", equation 3.
    /// </summary>
    /// <param name="errors">[*] float: target minus estimate, here q(s, a) - v(s).</param>
    /// <param name="tau">In (0, 1): 0.5 is half the square, towards 1 the estimate goes to the largest target.</param>
    /// <returns>[*] float, not negative.</returns>
    public static Tensor Expectile(Tensor errors, double tau)
    {
        CheckTau(tau);
        return ExpectileWeights(errors, tau).mul(errors).mul(errors);
    }

    /// <summary>The gradient of the mean of <see cref="Expectile"/> with respect to the estimate, by hand: -2 |tau - 1{u below 0}| u over their number.</summary>
    /// <returns>[*] float.</returns>
    public static Tensor MeanExpectileGradient(Tensor errors, double tau)
    {
        CheckTau(tau);
        return ExpectileWeights(errors, tau).mul(errors).mul_(-2.0 / errors.numel());
    }

    /// <summary>
    /// Weights of advantage-weighted cloning: min(exp(advantage / temperature), limit). Implicit Q-learning, equation 7 (whose
    /// beta is one over this temperature), and the exponential form of Wang et al. 2020, "Critic regularized regression", equation 4.
    /// </summary>
    /// <param name="advantages">[*] float.</param>
    /// <param name="temperature">Positive.</param>
    /// <param name="limit">Largest weight; positive.</param>
    /// <returns>[*] float in (0, limit]; constants for the gradient.</returns>
    public static Tensor ExponentialWeights(Tensor advantages, double temperature, double limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        // Limited before the exponential, so that no advantage overflows.
        return advantages.detach().mul(1 / temperature).clamp_max(Math.Log(limit)).exp();
    }

    /// <summary>The binary form of critic regularized regression: 1 where the advantage is positive, else 0. Wang et al. 2020, equation 3.</summary>
    /// <param name="advantages">[*] float.</param>
    /// <returns>[*] float; constants for the gradient.</returns>
    public static Tensor BinaryWeights(Tensor advantages) => advantages.detach().gt(0).to(advantages.dtype);

    /// <summary>
    /// The gradient of the weighted mean of <see cref="CloningLosses.CrossEntropy"/> with respect to the logits, by hand:
    /// w (softmax - onehot(a)) over the number of rows. It is the gradient of <see cref="Conservative"/> too.
    /// </summary>
    /// <param name="logitsTm1">[*, A] float.</param>
    /// <param name="aTm1">[*] int64: action taken, in [0, A); it must be allowed.</param>
    /// <param name="maskTm1">[*, A] bool, true where the action is allowed; null: all are.</param>
    /// <param name="weights">[*] float, constants; null for ones.</param>
    /// <returns>[*, A] float; 0 at forbidden actions.</returns>
    public static Tensor MeanCrossEntropyGradient(Tensor logitsTm1, Tensor aTm1, Tensor? maskTm1 = null, Tensor? weights = null)
    {
        var shapes = new Shapes();
        shapes.Require(logitsTm1, "* A");
        shapes.Require(aTm1, "*", ScalarType.Int64);
        var probabilities = (maskTm1 is null ? logitsTm1 : TdLosses.MaskOut(logitsTm1, maskTm1)).softmax(-1);
        var index = aTm1.unsqueeze(-1);
        var slopes = probabilities.scatter_add_(-1, index, full_like(index, -1, dtype: probabilities.dtype)).mul_(1.0 / aTm1.numel());
        return TdLosses.Weighted(slopes, weights);
    }

    /// <summary>The expected value under a policy: sum_a pi(a) q(a), over allowed actions.</summary>
    /// <param name="q">[*, A] float.</param>
    /// <param name="logits">[*, A] float: of the policy.</param>
    /// <param name="mask">[*, A] bool, true where the action is allowed; null: all are. At least one must be.</param>
    /// <returns>[*] float.</returns>
    public static Tensor ExpectedValue(Tensor q, Tensor logits, Tensor? mask = null)
    {
        var shapes = new Shapes();
        shapes.Require(q, "* A");
        shapes.Require(logits, "* A");
        return (mask is null ? logits : TdLosses.MaskOut(logits, mask)).softmax(-1).mul(q).sum(-1L);
    }

    /// <summary>
    /// A random convex mixture of an ensemble's values: sum_k alpha_k q_k. Agarwal, Schuurmans, Norouzi 2020, "An optimistic
    /// perspective on offline reinforcement learning", equation 5.
    /// </summary>
    /// <param name="values">[*, A, K] float: values by each of K heads.</param>
    /// <param name="mixture">[K] float, not negative, sums to 1: one draw for the whole batch, the same for estimate and target.</param>
    /// <returns>[*, A] float.</returns>
    public static Tensor Mixture(Tensor values, Tensor mixture)
    {
        var shapes = new Shapes();
        shapes.Require(values, "* A K");
        shapes.Require(mixture, "K");
        return values.matmul(mixture);
    }

    /// <summary>K uniform draws divided by their sum: the distribution over mixtures of <see cref="Mixture"/> that the paper uses.</summary>
    /// <param name="uniform">[K] float in [0, 1), not all 0.</param>
    /// <returns>[K] float.</returns>
    public static Tensor MixtureWeights(Tensor uniform) => uniform.div(uniform.sum());

    static Tensor ExpectileWeights(Tensor errors, double tau) =>
        errors.detach().lt(0).to(errors.dtype).mul_(1 - (2 * tau)).add_(tau);

    static void CheckTau(double tau)
    {
        if (!(tau is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(tau), tau, "The expectile lies in (0, 1).");
    }
}
