using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels.Planning;

namespace OfflineRL.Evaluate;

/// <summary>Finds what specs name: runs on the disk, built-in policies.</summary>
static class PolicyResolver
{
    /// <summary>Resolves runs first, since a built-in policy may need the environment that they were recorded on.</summary>
    /// <param name="specs">Of runs and built-in policies.</param>
    /// <param name="workspace">Where runs lie.</param>
    /// <param name="environment">For built-in policies; empty: what the runs' dataset, or <paramref name="recorded"/>, names.</param>
    /// <param name="recorded">The environment of a dataset given beside the policies; null where there is none.</param>
    /// <exception cref="UserErrorException">A run, seed, snapshot or policy does not exist, or cannot act.</exception>
    public static PolicySet Resolve(IReadOnlyList<PolicySpec> specs, Workspace workspace, string environment, EnvironmentIdentity? recorded)
    {
        var runs = specs.OfType<RunPolicySpec>().Select(spec => (Spec: spec, Run: RunFolder.Open(workspace, spec.Run))).ToList();
        var candidates = runs.ToDictionary(r => r.Spec.Text, r => Snapshots(r.Spec, r.Run), StringComparer.Ordinal);
        var environments = candidates.Values.Select(list => list[0].Recorded).Append(recorded).OfType<EnvironmentIdentity>().Distinct().ToList();
        var common = recorded ?? (environments.Count == 1 ? environments[0] : null);
        var ordered = specs.SelectMany(spec => spec switch
        {
            RunPolicySpec => candidates[spec.Text].Select(c => c.Candidate),
            BuiltInPolicySpec builtIn => [BuiltIn(builtIn, environment.Length > 0 ? EnvironmentRegistry.Resolve(environment) : common ?? throw EvaluateThrow.BuiltInNeedsEnvironment(spec.Text))],
            _ => throw EvaluateThrow.ColumnsInRollout(spec.Text),
        });
        var datasets = runs.Select(r => new DatasetReference(r.Run.Dataset, r.Run.ContentHash)).Distinct().ToList();
        return new PolicySet(ordered.ToList(), datasets, common);
    }

    // A policy that knows the dynamics, such as an optimal one, is made for the nominal environment whatever it is scored on:
    // on a held-out variant it is what somebody has who does not know of the change.
    static PolicyCandidate BuiltIn(BuiltInPolicySpec spec, EnvironmentIdentity nominal)
    {
        var definition = EnvironmentRegistry.Definition(nominal.ToString());
        // Made once here, so that a wrong name ends the command before any work.
        (Make() as IDisposable)?.Dispose();
        return new PolicyCandidate { Algorithm = "builtin", Policy = spec.Policy, Load = Make };

        IPolicy Make() => BuiltInPolicies.Make(spec.Policy, definition, nominal);
    }

    static List<(PolicyCandidate Candidate, EnvironmentIdentity? Recorded)> Snapshots(RunPolicySpec spec, RunInfo run)
    {
        var seeds = run.Seeds.Where(seed => spec.Seed is not { } one || seed.Seed == (ulong)one).ToList();
        if (seeds.Count == 0)
            throw EvaluateThrow.NoSeed(spec.Text, run.Folder, run.Seeds.Count == 0 ? "none" : string.Join(", ", run.Seeds.Select(s => s.Seed)));
        var snapshots = new List<(PolicyCandidate, EnvironmentIdentity?)>();
        foreach (var seed in seeds)
        {
            if (spec.Plan is not null)
            {
                snapshots.AddRange(Plans(spec, spec.Plan, run, seed));
                continue;
            }

            if (seed.Policies.Count == 0 && seed.Models.Count > 0)
                throw EvaluateThrow.ModelWithoutPolicy(spec.Text, seed.Folder);
            var chosen = spec.Choice switch
            {
                SnapshotChoice.Last => seed.Policies.TakeLast(1),
                SnapshotChoice.OfflineBest => [seed.Best ?? throw EvaluateThrow.NoOfflineBest(spec.Text, seed.Folder)],
                SnapshotChoice.Step => seed.Policies.Where(p => p.Step == spec.Step),
                _ => seed.Policies,
            };
            var before = snapshots.Count;
            foreach (var snapshot in chosen)
                snapshots.Add(Snapshot(spec, run, seed, snapshot));
            if (snapshots.Count == before)
                throw EvaluateThrow.NoSnapshot(spec.Text, seed.Folder, seed.Policies.Count == 0 ? "none" : string.Join(", ", seed.Policies.Select(p => p.Step.ToString(CultureInfo.InvariantCulture))));
        }

        return snapshots;
    }

    static List<(PolicyCandidate Candidate, EnvironmentIdentity? Recorded)> Plans(RunPolicySpec spec, PlanOptions plan, RunInfo run, SeedInfo seed)
    {
        IReadOnlyList<PolicySnapshot> models = spec.Choice switch
        {
            SnapshotChoice.Last => [.. seed.Models.TakeLast(1)],
            SnapshotChoice.Step => [.. seed.Models.Where(m => m.Step == spec.Step)],
            SnapshotChoice.OfflineBest => throw EvaluateThrow.PlanOfflineBest(spec.Text),
            _ => seed.Models,
        };
        if (models.Count == 0)
            throw EvaluateThrow.NoModel(spec.Text, seed.Folder, seed.Models.Count == 0 ? "none" : string.Join(", ", seed.Models.Select(m => m.Step.ToString(CultureInfo.InvariantCulture))));
        return [.. models.Select(Planning)];

        (PolicyCandidate Candidate, EnvironmentIdentity? Recorded) Planning(PolicySnapshot model)
        {
            using var policy = Load();
            return (new PolicyCandidate
            {
                Algorithm = run.Algorithm,
                Policy = run.Name + spec.OptionText,
                Seed = (long)seed.Seed,
                Step = model.Step,
                IsLast = model == seed.Models[^1],
                ContentHash = SnapshotHash.Of(model.Folder, "world_model.safetensors"),
                Load = Load,
            }, policy.Environment);

            PlanningPolicy Load() => PlanningPolicy.Load(model.Folder, plan.Config, plan.Device);
        }
    }

    static (PolicyCandidate Candidate, EnvironmentIdentity? Recorded) Snapshot(RunPolicySpec spec, RunInfo run, SeedInfo seed, PolicySnapshot snapshot)
    {
        // Read once here, so that a damaged file ends the command before any work.
        using var policy = Load();
        return (new PolicyCandidate
        {
            Algorithm = run.Algorithm,
            Policy = run.Name + (spec.Choice == SnapshotChoice.OfflineBest ? "@offline_best" : "") + spec.OptionText,
            Seed = (long)seed.Seed,
            Step = snapshot.Step,
            IsLast = snapshot == seed.Last,
            Folder = snapshot.Folder,
            ContentHash = SnapshotHash.Of(snapshot.Folder),
            Load = Load,
        }, policy.Description.Environment);

        LearnedPolicy Load() => LearnedPolicy.Load(snapshot.Folder, spec.Temperature, spec.Epsilon);
    }
}
