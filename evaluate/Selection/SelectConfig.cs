using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Which policies are ranked, by what, and what is known of their true values.</summary>
public sealed record SelectConfig : IValidatable
{
    internal const string JobName = "select";

    /// <summary>Which job the config is for. Always <c>select</c>.</summary>
    public string Job { get; init; } = JobName;

    /// <summary>The report's name below <c>reports/</c>. The default value is <c>select</c>.</summary>
    public string Name { get; init; } = "select";

    /// <summary>The report of <c>offlinerl evaluate ope</c> whose policies are ranked: <c>NAME</c>, <c>NAME-vN</c> or a folder. Required.</summary>
    public string Estimates { get; init; } = "";

    /// <summary>A report of <c>offlinerl evaluate rollout</c> of the same policies, where their true values are known; empty: they are not.</summary>
    public string Truth { get; init; } = "";

    /// <summary>The task or environment of the rollouts that counts as the truth; empty: the environment of the log.</summary>
    public string Task { get; init; } = "";

    /// <summary>Estimators to rank by, the one to decide first; empty: all of the report, in the order of <see cref="SelectJob.Order"/>.</summary>
    public IReadOnlyList<string> Estimators { get; init; } = [];

    /// <summary>What the choice is made by: <c>lower_bound</c> or <c>estimate</c>; the tables have both. The default value is lower_bound.</summary>
    public SelectionCriterion Criterion { get; init; } = SelectionCriterion.LowerBound;

    /// <summary>Whether the estimate of a policy with options (<c>,epsilon=0.1</c>) stands for the run's own policy when the truth is looked up. The default value is false.</summary>
    public bool IgnoreOptions { get; init; }

    /// <summary>The most online trials that the curve goes to. The default value is 50.</summary>
    public int Trials { get; init; } = 50;

    /// <summary>Episodes of one policy in one trial. The default value is 1.</summary>
    public int TrialEpisodes { get; init; } = 1;

    /// <summary>Simulated rounds of trials behind each point of the curve. The default value is 1,000.</summary>
    public int Simulations { get; init; } = 1000;

    /// <summary>Of the intervals and bands, in (0, 1). The default value is 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Bootstrap resamples of the policies behind the rank correlations' intervals. The default value is 2,000.</summary>
    public int Resamples { get; init; } = 2000;

    /// <summary>Of the bootstrap and the simulation. The default value is 0.</summary>
    public ulong Seed { get; init; }

    public IEnumerable<string> Validate()
    {
        foreach (var fault in ConfigFaults.Common(Job, JobName, Name, Confidence, Resamples))
            yield return fault;
        if (Name.Length == 0)
            yield return "name is empty; expected a name for the report.";
        if (Estimates.Length == 0)
            yield return "estimates is not set; name a report of 'offlinerl evaluate ope' with --estimates.";
        if (Task.Length > 0 && Truth.Length == 0)
            yield return $"task is '{Task}' without truth; name a report of 'offlinerl evaluate rollout' with --truth.";
        if (Estimators.Distinct().Count() != Estimators.Count)
            yield return $"estimators is [{string.Join(", ", Estimators)}]; expected each once.";
        foreach (var (key, value) in new[] { ("trials", Trials), ("trial_episodes", TrialEpisodes), ("simulations", Simulations) })
        {
            if (value < 1)
                yield return $"{key} is {value}; expected at least 1.";
        }
    }
}
