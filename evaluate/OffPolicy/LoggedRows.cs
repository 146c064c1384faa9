using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>The episodes of a dataset, or of one part of its split, that a policy is estimated on.</summary>
sealed class LoggedRows
{
    readonly long[] _datasetRow;

    LoggedRows(long[] datasetRow, int[] firstRow, double[] rewards, double[] behaviorLogProbabilities) =>
        (_datasetRow, FirstRow, Rewards, BehaviorLogProbabilities) = (datasetRow, firstRow, rewards, behaviorLogProbabilities);

    /// <summary>[E + 1], into the arrays here.</summary>
    public int[] FirstRow { get; }

    /// <summary>[N].</summary>
    public double[] Rewards { get; }

    /// <summary>[N]; empty where the log does not know them.</summary>
    public double[] BehaviorLogProbabilities { get; }

    public bool HasPropensities => BehaviorLogProbabilities.Length > 0;

    public int Episodes => _datasetRow.Length;

    /// <summary>Gathers what the estimators keep in memory: 8 bytes a step for rewards, and as many for log-probabilities.</summary>
    /// <param name="columns">With or without behavior log-probabilities.</param>
    /// <param name="split">A part; empty: all.</param>
    /// <exception cref="UserErrorException">No such part, no episode in it, or a step without a log-probability.</exception>
    public static LoggedRows Of(TrainingColumns columns, string split)
    {
        var part = split.Length == 0 ? -1 : columns.Info.Splits.ToList().IndexOf(split);
        if (split.Length > 0 && part < 0)
            throw EvaluateThrow.UnknownSplit(split, columns.Info);
        var episodes = Enumerable.Range(0, columns.Episodes).Where(e => part < 0 || columns.EpisodeSplit[e][0] == part).ToArray();
        var bounds = columns.EpisodeFirstRow;
        var steps = episodes.Sum(e => bounds[e + 1][0] - bounds[e][0]);
        if (episodes.Length == 0)
            throw EvaluateThrow.EmptySplit(split, columns.Info);
        if (steps > Array.MaxLength)
            throw EvaluateThrow.TooManySteps(steps, columns.Info.Dataset);
        var behavior = columns.Info.PropensitySource == PropensitySource.Unknown ? null : columns.BehaviorLogProbabilities;

        var rows = new LoggedRows(new long[episodes.Length], new int[episodes.Length + 1], new double[steps], behavior is null ? [] : new double[steps]);
        for (var i = 0; i < episodes.Length; i++)
        {
            var (first, next) = (bounds[episodes[i]][0], bounds[episodes[i] + 1][0]);
            var (start, count) = (rows.FirstRow[i], (int)(next - first));
            rows._datasetRow[i] = first;
            rows.FirstRow[i + 1] = start + count;
            columns.Rewards.Slice(first, count).CopyTo(rows.Rewards.AsSpan(start));
            if (behavior is null)
                continue;
            var logProbabilities = behavior.Slice(first, count);
            var unknown = logProbabilities.IndexOfAnyExceptInRange(double.NegativeInfinity, double.PositiveInfinity);
            if (unknown >= 0)
                throw EvaluateThrow.UnknownPropensity(columns.Info.Dataset, episodes[i], unknown);
            logProbabilities.CopyTo(rows.BehaviorLogProbabilities.AsSpan(start));
        }

        return rows;
    }

    /// <summary>Steps of the longest episode.</summary>
    public int MaxLength()
    {
        var longest = 0;
        for (var i = 0; i + 1 < FirstRow.Length; i++)
            longest = Math.Max(longest, FirstRow[i + 1] - FirstRow[i]);
        return longest;
    }

    /// <summary>The row of the dataset at which an episode begins.</summary>
    public long DatasetRow(int episode) => _datasetRow[episode];

    /// <summary>Undiscounted, over episodes.</summary>
    public double MeanReturn() => Rewards.Sum() / _datasetRow.Length;

    /// <summary>Runs of rows, of one or more adjacent episodes or of a part of one: row in the dataset, row here, count.</summary>
    public IEnumerable<(long DatasetRow, int First, int Count)> Chunks(int limit)
    {
        var (datasetRow, first, count) = (_datasetRow[0], 0, 0);
        for (var i = 0; i < _datasetRow.Length; i++)
        {
            if (_datasetRow[i] != datasetRow + count)
            {
                yield return (datasetRow, first, count);
                (datasetRow, first, count) = (_datasetRow[i], FirstRow[i], 0);
            }

            count += FirstRow[i + 1] - FirstRow[i];
            for (; count >= limit; datasetRow += limit, first += limit, count -= limit)
                yield return (datasetRow, first, limit);
        }

        if (count > 0)
            yield return (datasetRow, first, count);
    }
}
