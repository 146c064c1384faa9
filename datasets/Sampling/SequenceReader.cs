namespace OfflineRL.Datasets;

/// <summary>Gathers windows of consecutive steps into a batch [T, B].</summary>
/// <remarks>
/// The episodes of a selection lie one behind the other, and behind the last the first again: so every step is in as many
/// windows as any other, and none is filled up. Where an episode begins, and at the first step of a window, what a learner
/// remembers is reset; the steps of the burn-in fill its memory and do not count in the loss.
/// </remarks>
public sealed unsafe class SequenceReader : IDisposable
{
    readonly TransitionIndex _index;
    readonly TransitionReader _steps;
    readonly int* _episodeIndex;
    readonly long* _episodeFirstRow;
    readonly int _burnIn;
    int[] _items = [];

    /// <param name="index">One that keeps all steps.</param>
    /// <param name="encoder">Of the columns' observation space.</param>
    /// <param name="length">Steps that are learned from, at least 1.</param>
    /// <param name="burnIn">Steps before them.</param>
    /// <exception cref="UserErrorException">The selection has fewer steps than a window.</exception>
    public SequenceReader(TransitionIndex index, ObservationEncoder encoder, int length, int burnIn)
    {
        RequireSteps(index, length, burnIn);
        (_index, _burnIn, Steps) = (index, burnIn, length + burnIn);
        _steps = new(index, encoder);
        index.Columns.RequireEpisodeIndex();
        _episodeIndex = index.Columns.EpisodeIndex.Pointer;
        _episodeFirstRow = index.Columns.EpisodeFirstRow.Pointer;
    }

    /// <summary>Whether there are enough steps for one window.</summary>
    /// <exception cref="UserErrorException">There are not.</exception>
    public static void RequireSteps(TransitionIndex index, int length, int burnIn)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(burnIn);
        if (index.Count != index.Selection.Steps)
            throw new ArgumentException($"An index of {index.Count} items for {index.Selection.Steps} steps; expected one that keeps all.", nameof(index));
        if (index.Count < (long)length + burnIn)
            throw Throw.TooFewSteps(index.Columns.Info, index.Selection, length, burnIn);
    }

    /// <summary>T: steps of a window, burn-in included.</summary>
    public int Steps { get; }

    /// <summary>Writes the windows that begin at some items to the columns from <paramref name="column"/> on.</summary>
    /// <param name="starts">Items.</param>
    /// <param name="target">[T * B], step by step.</param>
    /// <param name="column">The first of the columns.</param>
    /// <param name="columns">B.</param>
    public void Read(ReadOnlySpan<int> starts, in TransitionTarget target, int column, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)Steps * columns, target.Size, nameof(columns));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(column + starts.Length, columns, nameof(column));
        if (_items.Length < starts.Length)
            _items = new int[starts.Length];
        var items = _items.AsSpan(0, starts.Length);
        for (var t = 0; t < Steps; t++)
        {
            var first = (t * columns) + column;
            for (var i = 0; i < items.Length; i++)
                items[i] = (int)(((long)starts[i] + t) % _index.Count);
            _steps.Read(items, target, first);
            Mark(t, items, target, first);
        }
    }

    public void Dispose() => _steps.Dispose();

    void Mark(int t, ReadOnlySpan<int> items, in TransitionTarget target, int first)
    {
        for (var i = 0; i < items.Length; i++)
        {
            var record = _index.Pointer[items[i]];
            target.Resets[first + i] = t == 0 || _episodeFirstRow[_episodeIndex[record.Row]] == record.Row ? (byte)1 : (byte)0;
            target.LossMask[first + i] = t >= _burnIn && record.Next != TransitionRecord.Unusable ? 1 : 0;
        }
    }
}
