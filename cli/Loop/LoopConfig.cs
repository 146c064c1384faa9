using OfflineRL.Datasets;
using OfflineRL.Ingest;
using OfflineRL.Train;

namespace OfflineRL.Cli.Loop;

/// <summary>A loop: record with the policy so far, train on everything recorded, record again.</summary>
public sealed record LoopConfig : IValidatable
{
    const string Own = "loop";

    /// <summary>Of the run and of seed 0's dataset; every other seed has its own, <c>NAME-seed-K</c>. Empty: after environment and algorithm.</summary>
    public string Name { get; init; } = "";

    /// <summary>An id of <c>offlinerl environments list</c>, parameters inside the recordable ranges.</summary>
    public string Environment { get; init; } = "CartPole-v1";

    /// <summary>Seeds and ranges of seeds, one loop after the other: <c>0..4</c>. The default value is 0.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = ["0"];

    /// <summary>Steps to record, those before training begins included. The default value is 50,000.</summary>
    public long Steps { get; init; } = 50_000;

    /// <summary>Instances stepped together. The default value is 8.</summary>
    public int Instances { get; init; } = 8;

    /// <summary>Steps of uniform actions before training begins. The default value is 1,000.</summary>
    public long WarmupSteps { get; init; } = 1_000;

    /// <summary>Steps of a round, over all instances: after each the data of the episodes that ended is learned from, and the policy changes. The default value is 128.</summary>
    public int RoundSteps { get; init; } = 128;

    /// <summary>Gradient steps for each step recorded after the warm-up. The default value is 0.5.</summary>
    public double UpdatesPerStep { get; init; } = 0.5;

    /// <summary>Share of uniform actions when training begins, in [0, 1]. The default value is 1.</summary>
    public double EpsilonFirst { get; init; } = 1;

    /// <summary>What it falls to, linearly, in [0, 1]. The default value is 0.05.</summary>
    public double EpsilonLast { get; init; } = 0.05;

    /// <summary>Steps over which it falls. The default value is 10,000.</summary>
    public long EpsilonSteps { get; init; } = 10_000;

    /// <summary>
    /// Steps between versions of the dataset, each with policy and checkpoint: there the episodes under way end as truncated, and from there an
    /// interrupted loop goes on. The default value is 10,000.
    /// </summary>
    public long CommitPeriodSteps { get; init; } = 10_000;

    /// <summary>Parts of the split by episode, with their fractions, which sum to 1; <c>train.split</c> is learned from. The default value is all for train.</summary>
    public IReadOnlyDictionary<string, double> Split { get; init; } = new Dictionary<string, double> { ["train"] = 1 };

    /// <summary>The learner, as in a config of <c>offlinerl train</c>; its dataset, name, seeds and steps are the loop's.</summary>
    public TrainConfig Train { get; init; } = new() { Dataset = Own, Name = Own };

    /// <summary>Steps of every instance in a round.</summary>
    internal int StepsOfInstance => Math.Max(1, RoundSteps / Instances);

    /// <summary>Rounds after the warm-up.</summary>
    internal long Rounds => Math.Max(1, (Steps - WarmupSteps + RoundLength - 1) / RoundLength);

    internal long RoundLength => (long)StepsOfInstance * Instances;

    internal long WarmupLength => WarmupOfInstance * Instances;

    internal long WarmupOfInstance => (WarmupSteps + Instances - 1) / Instances;

    internal long RoundsOfCommit => Math.Max(1, CommitPeriodSteps / RoundLength);

    /// <summary>Gradient steps done when so many rounds are.</summary>
    internal int UpdatesAfter(long rounds) => (int)(rounds * RoundLength * UpdatesPerStep);

    /// <summary>Share of uniform actions in a round, from 0.</summary>
    internal double EpsilonIn(long round) =>
        EpsilonFirst + ((EpsilonLast - EpsilonFirst) * Math.Min(1, round * RoundLength / (double)Math.Max(1, EpsilonSteps)));

    /// <summary>The name of a seed's dataset, whichever other seeds are in the job.</summary>
    internal string DatasetOf(ulong seed) => seed == 0 ? Name : FormattableString.Invariant($"{Name}-seed-{seed}");

    /// <summary>What is recorded with.</summary>
    internal RecordConfig Recording(ulong seed) => new()
    {
        Name = DatasetOf(seed),
        Environment = Environment,
        Steps = Steps,
        Batch = Instances,
        Seed = seed,
        Split = Split,
    };

    /// <summary>What is trained with.</summary>
    internal TrainConfig Training() => Train with
    {
        Dataset = Name,
        Name = Name,
        Seeds = Seeds,
        Steps = Math.Max(1, UpdatesAfter(Rounds)),
    };

    public IEnumerable<string> Validate()
    {
        foreach (var (key, value) in new[] { ("steps", Steps), ("instances", Instances), ("warmup_steps", WarmupSteps), ("round_steps", RoundSteps), ("commit_period_steps", CommitPeriodSteps) })
        {
            if (value < 1)
                yield return $"{key} is {value}; expected at least 1.";
        }

        if (Instances > RoundSteps)
            yield return $"instances is {Instances} and round_steps {RoundSteps}; expected at least a step of every instance in a round.";
        if (Steps <= WarmupSteps)
            yield return $"steps is {Steps} and warmup_steps {WarmupSteps}; expected more steps than those before training.";
        if (Steps > int.MaxValue / 2)
            yield return $"steps is {Steps}; expected at most {int.MaxValue / 2}.";
        if (!(UpdatesPerStep > 0) || !(UpdatesPerStep * Steps < int.MaxValue))
            yield return FormattableString.Invariant($"updates_per_step is {UpdatesPerStep}; expected a positive number, and fewer than 2^31 updates in all.");
        foreach (var (key, value) in new[] { ("epsilon_first", EpsilonFirst), ("epsilon_last", EpsilonLast) })
        {
            if (!(value is >= 0 and <= 1))
                yield return FormattableString.Invariant($"{key} is {value}; expected 0 to 1.");
        }

        if (EpsilonSteps < 0)
            yield return $"epsilon_steps is {EpsilonSteps}; expected at least 0.";
        foreach (var (key, changed) in new[]
        {
            ("dataset", Train.Dataset != Own), ("name", Train.Name != Own), ("steps", Train.Steps != new TrainConfig().Steps),
            ("seeds", !Train.Seeds.SequenceEqual(new TrainConfig().Seeds)),
        })
        {
            if (changed)
                yield return $"train.{key} is set; the loop decides it: use the loop's own {(key == "dataset" ? "name" : key)}.";
        }
    }
}
