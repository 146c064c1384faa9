using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>An import map resolved against its source: fields, spaces, and the query that gives rows episode by episode.</summary>
sealed class ImportPlan
{
    readonly List<ImportField> _fields = [];
    readonly SourceTable _table;

    /// <exception cref="UserErrorException">A column is missing or cannot hold what the map wants of it.</exception>
    public ImportPlan(ImportConfig config, SourceTable table, DuckDbConnection connection)
    {
        (_table, Config) = (table, config);
        var make = new FieldMaker(table, connection);
        EpisodeId = Add(make.Text("episode_id", config.EpisodeId));
        Step = Add(make.Number("step", config.Step));
        BehaviorPolicy = Add(make.Text("behavior_policy_column", config.BehaviorPolicyColumn is null ? [] : [config.BehaviorPolicyColumn]));
        SplitKey = Add(make.Text("split_key", config.SplitKey is null ? [] : [config.SplitKey]));
        Observation = Add(make.Numbers("observation", config.Observation))!;
        NextObservation = Add(make.Numbers("next_observation", config.NextObservation, optional: true, like: Observation));
        Action = Add(make.Numbers("action", config.Action))!;
        Reward = Add(make.Number("reward", config.Reward))!;
        Terminated = Add(make.Flag("terminated", config.Terminated, config.TerminatedWhen));
        Truncated = Add(make.Flag("truncated", config.Truncated, config.TruncatedWhen));
        Done = Add(make.Flag("done", config.Done));
        LogProbability = Add(make.Number("behavior_log_prob", config.BehaviorLogProb, optional: true));
        Probability = Add(make.Number("behavior_prob", config.BehaviorProb, optional: true));
        Probabilities = Add(make.Numbers("behavior_probs", config.BehaviorProbs));
        Logits = Add(make.Numbers("behavior_logits", config.BehaviorLogits));
        Mask = Add(make.Flags("action_mask", config.ActionMask));
        Features = Add(make.Numbers("action_features", config.ActionFeatures));
        Timestamp = Add(make.Time("timestamp", config.Timestamp));
        Info = config.Info.Select(i => Add(make.Info($"info.{i.Key}", i.Value))!).ToList();
        InfoText = config.InfoText.Select(i => Add(make.Text($"info_text.{i.Key}", [i.Value]))!).ToList();

        var discrete = !config.ContinuousAction && Action.Width == 1 && (config.ActionCount is not null || !Action.IsList);
        ActionCount = discrete ? config.ActionCount ?? Probabilities?.Width ?? Logits?.Width ?? Mask?.Width ?? LargestAction(connection) + 1 : 0;
        RequireWidth(NextObservation, Observation.Width, "as many numbers as observation");
        if (NextObservation is not null && NextObservation.Kind != Observation.Kind)
            throw Throw.ColumnType(table.Files[0], "next_observation", table.Column("next_observation", NextObservation.Columns[0]), $"what observation has, {table.Column("observation", Observation.Columns[0]).Type}");
        if (config.ObservationShape.Count > 0 && config.ObservationShape.Aggregate(1L, (product, size) => product * size) != Observation.Width)
            throw Throw.FieldWidth(_table.Files[0], Observation, (int)Math.Min(int.MaxValue, config.ObservationShape.Aggregate(1L, (product, size) => product * size)), "what observation_shape multiplies to");
        foreach (var field in new[] { Probabilities, Logits, Mask })
            RequireWidth(field, ActionCount, "one number for each discrete action");
        if (Features is not null && (ActionCount == 0 || Features.Width % ActionCount != 0))
            throw Throw.FieldWidth(table.Files[0], Features, ActionCount * Math.Max(1, Features.Width / Math.Max(1, ActionCount)), "as many numbers for each discrete action");
    }

    public ImportConfig Config { get; }

    public SourceTable Table => _table;

    /// <summary>Whether an episode is all rows of one id, and nothing else ends it.</summary>
    public bool IdsAlone => EpisodeId is not null && GapMicros is null && !EachRow;

    /// <summary>A longer time between two rows begins another episode; null: no time does.</summary>
    public long? GapMicros => Config.EpisodeGap is { } gap ? gap.Ticks / TimeSpan.TicksPerMicrosecond : null;

