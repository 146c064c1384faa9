using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary><c>offlinerl ingest record</c>: an environment, a mixture of policies, a dataset.</summary>
public static class RecordJob
{
    // The recorder's three buffers of observations stay below this together, whatever the observation's size.
    const long MaxBufferBytes = 192L << 20;

    /// <summary>Records and commits. Interrupted or failed, it leaves nothing.</summary>
    /// <param name="config">Validated.</param>
    /// <param name="workspace">Gets the dataset.</param>
    /// <param name="trainedPolicy">Loads a policy from a spec such as <c>run:NAME</c>; this project knows only the built-in ones.</param>
    /// <param name="progress">Told of rows written.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <exception cref="UserErrorException">The environment, a policy or the name cannot be used.</exception>
    public static DatasetManifest Run(RecordConfig config, Workspace workspace, Func<string, IPolicy> trainedPolicy, IJobProgress progress, CancellationToken cancellation)
    {
        Config.Check(config);
        config = config.Resolve();
        var identity = EnvironmentRegistry.ResolveRecordable(config.Environment);
        var definition = EnvironmentRegistry.Definition(config.Environment);
        var policies = new List<IPolicy>();
        try
        {
            foreach (var behavior in config.Mixture)
                policies.Add(BehaviorPolicies.Make(behavior.Policy, definition, identity, trainedPolicy));
            var mixture = new MixturePolicy(
                policies.Select((p, i) => config.Mixture[i].Epsilon > 0 ? BuiltInPolicies.Soften(p, config.Mixture[i].Epsilon) : p).ToList(),
                config.Mixture.Select(b => b.Weight).ToList());
            using var environment = EnvironmentRegistry.Make(config.Environment, Math.Min(config.Batch, MostInstances(definition.ObservationSpace)));
            using var writer = DatasetWriter.Create(workspace, config.Name, Describe(config, environment, mixture.HasPropensities));
            var recorder = new Recorder(environment, mixture, config.Steps, RandomStream.Create(config.Seed, "record"));
            recorder.Run(episode => writer.WriteEpisode(episode.ToColumns(identity, config.Seed, mixture.HasPropensities)), progress, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return writer.Commit();
        }
        finally
        {
            foreach (var policy in policies)
                (policy as IDisposable)?.Dispose();
        }
    }

    // The batch changes no digit, so that it may be smaller than asked for.
    static int MostInstances(Space observations) => (int)Math.Clamp(MaxBufferBytes / (3L * sizeof(float) * observations.FlatSize), 1, int.MaxValue);

    // One deterministic policy of continuous actions, whose actions have no density, leaves the whole recording without.
    internal static DatasetDescription Describe(RecordConfig config, IVectorEnvironment environment, bool hasPropensities = true)
    {
        var discrete = environment.ActionSpace is DiscreteSpace;
        return new DatasetDescription
        {
            ObservationSpace = environment.ObservationSpace,
            ActionSpace = environment.ActionSpace,
            Environment = environment.Identity,
            PropensitySource = hasPropensities ? PropensitySource.Logged : PropensitySource.Unknown,
            PropensityKind = !hasPropensities ? PropensityKind.None : discrete ? PropensityKind.Probability : PropensityKind.Density,
            HasBehaviorProbabilities = discrete,
            HasActionMask = environment is IMaskedEnvironment,
            Provenance = new Provenance { Command = "ingest record", Config = Config.ToYaml(config) },
            Split = Splits.Rule(config.Split, config.Seed),
        };
    }
}
