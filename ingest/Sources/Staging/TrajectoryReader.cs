namespace OfflineRL.Ingest;

/// <summary>
/// Observations of trajectories that lie behind one another, each with one more than it has actions: as those before the
/// actions (all but each trajectory's last), or those after (all but its first).
/// </summary>
/// <param name="inner">All of them.</param>
/// <param name="starts">The first action of each trajectory.</param>
/// <param name="actions">How many there are.</param>
/// <param name="after">1: those after the actions; 0: those before.</param>
sealed class TrajectoryReader(ArrayReader inner, long[] starts, long actions, int after) : ArrayReader(inner.Info)
{
    long _row;
    int _next;

    public override void Read<T>(Span<T> values)
    {
        var width = (int)Info.Width;
        while (!values.IsEmpty)
        {
            // Between two trajectories lies one observation that belongs to neither side.
            if (_next < starts.Length && _row == starts[_next])
                inner.Skip(_next++ == 0 ? after : 1);
            var end = _next < starts.Length ? starts[_next] : actions;
            var count = (int)Math.Min(values.Length / width, end - _row);
            inner.Read(values[..(count * width)]);
            values = values[(count * width)..];
            _row += count;
        }
    }

    public override void ReadTexts(Span<string> values) => throw new NotSupportedException();

    public override void Skip(long rows) => throw new NotSupportedException();

    public override void Dispose() => inner.Dispose();
}
