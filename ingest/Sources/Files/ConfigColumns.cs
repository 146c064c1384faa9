namespace OfflineRL.Ingest;

/// <summary>The columns that a map names.</summary>
static class ConfigColumns
{
    /// <summary>Every name with the key that holds it, patterns apart.</summary>
    public static IEnumerable<(string Key, string Name)> Named(ImportConfig c) =>
        Lists(c).SelectMany(l => l.Names.Select(n => (l.Key, n))).Concat(Singles(c)).Where(n => !IsPattern(n.Item2));

    /// <summary>Replaces a name that ends with <c>*</c> by the columns that begin like it, in their order; columns of the very name come first.</summary>
    public static ImportConfig Expand(ImportConfig c, SourceTable table)
    {
        IReadOnlyList<string> All(IReadOnlyList<string> names) => names.Any(IsPattern) ? names.SelectMany(One).ToList() : names;
        IEnumerable<string> One(string name)
        {
            if (!IsPattern(name) || table.Columns.Any(k => k.Name == name))
                return [name];
            var found = table.Columns.Where(k => k.Name.StartsWith(name[..^1], StringComparison.Ordinal)).Select(k => k.Name).ToList();
            return found.Count > 0 ? found : [name];
        }

        return Lists(c).All(l => !l.Names.Any(IsPattern)) ? c : c with
        {
            Observation = All(c.Observation),
            NextObservation = All(c.NextObservation),
            Action = All(c.Action),
            BehaviorProbs = All(c.BehaviorProbs),
            BehaviorLogits = All(c.BehaviorLogits),
            ActionMask = All(c.ActionMask),
            ActionFeatures = All(c.ActionFeatures),
            Info = c.Info.ToDictionary(i => i.Key, i => All(i.Value)),
        };
    }

    /// <summary>
    /// The contract's own names, for keys that the user left empty and columns that are there: <c>observation</c>, or <c>observation_0</c>,
    /// <c>observation_1</c> and so on, and likewise the others.
    /// </summary>
    public static ImportConfig FillOwnNames(ImportConfig c, SourceTable table)
    {
        var names = table.Columns.Select(k => k.Name).ToHashSet(StringComparer.Ordinal);
        string? Single(string? set, string own) => set ?? (names.Contains(own) ? own : null);
        IReadOnlyList<string> Several(IReadOnlyList<string> set, string own) =>
            set.Count > 0 ? set
            : names.Contains(own) ? [own]
            : Enumerable.Range(0, names.Count).Select(i => FormattableString.Invariant($"{own}_{i}")).TakeWhile(names.Contains).ToList();

        var ends = c.Done is not null || c.Terminated is not null || c.Truncated is not null;
        var terminated = ends ? c.Terminated : Single(null, "terminated");
        var truncated = ends ? c.Truncated : Single(null, "truncated");
        return c with
        {
            EpisodeId = c.EpisodeId.Count > 0 || !names.Contains("episode_id") ? c.EpisodeId : ["episode_id"],
            Step = Single(c.Step, "step"),
            Observation = Several(c.Observation, "observation"),
            NextObservation = Several(c.NextObservation, "next_observation"),
            Action = Several(c.Action, "action"),
            Terminated = terminated,
            Truncated = truncated,
            Done = ends || terminated is not null || truncated is not null ? c.Done : Single(null, "done"),
            BehaviorLogProb = Single(c.BehaviorLogProb, "behavior_log_prob"),
            BehaviorProb = Single(c.BehaviorProb, "behavior_prob"),
            BehaviorProbs = Several(c.BehaviorProbs, "behavior_probs"),
            ActionMask = Several(c.ActionMask, "action_mask"),
            ActionFeatures = Several(c.ActionFeatures, "action_features"),
            Timestamp = Single(c.Timestamp, "timestamp"),
        };
    }

    static bool IsPattern(string name) => name.Length > 1 && name[^1] == '*';

    static IEnumerable<(string Key, IReadOnlyList<string> Names)> Lists(ImportConfig c) =>
    [
        ("observation", c.Observation), ("next_observation", c.NextObservation), ("action", c.Action), ("behavior_probs", c.BehaviorProbs),
        ("behavior_logits", c.BehaviorLogits), ("action_mask", c.ActionMask), ("action_features", c.ActionFeatures), ("episode_id", c.EpisodeId),
        .. c.Info.Select(i => ("info." + i.Key, i.Value)),
    ];

    static IEnumerable<(string Key, string Name)> Singles(ImportConfig c)
    {
        foreach (var (key, name) in new[]
        {
            ("step", c.Step), ("split_key", c.SplitKey), ("reward", c.Reward), ("terminated", c.Terminated), ("truncated", c.Truncated), ("done", c.Done),
            ("behavior_log_prob", c.BehaviorLogProb), ("behavior_prob", c.BehaviorProb), ("timestamp", c.Timestamp),
            ("behavior_policy_column", c.BehaviorPolicyColumn),
        })
        {
            if (!string.IsNullOrEmpty(name))
                yield return (key, name);
        }

        foreach (var (key, name) in c.InfoText)
            yield return ("info_text." + key, name);
    }
}
