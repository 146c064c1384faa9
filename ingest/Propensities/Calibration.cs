namespace OfflineRL.Ingest;

/// <summary>
/// How far probabilities that were estimated can be believed, on steps that their model did not see: the mean log-likelihood of what was done,
/// beside that of always saying how often each action is taken, and the expected calibration error: over all actions of all steps, in bins of
/// equal width, the mean distance between the probability said and the share in which it came true.
/// </summary>
sealed class Calibration
{
    const int Bins = 15;

    readonly double[] _said = new double[Bins];
    readonly long[] _true = new long[Bins];
    readonly long[] _counts = new long[Bins];
    double _logLikelihood, _likeliest;

    public long Steps { get; private set; }

    /// <summary>Natural logarithm, mean over steps.</summary>
    public double LogLikelihood => Steps == 0 ? double.NaN : _logLikelihood / Steps;

    /// <summary>Share of the steps whose action was the likeliest.</summary>
    public double Accuracy => Steps == 0 ? double.NaN : _likeliest / Steps;

    /// <summary>In [0, 1]; NaN where there were no distributions.</summary>
    public double ExpectedError
    {
        get
        {
            var total = _counts.Sum();
            var sum = 0.0;
            for (var bin = 0; bin < Bins; bin++)
                sum += Math.Abs(_said[bin] - _true[bin]);
            return total == 0 ? double.NaN : sum / total;
        }
    }

    /// <param name="logProbability">Of the action taken.</param>
    /// <param name="distribution">[A], or empty.</param>
    /// <param name="action">Taken, where there is a distribution.</param>
    public void Add(double logProbability, ReadOnlySpan<double> distribution, int action)
    {
        Steps++;
        _logLikelihood += logProbability;
        var best = 0;
        for (var a = 0; a < distribution.Length; a++)
        {
            var bin = Math.Clamp((int)(distribution[a] * Bins), 0, Bins - 1);
            _said[bin] += distribution[a];
            _counts[bin]++;
            _true[bin] += a == action ? 1 : 0;
            best = distribution[a] > distribution[best] ? a : best;
        }

        _likeliest += !distribution.IsEmpty && best == action ? 1 : 0;
    }
}
