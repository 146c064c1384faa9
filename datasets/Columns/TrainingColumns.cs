namespace OfflineRL.Datasets;

/// <summary>
/// A dataset as memory-mapped columns, in the order of the dataset's rows. N: steps, E: episodes, D: numbers per observation, A: action
/// dimensions or discrete actions. Opening and reading them needs neither DuckDB nor the Parquet files.
/// </summary>
public sealed class TrainingColumns : IDisposable
{
    /// <summary>Name of the description within the folder.</summary>
    public const string InfoFile = "columns.json";

    readonly List<IDisposable> _open = [];
    readonly Lock _holding = new();
    int _holds = 1;
    bool _disposed;
    readonly Dictionary<string, NpyColumn<double>> _info = [];

    TrainingColumns(string folder, ColumnsInfo info, bool isGrowing = false)
    {
        Folder = folder;
        IsGrowing = isGrowing;
        Info = info;
        TrajectorySchema schema = new(info.ObservationSpace, info.ActionSpace, info.InfoColumns) { ActionFeatures = info.ActionFeatures };
        long steps = info.Steps, episodes = info.Episodes;
        if (schema.ObservationsAreBytes)
        {
            ObservationBytes = Map<byte>(ColumnNames.Observations, steps, schema.ObservationWidth);
            FinalObservationBytes = Map<byte>(ColumnNames.FinalObservations, episodes, schema.ObservationWidth);
        }
        else
        {
            Observations = Map<float>(ColumnNames.Observations, steps, schema.ObservationWidth);
            FinalObservations = Map<float>(ColumnNames.FinalObservations, episodes, schema.ObservationWidth);
        }

        FinalObservationKnown = Map<byte>(ColumnNames.FinalObservationKnown, episodes, 1);
        DiscreteActions = schema.ActionCount > 0 ? Map<int>(ColumnNames.Actions, steps, 1) : null;
        ContinuousActions = schema.ActionCount > 0 ? null : Map<float>(ColumnNames.Actions, steps, schema.ActionWidth);
        Rewards = Map<double>(ColumnNames.Rewards, steps, 1);
        Terminated = Map<byte>(ColumnNames.Terminated, steps, 1);
        Truncated = Map<byte>(ColumnNames.Truncated, steps, 1);
        BehaviorLogProbabilities = info.PropensityKind != PropensityKind.None ? Map<double>(ColumnNames.BehaviorLogProbabilities, steps, 1) : null;
        BehaviorProbabilities = info.HasBehaviorProbabilities ? Map<double>(ColumnNames.BehaviorProbabilities, steps, schema.ActionCount) : null;
        ActionMasks = info.HasActionMask ? Map<byte>(ColumnNames.ActionMasks, steps, schema.ActionCount) : null;
        ActionFeatures = info.ActionFeatures > 0 ? Map<float>(ColumnNames.ActionFeatures, steps, schema.ActionFeaturesWidth) : null;
        EpisodeIndex = Map<int>(ColumnNames.EpisodeIndex, steps, 1);
        EpisodeFirstRow = Map<long>(ColumnNames.EpisodeFirstRow, episodes + 1, 1);
        EpisodeSplit = Map<byte>(ColumnNames.EpisodeSplit, episodes, 1);
        EpisodeKeyHash = Map<long>(ColumnNames.EpisodeKeyHash, episodes, 1);
        foreach (InfoColumn column in info.InfoColumns.Where(c => c.Type != InfoType.Text))
        {
            _info.Add(column.Name, Map<double>(column.Name, steps, Math.Max(1, column.Width)));
        }

        if (!isGrowing)
        {
            RequireEpisodes();
        }
    }

    /// <summary>Of what is there now, where episodes are still appended.</summary>
    public ColumnsInfo Info { get; private set; }

