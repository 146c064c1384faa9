using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>Likelihoods and divergences that world models are learned by. All accept any leading axes and sum over the last; natural logarithms throughout.</summary>
public static class WorldModelLosses
{
    /// <summary>
    /// ln N(x; mu, diag sigma^2) = sum over d of -((x - mu) / sigma)^2 / 2 - ln sigma - ln(2 pi) / 2 (Kingma and Welling 2014, "Auto-encoding variational Bayes", appendix C.2).
    /// </summary>
    /// <param name="x">[*, D] float.</param>
    /// <param name="mean">[*, D] float: mu.</param>
    /// <param name="logDeviation">[*, D] float: ln sigma, of the same shape or one that broadcasts to it.</param>
    /// <returns>[*] float.</returns>
    public static Tensor GaussianLogLikelihood(Tensor x, Tensor mean, Tensor logDeviation)
    {
        RequireSame(x, mean);
        return TorchExtras.NormalLogLikelihood(x, mean, logDeviation);
    }

    /// <summary>
    /// sum over d of x ln p + (1 - x) ln(1 - p) with p = 1 / (1 + e^-l) (Kingma and Welling 2014, appendix C.1); x between 0 and 1 counts as that share of ones.
    /// </summary>
    /// <param name="x">[*, D] float in [0, 1].</param>
    /// <param name="logits">[*, D] float: l.</param>
    /// <returns>[*] float.</returns>
    public static Tensor BernoulliLogLikelihood(Tensor x, Tensor logits)
    {
        RequireSame(x, logits);
        return TorchExtras.BernoulliLogLikelihood(x, logits);
    }

    /// <summary>KL(N(mu, diag sigma^2), N(0, I)) = sum over d of (mu^2 + sigma^2 - 1) / 2 - ln sigma (Kingma and Welling 2014, appendix B).</summary>
    /// <param name="mean">[*, D] float: mu.</param>
    /// <param name="logDeviation">[*, D] float: ln sigma.</param>
    /// <returns>[*] float, not negative.</returns>
    public static Tensor KlToStandardNormal(Tensor mean, Tensor logDeviation)
    {
        RequireSame(mean, logDeviation);
        return TorchExtras.DivergenceFromStandardNormal(mean, logDeviation);
    }

    /// <summary>KL(N(mu, diag sigma^2), N(nu, diag tau^2)) = sum over d of ln tau - ln sigma + (sigma^2 + (mu - nu)^2) / (2 tau^2) - 1/2.</summary>
    /// <param name="mean">[*, D] float: mu.</param>
    /// <param name="logDeviation">[*, D] float: ln sigma.</param>
    /// <param name="otherMean">[*, D] float: nu, of the same shape or with more leading axes.</param>
    /// <param name="otherLogDeviation">As <paramref name="otherMean"/>: ln tau.</param>
    /// <returns>[*] float, not negative.</returns>
    public static Tensor KlBetween(Tensor mean, Tensor logDeviation, Tensor otherMean, Tensor otherLogDeviation)
    {
        RequireSame(mean, logDeviation);
        RequireSame(otherMean, otherLogDeviation);
        var ratio = logDeviation.sub(otherLogDeviation);
        var distance = mean.sub(otherMean).mul(otherLogDeviation.neg().exp());
        return ratio.mul(2).exp().add(distance.square()).sub(1).mul(0.5).sub(ratio).sum(-1);
    }

    /// <summary>
    /// Minus the evidence lower bound of one state: -(ln p(s|z) - beta KL(q(z|s), p(z))) with z ~ q(z|s) (Kingma and Welling 2014, equation 10; beta: Higgins et al. 2017, "beta-VAE", equation 4).
    /// </summary>
    /// <param name="logLikelihood">[*] float: ln p(s|z).</param>
    /// <param name="kl">[*] float: KL(q(z|s), p(z)).</param>
    /// <param name="beta">Weight of the divergence; 1 is the bound itself.</param>
    /// <returns>[*] float.</returns>
    public static Tensor NegativeElbo(Tensor logLikelihood, Tensor kl, double beta = 1)
    {
        var shapes = new Shapes();
        shapes.Require(logLikelihood, "*");
        shapes.Require(kl, "*");
        return kl.mul(beta).sub(logLikelihood);
    }

    /// <summary>
    /// ln sum over k of w_k N(x; mu_k, diag sigma_k^2), w = softmax of the logits: a mixture density network (Bishop 1994, "Mixture density networks", equations 22 to 25). With one mixture for each latent
    /// dimension, as in Ha and Schmidhuber 2018, "World models", give the dimensions as a leading axis and D = 1.
    /// </summary>
    /// <param name="x">[*, D] float.</param>
    /// <param name="logits">[*, K] float.</param>
    /// <param name="means">[*, K, D] float.</param>
    /// <param name="logDeviations">[*, K, D] float.</param>
    /// <returns>[*] float.</returns>
    public static Tensor MixtureLogLikelihood(Tensor x, Tensor logits, Tensor means, Tensor logDeviations)
    {
        var shapes = new Shapes();
        shapes.Require(x, "* D");
        shapes.Require(logits, "* K");
        shapes.Require(means, "* K D");
        shapes.Require(logDeviations, "* K D");
        var components = GaussianLogLikelihood(x.unsqueeze(-2).expand(means.shape), means, logDeviations);
        return components.add(logits.log_softmax(-1)).logsumexp(-1);
    }

    static void RequireSame(Tensor first, Tensor second)
    {
        // Deviations may be one for all rows; means and what they are of may not.
        if (first.dim() == 0 || second.dim() == 0 || first.size(-1) != second.size(-1))
            throw new ArgumentException($"[{string.Join(", ", first.shape)}] and [{string.Join(", ", second.shape)}] were found; expected as many numbers a row.", nameof(second));
    }
}
