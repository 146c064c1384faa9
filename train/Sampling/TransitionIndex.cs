using OfflineRL.Datasets;

namespace OfflineRL.Train.Sampling;

/// <summary>Which rows of a dataset are transitions that can be learned from, and what each is followed by.</summary>
/// <remarks>
/// A temporal-difference learner needs the next observation: the next row's, or the episode's final one. Where neither
/// is there the row is left out, except after a terminal step, where the discount of 0 makes it irrelevant. Cloning
/// keeps every row. In a dataset with action masks the final observation of an episode that was cut has no mask, so
/// such a row is left out too.
/// </remarks>
sealed class TransitionIndex
{
    readonly TrainingColumns _columns;
    readonly int[]? _rows;

    public TransitionIndex(TrainingColumns columns, string split, bool bootstraps)
    {
        if (columns.Steps > int.MaxValue)
            Throw.User($"Dataset {columns.Info.Dataset} has {columns.Steps} steps; one run draws from at most {int.MaxValue}. Split it with 'offlinerl datasets split'.");
        _columns = columns;
        var part = PartOf(columns, split);
        var count = 0L;
        for (var episode = 0; episode < columns.Episodes; episode++)
            count += RowsOf(episode, part, bootstraps).Count;
        if (count == 0)
            Throw.User($"Dataset {columns.Info.Dataset} has no transition to learn from in the split '{split}' (of {columns.Steps} steps); expected at least one whose next observation is known. Choose another split or dataset.");
        Count = (int)count;
        if (count == columns.Steps)
            return;

        _rows = new int[count];
        var next = 0;
        for (var episode = 0; episode < columns.Episodes; episode++)
        {
            var (first, rows) = RowsOf(episode, part, bootstraps);
            for (var i = 0; i < rows; i++)
                _rows[next++] = (int)(first + i);
        }
    }

    /// <summary>How many transitions there are.</summary>
    public int Count { get; }

    /// <summary>The row of transition number <paramref name="i"/>, 0 to <see cref="Count"/> - 1.</summary>
    public int Row(int i) => _rows is null ? i : _rows[i];

    static int PartOf(TrainingColumns columns, string split)
    {
        for (var i = 0; i < columns.Info.Splits.Count; i++)
        {
            if (columns.Info.Splits[i] == split)
                return i;
        }

        Throw.User($"split: dataset {columns.Info.Dataset} has no split '{split}'; it has {string.Join(", ", columns.Info.Splits)}.");
        return -1;
    }

    (long First, int Count) RowsOf(int episode, int part, bool bootstraps)
    {
        if (_columns.EpisodeSplit[episode][0] != part)
            return (0, 0);
        var first = _columns.EpisodeFirstRow[episode][0];
        var count = (int)(_columns.EpisodeFirstRow[episode + 1][0] - first);
        if (count == 0 || !bootstraps)
            return (first, count);
        var last = first + count - 1;
        var usable = _columns.Terminated[last][0] != 0 ||
            (_columns.FinalObservationKnown[episode][0] != 0 && _columns.ActionMasks is null);
        return (first, usable ? count : count - 1);
    }
}
