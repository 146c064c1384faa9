using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>Losses that make a policy like the one in the data. All accept any leading axes and return the same leading axes.</summary>
public static class CloningLosses
{
    /// <summary>
    /// Cross-entropy of a discrete policy: -log softmax(logits)(a), over allowed actions where a mask is given.
    /// Pomerleau 1991, "Efficient training of artificial neural networks for autonomous navigation", for behavior cloning;
    /// the maximum-likelihood fit of the behavior policy.
    /// </summary>
    /// <param name="logitsTm1">[*, A] float: logits at s_tm1.</param>
    /// <param name="aTm1">[*] int64: action taken at s_tm1, in [0, A); it must be allowed.</param>
    /// <param name="maskTm1">[*, A] bool, true where the action is allowed at s_tm1; null: all are.</param>
    /// <returns>[*] float, not negative; positive infinity where the mask forbids the action that was taken.</returns>
    public static Tensor CrossEntropy(Tensor logitsTm1, Tensor aTm1, Tensor? maskTm1 = null)
    {
        var shapes = new Shapes();
        shapes.Require(logitsTm1, "* A");
        shapes.Require(aTm1, "*", ScalarType.Int64);
        if (maskTm1 is not null)
        {
            shapes.Require(maskTm1, "* A", ScalarType.Bool);
            logitsTm1 = TdLosses.MaskOut(logitsTm1, maskTm1);
        }

        return logitsTm1.log_softmax(-1).gather(-1, aTm1.unsqueeze(-1)).squeeze(-1).neg();
    }

    /// <summary>
    /// The mean square of the logits over actions, a penalty against certainty that the data does not carry.
    /// Fujimoto et al. 2019, "Benchmarking batch deep reinforcement learning algorithms", where it is weighted 0.01.
    /// </summary>
    /// <param name="logits">[*, A] float.</param>
    /// <param name="mask">[*, A] bool, true where the action is allowed; null: all are. Logits of forbidden actions do not count.</param>
    /// <returns>[*] float, not negative: the sum of squares over allowed actions, divided by A.</returns>
    public static Tensor LogitPenalty(Tensor logits, Tensor? mask = null)
    {
        var shapes = new Shapes();
        shapes.Require(logits, "* A");
        if (mask is null)
            return logits.mul(logits).mean([-1]);
        shapes.Require(mask, "* A", ScalarType.Bool);
        return logits.mul(logits).masked_fill(mask.logical_not(), 0).mean([-1]);
    }

    /// <summary>
    /// The gradient of the mean of <see cref="CrossEntropy"/> plus <paramref name="logitPenalty"/> times the mean of
    /// <see cref="LogitPenalty"/> with respect to the logits, by hand: (softmax - onehot(a) + 2 penalty logits / A) over the
    /// number of rows.
    /// </summary>
    /// <param name="logitsTm1">[*, A] float.</param>
    /// <param name="aTm1">[*] int64: action taken, in [0, A); it must be allowed.</param>
    /// <param name="maskTm1">[*, A] bool, true where the action is allowed; null: all are.</param>
    /// <param name="logitPenalty">Weight of the penalty; not negative.</param>
    /// <param name="weights">[*] float: importance weights, constants; null for ones.</param>
    /// <returns>[*, A] float; 0 at forbidden actions.</returns>
    public static Tensor MeanGradient(Tensor logitsTm1, Tensor aTm1, Tensor? maskTm1 = null, double logitPenalty = 0, Tensor? weights = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(logitPenalty);
        var gradient = OfflineLosses.MeanCrossEntropyGradient(logitsTm1, aTm1, maskTm1);
        if (logitPenalty > 0)
        {
            var logits = maskTm1 is null ? logitsTm1 : logitsTm1.masked_fill(maskTm1.logical_not(), 0);
            gradient = gradient.add_(logits, alpha: 2 * logitPenalty / logitsTm1.numel());
        }

        return weights is null ? gradient : gradient.mul_(weights.unsqueeze(-1));
    }
}
