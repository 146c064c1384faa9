namespace OfflineRL.Ingest;

/// <summary>One thing that validation looks for.</summary>
/// <param name="Name">Snake case; what reports and <c>validation.json</c> call it.</param>
/// <param name="Severity">Of every place it is found at.</param>
/// <param name="Meaning">What was expected, and what to do.</param>
public sealed record Check(string Name, Severity Severity, string Meaning);

/// <summary>Every check of an import, in the order of the table in the README.</summary>
public static class Checks
{
    // ---- errors of a row: on_error says what happens to it and to its episode ----

    public static readonly Check NotFinite = new("not_finite", Severity.Error, "Expected a finite number within the range of what it is stored as.");

    public static readonly Check Value = new("value", Severity.Error, "Expected a value of the field's type.");

    public static readonly Check Width = new("width", Severity.Error, "Expected as many numbers as in the first row that has any.");

    public static readonly Check Flag = new("flag", Severity.Error, "Expected true or false, 1 or 0.");

    public static readonly Check Timestamp = new("timestamp", Severity.Error, "Expected a time such as 2026-01-31T12:00:00Z.");

    public static readonly Check Info = new("info", Severity.Error, "Expected numbers, as many as in the first row that has any.");

    public static readonly Check EpisodeId = new("episode_id", Severity.Error, "Expected the id of the row's episode.");

    public static readonly Check SplitKey = new("split_key", Severity.Error, "Expected one split key an episode: an episode falls into one part of the split.");

    public static readonly Check BehaviorPolicy = new("behavior_policy", Severity.Error, "Expected one policy an episode.");

    public static readonly Check Step = new("step", Severity.Error, "Expected the steps of an episode from 0 or 1 without gaps and each once: rows are missing, or there twice.");

    public static readonly Check RowAfterEnd = new("row_after_end", Severity.Error, "Expected an end flag on the last row of an episode alone.");

    public static readonly Check ObservationSpace = new("observation_space", Severity.Error, "Expected a whole number below observation_count.");

    public static readonly Check ActionSpace = new("action_space", Severity.Error, "Expected an action within the map's bounds, or below action_count. Mend the map where it is too narrow.");

    public static readonly Check ActionMask = new("action_mask", Severity.Error, "Expected one flag for each action, and the logged action among the allowed ones. Under keep the row is left out: the steps of an episode have it all together, or not at all.");

    public static readonly Check Propensity = new("propensity", Severity.Error, "Expected a probability above 0 and at most 1, or a density above 0 of a continuous action.");

    public static readonly Check Probabilities = new("probabilities", Severity.Error, "Expected probabilities from 0 to 1 that sum to 1 over the allowed actions. Under keep the row is left out: the steps of an episode have it all together, or not at all.");

    public static readonly Check PropensitiesDiffer = new("propensities_differ", Severity.Error, "Expected the same probability from every column that gives it. Leave out the wrong one, or set propensity_tolerance.");

    public static readonly Check UnreadableRow = new("unreadable_row", Severity.Error, "Expected a row of the format; rejects/ has each with its reason.");

    public static readonly Check EmptyEpisode = new("empty_episode", Severity.Error, "Expected at least one step in every episode; those without are left out, and no row is there to list.");

    // ---- errors of the map: no row is to blame, and the dataset would say what is not so ----

    public static readonly Check NextStartBehindEnd = new("next_start_behind_end", Severity.Error,
        "The observation behind the last step is the next episode's first one. Set next_observation_real=false, so that it is not stored as the final observation.");

    // ---- warnings: the rows are taken, and a reader should know ----

    public static readonly Check UnmarkedTimeLimit = new("unmarked_time_limit", Severity.Warning,
        "Many episodes end as terminated after exactly the most steps that any has. If that is a time limit, set time_limit, or map its flag to truncated.");

    public static readonly Check UnmarkedEnd = new("unmarked_end", Severity.Warning,
        "The observation jumps far beyond its usual change where no end is marked. If episodes end there, map an end flag, episode_id or next_observation.");

    public static readonly Check RowsDoNotFollow = new("rows_do_not_follow", Severity.Warning,
        "The next observation is seldom the next row's. Are rows shuffled, or columns of next_observation the wrong ones? Map step or episode_id.");

    public static readonly Check SpaceDiffers = new("space_differs", Severity.Warning, "The log has other spaces than the environment that the map names: policies of one do not fit the other.");

    public static readonly Check ActionBeyondEnvironment = new("action_beyond_environment", Severity.Warning,
        "Expected an action that the environment takes. Many clip what is beyond; the log has what the policy drew.");

    public static readonly Check ObservationOutside = new("observation_outside", Severity.Warning, "Expected an observation within the space that the map or the environment declares.");

    public static readonly Check DuplicateRow = new("duplicate_row", Severity.Warning, "The row equals the one before it in every mapped value. Was it logged twice?");

    public static readonly Check DuplicateEpisode = new("duplicate_episode", Severity.Warning, "The episode equals an earlier one in every mapped value. Was it imported twice?");

    public static readonly Check TinyPropensity = new("tiny_propensity", Severity.Warning,
        "Probabilities so small give single rows nearly all the weight of an estimate. Clip weights, or evaluate with a model (offlinerl evaluate ope).");

    public static readonly Check RewardOutlier = new("reward_outlier", Severity.Warning, "The reward lies far beyond the others. Is it a code for a missing value, or of another unit?");

    public static readonly Check ConstantColumn = new("constant_column", Severity.Warning, "All rows have the same value: the column tells nothing.");

    // ---- notes: what the import did ----

    public static readonly Check NextObservationDiffers = new("next_observation_differs", Severity.Note,
        "The next observation is not the next row's: the episode was cut there as truncated. Set alignment_tolerance if they are the same up to rounding.");

    public static readonly Check ConstantReward = new("constant_reward", Severity.Note, "All rewards are equal: returns tell episodes apart by their length alone.");

    public static IReadOnlyList<Check> All { get; } =
    [
        NotFinite, Value, Width, Flag, Timestamp, Info, EpisodeId, SplitKey, BehaviorPolicy, Step, RowAfterEnd, ObservationSpace, ActionSpace, ActionMask,
        Propensity, Probabilities, PropensitiesDiffer, UnreadableRow, EmptyEpisode, NextStartBehindEnd,
        UnmarkedTimeLimit, UnmarkedEnd, RowsDoNotFollow, SpaceDiffers, ActionBeyondEnvironment, ObservationOutside, DuplicateRow, DuplicateEpisode,
        TinyPropensity, RewardOutlier, ConstantColumn, NextObservationDiffers, ConstantReward,
    ];

    /// <summary>The check of a row's fault; a name that none has is an error all the same.</summary>
    public static Check OfFault(string name) => All.FirstOrDefault(c => c.Name == name) ?? Value;
}
