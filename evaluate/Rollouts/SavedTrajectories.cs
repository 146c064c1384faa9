using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>Rolled out episodes as a dataset, each with the exact probabilities of its policy. What is kept back for evaluation stays out of it.</summary>
sealed class SavedTrajectories : IDisposable
{
    readonly DatasetWriter _writer;
    readonly HashSet<EnvironmentIdentity> _environments;
    readonly ulong _seed;
    readonly bool _hasPropensities;

    SavedTrajectories(DatasetWriter writer, IEnumerable<RolloutTask> tasks, ulong seed, bool hasPropensities) =>
        (_writer, _environments, _seed, _hasPropensities) = (writer, [.. tasks.Select(t => t.Identity)], seed, hasPropensities);

    /// <summary>What was left out, where something was.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Begins a dataset.</summary>
    /// <param name="config">With the dataset's name.</param>
    /// <param name="workspace">Gets the dataset.</param>
    /// <param name="policies">That will act; their spaces fit those of the tasks.</param>
    /// <param name="tasks">Of which those that may be recorded are kept.</param>
    /// <param name="time">Of the creation.</param>
    /// <exception cref="UserErrorException">The name cannot be used, or no task may be recorded.</exception>
    public static SavedTrajectories Create(RolloutConfig config, Workspace workspace, IReadOnlyList<PolicyCandidate> policies, IReadOnlyList<RolloutTask> tasks, TimeProvider time)
    {
        var kept = tasks.Where(t => EnvironmentRegistry.IsRecordable(t.Identity)).ToList();
        if (kept.Count == 0)
            throw EvaluateThrow.NothingToSave(config.SaveDataset, tasks.Select(t => t.Name));
        var (spaces, actions, masked) = Describe(kept);
        var hasPropensities = policies.All(candidate => HasPropensities(candidate, actions));
        var discrete = actions is DiscreteSpace;
        var writer = DatasetWriter.Create(workspace, config.SaveDataset, new DatasetDescription
        {
            ObservationSpace = spaces.Aggregate(Common),
            ActionSpace = actions,
            Environment = kept.Count == 1 ? kept[0].Identity : null,
            PropensitySource = hasPropensities ? PropensitySource.Logged : PropensitySource.Unknown,
            PropensityKind = !hasPropensities ? PropensityKind.None : discrete ? PropensityKind.Probability : PropensityKind.Density,
            HasBehaviorProbabilities = discrete,
            HasActionMask = masked,
            Provenance = new Provenance { Command = "evaluate rollout", Config = Config.ToYaml(config) },
            Split = new SplitRule(config.Seed, [new("train", 0.8), new("test", 0.2)]),
        }, time);
        return new SavedTrajectories(writer, kept, config.Seed, hasPropensities)
        {
            Notes = kept.Count == tasks.Count ? [] : [$"The dataset {config.SaveDataset} holds the episodes on {string.Join(", ", kept.Select(t => t.Name))}; the other tasks are kept back for evaluation and never recorded."],
        };
    }

    /// <summary>What keeps the episodes of a policy.</summary>
    public RolloutBatch.EpisodeSink SinkOf(PolicyCandidate policy)
    {
        var name = policy.Seed is null ? policy.Policy : string.Create(CultureInfo.InvariantCulture, $"{policy.Policy}/seed-{policy.Seed}/step-{policy.Step}");
        return (task, episode) =>
        {
            if (!_environments.Contains(task.Identity))
                return;
            episode.BehaviorPolicy = name;
            _writer.WriteEpisode(episode.ToColumns(task.Identity, _seed, _hasPropensities));
        };
    }

    /// <summary>Makes the dataset visible.</summary>
    public DatasetManifest Commit() => _writer.Commit();

    public void Dispose() => _writer.Dispose();

    // What is cut to the bounds of an environment has no density.
    static bool HasPropensities(PolicyCandidate candidate, Space actions)
    {
        var policy = candidate.Load();
        using (policy as IDisposable)
            return policy.HasPropensities && PolicySpaces.StaysWithin(policy.ActionSpace, actions);
    }

    static (List<Space> Observations, Space Actions, bool Masked) Describe(List<RolloutTask> tasks)
    {
        var (observations, masked, actions) = (new List<Space>(), false, default(Space));
        foreach (var task in tasks)
        {
            using var environment = EnvironmentRegistry.Make(task.Identity.ToString(), 1);
            observations.Add(environment.ObservationSpace);
            actions ??= environment.ActionSpace;
            masked |= environment is IMaskedEnvironment;
        }

        return (observations, actions!, masked);
    }

    // Bounds may be a parameter's; the dataset's hold all of them.
    static Space Common(Space a, Space b) => a is BoxSpace x && b is BoxSpace y && x != y
        ? x with { Low = [.. x.Low.Zip(y.Low, Math.Min)], High = [.. x.High.Zip(y.High, Math.Max)] }
        : a;
}
