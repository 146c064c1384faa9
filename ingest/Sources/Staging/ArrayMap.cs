using System.Text.RegularExpressions;

namespace OfflineRL.Ingest;

/// <summary>The default map of columns that arrays were decoded into, by the names that logs go by.</summary>
static partial class ArrayMap
{
    /// <param name="columns">As decoded.</param>
    /// <param name="discrete">Whether the source says that actions are discrete; null: their type says.</param>
    public static ImportConfig Of(IReadOnlyList<StagedColumn> columns, bool? discrete = null)
    {
        var names = columns.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        var observation = ArrayNames.Pick(ArrayNames.Observation, names);
        var next = ArrayNames.Pick(ArrayNames.NextObservation, names);
        var action = ArrayNames.Pick(ArrayNames.Action, names);
        var done = ArrayNames.Pick(ArrayNames.Done, names);
        var terminated = ArrayNames.Pick(ArrayNames.Terminated, names);
        var truncated = ArrayNames.Pick(ArrayNames.Truncated, names);
        // NeoRL-2 and others have 'done' for the terminal states beside 'truncated' for the limit.
        if (done is not null && (terminated ?? truncated) is not null)
            (terminated, done) = (terminated ?? done, null);
        var episode = ArrayNames.Pick(ArrayNames.Episode, names);
        return new ImportConfig
        {
            EpisodeId = episode is null ? [] : [episode],
            Observation = observation is null ? [] : [observation],
            ObservationShape = columns.FirstOrDefault(c => c.Name == observation) is { Shape.Count: > 1 } shaped ? shaped.Shape : [],
            NextObservation = next is null ? [] : [next],
            Action = action is null ? [] : [action],
            ContinuousAction = columns.FirstOrDefault(c => c.Name == action) is { } a && !(discrete ?? a.Kind is StagedKind.Integer or StagedKind.Boolean),
            Reward = ArrayNames.Pick(ArrayNames.Reward, names) ?? "",
            Done = done,
            Terminated = terminated,
            Truncated = truncated,
            BehaviorLogProb = ArrayNames.Pick(ArrayNames.LogProbability, names),
            Info = Infos(columns, c => c.Kind is not (StagedKind.Text or StagedKind.Blob or StagedKind.Time)).ToDictionary(p => p.Key, p => (IReadOnlyList<string>)[p.Value]),
            InfoText = Infos(columns, c => c.Kind == StagedKind.Text),
        };
    }

    /// <summary>The map with what the user left empty taken from the source's own; what the user set stays.</summary>
    public static ImportConfig Fill(ImportConfig config, ImportConfig map)
    {
        var noEnds = config.Done is null && config.Terminated is null && config.Truncated is null;
        var noPropensity = config.BehaviorLogProb is null && config.BehaviorProb is null && config.BehaviorProbs.Count == 0 && config.BehaviorLogits.Count == 0;
        var noInfo = config.Info.Count == 0 && config.InfoText.Count == 0;
        var ownActions = config.ActionCount is not null || config.ContinuousAction || config.Action.Count > 0;
        var ownObservations = config.Observation.Count > 0;
        var ownBounds = config.ObservationLow.Count > 0 || config.ObservationHigh.Count > 0;
        var plain = new ImportConfig();
        return config with
        {
            Environment = config.Environment ?? map.Environment,
            EpisodeId = config.EpisodeId.Count > 0 ? config.EpisodeId : map.EpisodeId,
            EpisodeKey = config.EpisodeId.Count > 0 || config.EpisodeKey != plain.EpisodeKey ? config.EpisodeKey : map.EpisodeKey,
            Step = config.Step ?? map.Step,
            SplitKey = config.SplitKey ?? map.SplitKey,
            BehaviorPolicyColumn = config.BehaviorPolicyColumn ?? (config.BehaviorPolicy == plain.BehaviorPolicy ? map.BehaviorPolicyColumn : null),
            BehaviorPolicy = config.BehaviorPolicy == plain.BehaviorPolicy ? map.BehaviorPolicy : config.BehaviorPolicy,
            Observation = ownObservations ? config.Observation : map.Observation,
            ObservationCount = config.ObservationCount ?? (ownObservations ? null : map.ObservationCount),
            ObservationShape = ownObservations || config.ObservationShape.Count > 0 ? config.ObservationShape : map.ObservationShape,
            ObservationLow = ownObservations || ownBounds ? config.ObservationLow : map.ObservationLow,
            ObservationHigh = ownObservations || ownBounds ? config.ObservationHigh : map.ObservationHigh,
            NextObservation = ownObservations || config.NextObservation.Count > 0 ? config.NextObservation : map.NextObservation,
            Action = config.Action.Count > 0 ? config.Action : map.Action,
            ActionCount = config.ActionCount ?? (ownActions ? null : map.ActionCount),
            ContinuousAction = config.ContinuousAction || (!ownActions && map.ContinuousAction),
            ActionLow = config.ActionLow.Count > 0 || ownActions ? config.ActionLow : map.ActionLow,
            ActionHigh = config.ActionHigh.Count > 0 || ownActions ? config.ActionHigh : map.ActionHigh,
            Reward = config.Reward == plain.Reward ? map.Reward.Length > 0 ? map.Reward : config.Reward : config.Reward,
            Done = noEnds ? map.Done : config.Done,
            Terminated = noEnds ? map.Terminated : config.Terminated,
            Truncated = noEnds ? map.Truncated : config.Truncated,
            BehaviorLogProb = noPropensity ? map.BehaviorLogProb : config.BehaviorLogProb,
            BehaviorProbs = noPropensity ? map.BehaviorProbs : config.BehaviorProbs,
            ActionFeatures = config.ActionFeatures.Count > 0 ? config.ActionFeatures : map.ActionFeatures,
            ActionMask = config.ActionMask.Count > 0 ? config.ActionMask : map.ActionMask,
            Timestamp = config.Timestamp ?? map.Timestamp,
            Info = noInfo ? map.Info : config.Info,
            InfoText = noInfo ? map.InfoText : config.InfoText,
            Split = config.Split.Count > 0 ? config.Split : map.Split,
            Seed = config.Split.Count > 0 ? config.Seed : map.Seed,
        };
    }

    // Everything below infos/ is passed through, but for what has a column of its own.
    static Dictionary<string, string> Infos(IReadOnlyList<StagedColumn> columns, Func<StagedColumn, bool> wanted)
    {
        var infos = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var column in columns.Where(c => c.Name.StartsWith("infos/", StringComparison.Ordinal) && !ArrayNames.LogProbability.Contains(c.Name) && wanted(c)))
            infos.TryAdd(NotSnake().Replace(column.Name["infos/".Length..].ToLowerInvariant(), "_"), column.Name);
        return infos;
    }

    [GeneratedRegex("[^a-z0-9_]+")]
    private static partial Regex NotSnake();
}
