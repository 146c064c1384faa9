using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Gathers decisions as rows. How many actions there are is known at the end: shorter lists are then filled up.</summary>
sealed class DecisionTable : IDisposable
{
    const long MostFeatures = 1 << 16;

    static readonly SourceColumn[] Columns =
    [
        new("observation", "FLOAT[]"), new("action", "BIGINT"), new("continuous_action", "DOUBLE"), new("cost", "DOUBLE"), new("reward", "DOUBLE"),
        new("probability", "DOUBLE"), new("behavior_probs", "DOUBLE[]"), new("action_mask", "BOOLEAN[]"), new("action_features", "FLOAT[]"),
        new("event_id", "VARCHAR"), new("timestamp", "VARCHAR"), new("slot", "VARCHAR"), new("feedback", "VARCHAR"), new("evaluated_action", "BIGINT"),
        new("terminated", "BOOLEAN"),
    ];

    readonly SourceRequest _request;
    readonly StagedTable _table;
    readonly Dictionary<int, List<long>> _skipped = [];
    bool _probabilities = true, _masks, _times = true, _evaluatedAlone = true, _evaluatedIsLogged, _slots, _events, _feedback;
    int _actions;

    public DecisionTable(SourceRequest request)
    {
        _request = request;
        _table = new StagedTable(request, Columns);
        Context = new FeatureHasher("context", request.Config.Bits);
        Actions = new FeatureHasher("actions", request.Config.Bits);
    }

    public FeatureHasher Context { get; }

    public FeatureHasher Actions { get; }

    /// <summary>Of the first event; the others are of the same.</summary>
    public DecisionKind? Kind { get; private set; }

    public long Rows => _table.Rows;

    /// <summary>Writes an event's decisions.</summary>
    /// <exception cref="EventException">One of them cannot be taken; then none is.</exception>
    public void Add(IReadOnlyList<Decision> decisions, int file)
    {
        foreach (var d in decisions)
        {
            d.Require();
            if (d.Kind != (Kind ?? d.Kind))
                throw new EventException($"an event of the kind '{Name(d.Kind)}'; expected '{Name(Kind!.Value)}', as the first one's");
            if ((long)Math.Max(_actions, d.Actions) * (d.Features is null ? 0 : Actions.Width) > MostFeatures)
                throw new EventException($"{d.Actions} actions of {Actions.Width} features are more than {MostFeatures} numbers; set fewer bits");
        }

        foreach (var d in decisions)
            Write(d, file);
    }

    /// <summary>Notes an event that is not taken.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="number">Number of the event in its file, from 1.</param>
    /// <param name="line">Of its first line.</param>
    /// <param name="reason">What was found and what was expected.</param>
    /// <param name="text">Its text, for the reader.</param>
    /// <exception cref="UserErrorException">The map says to stop there.</exception>
    public void Reject(int file, long number, long line, string reason, ReadOnlySpan<byte> text)
    {
        if (_request.Config.OnError == ErrorRule.Stop)
            throw Throw.BadLine(_request.Paths[file], line, reason);
        _request.Rejects.Add(new RejectedRow(_request.Paths[file], number, null, $"line {line}: {reason}: {CsvScreen.Shown(text)}"));
        if (!_skipped.TryGetValue(file, out var rows))
            _skipped[file] = rows = [];
        rows.Add(number);
    }

    /// <summary>The table; columns that no event had are left out.</summary>
    public SourceTable Finish()
    {
        if (Rows == 0)
            throw Throw.NoEvents(_request.Paths);
        var features = Kind is DecisionKind.ActionFeatures or DecisionKind.Slots;
        var actions = Math.Max(_actions, _request.Config.ActionCount ?? 0);
        // One action before every logged one, sometimes the same: that to evaluate, not the list of those allowed.
        var evaluated = _evaluatedAlone && _evaluatedIsLogged;
        var masks = _masks && !evaluated;
        var used = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["observation"] = "observation",
            ["action"] = Kind == DecisionKind.Continuous ? "continuous_action" : "action",
            ["cost"] = "cost",
            ["reward"] = "reward",
            ["probability"] = "probability",
            ["terminated"] = "terminated",
        };
        if (_probabilities && Kind != DecisionKind.Continuous)
            used["behavior_probs"] = $"list_resize(behavior_probs, {actions}, 0)";
        if (features || masks)
            used["action_mask"] = $"CASE WHEN action_mask IS NULL THEN list_resize([true], {actions}, true) ELSE list_resize(action_mask, {actions}, false) END";
        if (features)
            used["action_features"] = $"list_resize(action_features, {(long)actions * Actions.Width}, 0::FLOAT)";
        foreach (var (name, there) in new[] { ("event_id", _events), ("timestamp", _times), ("slot", _slots), ("feedback", _feedback), ("evaluated_action", evaluated) })
        {
            if (there)
                used[name] = name;
        }

