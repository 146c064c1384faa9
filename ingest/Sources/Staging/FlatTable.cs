using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// Arrays of as many rows as a table of steps: D4RL's layout and its relatives; also the one of <c>imitation</c>, which has
/// one observation more than actions in every trajectory and says in <c>indices</c> where trajectories begin.
/// </summary>
sealed class FlatTable
{
    /// <summary>What stands below it is of the whole log, not of its steps.</summary>
    public const string Metadata = "metadata/";

    const string Indices = "indices", Trajectory = "trajectory", Next = "next_observation";
    const long MostTrajectories = 1 << 24;

    readonly IArrayFile _file;
    readonly int _index;
    readonly List<Func<ColumnFeed>> _feeds = [];

    /// <param name="file">The arrays.</param>
    /// <param name="request">Whose config's arrays are looked for first; takes trajectories without a step.</param>
    /// <param name="index">The file's place among the sources.</param>
    /// <exception cref="UserErrorException">There is no table in the arrays, or one that it needs cannot be read.</exception>
    public FlatTable(IArrayFile file, SourceRequest request, int index)
    {
        (_file, _index) = (file, index);
        var config = request.Config;
        var names = file.Arrays.Select(a => a.Name).ToHashSet(StringComparer.Ordinal);
        RequireReadable(config);
        Map = ReadMap();
        var observation = Find(ArrayNames.Pick(config.Observation, names) ?? ArrayNames.Pick(ArrayNames.Observation, names));
        var step = Find(ArrayNames.Pick(config.Action, names) ?? ArrayNames.Pick([config.Reward], names) ?? ArrayNames.Pick([.. ArrayNames.Action, .. ArrayNames.Reward], names));
        step ??= observation ?? MostCommon() ?? throw Throw.NoArrays(file.Path);
        Rows = step.Shape.Count == 0 ? throw Throw.LoneNumber(file.Path, step) : step.Rows;
        if (observation is not null && observation.Rows > Rows && Starts(observation, request.Empty) is { } starts)
            AddTrajectories(observation, starts);
        else if (observation is not null && observation.Rows != Rows)
            throw Throw.ArrayRows(file.Path, observation, step);
        foreach (var array in file.Arrays.Where(a => a.Shape.Count > 0 && a.Rows == Rows && !a.Name.StartsWith(Metadata, StringComparison.Ordinal) && Columns.All(c => c.Name != a.Name)))
            AddArray(array);
        // One that the map needs is not to be lost for a row too few.
        if (file.Arrays.FirstOrDefault(a => ArrayNames.IsKnown(a.Name) && a.Shape.Count > 0 && Columns.All(c => c.Name != a.Name)) is { } odd)
            throw Throw.ArrayRows(file.Path, odd, step);
        if (Map is not null)
            AddEpisodeTexts();
        LeftOut = [.. names.Where(n => !n.StartsWith(Metadata, StringComparison.Ordinal) && n != Indices && Columns.All(c => c.Name != n))];
    }

    public long Rows { get; }

    public List<StagedColumn> Columns { get; } = [];

    /// <summary>The map that an export of this tool carries; null: the arrays are not one.</summary>
    public ImportConfig? Map { get; }

    /// <summary>Arrays that are no columns of the table.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    /// <summary>Writes all rows.</summary>
    public void Write(StagedWriter writer)
    {
        writer.Begin(_file.Path, Columns);
        var feeds = new List<ColumnFeed>();
        try
        {
            foreach (var open in _feeds)
                feeds.Add(open());
            writer.Append(_index, Rows, feeds);
        }
        finally
        {
            feeds.ForEach(f => f.Dispose());
        }
    }

    void Add(StagedColumn column, Func<IReadOnlyList<ArrayReader>> open)
    {
        Columns.Add(column);
        _feeds.Add(() => new ArrayFeed(column, open()));
    }

    void AddArray(ArrayInfo array)
    {
        var column = StagedColumn.Of(array, _file.Path);
        if (Map is not null && array.Name == Map.Timestamp && column is { Kind: StagedKind.Integer, Width: 0 })
            column = column with { Kind = StagedKind.Time };
        Columns.Add(column);
        _feeds.Add(() => new ArrayFeed(column, [_file.Open(array.Name)], nanIsNull: Map is not null && array.Name == Map.BehaviorLogProb));
    }

    // One text an episode: key, policy, split key.
    void AddEpisodeTexts()
    {
        var starts = Episodes("episode_starts", a => a.Kind is ArrayKind.Integer or ArrayKind.Bytes, (a, r) =>
        {
            var values = new long[a.Rows];
            r.Read<long>(values);
            return values;
        });
        if (starts is null)
            return;
        if (starts.Length == 0 || starts[0] != 0 || starts.Zip(starts.Skip(1), (a, b) => a < b).Contains(false) || starts[^1] >= Rows)
            throw Throw.EpisodeStarts(_file.Path, Rows);
        foreach (var name in (string[])["episode_key", "behavior_policy", "split_key"])
        {
            var texts = Episodes(name, a => a.Kind == ArrayKind.Text, (a, r) =>
            {
                var values = new string[a.Rows];
                r.ReadTexts(values);
                return values;
            });
            if (texts is null)
                continue;
            if (texts.Length != starts.Length)
                throw Throw.EpisodeStarts(_file.Path, Rows);
            var column = new StagedColumn(name, StagedKind.Text, 0, []);
            Columns.Add(column);
            _feeds.Add(() => new TextFeed(column, row => texts[Number(starts, row)]));
        }
    }

