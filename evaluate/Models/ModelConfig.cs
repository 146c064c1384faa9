using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Which runs' world models are reported.</summary>
public sealed record ModelConfig : IValidatable
{
    internal const string JobName = "model";

    /// <summary>Which job the config is for. Always <c>model</c>.</summary>
    public string Job { get; init; } = JobName;

    /// <summary>The report's name below <c>reports/</c>; empty: the first run's name and <c>model</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>Runs that stored world models, by name or folder. At least one.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>The training seed whose models are reported; not set: every one that has some.</summary>
    public ulong? Seed { get; init; }

    public IEnumerable<string> Validate()
    {
        foreach (var fault in ConfigFaults.Common(Job, JobName, Name, confidence: 0.5, resamples: 1))
            yield return fault;
        if (Runs.Count == 0)
            yield return "runs is empty; name at least one run that learned a world model, for example --run cartpole-world_model.";
    }
}
