using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// What a policy would earn on decisions of one step, estimated from logged ones, to be ascended: the gradient flows through the weights and the probabilities
/// of the policy that learns; rewards and models are constants.
/// </summary>
/// <remarks>They cannot check that the logged probabilities are those of the policy that acted, nor that it tried what the learned one wants.</remarks>
public static class BanditObjectives
{
    // exp of more is no weight that anything can be learned from, and its gradient would be infinite.
    const double LargestLogRatio = 44;

    /// <summary>w = min(M, pi(a|x) / b(a|x)), with no gradient where M binds. Bottou et al. 2013, "Counterfactual reasoning and learning systems", section 4.4.</summary>
    /// <param name="logProbabilities">[N] float: ln pi(a|x).</param>
    /// <param name="behaviorLogProbabilities">[N] float: as logged.</param>
    /// <param name="limit">M, positive; infinity for none.</param>
    /// <returns>[N].</returns>
    public static Tensor Weights(Tensor logProbabilities, Tensor behaviorLogProbabilities, double limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var shapes = new Shapes();
        shapes.Require(logProbabilities, "N");
        shapes.Require(behaviorLogProbabilities, "N");
        return logProbabilities.sub(behaviorLogProbabilities).clamp_max(Math.Min(Math.Log(limit), LargestLogRatio)).exp();
    }

    /// <summary>Inverse propensity score: the mean of w r. Horvitz and Thompson 1952.</summary>
    /// <param name="weights">[N] float: from <see cref="Weights"/>.</param>
    /// <param name="rewards">[N] float.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Ips(Tensor weights, Tensor rewards)
    {
        Require(weights, rewards);
        return weights.mul(rewards).mean();
    }

    /// <summary>Self-normalized: sum w r / sum w, which no constant added to the rewards can make prefer to avoid the log. Swaminathan and Joachims 2015b, "The self-normalized estimator for counterfactual learning", equation 9.</summary>
    /// <param name="weights">[N] float.</param>
    /// <param name="rewards">[N] float.</param>
    /// <returns>A scalar.</returns>
    public static Tensor SelfNormalized(Tensor weights, Tensor rewards)
    {
        Require(weights, rewards);
        return weights.mul(rewards).sum().div(weights.sum().clamp_min(1e-12));
    }

    /// <summary>Doubly robust: the mean of sum_a pi(a|x) m(x, a) + w (r - m(x, a_t)). Dudik, Langford, Li 2011, "Doubly robust policy evaluation and learning", equation 1.</summary>
    /// <param name="weights">[N] float.</param>
    /// <param name="rewards">[N] float.</param>
    /// <param name="probabilities">[N, A] float: pi.</param>
    /// <param name="model">[N, A] float: m, of models that did not see the row.</param>
    /// <param name="actions">[N] int64: a_t.</param>
    /// <returns>A scalar; right where weights or model are.</returns>
    public static Tensor DoublyRobust(Tensor weights, Tensor rewards, Tensor probabilities, Tensor model, Tensor actions)
    {
        Require(weights, rewards);
        var shapes = new Shapes();
        shapes.Require(weights, "N");
        shapes.Require(probabilities, "N A");
        shapes.Require(model, "N A");
        shapes.Require(actions, "N", ScalarType.Int64);
        var residuals = rewards.sub(model.gather(-1, actions.unsqueeze(-1)).squeeze(-1));
        return probabilities.mul(model).sum(-1L).add(weights.mul(residuals)).mean();
    }

    /// <summary>
    /// POEM: the mean of u = w r less lambda sqrt(Var(u) / N). Swaminathan and Joachims 2015a, "Counterfactual risk minimization", equation 5, with rewards in place of
    /// losses.
    /// </summary>
    /// <param name="weights">[N] float, N at least 2.</param>
    /// <param name="rewards">[N] float.</param>
    /// <param name="lambda">Not negative; 0 for <see cref="Ips"/>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Poem(Tensor weights, Tensor rewards, double lambda)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lambda);
        Require(weights, rewards);
        var u = weights.mul(rewards);
        // A root has no derivative at 0, where all of u are the same.
        var error = u.var().div(u.numel()).add(1e-12).sqrt();
        return u.mean().sub(error.mul(lambda));
    }

    static void Require(Tensor weights, Tensor rewards)
    {
        var shapes = new Shapes();
        shapes.Require(weights, "N");
        shapes.Require(rewards, "N");
    }
}
