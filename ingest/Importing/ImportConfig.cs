using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>What happens where a row cannot be taken.</summary>
public enum ErrorRule
{
    /// <summary>The import ends with a message and leaves nothing.</summary>
    Stop,

    /// <summary>The row's whole episode is left out and listed under <c>rejects/</c>.</summary>
    Reject,

    /// <summary>Only what cannot be stored is left out and listed, and the episode is cut there; what is merely doubtful is written.</summary>
    Keep,
}

/// <summary>What names an episode across datasets.</summary>
public enum EpisodeKeyRule
{
    /// <summary>Hash of the source file and id in the source.</summary>
    Source,

    /// <summary>Hash of the episode's values: the same log in two formats gives the same keys. Not for logs where different episodes may be equal.</summary>
    Content,

    /// <summary>The episode's id itself, as where the source is an export of a dataset: the keys of the dataset come back.</summary>
    Given,
}

/// <summary>How rows become episodes.</summary>
public enum EpisodeRule
{
    /// <summary>By id, by time gap or by end flags, whichever the map has.</summary>
    Auto,

    /// <summary>Each row is an episode of one step that ends there, as in the log of a bandit.</summary>
    EachRow,
}

/// <summary>
/// An import: source files and the map from their columns. A field of several numbers is either one list column or
/// several flat columns, in order. Keys that are null or empty are not in the source.
/// </summary>
public sealed record ImportConfig : IValidatable
{
    /// <summary>What a config file is for: <c>import</c>.</summary>
    public IngestJob Job { get; init; } = IngestJob.Import;

    /// <summary>The dataset: <c>NAME</c> for its next version, <c>NAME-vN</c> for that one.</summary>
    public string Name { get; init; } = "";

    /// <summary>Files and globs, relative to the working folder; a glob's files are taken in ordinal order. CSV may be gzipped.</summary>
    public IReadOnlyList<string> Source { get; init; } = [];

    public SourceFormat Format { get; init; }

    /// <summary>Between the fields of a CSV file: one character; empty: the one of comma, tab, semicolon and bar that the file's lines agree on.</summary>
    public string Delimiter { get; init; } = "";

    /// <summary>Features that are hashed, as those of Vowpal Wabbit, fall into 2 to the power of this many numbers.</summary>
    public int Bits { get; init; } = 8;

    /// <summary>The source's numbers are float32, be they stored wider or printed in decimals: read them back as such.</summary>
    public bool Float32 { get; init; }

    /// <summary>Id of the environment that was recorded; null: unknown.</summary>
    public string? Environment { get; init; }

    /// <summary>What the dataset calls the policy that acted.</summary>
    public string BehaviorPolicy { get; init; } = "logged";

    /// <summary>Column that names the policy of an episode, instead of <see cref="BehaviorPolicy"/>; null: none.</summary>
    public string? BehaviorPolicyColumn { get; init; }

    /// <summary>Columns that name the episode of a row. Empty: rows follow one another, and an end flag ends an episode.</summary>
    public IReadOnlyList<string> EpisodeId { get; init; } = [];

    /// <summary>How rows become episodes.</summary>
    public EpisodeRule Episodes { get; init; }

    /// <summary>A longer time between two rows, of the same <see cref="EpisodeId"/> where there is one, begins another episode: sessions of a user. Null: no time ends one.</summary>
    public TimeSpan? EpisodeGap { get; init; }

    /// <summary>Column with the number of a row within its episode, from 0 or 1; null: rows stand in order.</summary>
    public string? Step { get; init; }

    /// <summary>What names an episode across datasets.</summary>
    public EpisodeKeyRule EpisodeKey { get; init; }

    /// <summary>Column that the split hashes instead of the episode, such as a user; null: none.</summary>
    public string? SplitKey { get; init; }

    public IReadOnlyList<string> Observation { get; init; } = [];

    /// <summary>Number of observations, where an observation is a whole number from 0; null: real numbers.</summary>
    public int? ObservationCount { get; init; }

    /// <summary>Sizes of an observation, such as those of an image; empty: one vector.</summary>
    public IReadOnlyList<int> ObservationShape { get; init; } = [];

    /// <summary>Bounds of observations, one for all numbers or one each; empty: none, of images 0 and 255.</summary>
    public IReadOnlyList<double> ObservationLow { get; init; } = [];

    /// <summary>As <see cref="ObservationLow"/>.</summary>
    public IReadOnlyList<double> ObservationHigh { get; init; } = [];

