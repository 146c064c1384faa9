namespace OfflineRL.Datasets;

/// <summary>Steps of one row group as Parquet's columns, filled episode by episode.</summary>
sealed class StepsRowGroup
{
    const long MostBytes = 64 << 20;

    readonly DatasetDescription _description;
    readonly TrajectorySchema _schema;
    readonly ColumnBuffer[] _columns;
    readonly int _rows;
    readonly bool _hasTexts;
    long _texts;

    public StepsRowGroup(DatasetDescription description)
    {
        _description = description;
        _schema = TrajectorySchema.Of(description);
        _columns = [.. _schema.StepColumns.Select(c => new ColumnBuffer(SchemaTypes.Layout(c), Width(c), c.Name == "action_features" ? _schema.ActionCount : 1))];
        _hasTexts = description.InfoColumns.Any(c => c.Type == InfoType.Text);
        // Rows so wide that even the fewest of the contract are too much make smaller row groups.
        _rows = (int)Math.Clamp(MostBytes / _schema.RowBytes, 1, _schema.RowGroupRows);
    }

    public IReadOnlyList<ColumnBuffer> Columns => _columns;

    public int Rows => _columns[0].Rows;

    public bool IsFull => Rows == _rows || _texts >= MostBytes;

    /// <summary>How many of an episode's steps there is room for, at least 1 where it is not full.</summary>
    public int Fitting(in EpisodeColumns e, int from, int count)
    {
        count = Math.Min(count, _rows - Rows);
        if (!_hasTexts)
        {
            return count;
        }

        long texts = _texts;
        for (int i = 0; i < count; i++)
        {
            if (texts >= MostBytes)
            {
                return i;
            }

            foreach (InfoValues info in e.Info)
            {
                texts += info.Texts.IsEmpty ? 0 : 4 + (info.Texts.Span[from + i]?.Length ?? 0);
            }
        }

        return count;
    }

    public void Add(in EpisodeColumns e, long episodeId, int from, int count)
    {
        _columns[0].Repeat(episodeId, count);
        Span<int> steps = _columns[1].Extend<int>(count);
        for (int i = 0; i < count; i++)
        {
            steps[i] = from + i;
        }

        AddObservations(e, from, count);
        if (_schema.ActionCount > 0)
        {
            _columns[3].Add(e.DiscreteActions.Slice(from, count));
        }
        else
        {
            AddValues(_columns[3], e.ContinuousActions, _schema.ActionWidth, from, count);
        }

        _columns[4].Add(e.Rewards.Slice(from, count));
        bool last = from + count == e.Rewards.Length;
        AddFlag(_columns[5], count, last && e.Terminated);
        AddFlag(_columns[6], count, last && e.Truncated);
        AddNumbers(_columns[7], e.BehaviorLogProbabilities, from, count);
        AddValues(_columns[8], e.BehaviorProbabilities, _schema.ActionCount, from, count);
        AddMasks(_columns[9], e.ActionMasks, from, count);
        AddValues(_columns[10], e.TimestampMicros, 1, from, count);
        for (int i = 0; i < e.Info.Length; i++)
        {
            AddInfo(_columns[11 + i], _description.InfoColumns[i], e.Info[i], from, count);
        }

        if (_schema.ActionFeatures > 0)
        {
            AddValues(_columns[_schema.ActionFeaturesColumn], e.ActionFeatures, _schema.ActionFeaturesWidth, from, count);
        }
    }

    public void Clear()
    {
        foreach (ColumnBuffer column in _columns)
        {
            column.Clear();
        }

        _texts = 0;
    }

    int Width(SchemaColumn column) => column.Name switch
    {
        "observation" when !_schema.ObservationsAreDiscrete => _schema.ObservationWidth,
        "action" when _schema.ActionCount == 0 => _schema.ActionWidth,
        "behavior_probs" or "action_mask" => Math.Max(1, _schema.ActionCount),
        "action_features" => _schema.ActionFeatures,
        _ => Math.Max(1, _description.InfoColumns.FirstOrDefault(c => c.Name == column.Name)?.Width ?? 1),
    };

    void AddObservations(in EpisodeColumns e, int from, int count)
    {
        if (!_schema.ObservationsAreDiscrete)
        {
            AddValues(_columns[2], e.Observations, _schema.ObservationWidth, from, count);
            return;
        }

        Span<int> values = _columns[2].Extend<int>(count);
        for (int i = 0; i < count; i++)
        {
            values[i] = (int)e.Observations[from + i];
        }
    }

    static void AddFlag(ColumnBuffer column, int count, bool last)
    {
        column.Repeat(false, count - 1);
        column.Repeat(last, 1);
    }

    static void AddNumbers(ColumnBuffer column, ReadOnlySpan<double> values, int from, int count)
    {
        if (values.IsEmpty)
        {
            column.AddNulls(count);
        }
        else
        {
            column.AddNumbers(values.Slice(from, count));
        }
    }

    static void AddValues<T>(ColumnBuffer column, ReadOnlySpan<T> values, int width, int from, int count)
        where T : unmanaged
    {
        if (values.IsEmpty)
        {
            column.AddNulls(count);
        }
        else
        {
            column.Add(values.Slice(from * width, count * width));
        }
    }

    void AddMasks(ColumnBuffer column, ReadOnlySpan<bool> masks, int from, int count)
    {
        if (masks.IsEmpty)
        {
            column.AddNulls(count);
        }
        else
        {
            column.Add(masks.Slice(from * _schema.ActionCount, count * _schema.ActionCount));
        }
    }

    void AddInfo(ColumnBuffer column, InfoColumn description, InfoValues values, int from, int count)
    {
        switch (description.Type)
        {
            case InfoType.Double when description.Width > 0:
                AddValues(column, values.Doubles.Span, description.Width, from, count);
                break;
            case InfoType.Double:
                column.AddNumbers(values.Doubles.Span.Slice(from, count));
                break;
            case InfoType.Integer:
                column.Add(values.Integers.Span.Slice(from, count));
                break;
            case InfoType.Boolean:
                column.Add(values.Booleans.Span.Slice(from, count));
                break;
            default:
                int before = column.Plain.Length;
                column.AddTexts(values.Texts.Span.Slice(from, count));
                _texts += column.Plain.Length - before;
                break;
        }
    }
}
