using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Returns as a distribution over fixed atoms: Bellemare, Dabney, Munos 2017, "A distributional perspective on reinforcement
/// learning" (C51). All accept any leading axes and return the same leading axes.
/// </summary>
public static class CategoricalLosses
{
    /// <summary>The atoms: N values spread evenly from <paramref name="low"/> to <paramref name="high"/>.</summary>
    /// <returns>[N] float32.</returns>
    public static Tensor Support(double low, double high, int atoms, Device device)
    {
        if (!(low < high) || atoms < 2)
            throw new ArgumentException($"A support has at least 2 atoms from a lower to a higher value; found {atoms} from {low} to {high}.", nameof(atoms));
        return linspace(low, high, atoms, dtype: ScalarType.Float32, device: device);
    }

    /// <summary>The mean of each distribution: sum_i p_i z_i.</summary>
    /// <param name="probabilities">[*, N] float.</param>
    /// <param name="support">[N] float, evenly spaced.</param>
    /// <returns>[*] float.</returns>
    public static Tensor Mean(Tensor probabilities, Tensor support) => probabilities.matmul(support);

    /// <summary>
    /// The distribution of r_t + discount_t * Z put back on the atoms: each shifted atom's mass goes to its two neighbors in
    /// proportion to nearness, and what falls outside goes to the end. Bellemare et al. 2017, equation 7 and algorithm 1.
    /// </summary>
    /// <param name="rT">[*] float: reward that followed.</param>
    /// <param name="discountT">[*] float, not negative: 0 where the episode terminated.</param>
    /// <param name="probabilitiesT">[*, N] float: distribution of the value at s_t; sums to 1.</param>
    /// <param name="support">[N] float, evenly spaced.</param>
    /// <param name="low">The first atom.</param>
    /// <param name="high">The last atom.</param>
    /// <returns>[*, N] float, sums to 1. Its mean is r_t + discount_t * mean where nothing falls outside.</returns>
    /// <remarks>Low and high are numbers beside the support, so that nothing waits for the device to read them.</remarks>
    public static Tensor Project(Tensor rT, Tensor discountT, Tensor probabilitiesT, Tensor support, double low, double high)
    {
        var shapes = new Shapes();
        shapes.Require(probabilitiesT, "* N");
        shapes.Require(support, "N");
        shapes.Require(rT, "*");
        shapes.Require(discountT, "*");
        var atoms = support.size(0);
        // Where each atom lands, counted in atoms from the first; the last cell takes the end itself, with weight 1 above.
        var place = rT.unsqueeze(-1).addcmul(discountT.unsqueeze(-1), support, 1).sub_(low).mul_((atoms - 1) / (high - low)).clamp_(0, atoms - 1);
        var cell = place.floor().clamp_(0, atoms - 2);
        var above = place.sub_(cell);
        var index = cell.to(ScalarType.Int64);
        var up = above.mul_(probabilitiesT);
        var result = zeros_like(probabilitiesT);
        result.scatter_add_(-1, index, probabilitiesT.sub(up));
        result.scatter_add_(-1, index.add_(1), up);
        return result;
    }

    /// <summary>Cross-entropy of the predicted distribution at the action taken: -sum_i m_i log softmax(logits(a))_i.</summary>
    /// <param name="logitsTm1">[*, A, N] float: logits at s_tm1.</param>
    /// <param name="aTm1">[*] int64: action taken at s_tm1, in [0, A).</param>
    /// <param name="target">[*, N] float: from <see cref="Project"/>; a constant for the gradient.</param>
    /// <returns>[*] float; its minimum over logits is the entropy of the target, not 0.</returns>
    public static Tensor CrossEntropy(Tensor logitsTm1, Tensor aTm1, Tensor target) =>
        AtAction(logitsTm1, aTm1, target).log_softmax(-1).mul(target).sum(-1L).neg();

    /// <summary>
    /// Kullback-Leibler divergence of the predicted distribution from its target: what Rainbow replays by (Hessel et al. 2018, "The
    /// integrated agent"). Beside the cross-entropy it is 0 where the prediction is right, however wide the target.
    /// </summary>
    /// <param name="crossEntropy">[*] float: from <see cref="CrossEntropy"/>.</param>
    /// <param name="target">[*, N] float: the same one.</param>
    /// <returns>[*] float, not negative but for rounding.</returns>
    public static Tensor Divergence(Tensor crossEntropy, Tensor target) =>
        // 0 log 0 is 0.
        target.clamp_min(1e-37).log().mul(target).sum(-1L).add(crossEntropy);

    /// <summary>
    /// The gradient of the mean of <see cref="CrossEntropy"/> with respect to the logits, by hand: (softmax - target) over the
    /// number of rows at the action taken, 0 elsewhere. It needs the softmax of one action and no graph.
    /// </summary>
    /// <param name="weights">[*] float: importance weights, constants; null for ones.</param>
    /// <returns>[*, A, N] float. Other arguments as in <see cref="CrossEntropy"/>.</returns>
    public static Tensor MeanCrossEntropyGradient(Tensor logitsTm1, Tensor aTm1, Tensor target, Tensor? weights = null)
    {
        var slopes = AtAction(logitsTm1, aTm1, target).softmax(-1).sub_(target).mul_(1.0 / aTm1.numel());
        return Distributions.AtActionOnly(TdLosses.Weighted(slopes, weights), aTm1, logitsTm1.size(-2));
    }

    static Tensor AtAction(Tensor logitsTm1, Tensor aTm1, Tensor target)
    {
        var shapes = new Shapes();
        shapes.Require(logitsTm1, "* A N");
        shapes.Require(aTm1, "*", ScalarType.Int64);
        shapes.Require(target, "* N");
        return Distributions.At(logitsTm1, aTm1);
    }
}
