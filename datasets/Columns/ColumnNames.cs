namespace OfflineRL.Datasets;

/// <summary>Names of the column files, less their ending.</summary>
static class ColumnNames
{
    public const string Observations = "observations";
    public const string FinalObservations = "final_observations";
    public const string FinalObservationKnown = "final_observation_known";
    public const string Actions = "actions";
    public const string Rewards = "rewards";
    public const string Terminated = "terminated";
    public const string Truncated = "truncated";
    public const string BehaviorLogProbabilities = "behavior_log_probs";
    public const string BehaviorProbabilities = "behavior_probs";
    public const string ActionMasks = "action_masks";
    public const string ActionFeatures = "action_features";
    public const string EpisodeIndex = "episode_index";
    public const string EpisodeFirstRow = "episode_first_row";
    public const string EpisodeSplit = "episode_split";
    public const string EpisodeKeyHash = "episode_key_hash";
}
