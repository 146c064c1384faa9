using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>What an ingest config file describes.</summary>
public enum IngestJob
{
    Record,
    Import,
}

/// <summary>One behavior policy of a recording.</summary>
public sealed record BehaviorConfig : IValidatable
{
    /// <summary><c>uniform</c>, <c>scripted</c> and the other built-in policies, or <c>run:NAME</c> for a trained one.</summary>
    public string Policy { get; init; } = "uniform";

    /// <summary>Probability, 0 to 1, with which a step's action is drawn uniformly instead.</summary>
    public double Epsilon { get; init; }

    /// <summary>Share of the episodes, relative to the other policies' weights.</summary>
    public double Weight { get; init; } = 1;

    public IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(Policy))
            yield return "policy is empty; expected a built-in policy such as 'scripted', or run:NAME.";
        if (!(Epsilon is >= 0 and <= 1))
            yield return FormattableString.Invariant($"epsilon is {Epsilon}; expected 0 to 1.");
        if (!(Weight > 0) || double.IsInfinity(Weight))
            yield return FormattableString.Invariant($"weight is {Weight}; expected a positive number.");
    }
}

/// <summary>A recording: an environment, who acts in it, and how much.</summary>
public sealed record RecordConfig : IValidatable
{
    /// <summary>What a config file is for: <c>record</c>.</summary>
    public IngestJob Job { get; init; } = IngestJob.Record;

    /// <summary>The dataset: <c>NAME</c> for its next version, <c>NAME-vN</c> for that one; empty: after the environment, such as <c>cartpole</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>An id of <c>offlinerl environments list</c>, parameters inside the recordable ranges.</summary>
    public string Environment { get; init; } = "CartPole-v1";

    /// <summary>Rows to record, exactly; the last episode is cut as truncated where it would go on.</summary>
    public long Steps { get; init; } = 50_000;

    /// <summary>Instances stepped together. It changes the speed and, for built-in policies, not one digit of the data.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Of everything random: environments, behavior, split.</summary>
    public ulong Seed { get; init; }

    /// <summary>Who acts; one is drawn for each episode. Empty: <see cref="BehaviorPolicies.DefaultMixture"/> of the environment.</summary>
    public IReadOnlyList<BehaviorConfig> Mixture { get; init; } = [];

    /// <summary>Parts of the split by episode, with their fractions, which sum to 1.</summary>
    public IReadOnlyDictionary<string, double> Split { get; init; } = new Dictionary<string, double> { ["train"] = 0.8, ["test"] = 0.2 };

    /// <summary>The config with what it leaves to the environment filled in.</summary>
    /// <exception cref="UserErrorException">There is no such environment.</exception>
    public RecordConfig Resolve()
    {
        var environment = EnvironmentRegistry.Definition(Environment);
        return this with
        {
            Name = Name.Length > 0 ? Name : BehaviorPolicies.DefaultName(environment),
            Mixture = Mixture.Count > 0 ? Mixture : BehaviorPolicies.DefaultMixture(environment),
        };
    }

    public IEnumerable<string> Validate()
    {
        if (Job != IngestJob.Record)
            yield return "job is 'import'; expected 'record'. Use 'offlinerl ingest import' for this file.";
        if (Steps < 1)
            yield return $"steps is {Steps}; expected at least 1.";
        if (Batch is < 1 or > 65536)
            yield return $"batch is {Batch}; expected 1 to 65536.";
        foreach (var fault in Splits.Rule(Split, Seed).Validate())
            yield return $"split: {fault}.";
    }
}
