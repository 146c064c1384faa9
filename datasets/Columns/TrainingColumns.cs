namespace OfflineRL.Datasets;

/// <summary><c>columns.json</c>: what a trainer must know beside the numbers.</summary>
public sealed record ColumnsInfo
{
    public int SchemaVersion { get; init; } = TrajectorySchema.Version;

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

    /// <summary>Names of the parts of the split; <see cref="TrainingColumns.EpisodeSplit"/> holds indices into it.</summary>
    public required IReadOnlyList<string> Splits { get; init; }

    public IReadOnlyList<InfoColumn> InfoColumns { get; init; } = [];

    public required DatasetStatistics Statistics { get; init; }
}

/// <summary>A dataset as memory-mapped columns. N: steps, E: episodes, D: numbers per observation, A: action dimensions or discrete actions.</summary>
public sealed class TrainingColumns : IDisposable
{
    /// <summary>Opens a compiled folder; needs neither DuckDB nor the Parquet files.</summary>
    public static TrainingColumns Open(string folder) => throw new NotSupportedException();

    public ColumnsInfo Info { get; } = null!;

    public string Folder { get; } = "";

    public long Steps => Info.Steps;

    public int Episodes => Info.Episodes;

    /// <summary>[N, D]; null where <see cref="ObservationBytes"/> is set. Discrete observations are whole numbers, D = 1.</summary>
    public NpyColumn<float>? Observations { get; }

    /// <summary>[N, D], for spaces of unsigned bytes.</summary>
    public NpyColumn<byte>? ObservationBytes { get; }

    /// <summary>[E, D]; zeros where unknown.</summary>
    public NpyColumn<float>? FinalObservations { get; }

    /// <summary>[E, D], for spaces of unsigned bytes.</summary>
    public NpyColumn<byte>? FinalObservationBytes { get; }

    /// <summary>[E], 1: known.</summary>
    public NpyColumn<byte> FinalObservationKnown { get; } = null!;

    /// <summary>[N].</summary>
    public NpyColumn<int>? DiscreteActions { get; }

    /// <summary>[N, A].</summary>
    public NpyColumn<float>? ContinuousActions { get; }

    /// <summary>[N].</summary>
    public NpyColumn<double> Rewards { get; } = null!;

    /// <summary>[N], 1: the step ended in a terminal state.</summary>
    public NpyColumn<byte> Terminated { get; } = null!;

    /// <summary>[N], 1: the episode was cut after the step.</summary>
    public NpyColumn<byte> Truncated { get; } = null!;

    /// <summary>[N], NaN: unknown; null: the dataset has none.</summary>
    public NpyColumn<double>? BehaviorLogProbabilities { get; }

    /// <summary>[N, A].</summary>
    public NpyColumn<double>? BehaviorProbabilities { get; }

    /// <summary>[N, A], 1: allowed.</summary>
    public NpyColumn<byte>? ActionMasks { get; }

    /// <summary>[N], the episode of each step.</summary>
    public NpyColumn<int> EpisodeIndex { get; } = null!;

    /// <summary>[E + 1], the first row of each episode, and N at the end.</summary>
    public NpyColumn<long> EpisodeFirstRow { get; } = null!;

    /// <summary>[E], index into <see cref="ColumnsInfo.Splits"/>.</summary>
    public NpyColumn<byte> EpisodeSplit { get; } = null!;

    /// <summary>A passed-through column of numbers, [N] or [N, Width]; integers and booleans as numbers, null as NaN.</summary>
    /// <param name="name">With or without the prefix <c>info_</c>.</param>
    /// <exception cref="UserErrorException">No such column of numbers; the message lists those there are.</exception>
    public NpyColumn<double> InfoColumn(string name) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
