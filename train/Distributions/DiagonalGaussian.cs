using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>
/// Independent normal distributions, one for each dimension of an action, cut off at bounds where there are any: the density is divided by the mass Z between them,
/// so that it is the exact density of what is drawn (Burkardt 2014, "The truncated normal distribution").
/// </summary>
/// <remarks>
/// With alpha = (low - mu) / sigma, beta = (high - mu) / sigma and the standard normal's density phi and distribution Phi, Z = Phi(beta) - Phi(alpha). Means lie within
/// the bounds, so that Z is a sum of two numbers that are not negative, without cancellation. Everything is computed in float64 and handed out in the type of the parameters: at a small
/// sigma the distance of a float32 from a float32 has few digits, and importance ratios would be made of the others.
/// </remarks>
public sealed class DiagonalGaussian : ILocationScale
{
    static readonly double LogRootTwoPi = 0.5 * Math.Log(2 * Math.PI);

    readonly ScalarType _type;
    readonly Tensor _mean, _log;
    readonly Tensor? _low, _high;

    /// <param name="mean">[*, A] float, within the bounds.</param>
    /// <param name="logDeviation">[*, A] float: ln sigma.</param>
    /// <param name="low">[A] float, finite: numbers beyond all actions stand for no bound; null: there are none.</param>
    /// <param name="high">[A] float, as <paramref name="low"/>; null where that is.</param>
    /// <param name="results">The element type of results; null: that of the parameters.</param>
    public DiagonalGaussian(Tensor mean, Tensor logDeviation, Tensor? low = null, Tensor? high = null, ScalarType? results = null)
    {
        var shapes = new Shapes();
        shapes.Require(mean, "* A");
        shapes.Require(logDeviation, "* A");
        if (low is null != high is null)
            throw new ArgumentException("One bound was given; expected both, or none.", nameof(high));
        _type = results ?? mean.dtype;
        (_mean, _log) = (Wide(mean), Wide(logDeviation));
        (_low, _high) = (low is null ? null : Wide(low), high is null ? null : Wide(high));
    }

    /// <summary>[*, A] float64.</summary>
    public Tensor Mean => _mean;

    /// <summary>[*, A] float64: ln sigma.</summary>
    public Tensor LogDeviation => _log;

    internal ScalarType ResultType => _type;

    /// <summary>The sum over dimensions of -((a - mu) / sigma)^2 / 2 - ln sigma - ln(2 pi) / 2 - ln Z.</summary>
    public Tensor LogProbability(Tensor actions)
    {
        Require(actions);
        var distance = Wide(actions).sub(_mean).mul(_log.neg().exp());
        var sum = distance.square().mul(-0.5).sub(_log).sub(LogRootTwoPi);
        if (_low is null)
            return Narrow(sum.sum(-1));
        var outside = actions.lt(_low).logical_or(actions.gt(_high!)).any(-1);
        return Narrow(sum.sub(Cut().LogMass).sum(-1).masked_fill(outside, double.NegativeInfinity));
    }

    public Tensor Sample(Generator generator)
    {
        using var quiet = no_grad();
        return RSample(generator);
    }

    /// <summary>mu + sigma e with a standard normal e; within bounds the inverse of the distribution function at a uniform number.</summary>
    public Tensor RSample(Generator generator) => Narrow(_low is null ? Free(generator) : Within(generator));

    /// <summary>Exact: the sum over dimensions of ln(sigma sqrt(2 pi e)) + ln Z + (alpha phi(alpha) - beta phi(beta)) / (2 Z).</summary>
    public Tensor Entropy()
    {
        var each = _log.add(LogRootTwoPi + 0.5);
        if (_low is null)
            return Narrow(each.sum(-1));
        var cut = Cut();
        return Narrow(each.add(cut.LogMass).add(cut.Spread, alpha: 0.5).sum(-1));
    }

