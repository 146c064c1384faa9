namespace OfflineRL.Ingest;

/// <summary>
/// Finds logged probabilities so small that estimates from the log rest on a few rows: by the weights that evaluating the uniform policy
/// would give the rows, and the effective sample size that they leave.
/// </summary>
sealed class PropensityWeights
{
    /// <summary>A smaller share of the rows, as effective sample size, is found.</summary>
    public const double SmallestShare = 0.1;

    double _sum, _squares, _smallest = double.PositiveInfinity;
    long _rows;
    long _first;

    /// <param name="logProbabilities">[T], NaN: unknown.</param>
    /// <param name="positions">[T], of the rows, from 1 over all files.</param>
    public void Add(ReadOnlySpan<double> logProbabilities, ReadOnlySpan<long> positions)
    {
        for (var t = 0; t < logProbabilities.Length; t++)
        {
            var log = logProbabilities[t];
            if (double.IsNaN(log))
                continue;
            var weight = Math.Exp(-log);
            (_sum, _squares, _rows) = (_sum + weight, _squares + (weight * weight), _rows + 1);
            if (log < _smallest)
                (_smallest, _first) = (log, positions[t]);
        }
    }

    /// <summary>The smallest probability and its row, and the effective sample size of how many rows; no rows: nothing was found.</summary>
    public (double Smallest, long First, double Effective, long Rows) Found()
    {
        var effective = _squares > 0 ? _sum * _sum / _squares : _rows;
        return _rows > 0 && effective < SmallestShare * _rows ? (Math.Exp(_smallest), _first, effective, _rows) : default;
    }
}
