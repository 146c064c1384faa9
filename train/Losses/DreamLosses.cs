using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// What learning from dreams is made of: lambda returns that keep their graph, symlog and two-hot targets, balanced divergences of latent states, and the scale of returns.
/// Sources: Hafner et al. 2020, "Dream to control" (Dreamer), 2021, "Mastering Atari with discrete world models" (V2), 2023, "Mastering diverse domains through world models" (V3).
/// </summary>
public static class DreamLosses
{
    /// <summary>
    /// R_t = r_t + d_t ((1 - lambda_t) v_(t+1) + lambda_t R_(t+1)), with R_T = v_T: V2, equation 4. Gradients flow through everything. With lambda 0 it is the one-step target of
    /// the per-step form, r_t + d_t v_(t+1); with lambda 1 the rewards to the end of the dream and the value there.
    /// </summary>
    /// <param name="rewards">[T, N] float: r_t, after action t.</param>
    /// <param name="discounts">[T, N] float in [0, 1]: gamma times the probability that step t did not terminate.</param>
    /// <param name="nextValues">[T, N] float: v_(t+1), of the state that step t led to.</param>
    /// <param name="lambda">In [0, 1].</param>
    /// <param name="trusts">[T, N] float in [0, 1]: lambda_t is lambda times that of step t + 1, so that nothing of a step that is not trusted enters a return; null: 1.</param>
    /// <returns>[T, N].</returns>
    public static Tensor LambdaReturns(Tensor rewards, Tensor discounts, Tensor nextValues, double lambda, Tensor? trusts = null)
    {
        var shapes = new Shapes();
        shapes.Require(rewards, "T N");
        shapes.Require(discounts, "T N");
        shapes.Require(nextValues, "T N");
        if (trusts is not null)
            shapes.Require(trusts, "T N");
        Returns.CheckLambda(lambda);
        var steps = rewards.size(0);
        var found = new Tensor[steps];
        found[^1] = rewards.select(0, steps - 1).addcmul(discounts.select(0, steps - 1), nextValues.select(0, steps - 1), 1);
        for (var t = steps - 2; t >= 0; t--)
        {
            var value = nextValues.select(0, t);
            var ahead = found[t + 1].sub(value).mul(lambda);
            if (trusts is not null)
                ahead = ahead.mul(trusts.select(0, t + 1));
            found[t] = rewards.select(0, t).addcmul(discounts.select(0, t), value.add(ahead), 1);
        }

        return stack(found);
    }

    /// <summary>What a step counts in a dream's loss: the product of the discounts of the steps before it, 1 at the first. V2, section 2.3. A constant for the gradient.</summary>
    /// <param name="discounts">[T, N] float.</param>
    /// <returns>[T, N].</returns>
    public static Tensor StepWeights(Tensor discounts)
    {
        var shapes = new Shapes();
        shapes.Require(discounts, "T N");
        using var quiet = no_grad();
        return cat([ones_like(discounts.narrow(0, 0, 1)), discounts.narrow(0, 0, discounts.size(0) - 1)]).cumprod(0).detach();
    }

    /// <summary>sign(x) ln(|x| + 1): V3, equation 2.</summary>
    public static Tensor Symlog(Tensor x) => x.sign().mul(x.abs().add(1).log());

    /// <summary>sign(x) (exp(|x|) - 1), the inverse of <see cref="Symlog"/>.</summary>
    public static Tensor Symexp(Tensor x) => x.sign().mul(x.abs().exp().sub(1));

    /// <summary>-sum_i twohot_i ln softmax(logits)_i, of symlog x: V3, equation 8.</summary>
    /// <param name="logits">[*, N] float.</param>
    /// <param name="x">[*] float: the number to predict, not symlog'd; a constant for the gradient.</param>
    /// <param name="low">The first atom, of symlog x.</param>
    /// <param name="high">The last atom, of symlog x.</param>
    /// <returns>[*].</returns>
    public static Tensor TwoHotCrossEntropy(Tensor logits, Tensor x, double low, double high)
    {
        var shapes = new Shapes();
        shapes.Require(logits, "* N");
        shapes.Require(x, "*");
        return TorchExtras.TwoHotLoss(logits, x.detach(), low, high);
    }

    /// <summary>symexp(sum_i softmax(logits)_i b_i), b the atoms of symlog x: V3, equation 10.</summary>
    /// <param name="logits">[*, N] float.</param>
    /// <param name="low">The first atom.</param>
    /// <param name="high">The last atom.</param>
    /// <returns>[*], with its graph.</returns>
    public static Tensor TwoHotMean(Tensor logits, double low, double high) => TorchExtras.TwoHotMean(logits, low, high);

    /// <summary>ln((1 - share) softmax(logits) + share / C): no class is ever impossible. V3, section "world model learning".</summary>
    /// <param name="logits">[*, C] float.</param>
    /// <param name="share">Of the uniform distribution, in [0, 1).</param>
    /// <returns>[*, C].</returns>
    public static Tensor UniformMix(Tensor logits, double share) =>
        share == 0 ? logits.log_softmax(-1) : logits.softmax(-1).mul(1 - share).add(share / logits.size(-1)).log();