    T[]? Episodes<T>(string name, Func<ArrayInfo, bool> fits, Func<ArrayInfo, ArrayReader, T[]> read)
    {
        if (_file.Arrays.FirstOrDefault(a => a.Name == Metadata + name) is not { Shape.Count: 1, Rows: <= MostTrajectories } array || !fits(array))
            return null;
        using var reader = _file.Open(array.Name);
        return read(array, reader);
    }

    ImportConfig? ReadMap()
    {
        if (_file.Arrays.FirstOrDefault(a => a.Name == Metadata + ExportedMap.Name) is not { Kind: ArrayKind.Bytes, Shape.Count: 1, Rows: > 0 and <= ExportedMap.MostBytes } array)
            return null;
        var yaml = new byte[array.Rows];
        using (var reader = _file.Open(array.Name))
            reader.Read<byte>(yaml);
        return ExportedMap.Parse(_file.Path, System.Text.Encoding.UTF8.GetString(yaml));
    }

    ArrayInfo? Find(string? name) => name is null ? null : _file.Arrays.First(a => a.Name == name);

    ArrayInfo? MostCommon() => _file.Arrays.Where(a => a.Shape.Count > 0).GroupBy(a => a.Rows).OrderByDescending(g => g.Count()).FirstOrDefault()?.First();

    // An object array that no key needs is left out; one that a key needs ends the import with the reason.
    void RequireReadable(ImportConfig config)
    {
        var wanted = config.Observation.Concat(config.NextObservation).Concat(config.Action).Append(config.Reward).Concat(config.EpisodeId)
            .Concat([config.Terminated ?? "", config.Truncated ?? "", config.Done ?? ""]).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, reason) in _file.Refused)
        {
            if (wanted.Contains(name) || ArrayNames.IsKnown(name))
                throw new UserErrorException(reason);
        }
    }

    // Where trajectories begin, in rows of actions; null: the arrays are not of that layout.
    long[]? Starts(ArrayInfo observation, EmptyEpisodes empty)
    {
        var more = observation.Rows - Rows;
        var indices = _file.Arrays.FirstOrDefault(a => a.Name == Indices);
        if (indices is null)
            return more == 1 ? [0] : null;
        if (indices.Shape.Count != 1 || indices.Kind is not (ArrayKind.Integer or ArrayKind.Bytes) || indices.Rows > MostTrajectories || indices.Rows + 1 != more)
            throw Throw.Indices(_file.Path, indices, observation, Rows);
        var starts = new long[more];
        using (var reader = _file.Open(Indices))
            reader.Read(starts.AsSpan(1));
        for (var i = 1; i <= starts.Length; i++)
        {
            var end = i < starts.Length ? starts[i] : Rows;
            if (end < starts[i - 1] || end > Rows)
                throw Throw.IndexOrder(_file.Path, i - 1, end, starts[i - 1], Rows);
            if (end == starts[i - 1])
                empty.Add(_index, FormattableString.Invariant($"no step in trajectory {i - 1}: '{Indices}' has it begin and end at step {end}"));
        }

        return starts;
    }

    void AddTrajectories(ArrayInfo observation, long[] starts)
    {
        Columns.Add(new StagedColumn(Trajectory, StagedKind.Integer, 0, []));
        _feeds.Add(() => new ComputedFeed(Columns[0], row => Number(starts, row)));
        var column = StagedColumn.Of(observation, _file.Path);
        Add(column, () => [new TrajectoryReader(_file.Open(observation.Name), starts, Rows, 0)]);
        Add(column with { Name = Next + (observation.Name == Next ? "s" : "") }, () => [new TrajectoryReader(_file.Open(observation.Name), starts, Rows, 1)]);
        foreach (var name in ArrayNames.Terminated)
        {
            // One flag a trajectory: it is the last step's.
            if (Find(_file.Arrays.Any(a => a.Name == name) ? name : null) is not { Shape.Count: 1 } flags || flags.Rows != starts.Length || flags.Rows == Rows)
                continue;
            var values = new bool[flags.Rows];
            using (var reader = _file.Open(name))
                reader.Read<bool>(values);
            var flag = new StagedColumn(name, StagedKind.Boolean, 0, []);
            Columns.Add(flag);
            _feeds.Add(() => new ComputedFeed(flag, row => Number(starts, row) is var t && values[t] && row + 1 == (t + 1 < starts.Length ? starts[t + 1] : Rows) ? 1 : 0));
        }
    }

    // The last one that begins at the row or before it: those before it that begin there too have no step.
    static int Number(long[] starts, long row)
    {
        var (low, high) = (0, starts.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = starts[middle] <= row ? (middle + 1, high) : (low, middle);
        }

        return low - 1;
    }
}