        var columns = used.Keys.Select(name => new SourceColumn(name, Columns.Single(c => c.Name == (name == "action" ? used[name] : name)).Type)).ToList();
        var select = string.Join(", ", used.Select(u => $"{u.Value} AS {DuckDbSql.Name(u.Key)}"));
        string?[] notes =
        [
            "Rewards are negative costs.", Context.Note, Actions.Note,
            _feedback ? "The log holds feedback (info_feedback) beside costs, as of interaction-grounded learning: the rewards are the logged costs', not the feedback's." : null,
        ];
        return new SourceTable(_request.Paths, _table.Finish(select), columns)
        {
            Notes = notes.OfType<string>().ToList(),
            // The rows of slots are not the events of the file.
            Skipped = Kind == DecisionKind.Slots ? [] : _skipped.ToDictionary(s => s.Key, IReadOnlyList<long> (s) => s.Value),
        };
    }

    /// <summary>The map of a table of decisions.</summary>
    public static ImportConfig Fill(ImportConfig config, SourceTable table)
    {
        config = ConfigColumns.Expand(config, table);
        var types = table.Columns.ToDictionary(c => c.Name, c => c.Type, StringComparer.Ordinal);
        IReadOnlyList<string> Several(IReadOnlyList<string> set, string name) => set.Count > 0 || !types.ContainsKey(name) ? set : [name];
        var texts = config.InfoText.ToDictionary();
        foreach (var name in new[] { "event_id", "slot", "feedback" })
        {
            if (types.ContainsKey(name))
                texts.TryAdd(name, name);
        }

        var info = config.Info.ToDictionary();
        if (types.ContainsKey("evaluated_action"))
            info.TryAdd("evaluated_action", ["evaluated_action"]);
        return config with
        {
            Observation = Several(config.Observation, "observation"),
            Action = Several(config.Action, "action"),
            ContinuousAction = config.ContinuousAction || types["action"] == "DOUBLE",
            Terminated = config.Done is null && config.Truncated is null ? config.Terminated ?? "terminated" : config.Terminated,
            BehaviorProb = config.BehaviorLogProb is null ? config.BehaviorProb ?? "probability" : config.BehaviorProb,
            BehaviorProbs = config.BehaviorLogits.Count > 0 ? config.BehaviorProbs : Several(config.BehaviorProbs, "behavior_probs"),
            ActionMask = Several(config.ActionMask, "action_mask"),
            ActionFeatures = Several(config.ActionFeatures, "action_features"),
            Timestamp = config.Timestamp ?? (types.ContainsKey("timestamp") ? "timestamp" : null),
            Info = info,
            InfoText = texts,
        };
    }

    public void Dispose() => _table.Dispose();

    void Write(Decision d, int file)
    {
        Kind ??= d.Kind;
        _actions = Math.Max(_actions, d.Actions);
        _probabilities &= d.Probabilities is not null;
        _masks |= d.Allowed is not null;
        _times &= d.Time is not null;
        _events |= d.EventId is not null;
        _slots |= d.Slot is not null;
        _feedback |= d.Feedback is not null;
        _evaluatedAlone &= d.Evaluated is not null;
        _evaluatedIsLogged |= d.Evaluated == d.Action;
        _table.SetList<float>(0, d.Context);
        if (d.Kind == DecisionKind.Continuous)
            _table.Set(2, d.ContinuousAction);
        else
            _table.Set(1, (long)d.Action);
        _table.Set(3, d.Cost);
        _table.Set(4, 0 - d.Cost);
        _table.Set(5, d.Probability);
        if (d.Probabilities is not null)
            _table.SetList<double>(6, d.Probabilities);
        if (d.Allowed is not null)
            _table.SetList<bool>(7, d.Allowed);
        else if (d.Features is not null)
            _table.SetList<bool>(7, Enumerable.Repeat(true, d.Actions).ToArray());
        if (d.Features is not null)
            _table.SetList<float>(8, d.Features.SelectMany(f => f).ToArray());
        _table.Set(9, d.EventId);
        _table.Set(10, d.Time);
        _table.Set(11, d.Slot);
        _table.Set(12, d.Feedback);
        if (d.Evaluated is { } evaluated)
            _table.Set(13, (long)evaluated);
        _table.Set(14, d.Last);
        _table.EndRow(file);
    }

    static string Name(DecisionKind kind) => kind switch
    {
        DecisionKind.Bandit => "action:cost:probability",
        DecisionKind.ActionFeatures => "actions with features",
        DecisionKind.Slots => "slots",
        _ => "continuous action",
    };
}
