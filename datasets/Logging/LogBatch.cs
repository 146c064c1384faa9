namespace OfflineRL.Datasets;

/// <summary>What a row of a segment is, and which of its columns have a value.</summary>
[Flags]
enum LogRow : byte
{
    None = 0,
    Begin = 1,
    Step = 2,
    End = 4,
    Observation = 8,
    Probabilities = 16,
    Mask = 32,
    SplitKey = 64,
}

/// <summary>
/// Rows of several episodes as columns, each dense: only rows that have a value take room. Filled under its stripe's lock, then
/// handed to the writer whole; used again and again, so that logging allocates nothing.
/// </summary>
sealed class LogBatch
{
    readonly TrajectorySchema _schema;

    public LogBatch(DatasetDescription description, int capacity)
    {
        _schema = TrajectorySchema.Of(description);
        Capacity = capacity;
        Flags = new LogRow[capacity];
        Episodes = new long[capacity];
        Steps = new int[capacity];
        var width = capacity * _schema.ObservationWidth;
        Observations = _schema.ObservationsAreBytes || _schema.ObservationsAreDiscrete ? [] : new float[width];
        ObservationBytes = _schema.ObservationsAreBytes ? new byte[width] : [];
        ObservationNumbers = _schema.ObservationsAreDiscrete ? new int[capacity] : [];
        Actions = _schema.ActionCount > 0 ? new int[capacity] : [];
        ActionVectors = new float[capacity * _schema.ActionWidth];
        Rewards = new double[capacity];
        LogProbabilities = new double[description.PropensityKind == PropensityKind.None ? 0 : capacity];
        Probabilities = new double[description.HasBehaviorProbabilities ? capacity * _schema.ActionCount : 0];
        Masks = new bool[description.HasActionMask ? capacity * _schema.ActionCount : 0];
        Timestamps = new long[description.HasTimestamp ? capacity : 0];
        Terminated = new bool[capacity];
        Truncated = new bool[capacity];
    }

    public int Capacity { get; }

    public int Rows { get; private set; }

    public bool IsFull => Rows == Capacity;

    /// <summary>Of the rows: the number with an observation, a step, a distribution, a mask, an end.</summary>
    public int ObservationCount { get; private set; }

    public int StepCount { get; private set; }

    public int ProbabilityCount { get; private set; }

    public int MaskCount { get; private set; }

    public int EndCount { get; private set; }

    public LogRow[] Flags { get; }

    public long[] Episodes { get; }

    public int[] Steps { get; }

    public float[] Observations { get; }

    public byte[] ObservationBytes { get; }

    public int[] ObservationNumbers { get; }

    public int[] Actions { get; }

    public float[] ActionVectors { get; }

    public double[] Rewards { get; }

    /// <summary>NaN: unknown.</summary>
    public double[] LogProbabilities { get; }

    public double[] Probabilities { get; }

    public bool[] Masks { get; }

    /// <summary>Microseconds since 1970 UTC.</summary>
    public long[] Timestamps { get; }

    public bool[] Terminated { get; }

    public bool[] Truncated { get; }

    /// <summary>Of rows that begin an episode.</summary>
    public List<byte[]> Ids { get; } = [];

    public List<byte[]> Policies { get; } = [];

    public List<byte[]> SplitKeys { get; } = [];

    /// <summary>Bytes of a row, about; decides how many rows a batch has.</summary>
    public static long RowBytes(DatasetDescription description) => TrajectorySchema.Of(description).RowBytes + 32;

    public void Begin(long episode, int firstStep, byte[] id, byte[] policy, byte[]? splitKey)
    {
        Ids.Add(id);
        Policies.Add(policy);
        if (splitKey is not null)
            SplitKeys.Add(splitKey);
        Add(LogRow.Begin | (splitKey is null ? 0 : LogRow.SplitKey), episode, firstStep);
    }

    public void Step(long episode, int step, in LoggedStep s, long timestamp)
    {
        var flags = LogRow.Step;
        AddObservation(s.Observation, s.ObservationBytes, ref flags);
        var at = StepCount++;
        if (Actions.Length > 0)
            Actions[at] = s.Action;
        else
            s.ContinuousAction.CopyTo(ActionVectors.AsSpan(at * _schema.ActionWidth));
        Rewards[at] = s.Reward;
        if (LogProbabilities.Length > 0)
            LogProbabilities[at] = s.LogProbability ?? double.NaN;
        if (Timestamps.Length > 0)
            Timestamps[at] = timestamp;
        if (!s.Probabilities.IsEmpty)
        {
            s.Probabilities.CopyTo(Probabilities.AsSpan(ProbabilityCount++ * _schema.ActionCount));
            flags |= LogRow.Probabilities;
        }

        if (!s.Mask.IsEmpty)
        {
            s.Mask.CopyTo(Masks.AsSpan(MaskCount++ * _schema.ActionCount));
            flags |= LogRow.Mask;
        }

        Add(flags, episode, step);
    }

    public void End(long episode, int steps, bool terminated, bool truncated, ReadOnlySpan<float> final, ReadOnlySpan<byte> finalBytes)
    {
        var flags = LogRow.End;
        if (!final.IsEmpty || !finalBytes.IsEmpty)
            AddObservation(final, finalBytes, ref flags);
        (Terminated[EndCount], Truncated[EndCount]) = (terminated, truncated);
        EndCount++;
        Add(flags, episode, steps);
    }

    public void Clear()
    {
        (Rows, ObservationCount, StepCount, ProbabilityCount, MaskCount, EndCount) = (0, 0, 0, 0, 0, 0);
        Ids.Clear();
        Policies.Clear();
        SplitKeys.Clear();
    }

    void AddObservation(ReadOnlySpan<float> values, ReadOnlySpan<byte> bytes, ref LogRow flags)
    {
        var at = ObservationCount++;
        if (ObservationNumbers.Length > 0)
            ObservationNumbers[at] = (int)values[0];
        else if (ObservationBytes.Length > 0)
            bytes.CopyTo(ObservationBytes.AsSpan(at * _schema.ObservationWidth));
        else
            values.CopyTo(Observations.AsSpan(at * _schema.ObservationWidth));
        flags |= LogRow.Observation;
    }

    void Add(LogRow flags, long episode, int step)
    {
        var row = Rows++;
        Flags[row] = flags;
        Episodes[row] = episode;
        Steps[row] = step;
    }
}
