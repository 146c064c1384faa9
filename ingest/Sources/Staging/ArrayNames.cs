namespace OfflineRL.Ingest;

/// <summary>The names that logs of arrays go by, most common first: D4RL's, Minari's, d3rlpy's, NeoRL-2's, those of <c>imitation</c>.</summary>
static class ArrayNames
{
    public static readonly string[] Observation = ["observations", "observation", "obs", "states", "state"];
    public static readonly string[] NextObservation = ["next_observations", "next_observation", "next_obs", "next_states", "next_state"];
    public static readonly string[] Action = ["actions", "action", "acts"];
    public static readonly string[] Reward = ["rewards", "reward", "rews"];
    public static readonly string[] Terminated = ["terminals", "terminations", "terminateds", "terminated", "terminal"];
    public static readonly string[] Truncated = ["timeouts", "truncations", "truncateds", "truncated", "episode_terminals"];
    public static readonly string[] Done = ["dones", "done"];
    public static readonly string[] Episode = ["trajectory", "episode", "episode_id", "episode_ids", "eps_id", "traj_id"];
    public static readonly string[] LogProbability = ["infos/action_log_probs", "behavior_log_prob", "action_log_probs", "action_logp"];

    /// <summary>An array that the map looks for by itself.</summary>
    public static bool IsKnown(string name) =>
        IsObservation(name) || Action.Contains(name) || Reward.Contains(name) || Terminated.Contains(name) || Truncated.Contains(name) || Done.Contains(name) || Episode.Contains(name);

    public static bool IsObservation(string name) =>
        Observation.Contains(name) || NextObservation.Contains(name);

    /// <summary>The first of the candidates that is there; null: none.</summary>
    public static string? Pick(IEnumerable<string> candidates, IReadOnlyCollection<string> there) => candidates.FirstOrDefault(there.Contains);
}
