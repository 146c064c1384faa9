namespace OfflineRL.Train;

/// <summary>How one seed of a job ended.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="State">Finished, interrupted or failed.</param>
/// <param name="Step">Gradient steps done in all.</param>
/// <param name="Error">What went wrong, where it failed.</param>
public sealed record SeedResult(ulong Seed, RunState State, int Step, string? Error = null);

/// <summary>How a job ended. Seeds that an interruption left untouched are not listed.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Folder">The run's folder.</param>
/// <param name="Seeds">In the order they were trained.</param>
public sealed record TrainResult(string Name, string Folder, IReadOnlyList<SeedResult> Seeds)
{
    /// <summary>Whether SIGINT or SIGTERM ended it; the same command goes on.</summary>
    public bool Interrupted => Seeds.Any(seed => seed.State == RunState.Interrupted);
}

/// <summary><c>runs/NAME/status.json</c>: the seeds of the run that exist, whichever job trains them.</summary>
public sealed record RunStatus
{
    /// <summary>Failed where a seed failed, else running where one runs, else interrupted where one was, else finished.</summary>
    public required RunState State { get; init; }

    public required DateTimeOffset Updated { get; init; }

    public required IReadOnlyList<SeedStatus> Seeds { get; init; }

    internal static RunStatus Of(IReadOnlyList<SeedStatus> seeds, DateTimeOffset now)
    {
        RunState[] byGravity = [RunState.Failed, RunState.Running, RunState.Interrupted];
        var state = byGravity.Where(s => seeds.Any(seed => seed.State == s)).Append(RunState.Finished).First();
        return new RunStatus { State = state, Updated = now, Seeds = seeds };
    }
}
