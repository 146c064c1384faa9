using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Which policies are run on which environments, and how often.</summary>
public sealed record RolloutConfig : IValidatable
{
    /// <summary>Which job the config is for. Always <c>rollout</c>.</summary>
    public string Job { get; init; } = JobName;

    internal const string JobName = "rollout";

    /// <summary>The report's name below <c>reports/</c>; empty: <c>rollout</c> and the first policy's name.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>run:NAME[@last|@all|@step=N][,seed=K][,epsilon=E][,temperature=T][,greedy=true]</c> or <c>builtin:NAME[?noise=S&amp;epsilon=E]</c>. At least one.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>The environment that <c>nominal</c> and <c>held_out</c> refer to; empty: the one that the policies' dataset was recorded on.</summary>
    public string Environment { get; init; } = "";

    /// <summary>Ids, names of held-out variants, <c>nominal</c>, or <c>held_out</c> for all declared ones. The default value is nominal and held_out.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = ["nominal", "held_out"];

    /// <summary>The log that tells nominal from held-out where the policies have none of their own; its mean return stands beside the scores. Empty: the runs' dataset.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>Episodes for each policy and task. The default value is 100.</summary>
    public int Episodes { get; init; } = 100;

    /// <summary>Of the discounted returns that stand beside the undiscounted, from 0 to 1. The default value is 0.99.</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>Decides the start of every episode and every draw; the same for all policies, so that they meet the same starts. The default value is 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Episodes run side by side, over all tasks. Changes the speed and the memory, no digit. The default value is 4,096.</summary>
    public int BatchSize { get; init; } = 4096;

    /// <summary>Policies run side by side. Changes no digit. 0: one for each core. The default value is 0.</summary>
    public int Workers { get; init; }

    /// <summary>Keeps the trajectories as this dataset: <c>NAME</c>, or <c>NAME-vN</c>; those of tasks that are never recorded are left out. Empty: they are not kept.</summary>
    public string SaveDataset { get; init; } = "";

    /// <summary>Whether the first episode of each policy's last snapshot is drawn on each task that can be: a strip (PNG) and an animation (GIF) in the report's folder. The default value is false.</summary>
    public bool Draw { get; init; }

    /// <summary>Of the intervals, in (0, 1). The default value is 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Bootstrap resamples. The default value is 2,000.</summary>
    public int Resamples { get; init; } = 2000;

    public IEnumerable<string> Validate()
    {
        foreach (var fault in ConfigFaults.Common(Job, JobName, Name, Confidence, Resamples))
            yield return fault;
        if (!(Discount is >= 0 and <= 1))
            yield return FormattableString.Invariant($"discount is {Discount}; expected a number from 0 to 1, such as 0.99.");
        if (Policies.Count == 0)
            yield return "policies is empty; name at least one, for example --policy run:cartpole-dqn or --policy builtin:scripted.";
        if (Tasks.Count == 0)
            yield return "tasks is empty; name at least one, for example nominal, held_out or CartPole-v1?length=0.8.";
        foreach (var (key, value, least) in new[] { ("episodes", Episodes, 1), ("batch_size", BatchSize, 1), ("workers", Workers, 0) })
        {
            if (value < least)
                yield return $"{key} is {value}; expected at least {least}.";
        }
    }
}
