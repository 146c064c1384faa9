using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Train.Estimators;

/// <summary>
/// The score-function estimate of the policy gradient from episodes that the policy itself drew: the sum over steps of gamma^t coefficient_t grad ln pi(a_t|s_t), a mean over
/// episodes (Williams 1992, "Simple statistical gradient-following algorithms", section 3; Sutton et al. 2000, "Policy gradient methods", theorem 1). A coefficient is a return,
/// whole or to go, less one of <see cref="Baselines"/>.
/// </summary>
/// <remarks>Rows as in <see cref="Returns"/>. It cannot check that the policy drew the episodes: for others there is <see cref="ImportanceGradients"/>.</remarks>
public static class ScoreFunction
{
    /// <summary>The discounted return of each episode, from its first step. As the coefficient of every step it is REINFORCE's; those to go leave out what an action cannot have caused.</summary>
    /// <param name="returnsToGo">[N] float: from <see cref="Returns.ToGo"/>.</param>
    /// <param name="stepIndex">[N] int64: t, from 0 in each episode.</param>
    /// <param name="lastRows">[E] int64: each episode's last row.</param>
    /// <returns>[E].</returns>
    public static Tensor EpisodeReturns(Tensor returnsToGo, Tensor stepIndex, Tensor lastRows)
    {
        var shapes = new Shapes();
        shapes.Require(returnsToGo, "N");
        shapes.Require(stepIndex, "N", ScalarType.Int64);
        shapes.Require(lastRows, "E", ScalarType.Int64);
        return returnsToGo.index_select(0, lastRows.sub(stepIndex.index_select(0, lastRows)));
    }

    /// <summary>
    /// gamma^t, by which the coefficients of returns to go are multiplied where the gradient is to be that of the discounted return from the first step. Left out, as is usual, later states
    /// count as much as early ones, and the expectation is the gradient of no function (Nota and Thomas 2020, "Is the policy gradient a gradient?"). Whole returns need no such factor.
    /// </summary>
    /// <param name="discount">gamma, in [0, 1].</param>
    /// <param name="stepIndex">[N] int64.</param>
    /// <returns>[N] float32.</returns>
    public static Tensor StepDiscounts(double discount, Tensor stepIndex)
    {
        var shapes = new Shapes();
        shapes.Require(stepIndex, "N", ScalarType.Int64);
        return discount == 0 ? stepIndex.eq(0).to(ScalarType.Float32) : stepIndex.to(ScalarType.Float64).mul(Math.Log(discount)).exp().to(ScalarType.Float32);
    }

    /// <summary>A surrogate: the gradient of what is returned is minus the estimate, so that descent on it climbs the return.</summary>
    /// <param name="logProbabilities">[N] float: ln pi(a_t|s_t), with its graph.</param>
    /// <param name="coefficients">[N] float: constants here, whatever they came from.</param>
    /// <param name="episodes">E.</param>
    /// <returns>A scalar; its value means nothing.</returns>
    public static Tensor Surrogate(Tensor logProbabilities, Tensor coefficients, long episodes)
    {
        var shapes = new Shapes();
        shapes.Require(logProbabilities, "N");
        shapes.Require(coefficients, "N");
        ArgumentOutOfRangeException.ThrowIfLessThan(episodes, 1);
        return logProbabilities.mul(coefficients.detach()).sum().div((double)-episodes);
    }
}
