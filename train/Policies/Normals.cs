using MathNet.Numerics;
using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>One dimension's distribution, from a mean and the logarithm of a standard deviation in the units of a network's heads.</summary>
interface INormals
{
    /// <summary>What is taken where nothing is drawn.</summary>
    float Center(float mean, int d);

    float Draw(RandomStream random, float mean, double logDeviation, int d);

    /// <summary>The log-density of an action within the bounds, as stored.</summary>
    double LogDensity(float mean, double logDeviation, float action, int d);
}

/// <summary>Normal distributions cut off at the bounds: the acting side of <see cref="DiagonalGaussian"/>.</summary>
/// <param name="actions">Bounds; infinite ones cut nothing off.</param>
/// <param name="units">Of means and deviations.</param>
/// <param name="temperature">What standard deviations are multiplied by; positive.</param>
/// <param name="soft">Whether means come within the bounds as by <see cref="SoftLimits"/>; else they are clamped.</param>
sealed class CutNormals(BoxSpace actions, ActionUnits units, double temperature, bool soft) : INormals
{
    static readonly double LogRootTwoPi = 0.5 * Math.Log(2 * Math.PI);

    // The center lies within the bounds: a distribution beyond them would be cut down to nothing.
    public float Center(float mean, int d) => (float)Middle(mean, d);

    // Draws until one lies inside: the center does, and the deviation is at most ten times as wide as the bounds, so that one in thirty does.
    public float Draw(RandomStream random, float mean, double logDeviation, int d)
    {
        var (center, deviation) = (Middle(mean, d), Deviation(logDeviation, d));
        while (deviation > 0)
        {
            var draw = (float)(center + (deviation * random.NextGaussian()));
            if (draw >= (float)actions.Low[d] && draw <= (float)actions.High[d])
                return draw;
        }

        return (float)center;
    }

    public double LogDensity(float mean, double logDeviation, float action, int d)
    {
        var (center, deviation) = (Middle(mean, d), Deviation(logDeviation, d));
        var distance = (action - center) / deviation;
        return -(distance * distance / 2) - Math.Log(deviation) - LogRootTwoPi - Math.Log(Inside(center, deviation, d));
    }

    double Middle(float mean, int d)
    {
        var center = units.Shift[d] + (units.Scale[d] * mean);
        return Math.Clamp(soft ? SoftLimits.Within(center, actions.Low[d], actions.High[d], units.Scale[d]) : center, actions.Low[d], actions.High[d]);
    }

    double Deviation(double log, int d) => Math.Min(units.Scale[d] * Math.Exp(log) * temperature, 10 * (actions.High[d] - actions.Low[d]));

    double Inside(double center, double deviation, int d)
    {
        var scale = deviation * Math.Sqrt(2);
        return (SpecialFunctions.Erf((actions.High[d] - center) / scale) + SpecialFunctions.Erf((center - actions.Low[d]) / scale)) / 2;
    }
}

/// <summary>Normal distributions sent through tanh and scaled to the bounds: the acting side of <see cref="TanhGaussian"/>.</summary>
/// <param name="actions">Finite bounds.</param>
/// <param name="temperature">What standard deviations before the tanh are multiplied by.</param>
sealed class TanhNormals(BoxSpace actions, double temperature) : INormals
{
    static readonly double LogRootTwoPi = 0.5 * Math.Log(2 * Math.PI);

    public float Center(float mean, int d) => Squash(mean, d);

    public float Draw(RandomStream random, float mean, double logDeviation, int d) =>
        Squash(mean + (temperature * Math.Exp(logDeviation) * random.NextGaussian()), d);

    public double LogDensity(float mean, double logDeviation, float action, int d)
    {
        var half = Half(d);
        var u = Math.Atanh(Math.Clamp((action - Middle(d)) / half, TanhGaussian.Edge - 1, 1 - TanhGaussian.Edge));
        var distance = (u - mean) / (temperature * Math.Exp(logDeviation));
        var logSlope = Math.Log(half) + (2 * (Math.Log(2) - u - SoftLimits.Softplus(-2 * u)));
        return -(distance * distance / 2) - logDeviation - Math.Log(temperature) - LogRootTwoPi - logSlope;
    }

    float Squash(double u, int d) => Math.Clamp((float)(Middle(d) + (Half(d) * Math.Tanh(u))), (float)actions.Low[d], (float)actions.High[d]);

    double Middle(int d) => (actions.Low[d] + actions.High[d]) / 2;

    double Half(int d) => (actions.High[d] - actions.Low[d]) / 2;
}
