namespace OfflineRL.Ingest;

/// <summary>Finds a time limit that is not marked as one: many episodes that end as terminated after exactly the most steps that any has.</summary>
sealed class EpisodeLengths
{
    /// <summary>Fewer ends at the most steps are chance.</summary>
    public const int FewestEnds = 3;

    /// <summary>Of the terminated episodes, at least this share.</summary>
    public const double SmallestShare = 0.05;

    int _longest;
    long _terminated, _atLongest;
    long _first;

    /// <param name="steps">Of the episode.</param>
    /// <param name="terminated">Whether its end is marked as terminal.</param>
    /// <param name="end">Its last row.</param>
    public void Add(int steps, bool terminated, long end)
    {
        if (steps > _longest)
            (_longest, _atLongest) = (steps, 0);
        if (!terminated)
            return;
        _terminated++;
        if (steps == _longest && _atLongest++ == 0)
            _first = end;
    }

    /// <summary>How many there are, of how many terminated ones, the first one's last row, and the steps; a count of 0: none.</summary>
    public (long Count, long Terminated, long First, int Steps) Found() =>
        _longest > 1 && _atLongest >= FewestEnds && _atLongest >= SmallestShare * _terminated ? (_atLongest, _terminated, _first, _longest) : default;
}
