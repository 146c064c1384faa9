namespace OfflineRL.Ingest;

/// <summary>
/// Finds sources that store the next episode's first observation behind the last step of one, as replay buffers that reset by themselves do:
/// it did not follow the action, and nothing may be learned from it.
/// </summary>
sealed class NextStarts(int width)
{
    /// <summary>Fewer are chance, where there are more boundaries.</summary>
    public const int FewestHits = 2;

    readonly float[] _start = new float[width];
    readonly float[] _behind = new float[width];
    bool _behindKnown;
    long _end, _first;
    long _boundaries, _hits;

    /// <param name="observations">[T, D] of one episode, which follows in the source on the one before.</param>
    /// <param name="behind">[D], the observation behind its last step; empty: unknown.</param>
    /// <param name="end">Its last row.</param>
    public void Add(ReadOnlySpan<float> observations, ReadOnlySpan<float> behind, long end)
    {
        var start = observations[..width];
        // Where all episodes start alike, an end that equals the next start may be a return to it.
        if (_behindKnown && !start.SequenceEqual(_start))
        {
            _boundaries++;
            if (start.SequenceEqual(_behind) && _hits++ == 0)
                _first = _end;
        }

        start.CopyTo(_start);
        behind.CopyTo(_behind);
        (_behindKnown, _end) = (!behind.IsEmpty, end);
    }

    /// <summary>How many episodes end so, of how many that another one follows, and the first one's last row; a count of 0: none.</summary>
    public (long Count, long Boundaries, long First) Found() =>
        _hits > 0 && (_hits >= FewestHits || _hits == _boundaries) && _hits * 2 >= _boundaries ? (_hits, _boundaries, _first) : default;
}
