namespace OfflineRL.Datasets;

/// <summary>One file of a dataset.</summary>
/// <param name="Path">Relative to the dataset's folder, with forward slashes.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
/// <param name="Rows">Rows in it; 0 where it has none.</param>
public sealed record DatasetFile(string Path, long Bytes, string Sha256, long Rows);

public sealed record DatasetCounts
{
    public long Steps { get; init; }

    public long Episodes { get; init; }

    public long Terminated { get; init; }

    public long Truncated { get; init; }

    public long Rejected { get; init; }

    /// <summary>Episodes by part of the split.</summary>
    public IReadOnlyDictionary<string, long> EpisodesBySplit { get; init; } = new Dictionary<string, long>();
}

/// <summary>Mean, standard deviation (of the population) and range of a number.</summary>
public sealed record Spread(double Mean, double Std, double Min, double Max);

public sealed record DatasetStatistics
{
    /// <summary>Per observation dimension; empty for discrete observations. For unsigned bytes: one entry over all of them.</summary>
    public IReadOnlyList<Spread> Observation { get; init; } = [];

    /// <summary>Per action dimension; empty for discrete actions.</summary>
    public IReadOnlyList<Spread> Action { get; init; } = [];

    /// <summary>How often each discrete action was taken; empty for continuous ones.</summary>
    public IReadOnlyList<long> ActionCounts { get; init; } = [];

    public Spread? Reward { get; init; }

    /// <summary>Undiscounted, over episodes.</summary>
    public Spread? Return { get; init; }

    /// <summary>Steps per episode.</summary>
    public Spread? EpisodeSteps { get; init; }
}

/// <summary><c>manifest.json</c>: what a dataset is, where it comes from, and the hashes that prove it.</summary>
public sealed record DatasetManifest
{
    public required string Name { get; init; }

    public required int Version { get; init; }

    public int SchemaVersion { get; init; } = TrajectorySchema.Version;

    /// <summary>Over the data alone, whatever the layout of the files: <c>sha256:</c> and 64 hexadecimal digits.</summary>
    public required string ContentHash { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    public EnvironmentIdentity? Environment { get; init; }

    public PropensitySource PropensitySource { get; init; }

    public PropensityKind PropensityKind { get; init; }

    public bool HasBehaviorProbabilities { get; init; }

    public bool HasActionMask { get; init; }

    public bool HasTimestamp { get; init; }

    /// <summary>Number of features that each discrete action has in <c>action_features</c>; 0: none. The action space has the largest number of actions.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault)]
    public int ActionFeatures { get; init; }

    public IReadOnlyList<InfoColumn> InfoColumns { get; init; } = [];

    public required SplitRule Split { get; init; }

    public required Provenance Provenance { get; init; }

    public required DatasetCounts Counts { get; init; }

    public required DatasetStatistics Statistics { get; init; }

    public required IReadOnlyList<DatasetFile> Files { get; init; }

    /// <summary><c>NAME-vN</c>.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string FullName => $"{Name}-v{Version}";
}
