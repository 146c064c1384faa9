using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// What grad log pi(a_t|s_t) is multiplied by in the importance-sampled policy gradient, whose estimate is the sum over all rows over the
/// number of episodes. Rows as in <see cref="Returns"/>; constants for the gradient.
/// </summary>
/// <remarks>
/// They cannot check that the weights are of these rows, nor that the baseline does not look at a_t: one that does is biased. The gradient is that
/// of the discounted return only where each coefficient is multiplied by gamma^t too.
/// </remarks>
public static class ImportanceGradients
{
    /// <summary>
    /// Each reward by the weight of its own step: sum over k from t of gamma^(k - t) w_k r_k, minus w_t b_t. With per-decision weights it is unbiased.
    /// Precup, Sutton, Singh 2000, section 3, for the return.
    /// </summary>
    /// <param name="weights">[N] float: of steps 0 to t.</param>
    /// <param name="rewards">[N] float.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="continues">[N] float: 1, 0 at each episode's last row.</param>
    /// <param name="nextValues">[N] float: of the state after each row, read at last rows alone; null: 0.</param>
    /// <param name="baselines">[N] float; null: 0.</param>
    /// <returns>[N].</returns>
    public static Tensor PerReward(Tensor weights, Tensor rewards, Tensor discounts, Tensor continues, Tensor? nextValues = null, Tensor? baselines = null)
    {
        var shapes = new Shapes();
        shapes.Require(weights, "N");
        shapes.Require(rewards, "N");
        var returns = Returns.ToGo(weights.mul(rewards), discounts, continues, nextValues?.mul(weights));
        if (baselines is null)
            return returns;
        shapes.Require(baselines, "N");
        return returns.addcmul(weights, baselines, -1);
    }

    /// <summary>
    /// The weight of a_t on everything after it: w_t (G_t - b_t). With trajectory weights it is unbiased. With per-decision weights the future is
    /// the behavior's, which varies less: the states are corrected, what follows them is not.
    /// </summary>
    /// <param name="weights">[N] float.</param>
    /// <param name="returns">[N] float: as logged, from <see cref="Returns.ToGo"/>.</param>
    /// <param name="baselines">[N] float; null: 0.</param>
    /// <returns>[N].</returns>
    public static Tensor PerAction(Tensor weights, Tensor returns, Tensor? baselines = null)
    {
        var shapes = new Shapes();
        shapes.Require(weights, "N");
        shapes.Require(returns, "N");
        if (baselines is null)
            return weights.mul(returns);
        shapes.Require(baselines, "N");
        return weights.mul(returns.sub(baselines));
    }
}