    /// <summary>The observation that followed the row's action; gives the final observation and shows where rows do not follow one another.</summary>
    public IReadOnlyList<string> NextObservation { get; init; } = [];

    /// <summary>False where the source stores the next episode's first observation behind the last step: then no final observation is taken from it.</summary>
    public bool NextObservationReal { get; init; } = true;

    /// <summary>The next observation and the next row's observation are one where no number differs by more, relative to its size or 1.</summary>
    public double AlignmentTolerance { get; init; } = 1e-6;

    public IReadOnlyList<string> Action { get; init; } = [];

    /// <summary>Number of discrete actions; null: from the width of the probabilities or logits, or one more than the largest action.</summary>
    public int? ActionCount { get; init; }

    /// <summary>Whether a single action column holds real numbers. Several columns or a list always do.</summary>
    public bool ContinuousAction { get; init; }

    /// <summary>Bounds of continuous actions, one for all dimensions or one each; empty: none.</summary>
    public IReadOnlyList<double> ActionLow { get; init; } = [];

    /// <summary>As <see cref="ActionLow"/>.</summary>
    public IReadOnlyList<double> ActionHigh { get; init; } = [];

    public string Reward { get; init; } = "reward";

    /// <summary>Column of flags: the step ended in a terminal state.</summary>
    public string? Terminated { get; init; }

    /// <summary>Column of flags: the episode was cut after the step.</summary>
    public string? Truncated { get; init; }

    /// <summary>Instead of <see cref="Terminated"/>: the rows in which a column has a certain value.</summary>
    public FlagRule? TerminatedWhen { get; init; }

    /// <summary>Instead of <see cref="Truncated"/>.</summary>
    public FlagRule? TruncatedWhen { get; init; }

    /// <summary>Column of flags that mix both; <see cref="TimeLimit"/> tells them apart.</summary>
    public string? Done { get; init; }

    /// <summary>Steps after which a <see cref="Done"/> is the time limit (truncated) and not a terminal state; null: it is always terminal.</summary>
    public int? TimeLimit { get; init; }

    /// <summary>Column of ln of the behavior's probability, or density, of the action.</summary>
    public string? BehaviorLogProb { get; init; }

    /// <summary>Column of the behavior's probability, or density, of the action.</summary>
    public string? BehaviorProb { get; init; }

    /// <summary>The behavior's probabilities of all discrete actions.</summary>
    public IReadOnlyList<string> BehaviorProbs { get; init; } = [];

    /// <summary>The behavior's logits: probabilities are their softmax.</summary>
    public IReadOnlyList<string> BehaviorLogits { get; init; } = [];

    /// <summary>Where several of the above are given: two probabilities are one where they differ by no more; of densities, the logarithms, relative to their size or 1.</summary>
    public double PropensityTolerance { get; init; } = 1e-5;

    /// <summary>Flags of the discrete actions that were allowed.</summary>
    public IReadOnlyList<string> ActionMask { get; init; } = [];

    /// <summary>The features of all discrete actions, action by action: a list of numbers, or of a list an action.</summary>
    public IReadOnlyList<string> ActionFeatures { get; init; } = [];

    /// <summary>Column of times; texts and timestamps without a zone are UTC.</summary>
    public string? Timestamp { get; init; }

    /// <summary>Numbers to pass through: column <c>info_KEY</c> from one column, a list column, or several.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Info { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Texts to pass through: column <c>info_KEY</c>.</summary>
    public IReadOnlyDictionary<string, string> InfoText { get; init; } = new Dictionary<string, string>();

    /// <summary>What happens where a row cannot be taken.</summary>
    public ErrorRule OnError { get; init; }

    /// <summary>False: only what a dataset must hold is looked at.</summary>
    public bool Validation { get; init; } = true;

    /// <summary>Parts of the split by episode, with their fractions, which sum to 1; empty: everything is <c>train</c>.</summary>
    public IReadOnlyDictionary<string, double> Split { get; init; } = new Dictionary<string, double>();

    /// <summary>Of the split.</summary>
    public ulong Seed { get; init; }

    /// <summary>Memory for sorting, such as <c>2GB</c>; more spills to disk. Null: 800MB.</summary>
    public string? MemoryLimit { get; init; }

