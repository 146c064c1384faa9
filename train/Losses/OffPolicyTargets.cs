using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Targets for values of a policy from whole episodes of another, by importance ratios pi(a_t|s_t) / b(a_t|s_t). Rows as in
/// <see cref="Returns"/>; constants for the gradient.
/// </summary>
/// <remarks>They cannot check that the ratios are over the logged probabilities of the policy that acted, nor that it had support.</remarks>
public static class OffPolicyTargets
{
    /// <summary>Targets of the values, and what the policy gradient multiplies grad log pi(a_t|s_t) by.</summary>
    /// <param name="Targets">[N]: vs_t.</param>
    /// <param name="PolicyAdvantages">[N]: min(rho limit, ratio_t) (r_t + discount_t vs_(t+1) - v_t).</param>
    public readonly record struct VtraceResult(Tensor Targets, Tensor PolicyAdvantages);

    /// <summary>
    /// V-trace: vs_t = v_t + rho_t error_t + discount_t c_t (vs_(t+1) - v_(t+1)), rho_t = min(rho limit, ratio_t),
    /// c_t = lambda min(c limit, ratio_t). Espeholt et al. 2018, "IMPALA", equation 1 and remark 1, the policy's advantage from section 4.2.
    /// </summary>
    /// <param name="ratios">[N] float, not negative.</param>
    /// <param name="rewards">[N] float.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="continues">[N] float: 1, 0 at each episode's last row.</param>
    /// <param name="values">[N] float: v(s_t).</param>
    /// <param name="nextValues">[N] float: v(s_(t+1)).</param>
    /// <param name="rhoLimit">rho-bar: it decides which policy's values are learned; infinity for the ratio as it is.</param>
    /// <param name="cLimit">c-bar: how far corrections reach; infinity for the ratio as it is.</param>
    /// <param name="lambda">In [0, 1].</param>
    public static VtraceResult Vtrace(
        Tensor ratios, Tensor rewards, Tensor discounts, Tensor continues, Tensor values, Tensor nextValues, double rhoLimit = 1, double cLimit = 1, double lambda = 1)
    {
        Require(ratios, rewards, discounts, continues, values, nextValues);
        Returns.CheckLambda(lambda);
        CheckLimit(rhoLimit);
        CheckLimit(cLimit);
        var rho = ratios.clamp_max(rhoLimit);
        var within = discounts.mul(continues);
        var corrections = Recurrences.Backward(rho.mul(Returns.Errors(rewards, discounts, values, nextValues)), within.mul(ratios.clamp_max(cLimit)).mul_(lambda));
        var nextTargets = nextValues.addcmul(continues, Recurrences.Following(corrections), 1);
        return new(values.add(corrections), rho.mul(Returns.Errors(rewards, discounts, values, nextTargets)));
    }

    /// <summary>
    /// Retrace: qr_t = r_t + discount_t (v_(t+1) + c_(t+1) (qr_(t+1) - q_(t+1))), c_t = lambda min(limit, ratio_t). Munos et al. 2016,
    /// "Safe and efficient off-policy reinforcement learning", equation 3 with its table 1; Wang et al. 2017, "Sample efficient actor-critic with
    /// experience replay", equation 5.
    /// </summary>
    /// <param name="ratios">[N] float, not negative.</param>
    /// <param name="rewards">[N] float.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="continues">[N] float: 1, 0 at each episode's last row.</param>
    /// <param name="actionValues">[N] float: q(s_t, a_t) of the action taken.</param>
    /// <param name="nextValues">[N] float: v(s_(t+1)), the expectation of q under the policy.</param>
    /// <param name="limit">Of the ratio; 1 in the papers, which makes it safe for any pair of policies.</param>
    /// <param name="lambda">In [0, 1]; 0: the one-step target.</param>
    /// <returns>[N].</returns>
    public static Tensor Retrace(
        Tensor ratios, Tensor rewards, Tensor discounts, Tensor continues, Tensor actionValues, Tensor nextValues, double limit = 1, double lambda = 1)
    {
        Require(ratios, rewards, discounts, continues, actionValues, nextValues);
        Returns.CheckLambda(lambda);
        CheckLimit(limit);
        var traces = discounts.mul(continues).mul_(Recurrences.Following(ratios.clamp_max(limit)).mul_(lambda));
        return actionValues.add(Recurrences.Backward(Returns.Errors(rewards, discounts, actionValues, nextValues), traces));
    }

    /// <summary>
    /// The n-step target with a ratio for every step and the value as control variate: G_t(n) = ratio_t (r_t + discount_t G_(t+1)(n-1)) +
    /// (1 - ratio_t) v_t, G_t(0) = v_t, cut off at the episode's end. Sutton and Barto 2018, equation 7.13.
    /// </summary>
    /// <param name="ratios">[N] float, not negative.</param>
    /// <param name="rewards">[N] float.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="continues">[N] float: 1, 0 at each episode's last row.</param>
    /// <param name="values">[N] float: v(s_t).</param>
    /// <param name="nextValues">[N] float: v(s_(t+1)).</param>
    /// <param name="steps">n, at least 1; each is a pass over the rows.</param>
    /// <returns>[N]. With n as long as the longest episode it is V-trace without limits.</returns>
    public static Tensor NStep(Tensor ratios, Tensor rewards, Tensor discounts, Tensor continues, Tensor values, Tensor nextValues, int steps)
    {
        Require(ratios, rewards, discounts, continues, values, nextValues);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var target = values;
        for (var n = 0; n < steps; n++)
        {
            var next = nextValues.addcmul(continues, Recurrences.Following(target).sub(nextValues), 1);
            target = values.addcmul(ratios, Returns.Errors(rewards, discounts, values, next), 1);
        }

        return target;
    }

    static void Require(Tensor ratios, Tensor rewards, Tensor discounts, Tensor continues, Tensor values, Tensor nextValues)
    {
        var shapes = new Shapes();
        shapes.Require(ratios, "N");
        shapes.Require(rewards, "N");
        shapes.Require(discounts, "N");
        shapes.Require(continues, "N");
        shapes.Require(values, "N");
        shapes.Require(nextValues, "N");
    }

    static void CheckLimit(double limit)
    {
        if (!(limit > 0))
            throw new ArgumentOutOfRangeException(nameof(limit), limit, "Expected a positive number, or infinity for none.");
    }
}
