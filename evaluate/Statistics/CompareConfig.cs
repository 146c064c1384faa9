using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Which reports are put side by side.</summary>
public sealed record CompareConfig : IValidatable
{
    internal const string JobName = "compare";

    /// <summary>Which job the config is for. Always <c>compare</c>.</summary>
    public string Job { get; init; } = JobName;

    /// <summary>The report's name below <c>reports/</c>. The default value is <c>compare</c>.</summary>
    public string Name { get; init; } = "compare";

    /// <summary>Reports of rollouts and estimates: <c>NAME</c>, <c>NAME-vN</c>, or folders. At least one.</summary>
    public IReadOnlyList<string> Reports { get; init; } = [];

    /// <summary>Of the intervals, in (0, 1). The default value is 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Bootstrap resamples of the seeds. The default value is 2,000.</summary>
    public int Resamples { get; init; } = 2000;

    /// <summary>Of the bootstrap. The default value is 0.</summary>
    public ulong Seed { get; init; }

    public IEnumerable<string> Validate()
    {
        foreach (var fault in ConfigFaults.Common(Job, JobName, Name, Confidence, Resamples))
            yield return fault;
        if (Name.Length == 0)
            yield return "name is empty; expected a name for the report.";
        if (Reports.Count == 0)
            yield return "reports is empty; name at least one report of 'offlinerl evaluate rollout' or 'offlinerl evaluate ope'.";
    }
}
