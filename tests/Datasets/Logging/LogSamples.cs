using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Logging;

/// <summary>Descriptions and steps of known numbers.</summary>
static class LogSamples
{
    public static readonly DatasetDescription Discrete = new()
    {
        ObservationSpace = BoxSpace.Unbounded(4),
        ActionSpace = new DiscreteSpace(3),
        PropensitySource = PropensitySource.Logged,
        PropensityKind = PropensityKind.Probability,
        HasBehaviorProbabilities = true,
        HasActionMask = true,
        HasTimestamp = true,
    };

    /// <summary>Nothing is flushed unless it is asked for or full.</summary>
    public static readonly LoggerOptions Patient = new() { FlushInterval = TimeSpan.FromMinutes(30) };

    public static bool Append(LoggedEpisode episode, int number, int step) =>
        episode.Append([number, step, number + 0.5f, -step], step % 3, number + (step / 4.0), Math.Log(1 / 3.0), [1 / 3.0, 1 / 3.0, 1 / 3.0], [true, true, true]);

    /// <summary>Episode <paramref name="number"/> of <paramref name="steps"/> steps, ended.</summary>
    public static void Episode(TrajectoryLogger logger, int number, int steps)
    {
        var episode = logger.Begin($"e{number}", number % 2 == 0 ? "even" : "odd", $"user{number % 5}");
        for (var step = 0; step < steps; step++)
            Assert.True(Append(episode, number, step));
        Assert.True(episode.End(terminated: number % 3 != 0, truncated: number % 3 == 0, [number, steps, 0, 0]));
    }

    /// <summary>A value of a query over Parquet files, as text.</summary>
    public static string Query(string sql)
    {
        using var database = DuckDbDatabase.OpenInMemory();
        using var connection = database.Connect();
        using var result = connection.Query($"SELECT ({sql})::VARCHAR");
        using var chunk = result.Next()!;
        return chunk[0].Text(0);
    }

    public static string From(string folder) => $"read_parquet({DuckDbSql.Texts(LogFolder.Segments(folder).Select(s => s.Path))})";
}