    public IEnumerable<string> Validate()
    {
        if (Job != IngestJob.Import)
            yield return "job is 'record'; expected 'import'. Use 'offlinerl ingest record' for this file.";
        if (Name.Length == 0)
            yield return "name is empty; expected the dataset's name.";
        if (Source.Count == 0)
            yield return "source is empty; expected files or globs.";
        if (Delimiter.Length > 1 || Delimiter is "\"" or "\n" or "\r")
            yield return $"delimiter is '{Delimiter}'; expected one character, and neither a quote nor a line end.";
        if (Bits is < 1 or > 16)
            yield return $"bits is {Bits}; expected 1 to 16.";
        if (ObservationCount is < 1 || (ObservationCount is not null && Observation.Count > 1))
            yield return "observation_count is for one column of whole numbers and at least 1.";
        if (ObservationShape.Any(s => s < 1))
            yield return $"observation_shape is [{string.Join(", ", ObservationShape)}]; expected sizes of at least 1.";
        if (EpisodeKey == EpisodeKeyRule.Given && EpisodeId.Count == 0)
            yield return "episode_key is 'given'; it needs episode_id.";
        if (Action.Count > 1 && ActionCount is not null)
            yield return "action_count is for one column of discrete actions; several are given.";
        if (ActionCount is < 1)
            yield return $"action_count is {ActionCount}; expected at least 1.";
        if (ContinuousAction && ActionCount is not null)
            yield return "continuous_action and action_count exclude each other.";
        foreach (var fault in EpisodeFaults().Concat(PropensityFaults()))
            yield return fault;
        foreach (var fault in Splits.Rule(Split, Seed).Validate())
            yield return $"split: {fault}.";
    }

    /// <summary>What is still missing once the source's format has filled in what it knows.</summary>
    public IEnumerable<string> Gaps()
    {
        if (Observation.Count == 0)
            yield return "observation is empty; expected a list column or the flat columns in order.";
        if (Action.Count == 0)
            yield return "action is empty; expected a column, or several for continuous actions.";
        if (Reward.Length == 0)
            yield return "reward is empty; expected a column.";
        if (TimeLimit is not null && Done is null)
            yield return "time_limit says which done flags are the limit; it needs done.";
        if (Episodes == EpisodeRule.Auto && EpisodeId.Count == 0 && EpisodeGap is null && Done is null && !HasTerminated && !HasTruncated)
            yield return "nothing tells episodes apart; expected episode_id, episode_gap, an end flag (done, terminated or truncated), or episodes: each_row.";
        if (EpisodeGap is not null && Timestamp is null)
            yield return "episode_gap is given and timestamp is not; expected the column of times.";
    }

    bool HasTerminated => Terminated is not null || TerminatedWhen is not null;

    bool HasTruncated => Truncated is not null || TruncatedWhen is not null;

    IEnumerable<string> EpisodeFaults()
    {
        if ((Terminated is not null && TerminatedWhen is not null) || (Truncated is not null && TruncatedWhen is not null))
            yield return "a flag is given by column and by rule; expected one of terminated and terminated_when, one of truncated and truncated_when.";
        if (EpisodeGap <= TimeSpan.Zero)
            yield return $"episode_gap is {EpisodeGap}; expected more than 0.";
        if (Episodes == EpisodeRule.EachRow && (EpisodeGap is not null || Step is not null))
            yield return "episodes is each_row; then there is no episode_gap and no step.";
        if (Done is not null && (HasTerminated || HasTruncated))
            yield return "done and terminated or truncated are given; expected one way to mark an end.";
        if (TimeLimit < 1 || (TimeLimit is not null && (Terminated is not null || Truncated is not null)))
            yield return "time_limit is at least 1 and says which done flags are the limit; it needs done.";
        if (!(AlignmentTolerance >= 0))
            yield return "alignment_tolerance is negative; expected 0 or more.";
    }

    IEnumerable<string> PropensityFaults()
    {
        if (!(PropensityTolerance >= 0))
            yield return "propensity_tolerance is negative; expected 0 or more.";
        if ((ContinuousAction || Action.Count > 1) && (BehaviorProbs.Count > 0 || BehaviorLogits.Count > 0 || ActionMask.Count > 0 || ActionFeatures.Count > 0))
            yield return "behavior_probs, behavior_logits, action_mask and action_features are for discrete actions; the actions are continuous.";
        foreach (var name in Info.Keys.Concat(InfoText.Keys))
        {
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') || (Info.ContainsKey(name) && InfoText.ContainsKey(name)))
                yield return $"info name '{name}' is not lower snake case, or is given twice.";
        }
    }
}
