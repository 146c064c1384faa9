using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using OfflineRL.Ingest;
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

    /// <summary>What estimates a behavior: the models of all folds, where a run was cloned by folds and the spec names none of them, else one policy.</summary>
    /// <exception cref="UserErrorException">There is no such run, or the model of a fold is not there.</exception>
    public static BehaviorModels LoadBehavior(Workspace workspace, string spec)
    {
        if (!spec.Contains(':', StringComparison.Ordinal))
            spec = "run:" + spec;
        var parsed = PolicySpec.Parse(spec) as RunPolicySpec;
        var info = parsed is null ? null : RunFolder.Open(workspace, parsed.Run);
        var folds = info is { Algorithm: "bc" } && parsed!.Seed is null ? info.Config.Bc.Folds : 0;
        if (folds == 0)
            return new BehaviorModels(spec, info?.ContentHash, [Load(workspace, spec)]);
        var missing = Enumerable.Range(0, folds).Where(k => !info!.Seeds.Any(s => s.Seed == (ulong)k && s.Status?.State == RunState.Finished)).ToList();
        if (missing.Count > 0)
            throw new UserErrorException($"Policy '{spec}': the models of the folds {string.Join(", ", missing)} of {folds} are not there or not finished. The same 'offlinerl train' command goes on with them.");
        var models = new List<IPolicy>();
        try
        {
            for (var fold = 0; fold < folds; fold++)
                models.Add(Load(workspace, FormattableString.Invariant($"{spec},seed={fold}")));
        }
        catch
        {
            foreach (var model in models)
                (model as IDisposable)?.Dispose();
            throw;
        }

        return new BehaviorModels(spec, info!.ContentHash, models);
    }

    /// <summary>One stored policy of a run: the last of its first seed, where the spec does not say otherwise.</summary>
    /// <exception cref="UserErrorException">There is no such run, seed or snapshot, or the spec names several policies.</exception>
    public static IPolicy Load(Workspace workspace, string spec)
    {
        if (PolicySpec.Parse(spec) is not RunPolicySpec { Choice: not SnapshotChoice.All, Plan: null } run)
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
