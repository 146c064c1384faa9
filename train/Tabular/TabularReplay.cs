using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>Where a replay stands: the pass over the log, the episode's place in that pass, and the step in it that comes next.</summary>
/// <param name="Pass">From 0.</param>
/// <param name="Episode">From 0.</param>
/// <param name="Step">From 0.</param>
readonly record struct TabularPosition(int Pass, int Episode, int Step);

/// <summary>The steps of a log, episode after episode, over and over; each pass takes the episodes in an order of its own.</summary>
/// <param name="log">At least one episode.</param>
/// <param name="random">A pass's order depends on this stream's key and the pass alone.</param>
sealed class TabularReplay(TabularLog log, RandomStream random)
{
    readonly int[] _order = new int[log.Episodes];
    int _shuffled = -1;

    /// <summary>What comes next.</summary>
    public TabularPosition Position { get; set; }

    /// <summary>The next step.</summary>
    public TabularTransition Next()
    {
        var (pass, place, step) = Position;
        var transition = log[Episode(pass, place), step];
        Position = !transition.EndsEpisode ? new(pass, place, step + 1) : place + 1 < log.Episodes ? new(pass, place + 1, 0) : new(pass + 1, 0, 0);
        return transition;
    }

    /// <summary>The steps of the episode under way that come before the next.</summary>
    public IEnumerable<TabularTransition> Before()
    {
        var (pass, place, step) = Position;
        for (var t = 0; t < step; t++)
            yield return log[Episode(pass, place), t];
    }

    int Episode(int pass, int place)
    {
        if (_shuffled != pass)
        {
            for (var i = 0; i < _order.Length; i++)
                _order[i] = i;
            random.Derive((ulong)pass).Shuffle(_order.AsSpan());
            _shuffled = pass;
        }

        return _order[place];
    }
}
