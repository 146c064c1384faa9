namespace OfflineRL.Ingest;

/// <summary>The map of RLlib's columns, by the names that RLlib gives them.</summary>
static class RllibMap
{
    /// <summary>Whether rows of these columns are RLlib's, a step each.</summary>
    public static bool Knows(IReadOnlyDictionary<string, string> types) =>
        types.ContainsKey("obs") && types.ContainsKey("actions") && types.ContainsKey("rewards")
        && (types.ContainsKey("eps_id") || types.ContainsKey("dones") || types.ContainsKey("terminateds") || types.ContainsKey("truncateds"));

    /// <summary>The config with what the user left empty named as RLlib does.</summary>
    /// <param name="config">As the user wrote it, patterns replaced.</param>
    /// <param name="types">The columns: BIGINT where all numbers are whole, DOUBLE, DOUBLE[] or VARCHAR.</param>
    public static ImportConfig Fill(ImportConfig config, IReadOnlyDictionary<string, string> types)
    {
        string? Own(string? set, string name) => set ?? (types.ContainsKey(name) ? name : null);
        IReadOnlyList<string> Several(IReadOnlyList<string> set, params string[] names) => set.Count > 0 ? set : names.Where(types.ContainsKey).ToList();

        var ends = config.Done is not null || config.Terminated is not null || config.Truncated is not null;
        var apart = types.ContainsKey("terminateds") || types.ContainsKey("truncateds");
        var action = config.Action.Count > 0 ? config.Action : Several([], "actions");
        var discrete = !config.ContinuousAction && action.Count == 1 && types.GetValueOrDefault(action[0]) == "BIGINT";
        return config with
        {
            Float32 = true,
            BehaviorPolicy = config.BehaviorPolicy == new ImportConfig().BehaviorPolicy ? "rllib" : config.BehaviorPolicy,
            EpisodeId = Several(config.EpisodeId, "eps_id", "agent_index"),
            Step = config.Step ?? (types.ContainsKey("eps_id") ? Own(null, "t") : null),
            Observation = Several(config.Observation, "obs"),
            NextObservation = Several(config.NextObservation, "new_obs"),
            Action = action,
            ContinuousAction = config.ContinuousAction || (config.ActionCount is null && action.Count == 1 && types.GetValueOrDefault(action[0]) == "DOUBLE"),
            Reward = config.Reward == new ImportConfig().Reward && !types.ContainsKey(config.Reward) ? "rewards" : config.Reward,
            Terminated = ends ? config.Terminated : Own(null, "terminateds"),
            Truncated = ends ? config.Truncated : Own(null, "truncateds"),
            Done = ends || apart ? config.Done : Own(null, "dones"),
            BehaviorLogProb = Own(config.BehaviorLogProb, "action_logp"),
            BehaviorProb = Own(config.BehaviorProb, "action_prob"),
            BehaviorLogits = !discrete || config.BehaviorProbs.Count > 0 ? config.BehaviorLogits : Several(config.BehaviorLogits, "action_dist_inputs"),
        };
    }
}