    /// <summary>Memory that there is for columns, in bytes, at first this process's whole: readers made from here on take a column of more than half of it for one that stays on the disk.</summary>
    public long MemoryBytes { get; set; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public string Folder { get; }

    /// <summary>Whether episodes are still appended.</summary>
    public bool IsGrowing { get; }

    public long Steps => Info.Steps;

    public int Episodes => Info.Episodes;

    /// <summary>[N, D]; null where <see cref="ObservationBytes"/> is set. Discrete observations are whole numbers, D = 1.</summary>
    public NpyColumn<float>? Observations { get; }

    /// <summary>[N, D], for spaces of unsigned bytes.</summary>
    public NpyColumn<byte>? ObservationBytes { get; }

    /// <summary>[E, D]; zeros where unknown.</summary>
    public NpyColumn<float>? FinalObservations { get; }

    /// <summary>[E, D], for spaces of unsigned bytes.</summary>
    public NpyColumn<byte>? FinalObservationBytes { get; }

    /// <summary>[E], 1: known.</summary>
    public NpyColumn<byte> FinalObservationKnown { get; }

    /// <summary>[N].</summary>
    public NpyColumn<int>? DiscreteActions { get; }

    /// <summary>[N, A].</summary>
    public NpyColumn<float>? ContinuousActions { get; }

    /// <summary>[N].</summary>
    public NpyColumn<double> Rewards { get; }

    /// <summary>[N], 1: the step ended in a terminal state.</summary>
    public NpyColumn<byte> Terminated { get; }

    /// <summary>[N], 1: the episode was cut after the step.</summary>
    public NpyColumn<byte> Truncated { get; }

    /// <summary>[N], NaN: unknown; null: the dataset has none.</summary>
    public NpyColumn<double>? BehaviorLogProbabilities { get; }

    /// <summary>[N, A], NaN: unknown; null: the dataset has none.</summary>
    public NpyColumn<double>? BehaviorProbabilities { get; }

    /// <summary>[N, A], 1: allowed, which all are in steps without a mask; null: the dataset has none.</summary>
    public NpyColumn<byte>? ActionMasks { get; }

    /// <summary>[N, A * F], action by action: the features of each discrete action, zeros in steps without any; null: the dataset has none.</summary>
    public NpyColumn<float>? ActionFeatures { get; }

    /// <summary>[N], the episode of each step.</summary>
    public NpyColumn<int> EpisodeIndex { get; }

    /// <summary>[E + 1], the first row of each episode, and N at the end.</summary>
    public NpyColumn<long> EpisodeFirstRow { get; }

    /// <summary>[E], index into <see cref="ColumnsInfo.Splits"/>.</summary>
    public NpyColumn<byte> EpisodeSplit { get; }

    /// <summary>[E], <see cref="EpisodeFold.Hash"/> of the episode's key, by which it falls into a fold.</summary>
    public NpyColumn<long> EpisodeKeyHash { get; }

    /// <summary>Whether a path is that of a compiled folder.</summary>
    public static bool IsFolder(string path) => File.Exists(Path.Combine(path, InfoFile));

    /// <summary>Opens a compiled folder. Size, time and sampled blocks of every file are compared with what was written.</summary>
    /// <exception cref="UserErrorException">A file is missing, damaged, changed, or of another layout than this tool's.</exception>
    public static TrainingColumns Open(string folder) => new(folder, ReadInfo(folder));

    /// <summary>Reads every byte of a compiled folder and compares it with what was written.</summary>
    /// <returns>Every finding; none: all holds.</returns>
    /// <exception cref="UserErrorException">The description cannot be read, or is of another layout than this tool's.</exception>
    public static IReadOnlyList<string> Findings(string folder, IJobProgress progress, CancellationToken cancellation = default)
    {
        ColumnsInfo info = ReadInfo(folder);
        List<string> findings = [];
        long done = 0, total = info.Files.Sum(file => file.Bytes);
        foreach (ColumnFile file in info.Files)
        {
            cancellation.ThrowIfCancellationRequested();
            if (file.Fault(folder, whole: true) is { } fault)
            {
                findings.Add($"columns: {fault}; delete '{folder}', it is made again");
            }

            done += file.Bytes;
            progress.Report("check columns", done, total);
        }

        return findings;
    }

    static ColumnsInfo ReadInfo(string folder)
    {
        ColumnsInfo info = JsonFiles.Read<ColumnsInfo>(Path.Combine(folder, InfoFile));
        if (info.Layout != ColumnsInfo.CurrentLayout)
        {
            throw new UserErrorException($"The columns in '{folder}' have layout {info.Layout}, expected {ColumnsInfo.CurrentLayout}; delete the folder, it is made again.");
        }

        string[] faults = [.. SpaceRules.Faults(info.ObservationSpace), .. SpaceRules.Faults(info.ActionSpace), .. SpaceRules.ActionFeatureFaults(info.ActionSpace, info.ActionFeatures), .. info.InfoColumns.SelectMany(InfoRules.Faults)];
        if (faults.Length > 0 || info.Steps < 1 || info.Episodes < 1 || info.Steps < info.Episodes)
        {
            throw new UserErrorException($"The columns in '{folder}' are described by {info.Steps} steps, {info.Episodes} episodes, which do not hold together" +
                $"{string.Concat(faults.Select(f => "; " + f))}. Delete the folder, it is made again.");
        }

        return info;
    }

    /// <summary>A passed-through column of numbers, [N] or [N, Width]; integers and booleans as numbers, null as NaN.</summary>
    /// <param name="name">With or without the prefix <c>info_</c>.</param>
    /// <exception cref="UserErrorException">No such column of numbers; the message lists those there are.</exception>
    public NpyColumn<double> InfoColumn(string name) =>
        _info.TryGetValue(name, out NpyColumn<double>? column) || _info.TryGetValue("info_" + name, out column)
            ? column
            : throw new UserErrorException($"The dataset '{Info.Dataset}' has no passed-through column of numbers '{name}'; " +
                (_info.Count == 0 ? "it has none at all." : $"it has {string.Join(", ", _info.Keys.Order(StringComparer.Ordinal))}."));

    /// <summary>Unmaps the files, once nobody holds them any more.</summary>
    public void Dispose()
    {
        lock (_holding)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        Release();
    }

    /// <summary>
    /// Keeps the files mapped until the result is disposed, whatever happens to the columns: for readers on other threads,
    /// whom an unmapped page would end without a word.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The columns were disposed already.</exception>
    public IDisposable Hold()
    {
        lock (_holding)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _holds++;
        }

        return new Held(this);
    }

