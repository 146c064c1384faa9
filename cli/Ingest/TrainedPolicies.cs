using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using OfflineRL.Train;

namespace OfflineRL.Cli.Ingest;

/// <summary>Hands trained policies to the recorder, which cannot name the trainer.</summary>
static class TrainedPolicies
{
    /// <summary>What the user may leave out: a name that is no built-in policy is a run's.</summary>
    public static string Spec(string text, EnvironmentDefinition environment)
    {
        var name = text.Split('?')[0];
        var isKnown = text.Contains(':', StringComparison.Ordinal) || BuiltInPolicies.Names.Contains(name) || environment.Policies.Any(p => p.Name == name);
        return isKnown ? text : "run:" + text;
    }

    /// <summary>One stored policy of a run: the last of its first seed, where the spec does not say otherwise.</summary>
    /// <exception cref="UserErrorException">There is no such run, seed or snapshot, or the spec names several policies.</exception>
    public static IPolicy Load(Workspace workspace, string spec)
    {
        if (PolicySpec.Parse(spec) is not RunPolicySpec { Choice: not SnapshotChoice.All } run)
            throw new UserErrorException($"Policy '{spec}' cannot be recorded; expected a built-in policy, or one policy of a run: run:NAME[@offline_best|@step=N][,seed=K].");
        var info = RunFolder.Open(workspace, run.Run);
        var seed = info.Seeds.FirstOrDefault(s => run.Seed is null || s.Seed == (ulong)run.Seed)
            ?? throw new UserErrorException($"Policy '{spec}': the run in {info.Folder} has no such seed; it has {string.Join(", ", info.Seeds.Select(s => s.Seed))}.");
        var snapshot = run.Choice switch
        {
            SnapshotChoice.Step => seed.Policies.FirstOrDefault(p => p.Step == run.Step),
            SnapshotChoice.OfflineBest => seed.Best,
            _ => seed.Last,
        };
        return snapshot is null
            ? throw new UserErrorException($"Policy '{spec}': {seed.Folder} holds no such policy; it has those of steps {string.Join(", ", seed.Policies.Select(p => p.Step))}.")
            : LearnedPolicy.Load(snapshot.Folder, run.Temperature, run.Epsilon);
    }
}
