namespace OfflineRL.Datasets;

/// <summary>Writes the columns that have a row a step, chunk by chunk.</summary>
sealed class StepColumnsWriter : IDisposable
{
    readonly List<(IDisposable Writer, Action Finish)> _writers = [];
    readonly List<Action<StepsChunk>> _columns = [];
    float[] _floats = [];
    double[] _doubles = [];
    bool[] _flags = [];

    /// <param name="folder">Where the files go.</param>
    /// <param name="manifest">Of the dataset.</param>
    /// <param name="onFinished">Called for each file with its path and its SHA-256.</param>
    public StepColumnsWriter(string folder, DatasetManifest manifest, Action<string, string> onFinished)
    {
        TrajectorySchema schema = TrajectorySchema.Of(manifest);
        long steps = manifest.Counts.Steps;
        AddObservations(folder, schema, steps, onFinished);
        if (schema.ActionCount > 0)
        {
            Add<int>(ColumnNames.Actions, 0, (c, w) => w.Write(c.Numbers<int>(3, "action")));
        }
        else
        {
            Add<float>(ColumnNames.Actions, schema.ActionWidth, (c, w) => w.Write(c.Lists(3, "action", schema.ActionWidth, ref _floats)));
        }

        Add<double>(ColumnNames.Rewards, 0, (c, w) => w.Write(c.Numbers<double>(4, "reward")));
        Add<bool>(ColumnNames.Terminated, 0, (c, w) => w.Write(c.Numbers<bool>(5, "terminated")));
        Add<bool>(ColumnNames.Truncated, 0, (c, w) => w.Write(c.Numbers<bool>(6, "truncated")));
        Add<int>(ColumnNames.EpisodeIndex, 0, WriteEpisodeIndex);
        if (manifest.PropensityKind != PropensityKind.None)
        {
            Add<double>(ColumnNames.BehaviorLogProbabilities, 0, (c, w) => w.Write(OrNaN(c, 7)));
        }

        if (manifest.HasBehaviorProbabilities)
        {
            Add<double>(ColumnNames.BehaviorProbabilities, schema.ActionCount, (c, w) => WriteLists(c, 8, "behavior_probs", schema.ActionCount, double.NaN, ref _doubles, w));
        }

        if (manifest.HasActionMask)
        {
            Add<bool>(ColumnNames.ActionMasks, schema.ActionCount, (c, w) => WriteLists(c, 9, "action_mask", schema.ActionCount, true, ref _flags, w));
        }

        if (schema.ActionFeatures > 0)
        {
            Add<float>(ColumnNames.ActionFeatures, schema.ActionFeaturesWidth, (c, w) => WriteActionFeatures(c, schema, w));
        }

        for (int i = 0; i < manifest.InfoColumns.Count; i++)
        {
            AddInfo(11 + i, manifest.InfoColumns[i]);
        }

        void Add<T>(string name, int width, Action<StepsChunk, NpyWriter<T>> write)
            where T : unmanaged
        {
            NpyWriter<T> writer = new(Path.Combine(folder, name + ".npy"), steps, width, onFinished);
            _writers.Add((writer, writer.Finish));
            _columns.Add(chunk => write(chunk, writer));
        }

        void AddInfo(int column, InfoColumn info)
        {
            switch (info.Type)
            {
                case InfoType.Double when info.Width > 0:
                    Add<double>(info.Name, info.Width, (c, w) => WriteLists(c, column, info.Name, info.Width, double.NaN, ref _doubles, w));
                    break;
                case InfoType.Double:
                    Add<double>(info.Name, 0, (c, w) => w.Write(OrNaN(c, column)));
                    break;
                case InfoType.Integer:
                    Add<double>(info.Name, 0, (c, w) => w.Write(Converted<long>(c, column, v => v)));
                    break;
                case InfoType.Boolean:
                    Add<double>(info.Name, 0, (c, w) => w.Write(Converted<bool>(c, column, v => v ? 1 : 0)));
                    break;
                default:
                    break;
            }
        }
    }