    /// <summary>As <see cref="Open(string)"/>, for the dataset that shares the content but maybe not the name.</summary>
    internal static TrainingColumns Open(string folder, ColumnsInfo info) => new(folder, info with { Files = ReadInfo(folder).Files });

    /// <summary>What follows goes by row numbers without a look at each.</summary>
    /// <exception cref="UserErrorException">A step is not in the episode that has its row.</exception>
    internal void RequireEpisodeIndex()
    {
        for (int episode = 0; episode < Episodes; episode++)
        {
            ReadOnlySpan<long> rows = EpisodeFirstRow.Slice(episode, 2);
            if (EpisodeIndex.Slice(rows[0], (int)(rows[1] - rows[0])).ContainsAnyExcept(episode))
            {
                throw Throw.ChangedColumns(Folder, $"steps of episode {episode} are marked as another's");
            }
        }
    }

    void RequireEpisodes()
    {
        ReadOnlySpan<long> rows = EpisodeFirstRow.Slice(0, Episodes + 1);
        bool ascends = rows[0] == 0 && rows[^1] == Steps;
        for (int episode = 0; episode < Episodes && ascends; episode++)
        {
            ascends = rows[episode] < rows[episode + 1] && rows[episode + 1] - rows[episode] <= int.MaxValue;
        }

        if (!ascends || EpisodeSplit.Slice(0, Episodes).ContainsAnyExceptInRange((byte)0, (byte)(Info.Splits.Count - 1)))
        {
            Dispose();
            throw Throw.ChangedColumns(Folder, "first rows or splits of the episodes do not hold together");
        }
    }

    /// <summary>Files of the size that <paramref name="info"/> has, which hold nothing yet.</summary>
    internal static TrainingColumns OpenGrowing(string folder, ColumnsInfo info)
    {
        TrainingColumns columns = new(folder, info, isGrowing: true);
        columns.Grow(0, 0);
        return columns;
    }

    /// <summary>So much of the files is filled now.</summary>
    internal void Grow(long steps, int episodes) => Info = Info with { Steps = steps, Episodes = episodes };

    /// <summary>What is there now was stored as a dataset.</summary>
    internal void Name(DatasetManifest manifest) => Info = ColumnsInfo.Of(manifest);

    /// <summary>What is there now is part of what was stored as a dataset.</summary>
    internal void Name(string dataset, string contentHash) => Info = Info with { Dataset = dataset, ContentHash = contentHash };

    void Release()
    {
        lock (_holding)
        {
            if (--_holds > 0)
            {
                return;
            }
        }

        foreach (IDisposable column in _open)
        {
            column.Dispose();
        }
    }

    NpyColumn<T> Map<T>(string name, long rows, int width)
        where T : unmanaged
    {
        try
        {
            string file = name + ".npy";
            if (!IsGrowing)
            {
                ColumnFile written = Info.Files.FirstOrDefault(f => f.Path == file) ?? throw Throw.ChangedColumns(Folder, $"{InfoFile} does not know '{file}'");
                written.Require(Folder);
            }

            NpyColumn<T> column = new(Path.Combine(Folder, file), rows, width);
            _open.Add(column);
            return column;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    sealed class Held(TrainingColumns columns) : IDisposable
    {
        TrainingColumns? _columns = columns;

        public void Dispose() => Interlocked.Exchange(ref _columns, null)?.Release();
    }
}