    /// <summary>
    /// Exact: the sum over dimensions of ln(sigma_q / sigma_p) + ln(Z_q / Z_p) + E_p[(x - mu_q)^2] / (2 sigma_q^2) - E_p[(x - mu_p)^2] / (2 sigma_p^2), with the moments of
    /// the distribution as it is cut off.
    /// </summary>
    /// <param name="other">A <see cref="DiagonalGaussian"/> with the same bounds.</param>
    public Tensor KlTo(IActionDistribution other)
    {
        var q = (DiagonalGaussian)other;
        if (_low is null != q._low is null)
            throw new ArgumentException("One of the distributions is cut off and the other is not; expected the same bounds.", nameof(other));
        var (ratio, shift) = (_log.sub(q._log), _mean.sub(q._mean).mul(q._log.neg().exp()));
        // In units of each distribution's own deviation: E[((x - mu_q) / sigma_q)^2] = r^2 E[z^2] + 2 r E[z] shift + shift^2, z = (x - mu_p) / sigma_p, r = sigma_p / sigma_q.
        if (_low is null)
            return Narrow(ratio.mul(2).expm1().add(shift.square()).mul(0.5).sub(ratio).sum(-1));
        var (cut, cutQ) = (Cut(), q.Cut());
        var r = ratio.exp();
        var second = cut.Spread.add(1);
        var moved = r.square().sub(1).mul(second).add(r.mul(cut.First).mul(shift), alpha: 2).add(shift.square());
        return Narrow(moved.mul(0.5).sub(ratio).add(cutQ.LogMass).sub(cut.LogMass).sum(-1));
    }

    public Tensor Mode() => Narrow(_mean.detach());

    ILocationScale ILocationScale.Unsqueeze(long dimension) => new DiagonalGaussian(_mean.unsqueeze(dimension), _log.unsqueeze(dimension), _low, _high, _type);

    Tensor Free(Generator generator) => _mean.add(_log.exp().mul(randn(_mean.shape, _mean.dtype, _mean.device, generator: generator)));

    Tensor Within(Generator generator)
    {
        var uniform = rand(_mean.shape, _mean.dtype, _mean.device, generator: generator);
        var scale = _log.exp().mul(Math.Sqrt(2));
        var (below, above) = (_low!.sub(_mean).div(scale).erf(), _high!.sub(_mean).div(scale).erf());
        // The inverse is infinite at +-1, which a wide gap between two bounds that are none reaches.
        var place = below.add(uniform.mul(above.sub(below))).clamp(-1 + 1e-15, 1 - 1e-15);
        return _mean.add(scale.mul(place.erfinv())).clamp(_low, _high);
    }

    // ln Z; E[z] = (phi(alpha) - phi(beta)) / Z; E[z^2] - 1 = (alpha phi(alpha) - beta phi(beta)) / Z.
    (Tensor LogMass, Tensor First, Tensor Spread) Cut()
    {
        var precision = _log.neg().exp();
        var (alpha, beta) = (_low!.sub(_mean).mul(precision), _high!.sub(_mean).mul(precision));
        var mass = beta.mul(Math.Sqrt(0.5)).erf().sub(alpha.mul(Math.Sqrt(0.5)).erf()).mul(0.5);
        var (left, right) = (Density(alpha), Density(beta));
        return (mass.log(), left.sub(right).div(mass), alpha.mul(left).sub(beta.mul(right)).div(mass));
    }

    Tensor Narrow(Tensor result) => result.to(_type);

    static Tensor Wide(Tensor tensor) => tensor.to(ScalarType.Float64);

    static Tensor Density(Tensor z) => z.square().mul(-0.5).exp().mul(1 / Math.Sqrt(2 * Math.PI));

    void Require(Tensor actions)
    {
        if (actions.size(-1) != _mean.size(-1))
            Throw.Shape(nameof(actions), $"{_mean.size(-1)} numbers a row", $"{actions.size(-1)}");
    }
}