    /// <summary>KL(p || q) of categorical distributions, summed over G groups of C classes: sum p (ln p - ln q).</summary>
    /// <param name="logP">[*, G, C] float: natural logarithms of probabilities.</param>
    /// <param name="logQ">[*, G, C] float.</param>
    /// <returns>[*].</returns>
    public static Tensor CategoricalKl(Tensor logP, Tensor logQ)
    {
        var shapes = new Shapes();
        shapes.Require(logP, "* G C");
        shapes.Require(logQ, "* G C");
        return logP.exp().mul(logP.sub(logQ)).sum([-2, -1]);
    }

    /// <summary>KL(p || q) of diagonal normal distributions, summed over dimensions: ln(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2.</summary>
    /// <param name="meanP">[*, S] float.</param>
    /// <param name="deviationP">[*, S] float, positive.</param>
    /// <param name="meanQ">[*, S] float.</param>
    /// <param name="deviationQ">[*, S] float, positive.</param>
    /// <returns>[*].</returns>
    public static Tensor GaussianKl(Tensor meanP, Tensor deviationP, Tensor meanQ, Tensor deviationQ)
    {
        var shapes = new Shapes();
        shapes.Require(meanP, "* S");
        shapes.Require(deviationP, "* S");
        shapes.Require(meanQ, "* S");
        shapes.Require(deviationQ, "* S");
        var ratio = deviationP.div(deviationQ);
        var distance = meanP.sub(meanQ).div(deviationQ);
        return ratio.square().add(distance.square()).mul(0.5).sub(0.5).sub(ratio.log()).sum(-1L);
    }

    /// <summary>
    /// dynamics max(free, KL(bot(q) || p)) + representation max(free, KL(q || bot(p))): V2, algorithm 2 (dynamics 0.8, representation 0.2), V3, equation 5. V1's divergence with one
    /// gradient for both has 1 and 1 (its value is counted twice), and its free nats are of the batch's mean.
    /// </summary>
    /// <param name="dynamics">[*] float: the divergence of the posterior, held constant, from the prior.</param>
    /// <param name="representation">[*] float: the divergence of the posterior from the prior, held constant.</param>
    /// <param name="dynamicsScale">What the first counts.</param>
    /// <param name="representationScale">What the second counts.</param>
    /// <param name="freeNats">Divergences below it have no gradient.</param>
    /// <param name="weights">[*] float: 1 where a row counts; null: all do.</param>
    /// <param name="ofMean">Whether the limit is of the batch's mean instead of each row's.</param>
    /// <returns>A scalar: the mean over rows that count.</returns>
    public static Tensor BalancedKl(Tensor dynamics, Tensor representation, double dynamicsScale, double representationScale, double freeNats, Tensor? weights = null, bool ofMean = false)
    {
        var shapes = new Shapes();
        shapes.Require(dynamics, "*");
        shapes.Require(representation, "*");
        return Limited(dynamics).mul(dynamicsScale).add(Limited(representation), alpha: representationScale);

        Tensor Limited(Tensor kl) => ofMean ? Mean(kl, weights).clamp_min(freeNats) : Mean(kl.clamp_min(freeNats), weights);
    }

    /// <summary>The mean over rows that count; 0 where none does.</summary>
    /// <param name="x">[*] float.</param>
    /// <param name="weights">[*] float, 0 or 1; null: all count.</param>
    public static Tensor Mean(Tensor x, Tensor? weights)
    {
        if (weights is null)
            return x.mean();
        var shapes = new Shapes();
        shapes.Require(x, "*");
        shapes.Require(weights, "*");
        return x.mul(weights).sum().div(weights.sum().clamp_min(1));
    }

    /// <summary>The distance between two percentiles, by which V3 scales returns (5 and 95; equation 12).</summary>
    /// <param name="x">[*] float.</param>
    /// <param name="low">In [0, 1].</param>
    /// <param name="high">In [0, 1], above it.</param>
    /// <returns>A scalar, a constant for the gradient.</returns>
    public static Tensor PercentileRange(Tensor x, double low = 0.05, double high = 0.95)
    {
        using var quiet = no_grad();
        var ends = x.detach().flatten().quantile(linspace(low, high, 2, dtype: ScalarType.Float32, device: x.device));
        return ends.select(0, 1).sub(ends.select(0, 0));
    }

    /// <summary>The score-function loss of an actor: minus the mean of weight_t A_t ln pi(a_t|z_t). V2, equation 6 with rho = 1; with lambda 0 the per-step form.</summary>
    /// <param name="logProbabilities">[T, N] float, with their graph.</param>
    /// <param name="advantages">[T, N] float: returns less values; constants here.</param>
    /// <param name="weights">[T, N] float: from <see cref="StepWeights"/>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor ScoreFunction(Tensor logProbabilities, Tensor advantages, Tensor weights)
    {
        var shapes = new Shapes();
        shapes.Require(logProbabilities, "T N");
        shapes.Require(advantages, "T N");
        shapes.Require(weights, "T N");
        return logProbabilities.mul(advantages.mul(weights).detach()).mean().neg();
    }

    /// <summary>The pathwise loss of an actor: minus the mean of weight_t R_t, whose gradient goes back through the dream. V1, equation 7.</summary>
    /// <param name="returns">[T, N] float, with their graph.</param>
    /// <param name="weights">[T, N] float: from <see cref="StepWeights"/>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Pathwise(Tensor returns, Tensor weights)
    {
        var shapes = new Shapes();
        shapes.Require(returns, "T N");
        shapes.Require(weights, "T N");
        return returns.mul(weights.detach()).mean().neg();
    }
}
