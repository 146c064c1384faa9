namespace OfflineRL.Datasets;

/// <summary>The contract of the Parquet files.</summary>
public static class TrajectorySchema
{
    public const int Version = 1;
}
