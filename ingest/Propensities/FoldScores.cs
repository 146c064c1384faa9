using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// What models of the behavior say about every logged step, each step by the one that did not see its episode. Read in the order of the rows, in
/// blocks, so that short episodes share a batch.
/// </summary>
/// <param name="columns">Of the dataset.</param>
/// <param name="models">One a fold; a single one judges all.</param>
sealed class FoldScores(TrainingColumns columns, IReadOnlyList<IPolicy> models)
{
    const int BlockRows = 4096;

    readonly int _actions = (columns.Info.ActionSpace as DiscreteSpace)?.Count ?? 0;
    readonly int _actionWidth = columns.Info.ActionSpace is DiscreteSpace ? 1 : columns.Info.ActionSpace.FlatSize;
    readonly int _width = columns.Info.ObservationSpace.FlatSize;
    double[] _log = [], _whole = [];
    long _first, _end;

    /// <summary>The model that judges an episode.</summary>
    public int FoldOf(int episode) => models.Count == 1 ? 0 : EpisodeFold.Of(columns.EpisodeKeyHash[episode][0], models.Count);

    /// <summary>Log-probabilities, or log-densities, of the logged actions of some rows; of discrete actions the distributions, too.</summary>
    /// <param name="firstRow">Not before that of the call before.</param>
    /// <param name="log">[B].</param>
    /// <param name="whole">[B, A]; empty for continuous actions.</param>
    public void Read(long firstRow, Span<double> log, Span<double> whole)
    {
        for (var done = 0; done < log.Length;)
        {
            var row = firstRow + done;
            if (row >= _end)
                Load(row);
            var from = (int)(row - _first);
            var count = (int)Math.Min(log.Length - done, _end - row);
            _log.AsSpan(from, count).CopyTo(log[done..]);
            if (!whole.IsEmpty)
                _whole.AsSpan(from * _actions, count * _actions).CopyTo(whole[(done * _actions)..]);
            done += count;
        }
    }

    void Load(long first)
    {
        var count = (int)Math.Min(BlockRows, columns.Steps - first);
        (_first, _end) = (first, first + count);
        (_log, _whole) = (new double[count], new double[count * _actions]);
        var folds = new int[count];
        var episodes = columns.EpisodeIndex.Slice(first, count);
        for (var i = 0; i < count; i++)
            folds[i] = i > 0 && episodes[i] == episodes[i - 1] ? folds[i - 1] : FoldOf(episodes[i]);
        for (var fold = 0; fold < models.Count; fold++)
        {
            var rows = Enumerable.Range(0, count).Where(i => folds[i] == fold).ToArray();
            if (rows.Length > 0)
                Score(models[fold], rows);
        }
    }

    void Score(IPolicy model, int[] rows)
    {
        var observations = new float[rows.Length * _width];
        var masks = new bool[columns.ActionMasks is null ? 0 : rows.Length * _actions];
        var discrete = new int[_actions > 0 ? rows.Length : 0];
        var continuous = new float[_actions > 0 ? 0 : rows.Length * _actionWidth];
        for (var i = 0; i < rows.Length; i++)
        {
            var row = _first + rows[i];
            Observation(row, observations.AsSpan(i * _width, _width));
            for (var a = 0; a < (masks.Length == 0 ? 0 : _actions); a++)
                masks[(i * _actions) + a] = columns.ActionMasks![row][a] != 0;
            if (_actions > 0)
                discrete[i] = columns.DiscreteActions![row][0];
            else
                columns.ContinuousActions![row].CopyTo(continuous.AsSpan(i * _actionWidth));
        }

        var log = new double[rows.Length];
        var whole = new double[rows.Length * _actions];
        model.Score(
            new PolicyInput { Count = rows.Length, Observations = observations, ActionMasks = masks },
            new ActionBatch { Discrete = discrete, Continuous = continuous },
            log,
            whole);
        for (var i = 0; i < rows.Length; i++)
        {
            _log[rows[i]] = log[i];
            whole.AsSpan(i * _actions, _actions).CopyTo(_whole.AsSpan(rows[i] * _actions));
        }
    }

    void Observation(long row, Span<float> to)
    {
        if (columns.Observations is { } floats)
        {
            floats[row].CopyTo(to);
            return;
        }

        var bytes = columns.ObservationBytes![row];
        for (var d = 0; d < to.Length; d++)
            to[d] = bytes[d];
    }
}