    public void Write(StepsChunk chunk)
    {
        foreach (Action<StepsChunk> column in _columns)
        {
            column(chunk);
        }
    }

    public void Finish()
    {
        foreach ((_, Action finish) in _writers)
        {
            finish();
        }
    }

    public void Dispose()
    {
        foreach ((IDisposable writer, _) in _writers)
        {
            writer.Dispose();
        }
    }

    void AddObservations(string folder, TrajectorySchema schema, long steps, Action<string, string> onFinished)
    {
        string path = Path.Combine(folder, ColumnNames.Observations + ".npy");
        if (schema.ObservationsAreBytes)
        {
            NpyWriter<byte> bytes = new(path, steps, schema.ObservationWidth, onFinished);
            _writers.Add((bytes, bytes.Finish));
            _columns.Add(chunk =>
            {
                for (int row = 0; row < chunk.Rows; row++)
                {
                    bytes.Write(chunk.Blob(2, "observation", row, schema.ObservationWidth));
                }
            });
            return;
        }

        NpyWriter<float> floats = new(path, steps, schema.ObservationWidth, onFinished);
        _writers.Add((floats, floats.Finish));
        _columns.Add(schema.ObservationsAreDiscrete
            ? chunk => floats.Write(Floats(chunk.Numbers<int>(2, "observation")))
            : chunk => floats.Write(chunk.Lists(2, "observation", schema.ObservationWidth, ref _floats)));
    }

    void WriteEpisodeIndex(StepsChunk chunk, NpyWriter<int> writer)
    {
        Span<int> indices = stackalloc int[2048];
        ReadOnlySpan<long> ids = chunk.Numbers<long>(0, "episode_id");
        for (int row = 0; row < ids.Length; row++)
        {
            indices[row] = (int)ids[row];
        }

        writer.Write(indices[..ids.Length]);
    }

    ReadOnlySpan<float> Floats(ReadOnlySpan<int> values)
    {
        Grow(ref _floats, values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            _floats[i] = values[i];
        }

        return _floats.AsSpan(0, values.Length);
    }

    ReadOnlySpan<double> OrNaN(StepsChunk chunk, int column) =>
        chunk[column].AnyNull ? Converted<double>(chunk, column, v => v) : chunk[column].Values<double>();

    ReadOnlySpan<double> Converted<T>(StepsChunk chunk, int column, Func<T, double> convert)
        where T : unmanaged
    {
        DuckDbVector vector = chunk[column];
        ReadOnlySpan<T> values = vector.Values<T>();
        Grow(ref _doubles, values.Length);
        for (int row = 0; row < values.Length; row++)
        {
            _doubles[row] = vector.IsNull(row) ? double.NaN : convert(values[row]);
        }

        return _doubles.AsSpan(0, values.Length);
    }

    static void WriteLists<T>(StepsChunk chunk, int column, string name, int width, T missing, ref T[] scratch, NpyWriter<T> writer)
        where T : unmanaged
    {
        WritePresent(chunk, column, chunk.PresentLists(column, name, width, ref scratch), width, missing, writer);
    }

    void WriteActionFeatures(StepsChunk chunk, TrajectorySchema schema, NpyWriter<float> writer)
    {
        int column = schema.ActionFeaturesColumn;
        WritePresent(chunk, column, chunk.PresentNestedLists(column, "action_features", schema.ActionCount, schema.ActionFeatures, ref _floats), schema.ActionFeaturesWidth, 0f, writer);
    }

    static void WritePresent<T>(StepsChunk chunk, int column, ReadOnlySpan<T> present, int width, T missing, NpyWriter<T> writer)
        where T : unmanaged
    {
        if (present.Length == chunk.Rows * width)
        {
            writer.Write(present);
            return;
        }

        DuckDbVector vector = chunk[column];
        Span<T> absent = new T[width];
        absent.Fill(missing);
        int at = 0;
        for (int row = 0; row < chunk.Rows; row++)
        {
            bool isNull = vector.IsNull(row);
            writer.Write(isNull ? absent : present.Slice(at, width));
            at += isNull ? 0 : width;
        }
    }

    static void Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = new T[length];
        }
    }
}
