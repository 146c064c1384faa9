using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Losses whose gradient is a policy gradient, negated: means over rows of steps. Advantages and logged log-probabilities are constants; the
/// gradient flows through the policy's log-probabilities alone.
/// </summary>
/// <remarks>They cannot check that advantages are of these rows, nor that logged log-probabilities are those that the actions were drawn with.</remarks>
public static class PolicyLosses
{
    // exp of more is no ratio that anything can be learned from, and its gradient would be infinite.
    const double LargestLogRatio = 20;

    /// <summary>-mean of A_t ln pi(a_t|s_t): right for actions that this very policy drew. Williams 1992, "Simple statistical gradient-following algorithms", equation 11.</summary>
    /// <param name="logProbabilities">[N] float: ln pi(a_t|s_t).</param>
    /// <param name="advantages">[N] float.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Score(Tensor logProbabilities, Tensor advantages)
    {
        Require(logProbabilities, advantages);
        return advantages.mul(logProbabilities).mean().neg();
    }

    /// <summary>rho_t = pi(a_t|s_t) / b(a_t|s_t), at most e^20.</summary>
    /// <param name="logProbabilities">[N] float.</param>
    /// <param name="behaviorLogProbabilities">[N] float: as logged.</param>
    /// <returns>[N].</returns>
    public static Tensor Ratios(Tensor logProbabilities, Tensor behaviorLogProbabilities)
    {
        Require(logProbabilities, behaviorLogProbabilities);
        return logProbabilities.sub(behaviorLogProbabilities).clamp_max(LargestLogRatio).exp();
    }

    /// <summary>rho_t - 1 - ln rho_t, whose mean over logged steps estimates KL(b, pi) and which is never negative; finite however unlikely an action has become.</summary>
    /// <param name="logProbabilities">[N] float.</param>
    /// <param name="behaviorLogProbabilities">[N] float: as logged.</param>
    /// <returns>[N].</returns>
    public static Tensor Divergences(Tensor logProbabilities, Tensor behaviorLogProbabilities)
    {
        Require(logProbabilities, behaviorLogProbabilities);
        var logs = logProbabilities.sub(behaviorLogProbabilities);
        return logs.clamp_max(LargestLogRatio).expm1().sub(logs);
    }

    /// <summary>-mean of rho_t A_t. Schulman et al. 2015, "Trust region policy optimization", equation 14.</summary>
    /// <param name="ratios">[N] float: of <see cref="Ratios"/>.</param>
    /// <param name="advantages">[N] float.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Surrogate(Tensor ratios, Tensor advantages)
    {
        Require(ratios, advantages);
        return ratios.mul(advantages).mean().neg();
    }

    /// <summary>
    /// -mean of min(rho_t A_t, clip(rho_t, 1 - epsilon, 1 + epsilon) A_t): no gradient where the ratio has left the interval on the side that the advantage asks
    /// for. Schulman et al. 2017, "Proximal policy optimization algorithms", equation 7.
    /// </summary>
    /// <param name="ratios">[N] float: of <see cref="Ratios"/>.</param>
    /// <param name="advantages">[N] float.</param>
    /// <param name="clip">epsilon, positive.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Clipped(Tensor ratios, Tensor advantages, double clip)
    {
        Require(ratios, advantages);
        return ratios.mul(advantages).minimum(ratios.clamp(1 - clip, 1 + clip).mul(advantages)).mean().neg();
    }

    /// <summary>The share of rows whose ratio is outside 1 - epsilon to 1 + epsilon.</summary>
    /// <param name="ratios">[N] float.</param>
    /// <param name="clip">epsilon, positive.</param>
    /// <returns>A scalar, float32.</returns>
    public static Tensor ShareOutside(Tensor ratios, double clip) => ratios.sub(1).abs().gt(clip).to(ScalarType.Float32).mean();

    /// <summary>Advantages less their mean, over their standard deviation.</summary>
    /// <param name="advantages">[N] float.</param>
    /// <returns>[N].</returns>
    public static Tensor Standardized(Tensor advantages)
    {
        var centered = advantages.sub(advantages.mean());
        return centered.div(centered.square().mean().sqrt().add(1e-8));
    }

    /// <summary>1 - the variance of the error over that of the target: 1 where values are right, 0 where they are no better than a constant.</summary>
    /// <param name="values">[N] float.</param>
    /// <param name="targets">[N] float.</param>
    /// <returns>A scalar.</returns>
    public static Tensor ExplainedVariance(Tensor values, Tensor targets)
    {
        Require(values, targets);
        return targets.sub(values).var(unbiased: false).div(targets.var(unbiased: false).add(1e-12)).neg().add(1);
    }

    static void Require(Tensor one, Tensor other)
    {
        var shapes = new Shapes();
        shapes.Require(one, "N");
        shapes.Require(other, "N");
    }
}
