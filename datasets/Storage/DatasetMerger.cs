namespace OfflineRL.Datasets;

/// <summary>A committed merge.</summary>
/// <param name="Manifest">Of the new dataset.</param>
/// <param name="Duplicates">Of each source, in order: episodes that were left out, since another one before has their key.</param>
public sealed record MergeResult(DatasetManifest Manifest, IReadOnlyList<long> Duplicates);

/// <summary>Writes the episodes of several datasets into one; those that have the same key are the same episode, and come once.</summary>
public static class DatasetMerger
{
    /// <param name="workspace">Where the new dataset appears.</param>
    /// <param name="sources">At least two, whose episodes follow one another.</param>
    /// <param name="name">Of the new dataset.</param>
    /// <param name="rule">Its split; null: the first source's.</param>
    /// <param name="progress">Told of every episode.</param>
    /// <param name="cancellation">Looked at between episodes; nothing is left behind then.</param>
    /// <exception cref="UserErrorException">The datasets do not fit together.</exception>
    public static MergeResult Run(Workspace workspace, IReadOnlyList<Dataset> sources, string name, SplitRule? rule, IJobProgress progress, CancellationToken cancellation = default)
    {
        DatasetDescription description = Describe(sources) with { Split = rule ?? sources[0].Manifest.Split };
        using DatasetWriter writer = DatasetWriter.Create(workspace, name, description);
        HashSet<string> keys = [];
        long[] duplicates = new long[sources.Count];
        long total = sources.Sum(s => s.Manifest.Counts.Steps), read = 0;
        for (int i = 0; i < sources.Count; i++)
        {
            int source = i;
            EnvironmentIdentity? environment = sources[i].Manifest.Environment;
            sources[i].ReadEpisodes((EpisodeRecord record, in EpisodeColumns columns) =>
            {
                cancellation.ThrowIfCancellationRequested();
                if (keys.Add(record.EpisodeKey))
                {
                    writer.WriteEpisode(columns with { Environment = columns.Environment ?? environment });
                }
                else
                {
                    duplicates[source]++;
                }

                progress.Report("merge", read += record.Steps, total);
            });
        }

        return new MergeResult(writer.Commit(description.Provenance with { Notes = [.. Notes(sources, duplicates)] }), duplicates);
    }

    static DatasetDescription Describe(IReadOnlyList<Dataset> sources)
    {
        List<DatasetManifest> all = [.. sources.Select(s => s.Manifest)];
        DatasetManifest first = all[0];
        foreach (DatasetManifest other in all.Skip(1))
        {
            RequireSame(first, other, "observations of", m => m.ObservationSpace);
            RequireSame(first, other, "actions of", m => m.ActionSpace);
            RequireSame(first, other, "action features:", m => m.ActionFeatures);
            RequireSame(first, other, "passed-through columns", m => string.Join(", ", m.InfoColumns));
        }

        // Steps without a propensity have null; one estimated part makes the whole an estimate.
        PropensitySource source = all.Max(m => m.PropensitySource);
        return new()
        {
            ObservationSpace = first.ObservationSpace,
            ActionSpace = first.ActionSpace,
            ActionFeatures = first.ActionFeatures,
            Environment = all.All(m => Equals(m.Environment, first.Environment)) ? first.Environment : null,
            PropensitySource = source,
            PropensityKind = all.Max(m => m.PropensityKind),
            HasBehaviorProbabilities = all.Any(m => m.HasBehaviorProbabilities),
            HasActionMask = all.Any(m => m.HasActionMask),
            HasTimestamp = all.Any(m => m.HasTimestamp),
            InfoColumns = first.InfoColumns,
            Provenance = new()
            {
                Command = "datasets merge",
                Config = $"sources: [{string.Join(", ", all.Select(m => m.FullName))}]\n",
                Parents = [.. all.Select(m => new DatasetReference(m.FullName, m.ContentHash))],
            },
        };
    }

    static void RequireSame(DatasetManifest first, DatasetManifest other, string what, Func<DatasetManifest, object> of)
    {
        if (!of(first).Equals(of(other)))
        {
            throw Throw.MergeDiffers(other.FullName, what, of(other), first.FullName, of(first));
        }
    }

    static IEnumerable<string> Notes(IReadOnlyList<Dataset> sources, long[] duplicates) => sources
        .Select((s, i) => (s.FullName, Count: duplicates[i]))
        .Where(d => d.Count > 0)
        .Select(d => FormattableString.Invariant($"{d.Count:N0} episodes of {d.FullName} have the key of an episode before, and were left out."));
}
