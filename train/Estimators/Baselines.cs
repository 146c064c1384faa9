using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Train.Estimators;

/// <summary>
/// What returns are compared with. A constant and the value of the state, v(s_t), need no function; these are made of the batch. A baseline that does not depend on the episode's own actions
/// from t on leaves the score-function estimate unbiased (Greensmith, Bartlett, Baxter 2004, "Variance reduction techniques for gradient estimates", section 3).
/// </summary>
public static class Baselines
{
    /// <summary>The mean over all episodes, its own among them: the estimate's expectation is 1 - 1/E times the gradient.</summary>
    /// <param name="returns">[E] float.</param>
    /// <returns>[E], the same number everywhere.</returns>
    public static Tensor Average(Tensor returns)
    {
        var shapes = new Shapes();
        shapes.Require(returns, "E");
        return returns.mean().expand(returns.shape);
    }

    /// <summary>The mean over the other episodes: unbiased, and the average's estimate times E / (E - 1) (Kool, van Hoof, Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free").</summary>
    /// <param name="returns">[E] float; E is at least 2.</param>
    /// <returns>[E].</returns>
    public static Tensor LeaveOneOut(Tensor returns)
    {
        var shapes = new Shapes();
        shapes.Require(returns, "E");
        ArgumentOutOfRangeException.ThrowIfLessThan(returns.size(0), 2);
        return returns.sum().sub(returns).div((double)(returns.size(0) - 1));
    }

    /// <summary>As <see cref="Average"/>, of returns to go: the mean over all episodes at the same step, where those that have ended count as 0.</summary>
    /// <param name="returnsToGo">[N] float.</param>
    /// <param name="stepIndex">[N] int64: t, from 0 in each episode.</param>
    /// <param name="episodes">E.</param>
    /// <param name="longest">Steps of the longest episode.</param>
    /// <returns>[N].</returns>
    public static Tensor AverageToGo(Tensor returnsToGo, Tensor stepIndex, long episodes, long longest) =>
        Sums(returnsToGo, stepIndex, longest).div((double)episodes);

    /// <summary>As <see cref="LeaveOneOut"/>, of returns to go: the mean over the other episodes at the same step, where those that have ended count as 0.</summary>
    /// <param name="returnsToGo">[N] float.</param>
    /// <param name="stepIndex">[N] int64.</param>
    /// <param name="episodes">E, at least 2.</param>
    /// <param name="longest">Steps of the longest episode.</param>
    /// <returns>[N].</returns>
    public static Tensor LeaveOneOutToGo(Tensor returnsToGo, Tensor stepIndex, long episodes, long longest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(episodes, 2);
        return Sums(returnsToGo, stepIndex, longest).sub(returnsToGo).div((double)(episodes - 1));
    }

    // At each row the sum over the episodes at its step.
    static Tensor Sums(Tensor returnsToGo, Tensor stepIndex, long longest)
    {
        var shapes = new Shapes();
        shapes.Require(returnsToGo, "N");
        shapes.Require(stepIndex, "N", ScalarType.Int64);
        return zeros(longest, returnsToGo.dtype, returnsToGo.device).index_add_(0, stepIndex, returnsToGo.detach(), 1).index_select(0, stepIndex);
    }
}
