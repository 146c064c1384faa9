namespace OfflineRL.Datasets;

/// <summary>The episodes of a dataset that are drawn from: one part of its split, and of that all or those of the highest return.</summary>
public sealed class EpisodeSelection
{
    int[] _episodes;
    int _count, _seen;
    double[]? _returns;

    EpisodeSelection(TrainingColumns columns, string split, int[] episodes, EpisodeFold? fold)
    {
        (Columns, Split, _episodes, _count, _seen, Fold) = (columns, split, episodes, episodes.Length, columns.Episodes, fold);
        foreach (var episode in episodes)
            Steps += StepsOf(episode);
    }

    /// <summary>The dataset.</summary>
    public TrainingColumns Columns { get; }

    /// <summary>The name of the part.</summary>
    public string Split { get; }

    /// <summary>Which folds' episodes of the part; null: all.</summary>
    public EpisodeFold? Fold { get; }

    /// <summary>Numbers of the episodes, ascending.</summary>
    public ReadOnlySpan<int> Episodes => _episodes.AsSpan(0, _count);

    /// <summary>Steps of all of them together.</summary>
    public long Steps { get; private set; }

    /// <summary>Sums of the rewards as stored, one an episode of <see cref="Episodes"/>; read on first use.</summary>
    public ReadOnlySpan<double> Returns => _returns ??= ReadReturns();

    /// <param name="columns">The dataset.</param>
    /// <param name="split">The part of its split.</param>
    /// <param name="topShare">Share of the part's episodes to keep, those of the highest return, in (0, 1]; at least one stays, of equal returns the earlier.</param>
    /// <param name="fold">Which folds' episodes of the part; null: all.</param>
    /// <exception cref="UserErrorException">No such part, or it has no episode.</exception>
    public static EpisodeSelection Of(TrainingColumns columns, string split, double topShare = 1, EpisodeFold? fold = null)
    {
        if (!(topShare is > 0 and <= 1))
            throw Throw.TopShare(topShare);
        var part = PartOf(columns, split);
        var parts = columns.EpisodeSplit.Slice(0, columns.Episodes);
        var keys = columns.EpisodeKeyHash.Slice(0, columns.Episodes);
        var episodes = new int[parts.Count((byte)part)];
        // Where episodes are still to come, there may be none yet.
        if (columns.IsGrowing && episodes.Length == 0)
            return new EpisodeSelection(columns, split, [], fold);
        if (episodes.Length == 0)
            throw Throw.EmptySplit(columns.Info.Dataset, split, columns.Episodes);
        var next = 0;
        for (var episode = 0; episode < parts.Length; episode++)
        {
            if (parts[episode] == part && fold?.Takes(keys[episode]) != false)
                episodes[next++] = episode;
        }

        if (next == 0)
            throw Throw.EmptyFold(columns.Info.Dataset, split, episodes.Length, fold!.Value);
        var all = new EpisodeSelection(columns, split, episodes[..next], fold);
        return topShare == 1 ? all : all.Best(Math.Max(1, (int)(topShare * episodes.Length)));
    }

    bool IsByReturn { get; init; }

    /// <summary>Those of its episodes that end before a row of the dataset, such as those that there were once.</summary>
    public EpisodeSelection Before(long row)
    {
        var rows = Columns.EpisodeFirstRow;
        var count = 0;
        while (count < _count && rows[_episodes[count] + 1][0] <= row)
            count++;
        return new(Columns, Split, _episodes[..count], Fold);
    }

    /// <summary>Takes in the episodes that were appended to the columns since.</summary>
    /// <exception cref="NotSupportedException">Which episodes belong to the selection depends on all of them.</exception>
    public void Extend()
    {
        if (IsByReturn)
            throw new NotSupportedException("Episodes chosen by their return cannot be extended.");
        var part = PartOf(Columns, Split);
        for (; _seen < Columns.Episodes; _seen++)
        {
            if (Columns.EpisodeSplit[_seen][0] != part || Fold?.Takes(Columns.EpisodeKeyHash[_seen][0]) == false)
                continue;
            if (_count == _episodes.Length)
                Array.Resize(ref _episodes, Math.Max(16, 2 * _count));
            _episodes[_count++] = _seen;
            Steps += StepsOf(_seen);
        }

        _returns = null;
    }

    int StepsOf(int episode)
    {
        var first = Columns.EpisodeFirstRow.Slice(episode, 2);
        return checked((int)(first[1] - first[0]));
    }

    EpisodeSelection Best(int count)
    {
        var returns = Returns.ToArray();
        // A stable sort: of equal returns the earlier episode comes first.
        var best = Enumerable.Range(0, returns.Length).OrderByDescending(i => returns[i]).Take(count).Order().ToArray();
        return new(Columns, Split, [.. best.Select(i => _episodes[i])], Fold) { _returns = [.. best.Select(i => returns[i])], IsByReturn = true };
    }

    double[] ReadReturns()
    {
        var returns = new double[_count];
        for (var i = 0; i < returns.Length; i++)
        {
            foreach (var reward in Columns.Rewards.Slice(Columns.EpisodeFirstRow[_episodes[i]][0], StepsOf(_episodes[i])))
                returns[i] += reward;
        }

        return returns;
    }

    static int PartOf(TrainingColumns columns, string split)
    {
        for (var i = 0; i < columns.Info.Splits.Count; i++)
        {
            if (columns.Info.Splits[i] == split)
                return i;
        }

        throw Throw.NoSplit(columns.Info, split);
    }
}
