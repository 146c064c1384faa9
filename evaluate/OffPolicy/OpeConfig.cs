using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Which policies are estimated from which log, and how.</summary>
public sealed record OpeConfig : IValidatable
{
    internal const string JobName = "ope";

    /// <summary>Which job the config is for. Always <c>ope</c>.</summary>
    public string Job { get; init; } = JobName;

    /// <summary>The report's name below <c>reports/</c>; empty: the first policy's name and <c>ope</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The log: <c>NAME</c>, <c>NAME-vN</c>, or the path of a dataset or of a folder of compiled columns. Required.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>Part of the dataset's split; empty: all episodes.</summary>
    public string Split { get; init; } = "";

    /// <summary><c>run:NAME…</c>, <c>builtin:NAME…</c>, <c>columns:probs=COLUMN</c> or <c>columns:logits=COLUMN[,temperature=T]</c>. At least one.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>What built-in policies act in; empty: the dataset's environment.</summary>
    public string Environment { get; init; } = "";

    /// <summary>
    /// Names of estimators, such as <c>pdis</c>, <c>wdr</c> or <c>switch_dr?lambda=5</c>; <c>offlinerl evaluate ope --help</c>
    /// lists them. Empty (the default value): those that suit the log and <see cref="Values"/>.
    /// </summary>
    public IReadOnlyList<string> Estimators { get; init; } = [];

    /// <summary>Where q and v come from, for estimators that take them.</summary>
    public ValueConfig Values { get; init; } = new();

    /// <summary>In [0, 1]. The default value is 1: the return that rollouts report.</summary>
    public double Discount { get; init; } = 1;

    /// <summary>The interval that the table of estimates shows; the others are beside it. The default value is bootstrap_percentile.</summary>
    public IntervalMethod Interval { get; init; } = IntervalMethod.BootstrapPercentile;

    /// <summary>Of the intervals, in (0, 1). The default value is 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Bootstrap resamples of the episodes. The default value is 2,000.</summary>
    public int Resamples { get; init; } = 2000;

    /// <summary>Of the bootstrap. The default value is 0.</summary>
    public ulong Seed { get; init; }

    public IEnumerable<string> Validate()
    {
        foreach (var fault in ConfigFaults.Common(Job, JobName, Name, Confidence, Resamples))
            yield return fault;
        if (Dataset.Length == 0)
            yield return "dataset is not set; name one, for example with --dataset cartpole.";
        if (Policies.Count == 0)
            yield return "policies is empty; name at least one, for example --policy run:cartpole-dqn,epsilon=0.1 or --policy columns:logits=logits,temperature=0.5.";
        if (Estimators.Distinct().Count() != Estimators.Count)
            yield return $"estimators is [{string.Join(", ", Estimators)}]; expected each once.";
        if (!(Discount is >= 0 and <= 1))
            yield return FormattableString.Invariant($"discount is {Discount}; expected a number from 0 to 1.");
    }
}
