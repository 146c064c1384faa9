namespace OfflineRL.Datasets;

/// <summary>
/// Training columns that episodes are appended to. The files have their full size from the start and hold as much as was
/// written, so that whoever reads them keeps its pointers however much is added.
/// </summary>
sealed class GrowingColumns : IDisposable
{
    readonly PendingFolder _folder;
    readonly TrajectorySchema _schema;
    readonly DatasetDescription _description;
    readonly long _capacity;
    readonly List<IDisposable> _files = [];
    readonly GrowingColumn<float>? _observations, _finalObservations, _continuous;
    readonly GrowingColumn<byte>? _observationBytes, _finalObservationBytes, _masks;
    readonly GrowingColumn<int>? _discrete;
    readonly GrowingColumn<int> _episodeIndex;
    readonly GrowingColumn<double> _rewards;
    readonly GrowingColumn<double>? _logProbabilities, _probabilities;
    readonly GrowingColumn<byte> _terminated, _truncated, _finalKnown, _split;
    readonly GrowingColumn<long> _firstRow, _keyHash;

    /// <param name="workspace">The files lie in its cache until this is disposed of.</param>
    /// <param name="name">Of the dataset.</param>
    /// <param name="description">Validated; without passed-through columns, timestamps and features of actions.</param>
    /// <param name="capacity">Steps at most.</param>
    public GrowingColumns(Workspace workspace, string name, DatasetDescription description, long capacity)
    {
        (_description, _capacity, _schema) = (description, capacity, TrajectorySchema.Of(description));
        if (description.InfoColumns.Count > 0 || description.HasTimestamp || description.ActionFeatures > 0)
            throw new NotSupportedException("Growing columns hold neither passed-through columns, timestamps nor features of actions.");
        _folder = PendingFolder.Create(Path.Combine(workspace.CacheFolder, "columns", name), mayExist: true);
        try
        {
            if (_schema.ObservationsAreBytes)
            {
                _observationBytes = Add<byte>(ColumnNames.Observations, _schema.ObservationWidth);
                _finalObservationBytes = Add<byte>(ColumnNames.FinalObservations, _schema.ObservationWidth);
            }
            else
            {
                _observations = Add<float>(ColumnNames.Observations, _schema.ObservationWidth);
                _finalObservations = Add<float>(ColumnNames.FinalObservations, _schema.ObservationWidth);
            }

            if (_schema.ActionCount > 0)
                _discrete = Add<int>(ColumnNames.Actions);
            else
                _continuous = Add<float>(ColumnNames.Actions, _schema.ActionWidth);
            _rewards = Add<double>(ColumnNames.Rewards);
            _terminated = Add<byte>(ColumnNames.Terminated);
            _truncated = Add<byte>(ColumnNames.Truncated);
            _logProbabilities = description.PropensityKind != PropensityKind.None ? Add<double>(ColumnNames.BehaviorLogProbabilities) : null;
            _probabilities = description.HasBehaviorProbabilities ? Add<double>(ColumnNames.BehaviorProbabilities, _schema.ActionCount) : null;
            _masks = description.HasActionMask ? Add<byte>(ColumnNames.ActionMasks, _schema.ActionCount) : null;
            _episodeIndex = Add<int>(ColumnNames.EpisodeIndex);
            // An episode has one step at least, so there are no more of them than steps.
            _firstRow = Add<long>(ColumnNames.EpisodeFirstRow, rows: capacity + 1);
            _split = Add<byte>(ColumnNames.EpisodeSplit);
            _keyHash = Add<long>(ColumnNames.EpisodeKeyHash);
            _finalKnown = Add<byte>(ColumnNames.FinalObservationKnown);
            Columns = TrainingColumns.OpenGrowing(_folder.FolderPath, Info(name));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What was appended so far; valid until this is disposed of.</summary>
    public TrainingColumns Columns { get; }

    /// <summary>Appends an episode, which the columns then hold.</summary>
    /// <param name="e">Checked against the description.</param>
    /// <param name="split">Index of its part.</param>
    /// <exception cref="UserErrorException">There is no room for it.</exception>
    public void Append(in EpisodeColumns e, int split)
    {
        var (first, steps, episode) = (Columns.Steps, e.Rewards.Length, Columns.Episodes);
        if (first + steps > _capacity)
            throw Throw.GrewTooLarge(_description, _capacity, first + steps);
        e.Observations.CopyTo(Rows(_observations, first, steps));
        e.ObservationBytes.CopyTo(Rows(_observationBytes, first, steps));
        e.DiscreteActions.CopyTo(Rows(_discrete, first, steps));
        e.ContinuousActions.CopyTo(Rows(_continuous, first, steps));
        e.Rewards.CopyTo(_rewards[first, steps]);
        _terminated[first + steps - 1, 1][0] = e.Terminated ? (byte)1 : (byte)0;
        _truncated[first + steps - 1, 1][0] = e.Truncated ? (byte)1 : (byte)0;
        CopyOr(double.NaN, e.BehaviorLogProbabilities, Rows(_logProbabilities, first, steps));
        CopyOr(double.NaN, e.BehaviorProbabilities, Rows(_probabilities, first, steps));
        var masks = Rows(_masks, first, steps);
        for (var i = 0; i < masks.Length; i++)
            masks[i] = e.ActionMasks.IsEmpty || e.ActionMasks[i] ? (byte)1 : (byte)0;
        _episodeIndex[first, steps].Fill(episode);
        e.FinalObservation.CopyTo(Rows(_finalObservations, episode, 1));
        e.FinalObservationBytes.CopyTo(Rows(_finalObservationBytes, episode, 1));
        _finalKnown[episode, 1][0] = e.FinalObservation.IsEmpty && e.FinalObservationBytes.IsEmpty ? (byte)0 : (byte)1;
        _split[episode, 1][0] = (byte)split;
        _keyHash[episode, 1][0] = EpisodeFold.Hash(e.SplitKey ?? e.Key);
        _firstRow[episode + 1, 1][0] = first + steps;
        // Last: whoever reads now finds all of it.
        Columns.Grow(first + steps, episode + 1);
    }

    public void Dispose()
    {
        Columns?.Dispose();
        foreach (var file in _files)
            file.Dispose();
        _folder.Dispose();
    }

    ColumnsInfo Info(string name) => new()
    {
        Dataset = name,
        ContentHash = "",
        Steps = _capacity,
        Episodes = checked((int)_capacity),
        ObservationSpace = _description.ObservationSpace,
        ActionSpace = _description.ActionSpace,
        Environment = _description.Environment,
        PropensitySource = _description.PropensitySource,
        PropensityKind = _description.PropensityKind,
        HasBehaviorProbabilities = _description.HasBehaviorProbabilities,
        HasActionMask = _description.HasActionMask,
        Splits = [.. _description.Split.Fractions.Select(f => f.Name)],
        Statistics = new DatasetStatistics(),
    };

    GrowingColumn<T> Add<T>(string name, int width = 0, long? rows = null)
        where T : unmanaged
    {
        GrowingColumn<T> column = new(Path.Combine(_folder.FolderPath, name + ".npy"), rows ?? _capacity, width);
        _files.Add(column);
        return column;
    }

    static Span<T> Rows<T>(GrowingColumn<T>? column, long first, int rows)
        where T : unmanaged => column is null ? [] : column[first, rows];

    static void CopyOr(double missing, ReadOnlySpan<double> values, Span<double> to)
    {
        if (values.IsEmpty)
            to.Fill(missing);
        else
            values.CopyTo(to);
    }
}
