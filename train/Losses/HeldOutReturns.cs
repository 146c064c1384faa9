using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>What logged episodes say of a policy that did not record them, as a figure by which snapshots are compared.</summary>
public static class HeldOutReturns
{
    /// <summary>
    /// The consistent weighted per-decision estimate of the discounted return, less the returns' standard deviation over the root of the effective sample size: a policy of which the
    /// log says little is not taken for a good one. Thomas 2015, "Safe reinforcement learning", section 3, for the estimate. Truncated episodes end where they were cut.
    /// </summary>
    /// <param name="logRatios">[N] float64: of <see cref="ImportanceWeights.LogRatios"/>.</param>
    /// <param name="rewards">[N] float.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="continues">[N] float: 1, 0 at each episode's last row.</param>
    /// <param name="stepIndex">[N] int64: t, from 0 in each episode.</param>
    /// <param name="lastRows">[E] int64: each episode's last row.</param>
    /// <param name="longest">Rows of the longest episode.</param>
    /// <returns>A scalar.</returns>
    public static Tensor LowerEstimate(Tensor logRatios, Tensor rewards, Tensor discounts, Tensor continues, Tensor stepIndex, Tensor lastRows, int longest)
    {
        var products = ImportanceWeights.PerDecision(logRatios, stepIndex, longest);
        var weights = ImportanceWeights.Of(ImportanceWeights.NormalizedPerDecision(products, stepIndex, lastRows, longest));
        var first = lastRows.sub(stepIndex.index_select(0, lastRows));
        var estimate = Returns.ToGo(weights.mul(rewards), discounts, continues).index_select(0, first).mean();
        var spread = Returns.ToGo(rewards, discounts, continues).index_select(0, first).std(unbiased: false);
        return estimate.sub(spread.div(ImportanceWeights.EffectiveSampleSize(ImportanceWeights.Trajectory(products, lastRows)).sqrt()));
    }
}
