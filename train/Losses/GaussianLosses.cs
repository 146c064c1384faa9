using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>Losses of normal distributions whose mean and logarithm of the standard deviation a network gives. All accept any leading axes.</summary>
public static class GaussianLosses
{
    /// <summary>Logarithms of standard deviations are cut to this, in units of the actions' own spread: a narrower fit is a memory of single rows.</summary>
    public const float LowestLogDeviation = -5;

    /// <summary>As <see cref="LowestLogDeviation"/>: wider than this nothing is told apart.</summary>
    public const float HighestLogDeviation = 2;

    /// <summary>ln sigma: the second half of the heads, within its limits.</summary>
    /// <param name="heads">[*, 2 A] float: means, then logarithms of standard deviations.</param>
    /// <returns>[*, A] float.</returns>
    public static Tensor LogDeviation(Tensor heads)
    {
        var width = heads.size(-1) / 2;
        return heads.narrow(-1, width, width).clamp(LowestLogDeviation, HighestLogDeviation);
    }

    /// <summary>
    /// Minus the log-density of a diagonal normal distribution: the sum over dimensions of ((a - mu) / sigma)^2 / 2 + ln sigma + ln(2 pi) / 2.
    /// Nix and Weigend 1994, equation 2.
    /// </summary>
    /// <param name="heads">[*, 2 A] float, at s_tm1: means, then logarithms of standard deviations.</param>
    /// <param name="aTm1">[*, A] float: action taken at s_tm1.</param>
    /// <returns>[*] float.</returns>
    public static Tensor NegativeLogDensity(Tensor heads, Tensor aTm1)
    {
        Require(heads, aTm1);
        var width = aTm1.size(-1);
        var log = LogDeviation(heads);
        var distance = aTm1.sub(heads.narrow(-1, 0, width)).mul(log.neg().exp());
        return distance.square().mul(0.5).add(log).add(0.5 * Math.Log(2 * Math.PI)).sum(-1);
    }

    /// <summary>
    /// The gradient of the mean of <see cref="NegativeLogDensity"/> with respect to the heads, by hand, over the number of rows: -(a - mu) / sigma^2 for
    /// means, 1 - ((a - mu) / sigma)^2 for logarithms of deviations, 0 for those beyond their limits that would go on.
    /// </summary>
    /// <param name="heads">[*, 2 A] float, at s_tm1.</param>
    /// <param name="aTm1">[*, A] float: action taken at s_tm1.</param>
    /// <returns>[*, 2 A] float.</returns>
    public static Tensor MeanGradient(Tensor heads, Tensor aTm1)
    {
        Require(heads, aTm1);
        var width = aTm1.size(-1);
        var raw = heads.narrow(-1, width, width);
        var precision = LogDeviation(heads).neg().exp();
        var distance = aTm1.sub(heads.narrow(-1, 0, width)).mul(precision);
        var slope = distance.square().neg().add(1);
        // Beyond a limit only what leads back inside counts: descent goes against the slope.
        slope = slope.masked_fill(raw.lt(LowestLogDeviation).logical_and(slope.gt(0)), 0).masked_fill(raw.gt(HighestLogDeviation).logical_and(slope.lt(0)), 0);
        return cat([distance.mul(precision).neg(), slope], -1).div((double)(aTm1.numel() / width));
    }

    static void Require(Tensor heads, Tensor actions)
    {
        var shapes = new Shapes();
        shapes.Require(actions, "* A");
        if (heads.size(-1) != 2 * actions.size(-1))
            throw new ArgumentException($"Heads of {heads.size(-1)} numbers were found for actions of {actions.size(-1)}; expected twice as many.", nameof(heads));
    }
}
