using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// The E-step of maximum a posteriori policy optimization: of all reweightings of the actions that a policy draws, the one of the largest mean value within a divergence of it.
/// Abdolmaleki et al. 2018, "Maximum a posteriori policy optimisation", section 4.1.
/// </summary>
public static class MpoLosses
{
    /// <summary>
    /// The dual: eta epsilon + eta times the mean over rows of ln sum_j p_j exp(q_j / eta) (equation 8). Convex in eta; where its slope is 0, the weights' mean divergence from p is epsilon.
    /// </summary>
    /// <param name="values">[N, M] float: q of M actions in each row; constants.</param>
    /// <param name="logPriors">[N, M] float: ln p of those actions, negative infinity where an action is forbidden; null: 1 / M each, as for draws.</param>
    /// <param name="temperature">A scalar: eta, positive.</param>
    /// <param name="epsilon">The largest mean divergence, positive.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Dual(Tensor values, Tensor? logPriors, Tensor temperature, double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        return temperature.mul(Logits(values.detach(), logPriors, temperature).logsumexp(-1).mean().add(epsilon));
    }

    /// <summary>The weights of the actions: p_j exp(q_j / eta), which add up to 1 in each row (equation 7). Constants for the gradient.</summary>
    /// <param name="values">[N, M] float.</param>
    /// <param name="logPriors">[N, M] float; null: 1 / M each.</param>
    /// <param name="temperature">A scalar: eta, positive.</param>
    /// <returns>[N, M] float.</returns>
    public static Tensor Weights(Tensor values, Tensor? logPriors, Tensor temperature) => Logits(values, logPriors, temperature).softmax(-1).detach();

    static Tensor Logits(Tensor values, Tensor? logPriors, Tensor temperature)
    {
        var shapes = new Shapes();
        shapes.Require(values, "N M");
        shapes.Require(temperature, "");
        var scaled = values.div(temperature);
        if (logPriors is null)
            return scaled.sub(Math.Log(values.size(1)));
        shapes.Require(logPriors, "N M");
        return scaled.add(logPriors.detach());
    }
}
