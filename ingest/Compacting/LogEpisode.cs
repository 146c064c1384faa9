using System.Buffers;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Gathers the rows of one logged episode as columns, and knows where steps are missing.</summary>
sealed class LogEpisode(DatasetDescription description)
{
    // A file's number stands above its rows' in a position.
    const int RowBits = 40;

    readonly TrajectorySchema _schema = TrajectorySchema.Of(description);
    readonly ArrayBufferWriter<float> _observations = new(), _vectors = new();
    readonly ArrayBufferWriter<byte> _bytes = new();
    readonly ArrayBufferWriter<int> _actions = new();
    readonly ArrayBufferWriter<double> _rewards = new(), _logProbabilities = new(), _probabilities = new();
    readonly ArrayBufferWriter<bool> _masks = new();
    readonly ArrayBufferWriter<long> _timestamps = new();
    readonly List<(int File, long Row)> _places = [];
    readonly List<int> _cuts = [];
    readonly List<string> _files = [];
    readonly Dictionary<string, int> _fileNumbers = [];
    float[] _final = [];
    byte[] _finalBytes = [];
    byte[] _lastFile = [];
    long[] _positions = [];
    int _next, _withProbabilities, _withMask, _lastFileNumber;

    // Steps are missing between the last one and the end: what the episode ended with does not follow the last step.
    bool _endIsCut;

    public string Id { get; private set; } = "";

    public string Policy { get; private set; } = "";

    public string? SplitKey { get; private set; }

    public int Steps => _places.Count;

    public bool Terminated { get; private set; }

    public bool Truncated { get; private set; }

    public bool HasEnd { get; private set; }

    /// <summary>Whether steps are missing at the beginning, between, or before the end.</summary>
    public bool HasGap { get; private set; }

    /// <summary>Whether some steps have the whole distribution and others have not.</summary>
    public bool HasPartialProbabilities => _withProbabilities > 0 && _withProbabilities < Steps;

    /// <summary>Row behind the last of each piece, between gaps.</summary>
    public IReadOnlyList<int> PieceEnds => [.. _cuts, Steps];

    public (string File, long Row) Place(int step) => (_files[_places[step].File], _places[step].Row);

    /// <summary>The place of a position; its file by its number.</summary>
    public static RowPlace PlaceOf(long position) => new((int)(position >> RowBits), position & ((1L << RowBits) - 1));

    public string FileName(int number) => _files[number];

    /// <summary>A piece as validation looks at it.</summary>
    /// <param name="columns">Of <see cref="ToColumns"/>.</param>
    /// <param name="first">Its first step.</param>
    public InspectedEpisode ToInspected(in EpisodeColumns columns, int first)
    {
        var steps = columns.Rewards.Length;
        if (_positions.Length < steps)
            _positions = new long[steps];
        for (var t = 0; t < steps; t++)
            _positions[t] = ((long)_places[first + t].File << RowBits) | _places[first + t].Row;
        return new InspectedEpisode
        {
            Positions = _positions.AsSpan(0, steps),
            Observations = columns.Observations,
            DiscreteActions = columns.DiscreteActions,
            ContinuousActions = columns.ContinuousActions,
            Rewards = columns.Rewards,
            LogProbabilities = columns.BehaviorLogProbabilities,
            Timestamps = columns.TimestampMicros,
            Terminated = columns.Terminated,
        };
    }

    public void Clear()
    {
        (Id, Policy, SplitKey, Terminated, Truncated, HasEnd, HasGap) = ("", "", null, false, false, false, false);
        (_next, _withProbabilities, _withMask) = (0, 0, 0);
        (_final, _finalBytes) = ([], []);
        _observations.ResetWrittenCount();
        _vectors.ResetWrittenCount();
        _bytes.ResetWrittenCount();
        _actions.ResetWrittenCount();
        _rewards.ResetWrittenCount();
        _logProbabilities.ResetWrittenCount();
        _probabilities.ResetWrittenCount();
        _masks.ResetWrittenCount();
        _timestamps.ResetWrittenCount();
        _places.Clear();
        _cuts.Clear();
    }

    /// <summary>Adds a row; null, or why it cannot be taken.</summary>
    public string? Add(in LogRows rows, int row)
    {
        switch (rows.Events[row])
        {
            case 0 when Id.Length == 0:
                Id = rows.Column(LogTables.Id).Text(row);
                Policy = rows.Column(LogTables.Policy).Text(row);
                SplitKey = rows.Column(LogTables.SplitKey).IsNull(row) ? null : rows.Column(LogTables.SplitKey).Text(row);
                return null;
            case 1:
                return AddStep(rows, row, rows.Steps[row]);
            case 2:
                AddEnd(rows, row, rows.Steps[row]);
                return null;
            default:
                return null;
        }
    }

