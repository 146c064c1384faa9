namespace OfflineRL.Datasets;

/// <summary>Feeds the content hash from episodes as they are written; <see cref="StoredHash"/> does the same from stored rows.</summary>
sealed class EpisodeHash(ContentHash hash, DatasetDescription description)
{
    readonly TrajectorySchema _schema = TrajectorySchema.Of(description);
    int[] _whole = [];
    double[] _numbers = [];
    byte[] _flags = [];

    public void Add(in EpisodeColumns e, string split)
    {
        int steps = e.Rewards.Length;
        AddObservations(e);
        if (_schema.ActionCount > 0)
        {
            hash.Add("steps.action", e.DiscreteActions);
        }
        else
        {
            hash.Add("steps.action", e.ContinuousActions);
        }

        hash.Add("steps.reward", e.Rewards);
        AddLast("steps.terminated", e.Terminated, steps);
        AddLast("steps.truncated", e.Truncated, steps);
        AddNumbers("steps.behavior_log_prob", e.BehaviorLogProbabilities, steps);
        AddOptional("steps.behavior_probs", e.BehaviorProbabilities, steps);
        AddOptional("steps.action_mask", e.ActionMasks, steps);
        AddTimestamps(e.TimestampMicros, steps);
        if (_schema.ActionFeatures > 0)
        {
            AddOptional("steps.action_features", e.ActionFeatures, steps);
        }

        for (int i = 0; i < e.Info.Length; i++)
        {
            AddInfo(description.InfoColumns[i], e.Info[i], steps);
        }

        hash.AddText("episodes.episode_key", e.Key);
        hash.AddText("episodes.split_key", e.SplitKey);
        hash.Add("episodes.steps", [steps]);
        hash.AddText("episodes.behavior_policy", e.BehaviorPolicy);
        hash.AddText("episodes.environment", (e.Environment ?? description.Environment)?.ToString());
        hash.AddText("episodes.split", split);
    }

    void AddObservations(in EpisodeColumns e)
    {
        const string column = "steps.observation", final = "episodes.final_observation";
        bool known = !e.FinalObservation.IsEmpty || !e.FinalObservationBytes.IsEmpty;
        hash.AddPresent(final, known, 1);
        if (_schema.ObservationsAreBytes)
        {
            hash.Add(column, e.ObservationBytes);
            hash.Add(final, e.FinalObservationBytes);
        }
        else if (_schema.ObservationsAreDiscrete)
        {
            hash.Add<int>(column, Whole(e.Observations));
            hash.Add<int>(final, Whole(e.FinalObservation));
        }
        else
        {
            hash.Add(column, e.Observations);
            hash.Add(final, e.FinalObservation);
        }
    }

    Span<int> Whole(ReadOnlySpan<float> values)
    {
        Grow(ref _whole, values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            _whole[i] = (int)values[i];
        }

        return _whole.AsSpan(0, values.Length);
    }

    void AddLast(string column, bool value, int steps)
    {
        Grow(ref _flags, steps);
        _flags.AsSpan(0, steps).Clear();
        _flags[steps - 1] = value ? (byte)1 : (byte)0;
        hash.Add<byte>(column, _flags.AsSpan(0, steps));
    }

    void AddNumbers(string column, ReadOnlySpan<double> values, int steps)
    {
        if (values.IsEmpty)
        {
            hash.AddPresent(column, false, steps);
            hash.AddZeros(column, steps * (long)sizeof(double));
            return;
        }

        Grow(ref _numbers, steps);
        Grow(ref _flags, steps);
        for (int i = 0; i < steps; i++)
        {
            bool there = !double.IsNaN(values[i]);
            _flags[i] = there ? (byte)1 : (byte)0;
            _numbers[i] = there ? values[i] : 0;
        }

        hash.AddPresent(column, _flags.AsSpan(0, steps));
        hash.Add<double>(column, _numbers.AsSpan(0, steps));
    }

    void AddOptional<T>(string column, ReadOnlySpan<T> values, int steps)
        where T : unmanaged
    {
        hash.AddPresent(column, !values.IsEmpty, steps);
        hash.Add(column, values);
    }

    void AddTimestamps(ReadOnlySpan<long> values, int steps)
    {
        const string column = "steps.timestamp";
        hash.AddPresent(column, !values.IsEmpty, steps);
        if (values.IsEmpty)
        {
            hash.AddZeros(column, steps * (long)sizeof(long));
        }
        else
        {
            hash.Add(column, values);
        }
    }

    void AddInfo(InfoColumn column, InfoValues values, int steps)
    {
        string name = "steps." + column.Name;
        switch (column.Type)
        {
            case InfoType.Double when column.Width > 0:
                hash.AddPresent(name, true, steps);
                hash.Add(name, values.Doubles.Span);
                break;
            case InfoType.Double:
                AddNumbers(name, values.Doubles.Span, steps);
                break;
            case InfoType.Integer:
                hash.AddPresent(name, true, steps);
                hash.Add(name, values.Integers.Span);
                break;
            case InfoType.Boolean:
                hash.AddPresent(name, true, steps);
                hash.Add(name, values.Booleans.Span);
                break;
            default:
                foreach (string? text in values.Texts.Span)
                {
                    hash.AddText(name, text);
                }

                break;
        }
    }

    static void Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = new T[Math.Max(length, array.Length * 2)];
        }
    }
}
