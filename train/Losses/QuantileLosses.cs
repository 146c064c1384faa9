using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Returns as quantiles: Dabney, Rowland, Bellemare, Munos 2018, "Distributional reinforcement learning with quantile
/// regression" (QR-DQN), and Dabney, Ostrovski, Silver, Munos 2018, "Implicit quantile networks" (IQN). All accept any
/// leading axes and return the same leading axes.
/// </summary>
public static class QuantileLosses
{
    /// <summary>The middles of N equal slices of [0, 1]: (2 i + 1) / (2 N). QR-DQN, lemma 2.</summary>
    /// <returns>[N] float32.</returns>
    public static Tensor Midpoints(int count, Device device) =>
        arange(count, dtype: ScalarType.Float32, device: device).add_(0.5).div_((double)count);

    /// <summary>
    /// Quantile regression with Huber's loss: sum over i of the mean over j of |tau_i - 1{u_ij below 0}| * Huber_kappa(u_ij) / kappa,
    /// u_ij = target_j - estimate_i. QR-DQN, equation 10; IQN, equation 3. With kappa 0 it is quantile regression itself:
    /// |tau_i - 1{u_ij below 0}| * |u_ij|.
    /// </summary>
    /// <param name="estimates">[*, N] float: quantiles at s_tm1 of the action taken.</param>
    /// <param name="taus">[*, N] or [N] float in [0, 1]: the fractions that they stand for.</param>
    /// <param name="targets">[*, M] float: samples or quantiles of the target; constants for the gradient.</param>
    /// <param name="kappa">Where the square becomes a line; not negative.</param>
    /// <returns>[*] float, not negative.</returns>
    public static Tensor QuantileHuber(Tensor estimates, Tensor taus, Tensor targets, double kappa = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(kappa);
        Check(estimates, taus, targets);
        var u = targets.unsqueeze(-2).sub(estimates.unsqueeze(-1));
        var below = u.detach().lt(0).to(u.dtype);
        var size = kappa == 0 ? u.abs() : TdLosses.Huber(u, kappa).div(kappa);
        return taus.unsqueeze(-1).sub(below).abs().mul(size).mean([-1]).sum(-1L);
    }

    /// <summary>
    /// The gradient of the mean of <see cref="QuantileHuber"/> with respect to the estimates, by hand: for each i minus
    /// [tau_i * sum_j clamp(u_ij, 0, kappa) + (1 - tau_i) * sum_j clamp(u_ij, -kappa, 0)] / (kappa M B).
    /// </summary>
    /// <param name="weights">[*] float: importance weights, constants; null for ones.</param>
    /// <param name="kappa">Where the square becomes a line; positive.</param>
    /// <returns>[*, N] float. Other arguments as in <see cref="QuantileHuber"/>.</returns>
    public static Tensor MeanQuantileHuberGradient(Tensor estimates, Tensor taus, Tensor targets, Tensor? weights = null, double kappa = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kappa);
        Check(estimates, taus, targets);
        var rows = estimates.numel() / estimates.size(-1);
        var u = targets.unsqueeze(-2).sub(estimates.unsqueeze(-1));
        var above = u.clamp(0, kappa).sum(-1L);
        var below = u.clamp_(-kappa, 0).sum(-1L);
        // tau * above + (1 - tau) * below.
        var slopes = below.addcmul(taus, above.sub(below), 1).mul_(-1.0 / (kappa * targets.size(-1) * rows));
        return TdLosses.Weighted(slopes, weights);
    }

    static void Check(Tensor estimates, Tensor taus, Tensor targets)
    {
        var shapes = new Shapes();
        shapes.Require(estimates, "* N");
        shapes.Require(taus, taus.dim() == 1 ? "N" : "* N");
        shapes.Require(targets, "* M");
    }
}
