using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>The checks of an import, over a dataset that is there already.</summary>
public static class DatasetValidation
{
    /// <param name="dataset">Which; nothing is changed.</param>
    /// <param name="progress">Told of the rows.</param>
    /// <param name="cancellation">Looked at between episodes.</param>
    /// <exception cref="UserErrorException">The files cannot be read, or do not hold what the manifest says.</exception>
    public static ValidationReport Run(Dataset dataset, IJobProgress progress, CancellationToken cancellation)
    {
        var manifest = dataset.Manifest;
        var log = new FindingLog();
        var checks = new EpisodeChecks(Columns(DatasetDescription.Of(manifest)), log, static position => new RowPlace(0, position));
        var positions = Array.Empty<long>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            cancellation.ThrowIfCancellationRequested();
            if (positions.Length < record.Steps)
                positions = new long[record.Steps];
            for (var t = 0; t < record.Steps; t++)
                positions[t] = record.FirstRow + t + 1;
            var episode = new InspectedEpisode
            {
                Positions = positions.AsSpan(0, record.Steps),
                Observations = e.Observations,
                DiscreteActions = e.DiscreteActions,
                ContinuousActions = e.ContinuousActions,
                Rewards = e.Rewards,
                LogProbabilities = e.BehaviorLogProbabilities,
                Timestamps = e.TimestampMicros,
                Terminated = e.Terminated,
            };
            checks.Errors(episode);
            checks.Inspect(episode);
            progress.Report("validating", record.FirstRow + record.Steps, manifest.Counts.Steps);
        });
        checks.Finish();
        return new ValidationReport
        {
            OnError = ErrorRule.Keep,
            Validated = true,
            Rows = new RowTally(manifest.Counts.Steps, manifest.Counts.Steps, 0),
            Findings = log.Findings(_ => manifest.FullName),
        };
    }

    /// <summary>A dataset's own columns.</summary>
    internal static InspectedColumns Columns(DatasetDescription description)
    {
        var environment = Environment(description);
        return new InspectedColumns
        {
            ObservationSpace = description.ObservationSpace,
            ActionSpace = description.ActionSpace,
            EnvironmentObservations = environment?.ObservationSpace,
            EnvironmentActions = environment?.ActionSpace,
            Observation = d => description.ObservationSpace.FlatSize > 1 ? FormattableString.Invariant($"observation[{d}]") : "observation",
            Action = d => description.ActionSpace.FlatSize > 1 ? FormattableString.Invariant($"action[{d}]") : "action",
            Reward = "reward",
            Propensity = description.PropensityKind == PropensityKind.None ? null : "behavior_log_prob",
            End = "terminated",
        };
    }

    // A dataset may come from a tool that knows other environments.
    static EnvironmentDefinition? Environment(DatasetDescription description)
    {
        try
        {
            return description.Environment is { } identity ? EnvironmentRegistry.Definition(EnvironmentRegistry.ShortId(identity)) : null;
        }
        catch (UserErrorException)
        {
            return null;
        }
    }
}
