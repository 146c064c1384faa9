using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// A deterministic continuous policy with noise: each dimension is drawn from the normal distribution around the inner
/// action, truncated to the bounds, so that no action has to be clipped and every one has an exact density.
/// </summary>
/// <remarks>
/// The standard deviation is sigma = noise * (high - low) / 2. The log-density of an action inside the bounds is the sum over dimensions of
/// -((a - mu) / sigma)^2 / 2 - ln(sigma sqrt(2 pi)) - ln(Phi((high - mu) / sigma) - Phi((low - mu) / sigma)), outside negative infinity.
/// </remarks>
public sealed class GaussianNoisePolicy : IPolicy
{
    /// <summary>The most noise there is; beyond, the distribution is the uniform one but for a thousandth.</summary>
    public const double MaxNoise = 10;

    readonly IPolicy _inner;
    readonly BoxSpace _actions;
    readonly double[] _sigma;

    /// <param name="inner">Deterministic, of bounded continuous actions, without a memory; its action is the distribution's mode.</param>
    /// <param name="noise">In units of half the action range, above 0 up to <see cref="MaxNoise"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The noise lies outside its range.</exception>
    /// <exception cref="ArgumentException">The inner policy is not such a one.</exception>
    public GaussianNoisePolicy(IPolicy inner, double noise)
    {
        if (!(noise is > 0 and <= MaxNoise))
            throw new ArgumentOutOfRangeException(nameof(noise), noise, $"noise is a standard deviation in units of half the action range, above 0 up to {MaxNoise}.");
        if (inner.HasPropensities || inner.CreateState(1) is not null)
            throw Throw.NotDeterministic(inner);
        _inner = inner;
        _actions = inner.ActionSpace as BoxSpace ?? throw Throw.NotContinuous(inner);
        _sigma = _actions.Low.Zip(_actions.High, (low, high) => noise * (high - low) / 2).ToArray();
        Name = string.Create(CultureInfo.InvariantCulture, $"{inner.Name}?noise={noise}");
    }

    public string Name { get; }

    public Space ObservationSpace => _inner.ObservationSpace;

    public Space ActionSpace => _actions;

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var width = _sigma.Length;
        var centers = Centers(input, output.LogProbabilities);
        for (var i = 0; i < input.Count; i++)
        {
            var center = centers.AsSpan(i * width, width);
            var action = output.Continuous.Slice(i * width, width);
            for (var d = 0; d < width; d++)
                action[d] = Draw(input.Random[i], center[d], d);
            output.LogProbabilities[i] = LogDensity(center, action);
        }
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        var width = _sigma.Length;
        var centers = Centers(input, logProbabilities);
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = LogDensity(centers.AsSpan(i * width, width), actions.Continuous.Slice(i * width, width));
    }

    // [B, A]; what the inner policy says of its own log-densities goes where ours will be.
    float[] Centers(in PolicyInput input, Span<double> logProbabilities)
    {
        var centers = new float[input.Count * _sigma.Length];
        _inner.Act(input, new PolicyOutput { Continuous = centers, LogProbabilities = logProbabilities });
        return centers;
    }

    // Draws until one lies inside: the center does, so that with little noise at least every other one does, with the most one in thirteen.
    float Draw(RandomStream random, double center, int dimension)
    {
        while (true)
        {
            var draw = center + (_sigma[dimension] * random.NextGaussian());
            if (draw >= _actions.Low[dimension] && draw <= _actions.High[dimension])
                return (float)draw;
        }
    }

    double LogDensity(ReadOnlySpan<float> center, ReadOnlySpan<float> action)
    {
        if (!ContinuousRows.IsInside(action, _actions))
            return double.NegativeInfinity;
        var sum = 0.0;
        for (var d = 0; d < action.Length; d++)
        {
            var distance = ((double)action[d] - center[d]) / _sigma[d];
            // The center lies between the bounds: both error functions have arguments that are not negative, and only add.
            var scale = _sigma[d] * Math.Sqrt(2);
            var inside = (Erf((_actions.High[d] - center[d]) / scale) + Erf((center[d] - _actions.Low[d]) / scale)) / 2;
            sum -= (distance * distance / 2) + Math.Log(_sigma[d] * Math.Sqrt(2 * Math.PI) * inside);
        }

        return sum;
    }

    /// <summary>The error function of a number that is not negative, to 14 digits (Abramowitz and Stegun 7.1.6, all terms positive).</summary>
    internal static double Erf(double x)
    {
        // From here on it is 1 to the last digit.
        if (x >= 6)
            return 1;
        var (term, sum) = (x, x);
        for (var n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