    /// <summary>Whether every row is an episode.</summary>
    public bool EachRow => Config.Episodes == EpisodeRule.EachRow;

    /// <summary>Whether any flag tells ends.</summary>
    public bool HasEnds => Terminated is not null || Truncated is not null || Done is not null;

    /// <summary>In the order of the query's columns, which follow the row's position or file.</summary>
    public IReadOnlyList<ImportField> Fields => _fields;

    public ImportField? EpisodeId { get; }

    public ImportField? Step { get; }

    public ImportField? SplitKey { get; }

    public ImportField? BehaviorPolicy { get; }

    public ImportField Observation { get; }

    public ImportField? NextObservation { get; }

    public ImportField Action { get; }

    public ImportField Reward { get; }

    public ImportField? Terminated { get; }

    public ImportField? Truncated { get; }

    public ImportField? Done { get; }

    public ImportField? LogProbability { get; }

    public ImportField? Probability { get; }

    public ImportField? Probabilities { get; }

    public ImportField? Logits { get; }

    public ImportField? Mask { get; }

    /// <summary>Of all actions, one behind the other.</summary>
    public ImportField? Features { get; }

    public ImportField? Timestamp { get; }

    public IReadOnlyList<ImportField> Info { get; }

    public IReadOnlyList<ImportField> InfoText { get; }

    /// <summary>0: actions are continuous.</summary>
    public int ActionCount { get; }

    /// <summary>Whether steps have the behavior's whole distribution.</summary>
    public bool HasProbabilities => Probabilities is not null || Logits is not null;

    /// <summary>Whether steps have the probability or density of the action taken.</summary>
    public bool HasPropensities => HasProbabilities || LogProbability is not null || Probability is not null;

    /// <summary>Whether observations are BLOBs of unsigned bytes.</summary>
    public bool ObservationsAreBytes => Observation.Kind == FieldKind.Bytes;

    /// <summary>The field that a part of a row's propensities comes from.</summary>
    public ImportField PropensityField(PropensityPart part) => part switch
    {
        PropensityPart.LogProbability => LogProbability!,
        PropensityPart.Probability => Probability!,
        PropensityPart.Probabilities => Probabilities!,
        _ => Logits!,
    };

    public Space ObservationSpace => Config.ObservationCount is { } count
        ? new DiscreteSpace(count)
        : new BoxSpace(
            Config.ObservationShape.Count > 0 ? Config.ObservationShape : [Observation.Width],
            Bounds(Config.ObservationLow, "observation_low", ObservationsAreBytes ? 0 : double.NegativeInfinity, Observation.Width),
            Bounds(Config.ObservationHigh, "observation_high", ObservationsAreBytes ? 255 : double.PositiveInfinity, Observation.Width),
            ObservationsAreBytes ? ElementType.UInt8 : ElementType.Float32);

    public Space ActionSpace => ActionCount > 0
        ? new DiscreteSpace(ActionCount)
        : BoxSpace.Unbounded(Action.Width) with
        {
            Low = Bounds(Config.ActionLow, "action_low", double.NegativeInfinity, Action.Width),
            High = Bounds(Config.ActionHigh, "action_high", double.PositiveInfinity, Action.Width),
        };

    public IReadOnlyList<InfoColumn> InfoColumns =>
    [
        .. Config.Info.Keys.Zip(Info, (name, f) => new InfoColumn("info_" + name, InfoType.Double, f.Width)),
        .. Config.InfoText.Keys.Select(name => new InfoColumn("info_" + name, InfoType.Text)),
    ];

    /// <summary>Bytes of a row in memory, about.</summary>
    public long RowBytes => 16 + _fields.Sum(f => f.Kind switch
    {
        FieldKind.Numbers => Math.Max(1L, f.Width) * (IsSingle(f) ? 4 : 8),
        FieldKind.Bytes => f.Width,
        FieldKind.Text => 32,
        _ => 8L,
    });

    /// <summary>Rows in a row group of the file that is sorted.</summary>
    public long StagedRows => Math.Clamp((32L << 20) / RowBytes, DuckDbAppender.Capacity, 122_880) / DuckDbAppender.Capacity * DuckDbAppender.Capacity;

