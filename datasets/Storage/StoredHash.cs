namespace OfflineRL.Datasets;

/// <summary>Feeds the content hash from stored rows; <see cref="EpisodeHash"/> does the same from episodes as they are written.</summary>
sealed class StoredHash(ContentHash hash, DatasetManifest manifest)
{
    readonly TrajectorySchema _schema = TrajectorySchema.Of(manifest);
    readonly byte[] _present = new byte[2048];
    float[] _floats = [];
    double[] _doubles = [];
    bool[] _flags = [];
    long[] _longs = [];

    public void Add(StepsChunk chunk)
    {
        AddObservations(chunk);
        if (_schema.ActionCount > 0)
        {
            hash.Add("steps.action", chunk.Numbers<int>(3, "action"));
        }
        else
        {
            hash.Add("steps.action", chunk.Lists(3, "action", _schema.ActionWidth, ref _floats));
        }

        hash.Add("steps.reward", chunk.Numbers<double>(4, "reward"));
        hash.Add("steps.terminated", chunk.Numbers<bool>(5, "terminated"));
        hash.Add("steps.truncated", chunk.Numbers<bool>(6, "truncated"));
        AddNumbers(chunk, 7, "behavior_log_prob", ref _doubles);
        AddLists(chunk, 8, "behavior_probs", _schema.ActionCount, ref _doubles);
        AddLists(chunk, 9, "action_mask", _schema.ActionCount, ref _flags);
        AddNumbers(chunk, 10, "timestamp", ref _longs);
        if (_schema.ActionFeatures > 0)
        {
            const string name = "action_features";
            Span<byte> present = _present.AsSpan(0, chunk.Rows);
            chunk.Present(_schema.ActionFeaturesColumn, present);
            hash.AddPresent("steps." + name, present);
            hash.Add("steps." + name, chunk.PresentNestedLists(_schema.ActionFeaturesColumn, name, _schema.ActionCount, _schema.ActionFeatures, ref _floats));
        }

        for (int i = 0; i < manifest.InfoColumns.Count; i++)
        {
            AddInfo(chunk, 11 + i, manifest.InfoColumns[i]);
        }
    }

    public void Add(EpisodeRecord e, ReadOnlySpan<byte> finalObservation)
    {
        const string final = "episodes.final_observation";
        hash.AddPresent(final, e.FinalObservationKnown, 1);
        hash.Add(final, finalObservation);
        hash.AddText("episodes.episode_key", e.EpisodeKey);
        hash.AddText("episodes.split_key", e.SplitKey);
        hash.Add("episodes.steps", [e.Steps]);
        hash.AddText("episodes.behavior_policy", e.BehaviorPolicy);
        hash.AddText("episodes.environment", e.Environment?.ToString());
        hash.AddText("episodes.split", e.Split);
    }

    void AddObservations(StepsChunk chunk)
    {
        const string column = "steps.observation";
        if (_schema.ObservationsAreBytes)
        {
            for (int row = 0; row < chunk.Rows; row++)
            {
                hash.Add(column, chunk.Blob(2, "observation", row, _schema.ObservationWidth));
            }
        }
        else if (_schema.ObservationsAreDiscrete)
        {
            hash.Add(column, chunk.Numbers<int>(2, "observation"));
        }
        else
        {
            hash.Add(column, chunk.Lists(2, "observation", _schema.ObservationWidth, ref _floats));
        }
    }

    void AddNumbers<T>(StepsChunk chunk, int column, string name, ref T[] scratch)
        where T : unmanaged
    {
        Span<byte> present = _present.AsSpan(0, chunk.Rows);
        chunk.Present(column, present);
        hash.AddPresent("steps." + name, present);
        ReadOnlySpan<T> values = chunk[column].Values<T>();
        if (chunk[column].AnyNull)
        {
            scratch = scratch.Length < chunk.Rows ? new T[chunk.Rows] : scratch;
            for (int row = 0; row < chunk.Rows; row++)
            {
                scratch[row] = present[row] != 0 ? values[row] : default;
            }

            values = scratch.AsSpan(0, chunk.Rows);
        }

        hash.Add("steps." + name, values);
    }

    void AddLists<T>(StepsChunk chunk, int column, string name, int width, ref T[] scratch)
        where T : unmanaged
    {
        Span<byte> present = _present.AsSpan(0, chunk.Rows);
        chunk.Present(column, present);
        hash.AddPresent("steps." + name, present);
        hash.Add("steps." + name, chunk.PresentLists(column, name, width, ref scratch));
    }

    void AddInfo(StepsChunk chunk, int column, InfoColumn info)
    {
        switch (info.Type)
        {
            case InfoType.Double when info.Width > 0: AddLists(chunk, column, info.Name, info.Width, ref _doubles); break;
            case InfoType.Double: AddNumbers(chunk, column, info.Name, ref _doubles); break;
            case InfoType.Integer: AddNumbers(chunk, column, info.Name, ref _longs); break;
            case InfoType.Boolean: AddNumbers(chunk, column, info.Name, ref _flags); break;
            default:
                DuckDbVector texts = chunk[column];
                for (int row = 0; row < chunk.Rows; row++)
                {
                    bool isNull = texts.IsNull(row);
                    hash.AddBlob("steps." + info.Name, isNull ? [] : texts.Bytes(row), isNull);
                }

                break;
        }
    }
}
