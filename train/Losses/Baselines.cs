using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>Baselines out of the batch's own returns. Rows as in <see cref="Returns"/>; constants for the gradient.</summary>
public static class Baselines
{
    /// <summary>
    /// The mean of the returns at the same step over all episodes that came so far, the row's own among them. That one makes it depend on the row's action: where
    /// n episodes came so far the expected gradient is (1 - 1/n) of the true one.
    /// </summary>
    /// <param name="returns">[N] float.</param>
    /// <param name="stepIndex">[N] int64: t.</param>
    /// <param name="longest">Rows of the longest episode.</param>
    /// <returns>[N].</returns>
    public static Tensor Average(Tensor returns, Tensor stepIndex, int longest)
    {
        var (sums, counts) = OfSteps(returns, stepIndex, longest);
        return sums.div(counts);
    }

    /// <summary>
    /// The mean of the returns at the same step over the other episodes that came so far; 0 where no other did. It does not depend on the row's action, so that the gradient
    /// stays unbiased. Kool, van Hoof, Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free!", equation 8.
    /// </summary>
    /// <param name="returns">[N] float.</param>
    /// <param name="stepIndex">[N] int64: t.</param>
    /// <param name="longest">Rows of the longest episode.</param>
    /// <returns>[N].</returns>
    public static Tensor LeaveOneOut(Tensor returns, Tensor stepIndex, int longest)
    {
        var (sums, counts) = OfSteps(returns, stepIndex, longest);
        return sums.sub(returns).div(counts.sub(1).clamp_min(1)).mul(counts.gt(1).to(returns.dtype));
    }

    // Sum and number of the returns at each row's step. [N] each.
    static (Tensor Sums, Tensor Counts) OfSteps(Tensor returns, Tensor stepIndex, int longest)
    {
        var shapes = new Shapes();
        shapes.Require(returns, "N");
        shapes.Require(stepIndex, "N", ScalarType.Int64);
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, 1);
        var sums = zeros(longest, dtype: returns.dtype, device: returns.device).scatter_add_(0, stepIndex, returns);
        var counts = zeros_like(sums).scatter_add_(0, stepIndex, ones_like(returns));
        return (sums.index_select(0, stepIndex), counts.index_select(0, stepIndex));
    }
}
