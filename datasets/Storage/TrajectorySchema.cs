namespace OfflineRL.Datasets;

/// <summary>One column of the contract.</summary>
/// <param name="Name">In the Parquet file.</param>
/// <param name="Type">DuckDB's name of the type; <c>[]</c> is a list.</param>
/// <param name="Nullable">Whether null may occur.</param>
/// <param name="Meaning">One sentence, as in the README.</param>
public sealed record SchemaColumn(string Name, string Type, bool Nullable, string Meaning);

/// <summary>
/// The contract of a dataset's Parquet files: names, types, nullability and meaning of every column, for one pair of spaces. The writer makes
/// its tables from it, the reader and the check compare files with it, and a test compares the README.
/// </summary>
/// <param name="ObservationSpace">Decides the type of <c>observation</c>.</param>
/// <param name="ActionSpace">Decides the type of <c>action</c>.</param>
/// <param name="InfoColumns">Passed-through columns.</param>
public sealed record TrajectorySchema(Space ObservationSpace, Space ActionSpace, IReadOnlyList<InfoColumn> InfoColumns)
{
    /// <summary>Number of features of each discrete action; 0: actions have none, and the files no such column.</summary>
    public int ActionFeatures { get; init; }

    /// <summary>Goes up when a column is added, removed or changes its type or meaning.</summary>
    public const int Version = 1;

    /// <summary>The probabilities of a step sum to 1 within this over the allowed actions.</summary>
    public const double ProbabilitySumTolerance = 1e-6;

    /// <summary>exp(<c>behavior_log_prob</c>) and the entry of <c>behavior_probs</c> agree within this: logs keep one of them as float32.</summary>
    public const double ProbabilityTolerance = 1e-5;

    const int VectorRows = 2048, MostRowGroupRows = 122_880;

    /// <summary>Numbers per observation.</summary>
    public int ObservationWidth => ObservationSpace.FlatSize;

    /// <summary>Whether observations are stored as the bytes they are.</summary>
    public bool ObservationsAreBytes => ObservationSpace is BoxSpace { ElementType: ElementType.UInt8 };

    public bool ObservationsAreDiscrete => ObservationSpace is DiscreteSpace;

    /// <summary>Number of discrete actions; 0 for continuous ones.</summary>
    public int ActionCount => ActionSpace is DiscreteSpace discrete ? discrete.Count : 0;

    /// <summary>Dimensions of a continuous action; 0 for discrete ones.</summary>
    public int ActionWidth => ActionSpace is BoxSpace ? ActionSpace.FlatSize : 0;

    /// <summary><c>data/part-*.parquet</c>: one row per step, ordered by (episode_id, step).</summary>
    public IReadOnlyList<SchemaColumn> StepColumns =>
    [
        new("episode_id", "BIGINT", false, "The episode, from 0 in the order of the rows."),
        new("step", "INTEGER", false, "From 0 in each episode, without gaps."),
        new("observation", ObservationType, false, "What the policy saw before it acted."),
        new("action", ActionCount > 0 ? "INTEGER" : "FLOAT[]", false, "What it did: a number from 0, or a vector."),
        new("reward", "DOUBLE", false, "What followed the action."),
        new("terminated", "BOOLEAN", false, "The step ended in a terminal state."),
        new("truncated", "BOOLEAN", false, "The episode was cut after the step, such as by a time limit."),
        new("behavior_log_prob", "DOUBLE", true, "Natural logarithm of the action's probability, or of the density of the action as stored."),
        new("behavior_probs", "DOUBLE[]", true, "The whole distribution over discrete actions."),
        new("action_mask", "BOOLEAN[]", true, "Which discrete actions were allowed."),
        new("timestamp", "TIMESTAMP WITH TIME ZONE", true, "When it happened, UTC."),
        .. InfoColumns.Select(c => new SchemaColumn(c.Name, InfoType(c), true, "Passed through from the source.")),
        // Last and only where there are any, so that datasets without them are what they always were.
        .. ActionFeatures > 0 ? new[] { new SchemaColumn("action_features", "FLOAT[][]", true, "What each discrete action offers: a list of numbers an action, zeros for those not allowed.") } : [],
    ];

    /// <summary>Place of <c>action_features</c> among the columns, where there are any.</summary>
    public int ActionFeaturesColumn => 11 + InfoColumns.Count;

    /// <summary>Numbers of all actions' features of one step.</summary>
    public int ActionFeaturesWidth => ActionCount * ActionFeatures;

    /// <summary><c>episodes.parquet</c>: one row per episode, ordered by episode_id.</summary>
    public IReadOnlyList<SchemaColumn> EpisodeColumns =>
    [
        new("episode_id", "BIGINT", false, "As in the steps."),
        new("episode_key", "VARCHAR", false, "Source hash and id in the source: survives merges, exact duplicates share it."),
        new("split_key", "VARCHAR", true, "What the split hashes where it is not the key, such as a user."),
        new("steps", "INTEGER", false, "Number of steps, at least 1."),
        new("return", "DOUBLE", false, "Sum of the rewards."),
        new("first_row", "BIGINT", false, "Row of its first step, from 0 over all parts."),
        new("terminated", "BOOLEAN", false, "Of its last step."),
        new("truncated", "BOOLEAN", false, "Of its last step."),
        new("final_observation", ObservationType, true, "The observation after the last step; null where the source does not have it."),
        new("behavior_policy", "VARCHAR", false, "Name of the policy that acted."),
        new("environment", "VARCHAR", true, "Id of the environment."),
        new("environment_parameters", "VARCHAR", true, "Its resolved parameters, as a JSON object."),
        new("source_file", "VARCHAR", true, "The file it was read from."),
        new("split", "VARCHAR", false, "Name of its part of the split."),
    ];

    string ObservationType => ObservationsAreDiscrete ? "INTEGER" : ObservationsAreBytes ? "BLOB" : "FLOAT[]";

    /// <summary>Bytes of one row in memory, about.</summary>
    public long RowBytes =>
        32 + (ObservationWidth * (ObservationsAreBytes ? 1L : 4L)) + (ActionWidth * 4L) + (ActionCount * 9L) + (ActionFeaturesWidth * 4L) +
        InfoColumns.Sum(c => 8L * Math.Max(1, c.Width));

    /// <summary>
    /// Rows per row group: 64 MiB over the row's bytes, at most 122,880, in whole vectors of 2,048 rows, since DuckDB writes and reads by them.
    /// </summary>
    public int RowGroupRows => (int)Math.Clamp((64L << 20) / RowBytes / VectorRows * VectorRows, VectorRows, MostRowGroupRows);

    /// <summary>Rows per file: four row groups, fewer where rows are so wide that a file would exceed 256 MiB.</summary>
    public long PartRows => RowGroupRows * Math.Clamp((256L << 20) / (RowBytes * RowGroupRows), 1, 4);

    public static TrajectorySchema Of(DatasetDescription description) =>
        new(description.ObservationSpace, description.ActionSpace, description.InfoColumns) { ActionFeatures = description.ActionFeatures };

    public static TrajectorySchema Of(DatasetManifest manifest) =>
        new(manifest.ObservationSpace, manifest.ActionSpace, manifest.InfoColumns) { ActionFeatures = manifest.ActionFeatures };

    static string InfoType(InfoColumn column) => column switch
    {
        { Width: > 0 } => "DOUBLE[]",
        { Type: Datasets.InfoType.Double } => "DOUBLE",
        { Type: Datasets.InfoType.Integer } => "BIGINT",
        { Type: Datasets.InfoType.Boolean } => "BOOLEAN",
        _ => "VARCHAR",
    };
}
