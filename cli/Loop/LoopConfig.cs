using OfflineRL.Datasets;
using OfflineRL.Ingest;
using OfflineRL.Train;

namespace OfflineRL.Cli.Loop;

/// <summary>A loop: record with the policy so far, train on everything recorded, record again.</summary>
public sealed record LoopConfig : IValidatable
{
    const string Own = "loop";
    const double DefaultUpdatesPerStep = 0.5;

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

    /// <summary>
    /// Steps of uniform actions before training begins; 0 for a learner whose policy draws its actions: its first one then acts from the start. The
    /// default value is 1,000.
    /// </summary>
    public long WarmupSteps { get; init; } = 1_000;

    /// <summary>Steps of a round, over all instances: after each the data of the episodes that ended is learned from, and the policy changes. The default value is 128.</summary>
    public int RoundSteps { get; init; } = 128;

    /// <summary>
    /// Whether a round ends when every episode under way has: new ones begin while the round has fewer than <see cref="RoundSteps"/> steps, then the
    /// instances run out. So each episode was recorded by one policy, and all of a round are learned from after it. The default value is false.
    /// </summary>
    public bool WholeEpisodes { get; init; }

    /// <summary>
    /// Whether all steps of a round are learned from right after it, as pieces of episodes: what is under way is cut for the learner, and goes on for the dataset. The
    /// default value is false.
    /// </summary>
    public bool Fragments { get; init; }

    /// <summary>Gradient steps for each step recorded after the warm-up. Not set: 0.5, where <see cref="UpdatesPerRound"/> is not set either.</summary>
    public double? UpdatesPerStep { get; init; }

    /// <summary>Steps of the learner after each round, instead of <see cref="UpdatesPerStep"/>. Not set: as that says.</summary>
    public int? UpdatesPerRound { get; init; }

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

    /// <summary>
    /// Return whose passing is told: after how many steps the mean over the last 100 episodes had reached it. What is recorded and learned does not depend
    /// on it. Not set: nothing is told.
    /// </summary>
    public double? Threshold { get; init; }

    /// <summary>Parts of the split by episode, with their fractions, which sum to 1; <c>train.split</c> is learned from. The default value is all for train.</summary>
    public IReadOnlyDictionary<string, double> Split { get; init; } = new Dictionary<string, double> { ["train"] = 1 };

    /// <summary>The learner, as in a config of <c>offlinerl train</c>; its dataset, name, seeds and steps are the loop's.</summary>
    public TrainConfig Train { get; init; } = new() { Dataset = Own, Name = Own };

    /// <summary>Steps of every instance in a round.</summary>
    internal int StepsOfInstance => Math.Max(1, RoundSteps / Instances);

    /// <summary>Rounds after the warm-up; of whole episodes the most that there may be.</summary>
    internal long Rounds => Math.Max(1, (Steps - WarmupSteps + RoundLength - 1) / RoundLength);

    internal long RoundLength => (long)StepsOfInstance * Instances;

    internal long WarmupLength => WarmupOfInstance * Instances;

    internal long WarmupOfInstance => (WarmupSteps + Instances - 1) / Instances;

    /// <summary>Steps between commits: whole rounds where these have a fixed length.</summary>
    internal long CommitLength => WholeEpisodes ? CommitPeriodSteps : Math.Max(1, CommitPeriodSteps / RoundLength) * RoundLength;

    /// <summary>Steps after the warm-up, at which a loop ends: of whole episodes at least so many.</summary>
    internal long LearnedLength => WholeEpisodes ? Math.Max(1, Steps - WarmupLength) : Rounds * RoundLength;

    /// <summary>Steps after the warm-up when so many rounds are done and so many steps stored.</summary>
    internal long Learned(long rounds, long steps) => WholeEpisodes ? steps - WarmupLength : rounds * RoundLength;

    /// <summary>Gradient steps done when so many rounds are, of so many steps.</summary>
    internal int UpdatesAfter(long rounds, long steps) => UpdatesPerRound is { } updates ? checked((int)(rounds * updates)) : (int)(steps * (UpdatesPerStep ?? DefaultUpdatesPerStep));

    /// <summary>Gradient steps done after the first round.</summary>
    internal int UpdatesOfRound => UpdatesAfter(1, RoundLength);

    /// <summary>Share of uniform actions in the round that begins so many steps after the warm-up.</summary>
    internal double EpsilonAt(long steps) =>
        EpsilonFirst + ((EpsilonLast - EpsilonFirst) * Math.Min(1, steps / (double)Math.Max(1, EpsilonSteps)));

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
        Steps = Math.Max(1, UpdatesAfter(Rounds, Rounds * RoundLength)),
    };

    public IEnumerable<string> Validate()
    {
        foreach (var (key, value) in new[] { ("steps", Steps), ("instances", Instances), ("round_steps", RoundSteps), ("commit_period_steps", CommitPeriodSteps) })
        {
            if (value < 1)
                yield return $"{key} is {value}; expected at least 1.";
        }

        if (Instances > RoundSteps)
            yield return $"instances is {Instances} and round_steps {RoundSteps}; expected at least a step of every instance in a round.";
        if (WarmupSteps < 0)
            yield return $"warmup_steps is {WarmupSteps}; expected at least 0.";
        if (Steps <= WarmupSteps)
            yield return $"steps is {Steps} and warmup_steps {WarmupSteps}; expected more steps than those before training.";
        if (Steps > int.MaxValue / 2)
            yield return $"steps is {Steps}; expected at most {int.MaxValue / 2}.";
        if (UpdatesPerStep is not null && UpdatesPerRound is not null)
            yield return FormattableString.Invariant($"updates_per_step is {UpdatesPerStep} and updates_per_round {UpdatesPerRound}; expected one of them.");
        if (UpdatesPerStep is { } each && !(each > 0 && each * Steps < int.MaxValue))
            yield return FormattableString.Invariant($"updates_per_step is {each}; expected a positive number, and fewer than 2^31 updates in all.");
        if (UpdatesPerRound is { } updates && !(updates > 0 && (double)updates * Steps < int.MaxValue))
            yield return $"updates_per_round is {updates}; expected a positive number, and fewer than 2^31 updates in all.";
        if (Fragments && WholeEpisodes)
            yield return "whole_episodes and fragments are true; expected one of them.";
        if (Fragments && Split.Count > 1)
            yield return $"fragments is true and the split has {Split.Count} parts; expected one: which part an episode is in shows when it has ended. Split the dataset afterwards with 'offlinerl datasets split'.";
        if (Threshold is { } threshold && !double.IsFinite(threshold))
            yield return FormattableString.Invariant($"threshold is {threshold}; expected a finite number.");
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