    /// <summary>One piece between gaps, as a dataset takes it.</summary>
    /// <param name="first">Its first step.</param>
    /// <param name="end">The step behind its last.</param>
    /// <param name="key">The episode's key.</param>
    public EpisodeColumns ToColumns(int first, int end, string key)
    {
        var last = end == Steps && HasEnd && !_endIsCut;
        var (width, actions) = (_schema.ObservationWidth, _schema.ActionCount);
        return new EpisodeColumns
        {
            Key = key,
            SplitKey = SplitKey,
            BehaviorPolicy = Policy,
            Environment = description.Environment,
            SourceFile = Place(first).File,
            Observations = Part(_observations, first, end, width),
            ObservationBytes = Part(_bytes, first, end, width),
            DiscreteActions = Part(_actions, first, end, 1),
            ContinuousActions = Part(_vectors, first, end, _schema.ActionWidth),
            Rewards = Part(_rewards, first, end, 1),
            Terminated = last && Terminated,
            Truncated = !last || Truncated,
            FinalObservation = last ? _final : [],
            FinalObservationBytes = last ? _finalBytes : [],
            BehaviorLogProbabilities = Part(_logProbabilities, first, end, 1),
            BehaviorProbabilities = _withProbabilities == Steps ? Part(_probabilities, first, end, actions) : [],
            ActionMasks = _withMask > 0 ? Part(_masks, first, end, actions) : [],
            TimestampMicros = Part(_timestamps, first, end, 1),
        };
    }

    string? AddStep(in LogRows rows, int row, int step)
    {
        if (step < _next)
            return $"found step {step} again; expected each step once: the first is kept";
        if (rows.Action.IsNull(row) || rows.Reward.IsNull(row))
            return "found a step without an action or a reward; expected both";
        if (step > _next)
        {
            HasGap = true;
            if (Steps > 0)
                _cuts.Add(Steps);
        }

        _next = step + 1;
        _endIsCut = false;
        AddObservation(rows.Observation, row);
        if (_schema.ActionCount > 0)
            Write(_actions, rows.Action.Values<int>()[row]);
        else
            WriteList(_vectors, rows.Action, row);
        Write(_rewards, rows.Reward.Values<double>()[row]);
        AddRest(rows, row);
        _places.Add((FileNumber(rows.File.Bytes(row)), rows.RowNumbers[row] + 1));
        return null;
    }

    void AddRest(in LogRows rows, int row)
    {
        var column = LogTables.Rest;
        if (description.PropensityKind != PropensityKind.None)
        {
            var logged = rows.Column(column++);
            Write(_logProbabilities, logged.IsNull(row) ? double.NaN : logged.Values<double>()[row]);
        }

        if (description.HasBehaviorProbabilities)
            _withProbabilities += WriteList(_probabilities, rows.Column(column++), row) > 0 ? 1 : 0;
        if (description.HasActionMask)
        {
            if (WriteList(_masks, rows.Column(column++), row) > 0)
            {
                _withMask++;
            }
            else
            {
                // A step without a mask forbids nothing.
                _masks.GetSpan(_schema.ActionCount)[.._schema.ActionCount].Fill(true);
                _masks.Advance(_schema.ActionCount);
            }
        }

        if (description.HasTimestamp)
            Write(_timestamps, rows.Column(column).Values<long>()[row]);
    }

    void AddEnd(in LogRows rows, int row, int steps)
    {
        HasEnd = true;
        Terminated = rows.Column(LogTables.Terminated).Values<bool>()[row];
        Truncated = rows.Column(LogTables.Truncated).Values<bool>()[row];
        _endIsCut = steps != _next;
        HasGap |= _endIsCut;
        var observation = rows.Observation;
        if (_schema.ObservationsAreBytes)
            _finalBytes = observation.IsNull(row) ? [] : observation.Bytes(row).ToArray();
        else if (_schema.ObservationsAreDiscrete)
            _final = observation.IsNull(row) ? [] : [observation.Values<int>()[row]];
        else
            _final = observation.IsNull(row) ? [] : List<float>(observation, row).ToArray();
    }

    void AddObservation(DuckDbVector column, int row)
    {
        if (column.IsNull(row))
            return;
        if (_schema.ObservationsAreBytes)
            _bytes.Write(column.Bytes(row));
        else if (_schema.ObservationsAreDiscrete)
            Write(_observations, (float)column.Values<int>()[row]);
        else
            _observations.Write(List<float>(column, row));
    }

    // Neighboring rows are of one file: its name is not decoded for each.
    int FileNumber(ReadOnlySpan<byte> path)
    {
        if (path.SequenceEqual(_lastFile))
            return _lastFileNumber;
        _lastFile = path.ToArray();
        var text = System.Text.Encoding.UTF8.GetString(path);
        if (!_fileNumbers.TryGetValue(text, out _lastFileNumber))
        {
            _fileNumbers[text] = _lastFileNumber = _files.Count;
            _files.Add(text);
        }

        return _lastFileNumber;
    }

    static ReadOnlySpan<T> List<T>(DuckDbVector column, int row)
        where T : unmanaged
    {
        var list = column.Lists[row];
        return column.Child.Values<T>().Slice((int)list.Offset, (int)list.Length);
    }

    /// <returns>Numbers written.</returns>
    static int WriteList<T>(ArrayBufferWriter<T> buffer, DuckDbVector column, int row)
        where T : unmanaged
    {
        if (column.IsNull(row))
            return 0;
        var values = List<T>(column, row);
        buffer.Write(values);
        return values.Length;
    }

    static void Write<T>(ArrayBufferWriter<T> buffer, T value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    // A column that is damaged has other lengths; the rules of datasets then say so.
    static ReadOnlySpan<T> Part<T>(ArrayBufferWriter<T> buffer, int first, int end, int width)
    {
        var all = buffer.WrittenSpan;
        return (long)end * width <= all.Length ? all[(first * width)..(end * width)] : all[Math.Min(first * width, all.Length)..];
    }
}