    /// <summary>Whether a field's numbers are stored as float32.</summary>
    public bool IsSingle(ImportField field) => field == Observation || field == NextObservation || field == Features || (field == Action && ActionCount == 0);

    /// <summary>Rows as they stand, with their file's number in front.</summary>
    public string RowsSql => $"SELECT CAST(file_index AS BIGINT) AS file{FieldsSql} FROM {_table.From}";

    /// <summary>As <see cref="RowsSql"/>, with texts read as numbers at once: one that is none ends the query, and the rows are then read as <see cref="RowsSql"/> says. Null: there are no such texts.</summary>
    public string? QuickRowsSql
    {
        get
        {
            var texts = _fields.Where(f => !f.IsParsed).SelectMany(f => f.Columns).ToHashSet();
            bool IsQuick(ImportField f) => f.IsParsed && !f.Columns.Any(texts.Contains);
            var numbers = _fields.Where(IsQuick).SelectMany(f => f.Columns).ToHashSet();
            if (_table.FromNumbers is not { } from || numbers.Count == 0)
                return null;
            var fields = _fields.SelectMany(f => f.Sql.Select((sql, i) => $", {(IsQuick(f) ? DuckDbSql.Name(f.Columns[i]) : sql)} AS f{f.First + i}"));
            return $"SELECT CAST(file_index AS BIGINT) AS file{string.Concat(fields)} FROM {from(numbers)}";
        }
    }

    string FieldsSql => string.Concat(_fields.SelectMany(f => f.Sql.Select((sql, i) => $", {sql} AS f{f.First + i}")));

    /// <summary>
    /// What sorts the rows of a table of <see cref="RowsSql"/>: episodes follow one another in the order of their first rows (column <c>first</c>);
    /// within one, rows are ordered by step or, where times make the episodes, by time; else as they stand.
    /// </summary>
    public string OrderSql
    {
        get
        {
            var id = EpisodeId is null ? "" : "first, ";
            var inside = Step is { } step ? $"f{step.First}, " : GapMicros is not null ? $"f{Timestamp!.First}, " : "";
            return $"{id}{inside}pos";
        }
    }

    /// <summary>The names of the query's columns of fields.</summary>
    public IEnumerable<string> FieldNames => _fields.SelectMany(f => f.Sql.Select((_, i) => $"f{f.First + i}"));

    /// <summary>What stands in one column of the row at a position, as text.</summary>
    public string RawValueSql(string column) =>
        $"SELECT CAST({DuckDbSql.Name(column)} AS VARCHAR) FROM {_table.From} LIMIT 1 OFFSET ?";

    ImportField? Add(ImportField? field)
    {
        if (field is null)
            return null;
        _fields.Add(field with { Index = _fields.Count, First = _fields.Sum(f => f.Sql.Count) + 1 });
        return _fields[^1];
    }

    int LargestAction(DuckDbConnection connection)
    {
        using var result = connection.Query($"SELECT coalesce(max(CAST(a AS DOUBLE)), 0) FROM (SELECT {(Action.IsList ? $"unnest({Action.Sql[0]})" : Action.Sql[0])} AS a FROM {_table.From}) WHERE isfinite(a)");
        using var chunk = result.Next();
        var largest = chunk is null || chunk.Rows == 0 ? 0 : chunk[0].Values<double>()[0];
        // What is not a whole number is found, and shown, row by row.
        return (int)Math.Clamp(Math.Floor(largest), 0, 1 << 20);
    }

    void RequireWidth(ImportField? field, int expected, string meaning)
    {
        if (field is not null && field.Width != expected)
            throw Throw.FieldWidth(_table.Files[0], field, expected, meaning);
    }

    static double[] Bounds(IReadOnlyList<double> bounds, string key, double none, int width) => bounds.Count switch
    {
        0 => Enumerable.Repeat(none, width).ToArray(),
        1 => Enumerable.Repeat(bounds[0], width).ToArray(),
        _ when bounds.Count == width => bounds.ToArray(),
        _ => throw Throw.BoundsCount(key, bounds.Count, width),
    };
}
