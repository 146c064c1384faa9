using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>How far a run or a seed is.</summary>
public enum RunState
{
    /// <summary>A process works on it, or did until it was killed: the lock tells which.</summary>
    Running,

    /// <summary>Every step is done.</summary>
    Finished,

    /// <summary>Stopped by SIGINT or SIGTERM after a checkpoint; the same command goes on.</summary>
    Interrupted,

    /// <summary>Stopped by an error, which the status names.</summary>
    Failed,
}

/// <summary><c>seed-K/status.json</c>.</summary>
public sealed record SeedStatus
{
    public required RunState State { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Steps done at the last checkpoint or at the end.</summary>
    public required int Step { get; init; }

    public required int Steps { get; init; }

    /// <summary>Process that trains or trained it.</summary>
    public required int Pid { get; init; }

    public required string Host { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required DateTimeOffset Updated { get; init; }

    /// <summary>What went wrong, where it failed.</summary>
    public string? Error { get; init; }

    internal const string FileName = "status.json";

    internal void Save(string seedFolder) => JsonFiles.Replace(Path.Combine(seedFolder, FileName), this);

    /// <summary>The status of a seed's folder; null where there is none that can be read.</summary>
    internal static SeedStatus? TryRead(string seedFolder)
    {
        var path = Path.Combine(seedFolder, FileName);
        try
        {
            return File.Exists(path) ? JsonFiles.Read<SeedStatus>(path) : null;
        }
        catch (UserErrorException)
        {
            // The status informs; checkpoints alone decide where training goes on.
            return null;
        }
    }
}
