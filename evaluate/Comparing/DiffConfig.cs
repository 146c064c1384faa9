using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Which two reports are compared, the earlier one first.</summary>
public sealed record DiffConfig : IValidatable
{
    internal const string JobName = "diff";

    /// <summary>Which job the config is for. Always <c>diff</c>.</summary>
    public string Job { get; init; } = JobName;

    /// <summary>The report's name below <c>reports/</c>; empty: that of the later report and <c>diff</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The earlier report: <c>NAME</c>, <c>NAME-vN</c>, or a folder. Required.</summary>
    public string Before { get; init; } = "";

    /// <summary>The later one; empty: <see cref="Before"/> is a name without a version, and its newest two are compared.</summary>
    public string After { get; init; } = "";

    /// <summary>Of the intervals, in (0, 1). The default value is 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Bootstrap resamples. The default value is 2,000.</summary>
    public int Resamples { get; init; } = 2000;

    /// <summary>Of the bootstrap. The default value is 0.</summary>
    public ulong Seed { get; init; }

    public IEnumerable<string> Validate()
    {
        foreach (var fault in ConfigFaults.Common(Job, JobName, Name, Confidence, Resamples))
            yield return fault;
        if (Before.Length == 0)
            yield return "before is not set; name the earlier report, for example 'offlinerl evaluate diff cartpole-dqn-rollout-v1 cartpole-dqn-rollout-v2'.";
    }
}
