namespace OfflineRL.Ingest;

/// <summary>
/// Finds rewards far from all others: by their distance from the median of the first ones, against the distance that 95 of 100 of the
/// rewards that differ from it stay below. So a rare reward, all of one size, is no outlier.
/// </summary>
sealed class RewardOutliers
{
    /// <summary>An outlier is farther than this many times the usual distance.</summary>
    public const double Factor = 20;

    /// <summary>Fewer rewards that differ from the median say nothing about what is usual.</summary>
    public const int FewestDistances = 50;

    const int MedianOf = 4096;
    const double UsualShare = 0.95;

    readonly MagnitudeHistogram _distances = new();
    List<(double Reward, long Position)>? _first = [];
    double _median;

    /// <param name="rewards">[T], finite.</param>
    /// <param name="positions">[T], of the rows, from 1 over all files.</param>
    public void Add(ReadOnlySpan<double> rewards, ReadOnlySpan<long> positions)
    {
        for (var t = 0; t < rewards.Length; t++)
        {
            if (_first is null)
                Count(rewards[t], positions[t]);
            else
                _first.Add((rewards[t], positions[t]));
        }

        if (_first?.Count >= MedianOf)
            Settle();
    }

    /// <summary>How many there are, the first row, its reward, and the usual distance from the median.</summary>
    public (long Count, long First, double Reward, double Usual, double Median) Found()
    {
        Settle();
        if (_distances.Count < FewestDistances)
            return default;
        var usual = _distances.Quantile(UsualShare);
        var (count, first, reward) = _distances.Above(Factor * usual);
        return (count, first, reward, usual, _median);
    }

    void Settle()
    {
        if (_first is null || _first.Count == 0)
            return;
        var sorted = _first.Select(f => f.Reward).Order().ToList();
        _median = sorted[sorted.Count / 2];
        foreach (var (reward, position) in _first)
            Count(reward, position);
        _first = null;
    }

    void Count(double reward, long position)
    {
        // A distance beyond float32 is one like its largest number.
        var distance = (float)Math.Min(Math.Abs(reward - _median), float.MaxValue);
        if (distance != 0)
            _distances.Add(distance, position, (float)reward);
    }
}
