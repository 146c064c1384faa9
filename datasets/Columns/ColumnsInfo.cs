namespace OfflineRL.Datasets;

/// <summary><c>columns.json</c>: what a trainer must know beside the numbers.</summary>
public sealed record ColumnsInfo
{
    /// <summary>Goes up when a column is added, removed or changes its type or meaning; older folders are made again.</summary>
    public const int CurrentLayout = 3;

    public int Layout { get; init; } = CurrentLayout;

    /// <summary><c>NAME-vN</c> of the dataset the columns were made from.</summary>
    public required string Dataset { get; init; }

    public required string ContentHash { get; init; }

    public required long Steps { get; init; }

    public required int Episodes { get; init; }

    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    public EnvironmentIdentity? Environment { get; init; }

    public PropensitySource PropensitySource { get; init; }

    public PropensityKind PropensityKind { get; init; }

    public bool HasBehaviorProbabilities { get; init; }

    public bool HasActionMask { get; init; }

    /// <summary>Number of features that each discrete action has; 0: none.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault)]
    public int ActionFeatures { get; init; }

    /// <summary>Names of the parts of the split; <see cref="TrainingColumns.EpisodeSplit"/> holds indices into it.</summary>
    public required IReadOnlyList<string> Splits { get; init; }

    public IReadOnlyList<InfoColumn> InfoColumns { get; init; } = [];

    public required DatasetStatistics Statistics { get; init; }

    /// <summary>The files beside this one, as they were written.</summary>
    public IReadOnlyList<ColumnFile> Files { get; init; } = [];

    internal static ColumnsInfo Of(DatasetManifest manifest) => new()
    {
        Dataset = manifest.FullName,
        ContentHash = manifest.ContentHash,
        Steps = manifest.Counts.Steps,
        Episodes = checked((int)manifest.Counts.Episodes),
        ObservationSpace = manifest.ObservationSpace,
        ActionSpace = manifest.ActionSpace,
        Environment = manifest.Environment,
        PropensitySource = manifest.PropensitySource,
        PropensityKind = manifest.PropensityKind,
        HasBehaviorProbabilities = manifest.HasBehaviorProbabilities,
        HasActionMask = manifest.HasActionMask,
        ActionFeatures = manifest.ActionFeatures,
        Splits = [.. manifest.Split.Fractions.Select(f => f.Name)],
        InfoColumns = manifest.InfoColumns,
        Statistics = manifest.Statistics,
    };
}
